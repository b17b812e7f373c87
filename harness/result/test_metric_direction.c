/* SPDX-License-Identifier: MIT
 *
 * Which way each metric gets better. That a rule without "better" took lines/MiB for something that should
 * be small was an error: 73 % fewer of them were an improvement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics.h"

static void larger(void **state) {
  (void)state;
  static const char *const names[] = {
      "lines_per_mib",        "lines_per_mib_with_disk", "added.lines_per_mib",
      "lines_per_mib_factor", "reduction_pct",           "marginal_reduction_pct",
      "walk_nodes_per_s",     "source_bytes_compared",   "cold_open.parse_over_tree_cached.p50"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_int_equal(metrics_direction(names[i]), METRIC_LARGER);
  }
}

static void smaller(void **state) {
  (void)state;
  static const char *const names[] = {"rss_above_start_bytes",
                                      "heap.p1.active_bytes",
                                      "tree_bytes_per_line",
                                      "bytes_per_line",
                                      "tree_bits_per_node",
                                      "edit_heap_tree_bytes_per_inserted_line",
                                      "parse_ns",
                                      "latency.frozen.p50_ns",
                                      "cold_open.parse.p50_ns",
                                      "cold_open.parse_over_tree_cached.slower_pct",
                                      "added.latency.hot.p50_ns",
                                      "rss_noise_pct",
                                      "mismatches"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_int_equal(metrics_direction(names[i]), METRIC_SMALLER);
  }
}

static void neither(void **state) {
  (void)state;
  assert_int_equal(metrics_direction("nodes"), METRIC_EQUAL);
  assert_int_equal(metrics_direction("edit_inserted_bytes"), METRIC_EQUAL);
  assert_int_equal(metrics_direction("stage.p4a.cache_bytes"), METRIC_UNKNOWN);
  assert_int_equal(metrics_direction("latency.hot.accesses"), METRIC_UNKNOWN);
  assert_int_equal(metrics_direction("unexplained_bytes"), METRIC_UNKNOWN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(larger),
      cmocka_unit_test(smaller),
      cmocka_unit_test(neither),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
