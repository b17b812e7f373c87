/* SPDX-License-Identifier: MIT
 *
 * tree_rows.h - a tree-sitter tree becomes rows and their numbers (row.h), in preorder.
 * Trees can be hundreds of thousands of levels deep and millions of nodes wide: a loop over
 * TSTreeCursor, linear in both. */
#ifndef PHASEBENCH_KIT_TREE_ROWS_H
#define PHASEBENCH_KIT_TREE_ROWS_H

#include "alphabet.h"

/* In front of a node: what a decoder knows there. */
struct rows_at {
  uint32_t position, row, column, indent; /* indent: column of the line's first token */
  uint32_t depth;                         /* nodes that are open */
};

/* Where rows go. Both return enum stage_error; an error ends the writing. */
struct row_sink {
  void *to;
  /* A node begins; the rows of all nodes before it were given. NULL: not told. */
  int (*node)(void *to, const struct rows_at *at);
  int (*row)(void *to, struct tree_row row, const uint32_t *numbers, uint32_t number_count);
};

enum rows_form {
  ROWS_PACKED, /* paddings and the lengths of punctuation stand in the row */
  ROWS_PLAIN,  /* all paddings and lengths are numbers: nothing of them is interned */
};

/* A node that is open while its children are written. */
struct rows_open {
  uint32_t end_byte;
  TSPoint end_point;
  uint32_t children_left;
  bool fieldless; /* none of its children has a field */
};

/* Working memory; zeroed but for ctx is empty, and it can be used again and again. */
struct tree_rows {
  const struct stage_ctx *ctx;
  struct rows_open *open;
  uint32_t open_capacity;
};

void tree_rows_free(struct tree_rows *rows);

/* Writes the tree's rows; kinds and paddings are interned in `alphabet`, whose maps are open.
 * STAGE_OUT_OF_MEMORY, what the sink returned, or STAGE_LIMIT where the tree is not of the
 * shape that tree-sitter promises (told through ctx->fail). */
int tree_rows_write(struct tree_rows *rows, struct alphabet *alphabet, const TSLanguage *grammar, const TSTree *tree,
                    enum rows_form form, const struct row_sink *sink);

#endif
