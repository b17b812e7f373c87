/* SPDX-License-Identifier: MIT
 *
 * check_moves.c - the batch walk, and every move from a node, against the table. */
#include <stdlib.h>

#include "check_table.h"

void check_walk(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                uint32_t count) {
  struct stage_node nodes[7];
  uint32_t n, total = 0, previous = CHECK_NONE;
  do {
    CHECK_THAT(ops->walk(cursor, nodes, 7, &n) == STAGE_OK);
    for (uint32_t i = 0; i < n; i++, total++) {
      uint32_t index = nodes[i].head.index;
      CHECK_THAT(index < count);
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
  CHECK_THAT(total == count);
}

void check_at(const struct stage_ops *ops, const char *move, struct stage_cursor *cursor,
              const struct check_node *table, uint32_t index) {
  struct stage_extent extent;
  CHECK_THAT(cursor->error == STAGE_OK);
  CHECK_THAT(ops->extent(cursor, &extent) == STAGE_OK);
  check_facts(move, &table[index].facts, &cursor->head, &extent);
  CHECK_FACT(move, index, "depth", table[index].depth, cursor->depth);
}

/* After a move from `from` that returned `moved`, expected to reach `want` (or none);
 * puts the cursor back. */
struct from {
  const struct stage_ops *ops;
  struct stage_cursor *cursor;
  const struct check_node *table;
  uint32_t node;
};
static void check_moved(const struct from *from, const char *move, uint32_t want, bool moved) {
  if (moved != (want != CHECK_NONE))
    check_failed(__FILE__, __LINE__, "%s from node %u: returned %d", move, from->node, moved);
  check_at(from->ops, move, from->cursor, from->table, moved ? want : from->node);
  if (!from->ops->goto_index(from->cursor, from->node))
    check_failed(__FILE__, __LINE__, "goto_index(%u) failed after %s", from->node, move);
  check_at(from->ops, "goto_index", from->cursor, from->table, from->node);
}

/* By bytes and points in and around node `i`. */
static void check_node_places(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                              uint32_t i) {
  const struct from from = {ops, cursor, table, i};
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
    check_moved(&from, "first child for byte", check_first_for_byte(table, i, bytes[a]),
                ops->goto_first_child_for_byte(cursor, bytes[a]));
    for (int b = a; b < PLACES; b++) {
      check_moved(&from, "descendant for bytes", check_descendant(table, i, CHECK_BY_BYTE, bytes[a], bytes[b]),
                  ops->goto_descendant_for_bytes(cursor, bytes[a], bytes[b]));
      if (!ops->goto_descendant_for_points) continue;
      check_moved(&from, "descendant for points",
                  check_descendant(table, i, CHECK_BY_POINT, check_point(points[a].row, points[a].column),
                                   check_point(points[b].row, points[b].column)),
                  ops->goto_descendant_for_points(cursor, points[a], points[b]));
    }
  }
}

/* ---- by symbol ---- */

/* From node `i`: its own symbol, that of a node elsewhere, and one that no node has. */
static void check_node_symbols(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                               uint32_t count, uint32_t i) {
  const struct from from = {ops, cursor, table, i};
  if (!ops->goto_next_symbol) return;
  const uint16_t symbols[] = {table[i].facts.head.symbol, table[(i * UINT64_C(7) + 3) % count].facts.head.symbol,
                              CHECK_UNUSED_SYMBOL};
  for (size_t s = 0; s < sizeof symbols / sizeof symbols[0]; s++)
    check_moved(&from, "next symbol", check_next_symbol(table, count, i, symbols[s]),
                ops->goto_next_symbol(cursor, symbols[s]));
}

void check_symbol_counts(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                         uint32_t count) {
  if (!ops->count_symbol) return;
  uint32_t *counts = calloc((size_t)UINT16_MAX + 1, sizeof *counts), got;
  CHECK_THAT(counts);
  for (uint32_t i = 0; i < count; i++) counts[table[i].facts.head.symbol]++;
  for (uint32_t symbol = 0; symbol <= UINT16_MAX; symbol++) {
    if (counts[symbol] == 0 && symbol != CHECK_UNUSED_SYMBOL) continue;
    CHECK_THAT(ops->count_symbol(cursor, (uint16_t)symbol, &got) == STAGE_OK);
    CHECK_FACT("count symbol", symbol, "count", counts[symbol], got);
  }
  free(counts);
}

void check_node_moves(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                      uint32_t count, uint32_t i) {
  const struct from from = {ops, cursor, table, i};
  const struct stage_node *node = &table[i].facts;
  uint32_t children = node->extent.child_count, child = i + 1;
  CHECK_THAT(ops->goto_index(cursor, i));
  check_at(ops, "goto_index", cursor, table, i);
  check_moved(&from, "first child", children ? i + 1 : CHECK_NONE, ops->goto_first_child(cursor));
  check_moved(&from, "last child", table[i].last_child, ops->goto_last_child(cursor));
  check_moved(&from, "next sibling", table[i].next, ops->goto_next_sibling(cursor));
  check_moved(&from, "previous sibling", table[i].previous, ops->goto_previous_sibling(cursor));
  check_moved(&from, "parent", table[i].parent, ops->goto_parent(cursor));
  bool field_seen[64] = {false};
  for (uint32_t n = 0; n < children && n < 300; n++, child = table[child].next) {
    check_moved(&from, "child", child, ops->goto_child(cursor, n));
    uint16_t field = table[child].facts.head.field;
    if (field == 0 || field >= 64 || field_seen[field]) continue;
    field_seen[field] = true;
    check_moved(&from, "child by field", child, ops->goto_child_by_field(cursor, field));
  }
  check_moved(&from, "child beyond the last", CHECK_NONE, ops->goto_child(cursor, children));
  check_moved(&from, "child by no field", CHECK_NONE, ops->goto_child_by_field(cursor, 0));
  check_moved(&from, "child by unused field", CHECK_NONE, ops->goto_child_by_field(cursor, 60000));
  check_node_places(ops, cursor, table, i);
  check_node_symbols(ops, cursor, table, count, i);
  check_moved(&from, "index beyond the last", CHECK_NONE, ops->goto_index(cursor, count));
}
