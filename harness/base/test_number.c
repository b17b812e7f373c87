/* SPDX-License-Identifier: MIT
 *
 * test_number.c - whole numbers from text: what is read, what is refused, and that nothing is changed by a
 * refusal; percentiles by nearest rank. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "count.h"
#include "number.h"
#include "percentile.h"

#include "count.h"

static void whole_numbers(void **state) {
  (void)state;
  uint64_t value = 7;
  assert_true(number_parse("0", 0, 9, &value) && value == 0);
  assert_true(number_parse("0012", 0, 12, &value) && value == 12);
  assert_true(number_parse("18446744073709551615", 0, UINT64_MAX, &value) && value == UINT64_MAX);
  static const char *const bad[] = {
      "", " 1", "1 ", "-1", "+1", "0x1", "1e3", "1.0", "18446744073709551616", "99999999999999999999999"};
  value = 7;
  for (size_t i = 0; i < COUNT(bad); i++) {
    if (number_parse(bad[i], 0, UINT64_MAX, &value)) fail_msg("'%s' is read", bad[i]);
  }
  assert_false(number_parse("4", 5, 9, &value));
  assert_false(number_parse("10", 5, 9, &value));
  assert_int_equal(value, 7);
}

static void numbers_in_a_line(void **state) {
  (void)state;
  char line[] = "00ff 12:";
  char *at = line;
  uint64_t value = 0;
  assert_true(number_take(&at, 16, 255, ' ', &value) && value == 255);
  assert_ptr_equal(at, line + 5);
  assert_false(number_take(&at, 10, 12, ' ', &value)); /* another byte ends it */
  assert_false(number_take(&at, 10, 11, ':', &value)); /* too large */
  assert_true(value == 255 && at == line + 5);
  assert_true(number_take(&at, 10, 12, ':', &value) && value == 12 && !*at);
  assert_null(number_read("FF", 16, &value)); /* hashes are written in small letters */
  assert_string_equal(number_read("12ab", 10, &value), "ab");
  assert_null(number_read("10000000000000000", 16, &value)); /* 65 bits */
}

static void kilobytes(void **state) {
  (void)state;
  uint64_t bytes = 0;
  assert_string_equal(number_read_kilobytes("\t   12 kB\nNext", &bytes), "\nNext");
  assert_int_equal(bytes, 12288);
  assert_null(number_read_kilobytes(" 12 MB", &bytes));
  assert_null(number_read_kilobytes("many kB", &bytes));
  assert_null(number_read_kilobytes("18014398509481984 kB", &bytes)); /* 2^64 bytes */
  assert_int_equal(bytes, 12288);
}

static void percentiles(void **state) {
  (void)state;
  uint64_t values[] = {50, 15, 40, 20, 35};
  qsort(values, COUNT(values), sizeof *values, compare_u64);
  static const uint64_t expected[][2] = {{0, 15}, {5, 15}, {30, 20}, {40, 20}, {50, 35}, {99, 50}, {100, 50}};
  for (size_t i = 0; i < COUNT(expected); i++)
    assert_int_equal(values[percentile_index(COUNT(values), (uint32_t)expected[i][0])], expected[i][1]);
  assert_int_equal(percentile_index(1, 50), 0);
  assert_int_equal(percentile_index(UINT32_MAX, 100), UINT32_MAX - 1);
}

static void orders(void **state) {
  (void)state;
  int64_t whole[] = {3, INT64_MIN, INT64_MAX, -1};
  double real[] = {0.5, -0.25, 1e300};
  qsort(whole, COUNT(whole), sizeof *whole, compare_i64);
  qsort(real, COUNT(real), sizeof *real, compare_double);
  assert_true(whole[0] == INT64_MIN && whole[1] == -1 && whole[2] == 3 && whole[3] == INT64_MAX);
  assert_true(real[0] < real[1] && real[1] < real[2]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(whole_numbers), cmocka_unit_test(numbers_in_a_line),
                                     cmocka_unit_test(kilobytes), cmocka_unit_test(percentiles),
                                     cmocka_unit_test(orders)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
