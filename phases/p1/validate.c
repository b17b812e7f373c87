/* SPDX-License-Identifier: MIT
 *
 * validate.c - reads a blob as an untrusting decoder: nothing is read that was not
 * checked before, and every redundant number (node count, block entries, tail) must
 * agree with what the tokens say. What passes is decoded by the fast decoder to one
 * tree, without a read outside the blob or the tables. */
#include "format.h"

struct check {
  const struct p1_tables *tables;
  struct p1_tree tree;
  uint64_t position, column;
  uint32_t row, indent, nibble, depth, node;
  const char *why;
};

static bool bad(struct check *check, const char *why) {
  if (!check->why) check->why = why;
  return false;
}

static bool nibble_next(struct check *check, uint32_t *nibble) {
  if (check->nibble >= check->tree.nibble_count) return bad(check, "the nibbles end early");
  uint32_t i = check->nibble++;
  *nibble = (uint32_t)(check->tree.nibbles[i >> 1] >> ((i & 1) * 4)) & 15;
  return true;
}

static bool number_next(struct check *check, uint32_t *number) {
  uint32_t n, m;
  if (!nibble_next(check, &n)) return false;
  if (n < 12) {
    *number = n;
    return true;
  }
  if (n < 15) {
    if (!nibble_next(check, &m)) return false;
    *number = 12 + ((n - 12) << 4) + m;
    return true;
  }
  uint64_t v = 0;
  for (uint32_t shift = 0;; shift += 3) {
    if (shift > 30) return bad(check, "a number has too many nibbles");
    if (!nibble_next(check, &m)) return false;
    v |= (uint64_t)(m & 7) << shift;
    if (!(m & 8)) break;
  }
  if (v + 60 > UINT32_MAX) return bad(check, "a number is too large");
  *number = (uint32_t)(v + 60);
  return true;
}

static bool go(struct check *check, uint64_t bytes, uint64_t rows, uint64_t column, bool absolute) {
  check->position += bytes;
  if (check->position > UINT32_MAX || check->row + rows > UINT32_MAX) return bad(check, "a position is too large");
  check->row += (uint32_t)rows;
  check->column = absolute ? column : check->column + bytes;
  /* The decoder keeps the line's start, which may not lie before the text's. */
  if (check->column > check->position) return bad(check, "a column is larger than its position");
  return true;
}

/* bytes, rows and column from the nibbles. */
static bool explicit_next(struct check *check, uint32_t *rows) {
  uint32_t bytes, column;
  return number_next(check, &bytes) && number_next(check, rows) && number_next(check, &column) &&
         go(check, bytes, *rows, column, true);
}

static bool padding_check(struct check *check, struct tree_token token) {
  uint32_t rows;
  if (token.flags & TOKEN_NEWLINE) {
    struct tree_padding pad = check->tables->paddings[token.pad];
    int64_t column = (int64_t)check->indent + pad.column_delta;
    if (column < 0) return bad(check, "an indentation is below zero");
    check->indent = (uint32_t)column;
    return go(check, (uint64_t)pad.rows + (uint64_t)column + pad.surplus, pad.rows, (uint64_t)column, true);
  }
  if (token.flags & TOKEN_EXPLICIT) {
    if (!explicit_next(check, &rows)) return false;
    if (rows > 0) check->indent = (uint32_t)check->column;
    return true;
  }
  return go(check, token.advance, 0, 0, false);
}

static bool leaf_check(struct check *check, struct tree_token token) {
  uint32_t length, rows;
  if (token.flags & TOKEN_LINES) return explicit_next(check, &rows);
  if (token.flags & TOKEN_LENGTH) return number_next(check, &length) && go(check, length, 0, 0, false);
  return go(check, token.length, 0, 0, false);
}

/* The token whose code is at *p, which moves behind it. */
static bool token_next(struct check *check, const uint8_t **p, const uint8_t *end, struct tree_token *token) {
  const struct p1_tables *tables = check->tables;
  uint32_t code = *(*p)++;
  if (code >= tables->one_byte) {
    if (*p == end) return bad(check, "a code ends early");
    code = tables->one_byte + ((code - tables->one_byte) << 8) + *(*p)++;
  }
  if (code == P1_ESCAPE) {
    if ((size_t)(end - *p) < sizeof *token) return bad(check, "a token behind an escape ends early");
    memcpy(token, *p, sizeof *token);
    *p += sizeof *token;
  } else if (code < tables->token_count) {
    *token = tables->tokens[code];
  } else {
    return bad(check, "a code is not in the table");
  }
  const char *wrong = token_wrong(*token, tables->kind_count, tables->padding_count);
  if (wrong) return bad(check, wrong);
  return true;
}

/* A block's stored entry must be what the tokens up to it make of it. */
static bool entry_check(struct check *check, const uint8_t *p, uint32_t *depth_min, uint32_t block) {
  struct p1_entry e = p1_entry_at(&check->tree, block);
  if (e.code != (uint32_t)(p - check->tree.codes) || e.nibble != check->nibble || e.position != check->position ||
      e.row != check->row || e.column != check->column || e.indent != check->indent || e.depth != check->depth) {
    return bad(check, "a block's entry does not agree with the tokens");
  }
  *depth_min = e.depth_min;
  return true;
}

static bool super_check(struct check *check, uint32_t block) {
  struct p1_entry super, e = p1_entry_at(&check->tree, block);
  memcpy(&super, check->tree.supers + (size_t)(block >> P1_SUPER_LG) * 32, sizeof super);
  return memcmp(&super, &e, sizeof e) == 0 || bad(check, "a super's entry is not its first block's");
}

/* Whether all fields of all entries of a wide tree would fit the narrow form. A tree has
 * one form only, so that what is reconstructed from its tokens is the same to the byte. */
static bool entries_fit_u16(const struct p1_tree *tree) {
  uint32_t all = 0;
  for (size_t i = 0; i < (size_t)tree->block_count * 8; i++) all |= p1_load32(tree->blocks + i * 4);
  return all <= UINT16_MAX;
}

static bool tokens_check(struct check *check, const uint8_t **p) {
  const struct p1_tree *tree = &check->tree;
  const uint8_t *end = tree->codes + tree->code_bytes;
  uint32_t lowest = 0, lowest_stored = 0;
  bool childless = false; /* the token before was an inner node's */
  while (*p < end) {
    const uint8_t *start = *p;
    struct tree_token token;
    if (!token_next(check, p, end, &token)) return false;
    if (token.flags & TOKEN_GAP) {
      if (childless) return bad(check, "an inner node has no children");
      if (token.closes > check->depth) return bad(check, "more nodes close than are open");
      if (!padding_check(check, token)) return false;
      check->depth -= token.closes;
      if (check->depth < lowest) lowest = check->depth;
      continue;
    }
    if (check->node > 0 && check->depth == 0) return bad(check, "a second root");
    if (check->node == tree->node_count) return bad(check, "more nodes than the header says");
    if (tree->block_count > 0 && (check->node & (P1_BLOCK_NODES - 1)) == 0) {
      uint32_t block = check->node >> P1_BLOCK_LG;
      if (lowest != lowest_stored) return bad(check, "a block's lowest depth is wrong");
      if (!entry_check(check, start, &lowest_stored, block)) return false;
      if ((block & (P1_SUPER_BLOCKS - 1)) == 0 && !super_check(check, block)) return false;
      lowest = check->depth;
    }
    check->node++;
    if (!padding_check(check, token)) return false;
    childless = !(token.flags & TOKEN_LEAF);
    if (token.flags & TOKEN_LEAF) {
      if (token.closes > check->depth) return bad(check, "more nodes close than are open");
      if (!leaf_check(check, token)) return false;
      check->depth -= token.closes;
      if (check->depth < lowest) lowest = check->depth;
    } else {
      check->depth++;
    }
  }
  if (tree->block_count > 0 && lowest != lowest_stored) return bad(check, "a block's lowest depth is wrong");
  if (tree->wide && entries_fit_u16(tree)) return bad(check, "entries are wide without need");
  if (check->depth != 0) return bad(check, "nodes are left open");
  if (check->node != tree->node_count) return bad(check, "fewer nodes than the header says");
  if (check->nibble != tree->nibble_count) return bad(check, "nibbles are left over");
  return true;
}

int p1_validate(const struct p1_tables *tables, const uint8_t *bytes, uint64_t length, const char **why,
                uint64_t *offset) {
  struct check check = {.tables = tables};
  const uint8_t *p = bytes;
  bool ok = false;
  if (!p1_tree_open(bytes, length, &check.tree)) {
    bad(&check, "the header does not agree with the length");
  } else {
    p = check.tree.codes;
    ok = tokens_check(&check, &p);
    static const uint8_t zeros[P1_TAIL_BYTES];
    if (ok && memcmp(bytes + length - P1_TAIL_BYTES, zeros, P1_TAIL_BYTES) != 0)
      ok = bad(&check, "the tail is not zero");
    if (ok && (check.tree.nibble_count & 1) && (bytes[length - P1_TAIL_BYTES - 1] >> 4) != 0) {
      ok = bad(&check, "the last half byte is not zero");
    }
  }
  *why = check.why;
  *offset = (uint64_t)(p - bytes);
  return ok ? STAGE_OK : STAGE_CORRUPT;
}
