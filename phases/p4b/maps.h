/* SPDX-License-Identifier: MIT
 *
 * maps.h - the files that are mapped now, the one used last first.
 *
 * A map is of the whole file. Its bytes are hashed when it is made, and that reads all of
 * them anyhow; and a map costs what is touched of it, not its length.
 *
 * Two budgets: how many files are mapped, and how much of them may be in the process. Past the
 * second the pages of the map used longest ago are evicted (it is not warm then) and the
 * map stays: to read it again takes a page fault or two, where a new map takes the
 * record, an open file and a hash.
 *
 * What a map shows can change with the file. So a map is made good again at each pin and at
 * each unpin: while size and times of the file (its stamp) are those at which it was hashed,
 * nobody wrote to it. The kernel's clock for these times is coarse, so a stamp that was
 * younger than MAP_STAMP_NS when it was taken proves nothing, and the bytes are hashed
 * again until it is older. Not noticed is who writes through a shared map of his own into
 * a page that he has made dirty before: the kernel gives that no new time.
 *
 * The descriptor stays open as long as the map: its stamp is that of the file which is
 * mapped, whatever its path leads to by now, and asking it is one short call. */
#ifndef PHASEBENCH_P4B_MAPS_H
#define PHASEBENCH_P4B_MAPS_H

#include <signal.h>
#include <time.h>

#include "record.h"

/* Times of files are those of the last tick (10 ms at most), on FAT of the last 2 s. */
#define MAP_STAMP_NS UINT64_C(2000000000)

enum maps_option { MAPS_RESIDENT_BYTES, MAPS_PINNED_BYTES, MAPS_MAPS, MAPS_OPTION_COUNT };

struct stamp {
  uint64_t size;
  struct timespec modified, changed;
};

struct map {
  struct map *next;
  uint8_t *bytes;
  uint64_t size, hash; /* of the contents */
  size_t mapped_bytes; /* whole pages */
  struct stamp stamp;  /* when the hash was last checked */
  bool is_young;       /* too young then to tell later changes */
  bool is_warm;        /* its pages may be in the process */
  bool is_stale;       /* not found any more: goes with its last pin */
  /* It is not what it was; set by the signal handler, too. What was read of it is void. */
  volatile sig_atomic_t is_corrupt;
  uint32_t id;
  unsigned pins;
  int file;
  char path[];
};

struct maps {
  const struct stage_ctx *ctx;
  struct maps *next_watched; /* see bus.h */
  bool is_watched;
  struct map *first;
  uint64_t count, mapped_bytes, warm_bytes;
  struct {
    uint64_t made, hits, evictions, page_evictions, corrupt, rehashed, mapped_peak_bytes, warm_peak_bytes;
  } counts;
};

/* The document's map, good or not; NULL: none. */
struct map *maps_find(struct maps *maps, uint32_t id);
/* Adds a pin to the document's map: one that is there, or, given the document's record, a new
 * one. Without a record *map may be NULL on success: there is no good map. */
int maps_pin(struct maps *maps, uint32_t id, const struct record *record, struct map **map);
int maps_unpin(struct maps *maps, struct map *map);
/* The document is another one from now on. */
void maps_forget(struct maps *maps, uint32_t id);
/* Unmaps what nobody has pinned. */
void maps_evict(struct maps *maps);
/* Unmaps everything. */
void maps_close(struct maps *maps);

/* Whether the file at `path` can be mapped in place of bytes[0..size): it is regular and holds them. */
bool maps_file_holds(const char *path, const uint8_t *bytes, uint64_t size);

#endif
