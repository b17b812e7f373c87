/* SPDX-License-Identifier: MIT
 *
 * format.h - p1's tree format: one token a node, in preorder, over a table per
 * language; and the decoder of one token, on which cursor, walk and validation stand.
 *
 * A token (kit/tokens/token.h) is written as its code: 1 or 2 bytes. What a token leaves open, above
 * all the length of named leaves, stands beside the codes in nibbles.
 *
 * A blob (one tree). Little endian; offsets in bytes.
 *   off size field
 *     0    1 generation    of the tables that the codes are of, modulo 256
 *     1    1 wide          1: block entries hold u32, 0: u16
 *     2    2 language
 *     4    4 node_count
 *     8    4 code_bytes
 *    12    4 nibble_count
 *    16      supers        one for each 16 blocks: 8 u32, a block entry, absolute
 *            blocks        one for each block: 8 u16 (wide: u32), relative to its super
 *                          in the first four fields
 *            codes         code_bytes
 *            nibbles       (nibble_count + 1) / 2, the low half first, and 8 zero bytes
 *                          so that a decoder may load 8 at once
 *   A block is 256 nodes; its entry is the decoder's state in front of its first token:
 *   code offset, nibble offset, position in bytes, row, column, indent, open nodes, and the
 *   fewest nodes that are open behind any token of the block. A tree of up to 256 nodes
 *   has neither supers nor blocks.
 *
 * Codes. A byte b < one_byte is code b; else code one_byte + (b - one_byte) * 256 + next
 * byte. Code 0 is the escape: a raw token (8 bytes) follows, for tokens not in the table.
 *
 * Nibbles. A length v: v < 12 one nibble v; v < 60 two nibbles, 12 + (v - 12) / 16, then
 * (v - 12) % 16; else nibble 15 and v - 60 in groups of three bits, lowest first, bit 3
 * set on all but the last. Explicit paddings and leaves over several lines are three
 * such numbers.
 *
 * The tree of the two bytes "1;" in JavaScript, with tokens (program), (expression_statement),
 * (number, closes 0, length in nibbles), (";", length 1, closes 2) as codes 1 to 4:
 *   [00][00][00 00] [04 00 00 00] [04 00 00 00] [01 00 00 00]  [01 02 03 04]  [01] [8 zero bytes]
 *
 * Why 256 nodes a block: half a bit a node for the entries; a random parent or byte
 * look-up decodes 128 tokens on average, some 300 ns.
 */
#ifndef PHASEBENCH_P1_FORMAT_H
#define PHASEBENCH_P1_FORMAT_H

#include "kit/tokens/token.h"

#define P1_BLOCK_LG 8u
#define P1_BLOCK_NODES (1u << P1_BLOCK_LG)
#define P1_SUPER_LG 4u
#define P1_SUPER_BLOCKS (1u << P1_SUPER_LG)
#define P1_HEADER_BYTES 16u
#define P1_TAIL_BYTES 8u
#define P1_CODE_MAX 16000u /* tokens of a table; leaves room below 64 * 256 two-byte codes */
#define P1_ESCAPE 0u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is read and written in place");

/* What decoding needs of a language's tables. */
struct p1_tables {
  const struct tree_token *tokens;
  const struct tree_kind *kinds;
  const struct tree_padding *paddings;
  uint32_t token_count, kind_count, padding_count;
  uint32_t one_byte; /* codes below are one byte */
};

/* A block's entry: the decoder in front of the block's first token. */
struct p1_entry {
  uint32_t code, nibble, position, row; /* relative to the super in a block */
  uint32_t column, indent, depth, depth_min;
};

/* A blob, taken apart. Pointers are into the pinned bytes. */
struct p1_tree {
  const uint8_t *supers, *blocks; /* unaligned */
  const uint8_t *codes, *nibbles;
  uint32_t node_count, block_count; /* block_count: 0 for a tree of one block */
  uint32_t code_bytes, nibble_count;
  uint32_t language;
  uint8_t generation, wide;
};

/* Where a decoder stands: in front of a token. */
struct p1_at {
  const uint8_t *code;
  uint32_t nibble;
  uint32_t position; /* bytes */
  uint32_t row;
  uint32_t line_start; /* position of the current line's first byte */
  uint32_t indent;     /* column of the line's first node */
  uint32_t node;       /* preorder index of the next node */
};

static inline uint32_t p1_load32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline uint16_t p1_load16(const uint8_t *p) {
  uint16_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Takes a blob apart; only sizes are checked (p1_validate checks the rest). */
static inline bool p1_tree_open(const uint8_t *bytes, uint64_t length, struct p1_tree *tree) {
  if (length < P1_HEADER_BYTES + P1_TAIL_BYTES) return false;
  tree->generation = bytes[0];
  tree->wide = bytes[1];
  tree->language = p1_load16(bytes + 2);
  tree->node_count = p1_load32(bytes + 4);
  tree->code_bytes = p1_load32(bytes + 8);
  tree->nibble_count = p1_load32(bytes + 12);
  if (tree->wide > 1 || tree->node_count == 0) return false;
  uint64_t blocks = ((uint64_t)tree->node_count + P1_BLOCK_NODES - 1) >> P1_BLOCK_LG;
  if (blocks == 1) blocks = 0;
  uint64_t supers = (blocks + P1_SUPER_BLOCKS - 1) >> P1_SUPER_LG;
  uint64_t nibble_bytes = ((uint64_t)tree->nibble_count + 1) / 2;
  uint64_t want =
      P1_HEADER_BYTES + supers * 32 + blocks * (tree->wide ? 32 : 16) + tree->code_bytes + nibble_bytes + P1_TAIL_BYTES;
  if (want != length) return false;
  tree->block_count = (uint32_t)blocks;
  tree->supers = bytes + P1_HEADER_BYTES;
  tree->blocks = tree->supers + supers * 32;
  tree->codes = tree->blocks + blocks * (tree->wide ? 32 : 16);
  tree->nibbles = tree->codes + tree->code_bytes;
  return true;
}

/* Entry of block b < block_count, in absolute numbers. */
static inline struct p1_entry p1_entry_at(const struct p1_tree *tree, uint32_t b) {
  struct p1_entry super, e;
  memcpy(&super, tree->supers + (size_t)(b >> P1_SUPER_LG) * 32, sizeof super);
  if (tree->wide) {
    memcpy(&e, tree->blocks + (size_t)b * 32, sizeof e);
  } else {
    uint16_t v[8];
    memcpy(v, tree->blocks + (size_t)b * 16, sizeof v);
    e = (struct p1_entry){v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
  }
  e.code += super.code;
  e.nibble += super.nibble;
  e.position += super.position;
  e.row += super.row;
  return e;
}

static inline uint32_t p1_block_depth_min(const struct p1_tree *tree, uint32_t b) {
  return tree->wide ? p1_load32(tree->blocks + (size_t)b * 32 + 28) : p1_load16(tree->blocks + (size_t)b * 16 + 14);
}
static inline uint32_t p1_block_depth(const struct p1_tree *tree, uint32_t b) {
  return tree->wide ? p1_load32(tree->blocks + (size_t)b * 32 + 24) : p1_load16(tree->blocks + (size_t)b * 16 + 12);
}
static inline uint32_t p1_block_position(const struct p1_tree *tree, uint32_t b) {
  uint32_t super = p1_load32(tree->supers + (size_t)(b >> P1_SUPER_LG) * 32 + 8);
  return super +
         (tree->wide ? p1_load32(tree->blocks + (size_t)b * 32 + 8) : p1_load16(tree->blocks + (size_t)b * 16 + 4));
}

/* In front of the first token of block b (0 for a tree without blocks). *depth is the
 * number of open ancestors there. */
static inline struct p1_at p1_at_block(const struct p1_tree *tree, uint32_t b, uint32_t *depth) {
  struct p1_at at = {.code = tree->codes, .node = b << P1_BLOCK_LG};
  *depth = 0;
  if (b == 0) return at;
  struct p1_entry e = p1_entry_at(tree, b);
  at.code += e.code;
  at.nibble = e.nibble;
  at.position = e.position;
  at.row = e.row;
  at.line_start = e.position - e.column;
  at.indent = e.indent;
  *depth = e.depth;
  return at;
}

/* A number of more than two nibbles; *at is behind the first, 15. Out of line, like the
 * other rare cases, so that the common ones need no registers saved. */
static __attribute__((noinline, unused)) uint32_t p1_long_number(const uint8_t *nibbles, uint32_t *at) {
  uint32_t v = 0, shift = 0, n;
  do {
    n = (uint32_t)(nibbles[*at >> 1] >> ((*at & 1) * 4)) & 15;
    ++*at;
    if (shift < 32) v |= (n & 7) << shift;
    shift += 3;
  } while (n & 8);
  return 60 + v;
}

/* One number of the nibble stream. */
static inline uint32_t p1_number(const uint8_t *nibbles, uint32_t *at) {
  uint32_t i = *at;
  uint32_t pair = p1_load16(nibbles + (i >> 1)) >> ((i & 1) * 4); /* this nibble and at least two more */
  uint32_t n = pair & 15;
  if (n < 12) {
    *at = i + 1;
    return n;
  }
  if (__builtin_expect(n < 15, 1)) {
    *at = i + 2;
    return 12 + ((n - 12) << 4) + ((pair >> 4) & 15);
  }
  i++; /* a local, so that *at can stay in a register */
  uint32_t number = p1_long_number(nibbles, &i);
  *at = i;
  return number;
}

/* The token whose code is at *at, which moves behind it. */
static inline struct tree_token p1_next_token(const struct p1_tables *tables, const uint8_t **at) {
  const uint8_t *p = *at;
  uint32_t code = *p++;
  struct tree_token token;
  if (__builtin_expect(code >= tables->one_byte, 0)) {
    code = tables->one_byte + ((code - tables->one_byte) << 8) + *p++;
  }
  if (__builtin_expect(code == P1_ESCAPE, 0)) {
    memcpy(&token, p, sizeof token);
    p += sizeof token;
  } else {
    token = tables->tokens[code];
  }
  *at = p;
  return token;
}

/* Moves over bytes, rows and column from the nibbles; returns the rows. */
static __attribute__((noinline, unused)) uint32_t p1_explicit_over(const uint8_t *nibbles, struct p1_at *at) {
  at->position += p1_number(nibbles, &at->nibble);
  uint32_t rows = p1_number(nibbles, &at->nibble);
  at->row += rows;
  at->line_start = at->position - p1_number(nibbles, &at->nibble);
  return rows;
}

/* Moves over a token's padding: to the node's start, or to the end of a gap. */
static inline void p1_padding_over(const struct p1_tables *tables, const struct p1_tree *tree, struct tree_token token,
                                   struct p1_at *at) {
  if (token.flags & TOKEN_NEWLINE) {
    struct tree_padding pad = tables->paddings[token.pad];
    uint32_t column = at->indent + (uint32_t)(int32_t)pad.column_delta;
    at->row += pad.rows;
    at->line_start = at->position + pad.rows + pad.surplus;
    at->position = at->line_start + column;
    at->indent = column;
  } else if (__builtin_expect(token.flags & TOKEN_EXPLICIT, 0)) {
    struct p1_at behind = *at;
    if (p1_explicit_over(tree->nibbles, &behind) > 0) behind.indent = behind.position - behind.line_start;
    *at = behind;
  } else {
    at->position += token.advance;
  }
}

/* Moves over a leaf's text. */
static inline void p1_leaf_over(const struct p1_tree *tree, struct tree_token token, struct p1_at *at) {
  if (token.flags & TOKEN_LENGTH) {
    at->position += p1_number(tree->nibbles, &at->nibble);
  } else if (__builtin_expect(token.flags & TOKEN_LINES, 0)) {
    struct p1_at behind = *at;
    p1_explicit_over(tree->nibbles, &behind);
    *at = behind;
  } else {
    at->position += token.length;
  }
}

/* Moves over a whole token without looking at where it lies more than it must. */
static inline void p1_token_over(const struct p1_tables *tables, const struct p1_tree *tree, struct tree_token token,
                                 struct p1_at *at) {
  p1_padding_over(tables, tree, token, at);
  if (token.flags & TOKEN_LEAF) p1_leaf_over(tree, token, at);
  if (!(token.flags & TOKEN_GAP)) at->node++;
}

/* ---- validate.c ---- */

/* Whether a blob of tables `tables` may be decoded: every code, number and entry is
 * checked against the bytes that are there and against each other. Returns STAGE_OK or
 * STAGE_CORRUPT, and then why and the offset in the blob. */
int p1_validate(const struct p1_tables *tables, const uint8_t *bytes, uint64_t length, const char **why,
                uint64_t *offset);

/* The same for a document of an open store (p1.c); for tests and fuzzing. */
int p1_validate_document(void *store, uint32_t id, const char **why, uint64_t *offset);

#endif
