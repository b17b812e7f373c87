/* SPDX-License-Identifier: MIT
 *
 * reserve.c - room in a table. */
#include "blobs.h"

#include <string.h>

bool blobs_reserve(struct blobs *blobs, void **table, uint32_t *capacity, uint32_t index, size_t entry_bytes,
                   int fill) {
  if (index < *capacity) return true;
  uint64_t wanted = (uint64_t)*capacity + *capacity / 4 + 16;
  if (wanted <= index) wanted = (uint64_t)index + 1;
  if (wanted > BLOBS_NONE || wanted > SIZE_MAX / entry_bytes) return false;
  char *grown = stage_resize(blobs->ctx, blobs->kind, *table, (size_t)wanted * entry_bytes);
  if (!grown) return false;
  memset(grown + *capacity * entry_bytes, fill, ((size_t)wanted - *capacity) * entry_bytes);
  *table = grown;
  *capacity = (uint32_t)wanted;
  return true;
}
