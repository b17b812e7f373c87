/* SPDX-License-Identifier: MIT
 *
 * cursor.c - the base stage's cursor: tree-sitter's own TSTreeCursor behind the ABI.
 *
 * Where tree-sitter has a function for a move, it is used. Where it has none, or one
 * that goes wrong, the move is put together from those that are right:
 *
 *   previous sibling   ts_tree_cursor_goto_previous_sibling (0.25) leaves the
 *                      descendant index 0 and, where a production has no aliases, the
 *                      structural child index as it was, so that the field read
 *                      afterwards is another node's; and it stops at every 256th
 *                      child ((int8_t)child_index == -1). The previous sibling is
 *                      instead found by preorder index: it holds the node before ours.
 *   child for a byte   ts_tree_cursor_goto_first_child_for_byte gives up when the
 *                      byte lies in a hidden token at the end of a hidden node,
 *                      though a later child ends after the byte.
 *   descendant         ts_node_descendant_for_byte_range gives a node whose ancestors
 *                      no cursor knows, and its search ends in hidden zero-width
 *                      tokens. The descent goes by child-for-byte instead. */
#include "cursor.h"
#include "documents.h"

#include <stdlib.h>

enum walk_state { WALK_AT_START, WALK_UNDER_WAY, WALK_OVER };

struct cursor {
  union {
    struct stage_cursor base;         /* first: the ABI casts */
    struct skeleton_cursor_head head; /* not marked (baseline.c) */
  };
  struct baseline *store;
  const TSTree *tree; /* the open document's; NULL: none is open */
  TSTreeCursor at;    /* tree NULL until first used; its stack is kept from document to document */
  TSTreeCursor walk;  /* the batch walk's own */
  enum walk_state walk_state;
};

static struct cursor *self_of(struct stage_cursor *cursor) { return (struct cursor *)cursor; }

static void place_at_root(TSTreeCursor *cursor, const TSTree *tree) {
  TSNode root = ts_tree_root_node(tree);
  if (cursor->tree) ts_tree_cursor_reset(cursor, root);
  else *cursor = ts_tree_cursor_new(root);
}

static void read_head(const TSTreeCursor *cursor, TSNode node, struct stage_head *head) {
  TSPoint start = ts_node_start_point(node);
  head->symbol = ts_node_symbol(node);
  head->grammar_symbol = ts_node_grammar_symbol(node);
  head->field = ts_tree_cursor_current_field_id(cursor);
  head->flags =
      (uint16_t)((ts_node_is_named(node) ? STAGE_NODE_NAMED : 0) | (ts_node_is_extra(node) ? STAGE_NODE_EXTRA : 0) |
                 (ts_node_is_missing(node) ? STAGE_NODE_MISSING : 0) | (ts_node_is_error(node) ? STAGE_NODE_ERROR : 0) |
                 (ts_node_has_error(node) ? STAGE_NODE_HAS_ERROR : 0));
  head->start_byte = ts_node_start_byte(node);
  head->start_row = start.row;
  head->start_column = start.column;
  head->index = ts_tree_cursor_current_descendant_index(cursor);
}

static void read_extent(TSNode node, struct stage_extent *extent) {
  TSPoint end = ts_node_end_point(node);
  extent->end_byte = ts_node_end_byte(node);
  extent->end_row = end.row;
  extent->end_column = end.column;
  extent->child_count = ts_node_child_count(node);
  extent->named_child_count = ts_node_named_child_count(node);
  extent->descendant_count = ts_node_descendant_count(node);
}

/* Ends a move: the public head follows the cursor. */
static bool arrive(struct cursor *self, uint32_t depth) {
  self->base.depth = depth;
  read_head(&self->at, ts_tree_cursor_current_node(&self->at), &self->base.head);
  return true;
}

static TSNode node_at(const struct cursor *self) { return ts_tree_cursor_current_node(&self->at); }

/* ---- life ---- */

int baseline_cursor_new(void *store, struct stage_cursor **cursor) {
  struct cursor *self = stage_allocate(((const struct baseline *)store)->ctx, STAGE_TREE, sizeof *self);
  if (!self) return STAGE_OUT_OF_MEMORY;
  *self = (struct cursor){.store = store};
  *cursor = &self->base;
  return STAGE_OK;
}

int baseline_cursor_open(struct stage_cursor *cursor, uint32_t id) {
  struct cursor *self = self_of(cursor);
  baseline_cursor_close(cursor);
  self->tree = documents_tree(self->store, id);
  if (!self->tree) return STAGE_NO_DOCUMENT;
  place_at_root(&self->at, self->tree);
  self->walk_state = WALK_AT_START;
  self->base.error = STAGE_OK;
  arrive(self, 0);
  return STAGE_OK;
}

void baseline_cursor_close(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  self->tree = NULL;
  self->walk_state = WALK_OVER;
}

void baseline_cursor_delete(struct stage_cursor *cursor) {
  if (!cursor) return;
  struct cursor *self = self_of(cursor);
  if (self->at.tree) ts_tree_cursor_delete(&self->at);
  if (self->walk.tree) ts_tree_cursor_delete(&self->walk);
  stage_release(self->store->ctx, STAGE_TREE, self);
}

/* A move without an open document is the caller's mistake. */
static bool is_open(struct cursor *self) {
  if (self->tree) return true;
  if (self->base.error == STAGE_OK) self->base.error = STAGE_MISUSE;
  return false;
}

/* ---- moves ---- */

bool baseline_goto_first_child(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && ts_tree_cursor_goto_first_child(&self->at) && arrive(self, cursor->depth + 1);
}

bool baseline_goto_next_sibling(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && ts_tree_cursor_goto_next_sibling(&self->at) && arrive(self, cursor->depth);
}

bool baseline_goto_parent(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && cursor->depth > 0 && ts_tree_cursor_goto_parent(&self->at) && arrive(self, cursor->depth - 1);
}

bool baseline_goto_last_child(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && ts_tree_cursor_goto_last_child(&self->at) && arrive(self, cursor->depth + 1);
}

bool baseline_goto_previous_sibling(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || cursor->depth == 0) return false;
  uint32_t index = cursor->head.index;
  ts_tree_cursor_goto_parent(&self->at);
  bool is_first = ts_tree_cursor_current_descendant_index(&self->at) + 1 == index;
  ts_tree_cursor_goto_descendant(&self->at, is_first ? index : index - 1);
  if (is_first) return false;
  for (uint32_t depth = ts_tree_cursor_current_depth(&self->at); depth > cursor->depth; depth--)
    ts_tree_cursor_goto_parent(&self->at);
  return arrive(self, cursor->depth);
}

bool baseline_goto_child(struct stage_cursor *cursor, uint32_t n) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || n >= ts_node_child_count(node_at(self))) return false;
  ts_tree_cursor_goto_first_child(&self->at);
  while (n-- > 0) ts_tree_cursor_goto_next_sibling(&self->at);
  return arrive(self, cursor->depth + 1);
}

bool baseline_goto_child_by_field(struct stage_cursor *cursor, uint16_t field) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || field == 0 || !ts_tree_cursor_goto_first_child(&self->at)) return false;
  do {
    if (ts_tree_cursor_current_field_id(&self->at) == field) return arrive(self, cursor->depth + 1);
  } while (ts_tree_cursor_goto_next_sibling(&self->at));
  ts_tree_cursor_goto_parent(&self->at);
  return false;
}

/* Moves `at` to the first child that ends after byte. */
static bool child_for_byte(TSTreeCursor *at, uint32_t byte) {
  if (ts_tree_cursor_goto_first_child_for_byte(at, byte) >= 0) return true;
  if (ts_node_end_byte(ts_tree_cursor_current_node(at)) <= byte || !ts_tree_cursor_goto_first_child(at)) return false;
  do {
    if (ts_node_end_byte(ts_tree_cursor_current_node(at)) > byte) return true;
  } while (ts_tree_cursor_goto_next_sibling(at));
  ts_tree_cursor_goto_parent(at);
  return false;
}

bool baseline_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && child_for_byte(&self->at, byte) && arrive(self, cursor->depth + 1);
}

/* Moves `at` to the child that spans [start, end]: the first that ends at or after
 * `end` and (where it is not empty) after `start`, if it begins at or before `start`. */
static bool child_for_range(TSTreeCursor *at, uint32_t start, uint32_t end) {
  if (end == 0 ? !ts_tree_cursor_goto_first_child(at) : !child_for_byte(at, end - 1)) return false;
  do {
    TSNode node = ts_tree_cursor_current_node(at);
    uint32_t node_start = ts_node_start_byte(node), node_end = ts_node_end_byte(node);
    if (node_start > start) break;
    if (node_end > start || (node_start == node_end && node_end == start)) return true;
  } while (ts_tree_cursor_goto_next_sibling(at));
  ts_tree_cursor_goto_parent(at);
  return false;
}

bool baseline_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || start > end) return false;
  TSNode node = node_at(self);
  if (start < ts_node_start_byte(node) || end > ts_node_end_byte(node)) return false;
  uint32_t depth = cursor->depth;
  while (child_for_range(&self->at, start, end)) depth++;
  return arrive(self, depth);
}

bool baseline_goto_index(struct stage_cursor *cursor, uint32_t index) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || index >= ts_node_descendant_count(ts_tree_root_node(self->tree))) return false;
  ts_tree_cursor_goto_descendant(&self->at, index);
  return arrive(self, ts_tree_cursor_current_depth(&self->at));
}

int baseline_extent(struct stage_cursor *cursor, struct stage_extent *extent) {
  struct cursor *self = self_of(cursor);
  if (!self->tree) return STAGE_MISUSE;
  read_extent(node_at(self), extent);
  return STAGE_OK;
}

/* ---- batch walk ---- */

static void walk_down(TSTreeCursor *walk) {
  while (ts_tree_cursor_goto_first_child(walk)) {
  }
}

int baseline_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  struct cursor *self = self_of(cursor);
  *count = 0;
  if (!self->tree) return STAGE_MISUSE;
  if (self->walk_state == WALK_AT_START) {
    place_at_root(&self->walk, self->tree);
    walk_down(&self->walk);
    self->walk_state = WALK_UNDER_WAY;
  }
  uint32_t n = 0;
  while (n < capacity && self->walk_state == WALK_UNDER_WAY) {
    TSNode node = ts_tree_cursor_current_node(&self->walk);
    read_head(&self->walk, node, &nodes[n].head);
    read_extent(node, &nodes[n].extent);
    n++;
    if (ts_tree_cursor_goto_next_sibling(&self->walk)) walk_down(&self->walk);
    else if (!ts_tree_cursor_goto_parent(&self->walk)) self->walk_state = WALK_OVER;
  }
  *count = n;
  return STAGE_OK;
}
