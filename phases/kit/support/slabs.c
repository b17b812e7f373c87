/* SPDX-License-Identifier: MIT */
#include "slabs.h"

#include <string.h>

#define SLAB_BYTES (256u * 1024u)
/* Finalizing moves the strings of slabs in which more than this part is holes. */
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

struct slabs {
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
static bool entry_is_sound(const struct slabs *slabs, const struct entry *entry) {
  if (entry->check != entry_check(entry) || entry->slab >= slabs->slab_count) return false;
  if (entry->length == 0) return true; /* an empty string does not keep its slab alive */
  const struct slab *slab = &slabs->slabs[entry->slab];
  return slab_is_intact(slab) && entry->offset <= slab->used && entry->length <= slab->used - entry->offset;
}

struct slabs *slabs_new(const struct stage_ctx *ctx, enum stage_kind kind) {
  struct slabs *slabs = stage_allocate(ctx, kind, sizeof *slabs);
  if (slabs) *slabs = (struct slabs){.ctx = ctx, .kind = kind};
  return slabs;
}

/* One that is corrupt cannot be given back. */
static void slab_free(struct slabs *slabs, uint32_t s) {
  if (slab_is_intact(&slabs->slabs[s])) stage_release(slabs->ctx, slabs->kind, slabs->slabs[s].bytes);
  slabs->slabs[s] = (struct slab){0};
  if (s < slabs->first_with_room) slabs->first_with_room = s;
}

void slabs_delete(struct slabs *slabs) {
  if (!slabs) return;
  for (uint32_t s = 0; s < slabs->slab_count; s++) slab_free(slabs, s);
  stage_release(slabs->ctx, slabs->kind, slabs->slabs);
  stage_release(slabs->ctx, slabs->kind, slabs->entries);
  stage_release(slabs->ctx, slabs->kind, slabs);
}

/* A slab with a new allocation; NO_SLAB when out of memory. */
static uint32_t slab_new(struct slabs *slabs, uint64_t capacity) {
  uint32_t s = 0;
  while (s < slabs->slab_count && slabs->slabs[s].bytes) s++;
  if (s == slabs->slab_capacity) {
    uint32_t capacity_count = s ? s * 2 : 8;
    struct slab *grown = stage_resize(slabs->ctx, slabs->kind, slabs->slabs, capacity_count * sizeof *grown);
    if (!grown) return NO_SLAB;
    slabs->slabs = grown;
    slabs->slab_capacity = capacity_count;
  }
  uint8_t *bytes = stage_allocate(slabs->ctx, slabs->kind, capacity ? capacity : 1);
  if (!bytes) return NO_SLAB;
  slabs->slabs[s] = (struct slab){.bytes = bytes, .capacity = capacity};
  slabs->slabs[s].check = slab_check(&slabs->slabs[s]);
  if (s == slabs->slab_count) slabs->slab_count++;
  return s;
}

/* The first slab with room behind its last string, or a new one. Strings are of all sizes:
 * without looking back, a large one would leave the rest of the slab before it empty. */
static uint32_t slab_with_room(struct slabs *slabs, uint64_t length) {
  for (uint32_t s = slabs->first_with_room; s < slabs->slab_count; s++) {
    const struct slab *slab = &slabs->slabs[s];
    if (slab->bytes && slab_is_intact(slab) && slab->capacity - slab->used >= length) return s;
  }
  return slab_new(slabs, SLAB_BYTES);
}

/* A slab with less room than this is passed over from then on. */
#define ROOM_BYTES 256u

static void first_with_room_advance(struct slabs *slabs) {
  while (slabs->first_with_room < slabs->slab_count) {
    const struct slab *slab = &slabs->slabs[slabs->first_with_room];
    if (!slab->bytes || slab->capacity - slab->used >= ROOM_BYTES) break;
    slabs->first_with_room++;
  }
}

static bool entries_reserve(struct slabs *slabs, uint32_t id) {
  if (id < slabs->entry_count) return true;
  uint32_t count = slabs->entry_count + slabs->entry_count / 4;
  if (count < id + 1) count = id + 1;
  struct entry *entries = stage_resize(slabs->ctx, slabs->kind, slabs->entries, count * sizeof *entries);
  if (!entries) return false;
  for (uint32_t i = slabs->entry_count; i < count; i++) entries[i] = entry_of(NO_SLAB, 0, 0);
  slabs->entries = entries;
  slabs->entry_count = count;
  return true;
}

/* Bytes of a corrupt entry stay where they are, until the compress is deleted. */
static void entry_forget(struct slabs *slabs, struct entry *entry) {
  if (entry_is_sound(slabs, entry) && slab_is_intact(&slabs->slabs[entry->slab])) {
    struct slab *slab = &slabs->slabs[entry->slab];
    slab->live -= entry->length;
    slab->check = slab_check(slab);
    if (slab->live == 0) slab_free(slabs, entry->slab);
  }
  *entry = entry_of(NO_SLAB, 0, 0);
}

int slabs_put(struct slabs *slabs, uint32_t id, const void *bytes, uint64_t length) {
  if (id == NO_SLAB || length >> LENGTH_BITS != 0) return STAGE_LIMIT;
  if (!entries_reserve(slabs, id)) return STAGE_OUT_OF_MEMORY;
  uint32_t s = length > SLAB_BYTES ? slab_new(slabs, length) : slab_with_room(slabs, length);
  if (s == NO_SLAB) return STAGE_OUT_OF_MEMORY;
  struct slab *slab = &slabs->slabs[s];
  struct entry entry = entry_of(s, (uint32_t)slab->used, length);
  if (length > 0) memcpy(slab->bytes + slab->used, bytes, length);
  slab->used += length;
  slab->live += length;
  slab->check = slab_check(slab);
  entry_forget(slabs, &slabs->entries[id]);
  slabs->entries[id] = entry;
  first_with_room_advance(slabs);
  return STAGE_OK;
}

int slabs_get(const struct slabs *slabs, uint32_t id, const uint8_t **bytes, uint64_t *length) {
  if (id >= slabs->entry_count || slabs->entries[id].slab == NO_SLAB) return STAGE_NO_DOCUMENT;
  const struct entry *entry = &slabs->entries[id];
  if (!entry_is_sound(slabs, entry)) return STAGE_CORRUPT;
  *bytes = entry->length > 0 ? slabs->slabs[entry->slab].bytes + entry->offset : (const uint8_t *)"";
  *length = entry->length;
  return STAGE_OK;
}

int slabs_drop(struct slabs *slabs, uint32_t id) {
  if (id >= slabs->entry_count || slabs->entries[id].slab == NO_SLAB) return STAGE_NO_DOCUMENT;
  entry_forget(slabs, &slabs->entries[id]);
  return STAGE_OK;
}

/* Gives back the room behind a slab's last string, where there is much of it. */
static void slab_trim(struct slabs *slabs, struct slab *slab) {
  if (!slab->bytes || !slab_is_intact(slab) || slab->capacity - slab->used < SLAB_BYTES / 8) return;
  uint8_t *bytes = stage_resize(slabs->ctx, slabs->kind, slab->bytes, slab->used);
  if (!bytes) return;
  slab->bytes = bytes;
  slab->capacity = slab->used;
  slab->check = slab_check(slab);
}

int slabs_finalize(struct slabs *slabs) {
  /* Strings of slabs with holes move to slabs without, in the order of their ids: such
   * slabs are closed first, so that nothing moves into what is being emptied. */
  for (uint32_t s = 0; s < slabs->slab_count; s++) {
    struct slab *slab = &slabs->slabs[s];
    if (!slab->bytes || !slab_is_intact(slab) || slab->used - slab->live <= slab->used / HOLES_SHARE) continue;
    slab->capacity = slab->used;
    slab->check = slab_check(slab);
  }
  for (uint32_t id = 0; id < slabs->entry_count; id++) {
    struct entry entry = slabs->entries[id];
    if (!entry_is_sound(slabs, &entry)) continue; /* none, or reading it says what is wrong */
    const struct slab *slab = &slabs->slabs[entry.slab];
    if (slab->used - slab->live <= slab->used / HOLES_SHARE) continue;
    int error = slabs_put(slabs, id, slab->bytes + entry.offset, entry.length);
    if (error) return error;
  }
  for (uint32_t s = 0; s < slabs->slab_count; s++) slab_trim(slabs, &slabs->slabs[s]);
  return STAGE_OK;
}

struct slabs_usage slabs_usage(const struct slabs *slabs) {
  struct slabs_usage usage = {.directory_bytes = sizeof *slabs + slabs->slab_capacity * sizeof(struct slab) +
                                                 slabs->entry_count * sizeof(struct entry)};
  for (uint32_t s = 0; s < slabs->slab_count; s++) {
    usage.string_bytes += slabs->slabs[s].live;
    usage.slab_bytes += slabs->slabs[s].capacity;
  }
  return usage;
}
