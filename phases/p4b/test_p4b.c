/* SPDX-License-Identifier: MIT */
#include <sys/resource.h>

#include "fixture.h"
#include "kit/testing/stage_module.h"

/* ---- sources in and out ---- */

enum { SIZES = 9 };
static const size_t sizes[SIZES] = {0, 1, 20, 300, 4095, 4096, 4097, 70000, 1000000};

/* Each size with a file (even ids) and without (odd ones). */
static void put_sizes(struct fixture *f, char *texts[SIZES]) {
  for (uint32_t i = 0; i < SIZES; i++) {
    char name[32];
    snprintf(name, sizeof name, "size%u", i);
    texts[i] = text_make(i, sizes[i]);
    put(f, 2 * i, texts[i], sizes[i], file_write(name, texts[i], sizes[i]));
    put(f, 2 * i + 1, texts[i], sizes[i], NULL);
  }
}

static void bytes_come_back(void **state) {
  (void)state;
  struct fixture f;
  char *texts[SIZES];
  fixture_open(&f);
  put_sizes(&f, texts);
  for (int pass = 0; pass < 3; pass++) {
    for (uint32_t i = 0; i < 2 * SIZES; i++) check_is(&f, i, texts[i / 2], sizes[i / 2]);
    if (pass == 1) evict(&f);
  }
  /* What is shorter than its record is kept itself. */
  assert_int_equal(stat_of(&f, "records"), SIZES - 3);
  assert_int_equal(stat_of(&f, "unmappable"), 0);
  for (uint32_t i = 0; i < 2 * SIZES; i += 2) assert_true(f.blob_store.kept[STAGE_SOURCE][i].length < 200);
  for (uint32_t i = 0; i < 2 * SIZES; i++) {
    assert_int_equal(phasebench_stage()->drop(f.store, STAGE_SOURCE, i), STAGE_OK);
    assert_int_equal(phasebench_stage()->drop(f.store, STAGE_SOURCE, i), STAGE_NO_DOCUMENT);
  }
  for (uint32_t i = 0; i < SIZES; i++) free(texts[i]);
  fixture_close(&f);
  assert_int_equal(test_ctx_live, 0);
}

static void ranges_are_those_asked_for(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin p, other;
  uint64_t length;
  char *text = text_make(1, 70000);
  fixture_open(&f);
  put(&f, 0, text, 70000, file_write("ranges", text, 70000));
  put(&f, 1, text, 70000, NULL);
  for (int pass = 0; pass < 2; pass++) { /* not mapped, mapped */
    for (uint32_t id = 0; id < 2; id++) {
      assert_int_equal(pin(&f, id, 4090, 10000, &p), STAGE_OK);
      assert_int_equal(p.length, 10000);
      assert_memory_equal(p.bytes, text + 4090, 10000);
      assert_int_equal(pin(&f, id, 70000, 0, &other), STAGE_OK);
      assert_int_equal(unpin(&f, &other), STAGE_OK);
      assert_int_equal(pin(&f, id, 69999, 2, &other), STAGE_OUT_OF_RANGE);
      assert_int_equal(pin(&f, id, UINT64_MAX, 2, &other), STAGE_OUT_OF_RANGE);
      assert_int_equal(pin(&f, id, 2, UINT64_MAX, &other), STAGE_OUT_OF_RANGE);
      assert_int_equal(unpin(&f, &p), STAGE_OK);
    }
  }
  assert_int_equal(pin(&f, 2, 0, 0, &other), STAGE_NO_DOCUMENT);
  assert_int_equal(phasebench_stage()->length(f.store, STAGE_SOURCE, 2, &length), STAGE_NO_DOCUMENT);
  free(text);
  fixture_close(&f);
}

/* What is pinned stays; the next pin is of what was put last. */
static void a_put_or_drop_leaves_pins_alone(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin first, second;
  char *text = text_make(1, 9000), *other = text_make(2, 8000);
  fixture_open(&f);
  put(&f, 0, text, 9000, file_write("first", text, 9000));
  assert_int_equal(pin(&f, 0, 0, 9000, &first), STAGE_OK);
  put(&f, 0, other, 8000, file_write("second", other, 8000));
  check_is(&f, 0, other, 8000);
  assert_int_equal(pin(&f, 0, 0, 8000, &second), STAGE_OK);
  assert_int_equal(phasebench_stage()->drop(f.store, STAGE_SOURCE, 0), STAGE_OK);
  assert_int_equal(pin(&f, 0, 0, 1, &(struct stage_pin){0}), STAGE_NO_DOCUMENT);
  evict(&f);
  assert_memory_equal(first.bytes, text, 9000);
  assert_memory_equal(second.bytes, other, 8000);
  assert_int_equal(unpin(&f, &first), STAGE_OK);
  assert_int_equal(unpin(&f, &second), STAGE_OK);
  assert_int_equal(stat_of(&f, "mapped_bytes"), 0);
  free(text);
  free(other);
  fixture_close(&f);
}

/* A path that says what is not so costs memory and no source. */
static void what_no_file_holds_is_kept(void **state) {
  (void)state;
  struct fixture f;
  char *text = text_make(1, 5000), *changed = text_make(1, 5000);
  fixture_open(&f);
  changed[4999] ^= 1;
  put(&f, 0, text, 5000, file_write("changed", changed, 5000));
  put(&f, 1, text, 4999, file_write("longer", text, 5000));
  put(&f, 2, text, 5000, file_write("shorter", text, 4999));
  put(&f, 3, text, 5000, file_path("is_not_there"));
  put(&f, 4, text, 5000, fixture_folder);
  file_write("relative", text, 5000);
  put(&f, 5, text, 5000, "relative");
  put(&f, 6, text, 5000, "/dev/zero");
  assert_int_equal(stat_of(&f, "unmappable"), 7);
  assert_int_equal(stat_of(&f, "records"), 0);
  assert_int_equal(fixture_folder_remove(NULL), 0);
  for (uint32_t i = 0; i < 7; i++) check_is(&f, i, text, i == 1 ? 4999 : 5000);
  assert_int_equal(mkdir(fixture_folder, 0700), 0);
  free(text);
  free(changed);
  fixture_close(&f);
}

/* ---- over other blob stores ---- */

/* The texts that codecs are checked with, over each blob store, before and after it finalizes. */
static void other_blob_stores_hold_the_records(void **state) {
  (void)state;
  static const char *const names[] = {"baseline", "p2"};
  const uint32_t count = sizeof check_texts / sizeof check_texts[0];
  for (int n = 0; n < 2; n++) {
    const struct stage_ops *ops = stage_module(names[n]);
    struct stage_ctx ctx = test_ctx();
    struct fixture f;
    void *store;
    assert_int_equal(ops->open(&ctx, &store), STAGE_OK);
    fixture_open_over(&f, ops, store);
    for (uint32_t i = 0; i < 2 * count; i++) {
      char name[32];
      const char *text = check_texts[i / 2].text;
      snprintf(name, sizeof name, "text%u", i);
      put(&f, i, text, strlen(text), i % 2 ? file_write(name, text, strlen(text)) : NULL);
    }
    for (int pass = 0; pass < 2; pass++) {
      for (uint32_t i = 0; i < 2 * count; i++)
        check_is(&f, i, check_texts[i / 2].text, strlen(check_texts[i / 2].text));
      if (pass == 0 && ops->finalize) assert_int_equal(ops->finalize(store), STAGE_OK);
      evict(&f);
    }
    fixture_close(&f);
    ops->close(store);
  }
  assert_int_equal(test_ctx_live, 0);
}

/* ---- budgets ---- */

enum { MANY = 40, MANY_BYTES = 10000, MANY_MAPPED = 12288 };

static char *put_many(struct fixture *f) {
  char *text = text_make(7, MANY_BYTES + MANY);
  for (uint32_t i = 0; i < MANY; i++) {
    char name[32];
    snprintf(name, sizeof name, "many%u", i);
    put(f, i, text + i, MANY_BYTES, file_write(name, text + i, MANY_BYTES));
  }
  return text;
}

static void maps_stay_within_their_budgets(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f);
  f.options[MAPS_MAPS] = 8;
  f.options[MAPS_RESIDENT_BYTES] = 3 * MANY_MAPPED;
  char *text = put_many(&f);
  for (uint32_t i = 0; i < MANY; i++) check_is(&f, i, text + i, MANY_BYTES);
  assert_int_equal(stat_of(&f, "mapped_bytes"), 8 * MANY_MAPPED);
  assert_int_equal(stat_of(&f, "mapped_peak_bytes"), 8 * MANY_MAPPED);
  assert_int_equal(stat_of(&f, "resident_bytes"), 3 * MANY_MAPPED);
  assert_int_equal(stat_of(&f, "map_evictions"), MANY - 8);
  assert_int_equal(stat_of(&f, "maps_made"), MANY);
  for (uint32_t i = MANY - 8; i < MANY; i++) check_is(&f, i, text + i, MANY_BYTES); /* with and without pages */
  assert_int_equal(stat_of(&f, "maps_made"), MANY);
  assert_int_equal(stat_of(&f, "map_hits"), 8);
  check_is(&f, 0, text, MANY_BYTES); /* in place of the oldest */
  check_is(&f, MANY - 8, text + MANY - 8, MANY_BYTES);
  assert_int_equal(stat_of(&f, "maps_made"), MANY + 2);
  evict(&f);
  assert_int_equal(stat_of(&f, "mapped_bytes"), 0);
  assert_int_equal(stat_of(&f, "resident_bytes"), 0);
  free(text);
  fixture_close(&f);
}

/* Whether the page is in the page table of this process. */
static bool is_present(const uint8_t *page) {
  uint64_t entry = 0;
  int file = open("/proc/self/pagemap", O_RDONLY);
  assert_true(file >= 0);
  assert_int_equal(pread(file, &entry, 8, (off_t)((uintptr_t)page / 4096 * 8)), 8);
  close(file);
  return entry >> 63;
}

static void evicted_maps_have_no_pages(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin p;
  fixture_open(&f);
  f.options[MAPS_RESIDENT_BYTES] = 0;
  char *text = put_many(&f);
  assert_int_equal(pin(&f, 0, 0, MANY_BYTES, &p), STAGE_OK);
  const uint8_t *bytes = p.bytes;
  assert_true(is_present(bytes));
  assert_int_equal(unpin(&f, &p), STAGE_OK);
  assert_false(is_present(bytes));
  assert_int_equal(pin(&f, 0, 0, MANY_BYTES, &p), STAGE_OK);
  assert_ptr_equal(p.bytes, bytes); /* the same map */
  assert_memory_equal(p.bytes, text, MANY_BYTES);
  assert_int_equal(unpin(&f, &p), STAGE_OK);
  free(text);
  fixture_close(&f);
}

/* The process may have fewer descriptors than the option allows maps. */
static void descriptors_run_out(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin p, held;
  struct rlimit before, few;
  fixture_open(&f);
  char *text = put_many(&f);
  assert_int_equal(pin(&f, 0, 0, MANY_BYTES, &held), STAGE_OK);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  int next = dup(0); /* the lowest that is free */
  assert_true(next >= 0);
  close(next);
  few = (struct rlimit){(rlim_t)next + 1, before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  for (uint32_t i = 1; i < 4; i++) {
    assert_int_equal(pin(&f, i, 0, MANY_BYTES, &p), STAGE_OK);
    assert_memory_equal(p.bytes, text + i, MANY_BYTES);
    assert_int_equal(unpin(&f, &p), STAGE_OK);
  }
  assert_int_equal(pin(&f, 1, 0, MANY_BYTES, &p), STAGE_OK); /* now all of them are pinned */
  check_refused(&f, 2, 1, STAGE_IO, "Too many open files");
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_int_equal(unpin(&f, &p), STAGE_OK);
  assert_int_equal(unpin(&f, &held), STAGE_OK);
  free(text);
  fixture_close(&f);
}

static void pins_past_a_limit_are_refused(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin pins[4];
  fixture_open(&f);
  f.options[MAPS_MAPS] = 3;
  char *text = put_many(&f);
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(pin(&f, i, 0, MANY_BYTES, &pins[i]), STAGE_OK);
  assert_int_equal(pin(&f, 2, 0, 1, &pins[3]), STAGE_OK); /* the same map once more */
  check_refused(&f, 3, 1, STAGE_LIMIT, "p4b.maps");
  evict(&f); /* what is pinned stays */
  for (uint32_t i = 0; i < 3; i++) assert_memory_equal(pins[i].bytes, text + i, MANY_BYTES);
  assert_int_equal(unpin(&f, &pins[2]), STAGE_OK);
  check_refused(&f, 3, 1, STAGE_LIMIT, "p4b.maps");
  assert_int_equal(unpin(&f, &pins[3]), STAGE_OK);
  check_is(&f, 3, text + 3, MANY_BYTES);
  f.options[MAPS_MAPS] = 64;
  f.options[MAPS_PINNED_BYTES] = 3 * MANY_MAPPED - 1;
  check_refused(&f, 4, 1, STAGE_LIMIT, "p4b.pinned_bytes");
  assert_int_equal(unpin(&f, &pins[0]), STAGE_OK);
  check_is(&f, 4, text + 4, MANY_BYTES);
  assert_int_equal(unpin(&f, &pins[1]), STAGE_OK);
  assert_int_equal(stat_of(&f, "maps_corrupt"), 0);
  free(text);
  fixture_close(&f);
}

/* ---- out of memory, out of descriptors ---- */

static void running_out_of_memory_loses_nothing(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin p;
  uint64_t length;
  unsigned failures = 0;
  const struct stage_ops *p4b = phasebench_stage();
  char *text = text_make(1, 9000), *other = text_make(2, 9000);
  fixture_open(&f);
  put(&f, 0, text, 9000, file_write("memory", text, 9000));
  put(&f, 1, text, 9000, NULL);
  for (uint32_t id = 0; id < 2; id++) {
    for (long grants = 0; grants < 3; grants++) {
      evict(&f);
      test_ctx_grants = grants;
      int error = pin(&f, id, 0, 9000, &p);
      if (!error) error = unpin(&f, &p);
      test_ctx_grants = -1;
      failures += error == STAGE_OUT_OF_MEMORY;
      assert_true(error == STAGE_OK || error == STAGE_OUT_OF_MEMORY);
      check_is(&f, id, text, 9000);
    }
  }
  assert_int_equal(failures, 3); /* the pin, and the map */
  test_ctx_grants = 0;
  assert_int_equal(p4b->put(f.store, STAGE_SOURCE, 1, other, 9000, NULL), STAGE_OUT_OF_MEMORY);
  test_ctx_grants = -1;
  check_is(&f, 1, text, 9000);
  assert_int_equal(p4b->length(f.store, STAGE_SOURCE, 1, &length), STAGE_OK);
  test_ctx_grants = 0;
  void *none;
  assert_int_equal(p4b->open(&f.ctx, &none), STAGE_OUT_OF_MEMORY);
  test_ctx_grants = -1;
  free(text);
  free(other);
  fixture_close(&f);
}

static void stores_do_not_meet(void **state) {
  (void)state;
  struct fixture a, b;
  struct stage_pin in_a, in_b;
  char *text = text_make(1, 9000), *other = text_make(2, 9000);
  fixture_open(&a);
  fixture_open(&b);
  put(&a, 0, text, 9000, file_write("a", text, 9000));
  put(&b, 0, other, 9000, file_write("b", other, 9000));
  assert_int_equal(pin(&a, 0, 0, 9000, &in_a), STAGE_OK);
  assert_int_equal(pin(&b, 0, 0, 9000, &in_b), STAGE_OK);
  assert_memory_equal(in_a.bytes, text, 9000);
  assert_int_equal(unpin(&a, &in_a), STAGE_OK);
  fixture_close(&a);
  assert_memory_equal(in_b.bytes, other, 9000);
  assert_int_equal(unpin(&b, &in_b), STAGE_OK);
  fixture_close(&b);
  assert_int_equal(test_ctx_live, 0);
  free(text);
  free(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_come_back),
      cmocka_unit_test(ranges_are_those_asked_for),
      cmocka_unit_test(a_put_or_drop_leaves_pins_alone),
      cmocka_unit_test(what_no_file_holds_is_kept),
      cmocka_unit_test(other_blob_stores_hold_the_records),
      cmocka_unit_test(maps_stay_within_their_budgets),
      cmocka_unit_test(evicted_maps_have_no_pages),
      cmocka_unit_test(pins_past_a_limit_are_refused),
      cmocka_unit_test(descriptors_run_out),
      cmocka_unit_test(running_out_of_memory_loses_nothing),
      cmocka_unit_test(stores_do_not_meet),
  };
  return cmocka_run_group_tests(tests, fixture_folder_make, fixture_folder_remove);
}
