/* SPDX-License-Identifier: MIT
 *
 * tables.h - a language's tables: kinds, paddings, token rows, names. They grow while
 * documents come in, in the order in which things are first seen; settling ranks the
 * rows by how often they occur (p1.c) and starts a new generation of codes. */
#ifndef PHASEBENCH_P1_TABLES_H
#define PHASEBENCH_P1_TABLES_H

#include "../kit/map.h"
#include "format.h"

/* Names by id: at text + offsets[id] - 1; offset 0: there is none. */
struct p1_names {
  uint32_t *offsets;
  uint32_t count;
  char *text;
  uint32_t text_bytes, text_capacity;
};

/* The rows of one generation. */
struct p1_rows {
  struct p1_row *rows; /* by code; rows[0] stands for the escape */
  uint32_t count, capacity;
  uint32_t one_byte;
  uint8_t generation;
};

struct p1_language {
  const struct stage_ctx *ctx;
  struct p1_kind *kinds;
  uint32_t kind_count, kind_capacity;
  struct p1_padding *paddings;
  uint32_t padding_count, padding_capacity;
  struct p1_rows current;
  struct p1_rows previous; /* rows NULL but while a settling is under way or was cut short */
  struct p1_names symbols, fields;
  /* For encoding only; given back at rest and rebuilt from the tables when needed. */
  struct map kind_map, padding_map, row_map;
};

void p1_language_init(struct p1_language *language, const struct stage_ctx *ctx);
void p1_language_free(struct p1_language *language);

/* Makes the maps again where there are none. STAGE_OK or STAGE_OUT_OF_MEMORY. */
int p1_language_open_maps(struct p1_language *language);
void p1_language_close_maps(struct p1_language *language);

/* The number of a kind, made if new, with the names of its symbols and field.
 * STAGE_LIMIT beyond 65,535 kinds. */
int p1_intern_kind(struct p1_language *language, const TSLanguage *grammar, struct p1_kind kind, uint16_t *number);
/* The number of a padding, made if new; false: the table is full, and the padding must
 * be written out (P1_EXPLICIT). *error is set when memory ran out. */
bool p1_intern_padding(struct p1_language *language, struct p1_padding padding, uint16_t *number, int *error);
/* The code of a row, made if new; P1_ESCAPE when the codes are used up. */
int p1_intern_row(struct p1_language *language, struct p1_row row, uint32_t *code);

/* The code of a row; P1_ESCAPE where the tables do not hold it. */
uint32_t p1_row_code(const struct p1_language *language, struct p1_row row);

/* Takes `rows` (allocated on the tree heap, rows[0] the escape's place) as a new
 * generation; the present one becomes `previous`, which must be empty. */
int p1_language_renew(struct p1_language *language, struct p1_row *rows, uint32_t count);
/* No blob is of the previous generation any more. */
void p1_language_forget_previous(struct p1_language *language);
/* Gives back what the tables do not fill. */
void p1_language_trim(struct p1_language *language);

/* NULL: no node had such a symbol or field. */
const char *p1_symbol_name(const struct p1_language *language, uint16_t symbol);
const char *p1_field_name(const struct p1_language *language, uint16_t field);

/* The tables that a blob of this generation is decoded with; false: there are none. */
bool p1_language_tables(const struct p1_language *language, uint8_t generation, struct p1_tables *tables);

#endif
