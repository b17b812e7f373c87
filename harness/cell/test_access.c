/* SPDX-License-Identifier: MIT
 *
 * The access mix: sizes and shares of the classes, the same accesses for every store, and
 * what is counted of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "stage_check.h"
#include "base/count.h"
#include "system/heap.h"

static uint32_t class_size(const struct access_mix *mix, int c) { return mix->first[c + 1] - mix->first[c]; }

static void new_mix(struct access_mix *mix, uint64_t seed, uint32_t count) {
  struct fault fault = {0};
  if (!access_mix_new(mix, seed, count, heap_at(0), &fault)) fail_msg("%s", fault.message);
}

static void classes_have_their_shares(void **state) {
  (void)state;
  static const uint32_t expected[][1 + ACCESS_CLASS_COUNT] = {{0, 0, 0, 0, 0},
                                                              {1, 1, 0, 0, 0},
                                                              {2, 1, 1, 0, 0},
                                                              {3, 1, 1, 1, 0},
                                                              {4, 1, 1, 1, 1},
                                                              {5, 1, 1, 2, 1},
                                                              {10, 1, 1, 3, 5},
                                                              {100, 1, 9, 30, 60},
                                                              {1720, 17, 155, 516, 1032},
                                                              {55405, 554, 4986, 16622, 33243}};
  for (size_t i = 0; i < COUNT(expected); i++) {
    struct access_mix mix;
    new_mix(&mix, 1, expected[i][0]);
    for (int c = 0; c < ACCESS_CLASS_COUNT; c++) {
      if (class_size(&mix, c) != expected[i][1 + c])
        fail_msg("%u documents: class %d has %u, expected %u", expected[i][0], c, class_size(&mix, c),
                 expected[i][1 + c]);
    }
    assert_int_equal(mix.first[ACCESS_CLASS_COUNT], expected[i][0]);
    bool *seen = calloc(expected[i][0] + 1, sizeof *seen);
    for (uint32_t d = 0; d < expected[i][0]; d++) {
      assert_true(mix.order[d] < expected[i][0]);
      assert_false(seen[mix.order[d]]);
      seen[mix.order[d]] = true;
    }
    free(seen);
    access_mix_free(&mix, heap_at(0));
  }
  for (uint32_t count = 4; count < 300; count++) { /* at least one each, and none is lost */
    struct access_mix mix;
    new_mix(&mix, count, count);
    for (int c = 0; c < ACCESS_CLASS_COUNT; c++) assert_true(class_size(&mix, c) >= 1);
    assert_int_equal(mix.first[ACCESS_CLASS_COUNT], count);
    access_mix_free(&mix, heap_at(0));
  }
}

static struct store *open_store(const char *text) {
  struct combination combination;
  struct fault fault = {0};
  struct store *store = NULL;
  if (!combination_parse(text, &combination, &fault) || !store_open(&combination, NULL, &store, &fault))
    fail_msg("%s", fault.message);
  return store;
}

#define DOCUMENTS 40u

static void fill(struct store *store) {
  const TSLanguage *grammar = check_grammar("c");
  for (uint32_t id = 0; id < DOCUMENTS; id++) {
    char text[8192];
    int n = 0;
    for (uint32_t line = 0; line < id * 3; line++) /* the first is empty */
      n += snprintf(text + n, sizeof text - (size_t)n, "int f%u(int a) { return a + %u; }\n", line, id);
    struct fault fault = {0};
    struct stage_document document = {id, 0, grammar, NULL, text, (uint32_t)n};
    if (!store_put(store, &document, check_parse(grammar, text, (size_t)n), &fault)) fail_msg("%s", fault.message);
  }
}

/* Whatever the stage, the same nodes are visited and the same text is read. */
static void every_store_gives_the_same_answer(void **state) {
  (void)state;
  static const char *const combinations[] = {"baseline", "skeleton", "baseline"};
  uint64_t text_sum = 0, node_count = 0;
  for (int i = 0; i < 3; i++) {
    struct store *store = open_store(combinations[i]);
    struct access_mix mix;
    struct fault fault = {0};
    fill(store);
    new_mix(&mix, i == 2 ? 6 : 5, DOCUMENTS);
    if (!access_mix_run(&mix, store, &fault)) fail_msg("%s", fault.message);
    uint32_t accesses = 0;
    for (int c = 0; c < ACCESS_CLASS_COUNT; c++) accesses += mix.access_count[c];
    assert_int_equal(accesses, ACCESS_COUNT);
    assert_in_range(mix.access_count[ACCESS_HOT], 5800, 6200);
    assert_in_range(mix.access_count[ACCESS_WARM], 2300, 2700);
    assert_in_range(mix.access_count[ACCESS_COLD], 1050, 1350);
    assert_in_range(mix.access_count[ACCESS_FROZEN], 220, 380);
    if (i == 0) {
      text_sum = mix.text_sum;
      node_count = mix.node_count;
      assert_true(node_count > ACCESS_COUNT * 20 && node_count <= ACCESS_COUNT * ACCESS_NODES_MAX);
      assert_true(text_sum > 0);
    } else if (i == 1) {
      assert_int_equal(mix.text_sum, text_sum);
      assert_int_equal(mix.node_count, node_count);
    } else {
      assert_int_not_equal(mix.text_sum, text_sum); /* another seed, other accesses */
    }
    access_mix_free(&mix, heap_at(0));
    store_close(store);
  }
}

static void a_store_that_keeps_nothing_is_measured_too(void **state) {
  (void)state;
  struct store *store = open_store("null");
  struct access_mix mix;
  struct fault fault = {0};
  fill(store);
  new_mix(&mix, 5, DOCUMENTS);
  assert_true(access_mix_run(&mix, store, &fault));
  assert_int_equal(mix.node_count, 0);
  assert_true(mix.access_count[ACCESS_HOT] > 5800);
  access_mix_free(&mix, heap_at(0));
  store_close(store);
}

static void a_missing_document_is_an_error(void **state) {
  (void)state;
  struct store *store = open_store("skeleton");
  struct access_mix mix;
  struct fault fault = {0};
  fill(store);
  new_mix(&mix, 5, DOCUMENTS + 1);
  assert_false(access_mix_run(&mix, store, &fault));
  assert_int_equal(fault.code, EXIT_CODE_CELL_FAILED);
  assert_non_null(strstr(fault.message, "no such document"));
  access_mix_free(&mix, heap_at(0));
  store_close(store);
}

static void accesses_of_empty_classes_go_to_hotter_ones(void **state) {
  (void)state;
  struct store *store = open_store("null");
  struct access_mix mix;
  struct fault fault = {0};
  new_mix(&mix, 5, 2);
  assert_true(access_mix_run(&mix, store, &fault));
  assert_int_equal(mix.access_count[ACCESS_HOT] + mix.access_count[ACCESS_WARM], ACCESS_COUNT);
  assert_in_range(mix.access_count[ACCESS_WARM], 3800, 4200);
  access_mix_free(&mix, heap_at(0));
  store_close(store);
}

static void percentiles_are_by_nearest_rank(void **state) {
  (void)state;
  struct access_mix mix;
  struct access_latency latency[ACCESS_CLASS_COUNT];
  new_mix(&mix, 1, 100);
  for (uint32_t i = 0; i < 10; i++) mix.latency_ns[ACCESS_COLD][i] = 100 - 10 * i; /* 100, 90 ... 10 */
  mix.access_count[ACCESS_COLD] = 10;
  mix.sum_ns[ACCESS_COLD] = 550;
  mix.latency_ns[ACCESS_WARM][0] = UINT64_C(5000000000); /* longer than 32 bits can tell */
  mix.access_count[ACCESS_WARM] = 1;
  mix.sum_ns[ACCESS_WARM] = UINT64_C(5000000000);
  access_mix_latency(&mix, latency);
  assert_int_equal(latency[ACCESS_COLD].p50_ns, 50);
  assert_int_equal(latency[ACCESS_COLD].p90_ns, 90);
  assert_int_equal(latency[ACCESS_COLD].p99_ns, 100);
  assert_int_equal(latency[ACCESS_COLD].max_ns, 100);
  assert_true(latency[ACCESS_COLD].mean_ns == 55.0);
  assert_int_equal(latency[ACCESS_COLD].documents, 30);
  assert_int_equal(latency[ACCESS_WARM].p50_ns, UINT64_C(5000000000));
  assert_int_equal(latency[ACCESS_HOT].accesses, 0);
  access_mix_free(&mix, heap_at(0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes_have_their_shares),
      cmocka_unit_test(every_store_gives_the_same_answer),
      cmocka_unit_test(a_store_that_keeps_nothing_is_measured_too),
      cmocka_unit_test(a_missing_document_is_an_error),
      cmocka_unit_test(accesses_of_empty_classes_go_to_hotter_ones),
      cmocka_unit_test(percentiles_are_by_nearest_rank),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
