/* SPDX-License-Identifier: MIT
 *
 * walk.c - the batch walk, a phrase at a time. A kernel: where there is room for all that a
 * phrase can give (a node for each of its rows and for each ancestor that it may close), its
 * rows are decoded without looking at the room, the end of the tree or the next code again.
 * What is left over, at the end of a batch, is the template's (kit/row_walk.h).
 *
 * A struct stage_node is written as six numbers of 64 bits, two fields in each, and the
 * decoder keeps its state in the same pairs, so that a node costs six stores and few moves:
 *   0 kind: symbol, grammar_symbol, field, flags    3 end_byte, end_row
 *   1 start_byte, start_row                         4 end_column, child_count
 *   2 start_column, index                           5 named_child_count, descendant_count */
#include "cursor.h"

_Static_assert(offsetof(struct stage_node, head.start_byte) == 8 && offsetof(struct stage_node, head.start_row) == 12 &&
                   offsetof(struct stage_node, head.start_column) == 16 &&
                   offsetof(struct stage_node, head.index) == 20 && offsetof(struct stage_node, extent.end_byte) == 24 &&
                   offsetof(struct stage_node, extent.end_row) == 28 &&
                   offsetof(struct stage_node, extent.end_column) == 32 &&
                   offsetof(struct stage_node, extent.child_count) == 36 &&
                   offsetof(struct stage_node, extent.named_child_count) == 40 &&
                   offsetof(struct stage_node, extent.descendant_count) == 44,
               "a node is six pairs");
_Static_assert(sizeof(struct row_walk_frame) == 32 && offsetof(struct row_walk_frame, child_count) == 24 &&
                   offsetof(struct row_walk_frame, named_child_count) == 28,
               "a frame is four pairs");

#define HIGH(v) ((uint64_t)(v) << 32)
#define HIGH_MASK HIGH(UINT32_MAX)
#define NAMED_SHIFT 48 /* of STAGE_NODE_NAMED in a kind */
_Static_assert(STAGE_NODE_NAMED == 1 && offsetof(struct tree_kind, flags) == 6, "the flag is bit 48 of a kind");

/* The decoder's state. */
struct walk {
  uint64_t place; /* position, row */
  uint64_t node;  /* 0, the next index */
  uint32_t line_start, indent, bit, escape;
  uint8_t *out;                /* the next node's place */
  struct row_walk_frame *top;  /* the innermost open node; below `bottom` there is none */
  struct row_walk_frame *bottom;
};

/* Two neighbouring stores made into one of a vector cost more moves than they save. */
static inline __attribute__((always_inline)) void pair_write(uint8_t *out, int i, uint64_t pair) {
  __asm__("" : "+r"(pair));
  memcpy(out + i * 8, &pair, sizeof pair);
}

static inline __attribute__((always_inline)) uint64_t pair_read(const void *from, int i) {
  uint64_t pair;
  memcpy(&pair, (const uint8_t *)from + i * 8, sizeof pair);
  return pair;
}

/* A child of this kind more. */
static inline __attribute__((always_inline)) void child_add(struct row_walk_frame *parent, uint64_t kind) {
  pair_write((uint8_t *)parent, 3, pair_read(parent, 3) + 1 + HIGH(kind >> NAMED_SHIFT & 1));
}

/* `closes` ancestors end here. */
static inline __attribute__((always_inline)) void close_nodes(struct walk *w, uint32_t closes) {
  uint64_t column = (uint32_t)w->place - w->line_start;
  for (; closes > 0; closes--, w->out += sizeof(struct stage_node)) {
    const struct row_walk_frame *frame = w->top--;
    uint64_t kind = pair_read(frame, 0), start = pair_read(frame, 2), counts = pair_read(frame, 3);
    pair_write(w->out, 0, kind);
    pair_write(w->out, 1, pair_read(frame, 1));
    pair_write(w->out, 2, start);
    pair_write(w->out, 3, w->place);
    pair_write(w->out, 4, column | HIGH(counts));
    pair_write(w->out, 5, counts >> 32 | (w->node - (start & HIGH_MASK)));
    if (__builtin_expect(frame == w->bottom, 0)) {
      w->out += sizeof(struct stage_node);
      return;
    }
    child_add(w->top, kind);
  }
}

/* What is rare takes the decoder's common form, in a copy: a walk whose address is known to
 * another function would live in memory and not in registers. */
static __attribute__((noinline)) void explicit_over(const struct p3_tables *tables, const struct p3_tree *tree,
                                                    struct p3_at *at, bool is_padding) {
  uint32_t rows = p3_explicit_over(tables, tree, at);
  if (is_padding && rows > 0) at->indent = at->position - at->line_start;
}

static inline __attribute__((always_inline)) void rare_over(const struct p3_tables *tables, const struct p3_tree *tree,
                                                            struct walk *w, bool is_padding) {
  struct p3_at at = {.bit = w->bit, .position = (uint32_t)w->place, .row = (uint32_t)(w->place >> 32),
                     .indent = w->indent};
  explicit_over(tables, tree, &at, is_padding);
  w->bit = at.bit;
  w->place = at.position | HIGH(at.row);
  w->line_start = at.line_start;
  w->indent = at.indent;
}

/* What is rare in a row, and in the escape's place of the table: looked at once, so that the
 * common ways have fewer branches. */
#define RARE_FLAGS (ROW_EXPLICIT | ROW_LINES | ROW_GAP)

static inline __attribute__((always_inline)) void padding_over(const struct p3_tables *tables,
                                                               const struct p3_tree *tree, struct tree_row row,
                                                               struct walk *w, bool rare) {
  if (row.flags & ROW_NEWLINE) {
    struct tree_padding pad = tables->paddings[row.pad];
    w->line_start = (uint32_t)w->place + pad.rows + pad.surplus;
    w->indent += (uint32_t)(int32_t)pad.column_delta;
    w->place = (w->place & HIGH_MASK) + HIGH(pad.rows) + (uint32_t)(w->line_start + w->indent);
  } else if (rare && (row.flags & ROW_EXPLICIT)) {
    rare_over(tables, tree, w, true);
  } else {
    w->place += row.advance;
  }
}

static inline __attribute__((always_inline)) void leaf_over(const struct p3_tables *tables, const struct p3_tree *tree,
                                                            struct tree_row row, struct walk *w, bool rare) {
  if (row.flags & ROW_LENGTH) {
    w->place += p3_number(tables, tree, row.length, &w->bit);
  } else if (rare && (row.flags & ROW_LINES)) {
    rare_over(tables, tree, w, false);
  } else {
    w->place += row.length;
  }
}

static inline __attribute__((always_inline)) void row_take(const struct p3_tables *tables, const struct p3_tree *tree,
                                                           struct tree_row row, struct walk *w, bool rare) {
  padding_over(tables, tree, row, w, rare);
  uint64_t kind = pair_read(&tables->kinds[row.kind], 0);
  uint64_t start = ((uint32_t)w->place - w->line_start) | w->node;
  if (row.flags & ROW_LEAF) {
    uint8_t *out = w->out;
    pair_write(out, 0, kind);
    pair_write(out, 1, w->place);
    pair_write(out, 2, start);
    leaf_over(tables, tree, row, w, rare);
    pair_write(out, 3, w->place);
    pair_write(out, 4, (uint32_t)w->place - w->line_start);
    pair_write(out, 5, HIGH(1));
    w->out = out + sizeof(struct stage_node);
    w->node += HIGH(1);
    child_add(w->top, kind);
    close_nodes(w, row.closes);
  } else if (rare && (row.flags & ROW_GAP)) {
    close_nodes(w, row.closes);
  } else {
    uint8_t *frame = (uint8_t *)++w->top;
    pair_write(frame, 0, kind);
    pair_write(frame, 1, w->place);
    pair_write(frame, 2, start);
    pair_write(frame, 3, 0);
    w->node += HIGH(1);
  }
}

/* Room for the ancestors that a phrase may open; false: out of memory, which the template meets
 * again. */
static bool frames_reserve(struct row_cursor *rows) {
  if (rows->walk_capacity - rows->walk_depth >= P3_PHRASE_ROWS_MAX) return true;
  uint32_t capacity = rows->walk_depth * 2 + 2 * P3_PHRASE_ROWS_MAX;
  struct row_walk_frame *frames = stage_resize(rows->ctx, STAGE_TREE, rows->walk_frames, capacity * sizeof *frames);
  if (!frames) return false;
  rows->walk_frames = frames;
  rows->walk_capacity = capacity;
  return true;
}

/* The pool is larger than the first cache: rows are asked for so many phrases before they are
 * needed. */
#define PHRASES_AHEAD 2u

/* Opens the root; false: it has no children, or memory ran out. */
static bool root_open(struct p3_cursor *c) {
  struct row_cursor *rows = &c->rows;
  struct p3_at at = rows->walk;
  struct tree_row row = p3_next_row(&c->tables, &c->tree, &at);
  if (row.flags & ROW_LEAF) return false;
  p3_padding_over(&c->tables, &c->tree, row, &at);
  const struct tree_kind *kind = &c->tables.kinds[row.kind];
  rows->walk_frames[0] = (struct row_walk_frame){
      .head = {kind->symbol, kind->grammar_symbol, kind->field, kind->flags, at.position, at.row,
               at.position - at.line_start, at.node++}};
  rows->walk = at;
  rows->walk_depth = 1;
  return true;
}

/* The rest of the phrase under way and whole phrases, while there is room for whatever the
 * next one may give; returns the number of nodes. The root is open. */
static uint32_t phrases_walk(struct p3_cursor *c, struct stage_node *nodes, uint32_t capacity) {
  const struct p3_tables tables = c->tables;
  const struct p3_tree tree = c->tree;
  struct p3_at *at = &c->rows.walk;
  struct row_walk_frame *frames = c->rows.walk_frames;
  const struct row_walk_frame *frames_end = frames + c->rows.walk_capacity - P3_PHRASE_ROWS_MAX;
  const uint8_t *end = (const uint8_t *)(nodes + capacity);
  struct walk w = {
      .place = at->position | HIGH(at->row), .node = HIGH(at->node), .line_start = at->line_start, .indent = at->indent,
      .bit = at->bit, .escape = at->escape, .out = (uint8_t *)nodes, .top = frames + c->rows.walk_depth - 1,
      .bottom = frames};
  uint32_t code = at->code, left = at->left, last = tree.code_count - 1;
  const uint16_t *next = at->next;
  while ((left > 0 || code < tree.code_count) && w.top < frames_end &&
         (size_t)(end - w.out) / sizeof *nodes >= (size_t)(w.top - frames) + 2 * P3_PHRASE_ROWS_MAX) {
    if (left == 0) {
      uint32_t phrase = tables.phrases[p3_code(&tree, code++)], ahead = code + PHRASES_AHEAD;
      next = tables.pool + (phrase >> 8);
      left = phrase & 255;
      ahead = tables.phrases[p3_code(&tree, ahead < last ? ahead : last)];
      __builtin_prefetch(tables.pool + (ahead >> 8));
    }
    const uint16_t *behind = next + left;
    do {
      uint32_t number = *next++;
      struct tree_row row = tables.rows[number];
      if (__builtin_expect(row.flags & RARE_FLAGS, 0)) {
        if (number == P3_ESCAPE) row = p3_escaped_row(&tree, w.escape++);
        row_take(&tables, &tree, row, &w, true);
      } else {
        row_take(&tables, &tree, row, &w, false);
      }
    } while (next < behind);
    left = 0;
  }
  *at = (struct p3_at){.next = next, .left = left, .code = code, .escape = w.escape, .bit = w.bit,
                       .position = (uint32_t)w.place, .row = (uint32_t)(w.place >> 32), .line_start = w.line_start,
                       .indent = w.indent, .node = (uint32_t)(w.node >> 32)};
  c->rows.walk_depth = (uint32_t)(w.top + 1 - frames);
  return (uint32_t)((w.out - (uint8_t *)nodes) / (ptrdiff_t)sizeof *nodes);
}

int p3_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  struct row_cursor *rows = &c->rows;
  bool is_fast = rows->walk_closes == 0 && frames_reserve(rows) &&
                 (rows->walk_depth > 0 || (rows->walk.node == 0 && root_open(c)));
  *count = is_fast ? phrases_walk(c, nodes, capacity) : 0;
  return *count > 0 ? STAGE_OK : row_walk(cursor, nodes, capacity, count);
}
