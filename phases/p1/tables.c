/* SPDX-License-Identifier: MIT */
#include "tables.h"

#include <string.h>

#define FIRST_ONE_BYTE 192u

void p1_language_init(struct p1_language *language, const struct stage_ctx *ctx) {
  *language = (struct p1_language){.alphabet = {.ctx = ctx}, .current = {.one_byte = FIRST_ONE_BYTE}};
}

void p1_language_free(struct p1_language *language) {
  const struct stage_ctx *ctx = language->alphabet.ctx;
  if (!ctx) return;
  p1_language_close_maps(language);
  alphabet_free(&language->alphabet);
  stage_release(ctx, STAGE_TREE, language->current.tokens);
  stage_release(ctx, STAGE_TREE, language->previous.tokens);
}

void p1_language_close_maps(struct p1_language *language) {
  alphabet_close_maps(&language->alphabet);
  map_clear(&language->token_map, language->alphabet.ctx, STAGE_TREE);
}

int p1_language_open_maps(struct p1_language *language) {
  const struct p1_token_table *tokens = &language->current;
  int error = alphabet_open_maps(&language->alphabet);
  if (!error) error = alphabet_map_fill(language->alphabet.ctx, &language->token_map, tokens->tokens, 1, tokens->count);
  if (error) p1_language_close_maps(language);
  return error;
}

int p1_intern_token(struct p1_language *language, struct tree_token token, uint32_t *code) {
  struct p1_token_table *tokens = &language->current;
  uint64_t key = token_key(&token);
  uint32_t found = map_get(&language->token_map, key);
  if (found != MAP_NONE) {
    *code = found;
    return STAGE_OK;
  }
  if (tokens->count >= tokens->one_byte + (256 - tokens->one_byte) * 256 || tokens->count >= P1_CODE_MAX) {
    *code = P1_ESCAPE;
    return STAGE_OK;
  }
  if (!alphabet_grow(language->alphabet.ctx, (void **)&tokens->tokens, tokens->count, &tokens->capacity))
    return STAGE_OUT_OF_MEMORY;
  if (tokens->count == 0) tokens->tokens[tokens->count++] = (struct tree_token){0}; /* the escape's place */
  if (!map_add(&language->token_map, language->alphabet.ctx, STAGE_TREE, key, tokens->count))
    return STAGE_OUT_OF_MEMORY;
  *code = tokens->count;
  tokens->tokens[tokens->count++] = token;
  return STAGE_OK;
}

uint32_t p1_token_code(const struct p1_language *language, struct tree_token token) {
  uint32_t code = map_get(&language->token_map, token_key(&token));
  return code == MAP_NONE ? P1_ESCAPE : code;
}

/* The largest number of one-byte codes that leaves room for `codes` codes. */
static uint32_t one_byte_for(uint32_t codes) {
  uint32_t one_byte = 255;
  while (one_byte > 192 && one_byte + (256 - one_byte) * 256 < codes) one_byte--;
  return one_byte;
}

int p1_language_renew(struct p1_language *language, struct tree_token *tokens, uint32_t count) {
  uint8_t generation = (uint8_t)(language->current.generation + 1);
  language->previous = language->current;
  language->current = (struct p1_token_table){.tokens = tokens,
                                              .count = count,
                                              .capacity = count,
                                              .one_byte = one_byte_for(count + count / 16 + 64),
                                              .generation = generation};
  map_clear(&language->token_map, language->alphabet.ctx, STAGE_TREE);
  return p1_language_open_maps(language);
}

void p1_language_forget_previous(struct p1_language *language) {
  stage_release(language->alphabet.ctx, STAGE_TREE, language->previous.tokens);
  language->previous = (struct p1_token_table){0};
}

void p1_language_trim(struct p1_language *l) {
  alphabet_trim(&l->alphabet);
  alphabet_trim_table(l->alphabet.ctx, (void **)&l->current.tokens, &l->current.capacity, l->current.count,
                      sizeof *l->current.tokens);
}

bool p1_language_tables(const struct p1_language *language, uint8_t generation, struct p1_tables *tables) {
  const struct p1_token_table *tokens = &language->current;
  if (tokens->generation != generation) {
    tokens = &language->previous;
    if (!tokens->tokens || tokens->generation != generation) return false;
  }
  *tables = (struct p1_tables){
      .tokens = tokens->tokens,
      .kinds = language->alphabet.kinds,
      .paddings = language->alphabet.paddings,
      .token_count = tokens->count,
      .kind_count = language->alphabet.kind_count,
      .padding_count = language->alphabet.padding_count,
      .one_byte = tokens->one_byte,
  };
  return true;
}
