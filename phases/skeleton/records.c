/* SPDX-License-Identifier: MIT
 *
 * records.c - names and trees in: a tree becomes the records of skeleton.h. */
#include <string.h>

#include "skeleton.h"

/* ---- names ---- */

static void free_names(const struct stage_ctx *ctx, struct names *names) {
  for (uint32_t i = 0; names->symbols && i < names->symbol_count; i++)
    stage_release(ctx, STAGE_TREE, (void *)(uintptr_t)names->symbols[i]);
  for (uint32_t i = 0; names->fields && i <= names->field_count; i++)
    stage_release(ctx, STAGE_TREE, (void *)(uintptr_t)names->fields[i]);
  stage_release(ctx, STAGE_TREE, names->symbols);
  stage_release(ctx, STAGE_TREE, names->fields);
  *names = (struct names){0};
}

void skeleton_free_names(struct skeleton *self) {
  for (uint32_t i = 0; i < self->language_count; i++) free_names(self->ctx, &self->languages[i]);
  stage_release(self->ctx, STAGE_TREE, self->languages);
}

/* Copies text to *copy; NULL stays NULL. false: out of memory. */
static bool copy_text(const struct stage_ctx *ctx, const char *text, const char **copy) {
  if (!text) return true;
  size_t bytes = strlen(text) + 1;
  char *p = stage_allocate(ctx, STAGE_TREE, bytes);
  if (p) memcpy(p, text, bytes);
  *copy = p;
  return p != NULL;
}

static bool copy_names(const struct stage_ctx *ctx, const TSLanguage *grammar, struct names *names) {
  names->symbol_count = ts_language_symbol_count(grammar);
  names->field_count = ts_language_field_count(grammar);
  size_t symbol_bytes = names->symbol_count * sizeof(char *), field_bytes = (names->field_count + 1) * sizeof(char *);
  names->symbols = stage_allocate(ctx, STAGE_TREE, symbol_bytes);
  if (names->symbols) memset(names->symbols, 0, symbol_bytes);
  names->fields = stage_allocate(ctx, STAGE_TREE, field_bytes);
  if (names->fields) memset(names->fields, 0, field_bytes);
  bool good = names->symbols && names->fields;
  for (uint32_t i = 0; good && i < names->symbol_count; i++)
    good = copy_text(ctx, ts_language_symbol_name(grammar, (TSSymbol)i), &names->symbols[i]);
  for (uint32_t i = 1; good && i <= names->field_count; i++)
    good = copy_text(ctx, ts_language_field_name_for_id(grammar, (TSFieldId)i), &names->fields[i]);
  if (!good) free_names(ctx, names);
  return good;
}

/* Learns the names of the document's language, once. */
static int learn_names(struct skeleton *self, const struct stage_document *document) {
  uint32_t language = document->language;
  if (language >= self->language_count) {
    struct names *grown = stage_resize(self->ctx, STAGE_TREE, self->languages, (language + 1) * sizeof *grown);
    if (!grown) return STAGE_OUT_OF_MEMORY;
    memset(grown + self->language_count, 0, (language + 1 - self->language_count) * sizeof *grown);
    self->languages = grown;
    self->language_count = language + 1;
  }
  if (self->languages[language].symbols) return STAGE_OK;
  return copy_names(self->ctx, document->grammar, &self->languages[language]) ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

const char *skeleton_symbol_name(void *store, uint32_t language, uint16_t symbol) {
  const struct skeleton *self = store;
  if (symbol == UINT16_MAX) return "ERROR"; /* tree-sitter's two own symbols, in every language */
  if (symbol == UINT16_MAX - 1) return "_ERROR";
  if (language >= self->language_count || symbol >= self->languages[language].symbol_count) return NULL;
  return self->languages[language].symbols[symbol];
}

const char *skeleton_field_name(void *store, uint32_t language, uint16_t field) {
  const struct skeleton *self = store;
  if (language >= self->language_count || !self->languages[language].fields) return NULL;
  return field <= self->languages[language].field_count ? self->languages[language].fields[field] : NULL;
}

/* ---- trees ---- */

static struct record record_of(const TSTreeCursor *cursor, uint32_t parent) {
  TSNode node = ts_tree_cursor_current_node(cursor);
  TSPoint start = ts_node_start_point(node), end = ts_node_end_point(node);
  unsigned flags = (ts_node_is_named(node) ? STAGE_NODE_NAMED : 0u) | (ts_node_is_extra(node) ? STAGE_NODE_EXTRA : 0u) |
                   (ts_node_is_missing(node) ? STAGE_NODE_MISSING : 0u) |
                   (ts_node_is_error(node) ? STAGE_NODE_ERROR : 0u) |
                   (ts_node_has_error(node) ? STAGE_NODE_HAS_ERROR : 0u);
  return (struct record){
      .symbol = ts_node_symbol(node),
      .grammar_symbol = ts_node_grammar_symbol(node),
      .field = ts_tree_cursor_current_field_id(cursor),
      .flags = (uint16_t)flags,
      .start_byte = ts_node_start_byte(node),
      .start_row = start.row,
      .start_column = start.column,
      .parent = parent,
      .extent = {ts_node_end_byte(node), end.row, end.column, ts_node_child_count(node),
                 ts_node_named_child_count(node), ts_node_descendant_count(node)},
  };
}

/* Moves to the next node in preorder, and *parent along with it. Trees can be
 * hundreds of thousands of levels deep: a loop, never recursion. */
static bool next_in_preorder(TSTreeCursor *cursor, const struct record *records, uint32_t index, uint32_t *parent) {
  if (ts_tree_cursor_goto_first_child(cursor)) {
    *parent = index;
    return true;
  }
  while (!ts_tree_cursor_goto_next_sibling(cursor)) {
    if (!ts_tree_cursor_goto_parent(cursor)) return false;
    *parent = records[*parent].parent;
  }
  return true;
}

/* Writes the tree's records; returns their number. */
static uint32_t write_records(const TSTree *tree, struct record *records, uint32_t capacity) {
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
  uint32_t parent = 0, count = 0;
  do {
    if (count < capacity) records[count] = record_of(&cursor, parent);
    count++;
  } while (count <= capacity && next_in_preorder(&cursor, records, count - 1, &parent));
  ts_tree_cursor_delete(&cursor);
  return count;
}

int skeleton_put_records(struct skeleton *self, const struct stage_document *document, const TSTree *tree) {
  int error = learn_names(self, document);
  if (error) return error;
  uint32_t capacity = ts_node_descendant_count(ts_tree_root_node(tree));
  size_t bytes = (size_t)capacity * sizeof(struct record);
  struct record *records = stage_allocate(self->ctx, STAGE_TREE, bytes);
  if (!records) return STAGE_OUT_OF_MEMORY;
  uint32_t count = write_records(tree, records, capacity);
  if (count == capacity) {
    const struct stage_link *blob_store = &self->ctx->blob_store[STAGE_TREE];
    error = blob_store->ops->put(blob_store->store, STAGE_TREE, document->id, records, bytes, NULL);
  } else {
    STAGE_FAIL(self->ctx, "document %u: the root counts %u nodes, the cursor reached another number", document->id,
               capacity);
    error = STAGE_CORRUPT;
  }
  stage_release(self->ctx, STAGE_TREE, records);
  return error;
}
