/* SPDX-License-Identifier: MIT
 *
 * report.h - what a report is made of: tables taken from a result (data.c), and
 * pictures that gnuplot draws of them (plot.c). */
#ifndef PHASEBENCH_REPORT_H
#define PHASEBENCH_REPORT_H

#include "judge/attribution.h"
#include "judge/claims.h"
#include "render/table.h"

/* ---- tables of metrics: one row a combination, one column a metric (table.c) ---- */

enum report_part { REPORT_MEDIAN, REPORT_LEAST, REPORT_MOST }; /* of the repetitions */

struct report_column {
  const char *metric, *checkpoint; /* checkpoint NULL: of the whole cell */
  const char *group, *label, *unit;
  double scale;
  int decimals;
  enum report_part part;
};

struct report_wish {
  const char *title;
  const struct report_column *columns;
  unsigned column_count;
  bool with_range; /* each column is followed by two without a label, for pictures: its .min and .max */
};
bool report_table(const struct result *result, const char *profile, const struct report_wish *wish, struct table *table,
                  struct fault *fault);

/* The combinations under a profile, without instruments, in order; `groups` has room for all. Gives their number. */
unsigned report_groups(const struct result *result, const char *profile, const struct result_group **groups);
/* Name and, where it has no figures, why. */
void report_name_row(struct table_row *row, const struct result_group *group);

/* ---- tables; the caller frees each. The result must outlive them. ---- */

/* lines/MiB, RSS above start, reduction; one row a combination. */
bool report_memory(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Bytes a line by what they are, disk, bits a node. */
bool report_lines(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Memory, mapped files, disk and latency side by side. */
bool report_trade(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* What was proved, noise, unexplained rest. */
bool report_trust(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Speeds with their range, and the time that edits took. */
bool report_speed(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Latency of an access by class. */
bool report_latency(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* p50, p90, p99 and max of an access, class by class. */
bool report_quantiles(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Memory against time, for the picture of both: one row a combination that has both figures, by memory. Columns:
 * bytes a line at rest, ns a node of walking all trees, and whether no other is better in one and as good in the other. */
enum { REPORT_PLANE_X, REPORT_PLANE_Y, REPORT_PLANE_FRONTIER, REPORT_PLANE_COLUMNS };
bool report_plane(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Opening a document that is not in use, beside parsing it. */
bool report_cold_open(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Whether a combination stands in what can show a few only: lines and bars of pictures, columns of tables. All do
 * where there are at most REPORT_DRAWN_MAX; else the cumulative ones, or where there is no other than the
 * baseline, the first ones. */
#define REPORT_DRAWN_MAX 16u
bool report_is_drawn(const struct result *result, const char *profile, const char *combination);
/* RSS above start by owner at `purged`; columns add up to the last one. First heaps,
 * by size; then these: other heaps, allocator overhead (what is anonymous and neither
 * allocated nor unexplained), mapped files, grammars, program and libraries,
 * unexplained, total. */
#define REPORT_OWNERS_FIXED 7
bool report_owners(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* ---- which stage a saving is owed to (attribution.h); faults: also those of attribution_open ---- */
/* Bytes a line and log2 reduction by stage, at `purged` and at `served`; in the TSV also least and most of the Shapley
 * shares over the repetitions. */
bool report_attribution(const struct result *result, const char *profile, struct table *table, struct fault *fault);
bool report_attribution_served(const struct result *result, const char *profile, struct table *table,
                               struct fault *fault);
/* Pairs of stages, at `purged`. */
bool report_interactions(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Nanoseconds for each byte saved, by stage, at `served`. By Shapley shares, or by marginal ones where not all
 * subsets were measured; the title says by which. */
bool report_prices(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* The same tables of an attribution that is open. */
bool report_shares_of(const struct attribution *attribution, struct table *table, struct fault *fault);
bool report_interactions_of(const struct attribution *attribution, struct table *table, struct fault *fault);
bool report_prices_of(const struct attribution *attribution, struct table *table, struct fault *fault);
/* What a reader must know of the three; each ends with NULL. */
extern const char *const report_attribution_notes[];
extern const char *const report_interactions_notes[];
extern const char *const report_prices_notes[];

/* RSS above start; one row a checkpoint but `start`, one column a combination that is drawn. */
bool report_checkpoints(const struct result *result, const char *profile, struct table *table, struct fault *fault);
/* Marks for the picture of lines/MiB: one row a claim that speaks of this corpus;
 * columns: row in report_memory, lines per MiB. A claimed reduction becomes lines/MiB
 * by way of the baseline that was measured here. */
bool report_marks(const struct result *result, const char *profile, const struct claims *claims, struct table *table,
                  struct fault *fault);

/* ---- several results of one corpus ---- */

/* A sample of a corpus that stands before it among the results: it is drawn in the picture of sizes and
 * has no part of its own. */
bool report_is_size_only(const struct result *const *results, unsigned number);
/* How many have a part of their own. */
unsigned report_shown(const struct result *const *results, unsigned count);
/* The results, from `first` on, that are of the same corpus as it, or of samples of it, by lines: into
 * `members`, which has room for `count`. 0: there are not two of different size, or one before `first` is of it. */
unsigned report_sweep_members(const struct result *const *results, unsigned count, unsigned first,
                              const struct result **members);
/* One row a result; columns: lines, then RSS above start at `purged` of each combination. */
bool report_sweep(const struct result *const *members, unsigned count, const char *profile, struct table *table,
                  struct fault *fault);

/* ---- pictures ---- */

/* A picture: reports/SCRIPT.gp draws `data` (and `data2`) of folder `directory` into
 * `out`.svg and `out`.png there. Names hold letters, digits, '.', '_' and '-' only. */
struct report_picture {
  const char *script;
  const char *directory;
  const char *data, *data2; /* data2 NULL: none */
  const char *out;
  const char *title;
  const char *numbers; /* what the script needs to know of the data, separated by spaces */
  unsigned width_px, height_px;
};

/* Faults: EXIT_CODE_SYSTEM, with gnuplot's own words, when gnuplot is not installed,
 * ends badly, or leaves no picture. */
bool report_draw(const struct report_picture *picture, struct fault *fault);

#endif
