/* SPDX-License-Identifier: MIT
 *
 * reconstruct.c - a blob without what can be computed, and the way back.
 *
 * Stripped bytes:
 *   off size
 *     0    1 generation
 *     1    2 language
 *     3      codes, as in the blob; they end where the root's last token does
 *            nibbles, one a byte, to the end
 * Gone are all counts, the block entries and the tail: everything that an edit at the
 * beginning of a text changes in the whole blob. The nibbles stand one a byte, because an
 * edit that inserts an odd number of them would otherwise change every byte behind it.
 *
 * The way back is one pass over the tokens, which gives the entries, and is as distrustful
 * as validation of everything but the tables. */
#include "encode.h"

#define STRIPPED_HEADER_BYTES 3u

uint64_t p1_strip(const struct p1_tree *tree, uint8_t *out) {
  uint8_t *p = out;
  *p++ = tree->generation;
  *p++ = (uint8_t)tree->language;
  *p++ = (uint8_t)(tree->language >> 8);
  memcpy(p, tree->codes, tree->code_bytes);
  p += tree->code_bytes;
  for (uint32_t i = 0; i < tree->nibble_count; i++) *p++ = (uint8_t)(tree->nibbles[i >> 1] >> ((i & 1) * 4)) & 15;
  return (uint64_t)(p - out);
}

bool p1_strip_tables(const uint8_t *stripped, uint64_t length, uint32_t *language, uint8_t *generation) {
  if (length < STRIPPED_HEADER_BYTES) return false;
  *generation = stripped[0];
  *language = p1_load16(stripped + 1);
  return true;
}

/* Where the pass stands. Nibbles are read only once the codes' end is known, so it is two
 * passes over the tokens: the first looks at depths alone. */
struct pass {
  const struct p1_tables *tables;
  const uint8_t *p, *end; /* codes */
  const uint8_t *nibble, *nibble_end;
  uint32_t position, row, line_start, indent, depth;
};

static bool token_next(struct pass *pass, struct tree_token *token) {
  const struct p1_tables *tables = pass->tables;
  if (pass->p == pass->end) return false;
  uint32_t code = *pass->p++;
  if (code >= tables->one_byte) {
    if (pass->p == pass->end) return false;
    code = tables->one_byte + ((code - tables->one_byte) << 8) + *pass->p++;
  }
  if (code == P1_ESCAPE) {
    if ((size_t)(pass->end - pass->p) < sizeof *token) return false;
    memcpy(token, pass->p, sizeof *token);
    pass->p += sizeof *token;
    return true;
  }
  if (code >= tables->token_count) return false;
  *token = tables->tokens[code];
  return true;
}

static bool number_next(struct pass *pass, uint32_t *number) {
  if (pass->nibble == pass->nibble_end) return false;
  uint32_t n = *pass->nibble++;
  *number = n;
  if (n < 12) return true;
  if (n < 15) {
    if (pass->nibble == pass->nibble_end) return false;
    *number = 12 + ((n - 12) << 4) + *pass->nibble++;
    return true;
  }
  uint32_t v = 0;
  for (uint32_t shift = 0;; shift += 3) {
    if (pass->nibble == pass->nibble_end || shift > 30) return false;
    n = *pass->nibble++;
    v |= (n & 7) << shift;
    if (!(n & 8)) break;
  }
  *number = 60 + v;
  return true;
}

static bool explicit_over(struct pass *pass, uint32_t *rows) {
  uint32_t bytes, column;
  if (!number_next(pass, &bytes) || !number_next(pass, rows) || !number_next(pass, &column)) return false;
  pass->position += bytes;
  pass->row += *rows;
  pass->line_start = pass->position - column;
  return true;
}

static bool padding_over(struct pass *pass, struct tree_token token) {
  uint32_t rows;
  if (token.flags & TOKEN_NEWLINE) {
    if (token.pad >= pass->tables->padding_count) return false;
    struct tree_padding pad = pass->tables->paddings[token.pad];
    pass->indent += (uint32_t)(int32_t)pad.column_delta;
    pass->row += pad.rows;
    pass->line_start = pass->position + pad.rows + pad.surplus;
    pass->position = pass->line_start + pass->indent;
  } else if (token.flags & TOKEN_EXPLICIT) {
    if (!explicit_over(pass, &rows)) return false;
    if (rows > 0) pass->indent = pass->position - pass->line_start;
  } else {
    pass->position += token.advance;
  }
  return true;
}

static bool leaf_over(struct pass *pass, struct tree_token token) {
  uint32_t v = token.length;
  if (token.flags & TOKEN_LINES) return explicit_over(pass, &v);
  if ((token.flags & TOKEN_LENGTH) && !number_next(pass, &v)) return false;
  pass->position += v;
  return true;
}

/* The depth behind a token; false: it closes more than is open. */
static bool depth_over(uint32_t *depth, struct tree_token token) {
  if (!(token.flags & (TOKEN_LEAF | TOKEN_GAP))) ++*depth;
  else if (token.closes > *depth) return false;
  else *depth -= token.closes;
  return true;
}

/* The first pass: where the codes end, which is where nothing is open any more. */
static bool codes_end(struct pass *pass) {
  uint32_t depth = 0;
  struct tree_token token;
  do {
    if (!token_next(pass, &token) || !depth_over(&depth, token)) return false;
  } while (depth > 0);
  return true;
}

static struct p1_entry entry_here(const struct pass *pass, const uint8_t *code, const uint8_t *codes,
                                  const uint8_t *nibbles) {
  return (struct p1_entry){
      .code = (uint32_t)(code - codes),
      .nibble = (uint32_t)(pass->nibble - nibbles),
      .position = pass->position,
      .row = pass->row,
      .column = pass->position - pass->line_start,
      .indent = pass->indent,
      .depth = pass->depth,
      .depth_min = pass->depth,
  };
}

/* The second pass: the entries. */
static int entries_make(struct p1_encoder *encoder, struct pass *pass, uint32_t *node_count) {
  const uint8_t *codes = pass->p, *nibbles = pass->nibble;
  encoder->entry_count = 0;
  *node_count = 0;
  while (pass->p < pass->end) {
    const uint8_t *code = pass->p;
    struct tree_token token;
    if (!token_next(pass, &token)) return STAGE_CORRUPT;
    if (!(token.flags & TOKEN_GAP)) {
      if ((*node_count & (P1_BLOCK_NODES - 1)) == 0) {
        if (!p1_entries_reserve(encoder, encoder->entry_count + 1)) return STAGE_OUT_OF_MEMORY;
        encoder->entries[encoder->entry_count++] = entry_here(pass, code, codes, nibbles);
      }
      ++*node_count;
    }
    if (!padding_over(pass, token) || ((token.flags & TOKEN_LEAF) && !leaf_over(pass, token))) return STAGE_CORRUPT;
    if (!depth_over(&pass->depth, token)) return STAGE_CORRUPT;
    p1_entry_reaches(encoder, pass->depth);
  }
  return *node_count > 0 && pass->nibble == pass->nibble_end ? STAGE_OK : STAGE_CORRUPT;
}

static void nibbles_write(const uint8_t *nibbles, uint32_t count, uint8_t *p) {
  uint32_t i = 0;
  for (; i + 1 < count; i += 2) *p++ = (uint8_t)(nibbles[i] | nibbles[i + 1] << 4);
  if (i < count) *p++ = nibbles[i];
  memset(p, 0, P1_TAIL_BYTES);
}

int p1_reconstruct(struct p1_encoder *encoder, const struct p1_tables *tables, const uint8_t *stripped,
                   uint64_t stripped_length, uint8_t *out, uint64_t length) {
  if (stripped_length <= STRIPPED_HEADER_BYTES || stripped_length > UINT32_MAX) return STAGE_CORRUPT;
  const uint8_t *codes = stripped + STRIPPED_HEADER_BYTES, *all_end = stripped + stripped_length;
  struct pass pass = {.tables = tables, .p = codes, .end = all_end};
  if (!codes_end(&pass)) return STAGE_CORRUPT;
  const uint8_t *nibbles = pass.p;
  for (const uint8_t *p = nibbles; p < all_end; p++) {
    if (*p > 15) return STAGE_CORRUPT;
  }
  struct p1_tree tree = {.generation = stripped[0],
                         .language = p1_load16(stripped + 1),
                         .code_bytes = (uint32_t)(nibbles - codes),
                         .nibble_count = (uint32_t)(all_end - nibbles)};
  pass = (struct pass){.tables = tables, .p = codes, .end = nibbles, .nibble = nibbles, .nibble_end = all_end};
  int error = entries_make(encoder, &pass, &tree.node_count);
  if (error) return error;
  if (p1_blob_bytes(encoder, tree.code_bytes, tree.nibble_count) != length) return STAGE_CORRUPT;
  uint8_t *p = p1_blob_begin(encoder, &tree, out);
  memcpy(p, codes, tree.code_bytes);
  nibbles_write(nibbles, tree.nibble_count, p + tree.code_bytes);
  return STAGE_OK;
}
