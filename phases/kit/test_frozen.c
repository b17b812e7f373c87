/* SPDX-License-Identifier: MIT
 *
 * Frozen files: what is added is read back, from the object that wrote it and from a fresh one. */
#include "test_frozen.h"

/* A document of every sort: empty, of one byte, small, like the one before, larger than frames. */
static void fill(struct documents *documents, uint64_t seed, uint32_t count) {
  for (uint32_t id = 0; id < count; id++) {
    for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
      uint32_t sort = test_random(&seed, 20), length = test_random(&seed, 3000);
      if (sort < 2) length = sort;
      if (sort == 2) length = 12000 + test_random(&seed, 9000);
      documents_set(documents, (enum stage_kind)kind, id, length, &seed);
    }
  }
}

static void test_round_trip(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents documents = {0};
  fill(&documents, 1, 200);
  assert_int_equal(frozen_begin(b.frozen), STAGE_OK);
  documents_add(&documents, b.frozen);
  documents_check(&documents, b.frozen); /* while writing */
  assert_int_equal(frozen_finish(b.frozen), STAGE_OK);
  documents_check(&documents, b.frozen);
  assert_int_equal(frozen_commit(b.frozen, "catalogue", 9), STAGE_OK);
  documents_check(&documents, b.frozen);
  assert_int_equal(frozen_verify(b.frozen), STAGE_OK);
  assert_true(frozen_usage(b.frozen).dead_bytes == 0);
  bench_reopen(&b);
  documents_check(&documents, b.frozen);
  assert_int_equal(frozen_verify(b.frozen), STAGE_OK);
  uint8_t catalogue[9];
  assert_int_equal(frozen_catalogue_bytes(b.frozen), 9);
  assert_int_equal(frozen_catalogue(b.frozen, catalogue), STAGE_OK);
  assert_memory_equal(catalogue, "catalogue", 9);
  documents_free(&documents);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
