/* SPDX-License-Identifier: MIT
 *
 * p4a.c - the stage "p4a", the disk tier: a blob store whose documents lie in a file on disk, compressed
 * hard, until they are used (tier.h says where a document is when, kit/archive/archive.h how the file is made).
 * In memory are the hot ones, the warm ones as the blob store below compresses them, and nothing for each of
 * the cold ones. The store can be committed, and opened again by another process. */
#include <stdio.h>

#include "kit/support/compress.h"
#include "tier.h"

enum p4a_option { HOT_BYTES, HOT_SHARE, WARM_BYTES, COLD_BYTES, OPTION_COUNT };

static const struct stage_option options[OPTION_COUNT] = {
    [HOT_BYTES] = {"hot_bytes", "decompressed documents in memory that nobody reads, of each kind", 4u << 20, 0,
                   UINT64_C(1) << 40},
    [HOT_SHARE] = {"hot_share",
                   "a divisor: hot_bytes is cut to all bytes / hot_share, but not below 128 KiB; 1: not cut", 64, 1,
                   1u << 20},
    [WARM_BYTES] = {"warm_bytes", "documents in memory as the stages below compress them, in plain bytes, of each kind",
                    0, 0, UINT64_C(1) << 40},
    [COLD_BYTES] = {"cold_bytes", "the file on disk; 0: no limit", 0, 0, UINT64_C(1) << 40},
};

/* Chosen by measuring; ARCHITECTURE.md has the table. */
#ifndef P4A_SOURCE_LEVEL
#define P4A_SOURCE_LEVEL 15
#endif
#ifndef P4A_TREE_LEVEL
#define P4A_TREE_LEVEL 19
#endif
#ifndef P4A_SOURCE_FRAME_BYTES
#define P4A_SOURCE_FRAME_BYTES (128u << 10)
#endif
#ifndef P4A_TREE_FRAME_BYTES
#define P4A_TREE_FRAME_BYTES (16u << 10)
#endif
#ifndef P4A_DICTIONARY_BYTES
#define P4A_DICTIONARY_BYTES (256u << 10)
#endif

static const struct archive_settings settings = {
    .kinds = (1u << STAGE_SOURCE) | (1u << STAGE_TREE),
    .frame_bytes = {[STAGE_SOURCE] = P4A_SOURCE_FRAME_BYTES, [STAGE_TREE] = P4A_TREE_FRAME_BYTES},
    .dictionary_bytes = {[STAGE_SOURCE] = P4A_DICTIONARY_BYTES, [STAGE_TREE] = P4A_DICTIONARY_BYTES},
    .level = {[STAGE_SOURCE] = P4A_SOURCE_LEVEL, [STAGE_TREE] = P4A_TREE_LEVEL},
};

struct store {
  const struct stage_ctx *ctx;
  struct archive *archive;
  struct tier tier[STAGE_KIND_COUNT];
};

static void store_close(void *store) {
  struct store *s = store;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) tier_free(&s->tier[kind]);
  archive_close(s->archive);
  stage_release(s->ctx, STAGE_TREE, s);
}

static int store_open(const struct stage_ctx *ctx, void **out) {
  struct store *s = stage_allocate(ctx, STAGE_TREE, sizeof *s);
  if (!s) return STAGE_OUT_OF_MEMORY;
  *s = (struct store){.ctx = ctx};
  int error = archive_open(ctx, "p4a.frames", &settings, &s->archive);
  if (error) {
    stage_release(ctx, STAGE_TREE, s);
    return error;
  }
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    tier_init(&s->tier[kind], ctx, (enum stage_kind)kind, s->archive);
    s->tier[kind].hot_budget_bytes = ctx->options[HOT_BYTES];
    s->tier[kind].frame_bytes = settings.frame_bytes[kind];
    s->tier[kind].hot_share = ctx->options[HOT_SHARE];
    tier_budget(&s->tier[kind]);
    s->tier[kind].warm_budget_bytes = ctx->options[WARM_BYTES];
    if (ctx->is_reopened && !error) error = tier_count_archive(&s->tier[kind]);
  }
  if (error) store_close(s);
  else *out = s;
  return error;
}

/* ---- at rest ---- */

static bool has_news(const struct tier *tier) {
  return !tier->is_finalized || tier->dirty_count > 0 || tier->gone_count > 0;
}

static int freeze_all(struct store *s) {
  int error = archive_begin(s->archive);
  for (int kind = 0; kind < STAGE_KIND_COUNT && !error; kind++)
    error = tier_freeze(&s->tier[kind], s->ctx->options[COLD_BYTES]);
  if (error) {
    archive_abandon(s->archive);
    return error;
  }
  return archive_finish(s->archive);
}

static int finalize(void *store) {
  struct store *s = store;
  int error = has_news(&s->tier[STAGE_SOURCE]) || has_news(&s->tier[STAGE_TREE]) ? freeze_all(s) : STAGE_OK;
  for (int kind = 0; kind < STAGE_KIND_COUNT && !error; kind++) error = tier_rest(&s->tier[kind]);
  archive_rest(s->archive);
  compress_code_rest();
  return error;
}

static void evict(void *store) {
  struct store *s = store;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) tier_evict(&s->tier[kind]);
  archive_evict(s->archive);
}

static int commit(void *store, const void *catalogue, uint64_t length) {
  struct store *s = store;
  if (!has_news(&s->tier[STAGE_SOURCE]) && !has_news(&s->tier[STAGE_TREE]))
    return archive_commit(s->archive, catalogue, length);
  STAGE_FAIL(s->ctx, "a commit follows finalizing, and documents were put or dropped since");
  return STAGE_MISUSE;
}

static int catalogue_pin(void *store, struct stage_pin *pin) {
  struct store *s = store;
  struct tier *tier = &s->tier[STAGE_TREE];
  uint64_t length = archive_catalogue_bytes(s->archive);
  if (!s->ctx->is_reopened) return STAGE_NO_DOCUMENT;
  struct cache_entry *decompressed = cache_new(&tier->hot, ARCHIVE_NONE, length);
  if (!decompressed) return STAGE_OUT_OF_MEMORY;
  int error = archive_catalogue(s->archive, decompressed->bytes);
  if (error) {
    cache_discard(&tier->hot, decompressed);
    return error;
  }
  decompressed->is_stale = true; /* goes when it is unpinned */
  cache_take(&tier->hot, decompressed);
  cache_pin(&tier->hot, decompressed, 0, length, pin);
  return STAGE_OK;
}

static int verify(void *store) {
  struct store *s = store;
  return archive_verify(s->archive);
}

/* ---- documents ---- */

static int put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  struct store *s = store;
  (void)path;
  return tier_put(&s->tier[kind], id, bytes, length);
}

static int length_of(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  struct store *s = store;
  return tier_length(&s->tier[kind], id, length);
}

static int pin_range(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                     struct stage_pin *pin) {
  struct store *s = store;
  return tier_pin(&s->tier[kind], id, offset, length, pin);
}

static int unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  struct store *s = store;
  cache_unpin(&s->tier[kind].hot, pin);
  return STAGE_OK;
}

/* An empty store keeps nothing in memory. */
static int drop(void *store, enum stage_kind kind, uint32_t id) {
  struct store *s = store;
  int error = tier_drop(&s->tier[kind], id);
  if (tier_is_empty(&s->tier[STAGE_SOURCE]) && tier_is_empty(&s->tier[STAGE_TREE])) archive_rest(s->archive);
  return error;
}

/* ---- statistics ---- */

static void stats(void *store, stage_stat_fn *emit, void *sink) {
  struct store *s = store;
  struct archive_usage usage = archive_usage(s->archive);
  emit(sink, "file_bytes", "bytes", (double)usage.file_bytes);
  emit(sink, "dead_bytes", "bytes", (double)usage.dead_bytes);
  emit(sink, "frames_decompressed", "count", (double)usage.frames_decompressed);
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    const struct tier *tier = &s->tier[kind];
    const struct {
      const char *name, *unit;
      uint64_t value;
    } rows[] = {
        {"plain_bytes", "bytes", usage.plain_bytes[kind]},
        {"compressed_bytes", "bytes", usage.compressed_bytes[kind]},
        {"dictionary_bytes", "bytes", usage.dictionary_bytes[kind]},
        {"index_bytes", "bytes", usage.index_bytes[kind]},
        {"hot_bytes", "bytes", tier->hot.free_bytes + tier->hot.pinned_bytes},
        {"warm_bytes", "bytes", tier->warm_bytes},
        {"hot_hits", "count", tier->counts.hot_hits},
        {"warm_hits", "count", tier->counts.warm_hits},
        {"cold_opens", "count", tier->counts.cold_opens},
        {"hot_to_warm", "count", tier->counts.evicted_to_warm},
        {"hot_to_cold", "count", tier->counts.evicted_to_cold},
        {"warm_to_cold", "count", tier->counts.warm_to_cold},
        {"warm_refused", "count", tier->counts.warm_refused},
        {"archive", "count", tier->counts.archive},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
      char name[64];
      snprintf(name, sizeof name, "%s_%s", kind == STAGE_SOURCE ? "source" : "tree", rows[i].name);
      emit(sink, name, rows[i].unit, (double)rows[i].value);
    }
  }
}

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "p4a",
    .summary = "disk tier: what is not in use lies on disk, compressed hard; access opens it, disuse evicts it",
    .order = 40,
    .roles = STAGE_BLOB_STORE,
    .flags = STAGE_USES_DISK,
    .keeps = (1u << STAGE_SOURCE) | (1u << STAGE_TREE),
    .options = options,
    .option_count = OPTION_COUNT,
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
    .commit = commit,
    .catalogue = catalogue_pin,
    .verify = verify,
};

const struct stage_ops *phasebench_stage(void) { return &ops; }
