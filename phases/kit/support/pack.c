/* SPDX-License-Identifier: MIT */
#include "pack.h"

#include <string.h>

#define SLAB_BYTES (256u * 1024u)
/* Settling moves the strings of slabs in which more than this part is holes. */
#define HOLES_SHARE 32u
#define NO_SLAB UINT32_MAX
#define LENGTH_BITS 40

struct slab {
  uint8_t *bytes;    /* NULL: the place in the table is free */
  uint64_t capacity; /* SLAB_BYTES, or the size of a single larger string */
  uint64_t used;
  uint64_t live;  /* bytes of strings not dropped */
  uint64_t check; /* slab_check */
};

struct entry {
  uint32_t slab; /* NO_SLAB: there is no string */
  uint32_t offset;
  uint64_t length : LENGTH_BITS;
  uint64_t check : 64 - LENGTH_BITS; /* entry_check */
};
_Static_assert(sizeof(struct entry) == 16, "a string costs 16 bytes besides its own");

struct pack {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  struct slab *slabs;
  uint32_t slab_count, slab_capacity;
  uint32_t first_with_room; /* slabs before it are full */
  struct entry *entries;
  uint32_t entry_count;
};

/* ---- checks: a flipped bit of the directory is found before it leads anywhere ---- */

/* The exclusive or of the fields, each turned by another number of bits. */
static uint64_t slab_check(const struct slab *slab) {
  return (uint64_t)(uintptr_t)slab->bytes ^ slab->capacity << 16 ^ slab->used << 32 ^ slab->live << 48 ^
         slab->capacity >> 48 ^ slab->used >> 32 ^ slab->live >> 16;
}

static bool slab_is_intact(const struct slab *slab) { return slab->check == slab_check(slab); }

/* The exclusive or of pieces of 24 bits: each bit is in one. */
static uint32_t entry_check(const struct entry *entry) {
  uint64_t length = entry->length;
  uint32_t check = entry->slab ^ entry->slab >> 24 << 8 ^ entry->offset << 4 ^ entry->offset >> 20 ^ (uint32_t)length ^
                   (uint32_t)(length >> 24);
  return check & 0xffffff;
}

static struct entry entry_of(uint32_t slab, uint32_t offset, uint64_t length) {
  struct entry entry = {.slab = slab, .offset = offset, .length = length};
  entry.check = entry_check(&entry);
  return entry;
}

/* Whether the entry names bytes that a slab has. */
static bool entry_is_sound(const struct pack *pack, const struct entry *entry) {
  if (entry->check != entry_check(entry) || entry->slab >= pack->slab_count) return false;
  if (entry->length == 0) return true; /* an empty string does not keep its slab alive */
  const struct slab *slab = &pack->slabs[entry->slab];
  return slab_is_intact(slab) && entry->offset <= slab->used && entry->length <= slab->used - entry->offset;
}

struct pack *pack_new(const struct stage_ctx *ctx, enum stage_kind kind) {
  struct pack *pack = stage_allocate(ctx, kind, sizeof *pack);
  if (pack) *pack = (struct pack){.ctx = ctx, .kind = kind};
  return pack;
}

/* One that is spoiled cannot be given back. */
static void slab_free(struct pack *pack, uint32_t s) {
  if (slab_is_intact(&pack->slabs[s])) stage_release(pack->ctx, pack->kind, pack->slabs[s].bytes);
  pack->slabs[s] = (struct slab){0};
  if (s < pack->first_with_room) pack->first_with_room = s;
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
  pack->slabs[s].check = slab_check(&pack->slabs[s]);
  if (s == pack->slab_count) pack->slab_count++;
  return s;
}

/* The first slab with room behind its last string, or a new one. Strings are of all sizes:
 * without looking back, a large one would leave the rest of the slab before it empty. */
static uint32_t slab_with_room(struct pack *pack, uint64_t length) {
  for (uint32_t s = pack->first_with_room; s < pack->slab_count; s++) {
    const struct slab *slab = &pack->slabs[s];
    if (slab->bytes && slab_is_intact(slab) && slab->capacity - slab->used >= length) return s;
  }
  return slab_new(pack, SLAB_BYTES);
}

/* A slab with less room than this is passed over from then on. */
#define ROOM_BYTES 256u

static void first_with_room_advance(struct pack *pack) {
  while (pack->first_with_room < pack->slab_count) {
    const struct slab *slab = &pack->slabs[pack->first_with_room];
    if (!slab->bytes || slab->capacity - slab->used >= ROOM_BYTES) break;
    pack->first_with_room++;
  }
}

static bool entries_reserve(struct pack *pack, uint32_t id) {
  if (id < pack->entry_count) return true;
  uint32_t count = pack->entry_count + pack->entry_count / 4;
  if (count < id + 1) count = id + 1;
  struct entry *entries = stage_resize(pack->ctx, pack->kind, pack->entries, count * sizeof *entries);
  if (!entries) return false;
  for (uint32_t i = pack->entry_count; i < count; i++) entries[i] = entry_of(NO_SLAB, 0, 0);
  pack->entries = entries;
  pack->entry_count = count;
  return true;
}

/* Bytes of a spoiled entry stay where they are, until the pack is deleted. */
static void entry_forget(struct pack *pack, struct entry *entry) {
  if (entry_is_sound(pack, entry) && slab_is_intact(&pack->slabs[entry->slab])) {
    struct slab *slab = &pack->slabs[entry->slab];
    slab->live -= entry->length;
    slab->check = slab_check(slab);
    if (slab->live == 0) slab_free(pack, entry->slab);
  }
  *entry = entry_of(NO_SLAB, 0, 0);
}

int pack_put(struct pack *pack, uint32_t id, const void *bytes, uint64_t length) {
  if (id == NO_SLAB || length >> LENGTH_BITS != 0) return STAGE_LIMIT;
  if (!entries_reserve(pack, id)) return STAGE_OUT_OF_MEMORY;
  uint32_t s = length > SLAB_BYTES ? slab_new(pack, length) : slab_with_room(pack, length);
  if (s == NO_SLAB) return STAGE_OUT_OF_MEMORY;
  struct slab *slab = &pack->slabs[s];
  struct entry entry = entry_of(s, (uint32_t)slab->used, length);
  if (length > 0) memcpy(slab->bytes + slab->used, bytes, length);
  slab->used += length;
  slab->live += length;
  slab->check = slab_check(slab);
  entry_forget(pack, &pack->entries[id]);
  pack->entries[id] = entry;
  first_with_room_advance(pack);
  return STAGE_OK;
}

int pack_get(const struct pack *pack, uint32_t id, const uint8_t **bytes, uint64_t *length) {
  if (id >= pack->entry_count || pack->entries[id].slab == NO_SLAB) return STAGE_NO_DOCUMENT;
  const struct entry *entry = &pack->entries[id];
  if (!entry_is_sound(pack, entry)) return STAGE_CORRUPT;
  *bytes = entry->length > 0 ? pack->slabs[entry->slab].bytes + entry->offset : (const uint8_t *)"";
  *length = entry->length;
  return STAGE_OK;
}

int pack_drop(struct pack *pack, uint32_t id) {
  if (id >= pack->entry_count || pack->entries[id].slab == NO_SLAB) return STAGE_NO_DOCUMENT;
  entry_forget(pack, &pack->entries[id]);
  return STAGE_OK;
}

/* Gives back the room behind a slab's last string, where there is much of it. */
static void slab_trim(struct pack *pack, struct slab *slab) {
  if (!slab->bytes || !slab_is_intact(slab) || slab->capacity - slab->used < SLAB_BYTES / 8) return;
  uint8_t *bytes = stage_resize(pack->ctx, pack->kind, slab->bytes, slab->used);
  if (!bytes) return;
  slab->bytes = bytes;
  slab->capacity = slab->used;
  slab->check = slab_check(slab);
}

int pack_settle(struct pack *pack) {
  /* Strings of slabs with holes move to slabs without, in the order of their ids: such
   * slabs are closed first, so that nothing moves into what is being emptied. */
  for (uint32_t s = 0; s < pack->slab_count; s++) {
    struct slab *slab = &pack->slabs[s];
    if (!slab->bytes || !slab_is_intact(slab) || slab->used - slab->live <= slab->used / HOLES_SHARE) continue;
    slab->capacity = slab->used;
    slab->check = slab_check(slab);
  }
  for (uint32_t id = 0; id < pack->entry_count; id++) {
    struct entry entry = pack->entries[id];
    if (!entry_is_sound(pack, &entry)) continue; /* none, or reading it says what is wrong */
    const struct slab *slab = &pack->slabs[entry.slab];
    if (slab->used - slab->live <= slab->used / HOLES_SHARE) continue;
    int error = pack_put(pack, id, slab->bytes + entry.offset, entry.length);
    if (error) return error;
  }
  for (uint32_t s = 0; s < pack->slab_count; s++) slab_trim(pack, &pack->slabs[s]);
  return STAGE_OK;
}

struct pack_usage pack_usage(const struct pack *pack) {
  struct pack_usage usage = {.directory_bytes = sizeof *pack + pack->slab_capacity * sizeof(struct slab) +
                                                pack->entry_count * sizeof(struct entry)};
  for (uint32_t s = 0; s < pack->slab_count; s++) {
    usage.string_bytes += pack->slabs[s].live;
    usage.slab_bytes += pack->slabs[s].capacity;
  }
  return usage;
}
