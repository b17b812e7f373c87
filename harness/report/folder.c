/* SPDX-License-Identifier: MIT
 *
 * folder.c */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/debris.h"
#include "base/json_out.h"

#define PATH_BYTES 4300

/* Calls `each` for every entry of a flat folder. */
static bool for_entries(const char *from, const char *to, bool (*each)(const char *, const char *, struct fault *),
                        struct fault *fault) {
  DIR *directory = opendir(from);
  if (!directory) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", from, strerror(errno));
  bool ok = true;
  for (struct dirent *entry; ok && (entry = readdir(directory)) != NULL;) {
    char a[PATH_BYTES], b[PATH_BYTES];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if ((size_t)snprintf(a, sizeof a, "%s/%s", from, entry->d_name) >= sizeof a ||
        (size_t)snprintf(b, sizeof b, "%s/%s", to, entry->d_name) >= sizeof b) {
      ok = fault_set(fault, EXIT_CODE_USAGE, "%s: the path is too long", to);
    } else {
      ok = each(a, b, fault);
    }
  }
  closedir(directory);
  return ok;
}

static bool move_file(const char *from, const char *to, struct fault *fault) {
  if (!json_may_replace(to, fault)) return false;
  if (rename(from, to) == 0) return true;
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be put in place: %s", to, strerror(errno));
}

static bool remove_file(const char *from, const char *to, struct fault *fault) {
  (void)to;
  (void)fault;
  unlink(from);
  return true;
}

/* The finished folder becomes DIR, or its files replace those in DIR. */
static bool put_in_place(const char *made, const char *directory, struct fault *fault) {
  struct stat info;
  mode_t mask = umask(0);
  umask(mask);
  if (chmod(made, 0777 & ~mask) != 0) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: %s", made, strerror(errno));
  if (stat(directory, &info) != 0) return move_file(made, directory, fault);
  return for_entries(made, directory, move_file, fault);
}

static bool check_directory(const char *directory, struct fault *fault) {
  struct stat info;
  if (stat(directory, &info) == 0 && !S_ISDIR(info.st_mode)) {
    return fault_set(fault, EXIT_CODE_USAGE, "%s: -o wants a folder, and this is a file", directory);
  }
  return true;
}

static void remove_made(const char *made) {
  struct fault ignored = {0};
  if (access(made, F_OK) != 0) return; /* it has become DIR */
  for_entries(made, made, remove_file, &ignored);
  rmdir(made);
}

bool report_folder_make(const char *directory, report_folder_fn *fill, void *context, struct fault *fault) {
  char made[PATH_BYTES];
  size_t length = strlen(directory);
  while (length > 1 && directory[length - 1] == '/') length--; /* the name beside it */
  if ((size_t)snprintf(made, sizeof made, "%.*s.making-XXXXXX", (int)length, directory) >= sizeof made) {
    return fault_set(fault, EXIT_CODE_USAGE, "%s: the path is too long", directory);
  }
  if (!check_directory(directory, fault)) return false;
  if (!mkdtemp(made)) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made: %s (the folder above it must exist)", made,
                     strerror(errno));
  }
  debris_add(made, remove_made);
  bool ok = fill(context, made, fault) && put_in_place(made, directory, fault);
  remove_made(made);
  debris_forget(made);
  return ok;
}
