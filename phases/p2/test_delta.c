/* SPDX-License-Identifier: MIT
 *
 * The journal's entries: the dumps of delta.h, and that what is near to them is refused. */
#include "fixture.h"

#include "delta.h"

#define BYTES(text) ((struct compress_slice){(const uint8_t *)(text), sizeof(text) - 1})

struct bench {
  struct stage_ctx ctx;
  struct compressor compressor;
};

static void bench_open(struct bench *b) {
  b->ctx = test_ctx();
  b->compressor = (struct compressor){.ctx = &b->ctx, .kind = STAGE_SOURCE};
}

static void bench_close(struct bench *b) {
  compress_free(&b->compressor);
  assert_int_equal(test_ctx_live, 0);
}

/* The entry, the caller's. */
static uint8_t *encode(struct bench *b, struct compress_slice base, struct compress_slice version, size_t *bytes) {
  struct delta_hunks hunks = {0};
  struct delta_entry entry;
  assert_int_equal(delta_diff(&b->compressor, base, version, &hunks), STAGE_OK);
  assert_int_equal(delta_encode(&b->compressor, base, version, &hunks, SIZE_MAX, &entry), STAGE_OK);
  stage_release(&b->ctx, STAGE_SOURCE, hunks.p);
  assert_non_null(entry.p);
  *bytes = entry.bytes;
  return entry.p;
}

static int apply(struct bench *b, struct compress_slice base, struct compress_slice entry, struct compress_slice want) {
  uint8_t *out = malloc(want.length + 1);
  assert_non_null(out);
  int error = delta_apply(&b->compressor, base, entry, out, want.length);
  if (!error) assert_memory_equal(out, want.p, want.length);
  free(out);
  return error;
}

static void dumps_are_as_described(void **state) {
  (void)state;
  static const char line[] = "0123456789";
  char base[500], version[505];
  for (int i = 0; i < 500; i++) base[i] = line[i * i % 7 + i % 3];
  memcpy(version, base, 300);
  memcpy(version + 300, "x();\n", 5);
  memcpy(version + 305, base + 300, 200);
  static const uint8_t raw[] = {0x03, 0xac, 0x02, 0x00, 0x05, 0x78, 0x28, 0x29, 0x3b, 0x0a};
  struct compress_slice old = {(const uint8_t *)base, 500}, new = {(const uint8_t *)version, 505};
  struct bench b;
  bench_open(&b);
  size_t bytes;
  uint8_t *entry = encode(&b, old, new, &bytes);
  assert_int_equal(bytes, sizeof raw);
  assert_memory_equal(entry, raw, sizeof raw);
  stage_release(&b.ctx, STAGE_SOURCE, entry);
  assert_int_equal(apply(&b, old, (struct compress_slice){raw, sizeof raw}, new), STAGE_OK);

  /* zstd may find another block one day; this one stays readable. */
  static const uint8_t block[] = {0x04, 0x2d, 0x00, 0x1c, 0x08, 0x20, 0x01, 0x00, 0x21, 0x54, 0x42};
  old = BYTES("int main(void) {\n  return the_same(1, 2, 3);\n}\n");
  new = BYTES("int main(void) {\n  return the_same(1, 2, 3);\n  return the_same(1, 2, 3);\n}\n");
  assert_int_equal(apply(&b, old, (struct compress_slice){block, sizeof block}, new), STAGE_OK);
  entry = encode(&b, old, new, &bytes);
  assert_true(bytes <= sizeof block);
  stage_release(&b.ctx, STAGE_SOURCE, entry);
  bench_close(&b);
}

static void other_entries_are_refused(void **state) {
  (void)state;
  struct compress_slice base = BYTES("abcdef"), want = BYTES("abXdef");
  static const struct {
    const char *what;
    uint8_t bytes[8];
    size_t length;
  } wrong[] = {
      {"nothing", {0}, 0},
      {"it ends in a hunk", {0x03, 0x02, 0x01}, 3},
      {"a byte too few", {0x03, 0x02, 0x01, 0x01}, 4},
      {"a byte too many", {0x03, 0x02, 0x01, 0x01, 'X', 'Y'}, 6},
      {"begins outside the base", {0x03, 0x07, 0x00, 0x00}, 4},
      {"leaves out what is not there", {0x03, 0x02, 0x05, 0x01, 'X'}, 5},
      {"another length", {0x03, 0x02, 0x00, 0x01, 'X'}, 5},
      {"no hunk, another length", {0x00, 'X'}, 2},
      {"hunks without end", {0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00}, 7},
      {"no block", {0x04, 0x02, 0x01, 0x01, 0xff, 0xff}, 6},
      {"no frame", {0x02, 0xff, 0xff, 0xff}, 4},
  };
  struct bench b;
  bench_open(&b);
  static const uint8_t good[] = {0x03, 0x02, 0x01, 0x01, 'X'};
  assert_int_equal(apply(&b, base, (struct compress_slice){good, sizeof good}, want), STAGE_OK);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    int error = apply(&b, base, (struct compress_slice){wrong[i].bytes, wrong[i].length}, want);
    if (error != STAGE_CORRUPT) fail_msg("%s: error %d", wrong[i].what, error);
  }
  bench_close(&b);
}

/* More than one block of zstd's: form 2, and hunks with much put in. */
static void large_entries_come_back(void **state) {
  (void)state;
  enum { BYTES_OLD = 50000, BYTES_NEW = 700000 };
  char *old_text = text_make(1, BYTES_OLD), *text = text_make(2, BYTES_NEW);
  struct compress_slice base = {(const uint8_t *)old_text, BYTES_OLD}, version = {(const uint8_t *)text, BYTES_NEW};
  memcpy(text + 300000, old_text, BYTES_OLD);
  struct bench b;
  bench_open(&b);
  size_t bytes;
  uint8_t *entry = encode(&b, base, version, &bytes);
  assert_true(entry[0] % 3 == 2 && bytes < BYTES_NEW / 2);
  assert_int_equal(apply(&b, base, (struct compress_slice){entry, bytes}, version), STAGE_OK);
  stage_release(&b.ctx, STAGE_SOURCE, entry);
  bench_close(&b);
  free(old_text);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dumps_are_as_described),
      cmocka_unit_test(other_entries_are_refused),
      cmocka_unit_test(large_entries_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
