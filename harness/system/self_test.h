/* SPDX-License-Identifier: MIT
 *
 * self_test.h - the instrument is tested in every cell: memory of a known size is
 * planted, must be found by RSS within a stated tolerance, and must be gone after it was
 * freed and purged. */
#ifndef PHASEBENCH_SELF_TEST_H
#define PHASEBENCH_SELF_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/fault.h"
#include "base/size.h"

/* 8 MiB is found if RSS rises by 8 MiB give or take 64 KiB (0.8 %): the allocator's own
 * book-keeping for it, and page tables are not part of RSS. */
#define SELF_TEST_PLANTED_BYTES (8 * MIB_BYTES)
#define SELF_TEST_TOLERANCE_BYTES (UINT64_C(64) << 10)

struct self_test {
  bool was_run;
  const char *unavailable;  /* why it could not be made; NULL: it was */
  int64_t found_bytes;      /* RSS with the memory planted - RSS before */
  int64_t after_free_bytes; /* RSS after it was freed and purged - RSS before */
};

/* Uses a heap "planted" of its own. Faults: EXIT_CODE_CELL_FAILED when the memory was not
 * found or did not go; EXIT_CODE_SYSTEM. Not a fault: builds without jemalloc, where
 * freed memory need not go back to the kernel (`unavailable`). */
bool self_test_run(struct self_test *test, struct fault *fault);
cJSON *self_test_json(const struct self_test *test);

#endif
