/* SPDX-License-Identifier: MIT
 *
 * read.c - documents, frames, segments and dictionaries, each checked when it is read. */
#include "internal.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint32_t archive_id_end(const struct archive *archive, enum stage_kind kind) {
  if (!archive_has(archive, kind)) return 0;
  return archive->writer ? archive->writer->kinds[kind].row_count : archive->state.sections[kind].id_end;
}

int archive_find(struct archive *archive, enum stage_kind kind, uint32_t id, struct archive_row *row) {
  return archive_has(archive, kind) ? archive_document_row(archive, kind, id, row) : STAGE_NO_DOCUMENT;
}

/* ---- the dictionary ---- */

static int dictionary_decompress(struct archive *archive, enum stage_kind kind, const uint8_t *compressed,
                                 uint8_t *out) {
  const struct archive_section *section = &archive->state.sections[kind];
  uint64_t offset = section->dictionary_offset;
  if (XXH3_64bits_withSeed(compressed, section->dictionary_compressed, offset) != section->dictionary_hash)
    return archive_corrupt(archive, offset, "the dictionary's bytes do not give its hash");
  enum compress_how how = section->dictionary_compressed == section->dictionary_plain ? COMPRESS_RAW : COMPRESS_PLAIN;
  int error;
  if (decompress_bytes(&archive->kinds[kind].compressor, &(struct compress_way){.how = how},
                       (struct compress_slice){compressed, section->dictionary_compressed},
                       (struct compress_room){out, section->dictionary_plain}, &error))
    return STAGE_OK;
  return error == STAGE_CORRUPT ? archive_corrupt(archive, offset, "the dictionary does not decompress to %u bytes",
                                                  section->dictionary_plain)
                                : error;
}

int archive_dictionary_load(struct archive *archive, enum stage_kind kind) {
  struct compressor *compressor = &archive->kinds[kind].compressor;
  const struct archive_section *section = &archive->state.sections[kind];
  if (compressor->dictionary || section->dictionary_plain == 0) return STAGE_OK;
  uint8_t *compressed =
      stage_allocate(archive->ctx, kind, section->dictionary_compressed ? section->dictionary_compressed : 1);
  uint8_t *plain = stage_allocate(archive->ctx, kind, section->dictionary_plain);
  int error = compressed && plain ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (!error) error = archive_pread(archive, section->dictionary_offset, compressed, section->dictionary_compressed);
  if (!error) error = dictionary_decompress(archive, kind, compressed, plain);
  stage_release(archive->ctx, kind, compressed);
  if (error) stage_release(archive->ctx, kind, plain);
  else compress_take(compressor, plain, section->dictionary_plain);
  return error;
}

/* ---- frames ---- */

int archive_decompress(struct archive *archive, enum stage_kind kind, const struct archive_frame *frame,
                       const uint8_t *compressed, uint8_t *out) {
  int error = STAGE_OK;
  if ((uint32_t)XXH3_64bits(compressed, frame->compressed) != frame->hash)
    return archive_corrupt(archive, frame->offset, "the frame's %u bytes do not give its hash", frame->compressed);
  if (frame->how == COMPRESS_DICTIONARY) error = archive_dictionary_load(archive, kind);
  if (error) return error;
  archive->frames_decompressed++;
  if (decompress_bytes(&archive->kinds[kind].compressor, &(struct compress_way){.how = (enum compress_how)frame->how},
                       (struct compress_slice){compressed, frame->compressed},
                       (struct compress_room){out, frame->plain}, &error))
    return STAGE_OK;
  if (error != STAGE_CORRUPT) return error;
  return archive_corrupt(archive, frame->offset, "the frame does not decompress to %u bytes", frame->plain);
}

/* Grows a buffer whose contents do not matter. */
static bool room_make(struct archive *archive, enum stage_kind kind, uint8_t **p, uint32_t *room, uint32_t bytes) {
  if (*room >= bytes) return true;
  stage_release(archive->ctx, kind, *p);
  *p = stage_allocate(archive->ctx, kind, bytes);
  *room = *p ? bytes : 0;
  return *p != NULL;
}

/* The compressed bytes: of the file, or of the segment that is still open. */
static int compressed_get(struct archive *archive, enum stage_kind kind, uint32_t number,
                          const struct archive_frame *frame, const uint8_t **compressed) {
  const struct archive_writing *w = archive->writer ? &archive->writer->kinds[kind] : NULL;
  if (w && number >= w->frame_count - w->segment_frames) {
    *compressed = w->segment + frame->offset; /* of the segment's start, as yet */
    return STAGE_OK;
  }
  struct archive_kind *k = &archive->kinds[kind];
  if (!room_make(archive, kind, &k->compressed, &k->compressed_room, frame->compressed)) return STAGE_OUT_OF_MEMORY;
  *compressed = k->compressed;
  return archive_pread(archive, frame->offset, k->compressed, frame->compressed);
}

int archive_frame_read(struct archive *archive, enum stage_kind kind, const struct archive_frame *frame, uint8_t *out) {
  struct archive_kind *k = &archive->kinds[kind];
  if (!archive_has(archive, kind) || archive->writer) return STAGE_MISUSE;
  if (!room_make(archive, kind, &k->compressed, &k->compressed_room, frame->compressed)) return STAGE_OUT_OF_MEMORY;
  int error = archive_pread(archive, frame->offset, k->compressed, frame->compressed);
  return error ? error : archive_decompress(archive, kind, frame, k->compressed, out);
}

/* Decompresses into `out`, or, where that is NULL, into the buffer that stays. */
static int frame_decompress(struct archive *archive, enum stage_kind kind, uint32_t number,
                            const struct archive_frame *frame, uint8_t *out) {
  struct archive_kind *k = &archive->kinds[kind];
  const uint8_t *compressed = NULL;
  int error = compressed_get(archive, kind, number, frame, &compressed);
  if (error) return error;
  if (out) return archive_decompress(archive, kind, frame, compressed, out);
  k->plain_frame = ARCHIVE_NONE;
  if (!room_make(archive, kind, &k->plain, &k->plain_room, frame->plain)) return STAGE_OUT_OF_MEMORY;
  error = archive_decompress(archive, kind, frame, compressed, k->plain);
  if (!error) k->plain_frame = number;
  return error;
}

/* What of a document's bytes is wanted next: from where in the frame, how many at most, and where to. */
struct wanted {
  uint32_t offset, most;
  uint8_t *out;
};

/* Copies what a frame has of it, and how much that is. A frame of which all is wanted is decompressed
 * in place. */
static int frame_copy(struct archive *archive, enum stage_kind kind, uint32_t number, const struct wanted *wanted,
                      uint32_t *copied) {
  uint32_t offset = wanted->offset;
  const struct archive_writing *w = archive->writer ? &archive->writer->kinds[kind] : NULL;
  const uint8_t *plain;
  struct archive_frame frame = {0};
  int error = STAGE_OK;
  bool is_open = w && number == w->frame_count && w->frame_used > 0;
  if (is_open) frame.plain = w->frame_used;
  else error = archive_frame_find(archive, kind, number, &frame);
  if (error) return error;
  if (offset >= frame.plain)
    return archive_corrupt(archive, frame.offset, "the frame has %u bytes, expected more than %u", frame.plain, offset);
  *copied = frame.plain - offset < wanted->most ? frame.plain - offset : wanted->most;
  bool is_kept = archive->kinds[kind].plain_frame == number;
  if (!is_open && !is_kept && *copied == frame.plain)
    return frame_decompress(archive, kind, number, &frame, wanted->out);
  if (!is_open && !is_kept) error = frame_decompress(archive, kind, number, &frame, NULL);
  if (error) return error;
  plain = is_open ? w->frame : archive->kinds[kind].plain;
  memcpy(wanted->out, plain + offset, *copied);
  return STAGE_OK;
}

int archive_read(struct archive *archive, enum stage_kind kind, uint32_t id, const struct archive_row *row,
                 uint8_t *out) {
  uint32_t done = 0, number = row->frame, offset = row->offset;
  if (!archive_has(archive, kind)) return STAGE_NO_DOCUMENT;
  while (done < row->kept) {
    uint32_t copied = 0;
    const struct wanted wanted = {offset, row->kept - done, out + done};
    int error = frame_copy(archive, kind, number, &wanted, &copied);
    if (error) return error;
    done += copied;
    offset = 0;
    number++;
  }
  if (XXH3_64bits(row->kept ? (const void *)out : "", row->kept) == row->hash) return STAGE_OK;
  return archive_corrupt(archive, archive->state.sections[kind].documents_offset,
                         "document %u of kind %u: its %u bytes do not give its hash", id, (unsigned)kind, row->kept);
}

/* ---- segments ---- */

uint64_t archive_segment_hash(const uint8_t *segment, uint32_t bytes, uint64_t offset) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset_withSeed(&state, offset);
  XXH3_64bits_update(&state, segment, 16);
  XXH3_64bits_update(&state, segment + ARCHIVE_SEGMENT_HEAD_BYTES, bytes - ARCHIVE_SEGMENT_HEAD_BYTES);
  return XXH3_64bits_digest(&state);
}

static int segment_head_check(const struct archive *archive, enum stage_kind kind, uint64_t offset,
                              const uint8_t *head) {
  uint32_t bytes = archive_get32(head + 4);
  if (archive_get32(head) == ARCHIVE_SEGMENT_MAGIC && archive_get32(head + 8) == (uint32_t)kind &&
      bytes > ARCHIVE_SEGMENT_HEAD_BYTES && bytes <= ARCHIVE_SEGMENT_BYTES_MAX &&
      bytes <= archive->state.head.file_bytes - offset)
    return STAGE_OK;
  return archive_corrupt(archive, offset, "no segment of kind %u begins here", (unsigned)kind);
}

int archive_segment_bytes(struct archive *archive, enum stage_kind kind, uint64_t segment, uint32_t *bytes) {
  uint8_t head[ARCHIVE_SEGMENT_HEAD_BYTES];
  if (!archive_has(archive, kind) || archive->writer) return STAGE_MISUSE;
  if (segment < ARCHIVE_BODY_OFFSET || segment >= archive->state.head.file_bytes)
    return archive_corrupt(archive, segment, "a segment is expected between byte %u and the end", ARCHIVE_BODY_OFFSET);
  int error = archive_pread(archive, segment, head, sizeof head);
  if (!error) error = segment_head_check(archive, kind, segment, head);
  if (!error) *bytes = archive_get32(head + 4);
  return error;
}

int archive_segment_read(struct archive *archive, enum stage_kind kind, uint64_t segment, uint8_t *out,
                         uint32_t bytes) {
  if (!archive_has(archive, kind) || archive->writer) return STAGE_MISUSE;
  if (segment < ARCHIVE_BODY_OFFSET || segment >= archive->state.head.file_bytes ||
      bytes < ARCHIVE_SEGMENT_HEAD_BYTES || bytes > archive->state.head.file_bytes - segment)
    return archive_corrupt(archive, segment, "a segment of %u bytes is expected inside the file", bytes);
  int error = archive_pread(archive, segment, out, bytes);
  if (!error) error = segment_head_check(archive, kind, segment, out);
  if (error) return error;
  if (archive_get32(out + 4) == bytes && archive_get64(out + 16) == archive_segment_hash(out, bytes, segment))
    return STAGE_OK;
  return archive_corrupt(archive, segment, "the segment's %u bytes do not give its hash", bytes);
}

/* ---- letting go ---- */

static void frames_forget(struct archive *archive, enum stage_kind kind) {
  struct archive_kind *k = &archive->kinds[kind];
  archive_pages_forget(archive, kind);
  stage_release(archive->ctx, kind, k->compressed);
  stage_release(archive->ctx, kind, k->plain);
  k->compressed = k->plain = NULL;
  k->compressed_room = k->plain_room = 0;
  k->plain_frame = ARCHIVE_NONE;
}

void archive_evict(struct archive *archive) {
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    if (archive_has(archive, (enum stage_kind)kind)) frames_forget(archive, (enum stage_kind)kind);
  }
}

/* While writing, the dictionary may be in no file yet, and the compressor is in use. */
void archive_rest(struct archive *archive) {
  archive_evict(archive);
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    if (archive_has(archive, (enum stage_kind)kind) && !archive->writer)
      compress_unlearn(&archive->kinds[kind].compressor);
  }
}
