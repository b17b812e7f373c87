/* SPDX-License-Identifier: MIT
 *
 * map.h - a hash table from 64-bit keys to 32-bit values, open addressing with linear
 * probing; for interning while documents come in, and thrown away when at rest. */
#ifndef PHASEBENCH_MAP_H
#define PHASEBENCH_MAP_H

#include "stage.h"

#define MAP_NONE UINT32_MAX

struct map_slot {
  uint64_t key;
  uint32_t value; /* MAP_NONE: empty */
};

/* Zeroed is empty. */
struct map {
  struct map_slot *slots;
  uint32_t count, capacity; /* capacity: 0 or a power of two */
};

static inline uint64_t map_hash(uint64_t key) {
  /* The finaliser of MurmurHash3 (Appleby, public domain). */
  key ^= key >> 33;
  key *= 0xff51afd7ed558ccdull;
  key ^= key >> 33;
  key *= 0xc4ceb9fe1a85ec53ull;
  return key ^ (key >> 33);
}

/* The key's value, or MAP_NONE. */
static inline uint32_t map_get(const struct map *map, uint64_t key) {
  if (map->capacity == 0) return MAP_NONE;
  uint32_t mask = map->capacity - 1;
  for (uint32_t i = (uint32_t)map_hash(key) & mask;; i = (i + 1) & mask) {
    const struct map_slot *slot = &map->slots[i];
    if (slot->value == MAP_NONE || slot->key == key) return slot->value;
  }
}

/* Adds a key that is not there. value is not MAP_NONE. False when out of memory. */
bool map_add(struct map *map, const struct stage_ctx *ctx, enum stage_kind kind, uint64_t key, uint32_t value);
/* Gives a key that is there another value, which is not MAP_NONE. */
void map_replace(struct map *map, uint64_t key, uint32_t value);
/* Gives the memory back; the map is empty. */
void map_clear(struct map *map, const struct stage_ctx *ctx, enum stage_kind kind);

#endif
