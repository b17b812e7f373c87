/* SPDX-License-Identifier: MIT
 *
 * test_ignore.c - gitignore patterns, one table of (patterns, path, directory?,
 * verdict); the rows follow gitignore(5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/count.h"
#include "ignore.h"

struct row {
  const char *patterns, *path;
  bool is_directory;
  enum ignore_verdict verdict;
};

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct ignore ignore = {0};
    assert_true(ignore_add_text(&ignore, rows[i].patterns, strlen(rows[i].patterns)));
    enum ignore_verdict got = ignore_check(&ignore, rows[i].path, rows[i].is_directory);
    if (got != rows[i].verdict) {
      fail_msg("'%s' on '%s': expected verdict %d, got %d", rows[i].patterns, rows[i].path, rows[i].verdict, got);
    }
    ignore_clear(&ignore);
  }
}
#define CHECK(rows) check_rows((rows), COUNT(rows))

static void test_base_names(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"a.c", "a.c", false, IGNORE_OUT},
      {"a.c", "x/y/a.c", false, IGNORE_OUT},
      {"*.c", "x/a.c", false, IGNORE_OUT},
      {"*.c", "x/a.h", false, IGNORE_NO_WORD},
      {"a?c", "abc", false, IGNORE_OUT},
      {"a[0-9].c", "a7.c", false, IGNORE_OUT},
      {"a[!0-9].c", "a7.c", false, IGNORE_NO_WORD},
      {"*", ".hidden", false, IGNORE_OUT},
      {"**", "x/y", false, IGNORE_OUT},
      {"a**b", "x/aYYb", false, IGNORE_OUT},
      {"a", "ab", false, IGNORE_NO_WORD},
  };
  CHECK(rows);
}

static void test_anchored(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"/a.c", "a.c", false, IGNORE_OUT},     {"/a.c", "x/a.c", false, IGNORE_NO_WORD},
      {"x/a.c", "x/a.c", false, IGNORE_OUT},  {"x/a.c", "y/x/a.c", false, IGNORE_NO_WORD},
      {"x/*.c", "x/a.c", false, IGNORE_OUT},  {"x/*.c", "x/y/a.c", false, IGNORE_NO_WORD},
      {"/*", "x/a.c", false, IGNORE_NO_WORD}, {"x/a.c", "x", true, IGNORE_NO_WORD},
  };
  CHECK(rows);
}

static void test_directories_only(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"build/", "build", true, IGNORE_OUT},     {"build/", "build", false, IGNORE_NO_WORD},
      {"build/", "x/build", true, IGNORE_OUT},   {"/build/", "x/build", true, IGNORE_NO_WORD},
      {"x/build/", "x/build", true, IGNORE_OUT}, {"**/", "x", true, IGNORE_OUT},
      {"**/", "x", false, IGNORE_NO_WORD},
  };
  CHECK(rows);
}

static void test_any_depth(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"**/foo", "foo", false, IGNORE_OUT},           {"**/foo", "a/b/foo", false, IGNORE_OUT},
      {"**/foo/bar", "a/foo/bar", false, IGNORE_OUT}, {"**/foo/bar", "a/foo/x/bar", false, IGNORE_NO_WORD},
      {"abc/**", "abc/x/y", false, IGNORE_OUT},       {"abc/**", "abc", true, IGNORE_NO_WORD},
      {"a/**/b", "a/b", false, IGNORE_OUT},           {"a/**/b", "a/x/y/b", false, IGNORE_OUT},
      {"a/**/b", "x/a/b", false, IGNORE_NO_WORD},     {"a/**/b/**/c", "a/b/x/b/c", false, IGNORE_OUT},
      {"a/**/b/c", "a/b/b/c", false, IGNORE_OUT},     {"a/**/b/c", "a/b/c/d", false, IGNORE_NO_WORD},
      {"**/a/**/b", "x/a/y/a/b", false, IGNORE_OUT},  {"/**", "a", false, IGNORE_OUT},
  };
  CHECK(rows);
}

static void test_negation_and_order(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"*.c\n!a.c", "a.c", false, IGNORE_IN},  {"!a.c\n*.c", "a.c", false, IGNORE_OUT},
      {"*.c\n!a.c", "b.c", false, IGNORE_OUT}, {"!/x/", "x", true, IGNORE_IN},
      {"\\!a", "!a", false, IGNORE_OUT},       {"!", "!", false, IGNORE_NO_WORD},
  };
  CHECK(rows);
}

static void test_lines(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"# a\n\n", "# a", false, IGNORE_NO_WORD},
      {"\\#a", "#a", false, IGNORE_OUT},
      {"a   ", "a", false, IGNORE_OUT},
      {"a\\ ", "a ", false, IGNORE_OUT},
      {"a\\  ", "a ", false, IGNORE_OUT},
      {"a b", "a b", false, IGNORE_OUT},
      {"a\r\nb\r\n", "a", false, IGNORE_OUT},
      {"a\r\nb", "b", false, IGNORE_OUT},
      {"\xef\xbb\xbf"
       "a",
       "a", false, IGNORE_OUT},
      {"\\*", "*", false, IGNORE_OUT},
      {"\\*", "a", false, IGNORE_NO_WORD},
      {"/", "a", true, IGNORE_NO_WORD},
      {"a\xff*", "a\xff\xfe", false, IGNORE_OUT},
      {" a", " a", false, IGNORE_OUT},
  };
  CHECK(rows);
}

/* A pattern with many stars must not take exponential time. */
static void test_many_stars(void **state) {
  (void)state;
  char pattern[512] = "", path[1024] = "";
  for (int i = 0; i < 60; i++) strcat(pattern, "**/a/");
  for (int i = 0; i < 300; i++) strcat(path, "a/");
  strcat(pattern, "b");
  strcat(path, "c");
  struct ignore ignore = {0};
  assert_true(ignore_add(&ignore, pattern, strlen(pattern)));
  assert_int_equal(ignore_check(&ignore, path, false), IGNORE_NO_WORD);
  ignore_clear(&ignore);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_base_names),         cmocka_unit_test(test_anchored),
      cmocka_unit_test(test_directories_only),   cmocka_unit_test(test_any_depth),
      cmocka_unit_test(test_negation_and_order), cmocka_unit_test(test_lines),
      cmocka_unit_test(test_many_stars),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
