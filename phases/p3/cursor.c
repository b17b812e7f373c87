/* SPDX-License-Identifier: MIT
 *
 * cursor.c - the moves of kit/row_cursor.h over p3's phrases. */
#include "cursor.h"

#define ROW_AT_COPY(to, from)                     \
  do {                                            \
    ROW_COPY((to).next, (from).next);             \
    ROW_COPY((to).left, (from).left);             \
    ROW_COPY((to).code, (from).code);             \
    ROW_COPY((to).escape, (from).escape);         \
    ROW_COPY((to).bit, (from).bit);               \
    ROW_COPY((to).position, (from).position);     \
    ROW_COPY((to).row, (from).row);               \
    ROW_COPY((to).line_start, (from).line_start); \
    ROW_COPY((to).indent, (from).indent);         \
    ROW_COPY((to).node, (from).node);             \
  } while (0)

static inline const struct p3_cursor *self_of(const struct row_cursor *c) { return (const struct p3_cursor *)c; }

/* ---- rows ---- */

static inline bool row_at_end(const struct row_cursor *c, const struct p3_at *at) {
  return p3_at_end(&self_of(c)->tree, at);
}
static inline struct tree_row row_next(const struct row_cursor *c, struct p3_at *at) {
  return p3_next_row(&self_of(c)->tables, &self_of(c)->tree, at);
}
static inline const void *row_mark(const struct p3_at *at) {
  (void)at;
  return NULL; /* a row back is always a row of the same phrase */
}
static inline void row_back(const struct row_cursor *c, struct p3_at *at, const void *mark) {
  (void)c, (void)mark;
  at->left++;
  if (*--at->next == P3_ESCAPE) at->escape--;
}
static inline void row_padding_over(const struct row_cursor *c, struct tree_row row, struct p3_at *at) {
  p3_padding_over(&self_of(c)->tables, &self_of(c)->tree, row, at);
}
static inline void row_leaf_over(const struct row_cursor *c, struct tree_row row, struct p3_at *at) {
  p3_leaf_over(&self_of(c)->tables, &self_of(c)->tree, row, at);
}
static inline const struct tree_kind *row_kind(const struct row_cursor *c, struct tree_row row) {
  return &self_of(c)->tables.kinds[row.kind];
}

/* ---- blocks ---- */

static inline uint32_t row_node_count(const struct row_cursor *c) { return self_of(c)->tree.node_count; }
static inline uint32_t row_block_count(const struct row_cursor *c) { return self_of(c)->tree.block_count; }
static inline struct p3_at row_at_block(const struct row_cursor *c, uint32_t block, uint32_t *depth) {
  return p3_at_block(&self_of(c)->tree, block, depth);
}
static inline uint32_t row_block_depth(const struct row_cursor *c, uint32_t block) {
  return p3_block_field(&self_of(c)->tree, block, P3_DEPTH);
}
static inline uint32_t row_block_depth_min(const struct row_cursor *c, uint32_t block) {
  return p3_block_field(&self_of(c)->tree, block, P3_DEPTH_MIN);
}
static inline uint64_t row_block_place(const struct row_cursor *c, uint32_t block, enum row_measure by) {
  const struct p3_tree *tree = &self_of(c)->tree;
  if (by == ROW_BY_BYTE) return p3_block_field(tree, block, P3_POSITION);
  return (uint64_t)p3_block_field(tree, block, P3_ROW) << 32 | p3_block_field(tree, block, P3_COLUMN);
}

/* Several blocks may begin at one node, where rows only close: the last one is found. */
static inline uint32_t row_block_of(const struct row_cursor *c, uint32_t node) {
  const struct p3_tree *tree = &self_of(c)->tree;
  uint32_t low = 0, high = tree->block_count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (p3_block_field(tree, middle, P3_NODE) <= node) low = middle;
    else high = middle;
  }
  return low;
}

static inline uint32_t row_block_behind(const struct row_cursor *c, const struct p3_at *at) {
  (void)c;
  return (at->code - 1) / P3_BLOCK_CODES;
}

/* The two tests would become one of both fields in memory, which waits for their stores: half of
 * what a random move took. */
static inline bool row_at_border(const struct row_cursor *c, const struct p3_at *at, uint32_t *block) {
  uint32_t left = at->left;
  __asm__("" : "+r"(left));
  if (__builtin_expect(left != 0, 1) || at->code % P3_BLOCK_CODES != 0) return false;
  *block = at->code / P3_BLOCK_CODES;
  return *block < self_of(c)->tree.block_count;
}

#include "kit/tokens/row_cursor.h"
#include "kit/tokens/row_walk.h"
