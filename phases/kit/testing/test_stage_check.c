/* SPDX-License-Identifier: MIT
 *
 * The conformance check finds a codec that lies: each lie is one hook of the skeleton, changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage_module.h"

static const struct stage_ops *honest; /* the skeleton */
static struct stage_ops liar;

/* ---- what was reported ---- */

static jmp_buf after_report;
static char reported[1024];

static void keep_report(const char *file, int line, const char *message) {
  assert_true(line > 0 && strstr(file, "check_"));
  snprintf(reported, sizeof reported, "%s", message);
  longjmp(after_report, 1);
}

/* What a failed check has allocated is lost, which is no leak to the sanitizer. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* Runs a check; whether it failed. */
static bool fails(void (*check)(const struct stage_ops *ops)) {
  reported[0] = 0;
  check_report_to(keep_report);
  if (__lsan_disable) __lsan_disable();
  if (setjmp(after_report) == 0) check(&liar);
  if (__lsan_enable) __lsan_enable();
  check_report_to(NULL);
  return reported[0] != 0;
}

static void extremes(const struct stage_ops *ops) { check_codec_extremes(ops, 500, 300, 97); }

/* ---- lies ---- */

static int put_calls;

static bool lie_parent(struct stage_cursor *cursor) {
  bool moved = honest->goto_parent(cursor);
  if (moved && cursor->head.index > 3) cursor->head.field++;
  return moved;
}
static bool lie_last_child(struct stage_cursor *cursor) { return honest->goto_first_child(cursor); }
static bool lie_next_sibling(struct stage_cursor *cursor) {
  return cursor->head.index % 5 != 4 && honest->goto_next_sibling(cursor);
}
static bool lie_child_by_field(struct stage_cursor *cursor, uint16_t field) {
  return honest->goto_child_by_field(cursor, field == 60000 ? 0 : field) || field == 60000;
}
static int lie_extent(struct stage_cursor *cursor, struct stage_extent *extent) {
  int error = honest->extent(cursor, extent);
  if (cursor->depth == 2) extent->end_column++;
  return error;
}
static int lie_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  int error = honest->walk(cursor, nodes, capacity, count);
  if (*count == capacity) --*count;
  return error;
}
static const char *lie_symbol_name(void *store, uint32_t language, uint16_t symbol) {
  return honest->symbol_name(store, language, symbol == 1 ? 2 : symbol);
}
static int lie_drop(void *store, uint32_t id) { return id == 7 ? STAGE_OK : honest->drop_tree(store, id); }
static void lie_delete(struct stage_cursor *cursor) { (void)cursor; } /* the pin is not let go of */
static void lie_close(struct stage_cursor *cursor) { (void)cursor; }
static int lie_put(void *store, const struct stage_document *document, TSTree *tree) {
  if (++put_calls < 5) return honest->put_tree(store, document, tree);
  ts_tree_delete(tree);
  return STAGE_OUT_OF_MEMORY;
}

static void each_lie_is_found(void **state) {
  (void)state;
  static const char *const names[] = {"parent", "last child", "next sibling", "field", "extent",
                                      "walk",   "name",       "drop",         "pin",   "put"};
  for (int lie = 0; lie < 10; lie++) {
    liar = *honest;
    if (lie == 0) liar.goto_parent = lie_parent;
    if (lie == 1) liar.goto_last_child = lie_last_child;
    if (lie == 2) liar.goto_next_sibling = lie_next_sibling;
    if (lie == 3) liar.goto_child_by_field = lie_child_by_field;
    if (lie == 4) liar.extent = lie_extent;
    if (lie == 5) liar.walk = lie_walk;
    if (lie == 6) liar.symbol_name = lie_symbol_name;
    if (lie == 7) liar.drop_tree = lie_drop;
    if (lie == 8) liar.cursor_close = lie_close, liar.cursor_delete = lie_delete;
    if (lie == 9) liar.put_tree = lie_put;
    put_calls = 0;
    if (!fails(check_codec)) fail_msg("a lie about %s is not found", names[lie]);
    print_message("%s: %s\n", names[lie], reported);
  }
}

static void the_truth_is_let_through(void **state) {
  (void)state;
  liar = *honest;
  if (fails(check_codec)) fail_msg("check_codec: %s", reported);
  if (fails(extremes)) fail_msg("check_codec_extremes: %s", reported);
}

/* Without a report, the process ends, and the message is on stderr. */
static void without_a_report_the_process_ends(void **state) {
  (void)state;
  char command[4200], line[300] = "";
  snprintf(command, sizeof command, "PHASEBENCH_GRAMMAR_DIR=/nowhere '%s' abort 2>&1", getenv("STAGE_CHECK_SELF"));
  FILE *pipe = popen(command, "r");
  assert_non_null(pipe);
  assert_non_null(fgets(line, sizeof line, pipe));
  assert_int_not_equal(pclose(pipe), 0);
  assert_non_null(strstr(line, "check_stage.c:"));
  assert_non_null(strstr(line, "/nowhere/c.so"));
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "abort") == 0) return check_grammar("c") == NULL;
  setenv("STAGE_CHECK_SELF", argv[0], 1);
  honest = stage_module("skeleton");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_truth_is_let_through),
      cmocka_unit_test(each_lie_is_found),
      cmocka_unit_test(without_a_report_the_process_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
