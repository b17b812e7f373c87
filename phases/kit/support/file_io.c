/* SPDX-License-Identifier: MIT
 *
 * file_io.c - see file_io.h. */
#include "file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What to do about an errno. */
static const char *advice(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free disk space, or choose a folder on another disk";
    case EFBIG:
      return "the file would pass the limit for files (ulimit -f, or the file system's)";
    case EACCES:
    case EPERM:
    case EROFS:
      return "make file and folder writable and readable for this user, or choose another folder";
    case ENOENT:
      return "check the path";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case EIO:
      return "the disk or its connection fails: look at the kernel's log (dmesg)";
    default:
      return "look at the kernel's log (dmesg)";
  }
}

int file_io_open(struct file_io *file, int flags) {
  struct stat status; /* a pipe in a file's place would block whoever opens it */
  do file->fd = open(file->path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
  while (file->fd < 0 && errno == EINTR);
  if (file->fd >= 0 && fstat(file->fd, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    file_io_close(file);
    STAGE_FAIL(file->ctx, "%s: is no regular file; restore it from a copy or build the store anew", file->path);
    return STAGE_CORRUPT;
  }
  if (file->fd >= 0) return STAGE_OK;
  STAGE_FAIL(file->ctx, "%s: cannot open: %s; %s", file->path, strerror(errno), advice(errno));
  return STAGE_IO;
}

void file_io_close(struct file_io *file) {
  if (file->fd >= 0) close(file->fd);
  file->fd = -1;
}

static int beyond(const struct file_io *file, uint64_t offset, size_t bytes) {
  if (offset <= FILE_IO_BYTES_MAX && bytes <= FILE_IO_BYTES_MAX - offset) return STAGE_OK;
  STAGE_FAIL(file->ctx, "%s: %zu bytes at byte %llu lie beyond the largest file, %llu bytes", file->path, bytes,
             (unsigned long long)offset, (unsigned long long)FILE_IO_BYTES_MAX);
  return STAGE_LIMIT;
}

int file_io_read(const struct file_io *file, uint64_t offset, void *out, size_t bytes) {
  int error = beyond(file, offset, bytes);
  for (size_t done = 0; done < bytes && !error;) {
    ssize_t got = pread(file->fd, (char *)out + done, bytes - done, (off_t)(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      STAGE_FAIL(file->ctx, "%s: reading %zu bytes at byte %llu failed: %s; %s", file->path, bytes,
                 (unsigned long long)offset, strerror(errno), advice(errno));
      error = STAGE_IO;
    } else if (got == 0) {
      STAGE_FAIL(file->ctx,
                 "%s: ends at byte %llu, expected %zu bytes at byte %llu; the file was cut short: restore "
                 "it from a copy or build it anew",
                 file->path, (unsigned long long)(offset + done), bytes, (unsigned long long)offset);
      error = STAGE_CORRUPT;
    } else {
      done += (size_t)got;
    }
  }
  return error;
}

int file_io_write(const struct file_io *file, uint64_t offset, const void *bytes, size_t length) {
  int error = beyond(file, offset, length);
  for (size_t done = 0; done < length && !error;) {
    ssize_t put = pwrite(file->fd, (const char *)bytes + done, length - done, (off_t)(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      int why = put < 0 ? errno : ENOSPC;
      STAGE_FAIL(file->ctx, "%s: writing %zu bytes at byte %llu failed: %s; %s", file->path, length,
                 (unsigned long long)offset, strerror(why), advice(why));
      error = STAGE_IO;
    } else {
      done += (size_t)put;
    }
  }
  return error;
}

int file_io_length(const struct file_io *file, uint64_t *length) {
  struct stat facts;
  bool is_known = fstat(file->fd, &facts) == 0;
  if (is_known && S_ISREG(facts.st_mode)) {
    *length = (uint64_t)facts.st_size;
    return STAGE_OK;
  }
  if (is_known) STAGE_FAIL(file->ctx, "%s: is not a regular file whose length can be read", file->path);
  else STAGE_FAIL(file->ctx, "%s: its length cannot be read: %s", file->path, strerror(errno));
  return STAGE_IO;
}

int file_io_sync(const struct file_io *file) {
  int result;
  do result = fsync(file->fd);
  while (result < 0 && errno == EINTR);
  if (result == 0) return STAGE_OK;
  STAGE_FAIL(file->ctx, "%s: syncing failed: %s; %s", file->path, strerror(errno), advice(errno));
  return STAGE_IO;
}

int file_io_lock(const struct file_io *file) {
  int result;
  do result = flock(file->fd, LOCK_EX | LOCK_NB);
  while (result < 0 && errno == EINTR);
  if (result == 0) return STAGE_OK;
  if (errno == EWOULDBLOCK) {
    STAGE_FAIL(file->ctx, "%s: another process is writing it; wait for that one, or choose another folder", file->path);
  } else {
    STAGE_FAIL(file->ctx, "%s: cannot be locked: %s; choose a folder on a file system with locks", file->path,
               strerror(errno));
  }
  return STAGE_IO;
}

void file_io_unlock(const struct file_io *file) { flock(file->fd, LOCK_UN); }

bool file_io_is_at_path(const struct file_io *file) {
  struct stat opened, named;
  return fstat(file->fd, &opened) == 0 && stat(file->path, &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

int file_io_rename(const struct stage_ctx *ctx, const char *from, const char *to) {
  if (rename(from, to) == 0) return STAGE_OK;
  STAGE_FAIL(ctx, "%s: cannot be renamed to %s: %s; %s", from, to, strerror(errno), advice(errno));
  return STAGE_IO;
}

int file_io_sync_folder(const struct stage_ctx *ctx, const char *folder) {
  struct file_io file = {.ctx = ctx, .path = folder};
  int error = file_io_open(&file, O_RDONLY | O_DIRECTORY);
  if (error) return error;
  error = file_io_sync(&file);
  file_io_close(&file);
  return error;
}
