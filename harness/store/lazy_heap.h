/* SPDX-License-Identifier: MIT
 *
 * lazy_heap.h - the heaps that stages are given. Each is made at its first allocation, because a jemalloc
 * arena costs about 100 KB, and a stage that keeps no sources shall not pay for a heap of sources. */
#ifndef PHASEBENCH_LAZY_HEAP_H
#define PHASEBENCH_LAZY_HEAP_H

#include "stage.h"

struct lazy_heap {
  struct stage_heap *real; /* NULL: not made yet */
  char name[32];
  char *said; /* where it is told why a heap could not be made: LAZY_HEAP_SAID_BYTES */
};
#define LAZY_HEAP_SAID_BYTES 512

/* For a stage's context; its heaps are lazy ones. */
extern const struct stage_heap_ops lazy_heap_ops;

/* What a stage holds: opaque to it. */
static inline struct stage_heap *lazy_heap_handle(struct lazy_heap *lazy) { return (struct stage_heap *)lazy; }

#endif
