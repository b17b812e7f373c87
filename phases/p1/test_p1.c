/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <cmocka.h>

#include "../kit/codec_check.h"
#include "../kit/test_ctx.h"
#include "format.h"


struct fixture {
  const struct stage_ops *ops;
  struct stage_ctx ctx;
  void *store;
  struct stage_cursor *cursor;
};

/* In place: the store keeps the address of ctx. */
static void fixture_open(struct fixture *f) {
  *f = (struct fixture){.ops = phasebench_stage()};
  assert_int_equal(test_ctx_open(f->ops, &f->ctx, &f->store), STAGE_OK);
}

static void fixture_close(struct fixture *f) {
  if (f->cursor) f->ops->cursor_delete(f->cursor);
  f->ops->close(f->store);
  assert_int_equal(test_ctx_live, 0);
}

static int fixture_put(struct fixture *f, uint32_t id, const TSLanguage *grammar, const char *text, size_t length) {
  struct stage_document document = {
      .id = id, .grammar = grammar, .source = text, .source_bytes = (uint32_t)length};
  return f->ops->put_tree(f->store, &document, check_parse(grammar, text, length));
}

static void fixture_cursor(struct fixture *f, uint32_t id) {
  if (!f->cursor) assert_int_equal(f->ops->cursor_new(f->store, &f->cursor), STAGE_OK);
  assert_int_equal(f->ops->cursor_open(f->cursor, id), STAGE_OK);
}

/* Document `id` comes back as check_document wants it. */
static void fixture_check(struct fixture *f, uint32_t id, const TSLanguage *grammar, const char *text, size_t length,
                          uint32_t step) {
  struct check_stage stage = {.ops = f->ops, .store = f->store};
  const char *why;
  uint64_t offset;
  if (p1_validate_document(f->store, id, &why, &offset)) fail_msg("document %u, offset %lu: %s", id, offset, why);
  check_document(&stage, id, 0, grammar, text, length, step);
}

/* A text comes back, before and after settling, with moves from every `step`th node. */
static void check_text(const char *language, const char *text, size_t length, uint32_t step) {
  const TSLanguage *grammar = check_grammar(language);
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, grammar, text, length), STAGE_OK);
  fixture_check(&f, 0, grammar, text, length, step);
  assert_int_equal(f.ops->settle(f.store), STAGE_OK);
  fixture_check(&f, 0, grammar, text, length, step);
  fixture_close(&f);
}

static char *file_read(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  *length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*length + 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, *length, file), *length);
  fclose(file);
  return text;
}

/* ---- the tests ---- */

static void dump_is_that_of_the_header(void **state) {
  (void)state;
  static const uint8_t dump[] = {0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 1,
                                 0, 0, 0, 0, 0, 0, 0, 0};
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, check_grammar("javascript"), "1;", 2), STAGE_OK);
  uint64_t length;
  struct stage_pin pin;
  assert_int_equal(f.ops->length(f.store, STAGE_TREE, 0, &length), STAGE_OK);
  assert_int_equal(length, sizeof dump);
  assert_int_equal(f.ops->pin(f.store, STAGE_TREE, 0, 0, length, &pin), STAGE_OK);
  assert_memory_equal(pin.bytes, dump, sizeof dump);
  f.ops->unpin(f.store, STAGE_TREE, &pin);
  fixture_close(&f);
}

static void conforms(void **state) {
  (void)state;
  check_codec(phasebench_stage());
}

static void deep_and_wide_trees_come_back(void **state) {
  (void)state;
  check_codec_extremes(phasebench_stage(), 30000, 20000, 1999); /* more than 255 ancestors close in one place */
  check_text("c", "int a;\0int b;\xff\xfe\x80 x", 20, 1);
  check_text("c", "\xef\xbb\xbfint bom;\r\n\r\n\tint\tb;\r\n", 27, 1);
}

static void real_files_come_back(void **state) {
  (void)state;
  static const char *const files[] = {"query.c", "parser.c", "subtree.c", "node.c"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/corpora/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib/src/%s",
             getenv("PHASEBENCH_SOURCE_DIR"), files[i]);
    size_t length;
    char *text = file_read(path, &length);
    check_text("c", text, length, 211);
    check_text("javascript", text, length / 2, 499); /* the wrong language: errors all over */
    free(text);
  }
}

/* The encoder asks a node of more than 1,024 children once whether they have fields. */
static void wide_nodes_keep_their_fields(void **state) {
  (void)state;
  static const char *const texts[][3] = {
      {"class A {", " m() {}", "}"},              /* each member in a field */
      {"f(x => {", " a = 1;", "})"},              /* none */
      {"x = [", " 1,", "];"},                     /* none, in a list of hidden nodes */
      {"class A { f(x) { ) ", " m() {} y", " }"}, /* in an error */
  };
  enum { ITEMS = 1500 };
  char *text = malloc(ITEMS * 16 + 64);
  assert_non_null(text);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    size_t n = (size_t)sprintf(text, "%s", texts[i][0]);
    for (int k = 0; k < ITEMS; k++) n += (size_t)sprintf(text + n, "%s", texts[i][1]);
    n += (size_t)sprintf(text + n, "%s", texts[i][2]);
    check_text("javascript", text, n, 97);
  }
  free(text);
}

static void long_tokens_take_the_wide_form(void **state) {
  (void)state;
  enum { BYTES = 200000 };
  char *text = malloc(BYTES + 4096);
  assert_non_null(text);
  memset(text, ' ', BYTES + 4096);
  size_t n = (size_t)sprintf(text, "x = \"");
  memset(text + n, 'a', BYTES);
  n += BYTES;
  n += (size_t)sprintf(text + n, "\";\n/*\n\n\n*/  ");
  memset(text + n, ' ', 1000); /* a padding beyond 8 bits */
  n += 1000;
  for (int i = 0; i < 100; i++) n += (size_t)sprintf(text + n, "f(%d);%s", i, i % 7 ? " " : "\n\n\t");
  check_text("javascript", text, n, 1);
  free(text);
}

static void edits_after_settling_come_back(void **state) {
  (void)state;
  const TSLanguage *grammar = check_grammar("c");
  struct fixture f;
  fixture_open(&f);
  static const char *const texts[] = {"int a;\n", "int b = 1 + 2;\n", "char *c = \"x\";\n"};
  for (uint32_t i = 0; i < 24; i++) {
    assert_int_equal(fixture_put(&f, i, grammar, texts[i % 3], strlen(texts[i % 3])), STAGE_OK);
  }
  assert_int_equal(f.ops->settle(f.store), STAGE_OK);
  static const char edited[] = "while (1) { goto out; } /* not seen before */\nout: ;\n";
  assert_int_equal(fixture_put(&f, 5, grammar, edited, strlen(edited)), STAGE_OK);
  assert_int_equal(f.ops->drop_tree(f.store, 6), STAGE_OK);
  assert_int_equal(f.ops->settle(f.store), STAGE_OK);
  for (uint32_t i = 0; i < 24; i++) {
    const char *text = i == 5 ? edited : texts[i % 3];
    if (i == 6) {
      if (!f.cursor) assert_int_equal(f.ops->cursor_new(f.store, &f.cursor), STAGE_OK);
      assert_int_equal(f.ops->cursor_open(f.cursor, i), STAGE_NO_DOCUMENT);
      continue;
    }
    fixture_check(&f, i, grammar, text, strlen(text), 1);
  }
  fixture_close(&f);
}

/* Every allocation fails once: the error is told, nothing leaks, and what was stored
 * before can still be read. */
static void running_out_of_memory_loses_nothing(void **state) {
  (void)state;
  const TSLanguage *grammar = check_grammar("c");
  static const char first[] = "int a[] = {1, 2, 3};\n", second[] = "void f(void) { for (;;) break; }\n";
  uint32_t failures = 0;
  for (long grants = 0;; grants++) {
      struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_put(&f, 0, grammar, first, strlen(first)), STAGE_OK);
    test_ctx_grants = grants;
    int error = fixture_put(&f, 1, grammar, second, strlen(second));
    if (!error) error = f.ops->settle(f.store);
    bool ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    if (error) {
      assert_int_equal(error, STAGE_OUT_OF_MEMORY);
      failures++;
    }
    fixture_check(&f, 0, grammar, first, strlen(first), 1);
    assert_int_equal(f.ops->settle(f.store), STAGE_OK); /* a settling that was cut short can be done again */
    fixture_check(&f, 0, grammar, first, strlen(first), 1);
    fixture_close(&f);
    if (!ran_dry) break;
  }
  assert_true(failures > 10);
}

/* A flipped bit is either refused by validation, or gives another blob that decodes
 * within its bounds (the address sanitizer watches); it never crashes. */
static void flipped_bits_are_found_or_harmless(void **state) {
  (void)state;
  static const char text[] = "int main(int argc, char **argv) {\n\treturn argc > 1 ? 0 : puts(\"hello world, hello\");\n}\n";
  const TSLanguage *grammar = check_grammar("c");
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, grammar, text, strlen(text)), STAGE_OK);
  uint64_t length;
  struct stage_pin pin;
  assert_int_equal(f.ops->length(f.store, STAGE_TREE, 0, &length), STAGE_OK);
  uint8_t *good = malloc(length), *spoiled = malloc(length);
  assert_true(good && spoiled);
  assert_int_equal(f.ops->pin(f.store, STAGE_TREE, 0, 0, length, &pin), STAGE_OK);
  memcpy(good, pin.bytes, length);
  f.ops->unpin(f.store, STAGE_TREE, &pin);
  uint32_t refused = 0;
  for (uint64_t bit = 0; bit < length * 8; bit++) {
    memcpy(spoiled, good, length);
    spoiled[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    assert_int_equal(f.ops->put(f.store, STAGE_TREE, 0, spoiled, length, NULL), STAGE_OK);
    const char *why;
    uint64_t offset;
    if (p1_validate_document(f.store, 0, &why, &offset) != STAGE_OK) {
      refused++;
      continue;
    }
    fixture_cursor(&f, 0);
    struct stage_node nodes[16];
    uint32_t count;
    do assert_int_equal(f.ops->walk(f.cursor, nodes, 16, &count), STAGE_OK);
    while (count > 0);
    f.ops->cursor_close(f.cursor);
  }
  assert_true(refused > 250); /* the header, the tail and most structure */
  for (uint64_t cut = 0; cut < length; cut++) {
    assert_int_equal(f.ops->put(f.store, STAGE_TREE, 0, good, cut, NULL), STAGE_OK);
    const char *why;
    uint64_t offset;
    assert_int_equal(p1_validate_document(f.store, 0, &why, &offset), STAGE_CORRUPT);
    if (f.cursor) assert_int_equal(f.ops->cursor_open(f.cursor, 0), STAGE_CORRUPT);
  }
  free(good);
  free(spoiled);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dump_is_that_of_the_header),
      cmocka_unit_test(conforms),
      cmocka_unit_test(deep_and_wide_trees_come_back),
      cmocka_unit_test(real_files_come_back),
      cmocka_unit_test(wide_nodes_keep_their_fields),
      cmocka_unit_test(long_tokens_take_the_wide_form),
      cmocka_unit_test(edits_after_settling_come_back),
      cmocka_unit_test(running_out_of_memory_loses_nothing),
      cmocka_unit_test(flipped_bits_are_found_or_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
