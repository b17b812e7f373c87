/* SPDX-License-Identifier: MIT
 *
 * learn.h - a coding is learned from the trees that are being stored.
 *
 * First every token is counted, with the numbers of some documents, and a sample of at most LEARN_SAMPLE_TOKENS is
 * taken from all over. Then pairs of neighbours that are commonest in the sample become
 * phrases, some at a time, and pairs of these in turn (byte pair encoding: Gage, "A new
 * algorithm for data compression", 1994; in batches, so that a dictionary of 16,384 takes 20
 * passes and not 16,384). Whenever the dictionary fills a width of codes, its cost is known:
 * the codes of all tokens at that width, as a part of the sample that is counted for no pair
 * tells, and the dictionary itself. The cheapest width is taken. Nothing depends on a clock or
 * on addresses: the same documents give the same coding. */
#ifndef PHASEBENCH_P3_LEARN_H
#define PHASEBENCH_P3_LEARN_H

#include "encode.h"

#define LEARN_SAMPLE_TOKENS 2000000u
#define LEARN_PIECE_TOKENS 4096u
/* Numbers are looked at in documents that have so many tokens together, then in one of so many. */
#define LEARN_NUMBERED_TOKENS 131072u
#define LEARN_NUMBERED_ONE_IN 4u

/* What was seen of a language; zeroed but for ctx and is_plain is nothing. */
struct p3_learner {
  const struct stage_ctx *ctx;
  bool is_plain;
  struct map index; /* token -> place in tokens and counts */
  struct tree_token *tokens;
  uint32_t *counts;
  uint32_t token_count, token_capacity;
  uint64_t total_tokens, expected_tokens; /* seen so far, and to be seen in all; the latter a good guess */
  struct p3_histogram other;              /* numbers of paddings and of leaves over several lines */
  struct p3_histogram **by_kind;          /* lengths; NULL: none was seen */
  uint32_t kind_count;
  uint32_t *sample; /* places of tokens; LEARN_BREAK between pieces */
  uint32_t sample_count, sample_tokens, sample_capacity;
  uint64_t numbered_tokens; /* of total_tokens: those whose numbers were looked at */
  uint32_t documents;
  uint64_t piece; /* of total_tokens: the last one looked at */
  bool takes_piece;
  struct p3_token_memo memo; /* of tokens of the coding read -> places */
};

#define LEARN_BREAK UINT32_MAX

void p3_learner_free(struct p3_learner *learner);
/* In front of a document's first token; whether its numbers are looked at. */
bool p3_learner_document_begin(struct p3_learner *learner);
/* Takes a token in, without context, with its numbers, NULL where these are not looked at. *place is
 * where the token is counted, if that is known already (else P3_NOT_FOUND_YET), and afterwards.
 * STAGE_OK or STAGE_OUT_OF_MEMORY. */
int p3_learner_token(struct p3_learner *learner, struct tree_token token, const uint32_t *numbers, uint32_t *place);
/* Behind a document's last token. */
int p3_learner_document_end(struct p3_learner *learner);

/* Makes a coding of what was seen; the caller owns it. STAGE_OK or STAGE_OUT_OF_MEMORY. */
int p3_learn(struct p3_learner *learner, struct p3_coding *coding);

/* ---- pairs.c: the phrases ---- */

struct p3_pair {
  uint16_t left, right; /* phrases */
};

/* Phrases from tokens: phrase i < token_count is token i, 0 being the escape; then pairs. */
struct p3_phrases {
  const struct stage_ctx *ctx;
  uint32_t token_count;
  uint32_t count, capacity;
  struct p3_pair *pairs; /* [count]; of tokens unused */
  uint8_t *lengths;      /* [count], in tokens */
  uint32_t *uses;        /* [count], in the sample */
  uint32_t code_bits;
};

void p3_phrases_free(struct p3_phrases *phrases);
/* Learns phrases from tokens[0..train_count) and chooses their number by what all of
 * tokens[train_count..count) (or all of tokens, where that is empty) needs, for `total` tokens.
 * Destroys tokens. A token 0 is part of no phrase. */
int p3_phrases_learn(struct p3_phrases *phrases, uint16_t *tokens, uint32_t train_count, uint32_t count,
                     uint64_t total_tokens);
/* Lays the phrases out in a pool, in which those that are part of others share their place, and
 * gives them codes, the commonest first. */
int p3_phrases_lay_out(const struct p3_phrases *phrases, struct p3_coding *coding);

#endif
