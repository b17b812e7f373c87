/* SPDX-License-Identifier: MIT
 *
 * skeleton.h - what skeleton.c (the table), records.c (trees in, names) and cursor.c (trees out)
 * share. The base stage is built with records.c and cursor.c, too (phases/baseline): where it must
 * make bytes of trees, these are its records. */
#ifndef SKELETON_H
#define SKELETON_H

#include "stage.h"

/* One node as it is kept. The records of a document stand in preorder, so a node's
 * index is its record's position, its first child (if any) is the next record, and
 * its next sibling stands descendant_count records further on. Only the way up has
 * to be written down.
 *   off size
 *     0   20  symbol, grammar_symbol, field, flags (u16 each), start byte, row, column
 *    20    4  index of the parent; the root's is 0
 *    24   24  struct stage_extent
 * Byte order is the machine's: the records never leave the process. */
struct record {
  uint16_t symbol, grammar_symbol, field, flags;
  uint32_t start_byte, start_row, start_column;
  uint32_t parent;
  struct stage_extent extent;
};
_Static_assert(sizeof(struct record) == 48, "records are 48 bytes");

/* The names of a language, copied from its grammar, which is unloaded once parsing
 * is over. */
struct names {
  const char **symbols; /* [symbol_count]; NULL: the language is not known */
  const char **fields;  /* [field_count + 1]; 0 is no field */
  uint32_t symbol_count, field_count;
};

struct skeleton {
  const struct stage_ctx *ctx;
  struct names *languages; /* by the document's `language` */
  uint32_t language_count;
};

/* ---- records.c ---- */

/* Hands the tree's records to the blob store; the tree stays the caller's. */
int skeleton_put_records(struct skeleton *self, const struct stage_document *document, const TSTree *tree);
/* Gives back all names; not `self`. */
void skeleton_free_names(struct skeleton *self);
/* The hooks of struct stage_ops. */
const char *skeleton_symbol_name(void *store, uint32_t language, uint16_t symbol);
const char *skeleton_field_name(void *store, uint32_t language, uint16_t field);

/* ---- cursor.c ---- */

/* What a cursor begins with. The mark is false, and nothing here looks at it: a stage that has
 * cursors of another kind beside these tells them apart by it. Yours may do without. */
struct skeleton_cursor_head {
  struct stage_cursor base; /* first: the ABI casts */
  bool mark;
};

/* The cursor hooks of struct stage_ops. */
int skeleton_cursor_new(void *store, struct stage_cursor **cursor);
int skeleton_cursor_open(struct stage_cursor *cursor, uint32_t id);
void skeleton_cursor_close(struct stage_cursor *cursor);
void skeleton_cursor_delete(struct stage_cursor *cursor);
bool skeleton_goto_first_child(struct stage_cursor *cursor);
bool skeleton_goto_next_sibling(struct stage_cursor *cursor);
bool skeleton_goto_parent(struct stage_cursor *cursor);
bool skeleton_goto_previous_sibling(struct stage_cursor *cursor);
bool skeleton_goto_last_child(struct stage_cursor *cursor);
bool skeleton_goto_child(struct stage_cursor *cursor, uint32_t n);
bool skeleton_goto_child_by_field(struct stage_cursor *cursor, uint16_t field);
bool skeleton_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte);
bool skeleton_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end);
bool skeleton_goto_index(struct stage_cursor *cursor, uint32_t index);
int skeleton_extent(struct stage_cursor *cursor, struct stage_extent *extent);
int skeleton_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count);

#endif
