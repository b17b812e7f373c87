/* SPDX-License-Identifier: MIT
 *
 * cache.h - byte strings that are in memory, decompressed, for their readers: those that are pinned,
 * and as many of the others, the last used first, as a budget holds. */
#ifndef PHASEBENCH_KIT_CACHE_H
#define PHASEBENCH_KIT_CACHE_H

#include "stage.h"

struct cache_entry {
  struct cache_entry *next;
  uint32_t id;
  uint32_t pins;
  uint32_t hits; /* how often it was found again */
  bool is_stale; /* another version was put: freed at the last unpin */
  uint64_t length;
  uint8_t bytes[];
};

/* Zeroed but for ctx, kind and budget is empty. */
struct cache {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  uint64_t budget_bytes;             /* of strings that nobody has pinned, their heads with them */
  uint64_t free_bytes, pinned_bytes; /* at present */
  struct cache_entry *first;         /* the last used one */
  /* Called for each string that goes for lack of room, before it goes; may be NULL. It may not
   * touch the list. */
  void (*on_leave)(void *with, const struct cache_entry *decompressed);
  void *with;
};

/* Makes room for `length` bytes as string `id`, for the caller to fill in and then to take in or to
 * give back. NULL: out of memory. */
struct cache_entry *cache_new(struct cache *list, uint32_t id, uint64_t length);
void cache_discard(struct cache *list, struct cache_entry *decompressed);
void cache_take(struct cache *list, struct cache_entry *decompressed);

/* Finds a string and makes it the first; NULL: it is not here. */
struct cache_entry *cache_find(struct cache *list, uint32_t id);
/* [offset, offset + length) of it, which the caller has checked. */
void cache_pin(struct cache *list, struct cache_entry *decompressed, uint64_t offset, uint64_t length,
               struct stage_pin *pin);
void cache_unpin(struct cache *list, struct stage_pin *pin);
/* Another version was put, or it was dropped: who has it pinned keeps it. */
void cache_forget(struct cache *list, uint32_t id);
/* Frees all that nobody has pinned; on_leave is not called. */
void cache_clear(struct cache *list);
/* Frees everything. */
void cache_free(struct cache *list);

#endif
