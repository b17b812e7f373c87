/* SPDX-License-Identifier: MIT
 *
 * disk_usage.c - see disk_usage.h. */
#include "disk_usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_DEPTH_MAX 8 /* stages write files, and hardly a folder */

static const char too_many[] = "more files than can be told apart are in the store's folder or open for writing";

static bool holds(const struct disk_files *files, const struct stat *status) {
  for (unsigned i = 0; i < files->count; i++) {
    if (files->files[i].device == status->st_dev && files->files[i].inode == status->st_ino) return true;
  }
  return false;
}

/* A file that is there twice (open, or linked) counts once. */
static const char *add_file(struct disk_files *list, const struct stat *status) {
  if (holds(list, status)) return NULL;
  if (list->count == DISK_USAGE_FILES_MAX) return too_many;
  list->files[list->count].device = status->st_dev;
  list->files[list->count].inode = status->st_ino;
  list->files[list->count++].bytes = (uint64_t)status->st_blocks * 512;
  return NULL;
}

/* Is the file behind this descriptor regular and open for writing? */
static bool is_written(int fd, struct stat *status) {
  if (fstat(fd, status) < 0 || !S_ISREG(status->st_mode)) return false;
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/* Lists every regular file that is open for writing: a stage that moves documents to
 * disk writes them somewhere. */
static const char *list_written_files(struct disk_files *list, const struct disk_files *but) {
  DIR *folder = opendir("/proc/self/fd");
  if (!folder) return "/proc/self/fd cannot be read";
  const char *why = NULL;
  struct stat status;
  for (struct dirent *entry; !why && (entry = readdir(folder));) {
    int fd = atoi(entry->d_name); /* 0 for "." and "..", too */
    if (fd <= STDERR_FILENO || !is_written(fd, &status) || (but && holds(but, &status))) continue;
    why = add_file(list, &status);
  }
  closedir(folder);
  return why;
}

/* All that lies in a folder; `parent` and `name` as openat takes them. */
static const char *list_folder(struct disk_files *list, int parent, const char *name, unsigned depth) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (!folder) {
    if (fd >= 0) close(fd);
    return "the folder of the stages' files cannot be read";
  }
  const char *why = depth == FOLDERS_DEPTH_MAX ? "the folder of the stages' files is too deep" : NULL;
  struct stat status;
  for (struct dirent *entry; !why && (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) continue; /* removed meanwhile */
    why = add_file(list, &status);
    if (!why && S_ISDIR(status.st_mode)) why = list_folder(list, fd, entry->d_name, depth + 1);
  }
  closedir(folder);
  return why;
}

void disk_usage_calibrate(struct disk_usage *usage) {
  usage->before.count = 0;
  list_written_files(&usage->before, NULL);
}

const char *disk_usage_read(struct disk_usage *usage, uint64_t *bytes) {
  struct disk_files *now = &usage->now;
  now->count = 0;
  const char *why = usage->folder ? list_folder(now, AT_FDCWD, usage->folder, 0) : NULL;
  if (!why) why = list_written_files(now, &usage->before);
  *bytes = 0;
  for (unsigned i = 0; i < now->count; i++) *bytes += now->files[i].bytes;
  return why;
}
