/* SPDX-License-Identifier: MIT
 *
 * blob.c - codes and numbers become a blob. One pass over the tokens checks everything that a
 * decoder relies on and computes the blocks' entries; so it serves the encoder, whose parts
 * are right, reconstructing and validation alike. A kernel: opening a document that a blob store has stripped
 * is mostly this pass. So its state is a local that stays in registers (whatever rare tokens touch
 * is out of line), limits of fields are looked at once a code and not once a token, and tables are
 * asked for ahead of their use. */
#include "encode.h"

/* What does not change in the pass, and what only rare tokens touch. */
struct pass {
  struct p3_encoder *encoder;
  const struct p3_tables *tables;
  const uint16_t *number_codes;
  struct p3_source *source;
  const char *why;
};

/* In front of a token. Wider than the format's fields: a code's tokens cannot wrap it around, and whether it
 * fits is looked at behind each code. */
struct state {
  uint64_t position, row, line_start, indent, node, depth, depth_min;
  uint32_t escape;
  bool childless; /* the token before was an inner node's */
};

static bool bad(struct pass *pass, const char *why) {
  if (!pass->why) pass->why = why;
  return false;
}

/* ---- one token ---- */

/* Stripped numbers stand behind the stripped codes, the first one last, and most are a byte. */
static inline bool strip_number(struct p3_source *source, uint32_t *number) {
  const uint8_t *p = source->numbers;
  uint64_t v = 0;
  for (uint32_t shift = 0; p > source->codes && shift < 35; shift += 7) {
    uint8_t byte = *--p;
    v |= (uint64_t)(byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    source->numbers = p;
    *number = (uint32_t)v;
    return v <= UINT32_MAX;
  }
  return false;
}

static inline bool number_take(struct pass *pass, uint32_t context, uint32_t *number) {
  struct p3_source *source = pass->source;
  bool found = source->codes ? strip_number(source, number) : source->next(source, pass->tables, context, number);
  if (__builtin_expect(!found, 0)) return bad(pass, "the numbers end early");
  const uint16_t *codes = pass->number_codes + (size_t)context * (P3_NUMBER_VALUES + 1);
  uint32_t code = *number < P3_NUMBER_VALUES ? codes[*number] : 0;
  if (__builtin_expect(code != 0, 1)) p3_bits_write(&pass->encoder->number_bits, code >> 4, code & 15);
  else p3_number_write(&pass->encoder->number_bits, codes, pass->tables->is_plain, *number);
  return true;
}

/* Bytes, rows and the column behind them as numbers. */
static __attribute__((noinline)) bool explicit_take(struct pass *pass, uint64_t *position, uint64_t *line_start,
                                                    uint32_t *rows) {
  uint32_t bytes, column;
  if (!number_take(pass, 0, &bytes) || !number_take(pass, 0, rows) || !number_take(pass, 0, &column)) return false;
  *position += bytes;
  /* The decoder keeps the line's start, which may not lie before the text's. */
  if (column > *position) return bad(pass, "a column is larger than its position");
  *line_start = *position - column;
  return true;
}

static inline bool padding_take(struct pass *pass, struct state *s, struct tree_token token) {
  if (token.flags & TOKEN_NEWLINE) {
    struct tree_padding pad = pass->tables->paddings[token.pad];
    int64_t column = (int64_t)s->indent + pad.column_delta;
    if (__builtin_expect(column < 0, 0)) return bad(pass, "an indentation is below zero");
    s->indent = (uint64_t)column;
    s->row += pad.rows;
    s->line_start = s->position + pad.rows + pad.surplus;
    s->position = s->line_start + s->indent;
  } else if (__builtin_expect(token.flags & TOKEN_EXPLICIT, 0)) {
    uint64_t position = s->position, line_start; /* locals, so that the state can stay in registers */
    uint32_t rows;
    if (!explicit_take(pass, &position, &line_start, &rows)) return false;
    s->position = position;
    s->line_start = line_start;
    s->row += rows;
    if (rows > 0) s->indent = position - line_start;
  } else {
    s->position += token.advance;
  }
  return true;
}

static inline bool leaf_take(struct pass *pass, struct state *s, struct tree_token token) {
  uint32_t v = token.length;
  if (token.flags & TOKEN_LENGTH) {
    if (!number_take(pass, token.length, &v)) return false;
    s->position += v;
  } else if (__builtin_expect(token.flags & TOKEN_LINES, 0)) {
    uint64_t position = s->position, line_start;
    if (!explicit_take(pass, &position, &line_start, &v)) return false;
    s->position = position;
    s->line_start = line_start;
    s->row += v;
  } else {
    s->position += v;
  }
  return true;
}

static inline __attribute__((always_inline)) bool token_take(struct pass *pass, struct state *s,
                                                             struct tree_token token) {
  bool is_gap = token.flags & TOKEN_GAP, is_inner = !(token.flags & (TOKEN_LEAF | TOKEN_GAP));
  if (__builtin_expect(is_gap && s->childless, 0)) return bad(pass, "an inner node has no children");
  if (__builtin_expect(s->depth == 0 && s->node > 0 && !is_gap, 0)) return bad(pass, "a second root");
  if (__builtin_expect(token.closes > s->depth, 0)) return bad(pass, "more nodes close than are open");
  if (!padding_take(pass, s, token)) return false;
  if ((token.flags & TOKEN_LEAF) && !leaf_take(pass, s, token)) return false;
  s->node += !is_gap;
  s->childless = is_inner;
  s->depth = s->depth + is_inner - token.closes; /* an inner node's token closes nothing */
  if (s->depth < s->depth_min) s->depth_min = s->depth;
  return true;
}

/* ---- one code ---- */

static __attribute__((noinline)) bool escape_take(struct pass *pass, uint32_t escape, struct tree_token *token) {
  const struct p3_array *escapes = &pass->encoder->escapes;
  if (escape == escapes->count) return bad(pass, "an escape has no token");
  *token = ((const struct tree_token *)escapes->items)[escape];
  if ((token->flags & TOKEN_LENGTH) && token->length != 0) return bad(pass, "a token behind an escape has a context");
  const char *wrong = token_wrong(*token, pass->tables->kind_count, pass->tables->padding_count);
  return !wrong || bad(pass, wrong);
}

static inline __attribute__((always_inline)) bool code_take(struct pass *pass, struct state *s, uint32_t code) {
  const struct p3_tables *tables = pass->tables;
  if (code >= tables->phrase_count) return bad(pass, "a code is not in the table");
  uint32_t phrase = tables->phrases[code];
  const uint16_t *number = tables->pool + (phrase >> 8), *end = number + (phrase & 255);
  for (; number < end; number++) {
    struct tree_token token = tables->tokens[*number];
    if (__builtin_expect(*number == P3_ESCAPE, 0)) {
      struct tree_token escaped;
      if (!escape_take(pass, s->escape++, &escaped)) return false;
      token = escaped;
    }
    if (!token_take(pass, s, token)) return false;
  }
  if (s->position > UINT32_MAX || s->row > UINT32_MAX) return bad(pass, "a position is too large");
  return s->node <= UINT32_MAX || bad(pass, "too many nodes");
}

/* ---- all of them ---- */

static struct p3_entry entry_here(const struct pass *pass, const struct state *s) {
  return (struct p3_entry){{
      [P3_NODE] = (uint32_t)s->node,
      [P3_POSITION] = (uint32_t)s->position,
      [P3_NUMBER_BIT] = (uint32_t)pass->encoder->number_bits.bit_count,
      [P3_ROW] = (uint32_t)s->row,
      [P3_COLUMN] = (uint32_t)(s->position - s->line_start),
      [P3_INDENT] = (uint32_t)s->indent,
      [P3_DEPTH] = (uint32_t)s->depth,
      [P3_ESCAPES] = s->escape,
  }};
}

/* Numbers beside one code's tokens take at most so many bits. */
#define CODE_NUMBER_BITS_MAX (P3_PHRASE_TOKENS_MAX * TOKEN_NUMBERS_MAX * 64u)

/* In front of the first code of a block. */
static int block_begin(struct pass *pass, struct state *s) {
  struct p3_array *entries = &pass->encoder->entries;
  if (!p3_array_reserve(pass->encoder->ctx, entries, 1, sizeof(struct p3_entry))) return STAGE_OUT_OF_MEMORY;
  struct p3_entry *entry = (struct p3_entry *)entries->items + entries->count;
  if (entries->count++ > 0) entry[-1].field[P3_DEPTH_MIN] = (uint32_t)s->depth_min;
  *entry = entry_here(pass, s);
  s->depth_min = s->depth;
  return STAGE_OK;
}

/* Room for the numbers beside a code's tokens. */
static inline int numbers_reserve(struct pass *pass) {
  struct p3_bit_writer *bits = &pass->encoder->number_bits;
  if (__builtin_expect(bits->bit_count > UINT32_MAX - CODE_NUMBER_BITS_MAX, 0)) {
    bad(pass, "its numbers take more than 512 MiB");
    return STAGE_LIMIT;
  }
  return p3_bits_reserve(bits, CODE_NUMBER_BITS_MAX) ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

/* The tables are larger than the caches next to the processor. So of a code that is due in a while the phrase is asked
 * for, and of one that is due sooner the tokens. Codes are taken as they stand; behind an escaped token they are
 * other bytes, and asking for what they name does no harm. */
enum { PHRASE_AHEAD = 8, TOKENS_AHEAD = 4 };
static inline void strip_expect(const struct pass *pass) {
  const struct p3_source *source = pass->source;
  const struct p3_tables *tables = pass->tables;
  uint16_t later, sooner;
  if (source->numbers - source->codes < (ptrdiff_t)((PHRASE_AHEAD + 1) * sizeof later)) return;
  memcpy(&later, source->codes + PHRASE_AHEAD * sizeof later, sizeof later);
  memcpy(&sooner, source->codes + TOKENS_AHEAD * sizeof sooner, sizeof sooner);
  if (later < tables->phrase_count) __builtin_prefetch(tables->pool + (tables->phrases[later] >> 8));
  if (sooner >= tables->phrase_count) return;
  uint32_t phrase = tables->phrases[sooner];
  const uint16_t *tokens = tables->pool + (phrase >> 8);
  for (uint32_t i = 0; i < (phrase & 255); i++) __builtin_prefetch(tables->tokens + tokens[i]);
}

/* The next of the stripped codes, and of an escape its token; into the encoder, too. */
static inline int strip_code(struct pass *pass, uint32_t *code) {
  struct p3_encoder *encoder = pass->encoder;
  struct p3_source *source = pass->source;
  uint16_t stored;
  if (source->numbers - source->codes < (ptrdiff_t)sizeof stored) return STAGE_CORRUPT;
  memcpy(&stored, source->codes, sizeof stored);
  source->codes += sizeof stored;
  if (!p3_array_reserve(encoder->ctx, &encoder->codes, 1, sizeof stored)) return STAGE_OUT_OF_MEMORY;
  ((uint16_t *)encoder->codes.items)[encoder->codes.count++] = stored;
  *code = stored;
  strip_expect(pass);
  if (__builtin_expect(stored != P3_ESCAPE, 1)) return STAGE_OK;
  struct tree_token token;
  if (source->numbers - source->codes < (ptrdiff_t)sizeof token) return STAGE_CORRUPT;
  memcpy(&token, source->codes, sizeof token);
  source->codes += sizeof token;
  if (!p3_array_reserve(encoder->ctx, &encoder->escapes, 1, sizeof token)) return STAGE_OUT_OF_MEMORY;
  ((struct tree_token *)encoder->escapes.items)[encoder->escapes.count++] = token;
  return STAGE_OK;
}

/* Codes that were stripped end where the root does. */
static int codes_take(struct pass *pass, uint64_t *node_count, uint32_t *done) {
  struct p3_encoder *encoder = pass->encoder;
  bool is_stripped = pass->source->codes;
  struct state s = {0};
  for (uint32_t i = 0, code; is_stripped ? i == 0 || s.depth > 0 : i < encoder->codes.count; i++) {
    *done = i;
    int error = numbers_reserve(pass);
    if (!error && i % P3_BLOCK_CODES == 0) error = block_begin(pass, &s);
    if (!error && is_stripped) error = strip_code(pass, &code);
    else if (!error) code = ((const uint16_t *)encoder->codes.items)[i];
    if (error) return error;
    if (!code_take(pass, &s, code)) return STAGE_CORRUPT;
  }
  if (s.node == 0 || s.depth != 0) bad(pass, "nodes are left open");
  else if (s.escape != encoder->escapes.count) bad(pass, "escapes are left over");
  if (pass->why) return STAGE_CORRUPT;
  ((struct p3_entry *)encoder->entries.items)[encoder->entries.count - 1].field[P3_DEPTH_MIN] = (uint32_t)s.depth_min;
  *node_count = s.node;
  return STAGE_OK;
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
  uint64_t word = 0;
  uint32_t held = 0; /* bits in the word */
  for (uint32_t i = 0; i < encoder->codes.count; i++) {
    word |= (uint64_t)codes[i] << held;
    held += code_bits;
    if (held < 32) continue;
    uint32_t low = (uint32_t)word;
    memcpy(p, &low, sizeof low);
    p += sizeof low;
    word >>= 32;
    held -= 32;
  }
  memcpy(p, &word, sizeof word);
  return p + p3_bit_bytes(held);
}

/* No more than this many bytes are written. */
static uint64_t blob_bytes_max(const struct p3_encoder *encoder, uint32_t code_bits) {
  uint64_t entries = (uint64_t)encoder->entries.count * P3_ENTRY_FIELDS * 4;
  return 2 * VARINT_BYTES_MAX + P3_WIDTHS_BYTES + entries + p3_bit_bytes((uint64_t)encoder->codes.count * code_bits) +
         (uint64_t)encoder->escapes.count * sizeof(struct tree_token) + p3_bit_bytes(encoder->number_bits.bit_count) +
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
  size_t escape_bytes = (size_t)encoder->escapes.count * sizeof(struct tree_token);
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

int p3_blob_build(struct p3_encoder *encoder, const struct p3_reading *reading, uint32_t language, uint8_t generation,
                  struct p3_source *source, struct p3_wrong *wrong) {
  struct pass pass = {encoder, reading->tables, reading->number_codes, source, NULL};
  struct p3_bit_writer *bits = &encoder->number_bits;
  uint64_t node_count;
  *wrong = (struct p3_wrong){0};
  if (source->codes) p3_encoder_clear(encoder);
  encoder->entries.count = 0;
  if (bits->bytes) memset(bits->bytes, 0, bits->bit_count / 8 + 9);
  bits->bit_count = 0;
  int error = codes_take(&pass, &node_count, &wrong->code);
  wrong->why = pass.why;
  return error ? error : blob_write(encoder, reading->tables->code_bits, (uint32_t)node_count, language, generation);
}
