/* SPDX-License-Identifier: MIT */
#include "cache.h"

static uint64_t cost(const struct cache_entry *decompressed) { return sizeof *decompressed + decompressed->length; }

struct cache_entry *cache_new(struct cache *list, uint32_t id, uint64_t length) {
  if (length > SIZE_MAX - sizeof(struct cache_entry)) return NULL;
  struct cache_entry *decompressed = stage_allocate(list->ctx, list->kind, sizeof *decompressed + (size_t)length);
  if (decompressed) *decompressed = (struct cache_entry){.id = id, .length = length};
  return decompressed;
}

void cache_discard(struct cache *list, struct cache_entry *decompressed) {
  stage_release(list->ctx, list->kind, decompressed);
}

void cache_take(struct cache *list, struct cache_entry *decompressed) {
  decompressed->next = list->first;
  list->first = decompressed;
  list->free_bytes += cost(decompressed);
}

/* Lets go of what nobody has pinned beyond `most` bytes, and of what is stale. */
static void trim(struct cache *list, uint64_t most, bool tells) {
  uint64_t bytes = 0;
  for (struct cache_entry **at = &list->first; *at;) {
    struct cache_entry *decompressed = *at;
    if (decompressed->pins == 0) {
      bytes += cost(decompressed);
      if (bytes > most || decompressed->is_stale) {
        if (tells && !decompressed->is_stale && list->on_leave) list->on_leave(list->with, decompressed);
        bytes -= cost(decompressed);
        list->free_bytes -= cost(decompressed);
        *at = decompressed->next;
        stage_release(list->ctx, list->kind, decompressed);
        continue;
      }
    }
    at = &decompressed->next;
  }
}

struct cache_entry *cache_find(struct cache *list, uint32_t id) {
  for (struct cache_entry **at = &list->first; *at; at = &(*at)->next) {
    struct cache_entry *decompressed = *at;
    if (decompressed->id != id || decompressed->is_stale) continue;
    *at = decompressed->next;
    decompressed->next = list->first;
    list->first = decompressed;
    decompressed->hits++;
    return decompressed;
  }
  return NULL;
}

void cache_pin(struct cache *list, struct cache_entry *decompressed, uint64_t offset, uint64_t length,
               struct stage_pin *pin) {
  if (decompressed->pins++ == 0) {
    list->free_bytes -= cost(decompressed);
    list->pinned_bytes += cost(decompressed);
  }
  trim(list, list->budget_bytes, true);
  *pin = (struct stage_pin){decompressed->bytes + offset, length, decompressed};
}

void cache_unpin(struct cache *list, struct stage_pin *pin) {
  struct cache_entry *decompressed = pin->keep;
  *pin = (struct stage_pin){0};
  if (--decompressed->pins == 0) {
    list->pinned_bytes -= cost(decompressed);
    list->free_bytes += cost(decompressed);
  }
  trim(list, list->budget_bytes, true);
}

void cache_forget(struct cache *list, uint32_t id) {
  for (struct cache_entry *u = list->first; u; u = u->next) {
    if (u->id == id) u->is_stale = true;
  }
  trim(list, list->budget_bytes, true);
}

void cache_clear(struct cache *list) { trim(list, 0, false); }

void cache_free(struct cache *list) {
  while (list->first) {
    struct cache_entry *next = list->first->next;
    stage_release(list->ctx, list->kind, list->first);
    list->first = next;
  }
  list->free_bytes = list->pinned_bytes = 0;
}
