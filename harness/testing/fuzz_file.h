/* SPDX-License-Identifier: MIT
 *
 * fuzz_file.h - for fuzz targets of readers that take a path: the bytes as a file in memory. */
#ifndef PHASEBENCH_FUZZ_FILE_H
#define PHASEBENCH_FUZZ_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Its path; the same file each time, with these bytes. */
static inline const char *fuzz_file(const uint8_t *data, size_t size) {
  static char path[32];
  static int fd = -1;
  if (fd < 0) fd = memfd_create("fuzz", MFD_CLOEXEC);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) abort();
  return path;
}

#endif
