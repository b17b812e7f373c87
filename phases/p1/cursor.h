/* SPDX-License-Identifier: MIT
 *
 * cursor.h - p1's cursor: a position in the token stream, walked in place. */
#ifndef PHASEBENCH_P1_CURSOR_H
#define PHASEBENCH_P1_CURSOR_H

#include "format.h"

/* A node that the cursor stands on or came through: what goto_parent and a second
 * goto_first_child go back to. */
struct p1_frame {
  struct stage_head head;
  struct p1_at after; /* behind the node's token */
};

/* What p1_spot.at is. */
enum p1_standing {
  P1_AT_LEAF,  /* the end of the current node, a leaf */
  P1_AT_TOKEN, /* behind the token of the current node, an inner one */
  P1_AT_END,   /* the end of the current node, an inner one; frames[frame_count].after is behind its token */
};

/* An open node of the batch walk. */
struct p1_walk_frame {
  struct stage_head head;
  uint32_t child_count, named_child_count;
};

/* Where the cursor stands, apart from pub: the private part of what moves that may fail
 * late save and restore. */
struct p1_spot {
  struct p1_at at;
  enum p1_standing standing;
  uint32_t end_closes; /* unless P1_AT_TOKEN: ancestors that close right where the node ends, gaps apart */
  uint32_t frame_count;
};

struct p1_cursor {
  struct stage_cursor pub;
  const struct stage_ctx *ctx;
  struct stage_link keeper;
  struct stage_pin pin;
  bool open;
  struct p1_tables tables;
  struct p1_tree tree;
  const uint8_t *tokens_end;

  struct p1_spot spot;
  /* The nearest ancestors, the parent last, at frames[0..spot.frame_count); those above
   * are searched when asked for. There is room for one more, the current node's own. */
  struct p1_frame *frames;
  uint32_t frame_capacity;

  struct p1_at walk;
  struct p1_walk_frame *walk_frames;
  uint32_t walk_depth, walk_capacity, walk_closes;
};

/* Places the cursor at the root of the tree that cursor->tree and tables describe;
 * false, and cursor->error, when out of memory. */
bool p1_cursor_start(struct p1_cursor *cursor);
void p1_cursor_free_frames(struct p1_cursor *cursor);

/* The moves of struct stage_ops. */
bool p1_goto_first_child(struct stage_cursor *cursor);
bool p1_goto_next_sibling(struct stage_cursor *cursor);
bool p1_goto_parent(struct stage_cursor *cursor);
bool p1_goto_previous_sibling(struct stage_cursor *cursor);
bool p1_goto_last_child(struct stage_cursor *cursor);
bool p1_goto_child(struct stage_cursor *cursor, uint32_t n);
bool p1_goto_child_by_field(struct stage_cursor *cursor, uint16_t field);
bool p1_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte);
bool p1_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end);
bool p1_goto_index(struct stage_cursor *cursor, uint32_t index);
int p1_extent(struct stage_cursor *cursor, struct stage_extent *extent);
int p1_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count);

#endif
