/* SPDX-License-Identifier: MIT
 *
 * heap.h - an owner for every byte: one jemalloc arena, with an explicit thread
 * cache, for each owner of memory. Attribution then is reading the arena's
 * statistics, and not a guess.
 *
 * jemalloc is the process's malloc, too. What nobody takes from a heap (cJSON, libc,
 * the dynamic loader) lies in jemalloc's automatic arenas, and is reported as the
 * heap "other", so that the heaps together are all that jemalloc holds.
 *
 * Builds with sanitizers have no jemalloc: heaps are malloc, statistics are
 * unavailable, and heap_statistics_available() says so. There a pointer that goes
 * back to another heap than it came from ends the process with a message; with
 * jemalloc it would not be found out at once, but stay in the wrong thread cache.
 *
 * One thread. Out of memory: NULL, except for tree-sitter (see below). */
#ifndef PHASEBENCH_HEAP_H
#define PHASEBENCH_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "schema/figures.h"

struct stage_heap_ops;
struct stage_heap; /* an owner's heap; the type that stages see, too */

#define HEAP_COUNT_MAX 64

/* A new owner. name is copied (at most 47 bytes); e.g. "tree-sitter", "harness",
 * "p1.tree". Heaps live as long as the process. Faults: EXIT_CODE_INTERNAL (too many
 * heaps, name too long or taken), EXIT_CODE_SYSTEM (jemalloc refused an arena). */
struct stage_heap *heap_new(const char *name, struct fault *fault);
/* Number of heaps, and each by number. Number 0 is always "other": everything that
 * malloc gave out and no heap of ours. */
unsigned heap_count(void);
struct stage_heap *heap_at(unsigned i);
#define HEAP_OTHER 0u /* the number of what nobody asked a heap for: plain malloc */
const char *heap_name(const struct stage_heap *heap);

/* 16-byte aligned, NULL when out of memory; 0 bytes count as 1. For the heap "other"
 * these are malloc, realloc and free. */
void *heap_allocate(struct stage_heap *heap, size_t bytes);
/* As realloc; p may be NULL; on failure (NULL) p is left as it was. */
void *heap_resize(struct stage_heap *heap, void *p, size_t bytes);
/* p may be NULL; else it must come from this heap. */
void heap_release(struct stage_heap *heap, void *p);
/* The same, as the table that stages get. */
extern const struct stage_heap_ops heap_stage_ops;
/* Does p come from this heap? Slow; for tests. Always true for "other" in builds without jemalloc. */
bool heap_owns(const struct stage_heap *heap, const void *p);

/* Makes tree-sitter allocate from `heap` from now on (ts_set_allocator). Call it
 * before the first tree-sitter object exists and never change it afterwards.
 * tree-sitter does not expect NULL: when memory is out, the process ends at once
 * with a message on stderr and EXIT_CODE_SYSTEM. What tree-sitter's API tells its
 * callers to free() is released with heap_release(heap, p). */
void heap_use_for_tree_sitter(struct stage_heap *heap);

bool heap_statistics_available(void);
/* Flushes thread caches, so that what they hold does not count as allocated. */
void heap_flush_all(void);
/* Flushes, then returns every free page of every arena to the kernel. */
void heap_purge_all(void);

/* What is known of one heap and of the whole allocator, by name and by number (schema/figures.h). */
struct heap_statistics {
  union {
    struct {
      HEAP_FIGURES(FIGURE_MEMBER)
    };
    uint64_t value[HEAP_FIGURE_COUNT];
  };
};
/* Of one owner, as of the last heap_refresh. False where statistics are not available.
 * The error of it: active and resident pages are those that jemalloc has handed out,
 * touched or not; RSS is smaller where a page was never written. */
bool heap_statistics(const struct stage_heap *heap, struct heap_statistics *statistics);

struct heap_totals {
  union {
    struct {
      JEMALLOC_FIGURES(FIGURE_MEMBER)
    };
    uint64_t value[JEMALLOC_FIGURE_COUNT];
  };
};
/* Takes new statistics. The first one costs memory of its own (about 0.2 MB): call it, and read every
 * heap once, after the last heap_new and before the first checkpoint. */
void heap_refresh(void);
bool heap_totals(struct heap_totals *totals);

/* jemalloc's version; NULL where there is no jemalloc. Static. */
const char *heap_allocator_version(void);

#endif
