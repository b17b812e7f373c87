/* SPDX-License-Identifier: MIT
 *
 * walk.c - the batch walk: one pass over the tokens that writes every node with all of
 * its facts where the node ends. A kernel: the decoder's state is kept in locals. */
#include "cursor.h"

static bool frames_grow(struct p1_cursor *c) {
  uint32_t capacity = c->walk_capacity ? c->walk_capacity * 2 : 64;
  struct p1_walk_frame *frames = stage_resize(c->ctx, STAGE_TREE, c->walk_frames, capacity * sizeof *frames);
  if (!frames) return false;
  c->walk_frames = frames;
  c->walk_capacity = capacity;
  return true;
}

int p1_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  const struct p1_tables tables = c->tables;
  const struct p1_tree *tree = &c->tree;
  const uint8_t *tokens_end = c->tokens_end;
  struct p1_at at = c->walk;
  struct p1_walk_frame *frames = c->walk_frames;
  uint32_t depth = c->walk_depth, closes = c->walk_closes, n = 0;
  int error = STAGE_OK;

  while (n < capacity) {
    if (closes > 0) { /* an ancestor ends here */
      if (__builtin_expect(depth == 0, 0)) {
        error = STAGE_CORRUPT;
        break;
      }
      const struct p1_walk_frame *frame = &frames[--depth];
      struct stage_node *node = &nodes[n++];
      node->head = frame->head;
      node->extent = (struct stage_extent){
          .end_byte = at.position,
          .end_row = at.row,
          .end_column = at.position - at.line_start,
          .child_count = frame->child_count,
          .named_child_count = frame->named_child_count,
          .descendant_count = at.node - frame->head.index,
      };
      if (depth > 0) {
        frames[depth - 1].child_count++;
        frames[depth - 1].named_child_count += frame->head.flags & STAGE_NODE_NAMED;
      }
      closes--;
      continue;
    }
    if (at.token >= tokens_end) break;
    struct tree_row row = p1_next_row(&tables, &at.token);
    p1_padding_over(&tables, tree, row, &at);
    struct tree_kind kind = tables.kinds[row.kind];
    struct stage_head head = {kind.symbol, kind.grammar_symbol, kind.field, kind.flags, at.position, at.row,
                              at.position - at.line_start, at.node};
    if (row.flags & ROW_LEAF) {
      at.node++;
      p1_leaf_over(tree, row, &at);
      struct stage_node *node = &nodes[n++];
      node->head = head;
      node->extent = (struct stage_extent){at.position, at.row, at.position - at.line_start, 0, 0, 1};
      if (depth > 0) {
        frames[depth - 1].child_count++;
        frames[depth - 1].named_child_count += kind.flags & STAGE_NODE_NAMED;
      }
      closes = row.closes;
    } else if (row.flags & ROW_GAP) {
      closes = row.closes;
    } else {
      at.node++;
      if (__builtin_expect(depth == c->walk_capacity, 0)) {
        if (!frames_grow(c)) {
          error = STAGE_OUT_OF_MEMORY;
          break;
        }
        frames = c->walk_frames;
      }
      frames[depth++] = (struct p1_walk_frame){.head = head};
    }
  }
  c->walk = at;
  c->walk_depth = depth;
  c->walk_closes = closes;
  *count = n;
  return error;
}
