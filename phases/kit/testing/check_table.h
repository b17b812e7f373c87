/* SPDX-License-Identifier: MIT
 *
 * check_table.h - the plain table of a tree that stage_check.h holds a codec against, and what each
 * move is to find by it. For the library's own sources, and for tests that compare by other ways. */
#ifndef PHASEBENCH_KIT_CHECK_TABLE_H
#define PHASEBENCH_KIT_CHECK_TABLE_H

#include "stage_check.h"

#define CHECK_NONE UINT32_MAX

struct check_node {
  struct stage_node facts;
  uint32_t parent, depth, next, previous, last_child; /* preorder indexes; CHECK_NONE: there is none */
};

/* All nodes of a tree in preorder. The caller frees the table. */
struct check_node *check_table(const TSTree *tree, uint32_t *count);

/* ---- what moves are to find: an index, or CHECK_NONE ---- */

/* Places in a document: bytes, or points as numbers that grow along it. */
enum check_measure { CHECK_BY_BYTE, CHECK_BY_POINT };

static inline uint64_t check_point(uint32_t row, uint32_t column) { return (uint64_t)row << 32 | column; }

uint32_t check_first_for_byte(const struct check_node *table, uint32_t from, uint32_t byte);
/* What goto_descendant_for_bytes and _for_points are to find. */
uint32_t check_descendant(const struct check_node *table, uint32_t from, enum check_measure by, uint64_t start,
                          uint64_t end);
uint32_t check_next_symbol(const struct check_node *table, uint32_t count, uint32_t from, uint16_t symbol);

/* ---- a codec's answers ---- */

#define CHECK_UNUSED_SYMBOL 60000 /* below those of errors, above those of grammars */

#define CHECK_FACT(where, index, fact, want, got)                                                  \
  do {                                                                                             \
    if ((want) != (got))                                                                           \
      check_failed(__FILE__, __LINE__, "%s, node %u: %s is %lu, expected %lu", where, index, fact, \
                   (unsigned long)(got), (unsigned long)(want));                                   \
  } while (0)

/* `where` tells in the failure which move it was. `extent` may be NULL: it is not compared. */
void check_facts(const char *where, const struct stage_node *want, const struct stage_head *head,
                 const struct stage_extent *extent);
/* The cursor stands on node `index`, and nothing went wrong. */
void check_at(const struct stage_ops *ops, const char *move, struct stage_cursor *cursor,
              const struct check_node *table, uint32_t index);
/* The batch walk of an open cursor, in batches of a size that does not divide anything. */
void check_walk(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                uint32_t count);
/* All moves from node `i`; the cursor is on it afterwards. */
void check_node_moves(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                      uint32_t count, uint32_t i);
/* How often each symbol of the document occurs in it; nothing where the codec has no count_symbol. */
void check_symbol_counts(const struct stage_ops *ops, struct stage_cursor *cursor, const struct check_node *table,
                         uint32_t count);

/* ---- a codec against itself, where there is no source ---- */

/* All nodes by batch walk, at their preorder indexes. The caller frees. */
struct stage_node *check_nodes_by_walk(const struct stage_ops *ops, struct stage_cursor *cursor, uint32_t *count);
/* Counting a symbol, and going to one after the other (some hundred of them), gives the same nodes. */
void check_same_by_symbol(const struct stage_ops *ops, struct stage_cursor *cursor, const struct stage_node *table,
                          uint32_t count, uint16_t symbol);

#endif
