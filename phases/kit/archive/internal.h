/* SPDX-License-Identifier: MIT
 *
 * internal.h - between the parts of archive.h: archive.c (opening, committing), file.c, heads.c,
 * index.c (the index and its pages), read.c, write.c, learn.c, verify.c. */
#ifndef PHASEBENCH_KIT_ARCHIVE_INTERNAL_H
#define PHASEBENCH_KIT_ARCHIVE_INTERNAL_H

#include "kit/support/compress.h"
#include "kit/support/file_io.h"
#include "kit/support/map.h"
#include "archive.h"
#include "layout.h"

/* ---- in memory ---- */

struct archive_head {
  uint64_t sequence, file_bytes, index_offset, index_bytes, catalogue_offset, catalogue_bytes;
};

/* A kind's part of the index. */
struct archive_section {
  uint32_t id_end, frame_count;
  uint64_t documents_offset, frames_offset, dictionary_offset;
  uint32_t dictionary_compressed, dictionary_plain; /* equal: as it is */
  uint64_t dictionary_hash;                         /* of the compressed bytes */
  uint64_t compressed_bytes, plain_bytes;           /* of frames that documents need */
};

/* What can be read: what the last finish wrote, or what was opened. */
struct archive_state {
  struct archive_head head; /* sequence and catalogue are the last commit's */
  struct archive_section sections[STAGE_KIND_COUNT];
  uint64_t segment_bytes; /* of segments that documents need */
};

struct archive_page {
  uint64_t offset; /* in the file; 0: empty */
  uint64_t used;   /* when */
};

struct archive_kind {
  struct compressor compressor;
  struct archive_page pages[ARCHIVE_PAGES_CACHED];
  uint8_t *page_bytes; /* of them all */
  uint8_t *compressed; /* a frame read */
  uint32_t compressed_room;
  uint8_t *plain;                   /* the frame decompressed last */
  uint32_t plain_room, plain_frame; /* ARCHIVE_NONE: none */
};

/* What only writing needs, of a kind. */
struct archive_writing {
  struct archive_row *rows;
  uint32_t row_count, row_capacity;
  struct archive_frame *frames; /* those of the open segment have no place yet */
  uint32_t frame_count, frame_capacity;
  struct map by_hash;   /* kept bytes' XXH3 to an id that had these */
  uint32_t frame_bytes; /* archive_frames */
  uint8_t *frame;       /* open, plain; its number is frame_count */
  uint32_t frame_used;
  uint8_t *segment; /* open */
  uint32_t segment_used, segment_frames;
};

struct archive_writer {
  uint64_t at; /* where what comes next is written */
  uint8_t *compressed;
  struct archive_section dictionary[STAGE_KIND_COUNT]; /* those fields only */
  struct archive_writing kinds[STAGE_KIND_COUNT];
};

struct archive {
  const struct stage_ctx *ctx;
  enum stage_kind home; /* whose heap has what belongs to no kind */
  struct archive_settings settings;
  uint64_t expected[STAGE_KIND_COUNT];
  char *path, *path_new;
  struct file_io file;
  bool is_new;      /* the open file is NAME.new */
  bool is_writable; /* open for writing, too */
  bool is_locked;
  bool is_ahead;      /* finished, not committed */
  bool is_unsyncable; /* a sync failed: what was written may be lost, whatever later syncs say */
  unsigned slot;      /* the head that counts */
  struct archive_state state;
  struct archive_writer *writer; /* between begin and finish */
  struct archive_kind kinds[STAGE_KIND_COUNT];
  uint64_t ticks, reads, frames_decompressed;
};

/* Whether the kind is one of the file's. */
static inline bool archive_has(const struct archive *archive, enum stage_kind kind) {
  return (unsigned)kind < STAGE_KIND_COUNT && (archive->settings.kinds >> kind & 1);
}

/* file.c */

/* Says that the file is damaged at a byte of it; STAGE_CORRUPT. */
__attribute__((format(printf, 3, 4))) int archive_corrupt(const struct archive *archive, uint64_t offset,
                                                          const char *format, ...);
/* Exactly these bytes. STAGE_IO; STAGE_CORRUPT where the file is shorter. */
int archive_pread(struct archive *archive, uint64_t offset, void *out, size_t bytes);

/* heads.c */

uint64_t archive_head_hash(const uint8_t *head, unsigned slot);
int archive_head_write(struct archive *archive, const struct archive_head *head, unsigned slot);
/* Reads the heads; the one that counts and its place. STAGE_CORRUPT, STAGE_IO, STAGE_UNSUPPORTED. */
int archive_heads_read(struct archive *archive, struct archive_head *head, unsigned *slot);
int archive_lock(struct archive *archive); /* for writing */
void archive_unlock(struct archive *archive);

/* index.c */

uint64_t archive_index_hash(const uint8_t *head, uint64_t offset);
uint64_t archive_page_hash(const uint8_t *page, uint64_t offset);
/* Reads the index's head that state->head leads to, and checks that everything lies inside the file. */
int archive_index_read(struct archive *archive, struct archive_state *state);
/* Writes the writer's rows as an index at writer->at, which moves behind it. */
int archive_index_write(struct archive *archive, struct archive_state *state);
/* A row: of the pages, or of what is being written. */
int archive_document_row(struct archive *archive, enum stage_kind kind, uint32_t id, struct archive_row *row);
/* All rows, into the writer. */
int archive_rows_load(struct archive *archive, enum stage_kind kind);
void archive_pages_forget(struct archive *archive, enum stage_kind kind);

/* read.c */

uint64_t archive_segment_hash(const uint8_t *segment, uint32_t bytes, uint64_t offset);
int archive_dictionary_load(struct archive *archive, enum stage_kind kind);

#endif
