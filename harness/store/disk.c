/* SPDX-License-Identifier: MIT
 *
 * store_disk.c - see store_disk.h. */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/debris.h"
#include "base/json_out.h"
#include "base/memory_file.h"
#include "base/text.h"
#include "files.h"

static const char HEAD_MAGIC[] = "phasebench-store-1";
#define HEAD_BYTES_MAX 65536
#define HASH_LINE "hash %016" PRIx64 "\n"
#define HASH_LINE_BYTES 23 /* with its NUL */

/* ---- the head ---- */

char *store_disk_head(const struct store *store, const struct combination *combination, struct fault *fault) {
  static const char what[] = "the store's " STORE_DISK_HEAD;
  struct memory_file file;
  if (!memory_file_begin(&file, what, fault)) return NULL;
  fprintf(file.out, "%s\nabi %u\nstages %s\n", HEAD_MAGIC, STAGE_ABI_VERSION, combination->name);
  for (unsigned i = 0; i < store_stage_count(store); i++) {
    const struct stage_ops *ops = store_stage(store, i);
    for (uint32_t o = 0; o < ops->option_count; o++)
      fprintf(file.out, "set %s.%s=%" PRIu64 "\n", ops->name, ops->options[o].name, store_option(store, i, o));
  }
  char hash[HASH_LINE_BYTES];
  fprintf(file.out, "%*s", HASH_LINE_BYTES - 1, ""); /* room for its hash */
  if (!memory_file_end(&file, what, fault)) return NULL;
  char *line = file.bytes + file.byte_count - (HASH_LINE_BYTES - 1);
  snprintf(hash, sizeof hash, HASH_LINE, XXH3_64bits(file.bytes, (size_t)(line - file.bytes)));
  memcpy(line, hash, HASH_LINE_BYTES - 1);
  return file.bytes;
}

static bool read_head(const char *path, char *text, struct fault *fault) {
  char name[4200];
  snprintf(name, sizeof name, "%s/%s", path, STORE_DISK_HEAD);
  struct stat status; /* another kind of file may block who opens it */
  bool is_there = stat(name, &status) == 0;
  if (is_there && !S_ISREG(status.st_mode))
    return fault_set(fault, EXIT_CODE_CORRUPT,
                     "%s: is no regular file; the store is damaged: restore it from a copy or "
                     "remove the folder and build it anew",
                     name);
  FILE *in = is_there ? fopen(name, "rb") : NULL;
  if (!in && (errno == ENOENT || errno == ENOTDIR))
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is no store (there is no %s in it); `phasebench store build` makes "
                     "one",
                     path, STORE_DISK_HEAD);
  if (!in) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be opened: %s", name, strerror(errno));
  size_t got = fread(text, 1, HEAD_BYTES_MAX - 1, in);
  bool whole = feof(in);
  int error = ferror(in) ? errno : 0;
  fclose(in);
  text[got] = '\0';
  if (error) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", name, strerror(error));
  if (!whole || strlen(text) != got)
    return fault_set(fault, EXIT_CODE_CORRUPT, "%s: is not text of less than %d bytes", name, HEAD_BYTES_MAX);
  char *last = strstr(text, "\nhash ");
  uint64_t hash = last ? XXH3_64bits(text, (size_t)(last + 1 - text)) : 0;
  char expected[HASH_LINE_BYTES];
  snprintf(expected, sizeof expected, HASH_LINE, hash);
  if (!last || strcmp(last + 1, expected) != 0)
    return fault_set(fault, EXIT_CODE_CORRUPT,
                     "%s: its hash is not that of its bytes; the store is damaged: restore it "
                     "from a copy or remove the folder and build it anew",
                     name);
  last[1] = '\0';
  return true;
}

/* Is it a combination of stages in the stage folder, and not a path? The head is anybody's. */
static bool is_plain(const char *stages) {
  return stages[0] && strspn(stages, "abcdefghijklmnopqrstuvwxyz0123456789_+") == strlen(stages);
}

static bool take_line(struct store_disk *disk, const char *line, const char **stages, struct fault *fault) {
  char abi[32];
  snprintf(abi, sizeof abi, "abi %u", STAGE_ABI_VERSION);
  if (strncmp(line, "stages ", 7) == 0 && is_plain(line + 7)) {
    *stages = line + 7;
    return true;
  }
  if (strncmp(line, "set ", 4) == 0) return store_setting_add(&disk->place, line + 4, fault);
  if (strcmp(line, abi) == 0 || strcmp(line, HEAD_MAGIC) == 0) return true;
  if (strncmp(line, "abi ", 4) == 0 || strncmp(line, "phasebench-store-", 17) == 0)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: it is a store of '%.40s'; this program knows '%s' and '%s': build it "
                     "again, or use the program that made it",
                     disk->path, line, HEAD_MAGIC, abi);
  return fault_set(fault, EXIT_CODE_CORRUPT, "%s/%s: a line that says nothing: '%.60s'", disk->path, STORE_DISK_HEAD,
                   line);
}

static bool parse_head(struct store_disk *disk, char *text, const char *given, struct fault *fault) {
  const char *stages = NULL;
  for (char *line = text; *line;) {
    char *end = strchr(line, '\n');
    if (!end) break;
    *end = '\0';
    if (!take_line(disk, line, &stages, fault)) return false;
    line = end + 1;
  }
  if (!stages) return fault_set(fault, EXIT_CODE_CORRUPT, "%s/%s: names no stages", disk->path, STORE_DISK_HEAD);
  if (!combination_parse(given ? given : stages, &disk->combination, fault)) return false;
  if (strcmp(disk->combination.name, stages) == 0) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "%s: was made by the stages '%s', and '%s' is to open it", disk->path,
                   stages, disk->combination.name);
}

/* ---- reading ---- */

static bool load(struct store_disk *disk, struct fault *fault) {
  struct stage_pin pin;
  if (!store_pin_catalogue(disk->store, &pin, fault)) return false;
  bool good = store_catalogue_read(pin.bytes, (size_t)pin.length, disk->path, &disk->catalogue, fault);
  if (!store_unpin_catalogue(disk->store, &pin, fault) || !good) return false;
  if (strcmp(disk->catalogue.combination, disk->combination.name) != 0)
    return fault_set(fault, EXIT_CODE_CORRUPT, "%s: its catalogue is of the stages '%.200s', its %s of '%s'",
                     disk->path, disk->catalogue.combination, STORE_DISK_HEAD, disk->combination.name);
  return store_load(disk->store, disk->catalogue.tables, disk->catalogue.table_bytes, fault);
}

bool store_disk_open(const char *path, const char *stages, const struct store_place *settings, struct store_disk *disk,
                     struct fault *fault) {
  *disk = (struct store_disk){0};
  if (strlen(path) >= sizeof disk->path)
    return fault_set(fault, EXIT_CODE_INPUT, "%.80s...: the path is too long", path);
  strcpy(disk->path, path);
  char *text = malloc(HEAD_BYTES_MAX);
  if (!text) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  bool good = read_head(path, text, fault) && parse_head(disk, text, stages, fault);
  free(text);
  for (unsigned i = 0; good && settings && i < settings->setting_count; i++) {
    char setting[STORE_SETTING_BYTES];
    store_setting_text(&settings->settings[i], setting);
    good = store_setting_add(&disk->place, setting, fault);
  }
  if (!good) return false;
  strcpy(disk->place.directory, path);
  disk->place.is_reopened = true;
  return store_open(&disk->combination, &disk->place, &disk->store, fault) && store_can_commit(disk->store, fault) &&
         load(disk, fault);
}

void store_disk_close(struct store_disk *disk) {
  store_close(disk->store);
  disk->store = NULL;
  store_catalogue_free(&disk->catalogue);
}

bool store_disk_size(const char *path, struct store_disk_size *size, struct fault *fault) {
  *size = (struct store_disk_size){0};
  DIR *folder = opendir(path);
  if (!folder) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
  struct stat status;
  for (const struct dirent *entry; (entry = readdir(folder));) {
    bool is_there = fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there && errno != ENOENT) {
      fault_set(fault, EXIT_CODE_SYSTEM, "%s/%s: cannot be looked at: %s", path, entry->d_name, strerror(errno));
      break;
    }
    if (!is_there || !S_ISREG(status.st_mode)) continue;
    size->files++;
    size->bytes += (uint64_t)status.st_size;
    size->disk_bytes += (uint64_t)status.st_blocks * 512;
  }
  closedir(folder);
  return fault->code == EXIT_CODE_OK;
}

/* ---- making ---- */

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

/* Exchanged would be the link and not the store, which may lie in another file system. */
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
  char *text = malloc(HEAD_BYTES_MAX);
  struct fault unread = {0};
  char *stages = text && read_head(path, text, &unread) ? strstr(text, "\nstages ") : NULL;
  if (!text || unread.code == EXIT_CODE_SYSTEM) {
    free(text);
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s", unread.code ? unread.message : "out of memory");
  }
  if (stages) {
    stages += 8;
    stages[strcspn(stages, "\n")] = '\0';
  }
  DIR *folder = opendir(path);
  bool good = folder || fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
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

/* Folders that killed builds of this store left: nobody holds their lock. */
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

/* Puts the new folder at the place; an old one is then where the new one was made. */
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

/* After an exchange of which nobody knows whether it is on disk: the old store back at its place. Where that
 * cannot be made durable either, both stay as they are: a crash may show either of the two, and it must be whole. */
static bool take_back(struct store_disk_making *making, const char *parent, bool is_there) {
  static struct path_shown shown;
  struct fault ignored = {0};
  bool is_back =
      renameat2(AT_FDCWD, making->place, AT_FDCWD, making->folder, is_there ? RENAME_EXCHANGE : RENAME_NOREPLACE) == 0;
  if (is_back && sync_folder(parent, &ignored)) return true;
  fprintf(stderr, "phasebench store build: %s holds the %s store; remove it when the disk is well again\n",
          path_show(making->folder, &shown), is_back ? "new" : "old");
  debris_forget(making->folder);
  making->folder[0] = '\0';
  return false;
}

bool store_disk_finish(struct store_disk_making *making, const char *head, struct fault *fault) {
  char name[4200], parent[4096];
  snprintf(name, sizeof name, "%s/%s", making->folder, STORE_DISK_HEAD);
  snprintf(parent, sizeof parent, "%s", making->place);
  char *slash = strrchr(parent, '/');
  slash[slash == parent] = '\0';
  /* What is there may be another one than at the beginning. */
  if (!json_write_bytes(name, head, strlen(head), fault) || !sync_folder(making->folder, fault) ||
      !may_replace(making->place, fault))
    return false;
  struct stat status;
  bool is_there = lstat(making->place, &status) == 0;
  int old_fd = is_there ? lock_folder(making->place) : -1;
  if (is_there && old_fd < 0)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: another process is replacing it", making->place);
  bool good = exchange(making, fault) && (sync_folder(parent, fault) || take_back(making, parent, is_there));
  good = good && fault->code == EXIT_CODE_OK;
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
