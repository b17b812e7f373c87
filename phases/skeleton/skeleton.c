/* SPDX-License-Identifier: MIT
 *
 * skeleton.c - a stage to copy: the smallest honest tree codec.
 *
 * It turns each tree into an array of fixed-size records (skeleton.h, records.c) and hands the
 * bytes to the blob store below, which holds them; cursor.c reads them. That is no saving worth
 * having; it is the shape that every codec has:
 *
 *   put_tree     tree -> bytes -> ctx->blob_store[STAGE_TREE].ops->put(...)
 *   cursor_open  ctx->blob_store[STAGE_TREE].ops->pin(...), then moves over those bytes
 *
 * To make it yours: copy the folder, set `name` to the new module's file name and
 * `order` to its place among the stages, drop STAGE_NOT_STANDARD if it shall be part
 * of the cumulative combinations, and change what a record is. The contract of each
 * hook stands in stage.h. */
#include "skeleton.h"

/* ---- life ---- */

static int skeleton_open(const struct stage_ctx *ctx, void **store) {
  struct skeleton *self = stage_allocate(ctx, STAGE_TREE, sizeof *self);
  if (!self) return STAGE_OUT_OF_MEMORY;
  *self = (struct skeleton){.ctx = ctx};
  *store = self;
  return STAGE_OK;
}

static void skeleton_close(void *store) {
  struct skeleton *self = store;
  skeleton_free_names(self);
  stage_release(self->ctx, STAGE_TREE, self);
}

/* ---- trees ---- */

/* The tree is ours from the call on, on failure too. */
static int skeleton_put_tree(void *store, const struct stage_document *document, TSTree *tree) {
  int error = skeleton_put_records(store, document, tree);
  ts_tree_delete(tree);
  return error;
}

static int skeleton_drop_tree(void *store, uint32_t id) {
  const struct skeleton *self = store;
  const struct stage_link *blob_store = &self->ctx->blob_store[STAGE_TREE];
  return blob_store->ops->drop(blob_store->store, STAGE_TREE, id);
}

/* ---- the table ---- */

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "skeleton",
    .summary = "the example to copy: 48-byte records in preorder",
    .order = 500,
    .roles = STAGE_TREE_CODEC,
    .flags = STAGE_NOT_STANDARD,
    .open = skeleton_open,
    .close = skeleton_close,
    .put_tree = skeleton_put_tree,
    .drop_tree = skeleton_drop_tree,
    .symbol_name = skeleton_symbol_name,
    .field_name = skeleton_field_name,
    .cursor_new = skeleton_cursor_new,
    .cursor_open = skeleton_cursor_open,
    .cursor_close = skeleton_cursor_close,
    .cursor_delete = skeleton_cursor_delete,
    .goto_first_child = skeleton_goto_first_child,
    .goto_next_sibling = skeleton_goto_next_sibling,
    .goto_parent = skeleton_goto_parent,
    .goto_previous_sibling = skeleton_goto_previous_sibling,
    .goto_last_child = skeleton_goto_last_child,
    .goto_child = skeleton_goto_child,
    .goto_child_by_field = skeleton_goto_child_by_field,
    .goto_first_child_for_byte = skeleton_goto_first_child_for_byte,
    .goto_descendant_for_bytes = skeleton_goto_descendant_for_bytes,
    .goto_index = skeleton_goto_index,
    .extent = skeleton_extent,
    .walk = skeleton_walk,
};

const struct stage_ops *phasebench_stage(void) { return &ops; }
