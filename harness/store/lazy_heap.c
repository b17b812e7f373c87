/* SPDX-License-Identifier: MIT
 *
 * lazy_heap.c - see lazy_heap.h. */
#include "lazy_heap.h"

#include <stdio.h>
#include <string.h>

#include "system/heap.h"

/* A store that is opened again in the same process (tests, benchmarks) finds the heap
 * that it had: arenas are never destroyed. */
static struct stage_heap *heap_of_name(const char *name, struct fault *fault) {
  for (unsigned i = 0; i < heap_count(); i++) {
    if (strcmp(heap_name(heap_at(i)), name) == 0) return heap_at(i);
  }
  return heap_new(name, fault);
}

static bool realize(struct lazy_heap *lazy) {
  if (lazy->real) return true;
  struct fault fault = {0};
  lazy->real = heap_of_name(lazy->name, &fault);
  if (!lazy->real) snprintf(lazy->said, LAZY_HEAP_SAID_BYTES, "%.500s", fault.message);
  return lazy->real != NULL;
}

static void *lazy_allocate(struct stage_heap *heap, size_t bytes) {
  struct lazy_heap *lazy = (struct lazy_heap *)heap;
  return realize(lazy) ? heap_allocate(lazy->real, bytes) : NULL;
}

static void *lazy_resize(struct stage_heap *heap, void *p, size_t bytes) {
  struct lazy_heap *lazy = (struct lazy_heap *)heap;
  return realize(lazy) ? heap_resize(lazy->real, p, bytes) : NULL;
}

static void lazy_release(struct stage_heap *heap, void *p) {
  if (p) heap_release(((struct lazy_heap *)heap)->real, p);
}

const struct stage_heap_ops lazy_heap_ops = {lazy_allocate, lazy_resize, lazy_release};
