/* SPDX-License-Identifier: MIT
 *
 * report_table.c - tables of metrics for a page: one row a combination, one column a metric. */
#include <stdlib.h>
#include <string.h>

#include "report_page.h"

static unsigned list_groups(const struct result *result, const char *profile, const struct result_group **groups) {
  unsigned count = 0;
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (strcmp(group->profile, profile) == 0 && !group->instrument) groups[count++] = group;
  }
  return count;
}

bool report_table(const struct result *result, const char *profile, const struct report_column *columns,
                  unsigned column_count, const char *title, struct grid *grid, struct fault *fault) {
  const struct result_group **groups = calloc(result->group_count + 1, sizeof *groups);
  unsigned rows = groups ? list_groups(result, profile, groups) : 0;
  if (!groups || !grid_new(grid, rows, column_count)) {
    free(groups);
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while making the report", result->path);
  }
  snprintf(grid->title, sizeof grid->title, "%s", title);
  snprintf(grid->corner, sizeof grid->corner, "combination");
  for (unsigned c = 0; c < column_count; c++) {
    const struct report_column *column = &columns[c];
    const char *at = column->checkpoint ? column->checkpoint : "cell";
    grid_column_set(grid, c, column->label, column->scale, column->decimals, "%s@%s", column->metric, at);
    snprintf(grid->columns[c].group, sizeof grid->columns[c].group, "%s", column->group);
    snprintf(grid->columns[c].unit, sizeof grid->columns[c].unit, "%s", column->unit);
  }
  for (unsigned r = 0; r < rows; r++) {
    snprintf(grid->rows[r].name, sizeof grid->rows[r].name, "%s", groups[r]->combination);
    if (!groups[r]->ok) snprintf(grid->rows[r].note, sizeof grid->rows[r].note, "FAILED: %s", groups[r]->reason);
    for (unsigned c = 0; c < column_count; c++) {
      struct spread found = metrics_find(result, groups[r], columns[c].metric, columns[c].checkpoint, NULL);
      grid_set(grid, r, c, &found);
    }
  }
  free(groups);
  return true;
}
