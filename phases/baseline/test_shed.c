/* SPDX-License-Identifier: MIT
 *
 * What the floor's records shed, and their way back (shed.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/testing/codec_check.h"
#include "serial.h"

struct shed {
  uint8_t *records, *bytes;
  uint64_t length, shed_length;
};

/* Parses a text and sheds its records; held against what the way back gives. */
static struct shed shed_make(const char *language, const char *text, size_t text_bytes) {
  struct check_stage stage;
  struct shed shed = {0};
  check_stage_open(&stage, phasebench_stage());
  check_put_document(&stage, 0, 0, check_grammar(language), text, text_bytes);
  assert_int_equal(check_length(&stage.keeper, STAGE_TREE, 0, &shed.length), STAGE_OK);
  shed.records = malloc(shed.length);
  shed.bytes = malloc(2 * shed.length);
  uint8_t *again = malloc(shed.length);
  assert_true(shed.records && shed.bytes && again);
  memcpy(shed.records, stage.keeper.kept[STAGE_TREE][0].p, shed.length);
  assert_int_equal(stage.ops->shed(stage.store, shed.records, shed.length, shed.bytes, &shed.shed_length), STAGE_OK);
  uint8_t *exact = malloc(shed.shed_length); /* so that the address sanitizer sees reads past the end */
  assert_non_null(exact);
  memcpy(exact, shed.bytes, shed.shed_length);
  assert_int_equal(stage.ops->regrow(stage.store, exact, shed.shed_length, again, shed.length), STAGE_OK);
  assert_memory_equal(again, shed.records, shed.length);
  free(exact);
  free(again);
  check_stage_close(&stage);
  return shed;
}

static void shed_free(struct shed *shed) {
  free(shed->records);
  free(shed->bytes);
}

static void the_dump_in_the_format_s_description(void **state) {
  (void)state;
  static const uint8_t dump[] = {0x01, 0xa1, 0x01, 0x00, 0x01, 0xc6, 0x01, 0x00, 0x21, 0x5d, 0x24, 0x01, 0xa1, 0x01,
                                 0x0a, 0x02, 0x01, 0x00, 0x2a, 0x02, 0x02, 0x0c, 0x03, 0x00, 0x00, 0x01, 0x06, 0x02};
  struct shed shed = shed_make("c", "int a;\n", 7);
  assert_int_equal(shed.shed_length, sizeof dump);
  assert_memory_equal(shed.bytes, dump, sizeof dump);
  shed_free(&shed);
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
    struct shed shed = shed_make(cases[i].language, cases[i].text, strlen(cases[i].text));
    shed_free(&shed);
  }
}

static void deep_and_wide_trees_come_back(void **state) {
  (void)state;
  size_t bytes;
  char *text = check_deep_text(20000, &bytes);
  struct shed shed = shed_make("javascript", text, bytes);
  shed_free(&shed);
  free(text);
  text = check_wide_text(5000, &bytes);
  shed = shed_make("javascript", text, bytes);
  shed_free(&shed);
  free(text);
}

/* The bytes that two strings have in common at their beginnings, or at their ends. */
static uint64_t common_bytes(const struct shed *a, const struct shed *b, bool at_end) {
  uint64_t n = 0, most = a->shed_length < b->shed_length ? a->shed_length : b->shed_length;
  while (n < most &&
         (at_end ? a->bytes[a->shed_length - 1 - n] == b->bytes[b->shed_length - 1 - n] : a->bytes[n] == b->bytes[n]))
    n++;
  return n;
}

/* Blank lines, which no node is made of: one number changes, whatever stands behind. */
static void inserted_lines_change_one_number(void **state) {
  (void)state;
  static const char text[] = "int a;\nint f(void) {\n  g(1);\n  g(2);\n}\nint b;\n";
  static const char longer[] = "int a;\n\n\n\nint f(void) {\n  g(1);\n  g(2);\n}\nint b;\n";
  struct shed one = shed_make("c", text, sizeof text - 1), two = shed_make("c", longer, sizeof longer - 1);
  assert_int_equal(one.shed_length, two.shed_length);
  assert_int_equal(common_bytes(&one, &two, false) + 1 + common_bytes(&one, &two, true), one.shed_length);
  shed_free(&one);
  shed_free(&two);
}

/* A declaration is put in: both columns are what they were, before it and behind it. */
static void an_edit_changes_bytes_where_it_was_made(void **state) {
  (void)state;
  static const char text[] = "int a;\nint f(void) {\n  g(1);\n  g(2);\n}\nint b;\n";
  static const char longer[] = "int a;\nlong\n*c;\nint f(void) {\n  g(1);\n  g(2);\n}\nint b;\n";
  struct shed one = shed_make("c", text, sizeof text - 1), two = shed_make("c", longer, sizeof longer - 1);
  assert_int_equal(common_bytes(&one, &two, true), 10); /* lengths: c (as a before), int f void g 1 g 2 int b */
  one.shed_length -= 11;                                /* the tokens alone: 11 named leaves here, 12 there */
  two.shed_length -= 12;
  assert_true(common_bytes(&one, &two, false) + common_bytes(&one, &two, true) >= one.shed_length);
  shed_free(&one);
  shed_free(&two);
}

static void what_was_not_shed_is_refused(void **state) {
  (void)state;
  struct shed shed = shed_make("c", "int a;\nint b(void) { return 1; }\n", 33);
  uint8_t *out = malloc(shed.length + sizeof(struct serial_record));
  assert_non_null(out);
  assert_int_equal(serial_regrow(shed.bytes, shed.shed_length, out, shed.length), STAGE_OK);
  for (uint64_t length = 0; length < shed.shed_length; length++)
    assert_int_equal(serial_regrow(shed.bytes, length, out, shed.length), STAGE_CORRUPT);
  assert_int_equal(serial_regrow(shed.bytes, shed.shed_length, out, shed.length - 48), STAGE_CORRUPT);
  assert_int_equal(serial_regrow(shed.bytes, shed.shed_length, out, shed.length + 48), STAGE_CORRUPT);
  assert_int_equal(serial_regrow(shed.bytes, shed.shed_length, out, shed.length - 1), STAGE_CORRUPT);
  assert_int_equal(serial_regrow(shed.bytes, shed.shed_length, out, 0), STAGE_CORRUPT);
  uint64_t shed_length;
  assert_int_equal(serial_shed(shed.records, shed.length - 1, shed.bytes, &shed_length), STAGE_CORRUPT);
  static const uint8_t childless[] = {0x01, 0x01, 0x00, 0x0c, 0x02, 0x01}; /* a node that ends before it has a child */
  assert_int_equal(serial_regrow(childless, sizeof childless, out, 48), STAGE_CORRUPT);
  static const uint8_t too_many[] = {0x01, 0x01, 0x02, 0x02}; /* the root closes an ancestor */
  assert_int_equal(serial_regrow(too_many, sizeof too_many, out, 48), STAGE_CORRUPT);
  static const uint8_t symbol[] = {0x01, 0x80, 0x80, 0x04, 0x01, 0x02}; /* 65536 */
  assert_int_equal(serial_regrow(symbol, sizeof symbol, out, 48), STAGE_CORRUPT);
  free(out);
  shed_free(&shed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_dump_in_the_format_s_description),    cmocka_unit_test(all_kinds_of_trees_come_back),
      cmocka_unit_test(deep_and_wide_trees_come_back),           cmocka_unit_test(inserted_lines_change_one_number),
      cmocka_unit_test(an_edit_changes_bytes_where_it_was_made), cmocka_unit_test(what_was_not_shed_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
