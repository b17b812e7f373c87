/* SPDX-License-Identifier: MIT
 *
 * moves.c - the fast ways of the moves that a walk node by node is made of. A kernel: what
 * is usual is done here, in few registers and with no call, so that none is saved; the rest is
 * the template's (kit/row_cursor.h), to which a move goes before it has changed anything.
 *
 * The decoder's state is read and written as pairs of fields: half as many loads and stores, and
 * what was written wide may be read wide at once. */
#include "cursor.h"

_Static_assert(offsetof(struct p3_at, left) == 8 && offsetof(struct p3_at, code) == 12 &&
                   offsetof(struct p3_at, bit) == 16 && offsetof(struct p3_at, escape) == 20 &&
                   offsetof(struct p3_at, position) == 24 && offsetof(struct p3_at, row) == 28 &&
                   offsetof(struct p3_at, line_start) == 32 && offsetof(struct p3_at, indent) == 36 &&
                   offsetof(struct p3_at, node) == 40 && sizeof(struct p3_at) == 48,
               "a state is six pairs");
_Static_assert(offsetof(struct row_frame, after) == 8, "a frame is a kind and a state");
_Static_assert(offsetof(struct stage_head, start_row) == 12 && offsetof(struct stage_head, start_column) == 16 &&
                   offsetof(struct stage_head, index) == 20,
               "a head is three pairs");
_Static_assert(offsetof(struct row_spot, end_closes) == offsetof(struct row_spot, standing) + 4 && ROW_AT_LEAF == 0,
               "what a node's end is, is a pair");

enum { NEXT, PHRASE, BITS, PLACE, LINE, NODE }; /* of a state */
enum { KIND, START, COLUMN_INDEX };             /* of a head */

#define HIGH(v) ((uint64_t)(v) << 32)
#define HIGH_MASK HIGH(UINT32_MAX)

static inline __attribute__((always_inline)) uint64_t pair_read(const void *from, int i) {
  uint64_t pair;
  memcpy(&pair, (const uint8_t *)from + i * 8, sizeof pair);
  return pair;
}

/* Two neighbouring stores are not to become one of a vector, which reads of pairs wait for. */
static inline __attribute__((always_inline)) void pair_write(void *to, int i, uint64_t pair) {
  __asm__("" : "+r"(pair));
  memcpy((uint8_t *)to + i * 8, &pair, sizeof pair);
}

static inline __attribute__((always_inline)) void state_copy(struct p3_at *to, const struct p3_at *from) {
  pair_write(to, NEXT, pair_read(from, NEXT));
  pair_write(to, PHRASE, pair_read(from, PHRASE));
  pair_write(to, BITS, pair_read(from, BITS));
  pair_write(to, PLACE, pair_read(from, PLACE));
  pair_write(to, LINE, pair_read(from, LINE));
  pair_write(to, NODE, pair_read(from, NODE));
}

/* Rows that the template takes, and the escape's place in the table. */
#define RARE_FLAGS (ROW_EXPLICIT | ROW_LINES | ROW_GAP)

/* The next row, not taken yet. */
struct peek {
  uint64_t row;
  const uint16_t *next; /* behind it */
  uint64_t phrase;      /* left, code behind it */
};

static inline __attribute__((always_inline)) uint32_t phrase_at(const struct p3_cursor *c, uint32_t code) {
  uint64_t bit = (uint64_t)code * c->tree.code_bits;
  return c->tables.phrases[p3_load64(c->tree.codes + (bit >> 3)) >> (bit & 7) & c->tree.code_mask];
}

/* A phrase begins; false: there is none. Its rows' numbers are asked for P3_CODES_AHEAD codes before. */
static inline __attribute__((always_inline)) bool phrase_begin(const struct p3_cursor *c, struct peek *peek) {
  uint32_t code = (uint32_t)(peek->phrase >> 32), ahead = code + 1 + P3_CODES_AHEAD;
  if (code == c->tree.code_count) return false;
  uint32_t found = phrase_at(c, code);
  peek->next = c->tables.pool + (found >> 8);
  peek->phrase = HIGH(code + 1) | (found & 255);
  if (ahead < c->tree.code_count) __builtin_prefetch(c->tables.pool + (phrase_at(c, ahead) >> 8));
  return true;
}

/* Takes the peek, which is where the cursor stands, over the next row; false: it is a rare one. The
 * row behind it is asked for already. */
static inline __attribute__((always_inline)) bool row_peek(const struct p3_cursor *c, struct peek *peek) {
  const uint16_t *next = peek->next;
  peek->row = pair_read(c->tables.rows, *next);
  __builtin_prefetch(c->tables.rows + next[(uint32_t)peek->phrase > 1]);
  peek->next = next + 1;
  peek->phrase--;
  return !(peek->row >> 56 & RARE_FLAGS);
}

static inline __attribute__((always_inline)) struct peek peek_here(const struct p3_cursor *c) {
  return (struct peek){.next = c->rows.spot.at.next, .phrase = pair_read(&c->rows.spot.at, PHRASE)};
}

/* Moves over a long leaf's text, behind its number's prefix code; a tail call, which needs no registers saved. */
static __attribute__((noinline)) bool long_over(struct p3_cursor *c) {
  struct p3_at *at = &c->rows.spot.at;
  at->position += p3_long_number(c->tree.numbers, &at->bit, c->tables.is_plain);
  return true;
}

/* Stands on the row's node; true. */
static inline __attribute__((always_inline)) bool row_take(struct p3_cursor *c, const struct peek *peek) {
  struct row_spot *spot = &c->rows.spot;
  struct stage_head *head = &c->rows.pub.head;
  struct p3_at *at = &spot->at;
  uint64_t row = peek->row, place = pair_read(at, PLACE), node = at->node;
  uint32_t flags = (uint32_t)(row >> 56), line_start;
  pair_write(head, KIND, pair_read(c->tables.kinds, row & 0xffff));
  at->next = peek->next;
  pair_write(at, PHRASE, peek->phrase);
  pair_write(at, NODE, node + 1);
  if (flags & ROW_NEWLINE) {
    struct tree_padding pad = c->tables.paddings[row >> 16 & 0xffff];
    line_start = (uint32_t)place + pad.rows + pad.surplus;
    uint32_t indent = at->indent + (uint32_t)(int32_t)pad.column_delta;
    pair_write(at, LINE, line_start | HIGH(indent));
    place = (place & HIGH_MASK) + HIGH(pad.rows) + (uint32_t)(line_start + indent);
  } else {
    line_start = at->line_start;
    place += row >> 48 & 0xff;
  }
  pair_write(head, START, place);
  pair_write(head, COLUMN_INDEX, ((uint32_t)place - line_start) | HIGH(node));
  if (!(flags & ROW_LEAF)) {
    pair_write(at, PLACE, place);
    pair_write(&spot->standing, 0, ROW_AT_TOKEN);
    return true;
  }
  pair_write(&spot->standing, 0, ROW_AT_LEAF | HIGH(row >> 40 & 0xff));
  if (!(flags & ROW_LENGTH)) {
    pair_write(at, PLACE, place + (row >> 32 & 0xff));
    return true;
  }
  uint64_t bits = pair_read(at, BITS);
  uint32_t window = p3_bits(c->tree.numbers, (uint32_t)bits, P3_NUMBER_BITS);
  uint32_t entry = c->tables.numbers[((row >> 32 & 0xff) << P3_NUMBER_BITS) + window];
  pair_write(at, BITS, bits + (entry & 15));
  if (__builtin_expect(entry & P3_NUMBER_LONG, 0)) {
    pair_write(at, PLACE, place);
    return long_over(c);
  }
  pair_write(at, PLACE, place + (entry >> 4));
  return true;
}

/* Moves are made of two functions each: the first one where a phrase is under way, which needs so
 * few registers that none is saved. */
static inline __attribute__((always_inline)) bool first_child(struct p3_cursor *c, struct peek *peek) {
  struct row_spot *spot = &c->rows.spot;
  if (__builtin_expect(!row_peek(c, peek), 0)) return row_goto_first_child(&c->rows.pub);
  struct row_frame *frame = &c->rows.frames[spot->frame_count++];
  pair_write(frame, 0, pair_read(&c->rows.pub.head, KIND));
  state_copy(&frame->after, &spot->at);
  c->rows.pub.depth++;
  return row_take(c, peek);
}

static __attribute__((noinline)) bool first_child_in_next_phrase(struct p3_cursor *c) {
  struct peek peek = peek_here(c);
  return phrase_begin(c, &peek) ? first_child(c, &peek) : row_goto_first_child(&c->rows.pub);
}

bool p3_goto_first_child(struct stage_cursor *cursor) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  struct row_spot *spot = &c->rows.spot;
  if (spot->standing == ROW_AT_LEAF) return false;
  if (__builtin_expect(spot->standing != ROW_AT_TOKEN || spot->frame_count + 1 == c->rows.frame_capacity, 0))
    return row_goto_first_child(cursor);
  struct peek peek = peek_here(c);
  return (uint32_t)peek.phrase > 0 ? first_child(c, &peek) : first_child_in_next_phrase(c);
}

static inline __attribute__((always_inline)) bool next_sibling(struct p3_cursor *c, struct peek *peek) {
  return __builtin_expect(row_peek(c, peek), 1) ? row_take(c, peek) : row_goto_next_sibling(&c->rows.pub);
}

static __attribute__((noinline)) bool next_sibling_in_next_phrase(struct p3_cursor *c) {
  struct peek peek = peek_here(c);
  return phrase_begin(c, &peek) ? next_sibling(c, &peek) : row_goto_next_sibling(&c->rows.pub);
}

bool p3_goto_next_sibling(struct stage_cursor *cursor) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  if (__builtin_expect(c->rows.spot.standing == ROW_AT_TOKEN, 0)) return row_goto_next_sibling(cursor);
  if (c->rows.spot.end_closes > 0) return false;
  struct peek peek = peek_here(c);
  return (uint32_t)peek.phrase > 0 ? next_sibling(c, &peek) : next_sibling_in_next_phrase(c);
}

bool p3_goto_parent(struct stage_cursor *cursor) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  struct row_spot *spot = &c->rows.spot;
  if (__builtin_expect(spot->standing == ROW_AT_TOKEN || spot->end_closes == 0 || spot->frame_count == 0, 0))
    return row_goto_parent(cursor);
  const struct row_frame *frame = &c->rows.frames[--spot->frame_count];
  uint64_t place = pair_read(&frame->after, PLACE);
  pair_write(cursor, KIND, pair_read(frame, 0));
  pair_write(cursor, START, place);
  pair_write(cursor, COLUMN_INDEX, ((uint32_t)place - frame->after.line_start) | HIGH(frame->after.node - 1));
  spot->end_closes--;
  spot->standing = ROW_AT_END;
  cursor->depth--;
  return true;
}
