/* SPDX-License-Identifier: MIT
 *
 * Any bytes as the catalogue of a store; their hash is made right, so that what is behind it is reached. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fault fault = {0};
  struct store_catalogue catalogue;
  if (size < 32) return 0;
  uint8_t *bytes = malloc(size);
  if (!bytes) abort();
  memcpy(bytes, data, size);
  uint64_t length = size;
  memcpy(bytes + 16, &length, sizeof length); /* the length that it says is right, too */
  uint64_t hash = XXH3_64bits(bytes, size - 8);
  memcpy(bytes + size - 8, &hash, sizeof hash);
  if (store_catalogue_read(bytes, size, "it", &catalogue, &fault)) {
    void *again = NULL;
    size_t again_bytes = 0;
    if (!store_catalogue_write(&catalogue, &again, &again_bytes, &fault)) abort(); /* what is read can be written */
    free(again);
    store_catalogue_free(&catalogue);
  }
  free(bytes);
  return 0;
}
