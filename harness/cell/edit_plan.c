/* SPDX-License-Identifier: MIT
 *
 * edit_plan.c - see edit_plan.h. */
#include "edit_plan.h"

#include <string.h>

#include "reserve.h"
#include "system/heap.h"

bool cell_edits_are_real(const struct cell_documents *documents) { return documents->spec->edits_path != NULL; }

/* ---- which documents ---- */

static bool choose_real(struct cell_edit_plan *plan, const struct edit_list *list, struct fault *fault) {
  for (size_t i = 0; i < list->target_count; i++) {
    const struct edit_target *target = &list->targets[i];
    /* As of the corpus's own files: tree-sitter counts in 32 bits. */
    if (target->bytes > UINT32_MAX - 65536) {
      return fault_set(fault, EXIT_CODE_INPUT, "%s: is too large for tree-sitter, which counts bytes in 32 bits",
                       target->path);
    }
    plan->documents[plan->document_count++] = target->document;
    if (target->bytes >= plan->text_bytes) plan->text_bytes = (size_t)target->bytes + 1;
    if (target->hunk_count > plan->edit_capacity) plan->edit_capacity = target->hunk_count;
  }
  return true;
}

static void choose_seeded(struct cell_edit_plan *plan, const struct cell_documents *documents) {
  const struct cell_spec *spec = documents->spec;
  uint32_t *scratch = documents->node_counts; /* not in use yet */
  uint64_t longest = 0;
  plan->document_count = edits_choose_documents(spec->seed, (uint32_t)spec->file_count, scratch, plan->documents);
  for (uint32_t i = 0; i < plan->document_count; i++) {
    uint64_t bytes = spec->files[plan->documents[i]].bytes;
    if (bytes > longest) longest = bytes;
  }
  plan->text_bytes = (size_t)(longest + EDITS_PER_DOCUMENT_MAX * EDITS_GROWTH_BYTES_MAX) + 1;
}

bool cell_edit_plan_make(struct cell_edit_plan *plan, const struct cell_documents *documents, struct stage_heap *heap,
                         struct fault *fault) {
  plan->edit_capacity = EDITS_PER_DOCUMENT_MAX;
  plan->text_bytes = 1;
  if (!cell_edits_are_real(documents)) choose_seeded(plan, documents);
  else if (!choose_real(plan, &documents->spec->edits, fault)) return false;
  return (plan->is_edited = cell_reserve(heap, documents->spec->file_count + 1, fault)) &&
         (plan->text = cell_reserve(heap, plan->text_bytes, fault)) &&
         (plan->edits = cell_reserve(heap, plan->edit_capacity * sizeof *plan->edits, fault));
}

void cell_edit_plan_release(struct cell_edit_plan *plan, struct stage_heap *heap) {
  heap_release(heap, plan->is_edited);
  heap_release(heap, plan->text);
  heap_release(heap, plan->edits);
}

/* ---- one edit ---- */

/* The hunks must fit the texts, or what ts_tree_edit is told would be wrong. */
static bool prepare_real(struct cell_edit_plan *plan, struct cell_documents *documents, uint32_t id,
                         struct cell_prepared_edit *prepared, struct fault *fault) {
  const struct cell_spec_file *from = &documents->spec->files[id];
  const struct edit_target *target = edit_list_find(&documents->spec->edits, id);
  if (!target) return fault_set(fault, EXIT_CODE_INTERNAL, "document %u is not in the list of edits", id);
  const struct cell_file file = {target->path, target->bytes, target->hash};
  if (!cell_read_file(documents, &file, plan->text, fault)) return false;
  struct diff_text old = {NULL, documents->text, (uint32_t)from->bytes};
  struct diff_text new = {NULL, plan->text, (uint32_t)target->bytes};
  if (!diff_hunks_fit(&old, &new, target->hunks, target->hunk_count)) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: the hunks of the list of edits do not lead to %s", from->path,
                     target->path);
  }
  edits_from_hunks(target->hunks, target->hunk_count, old.bytes, new.bytes, plan->edits);
  *prepared = (struct cell_prepared_edit){new.length, target->hunk_count};
  return true;
}

bool cell_prepare_edit(struct cell_edit_plan *plan, struct cell_documents *documents, uint32_t id,
                       struct cell_prepared_edit *prepared, struct fault *fault) {
  if (cell_edits_are_real(documents)) return prepare_real(plan, documents, id, prepared, fault);
  prepared->length = (uint32_t)documents->spec->files[id].bytes;
  memcpy(plan->text, documents->text, prepared->length);
  prepared->count = edits_apply(documents->spec->seed, id, plan->text, &prepared->length, plan->edits);
  return true;
}

TSTree *cell_edit_tree(const struct cell_edit_plan *plan, struct cell_documents *documents, uint32_t id, TSTree *old,
                       const struct cell_prepared_edit *prepared, struct fault *fault) {
  for (uint32_t i = 0; i < prepared->count; i++) ts_tree_edit(old, &plan->edits[i]);
  return cell_parse(documents, id, old, (struct cell_text){plan->text, prepared->length}, fault);
}
