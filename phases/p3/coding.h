/* SPDX-License-Identifier: MIT
 *
 * coding.h - what the trees of one language are coded with: tokens, phrases and number codes.
 *
 * While documents come in, a coding grows: each token that is new becomes a phrase of its own.
 * Finalizing learns a better one (learn.h) and writes each tree once more; then a coding is
 * fixed, and tokens that it does not hold go behind escapes. All memory is of the tree heap. */
#ifndef PHASEBENCH_P3_CODING_H
#define PHASEBENCH_P3_CODING_H

#include "kit/tokens/alphabet.h"
#include "format.h"

#define P3_GROWING_CODE_BITS 14u

/* One generation. */
struct p3_coding {
  struct tree_token *tokens; /* by number; tokens[0] is the escape's place */
  uint32_t token_count, token_capacity;
  uint32_t *phrases; /* start << 8 | tokens */
  uint32_t phrase_count, phrase_capacity;
  uint16_t *pool;
  uint32_t pool_count, pool_capacity;
  uint16_t *numbers; /* context_count << P3_NUMBER_BITS entries */
  uint32_t context_count;
  uint8_t code_bits, generation;
  bool is_growing;
  bool is_plain;
  /* For encoding only; given back at rest and made again when needed. */
  struct map token_map;   /* token, with length 0 where LENGTH is set -> number */
  struct p3_trie *trie;   /* parse.h */
  uint16_t *number_codes; /* by context and value: what to write; see numbers.h */
};

struct p3_language {
  struct alphabet alphabet;
  struct p3_coding current;
  uint64_t tokens_put;       /* of all documents that were ever put */
  uint8_t *rest;             /* one block that holds all tables; NULL: each has an allocation of its own */
  struct p3_coding previous; /* tokens NULL but while a finalizing is under way or was cut short */
};

/* is_plain: fixed-width operands, nothing interned but kinds and their names. */
int p3_language_init(struct p3_language *language, const struct stage_ctx *ctx, bool is_plain);
void p3_language_free(struct p3_language *language);
void p3_coding_free(const struct stage_ctx *ctx, struct p3_coding *coding);

/* Makes what encoding needs where it is not there. STAGE_OK or STAGE_OUT_OF_MEMORY. */
int p3_language_open(struct p3_language *language);
/* Gives it back. */
void p3_language_close(struct p3_language *language);
/* Puts the tables into one block, each as large as what it holds: until the language is opened. Apart
 * they would take up to twice as much, in the allocator's size classes and pages. */
void p3_language_rest(struct p3_language *language);

/* The number of a token; a growing coding takes new ones in, P3_ESCAPE where there is none. */
int p3_token_number(struct p3_language *language, struct tree_token token, uint32_t *number);

/* Takes over `coding` as a new generation; the present one becomes `previous`, which must be empty. */
int p3_language_renew(struct p3_language *language, const struct p3_coding *coding);
/* No blob is of the previous generation any more. */
void p3_language_forget_previous(struct p3_language *language);

/* The tables that a blob of this generation is decoded with; false: there are none. */
bool p3_language_tables(const struct p3_language *language, uint8_t generation, struct p3_tables *tables);
void p3_coding_tables(const struct p3_language *language, const struct p3_coding *coding, struct p3_tables *tables);

/* What a coding takes at rest. */
uint64_t p3_coding_bytes(const struct p3_coding *coding);

#endif
