/* SPDX-License-Identifier: MIT
 *
 * tree_tokens.h - a tree-sitter tree becomes tokens and their numbers (token.h), in preorder.
 * Trees can be hundreds of thousands of levels deep and millions of nodes wide: a loop over
 * TSTreeCursor, linear in both. */
#ifndef PHASEBENCH_KIT_TREE_TOKENS_H
#define PHASEBENCH_KIT_TREE_TOKENS_H

#include "alphabet.h"

/* In front of a node: what a decoder knows there. */
struct tokens_at {
  uint32_t position, row, column, indent; /* indent: column of the line's first node */
  uint32_t depth;                         /* nodes that are open */
};

/* Where tokens go. Both return enum stage_error; an error ends the writing. */
struct token_sink {
  void *to;
  /* A node begins; the tokens of all nodes before it were given. NULL: not told. */
  int (*node)(void *to, const struct tokens_at *at);
  int (*token)(void *to, struct tree_token token, const uint32_t *numbers, uint32_t number_count);
};

enum tokens_form {
  TOKENS_PACKED, /* paddings and the lengths of punctuation stand in the token */
  TOKENS_PLAIN,  /* all paddings and lengths are numbers: nothing of them is interned */
};

/* A node that is open while its children are written. */
struct tokens_open {
  uint32_t end_byte;
  TSPoint end_point;
  uint32_t children_left;
  bool fieldless; /* none of its children has a field */
};

/* Working memory; zeroed but for ctx is empty, and it can be used again and again. */
struct tree_tokens {
  const struct stage_ctx *ctx;
  struct tokens_open *open;
  uint32_t open_capacity;
};

void tree_tokens_free(struct tree_tokens *tokens);

/* Writes the tree's tokens; kinds and paddings are interned in `alphabet`, whose maps are open.
 * STAGE_OUT_OF_MEMORY, what the sink returned, or STAGE_LIMIT where the tree is not of the
 * shape that tree-sitter promises (told through ctx->fail). */
int tree_tokens_write(struct tree_tokens *tokens, struct alphabet *alphabet, const TSLanguage *grammar,
                      const TSTree *tree, enum tokens_form form, const struct token_sink *sink);

#endif
