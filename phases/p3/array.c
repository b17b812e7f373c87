/* SPDX-License-Identifier: MIT
 *
 * array.c - the working memory of encoding (encode.h). */
#include "encode.h"

void p3_encoder_init(struct p3_encoder *encoder, const struct stage_ctx *ctx) {
  *encoder = (struct p3_encoder){.ctx = ctx, .tree_tokens = {.ctx = ctx}, .number_bits = {.ctx = ctx}};
}

void p3_encoder_free(struct p3_encoder *encoder) {
  const struct stage_ctx *ctx = encoder->ctx;
  if (!ctx) return;
  struct p3_array *arrays[] = {&encoder->tokens, &encoder->codes, &encoder->escapes, &encoder->numbers,
                               &encoder->entries};
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) stage_release(ctx, STAGE_TREE, arrays[i]->items);
  tree_tokens_free(&encoder->tree_tokens);
  stage_release(ctx, STAGE_TREE, encoder->number_bits.bytes);
  stage_release(ctx, STAGE_TREE, encoder->blob);
  p3_encoder_init(encoder, ctx);
}

void p3_encoder_clear(struct p3_encoder *encoder) {
  encoder->tokens.count = encoder->codes.count = encoder->escapes.count = encoder->numbers.count = 0;
}

bool p3_array_grow(const struct stage_ctx *ctx, struct p3_array *array, uint64_t needed, size_t item_bytes) {
  if (needed > UINT32_MAX) return false;
  uint64_t capacity = needed + needed / 2 + 64;
  if (capacity > UINT32_MAX) capacity = UINT32_MAX;
  void *items = stage_resize(ctx, STAGE_TREE, array->items, capacity * item_bytes);
  if (!items) return false;
  array->items = items;
  array->capacity = (uint32_t)capacity;
  return true;
}
