/* SPDX-License-Identifier: MIT
 *
 * test_size.c - numbers of bytes: what is read, what is refused, and that what is written is read back. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "count.h"
#include "size.h"

#include "count.h"

static void reads(const char *text, uint64_t expected, bool expected_unit) {
  uint64_t bytes = 1;
  bool has_unit = !expected_unit;
  if (!size_parse(text, &bytes, &has_unit)) fail_msg("'%s' is refused", text);
  if (bytes != expected || has_unit != expected_unit)
    fail_msg("'%s': %" PRIu64 ", expected %" PRIu64 "; a unit: %d", text, bytes, expected, has_unit);
}

static void what_is_read(void **state) {
  (void)state;
  reads("0", 0, false);
  reads("4096", 4096, false);
  reads("64K", 65536, true);
  reads("64KiB", 65536, true);
  reads("1M", 1u << 20, true);
  reads("3MiB", 3u << 20, true);
  reads("2G", UINT64_C(2) << 30, true);
  reads("2GiB", UINT64_C(2) << 30, true);
  reads("1T", UINT64_C(1) << 40, true);
  reads("1TiB", UINT64_C(1) << 40, true);
  reads("1.5K", 1536, true);
  reads("0.25MiB", 1u << 18, true);
  reads("0.0001K", 0, true);
  reads("9007199254740991", (UINT64_C(1) << 53) - 1, false);
}

static void what_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "K",
                                    ".5K",
                                    "1.K",
                                    "1.5",
                                    "-1",
                                    "+1",
                                    " 1",
                                    "1 K",
                                    "1k",
                                    "1KB",
                                    "1Kib",
                                    "1P",
                                    "0x10",
                                    "1e3",
                                    "inf",
                                    "nan",
                                    "1KiBx",
                                    "9007199254740992",
                                    "8192T",
                                    "8192.5T",
                                    "99999999999999999999",
                                    "1.000000000000000000001K"};
  for (size_t i = 0; i < COUNT(bad); i++) {
    uint64_t bytes;
    if (size_parse(bad[i], &bytes, NULL)) fail_msg("'%s' is read as %" PRIu64, bad[i], bytes);
  }
}

static void what_is_written(void **state) {
  (void)state;
  char text[SIZE_TEXT_BYTES];
  assert_string_equal(size_text(0, text), "0 B");
  assert_string_equal(size_text(1023, text), "1023 B");
  assert_string_equal(size_text(1024, text), "1 KiB");
  assert_string_equal(size_text(1536, text), "1.50 KiB");
  assert_string_equal(size_text(UINT64_C(1) << 40, text), "1 TiB");
  assert_string_equal(size_text(UINT64_C(3) << 50, text), "3072 TiB");
  assert_string_equal(size_exact_text(0, text), "0");
  assert_string_equal(size_exact_text(1023, text), "1023");
  assert_string_equal(size_exact_text(4u << 20, text), "4MiB");
  assert_string_equal(size_exact_text(1536, text), "1536");
  for (uint64_t bytes = 1; bytes < UINT64_C(1) << 53; bytes = bytes * 3 + 1024 * (bytes % 5)) {
    uint64_t again = 0;
    if (!size_parse(size_exact_text(bytes, text), &again, NULL) || again != bytes)
      fail_msg("%" PRIu64 " is written as '%s'", bytes, text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_read), cmocka_unit_test(what_is_refused),
                                     cmocka_unit_test(what_is_written)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
