/* SPDX-License-Identifier: MIT
 *
 * prove.c - see prove.h. */
#include "prove.h"

#include <inttypes.h>

bool cell_compare(struct proof *proof, const struct cell_documents *documents, uint32_t id, struct cell_text text,
                  const TSTree *tree, struct fault *fault) {
  const struct cell_spec_file *file = &documents->spec->files[id];
  struct proof_document document = {.id = id,
                                    .language = file->language,
                                    .grammar = documents->grammars[file->language].ts,
                                    .path = file->path,
                                    .text = text.bytes,
                                    .length = text.length,
                                    .tree = tree};
  return proof_document(proof, &document, fault);
}

/* By the same steps as when it was edited. `old` is the tree before the edit, and is given up. */
static TSTree *edit_anew(struct cell_documents *documents, struct cell_edit_plan *plan, uint32_t id, TSTree *old,
                         struct cell_text *text, struct fault *fault) {
  struct cell_prepared_edit prepared;
  TSTree *tree = NULL;
  if (cell_prepare_edit(plan, documents, id, &prepared, fault)) {
    tree = cell_edit_tree(plan, documents, id, old, &prepared, fault);
    *text = (struct cell_text){plan->text, prepared.length};
  }
  ts_tree_delete(old);
  return tree;
}

static bool prove_document(struct proof *proof, struct cell_documents *documents, struct cell_edit_plan *plan,
                           uint32_t id, struct fault *fault) {
  const struct cell_spec_file *file = &documents->spec->files[id];
  if (!cell_use_language(documents, file->language, fault) || !cell_read_text(documents, id, fault)) return false;
  struct cell_text text = {documents->text, (uint32_t)file->bytes};
  TSTree *tree = cell_parse(documents, id, NULL, text, fault);
  if (tree && plan->is_edited[id]) tree = edit_anew(documents, plan, id, tree, &text, fault);
  bool good = tree && cell_compare(proof, documents, id, text, tree, fault);
  ts_tree_delete(tree);
  return good;
}

bool cell_prove(struct proof *proof, struct cell_documents *documents, struct cell_edit_plan *plan,
                struct fault *fault) {
  if (!proof_attach(proof, documents->store, fault)) return false;
  bool good = true;
  for (size_t id = 0; good && id < documents->spec->file_count; id++)
    good = prove_document(proof, documents, plan, (uint32_t)id, fault);
  proof_detach(proof);
  cell_forget_parser(documents, store_needs_grammar(documents->store));
  if (!good || proof->mismatches == 0) return good;
  char text[900];
  proof_describe(proof, text, sizeof text);
  return fault_set(fault, EXIT_CODE_CELL_FAILED, "proof failed: %" PRIu64 " mismatches; the first: %s",
                   proof->mismatches, text);
}
