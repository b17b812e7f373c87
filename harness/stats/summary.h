/* SPDX-License-Identifier: MIT
 *
 * summary.h - what repeated measurements say together: median, range, median absolute
 * deviation (MAD, unscaled), and a confidence interval of the median. Median and MAD,
 * since one disturbed repetition must not move the figure.
 *
 * The interval lies between two of the measured values (order statistics: H. A. David,
 * H. N. Nagaraja, Order Statistics, 3rd ed., 7.1), so it holds for whatever the values are
 * distributed like, and for few of them. Its level is what it really covers: at least
 * SUMMARY_LEVEL from six values on; with fewer the interval is all of them and the level lower
 * (two 50 %, three 75 %, four 87.5 %, five 93.75 %); with one there is none, and the level is 0. */
#ifndef PHASEBENCH_SUMMARY_H
#define PHASEBENCH_SUMMARY_H

struct summary {
  unsigned n; /* 0 when missing */
  double median, min, max, mad;
  double ci_low, ci_high, ci_level;
  const char *missing; /* NULL: the figures are there; else the reason */
};

#define SUMMARY_VALUES_MAX 1024
#define SUMMARY_LEVEL 0.95

/* Of values[0..n), 1 <= n <= SUMMARY_VALUES_MAX, all finite; else missing. Of an even
 * number the median is the mean of the two in the middle. values is not changed. */
struct summary summary_of(const double *values, unsigned n);
struct summary summary_missing(const char *reason);

/* 100 * (max - min) / median; missing when there are fewer than two values or the
 * median is not positive. */
struct summary summary_range_pct(const struct summary *summary);

#endif
