/* SPDX-License-Identifier: MIT
 *
 * What is stripped of the base stage's records, and their way back (strip.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kit/testing/cmocka_report.h"
#include "stage_check.h"
#include "strip.h"

struct stripped {
  uint8_t *records, *bytes;
  uint64_t length, stripped_length;
};

/* Parses a text and strips its records; held against what the way back gives. */
static struct stripped strip_make(const char *language, const char *text, size_t text_bytes) {
  struct check_stage stage;
  struct stripped stripped = {0};
  check_stage_open(&stage, phasebench_stage());
  check_put_document(&stage, 0, 0, check_grammar(language), text, text_bytes);
  assert_int_equal(check_length(&stage.blob_store, STAGE_TREE, 0, &stripped.length), STAGE_OK);
  stripped.records = malloc(stripped.length);
  stripped.bytes = malloc(2 * stripped.length);
  uint8_t *again = malloc(stripped.length);
  assert_true(stripped.records && stripped.bytes && again);
  memcpy(stripped.records, stage.blob_store.kept[STAGE_TREE][0].p, stripped.length);
  assert_int_equal(
      stage.ops->strip(stage.store, stripped.records, stripped.length, stripped.bytes, &stripped.stripped_length),
      STAGE_OK);
  uint8_t *exact = malloc(stripped.stripped_length); /* so that the address sanitizer sees reads past the end */
  assert_non_null(exact);
  memcpy(exact, stripped.bytes, stripped.stripped_length);
  assert_int_equal(stage.ops->reconstruct(stage.store, exact, stripped.stripped_length, again, stripped.length),
                   STAGE_OK);
  assert_memory_equal(again, stripped.records, stripped.length);
  free(exact);
  free(again);
  check_stage_close(&stage);
  return stripped;
}

static void strip_free(struct stripped *stripped) {
  free(stripped->records);
  free(stripped->bytes);
}

static void the_dump_in_the_format_s_description(void **state) {
  (void)state;
  static const uint8_t dump[] = {0x01, 0xa1, 0x01, 0x00, 0x01, 0xc6, 0x01, 0x00, 0x21, 0x5d, 0x24, 0x01, 0xa1, 0x01,
                                 0x0a, 0x02, 0x01, 0x00, 0x2a, 0x02, 0x02, 0x0c, 0x03, 0x00, 0x00, 0x01, 0x06, 0x02};
  struct stripped stripped = strip_make("c", "int a;\n", 7);
  assert_int_equal(stripped.stripped_length, sizeof dump);
  assert_memory_equal(stripped.bytes, dump, sizeof dump);
  strip_free(&stripped);
}

static void all_kinds_of_trees_come_back(void **state) {
  (void)state;
  static const struct {
    const char *language, *text;
  } cases[] = {
      {"c", ""},
      {"c", "\n\n  \n"},
      {"c", "\t/* a\n * b */\r\nint f(int a) { return a; }\n#define X \\\n  1\n"},
      {"c", "int f( { @@ ;\n} int"},
      {"javascript", "let x = `a\n  ${b}\nc`; // d\n\n  f(1,\n2)\n"},
      {"python", "def f(a):\n    if a:\n        return 1\n\n    # b\nclass C:\n  pass"},
      {"python", "if x:\n\ty = \"\"\"a\n  b\"\"\"\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct stripped stripped = strip_make(cases[i].language, cases[i].text, strlen(cases[i].text));
    strip_free(&stripped);
  }
}

static void deep_and_wide_trees_come_back(void **state) {
  (void)state;
  size_t bytes;
  char *text = check_deep_text(20000, &bytes);
  struct stripped stripped = strip_make("javascript", text, bytes);
  strip_free(&stripped);
  free(text);
  text = check_wide_text(5000, &bytes);
  stripped = strip_make("javascript", text, bytes);
  strip_free(&stripped);
  free(text);
}

/* The bytes that two strings have in common at their beginnings, or at their ends. */
static uint64_t common_bytes(const struct stripped *a, const struct stripped *b, bool at_end) {
  uint64_t n = 0, most = a->stripped_length < b->stripped_length ? a->stripped_length : b->stripped_length;
  while (n < most && (at_end ? a->bytes[a->stripped_length - 1 - n] == b->bytes[b->stripped_length - 1 - n]
                             : a->bytes[n] == b->bytes[n]))
    n++;
  return n;
}

/* Blank lines, which no node is made of: one number changes, whatever stands behind. */
static void inserted_lines_change_one_number(void **state) {
  (void)state;
  static const char text[] = "int a;\nint f(void) {\n  g(1);\n  g(2);\n}\nint b;\n";
  static const char longer[] = "int a;\n\n\n\nint f(void) {\n  g(1);\n  g(2);\n}\nint b;\n";
  struct stripped one = strip_make("c", text, sizeof text - 1), two = strip_make("c", longer, sizeof longer - 1);
  assert_int_equal(one.stripped_length, two.stripped_length);
  assert_int_equal(common_bytes(&one, &two, false) + 1 + common_bytes(&one, &two, true), one.stripped_length);
  strip_free(&one);
  strip_free(&two);
}

/* A declaration is put in: both columns are what they were, before it and behind it. */
static void an_edit_changes_bytes_where_it_was_made(void **state) {
  (void)state;
  static const char text[] = "int a;\nint f(void) {\n  g(1);\n  g(2);\n}\nint b;\n";
  static const char longer[] = "int a;\nlong\n*c;\nint f(void) {\n  g(1);\n  g(2);\n}\nint b;\n";
  struct stripped one = strip_make("c", text, sizeof text - 1), two = strip_make("c", longer, sizeof longer - 1);
  assert_int_equal(common_bytes(&one, &two, true), 10); /* lengths: c (as a before), int f void g 1 g 2 int b */
  one.stripped_length -= 11;                            /* the tokens alone: 11 named leaves here, 12 there */
  two.stripped_length -= 12;
  assert_true(common_bytes(&one, &two, false) + common_bytes(&one, &two, true) >= one.stripped_length);
  strip_free(&one);
  strip_free(&two);
}

static void what_was_not_strip_is_refused(void **state) {
  (void)state;
  struct stripped stripped = strip_make("c", "int a;\nint b(void) { return 1; }\n", 33);
  uint8_t *out = malloc(stripped.length + sizeof(struct record));
  assert_non_null(out);
  assert_int_equal(baseline_reconstruct(stripped.bytes, stripped.stripped_length, out, stripped.length), STAGE_OK);
  for (uint64_t length = 0; length < stripped.stripped_length; length++)
    assert_int_equal(baseline_reconstruct(stripped.bytes, length, out, stripped.length), STAGE_CORRUPT);
  assert_int_equal(baseline_reconstruct(stripped.bytes, stripped.stripped_length, out, stripped.length - 48),
                   STAGE_CORRUPT);
  assert_int_equal(baseline_reconstruct(stripped.bytes, stripped.stripped_length, out, stripped.length + 48),
                   STAGE_CORRUPT);
  assert_int_equal(baseline_reconstruct(stripped.bytes, stripped.stripped_length, out, stripped.length - 1),
                   STAGE_CORRUPT);
  assert_int_equal(baseline_reconstruct(stripped.bytes, stripped.stripped_length, out, 0), STAGE_CORRUPT);
  uint64_t stripped_length;
  assert_int_equal(baseline_strip(stripped.records, stripped.length - 1, stripped.bytes, &stripped_length),
                   STAGE_CORRUPT);
  static const uint8_t childless[] = {0x01, 0x01, 0x00, 0x0c, 0x02, 0x01}; /* a node that ends before it has a child */
  assert_int_equal(baseline_reconstruct(childless, sizeof childless, out, 48), STAGE_CORRUPT);
  static const uint8_t too_many[] = {0x01, 0x01, 0x02, 0x02}; /* the root closes an ancestor */
  assert_int_equal(baseline_reconstruct(too_many, sizeof too_many, out, 48), STAGE_CORRUPT);
  static const uint8_t symbol[] = {0x01, 0x80, 0x80, 0x04, 0x01, 0x02}; /* 65536 */
  assert_int_equal(baseline_reconstruct(symbol, sizeof symbol, out, 48), STAGE_CORRUPT);
  free(out);
  strip_free(&stripped);
}

int main(void) {
  check_report_to(cmocka_report);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_dump_in_the_format_s_description),    cmocka_unit_test(all_kinds_of_trees_come_back),
      cmocka_unit_test(deep_and_wide_trees_come_back),           cmocka_unit_test(inserted_lines_change_one_number),
      cmocka_unit_test(an_edit_changes_bytes_where_it_was_made), cmocka_unit_test(what_was_not_strip_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
