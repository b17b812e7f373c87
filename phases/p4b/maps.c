/* SPDX-License-Identifier: MIT */
#include "maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "bus.h"

#define MENDING "restore the file, or put the document again"

/* ---- files ---- */

/* Non-blocking, so that a pipe in a file's place is refused and not waited for. */
static int open_file(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }

static bool same_time(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

static struct stamp stamp_of(const struct stat *status) {
  return (struct stamp){(uint64_t)status->st_size, status->st_mtim, status->st_ctim};
}

static bool is_recent(struct timespec then, struct timespec now) {
  const int64_t second = 1000000000;
  if (then.tv_sec > now.tv_sec) return true; /* another machine's clock */
  if (now.tv_sec - then.tv_sec > 3600) return false;
  return (now.tv_sec - then.tv_sec) * second + now.tv_nsec - then.tv_nsec < (int64_t)MAP_STAMP_NS;
}

static bool is_young(const struct stamp *stamp) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return is_recent(stamp->modified, now) || is_recent(stamp->changed, now);
}

bool maps_file_holds(const char *path, const uint8_t *bytes, uint64_t size) {
  uint8_t part[16384];
  struct stat status;
  if (path[0] != '/' || strlen(path) >= PATH_MAX) return false;
  int file = open_file(path);
  if (file < 0) return false;
  bool holds = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (uint64_t)status.st_size == size;
  for (uint64_t at = 0; holds && at < size;) {
    ssize_t got = read(file, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    holds = got > 0 && (uint64_t)got <= size - at && memcmp(part, bytes + at, (size_t)got) == 0;
    at += holds ? (uint64_t)got : 0;
  }
  close(file);
  return holds;
}

/* ---- the list ---- */

static void map_delete(struct maps *maps, struct map **at) {
  struct map *map = *at;
  *at = map->next;
  if (map->bytes) munmap(map->bytes, map->mapped_bytes);
  if (map->file >= 0) close(map->file);
  maps->count--;
  maps->mapped_bytes -= map->mapped_bytes;
  if (map->is_warm) maps->warm_bytes -= map->mapped_bytes;
  stage_release(maps->ctx, STAGE_SOURCE, map);
}

static struct map **place_of(struct maps *maps, const struct map *map) {
  struct map **at = &maps->first;
  while (*at != map) at = &(*at)->next;
  return at;
}

struct map *maps_find(struct maps *maps, uint32_t id) {
  for (struct map **at = &maps->first; *at; at = &(*at)->next) {
    struct map *map = *at;
    if (map->id != id || map->is_stale) continue;
    *at = map->next;
    map->next = maps->first;
    maps->first = map;
    return map;
  }
  return NULL;
}

static uint64_t pinned_bytes(const struct maps *maps) {
  uint64_t bytes = 0;
  for (const struct map *map = maps->first; map; map = map->next) bytes += map->pins > 0 ? map->mapped_bytes : 0;
  return bytes;
}

/* The one used longest ago that nobody has pinned; NULL: none. */
static struct map **oldest_unpinned(struct maps *maps, bool only_warm) {
  struct map **oldest = NULL;
  for (struct map **at = &maps->first; *at; at = &(*at)->next) {
    if ((*at)->pins == 0 && ((*at)->is_warm || !only_warm)) oldest = at;
  }
  return oldest;
}

static void warm(struct maps *maps, struct map *map) {
  if (map->is_warm) return;
  map->is_warm = true;
  maps->warm_bytes += map->mapped_bytes;
  if (maps->warm_bytes > maps->counts.warm_peak_bytes) maps->counts.warm_peak_bytes = maps->warm_bytes;
}

/* Takes the map's pages out of the process; who reads it next finds them in the kernel's cache. */
static void evict_pages(struct maps *maps, struct map *map) {
  madvise(map->bytes, map->mapped_bytes, MADV_DONTNEED);
  map->is_warm = false;
  maps->warm_bytes -= map->mapped_bytes;
  maps->counts.page_evictions++;
}

/* Room for so many maps more with so many bytes, as far as nobody has pinned what is there. */
static void trim(struct maps *maps, uint64_t more_maps, uint64_t more_bytes) {
  const uint64_t *options = maps->ctx->options;
  struct map **oldest;
  while (maps->count + more_maps > options[MAPS_MAPS] && (oldest = oldest_unpinned(maps, false))) {
    map_delete(maps, oldest);
    maps->counts.evictions++;
  }
  while (maps->warm_bytes + more_bytes > options[MAPS_RESIDENT_BYTES] && (oldest = oldest_unpinned(maps, true)))
    evict_pages(maps, *oldest);
}

static void retire(struct maps *maps, struct map *map) {
  map->is_stale = true;
  if (map->pins == 0) map_delete(maps, place_of(maps, map));
}

void maps_forget(struct maps *maps, uint32_t id) {
  struct map *map = maps_find(maps, id);
  if (map) retire(maps, map);
}

void maps_evict(struct maps *maps) {
  struct map **oldest;
  while ((oldest = oldest_unpinned(maps, false))) map_delete(maps, oldest);
}

void maps_close(struct maps *maps) {
  while (maps->first) map_delete(maps, &maps->first);
  bus_unwatch(maps);
}

/* ---- what a map holds ---- */

/* Reads the whole map. A file that is cut short meanwhile leaves zeros and a corrupt map. */
static bool hash_is_right(struct map *map) {
  uint64_t hash = XXH3_64bits(map->bytes, (size_t)map->size);
  return !map->is_corrupt && hash == map->hash;
}

/* Whether the bytes are still what was put, and have been since they were pinned. */
static bool is_good(struct maps *maps, struct map *map) {
  struct stat status;
  if (map->is_corrupt || fstat(map->file, &status) < 0) return false;
  struct stamp now = stamp_of(&status);
  if (now.size != map->stamp.size) return false;
  bool same_modified = same_time(now.modified, map->stamp.modified);
  if (map->pins > 0 && !same_modified) return false; /* whatever it holds now */
  if (same_modified && same_time(now.changed, map->stamp.changed) && !map->is_young) return true;
  maps->counts.rehashed++;
  map->stamp = now;
  map->is_young = is_young(&now); /* before hashing: the clock goes on */
  return hash_is_right(map);
}

static void corrupt(struct maps *maps, struct map *map) {
  if (!map->is_stale || !map->is_corrupt) maps->counts.corrupt++;
  map->is_corrupt = 1;
  retire(maps, map);
}

/* ---- a new map ---- */

/* The maps that are pinned may be as many as the options say; the others make room. */
static int make_room(struct maps *maps, uint32_t id, uint64_t bytes) {
  const uint64_t *options = maps->ctx->options;
  trim(maps, 1, bytes);
  if (maps->count + 1 > options[MAPS_MAPS]) {
    STAGE_FAIL(maps->ctx,
               "document %u: all %" PRIu64
               " maps are pinned, which is what the option maps allows; "
               "unpin some, or set p4b.maps higher",
               id, maps->count);
    return STAGE_LIMIT;
  }
  uint64_t pinned = pinned_bytes(maps);
  if (pinned + bytes > options[MAPS_PINNED_BYTES]) {
    STAGE_FAIL(maps->ctx,
               "document %u: its map of %" PRIu64 " bytes and the %" PRIu64
               " that are pinned are more than "
               "the option pinned_bytes allows (%" PRIu64 "); unpin some, or set p4b.pinned_bytes higher",
               id, bytes, pinned, options[MAPS_PINNED_BYTES]);
    return STAGE_LIMIT;
  }
  return STAGE_OK;
}

/* Where the process has no descriptor left, maps that nobody has pinned give theirs. */
static int open_making_room(struct maps *maps, const char *path) {
  struct map **oldest;
  int file;
  while ((file = open_file(path)) < 0 && (errno == EMFILE || errno == ENFILE) &&
         (oldest = oldest_unpinned(maps, false))) {
    map_delete(maps, oldest);
    maps->counts.evictions++;
  }
  return file;
}

static int open_for(struct maps *maps, struct map *map) {
  struct stat status;
  map->file = open_making_room(maps, map->path);
  if (map->file < 0 || fstat(map->file, &status) < 0) {
    STAGE_FAIL(maps->ctx, "%.300s: cannot be opened: %s; it holds document %u: " MENDING, map->path, strerror(errno),
               map->id);
    return STAGE_IO;
  }
  if (!S_ISREG(status.st_mode)) {
    STAGE_FAIL(maps->ctx, "%.300s: is no regular file any more; it held document %u: " MENDING, map->path, map->id);
    return STAGE_IO;
  }
  map->stamp = stamp_of(&status);
  map->is_young = is_young(&map->stamp);
  if (map->stamp.size == map->size) return STAGE_OK;
  STAGE_FAIL(maps->ctx, "%.300s: has %" PRIu64 " bytes, and had %" PRIu64 " when it was put as document %u; " MENDING,
             map->path, map->stamp.size, map->size, map->id);
  return STAGE_CORRUPT;
}

/* The map is in the list, so that the signal handler knows it, before a byte is read. */
static int map_file(struct maps *maps, struct map *map) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = ((size_t)map->size + page - 1) / page * page;
  int error = make_room(maps, map->id, bytes);
  if (!error) error = bus_watch(maps);
  if (error) return error;
  void *at = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, map->file, 0);
  if (at == MAP_FAILED) {
    STAGE_FAIL(maps->ctx, "%.300s: cannot be mapped: %s; document %u", map->path, strerror(errno), map->id);
    return errno == ENOMEM ? STAGE_OUT_OF_MEMORY : STAGE_IO;
  }
  map->bytes = at;
  map->mapped_bytes = bytes;
  maps->mapped_bytes += bytes;
  if (maps->mapped_bytes > maps->counts.mapped_peak_bytes) maps->counts.mapped_peak_bytes = maps->mapped_bytes;
  warm(maps, map);
  return STAGE_OK;
}

static int check_contents(struct maps *maps, struct map *map) {
  if (hash_is_right(map)) return STAGE_OK;
  if (map->is_corrupt) {
    STAGE_FAIL(maps->ctx, "%.300s: was cut short, or could not be read, while document %u was mapped; " MENDING,
               map->path, map->id);
    return STAGE_IO;
  }
  STAGE_FAIL(maps->ctx,
             "%.300s: has other contents than those put as document %u (expected XXH3-64 %016" PRIx64
             ", found %016" PRIx64 "); " MENDING,
             map->path, map->id, map->hash, (uint64_t)XXH3_64bits(map->bytes, (size_t)map->size));
  return STAGE_CORRUPT;
}

static int map_new(struct maps *maps, uint32_t id, const struct record *record, struct map **out) {
  struct map *map = stage_allocate(maps->ctx, STAGE_SOURCE, sizeof *map + record->path_bytes + 1);
  if (!map) return STAGE_OUT_OF_MEMORY;
  *map = (struct map){.id = id, .size = record->size, .hash = record->hash, .file = -1};
  memcpy(map->path, record->path, record->path_bytes);
  map->path[record->path_bytes] = '\0';
  int error = open_for(maps, map);
  if (!error) error = map_file(maps, map);
  map->next = maps->first;
  maps->first = map;
  maps->count++;
  if (!error) error = check_contents(maps, map);
  if (error) {
    map_delete(maps, &maps->first);
    return error;
  }
  maps->counts.made++;
  *out = map;
  return STAGE_OK;
}

/* ---- pins ---- */

int maps_pin(struct maps *maps, uint32_t id, const struct record *record, struct map **out) {
  struct map *map = maps_find(maps, id);
  *out = NULL;
  if (map && is_good(maps, map)) {
    maps->counts.hits++;
  } else {
    if (map && (map->pins > 0 || map->is_corrupt)) corrupt(maps, map);
    else if (map) retire(maps, map);
    map = NULL;
    if (!record) return STAGE_OK;
    int error = map_new(maps, id, record, &map);
    if (error) return error;
  }
  map->pins++;
  if (!map->is_warm) {
    trim(maps, 0, map->mapped_bytes);
    warm(maps, map);
  }
  *out = map;
  return STAGE_OK;
}

int maps_unpin(struct maps *maps, struct map *map) {
  bool good = is_good(maps, map);
  if (!good) {
    STAGE_FAIL(maps->ctx,
               "%.300s: was changed or cut short while document %u was read from it: what was read is void; " MENDING,
               map->path, map->id);
    corrupt(maps, map); /* its pin keeps it */
  }
  map->pins--;
  if (map->is_stale) retire(maps, map);
  trim(maps, 0, 0);
  return good ? STAGE_OK : STAGE_IO;
}
