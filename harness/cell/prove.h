/* SPDX-License-Identifier: MIT
 *
 * prove.h - the proof's part of a cell: what a document should be is parsed anew, and held against what
 * the store gives (proof/proof.h). */
#ifndef PHASEBENCH_CELL_PROVE_H
#define PHASEBENCH_CELL_PROVE_H

#include "documents.h"
#include "edit_plan.h"
#include "proof/proof.h"

/* One document against the text and tree that it should have; mismatches are counted. */
bool cell_compare(struct proof *proof, const struct cell_documents *documents, uint32_t id, struct cell_text text,
                  const TSTree *tree, struct fault *fault);
/* All documents against fresh parses, those that were edited in their new state. EXIT_CODE_CELL_FAILED where
 * there were mismatches, now or before. */
bool cell_prove(struct proof *proof, struct cell_documents *documents, struct cell_edit_plan *plan,
                struct fault *fault);

#endif
