/* SPDX-License-Identifier: MIT
 *
 * paths.c - see paths.h. A folder is the one its environment variable names, else
 * the first of a short list of places that exists, else the first of the list, so
 * that the message about what is missing names the expected place. */
#include "paths.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

/* A program that does not know its own place finds nothing, so it cannot go on. */
static _Noreturn void give_up(const char *what) {
  fprintf(stderr, "phasebench: %s\n", what);
  exit(EXIT_CODE_SYSTEM);
}

const char *paths_program(void) {
  static char program[PATH_MAX];
  if (program[0]) return program;
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0 || (size_t)length >= sizeof program - 1) {
    give_up("cannot read /proc/self/exe, which names the program's own place; is /proc mounted?");
  }
  program[length] = '\0';
  return program;
}

static void join(char *out, const char *directory, const char *rest) {
  int length = snprintf(out, PATH_MAX, "%s/%s", directory, rest);
  if (length < 0 || length >= PATH_MAX) give_up("the path of the program or of its folders is too long");
}

/* Absolute and tidied where it exists; else as written, below the current folder. One of a cell's place
 * (run/cell_place.h) stays as written: what is kept of it must have the same length everywhere. */
static void make_absolute(const char *path, char *out) {
  bool is_place = strncmp(path, "/proc/self/", 11) == 0;
  if (!is_place && realpath(path, out)) return;
  if (path[0] == '/') {
    int length = snprintf(out, PATH_MAX, "%s", path);
    if (length < 0 || length >= PATH_MAX) give_up("a path in the environment is too long");
    return;
  }
  char here[PATH_MAX];
  if (!getcwd(here, sizeof here)) give_up("the current folder cannot be read");
  join(out, here, path);
}

static bool is_directory(const char *path) {
  struct stat status;
  if (stat(path, &status) == 0) return S_ISDIR(status.st_mode);
  if (exit_code_of_errno(errno) == EXIT_CODE_INPUT) return false;
  char what[PATH_MAX + 200]; /* the next place may be there, too, and would be the wrong one */
  snprintf(what, sizeof what, "%s: cannot be looked at: %s", path, strerror(errno));
  give_up(what);
}

/* candidates: absolute, or relative to the program's folder; NULL-terminated. */
static const char *find(char *found, const char *variable, const char *const *candidates) {
  if (found[0]) return found;
  const char *given = getenv(variable);
  if (given && given[0]) {
    make_absolute(given, found);
    return found;
  }
  char directory[PATH_MAX];
  memcpy(directory, paths_program(), strlen(paths_program()) + 1);
  *strrchr(directory, '/') = '\0';
  for (size_t i = 0; candidates[i]; i++) {
    char path[PATH_MAX];
    if (candidates[i][0] == '/') {
      make_absolute(candidates[i], path);
    } else {
      join(path, directory, candidates[i]);
    }
    if (is_directory(path)) {
      make_absolute(path, found);
      return found;
    }
    if (i == 0) memcpy(found, path, strlen(path) + 1);
  }
  return found;
}

/* In this order: beside the program (a build folder); beside a test program, which
 * stands one folder deeper; an installed tree. */
const char *paths_stage_dir(void) {
  static char found[PATH_MAX];
  return find(found, "PHASEBENCH_STAGE_DIR",
              (const char *const[]){"stages", "../stages", "../lib/phasebench/stages", NULL});
}

const char *paths_grammar_dir(void) {
  static char found[PATH_MAX];
  return find(found, "PHASEBENCH_GRAMMAR_DIR",
              (const char *const[]){"grammars", "../grammars", "../lib/phasebench/grammars", NULL});
}

/* What is not built: an installed tree, which must not read the source tree that it was made
 * from; that source tree; the source tree two folders up (it was moved after the build). */
const char *paths_corpora_dir(void) {
  static char found[PATH_MAX];
  return find(
      found, "PHASEBENCH_CORPORA_DIR",
      (const char *const[]){"../share/phasebench/corpora", PHASEBENCH_SOURCE_DIR "/corpora", "../../corpora", NULL});
}

const char *paths_reports_dir(void) {
  static char found[PATH_MAX];
  return find(
      found, "PHASEBENCH_REPORTS_DIR",
      (const char *const[]){"../share/phasebench/reports", PHASEBENCH_SOURCE_DIR "/reports", "../../reports", NULL});
}

const char *paths_cache_dir(void) {
  static char found[PATH_MAX];
  if (found[0]) return found;
  const char *given = getenv("PHASEBENCH_CACHE");
  if (given && given[0]) {
    make_absolute(given, found);
    return found;
  }
  const char *xdg = getenv("XDG_CACHE_HOME");
  if (xdg && xdg[0] == '/') { /* relative ones are to be ignored, says the XDG specification */
    join(found, xdg, "phasebench");
    return found;
  }
  const char *home = getenv("HOME");
  if (!home || !home[0]) {
    const struct passwd *user = getpwuid(getuid());
    home = user ? user->pw_dir : NULL;
  }
  if (!home) give_up("no place for the cache: set PHASEBENCH_CACHE or HOME");
  join(found, home, ".cache/phasebench");
  return found;
}
