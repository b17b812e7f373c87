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
  stage_release(ctx, STAGE_TREE, language->current.rows);
  stage_release(ctx, STAGE_TREE, language->previous.rows);
}

void p1_language_close_maps(struct p1_language *language) {
  alphabet_close_maps(&language->alphabet);
  map_clear(&language->row_map, language->alphabet.ctx, STAGE_TREE);
}

int p1_language_open_maps(struct p1_language *language) {
  const struct p1_rows *rows = &language->current;
  int error = alphabet_open_maps(&language->alphabet);
  if (!error) error = alphabet_map_fill(language->alphabet.ctx, &language->row_map, rows->rows, 1, rows->count);
  if (error) p1_language_close_maps(language);
  return error;
}

int p1_intern_row(struct p1_language *language, struct tree_row row, uint32_t *code) {
  struct p1_rows *rows = &language->current;
  uint64_t key = row_key(&row);
  uint32_t found = map_get(&language->row_map, key);
  if (found != MAP_NONE) {
    *code = found;
    return STAGE_OK;
  }
  if (rows->count >= rows->one_byte + (256 - rows->one_byte) * 256 || rows->count >= P1_CODE_MAX) {
    *code = P1_ESCAPE;
    return STAGE_OK;
  }
  if (!alphabet_grow(language->alphabet.ctx, (void **)&rows->rows, rows->count, &rows->capacity))
    return STAGE_OUT_OF_MEMORY;
  if (rows->count == 0) rows->rows[rows->count++] = (struct tree_row){0}; /* the escape's place */
  if (!map_add(&language->row_map, language->alphabet.ctx, STAGE_TREE, key, rows->count)) return STAGE_OUT_OF_MEMORY;
  *code = rows->count;
  rows->rows[rows->count++] = row;
  return STAGE_OK;
}

uint32_t p1_row_code(const struct p1_language *language, struct tree_row row) {
  uint32_t code = map_get(&language->row_map, row_key(&row));
  return code == MAP_NONE ? P1_ESCAPE : code;
}

/* The largest number of one-byte codes that leaves room for `codes` codes. */
static uint32_t one_byte_for(uint32_t codes) {
  uint32_t one_byte = 255;
  while (one_byte > 192 && one_byte + (256 - one_byte) * 256 < codes) one_byte--;
  return one_byte;
}

int p1_language_renew(struct p1_language *language, struct tree_row *rows, uint32_t count) {
  uint8_t generation = (uint8_t)(language->current.generation + 1);
  language->previous = language->current;
  language->current = (struct p1_rows){.rows = rows,
                                       .count = count,
                                       .capacity = count,
                                       .one_byte = one_byte_for(count + count / 16 + 64),
                                       .generation = generation};
  map_clear(&language->row_map, language->alphabet.ctx, STAGE_TREE);
  return p1_language_open_maps(language);
}

void p1_language_forget_previous(struct p1_language *language) {
  stage_release(language->alphabet.ctx, STAGE_TREE, language->previous.rows);
  language->previous = (struct p1_rows){0};
}

void p1_language_trim(struct p1_language *l) {
  alphabet_trim(&l->alphabet);
  alphabet_trim_table(l->alphabet.ctx, (void **)&l->current.rows, &l->current.capacity, l->current.count,
                      sizeof *l->current.rows);
}

bool p1_language_tables(const struct p1_language *language, uint8_t generation, struct p1_tables *tables) {
  const struct p1_rows *rows = &language->current;
  if (rows->generation != generation) {
    rows = &language->previous;
    if (!rows->rows || rows->generation != generation) return false;
  }
  *tables = (struct p1_tables){
      .rows = rows->rows,
      .kinds = language->alphabet.kinds,
      .paddings = language->alphabet.paddings,
      .row_count = rows->count,
      .kind_count = language->alphabet.kind_count,
      .padding_count = language->alphabet.padding_count,
      .one_byte = rows->one_byte,
  };
  return true;
}
