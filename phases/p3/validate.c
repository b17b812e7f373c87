/* SPDX-License-Identifier: MIT
 *
 * validate.c - a blob from nowhere is read within its bounds, built again from its codes and
 * numbers (blob.c checks these), and compared: so every count, entry, width and padding in it
 * is the one that belongs there, and a tree has one form only. */
#include "encode.h"

/* A number from nowhere may be read so far behind the last byte. */
#define SLACK_BYTES 16u

/* Numbers out of the blob's bits, of which none ends behind `end`. */
struct bit_source {
  struct p3_source source;
  const struct p3_tree *tree;
  uint32_t bit, end;
};

static bool bits_next(struct p3_source *source, const struct p3_tables *tables, uint32_t context, uint32_t *number) {
  struct bit_source *s = (struct bit_source *)source;
  if (s->bit >= s->end) return false;
  *number = p3_number(tables, s->tree, context, &s->bit);
  return s->bit <= s->end;
}

static int codes_copy(struct p3_encoder *encoder, const struct p3_tree *tree) {
  const struct stage_ctx *ctx = encoder->ctx;
  if (!p3_array_reserve(ctx, &encoder->codes, tree->code_count, sizeof(uint16_t)) ||
      !p3_array_reserve(ctx, &encoder->escapes, tree->escape_count, sizeof(struct tree_token)))
    return STAGE_OUT_OF_MEMORY;
  uint16_t *codes = encoder->codes.items;
  for (uint32_t i = 0; i < tree->code_count; i++) codes[i] = (uint16_t)p3_code(tree, i);
  encoder->codes.count = tree->code_count;
  if (tree->escape_count > 0)
    memcpy(encoder->escapes.items, tree->escapes, (size_t)tree->escape_count * sizeof(struct tree_token));
  encoder->escapes.count = tree->escape_count;
  return STAGE_OK;
}

/* `bytes` have SLACK_BYTES behind them. */
static int validate(struct p3_encoder *encoder, const struct p3_reading *reading, const uint8_t *bytes, uint64_t length,
                    struct p3_wrong *wrong) {
  struct p3_tree tree;
  wrong->why = "the header does not agree with the length";
  if (!p3_tree_open(bytes, length, reading->tables->code_bits, &tree)) return STAGE_CORRUPT;
  p3_encoder_clear(encoder);
  int error = codes_copy(encoder, &tree);
  if (error) return error;
  struct bit_source source = {{.next = bits_next}, &tree, 0, tree.number_bytes * 8};
  error = p3_blob_build(encoder, reading, tree.language, tree.generation, &source.source, wrong);
  if (error == STAGE_LIMIT) error = STAGE_CORRUPT;
  if (error) return error;
  if (encoder->blob_bytes == length && memcmp(encoder->blob, bytes, length) == 0) return STAGE_OK;
  wrong->why = "it is not what its codes and numbers make";
  return STAGE_CORRUPT;
}

int p3_validate(struct p3_encoder *encoder, const struct p3_reading *reading, const uint8_t *bytes, uint64_t length,
                struct p3_wrong *wrong) {
  wrong->code = 0;
  wrong->why = "it is longer than any tree";
  if (length > UINT32_MAX) return STAGE_CORRUPT;
  uint8_t *copy = stage_allocate(encoder->ctx, STAGE_TREE, length + SLACK_BYTES);
  if (!copy) return STAGE_OUT_OF_MEMORY;
  if (length > 0) memcpy(copy, bytes, length);
  memset(copy + length, 0, SLACK_BYTES);
  int error = validate(encoder, reading, copy, length, wrong);
  stage_release(encoder->ctx, STAGE_TREE, copy);
  return error;
}
