/* SPDX-License-Identifier: MIT
 *
 * token.h - the alphabet in which a tree is told: one token a node, in preorder.
 *
 * A node of a syntax tree is a repetition: `identifier` in field `name` after one space as
 * the last child of its parent occurs a million times. So (kind, padding, closes) is a
 * token, tokens stand in a table, and a node is the token's number. Only what really varies, the
 * length of named leaves, stands beside it as a number.
 *
 *   kind     (symbol, grammar symbol, field, flags): what tree-sitter says of the node
 *            apart from where it lies.
 *   padding  from the end of what came before to the node's start: it stands on the
 *            outermost node that starts there. On the same line it is a byte count;
 *            across lines (rows, column relative to the last line's first node,
 *            surplus bytes), so that rows and columns cost nothing more and a token
 *            does not depend on how deep it is indented.
 *   closes   how many ancestors end where this leaf ends.
 *   length   of a leaf: in the token where the kind fixes it (punctuation, keywords), a
 *            number beside the token otherwise.
 * A node whose end lies behind its last child's end (something hidden follows) is closed
 * by a GAP token, which is no node: its padding is the gap, and it closes one ancestor
 * with the gap and closes-1 more without.
 *
 * The numbers of a token, in this order: with EXPLICIT three (bytes, rows, column after),
 * with LENGTH one (bytes), with LINES three (bytes, rows, column after). */
#ifndef PHASEBENCH_KIT_TOKEN_H
#define PHASEBENCH_KIT_TOKEN_H

#include <string.h>

#include "stage.h"

enum token_flag {
  TOKEN_LEAF = 1u << 0,
  TOKEN_LENGTH = 1u << 1,   /* leaf: the length is a number */
  TOKEN_LINES = 1u << 2,    /* leaf over several lines: bytes, rows, column are numbers */
  TOKEN_NEWLINE = 1u << 3,  /* padding across lines: `pad` is an index into the paddings */
  TOKEN_EXPLICIT = 1u << 4, /* padding in numbers: bytes, rows, column */
  TOKEN_GAP = 1u << 5,      /* no node: closes an ancestor behind a gap */
  TOKEN_FLAGS = (1u << 6) - 1,
};

#define TOKEN_NUMBERS_MAX 6u

struct tree_token {
  uint16_t kind;
  uint16_t pad;    /* NEWLINE: index into the paddings; else 0 */
  uint8_t length;  /* leaf without LENGTH and LINES: its bytes */
  uint8_t closes;  /* leaf, gap: ancestors that end here */
  uint8_t advance; /* padding on the same line, in bytes */
  uint8_t flags;   /* enum token_flag */
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

_Static_assert(sizeof(struct tree_token) == 8, "a token is stored as 8 bytes");
_Static_assert(sizeof(struct tree_kind) == 8, "a kind is the head's first 8 bytes");
_Static_assert(sizeof(struct tree_padding) == 8, "a padding is stored as 8 bytes");
_Static_assert(offsetof(struct stage_head, start_byte) == 8, "a kind is the head's first 8 bytes");

/* Tokens, kinds and paddings as keys: their 8 bytes as one number. */
static inline uint64_t token_key(const void *eight_bytes) {
  uint64_t key;
  memcpy(&key, eight_bytes, sizeof key);
  return key;
}

/* How many numbers stand beside a token. */
static inline uint32_t token_number_count(struct tree_token token) {
  return (token.flags & TOKEN_EXPLICIT ? 3u : 0u) + (token.flags & TOKEN_LENGTH ? 1u : 0u) +
         (token.flags & TOKEN_LINES ? 3u : 0u);
}

/* NULL where the token's fields go together and are in the tables; else what is wrong. */
static inline const char *token_wrong(struct tree_token token, uint32_t kind_count, uint32_t padding_count) {
  uint32_t f = token.flags;
  if (f & ~(uint32_t)TOKEN_FLAGS) return "a token has unknown flags";
  if ((f & TOKEN_NEWLINE) && (f & TOKEN_EXPLICIT)) return "a token has two paddings";
  if ((f & TOKEN_GAP) && (f & (TOKEN_LEAF | TOKEN_LENGTH | TOKEN_LINES))) return "a gap is no leaf";
  if (!(f & TOKEN_LEAF) && (f & (TOKEN_LENGTH | TOKEN_LINES))) return "an inner node has no length";
  if ((f & TOKEN_LENGTH) && (f & TOKEN_LINES)) return "a leaf has two lengths";
  if (!(f & (TOKEN_LEAF | TOKEN_GAP)) && token.closes > 0) return "an inner node closes nothing";
  if ((f & TOKEN_GAP) && token.closes == 0) return "a gap closes at least one node";
  if (token.kind >= kind_count) return "a kind is not in the table";
  if ((f & TOKEN_NEWLINE) && token.pad >= padding_count) return "a token's padding is not in the table";
  return NULL;
}

#endif
