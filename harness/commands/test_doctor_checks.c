/* SPDX-License-Identifier: MIT
 *
 * test_doctor_checks.c - machines that are made up, as trees of /proc and /sys: each fault is found, and only that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/count.h"
#include "doctor_checks.h"
#include "system/environment.h"

static char root[] = "/tmp/phasebench-doctor-XXXXXX";

static void put(const char *path, const char *text) {
  char full[512];
  snprintf(full, sizeof full, "%s%s", root, path);
  for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(full, 0700);
    *slash = '/';
  }
  FILE *out = fopen(full, "w");
  assert_non_null(out);
  fputs(text, out);
  fclose(out);
}

static void take_away(const char *path) {
  char full[512];
  snprintf(full, sizeof full, "%s%s", root, path);
  assert_int_equal(unlink(full), 0);
}

#define MEMINFO(available, swap, swap_free)                                                 \
  "MemTotal: 134217728 kB\nMemFree: 1 kB\nMemAvailable: " available " kB\nSwapTotal: " swap \
  " kB\nSwapFree: " swap_free " kB\n"

/* 128 GiB, 8 CPUs, nothing to find fault with. */
static int fit_machine(void **state) {
  (void)state;
  put("/proc/self/smaps_rollup", "0-1 ---p 00000000 00:00 0 [rollup]\nRss: 4 kB\nAnonymous: 4 kB\n");
  put("/proc/self/cgroup", "0::/user/cell\n");
  put("/proc/sys/kernel/randomize_va_space", "2\n");
  put("/proc/cpuinfo", "model name\t: Abacus 3000\nflags\t\t: fpu vme\n");
  put("/proc/stat", "cpu  900 0 50 40 0 0 0 10 0 0\n");
  put("/proc/loadavg", "0.10 0.20 0.30 1/100 999\n");
  put("/proc/meminfo", MEMINFO("125829120", "0", "0"));
  put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  put("/sys/devices/system/cpu/online", "0-3,8-11\n");
  put("/sys/devices/system/cpu/smt/active", "0\n");
  put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
  put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  put("/sys/fs/cgroup/user/cell/memory.max", "max\n");
  put("/sys/fs/cgroup/user/cell/cpu.max", "max 100000\n");
  put("/sys/fs/cgroup/user/memory.max", "max\n");
  return 0;
}

static struct doctor doctor;

static void examine(struct doctor_refusals refusals) {
  memset(&doctor, 0, sizeof doctor);
  doctor_machine(&doctor, refusals);
  doctor_memory(&doctor);
}

/* The check `name` says `state` and names `found`; all others are ok. */
static void expect_only(const char *name, enum doctor_state state, const char *found) {
  bool seen = false;
  assert_true(doctor.count >= 12);
  for (unsigned i = 0; i < doctor.count; i++) {
    const struct doctor_check *check = &doctor.checks[i];
    assert_true(check->found[0] && strlen(check->why) > 20);
    if (strcmp(check->name, name) != 0) {
      if (check->state != DOCTOR_OK) fail_msg("%s: %s: %s", check->name, doctor_state_name(check->state), check->found);
      continue;
    }
    seen = true;
    if (check->state != state) fail_msg("%s: is %s: %s", name, doctor_state_name(check->state), check->found);
    if (!strstr(check->found, found)) fail_msg("%s: found '%s', expected '%s'", name, check->found, found);
  }
  assert_true(seen);
  assert_int_equal(doctor_worst(&doctor), state);
}

#define NONE ((struct doctor_refusals){0, 0})

static void a_fit_machine(void **state) {
  (void)state;
  examine(NONE);
  expect_only("cores", DOCTOR_OK, "8 CPUs online (0-3,8-11)");
  expect_only("memory", DOCTOR_OK, "122880 MiB");
}

static void what_the_kernel_refuses(void **state) {
  (void)state;
  examine((struct doctor_refusals){EPERM, 0});
  expect_only("aslr", DOCTOR_WARN, "not permitted");
  put("/proc/sys/kernel/randomize_va_space", "0\n");
  examine((struct doctor_refusals){EPERM, 0});
  expect_only("aslr", DOCTOR_OK, "off on the whole machine");
  examine((struct doctor_refusals){0, EPERM});
  expect_only("huge_pages", DOCTOR_WARN, "madvise");
  put("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
  examine((struct doctor_refusals){0, EPERM});
  expect_only("huge_pages", DOCTOR_OK, "never");
  take_away("/proc/self/smaps_rollup");
  examine(NONE);
  expect_only("smaps", DOCTOR_FAIL, "smaps_rollup cannot be read");
  put("/proc/self/smaps_rollup", "Pss: 4 kB\n");
  examine(NONE);
  expect_only("smaps", DOCTOR_FAIL, "no Rss");
}

static void what_makes_times_differ(void **state) {
  (void)state;
  static const struct {
    const char *path, *text, *check, *found;
  } cases[] = {
      {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n", "governor", "powersave"},
      {"/proc/loadavg", "2.50 0 0 1/1 1\n", "load", "2.50"},
      {"/proc/loadavg", "", "load", "is empty"},
      {"/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n", "clock", "hpet"},
      {"/sys/devices/system/cpu/smt/active", "1\n", "cores", "two threads or more"},
      {"/sys/devices/system/cpu/online", "0\n", "cores", "1 CPU online"},
      {"/proc/cpuinfo", "model name\t: Abacus\nflags\t\t: fpu hypervisor\n", "virtual", "took 1.00 %"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    fit_machine(NULL);
    put(cases[i].path, cases[i].text);
    examine(NONE);
    expect_only(cases[i].check, DOCTOR_WARN, cases[i].found);
  }
}

static void limits_of_control_groups(void **state) {
  (void)state;
  put("/sys/fs/cgroup/user/cell/memory.max", "137438953472\n"); /* all there is */
  examine(NONE);
  expect_only("memory_limit", DOCTOR_OK, "131072 MiB");
  put("/sys/fs/cgroup/user/memory.max", "107374182400\n"); /* the group above is narrower */
  examine(NONE);
  expect_only("memory_limit", DOCTOR_WARN, "102400 MiB");
  fit_machine(NULL);
  put("/sys/fs/cgroup/user/cell/cpu.max", "150000 100000\n");
  examine(NONE);
  expect_only("cpu_limit", DOCTOR_WARN, "1.50 CPUs");
  put("/sys/fs/cgroup/user/cell/cpu.max", "400000 100000\n");
  examine(NONE);
  expect_only("cpu_limit", DOCTOR_OK, "4.00 CPUs");
  fit_machine(NULL); /* version 1 */
  put("/proc/self/cgroup", "4:memory:/box\n1:cpu,cpuacct:/box\n0::/\n");
  put("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
  put("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
  put("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  examine(NONE);
  expect_only("memory_limit", DOCTOR_OK, "no control group");
  expect_only("cpu_limit", DOCTOR_OK, "no control group");
  put("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "107374182400\n");
  examine(NONE);
  expect_only("memory_limit", DOCTOR_WARN, "102400 MiB");
  put("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
  put("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "50000\n");
  examine(NONE);
  expect_only("cpu_limit", DOCTOR_WARN, "0.50 CPUs");
}

static void memory_and_swap(void **state) {
  (void)state;
  put("/proc/meminfo", MEMINFO("2097152", "0", "0"));
  examine(NONE);
  expect_only("memory", DOCTOR_WARN, "linux-core (");
  for (unsigned i = 0; i < doctor.count; i++) {
    if (strcmp(doctor.checks[i].name, "memory") == 0) assert_null(strstr(doctor.checks[i].found, "quick"));
  }
  put("/proc/meminfo", MEMINFO("51200", "0", "0"));
  examine(NONE);
  expect_only("memory", DOCTOR_FAIL, "50 MiB");
  put("/proc/meminfo", MEMINFO("125829120", "1048576", "1048576"));
  examine(NONE);
  expect_only("swap", DOCTOR_OK, "1024 MiB, unused");
  put("/proc/meminfo", MEMINFO("125829120", "1048576", "524288"));
  examine(NONE);
  expect_only("swap", DOCTOR_WARN, "512 of 1024 MiB");
  put("/proc/meminfo", "MemTotal: many kB\n");
  examine(NONE);
  for (unsigned i = 0; i < doctor.count; i++) {
    const char *name = doctor.checks[i].name;
    assert_int_equal(doctor.checks[i].state == DOCTOR_WARN, strcmp(name, "swap") == 0 || strcmp(name, "memory") == 0);
  }
}

/* A machine that tells nothing is never called ok where it was to be told. */
static void nothing_is_there(void **state) {
  (void)state;
  environment_set_root("/nonexistent");
  examine(NONE);
  environment_set_root(root);
  static const char *const untold[] = {"governor", "virtual", "clock", "load", "cores", "memory", "swap"};
  for (size_t u = 0; u < COUNT(untold); u++) {
    unsigned i = 0;
    while (i < doctor.count && strcmp(doctor.checks[i].name, untold[u]) != 0) i++;
    assert_true(i < doctor.count);
    if (doctor.checks[i].state == DOCTOR_OK) fail_msg("%s is ok: %s", untold[u], doctor.checks[i].found);
  }
  assert_int_equal(doctor_worst(&doctor), DOCTOR_FAIL); /* smaps */
}

static void this_machine_is_tried(void **state) {
  (void)state;
  struct doctor_refusals refusals = doctor_try_refusals();
  assert_in_range(refusals.aslr, 0, 4095);
  assert_int_equal(refusals.huge_pages, 0); /* always allowed */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_fit_machine, fit_machine),
      cmocka_unit_test_setup(what_the_kernel_refuses, fit_machine),
      cmocka_unit_test_setup(what_makes_times_differ, fit_machine),
      cmocka_unit_test_setup(limits_of_control_groups, fit_machine),
      cmocka_unit_test_setup(memory_and_swap, fit_machine),
      cmocka_unit_test_setup(nothing_is_there, fit_machine),
      cmocka_unit_test(this_machine_is_tried),
  };
  if (!mkdtemp(root)) return 1;
  environment_set_root(root);
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", root);
  return system(command) != 0 || failures;
}
