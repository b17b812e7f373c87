/* SPDX-License-Identifier: MIT
 *
 * cursor.h - the base stage's cursor on a live tree: a TSTreeCursor. */
#ifndef BASELINE_CURSOR_H
#define BASELINE_CURSOR_H

#include "stage.h"

/* The cursor hooks of struct stage_ops, for live trees. */
int baseline_cursor_new(void *store, struct stage_cursor **cursor);
int baseline_cursor_open(struct stage_cursor *cursor, uint32_t id);
void baseline_cursor_close(struct stage_cursor *cursor);
void baseline_cursor_delete(struct stage_cursor *cursor);
bool baseline_goto_first_child(struct stage_cursor *cursor);
bool baseline_goto_next_sibling(struct stage_cursor *cursor);
bool baseline_goto_parent(struct stage_cursor *cursor);
bool baseline_goto_previous_sibling(struct stage_cursor *cursor);
bool baseline_goto_last_child(struct stage_cursor *cursor);
bool baseline_goto_child(struct stage_cursor *cursor, uint32_t n);
bool baseline_goto_child_by_field(struct stage_cursor *cursor, uint16_t field);
bool baseline_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte);
bool baseline_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end);
bool baseline_goto_index(struct stage_cursor *cursor, uint32_t index);
int baseline_extent(struct stage_cursor *cursor, struct stage_extent *extent);
int baseline_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count);

#endif
