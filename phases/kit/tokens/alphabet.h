/* SPDX-License-Identifier: MIT
 *
 * alphabet.h - a language's kinds, paddings and names: what tokens (token.h) refer to. They
 * grow while documents come in, in the order in which things are first seen. Memory is of
 * the tree heap. */
#ifndef PHASEBENCH_KIT_ALPHABET_H
#define PHASEBENCH_KIT_ALPHABET_H

#include "kit/support/map.h"
#include "token.h"

#define ALPHABET_PADDINGS_MAX 8192u

/* Names by id: at text + offsets[id] - 1; offset 0: there is none. */
struct alphabet_names {
  uint32_t *offsets;
  uint32_t count;
  char *text;
  uint32_t text_bytes, text_capacity;
};

/* Zeroed but for ctx is empty. */
struct alphabet {
  const struct stage_ctx *ctx;
  struct tree_kind *kinds;
  uint32_t kind_count, kind_capacity;
  struct tree_padding *paddings;
  uint32_t padding_count, padding_capacity;
  struct alphabet_names symbols, fields;
  /* For encoding only; given back at rest and made again from the tables when needed. */
  struct map kind_map, padding_map;
};

void alphabet_free(struct alphabet *alphabet);

/* Makes the maps again where there are none. STAGE_OK or STAGE_OUT_OF_MEMORY. */
int alphabet_open_maps(struct alphabet *alphabet);
void alphabet_close_maps(struct alphabet *alphabet);

/* The number of a kind, made if new, with the names of its symbols and field.
 * STAGE_LIMIT beyond 65,535 kinds, STAGE_OUT_OF_MEMORY. */
int alphabet_intern_kind(struct alphabet *alphabet, const TSLanguage *grammar, struct tree_kind kind, uint16_t *number);
/* The number of a padding, made if new; false: the table is full, and the padding must
 * be written out (TOKEN_EXPLICIT). *error is set when memory ran out. */
bool alphabet_intern_padding(struct alphabet *alphabet, struct tree_padding padding, uint16_t *number, int *error);

/* NULL: no node had such a symbol or field. */
const char *alphabet_symbol_name(const struct alphabet *alphabet, uint16_t symbol);
const char *alphabet_field_name(const struct alphabet *alphabet, uint16_t field);

/* Gives back what the tables do not fill. */
void alphabet_trim(struct alphabet *alphabet);
/* What the tables take, names with them. */
uint64_t alphabet_bytes(const struct alphabet *alphabet);

/* ---- for tables beside these ---- */

/* Adds items[from..to), of 8 bytes each, to a map that has none; their values are their places. */
int alphabet_map_fill(const struct stage_ctx *ctx, struct map *map, const void *items, uint32_t from, uint32_t to);
/* Room for one more item of 8 bytes; false: out of memory. */
bool alphabet_grow(const struct stage_ctx *ctx, void **items, uint32_t count, uint32_t *capacity);
/* Gives back the room behind the last item; a table that cannot be made smaller stays. */
void alphabet_trim_table(const struct stage_ctx *ctx, void **items, uint32_t *capacity, uint32_t count,
                         size_t item_bytes);

#endif
