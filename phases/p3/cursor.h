/* SPDX-License-Identifier: MIT
 *
 * cursor.h - p3's cursor: a position in the tokens of phrases, walked in place. */
#ifndef PHASEBENCH_P3_CURSOR_H
#define PHASEBENCH_P3_CURSOR_H

#include "format.h"

#define TOKEN_AT struct p3_at
#include "kit/tokens/token_cursor_types_template.h"

/* What scanning for a symbol knows of each phrase of a coding. */
struct p3_scan_table {
  uint16_t symbol;
  uint8_t generation;
  bool is_made;
  uint32_t phrase_count; /* a growing coding gets more of them */
  uint8_t *counts;       /* by phrase: how often the symbol occurs in it */
};

struct p3_cursor {
  struct token_cursor moves; /* first: the moves know no more of it */
  struct stage_pin pin;
  bool open;
  struct p3_tables tables;
  struct p3_tree tree;
  /* One for each language, made when it is first scanned for a symbol. */
  struct p3_scan_table *scans;
  uint32_t scan_count;
};

/* ---- moves.c: the hooks of the same names ---- */

bool p3_goto_first_child(struct stage_cursor *cursor);
bool p3_goto_next_sibling(struct stage_cursor *cursor);
bool p3_goto_parent(struct stage_cursor *cursor);

int p3_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count); /* walk.c */

/* ---- scan.c: the hooks of struct stage_ops ---- */

bool p3_goto_next_symbol(struct stage_cursor *cursor, uint16_t symbol);
int p3_count_symbol(struct stage_cursor *cursor, uint16_t symbol, uint32_t *count);
void p3_cursor_free_scans(struct p3_cursor *cursor);

#endif
