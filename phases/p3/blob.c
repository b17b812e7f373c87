/* SPDX-License-Identifier: MIT
 *
 * blob.c - codes and numbers become a blob. One pass over the rows checks everything that a
 * decoder relies on and computes the blocks' entries; so it serves the encoder, whose parts
 * are right, regrowing and validation alike. */
#include "encode.h"

/* The pass. Positions are kept wider than the format's, so that none wraps around. */
struct pass {
  struct p3_encoder *encoder;
  const struct p3_tables *tables;
  const uint16_t *number_codes;
  struct p3_number_source *source;
  uint64_t position, column, row;
  uint32_t indent, depth, depth_min, node, escape;
  bool childless; /* the row before was an inner node's */
  const char *why;
};

static bool bad(struct pass *pass, const char *why) {
  if (!pass->why) pass->why = why;
  return false;
}

/* ---- one row ---- */

static bool number_take(struct pass *pass, uint32_t context, uint32_t *number) {
  if (!pass->source->next(pass->source, pass->tables, context, number)) return bad(pass, "the numbers end early");
  const uint16_t *codes = pass->number_codes + (size_t)context * (P3_NUMBER_VALUES + 1);
  p3_number_write(&pass->encoder->number_bits, codes, pass->tables->is_plain, *number);
  return true;
}

static bool go(struct pass *pass, uint64_t bytes, uint64_t rows, uint64_t column, bool absolute) {
  pass->position += bytes;
  pass->row += rows;
  if (pass->position > UINT32_MAX || pass->row > UINT32_MAX) return bad(pass, "a position is too large");
  pass->column = absolute ? column : pass->column + bytes;
  /* The decoder keeps the line's start, which may not lie before the text's. */
  if (pass->column > pass->position) return bad(pass, "a column is larger than its position");
  return true;
}

static bool explicit_take(struct pass *pass, uint32_t *rows) {
  uint32_t bytes, column;
  return number_take(pass, 0, &bytes) && number_take(pass, 0, rows) && number_take(pass, 0, &column) &&
         go(pass, bytes, *rows, column, true);
}

static bool padding_take(struct pass *pass, struct tree_row row) {
  uint32_t rows;
  if (row.flags & ROW_NEWLINE) {
    struct tree_padding pad = pass->tables->paddings[row.pad];
    int64_t column = (int64_t)pass->indent + pad.column_delta;
    if (column < 0) return bad(pass, "an indentation is below zero");
    pass->indent = (uint32_t)column;
    return go(pass, (uint64_t)pad.rows + (uint64_t)column + pad.surplus, pad.rows, (uint64_t)column, true);
  }
  if (row.flags & ROW_EXPLICIT) {
    if (!explicit_take(pass, &rows)) return false;
    if (rows > 0) pass->indent = (uint32_t)pass->column;
    return true;
  }
  return go(pass, row.advance, 0, 0, false);
}

static bool leaf_take(struct pass *pass, struct tree_row row) {
  uint32_t v = row.length;
  if (row.flags & ROW_LINES) return explicit_take(pass, &v);
  if ((row.flags & ROW_LENGTH) && !number_take(pass, row.length, &v)) return false;
  return go(pass, v, 0, 0, false);
}

static bool row_take(struct pass *pass, struct tree_row row) {
  bool is_gap = row.flags & ROW_GAP, is_inner = !(row.flags & (ROW_LEAF | ROW_GAP));
  if (is_gap && pass->childless) return bad(pass, "an inner node has no children");
  if (!is_gap && pass->node > 0 && pass->depth == 0) return bad(pass, "a second root");
  if (pass->depth == 0 && is_gap) return bad(pass, "more nodes close than are open");
  if (!is_inner && row.closes > pass->depth) return bad(pass, "more nodes close than are open");
  if (!is_gap && pass->node == UINT32_MAX) return bad(pass, "too many nodes");
  if (!padding_take(pass, row)) return false;
  if ((row.flags & ROW_LEAF) && !leaf_take(pass, row)) return false;
  pass->node += !is_gap;
  pass->childless = is_inner;
  pass->depth = p3_depth_behind(pass->depth, row);
  if (pass->depth < pass->depth_min) pass->depth_min = pass->depth;
  return true;
}

/* ---- all of them ---- */

static bool escape_take(struct pass *pass, struct tree_row *row) {
  const struct p3_array *escapes = &pass->encoder->escapes;
  if (pass->escape == escapes->count) return bad(pass, "an escape has no row");
  *row = ((const struct tree_row *)escapes->items)[pass->escape++];
  if ((row->flags & ROW_LENGTH) && row->length != 0) return bad(pass, "a row behind an escape has a context");
  const char *wrong = row_wrong(*row, pass->tables->kind_count, pass->tables->padding_count);
  return !wrong || bad(pass, wrong);
}

static bool code_take(struct pass *pass, uint32_t code) {
  const struct p3_tables *tables = pass->tables;
  if (code >= tables->phrase_count) return bad(pass, "a code is not in the table");
  const uint16_t *rows = tables->pool + (tables->phrases[code] >> 8);
  uint32_t count = tables->phrases[code] & 255;
  for (uint32_t i = 0; i < count; i++) {
    struct tree_row row = tables->rows[rows[i]];
    if (rows[i] == P3_ESCAPE && !escape_take(pass, &row)) return false;
    if (!row_take(pass, row)) return false;
  }
  return true;
}

static struct p3_entry entry_here(const struct pass *pass) {
  return (struct p3_entry){{
      [P3_NODE] = pass->node,
      [P3_POSITION] = (uint32_t)pass->position,
      [P3_NUMBER_BIT] = (uint32_t)pass->encoder->number_bits.bit_count,
      [P3_ROW] = (uint32_t)pass->row,
      [P3_COLUMN] = (uint32_t)pass->column,
      [P3_INDENT] = pass->indent,
      [P3_DEPTH] = pass->depth,
      [P3_ESCAPES] = pass->escape,
  }};
}

/* Numbers beside one code's rows take at most so many bits. */
#define CODE_NUMBER_BITS_MAX (P3_PHRASE_ROWS_MAX * ROW_NUMBERS_MAX * 64u)

static int codes_take(struct pass *pass, uint32_t *done) {
  struct p3_encoder *encoder = pass->encoder;
  const uint16_t *codes = encoder->codes.items;
  struct p3_entry *entries = encoder->entries.items;
  for (uint32_t i = 0; i < encoder->codes.count; i++) {
    *done = i;
    if (i % P3_BLOCK_CODES == 0) {
      uint32_t block = i / P3_BLOCK_CODES;
      if (block > 0) entries[block - 1].field[P3_DEPTH_MIN] = pass->depth_min;
      entries[block] = entry_here(pass);
      pass->depth_min = pass->depth;
    }
    if (encoder->number_bits.bit_count > UINT32_MAX - CODE_NUMBER_BITS_MAX) {
      bad(pass, "its numbers take more than 512 MiB");
      return STAGE_LIMIT;
    }
    if (!p3_bits_reserve(&encoder->number_bits, CODE_NUMBER_BITS_MAX)) return STAGE_OUT_OF_MEMORY;
    if (!code_take(pass, codes[i])) return STAGE_CORRUPT;
  }
  entries[encoder->entries.count - 1].field[P3_DEPTH_MIN] = pass->depth_min;
  if (pass->node == 0 || pass->depth != 0) bad(pass, "nodes are left open");
  else if (pass->escape != encoder->escapes.count) bad(pass, "escapes are left over");
  return pass->why ? STAGE_CORRUPT : STAGE_OK;
}

/* ---- putting it together ---- */

static void widths_choose(const struct p3_encoder *encoder, uint8_t widths[P3_ENTRY_FIELDS]) {
  const struct p3_entry *entries = encoder->entries.items;
  for (int f = 0; f < P3_ENTRY_FIELDS; f++) {
    uint32_t all = 0;
    for (uint32_t b = 1; b < encoder->entries.count; b++) all |= entries[b].field[f];
    widths[f] = all ? (uint8_t)(32 - __builtin_clz(all)) : 0;
  }
}

/* Bits into zeroed bytes, of which 8 behind the last may be written. */
static void bits_put(uint8_t *p, uint64_t at, uint32_t value) {
  uint64_t word = p3_load64(p + (at >> 3)) | (uint64_t)value << (at & 7);
  memcpy(p + (at >> 3), &word, sizeof word);
}

static uint8_t *entries_write(const struct p3_encoder *encoder, uint8_t *p) {
  const struct p3_entry *entries = encoder->entries.items;
  uint8_t widths[P3_ENTRY_FIELDS];
  if (encoder->entries.count == 1) return p;
  widths_choose(encoder, widths);
  for (uint32_t f = 0; f < P3_ENTRY_FIELDS; f++) bits_put(p, f * 6u, widths[f]);
  p += P3_WIDTHS_BYTES;
  uint64_t at = 0;
  for (uint32_t b = 1; b < encoder->entries.count; b++) {
    for (int f = 0; f < P3_ENTRY_FIELDS; at += widths[f++]) bits_put(p, at, entries[b].field[f]);
  }
  return p + p3_bit_bytes(at);
}

static uint8_t *codes_write(const struct p3_encoder *encoder, uint32_t code_bits, uint8_t *p) {
  const uint16_t *codes = encoder->codes.items;
  for (uint32_t i = 0; i < encoder->codes.count; i++) bits_put(p, (uint64_t)i * code_bits, codes[i]);
  return p + p3_bit_bytes((uint64_t)encoder->codes.count * code_bits);
}

/* No more than this many bytes are written. */
static uint64_t blob_bytes_max(const struct p3_encoder *encoder, uint32_t code_bits) {
  uint64_t entries = (uint64_t)encoder->entries.count * P3_ENTRY_FIELDS * 4;
  return 2 * VARINT_BYTES_MAX + P3_WIDTHS_BYTES + entries + p3_bit_bytes((uint64_t)encoder->codes.count * code_bits) +
         (uint64_t)encoder->escapes.count * sizeof(struct tree_row) + p3_bit_bytes(encoder->number_bits.bit_count) +
         P3_FOOTER_BYTES + 8;
}

static int blob_write(struct p3_encoder *encoder, uint32_t code_bits, uint32_t node_count, uint32_t language,
                      uint8_t generation) {
  uint64_t most = blob_bytes_max(encoder, code_bits);
  if (most > encoder->blob_capacity) {
    uint8_t *blob = stage_resize(encoder->ctx, STAGE_TREE, encoder->blob, most + most / 4);
    if (!blob) return STAGE_OUT_OF_MEMORY;
    encoder->blob = blob;
    encoder->blob_capacity = most + most / 4;
  }
  memset(encoder->blob, 0, most);
  uint8_t *p = encoder->blob;
  p += varint_write(p, encoder->codes.count);
  p += varint_write(p, encoder->escapes.count);
  p = entries_write(encoder, p);
  p = codes_write(encoder, code_bits, p);
  size_t escape_bytes = (size_t)encoder->escapes.count * sizeof(struct tree_row);
  if (escape_bytes > 0) memcpy(p, encoder->escapes.items, escape_bytes);
  p += escape_bytes;
  size_t number_bytes = (size_t)p3_bit_bytes(encoder->number_bits.bit_count);
  if (number_bytes > 0) memcpy(p, encoder->number_bits.bytes, number_bytes);
  p += number_bytes;
  uint64_t footer = node_count | (uint64_t)(language & 0xffff) << 32 | (uint64_t)generation << 48;
  memcpy(p, &footer, sizeof footer);
  encoder->blob_bytes = (uint64_t)(p + P3_FOOTER_BYTES - encoder->blob);
  return STAGE_OK;
}

int p3_blob_build(struct p3_encoder *encoder, const struct p3_tables *tables, const uint16_t *number_codes,
                  uint32_t language, uint8_t generation, struct p3_number_source *source, const char **why,
                  uint32_t *code) {
  struct pass pass = {.encoder = encoder, .tables = tables, .number_codes = number_codes, .source = source};
  *code = 0;
  uint32_t blocks = (uint32_t)(((uint64_t)encoder->codes.count + P3_BLOCK_CODES - 1) / P3_BLOCK_CODES);
  if (blocks == 0) {
    *why = "there are no codes";
    return STAGE_CORRUPT;
  }
  encoder->entries.count = 0;
  if (!p3_array_reserve(encoder->ctx, &encoder->entries, blocks, sizeof(struct p3_entry))) return STAGE_OUT_OF_MEMORY;
  encoder->entries.count = blocks;
  struct p3_bit_writer *bits = &encoder->number_bits;
  if (bits->bytes) memset(bits->bytes, 0, bits->bit_count / 8 + 9);
  bits->bit_count = 0;
  int error = codes_take(&pass, code);
  *why = pass.why;
  return error ? error : blob_write(encoder, tables->code_bits, pass.node, language, generation);
}
