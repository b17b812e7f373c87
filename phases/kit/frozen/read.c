/* SPDX-License-Identifier: MIT
 *
 * frozen_read.c - documents, frames, segments and dictionaries, each checked when it is read. */
#include "internal.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint32_t frozen_id_end(const struct frozen *frozen, enum stage_kind kind) {
  if (!frozen_has(frozen, kind)) return 0;
  return frozen->writer ? frozen->writer->kinds[kind].row_count : frozen->state.sections[kind].id_end;
}

int frozen_find(struct frozen *frozen, enum stage_kind kind, uint32_t id, struct frozen_row *row) {
  return frozen_has(frozen, kind) ? frozen_document_row(frozen, kind, id, row) : STAGE_NO_DOCUMENT;
}

/* ---- the dictionary ---- */

static int dictionary_unpack(struct frozen *frozen, enum stage_kind kind, const uint8_t *packed, uint8_t *out) {
  const struct frozen_section *section = &frozen->state.sections[kind];
  uint64_t offset = section->dictionary_offset;
  if (XXH3_64bits_withSeed(packed, section->dictionary_packed, offset) != section->dictionary_hash)
    return frozen_corrupt(frozen, offset, "the dictionary's bytes do not give its hash");
  enum press_how how = section->dictionary_packed == section->dictionary_plain ? PRESS_RAW : PRESS_PLAIN;
  int error;
  if (press_unpack(&frozen->kinds[kind].press, how, (struct press_bytes){packed, section->dictionary_packed},
                   (struct press_bytes){0}, out, section->dictionary_plain, &error))
    return STAGE_OK;
  return error == STAGE_CORRUPT
             ? frozen_corrupt(frozen, offset, "the dictionary does not unpack to %u bytes", section->dictionary_plain)
             : error;
}

int frozen_dictionary_load(struct frozen *frozen, enum stage_kind kind) {
  struct press *press = &frozen->kinds[kind].press;
  const struct frozen_section *section = &frozen->state.sections[kind];
  if (press->dictionary || section->dictionary_plain == 0) return STAGE_OK;
  uint8_t *packed = stage_allocate(frozen->ctx, kind, section->dictionary_packed ? section->dictionary_packed : 1);
  uint8_t *plain = stage_allocate(frozen->ctx, kind, section->dictionary_plain);
  int error = packed && plain ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (!error) error = frozen_pread(frozen, section->dictionary_offset, packed, section->dictionary_packed);
  if (!error) error = dictionary_unpack(frozen, kind, packed, plain);
  stage_release(frozen->ctx, kind, packed);
  if (error) stage_release(frozen->ctx, kind, plain);
  else press_take(press, plain, section->dictionary_plain);
  return error;
}

/* ---- frames ---- */

int frozen_unpack(struct frozen *frozen, enum stage_kind kind, const struct frozen_frame *frame, const uint8_t *packed,
                  uint8_t *out) {
  int error = STAGE_OK;
  if ((uint32_t)XXH3_64bits(packed, frame->packed) != frame->hash)
    return frozen_corrupt(frozen, frame->offset, "the frame's %u bytes do not give its hash", frame->packed);
  if (frame->how == PRESS_DICTIONARY) error = frozen_dictionary_load(frozen, kind);
  if (error) return error;
  frozen->frames_unpacked++;
  if (press_unpack(&frozen->kinds[kind].press, (enum press_how)frame->how, (struct press_bytes){packed, frame->packed},
                   (struct press_bytes){0}, out, frame->plain, &error))
    return STAGE_OK;
  if (error != STAGE_CORRUPT) return error;
  return frozen_corrupt(frozen, frame->offset, "the frame does not unpack to %u bytes", frame->plain);
}

/* Grows a buffer whose contents do not matter. */
static bool room_make(struct frozen *frozen, enum stage_kind kind, uint8_t **p, uint32_t *room, uint32_t bytes) {
  if (*room >= bytes) return true;
  stage_release(frozen->ctx, kind, *p);
  *p = stage_allocate(frozen->ctx, kind, bytes);
  *room = *p ? bytes : 0;
  return *p != NULL;
}

/* The packed bytes: of the file, or of the segment that is still open. */
static int packed_get(struct frozen *frozen, enum stage_kind kind, uint32_t number, const struct frozen_frame *frame,
                      const uint8_t **packed) {
  const struct frozen_writing *w = frozen->writer ? &frozen->writer->kinds[kind] : NULL;
  if (w && number >= w->frame_count - w->segment_frames) {
    *packed = w->segment + frame->offset; /* of the segment's start, as yet */
    return STAGE_OK;
  }
  struct frozen_kind *k = &frozen->kinds[kind];
  if (!room_make(frozen, kind, &k->packed, &k->packed_room, frame->packed)) return STAGE_OUT_OF_MEMORY;
  *packed = k->packed;
  return frozen_pread(frozen, frame->offset, k->packed, frame->packed);
}

int frozen_frame_read(struct frozen *frozen, enum stage_kind kind, const struct frozen_frame *frame, uint8_t *out) {
  struct frozen_kind *k = &frozen->kinds[kind];
  if (!frozen_has(frozen, kind) || frozen->writer) return STAGE_MISUSE;
  if (!room_make(frozen, kind, &k->packed, &k->packed_room, frame->packed)) return STAGE_OUT_OF_MEMORY;
  int error = frozen_pread(frozen, frame->offset, k->packed, frame->packed);
  return error ? error : frozen_unpack(frozen, kind, frame, k->packed, out);
}

/* Unpacks into `out`, or, where that is NULL, into the buffer that stays. */
static int frame_unpack(struct frozen *frozen, enum stage_kind kind, uint32_t number, const struct frozen_frame *frame,
                        uint8_t *out) {
  struct frozen_kind *k = &frozen->kinds[kind];
  const uint8_t *packed = NULL;
  int error = packed_get(frozen, kind, number, frame, &packed);
  if (error) return error;
  if (out) return frozen_unpack(frozen, kind, frame, packed, out);
  k->plain_frame = FROZEN_NONE;
  if (!room_make(frozen, kind, &k->plain, &k->plain_room, frame->plain)) return STAGE_OUT_OF_MEMORY;
  error = frozen_unpack(frozen, kind, frame, packed, k->plain);
  if (!error) k->plain_frame = number;
  return error;
}

/* Copies what a frame has of [offset, offset + most), and how much that is. A frame of which all
 * is wanted is unpacked in place. */
static int frame_copy(struct frozen *frozen, enum stage_kind kind, uint32_t number, uint32_t offset, uint32_t most,
                      uint8_t *out, uint32_t *copied) {
  const struct frozen_writing *w = frozen->writer ? &frozen->writer->kinds[kind] : NULL;
  const uint8_t *plain;
  struct frozen_frame frame = {0};
  int error = STAGE_OK;
  bool is_open = w && number == w->frame_count && w->frame_used > 0;
  if (is_open) frame.plain = w->frame_used;
  else error = frozen_frame_find(frozen, kind, number, &frame);
  if (error) return error;
  if (offset >= frame.plain)
    return frozen_corrupt(frozen, frame.offset, "the frame has %u bytes, expected more than %u", frame.plain, offset);
  *copied = frame.plain - offset < most ? frame.plain - offset : most;
  bool is_kept = frozen->kinds[kind].plain_frame == number;
  if (!is_open && !is_kept && *copied == frame.plain) return frame_unpack(frozen, kind, number, &frame, out);
  if (!is_open && !is_kept) error = frame_unpack(frozen, kind, number, &frame, NULL);
  if (error) return error;
  plain = is_open ? w->frame : frozen->kinds[kind].plain;
  memcpy(out, plain + offset, *copied);
  return STAGE_OK;
}

int frozen_read(struct frozen *frozen, enum stage_kind kind, uint32_t id, const struct frozen_row *row, uint8_t *out) {
  uint32_t done = 0, number = row->frame, offset = row->offset;
  if (!frozen_has(frozen, kind)) return STAGE_NO_DOCUMENT;
  while (done < row->kept) {
    uint32_t copied = 0;
    int error = frame_copy(frozen, kind, number, offset, row->kept - done, out + done, &copied);
    if (error) return error;
    done += copied;
    offset = 0;
    number++;
  }
  if (XXH3_64bits(row->kept ? (const void *)out : "", row->kept) == row->hash) return STAGE_OK;
  return frozen_corrupt(frozen, frozen->state.sections[kind].documents_offset,
                        "document %u of kind %u: its %u bytes do not give its hash", id, (unsigned)kind, row->kept);
}

/* ---- segments ---- */

uint64_t frozen_segment_hash(const uint8_t *segment, uint32_t bytes, uint64_t offset) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset_withSeed(&state, offset);
  XXH3_64bits_update(&state, segment, 16);
  XXH3_64bits_update(&state, segment + FROZEN_SEGMENT_HEAD_BYTES, bytes - FROZEN_SEGMENT_HEAD_BYTES);
  return XXH3_64bits_digest(&state);
}

static int segment_head_check(const struct frozen *frozen, enum stage_kind kind, uint64_t offset, const uint8_t *head) {
  uint32_t bytes = frozen_get32(head + 4);
  if (frozen_get32(head) == FROZEN_SEGMENT_MAGIC && frozen_get32(head + 8) == (uint32_t)kind &&
      bytes > FROZEN_SEGMENT_HEAD_BYTES && bytes <= FROZEN_SEGMENT_BYTES_MAX &&
      bytes <= frozen->state.head.file_bytes - offset)
    return STAGE_OK;
  return frozen_corrupt(frozen, offset, "no segment of kind %u begins here", (unsigned)kind);
}

int frozen_segment_bytes(struct frozen *frozen, enum stage_kind kind, uint64_t segment, uint32_t *bytes) {
  uint8_t head[FROZEN_SEGMENT_HEAD_BYTES];
  if (!frozen_has(frozen, kind) || frozen->writer) return STAGE_MISUSE;
  if (segment < FROZEN_BODY_OFFSET || segment >= frozen->state.head.file_bytes)
    return frozen_corrupt(frozen, segment, "a segment is expected between byte %u and the end", FROZEN_BODY_OFFSET);
  int error = frozen_pread(frozen, segment, head, sizeof head);
  if (!error) error = segment_head_check(frozen, kind, segment, head);
  if (!error) *bytes = frozen_get32(head + 4);
  return error;
}

int frozen_segment_read(struct frozen *frozen, enum stage_kind kind, uint64_t segment, uint8_t *out, uint32_t bytes) {
  if (!frozen_has(frozen, kind) || frozen->writer) return STAGE_MISUSE;
  if (segment < FROZEN_BODY_OFFSET || segment >= frozen->state.head.file_bytes || bytes < FROZEN_SEGMENT_HEAD_BYTES ||
      bytes > frozen->state.head.file_bytes - segment)
    return frozen_corrupt(frozen, segment, "a segment of %u bytes is expected inside the file", bytes);
  int error = frozen_pread(frozen, segment, out, bytes);
  if (!error) error = segment_head_check(frozen, kind, segment, out);
  if (error) return error;
  if (frozen_get32(out + 4) == bytes && frozen_get64(out + 16) == frozen_segment_hash(out, bytes, segment))
    return STAGE_OK;
  return frozen_corrupt(frozen, segment, "the segment's %u bytes do not give its hash", bytes);
}

/* ---- letting go ---- */

static void frames_forget(struct frozen *frozen, enum stage_kind kind) {
  struct frozen_kind *k = &frozen->kinds[kind];
  frozen_pages_forget(frozen, kind);
  stage_release(frozen->ctx, kind, k->packed);
  stage_release(frozen->ctx, kind, k->plain);
  k->packed = k->plain = NULL;
  k->packed_room = k->plain_room = 0;
  k->plain_frame = FROZEN_NONE;
}

void frozen_evict(struct frozen *frozen) {
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    if (frozen_has(frozen, (enum stage_kind)kind)) frames_forget(frozen, (enum stage_kind)kind);
  }
}

/* While writing, the dictionary may be in no file yet, and the compressor is in use. */
void frozen_rest(struct frozen *frozen) {
  frozen_evict(frozen);
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    if (frozen_has(frozen, (enum stage_kind)kind) && !frozen->writer) press_unlearn(&frozen->kinds[kind].press);
  }
}
