/* SPDX-License-Identifier: MIT
 *
 * parse.h - rows become codes: the fewest phrases that spell a sequence of rows, by dynamic
 * programming over a trie of the phrases (a shortest path: codes all cost the same). Among
 * equals the phrase that is longest goes first, so that the same rows are spelled the same way
 * whatever stands behind them. */
#ifndef PHASEBENCH_P3_PARSE_H
#define PHASEBENCH_P3_PARSE_H

#include "format.h"

/* The path is found in pieces of so many rows, which bounds the working memory. */
#define P3_PIECE_ROWS (1u << 16)

struct p3_trie;

/* NULL: out of memory. Every row but the escape is a phrase. */
struct p3_trie *p3_trie_new(const struct stage_ctx *ctx, const uint32_t *phrases, uint32_t phrase_count,
                            const uint16_t *pool, uint32_t row_count);
void p3_trie_free(const struct stage_ctx *ctx, struct p3_trie *trie);

/* Spells rows[0..count) into `codes`, which has room for `count` codes; returns their number.
 * A row P3_ESCAPE becomes code 0. */
uint32_t p3_parse(const struct p3_trie *trie, const uint16_t *rows, uint32_t count, uint16_t *codes);

#endif
