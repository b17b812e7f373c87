/* SPDX-License-Identifier: MIT
 *
 * What stays in memory, by counters and by key; and what budgets refuse. */
#include "fixture.h"

/* ---- the lists alone ---- */

struct thing {
  struct lru_entry entry;
};

static void thing_release(const struct stage_ctx *ctx, struct lru_entry *entry) {
  stage_release(ctx, STAGE_TREE, entry);
}

static struct lru_entry *thing_add(struct lru *lru, uint64_t key, uint64_t bytes) {
  struct thing *thing = stage_allocate(lru->ctx, STAGE_TREE, sizeof *thing);
  assert_non_null(thing);
  lru_add(lru, &thing->entry, key, bytes);
  return &thing->entry;
}

/* One use: it is found, or made. Gives whether it was there. */
static bool use(struct lru *lru, uint64_t key, uint64_t bytes) {
  struct lru_entry *entry = lru_find(lru, key);
  bool is_there = entry != NULL;
  if (entry) lru_pin(lru, entry);
  else entry = thing_add(lru, key, bytes);
  lru_unpin(lru, entry);
  lru_trim(lru, lru->budget_bytes);
  return is_there;
}

static void the_last_used_stay(void **state) {
  (void)state;
  struct stage_ctx ctx = test_ctx();
  struct lru lru;
  test_ctx_live = 0;
  assert_int_equal(lru_init(&lru, &ctx, 1000, 100, thing_release), STAGE_OK);
  for (uint64_t key = 0; key < 15; key++) assert_false(use(&lru, key, 100));
  assert_int_equal(lru.count, 10);
  assert_int_equal(lru.evictions, 5);
  for (uint64_t key = 5; key < 15; key++) assert_true(use(&lru, key, 100)); /* all of the last ten, and in order: */
  for (uint64_t key = 15; key < 18; key++) assert_false(use(&lru, key, 100));
  assert_true(use(&lru, 14, 100) && use(&lru, 17, 100));
  assert_false(use(&lru, 4, 100));
  assert_int_equal(lru_unpinned_bytes(&lru), 1000);
  assert_false(use(&lru, 100, 1001)); /* more than all: it does not stay, and the others do */
  assert_int_equal(lru.count, 10);
  assert_int_equal(lru_unpinned_bytes(&lru), 1000);
  lru_trim(&lru, 0);
  assert_int_equal(lru.count, 0);
  lru_free(&lru);
  assert_int_equal(test_ctx_live, 0);
}

static void pinned_and_forgotten(void **state) {
  (void)state;
  struct stage_ctx ctx = test_ctx();
  struct lru lru;
  test_ctx_live = 0;
  assert_int_equal(lru_init(&lru, &ctx, 1000, 100, thing_release), STAGE_OK);
  struct lru_entry *old = thing_add(&lru, 1, 600);
  for (uint64_t key = 2; key < 50; key++) use(&lru, key, 100);
  assert_ptr_equal(lru_find(&lru, 1), old);
  lru_forget(&lru, 1);
  lru_forget(&lru, 1);
  assert_null(lru_find(&lru, 1));
  struct lru_entry *new = thing_add(&lru, 1, 300); /* of the same key, while the old one is pinned */
  assert_int_equal(lru_pinned_bytes(&lru), 900);
  lru_unpin(&lru, old);
  assert_ptr_equal(lru_find(&lru, 1), new);
  assert_int_equal(lru_pinned_bytes(&lru), 300);
  assert_int_equal(lru.pinned_peak_bytes, 900);
  lru_forget(&lru, 49);
  assert_null(lru_find(&lru, 49));
  lru_free(&lru); /* what is pinned, too */
  assert_int_equal(test_ctx_live, 0);
}

/* What was used twice outlives a scan over much that is used once, or often but at one time. */
static void a_scan_passes_by(void **state) {
  (void)state;
  struct stage_ctx ctx = test_ctx();
  struct lru lru;
  test_ctx_live = 0;
  assert_int_equal(lru_init(&lru, &ctx, 1000, 100, thing_release), STAGE_OK);
  for (int pass = 0; pass < 2; pass++) {
    for (uint64_t key = 0; key < 5; key++) use(&lru, key, 100);
  }
  for (uint64_t key = 1000; key < 2000; key++) {
    for (int i = 0; i < 3; i++) use(&lru, key, 100);
  }
  for (uint64_t key = 0; key < 5; key++) assert_true(use(&lru, key, 100));
  /* But it does not stay for ever: others that are used again take its place. */
  for (int pass = 0; pass < 3; pass++) {
    for (uint64_t key = 10; key < 20; key++) use(&lru, key, 100);
  }
  for (int pass = 0; pass < 20; pass++) {
    for (uint64_t key = 20; key < 24; key++) use(&lru, key, 100);
  }
  for (uint64_t key = 20; key < 24; key++) assert_true(use(&lru, key, 100));
  lru_free(&lru);
  assert_int_equal(test_ctx_live, 0);
}

/* ---- in the store ---- */

enum { DOCUMENTS = 40, BYTES = 100000 }; /* noise of 4 MB: 16 segments or more */

static void make(struct fixture *f, uint64_t segment_bytes, uint64_t cache_bytes, uint64_t pinned_bytes) {
  fixture_open(f, segment_bytes, cache_bytes, pinned_bytes);
  put_many(f, 0, DOCUMENTS, BYTES, 100);
  finalize(f);
  assert_int_equal(f->store.segment_lru.count + f->store.cache_lru.count, 0); /* at rest: nothing */
}

static void segments_stay_within_their_budget(void **state) {
  (void)state;
  struct fixture f;
  make(&f, 4 * ARCHIVE_SEGMENT_BYTES_MAX, 1, 0);
  for (uint32_t i = 0; i < DOCUMENTS; i++) {
    check_made(&f, i, BYTES, 100);
    assert_true(lru_unpinned_bytes(&f.store.segment_lru) <= 4 * ARCHIVE_SEGMENT_BYTES_MAX);
    assert_int_equal(lru_pinned_bytes(&f.store.segment_lru), 0);
  }
  uint64_t loads = f.store.segment_loads;
  assert_true(loads >= 15 && loads <= 40 && f.store.segment_lru.count >= 4);
  assert_int_equal(f.store.segment_lru.evictions, loads - f.store.segment_lru.count);
  for (int i = 0; i < 10; i++) check_made(&f, DOCUMENTS - 1, BYTES, 100); /* its segment is there */
  assert_int_equal(f.store.segment_loads, loads);
  segments_evict(&f.store);
  check_made(&f, DOCUMENTS - 1, BYTES, 100);
  assert_true(f.store.segment_loads > loads);
  fixture_close(&f);
}

/* Only a second access makes a segment worth its place. */
static void one_access_reads_no_segment(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, 0, 1, 0);
  put_many(&f, 0, 40, 3000, 100);
  finalize(&f);
  check_made(&f, 0, 3000, 100);
  assert_int_equal(f.store.frame_reads, 1);
  assert_int_equal(f.store.segment_loads, 0);
  check_made(&f, 39, 3000, 100); /* another frame of the same segment */
  assert_int_equal(f.store.frame_reads, 1);
  assert_int_equal(f.store.segment_loads, 1);
  segments_evict(&f.store);
  check_made(&f, 39, 3000, 100);
  assert_int_equal(f.store.frame_reads, 2);
  assert_int_equal(f.store.segment_loads, 1);
  fixture_close(&f);
}

static void segments_in_memory_are_not_read_again(void **state) {
  (void)state;
  struct fixture f;
  make(&f, 64 * ARCHIVE_SEGMENT_BYTES_MAX, 1, 0);
  for (uint32_t i = 0; i < DOCUMENTS; i++) check_made(&f, i, BYTES, 100);
  uint64_t loads = f.store.segment_loads;
  assert_int_equal(loads, f.store.segment_lru.count); /* each once */
  for (uint32_t i = DOCUMENTS; i-- > 0;) check_made(&f, i, BYTES, 100);
  assert_int_equal(f.store.segment_loads, loads);
  assert_int_equal(f.store.segment_lru.evictions, 0);
  fixture_close(&f);
}

static void decompressed_documents_stay_within_their_budget(void **state) {
  (void)state;
  enum { BUDGET = 6 * (BYTES + 1000) };
  struct fixture f;
  make(&f, 0, BUDGET, 0);
  for (uint32_t i = 0; i < DOCUMENTS; i++) {
    check_made(&f, i, BYTES, 100);
    assert_true(lru_unpinned_bytes(&f.store.cache_lru) + f.store.frame.capacity <= BUDGET);
  }
  assert_true(f.store.cache_lru.count >= 3);
  uint64_t decompressed = f.store.frames_decompressed, hits = f.store.cache_lru.hits;
  for (int i = 0; i < 10; i++) check_made(&f, DOCUMENTS - 2, BYTES, 100);
  assert_int_equal(f.store.frames_decompressed, decompressed);
  assert_int_equal(f.store.cache_lru.hits, hits + 10);
  fixture_close(&f);
}

static void pins_beyond_the_budget_are_refused(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin pins[4];
  make(&f, 0, 4 * BYTES, 3 * BYTES + 1000);
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(segments_pin(&f.store, i, 0, BYTES, &pins[i]), STAGE_OK);
  assert_int_equal(segments_pin(&f.store, 3, 0, 1, &pins[3]), STAGE_LIMIT);
  assert_non_null(strstr(test_ctx_message, "document 3"));
  assert_non_null(strstr(test_ctx_message, "p4c.pinned_bytes=301000"));
  char pinned[32];
  snprintf(pinned, sizeof pinned, "%llu are pinned", (unsigned long long)lru_pinned_bytes(&f.store.cache_lru));
  assert_non_null(strstr(test_ctx_message, pinned));
  assert_int_equal(segments_pin(&f.store, 1, 0, BYTES, &pins[3]), STAGE_OK); /* once more costs nothing */
  assert_int_equal(segments_unpin(&f.store, &pins[3]), STAGE_OK);
  assert_int_equal(segments_unpin(&f.store, &pins[0]),
                   STAGE_OK); /* stays decompressed: to pin it again is to take it */
  assert_int_equal(segments_pin(&f.store, 3, 0, 1, &pins[3]), STAGE_OK);
  assert_non_null(lru_find(&f.store.cache_lru, 0));
  assert_int_equal(segments_pin(&f.store, 0, 0, BYTES, &pins[0]), STAGE_LIMIT);
  for (uint32_t i = 1; i < 4; i++) assert_int_equal(segments_unpin(&f.store, &pins[i]), STAGE_OK);
  check_made(&f, 0, BYTES, 100);
  fixture_close(&f);
}

static void a_document_beyond_the_budget_is_refused(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin pin;
  make(&f, 0, 0, BYTES);
  assert_int_equal(segments_pin(&f.store, 9, 0, 1, &pin), STAGE_LIMIT); /* its bytes, and what belongs to them */
  assert_non_null(strstr(test_ctx_message, "0 are pinned"));
  put(&f, 9, "small", 5);
  finalize(&f);
  check_is(&f, 9, "small", 5);
  fixture_close(&f);
  uint64_t options[SEGMENTS_OPTION_COUNT] = {1000, 1, 1, 1};
  fixture_open(&f, 0, 0, 0);
  memcpy(f.options, options, sizeof options);
  f.store.segment_lru.budget_bytes = 1000; /* the harness refuses this by the option's least value */
  f.options[SEGMENTS_PINNED_BYTES] = 1 << 20;
  put_many(&f, 0, 1, BYTES, 100);
  finalize(&f);
  assert_int_equal(segments_pin(&f.store, 0, 0, 1, &pin), STAGE_LIMIT);
  assert_non_null(strstr(test_ctx_message, "p4c.segment_bytes=1000"));
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_used_stay),
      cmocka_unit_test(pinned_and_forgotten),
      cmocka_unit_test(a_scan_passes_by),
      cmocka_unit_test(segments_stay_within_their_budget),
      cmocka_unit_test(one_access_reads_no_segment),
      cmocka_unit_test(segments_in_memory_are_not_read_again),
      cmocka_unit_test(decompressed_documents_stay_within_their_budget),
      cmocka_unit_test(pins_beyond_the_budget_are_refused),
      cmocka_unit_test(a_document_beyond_the_budget_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
