/* SPDX-License-Identifier: MIT
 *
 * heap.h - an owner for every byte: one jemalloc arena, with an explicit thread
 * cache, for each owner of memory. Attribution then is reading the arena's
 * statistics, and not a guess.
 *
 * Builds with sanitizers have no jemalloc: heaps are malloc, statistics are
 * unavailable, and heap_statistics_available() says so. */
#ifndef PHASEBENCH_HEAP_H
#define PHASEBENCH_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"

struct stage_heap_ops;
struct stage_heap; /* an owner's heap; the type that stages see, too */

#define HEAP_COUNT_MAX 64

/* A new owner. name is copied; e.g. "tree-sitter", "harness", "p1.tree". */
struct stage_heap *heap_new(const char *name, struct fault *fault);
/* Number of heaps made so far, and each by number. */
unsigned heap_count(void);
struct stage_heap *heap_at(unsigned i);
const char *heap_name(const struct stage_heap *heap);

void *heap_allocate(struct stage_heap *heap, size_t bytes);
void *heap_resize(struct stage_heap *heap, void *p, size_t bytes);
void heap_release(struct stage_heap *heap, void *p);
/* The same, as the table that stages get. */
extern const struct stage_heap_ops heap_stage_ops;

/* Makes tree-sitter allocate from `heap` from now on (ts_set_allocator). Call it
 * before the first tree-sitter object exists and never change it afterwards. */
void heap_use_for_tree_sitter(struct stage_heap *heap);

bool heap_statistics_available(void);
/* Flushes thread caches, so that what they hold does not count as allocated. */
void heap_flush_all(void);
/* Flushes, then returns every free page of every arena to the kernel. */
void heap_purge_all(void);

struct heap_statistics {
  uint64_t allocated_bytes; /* in use by the application, rounded up to size classes */
  uint64_t active_bytes;    /* pages that hold at least one allocation */
  uint64_t dirty_bytes;     /* free pages not yet returned */
  uint64_t metadata_bytes;  /* jemalloc's own, for this arena */
  uint64_t resident_bytes;  /* jemalloc's estimate for this arena */
};
/* Of one owner; advance the epoch first (heap_refresh). */
bool heap_statistics(const struct stage_heap *heap, struct heap_statistics *statistics);

struct heap_totals { /* stats.* of the whole allocator */
  uint64_t allocated_bytes, active_bytes, metadata_bytes, resident_bytes, mapped_bytes, retained_bytes;
};
void heap_refresh(void);
bool heap_totals(struct heap_totals *totals);

/* jemalloc's version and the options in force, for the environment record; NULL
 * where there is no jemalloc. */
const char *heap_allocator_version(void);
const char *heap_allocator_options(void);

#endif
