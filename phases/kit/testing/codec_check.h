/* SPDX-License-Identifier: MIT
 *
 * codec_check.h - for tests of stages (cmocka): a codec's answers held against a plain
 * table of the tree, made with TSTreeCursor's forward moves only. Every move is tried
 * from every node. The table takes 60 bytes a node and some moves are checked in time
 * linear in the children: for test inputs, not for corpora (harness/proof/proof.c is).
 *
 * Include cmocka.h and what it needs first. */
#ifndef KIT_CODEC_CHECK_H
#define KIT_CODEC_CHECK_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

/* ---- a grammar and a parser ---- */

/* The grammar of `language` from the build that the test belongs to. */
static inline const TSLanguage *check_grammar(const char *language) {
  const char *build = getenv("PHASEBENCH_BUILD_DIR");
  char text[4096];
  snprintf(text, sizeof text, "%s/grammars/%s.so", build ? build : ".", language);
  void *module = dlopen(text, RTLD_NOW | RTLD_LOCAL); /* stays: the test's trees read it */
  if (!module) fail_msg("%s (run through ctest, or set PHASEBENCH_BUILD_DIR)", dlerror());
  snprintf(text, sizeof text, "tree_sitter_%s", language);
  const TSLanguage *(*entry)(void);
  *(void **)&entry = dlsym(module, text);
  assert_non_null((void *)(uintptr_t)entry);
  return entry();
}

static inline TSTree *check_parse(const TSLanguage *grammar, const char *source, size_t bytes) {
  TSParser *parser = ts_parser_new();
  assert_true(ts_parser_set_language(parser, grammar));
  TSTree *tree = ts_parser_parse_string(parser, NULL, source, (uint32_t)bytes);
  assert_non_null(tree);
  ts_parser_delete(parser);
  return tree;
}

/* ---- a stage on its own: heaps are malloc, the blob store is a list of copies ---- */

struct check_bytes {
  uint8_t *p;
  uint64_t length;
};

#define CHECK_DOCUMENTS_MAX 64

struct check_blob_store {
  struct check_bytes kept[STAGE_KIND_COUNT][CHECK_DOCUMENTS_MAX];
  unsigned pins; /* not yet let go of */
};

static inline void *check_allocate(struct stage_heap *heap, size_t bytes) {
  (void)heap;
  return malloc(bytes);
}
static inline void *check_resize(struct stage_heap *heap, void *p, size_t bytes) {
  (void)heap;
  return realloc(p, bytes);
}
static inline void check_release(struct stage_heap *heap, void *p) {
  (void)heap;
  free(p);
}

static inline int check_put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length,
                            const char *path) {
  struct check_bytes *kept = &((struct check_blob_store *)store)->kept[kind][id];
  (void)path;
  assert_true(id < CHECK_DOCUMENTS_MAX);
  free(kept->p);
  kept->p = malloc(length ? length : 1); /* exact, so that the address sanitizer sees reads past the end */
  assert_non_null(kept->p);
  memcpy(kept->p, bytes, length);
  kept->length = length;
  return STAGE_OK;
}
static inline int check_length(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  const struct check_bytes *kept = &((struct check_blob_store *)store)->kept[kind][id];
  *length = kept->length;
  return kept->p ? STAGE_OK : STAGE_NO_DOCUMENT;
}
static inline int check_pin(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                            struct stage_pin *pin) {
  struct check_blob_store *blob_store = store;
  const struct check_bytes *kept = &blob_store->kept[kind][id];
  if (!kept->p) return STAGE_NO_DOCUMENT;
  if (offset > kept->length || length > kept->length - offset) return STAGE_OUT_OF_RANGE;
  *pin = (struct stage_pin){kept->p + offset, length, NULL};
  blob_store->pins++;
  return STAGE_OK;
}
static inline int check_unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  (void)kind, (void)pin;
  ((struct check_blob_store *)store)->pins--;
  return STAGE_OK;
}
static inline int check_drop(void *store, enum stage_kind kind, uint32_t id) {
  struct check_bytes *kept = &((struct check_blob_store *)store)->kept[kind][id];
  if (!kept->p) return STAGE_NO_DOCUMENT;
  free(kept->p);
  *kept = (struct check_bytes){NULL, 0};
  return STAGE_OK;
}

static inline void check_fail(const struct stage_ctx *ctx, const char *file, int line, const char *format, ...) {
  (void)ctx, (void)format;
  print_message("%s:%d: the stage gives a reason: %s\n", file, line, format);
}

static inline const struct stage_heap_ops *check_heap_ops(void) {
  static const struct stage_heap_ops ops = {check_allocate, check_resize, check_release};
  return &ops;
}
static inline const struct stage_ops *check_blob_store_ops(void) {
  static const struct stage_ops ops = {.hdr = STAGE_HDR,
                                       .name = "check",
                                       .put = check_put,
                                       .length = check_length,
                                       .pin = check_pin,
                                       .unpin = check_unpin,
                                       .drop = check_drop};
  return &ops;
}

/* One stage, opened. */
struct check_stage {
  struct stage_ctx ctx;
  struct check_blob_store blob_store;
  const struct stage_ops *ops;
  void *store;
};

/* In the surroundings of `ctx`, but for the links to blob stores. */
static inline void check_stage_open_in(struct check_stage *stage, const struct stage_ops *ops, struct stage_ctx ctx) {
  memset(stage, 0, sizeof *stage);
  stage->ops = ops;
  stage->ctx = ctx;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++)
    stage->ctx.blob_store[kind] = stage->ctx.below[kind] =
        (struct stage_link){check_blob_store_ops(), &stage->blob_store};
  assert_int_equal(ops->open(&stage->ctx, &stage->store), STAGE_OK);
}

static inline void check_stage_open(struct check_stage *stage, const struct stage_ops *ops) {
  check_stage_open_in(stage, ops,
                      (struct stage_ctx){.hdr = STAGE_HDR, .heap_ops = check_heap_ops(), .fail = check_fail});
}

/* The stage is its own blob store, as where none lies above it. */
static inline void check_stage_open_alone(struct check_stage *stage, const struct stage_ops *ops) {
  check_stage_open(stage, ops);
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++)
    if (ops->keeps & (1u << kind)) stage->ctx.blob_store[kind] = (struct stage_link){ops, stage->store};
}

static inline void check_stage_close(struct check_stage *stage) {
  assert_int_equal(stage->blob_store.pins, 0);
  stage->ops->close(stage->store);
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (int i = 0; i < CHECK_DOCUMENTS_MAX; i++) free(stage->blob_store.kept[kind][i].p);
  }
}

/* Gives the stage a parsed document. */
static inline void check_put_document(struct check_stage *stage, uint32_t id, uint32_t language,
                                      const TSLanguage *grammar, const char *source, size_t bytes) {
  struct stage_document document = {id, language, grammar, NULL, source, (uint32_t)bytes};
  assert_int_equal(check_put(&stage->blob_store, STAGE_SOURCE, id, source, bytes, NULL), STAGE_OK);
  assert_int_equal(stage->ops->put_tree(stage->store, &document, check_parse(grammar, source, bytes)), STAGE_OK);
}

/* ---- the table ---- */

struct check_node {
  struct stage_node facts;
  uint32_t parent, depth, next, previous, last_child; /* preorder indexes; the root is nobody's: UINT32_MAX is none */
};

#define CHECK_NONE UINT32_MAX

static inline void check_read(const TSTreeCursor *cursor, uint32_t index, struct check_node *out) {
  TSNode node = ts_tree_cursor_current_node(cursor);
  TSPoint start = ts_node_start_point(node), end = ts_node_end_point(node);
  unsigned flags = 0;
  if (ts_node_is_named(node)) flags |= STAGE_NODE_NAMED;
  if (ts_node_is_extra(node)) flags |= STAGE_NODE_EXTRA;
  if (ts_node_is_missing(node)) flags |= STAGE_NODE_MISSING;
  if (ts_node_is_error(node)) flags |= STAGE_NODE_ERROR;
  if (ts_node_has_error(node)) flags |= STAGE_NODE_HAS_ERROR;
  out->facts.head = (struct stage_head){ts_node_symbol(node),
                                        ts_node_grammar_symbol(node),
                                        ts_tree_cursor_current_field_id(cursor),
                                        (uint16_t)flags,
                                        ts_node_start_byte(node),
                                        start.row,
                                        start.column,
                                        index};
  out->facts.extent = (struct stage_extent){
      ts_node_end_byte(node),        end.row, end.column, ts_node_child_count(node), ts_node_named_child_count(node),
      ts_node_descendant_count(node)};
}

/* The caller frees the table. */
static inline struct check_node *check_table(const TSTree *tree, uint32_t *count) {
  uint32_t capacity = ts_node_descendant_count(ts_tree_root_node(tree)), n = 0;
  struct check_node *table = calloc(capacity, sizeof *table);
  assert_non_null(table);
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
  uint32_t parent = CHECK_NONE, previous = CHECK_NONE, depth = 0;
  for (bool more = true; more;) {
    assert_true(n < capacity);
    check_read(&cursor, n, &table[n]);
    table[n].parent = parent;
    table[n].depth = depth;
    table[n].previous = previous;
    table[n].next = table[n].last_child = CHECK_NONE;
    if (previous != CHECK_NONE) table[previous].next = n;
    if (parent != CHECK_NONE) table[parent].last_child = n;
    uint32_t current = n++;
    if (ts_tree_cursor_goto_first_child(&cursor)) {
      parent = current;
      previous = CHECK_NONE;
      depth++;
      continue;
    }
    while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
      more = ts_tree_cursor_goto_parent(&cursor);
      if (!more) break;
      current = parent;
      parent = table[current].parent;
      depth--;
    }
    previous = current;
  }
  ts_tree_cursor_delete(&cursor);
  assert_int_equal(n, capacity);
  *count = n;
  return table;
}

/* ---- comparing ---- */

#define CHECK_FACT(where, index, fact, want, got)                                                \
  do {                                                                                           \
    if ((want) != (got))                                                                         \
      fail_msg("%s, node %u: %s is %lu, expected %lu", where, index, fact, (unsigned long)(got), \
               (unsigned long)(want));                                                           \
  } while (0)

static inline void check_facts(const char *where, const struct stage_node *want, const struct stage_head *head,
                               const struct stage_extent *extent) {
  uint32_t i = want->head.index;
  CHECK_FACT(where, i, "index", want->head.index, head->index);
  CHECK_FACT(where, i, "symbol", want->head.symbol, head->symbol);
  CHECK_FACT(where, i, "grammar symbol", want->head.grammar_symbol, head->grammar_symbol);
  CHECK_FACT(where, i, "field", want->head.field, head->field);
  CHECK_FACT(where, i, "flags", want->head.flags, head->flags);
  CHECK_FACT(where, i, "start byte", want->head.start_byte, head->start_byte);
  CHECK_FACT(where, i, "start row", want->head.start_row, head->start_row);
  CHECK_FACT(where, i, "start column", want->head.start_column, head->start_column);
  if (!extent) return;
  CHECK_FACT(where, i, "end byte", want->extent.end_byte, extent->end_byte);
  CHECK_FACT(where, i, "end row", want->extent.end_row, extent->end_row);
  CHECK_FACT(where, i, "end column", want->extent.end_column, extent->end_column);
  CHECK_FACT(where, i, "child count", want->extent.child_count, extent->child_count);
  CHECK_FACT(where, i, "named child count", want->extent.named_child_count, extent->named_child_count);
  CHECK_FACT(where, i, "descendant count", want->extent.descendant_count, extent->descendant_count);
}

/* The batch walk, in batches of a size that does not divide anything. */
static inline void check_walk(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                              uint32_t count) {
  struct stage_node nodes[7];
  uint32_t n, total = 0, previous = CHECK_NONE;
  do {
    assert_int_equal(ops->walk(cursor, nodes, 7, &n), STAGE_OK);
    for (uint32_t i = 0; i < n; i++, total++) {
      uint32_t index = nodes[i].head.index;
      assert_true(index < count);
      check_facts("walk", &table[index].facts, &nodes[i].head, &nodes[i].extent);
      /* Postorder: the first leaf, then the next sibling's first leaf, or the parent. */
      uint32_t want = previous == CHECK_NONE ? 0 : table[previous].next;
      if (want == CHECK_NONE) want = table[previous].parent;
      else
        while (table[want].facts.extent.child_count > 0) want++;
      CHECK_FACT("walk order", previous, "next index", want, index);
      previous = index;
    }
  } while (n > 0);
  assert_int_equal(total, count);
}

static inline void check_at(const struct stage_ops *ops, const char *move, struct stage_cursor *cursor,
                            const struct check_node *table, uint32_t index) {
  struct stage_extent extent;
  assert_int_equal(cursor->error, STAGE_OK);
  assert_int_equal(ops->extent(cursor, &extent), STAGE_OK);
  check_facts(move, &table[index].facts, &cursor->head, &extent);
  CHECK_FACT(move, index, "depth", table[index].depth, cursor->depth);
}

/* After a move from `from` that returned `moved`, expected to reach `want` (or none);
 * puts the cursor back. */
static inline void check_moved(const struct stage_ops *ops, const char *move, struct stage_cursor *cursor,
                               const struct check_node *table, uint32_t from, uint32_t want, bool moved) {
  if (moved != (want != CHECK_NONE)) fail_msg("%s from node %u: returned %d", move, from, moved);
  check_at(ops, move, cursor, table, moved ? want : from);
  if (!ops->goto_index(cursor, from)) fail_msg("goto_index(%u) failed after %s", from, move);
  check_at(ops, "goto_index", cursor, table, from);
}

static inline uint32_t check_first_for_byte(const struct check_node *table, uint32_t from, uint32_t byte) {
  uint32_t child = table[from].facts.extent.child_count > 0 ? from + 1 : CHECK_NONE;
  while (child != CHECK_NONE && table[child].facts.extent.end_byte <= byte) child = table[child].next;
  return child;
}

/* Places in a document: bytes, or points as numbers that grow along it. */
enum check_measure { CHECK_BY_BYTE, CHECK_BY_POINT };

static inline uint64_t check_point(uint32_t row, uint32_t column) { return (uint64_t)row << 32 | column; }
static inline uint64_t check_start(const struct stage_node *node, enum check_measure by) {
  return by == CHECK_BY_BYTE ? node->head.start_byte : check_point(node->head.start_row, node->head.start_column);
}
static inline uint64_t check_end(const struct stage_node *node, enum check_measure by) {
  return by == CHECK_BY_BYTE ? node->extent.end_byte : check_point(node->extent.end_row, node->extent.end_column);
}

/* What goto_descendant_for_bytes and _for_points are to find. */
static inline uint32_t check_descendant(const struct check_node *table, uint32_t from, enum check_measure by,
                                        uint64_t start, uint64_t end) {
  const struct stage_node *node = &table[from].facts;
  if (start > end || start < check_start(node, by) || end > check_end(node, by)) return CHECK_NONE;
  for (uint32_t child = node->extent.child_count > 0 ? from + 1 : CHECK_NONE; child != CHECK_NONE;) {
    node = &table[child].facts;
    uint64_t node_start = check_start(node, by), node_end = check_end(node, by);
    bool is_empty = node_start == node_end;
    if (node_end < end || (is_empty ? node_end < start : node_end <= start)) {
      child = table[child].next;
      continue;
    }
    if (node_start > start) break;
    from = child;
    child = node->extent.child_count > 0 ? from + 1 : CHECK_NONE;
  }
  return from;
}

/* By bytes and points in and around node `i`. */
static inline void check_node_places(const struct stage_ops *ops, struct stage_cursor *cursor,
                                     const struct check_node *table, uint32_t i) {
  enum { PLACES = 6 };
  const struct stage_head *head = &table[i].facts.head;
  const struct stage_extent *extent = &table[i].facts.extent;
  uint32_t start = head->start_byte, end = extent->end_byte;
  const uint32_t bytes[PLACES] = {0, start, start + (end - start) / 2, end > 0 ? end - 1 : 0, end, UINT32_MAX};
  const TSPoint points[PLACES] = {
      {0, 0},
      {head->start_row, head->start_column},
      {head->start_row + (extent->end_row - head->start_row) / 2, head->start_column / 2 + extent->end_column / 2},
      {extent->end_row, extent->end_column > 0 ? extent->end_column - 1 : 0},
      {extent->end_row, extent->end_column},
      {UINT32_MAX, UINT32_MAX},
  };
  for (int a = 0; a < PLACES; a++) {
    check_moved(ops, "first child for byte", cursor, table, i, check_first_for_byte(table, i, bytes[a]),
                ops->goto_first_child_for_byte(cursor, bytes[a]));
    for (int b = a; b < PLACES; b++) {
      check_moved(ops, "descendant for bytes", cursor, table, i,
                  check_descendant(table, i, CHECK_BY_BYTE, bytes[a], bytes[b]),
                  ops->goto_descendant_for_bytes(cursor, bytes[a], bytes[b]));
      if (!ops->goto_descendant_for_points) continue;
      check_moved(ops, "descendant for points", cursor, table, i,
                  check_descendant(table, i, CHECK_BY_POINT, check_point(points[a].row, points[a].column),
                                   check_point(points[b].row, points[b].column)),
                  ops->goto_descendant_for_points(cursor, points[a], points[b]));
    }
  }
}

/* ---- by symbol ---- */

#define CHECK_UNUSED_SYMBOL 60000 /* below those of errors, above those of grammars */

static inline uint32_t check_next_symbol(const struct check_node *table, uint32_t count, uint32_t from,
                                         uint16_t symbol) {
  for (uint32_t i = from + 1; i < count; i++) {
    if (table[i].facts.head.symbol == symbol) return i;
  }
  return CHECK_NONE;
}

/* From node `i`: its own symbol, that of a node elsewhere, and one that no node has. */
static inline void check_node_symbols(const struct stage_ops *ops, struct stage_cursor *cursor,
                                      const struct check_node *table, uint32_t count, uint32_t i) {
  if (!ops->goto_next_symbol) return;
  const uint16_t symbols[] = {table[i].facts.head.symbol, table[(i * UINT64_C(7) + 3) % count].facts.head.symbol,
                              CHECK_UNUSED_SYMBOL};
  for (size_t s = 0; s < sizeof symbols / sizeof symbols[0]; s++)
    check_moved(ops, "next symbol", cursor, table, i, check_next_symbol(table, count, i, symbols[s]),
                ops->goto_next_symbol(cursor, symbols[s]));
}

/* How often each symbol of the document occurs in it. */
static inline void check_symbol_counts(const struct stage_ops *ops, struct stage_cursor *cursor,
                                       const struct check_node *table, uint32_t count) {
  if (!ops->count_symbol) return;
  uint32_t *counts = calloc((size_t)UINT16_MAX + 1, sizeof *counts), got;
  assert_non_null(counts);
  for (uint32_t i = 0; i < count; i++) counts[table[i].facts.head.symbol]++;
  for (uint32_t symbol = 0; symbol <= UINT16_MAX; symbol++) {
    if (counts[symbol] == 0 && symbol != CHECK_UNUSED_SYMBOL) continue;
    assert_int_equal(ops->count_symbol(cursor, (uint16_t)symbol, &got), STAGE_OK);
    CHECK_FACT("count symbol", symbol, "count", counts[symbol], got);
  }
  free(counts);
}

/* All moves from node `i`. */
static inline void check_node_moves(const struct stage_ops *ops, struct stage_cursor *cursor,
                                    const struct check_node *table, uint32_t count, uint32_t i) {
  const struct stage_node *node = &table[i].facts;
  uint32_t children = node->extent.child_count, child = i + 1;
  assert_true(ops->goto_index(cursor, i));
  check_at(ops, "goto_index", cursor, table, i);
  check_moved(ops, "first child", cursor, table, i, children ? i + 1 : CHECK_NONE, ops->goto_first_child(cursor));
  check_moved(ops, "last child", cursor, table, i, table[i].last_child, ops->goto_last_child(cursor));
  check_moved(ops, "next sibling", cursor, table, i, table[i].next, ops->goto_next_sibling(cursor));
  check_moved(ops, "previous sibling", cursor, table, i, table[i].previous, ops->goto_previous_sibling(cursor));
  check_moved(ops, "parent", cursor, table, i, table[i].parent, ops->goto_parent(cursor));
  bool field_seen[64] = {false};
  for (uint32_t n = 0; n < children && n < 300; n++, child = table[child].next) {
    check_moved(ops, "child", cursor, table, i, child, ops->goto_child(cursor, n));
    uint16_t field = table[child].facts.head.field;
    if (field == 0 || field >= 64 || field_seen[field]) continue;
    field_seen[field] = true;
    check_moved(ops, "child by field", cursor, table, i, child, ops->goto_child_by_field(cursor, field));
  }
  check_moved(ops, "child beyond the last", cursor, table, i, CHECK_NONE, ops->goto_child(cursor, children));
  check_moved(ops, "child by no field", cursor, table, i, CHECK_NONE, ops->goto_child_by_field(cursor, 0));
  check_moved(ops, "child by unused field", cursor, table, i, CHECK_NONE, ops->goto_child_by_field(cursor, 60000));
  check_node_places(ops, cursor, table, i);
  check_node_symbols(ops, cursor, table, count, i);
  check_moved(ops, "index beyond the last", cursor, table, i, CHECK_NONE, ops->goto_index(cursor, count));
}

static inline void check_names(const struct check_stage *stage, uint32_t language, const TSLanguage *grammar,
                               const struct check_node *table, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    const struct stage_head *head = &table[i].facts.head;
    const uint16_t symbols[] = {head->symbol, head->grammar_symbol};
    for (int s = 0; s < 2; s++) {
      const char *name = stage->ops->symbol_name(stage->store, language, symbols[s]);
      assert_non_null(name);
      assert_string_equal(name, ts_language_symbol_name(grammar, symbols[s]));
    }
    if (head->field == 0) continue;
    const char *name = stage->ops->field_name(stage->store, language, head->field);
    assert_non_null(name);
    assert_string_equal(name, ts_language_field_name_for_id(grammar, head->field));
  }
}

/* Everything about document `id`, whose text is `source`. Moves are tried from every
 * `step`th node. */
static inline void check_document(struct check_stage *stage, uint32_t id, uint32_t language, const TSLanguage *grammar,
                                  const char *source, size_t bytes, uint32_t step) {
  TSTree *tree = check_parse(grammar, source, bytes);
  uint32_t count;
  struct check_node *table = check_table(tree, &count);
  struct stage_cursor *cursor;
  assert_int_equal(stage->ops->cursor_new(stage->store, &cursor), STAGE_OK);
  assert_int_equal(stage->ops->cursor_open(cursor, id), STAGE_OK);
  check_at(stage->ops, "open", cursor, table, 0);
  check_walk(stage->ops, cursor, table, count);
  check_symbol_counts(stage->ops, cursor, table, count);
  check_at(stage->ops, "walk and counts leave the cursor alone", cursor, table, 0);
  for (uint32_t i = 0; i < count; i += step) check_node_moves(stage->ops, cursor, table, count, i);
  check_names(stage, language, grammar, table, count);
  stage->ops->cursor_close(cursor);
  stage->ops->cursor_delete(cursor);
  free(table);
  ts_tree_delete(tree);
}

/* ---- texts to try ---- */

struct check_text {
  const char *language, *text;
};

/* Ordinary code, and all that is odd: errors, missing tokens, zero-width and hidden
 * tokens at line ends, aliases, extras in odd places, nothing at all. */
static const struct check_text check_texts[] = {
    {"c", ""},
    {"c", "\n\n  \t\n"},
    {"c", "/* only a comment */"},
    {"c", "int main(int argc, char **argv) {\n  return argc > 1 ? f(argv[1], \"x\\n\") : 0;\n}\n"},
    {"c", "struct s { int a : 3; union { char b; } u; };\nstatic const struct s t[] = {{.a = 1}, {2}};\n"},
    {"c", "#if A\nint f(void) { /* c */ for (;;) { if (x) break; else continue; } }\n#else\nint g;\n#endif\n"},
    {"c", "int f( { return 1 }\n}} @@@ int g(int, ) ;"},
    {"c", "int a = ;\nvoid f(void) { g(1, 2 }\n"},
    {"c", "\xff\xfe int \xc3\xa9t\xc3\xa9 = '\xe2\x82\xac';\r\nint b;\r\n"},
    {"python",
     "def f(a, *b, **c):\n    if a:\n        return [x for x in b if x]\n    # comment\n    pass\n\n\nclass "
     "A(B):\n    x: int = 1\n"},
    {"python", "if x:\n    y\nelse:\n        z\nfor i in\n  print('a' f'{b!r:>{w}}'\n"},
    {"python", "x = 1; y = 2\nwith a as b, c: pass\n@d\nasync def g(): await h\n"},
    {"javascript",
     "const f = async ({a, ...b}, c = 1) => { await g(`x${a}y`) }\nlet x\nclass A extends B { #p = 1; get q() {} }\n"},
    {"javascript", "{a}\nreturn\n/re/g.test(b)\nif (x) y\nelse z\nfunction ( { ] }\n<a b={c}>t</a>"},
    {"rust",
     "impl<T: A> B for C<T> { fn f(&self) -> Option<&'a str> { match x { Some(1..=2) => {} , _ => r#\"s\"# } } }\n"},
    {"go",
     "package p\nimport (\n\t\"a\"\n\tb \"c\"\n)\nfunc (r *T) F(x ...int) (y, z int) { go func() {}(); return }\n"},
    {"java", "@A class B<T extends C> { int[] d = {1, 2}; void e() throws F { try { g(); } finally { } } }\n"},
    {"typescript",
     "export type A<T> = T extends (infer U)[] ? U : never;\nabstract class B { constructor(private "
     "readonly c?: string) {} }\n"},
    {"tsx", "const a = <B<C> d=\"e\">{f && <g/>}</B>;\n"},
    {"cpp",
     "template <typename T> requires C<T> auto f(T &&t) -> decltype(t) { return std::move(t); }\nnamespace a::b { }\n"},
};

/* `levels` parentheses around a number in an expression statement. The caller frees. */
static inline char *check_deep_text(uint32_t levels, size_t *bytes) {
  char *text = malloc((size_t)levels * 2 + 3);
  assert_non_null(text);
  memset(text, '(', levels);
  text[levels] = '1';
  memset(text + levels + 1, ')', levels);
  text[2 * (size_t)levels + 1] = ';';
  text[2 * (size_t)levels + 2] = '\0';
  *bytes = (size_t)levels * 2 + 2;
  return text;
}

/* An array of `count` numbers with a comment here and there; unclosed, so that the
 * children stand in one flat ERROR node. The caller frees. */
static inline char *check_wide_text(uint32_t count, size_t *bytes) {
  char *text = malloc((size_t)count * 16 + 16);
  assert_non_null(text);
  size_t n = (size_t)sprintf(text, "[");
  for (uint32_t i = 0; i < count; i++) n += (size_t)sprintf(text + n, i % 7 ? "%u, " : "%u /*c*/,\n", i);
  *bytes = n;
  return text;
}

/* Runs an open stage through all of the above; it is empty afterwards. `finalize` may be NULL. */
static inline void check_codec_open(struct check_stage *stage, int (*finalize)(struct check_stage *stage)) {
  const struct stage_ops *ops = stage->ops;
  const uint32_t text_count = sizeof check_texts / sizeof check_texts[0];
  for (uint32_t pass = 0; pass < 3; pass++) { /* 0: put; 1: read; 2: read once more, finalized */
    if (pass == 2 && finalize) assert_int_equal(finalize(stage), STAGE_OK);
    for (uint32_t i = 0; i < text_count; i++) {
      const struct check_text *text = &check_texts[i];
      const TSLanguage *grammar = check_grammar(text->language);
      uint32_t language = 0; /* the number of the first text in the same language will do */
      while (strcmp(check_texts[language].language, text->language) != 0) language++;
      if (pass == 0) check_put_document(stage, i, language, grammar, text->text, strlen(text->text));
      else check_document(stage, i, language, grammar, text->text, strlen(text->text), 1);
    }
  }
  for (uint32_t i = 0; i < text_count; i++) {
    assert_int_equal(ops->drop_tree(stage->store, i), STAGE_OK);
    struct stage_cursor *cursor;
    assert_int_equal(ops->cursor_new(stage->store, &cursor), STAGE_OK);
    assert_int_equal(ops->cursor_open(cursor, i), STAGE_NO_DOCUMENT);
    ops->cursor_delete(cursor);
  }
}

static inline int check_finalize(struct check_stage *stage) {
  return stage->ops->finalize ? stage->ops->finalize(stage->store) : STAGE_OK;
}

/* A stage above the list of copies. */
static inline void check_codec(const struct stage_ops *ops) {
  struct check_stage stage;
  check_stage_open(&stage, ops);
  check_codec_open(&stage, check_finalize);
  check_stage_close(&stage);
}

/* Deep and wide trees; moves from every `step`th node. */
static inline void check_extremes_open(struct check_stage *stage, int (*finalize)(struct check_stage *stage),
                                       uint32_t levels, uint32_t width, uint32_t step) {
  const TSLanguage *grammar = check_grammar("javascript");
  size_t deep_bytes, wide_bytes;
  char *deep = check_deep_text(levels, &deep_bytes), *wide = check_wide_text(width, &wide_bytes);
  check_put_document(stage, 0, 0, grammar, deep, deep_bytes);
  check_put_document(stage, 1, 0, grammar, wide, wide_bytes);
  if (finalize) assert_int_equal(finalize(stage), STAGE_OK);
  check_document(stage, 0, 0, grammar, deep, deep_bytes, step);
  check_document(stage, 1, 0, grammar, wide, wide_bytes, step);
  free(deep);
  free(wide);
}

static inline void check_codec_extremes(const struct stage_ops *ops, uint32_t levels, uint32_t width, uint32_t step) {
  struct check_stage stage;
  check_stage_open(&stage, ops);
  check_extremes_open(&stage, check_finalize, levels, width, step);
  check_stage_close(&stage);
}

#endif
