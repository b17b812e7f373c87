/* SPDX-License-Identifier: MIT
 *
 * tables.h - a language's tables: its alphabet and its tokens. They grow while documents
 * come in, in the order in which things are first seen; finalizing ranks the
 * tokens by how often they occur (p1.c) and starts a new generation of codes. */
#ifndef PHASEBENCH_P1_TABLES_H
#define PHASEBENCH_P1_TABLES_H

#include "kit/tokens/alphabet.h"
#include "format.h"

/* The tokens of one generation. */
struct p1_token_table {
  struct tree_token *tokens; /* by code; tokens[0] stands for the escape */
  uint32_t count, capacity;
  uint32_t one_byte;
  uint8_t generation;
};

struct p1_language {
  struct alphabet alphabet;
  struct p1_token_table current;
  struct p1_token_table previous; /* tokens NULL but while a finalizing is under way or was cut short */
  /* For encoding only; given back at rest and rebuilt from the tokens when needed. */
  struct map token_map;
};

void p1_language_init(struct p1_language *language, const struct stage_ctx *ctx);
void p1_language_free(struct p1_language *language);

/* Makes the maps again where there are none. STAGE_OK or STAGE_OUT_OF_MEMORY. */
int p1_language_open_maps(struct p1_language *language);
void p1_language_close_maps(struct p1_language *language);

/* The code of a token, made if new; P1_ESCAPE when the codes are used up. */
int p1_intern_token(struct p1_language *language, struct tree_token token, uint32_t *code);

/* The code of a token; P1_ESCAPE where the tables do not hold it. */
uint32_t p1_token_code(const struct p1_language *language, struct tree_token token);

/* Takes `tokens` (allocated on the tree heap, tokens[0] the escape's place) as a new
 * generation; the present one becomes `previous`, which must be empty. */
int p1_language_renew(struct p1_language *language, struct tree_token *tokens, uint32_t count);
/* No blob is of the previous generation any more. */
void p1_language_forget_previous(struct p1_language *language);
/* Gives back what the tables do not fill. */
void p1_language_trim(struct p1_language *language);

/* The tables that a blob of this generation is decoded with; false: there are none. */
bool p1_language_tables(const struct p1_language *language, uint8_t generation, struct p1_tables *tables);

#endif
