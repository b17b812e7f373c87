/* SPDX-License-Identifier: MIT
 *
 * row.h - the alphabet in which a tree is told: one row a node, in preorder.
 *
 * A node of a syntax tree is a repetition: `identifier` in field `name` after one space as
 * the last child of its parent occurs a million times. So (kind, padding, closes) is a
 * row, rows stand in a table, and a node is the row's number. Only what really varies, the
 * length of named leaves, stands beside it as a number.
 *
 *   kind     (symbol, grammar symbol, field, flags): what tree-sitter says of the node
 *            apart from where it lies.
 *   padding  from the end of what came before to the node's start: it stands on the
 *            outermost node that starts there. On the same line it is a byte count;
 *            across lines (rows, column relative to the last line's first token,
 *            surplus bytes), so that rows and columns cost nothing more and a row
 *            does not depend on how deep it is indented.
 *   closes   how many ancestors end where this leaf ends.
 *   length   of a leaf: in the row where the kind fixes it (punctuation, keywords), a
 *            number beside the row otherwise.
 * A node whose end lies behind its last child's end (a hidden token follows) is closed
 * by a GAP row, which is no node: its padding is the gap, and it closes one ancestor
 * with the gap and closes-1 more without.
 *
 * The numbers of a row, in this order: with EXPLICIT three (bytes, rows, column after),
 * with LENGTH one (bytes), with LINES three (bytes, rows, column after). */
#ifndef PHASEBENCH_KIT_ROW_H
#define PHASEBENCH_KIT_ROW_H

#include <string.h>

#include "stage.h"

enum row_flag {
  ROW_LEAF = 1u << 0,
  ROW_LENGTH = 1u << 1,   /* leaf: the length is a number */
  ROW_LINES = 1u << 2,    /* leaf over several lines: bytes, rows, column are numbers */
  ROW_NEWLINE = 1u << 3,  /* padding across lines: `pad` is an index into the paddings */
  ROW_EXPLICIT = 1u << 4, /* padding in numbers: bytes, rows, column */
  ROW_GAP = 1u << 5,      /* no node: closes an ancestor behind a gap */
  ROW_FLAGS = (1u << 6) - 1,
};

#define ROW_NUMBERS_MAX 6u

struct tree_row {
  uint16_t kind;
  uint16_t pad;    /* NEWLINE: index into the paddings; else 0 */
  uint8_t length;  /* leaf without LENGTH and LINES: its bytes */
  uint8_t closes;  /* leaf, gap: ancestors that end here */
  uint8_t advance; /* padding on the same line, in bytes */
  uint8_t flags;   /* enum row_flag */
};

/* As the first 8 bytes of struct stage_head. */
struct tree_kind {
  uint16_t symbol, grammar_symbol, field, flags;
};

struct tree_padding {
  uint16_t rows;
  int16_t column_delta; /* column after it, less the indent */
  uint16_t surplus;     /* bytes - rows - column */
  uint16_t reserved;
};

_Static_assert(sizeof(struct tree_row) == 8, "a row is stored as 8 bytes");
_Static_assert(sizeof(struct tree_kind) == 8, "a kind is the head's first 8 bytes");
_Static_assert(sizeof(struct tree_padding) == 8, "a padding is stored as 8 bytes");
_Static_assert(offsetof(struct stage_head, start_byte) == 8, "a kind is the head's first 8 bytes");

/* Rows, kinds and paddings as keys: their 8 bytes as one number. */
static inline uint64_t row_key(const void *eight_bytes) {
  uint64_t key;
  memcpy(&key, eight_bytes, sizeof key);
  return key;
}

/* How many numbers stand beside a row. */
static inline uint32_t row_number_count(struct tree_row row) {
  return (row.flags & ROW_EXPLICIT ? 3u : 0u) + (row.flags & ROW_LENGTH ? 1u : 0u) + (row.flags & ROW_LINES ? 3u : 0u);
}

/* NULL where the row's fields go together and are in the tables; else what is wrong. */
static inline const char *row_wrong(struct tree_row row, uint32_t kind_count, uint32_t padding_count) {
  uint32_t f = row.flags;
  if (f & ~(uint32_t)ROW_FLAGS) return "a row has unknown flags";
  if ((f & ROW_NEWLINE) && (f & ROW_EXPLICIT)) return "a row has two paddings";
  if ((f & ROW_GAP) && (f & (ROW_LEAF | ROW_LENGTH | ROW_LINES))) return "a gap is no leaf";
  if (!(f & ROW_LEAF) && (f & (ROW_LENGTH | ROW_LINES))) return "an inner node has no length";
  if ((f & ROW_LENGTH) && (f & ROW_LINES)) return "a leaf has two lengths";
  if (!(f & (ROW_LEAF | ROW_GAP)) && row.closes > 0) return "an inner node closes nothing";
  if ((f & ROW_GAP) && row.closes == 0) return "a gap closes at least one node";
  if (row.kind >= kind_count) return "a kind is not in the table";
  if ((f & ROW_NEWLINE) && row.pad >= padding_count) return "a token's padding is not in the table";
  return NULL;
}

#endif
