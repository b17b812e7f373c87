/* SPDX-License-Identifier: MIT */
#include "alphabet.h"

#include <string.h>

/* ---- tables ---- */

int alphabet_map_fill(const struct stage_ctx *ctx, struct map *map, const void *items, uint32_t from, uint32_t to) {
  if (map->capacity > 0) return STAGE_OK;
  for (uint32_t i = from; i < to; i++) {
    if (!map_add(map, ctx, STAGE_TREE, token_key((const char *)items + (size_t)i * 8), i)) return STAGE_OUT_OF_MEMORY;
  }
  return STAGE_OK;
}

bool alphabet_grow(const struct stage_ctx *ctx, void **items, uint32_t count, uint32_t *capacity) {
  if (count < *capacity) return true;
  uint32_t grown = *capacity ? *capacity * 2 : 64;
  void *p = stage_resize(ctx, STAGE_TREE, *items, (size_t)grown * 8);
  if (!p) return false;
  *items = p;
  *capacity = grown;
  return true;
}

void alphabet_trim_table(const struct stage_ctx *ctx, void **items, uint32_t *capacity, uint32_t count,
                         size_t item_bytes) {
  if (count == 0 || count == *capacity) return;
  void *p = stage_resize(ctx, STAGE_TREE, *items, count * item_bytes);
  if (!p) return;
  *items = p;
  *capacity = count;
}

/* ---- life ---- */

static void names_free(const struct stage_ctx *ctx, struct alphabet_names *names) {
  stage_release(ctx, STAGE_TREE, names->offsets);
  stage_release(ctx, STAGE_TREE, names->text);
}

void alphabet_free(struct alphabet *alphabet) {
  const struct stage_ctx *ctx = alphabet->ctx;
  if (!ctx) return;
  alphabet_close_maps(alphabet);
  stage_release(ctx, STAGE_TREE, alphabet->kinds);
  stage_release(ctx, STAGE_TREE, alphabet->paddings);
  names_free(ctx, &alphabet->symbols);
  names_free(ctx, &alphabet->fields);
  *alphabet = (struct alphabet){.ctx = ctx};
}

int alphabet_open_maps(struct alphabet *a) {
  int error = alphabet_map_fill(a->ctx, &a->kind_map, a->kinds, 0, a->kind_count);
  if (!error) error = alphabet_map_fill(a->ctx, &a->padding_map, a->paddings, 0, a->padding_count);
  if (error) alphabet_close_maps(a);
  return error;
}

void alphabet_close_maps(struct alphabet *alphabet) {
  map_clear(&alphabet->kind_map, alphabet->ctx, STAGE_TREE);
  map_clear(&alphabet->padding_map, alphabet->ctx, STAGE_TREE);
}

void alphabet_trim(struct alphabet *a) {
  alphabet_trim_table(a->ctx, (void **)&a->kinds, &a->kind_capacity, a->kind_count, sizeof *a->kinds);
  alphabet_trim_table(a->ctx, (void **)&a->paddings, &a->padding_capacity, a->padding_count, sizeof *a->paddings);
  alphabet_trim_table(a->ctx, (void **)&a->symbols.text, &a->symbols.text_capacity, a->symbols.text_bytes, 1);
  alphabet_trim_table(a->ctx, (void **)&a->fields.text, &a->fields.text_capacity, a->fields.text_bytes, 1);
}

uint64_t alphabet_bytes(const struct alphabet *a) {
  return (uint64_t)(a->kind_capacity + a->padding_capacity) * 8 + a->symbols.text_capacity + a->fields.text_capacity +
         (a->symbols.count + a->fields.count) * 4;
}

/* ---- names ---- */

static int name_add(const struct stage_ctx *ctx, struct alphabet_names *names, uint32_t id, const char *name) {
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

static const char *name_get(const struct alphabet_names *names, uint32_t id) {
  return id < names->count && names->offsets[id] ? names->text + names->offsets[id] - 1 : NULL;
}

const char *alphabet_symbol_name(const struct alphabet *alphabet, uint16_t symbol) {
  return name_get(&alphabet->symbols, symbol_slot(symbol));
}

const char *alphabet_field_name(const struct alphabet *alphabet, uint16_t field) {
  return name_get(&alphabet->fields, field);
}

/* ---- kinds and paddings ---- */

int alphabet_intern_kind(struct alphabet *alphabet, const TSLanguage *grammar, struct tree_kind kind,
                         uint16_t *number) {
  uint64_t key = token_key(&kind);
  uint32_t found = map_get(&alphabet->kind_map, key);
  if (found != MAP_NONE) {
    *number = (uint16_t)found;
    return STAGE_OK;
  }
  const struct stage_ctx *ctx = alphabet->ctx;
  if (alphabet->kind_count == UINT16_MAX) return STAGE_LIMIT;
  int error =
      name_add(ctx, &alphabet->symbols, symbol_slot(kind.symbol), ts_language_symbol_name(grammar, kind.symbol));
  if (!error) {
    error = name_add(ctx, &alphabet->symbols, symbol_slot(kind.grammar_symbol),
                     ts_language_symbol_name(grammar, kind.grammar_symbol));
  }
  if (!error && kind.field) {
    error = name_add(ctx, &alphabet->fields, kind.field, ts_language_field_name_for_id(grammar, kind.field));
  }
  if (error) return error;
  if (!alphabet_grow(ctx, (void **)&alphabet->kinds, alphabet->kind_count, &alphabet->kind_capacity) ||
      !map_add(&alphabet->kind_map, ctx, STAGE_TREE, key, alphabet->kind_count)) {
    return STAGE_OUT_OF_MEMORY;
  }
  *number = (uint16_t)alphabet->kind_count;
  alphabet->kinds[alphabet->kind_count++] = kind;
  return STAGE_OK;
}

bool alphabet_intern_padding(struct alphabet *alphabet, struct tree_padding padding, uint16_t *number, int *error) {
  uint64_t key = token_key(&padding);
  uint32_t found = map_get(&alphabet->padding_map, key);
  if (found != MAP_NONE) {
    *number = (uint16_t)found;
    return true;
  }
  if (alphabet->padding_count == ALPHABET_PADDINGS_MAX) return false;
  const struct stage_ctx *ctx = alphabet->ctx;
  if (!alphabet_grow(ctx, (void **)&alphabet->paddings, alphabet->padding_count, &alphabet->padding_capacity) ||
      !map_add(&alphabet->padding_map, ctx, STAGE_TREE, key, alphabet->padding_count)) {
    *error = STAGE_OUT_OF_MEMORY;
    return false;
  }
  *number = (uint16_t)alphabet->padding_count;
  alphabet->paddings[alphabet->padding_count++] = padding;
  return true;
}
