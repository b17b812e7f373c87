/* SPDX-License-Identifier: MIT
 *
 * pairs.c - phrases out of pairs. */
#include <stdlib.h>

#include "learn.h"

#define PAIR_COUNT_MIN 3u /* a phrase that occurs less often costs more than it saves */
#define BATCH_MIN 64u
#define BATCH_SHARE 3u /* a batch is this part of the phrases there are */
#define PAIR_SLOTS (1u << 16)
/* A batch is counted in about so many tokens, in windows from all over: the first batches, of
 * the commonest pairs, need no more. */
#define COUNTED_TOKENS (128u * 1024u)
#define WINDOW_TOKENS 2048u

/* ---- counting pairs ---- */

struct counted {
  uint32_t pair; /* left << 16 | right; 0: the place is free (0 is part of no pair) */
  uint32_t count;
};

/* Counts, or the phrases of a batch, by pair. */
struct table {
  struct counted *slots;
  uint32_t mask, used;
};

/* Upper bounds of counts, several pairs sharing one: small enough for the second cache, which
 * is what makes counting fast. Only pairs whose bound is high enough are counted exactly. */
#define SKETCH_BITS 17u /* at most */
#define SKETCH_BITS_MIN 10u
#define SKETCH_COUNT_MAX 4095u
struct sketch {
  uint32_t bits; /* as many bounds are used as the tokens that are counted need */
  uint16_t bounds[1u << SKETCH_BITS];
};

static inline uint32_t pair_hash(uint32_t pair) {
  uint32_t h = pair * 0x9e3779b1u;
  return h ^ h >> 15;
}

static inline const uint16_t *sketch_bound(const struct sketch *sketch, uint32_t pair) {
  return &sketch->bounds[pair_hash(pair) >> (32 - sketch->bits)];
}

static struct counted *slot_of(const struct table *table, uint32_t pair) {
  for (uint32_t i = pair_hash(pair) & table->mask;; i = (i + 1) & table->mask) {
    if (table->slots[i].pair == pair || table->slots[i].pair == 0) return &table->slots[i];
  }
}

static int table_open(const struct stage_ctx *ctx, struct table *table) {
  table->slots = stage_allocate(ctx, STAGE_TREE, PAIR_SLOTS * sizeof *table->slots);
  return table->slots ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

/* Empties a table and uses as much of it as `pairs` need: small tables stay in the caches. */
static void table_empty(struct table *table, uint32_t pairs) {
  uint32_t slots = 1024;
  while (slots < PAIR_SLOTS && slots < pairs * 4) slots *= 2;
  table->mask = slots - 1;
  memset(table->slots, 0, slots * sizeof *table->slots);
  table->used = 0;
}

/* The pair that begins at tokens[i], 0 where there is none that may be made. */
static inline uint32_t pair_at(const uint8_t *lengths, const uint16_t *tokens, uint32_t i) {
  uint32_t left = tokens[i], right = tokens[i + 1];
  if (left == 0 || right == 0 || lengths[left] + lengths[right] > P3_PHRASE_TOKENS_MAX) return 0;
  return left << 16 | right;
}

/* Tokens in which pairs are counted. */
struct window {
  uint32_t at, end;
};

/* The first window, and every one that is looked at after it; false: that was the last one. */
static bool window_next(struct window *window, uint32_t count) {
  uint32_t stride = count / COUNTED_TOKENS ? count / COUNTED_TOKENS : 1;
  if (stride == 1 && window->end == 0) *window = (struct window){0, count};
  else if (stride == 1) return false;
  else if (window->end == 0) *window = (struct window){0, WINDOW_TOKENS};
  else *window = (struct window){window->at + WINDOW_TOKENS * stride, window->at + WINDOW_TOKENS * (stride + 1)};
  if (window->end > count) window->end = count;
  return window->at + 1 < window->end;
}

static void sketch_make(struct sketch *sketch, const uint8_t *lengths, const uint16_t *tokens, uint32_t count) {
  sketch->bits = SKETCH_BITS_MIN;
  while (sketch->bits < SKETCH_BITS && 1u << sketch->bits < count) sketch->bits++;
  memset(sketch->bounds, 0, sizeof *sketch->bounds << sketch->bits);
  uint32_t shift = 32 - sketch->bits;
  for (struct window w = {0}; window_next(&w, count);) {
    for (uint32_t i = w.at; i + 1 < w.end; i++) {
      uint32_t pair = pair_at(lengths, tokens, i);
      uint16_t *bound = &sketch->bounds[pair_hash(pair) >> shift];
      *bound = (uint16_t)(*bound + (pair != 0 && *bound < SKETCH_COUNT_MAX));
    }
  }
}

/* A bound that at least `wanted` entries of the sketch reach, as far as there are so many; and
 * how many do. */
static uint32_t sketch_threshold(const struct sketch *sketch, uint32_t wanted, uint32_t *reached) {
  uint32_t with_bound[SKETCH_COUNT_MAX + 1] = {0}, sum = 0, bound = SKETCH_COUNT_MAX;
  for (uint32_t i = 0; i < 1u << sketch->bits; i++) with_bound[sketch->bounds[i]]++;
  for (; bound > PAIR_COUNT_MIN && sum + with_bound[bound] < wanted; bound--) sum += with_bound[bound];
  *reached = sum + with_bound[bound];
  return bound;
}

/* So many places of a window are sifted at once. */
#define SIFTED 1024u

/* What places are sifted by. */
struct sieve {
  const struct sketch *sketch;
  uint32_t bound; /* the least count that is common enough */
  const uint8_t *lengths;
  const uint16_t *tokens;
};
/* The places in [from, to) whose pair may be common enough; there is a token at `to`. Branches would
 * be guessed wrong too often. */
static inline uint32_t places_sift(const struct sieve *sieve, uint32_t from, uint32_t to, uint32_t places[SIFTED]) {
  uint32_t count = 0;
  for (uint32_t i = from; i < to; i++) {
    uint32_t pair = pair_at(sieve->lengths, sieve->tokens, i);
    places[count] = i;
    count += (pair != 0) & (*sketch_bound(sieve->sketch, pair) >= sieve->bound);
  }
  return count;
}

/* One more of a pair. What does not fit the table is rarer than what came before, or left for the
 * next batch. */
static bool pair_count(struct table *table, uint32_t pair) {
  struct counted *slot = slot_of(table, pair);
  if (slot->pair == 0) {
    if (table->used > table->mask / 4 * 3) return false;
    slot->pair = pair;
    table->used++;
  }
  slot->count++;
  return true;
}

/* Counts the pairs that may be among the `wanted` commonest. Equal neighbours overlap: of three, one
 * pair can be made. */
static void pairs_count(const struct sketch *sketch, uint32_t wanted, const uint8_t *lengths, const uint16_t *tokens,
                        uint32_t count, struct table *table) {
  uint32_t reached, bound = sketch_threshold(sketch, wanted, &reached), places[SIFTED];
  const struct sieve sieve = {sketch, bound, lengths, tokens};
  table_empty(table, reached);
  for (struct window w = {0}; window_next(&w, count);) {
    uint32_t next = w.at; /* places in front of it are taken */
    for (uint32_t from = w.at, to; from + 1 < w.end; from = to) {
      to = w.end - 1 - from < SIFTED ? w.end - 1 : from + SIFTED;
      uint32_t sifted = places_sift(&sieve, from, to, places);
      for (uint32_t k = 0; k < sifted; k++) {
        uint32_t i = places[k], left = tokens[i], right = tokens[i + 1];
        if (i < next || !pair_count(table, left << 16 | right)) continue;
        if (left == right && i + 2 < w.end && tokens[i + 2] == left) next = i + 2;
      }
    }
  }
}

static int compare_counted(const void *a, const void *b) {
  const struct counted *x = a, *y = b;
  if (x->count != y->count) return x->count > y->count ? -1 : 1;
  return x->pair < y->pair ? -1 : x->pair > y->pair;
}

/* The commonest pairs, at most `most`, to the front of the slots in order; returns their
 * number. */
static uint32_t pairs_select(struct table *table, uint32_t most) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i <= table->mask; i++) {
    if (table->slots[i].count >= PAIR_COUNT_MIN) table->slots[kept++] = table->slots[i];
  }
  qsort(table->slots, kept, sizeof *table->slots, compare_counted);
  return kept < most ? kept : most;
}

/* ---- a batch ---- */

static bool phrases_reserve(struct p3_phrases *phrases, uint32_t count) {
  if (count <= phrases->capacity) return true;
  uint32_t capacity = count + count / 2;
  struct p3_pair *pairs = stage_resize(phrases->ctx, STAGE_TREE, phrases->pairs, capacity * sizeof *pairs);
  if (pairs) phrases->pairs = pairs;
  uint8_t *lengths = stage_resize(phrases->ctx, STAGE_TREE, phrases->lengths, capacity);
  if (lengths) phrases->lengths = lengths;
  if (!pairs || !lengths) return false;
  phrases->capacity = capacity;
  return true;
}

/* The phrases of a batch: by pair, and of which pairs a phrase can be the left or right part. */
enum { IS_LEFT = 1, IS_RIGHT = 2 };
struct batch {
  struct table chosen;
  uint8_t parts[1u << P3_CODE_BITS_MAX]; /* by phrase */
};

/* Makes phrases of the selected pairs. */
static void batch_make(struct p3_phrases *phrases, const struct counted *pairs, uint32_t count, struct batch *batch) {
  table_empty(&batch->chosen, count);
  memset(batch->parts, 0, sizeof batch->parts);
  for (uint32_t i = 0; i < count; i++) {
    uint16_t left = (uint16_t)(pairs[i].pair >> 16), right = (uint16_t)pairs[i].pair;
    *slot_of(&batch->chosen, pairs[i].pair) = (struct counted){pairs[i].pair, phrases->count};
    batch->parts[left] |= IS_LEFT;
    batch->parts[right] |= IS_RIGHT;
    phrases->pairs[phrases->count] = (struct p3_pair){left, right};
    phrases->lengths[phrases->count++] = (uint8_t)(phrases->lengths[left] + phrases->lengths[right]);
  }
}

/* Replaces the pairs from left to right, in place; returns how many phrases remain. */
static uint32_t batch_apply(const struct batch *batch, uint16_t *tokens, uint32_t count) {
  uint32_t out = 0;
  for (uint32_t i = 0; i < count; out++) {
    uint32_t left = tokens[i++], right = i < count ? tokens[i] : P3_ESCAPE;
    tokens[out] = (uint16_t)left;
    if (!(batch->parts[left] & batch->parts[right] >> 1 & IS_LEFT)) continue;
    const struct counted *slot = slot_of(&batch->chosen, left << 16 | right);
    if (slot->pair == 0) continue;
    tokens[out] = (uint16_t)slot->count;
    i++;
  }
  return out;
}

/* ---- how many ---- */

/* The tokens that a pool of the first `count` phrases holds: those of phrases that are part of
 * no other one. */
static uint64_t pool_tokens(const struct p3_phrases *phrases, uint32_t count, uint8_t *is_part) {
  uint64_t tokens = 0;
  memset(is_part, 0, count);
  for (uint32_t p = phrases->token_count; p < count; p++)
    is_part[phrases->pairs[p].left] = is_part[phrases->pairs[p].right] = 1;
  for (uint32_t p = 0; p < count; p++) tokens += is_part[p] ? 0 : phrases->lengths[p];
  return tokens;
}

static uint32_t bits_for(uint32_t count) {
  uint32_t bits = P3_CODE_BITS_MIN;
  while (bits < P3_CODE_BITS_MAX && 1u << bits < count) bits++;
  return bits;
}

/* Learning under way. */
struct learning {
  struct p3_phrases *phrases;
  struct sketch *sketch;
  struct table pairs;
  struct batch *batch;
  uint8_t *is_part;
  uint16_t *tokens;
  uint32_t train_count, count; /* what is left of tokens */
  double tokens_each;          /* tokens of the whole store for each token that was held out */
  double best_bits;
  uint32_t best_count;
};

/* Whether the phrases there are now cost less than the best so far. */
static bool is_better(struct learning *l) {
  const struct p3_phrases *phrases = l->phrases;
  uint32_t held_out = l->count - l->train_count;
  double codes = (double)(held_out ? held_out : l->count) * l->tokens_each;
  double bits = codes * bits_for(phrases->count) + (double)phrases->count * 32 +
                (double)pool_tokens(phrases, phrases->count, l->is_part) * 16;
  if (l->best_count > 0 && bits >= l->best_bits) return false;
  l->best_bits = bits;
  l->best_count = phrases->count;
  return true;
}

static int phrases_grow(struct learning *l) {
  struct p3_phrases *phrases = l->phrases;
  while (phrases->count < 1u << P3_CODE_BITS_MAX) {
    uint32_t full = 1u << bits_for(phrases->count + 1);
    uint32_t most = (phrases->count - phrases->token_count) / BATCH_SHARE;
    if (most < BATCH_MIN) most = BATCH_MIN;
    if (most > full - phrases->count) most = full - phrases->count;
    if (!phrases_reserve(phrases, phrases->count + most)) return STAGE_OUT_OF_MEMORY;
    sketch_make(l->sketch, phrases->lengths, l->tokens, l->train_count);
    pairs_count(l->sketch, most, phrases->lengths, l->tokens, l->train_count, &l->pairs);
    uint32_t selected = pairs_select(&l->pairs, most);
    if (selected == 0) break;
    batch_make(phrases, l->pairs.slots, selected, l->batch);
    uint32_t train = batch_apply(l->batch, l->tokens, l->train_count);
    uint32_t rest = batch_apply(l->batch, l->tokens + l->train_count, l->count - l->train_count);
    memmove(l->tokens + train, l->tokens + l->train_count, rest * sizeof *l->tokens);
    l->train_count = train;
    l->count = train + rest;
    if (phrases->count == full && !is_better(l)) break;
  }
  is_better(l); /* pairs may have run out below a full width */
  return STAGE_OK;
}

static int learning_open(struct learning *l) {
  struct p3_phrases *phrases = l->phrases;
  const struct stage_ctx *ctx = phrases->ctx;
  int error = table_open(ctx, &l->pairs);
  l->batch = stage_allocate(ctx, STAGE_TREE, sizeof *l->batch);
  if (l->batch) l->batch->chosen.slots = NULL;
  if (!error) error = l->batch ? table_open(ctx, &l->batch->chosen) : STAGE_OUT_OF_MEMORY;
  l->sketch = stage_allocate(ctx, STAGE_TREE, sizeof *l->sketch);
  l->is_part = stage_allocate(ctx, STAGE_TREE, 1u << P3_CODE_BITS_MAX);
  if (!error && (!l->sketch || !l->is_part || !phrases_reserve(phrases, phrases->token_count)))
    error = STAGE_OUT_OF_MEMORY;
  if (error) return error;
  memset(phrases->pairs, 0, phrases->token_count * sizeof *phrases->pairs);
  memset(phrases->lengths, 1, phrases->token_count);
  phrases->count = phrases->token_count;
  return STAGE_OK;
}

/* How often each of the first `best_count` phrases is used in what is left of the tokens; newer
 * ones count for their parts. */
static int uses_count(struct p3_phrases *phrases, const uint16_t *tokens, uint32_t count, uint32_t best_count) {
  phrases->uses = stage_allocate(phrases->ctx, STAGE_TREE, phrases->count * sizeof *phrases->uses);
  if (!phrases->uses) return STAGE_OUT_OF_MEMORY;
  memset(phrases->uses, 0, phrases->count * sizeof *phrases->uses);
  for (uint32_t i = 0; i < count; i++) phrases->uses[tokens[i]]++;
  for (uint32_t p = phrases->count; p-- > best_count;) {
    phrases->uses[phrases->pairs[p].left] += phrases->uses[p];
    phrases->uses[phrases->pairs[p].right] += phrases->uses[p];
  }
  return STAGE_OK;
}

int p3_phrases_learn(struct p3_phrases *phrases, uint16_t *tokens, uint32_t train_count, uint32_t count,
                     uint64_t total_tokens) {
  const struct stage_ctx *ctx = phrases->ctx;
  struct learning l = {.phrases = phrases, .tokens = tokens, .train_count = train_count, .count = count};
  uint32_t held_out = count - train_count;
  l.tokens_each = count > 0 ? (double)total_tokens / (held_out ? held_out : count) : 0;
  int error = learning_open(&l);
  if (!error) {
    is_better(&l);
    error = phrases_grow(&l);
  }
  if (!error) error = uses_count(phrases, l.tokens, l.count, l.best_count);
  if (!error) {
    phrases->count = l.best_count;
    phrases->code_bits = bits_for(phrases->count);
  }
  stage_release(ctx, STAGE_TREE, l.pairs.slots);
  if (l.batch) stage_release(ctx, STAGE_TREE, l.batch->chosen.slots);
  stage_release(ctx, STAGE_TREE, l.batch);
  stage_release(ctx, STAGE_TREE, l.is_part);
  stage_release(ctx, STAGE_TREE, l.sketch);
  return error;
}

void p3_phrases_free(struct p3_phrases *phrases) {
  stage_release(phrases->ctx, STAGE_TREE, phrases->pairs);
  stage_release(phrases->ctx, STAGE_TREE, phrases->lengths);
  stage_release(phrases->ctx, STAGE_TREE, phrases->uses);
}

/* ---- the pool ---- */

/* Where a phrase's tokens stand: in those of a root, which is part of no other phrase. */
struct placing {
  uint32_t root, offset; /* root NOWHERE: not known yet */
  uint32_t start;        /* of a root, in the pool */
  uint64_t heat;         /* of a root: tokens read of it, in the sample */
};
#define NOWHERE UINT32_MAX

/* Writes a phrase's tokens at `out`. A pair's parts are older than it is, so that the depth of
 * this recursion is below the length of a phrase. */
static void tokens_write(const struct p3_phrases *phrases, uint32_t phrase, uint16_t *out) {
  while (phrase >= phrases->token_count) {
    struct p3_pair pair = phrases->pairs[phrase];
    tokens_write(phrases, pair.left, out);
    out += phrases->lengths[pair.left];
    phrase = pair.right;
  }
  *out = (uint16_t)phrase;
}

/* Newest first: a phrase that is part of a newer one stands in that one's root. */
static void roots_find(const struct p3_phrases *phrases, struct placing *placings) {
  for (uint32_t p = 0; p < phrases->count; p++) placings[p] = (struct placing){.root = NOWHERE};
  for (uint32_t p = phrases->count; p-- > 0;) {
    struct placing *own = &placings[p];
    if (own->root == NOWHERE) own->root = p;
    placings[own->root].heat += (uint64_t)phrases->uses[p] * phrases->lengths[p];
    if (p < phrases->token_count) continue;
    struct p3_pair pair = phrases->pairs[p];
    if (placings[pair.left].root == NOWHERE) {
      placings[pair.left].root = own->root;
      placings[pair.left].offset = own->offset;
    }
    if (placings[pair.right].root == NOWHERE) {
      placings[pair.right].root = own->root;
      placings[pair.right].offset = own->offset + phrases->lengths[pair.left];
    }
  }
}

static int compare_heat(const void *a, const void *b, void *placings_of) {
  const struct placing *placings = placings_of;
  uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
  if (placings[i].heat != placings[j].heat) return placings[i].heat > placings[j].heat ? -1 : 1;
  return i < j ? -1 : 1;
}

static int compare_uses(const void *a, const void *b, void *uses_of) {
  const uint32_t *uses = uses_of;
  uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
  if (uses[i] != uses[j]) return uses[i] > uses[j] ? -1 : 1;
  return i < j ? -1 : 1;
}

/* The roots, those that are read most first, so that these lie together in the caches; the
 * escape, a root like any token, stands at 0. Returns the size of the pool. */
static uint32_t pool_fill(const struct p3_phrases *phrases, struct placing *placings, uint32_t *order, uint16_t *pool) {
  uint32_t roots = 0, used = 1;
  for (uint32_t p = 1; p < phrases->count; p++) {
    if (placings[p].root == p) order[roots++] = p;
  }
  qsort_r(order, roots, sizeof *order, compare_heat, placings);
  pool[0] = P3_ESCAPE;
  for (uint32_t i = 0; i < roots; i++) {
    placings[order[i]].start = used;
    tokens_write(phrases, order[i], pool + used);
    used += phrases->lengths[order[i]];
  }
  return used;
}

/* Codes by use: the commonest phrases have the lowest, and share cache lines. */
static void codes_give(const struct p3_phrases *phrases, const struct placing *placings, uint32_t *order,
                       uint32_t *out) {
  for (uint32_t p = 0; p < phrases->count; p++) order[p] = p;
  qsort_r(order + 1, phrases->count - 1, sizeof *order, compare_uses, phrases->uses);
  for (uint32_t i = 0; i < phrases->count; i++) {
    const struct placing *placing = &placings[order[i]];
    out[i] = (placings[placing->root].start + placing->offset) << 8 | phrases->lengths[order[i]];
  }
}

int p3_phrases_lay_out(const struct p3_phrases *phrases, struct p3_coding *coding) {
  const struct stage_ctx *ctx = phrases->ctx;
  uint64_t most = 1;
  for (uint32_t p = 1; p < phrases->count; p++) most += phrases->lengths[p];
  struct placing *placings = stage_allocate(ctx, STAGE_TREE, phrases->count * sizeof *placings);
  uint32_t *order = stage_allocate(ctx, STAGE_TREE, phrases->count * sizeof *order);
  coding->phrases = stage_allocate(ctx, STAGE_TREE, phrases->count * sizeof *coding->phrases);
  coding->pool = stage_allocate(ctx, STAGE_TREE, most * sizeof *coding->pool);
  bool room = placings && order && coding->phrases && coding->pool;
  if (room) {
    roots_find(phrases, placings);
    coding->pool_count = pool_fill(phrases, placings, order, coding->pool);
    coding->pool_capacity = (uint32_t)most;
    alphabet_trim_table(ctx, (void **)&coding->pool, &coding->pool_capacity, coding->pool_count, sizeof *coding->pool);
    codes_give(phrases, placings, order, coding->phrases);
    coding->phrase_count = coding->phrase_capacity = phrases->count;
    coding->code_bits = (uint8_t)phrases->code_bits;
  }
  stage_release(ctx, STAGE_TREE, placings);
  stage_release(ctx, STAGE_TREE, order);
  return room ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}
