/* SPDX-License-Identifier: MIT
 *
 * checkpoint.h - the fixed moments of a cell, and what is read at each. account.h tells whose the memory is;
 * checkpoint_json.c writes it. */
#ifndef PHASEBENCH_CHECKPOINT_H
#define PHASEBENCH_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/fault.h"
#include "disk_usage.h"
#include "figures_json.h"
#include "heap.h"
#include "probe.h"
#include "schema/figures.h"

struct checkpoint {
  bool was_read, has_heaps; /* has_heaps false: builds without jemalloc */
  unsigned heap_count;
  struct measured figures[CHECKPOINT_FIGURE_COUNT];
  struct probe_reading probe;
  struct heap_totals totals;
  struct heap_statistics heaps[HEAP_COUNT_MAX]; /* by heap_at's number */
  uint64_t anonymous_mapped_bytes;              /* size of all anonymous mappings */
  const char *maps_missing;
};

/* What an account needs to know beside a checkpoint (account.h). */
struct account {
  int64_t past_allocator_before_bytes; /* as calibrated */
  char maps_text[65536];               /* scratch of reading /proc/self/maps */
};

/* What reading needs to know from one checkpoint to the next. Large; zeroed before its first use, but for
 * `checkpoints`, which are the caller's, and `disk.folder`, where there is one. */
struct checkpoint_reader {
  struct checkpoint *checkpoints; /* CHECKPOINT_COUNT of them, by name */
  uint64_t start_ns;
  struct disk_usage disk;
  struct account account;
};

/* Reads everything once and throws it away, twice over, since the first readings cost
 * memory themselves. After the last heap_new that is not a stage's. */
void checkpoint_prime(struct checkpoint_reader *reader);

/* Measures what lies past the allocator, and which files are open, before any stage is loaded. After
 * checkpoint_prime. */
void checkpoint_calibrate(struct checkpoint_reader *reader);

/* Flushes thread caches, then reads. Takes no memory of its own. */
void checkpoint_read(struct checkpoint_reader *reader, enum checkpoint_name name);

/* Bytes allocated in the heaps whose name ends with `ending`, and in the one called `more` (NULL: none).
 * Only of one with has_heaps. */
uint64_t checkpoint_allocated_in(const struct checkpoint *checkpoint, const char *ending, const char *more);

/* The array "checkpoints" of a result, of all that were read. (checkpoint_json.c) */
cJSON *checkpoint_json(const struct checkpoint checkpoints[CHECKPOINT_COUNT]);

#endif
