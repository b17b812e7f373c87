/* SPDX-License-Identifier: MIT
 *
 * tables.h - a language's tables: its alphabet and its token rows. They grow while documents
 * come in, in the order in which things are first seen; finalizing ranks the
 * rows by how often they occur (p1.c) and starts a new generation of codes. */
#ifndef PHASEBENCH_P1_TABLES_H
#define PHASEBENCH_P1_TABLES_H

#include "kit/tokens/alphabet.h"
#include "format.h"

/* The rows of one generation. */
struct p1_rows {
  struct tree_row *rows; /* by code; rows[0] stands for the escape */
  uint32_t count, capacity;
  uint32_t one_byte;
  uint8_t generation;
};

struct p1_language {
  struct alphabet alphabet;
  struct p1_rows current;
  struct p1_rows previous; /* rows NULL but while a finalizing is under way or was cut short */
  /* For encoding only; given back at rest and rebuilt from the rows when needed. */
  struct map row_map;
};

void p1_language_init(struct p1_language *language, const struct stage_ctx *ctx);
void p1_language_free(struct p1_language *language);

/* Makes the maps again where there are none. STAGE_OK or STAGE_OUT_OF_MEMORY. */
int p1_language_open_maps(struct p1_language *language);
void p1_language_close_maps(struct p1_language *language);

/* The code of a row, made if new; P1_ESCAPE when the codes are used up. */
int p1_intern_row(struct p1_language *language, struct tree_row row, uint32_t *code);

/* The code of a row; P1_ESCAPE where the tables do not hold it. */
uint32_t p1_row_code(const struct p1_language *language, struct tree_row row);

/* Takes `rows` (allocated on the tree heap, rows[0] the escape's place) as a new
 * generation; the present one becomes `previous`, which must be empty. */
int p1_language_renew(struct p1_language *language, struct tree_row *rows, uint32_t count);
/* No blob is of the previous generation any more. */
void p1_language_forget_previous(struct p1_language *language);
/* Gives back what the tables do not fill. */
void p1_language_trim(struct p1_language *language);

/* The tables that a blob of this generation is decoded with; false: there are none. */
bool p1_language_tables(const struct p1_language *language, uint8_t generation, struct p1_tables *tables);

#endif
