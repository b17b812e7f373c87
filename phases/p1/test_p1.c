/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "kit/testing/token_codec_test_template.h"
#include "format.h"

static void dump_is_that_of_the_header(void **state) {
  (void)state;
  static const uint8_t dump[] = {0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  check_dump(dump, sizeof dump);
}

/* Opening looks at the sizes: p1's header tells them all. */
static void cut_blobs_are_not_opened(void **state) {
  (void)state;
  struct fixture f;
  uint64_t length;
  corrupt_open(&f, false);
  uint8_t *blob = fixture_blob(&f, 0, &length);
  for (uint64_t cut = 0; cut < length; cut++) {
    fixture_put_blob(&f, 0, blob, cut);
    assert_int_equal(f.ops->cursor_open(fixture_cursor(&f), 0), STAGE_CORRUPT);
  }
  free(blob);
  fixture_close(&f);
}

int main(void) {
  check_report_to(cmocka_report);
  static const struct token_codec codec = {"p1", NULL, p1_validate_document};
  const struct CMUnitTest tests[] = {
      TOKEN_CODEC_TESTS,
      cmocka_unit_test(dump_is_that_of_the_header),
      cmocka_unit_test(cut_blobs_are_not_opened),
  };
  token_codec_tested = &codec;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
