/* SPDX-License-Identifier: MIT
 *
 * Everything is tried in both forms of p3. */
#define XXH_INLINE_ALL
#include <stdlib.h>
#include <string.h>

#include "kit/testing/tables_test_template.h"
#include "fixture.h"

/* A packed coding cannot read what a plain one has put, and says so. */
static void tables_of_the_other_form_are_refused(void **state) {
  (void)state;
  for (int from = 0; from < 2; from++) {
    struct fixture first, second;
    token_codec_tested = &fixture_forms[from];
    fixture_open_above_copies(&first);
    tables_put_all(&first);
    fixture_finalize(&first);
    struct tables_bytes saved = tables_save(&first.stage);
    token_codec_tested = &fixture_forms[1 - from];
    tables_open_over(&second, &first);
    assert_int_equal(tables_load(&second.stage, saved.p, saved.length), STAGE_CORRUPT);
    assert_non_null(strstr(test_ctx_message, from == 0 ? "of a p3 above p1" : "of a p3 with no p1 below it"));
    free(saved.p);
    tables_close(&second, &first);
  }
}

int main(void) {
  check_report_to(cmocka_report);
  const struct CMUnitTest forms[] = {cmocka_unit_test(tables_of_the_other_form_are_refused)};
  const struct CMUnitTest tests[] = {TABLES_TESTS};
  int failed = cmocka_run_group_tests_name("both forms", forms, NULL, NULL);
  for (size_t i = 0; i < sizeof fixture_forms / sizeof fixture_forms[0]; i++) {
    token_codec_tested = &fixture_forms[i];
    failed += cmocka_run_group_tests_name(fixture_forms[i].name, tests, NULL, NULL);
  }
  return failed;
}
