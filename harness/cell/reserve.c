/* SPDX-License-Identifier: MIT
 *
 * reserve.c - see reserve.h. */
#include "reserve.h"

#include <string.h>

#include "system/heap.h"

void *cell_reserve(struct stage_heap *heap, size_t bytes, struct fault *fault) {
  void *p = heap_allocate(heap, bytes);
  if (p) memset(p, 0, bytes);
  else fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for %zu bytes of the harness", bytes);
  return p;
}
