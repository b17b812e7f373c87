/* SPDX-License-Identifier: MIT
 *
 * strip.c - the records of a tree (skeleton/skeleton.h) without what can be computed from the rest, and
 * the way back. No position, index or count is written: an edit changes the bytes where it
 * was made, and inserted lines change nothing behind them.
 *
 * Stripped bytes are two columns, back to back: one token for each node in preorder, and the
 * lengths of named leaves in the same order, which vary most and would break up what
 * repeats among the tokens. Numbers are LEB128.
 *
 *   token of a node
 *     byte     enum stage_node_flag in the low 5 bits; SHAPE_FIELD, SHAPE_GRAMMAR, SHAPE_PADDING
 *     number   symbol
 *     number   grammar_symbol, if SHAPE_GRAMMAR: it differs from symbol
 *     number   field, if SHAPE_FIELD: it is not 0
 *     advance  if SHAPE_PADDING: from where the last leaf or gap ended to where the node begins
 *     number   0: the node has children, which follow
 *              n: it has none, and n - 1 of its ancestors end where it ends
 *     advance  the leaf's length, if it is not named
 *   token of a gap: ancestors that end behind their last leaf (hidden tokens do that)
 *     byte     SHAPE_GAP
 *     advance  from where the last leaf or gap ended
 *     number   how many ancestors end there, at least 1
 *   advance
 *     number   2 * bytes: on one line; else 2 * rows + 1, and then
 *     signed   column where it leads, less that of the last node that began a line (of
 *              padding and gaps) or less that where the leaf began
 *     signed   bytes - rows - column: 0 where newlines and indentation are all there is
 *
 * A signed number is v * 2, or -v * 2 - 1 where v is negative. The tokens end where the root
 * does. "int a;" and a line end, parsed as C:
 *   [01 a1 01 00]             translation_unit (161), named, has children
 *   [01 c6 01 00]             declaration (198), named, has children
 *   [21 5d 24 01]             primitive_type (93), named, field 36 (type); closes nothing
 *   [a1 01 0a 02 01]          identifier (1), field 10 (declarator); one byte behind the type
 *   [00 2a 02 02]             ";" (42): closes the declaration; one byte long
 *   [0c 03 00 00 01]          a gap of one line end: closes the root
 *   [06] [02]                 lengths: "int", "a"
 *
 * Every value is written modulo 2^32, so that records come back whatever is in them, but for
 * the counts, parents and ends that are computed. */
#include "strip.h"

#include <string.h>

#include "kit/support/varint.h"

#define SHAPE_FLAGS 0x1fu
#define SHAPE_FIELD 0x20u
#define SHAPE_GRAMMAR 0x40u
#define SHAPE_PADDING 0x80u
/* No node is both; a record that says so is refused. */
#define SHAPE_GAP ((unsigned)STAGE_NODE_MISSING | (unsigned)STAGE_NODE_ERROR)

#define NO_NODE UINT32_MAX

struct place {
  uint32_t byte, row, column;
};

static struct place start_of(const struct record *r) {
  return (struct place){r->start_byte, r->start_row, r->start_column};
}

static struct place end_of(const struct record *r) {
  return (struct place){r->extent.end_byte, r->extent.end_row, r->extent.end_column};
}

static bool same_place(struct place a, struct place b) {
  return a.byte == b.byte && a.row == b.row && a.column == b.column;
}

/* Copied, since nobody promises alignment. */
static struct record record_at(const uint8_t *records, uint32_t index) {
  struct record record;
  memcpy(&record, records + (size_t)index * sizeof record, sizeof record);
  return record;
}

/* ---- stripping ---- */

static uint8_t *number_write(uint8_t *p, uint64_t value) { return p + varint_write(p, value); }

static uint8_t *signed_write(uint8_t *p, uint32_t value) {
  return number_write(p, (uint32_t)(value << 1) ^ (0u - (value >> 31)));
}

static uint8_t *advance_write(uint8_t *p, struct place from, struct place to, uint32_t column_before) {
  uint32_t bytes = to.byte - from.byte, rows = to.row - from.row;
  if (rows == 0 && to.column - from.column == bytes) return number_write(p, (uint64_t)bytes << 1);
  p = number_write(p, (uint64_t)rows << 1 | 1);
  p = signed_write(p, to.column - column_before);
  return signed_write(p, bytes - rows - to.column);
}

struct stripping {
  const uint8_t *records;
  struct place at;
  uint32_t indent; /* column of the last node that began a line */
  uint32_t open;   /* the innermost node that has not ended; NO_NODE behind the root */
};

static uint8_t *head_write(struct stripping *s, const struct record *r, uint8_t *p) {
  struct place start = start_of(r);
  bool is_padded = !same_place(start, s->at);
  *p++ = (uint8_t)((r->flags & SHAPE_FLAGS) | (r->field ? SHAPE_FIELD : 0u) |
                   (r->grammar_symbol != r->symbol ? SHAPE_GRAMMAR : 0u) | (is_padded ? SHAPE_PADDING : 0u));
  p = number_write(p, r->symbol);
  if (r->grammar_symbol != r->symbol) p = number_write(p, r->grammar_symbol);
  if (r->field) p = number_write(p, r->field);
  if (is_padded) p = advance_write(p, s->at, start, s->indent);
  if (start.row != s->at.row) s->indent = start.column;
  s->at = start;
  return p;
}

/* Leaves the ancestors whose last node is before `next` and which end here; their number. */
static uint32_t close_here(struct stripping *s, uint32_t next) {
  uint32_t closed = 0;
  while (s->open != NO_NODE) {
    struct record r = record_at(s->records, s->open);
    if (s->open + r.extent.descendant_count != next || !same_place(end_of(&r), s->at)) break;
    s->open = s->open > 0 ? r.parent : NO_NODE;
    closed++;
  }
  return closed;
}

static uint8_t *gaps_write(struct stripping *s, uint32_t next, uint8_t *p) {
  while (s->open != NO_NODE) {
    struct record r = record_at(s->records, s->open);
    struct place end = end_of(&r);
    if (s->open + r.extent.descendant_count != next) break;
    *p++ = SHAPE_GAP;
    p = advance_write(p, s->at, end, s->indent);
    s->at = end;
    p = number_write(p, close_here(s, next));
  }
  return p;
}

static uint8_t *token_write(struct stripping *s, uint32_t index, uint8_t *p) {
  struct record r = record_at(s->records, index);
  p = head_write(s, &r, p);
  if (r.extent.child_count > 0) {
    s->open = index;
    return number_write(p, 0);
  }
  struct place start = s->at;
  s->at = end_of(&r);
  p = number_write(p, (uint64_t)close_here(s, index + 1) + 1);
  if (!(r.flags & STAGE_NODE_NAMED)) p = advance_write(p, start, s->at, start.column);
  return gaps_write(s, index + 1, p);
}

/* A node takes at most 66 bytes here, two of its ancestors' gap included: 96 are there. */
int baseline_strip(const void *bytes, uint64_t length, uint8_t *out, uint64_t *out_length) {
  if (length == 0 || length % sizeof(struct record)) return STAGE_CORRUPT;
  struct stripping s = {.records = bytes, .open = NO_NODE};
  uint32_t count = (uint32_t)(length / sizeof(struct record));
  uint8_t *p = out;
  for (uint32_t i = 0; i < count; i++) p = token_write(&s, i, p);
  for (uint32_t i = 0; i < count; i++) {
    struct record r = record_at(s.records, i);
    if ((r.flags & SHAPE_GAP) == SHAPE_GAP) return STAGE_CORRUPT;
    if (r.extent.child_count > 0 || !(r.flags & STAGE_NODE_NAMED)) continue;
    p = advance_write(p, start_of(&r), end_of(&r), r.start_column);
  }
  *out_length = (uint64_t)(p - out);
  return STAGE_OK;
}

/* ---- reconstructing ---- */

/* Past its end it reads zeros and is bad, for good. */
struct reader {
  const uint8_t *p, *end;
  bool is_bad;
};

static uint64_t number_read(struct reader *reader) {
  if (reader->p < reader->end && *reader->p < 0x80) return *reader->p++; /* most are */
  uint64_t value = 0;
  size_t bytes = varint_read(reader->p, reader->end, &value);
  if (bytes == 0) reader->is_bad = true;
  reader->p += bytes;
  return bytes > 0 ? value : 0;
}

static uint32_t number_upto(struct reader *reader, uint32_t most) {
  uint64_t value = number_read(reader);
  if (value > most) reader->is_bad = true;
  return (uint32_t)value;
}

static uint32_t signed_read(struct reader *reader) {
  uint32_t v = number_upto(reader, UINT32_MAX);
  return (v >> 1) ^ (0u - (v & 1));
}

static struct place advance_read(struct reader *reader, struct place from, uint32_t column_before) {
  uint64_t code = number_read(reader);
  if (code >> 33) reader->is_bad = true;
  uint32_t n = (uint32_t)(code >> 1);
  if (!(code & 1)) return (struct place){from.byte + n, from.row, from.column + n};
  uint32_t column = column_before + signed_read(reader);
  return (struct place){from.byte + signed_read(reader) + n + column, from.row + n, column};
}

static unsigned shape_read(struct reader *reader) {
  if (reader->p < reader->end) return *reader->p++;
  reader->is_bad = true;
  return 0;
}

struct reconstructing {
  struct reader tokens, lengths;
  uint8_t *out;
  uint32_t count, next; /* nodes in all; the next one's index */
  struct place at;
  uint32_t indent;
  uint32_t open;     /* the innermost node that has not ended; NO_NODE: none */
  struct record top; /* its record, until it ends or another one opens */
};

static void record_put(const struct reconstructing *g, uint32_t index, const struct record *record) {
  memcpy(g->out + (size_t)index * sizeof *record, record, sizeof *record);
}

/* The innermost `n` open nodes end here. false: there are not so many. */
static bool close_nodes(struct reconstructing *g, uint32_t n) {
  for (; n > 0; n--) {
    if (g->open == NO_NODE) return false;
    g->top.extent.end_byte = g->at.byte;
    g->top.extent.end_row = g->at.row;
    g->top.extent.end_column = g->at.column;
    g->top.extent.descendant_count = g->next - g->open;
    record_put(g, g->open, &g->top);
    g->open = g->open > 0 ? g->top.parent : NO_NODE;
    if (g->open != NO_NODE) g->top = record_at(g->out, g->open);
  }
  return true;
}

static bool gap_read(struct reconstructing *g) {
  if (g->top.extent.child_count == 0) return false;
  g->at = advance_read(&g->tokens, g->at, g->indent);
  uint32_t closes = number_upto(&g->tokens, UINT32_MAX);
  return closes > 0 && close_nodes(g, closes);
}

static struct record head_read(struct reconstructing *g, unsigned shape) {
  struct reader *tokens = &g->tokens;
  struct record r = {.flags = (uint16_t)(shape & SHAPE_FLAGS), .parent = g->open == NO_NODE ? 0 : g->open};
  r.symbol = (uint16_t)number_upto(tokens, UINT16_MAX);
  r.grammar_symbol = shape & SHAPE_GRAMMAR ? (uint16_t)number_upto(tokens, UINT16_MAX) : r.symbol;
  if (shape & SHAPE_FIELD) r.field = (uint16_t)number_upto(tokens, UINT16_MAX);
  if (shape & SHAPE_PADDING) {
    uint32_t row = g->at.row;
    g->at = advance_read(tokens, g->at, g->indent);
    if (g->at.row != row) g->indent = g->at.column;
  }
  r.start_byte = g->at.byte;
  r.start_row = g->at.row;
  r.start_column = g->at.column;
  return r;
}

static bool node_read(struct reconstructing *g, unsigned shape) {
  if (g->next == g->count || (shape & SHAPE_GAP) == SHAPE_GAP) return false;
  struct record r = head_read(g, shape);
  if (g->open != NO_NODE) {
    g->top.extent.child_count++;
    g->top.extent.named_child_count += (shape & STAGE_NODE_NAMED) != 0;
  }
  uint32_t index = g->next++, closes = number_upto(&g->tokens, UINT32_MAX);
  if (closes == 0) {
    if (g->open != NO_NODE) record_put(g, g->open, &g->top);
    g->open = index;
    g->top = r;
    return true;
  }
  struct reader *lengths = shape & STAGE_NODE_NAMED ? &g->lengths : &g->tokens;
  g->at = advance_read(lengths, g->at, g->at.column);
  r.extent = (struct stage_extent){g->at.byte, g->at.row, g->at.column, 0, 0, 1};
  record_put(g, index, &r);
  return close_nodes(g, closes - 1);
}

static void advance_skip(struct reader *reader) {
  if (!(number_read(reader) & 1)) return;
  number_read(reader);
  number_read(reader);
}

/* Reads over one token; *depth is the number of open nodes. */
static void token_skip(struct reader *reader, uint32_t *depth) {
  unsigned shape = shape_read(reader);
  bool is_gap = shape == SHAPE_GAP;
  if (!is_gap) {
    number_read(reader);
    if (shape & SHAPE_GRAMMAR) number_read(reader);
    if (shape & SHAPE_FIELD) number_read(reader);
  }
  if (is_gap || (shape & SHAPE_PADDING)) advance_skip(reader);
  uint64_t closes = number_read(reader);
  if (!is_gap && closes == 0) {
    ++*depth;
    return;
  }
  if (!is_gap) closes--;
  if (!is_gap && !(shape & STAGE_NODE_NAMED)) advance_skip(reader);
  if (closes > *depth) reader->is_bad = true;
  else *depth -= (uint32_t)closes;
}

/* Where the column of tokens ends; NULL: nowhere. */
static const uint8_t *tokens_end(struct reader reader) {
  uint32_t depth = 0;
  do token_skip(&reader, &depth);
  while (depth > 0 && !reader.is_bad);
  return reader.is_bad ? NULL : reader.p;
}

int baseline_reconstruct(const uint8_t *stripped, uint64_t stripped_length, uint8_t *out, uint64_t length) {
  if (length == 0 || length % sizeof(struct record) || length / sizeof(struct record) >= NO_NODE) return STAGE_CORRUPT;
  struct reconstructing g = {.out = out, .count = (uint32_t)(length / sizeof(struct record)), .open = NO_NODE};
  const uint8_t *end = tokens_end((struct reader){stripped, stripped + stripped_length, false});
  if (!end) return STAGE_CORRUPT;
  g.tokens = (struct reader){stripped, end, false};
  g.lengths = (struct reader){end, stripped + stripped_length, false};
  do {
    unsigned shape = shape_read(&g.tokens);
    if (shape == SHAPE_GAP ? !gap_read(&g) : !node_read(&g, shape)) return STAGE_CORRUPT;
  } while (g.open != NO_NODE && !g.tokens.is_bad && !g.lengths.is_bad);
  bool is_whole = g.next == g.count && g.tokens.p == g.tokens.end && g.lengths.p == g.lengths.end;
  return is_whole && !g.tokens.is_bad && !g.lengths.is_bad ? STAGE_OK : STAGE_CORRUPT;
}
