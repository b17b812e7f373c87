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

static inline void mirror(struct p1_cursor *c) {
  c->pub.head = c->spot.head;
  c->pub.depth = c->spot.depth;
}

/* Stands on the node whose row was just read; `at` is behind its code. */
static inline void place(struct p1_cursor *c, struct p1_row row, struct p1_at at) {
  struct p1_spot *spot = &c->spot;
  p1_padding_over(&c->tables, &c->tree, row, &at);
  memcpy(&spot->head, &c->tables.kinds[row.kind], sizeof(struct p1_kind));
  spot->head.start_byte = at.position;
  spot->head.start_row = at.row;
  spot->head.start_column = at.position - at.line_start;
  spot->head.index = at.node++;
  spot->leaf = row.flags & P1_LEAF;
  if (spot->leaf) p1_leaf_over(&c->tree, row, &at);
  spot->end_known = spot->leaf;
  spot->end_closes = row.closes;
  spot->after = at;
}

/* The same for the node whose token is at `at`. */
static inline void place_at(struct p1_cursor *c, struct p1_at at) {
  struct p1_row row = p1_next_row(&c->tables, &at.token);
  place(c, row, at);
}

static bool corrupt(struct p1_cursor *c) {
  if (!c->pub.error) c->pub.error = STAGE_CORRUPT;
  return false;
}

void p1_cursor_start(struct p1_cursor *c) {
  uint32_t depth;
  c->tokens_end = c->tree.tokens + c->tree.token_bytes;
  c->pub.error = STAGE_OK;
  c->spot.depth = 0;
  c->spot.frame_count = 0;
  place_at(c, p1_at_block(&c->tree, 0, &depth));
  mirror(c);
  c->walk = p1_at_block(&c->tree, 0, &depth);
  c->walk_depth = c->walk_closes = 0;
}

void p1_cursor_free_frames(struct p1_cursor *c) {
  stage_release(c->ctx, STAGE_TREE, c->frames);
  stage_release(c->ctx, STAGE_TREE, c->walk_frames);
}

/* Remembers the current node as the parent of the next one. */
static inline bool frame_push(struct p1_cursor *c) {
  struct p1_spot *spot = &c->spot;
  if (__builtin_expect(spot->frame_count == c->frame_capacity, 0)) {
    uint32_t capacity = c->frame_capacity ? c->frame_capacity * 2 : 32;
    struct p1_frame *frames = stage_resize(c->ctx, STAGE_TREE, c->frames, capacity * sizeof *frames);
    if (!frames) {
      c->pub.error = STAGE_OUT_OF_MEMORY;
      return false;
    }
    c->frames = frames;
    c->frame_capacity = capacity;
  }
  struct p1_frame *frame = &c->frames[spot->frame_count++];
  frame->head = spot->head;
  frame->after = spot->after;
  return true;
}

/* ---- where a node ends ---- */

static inline const struct p1_at *end_of(const struct p1_spot *spot) { return spot->leaf ? &spot->after : &spot->end; }

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
  struct p1_at at = spot->after;
  uint32_t open = 1; /* nodes to close until the current one is closed */
  while (at.token < c->tokens_end) {
    if ((at.node & (P1_BLOCK_NODES - 1)) == 0 && at.node > 0 && at.node < tree->node_count) {
      uint32_t b = at.node >> P1_BLOCK_LG, target = block_reaching(tree, b, spot->depth), depth;
      if (target > b) {
        at = p1_at_block(tree, target, &depth);
        open = depth - spot->depth;
      }
    }
    struct p1_row row = p1_next_row(&c->tables, &at.token);
    if (row.flags & P1_GAP) {
      p1_padding_over(&c->tables, tree, row, &at);
    } else {
      p1_token_over(&c->tables, tree, row, &at);
      if (!(row.flags & P1_LEAF)) {
        open++;
        continue;
      }
    }
    if (row.closes >= open) {
      spot->end = at;
      spot->end_closes = row.closes - open;
      spot->end_known = true;
      return true;
    }
    open -= row.closes;
  }
  return corrupt(c);
}

static inline bool end_needed(struct p1_cursor *c) {
  return __builtin_expect(c->spot.end_known, 1) || find_end(c);
}

/* ---- forward ---- */

bool p1_goto_first_child(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (c->spot.leaf || !frame_push(c)) return false;
  c->spot.depth++;
  place_at(c, c->spot.after);
  mirror(c);
  return true;
}

bool p1_goto_next_sibling(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct p1_spot *spot = &c->spot;
  if (spot->depth == 0 || !end_needed(c) || spot->end_closes > 0) return false;
  struct p1_at at = *end_of(spot);
  if (at.token >= c->tokens_end) return corrupt(c);
  struct p1_row row = p1_next_row(&c->tables, &at.token);
  if (row.flags & P1_GAP) return false;
  place(c, row, at);
  mirror(c);
  return true;
}

/* Whether the end of the current node's parent follows from the current node's; then it
 * is put into *at and *closes. */
static bool parent_end(const struct p1_cursor *c, struct p1_at *at, uint32_t *closes) {
  const struct p1_spot *spot = &c->spot;
  if (!spot->end_known) return false;
  *at = *end_of(spot);
  if (spot->end_closes > 0) {
    *closes = spot->end_closes - 1;
    return true;
  }
  if (at->token >= c->tokens_end) return false;
  struct p1_row row = p1_next_row(&c->tables, &at->token);
  if (!(row.flags & P1_GAP)) return false;
  p1_padding_over(&c->tables, &c->tree, row, at);
  *closes = row.closes - 1u;
  return true;
}

/* ---- backward ---- */

/* The last node before node `limit` whose depth is at most `depth`: in front of its
 * token, and its depth. There is one: the root. */
static struct p1_at last_before(const struct p1_cursor *c, uint32_t limit, uint32_t depth, uint32_t *found_depth) {
  uint32_t b = (limit - 1) >> P1_BLOCK_LG;
  while (b > 0 && p1_block_depth_min(&c->tree, b) > depth) b--;
  uint32_t stop = (b + 1) << P1_BLOCK_LG, d;
  if (stop > limit || stop == 0) stop = limit;
  struct p1_at at = p1_at_block(&c->tree, b, &d), best = at;
  *found_depth = d;
  while (at.node < stop && at.token < c->tokens_end) {
    struct p1_at before = at;
    struct p1_row row = p1_next_row(&c->tables, &at.token);
    if (row.flags & P1_GAP) {
      p1_padding_over(&c->tables, &c->tree, row, &at);
      d -= row.closes;
      continue;
    }
    if (d <= depth) {
      best = before;
      *found_depth = d;
    }
    p1_token_over(&c->tables, &c->tree, row, &at);
    d = row.flags & P1_LEAF ? d - row.closes : d + 1;
  }
  return best;
}

bool p1_goto_parent(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct p1_spot *spot = &c->spot;
  if (spot->depth == 0) return false;
  struct p1_at end;
  uint32_t closes = 0;
  bool end_known = parent_end(c, &end, &closes);
  if (spot->frame_count > 0) {
    const struct p1_frame *frame = &c->frames[--spot->frame_count];
    spot->head = frame->head;
    spot->after = frame->after;
    spot->leaf = false;
  } else {
    uint32_t depth;
    place_at(c, last_before(c, spot->head.index, spot->depth - 1, &depth));
  }
  spot->depth--;
  spot->end_known = end_known;
  spot->end_closes = closes;
  if (end_known) spot->end = end;
  mirror(c);
  return true;
}

bool p1_goto_previous_sibling(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (c->spot.depth == 0) return false;
  uint32_t depth;
  struct p1_at at = last_before(c, c->spot.head.index, c->spot.depth, &depth);
  if (depth != c->spot.depth) return false;
  place_at(c, at);
  mirror(c);
  return true;
}

bool p1_goto_last_child(struct stage_cursor *cursor) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (c->spot.leaf || !end_needed(c) || !frame_push(c)) return false;
  uint32_t depth;
  struct p1_at at = last_before(c, c->spot.end.node, c->spot.depth + 1, &depth);
  c->spot.depth++;
  place_at(c, at);
  mirror(c);
  return true;
}

/* ---- among the children ---- */

static bool go_back(struct p1_cursor *c, const struct p1_spot *spot) {
  c->spot = *spot;
  mirror(c);
  return false;
}

bool p1_goto_child(struct stage_cursor *cursor, uint32_t n) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct p1_spot spot = c->spot;
  if (!p1_goto_first_child(cursor)) return false;
  while (n-- > 0) {
    if (!p1_goto_next_sibling(cursor)) return go_back(c, &spot);
  }
  return true;
}

bool p1_goto_child_by_field(struct stage_cursor *cursor, uint16_t field) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct p1_spot spot = c->spot;
  if (!p1_goto_first_child(cursor)) return false;
  while (c->spot.head.field != field) {
    if (!p1_goto_next_sibling(cursor)) return go_back(c, &spot);
  }
  return true;
}

bool p1_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct p1_spot spot = c->spot;
  if (!p1_goto_first_child(cursor)) return false;
  while (end_needed(c) && end_of(&c->spot)->position <= byte) {
    if (!p1_goto_next_sibling(cursor)) return go_back(c, &spot);
  }
  return c->pub.error ? go_back(c, &spot) : true;
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
    struct p1_row row = p1_next_row(&c->tables, &at.token);
    if (row.flags & P1_GAP) {
      p1_padding_over(&c->tables, &c->tree, row, &at);
      depth -= row.closes;
      continue;
    }
    if (before.node == index) {
      c->spot.depth = depth;
      c->spot.frame_count = 0;
      place(c, row, at);
      mirror(c);
      return true;
    }
    p1_token_over(&c->tables, &c->tree, row, &at);
    depth = row.flags & P1_LEAF ? depth - row.closes : depth + 1;
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
    struct p1_row row = p1_next_row(&c->tables, &at.token);
    p1_padding_over(&c->tables, &c->tree, row, &at);
    if (row.flags & P1_GAP) {
      depth -= row.closes;
      continue;
    }
    if (at.position > byte) break;
    any = true;
    best = before;
    *found_depth = depth;
    at.node++;
    if (row.flags & P1_LEAF) {
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
    struct p1_spot spot = c->spot;
    if (!p1_goto_first_child(&c->pub)) return !c->pub.error;
    for (;;) {
      if (!end_needed(c)) return go_back(c, &spot);
      uint32_t child_start = c->spot.head.start_byte, child_end = end_of(&c->spot)->position;
      bool reaches = child_end >= end && (child_start == child_end ? child_end >= start : child_end > start);
      if (reaches && child_start <= start) break;
      if (reaches || !p1_goto_next_sibling(&c->pub)) {
        go_back(c, &spot);
        return !c->pub.error;
      }
    }
  }
}

bool p1_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  struct p1_spot spot = c->spot;
  if (start > end) return false;
  if (spot.leaf) return true;
  if (spot.depth > 0 && !end_needed(c)) return false;
  spot = c->spot;
  uint32_t depth;
  bool empty;
  struct p1_at at = last_starting_by(c, start, &depth, &empty);
  if (empty && start == end) return descend_slowly(c, start, end);
  /* Every node that holds `start` is the last one that begins by it, or an ancestor. */
  if (at.node <= spot.head.index || (spot.depth > 0 && at.node >= end_of(&spot)->node)) return true;
  c->spot.frame_count = 0;
  c->spot.depth = depth;
  place_at(c, at);
  for (;;) {
    if (!end_needed(c)) return go_back(c, &spot);
    uint32_t node_end = end_of(&c->spot)->position;
    if (node_end >= end && node_end > start) break;
    if (c->spot.depth == 0) break;
    p1_goto_parent(cursor);
    if (c->spot.head.index <= spot.head.index) {
      go_back(c, &spot);
      return true;
    }
  }
  mirror(c);
  return true;
}

/* ---- extent ---- */

/* Counts the current node's children; its end is known. */
static void count_children(const struct p1_cursor *c, uint32_t *count, uint32_t *named) {
  const struct p1_spot *spot = &c->spot;
  const struct p1_tree *tree = &c->tree;
  struct p1_at at = spot->after;
  uint32_t depth = spot->depth + 1;
  *count = *named = 0;
  while (at.node < spot->end.node && at.token < c->tokens_end) {
    if ((at.node & (P1_BLOCK_NODES - 1)) == 0) {
      uint32_t b = at.node >> P1_BLOCK_LG, first = b;
      while (b < tree->block_count && p1_block_depth_min(tree, b) > spot->depth + 1) b++;
      if (b == tree->block_count) return;
      if (b > first) {
        at = p1_at_block(tree, b, &depth);
        continue;
      }
    }
    struct p1_row row = p1_next_row(&c->tables, &at.token);
    if (!(row.flags & P1_GAP) && depth == spot->depth + 1) {
      ++*count;
      *named += c->tables.kinds[row.kind].flags & STAGE_NODE_NAMED;
    }
    p1_token_over(&c->tables, tree, row, &at);
    depth = row.flags & (P1_LEAF | P1_GAP) ? depth - row.closes : depth + 1;
  }
}

int p1_extent(struct stage_cursor *cursor, struct stage_extent *extent) {
  struct p1_cursor *c = (struct p1_cursor *)cursor;
  if (!end_needed(c)) return c->pub.error;
  const struct p1_at *end = end_of(&c->spot);
  extent->end_byte = end->position;
  extent->end_row = end->row;
  extent->end_column = end->position - end->line_start;
  extent->descendant_count = end->node - c->spot.head.index;
  extent->child_count = extent->named_child_count = 0;
  if (!c->spot.leaf) count_children(c, &extent->child_count, &extent->named_child_count);
  return STAGE_OK;
}
