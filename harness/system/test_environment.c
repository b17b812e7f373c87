/* SPDX-License-Identifier: MIT
 *
 * test_environment.c - the record of this machine is complete, and on a machine that tells
 * nothing each missing fact has its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/count.h"
#include "environment.h"
#include "heap.h"

static const char *const keys[] = {
    "kernel",
    "machine",
    "cpu_model",
    "cpu_count",
    "page_bytes",
    "memory_bytes",
    "swap_bytes",
    "libc",
    "compiler",
    "compiler_flags",
    "governor",
    "allocator_version",
    "transparent_hugepages",
    "tree_sitter_version",
    "virtualisation",
};

static const cJSON *item(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

/* Each key is there; null has a reason, and nothing else has one. */
static void check_reasons(const cJSON *object) {
  const cJSON *missing = item(object, "missing"), *member;
  cJSON_ArrayForEach(member, object) {
    if (member == missing) continue;
    const cJSON *reason = missing ? item(missing, member->string) : NULL;
    if (cJSON_IsNull(member) != (reason != NULL)) fail_msg("%s: null and reason do not match", member->string);
    if (reason && strlen(reason->valuestring) < 10) fail_msg("%s: no real reason", member->string);
  }
}

/* Numbers are raw text until they were written and read. */
static cJSON *reread(cJSON *object) {
  char *text = cJSON_Print(object);
  cJSON_Delete(object);
  object = cJSON_Parse(text);
  cJSON_free(text);
  assert_non_null(object);
  return object;
}

static void this_machine(void **state) {
  (void)state;
  cJSON *record = reread(environment_record());
  for (size_t i = 0; i < COUNT(keys); i++) assert_non_null(item(record, keys[i]));
  check_reasons(record);
  assert_int_equal(item(record, "page_bytes")->valueint, sysconf(_SC_PAGESIZE));
  assert_int_equal(item(record, "cpu_count")->valueint, sysconf(_SC_NPROCESSORS_ONLN));
  double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  assert_true(item(record, "memory_bytes")->valuedouble == memory);
  assert_true(strlen(item(record, "compiler")->valuestring) > 5);
  assert_int_equal(cJSON_IsNull(item(record, "allocator_version")), !heap_statistics_available());
  cJSON_Delete(record);
}

static void put(const char *root, const char *path, const char *text) {
  char full[256];
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

static void another_machine(void **state) {
  (void)state;
  char root[] = "phasebench-root-XXXXXX", command[64];
  assert_non_null(mkdtemp(root));
  put(root, "/proc/meminfo", "MemTotal:       2048 kB\nMemFree: 1 kB\nSwapTotal:      0 kB\n");
  put(root, "/proc/cpuinfo",
      "processor\t: 0\nmodel name\t: Abacus 3000\nflags\t\t: fpu vme\n\nprocessor\t: 1\nmodel name\t: Other\n");
  put(root, "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  put(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
  environment_set_root(root);
  cJSON *record = reread(environment_record());
  check_reasons(record);
  assert_true(item(record, "memory_bytes")->valuedouble == 2048 * 1024);
  assert_true(item(record, "swap_bytes")->valuedouble == 0);
  assert_string_equal(item(record, "cpu_model")->valuestring, "Abacus 3000");
  assert_string_equal(item(record, "virtualisation")->valuestring, "none");
  assert_string_equal(item(record, "transparent_hugepages")->valuestring, "madvise");
  assert_string_equal(item(record, "governor")->valuestring, "performance");
  cJSON_Delete(record);
  snprintf(command, sizeof command, "rm -r ./%s", root);
  assert_int_equal(system(command), 0);
  record = reread(environment_record()); /* nothing is there any more */
  check_reasons(record);
  static const char *const unknown[] = {"memory_bytes",          "swap_bytes", "cpu_model", "virtualisation",
                                        "transparent_hugepages", "governor"};
  for (size_t i = 0; i < COUNT(unknown); i++) assert_true(cJSON_IsNull(item(record, unknown[i])));
  cJSON_Delete(record);
  environment_set_root("");
}

static void the_build(void **state) {
  (void)state;
  cJSON *build = environment_build();
  check_reasons(build);
  const cJSON *commit = item(build, "commit"), *sanitizers = item(build, "sanitizers");
  assert_non_null(commit);
  if (cJSON_IsString(commit)) {
    assert_int_equal(strspn(commit->valuestring, "0123456789abcdef"), 40);
    assert_true(cJSON_IsBool(item(build, "dirty")));
  }
  const char *sanitized = getenv("PHASEBENCH_SANITIZED");
  if (sanitized) assert_int_equal(sanitizers->valuestring[0] != 0, sanitized[0] == '1');
  if (sanitizers->valuestring[0]) assert_non_null(environment_unfit_build());
  cJSON_Delete(build);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(this_machine),
      cmocka_unit_test(another_machine),
      cmocka_unit_test(the_build),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
