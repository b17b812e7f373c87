/* SPDX-License-Identifier: MIT
 *
 * read.c - documents out of the file: segment, frame, kept bytes, bytes as they were put. */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "kit/support/stripping.h"
#include "segments.h"

static int corrupt(const struct segments *s, uint32_t id, const char *what) {
  STAGE_FAIL(s->ctx, "tree of document %u: %s", id, what);
  return STAGE_CORRUPT;
}

/* ---- segments ---- */

void segment_release(const struct stage_ctx *ctx, struct lru_entry *entry) {
  stage_release(ctx, STAGE_TREE, ((struct segment *)entry)->bytes);
  stage_release(ctx, STAGE_TREE, entry);
}

static int segment_load(struct segments *s, uint64_t offset, struct segment **out) {
  uint32_t length;
  int error = archive_segment_bytes(s->archive, STAGE_TREE, offset, &length);
  if (error) return error;
  if (length > s->segment_lru.budget_bytes) {
    STAGE_FAIL(s->ctx, "a segment has %u bytes, more than p4c.segment_bytes=%llu allows; set at least %u", length,
               (unsigned long long)s->segment_lru.budget_bytes, ARCHIVE_SEGMENT_BYTES_MAX);
    return STAGE_LIMIT;
  }
  lru_trim(&s->segment_lru, s->segment_lru.budget_bytes - length); /* before there is one more */
  struct segment *segment = stage_allocate(s->ctx, STAGE_TREE, sizeof *segment);
  if (!segment) return STAGE_OUT_OF_MEMORY;
  segment->length = length;
  segment->bytes = stage_allocate(s->ctx, STAGE_TREE, length);
  error = segment->bytes ? archive_segment_read(s->archive, STAGE_TREE, offset, segment->bytes, length)
                         : STAGE_OUT_OF_MEMORY;
  if (error) {
    segment_release(s->ctx, &segment->entry);
    return error;
  }
  s->segment_loads++;
  s->loaded_bytes += length;
  lru_add(&s->segment_lru, &segment->entry, offset, length);
  *out = segment;
  return STAGE_OK;
}

/* Pinned: one at a time, so that the budget is always enough. */
static int segment_get(struct segments *s, uint64_t offset, struct segment **out) {
  struct lru_entry *entry = lru_find(&s->segment_lru, offset);
  if (!entry) return segment_load(s, offset, out);
  lru_pin(&s->segment_lru, entry);
  *out = (struct segment *)entry;
  return STAGE_OK;
}

/* ---- the frame ---- */

void frame_forget(struct segments *s) {
  stage_release(s->ctx, STAGE_TREE, s->frame.bytes);
  s->frame = (struct frame){.number = ARCHIVE_NONE};
}

static int frame_reserve(struct segments *s, uint32_t length) {
  s->frame.number = ARCHIVE_NONE; /* whatever happens, what was there is gone */
  if (length <= s->frame.capacity) return STAGE_OK;
  frame_forget(s);
  s->frame.bytes = stage_allocate(s->ctx, STAGE_TREE, length);
  if (!s->frame.bytes) return STAGE_OUT_OF_MEMORY;
  s->frame.capacity = length;
  return STAGE_OK;
}

static int frame_decompress(struct segments *s, uint32_t id, const struct archive_frame *at,
                            const struct segment *segment) {
  uint64_t from = at->offset - at->segment;
  if (at->offset < at->segment || from > segment->length || at->compressed > segment->length - from)
    return corrupt(s, id, "its frame lies outside its segment");
  int error = frame_reserve(s, at->plain ? at->plain : 1);
  if (!error) error = archive_decompress(s->archive, STAGE_TREE, at, segment->bytes + from, s->frame.bytes);
  s->frames_decompressed += error == STAGE_OK;
  return error;
}

/* Whether a frame of the segment was read lately; it was, from now on. */
static bool segment_touch(struct segments *s, uint64_t offset) {
  for (uint32_t i = 0; i < SEGMENTS_TOUCHED; i++) {
    if (s->touched[i] == offset) return true;
  }
  s->touched[s->touched_next++ % SEGMENTS_TOUCHED] = offset;
  return false;
}

/* One access does not make a segment worth its 256 KiB: only its frame is read. */
static int frame_read(struct segments *s, const struct archive_frame *at) {
  int error = frame_reserve(s, at->plain ? at->plain : 1);
  if (!error) error = archive_frame_read(s->archive, STAGE_TREE, at, s->frame.bytes);
  s->frame_reads += error == STAGE_OK;
  return error;
}

static int frame_of_segment(struct segments *s, uint32_t id, const struct archive_frame *at) {
  struct segment *segment;
  int error = segment_get(s, at->segment, &segment);
  if (error) return error;
  error = frame_decompress(s, id, at, segment);
  lru_unpin(&s->segment_lru, &segment->entry);
  return error;
}

/* Makes s->frame that frame. */
static int frame_get(struct segments *s, uint32_t id, uint32_t number) {
  struct archive_frame at;
  if (s->frame.number == number) return STAGE_OK;
  int error = archive_frame_find(s->archive, STAGE_TREE, number, &at);
  if (error) return error;
  bool is_whole = lru_has(&s->segment_lru, at.segment) || segment_touch(s, at.segment);
  error = is_whole ? frame_of_segment(s, id, &at) : frame_read(s, &at);
  if (error) return error;
  s->frame.number = number;
  s->frame.length = at.plain;
  return STAGE_OK;
}

/* ---- kept bytes ---- */

/* Puts the pieces of a document that is larger than a frame behind each other. */
static int kept_gather(struct segments *s, uint32_t id, const struct archive_row *row, uint8_t *out) {
  uint32_t at = 0;
  for (uint32_t number = row->frame; at < row->kept; number++) {
    int error = frame_get(s, id, number);
    if (error) return error;
    uint32_t from = number == row->frame ? row->offset : 0, left = row->kept - at;
    if (from >= s->frame.length) return corrupt(s, id, "it lies outside its frame");
    uint32_t piece = s->frame.length - from < left ? s->frame.length - from : left;
    memcpy(out + at, s->frame.bytes + from, piece);
    at += piece;
  }
  return STAGE_OK;
}

/* The kept bytes: in s->frame, or in *owned, the caller's. */
static int kept_read(struct segments *s, uint32_t id, const struct archive_row *row, const uint8_t **bytes,
                     uint8_t **owned) {
  *owned = NULL;
  *bytes = (const uint8_t *)"";
  int error = row->kept > 0 ? frame_get(s, id, row->frame) : STAGE_OK;
  if (error) return error;
  if (row->kept > 0 && row->offset <= s->frame.length && row->kept <= s->frame.length - row->offset) {
    *bytes = s->frame.bytes + row->offset;
  } else if (row->kept > 0) {
    *bytes = *owned = stage_allocate(s->ctx, STAGE_TREE, row->kept);
    error = *owned ? kept_gather(s, id, row, *owned) : STAGE_OUT_OF_MEMORY;
  }
  if (!error && XXH3_64bits(*bytes, row->kept) != row->hash) error = corrupt(s, id, "its checksum differs");
  return error;
}

static int bytes_make(struct segments *s, uint32_t id, const struct archive_row *row, uint8_t *out) {
  const uint8_t *kept;
  uint8_t *owned;
  int error = kept_read(s, id, row, &kept, &owned);
  if (!error && row->kept == row->length) {
    if (row->length > 0) memcpy(out, kept, row->length);
  } else if (!error) {
    error = stripping_undo(s->ctx, kept, row->kept, out, row->length);
    if (error == STAGE_CORRUPT) error = corrupt(s, id, "its bytes cannot be made of what is kept of them");
    s->reconstructed++;
  }
  stage_release(s->ctx, STAGE_TREE, owned);
  return error;
}

/* ---- documents ---- */

void cache_release(const struct stage_ctx *ctx, struct lru_entry *entry) { stage_release(ctx, STAGE_TREE, entry); }

void cache_trim(struct segments *s) {
  uint64_t budget = s->cache_lru.budget_bytes;
  if (s->frame.capacity > budget) frame_forget(s);
  lru_trim(&s->cache_lru, budget - s->frame.capacity);
}

/* Whether so many bytes more may be pinned. */
static int pinned_check(const struct segments *s, uint32_t id, uint64_t bytes) {
  uint64_t most = s->ctx->options[SEGMENTS_PINNED_BYTES], pinned = lru_pinned_bytes(&s->cache_lru);
  if (pinned <= most && bytes <= most - pinned) return STAGE_OK;
  STAGE_FAIL(s->ctx,
             "tree of document %u: %llu bytes to pin, and %llu are pinned already: more than p4c.pinned_bytes=%llu "
             "allows; set it higher, or have fewer documents open at once",
             id, (unsigned long long)bytes, (unsigned long long)pinned, (unsigned long long)most);
  return STAGE_LIMIT;
}

/* Makes a document, pinned. */
static int cache_load(struct segments *s, uint32_t id, const struct archive_row *row, struct cache_entry **out) {
  uint64_t bytes = sizeof(struct cache_entry) + (row->length ? row->length : 1);
  int error = pinned_check(s, id, bytes);
  if (error) return error;
  struct cache_entry *decompressed = stage_allocate(s->ctx, STAGE_TREE, (size_t)bytes);
  if (!decompressed) return STAGE_OUT_OF_MEMORY;
  error = bytes_make(s, id, row, decompressed->bytes);
  if (error) {
    stage_release(s->ctx, STAGE_TREE, decompressed);
    return error;
  }
  decompressed->held.as = HELD_DOCUMENT;
  decompressed->length = row->length;
  lru_add(&s->cache_lru, &decompressed->entry, id, bytes);
  *out = decompressed;
  return STAGE_OK;
}

static bool is_within(uint64_t offset, uint64_t length, uint64_t whole) {
  return offset <= whole && length <= whole - offset;
}

/* A document that is in memory, pinned once more. */
static int cache_take(struct segments *s, uint32_t id, uint64_t offset, uint64_t length,
                      struct cache_entry *decompressed) {
  if (!is_within(offset, length, decompressed->length)) return STAGE_OUT_OF_RANGE;
  int error = decompressed->entry.pins > 0 ? STAGE_OK : pinned_check(s, id, decompressed->entry.bytes);
  if (!error) lru_pin(&s->cache_lru, &decompressed->entry);
  return error;
}

static int finalized_pin(struct segments *s, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin) {
  struct cache_entry *decompressed = (struct cache_entry *)lru_find(&s->cache_lru, id);
  int error;
  if (decompressed) {
    error = cache_take(s, id, offset, length, decompressed);
  } else {
    struct archive_row row;
    error = archive_find(s->archive, STAGE_TREE, id, &row);
    if (!error && !is_within(offset, length, row.length)) error = STAGE_OUT_OF_RANGE;
    if (!error) error = cache_load(s, id, &row, &decompressed);
    cache_trim(s); /* the frame may have grown */
  }
  if (!error) *pin = (struct stage_pin){decompressed->bytes + offset, length, &decompressed->held};
  return error;
}

static int below_pin(struct segments *s, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin) {
  const struct stage_link *below = &s->ctx->below[STAGE_TREE];
  struct passed *passed = stage_allocate(s->ctx, STAGE_TREE, sizeof *passed);
  if (!passed) return STAGE_OUT_OF_MEMORY;
  passed->held.as = HELD_BELOW;
  int error = below->ops->pin(below->store, STAGE_TREE, id, offset, length, &passed->pin);
  if (error) stage_release(s->ctx, STAGE_TREE, passed);
  else *pin = (struct stage_pin){passed->pin.bytes, passed->pin.length, &passed->held};
  return error;
}

int segments_pin(struct segments *s, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin) {
  if (segments_is_below(s, id)) return below_pin(s, id, offset, length, pin);
  if (!segments_is_finalized(s, id)) return STAGE_NO_DOCUMENT;
  return finalized_pin(s, id, offset, length, pin);
}

int segments_unpin(struct segments *s, struct stage_pin *pin) {
  struct held *held = pin->keep;
  *pin = (struct stage_pin){0};
  if (held->as == HELD_BELOW) {
    const struct stage_link *below = &s->ctx->below[STAGE_TREE];
    struct passed *passed = (struct passed *)held;
    int error = below->ops->unpin(below->store, STAGE_TREE, &passed->pin);
    stage_release(s->ctx, STAGE_TREE, passed);
    return error;
  }
  struct cache_entry *decompressed = (struct cache_entry *)((char *)held - offsetof(struct cache_entry, held));
  lru_unpin(&s->cache_lru, &decompressed->entry);
  cache_trim(s);
  return STAGE_OK;
}
