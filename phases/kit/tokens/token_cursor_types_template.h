/* SPDX-License-Identifier: MIT
 *
 * token_cursor_types_template.h - the state of a cursor over tokens: the other half of
 * token_cursor_template.h.
 *
 * Hooks: the stage defines before it includes this file
 *   TOKEN_AT   the decoder's state in front of a token: a struct with at least the uint32_t position,
 *              row, line_start, indent and node */
#ifndef PHASEBENCH_KIT_TOKEN_CURSOR_TYPES_TEMPLATE_H
#define PHASEBENCH_KIT_TOKEN_CURSOR_TYPES_TEMPLATE_H

#ifndef TOKEN_AT
#error "token_cursor_types_template.h: define the hook TOKEN_AT, the struct of the decoder's state, before this file"
#endif

#include "token.h"

/* Copies a field through a register of its own width: a struct whose fields were just stored
 * one by one, read back with wide loads, waits for the stores to retire. */
#define TOKEN_COPY(to, from)         \
  do {                               \
    __typeof__(from) field = (from); \
    __asm__("" : "+r"(field));       \
    (to) = field;                    \
  } while (0)

/* How places in a document are told. */
enum token_measure { TOKEN_BY_BYTE, TOKEN_BY_POINT };

/* An inner node that the cursor stands on or came through: what goto_parent and a second
 * goto_first_child go back to. Where the node lies follows from `after` (token_frame_head). */
struct token_frame {
  struct tree_kind kind;
  TOKEN_AT after; /* behind the node's token */
};

/* What is known of a frame's node. */
static inline void token_frame_head(const struct token_frame *frame, struct stage_head *head) {
  memcpy(head, &frame->kind, sizeof frame->kind);
  head->start_byte = frame->after.position;
  head->start_row = frame->after.row;
  head->start_column = frame->after.position - frame->after.line_start;
  head->index = frame->after.node - 1;
}

/* What token_spot.at is. */
enum token_standing {
  TOKEN_AT_LEAF,  /* the end of the current node, a leaf */
  TOKEN_AT_INNER, /* behind the token of the current node, an inner one */
  TOKEN_AT_END,   /* the end of the current node, an inner one; frames[frame_count].after is behind its token */
};

/* An open node of the batch walk. */
struct token_walk_frame {
  struct stage_head head;
  uint32_t child_count, named_child_count;
};

/* Where the cursor stands, apart from pub: what moves that may fail late save and restore. */
struct token_spot {
  TOKEN_AT at;
  enum token_standing standing;
  uint32_t end_closes; /* unless TOKEN_AT_INNER: ancestors that close right where the node ends, gaps apart */
  uint32_t frame_count;
  uint32_t searched; /* ancestors that have no frame begin in blocks before this one */
};

/* First in the stage's own cursor. */
struct token_cursor {
  struct stage_cursor pub;
  const struct stage_ctx *ctx;
  struct token_spot spot;
  /* The nearest ancestors, the parent last, at frames[0..spot.frame_count); those above
   * are searched when asked for. There is room for one more, the current node's own. */
  struct token_frame *frames;
  uint32_t frame_capacity;

  TOKEN_AT walk;
  struct token_walk_frame *walk_frames;
  uint32_t walk_depth, walk_capacity, walk_closes;
};

/* Places the cursor at the root of what the stage's cursor now describes; false, and
 * pub.error, when out of memory. */
bool token_cursor_start(struct token_cursor *cursor);
void token_cursor_free_frames(struct token_cursor *cursor);

/* The hooks of struct stage_ops. */
bool token_goto_first_child(struct stage_cursor *cursor);
bool token_goto_next_sibling(struct stage_cursor *cursor);
bool token_goto_parent(struct stage_cursor *cursor);
bool token_goto_previous_sibling(struct stage_cursor *cursor);
bool token_goto_last_child(struct stage_cursor *cursor);
bool token_goto_child(struct stage_cursor *cursor, uint32_t n);
bool token_goto_child_by_field(struct stage_cursor *cursor, uint16_t field);
bool token_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte);
bool token_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end);
bool token_goto_descendant_for_points(struct stage_cursor *cursor, TSPoint start, TSPoint end);
bool token_goto_index(struct stage_cursor *cursor, uint32_t index);
int token_extent(struct stage_cursor *cursor, struct stage_extent *extent);
int token_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count);

/* Their lines in the table; the steps of a walk by moves apart, since a stage may have its own. */
#define TOKEN_CURSOR_STEPS                                                                  \
  .goto_first_child = token_goto_first_child, .goto_next_sibling = token_goto_next_sibling, \
  .goto_parent = token_goto_parent
#define TOKEN_CURSOR_HOOKS                                                                        \
  .goto_previous_sibling = token_goto_previous_sibling, .goto_last_child = token_goto_last_child, \
  .goto_child = token_goto_child, .goto_child_by_field = token_goto_child_by_field,               \
  .goto_first_child_for_byte = token_goto_first_child_for_byte,                                   \
  .goto_descendant_for_bytes = token_goto_descendant_for_bytes,                                   \
  .goto_descendant_for_points = token_goto_descendant_for_points, .goto_index = token_goto_index, \
  .extent = token_extent

#endif
