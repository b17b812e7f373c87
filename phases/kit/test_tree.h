/* SPDX-License-Identifier: MIT
 *
 * test_tree.h - for the tests of tree codecs: grammars, parsing, and the comparison of
 * what a codec gives back with tree-sitter's own cursor on the same tree. */
#ifndef PHASEBENCH_TEST_TREE_H
#define PHASEBENCH_TEST_TREE_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"

/* The grammar, from PHASEBENCH_BUILD_DIR (CTest sets it). Ends the test where there is
 * none. */
static inline const TSLanguage *test_grammar(const char *name) {
  const char *build = getenv("PHASEBENCH_BUILD_DIR");
  char path[4096], symbol[64];
  snprintf(path, sizeof path, "%s/grammars/%s.so", build ? build : ".", name);
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!module) {
    fprintf(stderr, "%s\n(set PHASEBENCH_BUILD_DIR to the build folder)\n", dlerror());
    abort();
  }
  snprintf(symbol, sizeof symbol, "tree_sitter_%s", name);
  const TSLanguage *(*function)(void);
  *(void **)&function = dlsym(module, symbol);
  if (!function) abort();
  return function();
}

static inline TSTree *test_parse(const TSLanguage *grammar, const char *text, size_t length) {
  TSParser *parser = ts_parser_new();
  if (!ts_parser_set_language(parser, grammar)) abort();
  TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)length);
  ts_parser_delete(parser);
  if (!tree) abort();
  return tree;
}

/* The node under tree-sitter's cursor, as a codec must report it. */
static inline struct stage_node test_node(const TSTreeCursor *cursor, uint32_t index) {
  TSNode node = ts_tree_cursor_current_node(cursor);
  TSPoint start = ts_node_start_point(node), end = ts_node_end_point(node);
  uint16_t flags = 0;
  if (ts_node_is_named(node)) flags |= STAGE_NODE_NAMED;
  if (ts_node_is_extra(node)) flags |= STAGE_NODE_EXTRA;
  if (ts_node_is_missing(node)) flags |= STAGE_NODE_MISSING;
  if (ts_node_is_error(node)) flags |= STAGE_NODE_ERROR;
  if (ts_node_has_error(node)) flags |= STAGE_NODE_HAS_ERROR;
  return (struct stage_node){
      .head = {ts_node_symbol(node), ts_node_grammar_symbol(node), ts_tree_cursor_current_field_id(cursor), flags,
               ts_node_start_byte(node), start.row, start.column, index},
      .extent = {ts_node_end_byte(node), end.row, end.column, ts_node_child_count(node),
                 ts_node_named_child_count(node), ts_node_descendant_count(node)},
  };
}

/* All nodes of a tree, in preorder, with their depths; the caller frees both. */
struct test_nodes {
  struct stage_node *nodes;
  uint32_t *depths;
  uint32_t count;
};

static inline struct test_nodes test_nodes_of(const TSTree *tree) {
  TSNode root = ts_tree_root_node(tree);
  struct test_nodes all = {.count = ts_node_descendant_count(root)};
  all.nodes = malloc(all.count * sizeof *all.nodes);
  all.depths = malloc(all.count * sizeof *all.depths);
  if (!all.nodes || !all.depths) abort();
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  uint32_t depth = 0;
  for (uint32_t i = 0; i < all.count; i++) {
    all.nodes[i] = test_node(&cursor, i);
    all.depths[i] = depth;
    if (ts_tree_cursor_goto_first_child(&cursor)) {
      depth++;
      continue;
    }
    while (!ts_tree_cursor_goto_next_sibling(&cursor) && ts_tree_cursor_goto_parent(&cursor)) depth--;
  }
  ts_tree_cursor_delete(&cursor);
  return all;
}

static inline void test_nodes_free(struct test_nodes *all) {
  free(all->nodes);
  free(all->depths);
}

/* How many nodes the batch walk of the open document gives otherwise than `all`, each
 * counted once; the walk comes in batches of `capacity`. */
static inline uint32_t test_walk_mismatches(const struct stage_ops *ops, struct stage_cursor *cursor,
                                            const struct test_nodes *all, uint32_t capacity) {
  struct stage_node *batch = malloc(capacity * sizeof *batch);
  uint32_t seen = 0, wrong = 0, count;
  if (!batch) abort();
  do {
    if (ops->walk(cursor, batch, capacity, &count) != STAGE_OK) abort();
    for (uint32_t i = 0; i < count; i++, seen++) {
      uint32_t index = batch[i].head.index;
      if (index >= all->count || memcmp(&batch[i], &all->nodes[index], sizeof batch[i]) != 0) wrong++;
    }
  } while (count > 0);
  free(batch);
  return seen == all->count ? wrong : wrong + 1;
}

/* The same for a walk by first child, next sibling and parent, with extents. */
static inline uint32_t test_cursor_mismatches(const struct stage_ops *ops, struct stage_cursor *cursor,
                                              const struct test_nodes *all) {
  uint32_t wrong = 0, seen = 0;
  for (;; seen++) {
    struct stage_extent extent;
    if (seen >= all->count || cursor->error) return wrong + 1;
    if (memcmp(&cursor->head, &all->nodes[seen].head, sizeof cursor->head) != 0 ||
        cursor->depth != all->depths[seen] || ops->extent(cursor, &extent) != STAGE_OK ||
        memcmp(&extent, &all->nodes[seen].extent, sizeof extent) != 0) {
      wrong++;
    }
    if (ops->goto_first_child(cursor)) continue;
    bool more;
    while (!(more = ops->goto_next_sibling(cursor)) && ops->goto_parent(cursor)) {
    }
    if (!more) break;
  }
  return seen + 1 == all->count && !cursor->error ? wrong : wrong + 1;
}

#endif
