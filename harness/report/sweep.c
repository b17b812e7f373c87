/* SPDX-License-Identifier: MIT
 *
 * sweep.c - memory over the size of a corpus, from several results of one corpus: samples of
 * it (run --max-lines) and the whole. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "report.h"

#define COMBINATIONS_MAX 64

static const char *base_of(const struct result *result) {
  return result->sample_of ? result->sample_of : result->corpus;
}

static int by_lines(const void *a, const void *b) {
  const struct result *x = *(const struct result *const *)a, *y = *(const struct result *const *)b;
  return (x->lines > y->lines) - (x->lines < y->lines);
}

bool report_is_size_only(const struct result *const *results, unsigned number) {
  const struct result *result = results[number];
  for (unsigned i = 0; result->sample_of && i < number; i++) {
    if (!results[i]->sample_of && strcmp(results[i]->corpus, result->sample_of) == 0) return true;
  }
  return false;
}

unsigned report_shown(const struct result *const *results, unsigned count) {
  unsigned shown = 0;
  for (unsigned i = 0; i < count; i++) shown += !report_is_size_only(results, i);
  return shown;
}

unsigned report_sweep_members(const struct result *const *results, unsigned count, unsigned first,
                              const struct result **members) {
  unsigned found = 0;
  for (unsigned i = 0; i < first; i++) {
    if (strcmp(base_of(results[i]), base_of(results[first])) == 0) return 0; /* it has been drawn */
  }
  for (unsigned i = first; i < count; i++) {
    if (strcmp(base_of(results[i]), base_of(results[first])) == 0) members[found++] = results[i];
  }
  qsort(members, found, sizeof *members, by_lines);
  return found >= 2 && members[0]->lines < members[found - 1]->lines ? found : 0;
}

/* All combinations that any of them measured and that are drawn, in the order of the first that has it. */
static unsigned list_combinations(const struct result *const *members, unsigned count, const char *profile,
                                  const char **names) {
  unsigned found = 0;
  for (unsigned m = 0; m < count; m++) {
    for (unsigned g = 0; g < members[m]->group_count; g++) {
      const struct result_group *group = &members[m]->groups[g];
      if (strcmp(group->profile, profile) != 0 || group->instrument) continue;
      if (!report_is_drawn(members[m], profile, group->combination)) continue;
      unsigned n = 0;
      while (n < found && strcmp(names[n], group->combination) != 0) n++;
      if (n == found && found < COMBINATIONS_MAX) names[found++] = group->combination;
    }
  }
  return found;
}

bool report_sweep(const struct result *const *members, unsigned count, const char *profile, struct table *table,
                  struct fault *fault) {
  const char *names[COMBINATIONS_MAX];
  unsigned columns = list_combinations(members, count, profile, names);
  if (!table_new(table, count, columns + 1)) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the report");
  snprintf(table->title, sizeof table->title, "Memory over lines of %.80s: RSS MiB above `start` at rest (purged)",
           base_of(members[0]));
  snprintf(table->corner, sizeof table->corner, "corpus");
  table_column_set(table, 0, "lines", 1, 0, "lines");
  for (unsigned c = 0; c < columns; c++) table_column_set(table, c + 1, names[c], MIB, 2, "%s", names[c]);
  for (unsigned m = 0; m < count; m++) {
    snprintf(table->rows[m].name, sizeof table->rows[m].name, "%s", members[m]->corpus);
    *table_at(table, m, 0) = (struct table_cell){.value = members[m]->lines, .missing = NULL};
    for (unsigned c = 0; c < columns; c++) {
      const struct result_group *group = result_group(members[m], names[c], profile);
      struct summary found = metrics_find(members[m], group, "rss_above_start_bytes", "purged", NULL);
      table_set(table, m, c + 1, &found);
    }
  }
  return true;
}
