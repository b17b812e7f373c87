/* SPDX-License-Identifier: MIT */
#include "allocator.h"

#include <string.h>

#include "base/count.h"

const char *allocator_profile_conf(const char *profile) {
  static const struct {
    const char *name, *conf;
  } profiles[] = {
#define X(name, conf) {name, conf},
    ALLOCATOR_PROFILES(X)
#undef X
  };
  for (size_t i = 0; i < COUNT(profiles); i++) {
    if (strcmp(profile, profiles[i].name) == 0) return profiles[i].conf;
  }
  return NULL;
}

#if PHASEBENCH_HAVE_JEMALLOC

#include <dlfcn.h>
#include <jemalloc/jemalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

enum type { FLAG, UNSIGNED, SIZE, SIGNED, TEXT };

/* jemalloc 5.3's defaults (`opt.*` of a process without any configuration). NULL: it depends on the
 * machine, and counts only where a profile names it. */
static const struct option {
  const char *name;
  enum type type;
  const char *standard;
} options[] = {
    {"narenas", UNSIGNED, NULL},
    {"dirty_decay_ms", SIGNED, "10000"},
    {"muzzy_decay_ms", SIGNED, "0"},
    {"background_thread", FLAG, "false"},
    {"tcache", FLAG, "true"},
    {"tcache_max", SIZE, "32768"},
    {"oversize_threshold", SIZE, "8388608"},
    {"lg_extent_max_active_fit", SIZE, "6"},
    {"retain", FLAG, "true"},
    {"cache_oblivious", FLAG, "true"},
    {"zero", FLAG, "false"},
    {"hpa", FLAG, "false"},
    {"prof", FLAG, "false"},
    {"trust_madvise", FLAG, "false"},
    {"junk", TEXT, "false"},
    {"thp", TEXT, "default"},
    {"metadata_thp", TEXT, "disabled"},
    {"percpu_arena", TEXT, "disabled"},
    {"dss", TEXT, "secondary"},
};

/* false: this jemalloc has no such option. */
static bool read_option(const struct option *option, char *text, size_t text_bytes) {
  union {
    bool flag;
    unsigned number;
    size_t size;
    ssize_t difference;
    const char *text;
  } value = {0};
  static const size_t sizes[] = {sizeof(bool), sizeof(unsigned), sizeof(size_t), sizeof(ssize_t), sizeof(char *)};
  size_t bytes = sizes[option->type];
  char path[64];
  snprintf(path, sizeof path, "opt.%s", option->name);
  if (mallctl(path, &value, &bytes, NULL, 0) != 0) return false;
  switch (option->type) {
    case FLAG:
      snprintf(text, text_bytes, "%s", value.flag ? "true" : "false");
      break;
    case UNSIGNED:
      snprintf(text, text_bytes, "%u", value.number);
      break;
    case SIZE:
      snprintf(text, text_bytes, "%zu", value.size);
      break;
    case SIGNED:
      snprintf(text, text_bytes, "%zd", value.difference);
      break;
    case TEXT:
      snprintf(text, text_bytes, "%s", value.text);
      break;
  }
  return true;
}

/* The profile's value of an option, or "" where it says nothing of it. */
static void value_in(const char *conf, const char *name, char *value, size_t value_bytes) {
  size_t length = strlen(name);
  value[0] = 0;
  for (const char *at = conf; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    if (strncmp(at, name, length) != 0 || at[length] != ':') continue;
    at += length + 1;
    snprintf(value, value_bytes, "%.*s", (int)strcspn(at, ","), at);
    return;
  }
}

static bool check_option(const struct option *option, const char *profile, struct fault *fault) {
  char wanted[48], found[48];
  value_in(allocator_profile_conf(profile), option->name, wanted, sizeof wanted);
  if (!wanted[0] && !option->standard) return true;
  if (!wanted[0]) snprintf(wanted, sizeof wanted, "%s", option->standard);
  if (!read_option(option, found, sizeof found) || strcmp(found, wanted) == 0) return true;
  return fault_set(fault, EXIT_CODE_CELL_FAILED,
                   "the allocator runs with %s:%s where the profile %s has %s: it is configured from outside; look at "
                   "/etc/malloc.conf and MALLOC_CONF",
                   option->name, found, profile, wanted);
}

/* Whoever loads a library in front takes malloc and leaves mallctl. */
static bool check_library(struct fault *fault) {
  Dl_info of_malloc, of_jemalloc;
  void *const malloc_called = dlsym(RTLD_DEFAULT, "malloc"), *const jemalloc = dlsym(RTLD_DEFAULT, "mallctl");
  if (!malloc_called || !jemalloc || !dladdr(malloc_called, &of_malloc) || !dladdr(jemalloc, &of_jemalloc)) {
    return fault_set(fault, EXIT_CODE_CELL_FAILED, "the dynamic linker does not say whose malloc this process calls");
  }
  if (of_malloc.dli_fbase == of_jemalloc.dli_fbase) return true;
  return fault_set(fault, EXIT_CODE_CELL_FAILED,
                   "malloc is that of %s and not jemalloc's (%s): another allocator is loaded in front; look at "
                   "/etc/ld.so.preload and LD_PRELOAD",
                   of_malloc.dli_fname, of_jemalloc.dli_fname);
}

bool allocator_check(const char *profile, struct fault *fault) {
  if (!allocator_profile_conf(profile)) {
    return fault_set(fault, EXIT_CODE_INTERNAL, "'%s' is no allocator profile", profile);
  }
  if (!check_library(fault)) return false;
  for (size_t i = 0; i < COUNT(options); i++) {
    if (!check_option(&options[i], profile, fault)) return false;
  }
  return true;
}

const char *allocator_options(void) {
  static char text[1024];
  size_t used = 0;
  text[0] = 0;
  for (size_t i = 0; i < COUNT(options) && used < sizeof text; i++) {
    char value[48];
    if (!read_option(&options[i], value, sizeof value)) snprintf(value, sizeof value, "unknown");
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s:%s", i ? "," : "", options[i].name, value);
  }
  return text;
}

#else

const char *allocator_options(void) { return "none: malloc of the sanitizers, with an owner in front of each block"; }

bool allocator_check(const char *profile, struct fault *fault) {
  (void)profile;
  (void)fault;
  return true;
}

#endif
