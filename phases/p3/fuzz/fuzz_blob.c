/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a blob, and as stripped bytes, in both forms. */
#include "kit/testing/codec_fuzz.h"
#include "fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  enum { FORMS = sizeof fixture_forms / sizeof fixture_forms[0] };
  static struct codec_fuzz_store stores[FORMS];
  for (int i = 0; i < FORMS; i++) {
    if (!stores[i].codec) codec_fuzz_store_open(&stores[i], &fixture_forms[i]);
    codec_fuzz_blob(&stores[i], data, size);
  }
  return 0;
}
