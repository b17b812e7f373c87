/* SPDX-License-Identifier: MIT */
#include "tables.h"

#include <string.h>

#define PADDING_MAX 8192u
#define FIRST_ONE_BYTE 192u

void p1_language_init(struct p1_language *language, const struct stage_ctx *ctx) {
  *language = (struct p1_language){.ctx = ctx, .current = {.one_byte = FIRST_ONE_BYTE}};
}

static void names_free(const struct stage_ctx *ctx, struct p1_names *names) {
  stage_release(ctx, STAGE_TREE, names->offsets);
  stage_release(ctx, STAGE_TREE, names->text);
}

void p1_language_free(struct p1_language *language) {
  const struct stage_ctx *ctx = language->ctx;
  if (!ctx) return;
  p1_language_close_maps(language);
  stage_release(ctx, STAGE_TREE, language->kinds);
  stage_release(ctx, STAGE_TREE, language->paddings);
  stage_release(ctx, STAGE_TREE, language->current.rows);
  stage_release(ctx, STAGE_TREE, language->previous.rows);
  names_free(ctx, &language->symbols);
  names_free(ctx, &language->fields);
}

void p1_language_close_maps(struct p1_language *language) {
  map_clear(&language->kind_map, language->ctx, STAGE_TREE);
  map_clear(&language->padding_map, language->ctx, STAGE_TREE);
  map_clear(&language->row_map, language->ctx, STAGE_TREE);
}

/* Kinds, paddings and rows are 8 bytes; as keys they are taken as one number. */
static uint64_t key_of(const void *eight_bytes) {
  uint64_t key;
  memcpy(&key, eight_bytes, sizeof key);
  return key;
}

static int map_fill(struct p1_language *language, struct map *map, const void *items, uint32_t from, uint32_t to) {
  if (map->capacity > 0) return STAGE_OK;
  for (uint32_t i = from; i < to; i++) {
    if (!map_add(map, language->ctx, STAGE_TREE, key_of((const char *)items + (size_t)i * 8), i)) {
      return STAGE_OUT_OF_MEMORY;
    }
  }
  return STAGE_OK;
}

int p1_language_open_maps(struct p1_language *language) {
  int error = map_fill(language, &language->kind_map, language->kinds, 0, language->kind_count);
  if (!error) error = map_fill(language, &language->padding_map, language->paddings, 0, language->padding_count);
  if (!error) error = map_fill(language, &language->row_map, language->current.rows, 1, language->current.count);
  if (error) p1_language_close_maps(language);
  return error;
}

/* Room for one more item of 8 bytes. */
static bool grow(const struct stage_ctx *ctx, void **items, uint32_t count, uint32_t *capacity) {
  if (count < *capacity) return true;
  uint32_t grown = *capacity ? *capacity * 2 : 64;
  void *p = stage_resize(ctx, STAGE_TREE, *items, (size_t)grown * 8);
  if (!p) return false;
  *items = p;
  *capacity = grown;
  return true;
}

static int name_add(const struct stage_ctx *ctx, struct p1_names *names, uint32_t id, const char *name) {
  if (!name) return STAGE_OK;
  if (id < names->count && names->offsets[id]) return STAGE_OK;
  if (id >= names->count) {
    uint32_t *offsets = stage_resize(ctx, STAGE_TREE, names->offsets, (id + 1) * sizeof *offsets);
    if (!offsets) return STAGE_OUT_OF_MEMORY;
    memset(offsets + names->count, 0, (id + 1 - names->count) * sizeof *offsets);
    names->offsets = offsets;
    names->count = id + 1;
  }
  uint32_t length = (uint32_t)strlen(name) + 1;
  if (names->text_bytes + length > names->text_capacity) {
    uint32_t capacity = (names->text_bytes + length) * 3 / 2 + 64;
    char *text = stage_resize(ctx, STAGE_TREE, names->text, capacity);
    if (!text) return STAGE_OUT_OF_MEMORY;
    names->text = text;
    names->text_capacity = capacity;
  }
  memcpy(names->text + names->text_bytes, name, length);
  names->offsets[id] = names->text_bytes + 1;
  names->text_bytes += length;
  return STAGE_OK;
}

/* tree-sitter's two built-in symbols are at the top of the number range: they move to
 * the bottom, so that the offsets stay short. */
static uint32_t symbol_slot(uint16_t symbol) { return symbol >= 0xfffe ? (uint32_t)(0xffff - symbol) : symbol + 2u; }

static const char *name_get(const struct p1_names *names, uint32_t id) {
  return id < names->count && names->offsets[id] ? names->text + names->offsets[id] - 1 : NULL;
}

const char *p1_symbol_name(const struct p1_language *language, uint16_t symbol) {
  return name_get(&language->symbols, symbol_slot(symbol));
}

const char *p1_field_name(const struct p1_language *language, uint16_t field) {
  return name_get(&language->fields, field);
}

int p1_intern_kind(struct p1_language *language, const TSLanguage *grammar, struct p1_kind kind, uint16_t *number) {
  uint64_t key = key_of(&kind);
  uint32_t found = map_get(&language->kind_map, key);
  if (found != MAP_NONE) {
    *number = (uint16_t)found;
    return STAGE_OK;
  }
  const struct stage_ctx *ctx = language->ctx;
  if (language->kind_count == UINT16_MAX) return STAGE_LIMIT;
  int error = name_add(ctx, &language->symbols, symbol_slot(kind.symbol), ts_language_symbol_name(grammar, kind.symbol));
  if (!error) {
    error = name_add(ctx, &language->symbols, symbol_slot(kind.grammar_symbol),
                     ts_language_symbol_name(grammar, kind.grammar_symbol));
  }
  if (!error && kind.field) {
    error = name_add(ctx, &language->fields, kind.field, ts_language_field_name_for_id(grammar, kind.field));
  }
  if (error) return error;
  if (!grow(ctx, (void **)&language->kinds, language->kind_count, &language->kind_capacity) ||
      !map_add(&language->kind_map, ctx, STAGE_TREE, key, language->kind_count)) {
    return STAGE_OUT_OF_MEMORY;
  }
  *number = (uint16_t)language->kind_count;
  language->kinds[language->kind_count++] = kind;
  return STAGE_OK;
}

bool p1_intern_padding(struct p1_language *language, struct p1_padding padding, uint16_t *number, int *error) {
  uint64_t key = key_of(&padding);
  uint32_t found = map_get(&language->padding_map, key);
  if (found != MAP_NONE) {
    *number = (uint16_t)found;
    return true;
  }
  if (language->padding_count == PADDING_MAX) return false;
  const struct stage_ctx *ctx = language->ctx;
  if (!grow(ctx, (void **)&language->paddings, language->padding_count, &language->padding_capacity) ||
      !map_add(&language->padding_map, ctx, STAGE_TREE, key, language->padding_count)) {
    *error = STAGE_OUT_OF_MEMORY;
    return false;
  }
  *number = (uint16_t)language->padding_count;
  language->paddings[language->padding_count++] = padding;
  return true;
}

int p1_intern_row(struct p1_language *language, struct p1_row row, uint32_t *code) {
  struct p1_rows *rows = &language->current;
  uint64_t key = key_of(&row);
  uint32_t found = map_get(&language->row_map, key);
  if (found != MAP_NONE) {
    *code = found;
    return STAGE_OK;
  }
  if (rows->count >= rows->one_byte + (256 - rows->one_byte) * 256 || rows->count >= P1_CODE_MAX) {
    *code = P1_ESCAPE;
    return STAGE_OK;
  }
  if (!grow(language->ctx, (void **)&rows->rows, rows->count, &rows->capacity)) return STAGE_OUT_OF_MEMORY;
  if (rows->count == 0) rows->rows[rows->count++] = (struct p1_row){0}; /* the escape's place */
  if (!map_add(&language->row_map, language->ctx, STAGE_TREE, key, rows->count)) return STAGE_OUT_OF_MEMORY;
  *code = rows->count;
  rows->rows[rows->count++] = row;
  return STAGE_OK;
}

uint32_t p1_row_code(const struct p1_language *language, struct p1_row row) {
  uint32_t code = map_get(&language->row_map, key_of(&row));
  return code == MAP_NONE ? P1_ESCAPE : code;
}

/* The largest number of one-byte codes that leaves room for `codes` codes. */
static uint32_t one_byte_for(uint32_t codes) {
  uint32_t one_byte = 255;
  while (one_byte > 192 && one_byte + (256 - one_byte) * 256 < codes) one_byte--;
  return one_byte;
}

int p1_language_renew(struct p1_language *language, struct p1_row *rows, uint32_t count) {
  uint8_t generation = (uint8_t)(language->current.generation + 1);
  language->previous = language->current;
  language->current = (struct p1_rows){.rows = rows,
                                       .count = count,
                                       .capacity = count,
                                       .one_byte = one_byte_for(count + count / 16 + 64),
                                       .generation = generation};
  map_clear(&language->row_map, language->ctx, STAGE_TREE);
  return p1_language_open_maps(language);
}

void p1_language_forget_previous(struct p1_language *language) {
  stage_release(language->ctx, STAGE_TREE, language->previous.rows);
  language->previous = (struct p1_rows){0};
}

/* A table that cannot be made smaller stays as it is. */
static void trim(const struct stage_ctx *ctx, void **items, uint32_t *capacity, uint32_t count, size_t item_bytes) {
  if (count == 0 || count == *capacity) return;
  void *p = stage_resize(ctx, STAGE_TREE, *items, count * item_bytes);
  if (!p) return;
  *items = p;
  *capacity = count;
}

void p1_language_trim(struct p1_language *l) {
  trim(l->ctx, (void **)&l->kinds, &l->kind_capacity, l->kind_count, sizeof *l->kinds);
  trim(l->ctx, (void **)&l->paddings, &l->padding_capacity, l->padding_count, sizeof *l->paddings);
  trim(l->ctx, (void **)&l->current.rows, &l->current.capacity, l->current.count, sizeof *l->current.rows);
  trim(l->ctx, (void **)&l->symbols.text, &l->symbols.text_capacity, l->symbols.text_bytes, 1);
  trim(l->ctx, (void **)&l->fields.text, &l->fields.text_capacity, l->fields.text_bytes, 1);
}

bool p1_language_tables(const struct p1_language *language, uint8_t generation, struct p1_tables *tables) {
  const struct p1_rows *rows = &language->current;
  if (rows->generation != generation) {
    rows = &language->previous;
    if (!rows->rows || rows->generation != generation) return false;
  }
  *tables = (struct p1_tables){
      .rows = rows->rows,
      .kinds = language->kinds,
      .paddings = language->paddings,
      .row_count = rows->count,
      .kind_count = language->kind_count,
      .padding_count = language->padding_count,
      .one_byte = rows->one_byte,
  };
  return true;
}
