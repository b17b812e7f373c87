/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a record: what is read of one gives the same bytes when it is written again.
 * With the first byte odd, the check is made right first, so that what lies behind it is tried, too. */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t again[RECORD_MAX];
  struct record record;
  if (size < 2) return 0;
  uint8_t *bytes = malloc(size - 1);
  if (!bytes) abort();
  memcpy(bytes, data + 1, size - 1);
  if ((data[0] & 1) && size - 1 > RECORD_FILE_HEAD_BYTES) {
    bytes[0] = RECORD_FILE_TAG;
    uint32_t check = (uint32_t)XXH3_64bits(bytes + 5, size - 1 - 5);
    for (int i = 0; i < 4; i++) bytes[1 + i] = (uint8_t)(check >> (8 * i));
  }
  if (record_read(bytes, size - 1, &record)) {
    if (record.size == 0 || record.path_bytes == 0 || record.path_bytes >= PATH_MAX || record.path[0] != '/') abort();
    if (record_write(&record, again) != size - 1 || memcmp(again, bytes, size - 1) != 0) abort();
  }
  free(bytes);
  return 0;
}
