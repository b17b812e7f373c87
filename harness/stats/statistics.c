/* SPDX-License-Identifier: MIT
 *
 * statistics.c - rank test, shift and Holm's correction, on what GSL has for each. */
#include "statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_combination.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"

static void *array_of(size_t count, size_t bytes) {
  void *p = calloc(count, bytes);
  if (p) return p;
  fault_out_of_memory("statistics");
}

static void on_gsl_error(const char *reason, const char *file, int line, int error) {
  if (error == GSL_ENOMEM) fault_out_of_memory("statistics");
  fprintf(stderr, "phasebench: GSL: %s (%s:%d)\n", reason, file, line);
  exit(EXIT_CODE_INTERNAL);
}

void statistics_check_errors(void) { gsl_set_error_handler(on_gsl_error); }

/* ---- ranks ---- */

struct ranks {
  double *of;      /* by value, those of a first; the mean rank where values are equal */
  double tie_term; /* sum of t^3 - t over the ties */
};

static struct ranks rank(const double *a, unsigned a_count, const double *b, unsigned b_count) {
  size_t n = (size_t)a_count + b_count;
  struct ranks ranks = {.of = array_of(n, sizeof(double))};
  double *values = array_of(n, sizeof *values);
  size_t *order = array_of(n, sizeof *order);
  for (size_t i = 0; i < n; i++) values[i] = i < a_count ? a[i] : b[i - a_count];
  gsl_sort_index(order, values, 1, n);
  for (size_t first = 0, end; first < n; first = end) {
    for (end = first; end < n && values[order[end]] == values[order[first]];) end++;
    double tied = (double)(end - first);
    ranks.tie_term += tied * tied * tied - tied;
    for (size_t i = first; i < end; i++) ranks.of[order[i]] = ((double)first + 1 + (double)end) / 2;
  }
  free(values);
  free(order);
  return ranks;
}

/* How far the sum of a's ranks lies from what is expected where nothing differs. */
static double distance(const double *ranks, const size_t *members, size_t count, double expected) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += ranks[members[i]];
  return fabs(sum - expected);
}

/* The share of all ways to choose a's values that lie at least as far off. Rank sums are multiples of one half. */
static double exact_p(const double *ranks, size_t n, size_t a_count, double expected) {
  gsl_combination *choice = gsl_combination_calloc(n, a_count);
  if (!choice) fault_out_of_memory("the ranks of repetitions");
  double seen = distance(ranks, gsl_combination_data(choice), a_count, expected), all = 0, as_far = 0;
  do {
    all++;
    if (distance(ranks, gsl_combination_data(choice), a_count, expected) >= seen - 0.25) as_far++;
  } while (gsl_combination_next(choice) == GSL_SUCCESS);
  gsl_combination_free(choice);
  return as_far / all;
}

static double normal_p(double off, double a_count, double b_count, double tie_term) {
  double n = a_count + b_count, variance = a_count * b_count / 12 * (n + 1 - tie_term / (n * (n - 1)));
  if (!(variance > 0)) return 1;
  return fmin(1, 2 * gsl_cdf_ugaussian_Q(fmax(0, off - 0.5) / sqrt(variance)));
}

static double choices(unsigned a_count, unsigned b_count) {
  return round(exp(gsl_sf_lnchoose(a_count + b_count, a_count)));
}

double statistics_rank_p(const double *a, unsigned a_count, const double *b, unsigned b_count) {
  struct ranks ranks = rank(a, a_count, b, b_count);
  size_t n = (size_t)a_count + b_count;
  double expected = a_count * (double)(n + 1) / 2, sum = 0, p;
  for (unsigned i = 0; i < a_count; i++) sum += ranks.of[i];
  if (choices(a_count, b_count) <= STATISTICS_EXACT_MAX) p = exact_p(ranks.of, n, a_count, expected);
  else p = normal_p(fabs(sum - expected), a_count, b_count, ranks.tie_term);
  free(ranks.of);
  return p;
}

double statistics_rank_p_least(unsigned a_count, unsigned b_count) {
  double ways = choices(a_count, b_count);
  if (ways <= STATISTICS_EXACT_MAX) return fmin(1, 2 / ways);
  return normal_p((double)a_count * b_count / 2, a_count, b_count, 0);
}

/* ---- shift ---- */

static double median_of_pairs(const double *a, unsigned a_count, const double *b, unsigned b_count, bool ratio) {
  size_t count = (size_t)a_count * b_count, k = 0;
  double *pairs = array_of(count, sizeof *pairs);
  for (unsigned i = 0; i < a_count; i++) {
    for (unsigned j = 0; j < b_count; j++) pairs[k++] = ratio ? log(b[j] / a[i]) : b[j] - a[i];
  }
  double median = gsl_stats_median(pairs, 1, count);
  free(pairs);
  return median;
}

double statistics_shift(const double *a, unsigned a_count, const double *b, unsigned b_count) {
  return median_of_pairs(a, a_count, b, b_count, false);
}

bool statistics_shift_ratio(const double *a, unsigned a_count, const double *b, unsigned b_count, double *ratio) {
  for (unsigned i = 0; i < a_count; i++) {
    if (!(a[i] > 0)) return false;
  }
  for (unsigned j = 0; j < b_count; j++) {
    if (!(b[j] > 0)) return false;
  }
  *ratio = exp(median_of_pairs(a, a_count, b, b_count, true));
  return true;
}

/* ---- families ---- */

void statistics_holm(double *p, unsigned count) {
  if (count == 0) return;
  size_t *order = array_of(count, sizeof *order);
  gsl_sort_index(order, p, 1, count);
  double least = 0;
  for (unsigned i = 0; i < count; i++) {
    least = fmin(1, fmax(least, p[order[i]] * (count - i)));
    p[order[i]] = least;
  }
  free(order);
}
