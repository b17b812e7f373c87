/* SPDX-License-Identifier: MIT
 *
 * account.c - see account.h. */
#include "account.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what lies past the allocator ---- */

/* One line of /proc/self/maps: "start-end perms offset device inode   path". */
static void add_mapping(const char *line, uint64_t *bytes) {
  unsigned long long start, end;
  int path = 0;
  if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &start, &end, &path) != 2 || path == 0) return;
  if (line[path] == '\0' || strcmp(line + path, "[heap]") == 0) *bytes += end - start;
}

/* Takes the whole lines out of the buffer; gives the bytes that are left at its start. */
static size_t take_lines(char *buffer, size_t used, uint64_t *bytes) {
  char *line = buffer;
  buffer[used] = '\0';
  for (char *end; (end = strchr(line, '\n')); line = end + 1) {
    *end = '\0';
    add_mapping(line, bytes);
  }
  used -= (size_t)(line - buffer);
  memmove(buffer, line, used);
  return used;
}

void account_read_maps(struct account *account, struct checkpoint *checkpoint) {
  size_t used = 0;
  ssize_t got;
  checkpoint->anonymous_mapped_bytes = 0;
  checkpoint->maps_missing = "/proc/self/maps cannot be read";
  int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  while ((got = read(file, account->maps_text + used, sizeof account->maps_text - 1 - used)) > 0) {
    used = take_lines(account->maps_text, used + (size_t)got, &checkpoint->anonymous_mapped_bytes);
  }
  close(file);
  checkpoint->maps_missing = got < 0 || used > 0 ? "/proc/self/maps cannot be read to its end" : NULL;
}

static int64_t past_allocator(const struct checkpoint *checkpoint) {
  return (int64_t)checkpoint->anonymous_mapped_bytes - (int64_t)checkpoint->totals.mapped_bytes -
         (int64_t)checkpoint->totals.retained_bytes;
}

/* Why there is no account; NULL: there is one. */
static const char *why_missing(const struct checkpoint *checkpoint) {
  const struct probe_reading *probe = &checkpoint->probe;
  if (!checkpoint->has_heaps) return "this build has no jemalloc";
  if (probe->missing[PROBE_RSS]) return probe->missing[PROBE_RSS];
  return probe->rss_by_owner_missing ? probe->rss_by_owner_missing : checkpoint->maps_missing;
}

void account_calibrate(struct account *account, const struct checkpoint *checkpoint) {
  account->past_allocator_before_bytes = why_missing(checkpoint) ? 0 : past_allocator(checkpoint);
}

/* ---- the account ---- */

static int64_t owned_bytes(const struct checkpoint *checkpoint) {
  int64_t owned = (int64_t)checkpoint->totals.resident_bytes;
  for (int owner = 0; owner < PROBE_OWNER_COUNT; owner++) {
    if (owner != PROBE_OWNER_ANONYMOUS && owner != PROBE_OWNER_OTHER)
      owned += (int64_t)checkpoint->probe.rss_by_owner_bytes[owner];
  }
  return owned;
}

void account_explain(const struct account *account, struct checkpoint *checkpoint) {
  struct measured *unexplained = &checkpoint->figures[CHECKPOINT_FIGURE_UNEXPLAINED];
  struct measured *untouched = &checkpoint->figures[CHECKPOINT_FIGURE_UNTOUCHED];
  unexplained->missing = untouched->missing = why_missing(checkpoint);
  if (unexplained->missing) return;
  const struct probe_reading *probe = &checkpoint->probe;
  measured_set(unexplained, past_allocator(checkpoint) - account->past_allocator_before_bytes +
                                (int64_t)probe->rss_by_owner_bytes[PROBE_OWNER_OTHER]);
  measured_set(untouched, owned_bytes(checkpoint) + unexplained->whole - (int64_t)probe->value[PROBE_RSS]);
}

bool account_check(const struct checkpoint *checkpoint, enum checkpoint_name name, struct fault *fault) {
  const struct measured *unexplained = &checkpoint->figures[CHECKPOINT_FIGURE_UNEXPLAINED];
  if (unexplained->missing) return true;
  uint64_t rss = checkpoint->probe.value[PROBE_RSS];
  uint64_t rest = (uint64_t)llabs(unexplained->whole);
  uint64_t limit = (uint64_t)((double)rss * ACCOUNT_UNEXPLAINED_LIMIT_PCT / 100);
  if (limit < ACCOUNT_UNEXPLAINED_LIMIT_BYTES) limit = ACCOUNT_UNEXPLAINED_LIMIT_BYTES;
  if (rest <= limit) return true;
  return fault_set(fault, EXIT_CODE_CELL_FAILED,
                   "checkpoint '%s': %" PRId64 " bytes of memory have no owner (RSS: %" PRIu64
                   "); allowed is %s (%" PRIu64
                   "); does a stage take memory past its heap (mmap, a large static array)?",
                   checkpoint_text(name), unexplained->whole, rss, ACCOUNT_UNEXPLAINED_LIMIT_TEXT, limit);
}

/* ---- what stages may not do ---- */

static bool check_other(const struct checkpoint *start, const struct checkpoint *now, enum checkpoint_name name,
                        struct fault *fault) {
  uint64_t before = start->heaps[HEAP_OTHER].allocated_bytes, bytes = now->heaps[HEAP_OTHER].allocated_bytes;
  if (bytes <= before + ACCOUNT_OTHER_LIMIT_BYTES) return true;
  return fault_set(fault, EXIT_CODE_CELL_FAILED,
                   "checkpoint '%s': %" PRIu64
                   " bytes were taken by plain malloc since `start` (allowed are %u): a stage takes memory from "
                   "ctx->heap only, or it counts as nobody's",
                   checkpoint_text(name), bytes - before, (unsigned)ACCOUNT_OTHER_LIMIT_BYTES);
}

/* Heaps of stages are named "stage.kind"; the harness's own have no dot. */
static bool check_left(const struct checkpoint *drained, uint64_t documents, struct fault *fault) {
  uint64_t limit = ACCOUNT_DRAINED_LIMIT_BYTES + ACCOUNT_DRAINED_LIMIT_BYTES_PER_DOCUMENT * documents;
  for (unsigned i = 0; i < drained->heap_count; i++) {
    const char *name = heap_name(heap_at(i));
    uint64_t left = drained->heaps[i].allocated_bytes;
    if (!strchr(name, '.') || left <= limit) continue;
    return fault_set(fault, EXIT_CODE_CELL_FAILED,
                     "checkpoint 'drained': all documents were dropped, and %s still holds %" PRIu64
                     " bytes (allowed are %" PRIu64 " for %" PRIu64 " documents): the stage forgets memory",
                     name, left, limit, documents);
  }
  return true;
}

bool account_check_owners(const struct checkpoint checkpoints[CHECKPOINT_COUNT], enum checkpoint_name name,
                          uint64_t documents, struct fault *fault) {
  const struct checkpoint *now = &checkpoints[name];
  if (!now->has_heaps || name == CHECKPOINT_START) return true;
  return check_other(&checkpoints[CHECKPOINT_START], now, name, fault) &&
         (name != CHECKPOINT_DRAINED || check_left(now, documents, fault));
}
