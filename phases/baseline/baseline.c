/* SPDX-License-Identifier: MIT
 *
 * baseline.c - the base stage: what an editor holds without any of the techniques. Each
 * document's TSTree stays alive and each byte string is one plain allocation. The
 * base stage is the codec and the blob store in charge where no stage above it is, and the
 * blob store at the bottom of every stack.
 *
 * Where a blob store above the base stage keeps the trees' bytes, there must be bytes: then, and
 * only then, the base stage as a codec writes each tree as an array of records, those of the
 * skeleton (skeleton/skeleton.h), and hands it up the stack. Which it is does not change while the store is open.
 *
 * The trees' own memory is the parser's (heap "tree-sitter"); the base stage's heaps hold
 * two tables and the byte strings. */
#include <string.h>

#include "cursor.h"
#include "documents.h"
#include "strip.h"

/* ---- life ---- */

static int baseline_open(const struct stage_ctx *ctx, void **store) {
  struct baseline *self = stage_allocate(ctx, STAGE_TREE, sizeof *self);
  if (!self) return STAGE_OUT_OF_MEMORY;
  *self = (struct baseline){.ctx = ctx, .records = {.ctx = ctx}};
  *store = self;
  return STAGE_OK;
}

static void baseline_close(void *store) {
  struct baseline *self = store;
  for (uint32_t i = 0; i < self->tree_capacity; i++) ts_tree_delete(self->trees[i]);
  stage_release(self->ctx, STAGE_TREE, self->trees);
  stage_release(self->ctx, STAGE_TREE, self->languages);
  skeleton_free_names(&self->records);
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t i = 0; i < self->kept_capacity[kind]; i++)
      stage_release(self->ctx, (enum stage_kind)kind, self->kept[kind][i].p);
    stage_release(self->ctx, (enum stage_kind)kind, self->kept[kind]);
  }
  stage_release(self->ctx, STAGE_TREE, self);
}

/* ---- blob store ---- */

static struct bytes *find(struct baseline *self, enum stage_kind kind, uint32_t id) {
  if (id >= self->kept_capacity[kind] || !self->kept[kind][id].p) return NULL;
  return &self->kept[kind][id];
}

static int baseline_put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length,
                        const char *path) {
  struct baseline *self = store;
  (void)path;
  if (length > SIZE_MAX) return STAGE_LIMIT;
  void *table = self->kept[kind];
  bool room = documents_reserve(self->ctx, kind, &table, &self->kept_capacity[kind], id, sizeof(struct bytes));
  self->kept[kind] = table;
  if (!room) return STAGE_OUT_OF_MEMORY;
  uint8_t *copy = stage_allocate(self->ctx, kind, length ? (size_t)length : 1);
  if (!copy) return STAGE_OUT_OF_MEMORY;
  if (length) memcpy(copy, bytes, (size_t)length);
  stage_release(self->ctx, kind, self->kept[kind][id].p);
  self->kept[kind][id] = (struct bytes){copy, length};
  return STAGE_OK;
}

static int baseline_length(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  const struct bytes *found = find(store, kind, id);
  if (!found) return STAGE_NO_DOCUMENT;
  *length = found->length;
  return STAGE_OK;
}

static int baseline_pin(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                        struct stage_pin *pin) {
  const struct bytes *found = find(store, kind, id);
  if (!found) return STAGE_NO_DOCUMENT;
  if (offset > found->length || length > found->length - offset) return STAGE_OUT_OF_RANGE;
  *pin = (struct stage_pin){found->p + offset, length, NULL};
  return STAGE_OK;
}

/* Everything is always readable: there is nothing to let go of. */
static int baseline_unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  (void)store;
  (void)kind;
  *pin = (struct stage_pin){NULL, 0, NULL};
  return STAGE_OK;
}

static int baseline_drop(void *store, enum stage_kind kind, uint32_t id) {
  struct baseline *self = store;
  struct bytes *found = find(self, kind, id);
  if (!found) return STAGE_NO_DOCUMENT;
  stage_release(self->ctx, kind, found->p);
  *found = (struct bytes){NULL, 0};
  return STAGE_OK;
}

/* ---- tree codec ---- */

/* Whether the top of the stack of tree bytes is another stage. */
static bool makes_records(const struct baseline *self) {
  const struct stage_link *top = &self->ctx->blob_store[STAGE_TREE];
  return top->ops && top->store != (const void *)self;
}

static int baseline_put_tree(void *store, const struct stage_document *document, TSTree *tree) {
  struct baseline *self = store;
  if (!makes_records(self)) return documents_put_tree(self, document, tree);
  int error = skeleton_put_records(&self->records, document, tree);
  ts_tree_delete(tree);
  return error;
}

static const TSTree *baseline_live_tree(void *store, uint32_t id) { return documents_tree(store, id); }

static int baseline_drop_tree(void *store, uint32_t id) {
  struct baseline *self = store;
  const struct stage_link *blob_store = &self->ctx->blob_store[STAGE_TREE];
  if (makes_records(self)) return blob_store->ops->drop(blob_store->store, STAGE_TREE, id);
  if (!documents_tree(self, id)) return STAGE_NO_DOCUMENT;
  ts_tree_delete(self->trees[id]);
  self->trees[id] = NULL;
  return STAGE_OK;
}

/* Of records only: a live tree is no bytes, and no blob store has any of it. */
static int strip(void *store, const void *bytes, uint64_t length, void *out, uint64_t *out_length) {
  (void)store;
  return baseline_strip(bytes, length, out, out_length);
}

static int reconstruct(void *store, const void *bytes, uint64_t stripped_length, void *out, uint64_t length) {
  (void)store;
  return baseline_reconstruct(bytes, stripped_length, out, length);
}

static const TSLanguage *grammar_of(const struct baseline *self, uint32_t language) {
  return language < self->language_capacity ? self->languages[language] : NULL;
}

static const char *baseline_symbol_name(void *store, uint32_t language, uint16_t symbol) {
  struct baseline *self = store;
  if (makes_records(self)) return skeleton_symbol_name(&self->records, language, symbol);
  const TSLanguage *grammar = grammar_of(store, language);
  return grammar ? ts_language_symbol_name(grammar, symbol) : NULL;
}

static const char *baseline_field_name(void *store, uint32_t language, uint16_t field) {
  struct baseline *self = store;
  if (makes_records(self)) return skeleton_field_name(&self->records, language, field);
  const TSLanguage *grammar = grammar_of(store, language);
  return grammar ? ts_language_field_name_for_id(grammar, field) : NULL;
}

/* ---- cursors: of live trees or of records ---- */

/* The mark says which: a cursor of records is marked. */
static bool is_of_records(const struct stage_cursor *cursor) {
  return ((const struct skeleton_cursor_head *)cursor)->mark;
}

static int cursor_new(void *store, struct stage_cursor **cursor) {
  struct baseline *self = store;
  if (!makes_records(self)) return baseline_cursor_new(store, cursor);
  int error = skeleton_cursor_new(&self->records, cursor);
  if (!error) ((struct skeleton_cursor_head *)*cursor)->mark = true;
  return error;
}

static void cursor_delete(struct stage_cursor *cursor) {
  if (!cursor) return;
  if (is_of_records(cursor)) skeleton_cursor_delete(cursor);
  else baseline_cursor_delete(cursor);
}

#define HOOK(result, name, parameters, ...)                                                     \
  static result name parameters {                                                               \
    return is_of_records(cursor) ? skeleton_##name(__VA_ARGS__) : baseline_##name(__VA_ARGS__); \
  }
HOOK(int, cursor_open, (struct stage_cursor * cursor, uint32_t id), cursor, id)
HOOK(void, cursor_close, (struct stage_cursor * cursor), cursor)
HOOK(bool, goto_first_child, (struct stage_cursor * cursor), cursor)
HOOK(bool, goto_next_sibling, (struct stage_cursor * cursor), cursor)
HOOK(bool, goto_parent, (struct stage_cursor * cursor), cursor)
HOOK(bool, goto_previous_sibling, (struct stage_cursor * cursor), cursor)
HOOK(bool, goto_last_child, (struct stage_cursor * cursor), cursor)
HOOK(bool, goto_child, (struct stage_cursor * cursor, uint32_t n), cursor, n)
HOOK(bool, goto_child_by_field, (struct stage_cursor * cursor, uint16_t field), cursor, field)
HOOK(bool, goto_first_child_for_byte, (struct stage_cursor * cursor, uint32_t byte), cursor, byte)
HOOK(bool, goto_descendant_for_bytes, (struct stage_cursor * cursor, uint32_t start, uint32_t end), cursor, start, end)
HOOK(bool, goto_index, (struct stage_cursor * cursor, uint32_t index), cursor, index)
HOOK(int, extent, (struct stage_cursor * cursor, struct stage_extent *extent), cursor, extent)
HOOK(int, walk, (struct stage_cursor * cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count), cursor,
     nodes, capacity, count)
#undef HOOK

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "baseline",
    .summary = "tree-sitter's live trees and plain copies of the sources, as an editor holds them",
    .order = 0,
    .roles = STAGE_TREE_CODEC | STAGE_BLOB_STORE,
    .flags = STAGE_NEEDS_GRAMMAR,
    .keeps = (1u << STAGE_SOURCE) | (1u << STAGE_TREE),
    .open = baseline_open,
    .close = baseline_close,
    .put = baseline_put,
    .length = baseline_length,
    .pin = baseline_pin,
    .unpin = baseline_unpin,
    .drop = baseline_drop,
    .put_tree = baseline_put_tree,
    .live_tree = baseline_live_tree,
    .drop_tree = baseline_drop_tree,
    .strip = strip,
    .reconstruct = reconstruct,
    .symbol_name = baseline_symbol_name,
    .field_name = baseline_field_name,
    .cursor_new = cursor_new,
    .cursor_open = cursor_open,
    .cursor_close = cursor_close,
    .cursor_delete = cursor_delete,
    .goto_first_child = goto_first_child,
    .goto_next_sibling = goto_next_sibling,
    .goto_parent = goto_parent,
    .goto_previous_sibling = goto_previous_sibling,
    .goto_last_child = goto_last_child,
    .goto_child = goto_child,
    .goto_child_by_field = goto_child_by_field,
    .goto_first_child_for_byte = goto_first_child_for_byte,
    .goto_descendant_for_bytes = goto_descendant_for_bytes,
    .goto_index = goto_index,
    .extent = extent,
    .walk = walk,
};

const struct stage_ops *phasebench_stage(void) { return &ops; }
