/* SPDX-License-Identifier: MIT
 *
 * null.c - keeps nothing and gives nothing back. A cell with this stage in charge
 * measures the harness itself: what reading, parsing, the access mix and the probes
 * cost when no document is held. Such a cell is the instrument's and never a result.
 *
 * There is no document, so nothing that needs one can be reached: opening a cursor
 * says STAGE_NO_DOCUMENT, and moves on a cursor that is not open are mistakes of the
 * caller. */
#include "stage.h"

struct null_cursor {
  struct stage_cursor base;
  const struct stage_ctx *ctx;
};

static int null_open(const struct stage_ctx *ctx, void **store) {
  *store = (void *)(uintptr_t)ctx; /* no state but the context */
  return STAGE_OK;
}

static void null_close(void *store) { (void)store; }

static int null_put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length,
                    const char *path) {
  (void)store, (void)kind, (void)id, (void)bytes, (void)length, (void)path;
  return STAGE_OK;
}

static int null_length(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  (void)store, (void)kind, (void)id, (void)length;
  return STAGE_NO_DOCUMENT;
}

static int null_pin(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                    struct stage_pin *pin) {
  (void)store, (void)kind, (void)id, (void)offset, (void)length, (void)pin;
  return STAGE_NO_DOCUMENT;
}

static int null_unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  (void)store, (void)kind, (void)pin;
  return STAGE_OK;
}

/* Success, since a document may be dropped that was put. */
static int null_drop(void *store, enum stage_kind kind, uint32_t id) {
  (void)store, (void)kind, (void)id;
  return STAGE_OK;
}

static int null_put_tree(void *store, const struct stage_document *document, TSTree *tree) {
  (void)store, (void)document;
  ts_tree_delete(tree);
  return STAGE_OK;
}

static int null_drop_tree(void *store, uint32_t id) {
  (void)store, (void)id;
  return STAGE_OK;
}

static const char *null_name(void *store, uint32_t language, uint16_t symbol) {
  (void)store, (void)language, (void)symbol;
  return NULL;
}

static int null_cursor_new(void *store, struct stage_cursor **cursor) {
  const struct stage_ctx *ctx = store;
  struct null_cursor *self = stage_allocate(ctx, STAGE_TREE, sizeof *self);
  if (!self) return STAGE_OUT_OF_MEMORY;
  *self = (struct null_cursor){.ctx = ctx};
  *cursor = &self->base;
  return STAGE_OK;
}

static int null_cursor_open(struct stage_cursor *cursor, uint32_t id) {
  (void)cursor, (void)id;
  return STAGE_NO_DOCUMENT;
}

static void null_cursor_close(struct stage_cursor *cursor) { (void)cursor; }

static void null_cursor_delete(struct stage_cursor *cursor) {
  if (cursor) stage_release(((struct null_cursor *)cursor)->ctx, STAGE_TREE, cursor);
}

static bool misuse(struct stage_cursor *cursor) {
  if (cursor->error == STAGE_OK) cursor->error = STAGE_MISUSE;
  return false;
}

static bool null_move_to(struct stage_cursor *cursor, uint32_t where) {
  (void)where;
  return misuse(cursor);
}

static bool null_move_to_field(struct stage_cursor *cursor, uint16_t field) {
  (void)field;
  return misuse(cursor);
}

static bool null_move_to_range(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  (void)start, (void)end;
  return misuse(cursor);
}

static int null_extent(struct stage_cursor *cursor, struct stage_extent *extent) {
  (void)cursor, (void)extent;
  return STAGE_MISUSE;
}

static int null_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  (void)cursor, (void)nodes, (void)capacity;
  *count = 0;
  return STAGE_MISUSE;
}

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "null",
    .summary = "keeps nothing: measures the harness itself, never a result",
    .order = 1000, /* above every technique, so that it is in charge */
    .roles = STAGE_TREE_CODEC | STAGE_BLOB_STORE,
    .flags = STAGE_KEEPS_NOTHING | STAGE_NOT_STANDARD,
    .keeps = (1u << STAGE_SOURCE) | (1u << STAGE_TREE),
    .open = null_open,
    .close = null_close,
    .put = null_put,
    .length = null_length,
    .pin = null_pin,
    .unpin = null_unpin,
    .drop = null_drop,
    .put_tree = null_put_tree,
    .drop_tree = null_drop_tree,
    .symbol_name = null_name,
    .field_name = null_name,
    .cursor_new = null_cursor_new,
    .cursor_open = null_cursor_open,
    .cursor_close = null_cursor_close,
    .cursor_delete = null_cursor_delete,
    .goto_first_child = misuse,
    .goto_next_sibling = misuse,
    .goto_parent = misuse,
    .goto_previous_sibling = misuse,
    .goto_last_child = misuse,
    .goto_child = null_move_to,
    .goto_child_by_field = null_move_to_field,
    .goto_first_child_for_byte = null_move_to,
    .goto_descendant_for_bytes = null_move_to_range,
    .goto_index = null_move_to,
    .extent = null_extent,
    .walk = null_walk,
};

const struct stage_ops *phasebench_stage(void) { return &ops; }
