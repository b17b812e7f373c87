/* SPDX-License-Identifier: MIT
 *
 * pack.h - byte strings by id, packed back to back in slabs of 256 KiB, so that a
 * string costs its bytes and a directory entry, not an allocator's size class.
 *
 * A string larger than a slab gets an allocation of its own. Dropped strings leave
 * holes; pack_settle closes them. 256 KiB is one of jemalloc's size classes, so a
 * full slab wastes nothing. */
#ifndef PHASEBENCH_PACK_H
#define PHASEBENCH_PACK_H

#include "stage.h"

struct pack;

/* Allocates from ctx's heap of `kind`. NULL when out of memory. */
struct pack *pack_new(const struct stage_ctx *ctx, enum stage_kind kind);
void pack_delete(struct pack *pack); /* NULL is fine */

/* Keeps a copy under id, in place of what was there. bytes may be what pack_get gave.
 * STAGE_OK, STAGE_OUT_OF_MEMORY; on failure the old string is still there. */
int pack_put(struct pack *pack, uint32_t id, const void *bytes, uint64_t length);
/* The string; it stays where it is until it is replaced or dropped or pack_settle is
 * called. STAGE_NO_DOCUMENT where there is none, STAGE_CORRUPT where a bit of its
 * entry or its slab's was flipped. The string's own bytes are not checked. */
int pack_get(const struct pack *pack, uint32_t id, const uint8_t **bytes, uint64_t *length);
int pack_drop(struct pack *pack, uint32_t id);
/* Moves strings out of slabs with holes and gives back what is not in use. No string
 * may be in use by a reader. */
int pack_settle(struct pack *pack);

struct pack_usage {
  uint64_t string_bytes;    /* what was put and is still there */
  uint64_t slab_bytes;      /* allocated for it */
  uint64_t directory_bytes; /* allocated for finding it */
};
struct pack_usage pack_usage(const struct pack *pack);

#endif
