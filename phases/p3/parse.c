/* SPDX-License-Identifier: MIT
 *
 * parse.c - a kernel: settling walks the trie some eight steps for each row of the store.
 * So the first step is an array by row, the others are one hash table of 8-byte slots (a
 * hash trie): (parent node, row) -> node, packed closely to stay in the caches; and a node at
 * which a phrase ends has the phrase's code as its number. */
#include "parse.h"

/* A slot: parent << 36 | row << 20 | child; 0 is empty, as no child is 0. */
#define NODE_BITS 20u
#define NODES_MAX (1u << NODE_BITS)
#define ROW_BITS 16u
#define CHILD_MASK (NODES_MAX - 1)

struct p3_trie {
  uint64_t *slots;
  uint64_t mask;
  uint32_t *first;     /* by row: the node behind it; 0: there is no such row */
  uint32_t node_count; /* numbers below phrase_count are those of phrases */
  uint32_t phrase_count;
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

static void slot_insert(struct p3_trie *trie, uint64_t slot) {
  uint64_t i = slot_hash(slot & ~(uint64_t)CHILD_MASK) & trie->mask;
  while (trie->slots[i]) i = (i + 1) & trie->mask;
  trie->slots[i] = slot;
}

void p3_trie_free(const struct stage_ctx *ctx, struct p3_trie *trie) {
  if (!trie) return;
  stage_release(ctx, STAGE_TREE, trie->slots);
  stage_release(ctx, STAGE_TREE, trie->first);
  stage_release(ctx, STAGE_TREE, trie->cost);
  stage_release(ctx, STAGE_TREE, trie->choice);
  stage_release(ctx, STAGE_TREE, trie);
}

/* ---- building ---- */

/* An empty table for so many nodes, three quarters full; false: out of memory. */
static bool slots_open(const struct stage_ctx *ctx, struct p3_trie *trie, uint64_t nodes) {
  uint64_t slots = 1024;
  while (slots / 4 * 3 < nodes) slots *= 2;
  trie->mask = slots - 1;
  trie->slots = stage_allocate(ctx, STAGE_TREE, slots * sizeof *trie->slots);
  if (trie->slots) memset(trie->slots, 0, slots * sizeof *trie->slots);
  return trie->slots != NULL;
}

static void phrase_insert(struct p3_trie *trie, uint32_t phrase, const uint16_t *rows, uint32_t count) {
  if (count == 1) {
    trie->first[rows[0]] = phrase;
    return;
  }
  uint32_t node = trie->first[rows[0]];
  for (uint32_t i = 1; i < count; i++) {
    uint32_t child = step(trie, node, rows[i]);
    if (!child) {
      child = i + 1 == count ? phrase : trie->node_count++;
      slot_insert(trie, slot_key(node, rows[i]) | child);
    }
    node = child;
  }
}

/* Shorter phrases first: so the node at which one ends is new. Those whose rows would overflow
 * the numbers of nodes are left out and not used; those of one row never are. */
static void trie_fill(struct p3_trie *trie, const uint16_t *pool) {
  for (uint32_t length = 1; length <= P3_PHRASE_ROWS_MAX; length++) {
    for (uint32_t p = 1; p < trie->phrase_count; p++) {
      if ((trie->phrases[p] & 255) != length || trie->node_count + length >= NODES_MAX) continue;
      phrase_insert(trie, p, pool + (trie->phrases[p] >> 8), length);
    }
  }
}

/* Moves the nodes to a table that is no larger than they need. */
static bool trie_pack(const struct stage_ctx *ctx, struct p3_trie *trie) {
  uint64_t *slots = trie->slots, count = trie->mask + 1;
  if (!slots_open(ctx, trie, trie->node_count)) {
    stage_release(ctx, STAGE_TREE, slots);
    return false;
  }
  for (uint64_t i = 0; i < count; i++) {
    if (slots[i]) slot_insert(trie, slots[i]);
  }
  stage_release(ctx, STAGE_TREE, slots);
  return true;
}

struct p3_trie *p3_trie_new(const struct stage_ctx *ctx, const uint32_t *phrases, uint32_t phrase_count,
                            const uint16_t *pool, uint32_t row_count) {
  struct p3_trie *trie = stage_allocate(ctx, STAGE_TREE, sizeof *trie);
  if (!trie) return NULL;
  *trie = (struct p3_trie){.node_count = phrase_count, .phrase_count = phrase_count, .phrases = phrases};
  uint64_t most = 1; /* nodes, at most */
  for (uint32_t p = 1; p < phrase_count; p++) most += phrases[p] & 255;
  trie->first = stage_allocate(ctx, STAGE_TREE, row_count * sizeof *trie->first);
  trie->cost = stage_allocate(ctx, STAGE_TREE, (P3_PIECE_ROWS + 1) * sizeof *trie->cost);
  trie->choice = stage_allocate(ctx, STAGE_TREE, P3_PIECE_ROWS * sizeof *trie->choice);
  bool room = trie->first && trie->cost && trie->choice && slots_open(ctx, trie, most < NODES_MAX ? most : NODES_MAX);
  if (room) {
    memset(trie->first, 0, row_count * sizeof *trie->first);
    trie_fill(trie, pool);
    room = trie_pack(ctx, trie);
  }
  if (room) return trie;
  p3_trie_free(ctx, trie);
  return NULL;
}

/* The best phrase to begin with at rows[i], for each i, from the end. */
static void path_find(const struct p3_trie *trie, const uint16_t *rows, uint32_t count) {
  uint32_t *cost = trie->cost;
  cost[count] = 0;
  for (uint32_t i = count; i-- > 0;) {
    uint32_t best = cost[i + 1] + 1, choice = P3_ESCAPE;
    if (rows[i] != P3_ESCAPE) {
      uint32_t node = trie->first[rows[i]];
      choice = node;
      for (uint32_t end = i + 1; end < count; end++) {
        node = step(trie, node, rows[end]);
        if (!node) break;
        if (node < trie->phrase_count && cost[end + 1] < best) {
          best = cost[end + 1] + 1; /* among equals the longest */
          choice = node;
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
