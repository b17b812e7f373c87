/* SPDX-License-Identifier: MIT
 *
 * edits.h - the checkpoint `edited`: documents are edited as planned (edit_plan.h), and what that cost is
 * counted. */
#ifndef PHASEBENCH_CELL_EDITS_H
#define PHASEBENCH_CELL_EDITS_H

#include <cjson/cJSON.h>

#include "documents.h"
#include "edit_plan.h"
#include "prefix.h"
#include "proof/proof.h"
#include "system/checkpoint.h"

/* What was edited, and what the stages' journals grew by (their counters journal_tree_bytes and
 * journal_source_bytes, before and after); less than nothing where a journal was rechunked. */
struct cell_edit_log {
  uint32_t documents;
  struct edit_sizes sizes;
  bool has_journal[STAGE_KIND_COUNT];
  bool keeps_journal[STORE_STAGE_COUNT_MAX];               /* by stage, once cell_apply_edits has looked */
  int64_t growth_bytes[STAGE_KIND_COUNT][CELL_EDITED_MAX]; /* by document, in the order of editing */
};

/* The step, and the parts of the cell that it works with. */
struct cell_edits {
  struct cell_documents *documents;
  struct cell_edit_plan *plan;
  struct proof *proof;
  struct cell_edit_log log;
  struct cell_prefix prefix;
};

/* All edits; each document is proved before its own. */
bool cell_apply_edits(struct cell_edits *edits, struct fault *fault);
/* "edits" of the cell's result; `checkpoints` are all of the cell, of which `served` and `edited` are used. Sorts the
 * log. */
cJSON *cell_edits_json(struct cell_edits *edits, const struct checkpoint *checkpoints);

#endif
