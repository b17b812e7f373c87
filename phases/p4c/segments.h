/* SPDX-License-Identifier: MIT
 *
 * segments.h - tree bytes in a file of compressed segments (kit/archive/archive.h), of which only what
 * is read stays in memory. A document is in one of three states:
 *
 *   below      with the blob store below, under the same id: from put until the next finalizing.
 *   finalized  in the file. What lies there is what the codec strips (kit/support/stripping.h), or, where
 *              that is as long as what was put, the bytes as they were put.
 *   both       put again since it was finalized: the version below counts, and takes the place of the
 *              one in the file at the next finalizing.
 *
 * A pin of a finalized document gives its bytes as they were put, in an allocation of their own, which
 * stays where it is until the last unpin. On the way there a whole segment is read, as it is on disk
 * (one allocation of at most 256 KiB), and a frame of it is decompressed; of a segment that was not
 * touched lately only the frame is read. What stays in memory:
 *
 *   segment_bytes  segments, compressed
 *   cache_bytes    documents that nobody has pinned, and the frame that was decompressed last; no more
 *                  than one part in cache_share of all trees, as put, but for 128 KiB
 *   pinned_bytes   documents that are pinned: a pin that would need more fails with STAGE_LIMIT
 *
 * so at most the sum of the three, one frame that is being read and its document's kept bytes, two
 * bits for each document, and what kit/archive/archive.h holds of its index and dictionary.
 *
 * Checks: archive.h's of pages, segments and frames, and of each document an XXH3 of its kept bytes
 * whenever these are decompressed. */
#ifndef PHASEBENCH_P4C_SEGMENTS_H
#define PHASEBENCH_P4C_SEGMENTS_H

#include "kit/archive/archive.h"
#include "lru.h"

/* Chosen by measuring. */
#ifndef SEGMENTS_FRAME_BYTES
#define SEGMENTS_FRAME_BYTES (16u * 1024u)
#endif
#ifndef SEGMENTS_DICTIONARY_BYTES
#define SEGMENTS_DICTIONARY_BYTES (256u * 1024u)
#endif
#ifndef SEGMENTS_LEVEL
#define SEGMENTS_LEVEL 19
#endif

#ifndef SEGMENTS_SMALL_FRAME_BYTES
#define SEGMENTS_SMALL_FRAME_BYTES (4u * 1024u)
#endif
/* A document of at most so many bytes, as put, goes into a small frame. */
#ifndef SEGMENTS_SMALL_BYTES
#define SEGMENTS_SMALL_BYTES 512u
#endif
/* Segments that are remembered for a while because a frame of them was read. */
#define SEGMENTS_TOUCHED 16u
/* Whatever part of the trees cache_share allows, so many bytes may stay decompressed. */
#define SEGMENTS_CACHE_MIN (128u << 10)

enum segments_option {
  SEGMENTS_SEGMENT_BYTES,
  SEGMENTS_CACHE_BYTES,
  SEGMENTS_CACHE_SHARE,
  SEGMENTS_PINNED_BYTES,
  SEGMENTS_OPTION_COUNT
};

/* A segment in memory, as it is in the file. By offset in the file. */
struct segment {
  struct lru_entry entry;
  uint8_t *bytes;
  uint32_t length;
};

/* What a pin holds on to. */
enum held_as { HELD_DOCUMENT, HELD_BELOW };
struct held {
  enum held_as as;
};

/* A document's bytes as they were put. By id. */
struct cache_entry {
  struct lru_entry entry;
  struct held held;
  uint32_t length;
  _Alignas(16) uint8_t bytes[];
};

/* A pin of the blob store below. */
struct passed {
  struct held held;
  struct stage_pin pin;
};

/* The frame that was decompressed last: documents that lie together are often read together. */
struct frame {
  uint32_t number; /* ARCHIVE_NONE: there is none */
  uint32_t length, capacity;
  uint8_t *bytes;
};

struct segments {
  const struct stage_ctx *ctx;
  struct archive *archive; /* NULL while there is no document */
  /* A bit for each document: it lies below; it is in the file and was not dropped. */
  uint8_t *below, *finalized;
  uint32_t id_capacity; /* of both, a multiple of 8 */
  uint32_t live_count;  /* documents that are there */
  bool has_dropped;     /* the file has documents whose bit is gone */
  bool has_learned;
  uint64_t put_bytes; /* of what was written to the file, as put */
  struct lru segment_lru, cache_lru;
  struct frame frame;
  uint64_t touched[SEGMENTS_TOUCHED]; /* offsets of segments of which a frame was read by itself, the last ones */
  uint32_t touched_next;
  uint64_t frame_reads, segment_loads, loaded_bytes, frames_decompressed, reconstructed;
};

static inline bool segments_bit(const uint8_t *bits, uint32_t id) { return (bits[id / 8] >> id % 8 & 1) != 0; }
static inline void segments_set_bit(uint8_t *bits, uint32_t id, bool is_set) {
  bits[id / 8] = (uint8_t)((bits[id / 8] & ~(1u << id % 8)) | (unsigned)is_set << id % 8);
}
static inline bool segments_is_below(const struct segments *s, uint32_t id) {
  return id < s->id_capacity && segments_bit(s->below, id);
}
static inline bool segments_is_finalized(const struct segments *s, uint32_t id) {
  return id < s->id_capacity && segments_bit(s->finalized, id);
}

/* segments.c */
int segments_open(struct segments *s, const struct stage_ctx *ctx);
void segments_close(struct segments *s);
/* The file is there. */
int segments_file_open(struct segments *s);
void segments_evict(struct segments *s);
/* As the hooks of struct stage_ops. */
int segments_put(struct segments *s, uint32_t id, const void *bytes, uint64_t length, const char *path);
int segments_length(struct segments *s, uint32_t id, uint64_t *length);
int segments_drop(struct segments *s, uint32_t id);

/* read.c */
int segments_pin(struct segments *s, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin);
int segments_unpin(struct segments *s, struct stage_pin *pin);
/* Forgets the frame and gives its memory back. */
void frame_forget(struct segments *s);
/* What of cache_bytes the frame leaves. */
void cache_trim(struct segments *s);
void segment_release(const struct stage_ctx *ctx, struct lru_entry *entry);
void cache_release(const struct stage_ctx *ctx, struct lru_entry *entry);

/* finalize.c */
int segments_finalize(struct segments *s);

#endif
