/* SPDX-License-Identifier: MIT
 *
 * heap.c - heaps as jemalloc arenas.
 *
 * Each heap is an arena made by `arenas.create` and a thread cache made by
 * `tcache.create`; both go into the flags of each mallocx call. An explicit cache is
 * filled from the arena of the call, so a cache used with one arena only holds only
 * that arena's memory, and flushing it gives all of it back. (MALLOCX_TCACHE_NONE
 * would need no flush, but would measure an allocator that nobody uses.)
 *
 * Arenas made by `arenas.create` take the decay times of MALLOC_CONF, as automatic
 * ones do; test_heap.c checks it. */
#include "heap.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/count.h"
#include "stage.h"

static unsigned count = 1;

/* The struct below differs between the two builds; what uses its name does not. */
#if PHASEBENCH_HAVE_JEMALLOC

#include <jemalloc/jemalloc.h>

struct stage_heap {
  char name[48];
  unsigned arena, tcache;
  int flags; /* of mallocx and rallocx; 0 for "other" */
};
static struct stage_heap heaps[HEAP_COUNT_MAX] = {[HEAP_OTHER] = {.name = "other"}};

static bool heap_create(struct stage_heap *heap, struct fault *fault) {
  size_t size = sizeof heap->arena;
  int error = mallctl("arenas.create", &heap->arena, &size, NULL, 0);
  if (error) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "jemalloc refused an arena for \"%s\": %s", heap->name, strerror(error));
  }
  error = mallctl("tcache.create", &heap->tcache, &size, NULL, 0);
  if (error) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "jemalloc refused a thread cache for \"%s\": %s", heap->name,
                     strerror(error));
  }
  heap->flags = (int)(MALLOCX_ARENA(heap->arena) | MALLOCX_TCACHE(heap->tcache));
  return true;
}

void *heap_allocate(struct stage_heap *heap, size_t bytes) { return mallocx(bytes ? bytes : 1, heap->flags); }

void *heap_resize(struct stage_heap *heap, void *p, size_t bytes) {
  if (!p) return heap_allocate(heap, bytes);
  return rallocx(p, bytes ? bytes : 1, heap->flags);
}

void heap_release(struct stage_heap *heap, void *p) {
  if (p) dallocx(p, heap->flags);
}

static void *heap_allocate_zeroed(struct stage_heap *heap, size_t bytes) {
  return mallocx(bytes ? bytes : 1, heap->flags | MALLOCX_ZERO);
}

static bool is_ours(unsigned arena) {
  for (unsigned i = HEAP_OTHER + 1; i < count; i++) {
    if (heaps[i].arena == arena) return true;
  }
  return false;
}

bool heap_owns(const struct stage_heap *heap, const void *p) {
  unsigned arena;
  size_t size = sizeof arena;
  /* A new value of type void * asks; jemalloc does not write through it. */
  if (mallctl("arenas.lookup", &arena, &size, (void *)&p, sizeof p)) return false;
  return heap == &heaps[HEAP_OTHER] ? !is_ours(arena) : heap->arena == arena;
}

/* ---- statistics ---- */

/* Figures of an arena, "stats.arenas.<i>.NAME", and what each is added to. */
static const struct {
  const char *name; /* of arena 0 */
  size_t field;     /* its offset in struct heap_statistics */
  bool in_pages;    /* else in bytes */
} arena_figures[] = {
    {"stats.arenas.0.small.allocated", offsetof(struct heap_statistics, allocated_bytes), false},
    {"stats.arenas.0.large.allocated", offsetof(struct heap_statistics, allocated_bytes), false},
    {"stats.arenas.0.pactive", offsetof(struct heap_statistics, active_bytes), true},
    {"stats.arenas.0.pdirty", offsetof(struct heap_statistics, dirty_bytes), true},
    {"stats.arenas.0.pmuzzy", offsetof(struct heap_statistics, dirty_bytes), true},
    {"stats.arenas.0.base", offsetof(struct heap_statistics, metadata_bytes), false},
    {"stats.arenas.0.internal", offsetof(struct heap_statistics, metadata_bytes), false},
    {"stats.arenas.0.resident", offsetof(struct heap_statistics, resident_bytes), false},
};
#define ARENA_FIGURE_COUNT COUNT(arena_figures)

struct mib {
  size_t path[5], length;
};

/* Names are looked up once: that allocates nothing, but takes its time. */
static bool arena_figure(size_t figure, unsigned arena, size_t *value) {
  static struct mib mibs[ARENA_FIGURE_COUNT];
  struct mib *mib = &mibs[figure];
  if (mib->length == 0) {
    size_t length = sizeof mib->path / sizeof mib->path[0];
    if (mallctlnametomib(arena_figures[figure].name, mib->path, &length)) return false;
    mib->length = length;
  }
  mib->path[2] = arena;
  size_t size = sizeof *value;
  return mallctlbymib(mib->path, mib->length, value, &size, NULL, 0) == 0;
}

static bool add_arena(unsigned arena, struct heap_statistics *statistics) {
  const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  for (size_t i = 0; i < ARENA_FIGURE_COUNT; i++) {
    size_t value;
    if (!arena_figure(i, arena, &value)) return false;
    *(uint64_t *)((char *)statistics + arena_figures[i].field) +=
        arena_figures[i].in_pages ? value * page_bytes : value;
  }
  return true;
}

static bool arena_in_use(unsigned arena) {
  char name[48];
  snprintf(name, sizeof name, "arena.%u.initialized", arena);
  bool initialized = false;
  size_t size = sizeof initialized;
  return mallctl(name, &initialized, &size, NULL, 0) == 0 && initialized;
}

bool heap_statistics(const struct stage_heap *heap, struct heap_statistics *statistics) {
  memset(statistics, 0, sizeof *statistics);
  if (!heap_statistics_available()) return false;
  if (heap != &heaps[HEAP_OTHER]) return add_arena(heap->arena, statistics);
  unsigned arena_count = 0;
  size_t size = sizeof arena_count;
  if (mallctl("arenas.narenas", &arena_count, &size, NULL, 0)) return false;
  for (unsigned i = 0; i < arena_count; i++) {
    if (!is_ours(i) && arena_in_use(i) && !add_arena(i, statistics)) return false;
  }
  return true;
}

static bool total(const char *name, uint64_t *value) {
  size_t bytes = 0, size = sizeof bytes;
  if (mallctl(name, &bytes, &size, NULL, 0)) return false;
  *value = bytes;
  return true;
}

bool heap_totals(struct heap_totals *totals) {
  memset(totals, 0, sizeof *totals);
  return heap_statistics_available() && total("stats.allocated", &totals->allocated_bytes) &&
         total("stats.active", &totals->active_bytes) && total("stats.metadata", &totals->metadata_bytes) &&
         total("stats.resident", &totals->resident_bytes) && total("stats.mapped", &totals->mapped_bytes) &&
         total("stats.retained", &totals->retained_bytes);
}

bool heap_statistics_available(void) {
  static int available = -1;
  if (available < 0) {
    bool compiled_in = false;
    size_t size = sizeof compiled_in;
    available = mallctl("config.stats", &compiled_in, &size, NULL, 0) == 0 && compiled_in;
  }
  return available > 0;
}

/* A figure read after a purge that did not happen would be wrong without anybody noticing. */
static void demand(int error, const char *what) {
  if (!error) return;
  fprintf(stderr, "phasebench: jemalloc refused %s: %s\n", what, strerror(error));
  exit(EXIT_CODE_INTERNAL);
}

void heap_refresh(void) {
  uint64_t epoch = 1;
  demand(mallctl("epoch", NULL, NULL, &epoch, sizeof epoch), "epoch");
}

void heap_flush_all(void) {
  demand(mallctl("thread.tcache.flush", NULL, NULL, NULL, 0), "thread.tcache.flush");
  for (unsigned i = HEAP_OTHER + 1; i < count; i++) {
    demand(mallctl("tcache.flush", NULL, NULL, &heaps[i].tcache, sizeof heaps[i].tcache), "tcache.flush");
  }
}

void heap_purge_all(void) {
  heap_flush_all();
  char name[32];
  snprintf(name, sizeof name, "arena.%d.purge", MALLCTL_ARENAS_ALL);
  demand(mallctl(name, NULL, NULL, NULL, 0), name);
}

/* ---- the allocator, for the record ---- */

const char *heap_allocator_version(void) {
  const char *version = NULL;
  size_t size = sizeof version;
  return mallctl("version", (void *)&version, &size, NULL, 0) == 0 ? version : NULL;
}

#else /* sanitizers: malloc, with an owner in front of each block */

#if defined(__SANITIZE_ADDRESS__)
#define HEAP_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_ASAN 1
#endif
#endif

#ifdef HEAP_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(p, bytes) __asan_poison_memory_region((p), (bytes))
#define SHOW(p, bytes) __asan_unpoison_memory_region((p), (bytes))
#else
#define HIDE(p, bytes) ((void)(p))
#define SHOW(p, bytes) ((void)(p))
#endif

struct stage_heap {
  char name[48];
};
static struct stage_heap heaps[HEAP_COUNT_MAX] = {[HEAP_OTHER] = {.name = "other"}};

/* Poisoned while the block lives, so that writing before its begin is found. */
struct block {
  const struct stage_heap *heap;
  uint64_t magic;
};
_Static_assert(sizeof(struct block) == 16, "blocks stay 16-byte aligned");
#define BLOCK_MAGIC UINT64_C(0x9d1f3a7755aa1c3e)

static bool heap_create(struct stage_heap *heap, struct fault *fault) {
  (void)heap;
  (void)fault;
  return true;
}

/* The block of p, readable, after a check that it is this heap's. */
static struct block *block_of(const struct stage_heap *heap, void *p) {
  struct block *block = (struct block *)p - 1;
  SHOW(block, sizeof *block);
  if (block->magic != BLOCK_MAGIC || block->heap != heap) {
    fprintf(stderr, "phasebench: %p was given to the heap \"%s\" and comes from %s%s\n", p, heap->name,
            block->magic == BLOCK_MAGIC ? "the heap " : "no heap",
            block->magic == BLOCK_MAGIC ? block->heap->name : "");
    abort();
  }
  return block;
}

static void *publish(const struct stage_heap *heap, struct block *block) {
  if (!block) return NULL;
  block->heap = heap;
  block->magic = BLOCK_MAGIC;
  HIDE(block, sizeof *block);
  return block + 1;
}

void *heap_allocate(struct stage_heap *heap, size_t bytes) {
  if (heap == &heaps[HEAP_OTHER]) return malloc(bytes ? bytes : 1);
  if (bytes > SIZE_MAX - sizeof(struct block)) return NULL;
  return publish(heap, malloc(sizeof(struct block) + (bytes ? bytes : 1)));
}

static void *heap_allocate_zeroed(struct stage_heap *heap, size_t bytes) {
  if (heap == &heaps[HEAP_OTHER]) return calloc(1, bytes ? bytes : 1);
  if (bytes > SIZE_MAX - sizeof(struct block)) return NULL;
  return publish(heap, calloc(1, sizeof(struct block) + (bytes ? bytes : 1)));
}

void *heap_resize(struct stage_heap *heap, void *p, size_t bytes) {
  if (heap == &heaps[HEAP_OTHER]) return realloc(p, bytes ? bytes : 1);
  if (!p) return heap_allocate(heap, bytes);
  if (bytes > SIZE_MAX - sizeof(struct block)) return NULL;
  struct block *block = block_of(heap, p);
  struct block *resized = realloc(block, sizeof(struct block) + (bytes ? bytes : 1));
  if (!resized) {
    HIDE(block, sizeof *block);
    return NULL;
  }
  return publish(heap, resized);
}

void heap_release(struct stage_heap *heap, void *p) {
  if (!p) return;
  if (heap == &heaps[HEAP_OTHER]) {
    free(p);
    return;
  }
  struct block *block = block_of(heap, p);
  block->magic = 0;
  free(block);
}

bool heap_owns(const struct stage_heap *heap, const void *p) {
  if (heap == &heaps[HEAP_OTHER]) return true;
  struct block *block = (struct block *)(uintptr_t)p - 1;
  SHOW(block, sizeof *block);
  bool owns = block->magic == BLOCK_MAGIC && block->heap == heap;
  HIDE(block, sizeof *block);
  return owns;
}

bool heap_statistics_available(void) { return false; }
bool heap_statistics(const struct stage_heap *heap, struct heap_statistics *statistics) {
  (void)heap;
  memset(statistics, 0, sizeof *statistics);
  return false;
}
bool heap_totals(struct heap_totals *totals) {
  memset(totals, 0, sizeof *totals);
  return false;
}
void heap_refresh(void) {}
void heap_flush_all(void) {}
void heap_purge_all(void) {}
const char *heap_allocator_version(void) { return NULL; }
#endif

/* ---- the same in both builds ---- */

struct stage_heap *heap_new(const char *name, struct fault *fault) {
  if (count == HEAP_COUNT_MAX) {
    fault_set(fault, EXIT_CODE_INTERNAL, "there are %d heaps already; none is left for \"%s\"", HEAP_COUNT_MAX, name);
    return NULL;
  }
  struct stage_heap *heap = &heaps[count];
  if (strlen(name) >= sizeof heap->name) {
    fault_set(fault, EXIT_CODE_INTERNAL, "the heap's name \"%s\" is longer than %zu bytes", name,
              sizeof heap->name - 1);
    return NULL;
  }
  for (unsigned i = 0; i < count; i++) {
    if (strcmp(heaps[i].name, name) == 0) {
      fault_set(fault, EXIT_CODE_INTERNAL, "there is a heap \"%s\" already", name);
      return NULL;
    }
  }
  strcpy(heap->name, name);
  if (!heap_create(heap, fault)) return NULL;
  count++;
  return heap;
}

unsigned heap_count(void) { return count; }
struct stage_heap *heap_at(unsigned i) {
  return i < count ? &heaps[i] : NULL;
}
const char *heap_name(const struct stage_heap *heap) { return heap->name; }

const struct stage_heap_ops heap_stage_ops = {heap_allocate, heap_resize, heap_release};

/* ---- tree-sitter ---- */

static struct stage_heap *tree_sitter_heap;

static void *checked(void *p, size_t bytes) {
  if (p) return p;
  char what[64];
  snprintf(what, sizeof what, "tree-sitter asked for %zu bytes", bytes);
  fault_out_of_memory(what);
}

static void *ts_allocate(size_t bytes) { return checked(heap_allocate(tree_sitter_heap, bytes), bytes); }

static void *ts_allocate_zeroed(size_t item_count, size_t item_bytes) {
  size_t bytes;
  if (__builtin_mul_overflow(item_count, item_bytes, &bytes)) return checked(NULL, SIZE_MAX);
  return checked(heap_allocate_zeroed(tree_sitter_heap, bytes), bytes);
}

static void *ts_resize(void *p, size_t bytes) { return checked(heap_resize(tree_sitter_heap, p, bytes), bytes); }

static void ts_release(void *p) { heap_release(tree_sitter_heap, p); }

void heap_use_for_tree_sitter(struct stage_heap *heap) {
  tree_sitter_heap = heap;
  ts_set_allocator(ts_allocate, ts_allocate_zeroed, ts_resize, ts_release);
}
