/* SPDX-License-Identifier: MIT
 *
 * metrics_pair.c - figures that compare two combinations of one result. Pairs are those of equal
 * repetition: the matrix runs them close to each other, so what disturbs one disturbs the other. */
#include <stdio.h>
#include <string.h>

#include "metrics.h"

#define ADDED "added."

enum operation { REDUCTION, FACTOR, ADDITION };

struct pair_metric {
  enum operation operation;
  const char *of;   /* the metric of one combination that it is made from */
  const char *unit; /* NULL: that metric's */
};

static bool pair_metric(const char *name, struct pair_metric *metric) {
  if (strcmp(name, "marginal_reduction_pct") == 0) {
    *metric = (struct pair_metric){REDUCTION, "rss_above_start_bytes", "%"};
  } else if (strcmp(name, "lines_per_mib_factor") == 0) {
    *metric = (struct pair_metric){FACTOR, "lines_per_mib", "times"};
  } else if (strncmp(name, ADDED, strlen(ADDED)) == 0) {
    *metric = (struct pair_metric){ADDITION, name + strlen(ADDED), NULL};
  } else {
    return false;
  }
  return true;
}

bool metrics_is_of_pair(const char *name) {
  struct pair_metric metric;
  return pair_metric(name, &metric);
}

static double combined(enum operation operation, double value, double other) {
  if (operation == REDUCTION) return 100 - 100 * value / other;
  return operation == FACTOR ? value / other : value - other;
}

struct summary metrics_find_against(const struct result *result, const struct result_group *group,
                                    const struct result_group *against, const char *name, const char *checkpoint,
                                    const char **unit) {
  struct pair_metric metric;
  double values[SUMMARY_VALUES_MAX];
  if (unit) *unit = NULL;
  if (!pair_metric(name, &metric)) return summary_missing("there is no metric of a pair of that name");
  if (!group) return summary_missing("the combination is not in this result");
  if (!against) return summary_missing("the combination that it is held against is not in this result");
  if (!group->ok) return summary_missing(group->reason);
  if (!against->ok) return summary_missing(against->reason);
  if (group->cell_count != against->cell_count || group->cell_count > SUMMARY_VALUES_MAX) {
    return summary_missing("the two combinations have no pairs of repetitions");
  }
  for (unsigned r = 0; r < group->cell_count; r++) {
    struct figure mine = metrics_of_repetition(result, group, metric.of, checkpoint, r);
    struct figure other = metrics_of_repetition(result, against, metric.of, checkpoint, r);
    if (mine.missing) return summary_missing(mine.missing);
    if (other.missing) return summary_missing(other.missing);
    if (metric.operation != ADDITION && !(other.value > 0)) return summary_missing("the divisor is not positive");
    values[r] = combined(metric.operation, mine.value, other.value);
  }
  if (unit) {
    *unit = metric.unit;
    if (!metric.unit) metrics_find(result, group, metric.of, checkpoint, unit);
  }
  return summary_of(values, group->cell_count);
}
