/* SPDX-License-Identifier: MIT
 *
 * row_cursor_types.h - the state of a cursor over rows: the other half of row_cursor.h, which
 * says what a stage defines before it includes it. */
#ifndef PHASEBENCH_KIT_ROW_CURSOR_TYPES_H
#define PHASEBENCH_KIT_ROW_CURSOR_TYPES_H

#include "row.h"

/* Copies a field through a register of its own width: a struct whose fields were just stored
 * one by one, read back with wide loads, waits for the stores to retire. */
#define ROW_COPY(to, from)           \
  do {                               \
    __typeof__(from) field = (from); \
    __asm__("" : "+r"(field));       \
    (to) = field;                    \
  } while (0)

/* How places in a document are told. */
enum row_measure { ROW_BY_BYTE, ROW_BY_POINT };

/* An inner node that the cursor stands on or came through: what goto_parent and a second
 * goto_first_child go back to. Where the node lies follows from `after` (row_frame_head). */
struct row_frame {
  struct tree_kind kind;
  ROW_AT after; /* behind the node's row */
};

/* What is known of a frame's node. */
static inline void row_frame_head(const struct row_frame *frame, struct stage_head *head) {
  memcpy(head, &frame->kind, sizeof frame->kind);
  head->start_byte = frame->after.position;
  head->start_row = frame->after.row;
  head->start_column = frame->after.position - frame->after.line_start;
  head->index = frame->after.node - 1;
}

/* What row_spot.at is. */
enum row_standing {
  ROW_AT_LEAF,  /* the end of the current node, a leaf */
  ROW_AT_TOKEN, /* behind the row of the current node, an inner one */
  ROW_AT_END,   /* the end of the current node, an inner one; frames[frame_count].after is behind its row */
};

/* An open node of the batch walk. */
struct row_walk_frame {
  struct stage_head head;
  uint32_t child_count, named_child_count;
};

/* Where the cursor stands, apart from pub: what moves that may fail late save and restore. */
struct row_spot {
  ROW_AT at;
  enum row_standing standing;
  uint32_t end_closes; /* unless ROW_AT_TOKEN: ancestors that close right where the node ends, gaps apart */
  uint32_t frame_count;
  uint32_t searched; /* ancestors that have no frame begin in blocks before this one */
};

/* First in the stage's own cursor. */
struct row_cursor {
  struct stage_cursor pub;
  const struct stage_ctx *ctx;
  struct row_spot spot;
  /* The nearest ancestors, the parent last, at frames[0..spot.frame_count); those above
   * are searched when asked for. There is room for one more, the current node's own. */
  struct row_frame *frames;
  uint32_t frame_capacity;

  ROW_AT walk;
  struct row_walk_frame *walk_frames;
  uint32_t walk_depth, walk_capacity, walk_closes;
};

/* Places the cursor at the root of what the stage's cursor now describes; false, and
 * pub.error, when out of memory. */
bool row_cursor_start(struct row_cursor *cursor);
void row_cursor_free_frames(struct row_cursor *cursor);

/* The hooks of struct stage_ops. */
bool row_goto_first_child(struct stage_cursor *cursor);
bool row_goto_next_sibling(struct stage_cursor *cursor);
bool row_goto_parent(struct stage_cursor *cursor);
bool row_goto_previous_sibling(struct stage_cursor *cursor);
bool row_goto_last_child(struct stage_cursor *cursor);
bool row_goto_child(struct stage_cursor *cursor, uint32_t n);
bool row_goto_child_by_field(struct stage_cursor *cursor, uint16_t field);
bool row_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte);
bool row_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end);
bool row_goto_descendant_for_points(struct stage_cursor *cursor, TSPoint start, TSPoint end);
bool row_goto_index(struct stage_cursor *cursor, uint32_t index);
int row_extent(struct stage_cursor *cursor, struct stage_extent *extent);
int row_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count);

/* Their lines in the table; the steps of a walk by moves apart, since a stage may have its own. */
#define ROW_CURSOR_STEPS \
  .goto_first_child = row_goto_first_child, .goto_next_sibling = row_goto_next_sibling, .goto_parent = row_goto_parent
#define ROW_CURSOR_HOOKS                                                                      \
  .goto_previous_sibling = row_goto_previous_sibling, .goto_last_child = row_goto_last_child, \
  .goto_child = row_goto_child, .goto_child_by_field = row_goto_child_by_field,               \
  .goto_first_child_for_byte = row_goto_first_child_for_byte,                                 \
  .goto_descendant_for_bytes = row_goto_descendant_for_bytes,                                 \
  .goto_descendant_for_points = row_goto_descendant_for_points, .goto_index = row_goto_index, .extent = row_extent

#endif
