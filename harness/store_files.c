/* SPDX-License-Identifier: MIT */
#include "store_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* /var/tmp and not /tmp: the latter may be memory, and what is written there is
 * to be disk. */
static bool make_new(char path[4096], struct fault *fault) {
  const char *parent = getenv("TMPDIR");
  if (!parent || !parent[0]) parent = "/var/tmp";
  int length = snprintf(path, 4096, "%s/phasebench-store-XXXXXX", parent);
  if (length < 0 || length >= 4096)
    return fault_set(fault, EXIT_CODE_INPUT, "TMPDIR: is longer than 4,000 bytes; set a shorter one");
  return mkdtemp(path) || fault_set(fault, EXIT_CODE_SYSTEM,
                                    "%s: cannot make a folder for the stages' files: %s; set "
                                    "TMPDIR to one that can be written",
                                    parent, strerror(errno));
}

bool store_directory_make(const char *wanted, char path[4096], bool *is_new, struct fault *fault) {
  *is_new = !wanted[0];
  if (*is_new) return make_new(path, fault);
  if (mkdir(wanted, 0777) < 0 && errno != EEXIST)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made: %s", wanted, strerror(errno));
  char real[PATH_MAX];
  struct stat status;
  if (!realpath(wanted, real) || stat(real, &status) < 0)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be opened: %s", wanted, strerror(errno));
  if (!S_ISDIR(status.st_mode))
    return fault_set(fault, EXIT_CODE_INPUT, "%s: is not a folder; expected one for the stages' files", wanted);
  snprintf(path, 4096, "%s", real);
  return true;
}

void store_directory_remove(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return;
  for (const struct dirent *entry; (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) unlinkat(dirfd(folder), entry->d_name, 0);
  }
  closedir(folder);
  rmdir(path);
}
