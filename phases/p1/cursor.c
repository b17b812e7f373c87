/* SPDX-License-Identifier: MIT
 *
 * cursor.c - the moves of kit/row_cursor.h over p1's tokens. */
#include "cursor.h"

#define ROW_AT_COPY(to, from)                     \
  do {                                            \
    ROW_COPY((to).token, (from).token);           \
    ROW_COPY((to).nibble, (from).nibble);         \
    ROW_COPY((to).position, (from).position);     \
    ROW_COPY((to).row, (from).row);               \
    ROW_COPY((to).line_start, (from).line_start); \
    ROW_COPY((to).indent, (from).indent);         \
    ROW_COPY((to).node, (from).node);             \
  } while (0)

static inline const struct p1_cursor *self_of(const struct row_cursor *c) { return (const struct p1_cursor *)c; }

/* ---- rows ---- */

static inline bool row_at_end(const struct row_cursor *c, const struct p1_at *at) {
  return at->token >= self_of(c)->tokens_end;
}
static inline const void *row_mark(const struct p1_at *at) { return at->token; }
static inline void row_back(const struct row_cursor *c, struct p1_at *at, const void *mark) {
  (void)c;
  at->token = mark;
}
static inline struct tree_row row_next(const struct row_cursor *c, struct p1_at *at) {
  return p1_next_row(&self_of(c)->tables, &at->token);
}
static inline void row_padding_over(const struct row_cursor *c, struct tree_row row, struct p1_at *at) {
  p1_padding_over(&self_of(c)->tables, &self_of(c)->tree, row, at);
}
static inline void row_leaf_over(const struct row_cursor *c, struct tree_row row, struct p1_at *at) {
  p1_leaf_over(&self_of(c)->tree, row, at);
}
static inline const struct tree_kind *row_kind(const struct row_cursor *c, struct tree_row row) {
  return &self_of(c)->tables.kinds[row.kind];
}

/* ---- blocks ---- */

static inline uint32_t row_node_count(const struct row_cursor *c) { return self_of(c)->tree.node_count; }
static inline uint32_t row_block_count(const struct row_cursor *c) {
  return self_of(c)->tree.block_count ? self_of(c)->tree.block_count : 1;
}
static inline uint32_t row_block_of(const struct row_cursor *c, uint32_t node) {
  (void)c;
  return node >> P1_BLOCK_LG;
}
static inline uint32_t row_block_behind(const struct row_cursor *c, const struct p1_at *at) {
  return row_block_of(c, at->node - 1);
}
static inline struct p1_at row_at_block(const struct row_cursor *c, uint32_t block, uint32_t *depth) {
  return p1_at_block(&self_of(c)->tree, block, depth);
}
static inline uint32_t row_block_depth(const struct row_cursor *c, uint32_t block) {
  return p1_block_depth(&self_of(c)->tree, block);
}
static inline uint32_t row_block_depth_min(const struct row_cursor *c, uint32_t block) {
  return p1_block_depth_min(&self_of(c)->tree, block);
}

static inline uint64_t row_block_place(const struct row_cursor *c, uint32_t block, enum row_measure by) {
  const struct p1_tree *tree = &self_of(c)->tree;
  if (by == ROW_BY_BYTE) return p1_block_position(tree, block);
  struct p1_entry e = p1_entry_at(tree, block);
  return (uint64_t)e.row << 32 | e.column;
}

/* Tokens that close behind a block's last node belong to it: only at the first token of a
 * block is its entry what the decoder has. */
static inline bool row_at_border(const struct row_cursor *c, const struct p1_at *at, uint32_t *block) {
  const struct p1_tree *tree = &self_of(c)->tree;
  if (__builtin_expect((at->node & (P1_BLOCK_NODES - 1)) != 0, 1) || at->node >= tree->node_count) return false;
  *block = at->node >> P1_BLOCK_LG;
  return *block < tree->block_count && p1_entry_at(tree, *block).token == (uint32_t)(at->token - tree->tokens);
}

#include "kit/tokens/row_cursor.h"
#include "kit/tokens/row_walk.h"
