/* SPDX-License-Identifier: MIT
 *
 * learn.c - what was seen, and a coding of it. */
#include "learn.h"

#include "kit/tokens/tree_documents.h"

#include <stdlib.h>

/* A token that occurs less often costs more in the table than behind escapes. */
#define TOKEN_COUNT_MIN 3u
/* One piece of the sample in so many is held out. */
#define HELD_OUT_ONE_IN 8u

void p3_learner_free(struct p3_learner *learner) {
  const struct stage_ctx *ctx = learner->ctx;
  if (!ctx) return;
  map_clear(&learner->index, ctx, STAGE_TREE);
  for (uint32_t i = 0; i < learner->kind_count; i++) stage_release(ctx, STAGE_TREE, learner->by_kind[i]);
  stage_release(ctx, STAGE_TREE, learner->by_kind);
  stage_release(ctx, STAGE_TREE, learner->tokens);
  stage_release(ctx, STAGE_TREE, learner->counts);
  stage_release(ctx, STAGE_TREE, learner->sample);
  stage_release(ctx, STAGE_TREE, learner->memo.found);
  *learner = (struct p3_learner){.ctx = ctx, .is_plain = learner->is_plain};
}

/* ---- seeing ---- */

static bool tokens_reserve(struct p3_learner *learner) {
  if (learner->token_count < learner->token_capacity) return true;
  uint32_t capacity = learner->token_capacity ? learner->token_capacity * 2 : 1024;
  struct tree_token *tokens = stage_resize(learner->ctx, STAGE_TREE, learner->tokens, capacity * sizeof *tokens);
  if (tokens) learner->tokens = tokens;
  uint32_t *counts = stage_resize(learner->ctx, STAGE_TREE, learner->counts, capacity * sizeof *counts);
  if (counts) learner->counts = counts;
  if (!tokens || !counts) return false;
  learner->token_capacity = capacity;
  return true;
}

static int token_place(struct p3_learner *learner, struct tree_token token, uint32_t *place) {
  uint64_t key = token_key(&token);
  *place = map_get(&learner->index, key);
  if (*place != MAP_NONE) return STAGE_OK;
  if (!tokens_reserve(learner) || !map_add(&learner->index, learner->ctx, STAGE_TREE, key, learner->token_count))
    return STAGE_OUT_OF_MEMORY;
  *place = learner->token_count++;
  learner->tokens[*place] = token;
  learner->counts[*place] = 0;
  return STAGE_OK;
}

static int kind_histogram(struct p3_learner *learner, uint32_t kind, struct p3_histogram **histogram) {
  if (kind >= learner->kind_count) {
    uint32_t count = kind + 64;
    struct p3_histogram **grown = stage_resize(learner->ctx, STAGE_TREE, learner->by_kind, count * sizeof *grown);
    if (!grown) return STAGE_OUT_OF_MEMORY;
    memset(grown + learner->kind_count, 0, (count - learner->kind_count) * sizeof *grown);
    learner->by_kind = grown;
    learner->kind_count = count;
  }
  if (!learner->by_kind[kind]) {
    learner->by_kind[kind] = stage_allocate(learner->ctx, STAGE_TREE, sizeof **histogram);
    if (!learner->by_kind[kind]) return STAGE_OUT_OF_MEMORY;
    memset(learner->by_kind[kind], 0, sizeof **histogram);
  }
  *histogram = learner->by_kind[kind];
  return STAGE_OK;
}

static void histogram_add(struct p3_histogram *histogram, uint32_t number) {
  uint32_t *count = &histogram->count[number < P3_NUMBER_VALUES ? number : P3_NUMBER_VALUES];
  if (*count < UINT32_MAX) ++*count;
}

static int numbers_see(struct p3_learner *learner, struct tree_token token, const uint32_t *numbers) {
  uint32_t count = token_number_count(token), length_at = token.flags & TOKEN_LENGTH ? count - 1 : count;
  for (uint32_t i = 0; i < length_at; i++) histogram_add(&learner->other, numbers[i]);
  if (length_at == count) return STAGE_OK;
  struct p3_histogram *histogram;
  int error = kind_histogram(learner, token.kind, &histogram);
  if (!error) histogram_add(histogram, numbers[length_at]);
  return error;
}

static int sample_add(struct p3_learner *learner, uint32_t place) {
  if (learner->sample_count == learner->sample_capacity) {
    uint32_t capacity = learner->sample_capacity ? learner->sample_capacity * 2 : 1u << 16;
    uint32_t *sample = stage_resize(learner->ctx, STAGE_TREE, learner->sample, capacity * sizeof *sample);
    if (!sample) return STAGE_OUT_OF_MEMORY;
    learner->sample = sample;
    learner->sample_capacity = capacity;
  }
  learner->sample[learner->sample_count++] = place;
  learner->sample_tokens += place != LEARN_BREAK;
  return STAGE_OK;
}

/* Pieces are taken from all over: while the sample is a smaller part of its limit than what
 * was seen is of all. */
static int sample_see(struct p3_learner *learner, uint32_t place) {
  uint64_t piece = learner->total_tokens / LEARN_PIECE_TOKENS;
  if (learner->total_tokens == 0 || piece != learner->piece) {
    double sampled = (double)learner->sample_tokens * (double)learner->expected_tokens;
    bool took = learner->takes_piece;
    learner->takes_piece =
        learner->sample_tokens < LEARN_SAMPLE_TOKENS && sampled <= (double)learner->total_tokens * LEARN_SAMPLE_TOKENS;
    learner->piece = piece;
    if (took) {
      int error = sample_add(learner, LEARN_BREAK);
      if (error) return error;
    }
  }
  return learner->takes_piece ? sample_add(learner, place) : STAGE_OK;
}

bool p3_learner_document_begin(struct p3_learner *learner) {
  return learner->documents++ % LEARN_NUMBERED_ONE_IN == 0 || learner->numbered_tokens < LEARN_NUMBERED_TOKENS;
}

int p3_learner_token(struct p3_learner *learner, struct tree_token token, const uint32_t *numbers, uint32_t *place) {
  int error = *place == P3_NOT_FOUND_YET ? token_place(learner, token, place) : STAGE_OK;
  if (!error && numbers) error = numbers_see(learner, token, numbers);
  if (!error) error = sample_see(learner, *place);
  if (error) return error;
  if (learner->counts[*place] < UINT32_MAX) learner->counts[*place]++;
  learner->total_tokens++;
  learner->numbered_tokens += numbers != NULL;
  return STAGE_OK;
}

int p3_learner_document_end(struct p3_learner *learner) {
  return learner->takes_piece ? sample_add(learner, LEARN_BREAK) : STAGE_OK;
}

/* ---- number codes ---- */

struct contexts {
  struct p3_histogram rest; /* context 0: what has none of its own */
  uint32_t count;
  uint32_t kinds[P3_CONTEXT_COUNT_MAX]; /* by context, from 1 on */
};

static uint64_t numbers_of(const struct p3_histogram *histogram) {
  uint64_t sum = 0;
  for (uint32_t v = 0; v <= P3_NUMBER_VALUES; v++) sum += histogram->count[v];
  return sum;
}

static void histogram_move(struct p3_histogram *to, const struct p3_histogram *from, bool away) {
  for (uint32_t v = 0; v <= P3_NUMBER_VALUES; v++) to->count[v] += away ? 0u - from->count[v] : from->count[v];
}

/* The kind with most numbers among those that have no context; UINT32_MAX: none has any. */
static uint32_t largest_kind(const struct p3_learner *learner, const struct contexts *contexts) {
  uint32_t best = UINT32_MAX;
  uint64_t most = 0;
  for (uint32_t kind = 0; kind < learner->kind_count; kind++) {
    bool has_one = !learner->by_kind[kind];
    for (uint32_t c = 1; c < contexts->count && !has_one; c++) has_one = contexts->kinds[c] == kind;
    uint64_t numbers = has_one ? 0 : numbers_of(learner->by_kind[kind]);
    if (numbers > most) {
      most = numbers;
      best = kind;
    }
  }
  return best;
}

/* Gives contexts to kinds, the largest first, while that saves more bits than its look-up
 * table takes: of the table, the part that the numbers looked at are of all. */
static void contexts_choose(const struct p3_learner *learner, struct contexts *contexts) {
  const double part = learner->total_tokens ? (double)learner->numbered_tokens / (double)learner->total_tokens : 1;
  const uint64_t table_bits = (uint64_t)(part * (16u << P3_NUMBER_BITS));
  uint16_t entries[1u << P3_NUMBER_BITS];
  contexts->rest = learner->other;
  contexts->count = 1;
  for (uint32_t kind = 0; kind < learner->kind_count; kind++) {
    if (learner->by_kind[kind]) histogram_move(&contexts->rest, learner->by_kind[kind], false);
  }
  uint64_t rest_bits = p3_numbers_learn(&contexts->rest, entries);
  while (contexts->count < P3_CONTEXT_COUNT_MAX) {
    uint32_t kind = largest_kind(learner, contexts);
    if (kind == UINT32_MAX) break;
    const struct p3_histogram *own = learner->by_kind[kind];
    histogram_move(&contexts->rest, own, true);
    uint64_t without = p3_numbers_learn(&contexts->rest, entries);
    if (without + p3_numbers_learn(own, entries) + table_bits >= rest_bits) {
      histogram_move(&contexts->rest, own, false);
      break;
    }
    rest_bits = without;
    contexts->kinds[contexts->count++] = kind;
  }
}

static int numbers_learn(const struct p3_learner *learner, struct p3_coding *coding, struct contexts *contexts) {
  contexts->count = 1;
  if (!learner->is_plain) contexts_choose(learner, contexts);
  coding->context_count = contexts->count;
  coding->numbers =
      stage_allocate(learner->ctx, STAGE_TREE, ((size_t)contexts->count << P3_NUMBER_BITS) * sizeof *coding->numbers);
  if (!coding->numbers) return STAGE_OUT_OF_MEMORY;
  if (learner->is_plain) p3_numbers_raw(coding->numbers);
  for (uint32_t c = 0; c < contexts->count && !learner->is_plain; c++)
    p3_numbers_learn(c ? learner->by_kind[contexts->kinds[c]] : &contexts->rest,
                     coding->numbers + ((size_t)c << P3_NUMBER_BITS));
  return STAGE_OK;
}

/* ---- tokens ---- */

/* The tokens that are worth their place, commonest first; numbers[place] is a token's number, 0
 * for those that are not. */
static int tokens_choose(const struct p3_learner *learner, struct p3_coding *coding, uint16_t *numbers) {
  uint32_t *order = stage_allocate(learner->ctx, STAGE_TREE, (learner->token_count + 1) * sizeof *order);
  if (!order) return STAGE_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < learner->token_count; i++) order[i] = i;
  qsort_r(order, learner->token_count, sizeof *order, tree_documents_by_count, learner->counts);
  uint32_t kept = 0;
  while (kept < learner->token_count && kept + 1 < P3_TOKENS_MAX && learner->counts[order[kept]] >= TOKEN_COUNT_MIN)
    kept++;
  coding->tokens = stage_allocate(learner->ctx, STAGE_TREE, (kept + 1) * sizeof *coding->tokens);
  if (coding->tokens) {
    memset(numbers, 0, learner->token_count * sizeof *numbers);
    coding->tokens[P3_ESCAPE] = P3_ESCAPE_TOKEN;
    for (uint32_t i = 0; i < kept; i++) {
      coding->tokens[i + 1] = learner->tokens[order[i]];
      numbers[order[i]] = (uint16_t)(i + 1);
    }
    coding->token_count = coding->token_capacity = kept + 1;
  }
  stage_release(learner->ctx, STAGE_TREE, order);
  return coding->tokens ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

static void tokens_get_contexts(struct p3_coding *coding, const struct contexts *contexts) {
  for (uint32_t i = 1; i < coding->token_count; i++) {
    struct tree_token *token = &coding->tokens[i];
    if (!(token->flags & TOKEN_LENGTH)) continue;
    for (uint32_t c = 1; c < contexts->count; c++) {
      if (contexts->kinds[c] == token->kind) token->length = (uint8_t)c;
    }
  }
}

/* ---- phrases ---- */

/* The sample as token numbers: what is learned from, then what is held out. A sample that is
 * all there is holds nothing out. */
static uint32_t sample_arrange(const struct p3_learner *learner, const uint16_t *numbers, uint16_t *tokens,
                               uint32_t *train_count) {
  bool is_all = learner->sample_tokens == learner->total_tokens;
  uint32_t used = 0;
  for (int held_out = 0; held_out < 2; held_out++) {
    uint32_t piece = 0;
    for (uint32_t i = 0; i < learner->sample_count; i++) {
      bool is_held_out = !is_all && piece % HELD_OUT_ONE_IN == HELD_OUT_ONE_IN - 1;
      uint32_t place = learner->sample[i];
      if (is_held_out == held_out) tokens[used++] = place == LEARN_BREAK ? P3_ESCAPE : numbers[place];
      piece += place == LEARN_BREAK;
    }
    if (!held_out) *train_count = used;
  }
  return used;
}

static int phrases_learn(struct p3_learner *learner, const uint16_t *numbers, struct p3_coding *coding) {
  struct p3_phrases phrases = {.ctx = learner->ctx, .token_count = coding->token_count};
  uint16_t *tokens = stage_allocate(learner->ctx, STAGE_TREE, (learner->sample_count + 1) * sizeof *tokens);
  if (!tokens) return STAGE_OUT_OF_MEMORY;
  uint32_t train_count, count = sample_arrange(learner, numbers, tokens, &train_count);
  int error = p3_phrases_learn(&phrases, tokens, train_count, count, learner->total_tokens);
  stage_release(learner->ctx, STAGE_TREE, tokens);
  if (!error) error = p3_phrases_lay_out(&phrases, coding);
  p3_phrases_free(&phrases);
  return error;
}

int p3_learn(struct p3_learner *learner, struct p3_coding *coding) {
  *coding = (struct p3_coding){.is_plain = learner->is_plain};
  struct contexts *contexts = stage_allocate(learner->ctx, STAGE_TREE, sizeof *contexts);
  uint16_t *numbers = stage_allocate(learner->ctx, STAGE_TREE, (learner->token_count + 1) * sizeof *numbers);
  int error = contexts && numbers ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (!error) error = numbers_learn(learner, coding, contexts);
  if (!error) error = tokens_choose(learner, coding, numbers);
  if (!error) {
    tokens_get_contexts(coding, contexts);
    error = phrases_learn(learner, numbers, coding);
  }
  stage_release(learner->ctx, STAGE_TREE, contexts);
  stage_release(learner->ctx, STAGE_TREE, numbers);
  if (error) p3_coding_free(learner->ctx, coding);
  return error;
}
