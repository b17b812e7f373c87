/* SPDX-License-Identifier: MIT
 *
 * cell.h - one cell: a corpus through one combination, in this process. The process
 * is made for it and ends with it: `phasebench cell SPEC.json OUT.json`.
 *
 * What is in memory at each checkpoint:
 *   start     the program, the stages, the corpus's list of files, and all buffers of the harness
 *             (the largest text twice, latencies, counts, the edits), touched: from here on only the store grows
 *   ingested  every document in the store; parser deleted; grammars unloaded, unless the codec in
 *             charge reads them (live trees do)
 *   finalized   the stages were told that all documents are in
 *   purged    the allocator gave all free pages back: memory at rest
 *   walked    every node of every document was visited by the batch walk
 *   served    the access mix (access.h) was run: memory in service
 *   edited    up to 200 documents were edited (edits.h), or, where the corpus names versions, up to
 *             600 became their new version (edit_plan.h); parser and grammars as at `ingested`.
 *             Before its edit, each of these documents was proved
 *   (cold open)    up to 1,000 documents that were not edited are opened when they are not in use, beside
 *             parsing them anew (cold_open.h); the stages' counters are read before it
 *   (proof)   every document is compared, the edited ones in their new state (prove.h)
 *   drained   all documents dropped, stages told to evict, allocator purged: what is above `start` is leaked */
#ifndef PHASEBENCH_CELL_H
#define PHASEBENCH_CELL_H

#include <stdbool.h>

#include "access.h"
#include "base/fault.h"
#include "cold_open.h"
#include "counters.h"
#include "documents.h"
#include "edit_plan.h"
#include "edits.h"
#include "proof/proof.h"
#include "spec.h"
#include "system/checkpoint.h"
#include "system/self_test.h"

/* The parts, in the order in which they come to be. A cell does not move: parts point at each other. */
struct cell {
  struct stage_heap *heap; /* the harness's */
  struct cell_documents documents;
  struct cell_edit_plan edit_plan;
  struct cell_cold_open *cold_open;
  struct cell_counters counters;
  struct checkpoint *checkpoints;
  struct checkpoint_reader reader;
  struct access_mix mix;
  struct proof proof;
  struct self_test self_test;
  struct cell_edits edits;
};

/* Runs the cell to its end. False: the fault says why there are no figures. Either way
 * the cell is then there for cell_json (json.h), and is closed with cell_close. */
bool cell_run(struct cell *cell, const struct cell_spec *spec, struct fault *fault);
void cell_close(struct cell *cell);

#endif
