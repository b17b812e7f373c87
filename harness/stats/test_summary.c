/* SPDX-License-Identifier: MIT
 *
 * Medians and intervals against values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/number.h"
#include "summary.h"

static void odd_number(void **state) {
  (void)state;
  const double values[] = {9, 1, 5, 4, 100};
  struct summary summary = summary_of(values, 5);
  assert_null(summary.missing);
  assert_int_equal(summary.n, 5);
  assert_true(summary.median == 5 && summary.min == 1 && summary.max == 100);
  assert_true(summary.mad == 4); /* deviations 0 1 4 4 95 */
  assert_true(values[0] == 9);
}

static void even_number(void **state) {
  (void)state;
  const double values[] = {4, 1, 3, 2};
  struct summary summary = summary_of(values, 4);
  assert_true(summary.median == 2.5 && summary.mad == 1); /* deviations .5 .5 1.5 1.5 */
}

/* Levels by hand: of n values, both ends cover 1 - 2 / 2^n. */
static void interval(void **state) {
  (void)state;
  const double values[] = {11, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1};
  struct summary one = summary_of(values, 1), three = summary_of(values, 3), six = summary_of(values, 6);
  assert_true(one.ci_low == 11 && one.ci_high == 11 && one.ci_level == 0);
  assert_true(three.ci_low == 2 && three.ci_high == 11 && fabs(three.ci_level - 0.75) < 1e-12);
  assert_true(six.ci_low == 2 && six.ci_high == 11 && fabs(six.ci_level - 0.96875) < 1e-12);
  struct summary eleven = summary_of(values, 11); /* 1 - 2 * (1 + 11) / 2048 is .988, with 55 more it is .935 */
  assert_true(eleven.ci_low == 2 && eleven.ci_high == 10 && fabs(eleven.ci_level - (1 - 24 / 2048.0)) < 1e-12);
}

static void missing_values(void **state) {
  (void)state;
  const double values[] = {1, NAN};
  assert_non_null(summary_of(values, 0).missing);
  assert_non_null(summary_of(values, 2).missing);
  assert_non_null(summary_of(values, SUMMARY_VALUES_MAX + 1).missing);
  struct summary none = summary_missing("why");
  assert_string_equal(summary_range_pct(&none).missing, "why");
}

static void range(void **state) {
  (void)state;
  const double values[] = {200, 201, 199};
  struct summary summary = summary_of(values, 3);
  assert_true(fabs(summary_range_pct(&summary).median - 1) < 1e-12);
  summary = summary_of(values, 1);
  assert_non_null(summary_range_pct(&summary).missing); /* one value has no spread; it is not 0 */
  const double zeros[] = {0, 0};
  summary = summary_of(zeros, 2);
  assert_non_null(summary_range_pct(&summary).missing);
}

static void numbers_read_back(void **state) {
  (void)state;
  const double values[] = {0, 1500, -40960, 0.1, 1.0 / 3, 9007199254740991.0, 123456789.25, 92.5, 5e-7};
  for (size_t i = 0; i < COUNT(values); i++) {
    char text[40];
    number_exact(values[i], text, sizeof text);
    assert_true(strtod(text, NULL) == values[i]);
  }
  char text[40];
  number_exact(92.5, text, sizeof text);
  assert_string_equal(text, "92.5");
  number_exact(209715200, text, sizeof text);
  assert_string_equal(text, "209715200");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(odd_number), cmocka_unit_test(even_number), cmocka_unit_test(missing_values),
      cmocka_unit_test(range),      cmocka_unit_test(interval),    cmocka_unit_test(numbers_read_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
