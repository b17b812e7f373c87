/* SPDX-License-Identifier: MIT
 *
 * Any two byte strings (the first byte says where the input is cut): the entry that makes
 * the second of the first does so, exactly; spoiled in one bit, it makes something of the
 * same length or is refused. */
#include "kit/testing/test_ctx.h"
#include "splice.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  struct stage_ctx ctx = test_ctx();
  struct press press = {.ctx = &ctx, .kind = STAGE_TREE};
  size_t cut = (size - 1) * data[0] / 255;
  struct press_bytes base = {data + 1, cut}, version = {data + 1 + cut, size - 1 - cut};
  uint8_t *entry, *out = malloc(version.length ? version.length : 1);
  size_t entry_bytes;
  if (!out) abort();
  struct splice_hunks hunks = {0};
  if (splice_diff(&press, base, version, &hunks) != STAGE_OK) abort();
  if (splice_encode(&press, base, version, &hunks, SIZE_MAX, &entry, &entry_bytes) != STAGE_OK || !entry) abort();
  stage_release(&ctx, STAGE_TREE, hunks.p);
  if (splice_apply(&press, base, (struct press_bytes){entry, entry_bytes}, out, version.length) != STAGE_OK) abort();
  if (version.length > 0 && memcmp(out, version.p, version.length) != 0) abort();
  if (entry_bytes > 0) {
    entry[entry_bytes * data[0] / 256] ^= (uint8_t)(1u << (data[0] & 7));
    int error = splice_apply(&press, base, (struct press_bytes){entry, entry_bytes}, out, version.length);
    if (error != STAGE_OK && error != STAGE_CORRUPT) abort();
  }
  stage_release(&ctx, STAGE_TREE, entry);
  free(out);
  press_free(&press);
  if (test_ctx_live != 0) abort();
  return 0;
}
