/* SPDX-License-Identifier: MIT
 *
 * Any two byte strings (the first byte says where the input is cut): the entry that makes
 * the second of the first does so, exactly; corrupt in one bit, it makes something of the
 * same length or is refused. */
#include "kit/testing/test_ctx.h"
#include "delta.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  struct stage_ctx ctx = test_ctx();
  struct compressor compressor = {.ctx = &ctx, .kind = STAGE_TREE};
  size_t cut = (size - 1) * data[0] / 255;
  struct compress_slice base = {data + 1, cut}, version = {data + 1 + cut, size - 1 - cut};
  uint8_t *out = malloc(version.length ? version.length : 1);
  struct delta_entry made;
  if (!out) abort();
  struct delta_hunks hunks = {0};
  if (delta_diff(&compressor, base, version, &hunks) != STAGE_OK) abort();
  if (delta_encode(&compressor, base, version, &hunks, SIZE_MAX, &made) != STAGE_OK || !made.p) abort();
  uint8_t *entry = made.p;
  size_t entry_bytes = made.bytes;
  stage_release(&ctx, STAGE_TREE, hunks.p);
  if (delta_apply(&compressor, base, (struct compress_slice){entry, entry_bytes}, out, version.length) != STAGE_OK)
    abort();
  if (version.length > 0 && memcmp(out, version.p, version.length) != 0) abort();
  if (entry_bytes > 0) {
    entry[entry_bytes * data[0] / 256] ^= (uint8_t)(1u << (data[0] & 7));
    int error = delta_apply(&compressor, base, (struct compress_slice){entry, entry_bytes}, out, version.length);
    if (error != STAGE_OK && error != STAGE_CORRUPT) abort();
  }
  stage_release(&ctx, STAGE_TREE, entry);
  free(out);
  compress_free(&compressor);
  if (test_ctx_live != 0) abort();
  return 0;
}
