/* SPDX-License-Identifier: MIT */
#include "spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double middle(const double *sorted, unsigned n) {
  return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

struct spread spread_missing(const char *reason) { return (struct spread){.missing = reason}; }

struct spread spread_of(const double *values, unsigned n) {
  if (n == 0) return spread_missing("there are no values");
  if (n > SPREAD_VALUES_MAX) return spread_missing("there are more values than this program takes");
  double sorted[SPREAD_VALUES_MAX];
  for (unsigned i = 0; i < n; i++) {
    if (!isfinite(values[i])) return spread_missing("a value is not a number");
    sorted[i] = values[i];
  }
  qsort(sorted, n, sizeof sorted[0], by_value);
  struct spread spread = {.n = n, .median = middle(sorted, n), .min = sorted[0], .max = sorted[n - 1]};
  for (unsigned i = 0; i < n; i++) sorted[i] = fabs(sorted[i] - spread.median);
  qsort(sorted, n, sizeof sorted[0], by_value);
  spread.mad = middle(sorted, n);
  return spread;
}

struct spread spread_range_pct(const struct spread *spread) {
  if (spread->missing) return spread_missing(spread->missing);
  if (spread->n < 2) return spread_missing("one repetition has no spread");
  if (!(spread->median > 0)) return spread_missing("the median is not positive");
  double pct = 100 * (spread->max - spread->min) / spread->median;
  return (struct spread){.n = spread->n, .median = pct, .min = pct, .max = pct};
}
