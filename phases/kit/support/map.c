/* SPDX-License-Identifier: MIT */
#include "map.h"

static void insert(struct map *map, uint64_t key, uint32_t value) {
  uint32_t mask = map->capacity - 1;
  uint32_t i = (uint32_t)map_hash(key) & mask;
  while (map->slots[i].value != MAP_NONE) i = (i + 1) & mask;
  map->slots[i] = (struct map_slot){.key = key, .value = value};
}

bool map_add(struct map *map, const struct stage_ctx *ctx, enum stage_kind kind, uint64_t key, uint32_t value) {
  if (map->count >= map->capacity / 2) {
    struct map grown = {.capacity = map->capacity ? map->capacity * 2 : 64, .count = map->count};
    grown.slots = stage_allocate(ctx, kind, grown.capacity * sizeof *grown.slots);
    if (!grown.slots) return false;
    for (uint32_t i = 0; i < grown.capacity; i++) grown.slots[i].value = MAP_NONE;
    for (uint32_t i = 0; i < map->capacity; i++) {
      if (map->slots[i].value != MAP_NONE) insert(&grown, map->slots[i].key, map->slots[i].value);
    }
    stage_release(ctx, kind, map->slots);
    *map = grown;
  }
  insert(map, key, value);
  map->count++;
  return true;
}

void map_replace(struct map *map, uint64_t key, uint32_t value) {
  uint32_t mask = map->capacity - 1, i = (uint32_t)map_hash(key) & mask;
  while (map->slots[i].key != key || map->slots[i].value == MAP_NONE) i = (i + 1) & mask;
  map->slots[i].value = value;
}

void map_clear(struct map *map, const struct stage_ctx *ctx, enum stage_kind kind) {
  stage_release(ctx, kind, map->slots);
  *map = (struct map){0};
}
