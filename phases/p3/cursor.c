/* SPDX-License-Identifier: MIT
 *
 * cursor.c - the moves of kit/tokens/token_cursor_template.h over p3's phrases. */
#include "cursor.h"

#define TOKEN_AT_COPY(to, from)                     \
  do {                                              \
    TOKEN_COPY((to).next, (from).next);             \
    TOKEN_COPY((to).left, (from).left);             \
    TOKEN_COPY((to).code, (from).code);             \
    TOKEN_COPY((to).escape, (from).escape);         \
    TOKEN_COPY((to).bit, (from).bit);               \
    TOKEN_COPY((to).position, (from).position);     \
    TOKEN_COPY((to).row, (from).row);               \
    TOKEN_COPY((to).line_start, (from).line_start); \
    TOKEN_COPY((to).indent, (from).indent);         \
    TOKEN_COPY((to).node, (from).node);             \
  } while (0)

static inline const struct p3_cursor *self_of(const struct token_cursor *c) { return (const struct p3_cursor *)c; }

/* ---- tokens ---- */

static inline bool token_at_end(const struct token_cursor *c, const struct p3_at *at) {
  return p3_at_end(&self_of(c)->tree, at);
}
static inline struct tree_token token_next(const struct token_cursor *c, struct p3_at *at) {
  return p3_next_token(&self_of(c)->tables, &self_of(c)->tree, at);
}
static inline const void *token_mark(const struct p3_at *at) {
  (void)at;
  return NULL; /* a token back is always a token of the same phrase */
}
static inline void token_back(const struct token_cursor *c, struct p3_at *at, const void *mark) {
  (void)c, (void)mark;
  at->left++;
  if (*--at->next == P3_ESCAPE) at->escape--;
}
static inline void token_padding_over(const struct token_cursor *c, struct tree_token token, struct p3_at *at) {
  p3_padding_over(&self_of(c)->tables, &self_of(c)->tree, token, at);
}
static inline void token_leaf_over(const struct token_cursor *c, struct tree_token token, struct p3_at *at) {
  p3_leaf_over(&self_of(c)->tables, &self_of(c)->tree, token, at);
}
static inline const struct tree_kind *token_kind(const struct token_cursor *c, struct tree_token token) {
  return &self_of(c)->tables.kinds[token.kind];
}

/* ---- blocks ---- */

static inline uint32_t token_node_count(const struct token_cursor *c) { return self_of(c)->tree.node_count; }
static inline uint32_t token_block_count(const struct token_cursor *c) { return self_of(c)->tree.block_count; }
static inline struct p3_at token_at_block(const struct token_cursor *c, uint32_t block, uint32_t *depth) {
  return p3_at_block(&self_of(c)->tree, block, depth);
}
static inline uint32_t token_block_depth(const struct token_cursor *c, uint32_t block) {
  return p3_block_field(&self_of(c)->tree, block, P3_DEPTH);
}
static inline uint32_t token_block_depth_min(const struct token_cursor *c, uint32_t block) {
  return p3_block_field(&self_of(c)->tree, block, P3_DEPTH_MIN);
}
static inline uint64_t token_block_place(const struct token_cursor *c, uint32_t block, enum token_measure by) {
  const struct p3_tree *tree = &self_of(c)->tree;
  if (by == TOKEN_BY_BYTE) return p3_block_field(tree, block, P3_POSITION);
  return (uint64_t)p3_block_field(tree, block, P3_ROW) << 32 | p3_block_field(tree, block, P3_COLUMN);
}

/* Several blocks may begin at one node, where tokens only close: the last one is found. */
static inline uint32_t token_block_of(const struct token_cursor *c, uint32_t node) {
  const struct p3_tree *tree = &self_of(c)->tree;
  uint32_t low = 0, high = tree->block_count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (p3_block_field(tree, middle, P3_NODE) <= node) low = middle;
    else high = middle;
  }
  return low;
}

static inline uint32_t token_block_behind(const struct token_cursor *c, const struct p3_at *at) {
  (void)c;
  return (at->code - 1) / P3_BLOCK_CODES;
}

/* The two tests would become one of both fields in memory, which waits for their stores: half of
 * what a random move took. */
static inline bool token_at_border(const struct token_cursor *c, const struct p3_at *at, uint32_t *block) {
  uint32_t left = at->left;
  __asm__("" : "+r"(left));
  if (__builtin_expect(left != 0, 1) || at->code % P3_BLOCK_CODES != 0) return false;
  *block = at->code / P3_BLOCK_CODES;
  return *block < self_of(c)->tree.block_count;
}

#include "kit/tokens/token_cursor_template.h"
#include "kit/tokens/token_walk_template.h"
