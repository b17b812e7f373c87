/* SPDX-License-Identifier: MIT
 *
 * write.c - documents into frames, frames into segments, segments into the file, from
 * begin to finish. What is written goes behind everything that counts, so that until the head is
 * changed the file is what it was. */
#include "internal.h"

#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- begin, and giving up ---- */

static void writer_free(struct archive *archive) {
  struct archive_writer *writer = archive->writer;
  for (unsigned i = 0; i < STAGE_KIND_COUNT; i++) {
    enum stage_kind kind = (enum stage_kind)i;
    struct archive_writing *w = &writer->kinds[kind];
    stage_release(archive->ctx, kind, w->rows);
    stage_release(archive->ctx, kind, w->frames);
    map_clear(&w->by_hash, archive->ctx, kind);
    stage_release(archive->ctx, kind, w->frame);
    stage_release(archive->ctx, kind, w->segment);
  }
  stage_release(archive->ctx, archive->home, writer->compressed);
  stage_release(archive->ctx, archive->home, writer);
  archive->writer = NULL;
  archive_rest(archive);
}

/* What lies behind the file's end takes room for nothing; but where it cannot be cut off, it
 * does no harm, either. */
static void tail_cut(struct archive *archive) {
  if (archive->is_locked && ftruncate(archive->file.fd, (off_t)archive->state.head.file_bytes) != 0) return;
}

void archive_abandon(struct archive *archive) {
  if (!archive->writer) return;
  writer_free(archive);
  tail_cut(archive);
  if (!archive->is_ahead) archive_unlock(archive);
}

/* The largest a frame of this kind gets: a document that fits is not cut for the sake of a
 * frame that is not half full. */
static uint32_t frame_room(const struct archive *archive, enum stage_kind kind) {
  uint32_t frame_bytes = archive->writer->kinds[kind].frame_bytes, room = frame_bytes + frame_bytes / 2;
  return room < ARCHIVE_FRAME_BYTES_MAX ? room : ARCHIVE_FRAME_BYTES_MAX;
}

static int writing_begin(struct archive *archive, enum stage_kind kind) {
  struct archive_writing *w = &archive->writer->kinds[kind];
  w->frame_bytes = archive->settings.frame_bytes[kind];
  w->frame = stage_allocate(archive->ctx, kind, frame_room(archive, kind));
  w->segment = stage_allocate(archive->ctx, kind, ARCHIVE_SEGMENT_BYTES_MAX);
  w->segment_used = ARCHIVE_SEGMENT_HEAD_BYTES;
  int error = w->frame && w->segment ? archive_rows_load(archive, kind) : STAGE_OUT_OF_MEMORY;
  for (uint32_t id = 0; id < w->row_count && !error; id++) {
    const struct archive_row *row = &w->rows[id];
    if (row->frame == ARCHIVE_NONE || row->kept == 0 || map_get(&w->by_hash, row->hash) != MAP_NONE) continue;
    if (!map_add(&w->by_hash, archive->ctx, kind, row->hash, id)) error = STAGE_OUT_OF_MEMORY;
  }
  return error;
}

int archive_begin(struct archive *archive) {
  if (archive->writer) {
    STAGE_FAIL(archive->ctx, "%s: a begin after a begin, expected a finish between them", archive->path);
    return STAGE_MISUSE;
  }
  int error = archive_lock(archive);
  if (error) return error;
  struct archive_writer *writer = stage_allocate(archive->ctx, archive->home, sizeof *writer);
  if (writer) {
    *writer = (struct archive_writer){.at = archive->state.head.file_bytes};
    archive->writer = writer;
    tail_cut(archive);
    writer->compressed = stage_allocate(archive->ctx, archive->home, ARCHIVE_SEGMENT_BYTES_MAX);
  }
  if (!writer || !writer->compressed) error = STAGE_OUT_OF_MEMORY;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT && !error; kind++) {
    if (!archive_has(archive, (enum stage_kind)kind)) continue;
    writer->dictionary[kind] = archive->state.sections[kind];
    error = writing_begin(archive, (enum stage_kind)kind);
  }
  if (!writer && !archive->is_ahead) archive_unlock(archive);
  if (error) archive_abandon(archive);
  return error;
}

/* ---- segments and frames ---- */

static int segment_flush(struct archive *archive, enum stage_kind kind) {
  struct archive_writer *writer = archive->writer;
  struct archive_writing *w = &writer->kinds[kind];
  if (w->segment_frames == 0) return STAGE_OK;
  archive_put32(w->segment, ARCHIVE_SEGMENT_MAGIC);
  archive_put32(w->segment + 4, w->segment_used);
  archive_put32(w->segment + 8, (uint32_t)kind);
  archive_put32(w->segment + 12, w->segment_frames);
  archive_put64(w->segment + 16, archive_segment_hash(w->segment, w->segment_used, writer->at));
  int error = file_io_write(&archive->file, writer->at, w->segment, w->segment_used);
  if (error) return error;
  for (uint32_t n = w->frame_count - w->segment_frames; n < w->frame_count; n++) {
    w->frames[n].segment = writer->at;
    w->frames[n].offset += writer->at;
  }
  writer->at += w->segment_used;
  w->segment_used = ARCHIVE_SEGMENT_HEAD_BYTES;
  w->segment_frames = 0;
  return STAGE_OK;
}

static bool frames_reserve(struct archive *archive, enum stage_kind kind) {
  struct archive_writing *w = &archive->writer->kinds[kind];
  if (w->frame_count < w->frame_capacity) return true;
  size_t capacity = (size_t)w->frame_capacity + w->frame_capacity / 2 + 64;
  if (capacity >= ARCHIVE_NONE) return false;
  struct archive_frame *frames = stage_resize(archive->ctx, kind, w->frames, capacity * sizeof *frames);
  if (!frames) return false;
  w->frames = frames;
  w->frame_capacity = (uint32_t)capacity;
  return true;
}

/* Compresses the open frame into writer->compressed. */
static int frame_compress(struct archive *archive, enum stage_kind kind, struct archive_frame *frame) {
  struct archive_writing *w = &archive->writer->kinds[kind];
  struct compressor *compressor = &archive->kinds[kind].compressor;
  size_t compressed;
  int error = archive_dictionary_load(archive, kind);
  if (error) return error;
  frame->plain = w->frame_used;
  frame->how = compressor->dictionary ? COMPRESS_DICTIONARY : COMPRESS_PLAIN;
  error = compress_bytes(
      compressor, &(struct compress_way){.how = (enum compress_how)frame->how, .level = archive->settings.level[kind]},
      (struct compress_slice){w->frame, w->frame_used},
      (struct compress_room){archive->writer->compressed, w->frame_used - 1}, &compressed);
  if (!error && compressed == 0) {
    frame->how = COMPRESS_RAW;
    compressed = w->frame_used;
    memcpy(archive->writer->compressed, w->frame, compressed);
  }
  frame->compressed = (uint32_t)compressed;
  frame->hash = (uint32_t)XXH3_64bits(archive->writer->compressed, compressed);
  return error;
}

static int frame_flush(struct archive *archive, enum stage_kind kind) {
  struct archive_writing *w = &archive->writer->kinds[kind];
  struct archive_frame frame = {0};
  if (w->frame_used == 0) return STAGE_OK;
  int error = frames_reserve(archive, kind) ? frame_compress(archive, kind, &frame) : STAGE_OUT_OF_MEMORY;
  if (!error && frame.compressed > ARCHIVE_SEGMENT_BYTES_MAX - w->segment_used) error = segment_flush(archive, kind);
  if (error) return error;
  frame.offset = w->segment_used;
  memcpy(w->segment + w->segment_used, archive->writer->compressed, frame.compressed);
  w->segment_used += frame.compressed;
  w->segment_frames++;
  w->frames[w->frame_count++] = frame;
  w->frame_used = 0;
  return STAGE_OK;
}

/* ---- documents ---- */

/* Pieces of a document that begin a frame of their own; what follows fills up the last one. */
static int place_pieces(struct archive *archive, enum stage_kind kind, const uint8_t *kept, uint32_t length,
                        struct archive_row *row) {
  struct archive_writing *w = &archive->writer->kinds[kind];
  uint32_t piece_max = w->frame_bytes;
  int error = frame_flush(archive, kind);
  row->frame = w->frame_count;
  row->offset = 0;
  while (length > 0 && !error) {
    uint32_t piece = length < piece_max ? length : piece_max;
    memcpy(w->frame, kept, piece);
    w->frame_used = piece;
    kept += piece;
    length -= piece;
    if (piece == piece_max) error = frame_flush(archive, kind);
  }
  return error;
}

static int place(struct archive *archive, enum stage_kind kind, const uint8_t *kept, uint32_t length,
                 struct archive_row *row) {
  struct archive_writing *w = &archive->writer->kinds[kind];
  uint32_t frame_bytes = w->frame_bytes;
  if (length > frame_bytes) return place_pieces(archive, kind, kept, length, row);
  int error = STAGE_OK;
  if (length > frame_bytes - w->frame_used &&
      (w->frame_used >= frame_bytes / 2 || length > frame_room(archive, kind) - w->frame_used))
    error = frame_flush(archive, kind);
  if (error) return error;
  row->frame = w->frame_count;
  row->offset = w->frame_used;
  memcpy(w->frame + w->frame_used, kept, length);
  w->frame_used += length;
  return w->frame_used >= frame_bytes ? frame_flush(archive, kind) : STAGE_OK;
}

static bool rows_reserve(struct archive *archive, enum stage_kind kind, uint32_t id) {
  struct archive_writing *w = &archive->writer->kinds[kind];
  if (id < w->row_count) return true;
  if (id >= w->row_capacity) {
    size_t capacity = (size_t)w->row_capacity + w->row_capacity / 4;
    if (capacity < (size_t)id + 64) capacity = (size_t)id + 64;
    if (capacity >= ARCHIVE_NONE) capacity = ARCHIVE_NONE;
    struct archive_row *rows = stage_resize(archive->ctx, kind, w->rows, capacity * sizeof *rows);
    if (!rows) return false;
    w->rows = rows;
    w->row_capacity = (uint32_t)capacity;
  }
  for (; w->row_count <= id; w->row_count++) w->rows[w->row_count] = (struct archive_row){.frame = ARCHIVE_NONE};
  return true;
}

/* Whether the bytes are those that `found` names; then row takes its place. */
static int share(struct archive *archive, enum stage_kind kind, uint32_t found, const uint8_t *kept,
                 struct archive_row *row, bool *is_same) {
  const struct archive_row *other = &archive->writer->kinds[kind].rows[found];
  *is_same = false;
  if (other->frame == ARCHIVE_NONE || other->hash != row->hash || other->kept != row->kept) return STAGE_OK;
  uint8_t *bytes = stage_allocate(archive->ctx, kind, row->kept);
  if (!bytes) return STAGE_OUT_OF_MEMORY;
  int error = archive_read(archive, kind, found, other, bytes);
  *is_same = !error && memcmp(bytes, kept, row->kept) == 0;
  stage_release(archive->ctx, kind, bytes);
  if (!*is_same) return error;
  row->frame = other->frame;
  row->offset = other->offset;
  return STAGE_OK;
}

static int add(struct archive *archive, enum stage_kind kind, uint32_t id, const uint8_t *kept,
               struct archive_row row) {
  struct archive_writing *w = &archive->writer->kinds[kind];
  if (!rows_reserve(archive, kind, id)) return STAGE_OUT_OF_MEMORY;
  uint32_t found = map_get(&w->by_hash, row.hash);
  bool is_same = row.kept == 0;
  int error = STAGE_OK;
  if (!is_same && found != MAP_NONE) error = share(archive, kind, found, kept, &row, &is_same);
  if (!error && !is_same) error = place(archive, kind, kept, row.kept, &row);
  if (!error && !is_same && found != MAP_NONE) map_replace(&w->by_hash, row.hash, id);
  if (!error && !is_same && found == MAP_NONE && !map_add(&w->by_hash, archive->ctx, kind, row.hash, id))
    error = STAGE_OUT_OF_MEMORY;
  if (!error) w->rows[id] = row;
  return error;
}

static int writer_check(const struct archive *archive, enum stage_kind kind) {
  if (archive->writer && archive_has(archive, kind)) return STAGE_OK;
  STAGE_FAIL(archive->ctx, "%s: writing without a begin, or a kind of bytes that the file has not", archive->path);
  return STAGE_MISUSE;
}

int archive_frames(struct archive *archive, enum stage_kind kind, uint32_t frame_bytes) {
  int error = writer_check(archive, kind);
  if (error) return error;
  if (frame_bytes < 64 || frame_bytes > archive->settings.frame_bytes[kind]) {
    STAGE_FAIL(archive->ctx, "%s: frames of %u bytes; expected 64 to the %u of the settings", archive->path,
               frame_bytes, archive->settings.frame_bytes[kind]);
    return STAGE_MISUSE;
  }
  error = frame_flush(archive, kind);
  if (error) archive_abandon(archive);
  else archive->writer->kinds[kind].frame_bytes = frame_bytes;
  return error;
}

int archive_add(struct archive *archive, enum stage_kind kind, uint32_t id, const uint8_t *kept, uint32_t kept_length,
                uint32_t length) {
  int error = writer_check(archive, kind);
  if (error) return error;
  if (id == ARCHIVE_NONE) {
    STAGE_FAIL(archive->ctx, "%s: %u is no document's id, expected a smaller one", archive->path, id);
    return STAGE_MISUSE;
  }
  struct archive_row row = {.length = length, .kept = kept_length};
  row.hash = XXH3_64bits(kept_length ? (const void *)kept : "", kept_length);
  error = add(archive, kind, id, kept, row);
  if (error) archive_abandon(archive);
  return error;
}

int archive_drop(struct archive *archive, enum stage_kind kind, uint32_t id) {
  int error = writer_check(archive, kind);
  if (error) return error;
  struct archive_writing *w = &archive->writer->kinds[kind];
  if (id >= w->row_count || w->rows[id].frame == ARCHIVE_NONE) return STAGE_NO_DOCUMENT;
  w->rows[id] = (struct archive_row){.frame = ARCHIVE_NONE};
  return STAGE_OK;
}

/* ---- finish ---- */

/* Marks the frames that documents need. */
static int frames_mark(struct archive *archive, enum stage_kind kind, uint8_t **needed) {
  const struct archive_writing *w = &archive->writer->kinds[kind];
  *needed = stage_allocate(archive->ctx, kind, w->frame_count ? w->frame_count : 1);
  if (!*needed) return STAGE_OUT_OF_MEMORY;
  memset(*needed, 0, w->frame_count);
  for (uint32_t id = 0; id < w->row_count; id++) {
    const struct archive_row *row = &w->rows[id];
    if (row->frame == ARCHIVE_NONE) continue;
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
static int needs_count(struct archive *archive, enum stage_kind kind, struct archive_section *section,
                       uint64_t *segment_bytes) {
  const struct archive_writing *w = &archive->writer->kinds[kind];
  uint8_t *needed;
  int error = frames_mark(archive, kind, &needed);
  if (error) return error;
  section->compressed_bytes = section->plain_bytes = 0;
  for (uint32_t n = 0; n < w->frame_count;) {
    uint64_t bytes = ARCHIVE_SEGMENT_HEAD_BYTES, segment = w->frames[n].segment;
    bool is_needed = false;
    for (; n < w->frame_count && w->frames[n].segment == segment; n++) {
      bytes += w->frames[n].compressed;
      if (!needed[n]) continue;
      is_needed = true;
      section->compressed_bytes += w->frames[n].compressed;
      section->plain_bytes += w->frames[n].plain;
    }
    if (is_needed) *segment_bytes += bytes;
  }
  stage_release(archive->ctx, kind, needed);
  return STAGE_OK;
}

static int finish(struct archive *archive, struct archive_state *state) {
  struct archive_writer *writer = archive->writer;
  int error = STAGE_OK;
  state->segment_bytes = 0;
  for (unsigned i = 0; i < STAGE_KIND_COUNT && !error; i++) {
    enum stage_kind kind = (enum stage_kind)i;
    if (!archive_has(archive, kind)) continue;
    state->sections[kind] = writer->dictionary[kind];
    error = frame_flush(archive, kind);
    if (!error) error = segment_flush(archive, kind);
    if (!error) error = needs_count(archive, kind, &state->sections[kind], &state->segment_bytes);
  }
  if (!error) error = archive_index_write(archive, state);
  state->head.file_bytes = writer->at;
  return error;
}

int archive_finish(struct archive *archive) {
  if (!archive->writer) {
    STAGE_FAIL(archive->ctx, "%s: a finish without a begin", archive->path);
    return STAGE_MISUSE;
  }
  struct archive_state state = archive->state;
  int error = finish(archive, &state);
  if (error) {
    archive_abandon(archive);
    return error;
  }
  writer_free(archive);
  archive->state = state;
  archive->is_ahead = true;
  return STAGE_OK;
}
