/* SPDX-License-Identifier: MIT */
#include "documents.h"

#include <string.h>

bool documents_reserve(const struct stage_ctx *ctx, enum stage_kind kind, void **table, uint32_t *capacity,
                       uint32_t index, size_t entry_bytes) {
  if (index < *capacity) return true;
  uint64_t wanted = (uint64_t)*capacity + *capacity / 2 + 16;
  if (wanted <= index) wanted = (uint64_t)index + 1;
  if (wanted > UINT32_MAX) wanted = UINT32_MAX;
  if (wanted <= index || wanted > SIZE_MAX / entry_bytes) return false;
  char *grown = stage_resize(ctx, kind, *table, (size_t)wanted * entry_bytes);
  if (!grown) return false;
  memset(grown + *capacity * entry_bytes, 0, ((size_t)wanted - *capacity) * entry_bytes);
  *table = grown;
  *capacity = (uint32_t)wanted;
  return true;
}

const TSTree *documents_tree(const struct baseline *self, uint32_t id) {
  return id < self->tree_capacity ? self->trees[id] : NULL;
}

int documents_put_tree(struct baseline *self, const struct stage_document *document, TSTree *tree) {
  void *trees = self->trees, *languages = self->languages;
  bool room = documents_reserve(self->ctx, STAGE_TREE, &trees, &self->tree_capacity, document->id, sizeof *self->trees);
  self->trees = trees;
  room = room && documents_reserve(self->ctx, STAGE_TREE, &languages, &self->language_capacity, document->language,
                                   sizeof *self->languages);
  self->languages = languages;
  if (!room) {
    ts_tree_delete(tree);
    return STAGE_OUT_OF_MEMORY;
  }
  ts_tree_delete(self->trees[document->id]);
  self->trees[document->id] = tree;
  self->languages[document->language] = document->grammar;
  return STAGE_OK;
}
