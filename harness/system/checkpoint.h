/* SPDX-License-Identifier: MIT
 *
 * checkpoint.h - the fixed moments of a cell, and what is read at each.
 *
 * Accounting. Every page of RSS lies in a mapped file or stack, whose owner is known by
 * its path (program, stages, grammars, libraries, corpus), or in anonymous memory:
 *
 *   RSS = mapped files and stacks, by owner
 *       + jemalloc's resident_bytes (its heaps, each with its owner, and its own metadata)
 *       - untouched      jemalloc counts pages that it handed out and nobody wrote to: the end of
 *                        a large allocation, and most of its own metadata (2 MiB for each GiB of
 *                        addresses)
 *       + unexplained
 *
 * Taking the allocator's word for what is resident would let memory without an owner hide
 * behind pages that were never touched. So the unexplained rest is measured apart, in
 * addresses, where the allocator's count is exact to the byte:
 *
 *   past the allocator = size of all anonymous mappings - jemalloc's mapped - retained
 *   unexplained        = what that grew by since before any stage was loaded
 *                      + RSS of files that are nobody's (owner "other")
 *
 * No more RSS than this can be without an owner. untouched then is what makes the sum true. */
#ifndef PHASEBENCH_CHECKPOINT_H
#define PHASEBENCH_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/fault.h"
#include "base/size.h"
#include "heap.h"
#include "probe.h"

#define CHECKPOINTS(X)      \
  X(START, "start")         \
  X(INGESTED, "ingested")   \
  X(FINALIZED, "finalized") \
  X(PURGED, "purged")       \
  X(WALKED, "walked")       \
  X(SERVED, "served")       \
  X(EDITED, "edited")       \
  X(DRAINED, "drained")

enum checkpoint_name {
#define X(name, text) CHECKPOINT_##name,
  CHECKPOINTS(X)
#undef X
      CHECKPOINT_COUNT
};
const char *checkpoint_text(enum checkpoint_name name);

/* An unexplained rest above the larger of the two fails the cell. Part of every
 * result (settings.unexplained_limit), and the same for all cells. */
#define CHECKPOINT_UNEXPLAINED_LIMIT_BYTES MIB_BYTES
#define CHECKPOINT_UNEXPLAINED_LIMIT_PCT 2.0
#define CHECKPOINT_UNEXPLAINED_LIMIT_TEXT "the larger of 1 MiB and 2 % of RSS"

struct checkpoint {
  bool was_read;
  uint64_t elapsed_ns; /* since the checkpoint `start` */
  struct probe_reading probe;
  bool has_heaps; /* false: builds without jemalloc */
  struct heap_totals totals;
  unsigned heap_count;
  struct heap_statistics heaps[HEAP_COUNT_MAX]; /* by heap_at's number */
  /* Disk blocks of all that is in the store's folder, open or not, and of files elsewhere that are open for
   * writing and were not before any stage was loaded; each file once. */
  uint64_t disk_bytes;
  const char *disk_missing;
  uint64_t anonymous_mapped_bytes; /* size of all anonymous mappings */
  const char *maps_missing;
  const char *unexplained_missing;
  int64_t unexplained_bytes, untouched_bytes;
};

/* Reads everything once and throws it away, twice over, since the first readings cost
 * memory themselves. After the last heap_new that is not a stage's. */
void checkpoint_prime(struct checkpoint checkpoints[CHECKPOINT_COUNT]);

/* Measures what lies past the allocator before any stage is loaded: the program's and the
 * libraries' zero-initialised data, the loader's. After checkpoint_prime. */
void checkpoint_calibrate(struct checkpoint checkpoints[CHECKPOINT_COUNT]);

/* The folder of the stages' files, whose blocks count as disk_bytes; NULL: there is none. The path is the caller's. */
void checkpoint_use_folder(const char *directory);

/* Flushes thread caches, then reads. Takes no memory of its own. */
void checkpoint_read(struct checkpoint checkpoints[CHECKPOINT_COUNT], enum checkpoint_name name);

/* Is the unexplained rest within CHECKPOINT_UNEXPLAINED_LIMIT? Where it could not be
 * told (no jemalloc), there is nothing to check. */
bool checkpoint_check(const struct checkpoint checkpoints[CHECKPOINT_COUNT], enum checkpoint_name name,
                      struct fault *fault);

/* Bytes allocated in the heaps whose name ends with `ending`, and in the one called `more` (NULL: none).
 * Only of one with has_heaps. */
uint64_t checkpoint_allocated_in(const struct checkpoint *checkpoint, const char *ending, const char *more);

/* The array "checkpoints" of a result, of all that were read. */
cJSON *checkpoint_json(const struct checkpoint checkpoints[CHECKPOINT_COUNT]);

#endif
