/* SPDX-License-Identifier: MIT
 *
 * serial.h - the base stage's trees as plain bytes: an array of fixed-size records. Only where
 * a blob store lies above the base stage, which can keep bytes and no live trees. No saving is
 * meant: it is the form that leaves all saving to the blob store, and strip.c is what it leaves
 * out where the blob store asks. */
#ifndef BASELINE_SERIAL_H
#define BASELINE_SERIAL_H

#include "cursor.h"

/* One node. The records of a document stand in preorder, so a node's index is its
 * record's position, its first child (if any) is the next record, and its next sibling
 * stands descendant_count records further on. Only the way up has to be written down.
 *   off size
 *     0   20  symbol, grammar_symbol, field, flags (u16 each), start byte, row, column
 *    20    4  index of the parent; the root's is 0
 *    24   24  struct stage_extent
 * Byte order is the machine's: the records never leave the process. */
struct serial_record {
  uint16_t symbol, grammar_symbol, field, flags;
  uint32_t start_byte, start_row, start_column;
  uint32_t parent;
  struct stage_extent extent;
};
_Static_assert(sizeof(struct serial_record) == 48, "records are 48 bytes");

/* The names of a language, copied from its grammar, which is unloaded once parsing is
 * over. */
struct serial_names {
  const char **symbols; /* [symbol_count]; NULL: the language is not known */
  const char **fields;  /* [field_count + 1]; 0 is no field */
  uint32_t symbol_count, field_count;
};

struct serial {
  const struct stage_ctx *ctx;
  struct serial_names *languages; /* by the document's `language` */
  uint32_t language_count;
};

void serial_free(struct serial *serial);
/* Hands the tree's records to the blob store; the tree stays the caller's. */
int serial_put_tree(struct serial *serial, const struct stage_document *document, const TSTree *tree);
const char *serial_symbol_name(const struct serial *serial, uint32_t language, uint16_t symbol);
const char *serial_field_name(const struct serial *serial, uint32_t language, uint16_t field);

/* As the hooks of struct stage_ops (stripped.c). */
int serial_strip(const void *bytes, uint64_t length, uint8_t *out, uint64_t *out_length);
int serial_reconstruct(const uint8_t *stripped, uint64_t stripped_length, uint8_t *out, uint64_t length);

/* The cursor hooks of struct stage_ops (serial_cursor.c). */
int serial_cursor_new(const struct serial *serial, struct stage_cursor **cursor);
int serial_cursor_open(struct stage_cursor *cursor, uint32_t id);
void serial_cursor_close(struct stage_cursor *cursor);
void serial_cursor_delete(struct stage_cursor *cursor);
bool serial_goto_first_child(struct stage_cursor *cursor);
bool serial_goto_next_sibling(struct stage_cursor *cursor);
bool serial_goto_parent(struct stage_cursor *cursor);
bool serial_goto_previous_sibling(struct stage_cursor *cursor);
bool serial_goto_last_child(struct stage_cursor *cursor);
bool serial_goto_child(struct stage_cursor *cursor, uint32_t n);
bool serial_goto_child_by_field(struct stage_cursor *cursor, uint16_t field);
bool serial_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte);
bool serial_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end);
bool serial_goto_index(struct stage_cursor *cursor, uint32_t index);
int serial_extent(struct stage_cursor *cursor, struct stage_extent *extent);
int serial_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count);

#endif
