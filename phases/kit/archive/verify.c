/* SPDX-License-Identifier: MIT
 *
 * verify.c - reads everything that counts. */
#include "internal.h"

#include <string.h>

/* Both heads, and the zeros behind them. An intact one of an earlier commit is as it should be:
 * the last commit was cut short after it had become the one that counts. */
static int verify_heads(struct archive *archive) {
  uint8_t bytes[ARCHIVE_HEAD_DISTANCE];
  for (unsigned slot = 0; slot < 2; slot++) {
    uint64_t offset = slot * (uint64_t)ARCHIVE_HEAD_DISTANCE;
    int error = archive_pread(archive, offset, bytes, sizeof bytes);
    if (error) return error;
    if (memcmp(bytes, ARCHIVE_MAGIC, 8) != 0 ||
        archive_get64(bytes + ARCHIVE_HEAD_BYTES - 8) != archive_head_hash(bytes, slot))
      return archive_corrupt(archive, offset, "head %u does not give its hash; the next commit writes it anew", slot);
    for (uint32_t i = ARCHIVE_HEAD_BYTES; i < sizeof bytes; i++) {
      if (bytes[i] != 0) return archive_corrupt(archive, offset + i, "expected zeros behind head %u", slot);
    }
  }
  return STAGE_OK;
}

static int verify_segment(struct archive *archive, enum stage_kind kind, uint64_t offset, uint8_t *segment,
                          uint32_t *bytes) {
  int error = archive_segment_bytes(archive, kind, offset, bytes);
  return error ? error : archive_segment_read(archive, kind, offset, segment, *bytes);
}

/* Segments, and the frames in them. */
static int verify_frames(struct archive *archive, enum stage_kind kind, uint8_t *segment, uint8_t *plain) {
  struct archive_frame frame;
  uint64_t at = 0;
  uint32_t bytes = 0;
  int error = STAGE_OK;
  for (uint32_t n = 0; n < archive->state.sections[kind].frame_count && !error; n++) {
    error = archive_frame_find(archive, kind, n, &frame);
    if (!error && frame.segment != at) {
      at = frame.segment;
      error = verify_segment(archive, kind, at, segment, &bytes);
    }
    if (error) return error;
    uint64_t distance = frame.offset - frame.segment;
    if (distance + frame.compressed > bytes)
      return archive_corrupt(archive, frame.offset, "frame %u leaves its segment", n);
    error = archive_decompress(archive, kind, &frame, segment + distance, plain);
  }
  return error;
}

static int verify_documents(struct archive *archive, enum stage_kind kind) {
  for (uint32_t id = 0; id < archive->state.sections[kind].id_end; id++) {
    struct archive_row row;
    int error = archive_find(archive, kind, id, &row);
    if (error == STAGE_NO_DOCUMENT) continue;
    uint8_t *bytes = error ? NULL : stage_allocate(archive->ctx, kind, row.kept ? row.kept : 1);
    if (!error) error = bytes ? archive_read(archive, kind, id, &row, bytes) : STAGE_OUT_OF_MEMORY;
    stage_release(archive->ctx, kind, bytes);
    if (error) return error;
  }
  return STAGE_OK;
}

static int verify_catalogue(struct archive *archive) {
  if (archive->state.head.catalogue_offset == 0) return STAGE_OK;
  size_t bytes = (size_t)archive_catalogue_bytes(archive);
  uint8_t *catalogue = stage_allocate(archive->ctx, archive->home, bytes ? bytes : 1);
  int error = catalogue ? archive_catalogue(archive, catalogue) : STAGE_OUT_OF_MEMORY;
  stage_release(archive->ctx, archive->home, catalogue);
  return error;
}

int archive_verify(struct archive *archive) {
  if (archive->writer || archive->file.fd < 0) {
    STAGE_FAIL(archive->ctx, "%s: only what is finished can be verified", archive->path);
    return STAGE_MISUSE;
  }
  archive_rest(archive);
  struct archive_state state = archive->state;
  uint8_t *segment = stage_allocate(archive->ctx, archive->home, ARCHIVE_SEGMENT_BYTES_MAX);
  uint8_t *plain = stage_allocate(archive->ctx, archive->home, ARCHIVE_FRAME_BYTES_MAX);
  int error = segment && plain ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (!error && !archive->is_new) error = verify_heads(archive);
  if (!error) error = archive_index_read(archive, &state);
  for (unsigned i = 0; i < STAGE_KIND_COUNT && !error; i++) {
    enum stage_kind kind = (enum stage_kind)i;
    if (!archive_has(archive, kind)) continue;
    error = archive_dictionary_load(archive, kind);
    if (!error) error = verify_frames(archive, kind, segment, plain);
    if (!error) error = verify_documents(archive, kind);
  }
  if (!error) error = verify_catalogue(archive);
  stage_release(archive->ctx, archive->home, segment);
  stage_release(archive->ctx, archive->home, plain);
  archive_rest(archive);
  return error;
}
