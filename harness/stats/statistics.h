/* SPDX-License-Identifier: MIT
 *
 * statistics.h - whether two sets of repetitions differ, and by how much, without a guess at how they
 * are distributed.
 *
 *   rank test   Mann and Whitney's (Ann. Math. Stat. 18, 1947), two-sided, with mean ranks for ties. Its p
 *               is exact, counted over all ways of telling the values apart (gsl_combination), as long as
 *               there are at most STATISTICS_EXACT_MAX of these (ten and ten values: 184,756); beyond, the
 *               normal approximation with the corrections for ties and continuity
 *   shift       Hodges and Lehmann's (Ann. Math. Stat. 34, 1963): the median of all differences b - a,
 *               or of all ratios b / a, in logarithms, so that exchanging a and b gives the inverse
 *   Holm        p-values of a family of comparisons, such that the chance of even one false alarm in the
 *               family stays below alpha (Scand. J. Stat. 6, 1979), whatever they have to do with each other */
#ifndef PHASEBENCH_STATISTICS_H
#define PHASEBENCH_STATISTICS_H

#include <stdbool.h>

#define STATISTICS_EXACT_MAX 200000.0

/* From now on an error within GSL ends the program with its exit code and a sentence; GSL itself would abort. */
void statistics_check_errors(void);

/* Of finite values a[0..a_count) and b[0..b_count), each 1 ... SUMMARY_VALUES_MAX. 1 where all are equal. */
double statistics_rank_p(const double *a, unsigned a_count, const double *b, unsigned b_count);

/* The least p that so many values can have: that of sets that do not overlap, without ties. */
double statistics_rank_p_least(unsigned a_count, unsigned b_count);

/* The median of all b - a, and of all b / a; the latter only where all values are above 0 (else false). */
double statistics_shift(const double *a, unsigned a_count, const double *b, unsigned b_count);
bool statistics_shift_ratio(const double *a, unsigned a_count, const double *b, unsigned b_count, double *ratio);

/* Replaces p[0..count) by the adjusted values, at most 1, in the same order. */
void statistics_holm(double *p, unsigned count);

#endif
