/* SPDX-License-Identifier: MIT
 *
 * row_cursor.h - the moves of a cursor over a sequence of rows (row.h) with blocks; the batch
 * walk is in row_walk.h. How rows, numbers and blocks are coded is the stage's: this is a
 * template, of which each stage that includes it gets its own copy with its decoder inlined.
 * (A call a row would cost more than the decoding.) One file, since what is inlined into what
 * is the point of it.
 *
 * The rows are cut into blocks, whose entries hold the decoder's state in front of their
 * first row, the nodes open there, and the fewest nodes open behind any row of the block.
 * Forward moves decode one row. A node's end is found by decoding until its depth is left,
 * over whole blocks by their lowest depth; ancestors that the cursor did not come through are
 * searched backwards the same way: in preorder, the parent of node i at depth d is the last
 * node before i with a depth below d (a range-min-max tree whose leaves are blocks: Navarro
 * and Sadakane, "Fully functional static and dynamic succinct trees", 2014).
 *
 * A cursor only ever reads bytes that its stage wrote or validated: the moves check what is
 * cheap to check and set cursor->error.
 *
 * Before it is included, the stage defines
 *   ROW_AT                the decoder's state in front of a row, a struct with at least the
 *                         uint32_t position, row, line_start, indent and node (format.h of p1)
 *   ROW_AT_COPY(to, from) copies one field by field, through registers (see ROW_COPY)
 * and, after row_cursor_types.h, these functions, all static inline:
 *   bool row_at_end(c, at)                    no row is left
 *   struct tree_row row_next(c, at)           reads a row, not its numbers; `at` moves on
 *   void row_back(c, at, mark)                undoes row_next; `mark` is what row_mark(at) gave before
 *   void row_padding_over(c, row, at)         moves over its padding
 *   void row_leaf_over(c, row, at)            moves over a leaf's text
 *   const struct tree_kind *row_kind(c, row)
 *   uint32_t row_node_count(c), row_block_count(c)
 *   uint32_t row_block_of(c, node)            the last block that begins at or before a node
 *   uint32_t row_block_behind(c, at)          the block of the row that `at` is behind
 *   ROW_AT row_at_block(c, block, &depth)     in front of a block, and the nodes open there
 *   uint32_t row_block_depth(c, block)        the nodes open in front of it
 *   uint32_t row_block_depth_min(c, block)    the fewest open behind any of its rows
 *   uint64_t row_block_place(c, block, by)    where it begins (enum row_measure)
 *   bool row_at_border(c, at, &block)         whether `at` is in front of a block, and which */
#ifndef PHASEBENCH_KIT_ROW_CURSOR_H
#define PHASEBENCH_KIT_ROW_CURSOR_H

/* ---- placing ---- */

/* Stands on the node whose row was just read; spot.at is behind its code. In place,
 * because a copy of a struct whose fields were just stored one by one, read back with
 * wide loads, waits for the stores to retire: that was half of a cursor walk. */
static inline __attribute__((always_inline)) void row_place(struct row_cursor *c, struct tree_row row) {
  struct stage_head *head = &c->pub.head;
  ROW_AT *at = &c->spot.at;
  row_padding_over(c, row, at);
  memcpy(head, row_kind(c, row), sizeof(struct tree_kind));
  head->start_byte = at->position;
  head->start_row = at->row;
  head->start_column = at->position - at->line_start;
  head->index = at->node++;
  if (row.flags & ROW_LEAF) {
    row_leaf_over(c, row, at);
    c->spot.standing = ROW_AT_LEAF;
    c->spot.end_closes = row.closes;
  } else {
    c->spot.standing = ROW_AT_TOKEN;
  }
}

/* The same for the node whose row is at spot.at. */
static inline void row_place_next(struct row_cursor *c) {
  struct tree_row row = row_next(c, &c->spot.at);
  row_place(c, row);
}

static inline void row_place_at(struct row_cursor *c, ROW_AT at) {
  c->spot.at = at;
  row_place_next(c);
}

/* Moves over a whole row; returns the number of open nodes behind it. */
static inline uint32_t row_over(const struct row_cursor *c, struct tree_row row, ROW_AT *at, uint32_t depth) {
  row_padding_over(c, row, at);
  if (row.flags & ROW_LEAF) row_leaf_over(c, row, at);
  if (!(row.flags & ROW_GAP)) at->node++;
  return row.flags & (ROW_LEAF | ROW_GAP) ? depth - row.closes : depth + 1;
}

static bool row_corrupt(struct row_cursor *c) {
  if (!c->pub.error) c->pub.error = STAGE_CORRUPT;
  return false;
}

static bool row_frames_grow(struct row_cursor *c) {
  uint32_t capacity = c->frame_capacity ? c->frame_capacity * 2 : 32;
  struct row_frame *frames = stage_resize(c->ctx, STAGE_TREE, c->frames, capacity * sizeof *frames);
  if (!frames) {
    c->pub.error = STAGE_OUT_OF_MEMORY;
    return false;
  }
  c->frames = frames;
  c->frame_capacity = capacity;
  return true;
}

bool row_cursor_start(struct row_cursor *c) {
  uint32_t depth;
  c->pub.error = STAGE_OK;
  if (c->frame_capacity == 0 && !row_frames_grow(c)) return false;
  c->pub.depth = 0;
  c->spot.frame_count = c->spot.searched = 0;
  c->walk = row_at_block(c, 0, &depth);
  c->walk_depth = c->walk_closes = 0;
  row_place_at(c, c->walk);
  return true;
}

void row_cursor_free_frames(struct row_cursor *c) {
  stage_release(c->ctx, STAGE_TREE, c->frames);
  stage_release(c->ctx, STAGE_TREE, c->walk_frames);
}

/* The current inner node's own frame is written; there is always room for it. */
static inline void row_frame_write(struct row_cursor *c) {
  struct row_frame *frame = &c->frames[c->spot.frame_count];
  uint64_t kind;
  memcpy(&kind, &c->pub.head, sizeof kind);
  __asm__("" : "+r"(kind));
  memcpy(&frame->kind, &kind, sizeof kind);
  ROW_AT_COPY(frame->after, c->spot.at);
}

/* The current inner node becomes the parent of where the cursor goes next; spot.at is
 * behind its row. */
static inline bool row_frame_push(struct row_cursor *c) {
  struct row_spot *spot = &c->spot;
  if (__builtin_expect(spot->frame_count + 1 == c->frame_capacity, 0) && !row_frames_grow(c)) return false;
  if (spot->standing == ROW_AT_TOKEN) {
    row_frame_write(c);
  } else {
    spot->at = c->frames[spot->frame_count].after;
  }
  spot->frame_count++;
  c->pub.depth++;
  return true;
}

/* ---- where a node ends ---- */

/* Finds the current inner node's end. */
static bool row_find_end(struct row_cursor *c) {
  struct row_spot *spot = &c->spot;
  uint32_t node_depth = c->pub.depth, depth = node_depth + 1, block;
  ROW_AT at = spot->at;
  while (!row_at_end(c, &at)) {
    if (row_at_border(c, &at, &block)) { /* the node ends in the first block that leaves its depth */
      uint32_t first = block;
      while (block < row_block_count(c) && row_block_depth_min(c, block) > node_depth) block++;
      if (block == row_block_count(c)) break;
      if (block > first) at = row_at_block(c, block, &depth);
    }
    struct tree_row row = row_next(c, &at);
    uint32_t before = depth;
    depth = row_over(c, row, &at, depth);
    if (depth <= node_depth) {
      row_frame_write(c);
      spot->at = at;
      spot->standing = ROW_AT_END;
      spot->end_closes = row.closes - (before - node_depth);
      return true;
    }
  }
  return row_corrupt(c);
}

/* Makes spot.at the current node's end. */
static inline bool row_end_needed(struct row_cursor *c) {
  return __builtin_expect(c->spot.standing != ROW_AT_TOKEN, 1) || row_find_end(c);
}

/* ---- forward ---- */

bool row_goto_first_child(struct stage_cursor *cursor) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  if (c->spot.standing == ROW_AT_LEAF || !row_frame_push(c)) return false;
  row_place_next(c);
  return true;
}

bool row_goto_next_sibling(struct stage_cursor *cursor) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  if (!row_end_needed(c) || c->spot.end_closes > 0 || c->pub.depth == 0) return false;
  ROW_AT *at = &c->spot.at;
  if (__builtin_expect(row_at_end(c, at), 0)) return row_corrupt(c);
  const void *mark = row_mark(at);
  struct tree_row row = row_next(c, at);
  if (row.flags & ROW_GAP) {
    row_back(c, at, mark);
    return false;
  }
  row_place(c, row);
  return true;
}

/* The parent's end, where it follows from the current node's: then spot.at becomes the
 * parent's end. */
static inline bool row_end_of_parent(struct row_cursor *c) {
  struct row_spot *spot = &c->spot;
  if (spot->standing == ROW_AT_TOKEN) return false;
  if (__builtin_expect(spot->end_closes > 0, 1)) {
    spot->end_closes--;
    return true;
  }
  if (row_at_end(c, &spot->at)) return false;
  const void *mark = row_mark(&spot->at);
  struct tree_row row = row_next(c, &spot->at);
  if (!(row.flags & ROW_GAP)) {
    row_back(c, &spot->at, mark);
    return false;
  }
  row_padding_over(c, row, &spot->at);
  spot->end_closes = row.closes - 1u;
  return true;
}

/* ---- backward ---- */

/* The last node of a block before node `limit` whose depth is at most `depth`: in front
 * of its row, and its depth; false: the block holds none. */
static bool row_last_in_block(const struct row_cursor *c, uint32_t block, uint32_t limit, uint32_t depth, ROW_AT *found,
                              uint32_t *found_depth) {
  uint32_t d, next;
  ROW_AT at = row_at_block(c, block, &d);
  bool any = false;
  while (at.node < limit && !row_at_end(c, &at) && !(row_at_border(c, &at, &next) && next != block)) {
    ROW_AT before = at;
    struct tree_row row = row_next(c, &at);
    if (d <= depth && !(row.flags & ROW_GAP)) {
      *found = before;
      *found_depth = d;
      any = true;
    }
    d = row_over(c, row, &at, d);
  }
  return any;
}

/* The same for the whole tree before `limit`, of which the root is always one; blocks behind
 * `block` hold none. A block's lowest depth may be that of a node behind `limit`, or be reached
 * where it ends: so the first ones may hold none. */
static ROW_AT row_last_before(const struct row_cursor *c, uint32_t block, uint32_t limit, uint32_t depth,
                              uint32_t *found_depth) {
  ROW_AT found = row_at_block(c, 0, found_depth);
  for (uint32_t b = block;; b--) {
    bool may = b == 0 || row_block_depth_min(c, b) <= depth || row_block_depth(c, b) <= depth;
    if ((may && row_last_in_block(c, b, limit, depth, &found, found_depth)) || b == 0) return found;
  }
}

/* Moves over a row, whose padding is over already, on the way to a place, and keeps frames of
 * the nodes that are opened on it: they are the ancestors of what comes, and goto_parent finds
 * them there. Returns the number of open nodes behind the row. */
static inline __attribute__((always_inline)) uint32_t row_over_framed(struct row_cursor *c, struct tree_row row,
                                                                      ROW_AT *at, uint32_t depth) {
  struct row_spot *spot = &c->spot;
  if (row.flags & (ROW_LEAF | ROW_GAP)) {
    if (row.flags & ROW_LEAF) {
      row_leaf_over(c, row, at);
      at->node++;
    }
    spot->frame_count -= spot->frame_count < row.closes ? spot->frame_count : row.closes;
    return depth - row.closes;
  }
  if (__builtin_expect(spot->frame_count + 2 >= c->frame_capacity, 0) && !row_frames_grow(c)) return depth + 1;
  struct row_frame *frame = &c->frames[spot->frame_count++];
  frame->kind = *row_kind(c, row);
  at->node++;
  ROW_AT_COPY(frame->after, *at);
  return depth + 1;
}

/* Makes frames of the ancestors of a node, or a gap, in front of which `depth` nodes are open, that
 * begin in the block where its parent does; the parent is the last one. It begins where the number
 * of open nodes last was below `depth`. `limit` is the node, or the one behind the gap. */
static bool row_find_parent(struct row_cursor *c, uint32_t limit, uint32_t depth) {
  struct row_spot *spot = &c->spot;
  for (uint32_t block = spot->searched; block-- > 0;) {
    if (block > 0 && row_block_depth(c, block) >= depth && row_block_depth_min(c, block) >= depth) continue;
    uint32_t open, next;
    ROW_AT at = row_at_block(c, block, &open);
    spot->frame_count = 0;
    while (at.node < limit && !row_at_end(c, &at) && !(row_at_border(c, &at, &next) && next != block)) {
      struct tree_row row = row_next(c, &at);
      row_padding_over(c, row, &at);
      open = row_over_framed(c, row, &at, open);
    }
    if (c->pub.error) return false;
    uint32_t deeper = open > depth ? open - depth : 0;
    spot->searched = block;
    if (spot->frame_count > deeper) {
      spot->frame_count -= deeper;
      return true;
    }
  }
  return row_corrupt(c);
}

bool row_goto_parent(struct stage_cursor *cursor) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  struct row_spot *spot = &c->spot;
  if (c->pub.depth == 0) return false;
  bool at_end = row_end_of_parent(c);
  if (__builtin_expect(spot->frame_count == 0, 0) && !row_find_parent(c, c->pub.head.index, c->pub.depth)) return false;
  const struct row_frame *frame = &c->frames[--spot->frame_count];
  row_frame_head(frame, &c->pub.head);
  if (!at_end) spot->at = frame->after;
  spot->standing = at_end ? ROW_AT_END : ROW_AT_TOKEN;
  c->pub.depth--;
  return true;
}

bool row_goto_previous_sibling(struct stage_cursor *cursor) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  if (c->pub.depth == 0) return false;
  uint32_t depth;
  const ROW_AT *own = c->spot.standing == ROW_AT_END ? &c->frames[c->spot.frame_count].after : &c->spot.at;
  ROW_AT at = row_last_before(c, row_block_behind(c, own), c->pub.head.index, c->pub.depth, &depth);
  if (depth != c->pub.depth) return false;
  row_place_at(c, at);
  return true;
}

bool row_goto_last_child(struct stage_cursor *cursor) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  if (c->spot.standing == ROW_AT_LEAF || !row_end_needed(c)) return false;
  uint32_t depth, end_node = c->spot.at.node, end_block = row_block_behind(c, &c->spot.at);
  if (!row_frame_push(c)) return false;
  row_place_at(c, row_last_before(c, end_block, end_node, c->pub.depth, &depth));
  return true;
}

/* ---- among the children ---- */

/* What a move that fails late goes back to. The frame of the node itself is still where
 * it was, since moves among its children write above it. */
struct row_here {
  struct stage_head head;
  uint32_t depth;
  struct row_spot spot;
};

static inline struct row_here row_here(const struct row_cursor *c) {
  return (struct row_here){c->pub.head, c->pub.depth, c->spot};
}

static bool row_go_back(struct row_cursor *c, const struct row_here *here) {
  c->pub.head = here->head;
  c->pub.depth = here->depth;
  c->spot = here->spot;
  return false;
}

bool row_goto_child(struct stage_cursor *cursor, uint32_t n) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  struct row_here before = row_here(c);
  if (!row_goto_first_child(cursor)) return false;
  while (n-- > 0) {
    if (!row_goto_next_sibling(cursor)) return row_go_back(c, &before);
  }
  return true;
}

bool row_goto_child_by_field(struct stage_cursor *cursor, uint16_t field) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  struct row_here before = row_here(c);
  if (field == 0 || !row_goto_first_child(cursor)) return false;
  while (c->pub.head.field != field) {
    if (!row_goto_next_sibling(cursor)) return row_go_back(c, &before);
  }
  return true;
}

bool row_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  struct row_here before = row_here(c);
  if (!row_goto_first_child(cursor)) return false;
  while (row_end_needed(c) && c->spot.at.position <= byte) {
    if (!row_goto_next_sibling(cursor)) return row_go_back(c, &before);
  }
  return c->pub.error ? row_go_back(c, &before) : true;
}

/* ---- by place ---- */

bool row_goto_index(struct stage_cursor *cursor, uint32_t index) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  if (index >= row_node_count(c)) return false;
  uint32_t depth;
  c->spot.searched = row_block_of(c, index);
  ROW_AT at = row_at_block(c, c->spot.searched, &depth);
  c->spot.frame_count = 0;
  while (!row_at_end(c, &at) && !c->pub.error) {
    struct tree_row row = row_next(c, &at);
    if (at.node == index && !(row.flags & ROW_GAP)) {
      c->pub.depth = depth;
      c->spot.at = at;
      row_place(c, row);
      return true;
    }
    row_padding_over(c, row, &at);
    depth = row_over_framed(c, row, &at, depth);
  }
  return row_corrupt(c);
}

/* Places in a document as numbers that grow along it. */
static inline uint64_t row_point(uint32_t row, uint32_t column) { return (uint64_t)row << 32 | column; }

static inline uint64_t row_place_of(const ROW_AT *at, enum row_measure by) {
  return by == ROW_BY_BYTE ? at->position : row_point(at->row, at->position - at->line_start);
}

static inline uint64_t row_start_place(const struct row_cursor *c, enum row_measure by) {
  const struct stage_head *head = &c->pub.head;
  return by == ROW_BY_BYTE ? head->start_byte : row_point(head->start_row, head->start_column);
}

/* The last block that begins before a place. */
static uint32_t row_block_before(const struct row_cursor *c, uint64_t place, enum row_measure by) {
  uint32_t low = 0, high = row_block_count(c);
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (row_block_place(c, middle, by) < place) low = middle;
    else high = middle;
  }
  return low;
}

/* In front of the last node that begins at or before `place`, and its depth. *empty:
 * whether one of those that begin there is an empty leaf. */
static ROW_AT row_last_starting_by(const struct row_cursor *c, uint64_t place, enum row_measure by,
                                   uint32_t *found_depth, bool *empty) {
  uint32_t low = row_block_before(c, place, by);
  uint32_t depth;
  ROW_AT at = row_at_block(c, low, &depth), best = at;
  *found_depth = depth;
  *empty = false;
  bool any = false;
  while (!row_at_end(c, &at)) {
    ROW_AT before = at;
    struct tree_row row = row_next(c, &at);
    row_padding_over(c, row, &at);
    if (row.flags & ROW_GAP) {
      depth -= row.closes;
      continue;
    }
    uint64_t start = row_place_of(&at, by);
    if (start > place) break;
    any = true;
    best = before;
    *found_depth = depth;
    at.node++;
    if (row.flags & ROW_LEAF) {
      row_leaf_over(c, row, &at);
      if (start == place && row_place_of(&at, by) == start) *empty = true;
      depth -= row.closes;
    } else {
      depth++;
    }
  }
  /* The block's first node may begin behind the place: then it is the last one before. */
  if (!any && best.node > 0) return row_last_before(c, low, best.node, UINT32_MAX, found_depth);
  return best;
}

/* tree-sitter's own descent, child by child: exact also where empty nodes stand at the
 * place asked for, and slow on wide nodes. */
static bool row_descend_slowly(struct row_cursor *c, uint64_t start, uint64_t end, enum row_measure by) {
  for (;;) {
    struct row_here before = row_here(c);
    if (!row_goto_first_child(&c->pub)) return !c->pub.error;
    for (;;) {
      if (!row_end_needed(c)) return row_go_back(c, &before);
      uint64_t child_start = row_start_place(c, by), child_end = row_place_of(&c->spot.at, by);
      bool spans = child_end >= end && (child_start == child_end ? child_end >= start : child_end > start);
      if (spans && child_start <= start) break;
      if (spans || !row_goto_next_sibling(&c->pub)) {
        row_go_back(c, &before);
        return !c->pub.error;
      }
    }
  }
}

/* Whether the current node reaches to `end`: then it is the answer where no node below is. */
static bool row_reaches(struct row_cursor *c, uint64_t end, enum row_measure by) {
  return row_end_needed(c) && row_place_of(&c->spot.at, by) >= end;
}

/* Places the cursor on the innermost of the node at `at` (of depth `depth`) and its
 * ancestors that spans [start, end]; false: none below `node` does, and the cursor is on that. */
static bool row_ascend_to_span(struct row_cursor *c, ROW_AT at, uint32_t depth, uint32_t node, uint64_t start,
                               uint64_t end, enum row_measure by) {
  c->spot.frame_count = 0; /* the ancestors on the way up are found by searching */
  c->spot.searched = row_block_of(c, at.node) + 1;
  c->pub.depth = depth;
  row_place_at(c, at);
  while (c->pub.head.index > node && row_end_needed(c)) {
    uint64_t place = row_place_of(&c->spot.at, by);
    if (place >= end && place > start) return true;
    if (!row_goto_parent(&c->pub)) return false;
  }
  if (c->pub.head.index != node && !c->pub.error) row_goto_index(&c->pub, node);
  return false;
}

enum row_found { ROW_FOUND, ROW_NOT_HERE, ROW_EMPTY_THERE };

/* The usual case of a descent from the root: the place lies in a leaf, or between the children
 * of a node that begins in the same block. Stands on the smallest node that spans [start,
 * end]; else the cursor is anywhere, and the answer is further up, or empty nodes stand at
 * the place. */
static enum row_found row_descend_in_block(struct row_cursor *c, uint64_t start, uint64_t end, enum row_measure by) {
  uint32_t depth;
  c->spot.searched = row_block_before(c, start, by);
  ROW_AT at = row_at_block(c, c->spot.searched, &depth);
  c->spot.frame_count = 0;
  uint32_t next = 0;
  uint64_t reached = 0; /* by all that is open */
  while (!row_at_end(c, &at) && !c->pub.error) {
    next = at.node;
    struct tree_row row = row_next(c, &at);
    row_padding_over(c, row, &at);
    uint64_t row_start = row_place_of(&at, by);
    if (row_start > start) { /* a node that begins, or the end of one that holds it */
      reached = row_start;
      break;
    }
    if (!(row.flags & ROW_LEAF)) {
      depth = row_over_framed(c, row, &at, depth);
      continue;
    }
    struct stage_head head = {.start_byte = at.position,
                              .start_row = at.row,
                              .start_column = at.position - at.line_start,
                              .index = at.node++};
    row_leaf_over(c, row, &at);
    uint64_t row_end = row_place_of(&at, by);
    if (row_end == row_start && row_start == start) return ROW_EMPTY_THERE;
    if (row_end > start && row_end >= end) {
      memcpy(&head, row_kind(c, row), sizeof(struct tree_kind));
      c->pub.head = head;
      c->pub.depth = depth;
      c->spot.at = at;
      c->spot.standing = ROW_AT_LEAF;
      c->spot.end_closes = row.closes;
      return ROW_FOUND;
    }
    c->spot.frame_count -= c->spot.frame_count < row.closes ? c->spot.frame_count : row.closes;
    depth -= row.closes;
  }
  /* What is open here holds `start`: the innermost that reaches `end` is the answer. */
  for (c->pub.depth = depth; c->pub.depth > 0 && !c->pub.error;) {
    if (c->spot.frame_count == 0 && !row_find_parent(c, next, c->pub.depth)) break;
    const struct row_frame *frame = &c->frames[--c->spot.frame_count];
    c->pub.depth--;
    row_frame_head(frame, &c->pub.head);
    c->spot.at = frame->after;
    c->spot.standing = ROW_AT_TOKEN;
    if (end <= reached || row_reaches(c, end, by)) return ROW_FOUND;
  }
  return ROW_NOT_HERE;
}

static inline __attribute__((always_inline)) bool row_goto_descendant(struct row_cursor *c, uint64_t start,
                                                                      uint64_t end, enum row_measure by) {
  uint32_t node = c->pub.head.index, node_end = row_node_count(c), depth;
  if (start > end || start < row_start_place(c, by)) return false;
  if (c->pub.depth == 0 && c->spot.standing != ROW_AT_LEAF) {
    if (row_descend_in_block(c, start, end, by) == ROW_FOUND) return true;
    if (!row_goto_index(&c->pub, 0)) return false;
  }
  if (c->spot.standing == ROW_AT_LEAF || c->pub.depth > 0) { /* the root's end is far, and seldom needed */
    if (!row_reaches(c, end, by)) return false;
    if (c->spot.standing == ROW_AT_LEAF) return true;
    node_end = c->spot.at.node;
  }
  bool empty;
  ROW_AT at = row_last_starting_by(c, start, by, &depth, &empty);
  if (empty && start == end) return row_reaches(c, end, by) && row_descend_slowly(c, start, end, by);
  /* Every node that holds `start` is the last one that begins by it, or an ancestor. */
  if (at.node > node && at.node < node_end && row_ascend_to_span(c, at, depth, node, start, end, by)) return true;
  return row_reaches(c, end, by);
}

bool row_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  return row_goto_descendant((struct row_cursor *)cursor, start, end, ROW_BY_BYTE);
}

bool row_goto_descendant_for_points(struct stage_cursor *cursor, TSPoint start, TSPoint end) {
  return row_goto_descendant((struct row_cursor *)cursor, row_point(start.row, start.column),
                             row_point(end.row, end.column), ROW_BY_POINT);
}

/* ---- extent ---- */

/* Counts the current node's children; its end is known. */
static void row_count_children(const struct row_cursor *c, uint32_t *count, uint32_t *named) {
  ROW_AT at = c->frames[c->spot.frame_count].after;
  const uint32_t child_depth = c->pub.depth + 1, end_node = c->spot.at.node;
  uint32_t depth = child_depth, block;
  *count = *named = 0;
  while (at.node < end_node && !row_at_end(c, &at)) {
    if (row_at_border(c, &at, &block) && depth > child_depth) { /* over blocks that hold grandchildren only */
      uint32_t first = block;
      while (block < row_block_count(c) && row_block_depth_min(c, block) > child_depth) block++;
      if (block == row_block_count(c)) return;
      if (block > first) {
        at = row_at_block(c, block, &depth);
        continue;
      }
    }
    struct tree_row row = row_next(c, &at);
    if (!(row.flags & ROW_GAP) && depth == child_depth) {
      ++*count;
      *named += row_kind(c, row)->flags & STAGE_NODE_NAMED;
    }
    depth = row_over(c, row, &at, depth);
  }
}

int row_extent(struct stage_cursor *cursor, struct stage_extent *extent) {
  struct row_cursor *c = (struct row_cursor *)cursor;
  if (!row_end_needed(c)) return c->pub.error;
  const ROW_AT *end = &c->spot.at;
  extent->end_byte = end->position;
  extent->end_row = end->row;
  extent->end_column = end->position - end->line_start;
  extent->descendant_count = end->node - c->pub.head.index;
  extent->child_count = extent->named_child_count = 0;
  if (c->spot.standing != ROW_AT_LEAF) row_count_children(c, &extent->child_count, &extent->named_child_count);
  return STAGE_OK;
}

#endif
