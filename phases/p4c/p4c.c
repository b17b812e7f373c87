/* SPDX-License-Identifier: MIT
 *
 * p4c.c - the stage "p4c segments": a blob store for trees. They lie on disk, compressed, in
 * segments; a document that is opened takes one of these into memory, and what was used last stays
 * there, as far as the budgets go (segments.h). */
#include "segments.h"

static int store_open(const struct stage_ctx *ctx, void **out) {
  struct segments *s = stage_allocate(ctx, STAGE_TREE, sizeof *s);
  if (!s) return STAGE_OUT_OF_MEMORY;
  int error = segments_open(s, ctx);
  if (error) stage_release(ctx, STAGE_TREE, s);
  else *out = s;
  return error;
}

static void store_close(void *store) {
  struct segments *s = store;
  const struct stage_ctx *ctx = s->ctx;
  segments_close(s);
  stage_release(ctx, STAGE_TREE, s);
}

static int finalize(void *store) { return segments_finalize(store); }

static void stats(void *store, stage_stat_fn *emit, void *sink) {
  const struct segments *s = store;
  struct archive_usage usage = {0};
  if (s->archive) usage = archive_usage(s->archive);
  const struct {
    const char *name, *unit;
    uint64_t value;
  } rows[] = {
      {"segments", "count", s->segment_lru.count},
      {"frame_reads", "count", s->frame_reads},
      {"segment_loads", "count", s->segment_loads},
      {"segment_read_bytes", "bytes", s->loaded_bytes},
      {"segment_hits", "count", s->segment_lru.hits},
      {"segment_evictions", "count", s->segment_lru.evictions},
      {"loaded_bytes", "bytes", lru_unpinned_bytes(&s->segment_lru) + lru_pinned_bytes(&s->segment_lru)},
      {"frames_decompressed", "count", s->frames_decompressed},
      {"decompresses", "count", s->cache_lru.misses},
      {"cache_hits", "count", s->cache_lru.hits},
      {"cache_evictions", "count", s->cache_lru.evictions},
      {"cache_bytes", "bytes", lru_unpinned_bytes(&s->cache_lru) + s->frame.capacity},
      {"pinned_peak_bytes", "bytes", s->cache_lru.pinned_peak_bytes},
      {"reconstructed", "count", s->reconstructed},
      {"file_bytes", "bytes", usage.file_bytes},
      {"dead_bytes", "bytes", usage.dead_bytes},
      {"compressed_bytes", "bytes", usage.compressed_bytes[STAGE_TREE]},
      {"plain_bytes", "bytes", usage.plain_bytes[STAGE_TREE]},
      {"dictionary_bytes", "bytes", usage.dictionary_bytes[STAGE_TREE]},
      {"index_bytes", "bytes", usage.index_bytes[STAGE_TREE]},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    emit(sink, rows[i].name, rows[i].unit, (double)rows[i].value);
}

/* The harness gives a blob store only the kinds that it keeps. */

static int put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  return kind == STAGE_TREE ? segments_put(store, id, bytes, length, path) : STAGE_MISUSE;
}

static int length_of(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  return kind == STAGE_TREE ? segments_length(store, id, length) : STAGE_MISUSE;
}

static int pin_range(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                     struct stage_pin *pin) {
  return kind == STAGE_TREE ? segments_pin(store, id, offset, length, pin) : STAGE_MISUSE;
}

static int unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  return kind == STAGE_TREE ? segments_unpin(store, pin) : STAGE_MISUSE;
}

static int drop(void *store, enum stage_kind kind, uint32_t id) {
  return kind == STAGE_TREE ? segments_drop(store, id) : STAGE_MISUSE;
}

static void evict(void *store) { segments_evict(store); }

static const struct stage_option options[SEGMENTS_OPTION_COUNT] = {
    [SEGMENTS_SEGMENT_BYTES] = {"segment_bytes", "compressed segments that stay in memory", 256u << 10,
                                ARCHIVE_SEGMENT_BYTES_MAX, UINT64_C(1) << 40},
    [SEGMENTS_CACHE_BYTES] = {"cache_bytes", "decompressed documents that stay in memory, of those not in use",
                              4u << 20, 0, UINT64_C(1) << 40},
    [SEGMENTS_CACHE_SHARE] =
        {"cache_share",
         "a divisor: cache_bytes is cut to all bytes of trees / cache_share, but not below 128 KiB; "
         "1: not cut",
         64, 1, 1u << 20},
    [SEGMENTS_PINNED_BYTES] = {"pinned_bytes", "decompressed documents that may be in use at once", 256u << 20, 1,
                               UINT64_C(1) << 40},
};

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "p4c",
    .summary = "segments: trees on disk, compressed, loaded in pieces of 256 KiB when they are used",
    .order = 60,
    .roles = STAGE_BLOB_STORE,
    .flags = STAGE_USES_DISK,
    .keeps = 1u << STAGE_TREE,
    .options = options,
    .option_count = SEGMENTS_OPTION_COUNT,
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
