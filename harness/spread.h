/* SPDX-License-Identifier: MIT
 *
 * spread.h - what repeated measurements say together: median, range, and median
 * absolute deviation (MAD, unscaled). Median and MAD, since one disturbed repetition
 * must not move the figure. */
#ifndef PHASEBENCH_SPREAD_H
#define PHASEBENCH_SPREAD_H

struct spread {
  unsigned n; /* 0 when missing */
  double median, min, max, mad;
  const char *missing; /* NULL: the figures are there; else the reason */
};

#define SPREAD_VALUES_MAX 1024

/* Of values[0..n), 1 <= n <= SPREAD_VALUES_MAX, all finite; else missing. Of an even
 * number the median is the mean of the two in the middle. values is not changed. */
struct spread spread_of(const double *values, unsigned n);
struct spread spread_missing(const char *reason);

/* 100 * (max - min) / median; missing when there are fewer than two values or the
 * median is not positive. */
struct spread spread_range_pct(const struct spread *spread);

#endif
