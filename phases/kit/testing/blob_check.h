/* SPDX-License-Identifier: MIT
 *
 * blob_check.h - for tests and fuzz targets of codecs that write trees as tokens (token.h): what
 * must hold of any bytes that the codec's validation lets through, wherever they are from.
 * Include what codec_check.h needs first. */
#ifndef PHASEBENCH_KIT_BLOB_CHECK_H
#define PHASEBENCH_KIT_BLOB_CHECK_H

#include "codec_check.h"

/* A codec under test, or one of its forms. Its table is that of phasebench_stage. */
struct token_codec {
  const char *name;
  const struct stage_ops *below; /* the codec of the next lower order; NULL: there is none */
  /* Whether a document's blob may be decoded; if not, why, and where it was found. */
  int (*validate)(void *store, uint32_t id, const char **why, uint64_t *where);
};

static inline void blob_check_valid(const struct token_codec *codec, void *store, uint32_t id) {
  const char *why;
  uint64_t where;
  if (codec->validate(store, id, &why, &where))
    fail_msg("%s: document %u, at %lu: %s", codec->name, id, (unsigned long)where, why);
}

/* All nodes by batch walk, at their preorder indexes. The caller frees. */
static inline struct stage_node *blob_check_walk(const struct stage_ops *ops, struct stage_cursor *cursor,
                                                 uint32_t *count) {
  enum { BATCH = 700 }; /* with room for whole phrases, and for some to be left over */
  uint32_t capacity = 0, got, n = 0;
  struct stage_node *table = NULL, *batch = malloc(BATCH * sizeof *batch);
  assert_non_null(batch);
  do {
    assert_int_equal(ops->walk(cursor, batch, BATCH, &got), STAGE_OK);
    for (uint32_t i = 0; i < got; i++, n++) {
      uint32_t index = batch[i].head.index;
      if (index >= capacity) {
        uint32_t grown = index * 2 + BATCH;
        table = realloc(table, grown * sizeof *table);
        assert_non_null(table);
        memset(table + capacity, 0, (grown - capacity) * sizeof *table);
        capacity = grown;
      }
      assert_int_equal(table[index].extent.descendant_count, 0); /* each node once */
      table[index] = batch[i];
    }
  } while (got > 0);
  free(batch);
  *count = n;
  assert_true(n > 0 && n <= capacity);
  for (uint32_t i = 0; i < n; i++) assert_true(table[i].extent.descendant_count > 0); /* and none left out */
  return table;
}

/* The cursor, at the root, gives the same nodes. */
static inline void blob_check_cursor(const struct stage_ops *ops, struct stage_cursor *cursor,
                                     const struct stage_node *table, uint32_t count) {
  uint32_t n = 0;
  for (bool more = true; more; n++) {
    struct stage_node node = {.head = cursor->head};
    assert_int_equal(ops->extent(cursor, &node.extent), STAGE_OK);
    assert_true(n < count && memcmp(&node, &table[n], sizeof node) == 0);
    if (ops->goto_first_child(cursor)) continue;
    while (!(more = ops->goto_next_sibling(cursor)) && ops->goto_parent(cursor)) {
    }
  }
  assert_true(n == count && cursor->error == STAGE_OK);
}

/* Counting a symbol, and going to one after the other (some hundred of them), gives the same nodes. */
static inline void blob_check_symbol(const struct stage_ops *ops, struct stage_cursor *cursor,
                                     const struct stage_node *table, uint32_t count, uint16_t symbol) {
  enum { VISITS_MAX = 300 };
  uint32_t want = 0, got, visits = 0;
  if (!ops->count_symbol) return;
  for (uint32_t i = 0; i < count; i++) want += table[i].head.symbol == symbol;
  assert_int_equal(ops->count_symbol(cursor, symbol, &got), STAGE_OK);
  assert_int_equal(want, got);
  assert_true(ops->goto_index(cursor, 0));
  for (uint32_t i = 1; i < count && visits < VISITS_MAX; i++) {
    if (table[i].head.symbol != symbol) continue;
    assert_true(ops->goto_next_symbol(cursor, symbol) && cursor->head.index == i);
    visits++;
  }
  assert_true(visits == VISITS_MAX || !ops->goto_next_symbol(cursor, symbol));
}

/* What the bytes stripped makes them again. */
static inline void blob_check_reconstructed(const struct stage_ops *ops, void *store, const uint8_t *bytes,
                                            uint64_t length) {
  uint8_t *stripped = malloc(STAGE_STRIPPED_BYTES_MAX(length)), *again = malloc(length);
  uint64_t stripped_length;
  assert_true(stripped && again);
  if (ops->strip(store, bytes, length, stripped, &stripped_length) == STAGE_OK) {
    assert_true(stripped_length <= STAGE_STRIPPED_BYTES_MAX(length));
    uint8_t *exact = realloc(stripped, stripped_length); /* so that the address sanitizer sees reads past the end */
    assert_non_null(exact);
    stripped = exact;
    assert_int_equal(ops->reconstruct(store, stripped, stripped_length, again, length), STAGE_OK);
    assert_true(memcmp(again, bytes, length) == 0);
  }
  free(stripped);
  free(again);
}

/* All of this for document `id`, whose blob passed validation; with one cursor or another. */
static inline void blob_check(const struct check_stage *stage, uint32_t id, struct stage_cursor *cursor) {
  const struct stage_ops *ops = stage->ops;
  const struct stage_link *blob_store = &stage->ctx.blob_store[STAGE_TREE];
  struct stage_pin pin;
  uint64_t length;
  uint32_t count;
  assert_int_equal(blob_store->ops->length(blob_store->store, STAGE_TREE, id, &length), STAGE_OK);
  assert_int_equal(blob_store->ops->pin(blob_store->store, STAGE_TREE, id, 0, length, &pin), STAGE_OK);
  blob_check_reconstructed(ops, stage->store, pin.bytes, length);
  blob_store->ops->unpin(blob_store->store, STAGE_TREE, &pin);
  assert_int_equal(ops->cursor_open(cursor, id), STAGE_OK);
  struct stage_node *table = blob_check_walk(ops, cursor, &count);
  blob_check_cursor(ops, cursor, table, count);
  const uint16_t symbols[] = {table[0].head.symbol, table[count / 2].head.symbol, table[count - 1].head.symbol,
                              CHECK_UNUSED_SYMBOL};
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
    blob_check_symbol(ops, cursor, table, count, symbols[i]);
  ops->cursor_close(cursor);
  free(table);
}

/* Any bytes are reconstructed to the length asked for, or refused. */
static inline void blob_check_reconstruct_any(const struct stage_ops *ops, void *store, const uint8_t *stripped,
                                              uint64_t stripped_length, uint64_t length) {
  uint8_t *out = malloc(length ? length : 1); /* exact, so that a write past the end is seen */
  assert_non_null(out);
  int error = ops->reconstruct(store, stripped, stripped_length, out, length);
  assert_true(error == STAGE_OK || error == STAGE_CORRUPT);
  free(out);
}

#endif
