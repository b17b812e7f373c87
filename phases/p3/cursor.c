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

static inline bool row_at_border(const struct row_cursor *c, const struct p3_at *at, uint32_t *block) {
  if (__builtin_expect(at->left != 0 || at->code % P3_BLOCK_CODES != 0, 1)) return false;
  *block = at->code / P3_BLOCK_CODES;
  return *block < self_of(c)->tree.block_count;
}

/* ---- phrases at once ---- */

/* The facts of the phrase that `at` is in front of; NULL where it is within one, or there are
 * none. */
static inline const struct p3_facts *facts_at(const struct row_cursor *c, const struct p3_at *at) {
  const struct p3_cursor *self = self_of(c);
  if (at->left != 0 || !self->tables.facts || at->code >= self->tree.code_count) return NULL;
  const struct p3_facts *facts = &self->tables.facts[p3_code(&self->tree, at->code)];
  return facts->is_complex ? NULL : facts;
}

static inline bool row_pass(const struct row_cursor *c, struct p3_at *at, uint32_t *depth, uint32_t limit,
                            int64_t node_floor, int64_t depth_floor) {
  const struct p3_facts *facts = facts_at(c, at);
  if (!facts || at->node + facts->nodes > limit || (int64_t)*depth + facts->node_min <= node_floor ||
      (int64_t)*depth + facts->depth_min <= depth_floor)
    return false;
  p3_phrase_over(&self_of(c)->tables, &self_of(c)->tree, facts, at);
  *depth += (uint32_t)facts->net;
  return true;
}

/* The nodes and open nodes behind a phrase without facts. */
static __attribute__((noinline)) void complex_over(const struct p3_cursor *self, uint32_t code, uint32_t *escape,
                                                   uint32_t *node, uint32_t *depth) {
  uint32_t phrase = self->tables.phrases[code];
  const uint16_t *rows = self->tables.pool + (phrase >> 8);
  for (uint32_t i = 0; i < (phrase & 255); i++) {
    struct tree_row row = rows[i] == P3_ESCAPE ? p3_escaped_row(&self->tree, (*escape)++) : self->tables.rows[rows[i]];
    *node += !(row.flags & ROW_GAP);
    *depth = p3_depth_behind(*depth, row);
  }
}

/* A mark is a code: that of the last phrase that certainly holds such a node, found by depths
 * alone; phrases without facts, and the one in which `limit` is, may hold a later one. */
static inline uint32_t row_mark_last(const struct row_cursor *c, uint32_t block, uint32_t limit, uint32_t depth) {
  const struct p3_cursor *self = self_of(c);
  if (!self->tables.facts) return 0;
  uint32_t code = block * P3_BLOCK_CODES, end = code + P3_BLOCK_CODES, mark = code;
  uint32_t node = p3_block_field(&self->tree, block, P3_NODE), d = p3_block_field(&self->tree, block, P3_DEPTH);
  uint32_t escape = p3_block_field(&self->tree, block, P3_ESCAPES);
  if (end > self->tree.code_count) end = self->tree.code_count;
  for (; code < end && node < limit; code++) {
    uint32_t phrase = p3_code(&self->tree, code);
    const struct p3_facts *facts = &self->tables.facts[phrase];
    if (facts->is_complex) {
      complex_over(self, phrase, &escape, &node, &d);
      continue;
    }
    node += facts->nodes;
    if (node <= limit && (int64_t)d + facts->node_min <= depth) mark = code;
    d += (uint32_t)facts->net;
  }
  return mark;
}
static inline bool row_is_before(const struct p3_at *at, uint32_t mark) { return at->code < mark; }

static inline bool row_pass_before(const struct row_cursor *c, struct p3_at *at, uint32_t *depth, uint64_t place,
                                   enum row_measure by) {
  const struct p3_facts *facts = facts_at(c, at);
  if (!facts) return false;
  struct p3_at behind = *at;
  p3_phrase_over(&self_of(c)->tables, &self_of(c)->tree, facts, &behind);
  uint64_t end = by == ROW_BY_BYTE ? behind.position
                                   : (uint64_t)behind.row << 32 | (behind.position - behind.line_start);
  if (end >= place) return false;
  *at = behind;
  *depth += (uint32_t)facts->net;
  return true;
}

#include "../kit/row_cursor.h"
