/* SPDX-License-Identifier: MIT
 *
 * stage_module.h - for tests that put stages on top of each other: another stage, as the module that
 * this build made of it. */
#ifndef PHASEBENCH_KIT_STAGE_MODULE_H
#define PHASEBENCH_KIT_STAGE_MODULE_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "stage_check.h"

/* The table of build/stages/NAME.so, which stays loaded. */
static inline const struct stage_ops *stage_module(const char *name) {
  const char *build = getenv("PHASEBENCH_BUILD_DIR");
  char path[4096];
  snprintf(path, sizeof path, "%s/stages/%s.so", build ? build : ".", name);
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!module) check_failed(__FILE__, __LINE__, "%s (run through ctest, or set PHASEBENCH_BUILD_DIR)", dlerror());
  const struct stage_ops *(*entry)(void);
  *(void **)&entry = dlsym(module, "phasebench_stage");
  if (!entry) check_failed(__FILE__, __LINE__, "%s has no phasebench_stage", path);
  return entry();
}

#endif
