/* SPDX-License-Identifier: MIT
 *
 * walk.c - the batch walk, some hundred tokens at a time. A kernel: first the phrases of as many
 * codes as there is room for are copied one behind the other (a node for each of their tokens
 * and for each node that is open is all that they can give), then their tokens are decoded
 * without looking at the room, the end of the tree, the end of a phrase or the next code. What
 * is left over, at the end of a batch, is the template's (kit/tokens/token_walk_template.h).
 *
 * What costs most is that a token's flags cannot be foretold. So flags are loaded two tokens ahead
 * of their use: a branch that was guessed wrong is then known to be wrong at once. And the
 * state is the vector (byte, row, column, index), which is how a node says where it starts
 * and, but for the last number, where it ends: a leaf is four stores, and a step within a line
 * one addition. */
#include "cursor.h"

_Static_assert(offsetof(struct stage_node, head.start_byte) == 8 && offsetof(struct stage_node, head.start_row) == 12 &&
                   offsetof(struct stage_node, head.start_column) == 16 &&
                   offsetof(struct stage_node, head.index) == 20 &&
                   offsetof(struct stage_node, extent.end_byte) == 24 &&
                   offsetof(struct stage_node, extent.end_row) == 28 &&
                   offsetof(struct stage_node, extent.end_column) == 32 &&
                   offsetof(struct stage_node, extent.child_count) == 36 &&
                   offsetof(struct stage_node, extent.named_child_count) == 40 &&
                   offsetof(struct stage_node, extent.descendant_count) == 44,
               "a node is a kind, two places that overlap in no byte, and counts");
_Static_assert(sizeof(struct token_walk_frame) == 32 && offsetof(struct token_walk_frame, child_count) == 24 &&
                   offsetof(struct token_walk_frame, named_child_count) == 28,
               "a frame is a kind, a place and two counts");

/* Offsets in a node, and the first two and last in a frame. */
#define KIND_AT 0
#define START_AT 8
#define END_AT 24
#define CHILDREN_AT 36 /* child_count, named_child_count */
#define NAMED_AT 40    /* named_child_count, descendant_count */
#define DESCENDANTS_AT 44
#define FRAME_CHILDREN_AT 24
#define FRAME_INDEX_AT 20

#define HIGH(v) ((uint64_t)(v) << 32)
#define NAMED_SHIFT 16 /* from STAGE_NODE_NAMED in a kind to 1 in the upper half */
_Static_assert(STAGE_NODE_NAMED == 1 && offsetof(struct tree_kind, flags) == 6, "the flag is bit 48 of a kind");

/* Tokens that are decoded at a time: a batch of some hundred nodes in one go. */
#define WALK_TOKENS 512u
#define WALK_TOKENS_AHEAD 3u /* places behind the last token that are read */
/* So many tokens of a phrase are copied, however many it has: few have more. */
#define PHRASE_TOKENS_COPIED 16u
_Static_assert(PHRASE_TOKENS_COPIED <= P3_PHRASE_TOKENS_MAX, "room for a phrase is room for what is copied");

#define INLINE static inline __attribute__((always_inline))

/* byte, row, column, index */
typedef uint32_t place __attribute__((vector_size(16)));
typedef uint64_t pair __attribute__((vector_size(16)));

/* The decoder's state. */
struct walk {
  place at;
  uint64_t children; /* of the innermost open node so far: child_count, named_child_count */
  uint32_t index;    /* at[3] once more, where it can be subtracted from */
  uint32_t indent, bit, escape;
  uint8_t *out;                 /* the next node's place */
  struct token_walk_frame *top; /* the innermost open node; below `bottom` there is none */
  struct token_walk_frame *bottom;
};

INLINE uint64_t load64(const void *from, int offset) {
  uint64_t v;
  memcpy(&v, (const uint8_t *)from + offset, sizeof v);
  return v;
}

INLINE uint32_t load32(const void *from, int offset) {
  uint32_t v;
  memcpy(&v, (const uint8_t *)from + offset, sizeof v);
  return v;
}

INLINE void store64(void *to, int offset, uint64_t v) { memcpy((uint8_t *)to + offset, &v, sizeof v); }
INLINE void store32(void *to, int offset, uint32_t v) { memcpy((uint8_t *)to + offset, &v, sizeof v); }
INLINE void store_place(void *to, int offset, place v) { memcpy((uint8_t *)to + offset, &v, sizeof v); }

INLINE place load_place(const void *from, int offset) {
  place v;
  memcpy(&v, (const uint8_t *)from + offset, sizeof v);
  return v;
}

/* ---- nodes ---- */

/* So many bytes on, in the same line. */
INLINE place step(uint32_t bytes) { return (place)(pair){bytes, bytes}; }

/* What a child of this kind adds to its parent's counts. */
INLINE uint64_t child_of(uint64_t kind) { return 1 + (kind >> NAMED_SHIFT & HIGH(1)); }

/* The innermost open node ends here; false: it was the root. */
INLINE bool node_close(struct walk *w) {
  const struct token_walk_frame *frame = w->top--;
  uint64_t kind = load64(frame, KIND_AT);
  store64(w->out, KIND_AT, kind);
  store_place(w->out, START_AT, load_place(frame, START_AT));
  store_place(w->out, END_AT, w->at);
  store64(w->out, CHILDREN_AT, w->children);
  store32(w->out, DESCENDANTS_AT, w->index - load32(frame, FRAME_INDEX_AT));
  w->out += sizeof(struct stage_node);
  if (__builtin_expect(frame == w->bottom, 0)) return false;
  w->children = load64(frame - 1, FRAME_CHILDREN_AT) + child_of(kind);
  return true;
}

/* `closes` ancestors end here. The first two have branches of their own, since few are more. */
INLINE void nodes_close(struct walk *w, uint32_t closes) {
  if (closes == 0 || !node_close(w)) return;
  if (closes == 1 || !node_close(w)) return;
  for (; closes > 2 && node_close(w); closes--) continue;
}

INLINE void node_open(struct walk *w, uint64_t kind) {
  store64(w->top, FRAME_CHILDREN_AT, w->children);
  w->top++;
  store64(w->top, KIND_AT, kind);
  store_place(w->top, START_AT, w->at);
  w->children = 0;
}

INLINE void leaf_begin(struct walk *w, uint64_t kind) {
  store64(w->out, KIND_AT, kind);
  store_place(w->out, START_AT, w->at);
}

INLINE void leaf_end(struct walk *w, uint64_t kind) {
  store_place(w->out, END_AT, w->at & (place){UINT32_MAX, UINT32_MAX, UINT32_MAX, 0});
  store64(w->out, NAMED_AT, HIGH(1));
  w->out += sizeof(struct stage_node);
  w->children += child_of(kind);
}

INLINE void index_next(struct walk *w) {
  w->at += (place){0, 0, 0, 1};
  w->index++;
}

/* ---- tokens ---- */

/* Flags in the last half of a token, which is loaded ahead: length, closes, advance, flags. */
#define FLAG(flag) ((uint32_t)(flag) << 24)
#define CLOSES_SHIFT 8
_Static_assert(offsetof(struct tree_token, length) == 4 && offsetof(struct tree_token, closes) == 5 &&
                   offsetof(struct tree_token, flags) == 7,
               "the last half of a token");

/* What is rare in a token, and in the escape's place of the table: looked at once, so that the
 * common ways have fewer branches. */
#define RARE_FLAGS (TOKEN_EXPLICIT | TOKEN_LINES | TOKEN_GAP)

INLINE uint32_t last_half(const struct tree_token *token) { return load32(token, offsetof(struct tree_token, length)); }

/* A token of any flags, in the decoder's common form. Out of line and on a copy of the state: a
 * walk whose address is known to another function would live in memory and not in registers. */
static __attribute__((noinline)) void any_token_take(const struct p3_tables *tables, const struct p3_tree *tree,
                                                     struct tree_token token, struct walk *w) {
  struct p3_at at = {
      .bit = w->bit, .position = w->at[0], .row = w->at[1], .line_start = w->at[0] - w->at[2], .indent = w->indent};
  uint64_t kind = load64(&tables->kinds[token.kind], 0);
  p3_padding_over(tables, tree, token, &at);
  w->at = (place){at.position, at.row, at.position - at.line_start, w->index};
  if (token.flags & TOKEN_LEAF) {
    leaf_begin(w, kind);
    p3_leaf_over(tables, tree, token, &at);
    w->at = (place){at.position, at.row, at.position - at.line_start, w->index};
    leaf_end(w, kind);
  } else if (!(token.flags & TOKEN_GAP)) {
    node_open(w, kind);
  }
  w->bit = at.bit;
  w->indent = at.indent;
  if (!(token.flags & TOKEN_GAP)) index_next(w);
  nodes_close(w, token.closes);
}

INLINE void newline_over(const struct p3_tables *tables, const struct tree_token *token, struct walk *w) {
  struct tree_padding pad = tables->paddings[token->pad];
  w->indent += (uint32_t)(int32_t)pad.column_delta;
  pair step = {HIGH(pad.rows) | (uint32_t)(pad.rows + pad.surplus + w->indent), w->indent};
  w->at = (w->at & (place){UINT32_MAX, UINT32_MAX, 0, UINT32_MAX}) + (place)step;
}

/* A token without rare flags, behind its padding. */
INLINE void token_take(const struct p3_tables *tables, const struct p3_tree *tree, const struct tree_token *token,
                       uint32_t half, struct walk *w) {
  uint64_t kind = load64(&tables->kinds[token->kind], 0);
  if (half & FLAG(TOKEN_LEAF)) {
    leaf_begin(w, kind);
    if (half & FLAG(TOKEN_LENGTH)) w->at += step(p3_number(tables, tree, token->length, &w->bit));
    else w->at += step(token->length);
    leaf_end(w, kind);
    index_next(w);
    nodes_close(w, (uint8_t)(half >> CLOSES_SHIFT));
  } else {
    node_open(w, kind);
    index_next(w);
  }
}

/* Decodes tokens up to `end`, behind which WALK_TOKENS_AHEAD escapes stand: the first of them is
 * where the loop ends, so that tokens need no look at the end. */
static void tokens_take(const struct p3_tables *tables, const struct p3_tree *tree, const uint16_t *next,
                        const uint16_t *end, struct walk *state) {
  struct walk w = *state;
  const struct tree_token *const tokens = tables->tokens;
  uint32_t half_next = last_half(&tokens[next[0]]);
  uint64_t number_behind = next[1];
  for (;;) {
    uint32_t half = half_next;
    half_next = last_half(&tokens[number_behind]);
    number_behind = next[2];
    __asm__("" : "+r"(half_next), "+r"(number_behind)); /* now, not when they are needed */
    const struct tree_token *token = &tokens[*next++];
    if (half & FLAG(RARE_FLAGS | TOKEN_NEWLINE)) {
      if (__builtin_expect(half & FLAG(RARE_FLAGS), 0)) {
        if (next > end) break;
        struct walk copy = w;
        any_token_take(tables, tree, next[-1] == P3_ESCAPE ? p3_escaped_token(tree, copy.escape++) : *token, &copy);
        w = copy;
        continue;
      }
      newline_over(tables, token, &w);
    } else {
      w.at += step(token->advance);
    }
    token_take(tables, tree, token, half, &w);
  }
  *state = w;
}

/* ---- phrases ---- */

/* Copies the token numbers of the phrase under way and of whole phrases, while there is room for
 * any; returns the end. `limit` <= WALK_TOKENS. */
static uint16_t *phrases_copy(const struct p3_tables *tables, const struct p3_tree *tree, struct p3_at *at,
                              uint16_t *numbers, uint32_t limit) {
  const uint16_t *pool = tables->pool;
  uint32_t code = at->code, whole_end = tables->pool_count - PHRASE_TOKENS_COPIED;
  uint16_t *to = numbers;
  if (at->left > limit) return to;
  if (tables->pool_count < PHRASE_TOKENS_COPIED) whole_end = 0;
  memcpy(to, at->next ? at->next : pool, at->left * sizeof *to);
  to += at->left;
  at->left = 0;
  while (code < tree->code_count && (uint32_t)(to - numbers) + P3_PHRASE_TOKENS_MAX <= limit) {
    uint32_t phrase = tables->phrases[p3_code(tree, code++)], start = phrase >> 8, count = phrase & 255;
    if (__builtin_expect(count <= PHRASE_TOKENS_COPIED && start < whole_end, 1))
      memcpy(to, pool + start, PHRASE_TOKENS_COPIED * sizeof *to);
    else memcpy(to, pool + start, count * sizeof *to);
    to += count;
  }
  at->code = code;
  return to;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Room for the nodes that so many tokens may open; false: out of memory, which the template meets
 * again. */
static bool frames_reserve(struct token_cursor *moves) {
  if (moves->walk_capacity - moves->walk_depth >= WALK_TOKENS) return true;
  uint32_t capacity = moves->walk_depth * 2 + WALK_TOKENS;
  struct token_walk_frame *frames = stage_resize(moves->ctx, STAGE_TREE, moves->walk_frames, capacity * sizeof *frames);
  if (!frames) return false;
  moves->walk_frames = frames;
  moves->walk_capacity = capacity;
  return true;
}

/* Opens the root; false: it has no children, or memory ran out. */
static bool root_open(struct p3_cursor *c) {
  struct token_cursor *moves = &c->moves;
  struct p3_at at = moves->walk;
  struct tree_token token = p3_next_token(&c->tables, &c->tree, &at);
  if (token.flags & TOKEN_LEAF) return false;
  p3_padding_over(&c->tables, &c->tree, token, &at);
  const struct tree_kind *kind = &c->tables.kinds[token.kind];
  moves->walk_frames[0] =
      (struct token_walk_frame){.head = {kind->symbol, kind->grammar_symbol, kind->field, kind->flags, at.position,
                                         at.row, at.position - at.line_start, at.node++}};
  moves->walk = at;
  moves->walk_depth = 1;
  return true;
}

/* Tokens while there is room for whatever the next phrase may give; returns the number of nodes.
 * The root is open. */
static uint32_t phrases_walk(struct p3_cursor *c, struct stage_node *nodes, uint32_t capacity) {
  uint16_t numbers[WALK_TOKENS + WALK_TOKENS_AHEAD];
  struct p3_at *at = &c->moves.walk;
  struct token_walk_frame *frames = c->moves.walk_frames;
  struct walk w = {.at = {at->position, at->row, at->position - at->line_start, at->node},
                   .index = at->node,
                   .indent = at->indent,
                   .bit = at->bit,
                   .escape = at->escape,
                   .out = (uint8_t *)nodes,
                   .top = frames + c->moves.walk_depth - 1,
                   .bottom = frames};
  w.children = load64(w.top, FRAME_CHILDREN_AT);
  /* Each open node will be given, and each token gives one node at most. */
  uint32_t room = capacity - least(capacity, c->moves.walk_depth);
  for (;;) {
    uint32_t frames_left = c->moves.walk_capacity - (uint32_t)(w.top + 1 - frames);
    uint32_t limit = least(least(room, frames_left), WALK_TOKENS);
    uint16_t *end = phrases_copy(&c->tables, &c->tree, at, numbers, limit);
    if (end == numbers) break;
    for (uint32_t i = 0; i < WALK_TOKENS_AHEAD; i++) end[i] = P3_ESCAPE;
    tokens_take(&c->tables, &c->tree, numbers, end, &w);
    room -= (uint32_t)(end - numbers);
  }
  if (w.top >= frames) store64(w.top, FRAME_CHILDREN_AT, w.children);
  *at = (struct p3_at){.next = at->next,
                       .left = at->left,
                       .code = at->code,
                       .escape = w.escape,
                       .bit = w.bit,
                       .position = w.at[0],
                       .row = w.at[1],
                       .line_start = w.at[0] - w.at[2],
                       .indent = w.indent,
                       .node = w.index};
  c->moves.walk_depth = (uint32_t)(w.top + 1 - frames);
  return (uint32_t)((w.out - (uint8_t *)nodes) / (ptrdiff_t)sizeof *nodes);
}

int p3_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  struct token_cursor *moves = &c->moves;
  bool is_fast = moves->walk_closes == 0 && frames_reserve(moves) &&
                 (moves->walk_depth > 0 || (moves->walk.node == 0 && root_open(c)));
  *count = is_fast ? phrases_walk(c, nodes, capacity) : 0;
  return *count > 0 ? STAGE_OK : token_walk(cursor, nodes, capacity, count);
}
