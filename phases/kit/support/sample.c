/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <string.h>

#define SAMPLE_BYTES_MIN (2u << 20)
#define SAMPLE_BYTES_MAX (10u << 20)
#define SAMPLE_SHARE 4u
#define SAMPLE_PIECE_BYTES 4096u

static size_t sample_bytes(uint64_t all) {
  uint64_t bytes = all / SAMPLE_SHARE;
  if (bytes > SAMPLE_BYTES_MAX) bytes = SAMPLE_BYTES_MAX;
  if (bytes < SAMPLE_BYTES_MIN) bytes = SAMPLE_BYTES_MIN;
  return (size_t)(bytes < all ? bytes : all);
}

int sample_open(struct sample *sample, const struct stage_ctx *ctx, enum stage_kind kind, uint64_t all,
                uint32_t documents) {
  *sample = (struct sample){.ctx = ctx, .kind = kind, .room = sample_bytes(all), .all = all};
  sample->most = (uint32_t)(sample->room / SAMPLE_PIECE_BYTES) + documents;
  if (sample->room == 0 || sample->most == 0) return STAGE_OK;
  sample->bytes = stage_allocate(ctx, kind, sample->room);
  sample->sizes = stage_allocate(ctx, kind, sample->most * sizeof *sample->sizes);
  if (sample->bytes && sample->sizes) return STAGE_OK;
  sample_free(sample);
  return STAGE_OUT_OF_MEMORY;
}

void sample_take(struct sample *sample, const uint8_t *bytes, uint64_t length) {
  for (uint64_t at = 0; at < length; at += SAMPLE_PIECE_BYTES) {
    size_t piece = length - at < SAMPLE_PIECE_BYTES ? (size_t)(length - at) : SAMPLE_PIECE_BYTES;
    sample->seen += piece;
    if (sample->used + piece > sample->room || sample->count == sample->most) continue;
    if ((double)sample->used * (double)sample->all > (double)sample->room * (double)sample->seen) continue;
    memcpy(sample->bytes + sample->used, bytes + at, piece);
    sample->sizes[sample->count++] = piece;
    sample->used += piece;
  }
}

void sample_free(struct sample *sample) {
  stage_release(sample->ctx, sample->kind, sample->bytes);
  stage_release(sample->ctx, sample->kind, sample->sizes);
  sample->bytes = NULL;
  sample->sizes = NULL;
}
