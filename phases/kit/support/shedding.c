/* SPDX-License-Identifier: MIT */
#include "shedding.h"

#include <string.h>

static bool codec_sheds(const struct stage_ctx *ctx) {
  return ctx->codec.ops && ctx->codec.ops->shed && ctx->codec.ops->regrow;
}

/* Whether what was shed gives the same bytes again. */
static int shed_holds(const struct stage_ctx *ctx, enum stage_kind kind, const struct shedding *shedding,
                      const uint8_t *bytes, uint64_t length, bool *holds) {
  uint8_t *again = stage_allocate(ctx, kind, (size_t)length);
  if (!again) return STAGE_OUT_OF_MEMORY;
  int error = shedding_undo(ctx, shedding->owned, shedding->length, again, length);
  *holds = !error && memcmp(again, bytes, (size_t)length) == 0;
  stage_release(ctx, kind, again);
  return error == STAGE_OUT_OF_MEMORY ? error : STAGE_OK;
}

int shedding_make(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                  struct shedding *shedding) {
  *shedding = (struct shedding){.bytes = bytes, .length = length};
  if (kind != STAGE_TREE || !codec_sheds(ctx) || length == 0) return STAGE_OK;
  if (length > (SIZE_MAX - 64) / 4) return STAGE_LIMIT;
  shedding->owned = stage_allocate(ctx, kind, STAGE_SHED_BYTES_MAX((size_t)length));
  if (!shedding->owned) return STAGE_OUT_OF_MEMORY;
  bool holds = false;
  int error = STAGE_OK;
  if (ctx->codec.ops->shed(ctx->codec.store, bytes, length, shedding->owned, &shedding->length) == STAGE_OK)
    error = shed_holds(ctx, kind, shedding, bytes, length, &holds);
  if (holds) {
    shedding->bytes = shedding->owned;
    return STAGE_OK;
  }
  shedding_free(ctx, kind, shedding);
  *shedding = (struct shedding){.bytes = bytes, .length = length};
  return error;
}

int shedding_make_apart(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                        struct shedding *shedding) {
  int error = shedding_make(ctx, kind, bytes, length, shedding);
  if (error || !shedding->owned || (shedding->length != length && shedding->length <= UINT32_MAX)) return error;
  shedding_free(ctx, kind, shedding);
  *shedding = (struct shedding){.bytes = bytes, .length = length};
  return STAGE_OK;
}

void shedding_free(const struct stage_ctx *ctx, enum stage_kind kind, struct shedding *shedding) {
  stage_release(ctx, kind, shedding->owned);
  shedding->owned = NULL;
}

int shedding_undo(const struct stage_ctx *ctx, const uint8_t *shed, uint64_t shed_length, uint8_t *out,
                  uint64_t length) {
  if (codec_sheds(ctx)) return ctx->codec.ops->regrow(ctx->codec.store, shed, shed_length, out, length);
  STAGE_FAIL(ctx, "the codec that shed these bytes is not there");
  return STAGE_CORRUPT;
}
