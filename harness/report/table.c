/* SPDX-License-Identifier: MIT
 *
 * table.c - tables of metrics for a page and its pictures: one row a combination, one column a
 * metric. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#include "base/count.h"

unsigned report_groups(const struct result *result, const char *profile, const struct result_group **groups) {
  unsigned count = 0;
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (strcmp(group->profile, profile) == 0 && !group->instrument) groups[count++] = group;
  }
  return count;
}

void report_name_row(struct table_row *row, const struct result_group *group) {
  snprintf(row->name, sizeof row->name, "%s", group->combination);
  if (!group->ok) snprintf(row->note, sizeof row->note, "FAILED: %s", group->reason);
}

/* Columns of the table for each that is wished for. */
static unsigned width(const struct report_wish *wish) { return wish->with_range ? 3 : 1; }

static void set_columns(const struct report_wish *wish, struct table *table) {
  static const char *const endings[] = {[REPORT_MEDIAN] = "", [REPORT_LEAST] = ".min", [REPORT_MOST] = ".max"};
  for (unsigned i = 0; i < wish->column_count; i++) {
    const struct report_column *column = &wish->columns[i];
    const char *at = column->checkpoint ? column->checkpoint : "cell";
    unsigned c = i * width(wish);
    table_column_set(table, c, column->label, column->scale, column->decimals, "%s@%s%s", column->metric, at,
                     endings[column->part]);
    snprintf(table->columns[c].group, sizeof table->columns[c].group, "%s", column->group);
    snprintf(table->columns[c].unit, sizeof table->columns[c].unit, "%s", column->unit);
    if (!wish->with_range) continue;
    table_column_set(table, c + 1, "", 1, 0, "%s@%s.min", column->metric, at);
    table_column_set(table, c + 2, "", 1, 0, "%s@%s.max", column->metric, at);
  }
}

static void set_cell(const struct report_wish *wish, unsigned column, const struct summary *found,
                     const struct table *table, unsigned row) {
  unsigned c = column * width(wish);
  enum report_part part = wish->columns[column].part;
  table_set(table, row, c, found);
  if (part != REPORT_MEDIAN) table_at(table, row, c)->ci_level = 0;
  if (part == REPORT_LEAST) table_at(table, row, c)->value = found->min;
  if (part == REPORT_MOST) table_at(table, row, c)->value = found->max;
  if (!wish->with_range) return;
  *table_at(table, row, c + 1) = (struct table_cell){.value = found->min, .missing = found->missing};
  *table_at(table, row, c + 2) = (struct table_cell){.value = found->max, .missing = found->missing};
}

bool report_table(const struct result *result, const char *profile, const struct report_wish *wish, struct table *table,
                  struct fault *fault) {
  const struct result_group **groups = calloc(result->group_count + 1, sizeof *groups);
  unsigned rows = groups ? report_groups(result, profile, groups) : 0;
  if (!groups || !table_new(table, rows, wish->column_count * width(wish))) {
    free(groups);
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while making the report", result->path);
  }
  snprintf(table->title, sizeof table->title, "%s", wish->title);
  snprintf(table->corner, sizeof table->corner, "combination");
  set_columns(wish, table);
  for (unsigned r = 0; r < rows; r++) {
    report_name_row(&table->rows[r], groups[r]);
    for (unsigned c = 0; c < wish->column_count; c++) {
      const struct report_column *column = &wish->columns[c];
      struct summary found = metrics_find(result, groups[r], column->metric, column->checkpoint, NULL);
      set_cell(wish, c, &found, table, r);
    }
  }
  free(groups);
  return true;
}

/* ---- latency ---- */

/* Of every class: what the picture of quantiles shows. */
#define COLUMN(class, key, text) \
  { "latency." class "." key, NULL, class ", \u00b5s", text, "", 1000, 1, REPORT_MEDIAN }
#define X(id, text, document_pct, access_pct)                                                  \
  COLUMN(text, "p50_ns", "p50"), COLUMN(text, "p90_ns", "p90"), COLUMN(text, "p99_ns", "p99"), \
      COLUMN(text, "max_ns", "max"),
static const struct report_column latency_columns[] = {ACCESS_CLASSES(X)};
#undef X

bool report_quantiles(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_wish wish = {.title = "Latency of an access by class of document, \u00b5s",
                                          .columns = latency_columns,
                                          .column_count = COUNT(latency_columns)};
  return report_table(result, profile, &wish, table, fault);
}

/* ---- memory against time ---- */

struct dot {
  char name[256];
  struct table_cell memory, time;
};

static int by_memory(const void *a, const void *b) {
  const struct dot *p = a, *q = b;
  if (p->memory.value != q->memory.value) return p->memory.value < q->memory.value ? -1 : 1;
  return (p->time.value > q->time.value) - (p->time.value < q->time.value);
}

/* Nodes a second as ns a node; the ends of the interval change places. */
static struct table_cell ns_per_node(const struct table_cell *speed) {
  struct table_cell time = {.value = 1e9 / speed->value, .n = speed->n};
  if (table_plus_minus(speed) < 0 || !(speed->ci_low > 0)) return time;
  time.ci_low = 1e9 / speed->ci_high;
  time.ci_high = 1e9 / speed->ci_low;
  time.ci_level = speed->ci_level;
  return time;
}

static unsigned fill_dots(const struct table *from, struct dot *dots) {
  unsigned count = 0;
  for (unsigned r = 0; r < from->row_count; r++) {
    const struct table_cell *memory = table_at(from, r, 0), *speed = table_at(from, r, 1);
    if (memory->missing || speed->missing || !(memory->value > 0) || !(speed->value > 0)) continue;
    dots[count] = (struct dot){.memory = *memory, .time = ns_per_node(speed)};
    memcpy(dots[count++].name, from->rows[r].name, sizeof dots->name);
  }
  qsort(dots, count, sizeof *dots, by_memory);
  return count;
}

bool report_plane(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_column columns[] = {
      {"bytes_per_line", "purged", "", "bytes/line", "", 1, 2, REPORT_MEDIAN},
      {"walk_nodes_per_s", NULL, "", "nodes/s", "", 1, 0, REPORT_MEDIAN}};
  static const struct report_wish wish = {.title = "", .columns = columns, .column_count = 2};
  struct table from;
  if (!report_table(result, profile, &wish, &from, fault)) return false;
  struct dot *dots = calloc(from.row_count + 1, sizeof *dots);
  unsigned count = dots ? fill_dots(&from, dots) : 0;
  bool ok = dots && table_new(table, count, REPORT_PLANE_COLUMNS);
  if (!ok) fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while making the report", result->path);
  double best = HUGE_VAL;
  for (unsigned r = 0; ok && r < count; r++) {
    memcpy(table->rows[r].name, dots[r].name, sizeof dots[r].name);
    *table_at(table, r, REPORT_PLANE_X) = dots[r].memory;
    *table_at(table, r, REPORT_PLANE_Y) = dots[r].time;
    *table_at(table, r, REPORT_PLANE_FRONTIER) = (struct table_cell){.value = dots[r].time.value < best};
    best = fmin(best, dots[r].time.value);
  }
  if (ok) {
    snprintf(table->corner, sizeof table->corner, "combination");
    table_column_set(table, REPORT_PLANE_X, "bytes/line", 1, 2, "bytes_per_line");
    table_column_set(table, REPORT_PLANE_Y, "ns/node", 1, 1, "walk_ns_per_node");
    table_column_set(table, REPORT_PLANE_FRONTIER, "", 1, 0, "on_frontier");
  }
  free(dots);
  table_free(&from);
  return ok;
}
