/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a journal entry: applied to a base, it makes exactly the length asked for or
 * is refused; nothing is read or written out of bounds (the address sanitizer watches). The
 * first byte chooses the length of the version. */
#include "kit/testing/test_ctx.h"
#include "delta.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char text[] = "int main(int argc, char **argv) {\n\treturn puts(\"one, two, three\") + argc;\n}\n";
  if (size == 0) return 0;
  struct stage_ctx ctx = test_ctx();
  struct compressor compressor = {.ctx = &ctx, .kind = STAGE_TREE};
  struct compress_slice base = {(const uint8_t *)text, sizeof text - 1};
  size_t length = data[0];
  uint8_t *out = malloc(length ? length : 1); /* exact, so that a write past the end is seen */
  if (!out) abort();
  int error = delta_apply(&compressor, base, (struct compress_slice){data + 1, size - 1}, out, length);
  if (error != STAGE_OK && error != STAGE_CORRUPT) abort();
  free(out);
  compress_free(&compressor);
  if (test_ctx_live != 0) abort();
  return 0;
}
