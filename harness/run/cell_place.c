/* SPDX-License-Identifier: MIT */
#include "cell_place.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/count.h"
#include "base/paths.h"
#include "store/files.h"

/* ---- the folder ---- */

static bool link_to(const char *folder, const char *name, const char *target, struct fault *fault) {
  char path[PATH_MAX];
  if (!target) return true;
  if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) errno = ENAMETOOLONG;
  else if (symlink(target, path) == 0) return true;
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s/%s: cannot be linked to %s: %s", folder, name, target, strerror(errno));
}

bool cell_place_make(const char *folder, const struct cell_place_links *links, struct fault *fault) {
  store_directory_remove(folder);
  if (mkdir(folder, 0777) != 0) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made: %s", folder, strerror(errno));
  }
  return link_to(folder, "corpus", links->corpus, fault) && link_to(folder, "files.list", links->files, fault) &&
         link_to(folder, "edits.list", links->edits, fault) && link_to(folder, "phasebench", links->program, fault) &&
         link_to(folder, "stages", paths_stage_dir(), fault) && link_to(folder, "grammars", paths_grammar_dir(), fault);
}

/* ---- the environment ---- */

#define ENVIRONMENT_STEP_BYTES 16384u
static const char filling[] = "PHASEBENCH_FILLING=";

/* Cells get the variables that say where things are, and nothing else: what a shell happens to
 * export must not change a cell's stack, locale or allocator. */
static bool is_for_cells(const char *variable) {
  static const char *const prefixes[] = {
      "PATH=",         "HOME=",          "TMPDIR=",       "XDG_CACHE_HOME=", "LD_LIBRARY_PATH=",  "PHASEBENCH_",
      "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "GCOV_PREFIX",     "LLVM_PROFILE_FILE="};
  static const char *const ours[] = {"PHASEBENCH_STAGE_DIR=", "PHASEBENCH_GRAMMAR_DIR=", filling};
  for (size_t i = 0; i < COUNT(ours); i++) {
    if (strncmp(variable, ours[i], strlen(ours[i])) == 0) return false;
  }
  for (size_t i = 0; i < COUNT(prefixes); i++) {
    if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0) return true;
  }
  return false;
}

const char **cell_place_environment(const char *malloc_conf, struct fault *fault) {
  const char *const fixed[] = {"LC_ALL=C", malloc_conf, "PHASEBENCH_STAGE_DIR=" CELL_PLACE "stages",
                               "PHASEBENCH_GRAMMAR_DIR=" CELL_PLACE "grammars"};
  size_t count = 0, used = 0, bytes = sizeof filling + sizeof(char *);
  while (environ[count]) count++;
  size_t array_bytes = (count + COUNT(fixed) + 2) * sizeof(char *);
  for (size_t i = 0; i < count; i++) {
    if (is_for_cells(environ[i])) bytes += strlen(environ[i]) + 1 + sizeof(char *);
  }
  for (size_t i = 0; i < COUNT(fixed); i++) bytes += strlen(fixed[i]) + 1 + sizeof(char *);
  size_t filled = ENVIRONMENT_STEP_BYTES - bytes % ENVIRONMENT_STEP_BYTES;
  const char **environment = calloc(1, array_bytes + sizeof filling + filled);
  if (!environment) {
    fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for a cell's environment");
    return NULL;
  }
  for (size_t i = 0; i < count; i++) {
    if (is_for_cells(environ[i])) environment[used++] = environ[i];
  }
  for (size_t i = 0; i < COUNT(fixed); i++) environment[used++] = fixed[i];
  char *text = (char *)environment + array_bytes;
  memcpy(text, filling, sizeof filling - 1);
  memset(text + sizeof filling - 1, '.', filled);
  environment[used] = text;
  return environment;
}
