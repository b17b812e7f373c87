/* SPDX-License-Identifier: MIT
 *
 * parse.h - tokens become codes: the fewest phrases that make up a sequence of tokens, by dynamic
 * programming over a trie of the phrases (a shortest path: codes all cost the same). Among
 * equals the phrase that is longest goes first, so that the same tokens are parsed the same way
 * whatever stands behind them. */
#ifndef PHASEBENCH_P3_PARSE_H
#define PHASEBENCH_P3_PARSE_H

#include "format.h"

/* The path is found in pieces of so many tokens, which bounds the working memory. */
#define P3_PIECE_TOKENS (1u << 16)

struct p3_trie;

/* NULL: out of memory. Every token but the escape is a phrase. */
struct p3_trie *p3_trie_new(const struct stage_ctx *ctx, const uint32_t *phrases, uint32_t phrase_count,
                            const uint16_t *pool, uint32_t token_count);
void p3_trie_free(const struct stage_ctx *ctx, struct p3_trie *trie);

/* Parses tokens[0..count) into `codes`, which has room for `count` codes; returns their number.
 * A token P3_ESCAPE becomes code 0. */
uint32_t p3_parse(const struct p3_trie *trie, const uint16_t *tokens, uint32_t count, uint16_t *codes);

#endif
