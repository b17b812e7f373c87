/* SPDX-License-Identifier: MIT
 *
 * metrics.c - evaluates all metrics of a group once, into a list in the order of their kinds and an index sorted by
 * name, in which they are looked up. The median over repetitions is the same for all of them. */
#include "metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics_figures.h"

#include "base/count.h"

/* ---- medians ---- */

struct walk {
  const struct result *result;
  const struct result_group *group;
  const struct result_group *baseline; /* NULL: none that is ok */
  struct metrics *into;
};

/* As where JSON is built: a figure less would look like one that was never measured. */
static void *checked(void *p) {
  if (p) return p;
  fputs("phasebench: out of memory while evaluating metrics\n", stderr);
  exit(EXIT_CODE_SYSTEM);
}

static struct summary over_cells(const struct walk *walk, const struct source *pattern, figure_fn *figure,
                                 double *values) {
  for (unsigned i = 0; i < walk->group->cell_count; i++) {
    struct source source = *pattern;
    source.result = walk->result;
    source.cell = walk->group->cells[i];
    source.baseline = walk->baseline ? walk->baseline->cells[i] : NULL;
    struct figure value = figure(&source);
    if (value.missing) return summary_missing(value.missing);
    values[i] = value.value;
  }
  return summary_of(values, walk->group->cell_count);
}

/* The figure is that of the medians; the pairs only tell the spread. */
static void reduction_of_medians(const struct walk *walk, const struct source *pattern, struct summary *summary) {
  if (summary->missing) return;
  struct walk of_baseline = *walk;
  of_baseline.group = walk->baseline;
  double values[SUMMARY_VALUES_MAX];
  struct summary mine = over_cells(walk, pattern, metric_above_start, values);
  struct summary theirs = over_cells(&of_baseline, pattern, metric_above_start, values);
  summary->median = 100 - 100 * mine.median / theirs.median;
  summary->min = fmin(summary->min, summary->median);
  summary->max = fmax(summary->max, summary->median);
}

/* ---- the list ---- */

static struct metric *new_metric(const struct walk *walk, const char *unit, const char *checkpoint) {
  struct metrics *into = walk->into;
  if (into->count == into->room) {
    into->room = into->room ? 2 * into->room : 1024;
    into->list = checked(realloc(into->list, into->room * sizeof *into->list));
  }
  struct metric *metric = &into->list[into->count++];
  *metric = (struct metric){.unit = unit, .checkpoint = checkpoint};
  return metric;
}

enum scope { AT_CHECKPOINT, OF_CELL };

/* The name is set by the caller. */
static struct metric *add(const struct walk *walk, const char *unit, enum scope scope, const struct source *pattern,
                          figure_fn *figure) {
  const char *at = scope == AT_CHECKPOINT ? checkpoint_text(pattern->checkpoint) : NULL;
  struct metric *metric = new_metric(walk, unit, at);
  double *values = checked(calloc(walk->group->cell_count, sizeof *values));
  metric->values = values;
  metric->summary = over_cells(walk, pattern, figure, values);
  if (figure == metric_reduction_pct) reduction_of_medians(walk, pattern, &metric->summary);
  return metric;
}

static void add_rows(const struct walk *walk, enum scope scope, const struct source *pattern,
                     const struct metric_row *rows, unsigned count) {
  for (unsigned r = 0; r < count; r++) {
    if (walk->group->instrument && rows[r].derived) continue;
    struct metric *metric = add(walk, rows[r].unit, scope, pattern, rows[r].figure);
    snprintf(metric->name, sizeof metric->name, "%s", rows[r].name);
  }
}

/* Whether the files of this version have an optional figure. */
static bool is_written(const struct walk *walk, const struct source *source, const struct figure_row *row) {
  if (!(row->flags & FIGURE_OPTIONAL)) return true;
  struct source first = *source;
  first.cell = walk->group->cells[0];
  return metric_table_figure(&first).missing != result_not_written;
}

/* All figures of one of the result's tables, each named `prefix` and its key. */
static void add_table(const struct walk *walk, enum scope scope, struct source source, const char *prefix,
                      const struct figure_row *rows, unsigned count) {
  for (source.figure = 0; source.figure < count; source.figure++) {
    const struct figure_row *row = &rows[source.figure];
    if (!is_written(walk, &source, row)) continue;
    struct metric *metric = add(walk, row->unit, scope, &source, metric_table_figure);
    snprintf(metric->name, sizeof metric->name, "%.100s%s", prefix, row->key);
  }
}

/* ---- at a checkpoint ---- */

static void add_mappings(const struct walk *walk, struct source source) {
  source.table = METRIC_OF_MAPPING;
  for (unsigned owner = 0; owner < PROBE_OWNER_COUNT; owner++) {
    source.owner = (enum probe_owner)owner;
    struct metric *metric = add(walk, "bytes", AT_CHECKPOINT, &source, metric_table_figure);
    snprintf(metric->name, sizeof metric->name, "mapping.%s.rss_bytes", probe_owner_name(source.owner));
  }
}

static void add_heaps(const struct walk *walk, struct source source) {
  const struct result_checkpoint *first = &walk->group->cells[0]->checkpoints[source.checkpoint];
  char prefix[METRIC_NAME_BYTES];
  source.table = METRIC_OF_HEAP;
  for (unsigned h = 0; h < first->heap_count; h++) {
    source.name = first->heaps[h].owner;
    snprintf(prefix, sizeof prefix, "heap.%.80s.", source.name);
    add_table(walk, AT_CHECKPOINT, source, prefix, heap_figures, HEAP_FIGURE_COUNT);
  }
}

static void add_checkpoint(const struct walk *walk, enum checkpoint_name name) {
  struct source source = {.checkpoint = name};
  add_rows(walk, AT_CHECKPOINT, &source, metric_checkpoint_rows, metric_checkpoint_row_count);
  source.table = METRIC_OF_CHECKPOINT;
  add_table(walk, AT_CHECKPOINT, source, "", checkpoint_figures, CHECKPOINT_FIGURE_COUNT);
  source.table = METRIC_OF_PROBE;
  add_table(walk, AT_CHECKPOINT, source, "", probe_figures, PROBE_FIGURE_COUNT);
  source.table = METRIC_OF_JEMALLOC;
  add_table(walk, AT_CHECKPOINT, source, "", jemalloc_figures, JEMALLOC_FIGURE_COUNT);
  add_mappings(walk, source);
  add_heaps(walk, source);
}

/* ---- of the whole cell ---- */

static void add_latency(const struct walk *walk, enum access_class access_class) {
  struct source source = {.table = METRIC_OF_ACCESSES, .access_class = access_class};
  char prefix[METRIC_NAME_BYTES];
  struct metric *accesses = add(walk, "accesses", OF_CELL, &source, metric_table_figure);
  snprintf(accesses->name, sizeof accesses->name, "latency.%s.accesses", access_class_name(access_class));
  snprintf(prefix, sizeof prefix, "latency.%s.", access_class_name(access_class));
  source.table = METRIC_OF_LATENCY;
  add_table(walk, OF_CELL, source, prefix, latency_figures, LATENCY_FIGURE_COUNT);
}

static void add_cold_open(const struct walk *walk) {
  struct source source = {.table = METRIC_OF_COLD_OPEN};
  char prefix[METRIC_NAME_BYTES];
  add_rows(walk, OF_CELL, &source, metric_cold_open_rows, metric_cold_open_row_count);
  for (unsigned what = 0; what < COLD_OPEN_COUNT; what++) {
    source.cold_open = (enum cold_open)what;
    snprintf(prefix, sizeof prefix, "cold_open.%s.", cold_open_name(source.cold_open));
    add_table(walk, OF_CELL, source, prefix, latency_figures, LATENCY_FIGURE_COUNT);
  }
  source.table = METRIC_OF_RATIO;
  for (unsigned ratio = 0; ratio < COLD_OPEN_RATIO_COUNT; ratio++) {
    source.ratio = (enum cold_open_ratio)ratio;
    snprintf(prefix, sizeof prefix, "cold_open.%s.", cold_open_ratios[ratio].text);
    add_table(walk, OF_CELL, source, prefix, ratio_figures, RATIO_FIGURE_COUNT);
  }
}

/* A/A: the repetitions of a group are the same measured again, interleaved with all others, so how far they
 * lie apart is what a difference between two groups must exceed. It costs no cell more. What it does not
 * show is how two runs differ (other page cache, other speed of the machine). */
static void add_noise(const struct walk *walk) {
  static const struct noise {
    const char *name;
    figure_fn *figure;
    struct source source;
    bool derived;
  } rows[] = {
      /* As in lines/MiB: over all of RSS, what was there before `start` would hide some of it. */
      {"rss_noise_pct", metric_above_start, {.checkpoint = CHECKPOINT_PURGED}, false},
      {"anonymous_noise_pct", metric_anonymous_above_start, {.checkpoint = CHECKPOINT_PURGED}, false},
      {"parse_noise_pct", metric_table_figure, {.table = METRIC_OF_TIMINGS, .figure = TIMING_PARSE}, false},
      {"store_noise_pct", metric_table_figure, {.table = METRIC_OF_TIMINGS, .figure = TIMING_STORE}, false},
      {"walk_noise_pct", metric_table_figure, {.table = METRIC_OF_TIMINGS, .figure = TIMING_WALK}, true},
      {"wall_noise_pct", metric_wall_ns, {0}, false},
  };
  double values[SUMMARY_VALUES_MAX];
  for (size_t r = 0; r < COUNT(rows); r++) {
    if (walk->group->instrument && rows[r].derived) continue;
    struct summary summary = over_cells(walk, &rows[r].source, rows[r].figure, values);
    struct metric *metric = new_metric(walk, "%", NULL);
    metric->summary = summary_range_pct(&summary);
    snprintf(metric->name, sizeof metric->name, "%s", rows[r].name);
  }
}

static void add_stats(const struct walk *walk) {
  const struct result_cell *first = walk->group->cells[0];
  struct source source = {.table = METRIC_OF_STATS};
  for (unsigned i = 0; i < first->stat_count; i++) {
    const struct result_stat *stat = &first->stats[i];
    source.stage = stat->stage;
    source.name = stat->name;
    struct metric *metric = add(walk, stat->unit[0] ? stat->unit : "1", OF_CELL, &source, metric_table_figure);
    snprintf(metric->name, sizeof metric->name, "stage.%.40s.%.70s", stat->stage, stat->name);
  }
}

static void add_cell(const struct walk *walk) {
  struct source source = {0};
  add_rows(walk, OF_CELL, &source, metric_cell_rows, metric_cell_row_count);
  source.table = METRIC_OF_TREES;
  if (!walk->group->instrument) add_table(walk, OF_CELL, source, "", tree_figures, TREE_FIGURE_COUNT);
  add_noise(walk);
  source.table = METRIC_OF_EDITS;
  add_table(walk, OF_CELL, source, "edit_", edit_figures, EDIT_FIGURE_COUNT);
  source.table = METRIC_OF_TIMINGS;
  add_table(walk, OF_CELL, source, "", timing_figures, TIMING_FIGURE_COUNT);
  for (unsigned c = 0; c < ACCESS_CLASS_COUNT; c++) add_latency(walk, (enum access_class)c);
  if (!walk->group->instrument) add_cold_open(walk);
  add_stats(walk);
}

/* ---- once ---- */

/* By name, then checkpoint; what belongs to none first. */
static int compare_names(const struct metric *metric, const char *name, const char *checkpoint) {
  int order = strcmp(metric->name, name);
  if (order || !metric->checkpoint || !checkpoint) return order ? order : !checkpoint - !metric->checkpoint;
  return strcmp(metric->checkpoint, checkpoint);
}

static int compare_metrics(const void *a, const void *b) {
  const struct metric *x = *(const struct metric *const *)a, *y = *(const struct metric *const *)b;
  int order = compare_names(x, y->name, y->checkpoint);
  return order ? order : (x > y) - (x < y); /* both in one list */
}

static void evaluate(const struct result *result, const struct result_group *group, struct metrics *into) {
  const struct result_group *baseline = result_group(result, METRICS_BASELINE, group->profile);
  struct walk walk = {result, group, baseline && baseline->ok ? baseline : NULL, into};
  for (unsigned name = 0; name < CHECKPOINT_COUNT; name++) add_checkpoint(&walk, (enum checkpoint_name)name);
  add_cell(&walk);
  into->sorted = checked(calloc(into->count, sizeof *into->sorted));
  for (unsigned i = 0; i < into->count; i++) into->sorted[i] = &into->list[i];
  qsort(into->sorted, into->count, sizeof *into->sorted, compare_metrics);
}

const struct metrics *metrics_of(const struct result *result, const struct result_group *group) {
  bool has_any = group->ok && group->cell_count > 0 && group->cell_count <= SUMMARY_VALUES_MAX;
  if (has_any && !group->metrics->list) evaluate(result, group, group->metrics);
  return group->metrics;
}

void metrics_forget(struct metrics *metrics) {
  for (unsigned i = 0; i < metrics->count; i++) free((double *)metrics->list[i].values);
  free(metrics->list);
  free(metrics->sorted);
  *metrics = (struct metrics){0};
}

void metrics_free(struct metrics *metrics) {
  if (!metrics) return;
  metrics_forget(metrics);
  free(metrics);
}

/* ---- all, and one by name ---- */

void metrics_emit(const struct result *result, const struct result_group *group, metric_fn *emit, void *sink) {
  const struct metrics *metrics = metrics_of(result, group);
  for (unsigned i = 0; i < metrics->count; i++) emit(sink, &metrics->list[i]);
}

const struct metric *metrics_get(const struct metrics *metrics, const char *name, const char *checkpoint) {
  unsigned low = 0, high = metrics->count; /* the first that is past the name lies in low ... high */
  while (low < high) {
    unsigned middle = low + (high - low) / 2;
    if (compare_names(metrics->sorted[middle], name, checkpoint) <= 0) low = middle + 1;
    else high = middle;
  }
  bool found = low > 0 && compare_names(metrics->sorted[low - 1], name, checkpoint) == 0;
  return found ? metrics->sorted[low - 1] : NULL;
}

struct summary metrics_find(const struct result *result, const struct result_group *group, const char *name,
                            const char *checkpoint, const char **unit) {
  if (unit) *unit = NULL;
  if (!group) return summary_missing("the combination is not in this result");
  if (!group->ok) return summary_missing(group->reason);
  if (group->cell_count > SUMMARY_VALUES_MAX) return summary_missing("more repetitions than this program takes");
  const struct metric *metric = metrics_get(metrics_of(result, group), name, checkpoint);
  if (!metric) return summary_missing("this result has no metric of that name");
  if (unit) *unit = metric->unit;
  return metric->summary;
}

struct figure metrics_of_repetition(const struct result *result, const struct result_group *group, const char *name,
                                    const char *checkpoint, unsigned repetition) {
  struct summary found = metrics_find(result, group, name, checkpoint, NULL);
  if (found.missing) return (struct figure){.missing = found.missing};
  const struct metric *metric = metrics_get(metrics_of(result, group), name, checkpoint);
  if (!metric->values) return (struct figure){.missing = "it is made of all repetitions together"};
  return (struct figure){.value = metric->values[repetition]};
}
