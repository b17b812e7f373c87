/* SPDX-License-Identifier: MIT
 *
 * cursor.h - p1's cursor: a position in the token stream, walked in place. */
#ifndef PHASEBENCH_P1_CURSOR_H
#define PHASEBENCH_P1_CURSOR_H

#include "format.h"

#define ROW_AT struct p1_at
#include "kit/tokens/row_cursor_types.h"

struct p1_cursor {
  struct row_cursor rows; /* first: the moves know no more of it */
  struct stage_pin pin;
  bool open;
  struct p1_tables tables;
  struct p1_tree tree;
  const uint8_t *tokens_end;
};

#endif
