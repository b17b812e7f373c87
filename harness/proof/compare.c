/* SPDX-License-Identifier: MIT
 *
 * compare.c - compares the facts of a node, as tree-sitter tells them and as the store does. Mismatches are
 * counted, and the first one is kept. */
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "internal.h"

/* ---- what was found ---- */

/* The first mismatch of all is kept; true: it is this one. */
static bool note(struct proof *proof, uint32_t node, const char *fact) {
  proof->document_mismatches++;
  if (proof->mismatches++ > 0) return false;
  struct proof_mismatch *first = &proof->first;
  snprintf(first->document, sizeof first->document, "%s", proof->document->path);
  snprintf(first->fact, sizeof first->fact, "%s", fact);
  first->has_node = node != PROOF_NO_NODE;
  first->node = node;
  return true;
}

bool proof_differs(struct proof *proof, uint32_t node, const char *fact, uint64_t expected, uint64_t found) {
  if (!note(proof, node, fact)) return false;
  proof->first.is_text = false;
  proof->first.expected = expected;
  proof->first.found = found;
  return false;
}

bool proof_differs_text(struct proof *proof, uint32_t node, const char *fact, const char *expected, const char *found) {
  if (!note(proof, node, fact)) return false;
  proof->first.is_text = true;
  snprintf(proof->first.expected_text, sizeof proof->first.expected_text, "%s", expected);
  snprintf(proof->first.found_text, sizeof proof->first.found_text, "%s", found ? found : "NULL");
  return false;
}

bool proof_failed_hook(struct proof *proof, uint32_t node, const char *hook, int error) {
  struct fault fault = {0};
  store_fault(proof->store, proof->codec, hook, error, &fault);
  return proof_differs_text(proof, node, hook, "success", fault.message);
}

/* ---- facts ---- */

void proof_read_head(const TSTreeCursor *at, TSNode node, uint32_t index, struct stage_head *head) {
  TSPoint start = ts_node_start_point(node);
  unsigned flags = 0;
  if (ts_node_is_named(node)) flags |= STAGE_NODE_NAMED;
  if (ts_node_is_extra(node)) flags |= STAGE_NODE_EXTRA;
  if (ts_node_is_missing(node)) flags |= STAGE_NODE_MISSING;
  if (ts_node_is_error(node)) flags |= STAGE_NODE_ERROR;
  if (ts_node_has_error(node)) flags |= STAGE_NODE_HAS_ERROR;
  *head = (struct stage_head){.symbol = ts_node_symbol(node),
                              .grammar_symbol = ts_node_grammar_symbol(node),
                              .field = ts_tree_cursor_current_field_id(at),
                              .flags = (uint16_t)flags,
                              .start_byte = ts_node_start_byte(node),
                              .start_row = start.row,
                              .start_column = start.column,
                              .index = index};
}

void proof_read_extent(TSNode node, struct stage_extent *extent) {
  TSPoint end = ts_node_end_point(node);
  *extent = (struct stage_extent){.end_byte = ts_node_end_byte(node),
                                  .end_row = end.row,
                                  .end_column = end.column,
                                  .child_count = ts_node_child_count(node),
                                  .named_child_count = ts_node_named_child_count(node),
                                  .descendant_count = ts_node_descendant_count(node)};
}

bool proof_compare(struct proof *proof, uint32_t node, const char *prefix, const char *fact, uint64_t expected,
                   uint64_t found) {
  if (expected == found) return true;
  char name[64];
  snprintf(name, sizeof name, "%s: %s", prefix, fact);
  return proof_differs(proof, node, name, expected, found);
}

static bool compare_flags(struct proof *proof, uint32_t node, const char *prefix, unsigned expected, unsigned found) {
  static const struct {
    unsigned flag;
    const char *fact;
  } flags[] = {{STAGE_NODE_NAMED, "is named"},
               {STAGE_NODE_EXTRA, "is extra"},
               {STAGE_NODE_MISSING, "is missing"},
               {STAGE_NODE_ERROR, "is an error"},
               {STAGE_NODE_HAS_ERROR, "has an error"}};
  bool same = true;
  for (size_t i = 0; i < COUNT(flags); i++)
    same &= proof_compare(proof, node, prefix, flags[i].fact, (expected & flags[i].flag) != 0,
                          (found & flags[i].flag) != 0);
  return same && proof_compare(proof, node, prefix, "flags", expected, found); /* bits that there are not */
}

bool proof_compare_head(struct proof *proof, const char *prefix, const struct stage_head *expected,
                        const struct stage_head *found) {
  _Static_assert(sizeof(struct stage_head) == 4 * sizeof(uint16_t) + 4 * sizeof(uint32_t),
                 "no padding: memcmp will do");
  if (memcmp(expected, found, sizeof *expected) == 0) return true;
  uint32_t node = expected->index;
  proof_compare(proof, node, prefix, "index", expected->index, found->index);
  proof_compare(proof, node, prefix, "symbol", expected->symbol, found->symbol);
  proof_compare(proof, node, prefix, "grammar symbol", expected->grammar_symbol, found->grammar_symbol);
  proof_compare(proof, node, prefix, "field", expected->field, found->field);
  compare_flags(proof, node, prefix, expected->flags, found->flags);
  proof_compare(proof, node, prefix, "start byte", expected->start_byte, found->start_byte);
  proof_compare(proof, node, prefix, "start row", expected->start_row, found->start_row);
  proof_compare(proof, node, prefix, "start column", expected->start_column, found->start_column);
  return false;
}

bool proof_compare_extent(struct proof *proof, const char *prefix, uint32_t node, const struct stage_extent *expected,
                          const struct stage_extent *found) {
  _Static_assert(sizeof(struct stage_extent) == 6 * sizeof(uint32_t), "no padding: memcmp will do");
  if (memcmp(expected, found, sizeof *expected) == 0) return true;
  proof_compare(proof, node, prefix, "end byte", expected->end_byte, found->end_byte);
  proof_compare(proof, node, prefix, "end row", expected->end_row, found->end_row);
  proof_compare(proof, node, prefix, "end column", expected->end_column, found->end_column);
  proof_compare(proof, node, prefix, "child count", expected->child_count, found->child_count);
  proof_compare(proof, node, prefix, "named child count", expected->named_child_count, found->named_child_count);
  proof_compare(proof, node, prefix, "descendant count", expected->descendant_count, found->descendant_count);
  return false;
}
