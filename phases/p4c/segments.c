/* SPDX-License-Identifier: MIT
 *
 * segments.c - documents in, and what is known of them all. */
#include "segments.h"

#include <string.h>

#define SEGMENTS_FILE "p4c.trees"
#define SEGMENT_ENTRY_BYTES ARCHIVE_SEGMENT_BYTES_MAX
#define CACHE_ENTRY_BYTES 16384u
#define ID_END (1u << 31)

int segments_file_open(struct segments *s) {
  const struct archive_settings settings = {
      .kinds = 1u << STAGE_TREE,
      .frame_bytes[STAGE_TREE] = SEGMENTS_FRAME_BYTES,
      .dictionary_bytes[STAGE_TREE] = SEGMENTS_DICTIONARY_BYTES,
      .level[STAGE_TREE] = SEGMENTS_LEVEL,
  };
  return s->archive ? STAGE_OK : archive_open(s->ctx, SEGMENTS_FILE, &settings, &s->archive);
}

int segments_open(struct segments *s, const struct stage_ctx *ctx) {
  *s = (struct segments){.ctx = ctx, .frame.number = ARCHIVE_NONE};
  if (!ctx->directory) {
    STAGE_FAIL(ctx, "p4c writes files and was given no directory for them");
    return STAGE_MISUSE;
  }
  if (ctx->is_reopened) {
    STAGE_FAIL(ctx, "p4c commits nothing, so that there is nothing in %s to reopen", ctx->directory);
    return STAGE_UNSUPPORTED;
  }
  int error =
      lru_init(&s->segment_lru, ctx, ctx->options[SEGMENTS_SEGMENT_BYTES], SEGMENT_ENTRY_BYTES, segment_release);
  if (!error)
    error = lru_init(&s->cache_lru, ctx, ctx->options[SEGMENTS_CACHE_BYTES], CACHE_ENTRY_BYTES, cache_release);
  if (!error) error = segments_file_open(s); /* here, so that a directory that cannot be used is known at once */
  if (error) segments_close(s);
  return error;
}

void segments_evict(struct segments *s) {
  lru_trim(&s->segment_lru, 0);
  lru_trim(&s->cache_lru, 0);
  frame_forget(s);
  memset(s->touched, 0, sizeof s->touched);
  if (s->archive) archive_evict(s->archive);
}

/* An empty store keeps nothing, but for what is pinned. */
static void segments_empty(struct segments *s) {
  segments_evict(s);
  archive_close(s->archive);
  s->archive = NULL;
  stage_release(s->ctx, STAGE_TREE, s->below);
  stage_release(s->ctx, STAGE_TREE, s->finalized);
  s->below = s->finalized = NULL;
  s->id_capacity = 0;
  s->has_dropped = s->has_learned = false;
}

void segments_close(struct segments *s) {
  if (s->segment_lru.buckets) lru_free(&s->segment_lru);
  if (s->cache_lru.buckets) lru_free(&s->cache_lru);
  frame_forget(s);
  archive_close(s->archive);
  stage_release(s->ctx, STAGE_TREE, s->below);
  stage_release(s->ctx, STAGE_TREE, s->finalized);
}

/* ---- documents ---- */

static bool bits_grow(const struct segments *s, uint8_t **bits, uint32_t capacity) {
  uint8_t *grown = stage_resize(s->ctx, STAGE_TREE, *bits, capacity / 8);
  if (!grown) return false;
  memset(grown + s->id_capacity / 8, 0, (capacity - s->id_capacity) / 8);
  *bits = grown;
  return true;
}

static int ids_reserve(struct segments *s, uint32_t id) {
  if (id < s->id_capacity) return STAGE_OK;
  uint32_t capacity = s->id_capacity + s->id_capacity / 4 + 128;
  if (capacity <= id) capacity = id + 1;
  capacity = (capacity + 127) & ~127u;
  if (!bits_grow(s, &s->below, capacity) || !bits_grow(s, &s->finalized, capacity)) return STAGE_OUT_OF_MEMORY;
  s->id_capacity = capacity;
  return STAGE_OK;
}

int segments_put(struct segments *s, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  const struct stage_link *below = &s->ctx->below[STAGE_TREE];
  if (length > UINT32_MAX / 2 || id >= ID_END) {
    STAGE_FAIL(s->ctx, "tree of document %u has %llu bytes; up to 2 GiB can be kept, of documents below %u", id,
               (unsigned long long)length, ID_END);
    return STAGE_LIMIT;
  }
  int error = ids_reserve(s, id);
  if (!error) error = below->ops->put(below->store, STAGE_TREE, id, bytes, length, path);
  if (error) return error;
  s->live_count += !segments_is_below(s, id) && !segments_is_finalized(s, id);
  segments_set_bit(s->below, id, true);
  lru_forget(&s->cache_lru, id);
  return STAGE_OK;
}

int segments_length(struct segments *s, uint32_t id, uint64_t *length) {
  const struct stage_link *below = &s->ctx->below[STAGE_TREE];
  if (segments_is_below(s, id)) return below->ops->length(below->store, STAGE_TREE, id, length);
  if (!segments_is_finalized(s, id)) return STAGE_NO_DOCUMENT;
  struct archive_row row;
  int error = archive_find(s->archive, STAGE_TREE, id, &row);
  if (!error) *length = row.length;
  return error;
}

int segments_drop(struct segments *s, uint32_t id) {
  const struct stage_link *below = &s->ctx->below[STAGE_TREE];
  bool is_below = segments_is_below(s, id), is_finalized = segments_is_finalized(s, id);
  if (!is_below && !is_finalized) return STAGE_NO_DOCUMENT;
  int error = is_below ? below->ops->drop(below->store, STAGE_TREE, id) : STAGE_OK;
  if (error) return error;
  segments_set_bit(s->below, id, false);
  segments_set_bit(s->finalized, id, false);
  s->has_dropped |=
      is_finalized; /* out of the file when next something is finalized: its index is written as a whole */
  lru_forget(&s->cache_lru, id);
  if (--s->live_count == 0) segments_empty(s);
  return STAGE_OK;
}
