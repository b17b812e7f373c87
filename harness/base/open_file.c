/* SPDX-License-Identifier: MIT
 *
 * open_file.c - see open_file.h. */
#include "open_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a folder; expected a regular file";
  if (S_ISFIFO(mode)) return "it is a pipe; expected a regular file";
  return "it is a device or a socket; expected a regular file";
}

int open_file(const char *path, uint64_t *bytes, const char **why) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 || fstat(fd, &status) != 0) {
    int error = errno;
    /* A socket cannot be opened at all. */
    *why = error == ENXIO && stat(path, &status) == 0 && !S_ISREG(status.st_mode) ? kind_of(status.st_mode)
                                                                                  : strerror(error);
    if (fd >= 0) close(fd);
    errno = error;
    return -1;
  }
  if (S_ISREG(status.st_mode)) {
    if (bytes) *bytes = (uint64_t)status.st_size;
    return fd;
  }
  *why = kind_of(status.st_mode);
  close(fd);
  errno = ENXIO; /* the input is at fault: exit_code_of_errno */
  return -1;
}

FILE *open_file_stream(const char *path, uint64_t *bytes, const char **why) {
  int fd = open_file(path, bytes, why);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
  if (fd >= 0 && !file) {
    *why = strerror(errno);
    close(fd);
  }
  return file;
}
