/* SPDX-License-Identifier: MIT
 *
 * commit.c - see commit.h. */
#include "commit.h"

#include "internal.h"

bool store_can_commit(const struct store *store, struct fault *fault) {
  const struct stage_ops *sources = store->blob_store[STAGE_SOURCE]->module.ops;
  const struct stage_ops *trees = store->blob_store[STAGE_TREE]->module.ops, *codec = store->codec->module.ops;
  if (sources != trees)
    return fault_set(fault, EXIT_CODE_USAGE,
                     "sources are kept by stage '%s' and trees by '%s'; a store that outlives "
                     "its process needs one stage on top that keeps both and can commit",
                     sources->name, trees->name);
  if (!sources->commit || !sources->catalogue)
    return fault_set(fault, EXIT_CODE_USAGE,
                     "stage '%s', which keeps sources and trees, cannot commit: what it keeps "
                     "ends with its process; a stage that keeps both and can commit must stand above it",
                     sources->name);
  if (!codec->save || !codec->load)
    return fault_set(fault, EXIT_CODE_USAGE,
                     "stage '%s', which encodes the trees, cannot save what they share: nobody "
                     "could read them later",
                     codec->name);
  return true;
}

bool store_save(struct store *store, stage_write_fn *write, void *sink, struct fault *fault) {
  const struct stage_ops *codec = store->codec->module.ops;
  int error = codec->save ? codec->save(store->codec->state, write, sink) : STAGE_UNSUPPORTED;
  return error == STAGE_OK || store_fault(store, codec, "save", error, fault);
}

bool store_load(struct store *store, const void *tables, uint64_t length, struct fault *fault) {
  const struct stage_ops *codec = store->codec->module.ops;
  int error = codec->load ? codec->load(store->codec->state, tables, length) : STAGE_UNSUPPORTED;
  return error == STAGE_OK || store_fault(store, codec, "load", error, fault);
}

bool store_commit(struct store *store, const void *catalogue, uint64_t length, struct fault *fault) {
  const struct member *blob_store = store->blob_store[STAGE_TREE];
  const struct stage_ops *ops = blob_store->module.ops;
  int error = ops->commit ? ops->commit(blob_store->state, catalogue, length) : STAGE_UNSUPPORTED;
  return error == STAGE_OK || store_fault(store, ops, "commit", error, fault);
}

bool store_pin_catalogue(struct store *store, struct stage_pin *pin, struct fault *fault) {
  const struct member *blob_store = store->blob_store[STAGE_TREE];
  const struct stage_ops *ops = blob_store->module.ops;
  int error = ops->catalogue ? ops->catalogue(blob_store->state, pin) : STAGE_UNSUPPORTED;
  return error == STAGE_OK || store_fault(store, ops, "catalogue", error, fault);
}

bool store_unpin_catalogue(struct store *store, struct stage_pin *pin, struct fault *fault) {
  const struct member *blob_store = store->blob_store[STAGE_TREE];
  int error = blob_store->module.ops->unpin(blob_store->state, STAGE_TREE, pin);
  return error == STAGE_OK || store_fault(store, blob_store->module.ops, "unpin", error, fault);
}
