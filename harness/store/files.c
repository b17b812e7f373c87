/* SPDX-License-Identifier: MIT
 *
 * files.c - see files.h. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
  snprintf(path, 4096, "%s", real);
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

/* ---- the page cache ---- */

/* Asks mincore. Reading with RWF_NOWAIT would tell, too, but starts to read ahead what it did not find. Of a file
 * that is not ours the kernel says that all of it is cached. */
static enum store_cached cached(int fd) {
  static unsigned char pages[4096];
  struct stat status;
  long page_bytes = sysconf(_SC_PAGESIZE);
  if (fstat(fd, &status) < 0 || page_bytes <= 0) return STORE_CACHED_UNKNOWN;
  size_t bytes = (size_t)status.st_size, window = sizeof pages * (size_t)page_bytes;
  if (bytes == 0) return STORE_CACHED_NOT;
  char *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return STORE_CACHED_UNKNOWN;
  enum store_cached found = STORE_CACHED_NOT;
  for (size_t at = 0; found == STORE_CACHED_NOT && at < bytes; at += window) {
    size_t length = bytes - at < window ? bytes - at : window;
    size_t count = (length + (size_t)page_bytes - 1) / (size_t)page_bytes;
    if (mincore(map + at, length, pages) < 0) found = STORE_CACHED_UNKNOWN;
    for (size_t i = 0; found == STORE_CACHED_NOT && i < count; i++) {
      if (pages[i] & 1) found = STORE_CACHED_YES;
    }
  }
  munmap(map, bytes);
  return found;
}

static enum store_cached look(const char *path, bool drop) {
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? STORE_CACHED_NOT : STORE_CACHED_UNKNOWN;
  if (drop) {
    fdatasync(fd); /* what is dirty stays */
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  }
  enum store_cached found = cached(fd);
  close(fd);
  return found;
}

enum store_cached store_file_cached(const char *path) { return look(path, false); }
enum store_cached store_file_drop_cached(const char *path) { return look(path, true); }

static enum store_cached of_folder; /* nftw passes nothing on */

static int drop_entry(const char *path, const struct stat *status, int kind, struct FTW *at) {
  (void)at;
  if (kind != FTW_F || !S_ISREG(status->st_mode)) return 0;
  enum store_cached found = look(path, true);
  if (found != STORE_CACHED_NOT) of_folder = found;
  return 0;
}

enum store_cached store_directory_drop_cached(const char *path) {
  of_folder = STORE_CACHED_NOT;
  return nftw(path, drop_entry, 16, FTW_PHYS) < 0 ? STORE_CACHED_UNKNOWN : of_folder;
}
