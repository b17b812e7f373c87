/* SPDX-License-Identifier: MIT
 *
 * checkpoint.c - see checkpoint.h. */
#include "checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_out.h"

const char *checkpoint_text(enum checkpoint_name name) {
  static const char *const texts[] = {
#define X(name, text) text,
    CHECKPOINTS(X)
#undef X
  };
  return texts[name];
}

/* ---- bytes on disk ---- */

#define DISK_FILES_MAX 4096
#define DISK_FOLDERS_DEPTH_MAX 8 /* stages write files, and hardly a folder */

struct disk_files {
  unsigned count;
  struct {
    dev_t device;
    ino_t inode;
    uint64_t bytes; /* disk blocks */
  } files[DISK_FILES_MAX];
};

/* What was open already before any stage was loaded is not a stage's. */
static struct disk_files disk_before, disk_now;
static const char *disk_folder;

static const char too_many[] = "more files than can be told apart are in the store's folder or open for writing";

void checkpoint_use_folder(const char *directory) { disk_folder = directory; }

static bool holds(const struct disk_files *files, const struct stat *status) {
  for (unsigned i = 0; i < files->count; i++) {
    if (files->files[i].device == status->st_dev && files->files[i].inode == status->st_ino) return true;
  }
  return false;
}

/* A file that is there twice (open, or linked) counts once. */
static const char *add_file(struct disk_files *list, const struct stat *status) {
  if (holds(list, status)) return NULL;
  if (list->count == DISK_FILES_MAX) return too_many;
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
  const char *why = depth == DISK_FOLDERS_DEPTH_MAX ? "the folder of the stages' files is too deep" : NULL;
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

static const char *read_disk_bytes(uint64_t *bytes) {
  disk_now.count = 0;
  const char *why = disk_folder ? list_folder(&disk_now, AT_FDCWD, disk_folder, 0) : NULL;
  if (!why) why = list_written_files(&disk_now, &disk_before);
  *bytes = 0;
  for (unsigned i = 0; i < disk_now.count; i++) *bytes += disk_now.files[i].bytes;
  return why;
}

/* ---- reading ---- */

static void read_heaps(struct checkpoint *checkpoint) {
  heap_refresh();
  checkpoint->heap_count = heap_count();
  checkpoint->has_heaps = heap_statistics_available() && heap_totals(&checkpoint->totals);
  for (unsigned i = 0; i < checkpoint->heap_count && checkpoint->has_heaps; i++)
    checkpoint->has_heaps = heap_statistics(heap_at(i), &checkpoint->heaps[i]);
}

/* ---- what lies past the allocator ---- */

/* One line of /proc/self/maps: "start-end perms offset device inode   path". */
static void add_mapping(const char *line, uint64_t *bytes) {
  unsigned long long start, end;
  int path = 0;
  if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &start, &end, &path) != 2 || path == 0) return;
  if (line[path] == '\0' || strcmp(line + path, "[heap]") == 0) *bytes += end - start;
}

/* Sums the sizes of anonymous mappings, with no memory but a static buffer. */
static const char *read_anonymous_mapped(uint64_t *bytes) {
  static char buffer[65536];
  size_t used = 0;
  ssize_t got;
  *bytes = 0;
  int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return "/proc/self/maps cannot be read";
  while ((got = read(file, buffer + used, sizeof buffer - 1 - used)) > 0) {
    used += (size_t)got;
    buffer[used] = '\0';
    char *line = buffer;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
      *end = '\0';
      add_mapping(line, bytes);
    }
    used -= (size_t)(line - buffer);
    memmove(buffer, line, used);
  }
  close(file);
  return got < 0 || used > 0 ? "/proc/self/maps cannot be read to its end" : NULL;
}

static int64_t past_allocator(const struct checkpoint *checkpoint) {
  return (int64_t)checkpoint->anonymous_mapped_bytes - (int64_t)checkpoint->totals.mapped_bytes -
         (int64_t)checkpoint->totals.retained_bytes;
}

static int64_t past_allocator_before; /* as calibrated */

static void account(struct checkpoint *checkpoint) {
  const struct probe_reading *probe = &checkpoint->probe;
  checkpoint->unexplained_missing = !checkpoint->has_heaps        ? "this build has no jemalloc"
                                    : probe->missing[PROBE_RSS]   ? probe->missing[PROBE_RSS]
                                    : probe->rss_by_owner_missing ? probe->rss_by_owner_missing
                                                                  : checkpoint->maps_missing;
  if (checkpoint->unexplained_missing) return;
  int64_t owned = (int64_t)checkpoint->totals.resident_bytes;
  for (int owner = 0; owner < PROBE_OWNER_COUNT; owner++) {
    if (owner != PROBE_OWNER_ANONYMOUS && owner != PROBE_OWNER_OTHER)
      owned += (int64_t)probe->rss_by_owner_bytes[owner];
  }
  checkpoint->unexplained_bytes =
      past_allocator(checkpoint) - past_allocator_before + (int64_t)probe->rss_by_owner_bytes[PROBE_OWNER_OTHER];
  checkpoint->untouched_bytes = owned + checkpoint->unexplained_bytes - (int64_t)probe->value[PROBE_RSS];
}

static void read_all(struct checkpoint *checkpoint) {
  heap_flush_all();
  checkpoint->disk_missing = read_disk_bytes(&checkpoint->disk_bytes);
  heap_flush_all(); /* what opendir took and gave back */
  read_heaps(checkpoint);
  checkpoint->maps_missing = read_anonymous_mapped(&checkpoint->anonymous_mapped_bytes);
  probe_read(&checkpoint->probe);
  account(checkpoint);
}

void checkpoint_prime(struct checkpoint checkpoints[CHECKPOINT_COUNT]) {
  probe_prime();
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < CHECKPOINT_COUNT; i++) read_all(&checkpoints[i]);
  }
  for (int i = 0; i < CHECKPOINT_COUNT; i++) checkpoints[i].was_read = false;
}

void checkpoint_calibrate(struct checkpoint checkpoints[CHECKPOINT_COUNT]) {
  struct checkpoint *now = &checkpoints[CHECKPOINT_START];
  past_allocator_before = 0;
  disk_before.count = 0;
  list_written_files(&disk_before, NULL);
  read_all(now);
  if (!now->unexplained_missing) past_allocator_before = past_allocator(now);
}

void checkpoint_read(struct checkpoint checkpoints[CHECKPOINT_COUNT], enum checkpoint_name name) {
  static uint64_t start_ns;
  uint64_t now_ns = clock_ns();
  if (name == CHECKPOINT_START) start_ns = now_ns;
  struct checkpoint *checkpoint = &checkpoints[name];
  read_all(checkpoint);
  checkpoint->elapsed_ns = now_ns - start_ns;
  checkpoint->was_read = true;
}

bool checkpoint_check(const struct checkpoint checkpoints[CHECKPOINT_COUNT], enum checkpoint_name name,
                      struct fault *fault) {
  const struct checkpoint *checkpoint = &checkpoints[name];
  if (checkpoint->unexplained_missing) return true;
  uint64_t rss = checkpoint->probe.value[PROBE_RSS];
  uint64_t rest = (uint64_t)llabs(checkpoint->unexplained_bytes);
  uint64_t limit = (uint64_t)((double)rss * CHECKPOINT_UNEXPLAINED_LIMIT_PCT / 100);
  if (limit < CHECKPOINT_UNEXPLAINED_LIMIT_BYTES) limit = CHECKPOINT_UNEXPLAINED_LIMIT_BYTES;
  if (rest <= limit) return true;
  return fault_set(fault, EXIT_CODE_CELL_FAILED,
                   "checkpoint '%s': %" PRId64 " bytes of memory have no owner (RSS: %" PRIu64
                   "); allowed is %s (%" PRIu64
                   "); does a stage take memory past its heap (mmap, a large static array)?",
                   checkpoint_text(name), checkpoint->unexplained_bytes, rss, CHECKPOINT_UNEXPLAINED_LIMIT_TEXT, limit);
}

/* ---- JSON ---- */

static void add_probe(cJSON *object, const struct probe_reading *probe) {
  static const char *const keys[] = {
#define X(name, key, source) key,
    PROBE_FIGURES(X)
#undef X
  };
  for (int figure = 0; figure < PROBE_FIGURE_COUNT; figure++) {
    if (probe->missing[figure]) json_add_missing(object, keys[figure], probe->missing[figure]);
    else json_add_u64(object, keys[figure], probe->value[figure]);
  }
}

static void add_mappings(cJSON *object, const struct probe_reading *probe) {
  if (probe->rss_by_owner_missing) {
    json_add_missing(object, "mappings", probe->rss_by_owner_missing);
    return;
  }
  cJSON *mappings = json_add_array(object, "mappings");
  for (int owner = 0; owner < PROBE_OWNER_COUNT; owner++) {
    cJSON *mapping = json_add_object(mappings, NULL);
    json_add_text(mapping, "owner", probe_owner_name((enum probe_owner)owner));
    json_add_u64(mapping, "rss_bytes", probe->rss_by_owner_bytes[owner]);
  }
}

static void add_heaps(cJSON *object, const struct checkpoint *checkpoint) {
  static const char why[] = "this build has no jemalloc";
  if (!checkpoint->has_heaps) {
    json_add_missing(object, "jemalloc", why);
    json_add_missing(object, "heaps", why);
    return;
  }
  cJSON *totals = json_add_object(object, "jemalloc");
  json_add_u64(totals, "allocated_bytes", checkpoint->totals.allocated_bytes);
  json_add_u64(totals, "active_bytes", checkpoint->totals.active_bytes);
  json_add_u64(totals, "metadata_bytes", checkpoint->totals.metadata_bytes);
  json_add_u64(totals, "resident_bytes", checkpoint->totals.resident_bytes);
  json_add_u64(totals, "mapped_bytes", checkpoint->totals.mapped_bytes);
  json_add_u64(totals, "retained_bytes", checkpoint->totals.retained_bytes);
  cJSON *heaps = json_add_array(object, "heaps");
  for (unsigned i = 0; i < checkpoint->heap_count; i++) {
    cJSON *heap = json_add_object(heaps, NULL);
    json_add_text(heap, "owner", heap_name(heap_at(i)));
    json_add_u64(heap, "allocated_bytes", checkpoint->heaps[i].allocated_bytes);
    json_add_u64(heap, "active_bytes", checkpoint->heaps[i].active_bytes);
    json_add_u64(heap, "dirty_bytes", checkpoint->heaps[i].dirty_bytes);
    json_add_u64(heap, "metadata_bytes", checkpoint->heaps[i].metadata_bytes);
    json_add_u64(heap, "resident_bytes", checkpoint->heaps[i].resident_bytes);
  }
}

static void add_checkpoint(cJSON *array, enum checkpoint_name name, const struct checkpoint *checkpoint) {
  cJSON *object = json_add_object(array, NULL);
  json_add_text(object, "name", checkpoint_text(name));
  json_add_u64(object, "elapsed_ns", checkpoint->elapsed_ns);
  add_probe(object, &checkpoint->probe);
  if (checkpoint->disk_missing) json_add_missing(object, "disk_bytes", checkpoint->disk_missing);
  else json_add_u64(object, "disk_bytes", checkpoint->disk_bytes);
  add_heaps(object, checkpoint);
  add_mappings(object, &checkpoint->probe);
  if (checkpoint->unexplained_missing) {
    json_add_missing(object, "unexplained_bytes", checkpoint->unexplained_missing);
    json_add_missing(object, "untouched_bytes", checkpoint->unexplained_missing);
    return;
  }
  json_add_i64(object, "unexplained_bytes", checkpoint->unexplained_bytes);
  json_add_i64(object, "untouched_bytes", checkpoint->untouched_bytes);
}

cJSON *checkpoint_json(const struct checkpoint checkpoints[CHECKPOINT_COUNT]) {
  cJSON *array = json_new_array();
  for (int i = 0; i < CHECKPOINT_COUNT; i++) {
    if (checkpoints[i].was_read) add_checkpoint(array, (enum checkpoint_name)i, &checkpoints[i]);
  }
  return array;
}

uint64_t checkpoint_allocated_in(const struct checkpoint *checkpoint, const char *ending, const char *more) {
  uint64_t bytes = 0;
  for (unsigned i = 0; i < checkpoint->heap_count; i++) {
    const char *name = heap_name(heap_at(i));
    size_t length = strlen(name), wanted = strlen(ending);
    bool ends = length > wanted && strcmp(name + length - wanted, ending) == 0;
    if (ends || (more && strcmp(name, more) == 0)) bytes += checkpoint->heaps[i].allocated_bytes;
  }
  return bytes;
}
