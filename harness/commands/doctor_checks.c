/* SPDX-License-Identifier: MIT
 *
 * doctor_checks.c - see doctor_checks.h: the CPU and what else runs. Memory is in doctor_memory.c. */
#include "doctor_checks.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/count.h"
#include "base/number.h"
#include "system/environment.h"

struct doctor_check *doctor_add(struct doctor *doctor, const char *name, enum doctor_state state, const char *why,
                                const char *todo, const char *found, ...) {
  if (doctor->count == sizeof doctor->checks / sizeof doctor->checks[0]) abort(); /* there are not so many checks */
  struct doctor_check *check = &doctor->checks[doctor->count++];
  *check = (struct doctor_check){.name = name, .state = state, .why = why};
  va_list arguments;
  va_start(arguments, found);
  vsnprintf(check->found, sizeof check->found, found, arguments);
  va_end(arguments);
  snprintf(check->todo, sizeof check->todo, "%s", todo);
  return check;
}

const char *doctor_state_name(enum doctor_state state) {
  static const char *const names[] = {"ok", "warn", "fail"};
  return names[state];
}

enum doctor_state doctor_worst(const struct doctor *doctor) {
  enum doctor_state worst = DOCTOR_OK;
  for (unsigned i = 0; i < doctor->count; i++) {
    if (doctor->checks[i].state > worst) worst = doctor->checks[i].state;
  }
  return worst;
}

/* Tries it in a child, since a process cannot switch these on again. */
struct doctor_refusals doctor_try_refusals(void) {
  struct doctor_refusals refusals = {0};
  int ends[2];
  pid_t child = -1;
  if (pipe(ends) == 0) child = fork();
  else return (struct doctor_refusals){errno, errno};
  if (child == 0) {
    int persona = personality(0xffffffff);
    if (persona < 0 || personality((unsigned long)persona | ADDR_NO_RANDOMIZE) < 0) refusals.aslr = errno;
    if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) refusals.huge_pages = errno;
    _exit(write(ends[1], &refusals, sizeof refusals) != (ssize_t)sizeof refusals);
  }
  close(ends[1]);
  if (child < 0 || read(ends[0], &refusals, sizeof refusals) != (ssize_t)sizeof refusals) {
    refusals = (struct doctor_refusals){EIO, EIO};
  }
  close(ends[0]);
  if (child > 0) waitpid(child, NULL, 0);
  return refusals;
}

/* The first line of a file; false: `why` says why not. */
static bool read_line(const char *path, char *text, size_t text_bytes, char why[256]) {
  if (!environment_read(path, text, text_bytes, why)) return false;
  text[strcspn(text, "\n")] = '\0';
  return true;
}

static void check_aslr(struct doctor *doctor, int refused) {
  static const char why[] = "with random addresses, repetitions of a cell differ in pages; cells switch them off";
  char text[64], reason[256];
  bool off = read_line("/proc/sys/kernel/randomize_va_space", text, sizeof text, reason) && strcmp(text, "0") == 0;
  if (!refused) doctor_add(doctor, "aslr", DOCTOR_OK, why, "", "cells may switch random addresses off");
  else if (off) doctor_add(doctor, "aslr", DOCTOR_OK, why, "", "random addresses are off on the whole machine");
  else
    doctor_add(doctor, "aslr", DOCTOR_WARN, why,
               "allow personality(ADDR_NO_RANDOMIZE): in a container, by its seccomp profile (docker run "
               "--security-opt seccomp=unconfined); or take more repetitions",
               "cells may not switch random addresses off: %s", strerror(refused));
}

static const char *text_of(const cJSON *record, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
  return cJSON_IsString(item) ? item->valuestring : NULL;
}

static const char *reason_of(const cJSON *record, const char *key) {
  const char *reason = text_of(cJSON_GetObjectItemCaseSensitive(record, "missing"), key);
  return reason ? reason : "not known";
}

static void check_huge_pages(struct doctor *doctor, const cJSON *record, int refused) {
  static const char why[] =
      "a huge page counts as 2 MiB where 4 KiB are used, and comes when the kernel likes; cells "
      "switch them off";
  const char *setting = text_of(record, "transparent_hugepages");
  if (!refused || (setting && strcmp(setting, "never") == 0))
    doctor_add(doctor, "huge_pages", DOCTOR_OK, why, "", "%s%s", setting ? setting : "no setting is shown",
               refused ? "" : "; cells may switch them off");
  else
    doctor_add(doctor, "huge_pages", DOCTOR_WARN, why,
               "as root: echo never > /sys/kernel/mm/transparent_hugepage/enabled",
               "%s, and cells may not switch "
               "them off: %s",
               setting ? setting : reason_of(record, "transparent_hugepages"), strerror(refused));
}

static void check_governor(struct doctor *doctor, const cJSON *record) {
  static const char why[] = "a CPU that changes its clock makes times differ; memory figures do not depend on it";
  const char *governor = text_of(record, "governor");
  bool guest = text_of(record, "virtualisation") && strcmp(text_of(record, "virtualisation"), "hypervisor") == 0;
  if (governor && strcmp(governor, "performance") == 0)
    doctor_add(doctor, "governor", DOCTOR_OK, why, "", "performance");
  else if (governor)
    doctor_add(doctor, "governor", DOCTOR_WARN, why, "as root: cpupower frequency-set -g performance", "%s", governor);
  else
    doctor_add(doctor, "governor", DOCTOR_WARN, why,
               guest ? "nothing can be done in a guest; compare only times of interleaved runs"
                     : "compare only times of interleaved runs",
               "%s", guest ? "not shown to a virtual machine" : reason_of(record, "governor"));
}

static void check_virtual(struct doctor *doctor, const cJSON *record) {
  static const char why[] = "other guests of the host take time and caches; memory figures do not depend on it";
  const char *found = text_of(record, "virtualisation");
  char text[4096], reason[256];
  unsigned long long t[8] = {0}, all = 0;
  double stolen_pct = -1;
  if (environment_read("/proc/stat", text, sizeof text, reason) &&
      sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6],
             &t[7]) == 8) {
    for (unsigned i = 0; i < 8; i++) all += t[i];
    if (all) stolen_pct = 100.0 * (double)t[7] / (double)all;
  }
  if (found && strcmp(found, "none") == 0) doctor_add(doctor, "virtual", DOCTOR_OK, why, "", "no hypervisor");
  else if (!found) doctor_add(doctor, "virtual", DOCTOR_WARN, why, "", "%s", reason_of(record, "virtualisation"));
  else if (stolen_pct >= 0)
    doctor_add(doctor, "virtual", DOCTOR_WARN, why, "compare only times of interleaved runs",
               "a virtual machine; its host took %.2f %% of the time since it started", stolen_pct);
  else
    doctor_add(doctor, "virtual", DOCTOR_WARN, why, "compare only times of interleaved runs", "a virtual machine; %s",
               "/proc/stat does not tell how much time its host took");
}

static long check_cores(struct doctor *doctor) {
  static const char why[] =
      "cells run one at a time on one CPU; what else runs needs another, and threads that share "
      "a core slow each other down";
  char text[256], smt[16], reason[256];
  long count = 0;
  if (!read_line("/sys/devices/system/cpu/online", text, sizeof text, reason)) {
    doctor_add(doctor, "cores", DOCTOR_WARN, why, "", "%s", reason);
    return 0;
  }
  for (const char *at = text; *at; at += *at == ',') { /* "0-3,8" */
    uint64_t first, last;
    at = number_read(at, 10, &first);
    last = first;
    if (at && *at == '-') at = number_read(at + 1, 10, &last);
    if (!at || last < first || last > INT_MAX) break;
    count += (long)(last - first) + 1;
  }
  bool shares = read_line("/sys/devices/system/cpu/smt/active", smt, sizeof smt, reason) && strcmp(smt, "1") == 0;
  const char *todo = shares      ? "for times, leave the sibling threads idle, or as root: echo off > "
                                   "/sys/devices/system/cpu/smt/control"
                     : count < 2 ? "for times, let nothing else run"
                                 : "";
  doctor_add(doctor, "cores", shares || count < 2 ? DOCTOR_WARN : DOCTOR_OK, why, todo, "%ld CPU%s online (%s)%s",
             count, count == 1 ? "" : "s", text, shares ? ", two threads or more on a core" : "");
  return count;
}

static void check_load(struct doctor *doctor, long cpu_count) {
  static const char why[] = "what else runs takes time and caches; memory figures do not depend on it";
  char text[128], reason[256];
  double load;
  if (!read_line("/proc/loadavg", text, sizeof text, reason)) snprintf(text, sizeof text, "%.120s", reason);
  if (sscanf(text, "%lf", &load) != 1) {
    doctor_add(doctor, "load", DOCTOR_WARN, why, "", "%s", text[0] ? text : "/proc/loadavg is empty");
  } else {
    bool busy = load > 0.5 && load > (double)cpu_count / 4;
    doctor_add(doctor, "load", busy ? DOCTOR_WARN : DOCTOR_OK, why,
               busy ? "for times, wait until the machine is idle" : "",
               "%.2f processes were running or waiting in the last minute", load);
  }
}

static void check_clock(struct doctor *doctor) {
  static const char why[] = "accesses of a few microseconds are timed one by one; reading a slow clock takes as long";
  static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  static const char *const quick[] = {"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page"};
  char text[64], reason[256];
  if (!read_line(path, text, sizeof text, reason)) {
    doctor_add(doctor, "clock", DOCTOR_WARN, why, "", "%s", reason);
    return;
  }
  bool is_quick = false;
  for (size_t i = 0; i < COUNT(quick); i++) is_quick |= strcmp(text, quick[i]) == 0;
  doctor_add(doctor, "clock", is_quick ? DOCTOR_OK : DOCTOR_WARN, why,
             is_quick ? ""
                      : "see available_clocksource in /sys/devices/system/clocksource/clocksource0 for a quicker "
                        "one; times of accesses include the clock's",
             "%s", text);
}

static void check_kernel(struct doctor *doctor) {
  static const char why[] = "all memory figures come from there";
  char text[8192], reason[256];
  if (!environment_read("/proc/self/smaps_rollup", text, sizeof text, reason))
    doctor_add(doctor, "smaps", DOCTOR_FAIL, why,
               "take a kernel of 4.14 or newer with CONFIG_PROC_PAGE_MONITOR, and "
               "mount /proc",
               "%s", reason);
  else if (!strstr(text, "\nRss:") || !strstr(text, "\nAnonymous:"))
    doctor_add(doctor, "smaps", DOCTOR_FAIL, why, "take a kernel of 4.14 or newer",
               "/proc/self/smaps_rollup has no Rss or no Anonymous");
  else doctor_add(doctor, "smaps", DOCTOR_OK, why, "", "the kernel tells resident memory exactly");
}

void doctor_machine(struct doctor *doctor, struct doctor_refusals refusals) {
  cJSON *record = environment_record();
  check_kernel(doctor);
  check_aslr(doctor, refusals.aslr);
  check_huge_pages(doctor, record, refusals.huge_pages);
  long cpu_count = check_cores(doctor);
  check_governor(doctor, record);
  check_virtual(doctor, record);
  check_clock(doctor);
  check_load(doctor, cpu_count);
  cJSON_Delete(record);
}
