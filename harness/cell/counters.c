/* SPDX-License-Identifier: MIT
 *
 * counters.c - see counters.h. */
#include "counters.h"

#include <math.h>
#include <stdio.h>

#include "base/json_out.h"

static void keep(void *sink, const char *stage, const char *name, const char *unit, double value) {
  struct cell_counters *counters = sink;
  if (counters->count == CELL_COUNTERS_MAX) {
    counters->lost++;
    return;
  }
  struct cell_counter *counter = &counters->items[counters->count++];
  snprintf(counter->stage, sizeof counter->stage, "%s", stage);
  snprintf(counter->name, sizeof counter->name, "%s", name);
  snprintf(counter->unit, sizeof counter->unit, "%s", unit);
  counter->value = value;
}

bool cell_counters_read(struct cell_counters *counters, struct store *store, struct fault *fault) {
  store_stats(store, keep, counters);
  if (counters->lost == 0) return true;
  return fault_set(fault, EXIT_CODE_INTERNAL, "the stages report %u counters; there is room for %d",
                   counters->count + counters->lost, CELL_COUNTERS_MAX);
}

cJSON *cell_counters_json(const struct cell_counters *counters) {
  cJSON *array = json_new_array();
  for (unsigned i = 0; i < counters->count; i++) {
    const struct cell_counter *counter = &counters->items[i];
    cJSON *to = json_add_object(array, NULL);
    json_add_text(to, "stage", counter->stage);
    json_add_text(to, "name", counter->name);
    json_add_text(to, "unit", counter->unit);
    if (isfinite(counter->value)) json_add_double(to, "value", counter->value);
    else json_add_missing(to, "value", "the stage reported no finite number");
  }
  return array;
}
