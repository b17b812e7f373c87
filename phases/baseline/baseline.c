/* SPDX-License-Identifier: MIT
 *
 * baseline.c - the base stage: what an editor holds without any of the techniques. Each
 * document's TSTree stays alive and each byte string is one plain allocation. The
 * base stage is the codec and the blob store in charge where no stage above it is, and the
 * blob store at the bottom of every stack.
 *
 * Where a blob store above the base stage keeps the trees' bytes, there must be bytes: then, and
 * only then, the base stage as a codec writes each tree as an array of records (serial.h) and
 * hands it up the stack. Which it is does not change while the store is open.
 *
 * The trees' own memory is the parser's (heap "tree-sitter"); the base stage's heaps hold
 * two tables and the byte strings. */
#include <stdlib.h>
#include <string.h>

#include "serial.h"

struct bytes {
  uint8_t *p; /* NULL: no such document */
  uint64_t length;
};

/* Both tables are dense, by document id; language ids are dense, too. */
struct baseline {
  const struct stage_ctx *ctx;
  TSTree **trees;
  uint32_t tree_capacity;
  const TSLanguage **languages;
  uint32_t language_capacity;
  struct bytes *kept[STAGE_KIND_COUNT];
  uint32_t kept_capacity[STAGE_KIND_COUNT];
  struct serial serial;
};

const struct stage_ctx *baseline_ctx(const struct baseline *store) { return store->ctx; }

const TSTree *baseline_tree(const struct baseline *store, uint32_t id) {
  return id < store->tree_capacity ? store->trees[id] : NULL;
}

/* Makes room for entry `index`; new entries are zero. Grows by half, as a list does. */
static bool reserve(const struct stage_ctx *ctx, enum stage_kind kind, void **table, uint32_t *capacity, uint32_t index,
                    size_t entry_bytes) {
  if (index < *capacity) return true;
  uint64_t wanted = (uint64_t)*capacity + *capacity / 2 + 16;
  if (wanted <= index) wanted = (uint64_t)index + 1;
  if (wanted > UINT32_MAX) wanted = UINT32_MAX;
  if (wanted <= index || wanted > SIZE_MAX / entry_bytes) return false;
  char *grown = stage_resize(ctx, kind, *table, (size_t)wanted * entry_bytes);
  if (!grown) return false;
  memset(grown + *capacity * entry_bytes, 0, ((size_t)wanted - *capacity) * entry_bytes);
  *table = grown;
  *capacity = (uint32_t)wanted;
  return true;
}

/* ---- life ---- */

static int baseline_open(const struct stage_ctx *ctx, void **store) {
  struct baseline *self = stage_allocate(ctx, STAGE_TREE, sizeof *self);
  if (!self) return STAGE_OUT_OF_MEMORY;
  *self = (struct baseline){.ctx = ctx, .serial = {.ctx = ctx}};
  *store = self;
  return STAGE_OK;
}

static void baseline_close(void *store) {
  struct baseline *self = store;
  for (uint32_t i = 0; i < self->tree_capacity; i++) ts_tree_delete(self->trees[i]);
  stage_release(self->ctx, STAGE_TREE, self->trees);
  stage_release(self->ctx, STAGE_TREE, self->languages);
  serial_free(&self->serial);
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
  bool room = reserve(self->ctx, kind, &table, &self->kept_capacity[kind], id, sizeof(struct bytes));
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
static bool is_serial(const struct baseline *self) {
  const struct stage_link *top = &self->ctx->blob_store[STAGE_TREE];
  return top->ops && top->store != (const void *)self;
}

static int put_live_tree(void *store, const struct stage_document *document, TSTree *tree) {
  struct baseline *self = store;
  void *trees = self->trees, *languages = self->languages;
  bool room = reserve(self->ctx, STAGE_TREE, &trees, &self->tree_capacity, document->id, sizeof *self->trees);
  self->trees = trees;
  room = room && reserve(self->ctx, STAGE_TREE, &languages, &self->language_capacity, document->language,
                         sizeof *self->languages);
  self->languages = languages;
  if (!room) {
    ts_tree_delete(tree);
    return STAGE_OUT_OF_MEMORY;
  }
  ts_tree_delete(self->trees[document->id]);
  self->trees[document->id] = tree;
  self->languages[document->language] = document->grammar;
  return STAGE_OK;
}

static int baseline_put_tree(void *store, const struct stage_document *document, TSTree *tree) {
  struct baseline *self = store;
  if (!is_serial(self)) return put_live_tree(store, document, tree);
  int error = serial_put_tree(&self->serial, document, tree);
  ts_tree_delete(tree);
  return error;
}

static const TSTree *baseline_live_tree(void *store, uint32_t id) { return baseline_tree(store, id); }

static int baseline_drop_tree(void *store, uint32_t id) {
  struct baseline *self = store;
  const struct stage_link *blob_store = &self->ctx->blob_store[STAGE_TREE];
  if (is_serial(self)) return blob_store->ops->drop(blob_store->store, STAGE_TREE, id);
  if (!baseline_tree(self, id)) return STAGE_NO_DOCUMENT;
  ts_tree_delete(self->trees[id]);
  self->trees[id] = NULL;
  return STAGE_OK;
}

/* Of records only: a live tree is no bytes, and no blob store has any of it. */
static int strip(void *store, const void *bytes, uint64_t length, void *out, uint64_t *out_length) {
  (void)store;
  return serial_strip(bytes, length, out, out_length);
}

static int reconstruct(void *store, const void *bytes, uint64_t stripped_length, void *out, uint64_t length) {
  (void)store;
  return serial_reconstruct(bytes, stripped_length, out, length);
}

static const TSLanguage *grammar_of(const struct baseline *self, uint32_t language) {
  return language < self->language_capacity ? self->languages[language] : NULL;
}

static const char *baseline_symbol_name(void *store, uint32_t language, uint16_t symbol) {
  const struct baseline *self = store;
  if (is_serial(self)) return serial_symbol_name(&self->serial, language, symbol);
  const TSLanguage *grammar = grammar_of(store, language);
  return grammar ? ts_language_symbol_name(grammar, symbol) : NULL;
}

static const char *baseline_field_name(void *store, uint32_t language, uint16_t field) {
  const struct baseline *self = store;
  if (is_serial(self)) return serial_field_name(&self->serial, language, field);
  const TSLanguage *grammar = grammar_of(store, language);
  return grammar ? ts_language_field_name_for_id(grammar, field) : NULL;
}

/* ---- cursors: of live trees or of records ---- */

static int cursor_new(void *store, struct stage_cursor **cursor) {
  const struct baseline *self = store;
  return is_serial(self) ? serial_cursor_new(&self->serial, cursor) : baseline_cursor_new(store, cursor);
}

static void cursor_delete(struct stage_cursor *cursor) {
  if (!cursor) return;
  if (((const struct baseline_cursor_head *)cursor)->is_serial) serial_cursor_delete(cursor);
  else baseline_cursor_delete(cursor);
}

#define HOOK(result, name, parameters, ...)                                                         \
  static result name parameters {                                                                   \
    return ((const struct baseline_cursor_head *)cursor)->is_serial ? serial_##name(__VA_ARGS__)    \
                                                                    : baseline_##name(__VA_ARGS__); \
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
