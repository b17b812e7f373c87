/* SPDX-License-Identifier: MIT
 *
 * cursor.c - the moves. Forward moves decode one token. A node's end is found by
 * decoding until its depth is left, over whole blocks by their lowest depth; ancestors
 * that the cursor did not come through are searched backwards the same way: in preorder,
 * the parent of node i at depth d is the last node before i with a depth below d (a
 * range-min-max tree whose leaves are blocks: Navarro and Sadakane, "Fully functional
 * static and dynamic succinct trees", 2014).
 *
 * A cursor only ever reads blobs that this stage wrote or that p1_validate passed: the
 * moves check what is cheap to check and set cursor->error. */
#include "cursor.h"

/* ---- placing ---- */

/* Stands on the node whose row was just read; spot.at is behind its code. In place,
 * because a copy of a struct whose fields were just stored one by one, read back with
 * wide loads, waits for the stores to retire: that was half of a cursor walk. */
static inline __attribute__((always_inline)) void place(struct p1_cursor *c, struct tree_row row) {
  struct stage_head *head = &c->pub.head;
  struct p1_at *at = &c->spot.at;
  p1_padding_over(&c->tables, &c->tree, row, at);
  memcpy(head, &c->tables.kinds[row.kind], sizeof(struct tree_kind));
  head->start_byte = at->position;
  head->start_row = at->row;
  head->start_column = at->position - at->line_start;
  head->index = at->node++;
  if (row.flags & ROW_LEAF) {
    p1_leaf_over(&c->tree, row, at);
    c->spot.standing = P1_AT_LEAF;
    c->spot.end_closes = row.closes;
  } else {
    c->spot.standing = P1_AT_TOKEN;
  }
}

/* The same for the node whose token is at spot.at. */
static inline void place_next(struct p1_cursor *c) {
  struct tree_row row = p1_next_row(&c->tables, &c->spot.at.token);
  place(c, row);
}

static inline void place_at(struct p1_cursor *c, struct p1_at at) {
  c->spot.at = at;
  place_next(c);
}

static bool corrupt(struct p1_cursor *c) {
  if (!c->pub.error) c->pub.error = STAGE_CORRUPT;
  return false;
}

static bool frames_grow(struct p1_cursor *c) {
  uint32_t capacity = c->frame_capacity ? c->frame_capacity * 2 : 32;
  struct p1_frame *frames = stage_resize(c->ctx, STAGE_TREE, c->frames, capacity * sizeof *frames);
  if (!frames) {
    c->pub.error = STAGE_OUT_OF_MEMORY;
    return false;
  }
  c->frames = frames;
  c->frame_capacity = capacity;
  return true;
}

bool p1_cursor_start(struct p1_cursor *c) {
  uint32_t depth;
  c->tokens_end = c->tree.tokens + c->tree.token_bytes;
  c->pub.error = STAGE_OK;
  if (c->frame_capacity == 0 && !frames_grow(c)) return false;
  c->pub.depth = 0;
  c->spot.frame_count = 0;
  c->walk = p1_at_block(&c->tree, 0, &depth);
  c->walk_depth = c->walk_closes = 0;
  place_at(c, c->walk);
  return true;
}

void p1_cursor_free_frames(struct p1_cursor *c) {
  stage_release(c->ctx, STAGE_TREE, c->frames);
  stage_release(c->ctx, STAGE_TREE, c->walk_frames);
}

/* Copies a field through a register of its own width (see `place` for why). */
#define COPY_FIELD(to, from)         \
  do {                               \
    __typeof__(from) field = (from); \
    __asm__("" : "+r"(field));       \
    (to) = field;                    \
  } while (0)

/* The current inner node's own frame is written; there is always room for it. */
static inline void frame_write(struct p1_cursor *c) {
  struct p1_frame *frame = &c->frames[c->spot.frame_count];
  uint64_t kind;
  memcpy(&kind, &c->pub.head, sizeof kind);
  __asm__("" : "+r"(kind));
  memcpy(&frame->head, &kind, sizeof kind);
  COPY_FIELD(frame->head.start_byte, c->pub.head.start_byte);
  COPY_FIELD(frame->head.start_row, c->pub.head.start_row);
  COPY_FIELD(frame->head.start_column, c->pub.head.start_column);
  COPY_FIELD(frame->head.index, c->pub.head.index);
  COPY_FIELD(frame->after.token, c->spot.at.token);
  COPY_FIELD(frame->after.nibble, c->spot.at.nibble);
  COPY_FIELD(frame->after.position, c->spot.at.position);
  COPY_FIELD(frame->after.row, c->spot.at.row);
  COPY_FIELD(frame->after.line_start, c->spot.at.line_start);
  COPY_FIELD(frame->after.indent, c->spot.at.indent);
  COPY_FIELD(frame->after.node, c->spot.at.node);
}

/* The current inner node becomes the parent of where the cursor goes next; spot.at is
 * behind its token. */
static inline bool frame_push(struct p1_cursor *c) {
  struct p1_spot *spot = &c->spot;
  if (__builtin_expect(spot->frame_count + 1 == c->frame_capacity, 0) && !frames_grow(c)) return false;
  if (spot->standing == P1_AT_TOKEN) {
    frame_write(c);
  } else {
    spot->at = c->frames[spot->frame_count].after;
  }
  spot->frame_count++;
  c->pub.depth++;
  return true;
}

/* ---- where a node ends ---- */

/* In front of block b or of a later one, from where the search for a node shallower
 * than or at `depth` must go on. What precedes the returned block holds none. If such a
 * node is the first of a block, the block before it is returned, because the tokens that
 * close its elder siblings are there. */
static uint32_t block_reaching(const struct p1_tree *tree, uint32_t b, uint32_t depth) {
  uint32_t first = b;
  while (b < tree->block_count && p1_block_depth_min(tree, b) > depth) b++;
  if (b > first && (b == tree->block_count || p1_block_depth(tree, b) <= depth)) b--;
  return b;
}

/* Finds the current inner node's end. */
static bool find_end(struct p1_cursor *c) {
  struct p1_spot *spot = &c->spot;
  const struct p1_tree *tree = &c->tree;
  uint32_t node_depth = c->pub.depth;
  struct p1_at at = spot->at;
  uint32_t open = 1; /* nodes to close until the current one is closed */
  while (at.token < c->tokens_end) {
    if ((at.node & (P1_BLOCK_NODES - 1)) == 0 && at.node < tree->node_count) {
      uint32_t b = at.node >> P1_BLOCK_LG, target = block_reaching(tree, b, node_depth), depth;
      if (target > b) {
        at = p1_at_block(tree, target, &depth);
        open = depth - node_depth;
      }
    }
    struct tree_row row = p1_next_row(&c->tables, &at.token);
    p1_token_over(&c->tables, tree, row, &at);
    if (!(row.flags & (ROW_LEAF | ROW_GAP))) {
      open++;
    } else if (row.closes >= open) {
      frame_write(c);
      spot->at = at;
      spot->standing = P1_AT_END;
      spot->end_closes = row.closes - open;
      return true;
    } else {
      open -= row.closes;
    }
  }
  return corrupt(c);
}

/* Makes spot.at the current node's end. */
static inline bool end_needed(struct p1_cursor *c) {
  return __builtin_expect(c->spot.standing != P1_AT_TOKEN, 1) || find_end(c);
}

/* ---- forward ---- */

bool p1_goto_first_child(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (c->spot.standing == P1_AT_LEAF || !frame_push(c)) return false;
  place_next(c);
  return true;
}

bool p1_goto_next_sibling(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (!end_needed(c) || c->spot.end_closes > 0 || c->pub.depth == 0) return false;
  const uint8_t *token = c->spot.at.token;
  if (__builtin_expect(token >= c->tokens_end, 0)) return corrupt(c);
  struct tree_row row = p1_next_row(&c->tables, &token);
  if (row.flags & ROW_GAP) return false;
  c->spot.at.token = token;
  place(c, row);
  return true;
}

/* The parent's end, where it follows from the current node's: then spot.at becomes the
 * parent's end. */
static inline bool end_of_parent(struct p1_cursor *c) {
  struct p1_spot *spot = &c->spot;
  if (spot->standing == P1_AT_TOKEN) return false;
  if (__builtin_expect(spot->end_closes > 0, 1)) {
    spot->end_closes--;
    return true;
  }
  struct p1_at at = spot->at;
  if (at.token >= c->tokens_end) return false;
  struct tree_row row = p1_next_row(&c->tables, &at.token);
  if (!(row.flags & ROW_GAP)) return false;
  p1_padding_over(&c->tables, &c->tree, row, &at);
  spot->at = at;
  spot->end_closes = row.closes - 1u;
  return true;
}

/* ---- backward ---- */

/* The last node of block b before node `limit` whose depth is at most `depth`: in front
 * of its token, and its depth; false: the block holds none. */
static bool last_in_block(const struct p1_cursor *c, uint32_t b, uint32_t limit, uint32_t depth, struct p1_at *found,
                          uint32_t *found_depth) {
  uint64_t stop = ((uint64_t)b + 1) << P1_BLOCK_LG;
  if (stop > limit) stop = limit;
  uint32_t d;
  struct p1_at at = p1_at_block(&c->tree, b, &d);
  bool any = false;
  while (at.node < stop && at.token < c->tokens_end) {
    struct p1_at before = at;
    struct tree_row row = p1_next_row(&c->tables, &at.token);
    if (d <= depth && !(row.flags & ROW_GAP)) {
      *found = before;
      *found_depth = d;
      any = true;
    }
    p1_token_over(&c->tables, &c->tree, row, &at);
    d = row.flags & (ROW_LEAF | ROW_GAP) ? d - row.closes : d + 1;
  }
  return any;
}

/* The same for the whole tree before `limit`, of which the root is always one. A block's
 * lowest depth may be that of a node behind `limit`: so the first one may hold none. */
static struct p1_at last_before(const struct p1_cursor *c, uint32_t limit, uint32_t depth, uint32_t *found_depth) {
  struct p1_at found = {.token = c->tree.tokens};
  *found_depth = 0;
  for (uint32_t b = (limit - 1) >> P1_BLOCK_LG;; b--) {
    if ((b == 0 || p1_block_depth_min(&c->tree, b) <= depth) &&
        last_in_block(c, b, limit, depth, &found, found_depth)) {
      break;
    }
    if (b == 0) break;
  }
  return found;
}

bool p1_goto_parent(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct p1_spot *spot = &c->spot;
  if (c->pub.depth == 0) return false;
  bool at_end = end_of_parent(c);
  if (__builtin_expect(spot->frame_count > 0, 1)) {
    const struct p1_frame *frame = &c->frames[--spot->frame_count];
    c->pub.head = frame->head;
    if (!at_end) spot->at = frame->after;
    spot->standing = at_end ? P1_AT_END : P1_AT_TOKEN;
  } else {
    uint32_t depth, closes = spot->end_closes;
    struct p1_at end = spot->at;
    place_at(c, last_before(c, c->pub.head.index, c->pub.depth - 1, &depth));
    if (at_end) {
      frame_write(c);
      spot->at = end;
      spot->end_closes = closes;
      spot->standing = P1_AT_END;
    }
  }
  c->pub.depth--;
  return true;
}

bool p1_goto_previous_sibling(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (c->pub.depth == 0) return false;
  uint32_t depth;
  struct p1_at at = last_before(c, c->pub.head.index, c->pub.depth, &depth);
  if (depth != c->pub.depth) return false;
  place_at(c, at);
  return true;
}

bool p1_goto_last_child(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (c->spot.standing == P1_AT_LEAF || !end_needed(c)) return false;
  uint32_t depth, end_node = c->spot.at.node;
  if (!frame_push(c)) return false;
  place_at(c, last_before(c, end_node, c->pub.depth, &depth));
  return true;
}

/* ---- among the children ---- */

/* What a move that fails late goes back to. The frame of the node itself is still where
 * it was, since moves among its children write above it. */
struct place {
  struct stage_head head;
  uint32_t depth;
  struct p1_spot spot;
};

static inline struct place here(const struct p1_cursor *c) {
  return (struct place){c->pub.head, c->pub.depth, c->spot};
}

static bool go_back(struct p1_cursor *c, const struct place *place) {
  c->pub.head = place->head;
  c->pub.depth = place->depth;
  c->spot = place->spot;
  return false;
}

bool p1_goto_child(struct stage_cursor *cursor, uint32_t n) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct place before = here(c);
  if (!p1_goto_first_child(cursor)) return false;
  while (n-- > 0) {
    if (!p1_goto_next_sibling(cursor)) return go_back(c, &before);
  }
  return true;
}

bool p1_goto_child_by_field(struct stage_cursor *cursor, uint16_t field) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct place before = here(c);
  if (field == 0 || !p1_goto_first_child(cursor)) return false;
  while (c->pub.head.field != field) {
    if (!p1_goto_next_sibling(cursor)) return go_back(c, &before);
  }
  return true;
}

bool p1_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct place before = here(c);
  if (!p1_goto_first_child(cursor)) return false;
  while (end_needed(c) && c->spot.at.position <= byte) {
    if (!p1_goto_next_sibling(cursor)) return go_back(c, &before);
  }
  return c->pub.error ? go_back(c, &before) : true;
}

/* ---- by place ---- */

bool p1_goto_index(struct stage_cursor *cursor, uint32_t index) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (index >= c->tree.node_count) return false;
  uint32_t depth;
  struct p1_at at = p1_at_block(&c->tree, index >> P1_BLOCK_LG, &depth);
  for (;;) {
    if (at.token >= c->tokens_end) return corrupt(c);
    struct p1_at before = at;
    struct tree_row row = p1_next_row(&c->tables, &at.token);
    if (row.flags & ROW_GAP) {
      p1_padding_over(&c->tables, &c->tree, row, &at);
      depth -= row.closes;
      continue;
    }
    if (before.node == index) {
      c->pub.depth = depth;
      c->spot.frame_count = 0;
      c->spot.at = at;
      place(c, row);
      return true;
    }
    p1_token_over(&c->tables, &c->tree, row, &at);
    depth = row.flags & ROW_LEAF ? depth - row.closes : depth + 1;
  }
}

/* In front of the last node that begins at or before `byte`, and its depth. *empty:
 * whether one of those that begin at `byte` is an empty leaf. */
static struct p1_at last_starting_by(const struct p1_cursor *c, uint32_t byte, uint32_t *found_depth, bool *empty) {
  uint32_t low = 0, high = c->tree.block_count ? c->tree.block_count : 1;
  while (high - low > 1) { /* the last block whose position is below byte */
    uint32_t middle = low + (high - low) / 2;
    if (p1_block_position(&c->tree, middle) < byte) {
      low = middle;
    } else {
      high = middle;
    }
  }
  uint32_t depth;
  struct p1_at at = p1_at_block(&c->tree, low, &depth), best = at;
  *found_depth = depth;
  *empty = false;
  bool any = false;
  while (at.token < c->tokens_end) {
    struct p1_at before = at;
    struct tree_row row = p1_next_row(&c->tables, &at.token);
    p1_padding_over(&c->tables, &c->tree, row, &at);
    if (row.flags & ROW_GAP) {
      depth -= row.closes;
      continue;
    }
    if (at.position > byte) break;
    any = true;
    best = before;
    *found_depth = depth;
    at.node++;
    if (row.flags & ROW_LEAF) {
      uint32_t start = at.position;
      p1_leaf_over(&c->tree, row, &at);
      if (at.position == start && start == byte) *empty = true;
      depth -= row.closes;
    } else {
      depth++;
    }
  }
  /* The block's first node may begin behind `byte`: then it is the last one before. */
  if (!any && best.node > 0) return last_before(c, best.node, UINT32_MAX, found_depth);
  return best;
}

/* tree-sitter's own descent, child by child: exact also where empty nodes stand at the
 * place asked for, and slow on wide nodes. */
static bool descend_slowly(struct p1_cursor *c, uint32_t start, uint32_t end) {
  for (;;) {
    struct place before = here(c);
    if (!p1_goto_first_child(&c->pub)) return !c->pub.error;
    for (;;) {
      if (!end_needed(c)) return go_back(c, &before);
      uint32_t child_start = c->pub.head.start_byte, child_end = c->spot.at.position;
      bool spans = child_end >= end && (child_start == child_end ? child_end >= start : child_end > start);
      if (spans && child_start <= start) break;
      if (spans || !p1_goto_next_sibling(&c->pub)) {
        go_back(c, &before);
        return !c->pub.error;
      }
    }
  }
}

/* Whether the current node reaches to `end`: then it is the answer where no node below is. */
static bool reaches(struct p1_cursor *c, uint32_t end) { return end_needed(c) && c->spot.at.position >= end; }

/* Places the cursor on the innermost of the node at `at` (of depth `depth`) and its
 * ancestors that spans [start, end]; false: none below `node` does, and the cursor is
 * where it was. */
static bool ascend_to_span(struct p1_cursor *c, struct p1_at at, uint32_t depth, uint32_t node, uint32_t start,
                           uint32_t end) {
  struct place before = here(c);
  struct p1_frame own = c->frames[before.spot.frame_count], bottom = c->frames[0];
  c->spot.frame_count = 0; /* the ancestors on the way up are found by searching */
  c->pub.depth = depth;
  place_at(c, at);
  while (c->pub.head.index > node && end_needed(c)) {
    if (c->spot.at.position >= end && c->spot.at.position > start) return true;
    p1_goto_parent(&c->pub);
  }
  go_back(c, &before);
  c->frames[0] = bottom;
  c->frames[before.spot.frame_count] = own;
  return false;
}

bool p1_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  uint32_t node = c->pub.head.index, node_end = c->tree.node_count, depth;
  if (start > end || start < c->pub.head.start_byte) return false;
  if (c->spot.standing == P1_AT_LEAF || c->pub.depth > 0) { /* the root's end is far, and seldom needed */
    if (!reaches(c, end)) return false;
    if (c->spot.standing == P1_AT_LEAF) return true;
    node_end = c->spot.at.node;
  }
  bool empty;
  struct p1_at at = last_starting_by(c, start, &depth, &empty);
  if (empty && start == end) return reaches(c, end) && descend_slowly(c, start, end);
  /* Every node that holds `start` is the last one that begins by it, or an ancestor. */
  if (at.node > node && at.node < node_end && ascend_to_span(c, at, depth, node, start, end)) return true;
  return reaches(c, end);
}

/* ---- extent ---- */

/* Counts the current node's children; its end is known. */
static void count_children(const struct p1_cursor *c, uint32_t *count, uint32_t *named) {
  const struct p1_tree *tree = &c->tree;
  struct p1_at at = c->frames[c->spot.frame_count].after;
  const uint32_t child_depth = c->pub.depth + 1, end_node = c->spot.at.node;
  uint32_t depth = child_depth;
  *count = *named = 0;
  while (at.node < end_node && at.token < c->tokens_end) {
    if ((at.node & (P1_BLOCK_NODES - 1)) == 0) {
      uint32_t b = at.node >> P1_BLOCK_LG, first = b;
      while (b < tree->block_count && p1_block_depth_min(tree, b) > child_depth) b++;
      if (b == tree->block_count) return;
      if (b > first) {
        at = p1_at_block(tree, b, &depth);
        continue;
      }
    }
    struct tree_row row = p1_next_row(&c->tables, &at.token);
    if (!(row.flags & ROW_GAP) && depth == child_depth) {
      ++*count;
      *named += c->tables.kinds[row.kind].flags & STAGE_NODE_NAMED;
    }
    p1_token_over(&c->tables, tree, row, &at);
    depth = row.flags & (ROW_LEAF | ROW_GAP) ? depth - row.closes : depth + 1;
  }
}

int p1_extent(struct stage_cursor *cursor, struct stage_extent *extent) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (!end_needed(c)) return c->pub.error;
  const struct p1_at *end = &c->spot.at;
  extent->end_byte = end->position;
  extent->end_row = end->row;
  extent->end_column = end->position - end->line_start;
  extent->descendant_count = end->node - c->pub.head.index;
  extent->child_count = extent->named_child_count = 0;
  if (c->spot.standing != P1_AT_LEAF) count_children(c, &extent->child_count, &extent->named_child_count);
  return STAGE_OK;
}
