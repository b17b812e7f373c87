/* SPDX-License-Identifier: MIT
 *
 * cell_outcome.h - what became of a cell: how its process ended, and what it wrote,
 * as the cell's object of the result file. */
#ifndef PHASEBENCH_CELL_OUTCOME_H
#define PHASEBENCH_CELL_OUTCOME_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "plan.h"
#include "system/supervise.h"

struct cell_outcome_facts {
  const struct plan_combination *combination;
  const char *profile;
  unsigned repetition, position;
  const struct supervise_outcome *end;
  uint64_t timeout_ms, memory_limit_bytes;
  const char *corpus_root, *place; /* what cell_place.h gives other names */
  const char *out_path;            /* what the cell wrote */
  const char *log_path;            /* its stdout and stderr */
};

/* The cell's object. Its status is "ok" only if the process exited with 0 and wrote an
 * object that says so and is of this cell; else "failed", "crashed", "timeout" or "memory_limit",
 * with a reason and without figures. The caller owns the object. NULL: what it wrote could not be read, for a
 * reason that is not the cell's (EXIT_CODE_SYSTEM). */
cJSON *cell_outcome_object(const struct cell_outcome_facts *facts, struct fault *fault);

/* The object of a cell that is not measured yet: failed, and says so. */
cJSON *cell_outcome_planned(const struct plan_combination *combination, const char *profile, unsigned repetition,
                            unsigned position);

/* Is its status "ok"? */
bool cell_outcome_ok(const cJSON *cell);

#endif
