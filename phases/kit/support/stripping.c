/* SPDX-License-Identifier: MIT */
#include "stripping.h"

#include <string.h>

static bool codec_strips(const struct stage_ctx *ctx) {
  return ctx->codec.ops && ctx->codec.ops->strip && ctx->codec.ops->reconstruct;
}

/* Whether what was stripped gives the same bytes again. */
static int strip_holds(const struct stage_ctx *ctx, enum stage_kind kind, const struct stripping *stripping,
                       const uint8_t *bytes, uint64_t length, bool *holds) {
  uint8_t *again = stage_allocate(ctx, kind, (size_t)length);
  if (!again) return STAGE_OUT_OF_MEMORY;
  int error = stripping_undo(ctx, stripping->owned, stripping->length, again, length);
  *holds = !error && memcmp(again, bytes, (size_t)length) == 0;
  stage_release(ctx, kind, again);
  return error == STAGE_OUT_OF_MEMORY ? error : STAGE_OK;
}

int stripping_make(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                   struct stripping *stripping) {
  *stripping = (struct stripping){.bytes = bytes, .length = length};
  if (kind != STAGE_TREE || !codec_strips(ctx) || length == 0) return STAGE_OK;
  if (length > (SIZE_MAX - 64) / 4) return STAGE_LIMIT;
  stripping->owned = stage_allocate(ctx, kind, STAGE_STRIPPED_BYTES_MAX((size_t)length));
  if (!stripping->owned) return STAGE_OUT_OF_MEMORY;
  bool holds = false;
  int error = STAGE_OK;
  if (ctx->codec.ops->strip(ctx->codec.store, bytes, length, stripping->owned, &stripping->length) == STAGE_OK)
    error = strip_holds(ctx, kind, stripping, bytes, length, &holds);
  if (holds) {
    stripping->bytes = stripping->owned;
    return STAGE_OK;
  }
  stripping_free(ctx, kind, stripping);
  *stripping = (struct stripping){.bytes = bytes, .length = length};
  return error;
}

int stripping_make_apart(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                         struct stripping *stripping) {
  int error = stripping_make(ctx, kind, bytes, length, stripping);
  if (error || !stripping->owned || (stripping->length != length && stripping->length <= UINT32_MAX)) return error;
  stripping_free(ctx, kind, stripping);
  *stripping = (struct stripping){.bytes = bytes, .length = length};
  return STAGE_OK;
}

void stripping_free(const struct stage_ctx *ctx, enum stage_kind kind, struct stripping *stripping) {
  stage_release(ctx, kind, stripping->owned);
  stripping->owned = NULL;
}

int stripping_undo(const struct stage_ctx *ctx, const uint8_t *stripped, uint64_t stripped_length, uint8_t *out,
                   uint64_t length) {
  if (codec_strips(ctx)) return ctx->codec.ops->reconstruct(ctx->codec.store, stripped, stripped_length, out, length);
  STAGE_FAIL(ctx, "the codec that stripped these bytes is not there");
  return STAGE_CORRUPT;
}
