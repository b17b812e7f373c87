/* SPDX-License-Identifier: MIT
 *
 * report_table.c - tables of metrics for a page and its pictures: one row a combination, one column a
 * metric. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "page.h"

static unsigned list_groups(const struct result *result, const char *profile, const struct result_group **groups) {
  unsigned count = 0;
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (strcmp(group->profile, profile) == 0 && !group->instrument) groups[count++] = group;
  }
  return count;
}

/* All columns of a row at once: asking for each by name would go through all metrics each time. */
struct row_sink {
  const struct report_column *columns;
  unsigned column_count, row;
  const struct table *table;
};

static void take_metric(void *sink, const struct metric *metric) {
  const struct row_sink *to = sink;
  for (unsigned c = 0; c < to->column_count; c++) {
    const struct report_column *column = &to->columns[c];
    if (strcmp(column->metric, metric->name) != 0 || !column->checkpoint != !metric->checkpoint) continue;
    if (column->checkpoint && strcmp(column->checkpoint, metric->checkpoint) != 0) continue;
    table_set(to->table, to->row, c, &metric->summary);
  }
}

bool report_table(const struct result *result, const char *profile, const struct report_column *columns,
                  unsigned column_count, const char *title, struct table *table, struct fault *fault) {
  const struct result_group **groups = calloc(result->group_count + 1, sizeof *groups);
  unsigned rows = groups ? list_groups(result, profile, groups) : 0;
  if (!groups || !table_new(table, rows, column_count)) {
    free(groups);
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while making the report", result->path);
  }
  snprintf(table->title, sizeof table->title, "%s", title);
  snprintf(table->corner, sizeof table->corner, "combination");
  for (unsigned c = 0; c < column_count; c++) {
    const struct report_column *column = &columns[c];
    const char *at = column->checkpoint ? column->checkpoint : "cell";
    table_column_set(table, c, column->label, column->scale, column->decimals, "%s@%s", column->metric, at);
    snprintf(table->columns[c].group, sizeof table->columns[c].group, "%s", column->group);
    snprintf(table->columns[c].unit, sizeof table->columns[c].unit, "%s", column->unit);
  }
  for (unsigned r = 0; r < rows; r++) {
    snprintf(table->rows[r].name, sizeof table->rows[r].name, "%s", groups[r]->combination);
    if (!groups[r]->ok) snprintf(table->rows[r].note, sizeof table->rows[r].note, "FAILED: %s", groups[r]->reason);
    for (unsigned c = 0; c < column_count; c++) {
      table_at(table, r, c)->missing = groups[r]->ok ? "this result has no metric of that name" : groups[r]->reason;
    }
    struct row_sink sink = {columns, column_count, r, table};
    metrics_emit(result, groups[r], take_metric, &sink);
  }
  free(groups);
  return true;
}

/* ---- latency ---- */

#define LATENCIES(class)                                                           \
  {"latency." class ".p50_ns", NULL, class ", \u00b5s", "p50", "", 1000, 1},       \
      {"latency." class ".p90_ns", NULL, class ", \u00b5s", "p90", "", 1000, 1},   \
      {"latency." class ".p99_ns", NULL, class ", \u00b5s", "p99", "", 1000, 1}, { \
    "latency." class ".max_ns", NULL, class ", \u00b5s", "max", "", 1000, 1        \
  }
static const struct report_column latency_columns[] = {LATENCIES("hot"), LATENCIES("warm"), LATENCIES("cold"),
                                                       LATENCIES("frozen")};

bool report_quantiles(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  return report_table(result, profile, latency_columns, COUNT(latency_columns),
                      "Latency of an access by class of document, \u00b5s", table, fault);
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
  static const struct report_column columns[] = {{"bytes_per_line", "purged", "", "bytes/line", "", 1, 2},
                                                 {"walk_nodes_per_s", NULL, "", "nodes/s", "", 1, 0}};
  struct table from;
  if (!report_table(result, profile, columns, 2, "", &from, fault)) return false;
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
