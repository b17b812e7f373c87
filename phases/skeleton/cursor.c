/* SPDX-License-Identifier: MIT
 *
 * cursor.c - moves over the records of one document (skeleton.h). A document's bytes
 * are pinned while the cursor is open on it. */
#include <string.h>

#include "skeleton.h"

#define NO_NODE UINT32_MAX

struct cursor {
  struct skeleton_cursor_head head;
  struct skeleton *store;
  struct stage_pin pin; /* bytes NULL: no document is open */
  uint32_t count;       /* records */
  uint32_t walk_next;   /* the node that the batch walk gives next; NO_NODE: it is over */
};

static struct cursor *self_of(struct stage_cursor *cursor) { return (struct cursor *)cursor; }

/* Copied out, since a blob store promises nothing about the alignment of what it pins. */
static struct record at(const struct cursor *self, uint32_t index) {
  struct record record;
  memcpy(&record, self->pin.bytes + (size_t)index * sizeof record, sizeof record);
  return record;
}

static void read_head(const struct record *record, uint32_t index, struct stage_head *head) {
  *head = (struct stage_head){record->symbol,     record->grammar_symbol, record->field,        record->flags,
                              record->start_byte, record->start_row,      record->start_column, index};
}

/* Ends a move. */
static bool arrive(struct cursor *self, uint32_t index, uint32_t depth) {
  struct record record = at(self, index);
  read_head(&record, index, &self->head.base.head);
  self->head.base.depth = depth;
  return true;
}

/* A move without an open document is the caller's mistake. */
static bool is_open(struct cursor *self) {
  if (self->pin.bytes) return true;
  if (self->head.base.error == STAGE_OK) self->head.base.error = STAGE_MISUSE;
  return false;
}

/* ---- life ---- */

int skeleton_cursor_new(void *store, struct stage_cursor **cursor) {
  struct skeleton *skeleton = store;
  struct cursor *self = stage_allocate(skeleton->ctx, STAGE_TREE, sizeof *self);
  if (!self) return STAGE_OUT_OF_MEMORY;
  *self = (struct cursor){.store = skeleton};
  *cursor = &self->head.base;
  return STAGE_OK;
}

/* The first node in postorder at or below `index`. */
static uint32_t first_leaf(const struct cursor *self, uint32_t index) {
  while (at(self, index).extent.child_count > 0) index++;
  return index;
}

int skeleton_cursor_open(struct stage_cursor *cursor, uint32_t id) {
  struct cursor *self = self_of(cursor);
  skeleton_cursor_close(cursor);
  const struct stage_link *blob_store = &self->store->ctx->blob_store[STAGE_TREE];
  uint64_t length;
  int error = blob_store->ops->length(blob_store->store, STAGE_TREE, id, &length);
  if (!error) error = blob_store->ops->pin(blob_store->store, STAGE_TREE, id, 0, length, &self->pin);
  if (error) return error;
  self->count = (uint32_t)(length / sizeof(struct record));
  if (length == 0 || length % sizeof(struct record) || at(self, 0).extent.descendant_count != self->count) {
    STAGE_FAIL(self->store->ctx, "document %u: %llu bytes are not the records of one tree", id,
               (unsigned long long)length);
    skeleton_cursor_close(cursor);
    return STAGE_CORRUPT;
  }
  self->head.base.error = STAGE_OK;
  self->walk_next = first_leaf(self, 0);
  arrive(self, 0, 0);
  return STAGE_OK;
}

void skeleton_cursor_close(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  const struct stage_link *blob_store = &self->store->ctx->blob_store[STAGE_TREE];
  if (self->pin.bytes) blob_store->ops->unpin(blob_store->store, STAGE_TREE, &self->pin);
  self->pin = (struct stage_pin){NULL, 0, NULL};
}

void skeleton_cursor_delete(struct stage_cursor *cursor) {
  if (!cursor) return;
  skeleton_cursor_close(cursor);
  stage_release(self_of(cursor)->store->ctx, STAGE_TREE, cursor);
}

/* ---- where the neighbours stand; NO_NODE: there is none ---- */

static uint32_t next_sibling(const struct cursor *self, uint32_t index) {
  if (index == 0) return NO_NODE;
  struct record record = at(self, index);
  uint32_t next = index + record.extent.descendant_count;
  return next < record.parent + at(self, record.parent).extent.descendant_count ? next : NO_NODE;
}

static uint32_t first_child(const struct cursor *self, uint32_t index) {
  return at(self, index).extent.child_count > 0 ? index + 1 : NO_NODE;
}

/* The ancestor of `index` that is a child of `parent`. */
static uint32_t child_holding(const struct cursor *self, uint32_t index, uint32_t parent) {
  for (uint32_t up; (up = at(self, index).parent) != parent;) index = up;
  return index;
}

static uint32_t depth_of(const struct cursor *self, uint32_t index) {
  uint32_t depth = 0;
  for (; index > 0; index = at(self, index).parent) depth++;
  return depth;
}

/* ---- moves ---- */

static bool go(struct cursor *self, uint32_t index, uint32_t depth) {
  return index != NO_NODE && arrive(self, index, depth);
}

bool skeleton_goto_first_child(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && go(self, first_child(self, cursor->head.index), cursor->depth + 1);
}

bool skeleton_goto_next_sibling(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && go(self, next_sibling(self, cursor->head.index), cursor->depth);
}

bool skeleton_goto_parent(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && cursor->depth > 0 && go(self, at(self, cursor->head.index).parent, cursor->depth - 1);
}

/* The record before ours is the parent's, or the last one below our previous sibling. */
bool skeleton_goto_previous_sibling(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || cursor->depth == 0) return false;
  uint32_t index = cursor->head.index, parent = at(self, index).parent;
  return parent + 1 < index && go(self, child_holding(self, index - 1, parent), cursor->depth);
}

bool skeleton_goto_last_child(struct stage_cursor *cursor) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self)) return false;
  uint32_t index = cursor->head.index, last = index + at(self, index).extent.descendant_count - 1;
  return last > index && go(self, child_holding(self, last, index), cursor->depth + 1);
}

bool skeleton_goto_child(struct stage_cursor *cursor, uint32_t n) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || n >= at(self, cursor->head.index).extent.child_count) return false;
  uint32_t child = cursor->head.index + 1;
  while (n-- > 0) child = next_sibling(self, child);
  return go(self, child, cursor->depth + 1);
}

bool skeleton_goto_child_by_field(struct stage_cursor *cursor, uint16_t field) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || field == 0) return false;
  uint32_t child = first_child(self, cursor->head.index);
  while (child != NO_NODE && at(self, child).field != field) child = next_sibling(self, child);
  return go(self, child, cursor->depth + 1);
}

bool skeleton_goto_first_child_for_byte(struct stage_cursor *cursor, uint32_t byte) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self)) return false;
  uint32_t child = first_child(self, cursor->head.index);
  while (child != NO_NODE && at(self, child).extent.end_byte <= byte) child = next_sibling(self, child);
  return go(self, child, cursor->depth + 1);
}

/* The first child that reaches `end` and, unless it is empty, goes beyond `start`; it
 * counts if it also begins at or before `start`. */
static uint32_t child_for_range(const struct cursor *self, uint32_t index, uint32_t start, uint32_t end) {
  for (uint32_t child = first_child(self, index); child != NO_NODE; child = next_sibling(self, child)) {
    struct record record = at(self, child);
    uint32_t child_end = record.extent.end_byte;
    bool is_empty = record.start_byte == child_end;
    if (child_end < end || (is_empty ? child_end < start : child_end <= start)) continue;
    return record.start_byte <= start ? child : NO_NODE;
  }
  return NO_NODE;
}

bool skeleton_goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  struct cursor *self = self_of(cursor);
  if (!is_open(self) || start > end) return false;
  uint32_t index = cursor->head.index, depth = cursor->depth;
  struct record record = at(self, index);
  if (start < record.start_byte || end > record.extent.end_byte) return false;
  for (uint32_t child; (child = child_for_range(self, index, start, end)) != NO_NODE; depth++) index = child;
  return go(self, index, depth);
}

bool skeleton_goto_index(struct stage_cursor *cursor, uint32_t index) {
  struct cursor *self = self_of(cursor);
  return is_open(self) && index < self->count && go(self, index, depth_of(self, index));
}

int skeleton_extent(struct stage_cursor *cursor, struct stage_extent *extent) {
  struct cursor *self = self_of(cursor);
  if (!self->pin.bytes) return STAGE_MISUSE;
  *extent = at(self, cursor->head.index).extent;
  return STAGE_OK;
}

/* ---- batch walk: postorder over the preorder ---- */

int skeleton_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  struct cursor *self = self_of(cursor);
  *count = 0;
  if (!self->pin.bytes) return STAGE_MISUSE;
  uint32_t n = 0;
  for (; n < capacity && self->walk_next != NO_NODE; n++) {
    uint32_t index = self->walk_next;
    struct record record = at(self, index);
    read_head(&record, index, &nodes[n].head);
    nodes[n].extent = record.extent;
    uint32_t sibling = next_sibling(self, index);
    self->walk_next = sibling != NO_NODE ? first_leaf(self, sibling) : index > 0 ? record.parent : NO_NODE;
  }
  *count = n;
  return STAGE_OK;
}
