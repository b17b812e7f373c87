/* SPDX-License-Identifier: MIT
 *
 * gbench_memory.c - jemalloc's counters for the benchmark library's memory manager.
 *
 * thread.allocatedp / deallocatedp count every byte this thread ever asked for and gave
 * back, whatever the arena or cache; thread.peak is the most of their difference
 * since it was reset (jemalloc looks every 64 KiB). Calls are counted by arena, and
 * those of thread caches only when these are flushed. */
#include "gbench.h"

#include <stddef.h>

#if PHASEBENCH_HAVE_JEMALLOC

#include <jemalloc/jemalloc.h>
#include <stdio.h>

#include "system/heap.h"

struct counts {
  uint64_t allocated_bytes, freed_bytes, calls;
};

static struct counts at_start;
static bool peak_known;

static uint64_t read_u64(const char *name) {
  uint64_t value = 0;
  size_t bytes = sizeof value;
  return mallctl(name, &value, &bytes, NULL, 0) == 0 ? value : 0;
}

static struct counts read_counts(void) {
  char small[64], large[64];
  snprintf(small, sizeof small, "stats.arenas.%u.small.nmalloc", MALLCTL_ARENAS_ALL);
  snprintf(large, sizeof large, "stats.arenas.%u.large.nmalloc", MALLCTL_ARENAS_ALL);
  heap_flush_all();
  heap_refresh();
  return (struct counts){read_u64("thread.allocated"), read_u64("thread.deallocated"),
                         read_u64(small) + read_u64(large)};
}

static void start(void *user) {
  (void)user;
  at_start = read_counts();
  peak_known = mallctl("thread.peak.reset", NULL, NULL, NULL, 0) == 0;
}

static void stop(void *user, struct gbench_memory *memory) {
  (void)user;
  uint64_t peak_bytes = peak_known ? read_u64("thread.peak.read") : 0;
  struct counts now = read_counts();
  memory->allocations_count = (int64_t)(now.calls - at_start.calls);
  memory->peak_bytes = (int64_t)peak_bytes;
  memory->allocated_bytes = (int64_t)(now.allocated_bytes - at_start.allocated_bytes);
  memory->growth_bytes = memory->allocated_bytes - (int64_t)(now.freed_bytes - at_start.freed_bytes);
}

const struct gbench_memory_source *gbench_jemalloc(void) {
  static const struct gbench_memory_source source = {start, stop, NULL};
  return &source;
}

#else

const struct gbench_memory_source *gbench_jemalloc(void) { return NULL; }

#endif
