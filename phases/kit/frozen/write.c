/* SPDX-License-Identifier: MIT
 *
 * frozen_write.c - documents into frames, frames into segments, segments into the file, from
 * begin to finish. What is written goes behind everything that counts, so that until the head is
 * changed the file is what it was. */
#include "internal.h"

#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- begin, and giving up ---- */

static void writer_free(struct frozen *frozen) {
  struct frozen_writer *writer = frozen->writer;
  for (unsigned i = 0; i < STAGE_KIND_COUNT; i++) {
    enum stage_kind kind = (enum stage_kind)i;
    struct frozen_writing *w = &writer->kinds[kind];
    stage_release(frozen->ctx, kind, w->rows);
    stage_release(frozen->ctx, kind, w->frames);
    map_clear(&w->by_hash, frozen->ctx, kind);
    stage_release(frozen->ctx, kind, w->frame);
    stage_release(frozen->ctx, kind, w->segment);
  }
  stage_release(frozen->ctx, frozen->home, writer->packed);
  stage_release(frozen->ctx, frozen->home, writer);
  frozen->writer = NULL;
  frozen_rest(frozen);
}

/* What lies behind the file's end takes room for nothing; but where it cannot be cut off, it
 * does no harm, either. */
static void tail_cut(struct frozen *frozen) {
  if (frozen->is_locked && ftruncate(frozen->file.fd, (off_t)frozen->state.head.file_bytes) != 0) return;
}

void frozen_abandon(struct frozen *frozen) {
  if (!frozen->writer) return;
  writer_free(frozen);
  tail_cut(frozen);
  if (!frozen->is_ahead) frozen_unlock(frozen);
}

/* The largest a frame of this kind gets: a document that fits is not cut for the sake of a
 * frame that is not half full. */
static uint32_t frame_room(const struct frozen *frozen, enum stage_kind kind) {
  uint32_t frame_bytes = frozen->writer->kinds[kind].frame_bytes, room = frame_bytes + frame_bytes / 2;
  return room < FROZEN_FRAME_BYTES_MAX ? room : FROZEN_FRAME_BYTES_MAX;
}

static int writing_begin(struct frozen *frozen, enum stage_kind kind) {
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  w->frame_bytes = frozen->settings.frame_bytes[kind];
  w->frame = stage_allocate(frozen->ctx, kind, frame_room(frozen, kind));
  w->segment = stage_allocate(frozen->ctx, kind, FROZEN_SEGMENT_BYTES_MAX);
  w->segment_used = FROZEN_SEGMENT_HEAD_BYTES;
  int error = w->frame && w->segment ? frozen_rows_load(frozen, kind) : STAGE_OUT_OF_MEMORY;
  for (uint32_t id = 0; id < w->row_count && !error; id++) {
    const struct frozen_row *row = &w->rows[id];
    if (row->frame == FROZEN_NONE || row->kept == 0 || map_get(&w->by_hash, row->hash) != MAP_NONE) continue;
    if (!map_add(&w->by_hash, frozen->ctx, kind, row->hash, id)) error = STAGE_OUT_OF_MEMORY;
  }
  return error;
}

int frozen_begin(struct frozen *frozen) {
  if (frozen->writer) {
    STAGE_FAIL(frozen->ctx, "%s: a begin after a begin, expected a finish between them", frozen->path);
    return STAGE_MISUSE;
  }
  int error = frozen_lock(frozen);
  if (error) return error;
  struct frozen_writer *writer = stage_allocate(frozen->ctx, frozen->home, sizeof *writer);
  if (writer) {
    *writer = (struct frozen_writer){.at = frozen->state.head.file_bytes};
    frozen->writer = writer;
    tail_cut(frozen);
    writer->packed = stage_allocate(frozen->ctx, frozen->home, FROZEN_SEGMENT_BYTES_MAX);
  }
  if (!writer || !writer->packed) error = STAGE_OUT_OF_MEMORY;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT && !error; kind++) {
    if (!frozen_has(frozen, (enum stage_kind)kind)) continue;
    writer->dictionary[kind] = frozen->state.sections[kind];
    error = writing_begin(frozen, (enum stage_kind)kind);
  }
  if (!writer && !frozen->is_ahead) frozen_unlock(frozen);
  if (error) frozen_abandon(frozen);
  return error;
}

/* ---- segments and frames ---- */

static int segment_flush(struct frozen *frozen, enum stage_kind kind) {
  struct frozen_writer *writer = frozen->writer;
  struct frozen_writing *w = &writer->kinds[kind];
  if (w->segment_frames == 0) return STAGE_OK;
  frozen_put32(w->segment, FROZEN_SEGMENT_MAGIC);
  frozen_put32(w->segment + 4, w->segment_used);
  frozen_put32(w->segment + 8, (uint32_t)kind);
  frozen_put32(w->segment + 12, w->segment_frames);
  frozen_put64(w->segment + 16, frozen_segment_hash(w->segment, w->segment_used, writer->at));
  int error = file_io_write(&frozen->file, writer->at, w->segment, w->segment_used);
  if (error) return error;
  for (uint32_t n = w->frame_count - w->segment_frames; n < w->frame_count; n++) {
    w->frames[n].segment = writer->at;
    w->frames[n].offset += writer->at;
  }
  writer->at += w->segment_used;
  w->segment_used = FROZEN_SEGMENT_HEAD_BYTES;
  w->segment_frames = 0;
  return STAGE_OK;
}

static bool frames_reserve(struct frozen *frozen, enum stage_kind kind) {
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  if (w->frame_count < w->frame_capacity) return true;
  size_t capacity = (size_t)w->frame_capacity + w->frame_capacity / 2 + 64;
  if (capacity >= FROZEN_NONE) return false;
  struct frozen_frame *frames = stage_resize(frozen->ctx, kind, w->frames, capacity * sizeof *frames);
  if (!frames) return false;
  w->frames = frames;
  w->frame_capacity = (uint32_t)capacity;
  return true;
}

/* Packs the open frame into writer->packed. */
static int frame_pack(struct frozen *frozen, enum stage_kind kind, struct frozen_frame *frame) {
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  struct press *press = &frozen->kinds[kind].press;
  size_t packed;
  int error = frozen_dictionary_load(frozen, kind);
  if (error) return error;
  frame->plain = w->frame_used;
  frame->how = press->dictionary ? PRESS_DICTIONARY : PRESS_PLAIN;
  error = press_pack(press, (enum press_how)frame->how, frozen->settings.level[kind],
                     (struct press_bytes){w->frame, w->frame_used}, (struct press_bytes){0}, frozen->writer->packed,
                     w->frame_used - 1, &packed);
  if (!error && packed == 0) {
    frame->how = PRESS_RAW;
    packed = w->frame_used;
    memcpy(frozen->writer->packed, w->frame, packed);
  }
  frame->packed = (uint32_t)packed;
  frame->hash = (uint32_t)XXH3_64bits(frozen->writer->packed, packed);
  return error;
}

static int frame_flush(struct frozen *frozen, enum stage_kind kind) {
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  struct frozen_frame frame = {0};
  if (w->frame_used == 0) return STAGE_OK;
  int error = frames_reserve(frozen, kind) ? frame_pack(frozen, kind, &frame) : STAGE_OUT_OF_MEMORY;
  if (!error && frame.packed > FROZEN_SEGMENT_BYTES_MAX - w->segment_used) error = segment_flush(frozen, kind);
  if (error) return error;
  frame.offset = w->segment_used;
  memcpy(w->segment + w->segment_used, frozen->writer->packed, frame.packed);
  w->segment_used += frame.packed;
  w->segment_frames++;
  w->frames[w->frame_count++] = frame;
  w->frame_used = 0;
  return STAGE_OK;
}

/* ---- documents ---- */

/* Pieces of a document that begin a frame of their own; what follows fills up the last one. */
static int place_pieces(struct frozen *frozen, enum stage_kind kind, const uint8_t *kept, uint32_t length,
                        struct frozen_row *row) {
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  uint32_t piece_max = w->frame_bytes;
  int error = frame_flush(frozen, kind);
  row->frame = w->frame_count;
  row->offset = 0;
  while (length > 0 && !error) {
    uint32_t piece = length < piece_max ? length : piece_max;
    memcpy(w->frame, kept, piece);
    w->frame_used = piece;
    kept += piece;
    length -= piece;
    if (piece == piece_max) error = frame_flush(frozen, kind);
  }
  return error;
}

static int place(struct frozen *frozen, enum stage_kind kind, const uint8_t *kept, uint32_t length,
                 struct frozen_row *row) {
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  uint32_t frame_bytes = w->frame_bytes;
  if (length > frame_bytes) return place_pieces(frozen, kind, kept, length, row);
  int error = STAGE_OK;
  if (length > frame_bytes - w->frame_used &&
      (w->frame_used >= frame_bytes / 2 || length > frame_room(frozen, kind) - w->frame_used))
    error = frame_flush(frozen, kind);
  if (error) return error;
  row->frame = w->frame_count;
  row->offset = w->frame_used;
  memcpy(w->frame + w->frame_used, kept, length);
  w->frame_used += length;
  return w->frame_used >= frame_bytes ? frame_flush(frozen, kind) : STAGE_OK;
}

static bool rows_reserve(struct frozen *frozen, enum stage_kind kind, uint32_t id) {
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  if (id < w->row_count) return true;
  if (id >= w->row_capacity) {
    size_t capacity = (size_t)w->row_capacity + w->row_capacity / 4;
    if (capacity < (size_t)id + 64) capacity = (size_t)id + 64;
    if (capacity >= FROZEN_NONE) capacity = FROZEN_NONE;
    struct frozen_row *rows = stage_resize(frozen->ctx, kind, w->rows, capacity * sizeof *rows);
    if (!rows) return false;
    w->rows = rows;
    w->row_capacity = (uint32_t)capacity;
  }
  for (; w->row_count <= id; w->row_count++) w->rows[w->row_count] = (struct frozen_row){.frame = FROZEN_NONE};
  return true;
}

/* Whether the bytes are those that `found` names; then row takes its place. */
static int share(struct frozen *frozen, enum stage_kind kind, uint32_t found, const uint8_t *kept,
                 struct frozen_row *row, bool *is_same) {
  const struct frozen_row *other = &frozen->writer->kinds[kind].rows[found];
  *is_same = false;
  if (other->frame == FROZEN_NONE || other->hash != row->hash || other->kept != row->kept) return STAGE_OK;
  uint8_t *bytes = stage_allocate(frozen->ctx, kind, row->kept);
  if (!bytes) return STAGE_OUT_OF_MEMORY;
  int error = frozen_read(frozen, kind, found, other, bytes);
  *is_same = !error && memcmp(bytes, kept, row->kept) == 0;
  stage_release(frozen->ctx, kind, bytes);
  if (!*is_same) return error;
  row->frame = other->frame;
  row->offset = other->offset;
  return STAGE_OK;
}

static int add(struct frozen *frozen, enum stage_kind kind, uint32_t id, const uint8_t *kept, struct frozen_row row) {
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  if (!rows_reserve(frozen, kind, id)) return STAGE_OUT_OF_MEMORY;
  uint32_t found = map_get(&w->by_hash, row.hash);
  bool is_same = row.kept == 0;
  int error = STAGE_OK;
  if (!is_same && found != MAP_NONE) error = share(frozen, kind, found, kept, &row, &is_same);
  if (!error && !is_same) error = place(frozen, kind, kept, row.kept, &row);
  if (!error && !is_same && found != MAP_NONE) map_replace(&w->by_hash, row.hash, id);
  if (!error && !is_same && found == MAP_NONE && !map_add(&w->by_hash, frozen->ctx, kind, row.hash, id))
    error = STAGE_OUT_OF_MEMORY;
  if (!error) w->rows[id] = row;
  return error;
}

static int writer_check(const struct frozen *frozen, enum stage_kind kind) {
  if (frozen->writer && frozen_has(frozen, kind)) return STAGE_OK;
  STAGE_FAIL(frozen->ctx, "%s: writing without a begin, or a kind of bytes that the file has not", frozen->path);
  return STAGE_MISUSE;
}

int frozen_frames(struct frozen *frozen, enum stage_kind kind, uint32_t frame_bytes) {
  int error = writer_check(frozen, kind);
  if (error) return error;
  if (frame_bytes < 64 || frame_bytes > frozen->settings.frame_bytes[kind]) {
    STAGE_FAIL(frozen->ctx, "%s: frames of %u bytes; expected 64 to the %u of the settings", frozen->path, frame_bytes,
               frozen->settings.frame_bytes[kind]);
    return STAGE_MISUSE;
  }
  error = frame_flush(frozen, kind);
  if (error) frozen_abandon(frozen);
  else frozen->writer->kinds[kind].frame_bytes = frame_bytes;
  return error;
}

int frozen_add(struct frozen *frozen, enum stage_kind kind, uint32_t id, const uint8_t *kept, uint32_t kept_length,
               uint32_t length) {
  int error = writer_check(frozen, kind);
  if (error) return error;
  if (id == FROZEN_NONE) {
    STAGE_FAIL(frozen->ctx, "%s: %u is no document's id, expected a smaller one", frozen->path, id);
    return STAGE_MISUSE;
  }
  struct frozen_row row = {.length = length, .kept = kept_length};
  row.hash = XXH3_64bits(kept_length ? (const void *)kept : "", kept_length);
  error = add(frozen, kind, id, kept, row);
  if (error) frozen_abandon(frozen);
  return error;
}

int frozen_drop(struct frozen *frozen, enum stage_kind kind, uint32_t id) {
  int error = writer_check(frozen, kind);
  if (error) return error;
  struct frozen_writing *w = &frozen->writer->kinds[kind];
  if (id >= w->row_count || w->rows[id].frame == FROZEN_NONE) return STAGE_NO_DOCUMENT;
  w->rows[id] = (struct frozen_row){.frame = FROZEN_NONE};
  return STAGE_OK;
}

/* ---- finish ---- */

/* Marks the frames that documents need. */
static int frames_mark(struct frozen *frozen, enum stage_kind kind, uint8_t **needed) {
  const struct frozen_writing *w = &frozen->writer->kinds[kind];
  *needed = stage_allocate(frozen->ctx, kind, w->frame_count ? w->frame_count : 1);
  if (!*needed) return STAGE_OUT_OF_MEMORY;
  memset(*needed, 0, w->frame_count);
  for (uint32_t id = 0; id < w->row_count; id++) {
    const struct frozen_row *row = &w->rows[id];
    if (row->frame == FROZEN_NONE) continue;
    uint32_t left = row->kept, offset = row->offset;
    for (uint32_t n = row->frame; left > 0 && n < w->frame_count; n++) {
      uint32_t here = w->frames[n].plain > offset ? w->frames[n].plain - offset : 0;
      (*needed)[n] = 1;
      left -= here < left ? here : left;
      offset = 0;
    }
  }
  return STAGE_OK;
}

/* What documents need: bytes of frames, and of segments in which there is such a frame. */
static int needs_count(struct frozen *frozen, enum stage_kind kind, struct frozen_section *section,
                       uint64_t *segment_bytes) {
  const struct frozen_writing *w = &frozen->writer->kinds[kind];
  uint8_t *needed;
  int error = frames_mark(frozen, kind, &needed);
  if (error) return error;
  section->packed_bytes = section->plain_bytes = 0;
  for (uint32_t n = 0; n < w->frame_count;) {
    uint64_t bytes = FROZEN_SEGMENT_HEAD_BYTES, segment = w->frames[n].segment;
    bool is_needed = false;
    for (; n < w->frame_count && w->frames[n].segment == segment; n++) {
      bytes += w->frames[n].packed;
      if (!needed[n]) continue;
      is_needed = true;
      section->packed_bytes += w->frames[n].packed;
      section->plain_bytes += w->frames[n].plain;
    }
    if (is_needed) *segment_bytes += bytes;
  }
  stage_release(frozen->ctx, kind, needed);
  return STAGE_OK;
}

static int finish(struct frozen *frozen, struct frozen_state *state) {
  struct frozen_writer *writer = frozen->writer;
  int error = STAGE_OK;
  state->segment_bytes = 0;
  for (unsigned i = 0; i < STAGE_KIND_COUNT && !error; i++) {
    enum stage_kind kind = (enum stage_kind)i;
    if (!frozen_has(frozen, kind)) continue;
    state->sections[kind] = writer->dictionary[kind];
    error = frame_flush(frozen, kind);
    if (!error) error = segment_flush(frozen, kind);
    if (!error) error = needs_count(frozen, kind, &state->sections[kind], &state->segment_bytes);
  }
  if (!error) error = frozen_index_write(frozen, state);
  state->head.file_bytes = writer->at;
  return error;
}

int frozen_finish(struct frozen *frozen) {
  if (!frozen->writer) {
    STAGE_FAIL(frozen->ctx, "%s: a finish without a begin", frozen->path);
    return STAGE_MISUSE;
  }
  struct frozen_state state = frozen->state;
  int error = finish(frozen, &state);
  if (error) {
    frozen_abandon(frozen);
    return error;
  }
  writer_free(frozen);
  frozen->state = state;
  frozen->is_ahead = true;
  return STAGE_OK;
}
