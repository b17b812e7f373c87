/* SPDX-License-Identifier: MIT
 *
 * Benchmarks on real stages: answers of the baseline are right, and a codec that lies
 * in any one operation gets an error and no figure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"
#include "system/heap.h"

static char folder[] = "/tmp/phasebench-test-bench-XXXXXX";
static struct bench bench;
static struct stage_ops lying;
static const struct stage_ops *honest;

struct seen {
  unsigned runs, errors;
  char error[700];
};

static void see(void *sink, const struct gbench_result *result) {
  struct seen *seen = sink;
  seen->runs++;
  if (!result->error) return;
  seen->errors++;
  snprintf(seen->error, sizeof seen->error, "%s: %s", result->name, result->error);
}

static struct seen run(const char *filter) {
  char option[100], why[200] = "";
  struct seen seen = {0};
  struct fault fault = {0};
  snprintf(option, sizeof option, "--benchmark_filter=%s", filter);
  const char *const arguments[] = {"--benchmark_repetitions=2", "--benchmark_min_time=0.0005",
                                   "--benchmark_enable_random_interleaving=true", option};
  gbench_clear();
  assert_true(bench_register(&bench, &fault));
  assert_true(gbench_run(&(struct gbench_request){arguments, 4, see, &seen, false}, why, sizeof why) > 0);
  return seen;
}

static void every_operation_is_right(void **state) {
  (void)state;
  struct seen seen = run(".");
  if (seen.errors) fail_msg("%s", seen.error);
  /* 14 operations: tree-sitter does not ingest or encode, codecs do not parse, and the baseline
   * does not know points. */
  assert_int_equal(seen.runs, 2 * (12 + 12 + 13));
}

/* ---- lies: one hook at a time ---- */

static bool lie(struct stage_cursor *cursor, bool moved) {
  if (moved) cursor->head.symbol ^= 1;
  return moved;
}
static bool lie_first_child(struct stage_cursor *cursor) { return lie(cursor, honest->goto_first_child(cursor)); }
static bool lie_next_sibling(struct stage_cursor *cursor) { return lie(cursor, honest->goto_next_sibling(cursor)); }
static bool lie_parent(struct stage_cursor *cursor) { return lie(cursor, honest->goto_parent(cursor)); }
static bool lie_index(struct stage_cursor *cursor, uint32_t index) {
  return lie(cursor, honest->goto_index(cursor, index));
}
static bool lie_descendant(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  return lie(cursor, honest->goto_descendant_for_bytes(cursor, start, end));
}
static bool lie_previous_sibling(struct stage_cursor *cursor) {
  return lie(cursor, honest->goto_previous_sibling(cursor));
}
static bool lie_field(struct stage_cursor *cursor, uint16_t field) {
  return lie(cursor, honest->goto_child_by_field(cursor, field));
}
static bool lie_point(struct stage_cursor *cursor, TSPoint start, TSPoint end) {
  return lie(cursor, honest->goto_descendant_for_points(cursor, start, end));
}
static int lie_count(struct stage_cursor *cursor, uint16_t symbol, uint32_t *count) {
  (void)cursor, (void)symbol;
  *count = 1;
  return STAGE_OK;
}
static int fail_count(struct stage_cursor *cursor, uint16_t symbol, uint32_t *count) {
  (void)cursor, (void)symbol, (void)count;
  return STAGE_LIMIT;
}
/* Leaves out the last node of the first batch. */
static int lie_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  int error = honest->walk(cursor, nodes, capacity, count);
  if (*count > 1) (*count)--;
  return error;
}
static int fail_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  (void)cursor, (void)nodes, (void)capacity;
  *count = 0;
  return STAGE_CORRUPT;
}

static void expect_error(const char *filter, const char *words) {
  struct seen seen = run(filter);
  if (seen.errors == 0 || !strstr(seen.error, words)) fail_msg("%s: %u errors, '%s'", filter, seen.errors, seen.error);
  lying = *honest;
  seen = run(filter);
  if (seen.errors) fail_msg("%s is still wrong: %s", filter, seen.error);
}

static void lies_are_errors(void **state) {
  (void)state;
  struct bench_subject *subject = &bench.subjects[1];
  honest = subject->codec;
  lying = *honest;
  subject->codec = &lying;
  lying.goto_first_child = lie_first_child;
  expect_error("^first_child/baseline", "wrong answer");
  lying.goto_first_child = lie_first_child;
  expect_error("^cursor/baseline", "wrong answer");
  lying.goto_next_sibling = lie_next_sibling;
  expect_error("^next_sibling/baseline", "wrong answer");
  lying.goto_parent = lie_parent;
  expect_error("^parent/baseline", "wrong answer");
  lying.goto_index = lie_index;
  expect_error("^index/baseline", "wrong answer");
  lying.goto_descendant_for_bytes = lie_descendant;
  expect_error("^descendant/baseline", "wrong answer");
  lying.goto_previous_sibling = lie_previous_sibling;
  expect_error("^previous_sibling/baseline", "wrong answer");
  lying.goto_child_by_field = lie_field;
  expect_error("^child_by_field/baseline", "wrong answer");
  lying.walk = lie_walk;
  expect_error("^walk/baseline", "wrong answer");
  lying.walk = fail_walk;
  expect_error("^walk/baseline", "failed validation");
  lying.walk = fail_walk; /* which it counts by */
  expect_error("^count/baseline", "failed validation");
  lying.count_symbol = lie_count;
  expect_error("^count/baseline", "wrong answer");
  lying.count_symbol = fail_count;
  expect_error("^count/baseline", "a limit was exceeded");
  subject->codec = honest;
}

static void lies_about_points_are_errors(void **state) {
  (void)state;
  struct bench_subject *subject = &bench.subjects[2];
  honest = subject->codec;
  lying = *honest;
  subject->codec = &lying;
  lying.goto_descendant_for_points = lie_point;
  expect_error("^point/p1", "wrong answer");
  subject->codec = honest;
}

/* A field is asked for where one is; what is counted is common. */
static void questions_have_answers(void **state) {
  (void)state;
  uint32_t fields = 0, siblings = 0, counted = 0;
  for (uint32_t t = 0; t < bench.target_count; t++) {
    fields += bench.targets[t].child_by_field != 0;
    siblings += bench.targets[t].previous_sibling != 0;
  }
  for (uint32_t i = 0; i < bench.document_count; i++) counted += bench.documents[i].symbol_count;
  assert_true(fields > bench.target_count / 2);
  assert_true(siblings > bench.target_count / 4);
  assert_true(counted > bench.nodes / 100 && counted < bench.nodes / 2);
  assert_null(bench_lacks(&bench.subjects[0], "point"));
  assert_non_null(bench_lacks(&bench.subjects[1], "point"));
  assert_null(bench_lacks(&bench.subjects[1], "descendant"));
  assert_null(bench_lacks(&bench.subjects[2], "point"));
}

/* ---- the sample ---- */

static void sample_is_seeded_and_bounded(void **state) {
  (void)state;
  struct corpus *corpus;
  struct fault fault = {0};
  assert_true(corpus_open_directory(folder, NULL, &corpus, &fault));
  uint64_t nodes[3];
  for (unsigned i = 0; i < 3; i++) {
    struct bench sample;
    assert_true(bench_open(&sample, corpus, i < 2 ? 200 : 1, 7, &fault));
    assert_true(sample.source_bytes <= 200 || sample.document_count == 1);
    nodes[i] = sample.nodes + 1000 * sample.source_bytes;
    if (i == 2) assert_int_equal(sample.document_count, 1); /* at least one, however large */
    bench_close(&sample);
  }
  assert_int_equal(nodes[0], nodes[1]);
  corpus_close(corpus);
}

/* ---- fixtures ---- */

static void write_file(const char *name, const char *text, unsigned times) {
  char path[200];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  for (unsigned i = 0; i < times; i++) fputs(text, out);
  assert_int_equal(fclose(out), 0);
}

static int set_up(void **state) {
  (void)state;
  static struct combination baseline, p1; /* the bench keeps pointers to them */
  const char *build = getenv("PHASEBENCH_BUILD_DIR");
  char path[4096];
  struct corpus *corpus;
  struct fault fault = {0};
  if (!build || !mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/stages", build);
  setenv("PHASEBENCH_STAGE_DIR", path, 1);
  snprintf(path, sizeof path, "%s/grammars", build);
  setenv("PHASEBENCH_GRAMMAR_DIR", path, 1);
  struct stage_heap *heap = heap_new("tree-sitter", &fault);
  if (heap) heap_use_for_tree_sitter(heap);
  write_file("a.c", "int f(int a) { return a ? f(a - 1) : 0; } /* c */\n", 40);
  write_file("b.js", "const x = (a, b) => { if (a) { return [a, ...b]; } };\n", 30);
  write_file("broken.c", "int f( { ) ] else\n", 3);
  write_file("empty.c", "", 0);
  bool ok = heap && combination_parse("baseline", &baseline, &fault) && combination_parse("p1", &p1, &fault) &&
            corpus_open_directory(folder, NULL, &corpus, &fault);
  if (ok) {
    ok = bench_open(&bench, corpus, 1 << 20, 1, &fault) && bench_add(&bench, &baseline, &fault) &&
         bench_add(&bench, &p1, &fault);
    corpus_close(corpus);
  }
  if (!ok) fprintf(stderr, "%s\n", fault.message);
  return ok ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  static const char *const names[] = {"a.c", "b.js", "broken.c", "empty.c"};
  char path[200];
  gbench_clear();
  bench_close(&bench);
  for (unsigned i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    unlink(path);
  }
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_operation_is_right),     cmocka_unit_test(lies_are_errors),
      cmocka_unit_test(lies_about_points_are_errors), cmocka_unit_test(questions_have_answers),
      cmocka_unit_test(sample_is_seeded_and_bounded),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
