/* SPDX-License-Identifier: MIT
 *
 * disk.c - see disk.h. */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/memory_file.h"
#include "base/open_file.h"
#include "commit.h"

static const char HEAD_MAGIC[] = "phasebench-store-1";
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

bool store_disk_read_head(const char *path, char text[STORE_DISK_HEAD_BYTES_MAX], struct fault *fault) {
  char name[4200];
  snprintf(name, sizeof name, "%s/%s", path, STORE_DISK_HEAD);
  const char *why;
  FILE *in = open_file_stream(name, NULL, &why);
  if (!in && errno == ENXIO)
    return fault_set(fault, EXIT_CODE_CORRUPT,
                     "%s: is no regular file; the store is damaged: restore it from a copy or "
                     "remove the folder and build it anew",
                     name);
  if (!in && (errno == ENOENT || errno == ENOTDIR))
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is no store (there is no %s in it); `phasebench store build` makes "
                     "one",
                     path, STORE_DISK_HEAD);
  if (!in) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be opened: %s", name, why);
  size_t got = fread(text, 1, STORE_DISK_HEAD_BYTES_MAX - 1, in);
  bool whole = feof(in);
  int error = ferror(in) ? errno : 0;
  fclose(in);
  text[got] = '\0';
  if (error) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", name, strerror(error));
  if (!whole || strlen(text) != got)
    return fault_set(fault, EXIT_CODE_CORRUPT, "%s: is not text of less than %d bytes", name,
                     STORE_DISK_HEAD_BYTES_MAX);
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

/* Is it a combination of stages in the stage folder, and not a path? Anybody may have written the
 * head, and a path in it would be loaded as code. */
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
  char *text = malloc(STORE_DISK_HEAD_BYTES_MAX);
  if (!text) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  bool good = store_disk_read_head(path, text, fault) && parse_head(disk, text, stages, fault);
  free(text);
  for (unsigned i = 0; good && settings && i < settings->setting_count; i++) {
    char setting[STORE_SETTING_BYTES];
    store_setting_text(&settings->settings[i], setting);
    good = store_setting_add(&disk->place, setting, fault);
  }
  if (!good) return false;
  disk->place.directory = disk->path;
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
