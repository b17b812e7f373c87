/* SPDX-License-Identifier: MIT
 *
 * cursor.h - p1's cursor: a position in the codes, walked in place. */
#ifndef PHASEBENCH_P1_CURSOR_H
#define PHASEBENCH_P1_CURSOR_H

#include "format.h"

#define TOKEN_AT struct p1_at
#include "kit/tokens/token_cursor_types_template.h"

struct p1_cursor {
  struct token_cursor moves; /* first: the moves know no more of it */
  struct stage_pin pin;
  bool open;
  struct p1_tables tables;
  struct p1_tree tree;
  const uint8_t *codes_end;
};

#endif
