/* SPDX-License-Identifier: MIT
 *
 * doctor_memory.c - see doctor_checks.h: how much memory there is, what limits it, and the limit of CPU time, which is
 * found in the same way: control groups of version 2 or 1, this process's and those above it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "corpus/manifest.h"
#include "doctor_checks.h"
#include "system/environment.h"

uint64_t doctor_corpus_need_bytes(uint64_t line_count) { return 32 * MIB_BYTES + line_count * (MIB_BYTES / 900); }

/* ---- control groups ---- */

/* Where this process is in the hierarchy of `controller` ("" is version 2): "3:cpu,cpuacct:/path", "0::/path" */
static bool group_path(const char *controller, char path[1024]) {
  char text[8192], why[256];
  if (!environment_read("/proc/self/cgroup", text, sizeof text, why)) return false;
  size_t length = strlen(controller);
  char *rest = text;
  for (char *line; (line = strsep(&rest, "\n"));) {
    char *names = strchr(line, ':'), *at = names ? strchr(names + 1, ':') : NULL;
    if (!at || (size_t)snprintf(path, 1024, "%s", at + 1) >= 1024) continue;
    *at = '\0';
    if (!length && names[1] == '\0') return true;
    for (char *name; length && (name = strsep(&names, ":,"));) {
      if (strcmp(name, controller) == 0) return true;
    }
  }
  return false;
}

typedef bool read_limit_fn(const char *folder, double *limit);

/* The least limit from the group up to the root. Groups that a container hides from its processes are left
 * out. */
static bool least_limit(const char *mount, const char *controller, read_limit_fn *read_limit, double *least) {
  char path[1024], folder[1200];
  bool found = false;
  if (!group_path(controller, path)) return false;
  for (;;) {
    size_t length = strlen(path);
    while (length && path[length - 1] == '/') path[--length] = '\0';
    double limit;
    snprintf(folder, sizeof folder, "%s%s", mount, path);
    if (read_limit(folder, &limit) && (!found || limit < *least)) {
      *least = limit;
      found = true;
    }
    char *slash = strrchr(path, '/');
    if (!slash) return found;
    *slash = '\0';
  }
}

static bool read_file_number(const char *folder, const char *file, double *value, char *rest, size_t rest_bytes) {
  char path[1300], text[128], why[256], *end;
  snprintf(path, sizeof path, "%s/%s", folder, file);
  if (!environment_read(path, text, sizeof text, why)) return false;
  *value = strtod(text, &end);
  if (rest) snprintf(rest, rest_bytes, "%s", end);
  return end > text;
}

/* "max" is no limit; version 1 says the largest number of pages instead. */
static bool read_memory_limit(const char *folder, double *limit) {
  return (read_file_number(folder, "memory.max", limit, NULL, 0) ||
          read_file_number(folder, "memory.limit_in_bytes", limit, NULL, 0)) &&
         *limit >= 0 && *limit < 0x1p60;
}

/* In CPUs: quota over period, "200000 100000" in version 2. */
static bool read_cpu_limit(const char *folder, double *limit) {
  char rest[128];
  double quota, period;
  if (read_file_number(folder, "cpu.max", &quota, rest, sizeof rest)) period = strtod(rest, NULL);
  else if (!read_file_number(folder, "cpu.cfs_quota_us", &quota, NULL, 0) ||
           !read_file_number(folder, "cpu.cfs_period_us", &period, NULL, 0))
    return false;
  if (!(quota > 0) || !(period > 0)) return false;
  *limit = quota / period;
  return true;
}

static bool find_limit(const char *controller, read_limit_fn *read_limit, double *limit) {
  char mount[64];
  snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", controller);
  double other;
  bool found = least_limit("/sys/fs/cgroup", "", read_limit, limit);
  if (least_limit(mount, controller, read_limit, &other) && (!found || other < *limit)) {
    *limit = other;
    found = true;
  }
  return found;
}

static void check_group_memory(struct doctor *doctor) {
  static const char why[] =
      "a cell that passes it is killed without a word; a cell that passes run's --memory-limit "
      "is a failed cell with a reason";
  uint64_t total;
  double limit;
  char reason[256], todo[256] = "";
  if (!find_limit("memory", read_memory_limit, &limit)) {
    doctor_add(doctor, "memory_limit", DOCTOR_OK, why, "", "no control group limits memory");
    return;
  }
  doctor->memory_limit_bytes = (uint64_t)limit;
  /* run's own limit unless told otherwise is 9/10 of the machine's memory */
  bool first = !environment_memory("MemTotal", &total, reason) || limit < 0.9 * (double)total;
  if (first) snprintf(todo, sizeof todo, "phasebench run --memory-limit %.0fM, or raise the limit", limit * 0.9 / MIB);
  doctor_add(doctor, "memory_limit", first ? DOCTOR_WARN : DOCTOR_OK, why, todo,
             "control groups limit memory to %.0f MiB", limit / MIB);
}

static void check_group_cpu(struct doctor *doctor) {
  static const char why[] =
      "a process that has used up its share is stopped for up to a tenth of a second in the "
      "midst of what is timed; memory figures do not depend on it";
  double limit;
  if (!find_limit("cpu", read_cpu_limit, &limit)) {
    doctor_add(doctor, "cpu_limit", DOCTOR_OK, why, "", "no control group limits CPU time");
    return;
  }
  /* A cell has one thread; the rest is for whatever else runs in the group. */
  doctor_add(doctor, "cpu_limit", limit < 2 ? DOCTOR_WARN : DOCTOR_OK, why,
             limit < 2 ? "give it 2 CPUs or more, or use no times" : "", "control groups limit CPU time to %.2f CPUs",
             limit);
}

/* ---- memory and swap ---- */

static void check_swap(struct doctor *doctor) {
  static const char why[] = "what is swapped out is not resident: it would be missing from the figures";
  uint64_t total, left;
  char reason[256];
  if (!environment_memory("SwapTotal", &total, reason) || !environment_memory("SwapFree", &left, reason))
    doctor_add(doctor, "swap", DOCTOR_WARN, why, "", "%s", reason);
  else if (total == 0) doctor_add(doctor, "swap", DOCTOR_OK, why, "", "none");
  else if (left >= total) doctor_add(doctor, "swap", DOCTOR_OK, why, "", "%.0f MiB, unused", (double)total / MIB);
  else
    doctor_add(doctor, "swap", DOCTOR_WARN, why, "free memory, then as root: swapoff -a", "%.0f of %.0f MiB in use",
               (double)(total - left) / MIB, (double)total / MIB);
}

/* Names of the corpora that need more than there is; false: not even the smallest fits. */
static bool name_too_large(uint64_t free_bytes, char *names, size_t names_bytes) {
  char **list = NULL;
  size_t count = 0, used = 0, fit = 0, known = 0;
  struct fault fault = {0};
  names[0] = '\0';
  if (!manifest_list(&list, &count, &fault)) return free_bytes >= doctor_corpus_need_bytes(0);
  for (size_t i = 0; i < count; i++) {
    struct manifest manifest;
    struct fault unread = {0}; /* a bad manifest is told by the check of corpora */
    if (manifest_read(list[i], &manifest, &unread)) {
      uint64_t need = doctor_corpus_need_bytes(manifest.expected.lines);
      known += manifest.expected.known;
      if (manifest.expected.known && need <= free_bytes) fit++;
      else if (manifest.expected.known && used < names_bytes)
        used += (size_t)snprintf(names + used, names_bytes - used, "%s%s (%.0f MiB)", used ? ", " : "", list[i],
                                 (double)need / MIB);
      manifest_free(&manifest);
    }
    free(list[i]);
  }
  free(list);
  return known == 0 ? free_bytes >= doctor_corpus_need_bytes(0) : fit > 0;
}

static void check_free(struct doctor *doctor) {
  static const char why[] = "the baseline keeps tree-sitter's own trees, a mebibyte for each 970 to 1,800 lines";
  char reason[256], names[400];
  if (!environment_memory("MemAvailable", &doctor->memory_free_bytes, reason)) {
    doctor_add(doctor, "memory", DOCTOR_WARN, why, "", "%s", reason);
    return;
  }
  uint64_t limit = doctor->memory_limit_bytes;
  uint64_t free_bytes = limit && limit < doctor->memory_free_bytes ? limit : doctor->memory_free_bytes;
  if (!name_too_large(free_bytes, names, sizeof names))
    doctor_add(doctor, "memory", DOCTOR_FAIL, why, "end other programs, or take another machine",
               "%.0f MiB to be had: too little for every corpus", (double)free_bytes / MIB);
  else if (names[0])
    doctor_add(doctor, "memory", DOCTOR_WARN, why,
               "measure a smaller corpus, a sample (--max-lines), or leave the "
               "baseline out (--combos)",
               "%.0f MiB to be had; the baseline may not fit for: %s", (double)free_bytes / MIB, names);
  else
    doctor_add(doctor, "memory", DOCTOR_OK, why, "", "%.0f MiB to be had, enough for the baseline of every corpus",
               (double)free_bytes / MIB);
}

void doctor_memory(struct doctor *doctor) {
  check_group_memory(doctor);
  check_group_cpu(doctor);
  check_free(doctor);
  check_swap(doctor);
}
