/* SPDX-License-Identifier: MIT
 *
 * Code that is given back is out of memory, and runs all the same when it is called again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "compress.h"

/* Resident KiB of the library's mappings, as the kernel counts them. */
static unsigned long library_kib(void) {
  FILE *in = fopen("/proc/self/smaps", "r");
  char line[4096];
  unsigned long sum = 0, kib;
  bool is_library = false;
  assert_non_null(in);
  while (fgets(line, sizeof line, in)) {
    if (strchr(line, '-') && strstr(line, " r")) is_library = strstr(line, "/libzstd.") != NULL;
    if (is_library && sscanf(line, "Rss: %lu", &kib) == 1) sum += kib;
  }
  fclose(in);
  return sum;
}

/* Compresses at a high level and gives back; the result is that of last time. */
static void round_trip(void) {
  enum { BYTES = 100000 };
  static char text[BYTES], compressed[BYTES * 2], again[BYTES];
  for (int i = 0; i < BYTES; i++) text[i] = (char)('a' + i * 7 / 5 % 23 + i % 3);
  size_t length = ZSTD_compress(compressed, sizeof compressed, text, sizeof text, 19);
  assert_false(ZSTD_isError(length));
  assert_int_equal(ZSTD_decompress(again, sizeof again, compressed, length), BYTES);
  assert_memory_equal(again, text, BYTES);
}

static void code_leaves_and_comes_back(void **state) {
  (void)state;
  for (int pass = 0; pass < 2; pass++) {
    round_trip();
    unsigned long before = library_kib();
    compress_code_rest();
    unsigned long after = library_kib();
    assert_true(before >= 128);
    assert_true(after + 100 < before);
  }
  round_trip();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(code_leaves_and_comes_back)};
  return cmocka_run_group_tests_name("code_rest", tests, NULL, NULL);
}
