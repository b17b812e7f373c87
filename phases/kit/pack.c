/* SPDX-License-Identifier: MIT */
#include "pack.h"

#include <string.h>

#define SLAB_BYTES (256u * 1024u)
#define NO_SLAB UINT32_MAX

struct slab {
  uint8_t *bytes;    /* NULL: the place in the table is free */
  uint64_t capacity; /* SLAB_BYTES, or the size of a single larger string */
  uint64_t used;
  uint64_t live; /* bytes of strings not dropped */
};

struct entry {
  uint32_t slab; /* NO_SLAB: there is no string */
  uint32_t offset;
  uint64_t length;
};

struct pack {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  struct slab *slabs;
  uint32_t slab_count, slab_capacity;
  uint32_t open; /* the slab being filled, or NO_SLAB */
  struct entry *entries;
  uint32_t entry_count;
};

struct pack *pack_new(const struct stage_ctx *ctx, enum stage_kind kind) {
  struct pack *pack = stage_allocate(ctx, kind, sizeof *pack);
  if (pack) *pack = (struct pack){.ctx = ctx, .kind = kind, .open = NO_SLAB};
  return pack;
}

static void slab_free(struct pack *pack, uint32_t s) {
  stage_release(pack->ctx, pack->kind, pack->slabs[s].bytes);
  pack->slabs[s] = (struct slab){0};
  if (pack->open == s) pack->open = NO_SLAB;
}

void pack_delete(struct pack *pack) {
  if (!pack) return;
  for (uint32_t s = 0; s < pack->slab_count; s++) slab_free(pack, s);
  stage_release(pack->ctx, pack->kind, pack->slabs);
  stage_release(pack->ctx, pack->kind, pack->entries);
  stage_release(pack->ctx, pack->kind, pack);
}

/* A slab with a new allocation; NO_SLAB when out of memory. */
static uint32_t slab_new(struct pack *pack, uint64_t capacity) {
  uint32_t s = 0;
  while (s < pack->slab_count && pack->slabs[s].bytes) s++;
  if (s == pack->slab_capacity) {
    uint32_t grown = s ? s * 2 : 8;
    struct slab *slabs = stage_resize(pack->ctx, pack->kind, pack->slabs, grown * sizeof *slabs);
    if (!slabs) return NO_SLAB;
    pack->slabs = slabs;
    pack->slab_capacity = grown;
  }
  uint8_t *bytes = stage_allocate(pack->ctx, pack->kind, capacity ? capacity : 1);
  if (!bytes) return NO_SLAB;
  pack->slabs[s] = (struct slab){.bytes = bytes, .capacity = capacity};
  if (s == pack->slab_count) pack->slab_count++;
  return s;
}

static bool entries_reserve(struct pack *pack, uint32_t id) {
  if (id < pack->entry_count) return true;
  uint32_t count = pack->entry_count + pack->entry_count / 4;
  if (count < id + 1) count = id + 1;
  struct entry *entries = stage_resize(pack->ctx, pack->kind, pack->entries, count * sizeof *entries);
  if (!entries) return false;
  for (uint32_t i = pack->entry_count; i < count; i++) entries[i] = (struct entry){.slab = NO_SLAB};
  pack->entries = entries;
  pack->entry_count = count;
  return true;
}

static void entry_forget(struct pack *pack, struct entry *entry) {
  if (entry->slab == NO_SLAB) return;
  struct slab *slab = &pack->slabs[entry->slab];
  slab->live -= entry->length;
  if (slab->live == 0 && entry->slab != pack->open) slab_free(pack, entry->slab);
  entry->slab = NO_SLAB;
}

int pack_put(struct pack *pack, uint32_t id, const void *bytes, uint64_t length) {
  if (id == NO_SLAB) return STAGE_LIMIT;
  if (!entries_reserve(pack, id)) return STAGE_OUT_OF_MEMORY;
  uint32_t s = pack->open;
  if (length > SLAB_BYTES) {
    s = slab_new(pack, length);
  } else if (s == NO_SLAB || pack->slabs[s].used + length > pack->slabs[s].capacity) {
    s = slab_new(pack, SLAB_BYTES);
    if (s != NO_SLAB) {
      uint32_t full = pack->open;
      pack->open = s;
      if (full != NO_SLAB && pack->slabs[full].live == 0) slab_free(pack, full);
    }
  }
  if (s == NO_SLAB) return STAGE_OUT_OF_MEMORY;
  struct slab *slab = &pack->slabs[s];
  struct entry entry = {.slab = s, .offset = (uint32_t)slab->used, .length = length};
  if (length > 0) memcpy(slab->bytes + slab->used, bytes, length);
  slab->used += length;
  slab->live += length;
  entry_forget(pack, &pack->entries[id]);
  pack->entries[id] = entry;
  return STAGE_OK;
}

int pack_get(const struct pack *pack, uint32_t id, const uint8_t **bytes, uint64_t *length) {
  if (id >= pack->entry_count || pack->entries[id].slab == NO_SLAB) return STAGE_NO_DOCUMENT;
  const struct entry *entry = &pack->entries[id];
  *bytes = pack->slabs[entry->slab].bytes + entry->offset;
  *length = entry->length;
  return STAGE_OK;
}

int pack_drop(struct pack *pack, uint32_t id) {
  if (id >= pack->entry_count || pack->entries[id].slab == NO_SLAB) return STAGE_NO_DOCUMENT;
  entry_forget(pack, &pack->entries[id]);
  return STAGE_OK;
}

int pack_settle(struct pack *pack) {
  /* Strings of slabs with holes move to the open slab, in the order of their ids. */
  for (uint32_t id = 0; id < pack->entry_count; id++) {
    struct entry entry = pack->entries[id];
    if (entry.slab == NO_SLAB || entry.slab == pack->open) continue;
    const struct slab *slab = &pack->slabs[entry.slab];
    if (slab->used - slab->live <= slab->used / 8) continue;
    int error = pack_put(pack, id, slab->bytes + entry.offset, entry.length);
    if (error) return error;
  }
  /* The open slab ends where its last string ends. */
  if (pack->open != NO_SLAB) {
    struct slab *slab = &pack->slabs[pack->open];
    if (slab->live == 0) {
      slab_free(pack, pack->open);
    } else if (slab->used < slab->capacity) {
      uint8_t *bytes = stage_resize(pack->ctx, pack->kind, slab->bytes, slab->used);
      if (bytes) {
        slab->bytes = bytes;
        slab->capacity = slab->used;
      }
    }
    pack->open = NO_SLAB;
  }
  if (pack->slab_count < pack->slab_capacity && pack->slab_count > 0) {
    struct slab *slabs = stage_resize(pack->ctx, pack->kind, pack->slabs, pack->slab_count * sizeof *slabs);
    if (slabs) {
      pack->slabs = slabs;
      pack->slab_capacity = pack->slab_count;
    }
  }
  return STAGE_OK;
}
