/* SPDX-License-Identifier: MIT
 *
 * token_cursor_template.h - the moves of a cursor over a sequence of tokens (token.h) with blocks; the
 * batch walk is in token_walk_template.h. How tokens, numbers and blocks are coded is the stage's: this
 * is a template, of which each stage that includes it gets its own copy with its decoder inlined.
 * (A call a token would cost more than the decoding.) One file, since what is inlined into what
 * is the point of it.
 *
 * The tokens are cut into blocks, whose entries hold the decoder's state in front of their
 * first token, the nodes open there, and the fewest nodes open behind any token of the block.
 * Forward moves decode one token. A node's end is found by decoding until its depth is left,
 * over whole blocks by their lowest depth; ancestors that the cursor did not come through are
 * searched backwards the same way: in preorder, the parent of node i at depth d is the last
 * node before i with a depth below d (a range-min-max tree whose leaves are blocks: Navarro
 * and Sadakane, "Fully functional static and dynamic succinct trees", 2014).
 *
 * A cursor only ever reads bytes that its stage wrote or validated: the moves check what is
 * cheap to check and set cursor->error.
 *
 * Hooks: what the stage defines before it includes this file. A missing one stops the compiler
 * below, with its name.
 *
 *   before token_cursor_types_template.h
 *   TOKEN_AT                the decoder's state in front of a token: a struct with at least the uint32_t
 *                           position, row, line_start, indent and node (p1_at in p1/format.h)
 *   before this file: a macro
 *   TOKEN_AT_COPY(to, from) copies a TOKEN_AT field by field, through registers (see TOKEN_COPY)
 *   and functions, all static inline; c is a const struct token_cursor *, at a TOKEN_AT *
 *   bool token_at_end(c, at)                  whether no token is left
 *   struct tree_token token_next(c, at)       reads a token, not its numbers; `at` moves on
 *   const void *token_mark(at)                what token_back needs to undo the next token_next
 *   void token_back(c, at, mark)              undoes token_next
 *   void token_padding_over(c, token, at)     moves over its padding
 *   void token_leaf_over(c, token, at)        moves over a leaf's text
 *   const struct tree_kind *token_kind(c, token)
 *   uint32_t token_node_count(c)
 *   uint32_t token_block_count(c)
 *   uint32_t token_block_of(c, node)          the last block that begins at or before a node
 *   uint32_t token_block_behind(c, at)        the block of the token that `at` is behind
 *   TOKEN_AT token_at_block(c, block, &depth) in front of a block, and the nodes open there
 *   uint32_t token_block_depth(c, block)      the nodes open in front of it
 *   uint32_t token_block_depth_min(c, block)  the fewest open behind any of its tokens
 *   uint64_t token_block_place(c, block, by)  where it begins (enum token_measure)
 *   bool token_at_border(c, at, &block)       whether `at` is in front of a block, and which */
#ifndef PHASEBENCH_KIT_TOKEN_CURSOR_TEMPLATE_H
#define PHASEBENCH_KIT_TOKEN_CURSOR_TEMPLATE_H

#ifndef PHASEBENCH_KIT_TOKEN_CURSOR_TYPES_TEMPLATE_H
#error "token_cursor_template.h: include token_cursor_types_template.h, and define the hooks, before this file"
#endif
#ifndef TOKEN_AT_COPY
#error "token_cursor_template.h: define the hook TOKEN_AT_COPY(to, from), which copies a TOKEN_AT, before this file"
#endif

/* A hook that is not declared is an error here, which names it; so is one of another type. */
#define TOKEN_HOOK(result, name, ...)                                                      \
  _Static_assert(__builtin_types_compatible_p(__typeof__(&name), result (*)(__VA_ARGS__)), \
                 "token_cursor_template.h: the hook must be " #result " " #name "(" #__VA_ARGS__ ")")
TOKEN_HOOK(bool, token_at_end, const struct token_cursor *, const TOKEN_AT *);
TOKEN_HOOK(struct tree_token, token_next, const struct token_cursor *, TOKEN_AT *);
TOKEN_HOOK(const void *, token_mark, const TOKEN_AT *);
TOKEN_HOOK(void, token_back, const struct token_cursor *, TOKEN_AT *, const void *);
TOKEN_HOOK(void, token_padding_over, const struct token_cursor *, struct tree_token, TOKEN_AT *);
TOKEN_HOOK(void, token_leaf_over, const struct token_cursor *, struct tree_token, TOKEN_AT *);
TOKEN_HOOK(const struct tree_kind *, token_kind, const struct token_cursor *, struct tree_token);
TOKEN_HOOK(uint32_t, token_node_count, const struct token_cursor *);
TOKEN_HOOK(uint32_t, token_block_count, const struct token_cursor *);
TOKEN_HOOK(uint32_t, token_block_of, const struct token_cursor *, uint32_t);
TOKEN_HOOK(uint32_t, token_block_behind, const struct token_cursor *, const TOKEN_AT *);
TOKEN_HOOK(TOKEN_AT, token_at_block, const struct token_cursor *, uint32_t, uint32_t *);
TOKEN_HOOK(uint32_t, token_block_depth, const struct token_cursor *, uint32_t);
TOKEN_HOOK(uint32_t, token_block_depth_min, const struct token_cursor *, uint32_t);
TOKEN_HOOK(uint64_t, token_block_place, const struct token_cursor *, uint32_t, enum token_measure);
TOKEN_HOOK(bool, token_at_border, const struct token_cursor *, const TOKEN_AT *, uint32_t *);
#undef TOKEN_HOOK

/* ---- placing ---- */

/* Stands on the node whose token was just read; spot.at is behind its code. In place,
 * because a copy of a struct whose fields were just stored one by one, read back with
 * wide loads, waits for the stores to retire: that was half of a cursor walk. */
static inline __attribute__((always_inline)) void token_place(struct token_cursor *c, struct tree_token token) {
  struct stage_head *head = &c->pub.head;
  TOKEN_AT *at = &c->spot.at;
  token_padding_over(c, token, at);
  memcpy(head, token_kind(c, token), sizeof(struct tree_kind));
  head->start_byte = at->position;
  head->start_row = at->row;
  head->start_column = at->position - at->line_start;
  head->index = at->node++;
  if (token.flags & TOKEN_LEAF) {
    token_leaf_over(c, token, at);
    c->spot.standing = TOKEN_AT_LEAF;
    c->spot.end_closes = token.closes;
  } else {
    c->spot.standing = TOKEN_AT_INNER;
  }
}

/* The same for the node whose token is at spot.at. */
static inline void token_place_next(struct token_cursor *c) {
  struct tree_token token = token_next(c, &c->spot.at);
  token_place(c, token);
}

static inline void token_place_at(struct token_cursor *c, TOKEN_AT at) {
  c->spot.at = at;
  token_place_next(c);
}

/* Moves over a whole token; returns the number of open nodes behind it. */
static inline uint32_t token_over(const struct token_cursor *c, struct tree_token token, TOKEN_AT *at, uint32_t depth) {
  token_padding_over(c, token, at);
  if (token.flags & TOKEN_LEAF) token_leaf_over(c, token, at);
  if (!(token.flags & TOKEN_GAP)) at->node++;
  return token.flags & (TOKEN_LEAF | TOKEN_GAP) ? depth - token.closes : depth + 1;
}

static bool token_corrupt(struct token_cursor *c) {
  if (!c->pub.error) c->pub.error = STAGE_CORRUPT;
  return false;
}

static bool token_frames_grow(struct token_cursor *c) {
  uint32_t capacity = c->frame_capacity ? c->frame_capacity * 2 : 32;
  struct token_frame *frames = stage_resize(c->ctx, STAGE_TREE, c->frames, capacity * sizeof *frames);
  if (!frames) {
    c->pub.error = STAGE_OUT_OF_MEMORY;
    return false;
  }
  c->frames = frames;
  c->frame_capacity = capacity;
  return true;
}

bool token_cursor_start(struct token_cursor *c) {
  uint32_t depth;
  c->pub.error = STAGE_OK;
  if (c->frame_capacity == 0 && !token_frames_grow(c)) return false;
  c->pub.depth = 0;
  c->spot.frame_count = c->spot.searched = 0;
  c->walk = token_at_block(c, 0, &depth);
  c->walk_depth = c->walk_closes = 0;
  token_place_at(c, c->walk);
  return true;
}

void token_cursor_free_frames(struct token_cursor *c) {
  stage_release(c->ctx, STAGE_TREE, c->frames);
  stage_release(c->ctx, STAGE_TREE, c->walk_frames);
}

/* The current inner node's own frame is written; there is always room for it. */
static inline void token_frame_write(struct token_cursor *c) {
  struct token_frame *frame = &c->frames[c->spot.frame_count];
  uint64_t kind;
  memcpy(&kind, &c->pub.head, sizeof kind);
  __asm__("" : "+r"(kind));
  memcpy(&frame->kind, &kind, sizeof kind);
  TOKEN_AT_COPY(frame->after, c->spot.at);
}

/* The current inner node becomes the parent of where the cursor goes next; spot.at is
 * behind its token. */
static inline bool token_frame_push(struct token_cursor *c) {
  struct token_spot *spot = &c->spot;
  if (__builtin_expect(spot->frame_count + 1 == c->frame_capacity, 0) && !token_frames_grow(c)) return false;
  if (spot->standing == TOKEN_AT_INNER) {
    token_frame_write(c);
  } else {
    spot->at = c->frames[spot->frame_count].after;
  }
  spot->frame_count++;
  c->pub.depth++;
  return true;
}

/* ---- where a node ends ---- */

/* Finds the current inner node's end. */
static bool token_find_end(struct token_cursor *c) {
  struct token_spot *spot = &c->spot;
  uint32_t node_depth = c->pub.depth, depth = node_depth + 1, block;
  TOKEN_AT at = spot->at;
  while (!token_at_end(c, &at)) {
    if (token_at_border(c, &at, &block)) { /* the node ends in the first block that leaves its depth */
      uint32_t first = block;
      while (block < token_block_count(c) && token_block_depth_min(c, block) > node_depth) block++;
      if (block == token_block_count(c)) break;
      if (block > first) at = token_at_block(c, block, &depth);
    }
    struct tree_token token = token_next(c, &at);
    uint32_t before = depth;
    depth = token_over(c, token, &at, depth);
    if (depth <= node_depth) {
      token_frame_write(c);
      spot->at = at;
      spot->standing = TOKEN_AT_END;
      spot->end_closes = token.closes - (before - node_depth);
      return true;
    }
  }
  return token_corrupt(c);
}

/* Makes spot.at the current node's end. */
static inline bool token_end_needed(struct token_cursor *c) {
  return __builtin_expect(c->spot.standing != TOKEN_AT_INNER, 1) || token_find_end(c);
}

/* ---- forward ---- */

bool token_goto_first_child(struct stage_cursor *cursor) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  if (c->spot.standing == TOKEN_AT_LEAF || !token_frame_push(c)) return false;
  token_place_next(c);
  return true;
}

bool token_goto_next_sibling(struct stage_cursor *cursor) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  if (!token_end_needed(c) || c->spot.end_closes > 0 || c->pub.depth == 0) return false;
  TOKEN_AT *at = &c->spot.at;
  if (__builtin_expect(token_at_end(c, at), 0)) return token_corrupt(c);
  const void *mark = token_mark(at);
  struct tree_token token = token_next(c, at);
  if (token.flags & TOKEN_GAP) {
    token_back(c, at, mark);
    return false;
  }
  token_place(c, token);
  return true;
}

/* The parent's end, where it follows from the current node's: then spot.at becomes the
 * parent's end. */
static inline bool token_end_of_parent(struct token_cursor *c) {
  struct token_spot *spot = &c->spot;
  if (spot->standing == TOKEN_AT_INNER) return false;
  if (__builtin_expect(spot->end_closes > 0, 1)) {
    spot->end_closes--;
    return true;
  }
  if (token_at_end(c, &spot->at)) return false;
  const void *mark = token_mark(&spot->at);
  struct tree_token token = token_next(c, &spot->at);
  if (!(token.flags & TOKEN_GAP)) {
    token_back(c, &spot->at, mark);
    return false;
  }
  token_padding_over(c, token, &spot->at);
  spot->end_closes = token.closes - 1u;
  return true;
}

/* ---- backward ---- */

/* The last node of a block before node `limit` whose depth is at most `depth`: in front
 * of its token, and its depth; false: the block holds none. */
static bool token_last_in_block(const struct token_cursor *c, uint32_t block, uint32_t limit, uint32_t depth,
                                TOKEN_AT *found, uint32_t *found_depth) {
  uint32_t d, next;
  TOKEN_AT at = token_at_block(c, block, &d);
  bool any = false;
  while (at.node < limit && !token_at_end(c, &at) && !(token_at_border(c, &at, &next) && next != block)) {
    TOKEN_AT before = at;
    struct tree_token token = token_next(c, &at);
    if (d <= depth && !(token.flags & TOKEN_GAP)) {
      *found = before;
      *found_depth = d;
      any = true;
    }
    d = token_over(c, token, &at, d);
  }
  return any;
}

/* The same for the whole tree before `limit`, of which the root is always one; blocks behind
 * `block` hold none. A block's lowest depth may be that of a node behind `limit`, or be reached
 * where it ends: so the first ones may hold none. */
static TOKEN_AT token_last_before(const struct token_cursor *c, uint32_t block, uint32_t limit, uint32_t depth,
                                  uint32_t *found_depth) {
  TOKEN_AT found = token_at_block(c, 0, found_depth);
  for (uint32_t b = block;; b--) {
    bool may = b == 0 || token_block_depth_min(c, b) <= depth || token_block_depth(c, b) <= depth;
    if ((may && token_last_in_block(c, b, limit, depth, &found, found_depth)) || b == 0) return found;
  }
}

/* Moves over a token, whose padding is over already, on the way to a place, and keeps frames of
 * the nodes that are opened on it: they are the ancestors of what comes, and goto_parent finds
 * them there. Returns the number of open nodes behind the token. */
static inline __attribute__((always_inline)) uint32_t token_over_framed(struct token_cursor *c, struct tree_token token,
                                                                        TOKEN_AT *at, uint32_t depth) {
  struct token_spot *spot = &c->spot;
  if (token.flags & (TOKEN_LEAF | TOKEN_GAP)) {
    if (token.flags & TOKEN_LEAF) {
      token_leaf_over(c, token, at);
      at->node++;
    }
    spot->frame_count -= spot->frame_count < token.closes ? spot->frame_count : token.closes;
    return depth - token.closes;
  }
  if (__builtin_expect(spot->frame_count + 2 >= c->frame_capacity, 0) && !token_frames_grow(c)) return depth + 1;
  struct token_frame *frame = &c->frames[spot->frame_count++];
  frame->kind = *token_kind(c, token);
  at->node++;
  TOKEN_AT_COPY(frame->after, *at);
  return depth + 1;
}

/* Makes frames of the ancestors of a node, or a gap, in front of which `depth` nodes are open, that
 * begin in the block where its parent does; the parent is the last one. It begins where the number
 * of open nodes last was below `depth`. `limit` is the node, or the one behind the gap. */
static bool token_find_parent(struct token_cursor *c, uint32_t limit, uint32_t depth) {
  struct token_spot *spot = &c->spot;
  for (uint32_t block = spot->searched; block-- > 0;) {
    if (block > 0 && token_block_depth(c, block) >= depth && token_block_depth_min(c, block) >= depth) continue;
    uint32_t open, next;
    TOKEN_AT at = token_at_block(c, block, &open);
    spot->frame_count = 0;
    while (at.node < limit && !token_at_end(c, &at) && !(token_at_border(c, &at, &next) && next != block)) {
      struct tree_token token = token_next(c, &at);
      token_padding_over(c, token, &at);
      open = token_over_framed(c, token, &at, open);
    }
    if (c->pub.error) return false;
    uint32_t deeper = open > depth ? open - depth : 0;
    spot->searched = block;
    if (spot->frame_count > deeper) {
      spot->frame_count -= deeper;
      return true;
    }
  }
  return token_corrupt(c);
}

bool token_goto_parent(struct stage_cursor *cursor) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  struct token_spot *spot = &c->spot;
  if (c->pub.depth == 0) return false;
  bool at_end = token_end_of_parent(c);
  if (__builtin_expect(spot->frame_count == 0, 0) && !token_find_parent(c, c->pub.head.index, c->pub.depth))
    return false;
  const struct token_frame *frame = &c->frames[--spot->frame_count];
  token_frame_head(frame, &c->pub.head);
  if (!at_end) spot->at = frame->after;
  spot->standing = at_end ? TOKEN_AT_END : TOKEN_AT_INNER;
  c->pub.depth--;
  return true;
}

bool token_goto_previous_sibling(struct stage_cursor *cursor) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  if (c->pub.depth == 0) return false;
  uint32_t depth;
  const TOKEN_AT *own = c->spot.standing == TOKEN_AT_END ? &c->frames[c->spot.frame_count].after : &c->spot.at;
  TOKEN_AT at = token_last_before(c, token_block_behind(c, own), c->pub.head.index, c->pub.depth, &depth);
  if (depth != c->pub.depth) return false;
  token_place_at(c, at);
  return true;
}

bool token_goto_last_child(struct stage_cursor *cursor) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  if (c->spot.standing == TOKEN_AT_LEAF || !token_end_needed(c)) return false;
  uint32_t depth, end_node = c->spot.at.node, end_block = token_block_behind(c, &c->spot.at);
  if (!token_frame_push(c)) return false;
  token_place_at(c, token_last_before(c, end_block, end_node, c->pub.depth, &depth));
  return true;
}

/* ---- among the children ---- */

/* What a move that fails late goes back to. The frame of the node itself is still where
 * it was, since moves among its children write above it. */
struct token_here {
  struct stage_head head;
  uint32_t depth;
  struct token_spot spot;
};

static inline struct token_here token_here(const struct token_cursor *c) {
  return (struct token_here){c->pub.head, c->pub.depth, c->spot};
}

static bool token_go_back(struct token_cursor *c, const struct token_here *here) {
  c->pub.head = here->head;
  c->pub.depth = here->depth;
  c->spot = here->spot;
  return false;
}

bool token_goto_child(struct stage_cursor *cursor, uint32_t n) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  struct token_here before = token_here(c);
  if (!token_goto_first_child(cursor)) return false;
  while (n-- > 0) {
    if (!token_goto_next_sibling(cursor)) return token_go_back(c, &before);
  }
  return true;
}

bool token_goto_child_by_field(struct stage_cursor *cursor, uint16_t field) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  struct token_here before = token_here(c);
  if (field == 0 || !token_goto_first_child(cursor)) return false;
  while (c->pub.head.field != field) {
    if (!token_goto_next_sibling(cursor)) return token_go_back(c, &before);
  }
  return true;
}

bool token_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  struct token_here before = token_here(c);
  if (!token_goto_first_child(cursor)) return false;
  while (token_end_needed(c) && c->spot.at.position <= byte) {
    if (!token_goto_next_sibling(cursor)) return token_go_back(c, &before);
  }
  return c->pub.error ? token_go_back(c, &before) : true;
}

/* ---- by place ---- */

bool token_goto_index(struct stage_cursor *cursor, uint32_t index) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  if (index >= token_node_count(c)) return false;
  uint32_t depth;
  c->spot.searched = token_block_of(c, index);
  TOKEN_AT at = token_at_block(c, c->spot.searched, &depth);
  c->spot.frame_count = 0;
  while (!token_at_end(c, &at) && !c->pub.error) {
    struct tree_token token = token_next(c, &at);
    if (at.node == index && !(token.flags & TOKEN_GAP)) {
      c->pub.depth = depth;
      c->spot.at = at;
      token_place(c, token);
      return true;
    }
    token_padding_over(c, token, &at);
    depth = token_over_framed(c, token, &at, depth);
  }
  return token_corrupt(c);
}

/* Places in a document as numbers that grow along it. */
static inline uint64_t token_point(uint32_t row, uint32_t column) { return (uint64_t)row << 32 | column; }

static inline uint64_t token_place_of(const TOKEN_AT *at, enum token_measure by) {
  return by == TOKEN_BY_BYTE ? at->position : token_point(at->row, at->position - at->line_start);
}

static inline uint64_t token_start_place(const struct token_cursor *c, enum token_measure by) {
  const struct stage_head *head = &c->pub.head;
  return by == TOKEN_BY_BYTE ? head->start_byte : token_point(head->start_row, head->start_column);
}

/* The last block that begins before a place. */
static uint32_t token_block_before(const struct token_cursor *c, uint64_t place, enum token_measure by) {
  uint32_t low = 0, high = token_block_count(c);
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (token_block_place(c, middle, by) < place) low = middle;
    else high = middle;
  }
  return low;
}

/* In front of the last node that begins at or before `place`, and its depth. *empty:
 * whether one of those that begin there is an empty leaf. */
static TOKEN_AT token_last_starting_by(const struct token_cursor *c, uint64_t place, enum token_measure by,
                                       uint32_t *found_depth, bool *empty) {
  uint32_t low = token_block_before(c, place, by);
  uint32_t depth;
  TOKEN_AT at = token_at_block(c, low, &depth), best = at;
  *found_depth = depth;
  *empty = false;
  bool any = false;
  while (!token_at_end(c, &at)) {
    TOKEN_AT before = at;
    struct tree_token token = token_next(c, &at);
    token_padding_over(c, token, &at);
    if (token.flags & TOKEN_GAP) {
      depth -= token.closes;
      continue;
    }
    uint64_t start = token_place_of(&at, by);
    if (start > place) break;
    any = true;
    best = before;
    *found_depth = depth;
    at.node++;
    if (token.flags & TOKEN_LEAF) {
      token_leaf_over(c, token, &at);
      if (start == place && token_place_of(&at, by) == start) *empty = true;
      depth -= token.closes;
    } else {
      depth++;
    }
  }
  /* The block's first node may begin behind the place: then it is the last one before. */
  if (!any && best.node > 0) return token_last_before(c, low, best.node, UINT32_MAX, found_depth);
  return best;
}

/* tree-sitter's own descent, child by child: exact also where empty nodes stand at the
 * place asked for, and slow on wide nodes. */
static bool token_descend_slowly(struct token_cursor *c, uint64_t start, uint64_t end, enum token_measure by) {
  for (;;) {
    struct token_here before = token_here(c);
    if (!token_goto_first_child(&c->pub)) return !c->pub.error;
    for (;;) {
      if (!token_end_needed(c)) return token_go_back(c, &before);
      uint64_t child_start = token_start_place(c, by), child_end = token_place_of(&c->spot.at, by);
      bool spans = child_end >= end && (child_start == child_end ? child_end >= start : child_end > start);
      if (spans && child_start <= start) break;
      if (spans || !token_goto_next_sibling(&c->pub)) {
        token_go_back(c, &before);
        return !c->pub.error;
      }
    }
  }
}

/* Whether the current node reaches to `end`: then it is the answer where no node below is. */
static bool token_reaches(struct token_cursor *c, uint64_t end, enum token_measure by) {
  return token_end_needed(c) && token_place_of(&c->spot.at, by) >= end;
}

/* Places the cursor on the innermost of the node at `at` (of depth `depth`) and its
 * ancestors that spans [start, end]; false: none below `node` does, and the cursor is on that. */
static bool token_ascend_to_span(struct token_cursor *c, TOKEN_AT at, uint32_t depth, uint32_t node, uint64_t start,
                                 uint64_t end, enum token_measure by) {
  c->spot.frame_count = 0; /* the ancestors on the way up are found by searching */
  c->spot.searched = token_block_of(c, at.node) + 1;
  c->pub.depth = depth;
  token_place_at(c, at);
  while (c->pub.head.index > node && token_end_needed(c)) {
    uint64_t place = token_place_of(&c->spot.at, by);
    if (place >= end && place > start) return true;
    if (!token_goto_parent(&c->pub)) return false;
  }
  if (c->pub.head.index != node && !c->pub.error) token_goto_index(&c->pub, node);
  return false;
}

enum token_found { TOKEN_FOUND, TOKEN_NOT_HERE, TOKEN_EMPTY_THERE };

/* The usual case of a descent from the root: the place lies in a leaf, or between the children
 * of a node that begins in the same block. Stands on the smallest node that spans [start,
 * end]; else the cursor is anywhere, and the answer is further up, or empty nodes stand at
 * the place. */
static enum token_found token_descend_in_block(struct token_cursor *c, uint64_t start, uint64_t end,
                                               enum token_measure by) {
  uint32_t depth;
  c->spot.searched = token_block_before(c, start, by);
  TOKEN_AT at = token_at_block(c, c->spot.searched, &depth);
  c->spot.frame_count = 0;
  uint32_t next = 0;
  uint64_t reached = 0; /* by all that is open */
  while (!token_at_end(c, &at) && !c->pub.error) {
    next = at.node;
    struct tree_token token = token_next(c, &at);
    token_padding_over(c, token, &at);
    uint64_t token_start = token_place_of(&at, by);
    if (token_start > start) { /* a node that begins, or the end of one that holds it */
      reached = token_start;
      break;
    }
    if (!(token.flags & TOKEN_LEAF)) {
      depth = token_over_framed(c, token, &at, depth);
      continue;
    }
    struct stage_head head = {.start_byte = at.position,
                              .start_row = at.row,
                              .start_column = at.position - at.line_start,
                              .index = at.node++};
    token_leaf_over(c, token, &at);
    uint64_t token_end = token_place_of(&at, by);
    if (token_end == token_start && token_start == start) return TOKEN_EMPTY_THERE;
    if (token_end > start && token_end >= end) {
      memcpy(&head, token_kind(c, token), sizeof(struct tree_kind));
      c->pub.head = head;
      c->pub.depth = depth;
      c->spot.at = at;
      c->spot.standing = TOKEN_AT_LEAF;
      c->spot.end_closes = token.closes;
      return TOKEN_FOUND;
    }
    c->spot.frame_count -= c->spot.frame_count < token.closes ? c->spot.frame_count : token.closes;
    depth -= token.closes;
  }
  /* What is open here holds `start`: the innermost that reaches `end` is the answer. */
  for (c->pub.depth = depth; c->pub.depth > 0 && !c->pub.error;) {
    if (c->spot.frame_count == 0 && !token_find_parent(c, next, c->pub.depth)) break;
    const struct token_frame *frame = &c->frames[--c->spot.frame_count];
    c->pub.depth--;
    token_frame_head(frame, &c->pub.head);
    c->spot.at = frame->after;
    c->spot.standing = TOKEN_AT_INNER;
    if (end <= reached || token_reaches(c, end, by)) return TOKEN_FOUND;
  }
  return TOKEN_NOT_HERE;
}

static inline __attribute__((always_inline)) bool token_goto_descendant(struct token_cursor *c, uint64_t start,
                                                                        uint64_t end, enum token_measure by) {
  uint32_t node = c->pub.head.index, node_end = token_node_count(c), depth;
  if (start > end || start < token_start_place(c, by)) return false;
  if (c->pub.depth == 0 && c->spot.standing != TOKEN_AT_LEAF) {
    if (token_descend_in_block(c, start, end, by) == TOKEN_FOUND) return true;
    if (!token_goto_index(&c->pub, 0)) return false;
  }
  if (c->spot.standing == TOKEN_AT_LEAF || c->pub.depth > 0) { /* the root's end is far, and seldom needed */
    if (!token_reaches(c, end, by)) return false;
    if (c->spot.standing == TOKEN_AT_LEAF) return true;
    node_end = c->spot.at.node;
  }
  bool empty;
  TOKEN_AT at = token_last_starting_by(c, start, by, &depth, &empty);
  if (empty && start == end) return token_reaches(c, end, by) && token_descend_slowly(c, start, end, by);
  /* Every node that holds `start` is the last one that begins by it, or an ancestor. */
  if (at.node > node && at.node < node_end && token_ascend_to_span(c, at, depth, node, start, end, by)) return true;
  return token_reaches(c, end, by);
}

bool token_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  return token_goto_descendant((struct token_cursor *)cursor, start, end, TOKEN_BY_BYTE);
}

bool token_goto_descendant_for_points(struct stage_cursor *cursor, TSPoint start, TSPoint end) {
  return token_goto_descendant((struct token_cursor *)cursor, token_point(start.row, start.column),
                               token_point(end.row, end.column), TOKEN_BY_POINT);
}

/* ---- extent ---- */

/* Counts the current node's children; its end is known. */
static void token_count_children(const struct token_cursor *c, uint32_t *count, uint32_t *named) {
  TOKEN_AT at = c->frames[c->spot.frame_count].after;
  const uint32_t child_depth = c->pub.depth + 1, end_node = c->spot.at.node;
  uint32_t depth = child_depth, block;
  *count = *named = 0;
  while (at.node < end_node && !token_at_end(c, &at)) {
    if (token_at_border(c, &at, &block) && depth > child_depth) { /* over blocks that hold grandchildren only */
      uint32_t first = block;
      while (block < token_block_count(c) && token_block_depth_min(c, block) > child_depth) block++;
      if (block == token_block_count(c)) return;
      if (block > first) {
        at = token_at_block(c, block, &depth);
        continue;
      }
    }
    struct tree_token token = token_next(c, &at);
    if (!(token.flags & TOKEN_GAP) && depth == child_depth) {
      ++*count;
      *named += token_kind(c, token)->flags & STAGE_NODE_NAMED;
    }
    depth = token_over(c, token, &at, depth);
  }
}

int token_extent(struct stage_cursor *cursor, struct stage_extent *extent) {
  struct token_cursor *c = (struct token_cursor *)cursor;
  if (!token_end_needed(c)) return c->pub.error;
  const TOKEN_AT *end = &c->spot.at;
  extent->end_byte = end->position;
  extent->end_row = end->row;
  extent->end_column = end->position - end->line_start;
  extent->descendant_count = end->node - c->pub.head.index;
  extent->child_count = extent->named_child_count = 0;
  if (c->spot.standing != TOKEN_AT_LEAF) token_count_children(c, &extent->child_count, &extent->named_child_count);
  return STAGE_OK;
}

#endif
