/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a list of edits; its hash is the right one. */
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "edit_list.h"
#include "testing/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fault fault = {0};
  struct edit_list list;
  char hex[33];
  XXH128_hash_t hash = XXH3_128bits(data, size);
  snprintf(hex, sizeof hex, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
  if (!edit_list_read(fuzz_file(data, size), hex, 100, &list, &fault)) {
    if (fault.code != EXIT_CODE_INPUT) abort();
    return 0;
  }
  for (size_t i = 0; i < list.target_count; i++) edit_target_fits(&list.targets[i], 1000, &fault);
  edit_list_free(&list);
  return 0;
}
