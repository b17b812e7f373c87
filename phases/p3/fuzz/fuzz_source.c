/* SPDX-License-Identifier: MIT
 *
 * Any bytes as source text, in the form that the first byte chooses with the language. */
#include "kit/testing/codec_fuzz.h"
#include "fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 0) codec_fuzz_source(&fixture_forms[data[0] / 3 % 2], data, size);
  return 0;
}
