/* SPDX-License-Identifier: MIT
 *
 * disk_making.c - see disk_making.h. */
#include "disk_making.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/debris.h"
#include "base/json_out.h"
#include "base/text.h"
#include "disk.h"
#include "files.h"

/* Does the entry belong to a store of the stages named in `stages` ("p1+p2")? */
static bool is_of_store(const char *name, const char *stages) {
  if (strcmp(name, STORE_DISK_HEAD) == 0) return true;
  while (*stages) {
    size_t length = strcspn(stages, "+");
    if (length > 0 && strncmp(name, stages, length) == 0) return true;
    stages += length + (stages[length] == '+');
  }
  return false;
}

/* The exchange would move the link and not the store, which may lie in another file system. */
static bool refuse_link(const char *path, struct fault *fault) {
  char target[PATH_MAX];
  if (realpath(path, target))
    return fault_set(fault, EXIT_CODE_USAGE,
                     "%.400s: is a symbolic link; expected the folder of the store itself: "
                     "name %.400s, to which it leads",
                     path, target);
  return fault_set(fault, EXIT_CODE_USAGE,
                   "%.800s: is a symbolic link that leads nowhere; expected a folder, or "
                   "nothing: remove the link, or name another place",
                   path);
}

/* Only a store is ever replaced, and only if nobody put anything else into it. */
static bool may_replace(const char *path, struct fault *fault) {
  struct stat status;
  if (lstat(path, &status) < 0) {
    if (errno == ENOENT) return true;
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be looked at: %s", path, strerror(errno));
  }
  if (S_ISLNK(status.st_mode)) return refuse_link(path, fault);
  if (!S_ISDIR(status.st_mode))
    return fault_set(fault, EXIT_CODE_USAGE,
                     "%s: is there and is no folder; a store is put in place of a store only: "
                     "name another place, or remove what is there",
                     path);
  char *text = malloc(STORE_DISK_HEAD_BYTES_MAX);
  struct fault unread = {0};
  char *stages = text && store_disk_read_head(path, text, &unread) ? strstr(text, "\nstages ") : NULL;
  if (!text || unread.code == EXIT_CODE_SYSTEM) {
    free(text);
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s", unread.code ? unread.message : "out of memory");
  }
  if (stages) {
    stages += 8;
    stages[strcspn(stages, "\n")] = '\0';
  }
  DIR *folder = opendir(path);
  bool good = folder != NULL;
  if (!good) fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
  for (const struct dirent *entry; good && (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (stages ? is_of_store(entry->d_name, stages) : strcmp(entry->d_name, STORE_DISK_HEAD) == 0) continue;
    good = fault_set(
        fault, EXIT_CODE_USAGE,
        stages ? "%s: holds '%.255s', which is not the store's; it would be lost"
               : "%s: holds '%.255s' and is no store, or a damaged one; a store is put in place of a store only: "
                 "remove the folder, or write elsewhere",
        path, entry->d_name);
  }
  if (folder) closedir(folder);
  free(text);
  return good;
}

/* The folder and the name in it: a store is made beside its place, in the same file system. */
static bool find_place(const char *path, char place[4096], struct fault *fault) {
  char parent[4096], real[PATH_MAX];
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  if (length == 0 || length >= sizeof parent)
    return fault_set(fault, EXIT_CODE_USAGE, "-o: expected the path of a folder, of at most %zu bytes",
                     sizeof parent - 1);
  snprintf(parent, sizeof parent, "%.*s", (int)length, path);
  char *slash = strrchr(parent, '/');
  const char *name = slash ? slash + 1 : parent;
  if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
    return fault_set(fault, EXIT_CODE_USAGE, "-o %s: expected a name for the store, as in -o %s/store", path, path);
  char base[256];
  if (strlen(name) > 200) return fault_set(fault, EXIT_CODE_USAGE, "-o: the name of the store is too long");
  snprintf(base, sizeof base, "%.200s", name);
  if (slash) slash[slash == parent] = '\0';
  if (!realpath(slash ? parent : ".", real))
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: the folder above the store cannot be used: %s", slash ? parent : ".",
                     strerror(errno));
  int wrote = snprintf(place, 4096, "%s/%s", strcmp(real, "/") == 0 ? "" : real, base);
  return (wrote > 0 && wrote < 4096 - 32) || fault_set(fault, EXIT_CODE_USAGE, "-o: the path is too long");
}

static int lock_folder(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  close(fd);
  return -1;
}

/* Removes folders that killed builds of this store left: nobody holds their lock. */
static void remove_left_over(const char *place) {
  const char *slash = strrchr(place, '/');
  char parent[4096], path[4400], prefix[300];
  snprintf(parent, sizeof parent, "%.*s", slash == place ? 1 : (int)(slash - place), place);
  snprintf(prefix, sizeof prefix, "%.255s.making-", slash + 1);
  static struct path_shown shown;
  DIR *folder = opendir(parent);
  if (!folder) return;
  for (const struct dirent *entry; (entry = readdir(folder));) {
    if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || strlen(entry->d_name) != strlen(prefix) + 6) continue;
    snprintf(path, sizeof path, "%s/%s", parent, entry->d_name);
    int fd = lock_folder(path);
    if (fd < 0) continue; /* its builder is at work */
    store_directory_remove(path);
    close(fd);
    bool is_gone = access(path, F_OK) < 0;
    fprintf(stderr, "phasebench store build: %s: a build that was killed left it; %s\n", path_show(path, &shown),
            is_gone ? "it was removed" : "it cannot be removed, remove it yourself");
  }
  closedir(folder);
}

bool store_disk_begin(const char *path, struct store_disk_making *making, struct fault *fault) {
  *making = (struct store_disk_making){.lock_fd = -1};
  if (!find_place(path, making->place, fault) || !may_replace(making->place, fault)) return false;
  remove_left_over(making->place);
  snprintf(making->folder, sizeof making->folder, "%.4060s.making-XXXXXX", making->place);
  mode_t mask = umask(0);
  umask(mask);
  if (!mkdtemp(making->folder) || chmod(making->folder, 0777 & ~mask) < 0) {
    fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made: %s", making->folder, strerror(errno));
    making->folder[0] = '\0';
    return false;
  }
  debris_add(making->folder, store_directory_remove);
  making->lock_fd = lock_folder(making->folder);
  return making->lock_fd >= 0 ||
         fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be locked: %s", making->folder, strerror(errno));
}

static bool sync_folder(const char *path, struct fault *fault) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool good = fd >= 0 && fsync(fd) == 0;
  if (!good) fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made durable: %s", path, strerror(errno));
  if (fd >= 0) close(fd);
  return good;
}

/* Puts the new folder at the place. An old store is then in the folder in which the new one was made. */
static bool exchange(const struct store_disk_making *making, struct fault *fault) {
  if (renameat2(AT_FDCWD, making->folder, AT_FDCWD, making->place, RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST && renameat2(AT_FDCWD, making->folder, AT_FDCWD, making->place, RENAME_EXCHANGE) == 0)
    return true;
  if (errno == EINVAL || errno == ENOSYS)
    return fault_set(fault, EXIT_CODE_SYSTEM,
                     "%s: this file system cannot exchange two folders, so that the old store "
                     "would be gone before the new one is there; remove the old one, and build again",
                     making->place);
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be put in place: %s", making->place, strerror(errno));
}

/* After an exchange of which nobody knows whether it is on disk: puts the old store back at its place. Where that
 * cannot be made durable either, both stay as they are: a crash may show either of the two, and it must be whole. */
static void take_back(struct store_disk_making *making, const char *parent, bool is_there) {
  static struct path_shown shown;
  struct fault ignored = {0};
  unsigned flags = is_there ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  bool is_back = renameat2(AT_FDCWD, making->place, AT_FDCWD, making->folder, flags) == 0;
  if (is_back && sync_folder(parent, &ignored)) return;
  fprintf(stderr, "phasebench store build: %s holds the %s store; remove it when the disk is well again\n",
          path_show(making->folder, &shown), is_back ? "new" : "old");
  debris_forget(making->folder);
  making->folder[0] = '\0';
}

bool store_disk_finish(struct store_disk_making *making, const char *head, struct fault *fault) {
  char name[4200], parent[4096];
  snprintf(name, sizeof name, "%s/%s", making->folder, STORE_DISK_HEAD);
  snprintf(parent, sizeof parent, "%s", making->place);
  char *slash = strrchr(parent, '/');
  slash[slash == parent] = '\0';
  /* Another process may have put something else there since store_disk_begin. */
  if (!json_write_bytes(name, head, strlen(head), fault) || !sync_folder(making->folder, fault) ||
      !may_replace(making->place, fault))
    return false;
  struct stat status;
  bool is_there = lstat(making->place, &status) == 0;
  int old_fd = is_there ? lock_folder(making->place) : -1;
  if (is_there && old_fd < 0)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: another process is replacing it", making->place);
  bool good = exchange(making, fault);
  if (good && !sync_folder(parent, fault)) {
    take_back(making, parent, is_there);
    good = false;
  }
  if (good) {
    debris_forget(making->folder);
    if (is_there) store_directory_remove(making->folder); /* the old one, which is locked */
    making->folder[0] = '\0';
  }
  if (old_fd >= 0) close(old_fd);
  return good;
}

void store_disk_end(struct store_disk_making *making) {
  if (making->folder[0]) store_directory_remove(making->folder);
  debris_forget(making->folder);
  if (making->lock_fd >= 0) close(making->lock_fd);
  making->lock_fd = -1;
  making->folder[0] = '\0';
}
