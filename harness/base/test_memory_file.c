/* SPDX-License-Identifier: MIT
 *
 * A stream into memory has all that was written, or says so; whatever allocation fails (the tests of faults,
 * commands/test_out_of_memory.sh, refuse each of them). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "memory_file.h"

static void has_what_was_written(void **state) {
  (void)state;
  struct fault fault = {0};
  struct memory_file file;
  assert_true(memory_file_begin(&file, "a test", &fault));
  for (int i = 0; i < 10000; i++) fprintf(file.out, "%05d%c", i, '\0');
  assert_true(memory_file_end(&file, "a test", &fault));
  assert_int_equal(file.byte_count, 60000);
  assert_memory_equal(file.bytes + 59994, "09999\0", 7); /* with the NUL behind it */
  memory_file_drop(&file);
  assert_true(memory_file_begin(&file, "a test", &fault) && memory_file_end(&file, "a test", &fault));
  assert_string_equal(file.bytes, ""); /* nothing is something, too */
  memory_file_drop(&file);
  memory_file_drop(&file);
}

static void tells_what_did_not_fit(void **state) {
  (void)state;
  struct fault fault = {0};
  struct memory_file file;
  assert_true(memory_file_begin(&file, "a test", &fault));
  fputs("begun", file.out);
  file.capacity = SIZE_MAX / 2 - 4096; /* so that growing asks for more than there can be */
  file.byte_count = file.capacity;
  assert_false(memory_file_end(&file, "a test", &fault));
  assert_int_equal(fault.code, EXIT_CODE_SYSTEM);
  assert_string_equal(fault.message, "out of memory for a test");
  memory_file_drop(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(has_what_was_written), cmocka_unit_test(tells_what_did_not_fit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
