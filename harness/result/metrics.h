/* SPDX-License-Identifier: MIT
 *
 * metrics.h - every figure of a result by name: measured ones as they are in the
 * file, and those derived from them. `metrics`, `claims` and `report` take their
 * figures from here and from nowhere else, so that one name means one thing.
 *
 * A metric of a group (combination and profile) is the median over its repetitions.
 * Derived, at each checkpoint:
 *   rss_above_start_bytes    RSS there - RSS at `start` of the same process
 *   lines_per_mib            corpus lines / (rss_above_start / MiB)
 *   lines_per_mib_with_disk  the same with disk_bytes added to the memory
 *   bytes_per_line           rss_above_start / corpus lines
 *   reduction_pct            100 * (1 - median rss_above_start / the baseline's, at the
 *                            same checkpoint and profile); its spread is that of the
 *                            pairs with equal repetition
 *   disk_bytes_per_line      disk_bytes / corpus lines
 *   anonymous_above_start_bytes  the same as rss_above_start_bytes for anonymous memory: without pages of files
 *   held_allocated_bytes, held_active_bytes  sums over the heaps of stages and of tree-sitter: what was asked
 *                            for, and the pages that it takes
 * and of the whole cell:
 *   tree_bytes_per_line, source_bytes_per_line, tree_bits_per_node
 *   edit_*_bytes_per_inserted_line  what the edits of `edited` cost over the lines they put in:
 *                            edit_tree_, edit_source_: the stages' journals grew by;
 *                            edit_heap_tree_, edit_heap_source_: the heaps grew by (all in)
 *   rss_noise_pct            A/A noise: 100 * (max - min) / median over the repetitions, of RSS above `start` at
 *                            `purged`; anonymous_noise_pct the same of anonymous memory; parse_, store_,
 *                            walk_, wall_noise_pct of times
 *   parse_mib_per_s          corpus bytes over the time of parsing
 *   ingest_speed_pct         100 * parse time / (parse + store time)
 *   walk_nodes_per_s         nodes walked over the time of the batch walk
 *
 * Of documents that were not in use (cell/cold_open.c), cold_open.KIND.p50_ns and so on, where KIND is
 *   tree_cached, tree_uncached      evict, then open a cursor, walk all nodes, close it; the page cache warm,
 *                             or emptied of the store's files and the document's own
 *   source_cached, source_uncached  evict, then pin the source, read a byte of each page, unpin it
 *   parse                     parse the same text, which is in memory, anew
 * and over the documents of the sample, parsing over opening cold the tree of each one:
 *   cold_open.parse_over_tree_cached.p50, .min, .slower_pct (share of documents that parsing was quicker
 *   for), and likewise cold_open.parse_over_tree_uncached
 *
 * Of two combinations (metrics_find_against; metrics_pair.c), the median over the pairs of equal repetition:
 *   marginal_reduction_pct   100 * (1 - rss_above_start_bytes / the other's)
 *   lines_per_mib_factor     lines_per_mib / the other's
 *   added.NAME               NAME - the other's NAME, such as added.latency.frozen.p50_ns
 *
 * An instrument's group has no figures of what is kept, measured or derived: it keeps nothing. It
 * has the memory, time and edits of the harness around it. */
#ifndef PHASEBENCH_METRICS_H
#define PHASEBENCH_METRICS_H

#include "result.h"
#include "stats/summary.h"

#define METRIC_NAME_BYTES 128
#define METRICS_BASELINE "baseline"

struct metric {
  char name[METRIC_NAME_BYTES];
  const char *unit;       /* "1" for what has none */
  const char *checkpoint; /* NULL: it belongs to no checkpoint */
  struct summary summary;
  const double *values; /* summary.n of them, one a repetition; NULL: it is made of all of them together */
};

/* All metrics of a group, evaluated once, when the first of them is asked for. */
struct metrics {
  struct metric *list; /* always in the same order; NULL: not evaluated, or there are none */
  unsigned count, room;
  const struct metric **sorted; /* by name and checkpoint */
};

/* Nothing for a group that is not ok. Valid until the result is closed. */
const struct metrics *metrics_of(const struct result *result, const struct result_group *group);
/* NULL: there is no such metric. checkpoint NULL: of the whole cell. */
const struct metric *metrics_get(const struct metrics *metrics, const char *name, const char *checkpoint);

/* For those who change a result's figures (tests): the metrics are evaluated anew. Of a group, and of the
 * groups that it is the baseline of, all have to be forgotten. */
void metrics_forget(struct metrics *metrics);
void metrics_free(struct metrics *metrics); /* NULL is fine */

typedef void metric_fn(void *sink, const struct metric *metric);

/* Calls emit(sink, metric) for all of metrics_of, in order. */
void metrics_emit(const struct result *result, const struct result_group *group, metric_fn *emit, void *sink);

/* One metric by name; missing with a reason when the group is NULL or not ok, or has
 * no such metric. checkpoint NULL: of the whole cell. *unit (unit may be NULL) is the
 * metric's, or NULL when there is no such metric. */
struct summary metrics_find(const struct result *result, const struct result_group *group, const char *name,
                            const char *checkpoint, const char **unit);

/* Which way a metric gets better. EQUAL: the corpus alone decides it. UNKNOWN: nobody but the reader knows. */
enum metric_direction { METRIC_UNKNOWN, METRIC_SMALLER, METRIC_LARGER, METRIC_EQUAL };
enum metric_direction metrics_direction(const char *name);
/* The metric of one repetition, as it went into the summary; missing where metrics_find is, too, and where a metric is
 * made of all repetitions together. */
struct figure metrics_of_repetition(const struct result *result, const struct result_group *group, const char *name,
                                    const char *checkpoint, unsigned repetition);

/* Whether a name is one of those of two combinations, and such a figure; otherwise as metrics_find. */
bool metrics_is_of_pair(const char *name);
struct summary metrics_find_against(const struct result *result, const struct result_group *group,
                                    const struct result_group *against, const char *name, const char *checkpoint,
                                    const char **unit);

#endif
