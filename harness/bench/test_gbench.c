/* SPDX-License-Identifier: MIT
 *
 * The benchmark library through the C shim: counters, errors, repetitions, memory, and
 * the JSON that the library writes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json_out.h"
#include "gbench.h"
#include "system/heap.h"

#define SPIN_STEPS 20000

struct seen {
  unsigned runs, errors;
  unsigned spin_runs, holds;
  int64_t peak_bytes, growth_bytes;
  uint64_t repetitions; /* bit by bit */
  double nodes_per_second, seconds_per_node, bytes_per_node, spin_ns;
  char error[100];
};

static void spin(struct gbench_state *state, void *user) {
  unsigned *calls = user;
  (*calls)++;
  uint64_t sum = 0;
  while (gbench_keep_running(state)) {
    for (unsigned i = 0; i < SPIN_STEPS; i++) {
      sum += i;
      gbench_keep(&sum);
    }
  }
  gbench_counter_rate(state, "nodes", (double)SPIN_STEPS * (double)gbench_iterations(state));
  gbench_counter_seconds_per(state, "seconds_per_node", (double)SPIN_STEPS * (double)gbench_iterations(state));
  gbench_counter(state, "bytes_per_node", 3.5);
}

static void wrong(struct gbench_state *state, void *user) {
  gbench_error(state, user);
  while (gbench_keep_running(state)) fail_msg("a loop ran after an error");
}

static void hold(struct gbench_state *state, void *user) {
  (void)user;
  while (gbench_keep_running(state)) {
    void *p = malloc(4 << 20);
    gbench_keep(p);
    free(p);
  }
}

static void batch(struct gbench_state *state, void *user) {
  int64_t *iterations = user;
  int64_t done = 0;
  while (gbench_keep_running_batch(state, 100)) done += 100;
  *iterations = gbench_iterations(state) - done;
}

static void see(void *sink, const struct gbench_result *result) {
  struct seen *seen = sink;
  seen->runs++;
  if (result->error) {
    seen->errors++;
    snprintf(seen->error, sizeof seen->error, "%s: %s", result->name, result->error);
    return;
  }
  if (strcmp(result->name, "hold") == 0 && result->memory) {
    seen->holds++;
    seen->peak_bytes = result->memory->peak_bytes;
    seen->growth_bytes = result->memory->growth_bytes;
  }
  if (strcmp(result->name, "spin") != 0) return;
  seen->spin_runs++;
  seen->repetitions |= UINT64_C(1) << result->repetition;
  seen->spin_ns = result->real_ns;
  for (unsigned c = 0; c < result->counter_count; c++) {
    if (strcmp(result->counters[c].name, "nodes") == 0) seen->nodes_per_second = result->counters[c].value;
    if (strcmp(result->counters[c].name, "seconds_per_node") == 0) seen->seconds_per_node = result->counters[c].value;
    if (strcmp(result->counters[c].name, "bytes_per_node") == 0) seen->bytes_per_node = result->counters[c].value;
  }
}

static cJSON *run_to_json(const char *path, struct seen *seen) {
  char out[256], why[200] = "";
  snprintf(out, sizeof out, "--benchmark_out=%s", path);
  const char *const arguments[] = {"--benchmark_repetitions=3", "--benchmark_min_time=0.005",
                                   "--benchmark_enable_random_interleaving=true", "--benchmark_out_format=json", out};
  int ran = gbench_run(&(struct gbench_request){arguments, 5, see, seen, false}, why, sizeof why);
  assert_string_equal(why, "");
  assert_true(ran > 0);
  cJSON *root;
  struct fault fault = {0};
  if (!json_read_file(path, &root, &fault)) fail_msg("%s", fault.message);
  return root;
}

static void counters_errors_and_json(void **state) {
  (void)state;
  char path[] = "/tmp/phasebench-test-gbench-XXXXXX";
  unsigned calls = 0;
  int64_t left_over = -1;
  struct seen seen = {0};
  close(mkstemp(path));
  gbench_use_memory(gbench_jemalloc());
  assert_true(gbench_register("spin", spin, &calls));
  assert_true(gbench_register("wrong", wrong, "node 3: 40 bytes, expected 41"));
  assert_true(gbench_register("hold", hold, NULL));
  assert_true(gbench_register("batch", batch, &left_over));
  cJSON *root = run_to_json(path, &seen);

  assert_int_equal(seen.spin_runs, 3);
  assert_int_equal(seen.repetitions, 7);
  assert_true(calls >= 3);
  assert_true(seen.bytes_per_node == 3.5);
  /* Two ways to the same figure: steps a second, and the time of one iteration. */
  assert_true(fabs(seen.nodes_per_second * seen.spin_ns / 1e9 / SPIN_STEPS - 1) < 0.01);
  assert_true(fabs(seen.nodes_per_second * seen.seconds_per_node - 1) < 1e-9);
  assert_true(seen.errors > 0);
  assert_string_equal(seen.error, "wrong: node 3: 40 bytes, expected 41");
  assert_int_equal(left_over, 0);

  assert_int_equal(seen.holds, heap_statistics_available() ? 3 : 0);
  if (seen.holds) {
    assert_true(seen.peak_bytes >= (4 << 20) && seen.peak_bytes < (5 << 20));
    assert_true(seen.growth_bytes < (1 << 20));
  }

  unsigned spins = 0, errors = 0, holds = 0;
  const cJSON *entry;
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(root, "benchmarks")) {
    const char *name = cJSON_GetObjectItemCaseSensitive(entry, "run_name")->valuestring;
    const char *type = cJSON_GetObjectItemCaseSensitive(entry, "run_type")->valuestring;
    if (strcmp(type, "iteration") != 0) continue;
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "error_occurred"))) {
      errors++;
      continue;
    }
    if (strncmp(name, "hold", 4) == 0 && heap_statistics_available()) {
      /* libbenchmark 1.7.1 shows garbage here, 4575700247862515200, when nobody repairs it. */
      double peak = cJSON_GetObjectItemCaseSensitive(entry, "max_bytes_used")->valuedouble;
      double made = cJSON_GetObjectItemCaseSensitive(entry, "allocs_per_iter")->valuedouble;
      assert_true(peak >= (4 << 20) && peak < (5 << 20));
      assert_true(made >= 1);
      holds++;
    }
    if (strncmp(name, "spin", 4) != 0) continue;
    spins++;
    assert_true(cJSON_GetObjectItemCaseSensitive(entry, "nodes")->valuedouble > 0);
    assert_true(cJSON_GetObjectItemCaseSensitive(entry, "bytes_per_node")->valuedouble == 3.5);
  }
  assert_int_equal(spins, 3);
  assert_true(errors > 0);
  assert_int_equal(holds, heap_statistics_available() ? 3 : 0);
  cJSON_Delete(root);
  unlink(path);
  gbench_clear();
}

static void unknown_option(void **state) {
  (void)state;
  char why[200] = "";
  const char *const arguments[] = {"--no_such_option"};
  assert_int_equal(gbench_run(&(struct gbench_request){arguments, 1, NULL, NULL, false}, why, sizeof why), -1);
  assert_non_null(strstr(why, "--no_such_option"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counters_errors_and_json),
      cmocka_unit_test(unknown_option),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
