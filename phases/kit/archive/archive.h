/* SPDX-License-Identifier: MIT
 *
 * archive.h - a file of byte strings by (kind, id), compressed hard, written once and read at
 * random places, of which next to nothing stays in memory.
 *
 * The file. Little endian. Everything is found from one of two heads; what no head leads to
 * does not count, so a half-written tail is not there.
 *   0       head 0: 72 bytes, then zeros
 *   4096    head 1, likewise
 *   8192    segments and indexes, back to back, in the order in which they were written
 *
 *   head     "PBFROZEN", u32 version, u32 kinds (bit (1 << kind)), u64 sequence, u64 file_bytes (the
 *            end of what counts), u64 index_offset, u64 index_bytes, u64 catalogue_offset,
 *            u64 catalogue_bytes, u64 XXH3 of the head's other bytes. All hashes that are said to
 *            have a place have the offset in the file of what they are about as seed; this one, too.
 *            The intact head with the higher sequence counts. A commit writes what is new behind
 *            file_bytes, syncs, writes the head that does not count, syncs, and then writes the
 *            same over the other head: so a head that is corrupt later on brings back no old
 *            state. A first build is written to NAME.new, with both heads, and renamed.
 *   segment  at most ARCHIVE_SEGMENT_BYTES_MAX, its header with it: u32 "PSEG", u32 bytes, u32 kind,
 *            u32 frame_count, u64 XXH3 of its other bytes, with its place; then its frames
 *   frame    one zstd frame without magic number (kit/support/compress.h), or plain bytes: whole documents one
 *            behind the other, half as much again as the frame_bytes of the settings at most. A
 *            document larger than frame_bytes begins a frame of its own and goes on in the next
 *            ones; others may follow it in the last one. A segment has room for a frame that
 *            could not be compressed.
 *   index    u32 "PIDX", u32 the number of kinds; for each kind a section: u32 documents (the
 *            end of ids), u32 frames, u64 offset of the documents' rows, u64 of the frames'
 *            rows, u64 of the dictionary, u32 compressed and u32 plain bytes of it (compressed like a
 *            frame; equal: it is plain), u64 XXH3 of the compressed ones with their place, u64 compressed
 *            and u64 plain bytes of frames that documents need; then u64 bytes of segments that
 *            documents need, u64 XXH3 of all this, with its place; then, for each kind, the rows
 *            of frames and the rows of documents. Rows stand in pages of 4096 bytes: 170 rows,
 *            u32 number, u64 XXH3 with its place: an open file keeps no rows in memory but those
 *            of the pages last used. A dictionary stands before the first index that has it.
 *   catalogue  behind the index: its bytes, u64 XXH3 with its place
 *   document row  u32 frame (UINT32_MAX: there is none), u32 offset in the frame's plain bytes,
 *            u32 length as put, u32 kept length, u64 XXH3 of the kept bytes
 *   frame row     u64 offset in the file, u32 compressed bytes, u32 plain bytes and how (kit/support/compress.h; in
 *            the upper 4 bits), u32 distance from its segment's start, u32 the low half of the
 *            compressed bytes' XXH3
 *
 * Equal documents share their bytes. What is kept of a tree is what the codec strips; making the
 * rest again is the caller's. */
#ifndef PHASEBENCH_KIT_ARCHIVE_H
#define PHASEBENCH_KIT_ARCHIVE_H

#include "stage.h"

#define ARCHIVE_SEGMENT_BYTES_MAX (256u * 1024u)
#define ARCHIVE_NONE UINT32_MAX

struct archive;

struct archive_settings {
  uint32_t kinds;                              /* bit (1 << kind) */
  uint32_t frame_bytes[STAGE_KIND_COUNT];      /* plain bytes of a frame, about */
  uint32_t dictionary_bytes[STAGE_KIND_COUNT]; /* at most; 0: none */
  int level[STAGE_KIND_COUNT];                 /* zstd's */
};

/* A document's row. */
struct archive_row {
  uint32_t frame, offset;
  uint32_t length; /* as it was put */
  uint32_t kept;   /* bytes in the file: the same, or what was stripped of them */
  uint64_t hash;   /* XXH3 of the kept bytes */
};

/* Where a frame lies. */
struct archive_frame {
  uint64_t offset;  /* in the file */
  uint64_t segment; /* its segment's offset in the file */
  uint32_t compressed, plain;
  uint32_t how; /* enum compress_how */
  uint32_t hash;
};

/* Opens ctx->directory/NAME. With ctx->is_reopened the file must be there and is validated
 * (STAGE_CORRUPT, STAGE_IO, STAGE_UNSUPPORTED for another version); else there is none until
 * the first archive_begin, which puts what it writes aside as NAME.new. Memory is ctx->heap[kind]'s. */
int archive_open(const struct stage_ctx *ctx, const char *name, const struct archive_settings *settings,
                 struct archive **out);
/* Closes; what was not committed is lost, and NAME.new removed. NULL is fine. */
void archive_close(struct archive *archive);

/* ---- writing: begin, learn, add..., finish; then commit ---- */

/* Of a file that has documents already, those stay, unless they are added or dropped anew. The
 * file is locked until the commit: STAGE_IO where another process writes it, or has committed to
 * it since it was opened. Where begin, learn, add or finish fail (but for STAGE_MISUSE), the
 * file is as it was before begin. Between begin and finish, what is there can be read, but for
 * segments. */
int archive_begin(struct archive *archive);
/* About how many kept bytes there will be: what a dictionary must be worth it for. Without this,
 * as many as there are samples. */
void archive_expect(struct archive *archive, enum stage_kind kind, uint64_t kept_bytes);
/* Learns a dictionary from samples that lie back to back; before the first add of the kind, once
 * for a file (else STAGE_MISUSE). Kept only where it saves more than it takes on disk: an eighth of
 * the samples is for trying that. Too few samples: there is none, which is no error. */
int archive_learn(struct archive *archive, enum stage_kind kind, const uint8_t *samples, const size_t *sizes,
                  uint32_t count);
/* Frames of about so many plain bytes from here on, at most those of the settings: documents that are small
 * are read sooner out of small frames, and cost little there. */
int archive_frames(struct archive *archive, enum stage_kind kind, uint32_t frame_bytes);
/* Adds a document, in place of what was there. `length` is that of the bytes as put. */
int archive_add(struct archive *archive, enum stage_kind kind, uint32_t id, const uint8_t *kept, uint32_t kept_length,
                uint32_t length);
int archive_drop(struct archive *archive, enum stage_kind kind, uint32_t id); /* STAGE_NO_DOCUMENT */
/* Writes what is still in buffers and the index. Everything added can be read from here on. Gives back
 * what only writing needs. */
int archive_finish(struct archive *archive);
/* Gives up what was written since begin, where there was one. */
void archive_abandon(struct archive *archive);
/* Makes the last finish durable, with a catalogue. */
int archive_commit(struct archive *archive, const void *catalogue, uint64_t length);

/* ---- reading ---- */

/* Ids are below. */
uint32_t archive_id_end(const struct archive *archive, enum stage_kind kind);
/* STAGE_NO_DOCUMENT, STAGE_CORRUPT, STAGE_IO. */
int archive_find(struct archive *archive, enum stage_kind kind, uint32_t id, struct archive_row *row);
/* The kept bytes of a row, decompressed and checked; `out` has room for row->kept. The frame decompressed
 * last stays in memory until archive_evict. */
int archive_read(struct archive *archive, enum stage_kind kind, uint32_t id, const struct archive_row *row,
                 uint8_t *out);
/* The catalogue: `out` has room for archive_catalogue_bytes. */
uint64_t archive_catalogue_bytes(const struct archive *archive);
int archive_catalogue(struct archive *archive, uint8_t *out);
/* Reads and checks everything that counts, decompresses every frame and document. */
int archive_verify(struct archive *archive);
/* Gives back what was read of documents: decompressed frames, pages of rows. */
void archive_evict(struct archive *archive);
/* And what reading needs whatever is read: the zstd context and the dictionary. They are made again when needed. */
void archive_rest(struct archive *archive);

/* By segments, for readers that keep these: where a frame lies; a whole segment (its length by
 * archive_segment_bytes), read and checked; a frame's plain bytes out of it (archive_decompress). */
int archive_frame_find(struct archive *archive, enum stage_kind kind, uint32_t frame, struct archive_frame *out);
/* A frame's plain bytes, read from the file by itself. */
int archive_frame_read(struct archive *archive, enum stage_kind kind, const struct archive_frame *frame, uint8_t *out);
int archive_segment_bytes(struct archive *archive, enum stage_kind kind, uint64_t segment, uint32_t *bytes);
int archive_segment_read(struct archive *archive, enum stage_kind kind, uint64_t segment, uint8_t *out, uint32_t bytes);
int archive_decompress(struct archive *archive, enum stage_kind kind, const struct archive_frame *frame,
                       const uint8_t *compressed, uint8_t *out);

/* ---- figures ---- */

struct archive_usage {
  uint64_t file_bytes; /* while it is written: so far */
  uint64_t dead_bytes; /* segments, indexes and catalogues that nothing leads to any more */
  uint64_t compressed_bytes[STAGE_KIND_COUNT], plain_bytes[STAGE_KIND_COUNT]; /* of frames that documents need */
  uint64_t dictionary_bytes[STAGE_KIND_COUNT];                                /* in the file */
  uint64_t index_bytes[STAGE_KIND_COUNT];
  uint64_t reads, frames_decompressed; /* since it was opened */
};
/* Otherwise as of the last finish, or of opening. */
struct archive_usage archive_usage(const struct archive *archive);

#endif
