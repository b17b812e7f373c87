/* SPDX-License-Identifier: MIT
 *
 * planted.c - stages for tests of the gate: the skeleton with one fault, chosen at compile time.
 *   PLANTED_TWIN, PLANTED_SAME  none: the skeleton under other names
 *   PLANTED_LEAK   8 bytes are forgotten each time a cursor is opened
 *   PLANTED_HEAVY  3 % more memory for each tree
 *   PLANTED_SLOW   the batch walk takes 20 % longer: as long as it took, it waits a fifth of that
 * All look at the clock around the batch walk, so that only the waiting differs. */
#include "stage.h"

const struct stage_ops *planted_skeleton_stage(void);
#define phasebench_stage planted_skeleton_stage
#include "skeleton/cursor.c"
#include "skeleton/records.c"
#include "skeleton/skeleton.c"
#undef phasebench_stage

#include <time.h>

#ifdef PLANTED_LEAK
#define LEAK_BYTES 8
#else
#define LEAK_BYTES 0
#endif
#ifdef PLANTED_HEAVY
#define HEAVY_PCT 3
#else
#define HEAVY_PCT 0
#endif
#ifdef PLANTED_SLOW
#define SLOW_PCT 20
#else
#define SLOW_PCT 0
#endif

#define BLOCKS_MAX 4096
static const struct stage_ops *honest; /* the skeleton */
static struct stage_ops planted;
static const struct stage_ctx *context;
static void *blocks[BLOCKS_MAX]; /* by document */

static int planted_open(const struct stage_ctx *ctx, void **store) {
  context = ctx;
  return honest->open(ctx, store);
}

static void forget(uint32_t id) {
  if (id >= BLOCKS_MAX) return;
  stage_release(context, STAGE_TREE, blocks[id]);
  blocks[id] = NULL;
}

static void planted_close(void *store) {
  for (uint32_t id = 0; id < BLOCKS_MAX; id++) forget(id);
  honest->close(store);
}

static int planted_drop_tree(void *store, uint32_t id) {
  forget(id);
  return honest->drop_tree(store, id);
}

static int planted_put_tree(void *store, const struct stage_document *document, TSTree *tree) {
  const struct stage_link *blob_store = &context->blob_store[STAGE_TREE];
  uint64_t length = 0;
  int error = honest->put_tree(store, document, tree);
  if (error || HEAVY_PCT == 0 || document->id >= BLOCKS_MAX) return error;
  error = blob_store->ops->length(blob_store->store, STAGE_TREE, document->id, &length);
  size_t bytes = (size_t)(length * HEAVY_PCT / 100);
  forget(document->id);
  if (error || bytes == 0) return error;
  blocks[document->id] = stage_allocate(context, STAGE_TREE, bytes);
  if (!blocks[document->id]) return STAGE_OUT_OF_MEMORY;
  memset(blocks[document->id], 1, bytes);
  return STAGE_OK;
}

static int planted_cursor_open(struct stage_cursor *cursor, uint32_t id) {
  if (LEAK_BYTES > 0 && !stage_allocate(context, STAGE_TREE, LEAK_BYTES)) return STAGE_OUT_OF_MEMORY;
  return honest->cursor_open(cursor, id);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int planted_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  uint64_t begun = now_ns();
  int error = honest->walk(cursor, nodes, capacity, count);
  uint64_t ended = now_ns(), until = ended + (ended - begun) * SLOW_PCT / 100;
  while (SLOW_PCT > 0 && now_ns() < until) {
  }
  return error;
}

const struct stage_ops *phasebench_stage(void) {
  honest = planted_skeleton_stage();
  planted = *honest;
  planted.name = PLANTED_NAME;
  planted.open = planted_open;
  planted.close = planted_close;
  planted.put_tree = planted_put_tree;
  planted.drop_tree = planted_drop_tree;
  planted.cursor_open = planted_cursor_open;
  planted.walk = planted_walk;
  return &planted;
}
