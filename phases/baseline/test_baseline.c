/* SPDX-License-Identifier: MIT
 *
 * The base stage as codec and as blob store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/testing/cmocka_report.h"
#include "stage_check.h"

static void every_move_from_every_node(void **state) {
  (void)state;
  struct check_stage stage;
  check_stage_open_alone(&stage, phasebench_stage());
  check_codec_open(&stage, NULL);
  check_stage_close(&stage);
}

static void deep_and_wide(void **state) {
  (void)state;
  struct check_stage stage;
  check_stage_open_alone(&stage, phasebench_stage());
  check_extremes_open(&stage, NULL, 20000, 1500, 997);
  check_stage_close(&stage);
}

/* With a blob store above it, the base stage keeps no tree alive: records go to that blob store. */
static void below_a_blob_store_trees_are_bytes(void **state) {
  (void)state;
  struct check_stage stage;
  check_stage_open(&stage, phasebench_stage());
  check_put_document(&stage, 0, 0, check_grammar("c"), "int a;", 6);
  assert_null(stage.ops->live_tree(stage.store, 0));
  uint64_t length;
  assert_int_equal(check_length(&stage.blob_store, STAGE_TREE, 0, &length), STAGE_OK);
  assert_int_equal(length, 5 * 48); /* translation_unit, declaration, type, identifier, ";" */
  check_stage_close(&stage);
  check_codec(phasebench_stage());
  check_codec_extremes(phasebench_stage(), 20000, 1500, 997);
}

static void keeps_copies_of_bytes(void **state) {
  (void)state;
  struct check_stage stage;
  check_stage_open(&stage, phasebench_stage());
  const struct stage_ops *ops = stage.ops;
  char text[] = "some text";
  struct stage_pin pin;
  uint64_t length;
  for (int k = 0; k < STAGE_KIND_COUNT; k++) {
    enum stage_kind kind = (enum stage_kind)k;
    assert_int_equal(ops->put(stage.store, kind, 1000, text, 9, NULL), STAGE_OK);
    assert_int_equal(ops->put(stage.store, kind, 3, "", 0, NULL), STAGE_OK);
  }
  text[0] = 'S'; /* a copy is kept, not the pointer */
  assert_int_equal(ops->length(stage.store, STAGE_SOURCE, 1000, &length), STAGE_OK);
  assert_int_equal(length, 9);
  assert_int_equal(ops->pin(stage.store, STAGE_SOURCE, 1000, 5, 4, &pin), STAGE_OK);
  assert_memory_equal(pin.bytes, "text", 4);
  ops->unpin(stage.store, STAGE_SOURCE, &pin);
  assert_int_equal(ops->pin(stage.store, STAGE_SOURCE, 1000, 0, 1, &pin), STAGE_OK);
  assert_int_equal(pin.bytes[0], 's');
  ops->unpin(stage.store, STAGE_SOURCE, &pin);
  assert_int_equal(ops->length(stage.store, STAGE_TREE, 3, &length), STAGE_OK); /* empty, but there */
  assert_int_equal(length, 0);
  assert_int_equal(ops->pin(stage.store, STAGE_SOURCE, 1000, 5, 5, &pin), STAGE_OUT_OF_RANGE);
  assert_int_equal(ops->pin(stage.store, STAGE_SOURCE, 1000, UINT64_MAX, 2, &pin), STAGE_OUT_OF_RANGE);
  assert_int_equal(ops->pin(stage.store, STAGE_SOURCE, 999, 0, 0, &pin), STAGE_NO_DOCUMENT);
  assert_int_equal(ops->put(stage.store, STAGE_SOURCE, 1000, "new", 3, NULL), STAGE_OK);
  assert_int_equal(ops->length(stage.store, STAGE_SOURCE, 1000, &length), STAGE_OK);
  assert_int_equal(length, 3);
  assert_int_equal(ops->drop(stage.store, STAGE_SOURCE, 1000), STAGE_OK);
  assert_int_equal(ops->drop(stage.store, STAGE_SOURCE, 1000), STAGE_NO_DOCUMENT);
  assert_int_equal(ops->length(stage.store, STAGE_SOURCE, 1000, &length), STAGE_NO_DOCUMENT);
  assert_int_equal(ops->length(stage.store, STAGE_TREE, 1000, &length), STAGE_OK);
  check_stage_close(&stage);
}

static void gives_its_live_tree(void **state) {
  (void)state;
  struct check_stage stage;
  check_stage_open_alone(&stage, phasebench_stage());
  check_put_document(&stage, 2, 0, check_grammar("c"), "int a;", 6);
  const TSTree *tree = stage.ops->live_tree(stage.store, 2);
  assert_non_null(tree);
  assert_int_equal(ts_node_end_byte(ts_tree_root_node(tree)), 6);
  assert_null(stage.ops->live_tree(stage.store, 1));
  check_put_document(&stage, 2, 0, check_grammar("c"), "int ab;", 7); /* in place of the old one */
  assert_int_equal(ts_node_end_byte(ts_tree_root_node(stage.ops->live_tree(stage.store, 2))), 7);
  check_stage_close(&stage);
}

static void a_move_without_a_document_is_an_error(void **state) {
  (void)state;
  struct check_stage stage;
  struct stage_cursor *cursor;
  check_stage_open_alone(&stage, phasebench_stage());
  assert_int_equal(stage.ops->cursor_new(stage.store, &cursor), STAGE_OK);
  assert_false(stage.ops->goto_first_child(cursor));
  assert_int_equal(cursor->error, STAGE_MISUSE);
  assert_int_equal(stage.ops->cursor_open(cursor, 0), STAGE_NO_DOCUMENT);
  stage.ops->cursor_delete(cursor);
  check_stage_close(&stage);
}

int main(void) {
  check_report_to(cmocka_report);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_move_from_every_node),
      cmocka_unit_test(deep_and_wide),
      cmocka_unit_test(below_a_blob_store_trees_are_bytes),
      cmocka_unit_test(keeps_copies_of_bytes),
      cmocka_unit_test(gives_its_live_tree),
      cmocka_unit_test(a_move_without_a_document_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
