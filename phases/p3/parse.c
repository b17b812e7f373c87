/* SPDX-License-Identifier: MIT
 *
 * parse.c - a kernel: settling walks the trie some eight steps for each row of the store.
 * So the first step is an array by row, and the others are one hash table of 8-byte slots
 * (Knuth's "hash trie"): (parent node, row) -> node. */
#include "parse.h"

/* A slot: parent << 36 | row << 20 | child; 0 is empty, as no child is 0. */
#define NODE_BITS 20u
#define NODES_MAX (1u << NODE_BITS)
#define ROW_BITS 16u
#define CHILD_MASK (NODES_MAX - 1)

struct p3_trie {
  uint64_t *slots;
  uint64_t mask;
  uint32_t *first;    /* by row: the node of the phrase of that one row */
  uint16_t *terminal; /* by node: the phrase that ends there; 0: none does */
  uint32_t node_count;
  uint32_t *cost; /* working memory of a piece: codes from here to its end */
  uint16_t *choice;
  const uint32_t *phrases;
};

static inline uint64_t slot_key(uint32_t parent, uint32_t row) {
  return (uint64_t)parent << (NODE_BITS + ROW_BITS) | (uint64_t)row << NODE_BITS;
}

static inline uint64_t slot_hash(uint64_t key) { return (key >> NODE_BITS) * 0x9e3779b97f4a7c15ull >> 32; }

/* The node behind `row`; 0: there is none. */
static inline uint32_t step(const struct p3_trie *trie, uint32_t parent, uint32_t row) {
  uint64_t key = slot_key(parent, row);
  for (uint64_t i = slot_hash(key) & trie->mask;; i = (i + 1) & trie->mask) {
    uint64_t slot = trie->slots[i];
    if (slot == 0) return 0;
    if ((slot & ~(uint64_t)CHILD_MASK) == key) return (uint32_t)(slot & CHILD_MASK);
  }
}

static uint32_t child_make(struct p3_trie *trie, uint32_t parent, uint32_t row) {
  uint32_t child = step(trie, parent, row);
  if (child) return child;
  child = trie->node_count++;
  uint64_t key = slot_key(parent, row), i = slot_hash(key) & trie->mask;
  while (trie->slots[i]) i = (i + 1) & trie->mask;
  trie->slots[i] = key | child;
  return child;
}

void p3_trie_free(const struct stage_ctx *ctx, struct p3_trie *trie) {
  if (!trie) return;
  stage_release(ctx, STAGE_TREE, trie->slots);
  stage_release(ctx, STAGE_TREE, trie->first);
  stage_release(ctx, STAGE_TREE, trie->terminal);
  stage_release(ctx, STAGE_TREE, trie->cost);
  stage_release(ctx, STAGE_TREE, trie->choice);
  stage_release(ctx, STAGE_TREE, trie);
}

/* Phrases whose rows would overflow the numbers of nodes are left out: they are not used. Those
 * of one row come first, since each row needs one. */
static void trie_fill(struct p3_trie *trie, const uint32_t *phrases, uint32_t phrase_count, const uint16_t *pool,
                      bool single) {
  for (uint32_t p = 1; p < phrase_count; p++) {
    const uint16_t *rows = pool + (phrases[p] >> 8);
    uint32_t count = phrases[p] & 255;
    if ((count == 1) != single) continue;
    if (trie->node_count + count >= NODES_MAX) continue;
    if (!trie->first[rows[0]]) trie->first[rows[0]] = trie->node_count++;
    uint32_t node = trie->first[rows[0]];
    for (uint32_t i = 1; i < count; i++) node = child_make(trie, node, rows[i]);
    if (!trie->terminal[node]) trie->terminal[node] = (uint16_t)p;
  }
}

struct p3_trie *p3_trie_new(const struct stage_ctx *ctx, const uint32_t *phrases, uint32_t phrase_count,
                            const uint16_t *pool, uint32_t row_count) {
  struct p3_trie *trie = stage_allocate(ctx, STAGE_TREE, sizeof *trie);
  if (!trie) return NULL;
  uint64_t most = 1; /* nodes, at most */
  for (uint32_t p = 1; p < phrase_count; p++) most += phrases[p] & 255;
  if (most > NODES_MAX) most = NODES_MAX;
  uint64_t slots = 1024;
  while (slots < most * 2) slots *= 2;
  *trie = (struct p3_trie){.mask = slots - 1, .node_count = 1, .phrases = phrases};
  trie->slots = stage_allocate(ctx, STAGE_TREE, slots * sizeof *trie->slots);
  trie->first = stage_allocate(ctx, STAGE_TREE, row_count * sizeof *trie->first);
  trie->terminal = stage_allocate(ctx, STAGE_TREE, most * sizeof *trie->terminal);
  trie->cost = stage_allocate(ctx, STAGE_TREE, (P3_PIECE_ROWS + 1) * sizeof *trie->cost);
  trie->choice = stage_allocate(ctx, STAGE_TREE, P3_PIECE_ROWS * sizeof *trie->choice);
  if (!trie->slots || !trie->first || !trie->terminal || !trie->cost || !trie->choice) {
    p3_trie_free(ctx, trie);
    return NULL;
  }
  memset(trie->slots, 0, slots * sizeof *trie->slots);
  memset(trie->first, 0, row_count * sizeof *trie->first);
  memset(trie->terminal, 0, most * sizeof *trie->terminal);
  trie_fill(trie, phrases, phrase_count, pool, true);
  trie_fill(trie, phrases, phrase_count, pool, false);
  return trie;
}

/* The best phrase to begin with at rows[i], for each i, from the end. */
static void path_find(const struct p3_trie *trie, const uint16_t *rows, uint32_t count) {
  uint32_t *cost = trie->cost;
  cost[count] = 0;
  for (uint32_t i = count; i-- > 0;) {
    uint32_t best = cost[i + 1] + 1, choice = P3_ESCAPE;
    if (rows[i] != P3_ESCAPE) {
      uint32_t node = trie->first[rows[i]];
      choice = trie->terminal[node];
      for (uint32_t end = i + 1; end < count; end++) {
        node = step(trie, node, rows[end]);
        if (!node) break;
        uint32_t phrase = trie->terminal[node];
        if (phrase && cost[end + 1] + 1 <= best) {
          best = cost[end + 1] + 1;
          choice = phrase;
        }
      }
    }
    cost[i] = best;
    trie->choice[i] = (uint16_t)choice;
  }
}

uint32_t p3_parse(const struct p3_trie *trie, const uint16_t *rows, uint32_t count, uint16_t *codes) {
  uint32_t code_count = 0;
  for (uint32_t from = 0; from < count; from += P3_PIECE_ROWS) {
    uint32_t piece = count - from < P3_PIECE_ROWS ? count - from : P3_PIECE_ROWS;
    path_find(trie, rows + from, piece);
    for (uint32_t i = 0; i < piece;) {
      uint32_t code = trie->choice[i];
      codes[code_count++] = (uint16_t)code;
      i += code == P3_ESCAPE ? 1 : trie->phrases[code] & 255;
    }
  }
  return code_count;
}
