/* SPDX-License-Identifier: MIT
 *
 * test_heap.c - attribution is exact: what an owner holds is in its heap's figures to
 * the byte, and nowhere else; after release and flush it is 0; RSS follows a purge.
 * Where there is no jemalloc, what needs statistics is skipped, and wrong owners are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator.h"
#include "heap.h"
#include "stage.h"

/* Weak: absent in builds with sanitizers. */
extern int mallctl(const char *, void *, size_t *, void *, size_t) __attribute__((weak));
extern size_t sallocx(const void *, int) __attribute__((weak));

extern void *(*ts_current_malloc)(size_t bytes);
extern void *(*ts_current_calloc)(size_t count, size_t bytes);

static const char *self;

static struct stage_heap *new_heap(const char *name) {
  struct fault fault = {0};
  struct stage_heap *heap = heap_new(name, &fault);
  if (!heap) fail_msg("%s", fault.message);
  return heap;
}

static struct heap_statistics figures(struct stage_heap *heap) {
  struct heap_statistics statistics;
  heap_refresh();
  assert_true(heap_statistics(heap, &statistics));
  return statistics;
}

static long rss_bytes(void) {
  char text[4096];
  int fd = open("/proc/self/smaps_rollup", O_RDONLY);
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  assert_true(got > 0);
  text[got] = 0;
  const char *rss = strstr(text, "\nRss:");
  assert_non_null(rss);
  return strtol(rss + 5, NULL, 10) * 1024;
}

#define NEEDS_STATISTICS \
  if (!heap_statistics_available()) skip()

#define BLOCKS 3000

/* Small, medium and large, through the cache and past it. */
static size_t size_of_block(unsigned i) { return i % 3 == 0 ? 1 + i % 700 : i % 3 == 1 ? 3000 + i : 40000 + 16 * i; }

static void attribution_is_exact(void **state) {
  (void)state;
  NEEDS_STATISTICS;
  struct stage_heap *mine = new_heap("exact.mine"), *neighbour = new_heap("exact.neighbour");
  static void *mine_blocks[BLOCKS], *neighbour_blocks[BLOCKS];
  size_t mine_bytes = 0, neighbour_bytes = 0;
  for (unsigned i = 0; i < BLOCKS; i++) { /* interleaved, and with a resize that moves */
    mine_blocks[i] = heap_resize(mine, heap_allocate(mine, 8), size_of_block(i));
    mine_bytes += sallocx(mine_blocks[i], 0);
    neighbour_blocks[i] = heap_allocate(neighbour, size_of_block(i + 1));
    neighbour_bytes += sallocx(neighbour_blocks[i], 0);
  }
  heap_flush_all();
  assert_int_equal(figures(mine).allocated_bytes, mine_bytes);
  assert_int_equal(figures(neighbour).allocated_bytes, neighbour_bytes);
  assert_true(figures(mine).active_bytes >= mine_bytes);
  assert_true(figures(mine).resident_bytes >= figures(mine).active_bytes);
  for (unsigned i = 0; i < BLOCKS; i++) heap_release(mine, mine_blocks[i]);
  assert_true(figures(mine).allocated_bytes > 0); /* what the cache holds: why there is a flush */
  heap_flush_all();
  assert_int_equal(figures(mine).allocated_bytes, 0);
  assert_int_equal(figures(mine).active_bytes, 0);
  assert_int_equal(figures(neighbour).allocated_bytes, neighbour_bytes);
  for (unsigned i = 0; i < BLOCKS; i++) heap_release(neighbour, neighbour_blocks[i]);
  heap_purge_all();
  assert_int_equal(figures(neighbour).allocated_bytes, 0);
  assert_int_equal(figures(neighbour).dirty_bytes, 0);
}

static void malloc_is_the_heap_other(void **state) {
  (void)state;
  NEEDS_STATISTICS;
  struct stage_heap *mine = new_heap("other.mine"), *other = heap_at(0);
  assert_string_equal(heap_name(other), "other");
  heap_flush_all();
  uint64_t before = figures(other).allocated_bytes;
  void *p = malloc(10 << 20), *q = heap_allocate(other, 1 << 20); /* 10 MiB: past oversize_threshold */
  assert_true(heap_owns(other, p) && heap_owns(other, q) && !heap_owns(mine, p));
  heap_flush_all();
  assert_int_equal(figures(other).allocated_bytes, before + sallocx(p, 0) + sallocx(q, 0));
  assert_int_equal(figures(mine).allocated_bytes, 0);
  free(p);
  heap_release(other, q);
  heap_flush_all();
  assert_int_equal(figures(other).allocated_bytes, before);
}

static void heaps_together_are_all_of_the_allocator(void **state) {
  (void)state;
  NEEDS_STATISTICS;
  struct stage_heap *mine = new_heap("sum.mine");
  void *p = heap_allocate(mine, 123456), *q = malloc(54321);
  heap_flush_all();
  heap_refresh();
  struct heap_totals totals;
  assert_true(heap_totals(&totals));
  uint64_t allocated = 0, active = 0, metadata = 0;
  for (unsigned i = 0; i < heap_count(); i++) {
    struct heap_statistics statistics;
    assert_true(heap_statistics(heap_at(i), &statistics));
    allocated += statistics.allocated_bytes;
    active += statistics.active_bytes;
    metadata += statistics.metadata_bytes;
  }
  assert_int_equal(allocated, totals.allocated_bytes);
  assert_int_equal(active, totals.active_bytes);
  assert_int_equal(metadata, totals.metadata_bytes);
  free(q);
  heap_release(mine, p);
}

static void rss_follows(void **state) {
  (void)state;
  NEEDS_STATISTICS;
  struct stage_heap *mine = new_heap("rss.mine");
  /* Blocks that are large: jemalloc adds a page and 128 bytes to each extent, which alone
   * would be 1.6 % of 256 KiB. */
  enum { COUNT = 16, BYTES = 4 << 20, PLANTED = COUNT * BYTES };
  void **blocks = malloc(COUNT * sizeof *blocks);
  memset(blocks, 0, COUNT * sizeof *blocks);
  heap_purge_all();
  (void)figures(mine);
  (void)rss_bytes();
  long before = rss_bytes();
  for (unsigned i = 0; i < COUNT; i++) memset(blocks[i] = heap_allocate(mine, BYTES), 1, BYTES);
  long grown = rss_bytes() - before;
  assert_in_range(grown, PLANTED, PLANTED + PLANTED / 100);
  for (unsigned i = 0; i < COUNT; i++) heap_release(mine, blocks[i]);
  heap_purge_all();
  long left = rss_bytes() - before;
  if (left < -(256 << 10) || left > (PLANTED / 100))
    fail_msg("%ld bytes of %d are left after the purge", left, PLANTED);
  free(blocks);
}

/* In a process of its own, with MALLOC_CONF set: prints the decay times of a heap's arena. */
static int print_decay(void) {
  struct fault fault = {0};
  struct stage_heap *heap = heap_new("decay", &fault);
  void *p = heap_allocate(heap, 100);
  unsigned arena;
  size_t size = sizeof arena;
  if (mallctl("arenas.lookup", &arena, &size, &p, sizeof p)) return 1;
  ssize_t dirty, muzzy;
  size = sizeof dirty;
  char name[64];
  snprintf(name, sizeof name, "arena.%u.dirty_decay_ms", arena);
  if (mallctl(name, &dirty, &size, NULL, 0)) return 1;
  snprintf(name, sizeof name, "arena.%u.muzzy_decay_ms", arena);
  if (mallctl(name, &muzzy, &size, NULL, 0)) return 1;
  printf("%zd %zd %s\n", dirty, muzzy, allocator_options());
  return 0;
}

static void expect_decay(const char *malloc_conf, const char *decay, const char *option) {
  char command[512], line[512] = "";
  snprintf(command, sizeof command, "MALLOC_CONF=%s %s --print-decay", malloc_conf, self);
  FILE *in = popen(command, "r");
  assert_non_null(fgets(line, sizeof line, in));
  assert_int_equal(pclose(in), 0);
  if (strncmp(line, decay, strlen(decay)) != 0 || !strstr(line, option)) fail_msg("%s: %s", malloc_conf, line);
}

static void arenas_take_the_profile(void **state) {
  (void)state;
  NEEDS_STATISTICS;
  expect_decay("narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0,background_thread:false", "0 0 ", "narenas:1,");
  expect_decay("background_thread:false", "10000 0 ", "dirty_decay_ms:10000,");
}

static void tree_sitter_has_an_owner(void **state) {
  (void)state;
  struct stage_heap *heap = new_heap("tree-sitter");
  heap_use_for_tree_sitter(heap);
  TSParser *parser = ts_parser_new();
  assert_true(heap_owns(heap, parser));
  unsigned char *zeroed = ts_current_calloc(100, 100);
  for (unsigned i = 0; i < 10000; i++) assert_int_equal(zeroed[i], 0);
  assert_true(heap_owns(heap, zeroed));
  heap_release(heap, zeroed);
  ts_parser_delete(parser);
  heap_flush_all();
  if (heap_statistics_available()) assert_int_equal(figures(heap).allocated_bytes, 0);
}

/* Runs `act` in a child and gives its wait status and what it said on stderr. */
static int run_child(void (*act)(void), char *said, size_t said_bytes) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    act();
    _exit(0);
  }
  close(ends[1]);
  size_t used = 0;
  ssize_t got;
  while ((got = read(ends[0], said + used, said_bytes - used - 1)) > 0) used += (size_t)got;
  said[used] = 0;
  close(ends[0]);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return status;
}

static void ask_for_too_many(void) { ts_current_calloc(SIZE_MAX, 2); }
static void ask_for_too_much(void) { ts_current_malloc(SIZE_MAX / 4); }

static void out_of_memory_ends_the_process(void **state) {
  (void)state;
  char said[4096];
  int status = run_child(ask_for_too_many, said, sizeof said);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE_SYSTEM);
  assert_non_null(strstr(said, "out of memory: tree-sitter"));
  if (!heap_statistics_available()) return; /* ASan ends the process itself */
  status = run_child(ask_for_too_much, said, sizeof said);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE_SYSTEM);
  assert_non_null(strstr(said, "out of memory: tree-sitter"));
}

static void memory_for_stages_may_fail(void **state) {
  (void)state;
  NEEDS_STATISTICS; /* ASan ends the process itself */
  struct stage_heap *heap = new_heap("stage.fail");
  assert_null(heap_stage_ops.allocate(heap, SIZE_MAX / 4));
  char *p = heap_stage_ops.resize(heap, NULL, 10);
  memcpy(p, "unchanged", 10);
  assert_null(heap_stage_ops.resize(heap, p, SIZE_MAX / 4));
  assert_string_equal(p, "unchanged");
  heap_stage_ops.release(heap, p);
  heap_stage_ops.release(heap, NULL);
}

static struct stage_heap *right, *wrong;
static void release_to_the_wrong_heap(void) { heap_release(wrong, heap_allocate(right, 10)); }

static void wrong_owner_is_found_by_sanitized_builds(void **state) {
  (void)state;
  right = new_heap("owner.right");
  wrong = new_heap("owner.wrong");
  void *p = heap_allocate(right, 10);
  assert_int_equal((uintptr_t)p % 16, 0);
  assert_true(heap_owns(right, p));
  assert_false(heap_owns(wrong, p));
  p = heap_resize(right, p, 100000);
  assert_int_equal((uintptr_t)p % 16, 0);
  assert_true(heap_owns(right, p));
  heap_release(right, p);
  if (heap_statistics_available()) return;
  char said[4096];
  int status = run_child(release_to_the_wrong_heap, said, sizeof said);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  assert_non_null(strstr(said, "was given to the heap \"owner.wrong\" and comes from the heap owner.right"));
}

static void names_are_taken_once(void **state) {
  (void)state;
  struct fault fault = {0};
  assert_non_null(heap_new("twice", &fault));
  assert_null(heap_new("twice", &fault));
  assert_non_null(strstr(fault.message, "already"));
  fault.code = EXIT_CODE_OK;
  assert_null(heap_new("a name that is longer than a heap's name may be, by far", &fault));
}

/* Last: it takes all heaps there are. */
static void too_many_heaps_are_refused(void **state) {
  (void)state;
  struct fault fault = {0};
  char name[32];
  for (unsigned i = heap_count(); i < HEAP_COUNT_MAX; i++) {
    snprintf(name, sizeof name, "many.%u", i);
    assert_non_null(heap_new(name, &fault));
  }
  assert_null(heap_new("one.more", &fault));
  assert_int_equal(fault.code, EXIT_CODE_INTERNAL);
  assert_int_equal(heap_count(), HEAP_COUNT_MAX);
  assert_null(heap_at(HEAP_COUNT_MAX));
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--print-decay") == 0) return print_decay();
  self = argv[0];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attribution_is_exact),
      cmocka_unit_test(malloc_is_the_heap_other),
      cmocka_unit_test(heaps_together_are_all_of_the_allocator),
      cmocka_unit_test(rss_follows),
      cmocka_unit_test(arenas_take_the_profile),
      cmocka_unit_test(tree_sitter_has_an_owner),
      cmocka_unit_test(out_of_memory_ends_the_process),
      cmocka_unit_test(memory_for_stages_may_fail),
      cmocka_unit_test(wrong_owner_is_found_by_sanitized_builds),
      cmocka_unit_test(names_are_taken_once),
      cmocka_unit_test(too_many_heaps_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
