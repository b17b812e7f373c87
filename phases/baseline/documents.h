/* SPDX-License-Identifier: MIT
 *
 * documents.h - what the base stage holds: live trees, their grammars, byte strings. Both tables of
 * trees are dense, by document id and by language id; the byte strings by document id. */
#ifndef BASELINE_DOCUMENTS_H
#define BASELINE_DOCUMENTS_H

#include "skeleton/skeleton.h"

struct bytes {
  uint8_t *p; /* NULL: no such document */
  uint64_t length;
};

struct baseline {
  const struct stage_ctx *ctx;
  TSTree **trees;
  uint32_t tree_capacity;
  const TSLanguage **languages;
  uint32_t language_capacity;
  struct bytes *kept[STAGE_KIND_COUNT];
  uint32_t kept_capacity[STAGE_KIND_COUNT];
  struct skeleton records; /* where a blob store above keeps the trees' bytes */
};

/* Makes room for entry `index`; new entries are zero. Grows by half, as a list does. false: out of memory. */
bool documents_reserve(const struct stage_ctx *ctx, enum stage_kind kind, void **table, uint32_t *capacity,
                       uint32_t index, size_t entry_bytes);

/* The tree under id; NULL: none. */
const TSTree *documents_tree(const struct baseline *self, uint32_t id);

/* Takes the tree, on failure too. STAGE_OK or STAGE_OUT_OF_MEMORY. */
int documents_put_tree(struct baseline *self, const struct stage_document *document, TSTree *tree);

#endif
