/* SPDX-License-Identifier: MIT
 *
 * metrics_figures.h - what metrics.c evaluates: figures that stand in a result's tables, and rows of those that are made
 * of them. */
#ifndef PHASEBENCH_METRICS_FIGURES_H
#define PHASEBENCH_METRICS_FIGURES_H

#include "result.h"

enum metric_table {
  METRIC_OF_CHECKPOINT,
  METRIC_OF_PROBE,
  METRIC_OF_JEMALLOC,
  METRIC_OF_MAPPING,
  METRIC_OF_HEAP,
  METRIC_OF_TREES,
  METRIC_OF_EDITS,
  METRIC_OF_TIMINGS,
  METRIC_OF_LATENCY,
  METRIC_OF_ACCESSES,
  METRIC_OF_COLD_OPEN,
  METRIC_OF_RATIO,
  METRIC_OF_STATS,
};

/* Where a figure is taken from. Each kind of figure looks at those selectors only that it needs. */
struct source {
  const struct result *result;
  const struct result_cell *cell;
  const struct result_cell *baseline; /* the same repetition; NULL: none */
  enum checkpoint_name checkpoint;
  /* of metric_table_figure */
  enum metric_table table;
  unsigned figure; /* the line of the table */
  enum probe_owner owner;
  enum access_class access_class;
  enum cold_open cold_open;
  enum cold_open_ratio ratio;
  const char *name, *stage; /* a heap's owner; a counter and its stage */
};
typedef struct figure figure_fn(const struct source *source);

/* A figure as it stands in the result. */
figure_fn metric_table_figure;

/* A figure that is made of others, or stands alone. */
struct metric_row {
  const char *name, *unit;
  figure_fn *figure;
  bool derived; /* not for instruments */
};
extern const struct metric_row metric_checkpoint_rows[], metric_cell_rows[], metric_cold_open_rows[];
extern const unsigned metric_checkpoint_row_count, metric_cell_row_count, metric_cold_open_row_count;

/* Of the rows: those that metrics.c speaks of by name. */
figure_fn metric_above_start, metric_anonymous_above_start, metric_reduction_pct, metric_wall_ns;

#endif
