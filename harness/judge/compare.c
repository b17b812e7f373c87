/* SPDX-License-Identifier: MIT
 *
 * compare.c - what two results have in common, and what not. */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/number.h"
#include "render/table.h"

/* ---- conditions ---- */

static bool add_difference(struct comparison *comparison, const char *path, const char *a, const char *b) {
  struct compare_difference *difference = &comparison->differences[comparison->difference_count];
  *difference = (struct compare_difference){strdup(path), {a ? strdup(a) : NULL, b ? strdup(b) : NULL}};
  comparison->difference_count++; /* compare_close frees what is there */
  return difference->path && !difference->text[0] == !a && !difference->text[1] == !b;
}

/* What A has and B has otherwise or not at all, then what only B has. */
static bool find_differences(struct comparison *comparison) {
  const struct result *a = comparison->result[0], *b = comparison->result[1];
  comparison->differences = calloc(a->fact_count + b->fact_count + 1, sizeof *comparison->differences);
  bool ok = comparison->differences != NULL;
  for (unsigned i = 0; ok && i < a->fact_count; i++) {
    const char *path = a->facts[i].path, *text = a->facts[i].text, *other = result_fact(b, path);
    if (!other || strcmp(other, text) != 0) ok = add_difference(comparison, path, text, other);
  }
  for (unsigned i = 0; ok && i < b->fact_count; i++) {
    const char *path = b->facts[i].path;
    if (!result_fact(a, path)) ok = add_difference(comparison, path, NULL, b->facts[i].text);
  }
  return ok;
}

/* ---- figures ---- */

struct filler {
  struct comparison *comparison;
  unsigned first, room; /* of this combination's rows */
  unsigned side;
  const char *combination;
  const char *missing[COMPARE_SIDES]; /* why a side has no figures of it */
  bool failed;
};

/* What means the same for any corpus. */
static bool is_per_line(const char *unit) {
  return strcmp(unit, "lines/MiB") == 0 || strcmp(unit, "bytes/line") == 0 || strcmp(unit, "bits/node") == 0;
}

static struct compare_row *row_of(struct filler *filler, const struct metric *metric) {
  struct comparison *comparison = filler->comparison;
  for (unsigned r = filler->first; filler->side > 0 && r < comparison->row_count; r++) {
    struct compare_row *row = &comparison->rows[r];
    if (strcmp(row->metric, metric->name) != 0 || !row->checkpoint != !metric->checkpoint) continue;
    if (!row->checkpoint || strcmp(row->checkpoint, metric->checkpoint) == 0) return row;
  }
  if (comparison->row_count == filler->room) {
    unsigned room = filler->room ? 2 * filler->room : 1024;
    struct compare_row *more = realloc(comparison->rows, room * sizeof *more);
    if (!more) return NULL;
    comparison->rows = more;
    filler->room = room;
  }
  struct compare_row *row = &comparison->rows[comparison->row_count++];
  *row = (struct compare_row){.combination = filler->combination, .checkpoint = metric->checkpoint};
  memcpy(row->metric, metric->name, sizeof row->metric);
  for (unsigned s = 0; s < COMPARE_SIDES; s++) row->side[s] = summary_missing(filler->missing[s]);
  return row;
}

static void take(void *sink, const struct metric *metric) {
  struct filler *filler = sink;
  if (filler->comparison->unlike && !is_per_line(metric->unit)) return;
  struct compare_row *row = row_of(filler, metric);
  if (!row) {
    filler->failed = true;
    return;
  }
  row->side[filler->side] = metric->summary;
  row->unit = metric->unit;
}

static void take_combination(struct filler *filler, const char *combination) {
  const struct comparison *comparison = filler->comparison;
  const struct result_group *groups[COMPARE_SIDES];
  filler->combination = combination;
  filler->first = comparison->row_count;
  for (unsigned s = 0; s < COMPARE_SIDES; s++) {
    groups[s] = result_group(comparison->result[s], combination, comparison->profile);
    filler->missing[s] = !groups[s]       ? "the combination is not in this result"
                         : !groups[s]->ok ? groups[s]->reason
                                          : "this result has no such figure";
  }
  for (filler->side = 0; filler->side < COMPARE_SIDES; filler->side++) {
    if (groups[filler->side]) metrics_emit(comparison->result[filler->side], groups[filler->side], take, filler);
  }
}

static bool find_rows(struct comparison *comparison) {
  struct filler filler = {.comparison = comparison};
  for (unsigned s = 0; s < COMPARE_SIDES; s++) {
    const struct result *result = comparison->result[s];
    for (unsigned g = 0; g < result->group_count; g++) {
      const struct result_group *group = &result->groups[g];
      if (strcmp(group->profile, comparison->profile) != 0 || group->instrument) continue;
      if (s > 0 && result_group(comparison->result[0], group->combination, comparison->profile)) continue;
      take_combination(&filler, group->combination);
    }
  }
  return !filler.failed;
}

bool compare_open(const struct result *a, const struct result *b, const char *profile, bool unlike_is_fine,
                  struct comparison *comparison, struct fault *fault) {
  *comparison = (struct comparison){.result = {a, b}, .profile = result_profile(a, profile, fault)};
  if (!comparison->profile || !result_profile(b, comparison->profile, fault)) return false;
  comparison->unlike = strcmp(a->content_hash, b->content_hash) != 0;
  if (comparison->unlike && !unlike_is_fine) {
    return fault_set(fault, EXIT_CODE_USAGE,
                     "the corpora are not the same: %s (%s, contents %s) and %s (%s, contents %s); --unlike compares "
                     "figures a "
                     "line all the same",
                     a->path, a->corpus, a->content_hash, b->path, b->corpus, b->content_hash);
  }
  if (find_differences(comparison) && find_rows(comparison)) return true;
  compare_close(comparison);
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the comparison");
}

void compare_close(struct comparison *comparison) {
  for (unsigned i = 0; i < comparison->difference_count; i++) {
    free(comparison->differences[i].path);
    for (unsigned s = 0; s < COMPARE_SIDES; s++) free(comparison->differences[i].text[s]);
  }
  free(comparison->differences);
  free(comparison->rows);
  *comparison = (struct comparison){0};
}

/* ---- of a row ---- */

static const char *reason_of(const struct compare_row *row) {
  return row->side[0].missing ? row->side[0].missing : row->side[1].missing;
}

struct figure compare_difference_of(const struct compare_row *row) {
  if (reason_of(row)) return (struct figure){.missing = reason_of(row)};
  return (struct figure){.value = row->side[1].median - row->side[0].median};
}

struct figure compare_ratio_of(const struct compare_row *row) {
  if (reason_of(row)) return (struct figure){.missing = reason_of(row)};
  if (row->side[0].median == 0) return (struct figure){.missing = "A is 0"};
  return (struct figure){.value = row->side[1].median / row->side[0].median};
}

struct figure compare_noise_of(const struct summary *summary) {
  struct summary range = summary_range_pct(summary);
  return (struct figure){.value = range.median, .missing = range.missing};
}

enum compare_intervals compare_intervals_of(const struct compare_row *row) {
  const struct summary *a = &row->side[0], *b = &row->side[1];
  if (reason_of(row) || !(a->ci_level > 0) || !(b->ci_level > 0)) return COMPARE_UNKNOWN;
  return a->ci_low <= b->ci_high && b->ci_low <= a->ci_high ? COMPARE_OVERLAP : COMPARE_APART;
}

const char *compare_intervals_text(enum compare_intervals intervals) {
  return intervals == COMPARE_OVERLAP ? "overlap" : intervals == COMPARE_APART ? "apart" : "not known";
}

bool compare_is_headline(const struct compare_row *row) {
  static const struct {
    const char *metric, *checkpoint;
  } headlines[] = {{"lines_per_mib", "purged"},
                   {"lines_per_mib", "served"},
                   {"rss_above_start_bytes", "purged"},
                   {"bytes_per_line", "purged"},
                   {"tree_bits_per_node", NULL},
                   {"disk_bytes_per_line", "purged"},
                   {"parse_mib_per_s", NULL},
                   {"ingest_speed_pct", NULL},
                   {"walk_nodes_per_s", NULL},
                   {"latency.hot.p50_ns", NULL},
                   {"latency.hot.p99_ns", NULL},
                   {"latency.frozen.p50_ns", NULL},
                   {"latency.frozen.p99_ns", NULL},
                   {"cold_open.tree_cached.p50_ns", NULL},
                   {"cold_open.tree_uncached.p50_ns", NULL}};
  for (size_t i = 0; i < COUNT(headlines); i++) {
    if (strcmp(headlines[i].metric, row->metric) != 0 || !headlines[i].checkpoint != !row->checkpoint) continue;
    if (!row->checkpoint || strcmp(headlines[i].checkpoint, row->checkpoint) == 0) return true;
  }
  return false;
}

bool compare_same_metric(const struct compare_row *a, const struct compare_row *b) {
  return strcmp(a->metric, b->metric) == 0 && !a->checkpoint == !b->checkpoint &&
         (!a->checkpoint || strcmp(a->checkpoint, b->checkpoint) == 0);
}

bool compare_is_first(const struct comparison *comparison, unsigned row) {
  for (unsigned before = 0; before < row; before++) {
    if (compare_same_metric(&comparison->rows[before], &comparison->rows[row])) return false;
  }
  return true;
}

void compare_metric_text(const struct compare_row *row, char *text, size_t text_bytes) {
  snprintf(text, text_bytes, "%s%s%s, %s", row->metric, row->checkpoint ? " at " : "",
           row->checkpoint ? row->checkpoint : "", row->unit);
}

void compare_number(const struct compare_row *row, double value, char *text, size_t text_bytes) {
  double size = 0;
  for (unsigned s = 0; s < COMPARE_SIDES; s++) {
    if (!row->side[s].missing) size = fmax(size, fabs(row->side[s].median));
  }
  number_readable(value, size >= 1000 ? 0 : size >= 10 ? 2 : 3, text, (unsigned)text_bytes);
}
