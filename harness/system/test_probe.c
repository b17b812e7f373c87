/* SPDX-License-Identifier: MIT
 *
 * test_probe.c - the probes against a faked /proc/self, where each figure is known, and
 * against this process, where planted memory is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/count.h"
#include "probe.h"

static char root[64];

static const char *file_of(const char *name) {
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", root, name);
  return path;
}

static void put(const char *name, const char *text) {
  FILE *out = fopen(file_of(name), "w");
  assert_non_null(out);
  fputs(text, out);
  assert_int_equal(fclose(out), 0);
}

static const char rollup[] =
    "55bb77eea000-7ffd8215f000 ---p 00000000 00:00 0                          [rollup]\n"
    "Rss:                1740 kB\nPss:                 400 kB\nPss_Dirty:           108 kB\nPss_Anon:            108 "
    "kB\n"
    "Shared_Clean:       1588 kB\nShared_Dirty:          1 kB\nPrivate_Clean:        44 kB\nPrivate_Dirty:       107 "
    "kB\n"
    "Referenced:         1740 kB\nAnonymous:           108 kB\nSwap:                  3 kB\nSwapPss:               0 "
    "kB\n";

static const char smaps[] =
    "1000-2000 r-xp 00000000 fe:00 1                  /opt/phasebench/phasebench\nSize: 4 kB\nRss: 1 kB\nPss: 1 kB\n"
    "2000-3000 rw-p 00000000 00:00 0 \nRss: 2 kB\nVmFlags: rd mr\n"
    "3000-4000 rw-p 00000000 00:00 0                  [heap]\nRss: 4 kB\n"
    "4000-5000 r-xp 00000000 fe:00 2                  /opt/phasebench/stages/p1.so\nRss: 8 kB\n"
    "5000-6000 r-xp 00000000 fe:00 3                  /opt/phasebench/grammars/c.so\nRss: 16 kB\n"
    "6000-7000 r-xp 00000000 fe:00 4                  /usr/lib/libc.so.6\nRss: 32 kB\n"
    "7000-8000 r--s 00000000 fe:00 5                  /data/corpus/with space/a.c (deleted)\nRss: 64 kB\n"
    "8000-9000 rw-p 00000000 00:00 0                  [stack]\nRss: 128 kB\n"
    "9000-a000 r-xp 00000000 00:00 0                  [vdso]\nRss: 256 kB\n"
    "a000-b000 rw-p 00000000 00:00 0                  [anon:arena]\nRss: 512 kB\n"
    "b000-c000 rw-s 00000000 00:00 0                  /dev/zero (deleted)\nRss: 1024 kB\n"
    "c000-d000 r-xp 00000000 fe:00 6                  /opt/phasebench/stagesX/other.so\nRss: 2048 kB\n"
    "d000-e000 r-xp 00000000 fe:00 7                  /data/corpus/build/mine.so\nRss: 4096 kB\n"
    "e000-f000 r-xp 00000000 fe:00 7                  /home/me.software/notes\nRss: 8192 kB\n";

static int set_up(void **state) {
  (void)state;
  strcpy(root, "phasebench-proc-XXXXXX");
  if (!mkdtemp(root)) return -1;
  put("smaps_rollup", rollup);
  put("smaps", smaps);
  put("status", "Name:\tx\nVmPeak:\t  999999 kB\nVmHWM:\t    2000 kB\nVmRSS:\t    1740 kB\n");
  put("clear_refs", "");
  if (symlink("/opt/phasebench/phasebench", file_of("exe")) != 0) return -1;
  probe_set_proc_root(root);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  static const char *const names[] = {"smaps_rollup", "smaps", "status", "clear_refs", "exe"};
  for (size_t i = 0; i < COUNT(names); i++) unlink(file_of(names[i]));
  rmdir(file_of("clear_refs"));
  probe_set_proc_root("/proc/self");
  return rmdir(root);
}

static void figures_are_those_of_the_files(void **state) {
  (void)state;
  struct probe_reading reading;
  probe_read(&reading);
  for (unsigned i = 0; i < PROBE_FIGURE_COUNT; i++) {
    if (reading.missing[i]) fail_msg("%s", reading.missing[i]);
  }
  assert_int_equal(reading.value[PROBE_RSS], 1740 * 1024);
  assert_int_equal(reading.value[PROBE_PSS], 400 * 1024);
  assert_int_equal(reading.value[PROBE_PRIVATE], 151 * 1024);
  assert_int_equal(reading.value[PROBE_SHARED], 1589 * 1024);
  assert_int_equal(reading.value[PROBE_ANONYMOUS], 108 * 1024);
  assert_int_equal(reading.value[PROBE_FILE], (1740 - 108) * 1024);
  assert_int_equal(reading.value[PROBE_SWAP], 3 * 1024);
  assert_int_equal(reading.value[PROBE_PEAK_RSS], 2000 * 1024);
  char written[8] = "";
  FILE *in = fopen(file_of("clear_refs"), "r");
  assert_non_null(fgets(written, sizeof written, in));
  fclose(in);
  assert_string_equal(written, "5");
}

static void mappings_have_owners(void **state) {
  (void)state;
  assert_true(probe_add_place(PROBE_OWNER_STAGE, "/opt/phasebench/stages/"));
  assert_true(probe_add_place(PROBE_OWNER_GRAMMAR, "/opt/phasebench/grammars"));
  assert_true(probe_add_place(PROBE_OWNER_CORPUS, "/data/corpus"));
  assert_true(probe_add_place(PROBE_OWNER_STAGE, "/data/corpus/build/mine.so"));
  struct probe_reading reading;
  probe_read(&reading);
  assert_null(reading.rss_by_owner_missing);
  static const uint64_t expected_kb[PROBE_OWNER_COUNT] = {
      [PROBE_OWNER_PROGRAM] = 1,       [PROBE_OWNER_ANONYMOUS] = 2 + 4 + 512, [PROBE_OWNER_STAGE] = 8 + 4096,
      [PROBE_OWNER_GRAMMAR] = 16,      [PROBE_OWNER_LIBRARY] = 32 + 2048,     [PROBE_OWNER_CORPUS] = 64,
      [PROBE_OWNER_STACK] = 128 + 256, [PROBE_OWNER_OTHER] = 1024 + 8192,
  };
  for (unsigned i = 0; i < PROBE_OWNER_COUNT; i++) {
    if (reading.rss_by_owner_bytes[i] != expected_kb[i] * 1024) {
      fail_msg("%s: %lu bytes", probe_owner_name(i), (unsigned long)reading.rss_by_owner_bytes[i]);
    }
  }
}

static void smaps_longer_than_the_buffer(void **state) {
  (void)state;
  FILE *out = fopen(file_of("smaps"), "w");
  enum { COUNT = 20000 };
  for (unsigned i = 1; i <= COUNT; i++) {
    fprintf(out, "%x000-%x000 r--s 00000000 fe:00 5    /somewhere/%0*u.data\nSize: 4 kB\nRss: 4 kB\nPss: 4 kB\n", i,
            i + 1, (int)(i % 3000) + 1, i);
  }
  fclose(out);
  struct probe_reading reading;
  probe_read(&reading);
  assert_null(reading.rss_by_owner_missing);
  assert_int_equal(reading.rss_by_owner_bytes[PROBE_OWNER_OTHER], COUNT * 4096);
}

static void expect_missing(const struct probe_reading *reading, enum probe_figure figure, const char *why) {
  assert_int_equal(reading->value[figure], 0);
  if (!reading->missing[figure] || !strstr(reading->missing[figure], why)) {
    fail_msg("the reason is: %s", reading->missing[figure] ? reading->missing[figure] : "(none)");
  }
}

static void missing_figures_have_reasons(void **state) {
  (void)state;
  struct probe_reading first, second;
  put("smaps_rollup", "Rss: 10 kB\nPrivate_Clean: 5 kB\nPss: many\n");
  put("status", "VmRSS: 10 kB\n");
  probe_read(&first);
  assert_null(first.missing[PROBE_RSS]);
  assert_int_equal(first.value[PROBE_RSS], 10240);
  expect_missing(&first, PROBE_PSS, "smaps_rollup has no Pss");
  expect_missing(&first, PROBE_PRIVATE, "smaps_rollup has no Private_Dirty");
  expect_missing(&first, PROBE_ANONYMOUS, "smaps_rollup has no Anonymous");
  expect_missing(&first, PROBE_FILE, "smaps_rollup has no Anonymous");
  expect_missing(&first, PROBE_PEAK_RSS, "status has no VmHWM");
  unlink(file_of("smaps_rollup"));
  unlink(file_of("smaps"));
  probe_read(&second);
  expect_missing(&second, PROBE_RSS, "smaps_rollup cannot be opened: No such file or directory");
  assert_non_null(strstr(second.rss_by_owner_missing, "smaps cannot be opened"));
  expect_missing(&first, PROBE_PSS, "smaps_rollup has no Pss"); /* reasons told before stay */
}

/* Without clear_refs, VmHWM of later windows is another figure than the one asked for. */
static void peak_is_missing_where_it_cannot_be_reset(void **state) {
  (void)state;
  unlink(file_of("clear_refs"));
  assert_int_equal(mkdir(file_of("clear_refs"), 0700), 0);
  struct probe_reading reading;
  probe_read(&reading);
  assert_int_equal(reading.value[PROBE_PEAK_RSS], 2000 * 1024); /* since the process began: the first window */
  probe_read(&reading);
  expect_missing(&reading, PROBE_PEAK_RSS, "since the process began");
}

static void damaged_smaps_is_missing(void **state) {
  (void)state;
  static const char *const texts[] = {"", "nonsense\n", "Rss: 4 kB\n", "1000-2000 rw-p 0 0:0 0\nRss: x kB\n",
                                      "1000-2000 rw-p 0 0:0 0\nRss: 4 k"};
  for (size_t i = 0; i < COUNT(texts); i++) {
    put("smaps", texts[i]);
    struct probe_reading reading;
    probe_read(&reading);
    if (!reading.rss_by_owner_missing) fail_msg("accepted: %s", texts[i]);
  }
}

/* ---- this process ---- */

static char zeroed[8 << 20]; /* in the program's zero-initialised data */

static void planted_memory_is_found(void **state) {
  (void)state;
  enum { PLANTED = 32 << 20 };
  struct probe_reading before, during, after;
  probe_prime();
  probe_prime();
  probe_read(&before);
  if (before.missing[PROBE_RSS]) skip();
  char *planted = mmap(NULL, PLANTED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(planted, PLANTED, MADV_NOHUGEPAGE);
  memset(planted, 1, PLANTED);
  probe_read(&during);
  munmap(planted, PLANTED);
  probe_read(&after);
  int64_t grown = (int64_t)(during.value[PROBE_RSS] - before.value[PROBE_RSS]);
  assert_in_range(grown, PLANTED, PLANTED + 65536);
  grown = (int64_t)(during.value[PROBE_ANONYMOUS] - before.value[PROBE_ANONYMOUS]);
  assert_in_range(grown, PLANTED, PLANTED + 65536);
  grown =
      (int64_t)(during.rss_by_owner_bytes[PROBE_OWNER_ANONYMOUS] - before.rss_by_owner_bytes[PROBE_OWNER_ANONYMOUS]);
  assert_in_range(grown, PLANTED, PLANTED + 65536);
  /* An eighth more for the shadow of the address sanitizer. */
  assert_in_range(during.value[PROBE_MINOR_FAULTS], PLANTED / 4096, PLANTED / 4096 * 9 / 8 + 200);
  int64_t left = (int64_t)(after.value[PROBE_RSS] - before.value[PROBE_RSS]);
  if (left < -65536 || left > 65536) fail_msg("%ld bytes are left", (long)left);
}

/* Peaks are each window's own: the second window does not see the first one's. */
static void peak_is_that_of_the_window(void **state) {
  (void)state;
  enum { PLANTED = 32 << 20, LAZY = 2 << 20 };
  struct probe_reading start, with, without;
  probe_read(&start);
  char *planted = mmap(NULL, PLANTED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(planted, 1, PLANTED);
  munmap(planted, PLANTED);
  probe_read(&with);
  probe_read(&without);
  if (with.missing[PROBE_PEAK_RSS]) skip();
  assert_true(with.value[PROBE_PEAK_RSS] + LAZY >= start.value[PROBE_RSS] + PLANTED);
  assert_true(without.value[PROBE_PEAK_RSS] <= start.value[PROBE_RSS] + LAZY);
}

static void owners_add_up_to_rss(void **state) {
  (void)state;
  struct probe_reading reading;
  probe_prime();
  probe_read(&reading);
  assert_null(reading.rss_by_owner_missing);
  int64_t rest = (int64_t)reading.value[PROBE_RSS];
  for (unsigned i = 0; i < PROBE_OWNER_COUNT; i++) rest -= (int64_t)reading.rss_by_owner_bytes[i];
  if (rest < -65536 || rest > 65536) fail_msg("%ld bytes have no owner", (long)rest);
  assert_true(reading.rss_by_owner_bytes[PROBE_OWNER_LIBRARY] > 0);
  assert_true(reading.rss_by_owner_bytes[PROBE_OWNER_STACK] > 0);
}

static void zeroed_data_is_the_programs(void **state) {
  (void)state;
  struct probe_reading before, after;
  probe_prime();
  probe_read(&before);
  memset(zeroed, 1, sizeof zeroed);
  probe_read(&after);
  assert_in_range(after.rss_by_owner_bytes[PROBE_OWNER_PROGRAM] - before.rss_by_owner_bytes[PROBE_OWNER_PROGRAM],
                  sizeof zeroed - 8192, sizeof zeroed + 65536);
}

/* Once primed, reading costs nothing. */
static void reading_does_not_disturb(void **state) {
  (void)state;
  struct probe_reading first, second;
  probe_prime();
  probe_prime();
  probe_read(&first);
  for (unsigned i = 0; i < 20; i++) probe_read(&second);
  assert_int_equal(second.value[PROBE_RSS], first.value[PROBE_RSS]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reading_does_not_disturb),
      cmocka_unit_test_setup_teardown(figures_are_those_of_the_files, set_up, tear_down),
      cmocka_unit_test_setup_teardown(mappings_have_owners, set_up, tear_down),
      cmocka_unit_test_setup_teardown(smaps_longer_than_the_buffer, set_up, tear_down),
      cmocka_unit_test_setup_teardown(missing_figures_have_reasons, set_up, tear_down),
      cmocka_unit_test_setup_teardown(peak_is_missing_where_it_cannot_be_reset, set_up, tear_down),
      cmocka_unit_test_setup_teardown(damaged_smaps_is_missing, set_up, tear_down),
      cmocka_unit_test(planted_memory_is_found),
      cmocka_unit_test(peak_is_that_of_the_window),
      cmocka_unit_test(owners_add_up_to_rss),
      cmocka_unit_test(zeroed_data_is_the_programs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
