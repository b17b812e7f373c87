/* SPDX-License-Identifier: MIT
 *
 * tables_test_template.h - tests (cmocka) of `save` and `load` that hold for every codec that writes
 * trees as tokens: a stage's test program includes it and runs TABLES_TESTS. Hooks: those of
 * token_codec_fixture_template.h. */
#ifndef PHASEBENCH_KIT_TABLES_TEST_TEMPLATE_H
#define PHASEBENCH_KIT_TABLES_TEST_TEMPLATE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token_codec_fixture_template.h"
#include "tables_check.h"

/* Languages 0, 2 and 5: there are gaps. */
static const struct tables_document {
  uint32_t language;
  const char *name, *text;
} tables_documents[] = {
    {0, "c", "int main(int argc, char **argv) {\n\treturn argc > 1 ? 0 : puts(\"hello, hello\");\n}\n"},
    {2, "javascript", "function f(a, b) {\n  if (a > 1) return [1, 22, 'x'];\n\n  f(`a\nb`, { k: 3 })\n}\n"},
    {5, "python", "def f(a):\n    for i in range(10):\n        yield a[i]\n\n    return None\n"},
};
enum { TABLES_TEXTS = 3, TABLES_DOCUMENTS = 24 };

static void tables_put(struct fixture *f, uint32_t id, const struct tables_document *document, const char *text) {
  check_put_document(&f->stage, id, document->language, check_grammar(document->name), text, strlen(text));
}

static void tables_check_document(struct fixture *f, uint32_t id, const struct tables_document *document,
                                  const char *text) {
  token_codec_check_valid(token_codec_tested, f->stage.store, id);
  check_blob(&f->stage, id, fixture_cursor(f));
  check_document(&f->stage, id, document->language,
                 (struct check_document_text){check_grammar(document->name), text, strlen(text)}, 1);
}

static void tables_put_all(struct fixture *f) {
  for (uint32_t i = 0; i < TABLES_DOCUMENTS; i++)
    tables_put(f, i, &tables_documents[i % TABLES_TEXTS], tables_documents[i % TABLES_TEXTS].text);
}

static void tables_check_all(struct fixture *f) {
  for (uint32_t i = 0; i < TABLES_DOCUMENTS; i++)
    tables_check_document(f, i, &tables_documents[i % TABLES_TEXTS], tables_documents[i % TABLES_TEXTS].text);
}

/* A store over the documents that another one has put. */
static void tables_open_over(struct fixture *f, struct fixture *first) {
  long live = test_ctx_live; /* of the first one, which opening would forget */
  fixture_open_above_copies(f);
  test_ctx_live += live;
  f->stage.ctx.blob_store[STAGE_TREE] = (struct stage_link){check_blob_store_ops(), &first->stage.blob_store};
}

/* Both are closed; neither leaves anything. */
static void tables_close(struct fixture *f, struct fixture *first) {
  if (f->cursor) f->ops->cursor_delete(f->cursor);
  f->cursor = NULL;
  check_stage_close(&f->stage);
  fixture_close(first);
}

static void same_names(const struct fixture *a, const struct fixture *b) {
  for (uint32_t language = 0; language < 7; language++) {
    for (uint32_t i = 0; i <= UINT16_MAX; i++) {
      const char *const names[2][2] = {{a->ops->symbol_name(a->stage.store, language, (uint16_t)i),
                                        b->ops->symbol_name(b->stage.store, language, (uint16_t)i)},
                                       {a->ops->field_name(a->stage.store, language, (uint16_t)i),
                                        b->ops->field_name(b->stage.store, language, (uint16_t)i)}};
      for (int k = 0; k < 2; k++) {
        assert_true(!names[k][0] == !names[k][1]);
        if (names[k][0]) assert_string_equal(names[k][0], names[k][1]);
      }
    }
  }
}

/* In the store that loaded them, tables grow, documents go, and finalizing ranks anew. */
static void tables_go_on(struct fixture *f, bool is_finalized) {
  static const char more[] = "while (1) { goto out; } /* not seen before */\nout: ;\n";
  static const struct tables_document fresh = {3, "c", more};
  tables_put(f, TABLES_DOCUMENTS, &tables_documents[0], more);
  tables_put(f, TABLES_DOCUMENTS + 1, &fresh, more); /* a language that it had not */
  tables_put(f, 1, &tables_documents[1], "let z = @ (;\n");
  assert_int_equal(f->ops->drop_tree(f->stage.store, 4), STAGE_OK);
  for (int pass = 0; pass < 2; pass++) {
    tables_check_document(f, TABLES_DOCUMENTS, &tables_documents[0], more);
    tables_check_document(f, TABLES_DOCUMENTS + 1, &fresh, more);
    tables_check_document(f, 1, &tables_documents[1], "let z = @ (;\n");
    assert_int_equal(f->ops->cursor_open(fixture_cursor(f), 4), STAGE_NO_DOCUMENT);
    tables_put(f, 4, &tables_documents[4 % TABLES_TEXTS], tables_documents[4 % TABLES_TEXTS].text);
    tables_put(f, 1, &tables_documents[1], tables_documents[1].text);
    tables_check_all(f);
    if (pass == 1) break;
    tables_put(f, 1, &tables_documents[1], "let z = @ (;\n");
    assert_int_equal(f->ops->drop_tree(f->stage.store, 4), STAGE_OK);
    f->ops->cursor_close(fixture_cursor(f));
    for (int i = 0; i < TABLES_DOCUMENTS / 4 && is_finalized; i++) /* so many that finalizing begins anew */
      tables_put(f, 3, &tables_documents[0], tables_documents[0].text);
    fixture_finalize(f);
  }
}

static void check_loaded(bool is_finalized) {
  struct fixture first, second;
  fixture_open_above_copies(&first);
  tables_put_all(&first);
  if (is_finalized) fixture_finalize(&first);
  struct tables_bytes saved = tables_save(&first.stage);
  tables_open_over(&second, &first);
  assert_int_equal(tables_load(&second.stage, saved.p, saved.length), STAGE_OK);
  print_message("%s, %s: %zu bytes of tables\n", token_codec_tested->name, is_finalized ? "finalized" : "growing",
                saved.length);
  tables_check_saved(&second.stage, saved.p, saved.length);
  same_names(&first, &second);
  tables_check_all(&second);
  tables_check_saved(&second.stage, saved.p, saved.length); /* reading changes nothing */
  tables_go_on(&second, is_finalized);
  struct tables_bytes later = tables_save(&second.stage);
  assert_true(later.length != saved.length || memcmp(later.p, saved.p, saved.length) != 0);
  for (uint32_t i = 0; i < TABLES_DOCUMENTS + 2; i++)
    assert_int_equal(second.ops->drop_tree(second.stage.store, i), STAGE_OK);
  assert_null(second.ops->symbol_name(second.stage.store, 0, 1)); /* the last one took the tables with it */
  free(saved.p);
  free(later.p);
  tables_close(&second, &first);
}

static void loaded_tables_read_what_was_put(void **state) {
  (void)state;
  check_loaded(true);
}

static void tables_that_still_grow_are_loaded_too(void **state) {
  (void)state;
  check_loaded(false);
}

static void an_empty_store_is_saved_and_loaded(void **state) {
  (void)state;
  struct fixture first, second;
  fixture_open_above_copies(&first);
  fixture_finalize(&first);
  struct tables_bytes saved = tables_save(&first.stage);
  tables_open_over(&second, &first);
  assert_int_equal(tables_load(&second.stage, saved.p, saved.length), STAGE_OK);
  tables_check_saved(&second.stage, saved.p, saved.length);
  tables_put_all(&second);
  tables_check_all(&second);
  free(saved.p);
  tables_close(&second, &first);
}

/* Into the same store, which is as it was each time: in the end the good ones are loaded. */
static void corrupt_tables_are_refused(void **state) {
  (void)state;
  struct fixture first, second;
  fixture_open_above_copies(&first);
  tables_put_all(&first);
  fixture_finalize(&first);
  struct tables_bytes saved = tables_save(&first.stage);
  tables_open_over(&second, &first);
  long live = test_ctx_live;
  for (size_t cut = 0; cut < saved.length; cut++)
    assert_int_equal(tables_load(&second.stage, saved.p, cut), STAGE_CORRUPT);
  for (size_t bit = 0; bit < saved.length * 8; bit++) {
    saved.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    assert_int_equal(tables_load(&second.stage, saved.p, saved.length), STAGE_CORRUPT);
    saved.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
  }
  assert_int_equal(test_ctx_live, live);
  assert_non_null(strstr(test_ctx_message, "the saved tables, byte "));
  assert_int_equal(tables_load(&second.stage, saved.p, saved.length), STAGE_OK);
  tables_check_all(&second);
  assert_int_equal(tables_load(&second.stage, saved.p, saved.length), STAGE_MISUSE); /* it has documents */
  tables_check_all(&second);
  free(saved.p);
  tables_close(&second, &first);
}

/* With a check that is right for them (every third bit): what is let
 * through can be used. */
static void tables_from_nowhere_are_refused_or_harmless(void **state) {
  (void)state;
  const TSLanguage *grammar = check_grammar("c");
  struct fixture first;
  uint32_t refused = 0, tried = 0;
  fixture_open_above_copies(&first);
  tables_put_all(&first);
  fixture_finalize(&first);
  struct tables_bytes saved = tables_save(&first.stage);
  long live = test_ctx_live;
  for (size_t bit = 0; bit < (saved.length - TABLES_CHECK_BYTES) * 8; bit += 3, tried++) {
    struct check_stage stage;
    struct stage_ctx ctx = test_ctx();
    ctx.codec_below.ops = token_codec_tested->below;
    check_stage_open_in(&stage, first.ops, ctx);
    saved.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    tables_mend_check(saved.p, saved.length);
    tables_check_any(&stage, grammar, tables_documents[0].text, saved.p, saved.length);
    saved.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    refused += !stage.blob_store.kept[STAGE_TREE][0].p;
    check_stage_close(&stage);
    assert_int_equal(test_ctx_live, live);
  }
  assert_true(refused > tried / 20); /* most of the bytes are names and facts of kinds: any will do */
  free(saved.p);
  fixture_close(&first);
}

static void saving_and_loading_tell_what_fails(void **state) {
  (void)state;
  struct fixture first, second;
  unsigned failures = 0;
  fixture_open_above_copies(&first);
  tables_put_all(&first);
  fixture_finalize(&first);
  struct tables_bytes saved = tables_save(&first.stage);
  for (size_t room = 1; room < saved.length; room += 1 + room / 8) {
    struct tables_bytes some = {.room = room};
    assert_int_equal(first.ops->save(first.stage.store, tables_bytes_write, &some), STAGE_IO);
    free(some.p);
  }
  test_ctx_grants = 0;
  assert_int_equal(first.ops->save(first.stage.store, tables_bytes_write, &(struct tables_bytes){0}),
                   STAGE_OUT_OF_MEMORY);
  test_ctx_grants = -1;
  tables_open_over(&second, &first);
  long live = test_ctx_live;
  for (long grants = 0;; grants++, failures++) {
    test_ctx_grants = grants;
    int error = tables_load(&second.stage, saved.p, saved.length);
    test_ctx_grants = -1;
    if (!error) break;
    assert_int_equal(error, STAGE_OUT_OF_MEMORY);
    assert_int_equal(test_ctx_live, live);
  }
  assert_true(failures > 10);
  tables_check_all(&second);
  free(saved.p);
  tables_close(&second, &first);
}

#define TABLES_TESTS                                                                                          \
  cmocka_unit_test(loaded_tables_read_what_was_put), cmocka_unit_test(tables_that_still_grow_are_loaded_too), \
      cmocka_unit_test(an_empty_store_is_saved_and_loaded), cmocka_unit_test(corrupt_tables_are_refused),     \
      cmocka_unit_test(tables_from_nowhere_are_refused_or_harmless),                                          \
      cmocka_unit_test(saving_and_loading_tell_what_fails)

#endif
