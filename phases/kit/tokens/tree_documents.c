/* SPDX-License-Identifier: MIT */
#include "tree_documents.h"

static const struct stage_link *blob_store_of(const struct stage_ctx *ctx) { return &ctx->blob_store[STAGE_TREE]; }

int tree_documents_renew(const struct stage_ctx *ctx, uint32_t id, const void *bytes, uint64_t length) {
  const struct stage_link *blob_store = blob_store_of(ctx);
  return blob_store->ops->put(blob_store->store, STAGE_TREE, id, bytes, length, NULL);
}

int tree_documents_put(struct tree_documents *documents, const struct stage_ctx *ctx, uint32_t id, const void *bytes,
                       uint64_t length) {
  const struct stage_link *blob_store = blob_store_of(ctx);
  uint64_t old;
  bool known = blob_store->ops->length(blob_store->store, STAGE_TREE, id, &old) == STAGE_OK;
  int error = tree_documents_renew(ctx, id, bytes, length);
  if (error) return error;
  if (id >= documents->end) documents->end = id + 1;
  if (!known) documents->count++;
  documents->fresh++;
  return STAGE_OK;
}

int tree_documents_drop(struct tree_documents *documents, const struct stage_ctx *ctx, uint32_t id) {
  const struct stage_link *blob_store = blob_store_of(ctx);
  int error = blob_store->ops->drop(blob_store->store, STAGE_TREE, id);
  if (!error) documents->count--;
  return error;
}

int tree_documents_pin(const struct stage_ctx *ctx, uint32_t id, struct stage_pin *pin) {
  const struct stage_link *blob_store = blob_store_of(ctx);
  uint64_t length;
  int error = blob_store->ops->length(blob_store->store, STAGE_TREE, id, &length);
  return error ? error : blob_store->ops->pin(blob_store->store, STAGE_TREE, id, 0, length, pin);
}

void tree_documents_unpin(const struct stage_ctx *ctx, struct stage_pin *pin) {
  const struct stage_link *blob_store = blob_store_of(ctx);
  blob_store->ops->unpin(blob_store->store, STAGE_TREE, pin);
}

int tree_documents_refuse(const struct stage_ctx *ctx, uint32_t id, struct stage_pin *pin) {
  STAGE_FAIL(ctx, "document %u: the header of its tree does not agree with its %llu bytes", id,
             (unsigned long long)pin->length);
  tree_documents_unpin(ctx, pin);
  return STAGE_CORRUPT;
}

bool tree_documents_want_learning(const struct tree_documents *documents) {
  return documents->fresh > 0 && (uint64_t)documents->fresh * 8 >= documents->count;
}

int tree_documents_must_be_none(const struct tree_documents *documents, const struct stage_ctx *ctx) {
  if (documents->count == 0) return STAGE_OK;
  STAGE_FAIL(ctx, "tables cannot be loaded into a store that has documents; open a new one");
  return STAGE_MISUSE;
}

int tree_documents_by_count(const void *a, const void *b, void *counts_of) {
  const uint32_t *counts = counts_of;
  uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
  if (counts[i] != counts[j]) return counts[i] > counts[j] ? -1 : 1;
  return i < j ? -1 : 1;
}
