/* SPDX-License-Identifier: MIT
 *
 * progress.h - what `phasebench run` tells while it runs (on stderr: one line that
 * is written over where that is a terminal, else a line for each finished cell), and the table
 * at its end (on stdout). */
#ifndef PHASEBENCH_RUN_PROGRESS_H
#define PHASEBENCH_RUN_PROGRESS_H

#include <cjson/cJSON.h>

#include "plan.h"
#include "result/result.h"

struct run_progress {
  bool quiet, terminal;
  unsigned done, total; /* cells */
  unsigned ran;         /* of them in this run */
  uint64_t ran_ns;      /* what those took */
};

void run_progress_begin(struct run_progress *progress, bool quiet, unsigned kept, unsigned total);
/* Before and after a cell; `cell` is its object. Bad ends are told even when quiet. */
void run_progress_start(struct run_progress *progress, const struct plan *plan, const struct plan_cell *cell);
void run_progress_end(struct run_progress *progress, const struct plan *plan, const struct plan_cell *cell,
                      const cJSON *object, uint64_t wall_ns);
/* Clears the line. */
void run_progress_finish(struct run_progress *progress);

/* Prints the table of a result on stdout; `output` is where its file is. */
void run_table_print(const char *output, const struct result *result);

#endif
