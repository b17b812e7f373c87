/* SPDX-License-Identifier: MIT
 *
 * The skeleton, through the checks that any codec can be put through (stage_check.h). In a copy, only
 * damaged_bytes_are_refused knows what a record is. */
#include <stdio.h>

#include "skeleton.h"
#include "stage_check.h"

static void damaged_bytes_are_refused(void) {
  struct check_stage stage;
  struct stage_cursor *cursor;
  check_stage_open(&stage, phasebench_stage());
  check_put_document(&stage, 0, 0, check_grammar("c"), "int a;", 6);
  stage.blob_store.kept[STAGE_TREE][0].length -= sizeof(struct record); /* the last record is gone */
  CHECK_THAT(stage.ops->cursor_new(stage.store, &cursor) == STAGE_OK);
  CHECK_THAT(stage.ops->cursor_open(cursor, 0) == STAGE_CORRUPT);
  stage.ops->cursor_delete(cursor);
  check_stage_close(&stage);
}

int main(void) {
  check_codec(phasebench_stage());
  check_codec_extremes(phasebench_stage(), 20000, 1500, 997);
  damaged_bytes_are_refused();
  puts("every move from every node, deep and wide trees, damaged bytes");
  return 0;
}
