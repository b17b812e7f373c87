/* SPDX-License-Identifier: MIT
 *
 * cursor.c - the moves of kit/tokens/token_cursor_template.h over p1's tokens. */
#include "cursor.h"

#define TOKEN_AT_COPY(to, from)                     \
  do {                                              \
    TOKEN_COPY((to).code, (from).code);             \
    TOKEN_COPY((to).nibble, (from).nibble);         \
    TOKEN_COPY((to).position, (from).position);     \
    TOKEN_COPY((to).row, (from).row);               \
    TOKEN_COPY((to).line_start, (from).line_start); \
    TOKEN_COPY((to).indent, (from).indent);         \
    TOKEN_COPY((to).node, (from).node);             \
  } while (0)

static inline const struct p1_cursor *self_of(const struct token_cursor *c) { return (const struct p1_cursor *)c; }

/* ---- tokens ---- */

static inline bool token_at_end(const struct token_cursor *c, const struct p1_at *at) {
  return at->code >= self_of(c)->codes_end;
}
static inline const void *token_mark(const struct p1_at *at) { return at->code; }
static inline void token_back(const struct token_cursor *c, struct p1_at *at, const void *mark) {
  (void)c;
  at->code = mark;
}
static inline struct tree_token token_next(const struct token_cursor *c, struct p1_at *at) {
  return p1_next_token(&self_of(c)->tables, &at->code);
}
static inline void token_padding_over(const struct token_cursor *c, struct tree_token token, struct p1_at *at) {
  p1_padding_over(&self_of(c)->tables, &self_of(c)->tree, token, at);
}
static inline void token_leaf_over(const struct token_cursor *c, struct tree_token token, struct p1_at *at) {
  p1_leaf_over(&self_of(c)->tree, token, at);
}
static inline const struct tree_kind *token_kind(const struct token_cursor *c, struct tree_token token) {
  return &self_of(c)->tables.kinds[token.kind];
}

/* ---- blocks ---- */

static inline uint32_t token_node_count(const struct token_cursor *c) { return self_of(c)->tree.node_count; }
static inline uint32_t token_block_count(const struct token_cursor *c) {
  return self_of(c)->tree.block_count ? self_of(c)->tree.block_count : 1;
}
static inline uint32_t token_block_of(const struct token_cursor *c, uint32_t node) {
  (void)c;
  return node >> P1_BLOCK_LG;
}
static inline uint32_t token_block_behind(const struct token_cursor *c, const struct p1_at *at) {
  return token_block_of(c, at->node - 1);
}
static inline struct p1_at token_at_block(const struct token_cursor *c, uint32_t block, uint32_t *depth) {
  return p1_at_block(&self_of(c)->tree, block, depth);
}
static inline uint32_t token_block_depth(const struct token_cursor *c, uint32_t block) {
  return p1_block_depth(&self_of(c)->tree, block);
}
static inline uint32_t token_block_depth_min(const struct token_cursor *c, uint32_t block) {
  return p1_block_depth_min(&self_of(c)->tree, block);
}

static inline uint64_t token_block_place(const struct token_cursor *c, uint32_t block, enum token_measure by) {
  const struct p1_tree *tree = &self_of(c)->tree;
  if (by == TOKEN_BY_BYTE) return p1_block_position(tree, block);
  struct p1_entry e = p1_entry_at(tree, block);
  return (uint64_t)e.row << 32 | e.column;
}

/* Tokens that close behind a block's last node belong to it: only at the first token of a
 * block is its entry what the decoder has. */
static inline bool token_at_border(const struct token_cursor *c, const struct p1_at *at, uint32_t *block) {
  const struct p1_tree *tree = &self_of(c)->tree;
  if (__builtin_expect((at->node & (P1_BLOCK_NODES - 1)) != 0, 1) || at->node >= tree->node_count) return false;
  *block = at->node >> P1_BLOCK_LG;
  return *block < tree->block_count && p1_entry_at(tree, *block).code == (uint32_t)(at->code - tree->codes);
}

#include "kit/tokens/token_cursor_template.h"
#include "kit/tokens/token_walk_template.h"
