/* SPDX-License-Identifier: MIT
 *
 * check_table.c - see check_table.h. */
#include "check_table.h"

#include <stdlib.h>

/* ---- the table ---- */

static void check_read(const TSTreeCursor *cursor, uint32_t index, struct check_node *out) {
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

struct check_node *check_table(const TSTree *tree, uint32_t *count) {
  uint32_t capacity = ts_node_descendant_count(ts_tree_root_node(tree)), n = 0;
  struct check_node *table = calloc(capacity, sizeof *table);
  CHECK_THAT(table);
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
  uint32_t parent = CHECK_NONE, previous = CHECK_NONE, depth = 0;
  for (bool more = true; more;) {
    CHECK_THAT(n < capacity);
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
  CHECK_THAT(n == capacity);
  *count = n;
  return table;
}

/* ---- comparing ---- */

void check_facts(const char *where, const struct stage_node *want, const struct stage_head *head,
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

/* ---- what moves are to find ---- */

uint32_t check_first_for_byte(const struct check_node *table, uint32_t from, uint32_t byte) {
  uint32_t child = table[from].facts.extent.child_count > 0 ? from + 1 : CHECK_NONE;
  while (child != CHECK_NONE && table[child].facts.extent.end_byte <= byte) child = table[child].next;
  return child;
}

static uint64_t check_start(const struct stage_node *node, enum check_measure by) {
  return by == CHECK_BY_BYTE ? node->head.start_byte : check_point(node->head.start_row, node->head.start_column);
}
static uint64_t check_end(const struct stage_node *node, enum check_measure by) {
  return by == CHECK_BY_BYTE ? node->extent.end_byte : check_point(node->extent.end_row, node->extent.end_column);
}

uint32_t check_descendant(const struct check_node *table, uint32_t from, enum check_measure by, uint64_t start,
                          uint64_t end) {
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

uint32_t check_next_symbol(const struct check_node *table, uint32_t count, uint32_t from, uint16_t symbol) {
  for (uint32_t i = from + 1; i < count; i++) {
    if (table[i].facts.head.symbol == symbol) return i;
  }
  return CHECK_NONE;
}
