/* SPDX-License-Identifier: MIT
 *
 * test_text.c - every code point is UTF-8 and what the standard forbids is not; file
 * names of any bytes survive being text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "count.h"
#include "text.h"

#include "count.h"

static size_t encode(uint32_t point, uint8_t *out) {
  if (point < 0x80) return out[0] = (uint8_t)point, 1;
  if (point < 0x800) {
    out[0] = (uint8_t)(0xc0 | point >> 6);
    out[1] = (uint8_t)(0x80 | (point & 0x3f));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = (uint8_t)(0xe0 | point >> 12);
    out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    out[2] = (uint8_t)(0x80 | (point & 0x3f));
    return 3;
  }
  out[0] = (uint8_t)(0xf0 | point >> 18);
  out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
  out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
  out[3] = (uint8_t)(0x80 | (point & 0x3f));
  return 4;
}

static void test_every_code_point(void **state) {
  (void)state;
  for (uint32_t point = 0; point < 0x140000; point++) {
    uint8_t bytes[4] = {0};
    size_t length = encode(point, bytes);
    bool valid = point < 0x110000 && !(point >= 0xd800 && point < 0xe000);
    if (utf8_sequence_bytes(bytes, length) != (valid ? length : 0)) fail_msg("code point %x", point);
    for (size_t cut = 1; cut < length; cut++) assert_int_equal(utf8_sequence_bytes(bytes, cut), 0);
  }
}

static void test_malformed(void **state) {
  (void)state;
  static const char *const malformed[] = {
      "\x80",         "\xbf",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",     "\xe0\x9f\xbf",
      "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
      "\xfe",         "\xff",         "\xc3\x28",         "\xe2\x28\xa1",     "\xe2\x82\x28",     "\xf0\x28\x8c\xbc",
  };
  for (size_t i = 0; i < COUNT(malformed); i++) {
    const uint8_t *bytes = (const uint8_t *)malformed[i];
    assert_int_equal(utf8_sequence_bytes(bytes, strlen(malformed[i])), 0);
    assert_false(utf8_valid(bytes, strlen(malformed[i])));
  }
}

/* A bad byte must be found at every place of the eight that are stepped over at once. */
static void test_every_place(void **state) {
  (void)state;
  for (size_t length = 0; length < 40; length++) {
    uint8_t bytes[40];
    memset(bytes, 'a', sizeof bytes);
    assert_true(utf8_valid(bytes, length));
    for (size_t at = 0; at < length; at++) {
      bytes[at] = 0xff;
      assert_false(utf8_valid(bytes, length));
      bytes[at] = 0xc3;
      assert_false(utf8_valid(bytes, length));
      if (at + 1 < length) {
        bytes[at + 1] = 0xa9;
        assert_true(utf8_valid(bytes, length));
        bytes[at + 1] = 'a';
      }
      bytes[at] = 'a';
    }
  }
}

static void test_names(void **state) {
  (void)state;
  static const struct {
    const char *path, *text;
  } rows[] = {
      {"src/a.c", "src/a.c"},
      {"", ""},
      {"a\nb", "a\\x0ab"},
      {"tab\t\x7f", "tab\\x09\\x7f"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"caf\xe9.c", "caf\\xe9.c"},
      {"a\\b", "a\\\\b"},
      {"\\xff", "\\\\xff"},
      {"\xc3", "\\xc3"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    char text[64], path[64];
    assert_true(path_to_text(rows[i].path, text, sizeof text));
    assert_string_equal(text, rows[i].text);
    assert_true(utf8_valid((const uint8_t *)text, strlen(text)));
    assert_true(path_from_text(text, path, sizeof path));
    assert_string_equal(path, rows[i].path);
  }
}

static void test_every_byte(void **state) {
  (void)state;
  char path[256], text[4 * sizeof path], back[256];
  for (int i = 1; i < 256; i++) path[i - 1] = (char)i;
  path[255] = '\0';
  assert_true(path_to_text(path, text, sizeof text));
  assert_true(path_from_text(text, back, sizeof back));
  assert_string_equal(back, path);
  size_t needed = strlen(text) + 1;
  assert_true(path_to_text(path, text, needed));
  for (size_t i = 0; i < needed; i++) assert_false(path_to_text(path, text, i));
  assert_true(path_to_text(path, text, needed));
  for (size_t i = 0; i < sizeof path; i++) assert_false(path_from_text(text, back, i));
}

static void test_no_such_text(void **state) {
  (void)state;
  static const char *const bad[] = {"\\", "\\x", "\\x4", "\\xG0", "\\n", "\\x00", "\\xFF"};
  for (size_t i = 0; i < COUNT(bad); i++) {
    char path[16];
    assert_false(path_from_text(bad[i], path, sizeof path));
  }
}

static void test_people(void **state) {
  (void)state;
  static struct path_shown shown;
  static char long_path[5000];
  char *text = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&text, &bytes);
  assert_non_null(out);
  text_print(out, "a\nb\x1b[1m \\ \xc3\xa9 \xff\x7f");
  fclose(out);
  assert_string_equal(text, "a\\x0ab\\x1b[1m \\ \xc3\xa9 \\xff\\x7f");
  free(text);
  assert_string_equal(path_show("a\tb", &shown), "a\\x09b");
  memset(long_path, '\n', sizeof long_path - 1);
  assert_string_equal(path_show(long_path, &shown), "(a path of more than 4,096 bytes)");
  assert_string_equal(plural(0), "s");
  assert_string_equal(plural(1), "");
  assert_string_equal(plural(2), "s");
}

static void printable(const char *text, const char *expected) {
  char copy[200];
  snprintf(copy, sizeof copy, "%s", text);
  text_make_printable(copy);
  assert_string_equal(copy, expected);
}

static void what_could_be_obeyed_is_taken_out(void **state) {
  (void)state;
  printable("", "");
  printable("plain \\x41 gr\u00fc\u00df \U0001F600", "plain \\x41 gr\u00fc\u00df \U0001F600");
  printable("\x1b]0;title\x07\x1b[31mred", "?]0;title??[31mred");
  printable("two\r\nlines\ttab", "two  lines tab");
  printable(
      "\xc2\x9b"
      "31m\x7f",
      "?31m?");
  printable("a\u202eb\u2066c\u200f\u2028", "a?b?c??");
  printable(
      "\xe9\xff"
      "a\xc3",
      "??a?"); /* not UTF-8 */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_could_be_obeyed_is_taken_out),
      cmocka_unit_test(test_every_code_point),
      cmocka_unit_test(test_malformed),
      cmocka_unit_test(test_every_place),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_every_byte),
      cmocka_unit_test(test_no_such_text),
      cmocka_unit_test(test_people),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
