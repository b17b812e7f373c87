/* SPDX-License-Identifier: MIT
 *
 * frozen_internal.h - between the parts of frozen.h: frozen.c (opening, heads, committing),
 * frozen_index.c (the index and its pages), frozen_read.c, frozen_write.c, frozen_learn.c,
 * frozen_verify.c. */
#ifndef PHASEBENCH_KIT_FROZEN_INTERNAL_H
#define PHASEBENCH_KIT_FROZEN_INTERNAL_H

#include "kit/support/file_io.h"
#include "frozen.h"
#include "kit/support/map.h"
#include "kit/support/press.h"

/* ---- the format's sizes ---- */

#define FROZEN_MAGIC "PBFROZEN"
#define FROZEN_VERSION 1u
#define FROZEN_HEAD_BYTES 72u
#define FROZEN_HEAD_DISTANCE 4096u
#define FROZEN_BODY_OFFSET 8192u
#define FROZEN_SEGMENT_MAGIC 0x47455350u /* "PSEG" */
#define FROZEN_SEGMENT_HEAD_BYTES 24u
#define FROZEN_INDEX_MAGIC 0x58444950u /* "PIDX" */
#define FROZEN_INDEX_HEAD_BYTES (8u + STAGE_KIND_COUNT * FROZEN_SECTION_BYTES + 16u)
#define FROZEN_SECTION_BYTES 64u
#define FROZEN_PAGE_BYTES 4096u
#define FROZEN_ROW_BYTES 24u
#define FROZEN_PAGE_ROWS 170u /* behind them a page has its number, u32, and its hash, u64 */
#define FROZEN_FRAME_BYTES_MAX (FROZEN_SEGMENT_BYTES_MAX - FROZEN_SEGMENT_HEAD_BYTES) /* so that one fits unpacked */
#define FROZEN_FRAME_HOW_SHIFT 28u /* how stands in the bits above plain bytes */
#define FROZEN_DICTIONARY_BYTES_MAX (4u << 20)
#define FROZEN_DICTIONARY_LEVEL 19
#define FROZEN_PAGES_CACHED 4u /* of each kind */

_Static_assert(FROZEN_PAGE_ROWS *FROZEN_ROW_BYTES + 12 <= FROZEN_PAGE_BYTES, "a page holds its rows");
_Static_assert(FROZEN_FRAME_BYTES_MAX < 1u << FROZEN_FRAME_HOW_SHIFT, "plain bytes leave room for how");

static inline void frozen_put32(uint8_t *p, uint32_t value) {
  for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> 8 * i);
}
static inline void frozen_put64(uint8_t *p, uint64_t value) {
  for (int i = 0; i < 8; i++) p[i] = (uint8_t)(value >> 8 * i);
}
static inline uint32_t frozen_get32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t frozen_get64(const uint8_t *p) {
  return (uint64_t)frozen_get32(p) | (uint64_t)frozen_get32(p + 4) << 32;
}

static inline uint64_t frozen_pages(uint64_t rows) { return (rows + FROZEN_PAGE_ROWS - 1) / FROZEN_PAGE_ROWS; }

/* ---- in memory ---- */

struct frozen_head {
  uint64_t sequence, file_bytes, index_offset, index_bytes, catalogue_offset, catalogue_bytes;
};

/* A kind's part of the index. */
struct frozen_section {
  uint32_t id_end, frame_count;
  uint64_t documents_offset, frames_offset, dictionary_offset;
  uint32_t dictionary_packed, dictionary_plain; /* equal: as it is */
  uint64_t dictionary_hash;                     /* of the packed bytes */
  uint64_t packed_bytes, plain_bytes;           /* of frames that documents need */
};

/* What can be read: what the last finish wrote, or what was opened. */
struct frozen_state {
  struct frozen_head head; /* sequence and catalogue are the last commit's */
  struct frozen_section sections[STAGE_KIND_COUNT];
  uint64_t segment_bytes; /* of segments that documents need */
};

struct frozen_page {
  uint64_t offset; /* in the file; 0: empty */
  uint64_t used;   /* when */
};

struct frozen_kind {
  struct press press;
  struct frozen_page pages[FROZEN_PAGES_CACHED];
  uint8_t *page_bytes; /* of them all */
  uint8_t *packed;     /* a frame read */
  uint32_t packed_room;
  uint8_t *plain;                   /* the frame unpacked last */
  uint32_t plain_room, plain_frame; /* FROZEN_NONE: none */
};

/* What only writing needs, of a kind. */
struct frozen_writing {
  struct frozen_row *rows;
  uint32_t row_count, row_capacity;
  struct frozen_frame *frames; /* those of the open segment have no place yet */
  uint32_t frame_count, frame_capacity;
  struct map by_hash;   /* kept bytes' XXH3 to an id that had these */
  uint32_t frame_bytes; /* frozen_frames */
  uint8_t *frame;       /* open, plain; its number is frame_count */
  uint32_t frame_used;
  uint8_t *segment; /* open */
  uint32_t segment_used, segment_frames;
};

struct frozen_writer {
  uint64_t at; /* where what comes next is written */
  uint8_t *packed;
  struct frozen_section dictionary[STAGE_KIND_COUNT]; /* those fields only */
  struct frozen_writing kinds[STAGE_KIND_COUNT];
};

struct frozen {
  const struct stage_ctx *ctx;
  enum stage_kind home; /* whose heap has what belongs to no kind */
  struct frozen_settings settings;
  uint64_t expected[STAGE_KIND_COUNT];
  char *path, *path_new;
  struct file_io file;
  bool is_new;      /* the open file is NAME.new */
  bool is_writable; /* open for writing, too */
  bool is_locked;
  bool is_ahead;      /* finished, not committed */
  bool is_unsyncable; /* a sync failed: what was written may be lost, whatever later syncs say */
  unsigned slot;      /* the head that counts */
  struct frozen_state state;
  struct frozen_writer *writer; /* between begin and finish */
  struct frozen_kind kinds[STAGE_KIND_COUNT];
  uint64_t ticks, reads, frames_unpacked;
};

/* Says that the file is damaged at a byte of it; STAGE_CORRUPT. */
__attribute__((format(printf, 3, 4))) int frozen_corrupt(const struct frozen *frozen, uint64_t offset,
                                                         const char *format, ...);
/* Whether the kind is one of the file's. */
static inline bool frozen_has(const struct frozen *frozen, enum stage_kind kind) {
  return (unsigned)kind < STAGE_KIND_COUNT && (frozen->settings.kinds >> kind & 1);
}
int frozen_pread(struct frozen *frozen, uint64_t offset, void *out, size_t bytes);

/* frozen.c */
uint64_t frozen_head_hash(const uint8_t *head, unsigned slot);
/* Reads the heads; the one that counts and its place. STAGE_CORRUPT, STAGE_IO, STAGE_UNSUPPORTED. */
int frozen_heads_read(struct frozen *frozen, struct frozen_head *head, unsigned *slot);
int frozen_lock(struct frozen *frozen); /* for writing */
void frozen_unlock(struct frozen *frozen);

/* frozen_index.c */
uint64_t frozen_index_hash(const uint8_t *head, uint64_t offset);
uint64_t frozen_page_hash(const uint8_t *page, uint64_t offset);
/* Reads the index's head that state->head leads to, and checks that everything lies inside the file. */
int frozen_index_read(struct frozen *frozen, struct frozen_state *state);
/* Writes the writer's rows as an index at writer->at, which moves behind it. */
int frozen_index_write(struct frozen *frozen, struct frozen_state *state);
/* A row: of the pages, or of what is being written. */
int frozen_document_row(struct frozen *frozen, enum stage_kind kind, uint32_t id, struct frozen_row *row);
/* All rows, into the writer. */
int frozen_rows_load(struct frozen *frozen, enum stage_kind kind);
void frozen_pages_forget(struct frozen *frozen, enum stage_kind kind);

/* frozen_read.c */
uint64_t frozen_segment_hash(const uint8_t *segment, uint32_t bytes, uint64_t offset);
int frozen_dictionary_load(struct frozen *frozen, enum stage_kind kind);

#endif
