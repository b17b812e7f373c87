/* SPDX-License-Identifier: MIT
 *
 * checkpoint.c - see checkpoint.h. */
#include "checkpoint.h"

#include <string.h>

#include "account.h"
#include "base/clock.h"

static void read_heaps(struct checkpoint *checkpoint) {
  heap_refresh();
  checkpoint->heap_count = heap_count();
  checkpoint->has_heaps = heap_statistics_available() && heap_totals(&checkpoint->totals);
  for (unsigned i = 0; i < checkpoint->heap_count && checkpoint->has_heaps; i++)
    checkpoint->has_heaps = heap_statistics(heap_at(i), &checkpoint->heaps[i]);
}

static void read_disk(struct checkpoint_reader *reader, struct measured *figure) {
  uint64_t bytes;
  figure->missing = disk_usage_read(&reader->disk, &bytes);
  if (!figure->missing) measured_set(figure, (int64_t)bytes);
}

static void read_all(struct checkpoint_reader *reader, struct checkpoint *checkpoint) {
  measured_clear(checkpoint->figures, CHECKPOINT_FIGURE_COUNT);
  heap_flush_all();
  read_disk(reader, &checkpoint->figures[CHECKPOINT_FIGURE_DISK]);
  heap_flush_all(); /* what opendir took and gave back */
  read_heaps(checkpoint);
  account_read_maps(&reader->account, checkpoint);
  probe_read(&checkpoint->probe);
  account_explain(&reader->account, checkpoint);
}

void checkpoint_prime(struct checkpoint_reader *reader) {
  probe_prime();
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < CHECKPOINT_COUNT; i++) read_all(reader, &reader->checkpoints[i]);
  }
  for (int i = 0; i < CHECKPOINT_COUNT; i++) reader->checkpoints[i].was_read = false;
}

void checkpoint_calibrate(struct checkpoint_reader *reader) {
  struct checkpoint *now = &reader->checkpoints[CHECKPOINT_START];
  disk_usage_calibrate(&reader->disk);
  read_all(reader, now);
  account_calibrate(&reader->account, now);
}

void checkpoint_read(struct checkpoint_reader *reader, enum checkpoint_name name) {
  uint64_t now_ns = clock_ns();
  if (name == CHECKPOINT_START) reader->start_ns = now_ns;
  struct checkpoint *checkpoint = &reader->checkpoints[name];
  read_all(reader, checkpoint);
  measured_set(&checkpoint->figures[CHECKPOINT_FIGURE_ELAPSED], (int64_t)(now_ns - reader->start_ns));
  checkpoint->was_read = true;
}

static bool ends_with(const char *name, const char *ending) {
  size_t length = strlen(name), wanted = strlen(ending);
  return length > wanted && strcmp(name + length - wanted, ending) == 0;
}

uint64_t checkpoint_allocated_in(const struct checkpoint *checkpoint, const char *ending, const char *more) {
  uint64_t bytes = 0;
  for (unsigned i = 0; i < checkpoint->heap_count; i++) {
    const char *name = heap_name(heap_at(i));
    if (ends_with(name, ending) || (more && strcmp(name, more) == 0)) bytes += checkpoint->heaps[i].allocated_bytes;
  }
  return bytes;
}
