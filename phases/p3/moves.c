/* SPDX-License-Identifier: MIT
 *
 * moves.c - the fast ways of the moves that a walk node by node is made of. A kernel: what
 * is usual is done here, in few registers and with no call, so that none is saved; the rest is
 * the template's (kit/tokens/token_cursor_template.h), to which a move goes before it has changed anything.
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
_Static_assert(offsetof(struct token_frame, after) == 8, "a frame is a kind and a state");
_Static_assert(offsetof(struct stage_head, start_row) == 12 && offsetof(struct stage_head, start_column) == 16 &&
                   offsetof(struct stage_head, index) == 20,
               "a head is three pairs");
_Static_assert(offsetof(struct token_spot, end_closes) == offsetof(struct token_spot, standing) + 4 &&
                   TOKEN_AT_LEAF == 0,
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

/* Tokens that the template takes, and the escape's place in the table. */
#define RARE_FLAGS (TOKEN_EXPLICIT | TOKEN_LINES | TOKEN_GAP)

/* The next token, not taken yet. */
struct peek {
  uint64_t token;
  const uint16_t *next; /* behind it */
  uint64_t phrase;      /* left, code behind it */
};

static inline __attribute__((always_inline)) uint32_t phrase_at(const struct p3_cursor *c, uint32_t code) {
  uint64_t bit = (uint64_t)code * c->tree.code_bits;
  return c->tables.phrases[p3_load64(c->tree.codes + (bit >> 3)) >> (bit & 7) & c->tree.code_mask];
}

/* A phrase begins; false: there is none. Its tokens' numbers are asked for P3_CODES_AHEAD codes before. */
static inline __attribute__((always_inline)) bool phrase_begin(const struct p3_cursor *c, struct peek *peek) {
  uint32_t code = (uint32_t)(peek->phrase >> 32), ahead = code + 1 + P3_CODES_AHEAD;
  if (code == c->tree.code_count) return false;
  uint32_t found = phrase_at(c, code);
  peek->next = c->tables.pool + (found >> 8);
  peek->phrase = HIGH(code + 1) | (found & 255);
  if (ahead < c->tree.code_count) __builtin_prefetch(c->tables.pool + (phrase_at(c, ahead) >> 8));
  return true;
}

/* Takes the peek, which is where the cursor stands, over the next token; false: it is a rare one. The
 * token behind it is asked for already. */
static inline __attribute__((always_inline)) bool token_peek(const struct p3_cursor *c, struct peek *peek) {
  const uint16_t *next = peek->next;
  peek->token = pair_read(c->tables.tokens, *next);
  __builtin_prefetch(c->tables.tokens + next[(uint32_t)peek->phrase > 1]);
  peek->next = next + 1;
  peek->phrase--;
  return !(peek->token >> 56 & RARE_FLAGS);
}

static inline __attribute__((always_inline)) struct peek peek_here(const struct p3_cursor *c) {
  return (struct peek){.next = c->moves.spot.at.next, .phrase = pair_read(&c->moves.spot.at, PHRASE)};
}

/* Moves over a long leaf's text, behind its number's prefix code; a tail call, which needs no registers saved. */
static __attribute__((noinline)) bool long_over(struct p3_cursor *c) {
  struct p3_at *at = &c->moves.spot.at;
  at->position += p3_long_number(c->tree.numbers, &at->bit, c->tables.is_plain);
  return true;
}

/* Stands on the token's node; true. */
static inline __attribute__((always_inline)) bool token_take(struct p3_cursor *c, const struct peek *peek) {
  struct token_spot *spot = &c->moves.spot;
  struct stage_head *head = &c->moves.pub.head;
  struct p3_at *at = &spot->at;
  uint64_t token = peek->token, place = pair_read(at, PLACE), node = at->node;
  uint32_t flags = (uint32_t)(token >> 56), line_start;
  pair_write(head, KIND, pair_read(c->tables.kinds, token & 0xffff));
  at->next = peek->next;
  pair_write(at, PHRASE, peek->phrase);
  pair_write(at, NODE, node + 1);
  if (flags & TOKEN_NEWLINE) {
    struct tree_padding pad = c->tables.paddings[token >> 16 & 0xffff];
    line_start = (uint32_t)place + pad.rows + pad.surplus;
    uint32_t indent = at->indent + (uint32_t)(int32_t)pad.column_delta;
    pair_write(at, LINE, line_start | HIGH(indent));
    place = (place & HIGH_MASK) + HIGH(pad.rows) + (uint32_t)(line_start + indent);
  } else {
    line_start = at->line_start;
    place += token >> 48 & 0xff;
  }
  pair_write(head, START, place);
  pair_write(head, COLUMN_INDEX, ((uint32_t)place - line_start) | HIGH(node));
  if (!(flags & TOKEN_LEAF)) {
    pair_write(at, PLACE, place);
    pair_write(&spot->standing, 0, TOKEN_AT_INNER);
    return true;
  }
  pair_write(&spot->standing, 0, TOKEN_AT_LEAF | HIGH(token >> 40 & 0xff));
  if (!(flags & TOKEN_LENGTH)) {
    pair_write(at, PLACE, place + (token >> 32 & 0xff));
    return true;
  }
  uint64_t bits = pair_read(at, BITS);
  uint32_t window = p3_bits(c->tree.numbers, (uint32_t)bits, P3_NUMBER_BITS);
  uint32_t entry = c->tables.numbers[((token >> 32 & 0xff) << P3_NUMBER_BITS) + window];
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
  struct token_spot *spot = &c->moves.spot;
  if (__builtin_expect(!token_peek(c, peek), 0)) return token_goto_first_child(&c->moves.pub);
  struct token_frame *frame = &c->moves.frames[spot->frame_count++];
  pair_write(frame, 0, pair_read(&c->moves.pub.head, KIND));
  state_copy(&frame->after, &spot->at);
  c->moves.pub.depth++;
  return token_take(c, peek);
}

static __attribute__((noinline)) bool first_child_in_next_phrase(struct p3_cursor *c) {
  struct peek peek = peek_here(c);
  return phrase_begin(c, &peek) ? first_child(c, &peek) : token_goto_first_child(&c->moves.pub);
}

bool p3_goto_first_child(struct stage_cursor *cursor) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  struct token_spot *spot = &c->moves.spot;
  if (spot->standing == TOKEN_AT_LEAF) return false;
  if (__builtin_expect(spot->standing != TOKEN_AT_INNER || spot->frame_count + 1 == c->moves.frame_capacity, 0))
    return token_goto_first_child(cursor);
  struct peek peek = peek_here(c);
  return (uint32_t)peek.phrase > 0 ? first_child(c, &peek) : first_child_in_next_phrase(c);
}

static inline __attribute__((always_inline)) bool next_sibling(struct p3_cursor *c, struct peek *peek) {
  return __builtin_expect(token_peek(c, peek), 1) ? token_take(c, peek) : token_goto_next_sibling(&c->moves.pub);
}

static __attribute__((noinline)) bool next_sibling_in_next_phrase(struct p3_cursor *c) {
  struct peek peek = peek_here(c);
  return phrase_begin(c, &peek) ? next_sibling(c, &peek) : token_goto_next_sibling(&c->moves.pub);
}

bool p3_goto_next_sibling(struct stage_cursor *cursor) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  if (__builtin_expect(c->moves.spot.standing == TOKEN_AT_INNER, 0)) return token_goto_next_sibling(cursor);
  if (c->moves.spot.end_closes > 0) return false;
  struct peek peek = peek_here(c);
  return (uint32_t)peek.phrase > 0 ? next_sibling(c, &peek) : next_sibling_in_next_phrase(c);
}

bool p3_goto_parent(struct stage_cursor *cursor) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  struct token_spot *spot = &c->moves.spot;
  if (__builtin_expect(spot->standing == TOKEN_AT_INNER || spot->end_closes == 0 || spot->frame_count == 0, 0))
    return token_goto_parent(cursor);
  const struct token_frame *frame = &c->moves.frames[--spot->frame_count];
  uint64_t place = pair_read(&frame->after, PLACE);
  pair_write(cursor, KIND, pair_read(frame, 0));
  pair_write(cursor, START, place);
  pair_write(cursor, COLUMN_INDEX, ((uint32_t)place - frame->after.line_start) | HIGH(frame->after.node - 1));
  spot->end_closes--;
  spot->standing = TOKEN_AT_END;
  cursor->depth--;
  return true;
}
