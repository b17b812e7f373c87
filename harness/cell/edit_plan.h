/* SPDX-License-Identifier: MIT
 *
 * edit_plan.h - which documents of a cell are edited, and to what. Real edits (the spec's list of edits)
 * where the corpus names versions, else seeded small ones; whoever edits need not know which. */
#ifndef PHASEBENCH_CELL_EDIT_PLAN_H
#define PHASEBENCH_CELL_EDIT_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "corpus/edits.h"
#include "documents.h"

#define CELL_EDITED_MAX EDIT_LIST_DOCUMENTS_MAX
_Static_assert(CELL_EDITED_MAX >= EDITS_DOCUMENTS_MAX, "either kind of edits has room");

struct cell_edit_plan {
  uint32_t documents[CELL_EDITED_MAX]; /* their ids, in the order of editing */
  uint32_t document_count;
  uint8_t *is_edited; /* by document: it is in its new state; set by whoever edits */
  char *text;         /* room for the new text of any of them: text_bytes */
  size_t text_bytes;
  TSInputEdit *edits; /* room for those of any of them: edit_capacity */
  uint32_t edit_capacity;
};

/* Chooses the documents and takes the memory. Faults: EXIT_CODE_SYSTEM, EXIT_CODE_INPUT (a text too large
 * for tree-sitter). cell_edit_plan_release gives back whatever was taken. */
bool cell_edit_plan_make(struct cell_edit_plan *plan, const struct cell_documents *documents, struct stage_heap *heap,
                         struct fault *fault);
void cell_edit_plan_release(struct cell_edit_plan *plan, struct stage_heap *heap);

/* Real edits (versions), not seeded ones. */
bool cell_edits_are_real(const struct cell_documents *documents);

/* An edit of one document, as prepared. */
struct cell_prepared_edit {
  uint32_t length; /* of the new text, in plan->text */
  uint32_t count;  /* of edits, in plan->edits */
};
/* The document's text is in documents->text. Faults: EXIT_CODE_INPUT where the list of edits does not fit. */
bool cell_prepare_edit(struct cell_edit_plan *plan, struct cell_documents *documents, uint32_t id,
                       struct cell_prepared_edit *prepared, struct fault *fault);
/* The tree of the new text, prepared as above: `old` (the caller's) is told of the edits. NULL: a
 * fault was set. */
TSTree *cell_edit_tree(const struct cell_edit_plan *plan, struct cell_documents *documents, uint32_t id, TSTree *old,
                       const struct cell_prepared_edit *prepared, struct fault *fault);

#endif
