/* SPDX-License-Identifier: MIT
 *
 * token_walk_template.h - the batch walk over tokens: one pass that writes every node with all of
 * its facts where the node ends. Its hooks are those of token_cursor_template.h, behind which it is
 * included. */
#ifndef PHASEBENCH_KIT_TOKEN_WALK_TEMPLATE_H
#define PHASEBENCH_KIT_TOKEN_WALK_TEMPLATE_H

#ifndef PHASEBENCH_KIT_TOKEN_CURSOR_TEMPLATE_H
#error "token_walk_template.h: include token_cursor_template.h, which checks the hooks, before this file"
#endif

static bool token_walk_frames_grow(struct token_cursor *c) {
  uint32_t capacity = c->walk_capacity ? c->walk_capacity * 2 : 64;
  struct token_walk_frame *frames = stage_resize(c->ctx, STAGE_TREE, c->walk_frames, capacity * sizeof *frames);
  if (!frames) return false;
  c->walk_frames = frames;
  c->walk_capacity = capacity;
  return true;
}

int token_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  TOKEN_AT at = c->walk;
  struct token_walk_frame *frames = c->walk_frames;
  uint32_t depth = c->walk_depth, closes = c->walk_closes, n = 0;
  int error = STAGE_OK;

  while (n < capacity) {
    if (closes > 0) { /* an ancestor ends here */
      if (__builtin_expect(depth == 0, 0)) {
        error = STAGE_CORRUPT;
        break;
      }
      const struct token_walk_frame *frame = &frames[--depth];
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
    if (token_at_end(c, &at)) break;
    struct tree_token token = token_next(c, &at);
    token_padding_over(c, token, &at);
    struct tree_kind kind = *token_kind(c, token);
    struct stage_head head = {kind.symbol, kind.grammar_symbol,         kind.field, kind.flags, at.position,
                              at.row,      at.position - at.line_start, at.node};
    if (token.flags & TOKEN_LEAF) {
      at.node++;
      token_leaf_over(c, token, &at);
      struct stage_node *node = &nodes[n++];
      node->head = head;
      node->extent = (struct stage_extent){at.position, at.row, at.position - at.line_start, 0, 0, 1};
      if (depth > 0) {
        frames[depth - 1].child_count++;
        frames[depth - 1].named_child_count += kind.flags & STAGE_NODE_NAMED;
      }
      closes = token.closes;
    } else if (token.flags & TOKEN_GAP) {
      closes = token.closes;
    } else {
      at.node++;
      if (__builtin_expect(depth == c->walk_capacity, 0)) {
        if (!token_walk_frames_grow(c)) {
          error = STAGE_OUT_OF_MEMORY;
          break;
        }
        frames = c->walk_frames;
      }
      frames[depth++] = (struct token_walk_frame){.head = head};
    }
  }
  c->walk = at;
  c->walk_depth = depth;
  c->walk_closes = closes;
  *count = n;
  return error;
}

#endif
