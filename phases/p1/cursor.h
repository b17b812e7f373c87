/* SPDX-License-Identifier: MIT
 *
 * cursor.h - p1's cursor: a position in the token stream, walked in place. */
#ifndef PHASEBENCH_P1_CURSOR_H
#define PHASEBENCH_P1_CURSOR_H

#include "format.h"

/* An ancestor that the cursor came through: what goto_parent goes back to. */
struct p1_frame {
  struct stage_head head;
  struct p1_at after;
};

/* An open node of the batch walk. */
struct p1_walk_frame {
  struct stage_head head;
  uint32_t child_count, named_child_count;
};

/* Where the cursor stands; saved and restored as a whole by moves that may fail late. */
struct p1_spot {
  struct stage_head head;
  uint32_t depth;
  bool leaf;
  bool end_known;      /* always for a leaf */
  uint32_t end_closes; /* ancestors that close right where the node ends, gaps apart */
  struct p1_at after;  /* behind the node's own token; of a leaf that is its end */
  struct p1_at end;    /* of an inner node, where end_known */
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

  struct p1_spot spot; /* spot.head and spot.depth are current; pub mirrors them */
  struct p1_frame *frames; /* the nearest ancestors, the parent last; those above are searched when asked for */
  uint32_t frame_capacity;

  struct p1_at walk;
  struct p1_walk_frame *walk_frames;
  uint32_t walk_depth, walk_capacity, walk_closes;
};

/* Places the cursor at the root of the tree that cursor->tree and tables describe. */
void p1_cursor_start(struct p1_cursor *cursor);
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
