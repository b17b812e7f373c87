/* SPDX-License-Identifier: MIT
 *
 * Any bytes as source text. */
#include "kit/testing/codec_fuzz.h"
#include "format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct token_codec codec = {"p1", NULL, p1_validate_document};
  if (size > 0) codec_fuzz_source(&codec, data, size);
  return 0;
}
