/* SPDX-License-Identifier: MIT
 *
 * Any bytes as saved tables. */
#define XXH_INLINE_ALL
#include "kit/testing/tables_fuzz.h"
#include "format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct token_codec codec = {"p1", NULL, p1_validate_document};
  static struct tables_bytes good;
  tables_fuzz_one(&codec, &good, data, size);
  return 0;
}
