/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a blob, and as stripped bytes. */
#include "kit/testing/codec_fuzz.h"
#include "format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct token_codec codec = {"p1", NULL, p1_validate_document};
  static struct codec_fuzz_store store;
  if (!store.codec) codec_fuzz_store_open(&store, &codec);
  codec_fuzz_blob(&store, data, size);
  return 0;
}
