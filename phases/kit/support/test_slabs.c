/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "slabs.h"
#include "kit/testing/test_ctx.h"

/* A string of any length whose bytes tell its id and version. */
static void fill(uint8_t *bytes, uint32_t length, uint32_t id, uint32_t version) {
  for (uint32_t i = 0; i < length; i++) bytes[i] = (uint8_t)(id * 31 + version * 7 + i);
}

static uint32_t length_of(uint32_t id, uint32_t version) {
  if (id % 50 == 7) return 300000 + id; /* larger than a slab */
  if (id % 50 == 8) return 0;
  return (id * 2654435761u + version * 40503u) % 9000;
}

static void check(const struct slabs *slabs, uint32_t id, uint32_t version) {
  static uint8_t want[400000];
  const uint8_t *bytes;
  uint64_t length;
  assert_int_equal(slabs_get(slabs, id, &bytes, &length), STAGE_OK);
  assert_int_equal(length, length_of(id, version));
  fill(want, (uint32_t)length, id, version);
  if (length > 0) assert_memory_equal(bytes, want, length);
}

static int put(struct slabs *slabs, uint32_t id, uint32_t version) {
  static uint8_t bytes[400000];
  uint32_t length = length_of(id, version);
  fill(bytes, length, id, version);
  return slabs_put(slabs, id, bytes, length);
}

static void strings_come_back(void **state) {
  (void)state;
  enum { COUNT = 400 };
  struct stage_ctx ctx = test_ctx();
  struct slabs *slabs = slabs_new(&ctx, STAGE_TREE);
  uint32_t versions[COUNT] = {0};
  const uint8_t *bytes;
  uint64_t length;
  assert_int_equal(slabs_get(slabs, 0, &bytes, &length), STAGE_NO_DOCUMENT);
  assert_int_equal(slabs_drop(slabs, 3), STAGE_NO_DOCUMENT);
  for (uint32_t id = 0; id < COUNT; id++) assert_int_equal(put(slabs, id, 0), STAGE_OK);
  for (uint32_t round = 1; round < 5; round++) {
    for (uint32_t id = round; id < COUNT; id += 3) assert_int_equal(put(slabs, id, versions[id] = round), STAGE_OK);
    if (round % 2 == 0) assert_int_equal(slabs_finalize(slabs), STAGE_OK);
    for (uint32_t id = 0; id < COUNT; id++) check(slabs, id, versions[id]);
  }
  struct slabs_usage usage = slabs_usage(slabs);
  assert_true(usage.slab_bytes <= usage.string_bytes + usage.string_bytes / 5);
  for (uint32_t id = 0; id < COUNT; id++) {
    assert_int_equal(slabs_drop(slabs, id), STAGE_OK);
    assert_int_equal(slabs_drop(slabs, id), STAGE_NO_DOCUMENT);
  }
  assert_int_equal(slabs_usage(slabs).string_bytes, 0);
  assert_int_equal(slabs_usage(slabs).slab_bytes, 0);
  slabs_delete(slabs);
  assert_int_equal(test_ctx_live, 0);
}

static void a_failed_put_keeps_the_old_string(void **state) {
  (void)state;
  struct stage_ctx ctx = test_ctx();
  struct slabs *slabs = slabs_new(&ctx, STAGE_TREE);
  assert_int_equal(put(slabs, 7, 0), STAGE_OK);
  test_ctx_grants = 0;
  assert_int_equal(put(slabs, 7, 1), STAGE_OUT_OF_MEMORY);
  test_ctx_grants = -1;
  check(slabs, 7, 0);
  slabs_delete(slabs);
  assert_int_equal(test_ctx_live, 0);
}

/* ---- a directory with a flipped bit ---- */

static struct {
  void *p;
  size_t bytes;
} noted[64]; /* live allocations */

static void *note_resize(struct stage_heap *heap, void *old, size_t bytes) {
  void *p = test_ctx_heap_ops.resize(heap, old, bytes);
  for (int i = 0; i < 64 && p; i++) {
    if (noted[i].p != old) continue; /* the first free place is where NULL is */
    noted[i].p = p;
    noted[i].bytes = bytes;
    break;
  }
  return p;
}
static void *note_allocate(struct stage_heap *heap, size_t bytes) { return note_resize(heap, NULL, bytes); }
static void note_release(struct stage_heap *heap, void *p) {
  for (int i = 0; i < 64 && p; i++) {
    if (noted[i].p == p) noted[i].p = NULL;
  }
  test_ctx_heap_ops.release(heap, p);
}

/* How many of the strings are refused; the others are as they were put. */
static uint32_t count_refused(const struct slabs *slabs, uint32_t count) {
  uint32_t refused = 0;
  for (uint32_t id = 0; id < count; id++) {
    const uint8_t *bytes;
    uint64_t length;
    int error = slabs_get(slabs, id, &bytes, &length);
    if (error) assert_int_equal(error, STAGE_CORRUPT);
    else check(slabs, id, 0);
    refused += error != STAGE_OK;
  }
  return refused;
}

struct place {
  int error;
  const uint8_t *bytes;
  uint64_t length;
};
static struct place place_of(const struct slabs *slabs, uint32_t id) {
  struct place place = {0};
  place.error = slabs_get(slabs, id, &place.bytes, &place.length);
  return place;
}

static void flipped_bits_of_the_directory_are_found(void **state) {
  (void)state;
  enum { COUNT = 60 };
  static const struct stage_heap_ops ops = {note_allocate, note_resize, note_release};
  struct stage_ctx ctx = test_ctx();
  ctx.heap_ops = &ops;
  struct slabs *slabs = slabs_new(&ctx, STAGE_TREE);
  for (uint32_t id = 0; id < COUNT; id++) assert_int_equal(put(slabs, id, 0), STAGE_OK);
  uint32_t tables = 0, found = 0;
  struct place places[COUNT];
  for (uint32_t id = 0; id < COUNT; id++) places[id] = place_of(slabs, id);
  for (int i = 0; i < 64; i++) {
    if (!noted[i].p || noted[i].p == slabs || noted[i].bytes > 100000) continue; /* a slab */
    tables++;
    for (size_t bit = 0; bit < noted[i].bytes * 8; bit++) {
      ((uint8_t *)noted[i].p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
      uint32_t refused = 0;
      for (uint32_t id = 0; id < COUNT; id++) {
        struct place place = place_of(slabs, id);
        if (place.error) assert_int_equal(place.error, STAGE_CORRUPT);
        else assert_true(place.bytes == places[id].bytes && place.length == places[id].length);
        refused += place.error != STAGE_OK;
      }
      found += refused > 0;
      ((uint8_t *)noted[i].p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
  }
  assert_int_equal(tables, 2);       /* of slabs and of strings */
  assert_true(found >= COUNT * 128); /* each bit of each string's entry */
  assert_int_equal(count_refused(slabs, COUNT), 0);
  slabs_delete(slabs);
  assert_int_equal(test_ctx_live, 0);
}

/* Nor do they lead putting, dropping and finalizing astray. */
static void corrupt_strings_are_replaced(void **state) {
  (void)state;
  enum { COUNT = 60 };
  static const struct stage_heap_ops ops = {note_allocate, note_resize, note_release};
  for (size_t bit = 0; bit < 128; bit += 3) {
    struct stage_ctx ctx = test_ctx();
    ctx.heap_ops = &ops;
    struct slabs *slabs = slabs_new(&ctx, STAGE_TREE);
    for (uint32_t id = 0; id < COUNT; id++) assert_int_equal(put(slabs, id, 0), STAGE_OK);
    for (int i = 0; i < 64; i++) { /* the entry of string 5, wherever the table is */
      bool is_table = noted[i].p && noted[i].p != slabs && noted[i].bytes >= COUNT * 16 && noted[i].bytes < 100000;
      if (is_table && noted[i].bytes % 16 == 0) ((uint8_t *)noted[i].p)[5 * 16 + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(count_refused(slabs, COUNT), 1);
    assert_int_equal(slabs_finalize(slabs), STAGE_OK);
    assert_int_equal(count_refused(slabs, COUNT), 1);
    assert_int_equal(put(slabs, 5, 0), STAGE_OK);
    assert_int_equal(count_refused(slabs, COUNT), 0);
    for (uint32_t id = 0; id < COUNT; id++) assert_int_equal(slabs_drop(slabs, id), STAGE_OK);
    slabs_delete(slabs);
    assert_int_equal(test_ctx_live, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strings_come_back),
      cmocka_unit_test(a_failed_put_keeps_the_old_string),
      cmocka_unit_test(flipped_bits_of_the_directory_are_found),
      cmocka_unit_test(corrupt_strings_are_replaced),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
