/* SPDX-License-Identifier: MIT
 *
 * p2.c - the stage "p2 delta": a blob store for sources and tree bytes. What stands twice
 * is held once, what is similar as a difference, and an edit costs what it changed. The
 * two kinds have a store each (blobs.h), on a heap each. */
#include "blobs.h"

struct store {
  const struct stage_ctx *ctx;
  struct blobs blobs[STAGE_KIND_COUNT];
};

static int store_open(const struct stage_ctx *ctx, void **out) {
  struct store *s = stage_allocate(ctx, STAGE_TREE, sizeof *s);
  if (!s) return STAGE_OUT_OF_MEMORY;
  s->ctx = ctx;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) blobs_init(&s->blobs[kind], ctx, (enum stage_kind)kind);
  *out = s;
  return STAGE_OK;
}

static void store_close(void *store) {
  struct store *s = store;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) blobs_free(&s->blobs[kind]);
  stage_release(s->ctx, STAGE_TREE, s);
}

static int finalize(void *store) {
  struct store *s = store;
  int error = blobs_finalize(&s->blobs[STAGE_TREE]);
  if (!error) error = blobs_finalize(&s->blobs[STAGE_SOURCE]);
  compress_code_rest();
  return error;
}

static void stats(void *store, stage_stat_fn *emit, void *sink) {
  const struct store *s = store;
  blobs_stats(&s->blobs[STAGE_SOURCE], "source", emit, sink);
  blobs_stats(&s->blobs[STAGE_TREE], "tree", emit, sink);
}

static int put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  struct store *s = store;
  (void)path;
  return blobs_put(&s->blobs[kind], id, bytes, length);
}

static int length_of(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  const struct store *s = store;
  return blobs_length(&s->blobs[kind], id, length);
}

static int pin_range(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                     struct stage_pin *pin) {
  struct store *s = store;
  return blobs_pin(&s->blobs[kind], id, offset, length, pin);
}

static int unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  struct store *s = store;
  blobs_unpin(&s->blobs[kind], pin);
  return STAGE_OK;
}

static void evict(void *store) {
  struct store *s = store;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) cache_clear(&s->blobs[kind].decompressed);
}

static int drop(void *store, enum stage_kind kind, uint32_t id) {
  struct store *s = store;
  return blobs_drop(&s->blobs[kind], id);
}

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "p2",
    .summary = "delta: chunks held once, similar ones as differences, edits in a journal",
    .order = 20,
    .roles = STAGE_BLOB_STORE,
    .keeps = (1u << STAGE_SOURCE) | (1u << STAGE_TREE),
    .open = store_open,
    .close = store_close,
    .finalize = finalize,
    .stats = stats,
    .put = put,
    .length = length_of,
    .pin = pin_range,
    .unpin = unpin,
    .drop = drop,
    .evict = evict,
};

const struct stage_ops *phasebench_stage(void) { return &ops; }
