/* SPDX-License-Identifier: MIT
 *
 * spread.c - medians and their intervals, by GSL. */
#include "spread.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

/* The chance that the median of what was drawn from lies between the k-th least and the k-th greatest
 * of n values: each value is below it with a chance of one half, so fewer than k on a side is a binomial tail. */
static double coverage(unsigned k, unsigned n) { return 1 - 2 * gsl_cdf_binomial_P(k - 1, 0.5, n); }

/* The narrowest interval between two order statistics that covers the median with the level asked for;
 * with too few values for that, all of them, and what that covers. */
static void add_interval(struct spread *spread, const double *sorted, unsigned n) {
  unsigned k = 1;
  while (2 * (k + 1) <= n && coverage(k + 1, n) >= SPREAD_LEVEL) k++;
  spread->ci_low = sorted[k - 1];
  spread->ci_high = sorted[n - k];
  spread->ci_level = n > 1 ? coverage(k, n) : 0;
}

struct spread spread_missing(const char *reason) {
  return (struct spread){.missing = reason};
}

struct spread spread_of(const double *values, unsigned n) {
  if (n == 0) return spread_missing("there are no values");
  if (n > SPREAD_VALUES_MAX) return spread_missing("there are more values than this program takes");
  double sorted[SPREAD_VALUES_MAX];
  for (unsigned i = 0; i < n; i++) {
    if (!isfinite(values[i])) return spread_missing("a value is not a number");
    sorted[i] = values[i];
  }
  gsl_sort(sorted, 1, n);
  struct spread spread = {
      .n = n, .median = gsl_stats_median_from_sorted_data(sorted, 1, n), .min = sorted[0], .max = sorted[n - 1]};
  add_interval(&spread, sorted, n);
  double work[SPREAD_VALUES_MAX];
  spread.mad = gsl_stats_mad0(sorted, 1, n, work);
  return spread;
}

struct spread spread_range_pct(const struct spread *spread) {
  if (spread->missing) return spread_missing(spread->missing);
  if (spread->n < 2) return spread_missing("one repetition has no spread");
  if (!(spread->median > 0)) return spread_missing("the median is not positive");
  double pct = 100 * (spread->max - spread->min) / spread->median;
  return (struct spread){.n = spread->n, .median = pct, .min = pct, .max = pct, .ci_low = pct, .ci_high = pct};
}
