/* SPDX-License-Identifier: MIT
 *
 * summary.c - medians and their intervals, by GSL. */
#include "summary.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

/* The chance that the true median lies between the k-th least and the k-th greatest of n values. Each
 * value is below the true median with a chance of one half, so fewer than k on a side is a binomial tail. */
static double coverage(unsigned k, unsigned n) { return 1 - 2 * gsl_cdf_binomial_P(k - 1, 0.5, n); }

/* The narrowest interval between two order statistics that covers the median with the level asked for;
 * with too few values for that, all of them, and what that covers. */
static void add_interval(struct summary *summary, const double *sorted, unsigned n) {
  unsigned k = 1;
  while (2 * (k + 1) <= n && coverage(k + 1, n) >= SUMMARY_LEVEL) k++;
  summary->ci_low = sorted[k - 1];
  summary->ci_high = sorted[n - k];
  summary->ci_level = n > 1 ? coverage(k, n) : 0;
}

struct summary summary_missing(const char *reason) {
  return (struct summary){.missing = reason};
}

struct summary summary_of(const double *values, unsigned n) {
  if (n == 0) return summary_missing("there are no values");
  if (n > SUMMARY_VALUES_MAX) return summary_missing("there are more values than this program takes");
  double sorted[SUMMARY_VALUES_MAX];
  for (unsigned i = 0; i < n; i++) {
    if (!isfinite(values[i])) return summary_missing("a value is not a number");
    sorted[i] = values[i];
  }
  gsl_sort(sorted, 1, n);
  struct summary summary = {
      .n = n, .median = gsl_stats_median_from_sorted_data(sorted, 1, n), .min = sorted[0], .max = sorted[n - 1]};
  add_interval(&summary, sorted, n);
  double work[SUMMARY_VALUES_MAX];
  summary.mad = gsl_stats_mad0(sorted, 1, n, work);
  return summary;
}

struct summary summary_range_pct(const struct summary *summary) {
  if (summary->missing) return summary_missing(summary->missing);
  if (summary->n < 2) return summary_missing("one repetition has no spread");
  if (!(summary->median > 0)) return summary_missing("the median is not positive");
  double pct = 100 * (summary->max - summary->min) / summary->median;
  return (struct summary){.n = summary->n, .median = pct, .min = pct, .max = pct, .ci_low = pct, .ci_high = pct};
}
