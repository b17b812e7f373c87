/* SPDX-License-Identifier: MIT
 *
 * Everything is tried in both forms of p3. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/testing/check_table.h"
#include "kit/testing/token_codec_test_template.h"
#include "cursor.h"
#include "fixture.h"

/* ---- documents that repeat each other ---- */

enum { DOCUMENTS = 48 };

struct corpus {
  const TSLanguage *grammar;
  char *texts[DOCUMENTS];
};

/* `functions` functions that look like one another and differ in names and numbers. */
static char *code_make(uint32_t seed, uint32_t functions) {
  char *text = malloc((size_t)functions * 200 + 1);
  assert_non_null(text);
  size_t n = 0;
  text[0] = 0;
  for (uint32_t i = 0; i < functions; i++) {
    uint32_t k = seed * 31 + i;
    n += (size_t)sprintf(text + n, "static int f%u(const char *text, int count) {\n", k * 7919 % 10007);
    if (k % 3) n += (size_t)sprintf(text + n, "  if (count > %u) return g%u(text, count - 1);\n", k, k % 97);
    n += (size_t)sprintf(text + n, "  for (int i = 0; i < count; i++) {\n");
    n += (size_t)sprintf(text + n, "    text[i] += %u; /* %u */\n  }\n", k % 10, k);
    n += (size_t)sprintf(text + n, "  return count;\n}\n\n");
  }
  return text;
}

static void corpus_open(struct corpus *corpus) {
  corpus->grammar = check_grammar("c");
  for (uint32_t i = 0; i < DOCUMENTS; i++) corpus->texts[i] = code_make(i, 12);
}

static void corpus_put(struct fixture *f, const struct corpus *corpus, uint32_t id) {
  const char *text = corpus->texts[id];
  assert_int_equal(fixture_put(f, id, corpus->grammar, text, strlen(text)), STAGE_OK);
}

static void corpus_put_all(struct fixture *f, const struct corpus *corpus) {
  for (uint32_t i = 0; i < DOCUMENTS; i++) corpus_put(f, corpus, i);
}

/* A store with all of the corpus in it. */
static void corpus_store_open(struct fixture *f, struct corpus *corpus) {
  corpus_open(corpus);
  fixture_open(f);
  corpus_put_all(f, corpus);
}

static void corpus_store_close(struct fixture *f, struct corpus *corpus) {
  fixture_close(f);
  for (uint32_t i = 0; i < DOCUMENTS; i++) free(corpus->texts[i]);
}

static void corpus_check(struct fixture *f, const struct corpus *corpus) {
  for (uint32_t i = 0; i < DOCUMENTS; i++)
    fixture_check(f, i, corpus->grammar, corpus->texts[i], strlen(corpus->texts[i]), 37);
}

/* ---- counters ---- */

struct counter {
  const char *name;
  double value;
};

static void counter_read(void *sink, const char *name, const char *unit, double value) {
  struct counter *counter = sink;
  (void)unit;
  if (strcmp(name, counter->name) == 0) counter->value = value;
}

static double counter_of(const struct fixture *f, const char *name) {
  struct counter counter = {name, -1};
  f->ops->stats(f->stage.store, counter_read, &counter);
  if (counter.value < 0) fail_msg("there is no counter %s", name);
  return counter.value;
}

/* ---- the tests ---- */

static void dump_is_that_of_the_header(void **state) {
  (void)state;
  static const uint8_t dump[] = {4, 0, 1, 0x80, 0, 0x30, 0, 0x10, 0, 0x18, 4, 0, 0, 0, 0, 0, 0, 0};
  check_dump(dump, sizeof dump);
}

static void finalizing_learns_phrases(void **state) {
  (void)state;
  struct corpus corpus;
  struct fixture f;
  corpus_store_open(&f, &corpus);
  double nodes = counter_of(&f, "nodes"), bytes = counter_of(&f, "code_bytes");
  assert_true(counter_of(&f, "codes") >= nodes); /* a code a token */
  fixture_finalize(&f);
  assert_true(counter_of(&f, "nodes") == nodes);
  assert_true(counter_of(&f, "codes") * 3 < nodes);
  assert_true(counter_of(&f, "phrases") > counter_of(&f, "tokens"));
  assert_true(counter_of(&f, "code_bytes") * 3 < bytes);
  corpus_check(&f, &corpus);
  corpus_store_close(&f, &corpus);
}

static void check_same_blobs(struct fixture *a, struct fixture *b) {
  for (uint32_t i = 0; i < DOCUMENTS; i++) {
    uint64_t a_length, b_length;
    uint8_t *one = fixture_blob(a, i, &a_length), *other = fixture_blob(b, i, &b_length);
    assert_int_equal(a_length, b_length);
    assert_memory_equal(one, other, a_length);
    free(one);
    free(other);
  }
}

/* The same documents give the same bytes, wherever their memory lies; and finalizing again
 * without edits changes none. */
static void finalizing_is_deterministic(void **state) {
  (void)state;
  struct corpus corpus;
  struct fixture a, b;
  corpus_store_open(&a, &corpus);
  long live = test_ctx_live;
  fixture_open(&b);
  test_ctx_live += live;
  corpus_put_all(&b, &corpus);
  fixture_finalize(&b);
  fixture_finalize(&a);
  check_same_blobs(&a, &b);
  fixture_finalize(&a);
  check_same_blobs(&a, &b);
  check_stage_close(&b.stage);
  corpus_store_close(&a, &corpus);
}

static uint8_t generation_of(struct fixture *f, uint32_t id) {
  uint64_t length;
  uint32_t language;
  uint8_t generation = 0, *blob = fixture_blob(f, id, &length);
  assert_true(p3_blob_coding(blob, length, &language, &generation));
  free(blob);
  return generation;
}

/* Below an eighth of the documents nothing is learned again, from there on it is. */
static void many_edits_are_learned_again(void **state) {
  (void)state;
  struct corpus corpus;
  struct fixture f;
  corpus_store_open(&f, &corpus);
  fixture_finalize(&f);
  assert_int_equal(generation_of(&f, 0), 1);
  for (uint32_t i = 0, edits = 0; i < DOCUMENTS; i++) {
    if (i % 3) continue;
    free(corpus.texts[i]);
    corpus.texts[i] = code_make(1000 + i, 5 + i % 7);
    corpus_put(&f, &corpus, i);
    if (++edits != DOCUMENTS / 8 - 1) continue;
    fixture_finalize(&f);
    assert_int_equal(generation_of(&f, i), 1);
    corpus_check(&f, &corpus);
  }
  fixture_finalize(&f);
  for (uint32_t i = 0; i < DOCUMENTS; i++) assert_int_equal(generation_of(&f, i), 2);
  corpus_check(&f, &corpus);
  corpus_store_close(&f, &corpus);
}

/* Finalizing learns phrases of two languages, and each of its allocations fails once. */
static void finalizing_may_be_cut_short(void **state) {
  (void)state;
  enum { FEW = 6 };
  static const char script[] = "f(a, b); f(a, b); f(a, b); f(a, b); g(a, b);\n";
  const TSLanguage *c = check_grammar("c"), *javascript = check_grammar("javascript");
  char *texts[FEW];
  uint32_t failures = 0;
  for (uint32_t i = 0; i < FEW; i++) texts[i] = code_make(i, 2);
  for (long grants = 0;; grants++) {
    struct fixture f;
    fixture_open(&f);
    for (uint32_t i = 0; i < FEW; i++) assert_int_equal(fixture_put(&f, i, c, texts[i], strlen(texts[i])), STAGE_OK);
    check_put_document(&f.stage, FEW, 1, javascript, script, strlen(script));
    test_ctx_grants = grants;
    int error = f.ops->finalize(f.stage.store);
    bool ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    assert_true(error == STAGE_OK || error == STAGE_OUT_OF_MEMORY);
    failures += error != STAGE_OK;
    for (int finalized = 0; finalized < 2; finalized++) {
      for (uint32_t i = 0; i < FEW; i++) fixture_check(&f, i, c, texts[i], strlen(texts[i]), 797);
      check_document(&f.stage, FEW, 1, (struct check_document_text){javascript, script, strlen(script)}, 7);
      assert_int_equal(fixture_put(&f, 0, c, texts[0], strlen(texts[0])), STAGE_OK);
      fixture_finalize(&f);
    }
    fixture_close(&f);
    if (!ran_dry) break;
  }
  assert_true(failures > 50);
  for (uint32_t i = 0; i < FEW; i++) free(texts[i]);
}

/* Generations are told modulo 256. */
static void generations_wrap_around(void **state) {
  (void)state;
  static const char text[] = "int a; int b; int c; int d;\n";
  const TSLanguage *grammar = check_grammar("c");
  struct fixture f;
  fixture_open(&f);
  for (uint32_t i = 0; i < 300; i++) {
    assert_int_equal(fixture_put(&f, 0, grammar, text, strlen(text)), STAGE_OK);
    fixture_finalize(&f);
  }
  assert_int_equal(generation_of(&f, 0), 300 % 256);
  fixture_check(&f, 0, grammar, text, strlen(text), 1);
  fixture_close(&f);
}

/* What a finalized coding does not know stands behind escapes, until it is learned. */
static void unknown_tokens_are_escaped(void **state) {
  (void)state;
  static const char strange[] =
      "typedef union { long double x[3]; } u;\n\n\n\n\n      enum e { A = 'x' };\n"
      "#define M(a) #a\nvoid *p = &*(char **)0 ?: sizeof(int);\nasm(\"nop\");\n";
  struct corpus corpus;
  struct fixture f;
  corpus_store_open(&f, &corpus);
  fixture_finalize(&f);
  double before = counter_of(&f, "escape_bytes");
  assert_int_equal(fixture_put(&f, DOCUMENTS, corpus.grammar, strange, strlen(strange)), STAGE_OK);
  assert_true(counter_of(&f, "escape_bytes") > before + 20 * sizeof(struct tree_token));
  fixture_check(&f, DOCUMENTS, corpus.grammar, strange, strlen(strange), 1);
  for (uint32_t i = 0; i < DOCUMENTS; i++) corpus_put(&f, &corpus, i);
  fixture_finalize(&f);
  fixture_check(&f, DOCUMENTS, corpus.grammar, strange, strlen(strange), 1);
  corpus_check(&f, &corpus);
  corpus_store_close(&f, &corpus);
}

/* An empty store begins anew: with the first coding, not the learned one. */
static void emptied_stores_begin_anew(void **state) {
  (void)state;
  struct corpus corpus;
  struct fixture f;
  corpus_store_open(&f, &corpus);
  fixture_finalize(&f);
  for (uint32_t i = 0; i < DOCUMENTS; i++) assert_int_equal(f.ops->drop_tree(f.stage.store, i), STAGE_OK);
  assert_int_equal(f.ops->drop_tree(f.stage.store, 0), STAGE_NO_DOCUMENT);
  assert_true(counter_of(&f, "tokens") == 0 && counter_of(&f, "dictionary_bytes") == 0);
  corpus_put_all(&f, &corpus);
  assert_int_equal(generation_of(&f, 0), 0);
  corpus_check(&f, &corpus);
  fixture_finalize(&f);
  corpus_check(&f, &corpus);
  corpus_store_close(&f, &corpus);
}

static void check_symbols_of(struct fixture *f, uint32_t id) {
  uint32_t count;
  assert_int_equal(f->ops->cursor_open(fixture_cursor(f), id), STAGE_OK);
  struct stage_node *table = check_nodes_by_walk(f->ops, f->cursor, &count);
  check_same_by_symbol(f->ops, f->cursor, table, count, 1); /* the identifier, in C and JavaScript */
  f->ops->cursor_close(f->cursor);
  free(table);
}

/* A cursor remembers which phrases hold a symbol. While documents come in, there are new ones. */
static void scans_see_tokens_that_came_later(void **state) {
  (void)state;
  static const char first[] = "a;\n", later[] = "f(x, yy, zzz, wwww);\nint b, *c = d;\n";
  const TSLanguage *grammar = check_grammar("c");
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, grammar, first, strlen(first)), STAGE_OK);
  check_symbols_of(&f, 0);
  assert_int_equal(fixture_put(&f, 1, grammar, later, strlen(later)), STAGE_OK);
  check_symbols_of(&f, 1);
  fixture_close(&f);
}

/* The numbers of generations begin anew where a store was emptied: the cursor must not take the
 * old phrases for the new ones, of which there may be more. */
static void scans_see_that_a_store_began_anew(void **state) {
  (void)state;
  struct corpus corpus;
  struct fixture f;
  static const char small[] = "int a;\n", name[] = "x;", number[] = "1;"; /* the latter of as many phrases */
  corpus_open(&corpus);
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, corpus.grammar, small, strlen(small)), STAGE_OK);
  fixture_finalize(&f);
  check_symbols_of(&f, 0);
  assert_int_equal(f.ops->drop_tree(f.stage.store, 0), STAGE_OK);
  corpus_put_all(&f, &corpus);
  fixture_finalize(&f);
  for (uint32_t i = 0; i < DOCUMENTS; i++) {
    check_symbols_of(&f, i);
    assert_int_equal(f.ops->drop_tree(f.stage.store, i), STAGE_OK);
  }
  assert_int_equal(fixture_put(&f, 0, corpus.grammar, name, strlen(name)), STAGE_OK);
  check_symbols_of(&f, 0);
  assert_int_equal(f.ops->drop_tree(f.stage.store, 0), STAGE_OK);
  assert_int_equal(fixture_put(&f, 0, corpus.grammar, number, strlen(number)), STAGE_OK);
  check_symbols_of(&f, 0);
  corpus_store_close(&f, &corpus);
}

static bool has_scan_table(const struct fixture *f) {
  const struct p3_cursor *cursor = (const struct p3_cursor *)f->cursor;
  for (uint32_t i = 0; i < cursor->scan_count; i++) {
    if (cursor->scans[i].is_made) return true;
  }
  return false;
}

/* On 21,000 tiny files each scan made a table over the whole dictionary: a proof took 80 times as long
 * as parsing. A small document is looked at itself; a large one is worth its table. */
static void scans_of_small_documents_make_no_table(void **state) {
  (void)state;
  struct corpus corpus;
  struct fixture f;
  static const char small[] = "int a;\n";
  char *large = code_make(99, 400);
  corpus_store_open(&f, &corpus);
  assert_int_equal(fixture_put(&f, DOCUMENTS, corpus.grammar, small, strlen(small)), STAGE_OK);
  assert_int_equal(fixture_put(&f, DOCUMENTS + 1, corpus.grammar, large, strlen(large)), STAGE_OK);
  fixture_finalize(&f);
  check_symbols_of(&f, DOCUMENTS);
  assert_false(has_scan_table(&f));
  check_symbols_of(&f, DOCUMENTS + 1);
  assert_true(has_scan_table(&f));
  check_symbols_of(&f, DOCUMENTS); /* beside a table of another symbol */
  corpus_store_close(&f, &corpus);
  free(large);
}

static int run_form(const struct token_codec *form) {
  const struct CMUnitTest packed_tests[] = {cmocka_unit_test(dump_is_that_of_the_header)};
  const struct CMUnitTest tests[] = {
      TOKEN_CODEC_TESTS,
      cmocka_unit_test(finalizing_learns_phrases),
      cmocka_unit_test(finalizing_is_deterministic),
      cmocka_unit_test(many_edits_are_learned_again),
      cmocka_unit_test(finalizing_may_be_cut_short),
      cmocka_unit_test(generations_wrap_around),
      cmocka_unit_test(unknown_tokens_are_escaped),
      cmocka_unit_test(emptied_stores_begin_anew),
      cmocka_unit_test(scans_see_tokens_that_came_later),
      cmocka_unit_test(scans_see_that_a_store_began_anew),
      cmocka_unit_test(scans_of_small_documents_make_no_table),
  };
  token_codec_tested = form;
  int failed = form->below ? cmocka_run_group_tests_name("packed form only", packed_tests, NULL, NULL) : 0;
  return failed + cmocka_run_group_tests_name(form->name, tests, NULL, NULL);
}

int main(void) {
  check_report_to(cmocka_report);
  int failed = 0;
  for (size_t i = 0; i < sizeof fixture_forms / sizeof fixture_forms[0]; i++) failed += run_form(&fixture_forms[i]);
  return failed;
}
