/* SPDX-License-Identifier: MIT
 *
 * percentile.h - percentiles by nearest rank: the p-th is the smallest value such that at least p % of
 * the values are not above it. It is always one of the values, never a mean of two. */
#ifndef PHASEBENCH_PERCENTILE_H
#define PHASEBENCH_PERCENTILE_H

#include <stdint.h>

/* Where it stands among `count` sorted values. count >= 1; pct 0 ... 100, where 0 is the least value. */
static inline uint32_t percentile_index(uint32_t count, uint32_t pct) {
  uint32_t rank = (uint32_t)(((uint64_t)count * pct + 99) / 100);
  return rank ? rank - 1 : 0;
}

/* Ascending order, for qsort. */
int compare_u64(const void *a, const void *b);
int compare_i64(const void *a, const void *b);
int compare_double(const void *a, const void *b); /* no NaN among them */

#endif
