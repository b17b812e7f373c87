/* SPDX-License-Identifier: MIT
 *
 * token_codec_test_template.h - tests (cmocka) that hold for every codec that writes trees as tokens
 * (token.h): a stage's test program includes it and runs TOKEN_CODEC_TESTS beside what it has of its
 * own. Hooks: those of token_codec_fixture_template.h. */
#ifndef PHASEBENCH_KIT_TOKEN_CODEC_TEST_TEMPLATE_H
#define PHASEBENCH_KIT_TOKEN_CODEC_TEST_TEMPLATE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token_codec_fixture_template.h"

/* A text comes back, before and after finalizing, with moves from every `step`th node. */
static void check_text(const char *language, const char *text, size_t length, uint32_t step) {
  const TSLanguage *grammar = check_grammar(language);
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, grammar, text, length), STAGE_OK);
  fixture_check(&f, 0, grammar, text, length, step);
  fixture_finalize(&f);
  fixture_check(&f, 0, grammar, text, length, step);
  fixture_close(&f);
}

/* A file below the source folder. The caller frees. */
static char *file_read(const char *name, size_t *length) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", getenv("PHASEBENCH_SOURCE_DIR"), name);
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("%s: cannot be opened", path);
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

/* The two bytes "1;" in JavaScript, before finalizing. */
static void check_dump(const uint8_t *dump, size_t length) {
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, check_grammar("javascript"), "1;", 2), STAGE_OK);
  uint64_t got_length;
  uint8_t *got = fixture_blob(&f, 0, &got_length);
  assert_int_equal(got_length, length);
  assert_memory_equal(got, dump, length);
  free(got);
  fixture_close(&f);
}

static void conforms(void **state) {
  (void)state;
  struct fixture f;
  fixture_open_above_copies(&f);
  check_codec_open(&f.stage, check_finalize);
  fixture_close(&f);
}

static void deep_and_wide_trees_come_back(void **state) {
  (void)state;
  struct fixture f;
  fixture_open_above_copies(&f);
  check_extremes_open(&f.stage, check_finalize, 5000, 20000, 3989); /* more than 255 ancestors close in one place */
  fixture_close(&f);
  check_text("c", "int a;\0int b;\xff\xfe\x80 x", 20, 1);
  check_text("c", "\xef\xbb\xbfint bom;\r\n\r\n\tint\tb;\r\n", 27, 1);
}

static void real_files_come_back(void **state) {
  (void)state;
  static const char *const files[] = {"query.c", "parser.c", "subtree.c", "node.c"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char name[256];
    snprintf(name, sizeof name, "corpora/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib/src/%s", files[i]);
    size_t length;
    char *text = file_read(name, &length);
    check_text("c", text, length, 211);
    check_text("javascript", text, length / 2, 499); /* the wrong language: errors all over */
    free(text);
  }
}

/* The way from a tree to tokens asks a node of more than 1,024 children once whether they have fields. */
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

static void long_tokens_come_back(void **state) {
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

static void edits_after_finalizing_come_back(void **state) {
  (void)state;
  const TSLanguage *grammar = check_grammar("c");
  struct fixture f;
  fixture_open(&f);
  static const char *const texts[] = {"int a;\n", "int b = 1 + 2;\n", "char *c = \"x\";\n"};
  for (uint32_t i = 0; i < 24; i++) {
    assert_int_equal(fixture_put(&f, i, grammar, texts[i % 3], strlen(texts[i % 3])), STAGE_OK);
  }
  fixture_finalize(&f);
  static const char edited[] = "while (1) { goto out; } /* not seen before */\nout: ;\n";
  assert_int_equal(fixture_put(&f, 5, grammar, edited, strlen(edited)), STAGE_OK);
  fixture_check(&f, 5, grammar, edited, strlen(edited), 1);
  assert_int_equal(f.ops->drop_tree(f.stage.store, 6), STAGE_OK);
  fixture_finalize(&f);
  for (uint32_t i = 0; i < 24; i++) {
    const char *text = i == 5 ? edited : texts[i % 3];
    if (i == 6) assert_int_equal(f.ops->cursor_open(fixture_cursor(&f), i), STAGE_NO_DOCUMENT);
    else fixture_check(&f, i, grammar, text, strlen(text), 1);
  }
  fixture_close(&f);
}

/* Every allocation fails once: the error is told, nothing leaks, and what was stored
 * before can still be read. */
static void running_out_of_memory_loses_nothing(void **state) {
  (void)state;
  const TSLanguage *grammar = check_grammar("c");
  static const char first[] = "int a[] = {1, 2, 3, 1, 2, 3, 1, 2, 3};\n";
  static const char second[] = "void f(void) { for (;;) break; }\n";
  uint32_t failures = 0;
  for (long grants = 0;; grants++) {
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_put(&f, 0, grammar, first, strlen(first)), STAGE_OK);
    test_ctx_grants = grants;
    int error = fixture_put(&f, 1, grammar, second, strlen(second));
    if (!error) error = f.ops->finalize(f.stage.store);
    bool ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    if (error) {
      assert_int_equal(error, STAGE_OUT_OF_MEMORY);
      failures++;
    }
    fixture_check(&f, 0, grammar, first, strlen(first), 1);
    assert_int_equal(fixture_put(&f, 2, grammar, second, strlen(second)), STAGE_OK); /* in between */
    fixture_check(&f, 2, grammar, second, strlen(second), 1);
    fixture_finalize(&f); /* a finalizing that was cut short can be done again */
    fixture_check(&f, 0, grammar, first, strlen(first), 1);
    fixture_check(&f, 2, grammar, second, strlen(second), 1);
    fixture_close(&f);
    if (!ran_dry) break;
  }
  assert_true(failures > 10);
}

/* ---- corrupt bytes ---- */

static const char corrupt_text[] =
    "int main(int argc, char **argv) {\n\treturn argc > 1 ? 0 : puts(\"hello world, hello\");\n}\n";

/* Document 0 is the text above; finalized: among others like it. */
static void corrupt_open(struct fixture *f, bool is_finalized) {
  const TSLanguage *grammar = check_grammar("c");
  fixture_open(f);
  for (uint32_t i = 0; i < (is_finalized ? 9 : 1); i++)
    assert_int_equal(fixture_put(f, i, grammar, corrupt_text, strlen(corrupt_text)), STAGE_OK);
  if (is_finalized) fixture_finalize(f);
}

/* A flipped bit is either refused by validation, or gives another blob that decodes within its
 * bounds (the address sanitizer watches), by batch as by cursor; it never crashes. */
static void check_flipped_bits(bool is_finalized) {
  struct fixture f;
  corrupt_open(&f, is_finalized);
  const char *why;
  uint64_t length, where;
  uint32_t refused = 0;
  uint8_t *blob = fixture_blob(&f, 0, &length);
  for (uint64_t bit = 0; bit < length * 8; bit++) {
    blob[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    fixture_put_blob(&f, 0, blob, length);
    blob[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    if (token_codec_tested->validate(f.stage.store, 0, &why, &where) == STAGE_OK)
      check_blob(&f.stage, 0, fixture_cursor(&f));
    else refused++;
  }
  assert_true(refused > length * 3); /* the header, the tail and most structure */
  for (uint64_t cut = 0; cut < length; cut++) {
    fixture_put_blob(&f, 0, blob, cut);
    assert_int_equal(token_codec_tested->validate(f.stage.store, 0, &why, &where), STAGE_CORRUPT);
  }
  free(blob);
  fixture_close(&f);
}

static void flipped_bits_are_found_or_harmless(void **state) {
  (void)state;
  check_flipped_bits(false);
  check_flipped_bits(true);
}

/* Corrupt stripped bytes are refused, or make a blob that is valid or refused. */
static void check_reconstructed(struct fixture *f, const uint8_t *stripped, uint64_t stripped_length, uint64_t length) {
  const char *why;
  uint64_t where;
  uint8_t *exact = malloc(stripped_length ? stripped_length : 1), *out = malloc(length);
  assert_true(exact && out);
  if (stripped_length > 0) memcpy(exact, stripped, stripped_length);
  int error = f->ops->reconstruct(f->stage.store, exact, stripped_length, out, length);
  if (error) {
    assert_int_equal(error, STAGE_CORRUPT);
  } else {
    fixture_put_blob(f, 0, out, length);
    if (token_codec_tested->validate(f->stage.store, 0, &why, &where) == STAGE_OK)
      check_blob(&f->stage, 0, fixture_cursor(f));
  }
  free(exact);
  free(out);
}

static void check_corrupt_strip_bytes(bool is_finalized) {
  struct fixture f;
  corrupt_open(&f, is_finalized);
  uint64_t length, stripped_length;
  uint8_t *blob = fixture_blob(&f, 0, &length), *stripped = malloc(STAGE_STRIPPED_BYTES_MAX(length));
  assert_non_null(stripped);
  assert_int_equal(f.ops->strip(f.stage.store, blob, length, stripped, &stripped_length), STAGE_OK);
  for (uint64_t bit = 0; bit < stripped_length * 8; bit++) {
    stripped[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    check_reconstructed(&f, stripped, stripped_length, length);
    stripped[bit / 8] ^= (uint8_t)(1u << (bit % 8));
  }
  for (uint64_t cut = 0; cut < stripped_length; cut++) {
    assert_int_equal(f.ops->reconstruct(f.stage.store, stripped, cut, blob, length), STAGE_CORRUPT);
    check_reconstructed(&f, stripped, cut, length);
  }
  assert_int_equal(f.ops->reconstruct(f.stage.store, stripped, stripped_length, blob, length - 1), STAGE_CORRUPT);
  free(blob);
  free(stripped);
  fixture_close(&f);
}

static void corrupt_strip_bytes_are_found_or_harmless(void **state) {
  (void)state;
  check_corrupt_strip_bytes(false);
  check_corrupt_strip_bytes(true);
}

#define TOKEN_CODEC_TESTS                                                                                              \
  cmocka_unit_test(conforms), cmocka_unit_test(deep_and_wide_trees_come_back), cmocka_unit_test(real_files_come_back), \
      cmocka_unit_test(wide_nodes_keep_their_fields), cmocka_unit_test(long_tokens_come_back),                         \
      cmocka_unit_test(edits_after_finalizing_come_back), cmocka_unit_test(running_out_of_memory_loses_nothing),       \
      cmocka_unit_test(flipped_bits_are_found_or_harmless),                                                            \
      cmocka_unit_test(corrupt_strip_bytes_are_found_or_harmless)

#endif
