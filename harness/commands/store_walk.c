/* SPDX-License-Identifier: MIT
 *
 * store_walk.c - what several parts of `phasebench store` do: prepare, and walk a document. */
#include "store.h"
#include "system/heap.h"

bool store_command_begin(struct fault *fault) {
  struct stage_heap *heap = heap_new("tree-sitter", fault);
  if (heap) heap_use_for_tree_sitter(heap);
  return heap != NULL;
}

bool store_command_walk(struct store *store, struct stage_cursor *cursor, uint32_t id, struct stage_node *batch,
                        uint64_t *nodes, struct fault *fault) {
  const struct stage_ops *codec = store_codec(store, NULL);
  uint32_t count = 0;
  int error;
  *nodes = 0;
  if (!store_cursor_open(store, cursor, id, fault)) return false;
  do {
    error = codec->walk(cursor, batch, STORE_BATCH_NODES, &count);
    *nodes += error ? 0 : count;
  } while (!error && count > 0);
  store_cursor_close(store, cursor);
  if (error) return store_fault(store, codec, "walk", error, fault);
  return true;
}
