/* SPDX-License-Identifier: MIT
 *
 * format.h - p3's tree format: phrases of tokens, one fixed-width code each; and the decoder
 * of one token, on which cursor, walk and validation stand.
 *
 * The idea. A tree is a sequence of tokens (kit/tokens/token.h), and code repeats itself in longer
 * pieces than a token: `( identifier , identifier ) {` and what its parents close is always
 * told by the same tokens. A phrase is such a piece, learned from the store itself (learn.h),
 * and a code of 8 to 16 bits names one: some 5 to 8 tokens. Phrases may cross the borders of
 * subtrees, which is why this beats sharing equal subtrees. What tokens leave open, the
 * lengths of named leaves, are numbers in a stream of bits of their own, in prefix codes
 * that depend on the leaf's kind.
 *
 * A blob (one tree). Little endian; bit i of a field of bits is bit (i mod 8) of its byte
 * i / 8, the lowest first.
 *   varint      code_count
 *   varint      escape_count
 *   9 * 6 bits  the widths of an entry's fields, in 7 bytes; only with more than
 *               P3_BLOCK_CODES codes
 *   bits        block entries: one for each P3_BLOCK_CODES codes but the first of all;
 *               fields of the widths above, absolute numbers; padded to a byte
 *   bits        codes: code_count of the coding's width; padded to a byte
 *   bytes       escapes: 8 for each, a token that the table does not hold
 *   bits        numbers; padded to a byte
 *   u32         node_count
 *   u16         language
 *   u8          generation of the coding, modulo 256
 *   u8          0
 * The fixed part stands at the end so that 8 bytes may be loaded at any bit of the streams.
 * An entry is the decoder's state in front of the block's first code: preorder index of
 * the next node, position in bytes, bit in the numbers, row, column, indent, open nodes,
 * escapes so far; and last the fewest nodes that are open behind any token of the block.
 *
 * Phrases. Phrase 0 is the escape: one token, which stands in the escapes. A phrase is a run
 * in a pool of token numbers (u16), named by (start << 8 | tokens); phrases that are part of
 * another one share its place.
 *
 * Numbers. For each context a prefix code of at most P3_NUMBER_BITS bits, decoded by one
 * look-up: entry = value << 4 | bits used. With P3_NUMBER_LONG the value follows in raw
 * bits: groups of 3, lowest first, each with a fourth bit that says whether another follows;
 * in a plain coding 16 bits, and 32 more where these are all ones.
 *
 * The tree of the two bytes "1;" in JavaScript before finalizing, when each token is a phrase
 * and a code has 14 bits: tokens (program), (expression_statement), (number, closes 0, length
 * is a number), (";", length 1, closes 2) are codes 1 to 4:
 *   [04][00] [01 80 00 30 00 10 00] [18] [04 00 00 00] [00 00] [00] [00]
 * (4 * 14 bits of codes in 7 bytes, then the length 1 as a prefix code.)
 */
#ifndef PHASEBENCH_P3_FORMAT_H
#define PHASEBENCH_P3_FORMAT_H

#include "kit/tokens/token.h"
#include "kit/support/varint.h"

/* A random parent or byte look-up decodes half a block on average; ARCHITECTURE.md has what
 * other sizes cost. */
#ifndef P3_BLOCK_CODES
#define P3_BLOCK_CODES 16u
#endif
#define P3_FOOTER_BYTES 8u
#define P3_WIDTHS_BYTES 7u
#define P3_ESCAPE 0u
/* In the escape's place of the tokens: no token, with a flag that sends decoders the rare way. */
#define P3_ESCAPE_TOKEN ((struct tree_token){.flags = TOKEN_GAP})
#define P3_PHRASE_TOKENS_MAX 64u
#define P3_CODE_BITS_MIN 8u
#define P3_CODE_BITS_MAX 16u
#define P3_TOKENS_MAX 16383u    /* of a coding, the escape's place with them */
#define P3_NUMBER_BITS 8u       /* of the longest prefix code of a number */
#define P3_NUMBER_LONG 0x8000u  /* in a number's entry */
#define P3_CONTEXT_COUNT_MAX 8u /* context 0: whatever has none of its own */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is read and written in place");

/* What decoding needs of a coding. */
struct p3_tables {
  const struct tree_token *tokens; /* in a token with LENGTH, `length` is the number's context */
  const struct tree_kind *kinds;
  const struct tree_padding *paddings;
  const uint32_t *phrases;
  const uint16_t *pool;
  const uint16_t *numbers; /* [context_count << P3_NUMBER_BITS] */
  uint32_t token_count, kind_count, padding_count, phrase_count, pool_count, context_count;
  uint32_t code_bits;
  bool is_plain; /* fixed-width numbers */
};

enum p3_entry_field {
  P3_NODE,
  P3_POSITION,
  P3_NUMBER_BIT,
  P3_ROW,
  P3_COLUMN,
  P3_INDENT,
  P3_DEPTH,
  P3_ESCAPES,
  P3_DEPTH_MIN,
  P3_ENTRY_FIELDS,
};

struct p3_entry {
  uint32_t field[P3_ENTRY_FIELDS];
};

/* A blob, taken apart. Pointers are into the pinned bytes. */
struct p3_tree {
  const uint8_t *entries, *codes, *escapes, *numbers;
  uint32_t code_count, escape_count, node_count;
  uint32_t block_count; /* at least 1 */
  uint32_t code_bits, code_mask;
  uint32_t number_bytes;
  uint32_t language;
  uint8_t generation;
  uint8_t width[P3_ENTRY_FIELDS];
  uint16_t offset[P3_ENTRY_FIELDS]; /* of a field in its entry, in bits */
  uint32_t entry_bits;
};

/* Where a decoder stands: in front of a token. Neighbours are pairs of 64 bits to the cursor's
 * fast ways (moves.c). */
struct p3_at {
  const uint16_t *next; /* the rest of the phrase under way */
  uint32_t left;        /* tokens in it */
  uint32_t code;        /* the next one */
  uint32_t bit;         /* in the numbers */
  uint32_t escape;      /* the next one */
  uint32_t position;    /* bytes */
  uint32_t row;
  uint32_t line_start; /* position of the current line's first byte */
  uint32_t indent;     /* column of the line's first node */
  uint32_t node;       /* preorder index of the next node */
  uint32_t reserved;   /* 0 */
};

static inline uint64_t p3_load64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* `width` <= 32 bits at bit `at`, with 8 bytes behind it that may be read. */
static inline uint32_t p3_bits(const uint8_t *p, uint64_t at, uint32_t width) {
  return (uint32_t)(p3_load64(p + (at >> 3)) >> (at & 7) & ((UINT64_C(1) << width) - 1));
}

/* ---- taking a blob apart ---- */

static inline uint64_t p3_bit_bytes(uint64_t bits) { return (bits + 7) / 8; }

static inline bool p3_widths_open(struct p3_tree *tree, const uint8_t *p) {
  tree->entry_bits = 0;
  for (int i = 0; i < P3_ENTRY_FIELDS; i++) {
    tree->width[i] = (uint8_t)p3_bits(p, (uint64_t)i * 6, 6);
    if (tree->width[i] > 32) return false;
    tree->offset[i] = (uint16_t)tree->entry_bits;
    tree->entry_bits += tree->width[i];
  }
  return true;
}

/* Language and generation, by which the coding is found; false: too few bytes. */
static inline bool p3_blob_coding(const uint8_t *bytes, uint64_t length, uint32_t *language, uint8_t *generation) {
  if (length < P3_FOOTER_BYTES + 2 || bytes[length - 1] != 0) return false;
  uint64_t footer = p3_load64(bytes + length - P3_FOOTER_BYTES);
  *language = (uint32_t)(footer >> 32) & 0xffff;
  *generation = (uint8_t)(footer >> 48);
  return true;
}

/* Takes a blob of a coding of `code_bits` apart; only sizes are checked (p3_validate checks
 * the rest). */
static inline bool p3_tree_open(const uint8_t *bytes, uint64_t length, uint32_t code_bits, struct p3_tree *tree) {
  uint64_t code_count, escape_count;
  if (!p3_blob_coding(bytes, length, &tree->language, &tree->generation)) return false;
  const uint8_t *p = bytes, *end = bytes + length - P3_FOOTER_BYTES;
  memcpy(&tree->node_count, end, sizeof tree->node_count);
  size_t n = varint_read(p, end, &code_count);
  if (n == 0) return false;
  p += n;
  n = varint_read(p, end, &escape_count);
  if (n == 0) return false;
  p += n;
  if (code_count == 0 || code_count > UINT32_MAX - P3_BLOCK_CODES || escape_count > code_count) return false;
  tree->code_count = (uint32_t)code_count;
  tree->escape_count = (uint32_t)escape_count;
  tree->block_count = (tree->code_count + P3_BLOCK_CODES - 1) / P3_BLOCK_CODES;
  tree->code_bits = code_bits;
  tree->code_mask = (1u << code_bits) - 1;
  tree->entry_bits = 0;
  if (tree->block_count > 1) {
    if ((uint64_t)(end - p) < P3_WIDTHS_BYTES || !p3_widths_open(tree, p)) return false;
    p += P3_WIDTHS_BYTES;
  }
  uint64_t entry_bytes = p3_bit_bytes((uint64_t)(tree->block_count - 1) * tree->entry_bits);
  uint64_t code_bytes = p3_bit_bytes(code_count * code_bits), escape_bytes = escape_count * sizeof(struct tree_token);
  if (entry_bytes + code_bytes + escape_bytes > (uint64_t)(end - p)) return false;
  tree->entries = p;
  tree->codes = p + entry_bytes;
  tree->escapes = tree->codes + code_bytes;
  tree->numbers = tree->escapes + escape_bytes;
  if ((uint64_t)(end - tree->numbers) > UINT32_MAX / 8) return false;
  tree->number_bytes = (uint32_t)(end - tree->numbers);
  return true;
}

/* ---- blocks ---- */

/* A field of block b's entry; all are 0 in front of the first block, but for the lowest
 * depth, which nobody asks: it is 0, too, since the root ends in the last block. */
static inline uint32_t p3_block_field(const struct p3_tree *tree, uint32_t b, enum p3_entry_field field) {
  if (b == 0) return 0;
  return p3_bits(tree->entries, (uint64_t)(b - 1) * tree->entry_bits + tree->offset[field], tree->width[field]);
}

/* In front of the first token of block b; *depth is the number of nodes open there. */
static inline struct p3_at p3_at_block(const struct p3_tree *tree, uint32_t b, uint32_t *depth) {
  struct p3_at at = {.code = b * P3_BLOCK_CODES};
  *depth = 0;
  if (b == 0) return at;
  *depth = p3_block_field(tree, b, P3_DEPTH);
  at.escape = p3_block_field(tree, b, P3_ESCAPES);
  at.bit = p3_block_field(tree, b, P3_NUMBER_BIT);
  at.position = p3_block_field(tree, b, P3_POSITION);
  at.row = p3_block_field(tree, b, P3_ROW);
  at.line_start = at.position - p3_block_field(tree, b, P3_COLUMN);
  at.indent = p3_block_field(tree, b, P3_INDENT);
  at.node = p3_block_field(tree, b, P3_NODE);
  return at;
}

/* ---- tokens ---- */

static inline bool p3_at_end(const struct p3_tree *tree, const struct p3_at *at) {
  return at->left == 0 && at->code == tree->code_count;
}

static inline uint32_t p3_code(const struct p3_tree *tree, uint32_t i) {
  return p3_bits(tree->codes, (uint64_t)i * tree->code_bits, tree->code_bits);
}

/* A token that stands in the escapes. Out of line, like the other rare cases, so that the
 * common ones need no registers saved. */
static __attribute__((noinline, unused)) struct tree_token p3_escaped_token(const struct p3_tree *tree, uint32_t i) {
  struct tree_token token;
  memcpy(&token, tree->escapes + (size_t)i * sizeof token, sizeof token);
  return token;
}

/* The pool is larger than the first cache: a phrase's tokens are asked for so many codes before
 * they are needed. */
#define P3_CODES_AHEAD 4u

/* The next token; there is one. */
static inline struct tree_token p3_next_token(const struct p3_tables *tables, const struct p3_tree *tree,
                                              struct p3_at *at) {
  if (at->left == 0) {
    uint32_t phrase = tables->phrases[p3_code(tree, at->code++)], ahead = at->code + P3_CODES_AHEAD;
    at->next = tables->pool + (phrase >> 8);
    at->left = phrase & 255;
    if (ahead < tree->code_count) __builtin_prefetch(tables->pool + (tables->phrases[p3_code(tree, ahead)] >> 8));
  }
  at->left--;
  uint32_t token = *at->next++;
  if (__builtin_expect(token == P3_ESCAPE, 0)) return p3_escaped_token(tree, at->escape++);
  return tables->tokens[token];
}

/* ---- numbers ---- */

static __attribute__((noinline, unused)) uint32_t p3_long_number(const uint8_t *numbers, uint32_t *bit, bool is_plain) {
  uint32_t at = *bit, v = 0;
  if (is_plain) {
    v = p3_bits(numbers, at, 16);
    at += 16;
    if (v == 0xffff) {
      v = p3_bits(numbers, at, 32);
      at += 32;
    }
  } else {
    uint32_t group;
    for (uint32_t shift = 0; shift < 33; shift += 3) {
      group = p3_bits(numbers, at, 4);
      at += 4;
      v |= (uint32_t)((uint64_t)(group & 7) << shift);
      if (!(group & 8)) break;
    }
  }
  *bit = at;
  return v;
}

/* The next number, in a context. */
static inline uint32_t p3_number(const struct p3_tables *tables, const struct p3_tree *tree, uint32_t context,
                                 uint32_t *bit) {
  uint32_t window = p3_bits(tree->numbers, *bit, P3_NUMBER_BITS);
  uint32_t entry = tables->numbers[(context << P3_NUMBER_BITS) + window];
  *bit += entry & 15;
  if (__builtin_expect(entry & P3_NUMBER_LONG, 0)) {
    uint32_t behind = *bit; /* a local, so that *bit can stay in a register */
    uint32_t v = p3_long_number(tree->numbers, &behind, tables->is_plain);
    *bit = behind;
    return v;
  }
  return entry >> 4;
}

/* Moves over bytes, rows and column; returns the rows. */
static __attribute__((noinline, unused)) uint32_t p3_explicit_over(const struct p3_tables *tables,
                                                                   const struct p3_tree *tree, struct p3_at *at) {
  at->position += p3_number(tables, tree, 0, &at->bit);
  uint32_t rows = p3_number(tables, tree, 0, &at->bit);
  at->row += rows;
  at->line_start = at->position - p3_number(tables, tree, 0, &at->bit);
  return rows;
}

/* Moves over a token's padding: to the node's start, or to the end of a gap. */
static inline void p3_padding_over(const struct p3_tables *tables, const struct p3_tree *tree, struct tree_token token,
                                   struct p3_at *at) {
  if (token.flags & TOKEN_NEWLINE) {
    struct tree_padding pad = tables->paddings[token.pad];
    uint32_t column = at->indent + (uint32_t)(int32_t)pad.column_delta;
    at->row += pad.rows;
    at->line_start = at->position + pad.rows + pad.surplus;
    at->position = at->line_start + column;
    at->indent = column;
  } else if (__builtin_expect(token.flags & TOKEN_EXPLICIT, 0)) {
    struct p3_at behind = *at;
    if (p3_explicit_over(tables, tree, &behind) > 0) behind.indent = behind.position - behind.line_start;
    *at = behind;
  } else {
    at->position += token.advance;
  }
}

/* Moves over a leaf's text. */
static inline void p3_leaf_over(const struct p3_tables *tables, const struct p3_tree *tree, struct tree_token token,
                                struct p3_at *at) {
  if (token.flags & TOKEN_LENGTH) {
    at->position += p3_number(tables, tree, token.length, &at->bit);
  } else if (__builtin_expect(token.flags & TOKEN_LINES, 0)) {
    struct p3_at behind = *at;
    p3_explicit_over(tables, tree, &behind);
    *at = behind;
  } else {
    at->position += token.length;
  }
}

/* Moves over a whole token without looking at where it lies more than it must. */
static inline void p3_token_over(const struct p3_tables *tables, const struct p3_tree *tree, struct tree_token token,
                                 struct p3_at *at) {
  p3_padding_over(tables, tree, token, at);
  if (token.flags & TOKEN_LEAF) p3_leaf_over(tables, tree, token, at);
  if (!(token.flags & TOKEN_GAP)) at->node++;
}

/* The number of open nodes behind a token. */
static inline uint32_t p3_depth_behind(uint32_t depth, struct tree_token token) {
  return token.flags & (TOKEN_LEAF | TOKEN_GAP) ? depth - token.closes : depth + 1;
}

/* ---- for tests and fuzzing (p3.c) ---- */

/* Whether a document's blob may be decoded (p3_validate in encode.h). STAGE_OK,
 * STAGE_NO_DOCUMENT, or STAGE_CORRUPT, and then why and at which code it was found. */
int p3_validate_document(void *store, uint32_t id, const char **why, uint32_t *code);

#endif
