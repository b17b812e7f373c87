/* SPDX-License-Identifier: MIT
 *
 * files.c - see files.h. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* /var/tmp and not /tmp, which may be memory: these files are to be on a disk. */
static bool make_new(char path[4096], struct fault *fault) {
  const char *parent = getenv("TMPDIR");
  char made[4096], real[PATH_MAX];
  if (!parent || !parent[0]) parent = "/var/tmp";
  int length = snprintf(made, sizeof made, "%s/phasebench-store-XXXXXX", parent);
  if (length < 0 || (size_t)length >= sizeof made)
    return fault_set(fault, EXIT_CODE_INPUT, "TMPDIR: is longer than 4,000 bytes; set a shorter one");
  /* Stages are told an absolute path, and TMPDIR may be relative. */
  if (mkdtemp(made) && realpath(made, real)) {
    snprintf(path, 4096, "%s", real);
    return true;
  }
  return fault_set(fault, EXIT_CODE_SYSTEM,
                   "%s: cannot make a folder for the stages' files: %s; set TMPDIR to one that "
                   "can be written",
                   parent, strerror(errno));
}

/* What another store left there would be taken for this one's. */
static bool is_empty(const char *path, struct fault *fault) {
  DIR *folder = opendir(path);
  if (!folder) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
  bool good = true;
  for (const struct dirent *entry; good && (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    good = fault_set(fault, EXIT_CODE_INPUT, "%s: holds '%.255s'; expected an empty folder for the stages' files", path,
                     entry->d_name);
  }
  closedir(folder);
  return good;
}

bool store_directory_make(const char *wanted, bool is_reopened, char path[4096], bool *is_new, struct fault *fault) {
  *is_new = false;
  if (is_reopened && !wanted[0])
    return fault_set(fault, EXIT_CODE_INTERNAL, "a store is to be opened again, and nobody says in which folder");
  if (!wanted[0]) return *is_new = make_new(path, fault);
  if (!is_reopened && mkdir(wanted, 0777) < 0 && errno != EEXIST)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: this folder for the stages' files cannot be made: %s", wanted,
                     strerror(errno));
  char real[PATH_MAX];
  struct stat status;
  if (!realpath(wanted, real) || stat(real, &status) < 0)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be opened: %s", wanted, strerror(errno));
  if (!S_ISDIR(status.st_mode))
    return fault_set(fault, EXIT_CODE_INPUT, "%s: is not a folder; expected one for the stages' files", wanted);
  /* An absolute path stays as it was given: stages keep it, and a cell gives one of a fixed length. */
  snprintf(path, 4096, "%s", wanted[0] == '/' ? wanted : real);
  return is_reopened || is_empty(path, fault);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *at) {
  (void)status;
  (void)kind;
  (void)at;
  remove(path);
  return 0;
}

void store_directory_remove(const char *path) { nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }
