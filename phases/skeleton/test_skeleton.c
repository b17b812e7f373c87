/* SPDX-License-Identifier: MIT
 *
 * The skeleton, through the test that any codec can be put through (phases/kit). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/testing/codec_check.h"
#include "skeleton.h"

static void every_move_from_every_node(void **state) {
  (void)state;
  check_codec(phasebench_stage());
}

static void deep_and_wide(void **state) {
  (void)state;
  check_codec_extremes(phasebench_stage(), 20000, 1500, 997);
}

static void damaged_bytes_are_refused(void **state) {
  (void)state;
  struct check_stage stage;
  struct stage_cursor *cursor;
  check_stage_open(&stage, phasebench_stage());
  check_put_document(&stage, 0, 0, check_grammar("c"), "int a;", 6);
  stage.blob_store.kept[STAGE_TREE][0].length -= sizeof(struct record); /* the last record is gone */
  assert_int_equal(stage.ops->cursor_new(stage.store, &cursor), STAGE_OK);
  assert_int_equal(stage.ops->cursor_open(cursor, 0), STAGE_CORRUPT);
  stage.ops->cursor_delete(cursor);
  check_stage_close(&stage);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_move_from_every_node),
      cmocka_unit_test(deep_and_wide),
      cmocka_unit_test(damaged_bytes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
