/* SPDX-License-Identifier: MIT
 *
 * check_blob.c - what must hold of any bytes that a codec may decode. */
#include <stdlib.h>
#include <string.h>

#include "check_table.h"

struct stage_node *check_nodes_by_walk(const struct stage_ops *ops, struct stage_cursor *cursor, uint32_t *count) {
  enum { BATCH = 700 }; /* with room for whole phrases, and for some to be left over */
  uint32_t capacity = 0, got, n = 0;
  struct stage_node *table = NULL, *batch = malloc(BATCH * sizeof *batch);
  CHECK_THAT(batch);
  do {
    CHECK_THAT(ops->walk(cursor, batch, BATCH, &got) == STAGE_OK);
    for (uint32_t i = 0; i < got; i++, n++) {
      uint32_t index = batch[i].head.index;
      if (index >= capacity) {
        uint32_t grown = index * 2 + BATCH;
        table = realloc(table, grown * sizeof *table);
        CHECK_THAT(table);
        memset(table + capacity, 0, (grown - capacity) * sizeof *table);
        capacity = grown;
      }
      CHECK_THAT(table[index].extent.descendant_count == 0); /* each node once */
      table[index] = batch[i];
    }
  } while (got > 0);
  free(batch);
  *count = n;
  CHECK_THAT(n > 0 && n <= capacity);
  for (uint32_t i = 0; i < n; i++) CHECK_THAT(table[i].extent.descendant_count > 0); /* and none left out */
  return table;
}

/* The cursor, at the root, gives the same nodes. */
static void check_same_by_cursor(const struct stage_ops *ops, struct stage_cursor *cursor,
                                 const struct stage_node *table, uint32_t count) {
  uint32_t n = 0;
  for (bool more = true; more; n++) {
    struct stage_node node = {.head = cursor->head};
    CHECK_THAT(ops->extent(cursor, &node.extent) == STAGE_OK);
    CHECK_THAT(n < count && memcmp(&node, &table[n], sizeof node) == 0);
    if (ops->goto_first_child(cursor)) continue;
    while (!(more = ops->goto_next_sibling(cursor)) && ops->goto_parent(cursor)) {
    }
  }
  CHECK_THAT(n == count && cursor->error == STAGE_OK);
}

void check_same_by_symbol(const struct stage_ops *ops, struct stage_cursor *cursor, const struct stage_node *table,
                          uint32_t count, uint16_t symbol) {
  enum { VISITS_MAX = 300 };
  uint32_t want = 0, got, visits = 0;
  if (!ops->count_symbol) return;
  for (uint32_t i = 0; i < count; i++) want += table[i].head.symbol == symbol;
  CHECK_THAT(ops->count_symbol(cursor, symbol, &got) == STAGE_OK);
  CHECK_THAT(want == got);
  CHECK_THAT(ops->goto_index(cursor, 0));
  for (uint32_t i = 1; i < count && visits < VISITS_MAX; i++) {
    if (table[i].head.symbol != symbol) continue;
    CHECK_THAT(ops->goto_next_symbol(cursor, symbol) && cursor->head.index == i);
    visits++;
  }
  CHECK_THAT(visits == VISITS_MAX || !ops->goto_next_symbol(cursor, symbol));
}

/* What is stripped of the bytes makes them again. */
static void check_reconstructed(const struct stage_ops *ops, void *store, const uint8_t *bytes, uint64_t length) {
  if (!ops->strip) return;
  uint8_t *stripped = malloc(STAGE_STRIPPED_BYTES_MAX(length)), *again = malloc(length);
  uint64_t stripped_length;
  CHECK_THAT(stripped && again);
  if (ops->strip(store, bytes, length, stripped, &stripped_length) == STAGE_OK) {
    CHECK_THAT(stripped_length <= STAGE_STRIPPED_BYTES_MAX(length));
    uint8_t *exact = realloc(stripped, stripped_length); /* so that the address sanitizer sees reads past the end */
    CHECK_THAT(exact);
    stripped = exact;
    CHECK_THAT(ops->reconstruct(store, stripped, stripped_length, again, length) == STAGE_OK);
    CHECK_THAT(memcmp(again, bytes, length) == 0);
  }
  free(stripped);
  free(again);
}

void check_blob(const struct check_stage *stage, uint32_t id, struct stage_cursor *cursor) {
  const struct stage_ops *ops = stage->ops;
  const struct stage_link *blob_store = &stage->ctx.blob_store[STAGE_TREE];
  struct stage_pin pin;
  uint64_t length;
  uint32_t count;
  CHECK_THAT(blob_store->ops->length(blob_store->store, STAGE_TREE, id, &length) == STAGE_OK);
  CHECK_THAT(blob_store->ops->pin(blob_store->store, STAGE_TREE, id, 0, length, &pin) == STAGE_OK);
  check_reconstructed(ops, stage->store, pin.bytes, length);
  blob_store->ops->unpin(blob_store->store, STAGE_TREE, &pin);
  CHECK_THAT(ops->cursor_open(cursor, id) == STAGE_OK);
  struct stage_node *table = check_nodes_by_walk(ops, cursor, &count);
  check_same_by_cursor(ops, cursor, table, count);
  const uint16_t symbols[] = {table[0].head.symbol, table[count / 2].head.symbol, table[count - 1].head.symbol,
                              CHECK_UNUSED_SYMBOL};
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
    check_same_by_symbol(ops, cursor, table, count, symbols[i]);
  ops->cursor_close(cursor);
  free(table);
}

void check_reconstruct_any(const struct stage_ops *ops, void *store, const uint8_t *stripped, uint64_t stripped_length,
                           uint64_t length) {
  uint8_t *out = malloc(length ? length : 1); /* exact, so that a write past the end is seen */
  CHECK_THAT(out);
  int error = ops->reconstruct(store, stripped, stripped_length, out, length);
  CHECK_THAT(error == STAGE_OK || error == STAGE_CORRUPT);
  free(out);
}
