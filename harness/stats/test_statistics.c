/* SPDX-License-Identifier: MIT
 *
 * The statistics of the gate: against values worked out by hand and published ones, and by simulation with
 * GSL's random numbers: how often comparisons of equals are called different, and how often a slowdown is found. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_gamma.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "statistics.h"

static bool near(double a, double b) { return fabs(a - b) < 1e-9; }

/* Of 20 ways to choose 3 of 6, one has the least rank sum and one the greatest. */
static void rank_by_hand(void **state) {
  (void)state;
  const double a[] = {1, 2, 3}, b[] = {4, 5, 6}, between[] = {2.5, 5, 6};
  assert_true(near(statistics_rank_p(a, 3, b, 3), 0.1));
  assert_true(near(statistics_rank_p(b, 3, a, 3), 0.1));
  assert_true(near(statistics_rank_p(a, 3, between, 3), 0.2)); /* ranks 1 2 4: sum 7; 6, 7, 14, 15: 1 way each */
  assert_true(near(statistics_rank_p_least(3, 3), 0.1));
  assert_true(near(statistics_rank_p_least(1, 1), 1));
  assert_true(near(statistics_rank_p_least(5, 5), 2 / 252.0));
}

/* a = 1 1, b = 1 2: mean ranks 2 2 | 2 4; of six choices a sum of 4 occurs three times, 6 three times. */
static void rank_ties(void **state) {
  (void)state;
  const double a[] = {1, 1}, b[] = {1, 2}, same[] = {7, 7, 7};
  assert_true(near(statistics_rank_p(a, 2, b, 2), 1));
  assert_true(near(statistics_rank_p(same, 3, same, 3), 1));
}

/* M. Hollander, D. A. Wolfe, Nonparametric Statistical Methods, 1973, p. 69: permeability of membranes; U = 35,
 * one-sided p = 0.1272, shift 0.305. The distribution is symmetric without ties: two-sided is twice that. */
static const double term[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
static const double early[] = {1.15, 0.88, 0.90, 0.74, 1.21};

static void rank_published(void **state) {
  (void)state;
  assert_true(fabs(statistics_rank_p(term, 10, early, 5) - 2 * 0.1272) < 0.0001);
  assert_true(near(statistics_shift(early, 5, term, 10), 0.305));
}

/* Eleven and eleven are the first that are not counted out (705,432 ways). By hand for sets that do not overlap:
 * off by 60.5, less 0.5 for continuity, over sqrt(121 * 23 / 12) = 15.23: 3.94 standard deviations. */
static void rank_normal(void **state) {
  (void)state;
  double a[11], b[11];
  for (unsigned i = 0; i < 11; i++) a[i] = i, b[i] = i + 10.5; /* U = 0 */
  double p = statistics_rank_p(a, 11, b, 11);
  assert_true(p > 0 && p < 1e-4 && near(p, statistics_rank_p_least(11, 11)));
  for (unsigned i = 0; i < 11; i++) b[i] = i + 0.5;
  assert_true(statistics_rank_p(a, 11, b, 11) > 0.6);
  for (unsigned i = 0; i < 11; i++) b[i] = i;
  assert_true(near(statistics_rank_p(a, 11, b, 11), 1));
}

static void shifts(void **state) {
  (void)state;
  const double a[] = {1, 2, 4}, b[] = {2, 4, 8}, zero[] = {0, 1};
  double ratio;
  assert_true(statistics_shift_ratio(a, 3, b, 3, &ratio) && near(ratio, 2)); /* .5 1 1 2 2 2 4 4 8 */
  assert_true(near(statistics_shift(a, 3, b, 3), 2));                        /* -2 0 0 1 2 3 4 6 7 */
  assert_false(statistics_shift_ratio(zero, 2, b, 3, &ratio));
  assert_false(statistics_shift_ratio(b, 3, zero, 2, &ratio));
}

static void holm(void **state) {
  (void)state;
  double p[] = {0.01, 0.04, 0.03, 0.005}; /* .005*4, .01*3, .03*2, and .04 is not below its neighbour's .06 */
  statistics_holm(p, 4);
  assert_true(near(p[0], 0.03) && near(p[1], 0.06) && near(p[2], 0.06) && near(p[3], 0.02));
  double one[] = {0.6, 0.7};
  statistics_holm(one, 2);
  assert_true(one[0] == 1 && one[1] == 1);
}

/* ---- by simulation ---- */

#define TRIALS 2000
#define METRICS 8

/* Times as they are: 4 % of noise, and now and then a repetition that something disturbed. */
static double a_time(gsl_rng *rng, double scale) {
  double disturbed = gsl_rng_uniform(rng) < 0.1 ? 1 + gsl_ran_exponential(rng, 0.3) : 1;
  return scale * disturbed * exp(gsl_ran_gaussian(rng, 0.04));
}

/* In how many of TRIALS families with METRICS comparisons one at least is called different at 5 %. */
static unsigned families_flagged(unsigned n, double scale, double min_ratio, unsigned slow_metrics) {
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  unsigned flagged = 0;
  gsl_rng_set(rng, 20260101 + n);
  for (unsigned trial = 0; trial < TRIALS; trial++) {
    double p[METRICS], ratio[METRICS], a[16], b[16];
    for (unsigned m = 0; m < METRICS; m++) {
      for (unsigned i = 0; i < n; i++) {
        a[i] = a_time(rng, 1);
        b[i] = a_time(rng, m < slow_metrics ? scale : 1);
      }
      p[m] = statistics_rank_p(a, n, b, n);
      assert_true(statistics_shift_ratio(a, n, b, n, &ratio[m]));
    }
    statistics_holm(p, METRICS);
    bool found = false;
    for (unsigned m = 0; m < METRICS; m++) found = found || (p[m] <= 0.05 && fabs(log(ratio[m])) >= log(min_ratio));
    flagged += found;
  }
  gsl_rng_free(rng);
  return flagged;
}

/* 5 % of 2,000 is 100; two standard deviations of the count are 20. Without a minimum effect. */
static void equals_are_not_flagged(void **state) {
  (void)state;
  for (unsigned n = 5; n <= 7; n++) {
    unsigned flagged = families_flagged(n, 1, 1, 0);
    print_message("A/A, %u repetitions: %u of %u families of %u flagged\n", n, flagged, TRIALS, METRICS);
    assert_true(flagged <= 120);
    assert_true(n == 5 || flagged > 0); /* a test that never fires tells nothing */
  }
  unsigned with_effect = families_flagged(7, 1, 1.1, 0);
  print_message("A/A, 7 repetitions, effects of 10 %% and more: %u\n", with_effect);
  assert_true(with_effect <= 20);
}

static void slowdowns_are_found(void **state) {
  (void)state;
  unsigned found[9] = {0};
  for (unsigned n = 5; n <= 8; n++) {
    found[n] = families_flagged(n, 1.2, 1.1, 1);
    print_message("one of %u metrics 20 %% slower, %u repetitions: found in %u of %u\n", METRICS, n, found[n], TRIALS);
  }
  assert_int_equal(found[5], 0); /* eight comparisons need more than five: the gate says "too few" */
  assert_true(found[7] > TRIALS * 65 / 100);
  assert_true(found[8] >= found[6]);
}

/* GSL would call abort(). In a child, whose end is looked at. */
static int end_of(void (*call)(void)) {
  int status = 0;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    statistics_check_errors();
    call();
    _exit(EXIT_CODE_OK);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
static void allocate_too_much(void) { gsl_error("failed to allocate space", __FILE__, __LINE__, GSL_ENOMEM); }
static void ask_for_nonsense(void) { gsl_sf_lnchoose(1, 2); }

static void errors_of_gsl_have_exit_codes(void **state) {
  (void)state;
  assert_int_equal(end_of(allocate_too_much), EXIT_CODE_SYSTEM);
  assert_int_equal(end_of(ask_for_nonsense), EXIT_CODE_INTERNAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rank_by_hand),
      cmocka_unit_test(rank_ties),
      cmocka_unit_test(rank_published),
      cmocka_unit_test(rank_normal),
      cmocka_unit_test(shifts),
      cmocka_unit_test(holm),
      cmocka_unit_test(equals_are_not_flagged),
      cmocka_unit_test(slowdowns_are_found),
      cmocka_unit_test(errors_of_gsl_have_exit_codes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
