/* SPDX-License-Identifier: MIT
 *
 * regrow.c - a blob without what can be computed, and the way back.
 *
 * Shed bytes:
 *   off size
 *     0    1 generation
 *     1    2 language
 *     3      codes, two bytes each; behind a code 0 the escaped row, 8 bytes; they end where
 *            the root ends
 *            numbers, as varints, to the end
 * Gone are counts, entries and footer: everything that an edit at the beginning of a text
 * changes in the whole blob. Codes and numbers stand in whole bytes, because an edit that
 * inserts bits would otherwise change every byte behind it. */
#include "encode.h"

#define SHED_HEADER_BYTES 3u

static uint8_t *shed_codes(const struct p3_tree *tree, uint8_t *p) {
  uint32_t escape = 0;
  for (uint32_t i = 0; i < tree->code_count; i++) {
    uint16_t code = (uint16_t)p3_code(tree, i);
    memcpy(p, &code, sizeof code);
    p += sizeof code;
    if (code != P3_ESCAPE || escape == tree->escape_count) continue;
    memcpy(p, tree->escapes + (size_t)escape++ * sizeof(struct tree_row), sizeof(struct tree_row));
    p += sizeof(struct tree_row);
  }
  return p;
}

int p3_shed(const struct p3_tables *tables, const struct p3_tree *tree, uint8_t *out, uint64_t room,
            uint64_t *shed_length) {
  uint8_t *p = out;
  uint64_t fixed = SHED_HEADER_BYTES + (uint64_t)tree->code_count * 2 + (uint64_t)tree->escape_count * 8;
  if (fixed > room) return STAGE_LIMIT;
  *p++ = tree->generation;
  *p++ = (uint8_t)tree->language;
  *p++ = (uint8_t)(tree->language >> 8);
  p = shed_codes(tree, p);
  struct p3_reader reader = {.tables = tables, .tree = tree};
  struct tree_row row;
  uint32_t numbers[ROW_NUMBERS_MAX];
  while (p3_read_row(&reader, &row, numbers)) {
    if (room - (uint64_t)(p - out) < ROW_NUMBERS_MAX * VARINT_BYTES_MAX) return STAGE_LIMIT;
    for (uint32_t i = 0; i < row_number_count(row); i++) p += varint_write(p, numbers[i]);
  }
  *shed_length = (uint64_t)(p - out);
  return STAGE_OK;
}

bool p3_shed_coding(const uint8_t *shed, uint64_t length, uint32_t *language, uint8_t *generation) {
  if (length <= SHED_HEADER_BYTES) return false;
  *generation = shed[0];
  *language = shed[1] | (uint32_t)shed[2] << 8;
  return true;
}

/* Numbers out of varints. */
struct varint_source {
  struct p3_number_source source;
  const uint8_t *p, *end;
};

static bool varint_next(struct p3_number_source *source, const struct p3_tables *tables, uint32_t context,
                        uint32_t *number) {
  struct varint_source *s = (struct varint_source *)source;
  (void)tables, (void)context;
  uint64_t v;
  size_t n = varint_read(s->p, s->end, &v);
  if (n == 0 || v > UINT32_MAX) return false;
  s->p += n;
  *number = (uint32_t)v;
  return true;
}

/* The depth behind a code's rows, `escaped` being the row of an escape; false: they close
 * more than is open, or the root ends among them. */
static bool depth_over(const struct p3_tables *tables, uint32_t code, struct tree_row escaped, uint32_t *depth) {
  const uint16_t *rows = tables->pool + (tables->phrases[code] >> 8);
  uint32_t count = tables->phrases[code] & 255;
  for (uint32_t i = 0; i < count; i++) {
    struct tree_row row = rows[i] == P3_ESCAPE ? escaped : tables->rows[rows[i]];
    bool is_inner = !(row.flags & (ROW_LEAF | ROW_GAP));
    if (!is_inner && row.closes > *depth) return false;
    *depth = p3_depth_behind(*depth, row);
    if (*depth == 0 && i + 1 < count) return false;
  }
  return true;
}

/* Copies codes and escapes into the encoder; *p moves behind the root's last code. */
static int codes_copy(struct p3_encoder *encoder, const struct p3_tables *tables, const uint8_t **p,
                      const uint8_t *end) {
  uint32_t depth = 0;
  do {
    uint16_t code;
    struct tree_row row = {0};
    if (end - *p < (ptrdiff_t)sizeof code) return STAGE_CORRUPT;
    memcpy(&code, *p, sizeof code);
    *p += sizeof code;
    if (code >= tables->phrase_count) return STAGE_CORRUPT;
    if (code == P3_ESCAPE) {
      if (end - *p < (ptrdiff_t)sizeof row) return STAGE_CORRUPT;
      memcpy(&row, *p, sizeof row);
      *p += sizeof row;
      if (!p3_array_reserve(encoder->ctx, &encoder->escapes, 1, sizeof row)) return STAGE_OUT_OF_MEMORY;
      ((struct tree_row *)encoder->escapes.items)[encoder->escapes.count++] = row;
    }
    if (!p3_array_reserve(encoder->ctx, &encoder->codes, 1, sizeof code)) return STAGE_OUT_OF_MEMORY;
    ((uint16_t *)encoder->codes.items)[encoder->codes.count++] = code;
    if (!depth_over(tables, code, row, &depth)) return STAGE_CORRUPT;
  } while (depth > 0);
  return STAGE_OK;
}

int p3_regrow(struct p3_encoder *encoder, const struct p3_tables *tables, const uint16_t *number_codes,
              const uint8_t *shed, uint64_t shed_length) {
  uint32_t language, code;
  uint8_t generation;
  const char *why;
  if (!p3_shed_coding(shed, shed_length, &language, &generation)) return STAGE_CORRUPT;
  p3_encoder_clear(encoder);
  const uint8_t *p = shed + SHED_HEADER_BYTES, *end = shed + shed_length;
  int error = codes_copy(encoder, tables, &p, end);
  if (error) return error;
  struct varint_source source = {{varint_next}, p, end};
  error = p3_blob_build(encoder, tables, number_codes, language, generation, &source.source, &why, &code);
  if (error) return error == STAGE_LIMIT ? STAGE_CORRUPT : error;
  return source.p == end ? STAGE_OK : STAGE_CORRUPT;
}
