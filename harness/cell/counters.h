/* SPDX-License-Identifier: MIT
 *
 * counters.h - the stages' own counters, as they were at the checkpoint `edited`. */
#ifndef PHASEBENCH_CELL_COUNTERS_H
#define PHASEBENCH_CELL_COUNTERS_H

#include <cjson/cJSON.h>

#include "base/fault.h"
#include "store/store.h"

#define CELL_COUNTERS_MAX 256

struct cell_counter {
  char stage[16], name[48], unit[24];
  double value;
};

struct cell_counters {
  struct cell_counter *items; /* room for CELL_COUNTERS_MAX */
  unsigned count, lost;       /* lost: there was no room for them */
};

/* Asks all stages. Faults: EXIT_CODE_INTERNAL where there is no room for all. */
bool cell_counters_read(struct cell_counters *counters, struct store *store, struct fault *fault);
/* "stage_stats" of the cell's result. */
cJSON *cell_counters_json(const struct cell_counters *counters);

#endif
