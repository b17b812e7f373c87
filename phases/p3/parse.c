/* SPDX-License-Identifier: MIT
 *
 * parse.c - a kernel: finalizing walks the trie some four steps for each token of the store.
 * So the first step is an array by token, the others are one hash table of 8-byte slots (a
 * hash trie): (parent node, token) -> node, packed closely to stay in the caches; and a node at
 * which a phrase ends has the phrase's code as its number. Each walk ends at a token that leads
 * nowhere, which a table finds out last of all: so beside a node stands a set of the tokens that
 * may lead on from it, and most walks end without another look-up. */
#include "parse.h"

/* A slot: parent << 44 | token << 30 | what leads on from the child << 20 | child; 0 is empty, as
 * no child is 0. A reference to a node is a slot's lower half. */
#define NODE_BITS 20u
#define NODES_MAX (1u << NODE_BITS)
#define NODE_MASK (NODES_MAX - 1)
#define SET_BITS 10u
#define TOKEN_BITS 14u
#define KEY_SHIFT (NODE_BITS + SET_BITS)
_Static_assert(P3_TOKENS_MAX <= 1u << TOKEN_BITS, "a token fits a slot");

struct p3_trie {
  uint64_t *slots;
  uint64_t mask;
  uint32_t *first;     /* by token: a reference to the node behind it; 0: there is no such token */
  uint16_t *sets;      /* by node, while the trie is built: the tokens that lead on */
  uint32_t node_count; /* numbers below phrase_count are those of phrases */
  uint32_t phrase_count;
  uint32_t *cost; /* working memory of a piece: codes from here to its end */
  uint16_t *choice;
  const uint32_t *phrases;
};

static inline uint64_t slot_key(uint32_t node, uint32_t token) { return (uint64_t)node << TOKEN_BITS | token; }

static inline uint64_t slot_hash(uint64_t key) { return key * 0x9e3779b97f4a7c15ull >> 32; }

/* A token's place in the sets. */
static inline uint32_t set_bit(uint32_t token) { return token % SET_BITS; }

/* The node behind `token`; 0: there is none. */
static inline uint32_t step(const struct p3_trie *trie, uint32_t node, uint32_t token) {
  uint64_t key = slot_key(node, token);
  for (uint64_t i = slot_hash(key) & trie->mask;; i = (i + 1) & trie->mask) {
    uint64_t slot = trie->slots[i];
    if (slot == 0) return 0;
    if (slot >> KEY_SHIFT == key) return (uint32_t)slot & ((1u << KEY_SHIFT) - 1);
  }
}

static void slot_insert(struct p3_trie *trie, uint64_t slot) {
  uint64_t i = slot_hash(slot >> KEY_SHIFT) & trie->mask;
  while (trie->slots[i]) i = (i + 1) & trie->mask;
  trie->slots[i] = slot;
}

void p3_trie_free(const struct stage_ctx *ctx, struct p3_trie *trie) {
  if (!trie) return;
  stage_release(ctx, STAGE_TREE, trie->slots);
  stage_release(ctx, STAGE_TREE, trie->first);
  stage_release(ctx, STAGE_TREE, trie->sets);
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

static void phrase_insert(struct p3_trie *trie, uint32_t phrase, const uint16_t *tokens, uint32_t count) {
  if (count == 1) {
    trie->first[tokens[0]] = phrase;
    return;
  }
  uint32_t node = trie->first[tokens[0]];
  for (uint32_t i = 1; i < count; i++) {
    uint32_t child = step(trie, node, tokens[i]); /* no sets stand in slots yet */
    if (!child) {
      child = i + 1 == count ? phrase : trie->node_count++;
      slot_insert(trie, slot_key(node, tokens[i]) << KEY_SHIFT | child);
      trie->sets[node] |= (uint16_t)(1u << set_bit(tokens[i]));
    }
    node = child;
  }
}

/* Shorter phrases first: so the node at which one ends is new. Those whose tokens would overflow
 * the numbers of nodes are left out and not used; those of one token never are. */
static void trie_fill(struct p3_trie *trie, const uint16_t *pool) {
  for (uint32_t length = 1; length <= P3_PHRASE_TOKENS_MAX; length++) {
    for (uint32_t p = 1; p < trie->phrase_count; p++) {
      if ((trie->phrases[p] & 255) != length || trie->node_count + length >= NODES_MAX) continue;
      phrase_insert(trie, p, pool + (trie->phrases[p] >> 8), length);
    }
  }
}

/* Moves the nodes to a table that is no larger than they need, with their sets. */
static bool trie_pack(const struct stage_ctx *ctx, struct p3_trie *trie, uint32_t token_count) {
  uint64_t *slots = trie->slots, count = trie->mask + 1;
  bool room = slots_open(ctx, trie, trie->node_count);
  for (uint64_t i = 0; i < count && room; i++) {
    if (slots[i]) slot_insert(trie, slots[i] | (uint64_t)trie->sets[slots[i] & NODE_MASK] << NODE_BITS);
  }
  for (uint32_t i = 0; i < token_count && room; i++)
    trie->first[i] |= (uint32_t)trie->sets[trie->first[i]] << NODE_BITS;
  stage_release(ctx, STAGE_TREE, slots);
  stage_release(ctx, STAGE_TREE, trie->sets);
  trie->sets = NULL;
  return room;
}

struct p3_trie *p3_trie_new(const struct stage_ctx *ctx, const uint32_t *phrases, uint32_t phrase_count,
                            const uint16_t *pool, uint32_t token_count) {
  struct p3_trie *trie = stage_allocate(ctx, STAGE_TREE, sizeof *trie);
  if (!trie) return NULL;
  *trie = (struct p3_trie){.node_count = phrase_count, .phrase_count = phrase_count, .phrases = phrases};
  uint64_t most = 1; /* nodes, at most */
  for (uint32_t p = 1; p < phrase_count; p++) most += phrases[p] & 255;
  trie->first = stage_allocate(ctx, STAGE_TREE, token_count * sizeof *trie->first);
  trie->cost = stage_allocate(ctx, STAGE_TREE, (P3_PIECE_TOKENS + 1) * sizeof *trie->cost);
  trie->choice = stage_allocate(ctx, STAGE_TREE, P3_PIECE_TOKENS * sizeof *trie->choice);
  most = most < NODES_MAX ? most : NODES_MAX;
  trie->sets = stage_allocate(ctx, STAGE_TREE, most * sizeof *trie->sets);
  bool room = trie->first && trie->sets && trie->cost && trie->choice && slots_open(ctx, trie, most);
  if (room) {
    memset(trie->first, 0, token_count * sizeof *trie->first);
    memset(trie->sets, 0, most * sizeof *trie->sets);
    trie_fill(trie, pool);
    room = trie_pack(ctx, trie, token_count);
  }
  if (room) return trie;
  p3_trie_free(ctx, trie);
  return NULL;
}

/* The best phrase to begin with at tokens[i], for each i, from the end. */
static void path_find(const struct p3_trie *trie, const uint16_t *tokens, uint32_t count) {
  uint32_t *cost = trie->cost;
  cost[count] = 0;
  for (uint32_t i = count; i-- > 0;) {
    uint32_t best = cost[i + 1] + 1, choice = P3_ESCAPE;
    if (tokens[i] != P3_ESCAPE) {
      uint32_t reference = trie->first[tokens[i]];
      choice = reference & NODE_MASK;
      for (uint32_t end = i + 1; end < count && reference >> NODE_BITS >> set_bit(tokens[end]) & 1; end++) {
        reference = step(trie, reference & NODE_MASK, tokens[end]);
        if (!reference) break;
        if ((reference & NODE_MASK) < trie->phrase_count && cost[end + 1] < best) {
          best = cost[end + 1] + 1; /* among equals the longest */
          choice = reference & NODE_MASK;
        }
      }
    }
    cost[i] = best;
    trie->choice[i] = (uint16_t)choice;
  }
}

uint32_t p3_parse(const struct p3_trie *trie, const uint16_t *tokens, uint32_t count, uint16_t *codes) {
  uint32_t code_count = 0;
  for (uint32_t from = 0; from < count; from += P3_PIECE_TOKENS) {
    uint32_t piece = count - from < P3_PIECE_TOKENS ? count - from : P3_PIECE_TOKENS;
    path_find(trie, tokens + from, piece);
    for (uint32_t i = 0; i < piece;) {
      uint32_t code = trie->choice[i];
      codes[code_count++] = (uint16_t)code;
      i += code == P3_ESCAPE ? 1 : trie->phrases[code] & 255;
    }
  }
  return code_count;
}
