/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pack.h"
#include "test_ctx.h"

/* A string of any length whose bytes tell its id and version. */
static void fill(uint8_t *bytes, uint32_t length, uint32_t id, uint32_t version) {
  for (uint32_t i = 0; i < length; i++) bytes[i] = (uint8_t)(id * 31 + version * 7 + i);
}

static uint32_t length_of(uint32_t id, uint32_t version) {
  if (id % 50 == 7) return 300000 + id; /* larger than a slab */
  if (id % 50 == 8) return 0;
  return (id * 2654435761u + version * 40503u) % 9000;
}

static void check(const struct pack *pack, uint32_t id, uint32_t version) {
  static uint8_t want[400000];
  const uint8_t *bytes;
  uint64_t length;
  assert_int_equal(pack_get(pack, id, &bytes, &length), STAGE_OK);
  assert_int_equal(length, length_of(id, version));
  fill(want, (uint32_t)length, id, version);
  if (length > 0) assert_memory_equal(bytes, want, length);
}

static int put(struct pack *pack, uint32_t id, uint32_t version) {
  static uint8_t bytes[400000];
  uint32_t length = length_of(id, version);
  fill(bytes, length, id, version);
  return pack_put(pack, id, bytes, length);
}

static void strings_come_back(void **state) {
  (void)state;
  enum { COUNT = 400 };
  struct stage_ctx ctx = test_ctx();
  struct pack *pack = pack_new(&ctx, STAGE_TREE);
  uint32_t versions[COUNT] = {0};
  const uint8_t *bytes;
  uint64_t length;
  assert_int_equal(pack_get(pack, 0, &bytes, &length), STAGE_NO_DOCUMENT);
  assert_int_equal(pack_drop(pack, 3), STAGE_NO_DOCUMENT);
  for (uint32_t id = 0; id < COUNT; id++) assert_int_equal(put(pack, id, 0), STAGE_OK);
  for (uint32_t round = 1; round < 5; round++) {
    for (uint32_t id = round; id < COUNT; id += 3) assert_int_equal(put(pack, id, versions[id] = round), STAGE_OK);
    if (round % 2 == 0) assert_int_equal(pack_settle(pack), STAGE_OK);
    for (uint32_t id = 0; id < COUNT; id++) check(pack, id, versions[id]);
  }
  struct pack_usage usage = pack_usage(pack);
  assert_true(usage.slab_bytes <= usage.string_bytes + usage.string_bytes / 5);
  for (uint32_t id = 0; id < COUNT; id++) {
    assert_int_equal(pack_drop(pack, id), STAGE_OK);
    assert_int_equal(pack_drop(pack, id), STAGE_NO_DOCUMENT);
  }
  assert_int_equal(pack_usage(pack).string_bytes, 0);
  assert_int_equal(pack_usage(pack).slab_bytes, 0);
  pack_delete(pack);
  assert_int_equal(test_ctx_live, 0);
}

static void a_failed_put_keeps_the_old_string(void **state) {
  (void)state;
  struct stage_ctx ctx = test_ctx();
  struct pack *pack = pack_new(&ctx, STAGE_TREE);
  assert_int_equal(put(pack, 7, 0), STAGE_OK);
  test_ctx_grants = 0;
  assert_int_equal(put(pack, 7, 1), STAGE_OUT_OF_MEMORY);
  test_ctx_grants = -1;
  check(pack, 7, 0);
  pack_delete(pack);
  assert_int_equal(test_ctx_live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strings_come_back),
      cmocka_unit_test(a_failed_put_keeps_the_old_string),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
