/* SPDX-License-Identifier: MIT */
#define XXH_INLINE_ALL
#include "kit/testing/tables_test_template.h"
#include "format.h"

int main(void) {
  check_report_to(cmocka_report);
  static const struct token_codec codec = {"p1", NULL, p1_validate_document};
  const struct CMUnitTest tests[] = {TABLES_TESTS};
  token_codec_tested = &codec;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
