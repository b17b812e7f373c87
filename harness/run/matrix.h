/* SPDX-License-Identifier: MIT
 *
 * matrix.h - runs the cells of a plan, one fresh process each, and makes one result
 * file of them.
 *
 * While a run is not complete its finished cells lie in the folder OUTPUT.cells:
 *   plan.json      the plan's record and hash
 *   files.list     the corpus's files (cell/spec.c)
 *   NNNN.json      a finished cell: what the system refused to set for it, and below that its object
 *   NNNN.spec.json, NNNN.out.json, NNNN.log   of the cell that runs
 *   NNNN.store/    the files of its stages; removed when it ended, whichever way
 * The result is made there, checked by reading it as every reader does, and renamed to
 * OUTPUT; then the folder is removed.
 *
 * The environment variable PHASEBENCH_CELL_PROGRAM replaces the program that is started as
 * `PROGRAM cell SPEC.json OUT.json`; it is for tests, and a result that was made so says so in
 * settings.notes. */
#ifndef PHASEBENCH_MATRIX_H
#define PHASEBENCH_MATRIX_H

#include "base/fault.h"
#include "plan.h"
#include "result/result.h"

/* Measures. On success *result is what was measured, cells that failed among it, and `output` where its file is; the
 * caller closes it. Faults: those of plan_make; EXIT_CODE_INTERRUPTED. */
bool matrix_run(const struct run_options *options, char output[4096], struct result **result, struct fault *fault);

#endif
