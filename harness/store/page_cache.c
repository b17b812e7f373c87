/* SPDX-License-Identifier: MIT
 *
 * page_cache.c - see page_cache.h. */
#include "page_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
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
