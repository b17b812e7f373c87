/* SPDX-License-Identifier: MIT
 *
 * environment.c - the record of machine and build. The commit comes from a header that
 * each build makes anew (build_commit.cmake), the other facts of the build from
 * harness/CMakeLists.txt. */
#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/json_out.h"
#include "base/number.h"
#include "base/version.h"
#include "build_commit.h"
#include "heap.h"

static char root[4096] = "";

void environment_set_root(const char *path) { snprintf(root, sizeof root, "%s", path); }

const char *environment_unfit_build(void) {
  if (PHASEBENCH_SANITIZERS[0])
    return "it is built with sanitizers (" PHASEBENCH_SANITIZERS "), which change what memory costs";
  if (!PHASEBENCH_HAVE_JEMALLOC) return "it is built without jemalloc, so that memory has no owners";
  if (PHASEBENCH_COVERAGE_BUILD) return "it is built with coverage counters, which cost memory and time";
  if (strcmp(PHASEBENCH_BUILD_TYPE, "RelWithDebInfo") != 0 && strcmp(PHASEBENCH_BUILD_TYPE, "Release") != 0) {
    return "its build type is '" PHASEBENCH_BUILD_TYPE "' and not RelWithDebInfo or Release";
  }
  return NULL;
}

cJSON *environment_build(void) {
  cJSON *build = json_new_object();
  json_add_text(build, "version", phasebench_version());
  if (BUILD_COMMIT[0]) {
    json_add_text(build, "commit", BUILD_COMMIT);
    json_add_bool(build, "dirty", BUILD_COMMIT_DIRTY);
  } else {
    json_add_missing(build, "commit", BUILD_COMMIT_MISSING);
    json_add_missing(build, "dirty", BUILD_COMMIT_MISSING);
  }
  json_add_text(build, "build_type", PHASEBENCH_BUILD_TYPE);
  json_add_text(build, "sanitizers", PHASEBENCH_SANITIZERS);
  return build;
}

bool environment_read(const char *path, char *text, size_t text_bytes, char why[256]) {
  char full[sizeof root + 128];
  snprintf(full, sizeof full, "%s%s", root, path);
  int fd = open(full, O_RDONLY | O_CLOEXEC);
  size_t used = 0;
  ssize_t got = fd < 0 ? -1 : 1;
  while (fd >= 0 && used < text_bytes - 1 && (got = read(fd, text + used, text_bytes - 1 - used)) > 0)
    used += (size_t)got;
  int error = errno;
  if (fd >= 0) close(fd);
  text[used] = 0;
  if (got < 0) snprintf(why, 256, "%s cannot be read: %s", path, strerror(error));
  return got >= 0;
}

char *environment_field(char *text, const char *key) {
  size_t length = strlen(key);
  for (char *line = text; line; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (strncmp(line, key, length) != 0) continue;
    char *value = line + length + strspn(line + length, " \t");
    if (*value != ':') continue;
    value += 1 + strspn(value + 1, " \t");
    value[strcspn(value, "\n")] = 0;
    return value;
  }
  return NULL;
}

bool environment_memory(const char *name, uint64_t *bytes, char why[256]) {
  char text[8192];
  if (!environment_read("/proc/meminfo", text, sizeof text, why)) return false;
  const char *value = environment_field(text, name), *end = value ? number_read_kilobytes(value, bytes) : NULL;
  if (end && !*end) return true;
  snprintf(why, 256, "/proc/meminfo has no %s", name);
  return false;
}

static void add_memory(cJSON *record, const char *key, const char *name) {
  char why[256];
  uint64_t bytes;
  if (environment_memory(name, &bytes, why)) json_add_u64(record, key, bytes);
  else json_add_missing(record, key, why);
}

static void add_cpu(cJSON *record) {
  char text[16384], why[256];
  if (!environment_read("/proc/cpuinfo", text, sizeof text, why)) {
    json_add_missing(record, "cpu_model", why);
    json_add_missing(record, "virtualisation", why);
    return;
  }
  char copy[sizeof text];
  memcpy(copy, text, sizeof text);
  const char *model = environment_field(copy, "model name");
  if (model) json_add_text(record, "cpu_model", model);
  else json_add_missing(record, "cpu_model", "/proc/cpuinfo has no \"model name\"");
  /* x86 tells guests by a CPU flag; others tell nothing there. */
  const char *flags = environment_field(text, "flags");
  if (!flags) json_add_missing(record, "virtualisation", "/proc/cpuinfo has no \"flags\" that could name a hypervisor");
  else json_add_text(record, "virtualisation", strstr(flags, "hypervisor") ? "hypervisor" : "none");
}

/* The first line of a file, or what stands in [brackets] in it. */
static void add_setting(cJSON *record, const char *key, const char *path, bool bracketed) {
  char text[512], why[256];
  if (!environment_read(path, text, sizeof text, why)) {
    json_add_missing(record, key, why);
    return;
  }
  char *value = text;
  if (bracketed && strchr(text, '[')) {
    value = strchr(text, '[') + 1;
    value[strcspn(value, "]")] = 0;
  }
  value[strcspn(value, "\n")] = 0;
  if (value[0]) {
    json_add_text(record, key, value);
  } else {
    snprintf(why, sizeof why, "%s is empty", path);
    json_add_missing(record, key, why);
  }
}

cJSON *environment_record(void) {
  cJSON *record = json_new_object();
  struct utsname system;
  if (uname(&system) == 0) {
    char kernel[512];
    snprintf(kernel, sizeof kernel, "%s %s %s", system.sysname, system.release, system.version);
    json_add_text(record, "kernel", kernel);
    json_add_text(record, "machine", system.machine);
  } else {
    json_add_missing(record, "kernel", "uname failed");
    json_add_missing(record, "machine", "uname failed");
  }
  add_cpu(record);
  long cpu_count = sysconf(_SC_NPROCESSORS_ONLN);
  if (cpu_count > 0) json_add_i64(record, "cpu_count", cpu_count);
  else json_add_missing(record, "cpu_count", "sysconf does not know the number of CPUs");
  json_add_i64(record, "page_bytes", sysconf(_SC_PAGESIZE));
  add_memory(record, "memory_bytes", "MemTotal");
  add_memory(record, "swap_bytes", "SwapTotal");
  char libc[64];
  snprintf(libc, sizeof libc, "glibc %s", gnu_get_libc_version());
  json_add_text(record, "libc", libc);
  json_add_text(record, "compiler", PHASEBENCH_COMPILER);
  json_add_text(record, "compiler_flags", PHASEBENCH_C_FLAGS);
  if (heap_allocator_version()) json_add_text(record, "allocator_version", heap_allocator_version());
  else json_add_missing(record, "allocator_version", "this build has no jemalloc");
  json_add_text(record, "tree_sitter_version", PHASEBENCH_TREE_SITTER_VERSION);
  add_setting(record, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", false);
  add_setting(record, "transparent_hugepages", "/sys/kernel/mm/transparent_hugepage/enabled", true);
  return record;
}
