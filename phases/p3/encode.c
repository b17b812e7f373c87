/* SPDX-License-Identifier: MIT */
#include "encode.h"

#include "parse.h"

/* ---- tokens in ---- */

/* Encoding under way. */
struct encoding {
  struct p3_encoder *encoder;
  struct p3_language *language;
};

static int token_write(struct p3_encoder *encoder, struct tree_token token, uint32_t number, const uint32_t *numbers,
                       uint32_t number_count) {
  const struct stage_ctx *ctx = encoder->ctx;
  if (!p3_array_reserve(ctx, &encoder->tokens, 1, sizeof(uint16_t)) ||
      !p3_array_reserve(ctx, &encoder->numbers, number_count, sizeof *numbers))
    return STAGE_OUT_OF_MEMORY;
  ((uint16_t *)encoder->tokens.items)[encoder->tokens.count++] = (uint16_t)number;
  for (uint32_t i = 0; i < number_count; i++)
    ((uint32_t *)encoder->numbers.items)[encoder->numbers.count++] = numbers[i];
  if (number != P3_ESCAPE) return STAGE_OK;
  if (!p3_array_reserve(ctx, &encoder->escapes, 1, sizeof token)) return STAGE_OUT_OF_MEMORY;
  ((struct tree_token *)encoder->escapes.items)[encoder->escapes.count++] = token;
  return STAGE_OK;
}

static int token_take(void *to, struct tree_token token, const uint32_t *numbers, uint32_t number_count) {
  const struct encoding *encoding = to;
  uint32_t number;
  int error = p3_token_number(encoding->language, token, &number);
  return error ? error : token_write(encoding->encoder, token, number, numbers, number_count);
}

/* Numbers out of encoder->numbers. */
struct array_source {
  struct p3_source source;
  const struct p3_array *numbers;
  uint32_t next;
};

static bool array_next(struct p3_source *source, const struct p3_tables *tables, uint32_t context, uint32_t *number) {
  struct array_source *s = (struct array_source *)source;
  (void)tables, (void)context;
  if (s->next == s->numbers->count) return false;
  *number = ((const uint32_t *)s->numbers->items)[s->next++];
  return true;
}

/* Tokens and numbers are in the encoder: parses them and makes the blob. */
static int tokens_finish(struct p3_encoder *encoder, struct p3_language *language, uint32_t language_number) {
  const struct p3_coding *coding = &language->current;
  encoder->codes.count = 0;
  if (!p3_array_reserve(encoder->ctx, &encoder->codes, encoder->tokens.count, sizeof(uint16_t)))
    return STAGE_OUT_OF_MEMORY;
  if (coding->is_growing) { /* phrase and token have the same number */
    memcpy(encoder->codes.items, encoder->tokens.items, (size_t)encoder->tokens.count * sizeof(uint16_t));
    encoder->codes.count = encoder->tokens.count;
  } else {
    encoder->codes.count = p3_parse(coding->trie, encoder->tokens.items, encoder->tokens.count, encoder->codes.items);
  }
  struct p3_tables tables;
  p3_coding_tables(language, coding, &tables);
  struct array_source source = {{.next = array_next}, &encoder->numbers, 0};
  const struct p3_reading reading = {&tables, coding->number_codes};
  struct p3_wrong wrong;
  int error = p3_blob_build(encoder, &reading, language_number, coding->generation, &source.source, &wrong);
  if (error != STAGE_CORRUPT && error != STAGE_LIMIT) return error;
  STAGE_FAIL(encoder->ctx, "a tree cannot be coded: %s", wrong.why ? wrong.why : "");
  return STAGE_LIMIT;
}

int p3_encode(struct p3_encoder *encoder, struct p3_language *language, uint32_t language_number,
              const TSLanguage *grammar, const TSTree *tree) {
  p3_encoder_clear(encoder);
  struct encoding encoding = {encoder, language};
  const struct token_sink sink = {&encoding, NULL, token_take};
  enum tokens_form form = language->current.is_plain ? TOKENS_PLAIN : TOKENS_PACKED;
  int error = tree_tokens_write(&encoder->tree_tokens, &language->alphabet, grammar, tree, form, &sink);
  return error ? error : tokens_finish(encoder, language, language_number);
}

/* ---- blobs in ---- */

bool p3_token_memo_open(const struct stage_ctx *ctx, struct p3_token_memo *memo, const struct p3_tables *tables,
                        uint8_t generation) {
  if (memo->count == tables->token_count && memo->generation == generation) return true;
  uint32_t *found = stage_resize(ctx, STAGE_TREE, memo->found, tables->token_count * sizeof *found);
  if (!found) return false;
  memset(found, 0xff, tables->token_count * sizeof *found);
  *memo = (struct p3_token_memo){found, tables->token_count, generation};
  return true;
}

int p3_transcode(struct p3_encoder *encoder, struct p3_language *language, const struct p3_tree *tree,
                 const struct p3_tables *from, struct p3_token_memo *memo) {
  p3_encoder_clear(encoder);
  if (!p3_token_memo_open(encoder->ctx, memo, from, tree->generation)) return STAGE_OUT_OF_MEMORY;
  struct p3_reader reader = {.tables = from, .tree = tree};
  struct tree_token token;
  uint32_t numbers[TOKEN_NUMBERS_MAX];
  int error = STAGE_OK;
  while (!error && p3_read_token(&reader, &token, numbers)) {
    uint32_t *known = reader.number == P3_ESCAPE ? NULL : &memo->found[reader.number], number;
    if (known && *known != P3_NOT_FOUND_YET) number = *known;
    else error = p3_token_number(language, token, &number);
    if (known) *known = number;
    if (!error) error = token_write(encoder, token, number, numbers, token_number_count(token));
  }
  return error ? error : tokens_finish(encoder, language, tree->language);
}
