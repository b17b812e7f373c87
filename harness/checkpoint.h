/* SPDX-License-Identifier: MIT
 *
 * checkpoint.h - the fixed moments of a cell, and what is read at each.
 *
 * Accounting: RSS = mapped files and stacks, by owner (program, stages, grammars,
 * libraries, corpus, other) + what the allocator says is resident (its heaps, each with
 * its owner, and its own metadata) + the unexplained rest:
 *
 *   unexplained = rss_bytes - (RSS of all mappings but "anonymous") - jemalloc's resident_bytes
 *
 * It is signed. It is above zero where memory was taken past the allocator (mmap), and
 * below where the allocator counts pages that nobody touched yet. */
#ifndef PHASEBENCH_CHECKPOINT_H
#define PHASEBENCH_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "fault.h"
#include "heap.h"
#include "probe.h"

#define CHECKPOINTS(X) \
  X(START, "start") X(INGESTED, "ingested") X(SETTLED, "settled") X(PURGED, "purged") \
  X(WALKED, "walked") X(SERVED, "served") X(EDITED, "edited") X(DRAINED, "drained")

enum checkpoint_name {
#define X(name, text) CHECKPOINT_##name,
  CHECKPOINTS(X)
#undef X
  CHECKPOINT_COUNT
};
const char *checkpoint_text(enum checkpoint_name name);

struct checkpoint {
  bool was_read;
  uint64_t elapsed_ns; /* since the checkpoint `start` */
  struct probe_reading probe;
  bool has_heaps; /* false: builds without jemalloc */
  struct heap_totals totals;
  unsigned heap_count;
  struct heap_statistics heaps[HEAP_COUNT_MAX]; /* by heap_at's number */
  uint64_t disk_bytes; /* disk blocks of the files that the process holds open for writing */
  const char *disk_missing;
  bool has_unexplained;
  int64_t unexplained_bytes;
};

/* Reads everything once and throws it away, twice over, since the first readings cost
 * memory themselves. After the last heap_new that is not a stage's. */
void checkpoint_prime(struct checkpoint checkpoints[CHECKPOINT_COUNT]);

/* Flushes thread caches, then reads. Takes no memory of its own. */
void checkpoint_read(struct checkpoint checkpoints[CHECKPOINT_COUNT], enum checkpoint_name name);

/* Is the unexplained rest within CELL_UNEXPLAINED_LIMIT (cell_spec.h)? Where it could not be
 * told (no jemalloc), there is nothing to check. */
bool checkpoint_check(const struct checkpoint checkpoints[CHECKPOINT_COUNT], enum checkpoint_name name,
                      struct fault *fault);

/* The array "checkpoints" of a result, of all that were read. */
cJSON *checkpoint_json(const struct checkpoint checkpoints[CHECKPOINT_COUNT]);

#endif
