/* SPDX-License-Identifier: MIT
 *
 * pairs.c - phrases out of pairs. */
#include <stdlib.h>

#include "learn.h"

#define PAIR_COUNT_MIN 3u /* a phrase that occurs less often costs more than it saves */
#define BATCH_MIN 64u
#define BATCH_SHARE 4u /* a batch is this part of the phrases there are */

/* ---- counting pairs ---- */

struct counted {
  uint32_t pair; /* left << 16 | right; 0: the place is free (0 is part of no pair) */
  uint32_t count;
};

/* Counts, and later the phrases of a batch, by pair. */
struct table {
  struct counted *slots;
  uint32_t mask, used;
};

static struct counted *slot_of(const struct table *table, uint32_t pair) {
  uint32_t i = pair * 0x9e3779b1u;
  for (i = (i ^ i >> 15) & table->mask;; i = (i + 1) & table->mask) {
    if (table->slots[i].pair == pair || table->slots[i].pair == 0) return &table->slots[i];
  }
}

static int table_open(const struct stage_ctx *ctx, struct table *table, uint64_t most) {
  uint32_t slots = 1024;
  while (slots < most * 2 && slots < 1u << 30) slots *= 2;
  *table = (struct table){.mask = slots - 1};
  table->slots = stage_allocate(ctx, STAGE_TREE, slots * sizeof *table->slots);
  return table->slots ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

static void table_empty(struct table *table) {
  memset(table->slots, 0, ((size_t)table->mask + 1) * sizeof *table->slots);
  table->used = 0;
}

/* Equal neighbours overlap: of three, one pair can be made. */
static void pairs_count(const struct p3_phrases *phrases, const uint16_t *rows, uint32_t count, struct table *table) {
  table_empty(table);
  for (uint32_t i = 0; i + 1 < count; i++) {
    uint32_t left = rows[i], right = rows[i + 1];
    if (left == 0 || right == 0 || phrases->lengths[left] + phrases->lengths[right] > P3_PHRASE_ROWS_MAX) continue;
    struct counted *slot = slot_of(table, left << 16 | right);
    if (slot->pair == 0) {
      if (table->used > table->mask / 4 * 3) continue; /* the commonest came early */
      slot->pair = left << 16 | right;
      table->used++;
    }
    slot->count++;
    if (left == right && i + 2 < count && rows[i + 2] == left) i++;
  }
}

static int compare_counted(const void *a, const void *b) {
  const struct counted *x = a, *y = b;
  if (x->count != y->count) return x->count > y->count ? -1 : 1;
  return x->pair < y->pair ? -1 : x->pair > y->pair;
}

/* The commonest pairs, at most `most`, to the front of the slots in order; returns their
 * number. Only those that can be among them are sorted. */
static uint32_t pairs_select(struct table *table, uint32_t most) {
  enum { STEPS = 4096 };
  uint32_t with_count[STEPS] = {0}, at_least = STEPS - 1, sum = 0, kept = 0;
  for (uint32_t i = 0; i <= table->mask; i++) {
    uint32_t n = table->slots[i].count;
    with_count[n < STEPS ? n : STEPS - 1]++;
  }
  for (; at_least > PAIR_COUNT_MIN && sum + with_count[at_least] < most; at_least--) sum += with_count[at_least];
  for (uint32_t i = 0; i <= table->mask; i++) {
    if (table->slots[i].count >= at_least) table->slots[kept++] = table->slots[i];
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

/* Makes phrases of the selected pairs; afterwards `chosen` finds them by pair. */
static void batch_make(struct p3_phrases *phrases, const struct counted *pairs, uint32_t count, struct table *chosen) {
  table_empty(chosen);
  for (uint32_t i = 0; i < count; i++) {
    uint16_t left = (uint16_t)(pairs[i].pair >> 16), right = (uint16_t)pairs[i].pair;
    *slot_of(chosen, pairs[i].pair) = (struct counted){pairs[i].pair, phrases->count};
    phrases->pairs[phrases->count] = (struct p3_pair){left, right};
    phrases->lengths[phrases->count++] = (uint8_t)(phrases->lengths[left] + phrases->lengths[right]);
  }
}

/* Replaces the pairs from left to right, in place; returns how many phrases remain. */
static uint32_t batch_apply(const struct table *chosen, uint16_t *rows, uint32_t count) {
  uint32_t out = 0;
  for (uint32_t i = 0; i < count; out++) {
    uint32_t pair = i + 1 < count ? (uint32_t)rows[i] << 16 | rows[i + 1] : 0;
    const struct counted *slot = rows[i] && pair & 0xffff ? slot_of(chosen, pair) : NULL;
    if (slot && slot->pair) {
      rows[out] = (uint16_t)slot->count;
      i += 2;
    } else {
      rows[out] = rows[i++];
    }
  }
  return out;
}

/* ---- how many ---- */

/* The rows that a pool of the first `count` phrases holds: those of phrases that are part of
 * no other one. */
static uint64_t pool_rows(const struct p3_phrases *phrases, uint32_t count, uint8_t *is_part) {
  uint64_t rows = 0;
  memset(is_part, 0, count);
  for (uint32_t p = phrases->row_count; p < count; p++) is_part[phrases->pairs[p].left] = is_part[phrases->pairs[p].right] = 1;
  for (uint32_t p = 0; p < count; p++) rows += is_part[p] ? 0 : phrases->lengths[p];
  return rows;
}

static uint32_t bits_for(uint32_t count) {
  uint32_t bits = P3_CODE_BITS_MIN;
  while (bits < P3_CODE_BITS_MAX && 1u << bits < count) bits++;
  return bits;
}

/* Learning under way. */
struct learning {
  struct p3_phrases *phrases;
  struct table pairs, chosen;
  uint8_t *is_part;
  uint16_t *rows;
  uint32_t train_count, count; /* what is left of rows */
  double rows_each;            /* rows of the whole store for each row that was held out */
  double best_bits;
  uint32_t best_count;
};

/* Whether the phrases there are now cost less than the best so far. */
static bool is_better(struct learning *l) {
  const struct p3_phrases *phrases = l->phrases;
  uint32_t held_out = l->count - l->train_count;
  double codes = (double)(held_out ? held_out : l->count) * l->rows_each;
  double bits = codes * bits_for(phrases->count) + (double)phrases->count * 32 +
                (double)pool_rows(phrases, phrases->count, l->is_part) * 16;
  if (l->best_count > 0 && bits >= l->best_bits) return false;
  l->best_bits = bits;
  l->best_count = phrases->count;
  return true;
}

static int phrases_grow(struct learning *l) {
  struct p3_phrases *phrases = l->phrases;
  while (phrases->count < 1u << P3_CODE_BITS_MAX) {
    uint32_t full = 1u << bits_for(phrases->count + 1);
    uint32_t most = (phrases->count - phrases->row_count) / BATCH_SHARE;
    if (most < BATCH_MIN) most = BATCH_MIN;
    if (most > full - phrases->count) most = full - phrases->count;
    if (!phrases_reserve(phrases, phrases->count + most)) return STAGE_OUT_OF_MEMORY;
    pairs_count(phrases, l->rows, l->train_count, &l->pairs);
    uint32_t selected = pairs_select(&l->pairs, most);
    if (selected == 0) break;
    batch_make(phrases, l->pairs.slots, selected, &l->chosen);
    uint32_t train = batch_apply(&l->chosen, l->rows, l->train_count);
    uint32_t rest = batch_apply(&l->chosen, l->rows + l->train_count, l->count - l->train_count);
    memmove(l->rows + train, l->rows + l->train_count, rest * sizeof *l->rows);
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
  uint64_t pairs = l->train_count < 1u << 20 ? l->train_count : 1u << 20;
  int error = table_open(ctx, &l->pairs, pairs);
  if (!error) error = table_open(ctx, &l->chosen, 1u << (P3_CODE_BITS_MAX - 1));
  l->is_part = stage_allocate(ctx, STAGE_TREE, 1u << P3_CODE_BITS_MAX);
  if (!error && (!l->is_part || !phrases_reserve(phrases, phrases->row_count))) error = STAGE_OUT_OF_MEMORY;
  if (error) return error;
  memset(phrases->pairs, 0, phrases->row_count * sizeof *phrases->pairs);
  memset(phrases->lengths, 1, phrases->row_count);
  phrases->count = phrases->row_count;
  return STAGE_OK;
}

/* How often each of the first `best_count` phrases is used in what is left of the rows; newer
 * ones count for their parts. */
static int uses_count(struct p3_phrases *phrases, const uint16_t *rows, uint32_t count, uint32_t best_count) {
  phrases->uses = stage_allocate(phrases->ctx, STAGE_TREE, phrases->count * sizeof *phrases->uses);
  if (!phrases->uses) return STAGE_OUT_OF_MEMORY;
  memset(phrases->uses, 0, phrases->count * sizeof *phrases->uses);
  for (uint32_t i = 0; i < count; i++) phrases->uses[rows[i]]++;
  for (uint32_t p = phrases->count; p-- > best_count;) {
    phrases->uses[phrases->pairs[p].left] += phrases->uses[p];
    phrases->uses[phrases->pairs[p].right] += phrases->uses[p];
  }
  return STAGE_OK;
}

int p3_phrases_learn(struct p3_phrases *phrases, uint16_t *rows, uint32_t train_count, uint32_t count,
                     uint64_t total_rows) {
  const struct stage_ctx *ctx = phrases->ctx;
  struct learning l = {.phrases = phrases, .rows = rows, .train_count = train_count, .count = count};
  uint32_t held_out = count - train_count;
  l.rows_each = count > 0 ? (double)total_rows / (held_out ? held_out : count) : 0;
  int error = learning_open(&l);
  if (!error) {
    is_better(&l);
    error = phrases_grow(&l);
  }
  if (!error) error = uses_count(phrases, l.rows, l.count, l.best_count);
  if (!error) {
    phrases->count = l.best_count;
    phrases->code_bits = bits_for(phrases->count);
  }
  stage_release(ctx, STAGE_TREE, l.pairs.slots);
  stage_release(ctx, STAGE_TREE, l.chosen.slots);
  stage_release(ctx, STAGE_TREE, l.is_part);
  return error;
}

void p3_phrases_free(struct p3_phrases *phrases) {
  stage_release(phrases->ctx, STAGE_TREE, phrases->pairs);
  stage_release(phrases->ctx, STAGE_TREE, phrases->lengths);
  stage_release(phrases->ctx, STAGE_TREE, phrases->uses);
}

/* ---- the pool ---- */

/* Where a phrase's rows stand: in those of a root, which is part of no other phrase. */
struct placing {
  uint32_t root, offset; /* root NOWHERE: not known yet */
  uint32_t start;        /* of a root, in the pool */
  uint64_t heat;         /* of a root: rows read of it, in the sample */
};
#define NOWHERE UINT32_MAX

/* Writes a phrase's rows at `out`. A pair's parts are older than it is, so that the depth of
 * this recursion is below the length of a phrase. */
static void rows_write(const struct p3_phrases *phrases, uint32_t phrase, uint16_t *out) {
  while (phrase >= phrases->row_count) {
    struct p3_pair pair = phrases->pairs[phrase];
    rows_write(phrases, pair.left, out);
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
    if (p < phrases->row_count) continue;
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
 * escape, a root like any row, stands at 0. Returns the size of the pool. */
static uint32_t pool_fill(const struct p3_phrases *phrases, struct placing *placings, uint32_t *order, uint16_t *pool) {
  uint32_t roots = 0, used = 1;
  for (uint32_t p = 1; p < phrases->count; p++) {
    if (placings[p].root == p) order[roots++] = p;
  }
  qsort_r(order, roots, sizeof *order, compare_heat, placings);
  pool[0] = P3_ESCAPE;
  for (uint32_t i = 0; i < roots; i++) {
    placings[order[i]].start = used;
    rows_write(phrases, order[i], pool + used);
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
