/* SPDX-License-Identifier: MIT
 *
 * Any bytes as saved tables, in both forms. */
#define XXH_INLINE_ALL
#include "kit/testing/tables_fuzz.h"
#include "fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  enum { FORMS = sizeof fixture_forms / sizeof fixture_forms[0] };
  static struct tables_bytes good[FORMS];
  for (int i = 0; i < FORMS; i++) tables_fuzz_one(&fixture_forms[i], &good[i], data, size);
  return 0;
}
