/* SPDX-License-Identifier: MIT
 *
 * compare.h - two results side by side, figure by figure. It shows and does not judge: whether a difference is a
 * regression is not decided here. */
#ifndef PHASEBENCH_COMPARE_H
#define PHASEBENCH_COMPARE_H

#include <stdio.h>

#include "result/metrics.h"

#define COMPARE_SCHEMA "phasebench-compare-1"
#define COMPARE_SIDES 2 /* A, B */

enum compare_intervals { COMPARE_UNKNOWN, COMPARE_OVERLAP, COMPARE_APART };

struct compare_row {
  const char *combination;
  char metric[METRIC_NAME_BYTES];
  const char *checkpoint, *unit; /* checkpoint NULL: of the whole cell */
  struct summary side[COMPARE_SIDES];
};

/* A member of "corpus", "environment", "phasebench" or "settings" that is not the same in both. */
struct compare_difference {
  char *path, *text[COMPARE_SIDES]; /* text NULL: it is not there */
};

struct comparison {
  const struct result *result[COMPARE_SIDES];
  const char *profile;
  bool unlike; /* the corpora differ: figures a line only */
  struct compare_difference *differences;
  unsigned difference_count;
  struct compare_row *rows; /* combination by combination, in A's order, then what only B has */
  unsigned row_count;
};

/* Corpora with different contents are a fault (EXIT_CODE_USAGE) unless unlike_is_fine; so is a profile that one
 * has not (EXIT_CODE_INPUT). */
bool compare_open(const struct result *a, const struct result *b, const char *profile, bool unlike_is_fine,
                  struct comparison *comparison, struct fault *fault);
void compare_close(struct comparison *comparison);

/* Of a row. Missing says why. */
struct figure compare_difference_of(const struct compare_row *row); /* B - A */
struct figure compare_ratio_of(const struct compare_row *row);      /* B / A */
struct figure compare_noise_of(const struct summary *summary);      /* 100 * (max - min) / median */
enum compare_intervals compare_intervals_of(const struct compare_row *row);
const char *compare_intervals_text(enum compare_intervals intervals);

/* The figures that stand in tables; all of them are in the JSON and CSV. */
bool compare_is_headline(const struct compare_row *row);
/* Whether two rows are of one figure, and whether none before this one is of its figure. */
bool compare_same_metric(const struct compare_row *a, const struct compare_row *b);
bool compare_is_first(const struct comparison *comparison, unsigned row);
/* "lines_per_mib at purged, lines/MiB" */
void compare_metric_text(const struct compare_row *row, char *text, size_t text_bytes);
/* Digits that fit the unit. */
void compare_number(const struct compare_row *row, double value, char *text, size_t text_bytes);

void compare_write_text(const struct comparison *comparison, bool all, FILE *out);
void compare_write_csv(const struct comparison *comparison, FILE *out);
/* The caller deletes it. */
struct cJSON *compare_json(const struct comparison *comparison);
bool compare_write_page(const struct comparison *comparison, FILE *out, struct fault *fault);

#endif
