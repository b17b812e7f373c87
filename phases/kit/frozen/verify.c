/* SPDX-License-Identifier: MIT
 *
 * frozen_verify.c - reads everything that counts. */
#include "internal.h"

#include <string.h>

/* Both heads, and the zeros behind them. An intact one of an earlier commit is as it should be:
 * the last commit was cut short after it had become the one that counts. */
static int verify_heads(struct frozen *frozen) {
  uint8_t bytes[FROZEN_HEAD_DISTANCE];
  for (unsigned slot = 0; slot < 2; slot++) {
    uint64_t offset = slot * (uint64_t)FROZEN_HEAD_DISTANCE;
    int error = frozen_pread(frozen, offset, bytes, sizeof bytes);
    if (error) return error;
    if (memcmp(bytes, FROZEN_MAGIC, 8) != 0 ||
        frozen_get64(bytes + FROZEN_HEAD_BYTES - 8) != frozen_head_hash(bytes, slot))
      return frozen_corrupt(frozen, offset, "head %u does not give its hash; the next commit writes it anew", slot);
    for (uint32_t i = FROZEN_HEAD_BYTES; i < sizeof bytes; i++) {
      if (bytes[i] != 0) return frozen_corrupt(frozen, offset + i, "expected zeros behind head %u", slot);
    }
  }
  return STAGE_OK;
}

static int verify_segment(struct frozen *frozen, enum stage_kind kind, uint64_t offset, uint8_t *segment,
                          uint32_t *bytes) {
  int error = frozen_segment_bytes(frozen, kind, offset, bytes);
  return error ? error : frozen_segment_read(frozen, kind, offset, segment, *bytes);
}

/* Segments, and the frames in them. */
static int verify_frames(struct frozen *frozen, enum stage_kind kind, uint8_t *segment, uint8_t *plain) {
  struct frozen_frame frame;
  uint64_t at = 0;
  uint32_t bytes = 0;
  int error = STAGE_OK;
  for (uint32_t n = 0; n < frozen->state.sections[kind].frame_count && !error; n++) {
    error = frozen_frame_find(frozen, kind, n, &frame);
    if (!error && frame.segment != at) {
      at = frame.segment;
      error = verify_segment(frozen, kind, at, segment, &bytes);
    }
    if (error) return error;
    uint64_t distance = frame.offset - frame.segment;
    if (distance + frame.packed > bytes) return frozen_corrupt(frozen, frame.offset, "frame %u leaves its segment", n);
    error = frozen_unpack(frozen, kind, &frame, segment + distance, plain);
  }
  return error;
}

static int verify_documents(struct frozen *frozen, enum stage_kind kind) {
  for (uint32_t id = 0; id < frozen->state.sections[kind].id_end; id++) {
    struct frozen_row row;
    int error = frozen_find(frozen, kind, id, &row);
    if (error == STAGE_NO_DOCUMENT) continue;
    uint8_t *bytes = error ? NULL : stage_allocate(frozen->ctx, kind, row.kept ? row.kept : 1);
    if (!error) error = bytes ? frozen_read(frozen, kind, id, &row, bytes) : STAGE_OUT_OF_MEMORY;
    stage_release(frozen->ctx, kind, bytes);
    if (error) return error;
  }
  return STAGE_OK;
}

static int verify_catalogue(struct frozen *frozen) {
  if (frozen->state.head.catalogue_offset == 0) return STAGE_OK;
  size_t bytes = (size_t)frozen_catalogue_bytes(frozen);
  uint8_t *catalogue = stage_allocate(frozen->ctx, frozen->home, bytes ? bytes : 1);
  int error = catalogue ? frozen_catalogue(frozen, catalogue) : STAGE_OUT_OF_MEMORY;
  stage_release(frozen->ctx, frozen->home, catalogue);
  return error;
}

int frozen_verify(struct frozen *frozen) {
  if (frozen->writer || frozen->file.fd < 0) {
    STAGE_FAIL(frozen->ctx, "%s: only what is finished can be verified", frozen->path);
    return STAGE_MISUSE;
  }
  frozen_rest(frozen);
  struct frozen_state state = frozen->state;
  uint8_t *segment = stage_allocate(frozen->ctx, frozen->home, FROZEN_SEGMENT_BYTES_MAX);
  uint8_t *plain = stage_allocate(frozen->ctx, frozen->home, FROZEN_FRAME_BYTES_MAX);
  int error = segment && plain ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (!error && !frozen->is_new) error = verify_heads(frozen);
  if (!error) error = frozen_index_read(frozen, &state);
  for (unsigned i = 0; i < STAGE_KIND_COUNT && !error; i++) {
    enum stage_kind kind = (enum stage_kind)i;
    if (!frozen_has(frozen, kind)) continue;
    error = frozen_dictionary_load(frozen, kind);
    if (!error) error = verify_frames(frozen, kind, segment, plain);
    if (!error) error = verify_documents(frozen, kind);
  }
  if (!error) error = verify_catalogue(frozen);
  stage_release(frozen->ctx, frozen->home, segment);
  stage_release(frozen->ctx, frozen->home, plain);
  frozen_rest(frozen);
  return error;
}
