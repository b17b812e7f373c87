/* SPDX-License-Identifier: MIT
 *
 * prefix.h - what the real edits cost as zstd writes a new version given the old one
 * ("zstd -19 --no-check --patch-from=OLD NEW"): the yardstick for journals of sources. */
#ifndef PHASEBENCH_CELL_PREFIX_H
#define PHASEBENCH_CELL_PREFIX_H

#include "edit_plan.h"

/* Sums of zstd's frames; 0 for seeded edits. */
struct cell_prefix {
  uint64_t bytes;
  uint64_t bare_bytes; /* without what a store knows anyway: magic number and size */
};

/* After the last checkpoint; what it takes is given back. Faults: EXIT_CODE_INPUT, EXIT_CODE_SYSTEM. */
bool cell_measure_prefix(struct cell_prefix *prefix, struct cell_edit_plan *plan, struct cell_documents *documents,
                         struct fault *fault);

#endif
