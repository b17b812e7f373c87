/* SPDX-License-Identifier: MIT
 *
 * export_file.c - see export_file.h. */
#include "export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define NAME_BYTES_MAX 4096

static enum export_outcome gone_wrong(const char *name, const char *what, int error, struct fault *fault) {
  char shown[4 * 255 + 1];
  bool is_full = error == ENOSPC || error == EDQUOT;
  if (!path_to_text(name, shown, sizeof shown)) snprintf(shown, sizeof shown, "(a name that is too long)");
  fault_set(fault, EXIT_CODE_SYSTEM, "'%.200s' %s: %s%s", shown, what, strerror(error),
            is_full ? "; make room, and the same command again goes on from here" : "");
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EFBIG:
    case EIO:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return EXPORT_FAILED;
    default:
      return EXPORT_REFUSED;
  }
}

/* The folder of a path's last part, made where it is not there. *name is that part. -1: *outcome says why. */
static int open_folder(int root_fd, char *path, const char **name, enum export_outcome *outcome, struct fault *fault) {
  int fd = dup(root_fd);
  char *part = path;
  if (fd < 0) *outcome = gone_wrong(path, "has a folder that cannot be opened", errno, fault);
  for (char *slash; fd >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
    *slash = '\0';
    int below = -1;
    if (mkdirat(fd, part, 0777) < 0 && errno != EEXIST)
      *outcome = gone_wrong(part, "cannot be made as a folder", errno, fault);
    else if ((below = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
      *outcome = gone_wrong(part, "cannot be opened as a folder (links are not followed)", errno, fault);
    close(fd);
    fd = below;
  }
  *name = part;
  return fd;
}

/* What stands at the place already. */
enum standing { NOTHING, THE_SAME, ANOTHER, NO_FILE };

static enum standing look(int folder, const char *name, const char *bytes, size_t byte_count) {
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return NOTHING; /* or the rename will tell */
  if (!S_ISREG(status.st_mode)) return NO_FILE;
  if ((uint64_t)status.st_size != byte_count) return ANOTHER;
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  char buffer[65536];
  size_t at = 0;
  ssize_t got = fd < 0 ? -1 : 0;
  while (fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0) {
    if ((size_t)got > byte_count - at || memcmp(buffer, bytes + at, (size_t)got) != 0) break;
    at += (size_t)got;
  }
  if (fd >= 0) close(fd);
  return got == 0 && at == byte_count ? THE_SAME : ANOTHER;
}

static bool write_all(int fd, const char *bytes, size_t byte_count) {
  while (byte_count > 0) {
    ssize_t wrote = write(fd, bytes, byte_count);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes += wrote;
    byte_count -= (size_t)wrote;
  }
  return true;
}

/* Renames, but not over a file that was made meanwhile, unless that may be replaced. */
static bool put_in_place(int folder, const char *made, const char *name, bool replace) {
  if (replace) return renameat(folder, made, folder, name) == 0;
  if (renameat2(folder, made, folder, name, RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (linkat(folder, made, folder, name, 0) < 0) return false; /* a file system without that flag */
  unlinkat(folder, made, 0);
  return true;
}

static enum export_outcome write_new(int folder, const char *name, const struct export_request *request,
                                     struct fault *fault) {
  char made[64];
  snprintf(made, sizeof made, ".phasebench-export-%ld", (long)getpid());
  int fd = openat(folder, made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) return gone_wrong(name, "cannot be made", errno, fault);
  bool good = write_all(fd, request->bytes, request->byte_count);
  int error = good ? 0 : errno;
  if (close(fd) < 0 && good) error = errno; /* some file systems tell only here that they are full */
  if (!error && put_in_place(folder, made, name, request->replace)) return EXPORT_WRITTEN;
  if (!error) error = errno;
  unlinkat(folder, made, 0); /* half a file is none */
  return gone_wrong(name, "cannot be written", error, fault);
}

enum export_outcome export_file(int root_fd, const struct export_request *request, struct fault *fault) {
  char copy[NAME_BYTES_MAX];
  const char *name;
  enum export_outcome outcome = EXPORT_REFUSED;
  int length = snprintf(copy, sizeof copy, "%s%s", request->path, request->ending);
  if (length < 0 || (size_t)length >= sizeof copy) {
    fault_set(fault, EXIT_CODE_SYSTEM, "its path is too long");
    return EXPORT_REFUSED;
  }
  int folder = open_folder(root_fd, copy, &name, &outcome, fault);
  if (folder < 0) return outcome;
  enum standing standing = look(folder, name, request->bytes, request->byte_count);
  if (standing == THE_SAME) outcome = EXPORT_KEPT;
  else if (standing == NO_FILE)
    fault_set(fault, EXIT_CODE_SYSTEM, "what is there is no regular file; move it away, or write to another folder");
  else if (standing == ANOTHER && !request->replace)
    fault_set(fault, EXIT_CODE_SYSTEM, "a file with other contents is there already; --replace writes over it");
  else outcome = write_new(folder, name, request, fault);
  close(folder);
  return outcome;
}
