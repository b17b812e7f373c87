/* SPDX-License-Identifier: MIT
 *
 * test_name.c - names are kept once, and structs that name things are small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "name.h"
#include "store.h"

static void equal_texts_are_one(void **state) {
  (void)state;
  struct fault fault = {0};
  char text[16] = "p1+p2";
  const char *first, *second, *other;
  assert_true(name_keep(text, &first, &fault) && name_keep("p1", &other, &fault));
  assert_ptr_not_equal(first, text);
  strcpy(text, "changed"); /* the kept text is a copy */
  assert_string_equal(first, "p1+p2");
  assert_true(name_keep("p1+p2", &second, &fault));
  assert_ptr_equal(first, second);
  assert_string_equal(other, "p1");
}

static void many_names_stay_where_they_are(void **state) {
  (void)state;
  enum { COUNT = 3000 };
  static const char *names[COUNT];
  struct fault fault = {0};
  char text[32];
  for (int i = 0; i < COUNT; i++) {
    snprintf(text, sizeof text, "name%d", i);
    assert_true(name_keep(text, &names[i], &fault));
  }
  for (int i = 0; i < COUNT; i++) {
    const char *again;
    snprintf(text, sizeof text, "name%d", i);
    assert_string_equal(names[i], text);
    assert_true(name_keep(text, &again, &fault));
    assert_ptr_equal(names[i], again);
  }
}

/* A combination took 65 KB when it held the paths themselves, and could not lie on a stack. */
static void structs_that_name_things_are_small(void **state) {
  (void)state;
  assert_in_range(sizeof(struct combination), 1, 256);
  assert_in_range(sizeof(struct stage_summary), 1, 1024);
  assert_in_range(sizeof(struct store_place), 1, 4096);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_texts_are_one),
      cmocka_unit_test(many_names_stay_where_they_are),
      cmocka_unit_test(structs_that_name_things_are_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
