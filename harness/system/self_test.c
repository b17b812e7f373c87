/* SPDX-License-Identifier: MIT
 *
 * self_test.c - see self_test.h. */
#include "self_test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "heap.h"
#include "probe.h"

static bool read_rss(int64_t *rss, struct fault *fault) {
  static struct probe_reading reading;
  probe_read(&reading);
  if (reading.missing[PROBE_RSS])
    return fault_set(fault, EXIT_CODE_SYSTEM,
                     "RSS cannot be read: %s; some sandboxes of containers have no such file: measure outside of them "
                     "(`phasebench doctor` tells what is there)",
                     reading.missing[PROBE_RSS]);
  *rss = (int64_t)reading.value[PROBE_RSS];
  return true;
}

static bool plant(struct self_test *test, struct stage_heap *heap, struct fault *fault) {
  /* The arena's own first pages are not what is planted. */
  heap_release(heap, heap_allocate(heap, SELF_TEST_PLANTED_BYTES));
  heap_purge_all();
  int64_t before = 0, with = 0, after = 0;
  if (!read_rss(&before, fault) || !read_rss(&before, fault)) return false;
  char *planted = heap_allocate(heap, SELF_TEST_PLANTED_BYTES);
  if (!planted)
    return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the self-test's %" PRIu64 " bytes",
                     SELF_TEST_PLANTED_BYTES);
  memset(planted, 0x5a, SELF_TEST_PLANTED_BYTES);
  bool good = read_rss(&with, fault);
  heap_release(heap, planted);
  heap_purge_all();
  if (!good || !read_rss(&after, fault)) return false;
  test->found_bytes = with - before;
  test->after_free_bytes = after - before;
  test->was_run = true;
  return true;
}

bool self_test_run(struct self_test *test, struct fault *fault) {
  *test = (struct self_test){.was_run = false};
  if (!heap_statistics_available()) {
    test->unavailable = "this build has no jemalloc, and its allocator keeps what is freed";
    test->was_run = true;
    return true;
  }
  struct stage_heap *heap = heap_new("planted", fault);
  if (!heap || !plant(test, heap, fault)) return false;
  if ((uint64_t)llabs(test->found_bytes - (int64_t)SELF_TEST_PLANTED_BYTES) > SELF_TEST_TOLERANCE_BYTES)
    return fault_set(fault, EXIT_CODE_CELL_FAILED,
                     "self-test: %" PRIu64 " bytes were planted, RSS found %" PRId64
                     "; allowed is a difference of %" PRIu64 ": the probes of this machine cannot be relied upon",
                     SELF_TEST_PLANTED_BYTES, test->found_bytes, SELF_TEST_TOLERANCE_BYTES);
  if ((uint64_t)llabs(test->after_free_bytes) > SELF_TEST_TOLERANCE_BYTES)
    return fault_set(fault, EXIT_CODE_CELL_FAILED,
                     "self-test: after the planted %" PRIu64
                     " bytes were freed and purged, RSS is "
                     "%" PRId64 " bytes from where it was; allowed is %" PRIu64,
                     SELF_TEST_PLANTED_BYTES, test->after_free_bytes, SELF_TEST_TOLERANCE_BYTES);
  return true;
}

cJSON *self_test_json(const struct self_test *test) {
  if (!test->was_run) return cJSON_CreateNull();
  cJSON *object = json_new_object();
  bool found = llabs(test->found_bytes - (int64_t)SELF_TEST_PLANTED_BYTES) <= (int64_t)SELF_TEST_TOLERANCE_BYTES &&
               llabs(test->after_free_bytes) <= (int64_t)SELF_TEST_TOLERANCE_BYTES;
  json_add_text(object, "status", test->unavailable ? "unavailable" : found ? "passed" : "failed");
  json_add_u64(object, "planted_bytes", SELF_TEST_PLANTED_BYTES);
  if (test->unavailable) {
    json_add_missing(object, "found_bytes", test->unavailable);
    json_add_missing(object, "after_free_bytes", test->unavailable);
  } else {
    json_add_i64(object, "found_bytes", test->found_bytes);
    json_add_i64(object, "after_free_bytes", test->after_free_bytes);
  }
  json_add_u64(object, "tolerance_bytes", SELF_TEST_TOLERANCE_BYTES);
  return object;
}
