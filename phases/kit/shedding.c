/* SPDX-License-Identifier: MIT
 *
 * shedding.c - see shedding.h. */
#include "shedding.h"

#include <string.h>

static bool can_shed(const struct stage_ctx *ctx, enum stage_kind kind) {
  return kind == STAGE_TREE && ctx->codec.ops && ctx->codec.ops->shed && ctx->codec.ops->regrow;
}

int shedding_regrow(const struct stage_ctx *ctx, const uint8_t *kept, uint64_t kept_length, uint8_t *out,
                    uint64_t length) {
  if (!can_shed(ctx, STAGE_TREE)) return STAGE_UNSUPPORTED;
  return ctx->codec.ops->regrow(ctx->codec.store, kept, kept_length, out, length);
}

/* Whether what was shed gives the same bytes again. */
static int shedding_holds(const struct stage_ctx *ctx, enum stage_kind kind, const struct shedding *shedding,
                          const uint8_t *bytes, uint64_t length, bool *holds) {
  uint8_t *again = stage_allocate(ctx, kind, (size_t)length);
  if (!again) return STAGE_OUT_OF_MEMORY;
  int error = shedding_regrow(ctx, shedding->owned, shedding->length, again, length);
  *holds = !error && memcmp(again, bytes, (size_t)length) == 0;
  stage_release(ctx, kind, again);
  return error == STAGE_OUT_OF_MEMORY ? error : STAGE_OK;
}

int shedding_make(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                  struct shedding *out) {
  *out = (struct shedding){.bytes = bytes, .length = (uint32_t)length};
  if (!can_shed(ctx, kind) || length == 0) return STAGE_OK;
  struct shedding shed = {.owned = stage_allocate(ctx, kind, STAGE_SHED_BYTES_MAX((size_t)length))};
  if (!shed.owned) return STAGE_OUT_OF_MEMORY;
  uint64_t shed_length;
  bool holds = false;
  int error = STAGE_OK;
  if (ctx->codec.ops->shed(ctx->codec.store, bytes, length, shed.owned, &shed_length) == STAGE_OK &&
      shed_length <= UINT32_MAX) {
    shed.bytes = shed.owned;
    shed.length = (uint32_t)shed_length;
    error = shedding_holds(ctx, kind, &shed, bytes, length, &holds);
  }
  if (!error && holds) *out = shed;
  else stage_release(ctx, kind, shed.owned);
  return error;
}
