/* SPDX-License-Identifier: MIT
 *
 * slabs.h - byte strings by id, back to back in slabs of 256 KiB, so that a
 * string costs its bytes and a directory entry, not an allocator's size class.
 *
 * A string larger than a slab gets an allocation of its own. Dropped strings leave
 * holes; slabs_finalize closes them. 256 KiB is one of jemalloc's size classes, so a
 * full slab wastes nothing. */
#ifndef PHASEBENCH_KIT_SLABS_H
#define PHASEBENCH_KIT_SLABS_H

#include "stage.h"

struct slabs;

/* Allocates from ctx's heap of `kind`. NULL when out of memory. */
struct slabs *slabs_new(const struct stage_ctx *ctx, enum stage_kind kind);
void slabs_delete(struct slabs *slabs); /* NULL is fine */

/* Keeps a copy under id, in place of what was there. bytes may be what slabs_get gave.
 * STAGE_OK, STAGE_OUT_OF_MEMORY; on failure the old string is still there. */
int slabs_put(struct slabs *slabs, uint32_t id, const void *bytes, uint64_t length);
/* The string; it stays where it is until it is replaced or dropped or slabs_finalize is
 * called. STAGE_NO_DOCUMENT where there is none, STAGE_CORRUPT where a bit of its
 * entry or its slab's was flipped. The string's own bytes are not checked. */
int slabs_get(const struct slabs *slabs, uint32_t id, const uint8_t **bytes, uint64_t *length);
int slabs_drop(struct slabs *slabs, uint32_t id);
/* Moves strings out of slabs with holes and gives back what is not in use. No string
 * may be in use by a reader. */
int slabs_finalize(struct slabs *slabs);

struct slabs_usage {
  uint64_t string_bytes;    /* what was put and is still there */
  uint64_t slab_bytes;      /* allocated for it */
  uint64_t directory_bytes; /* allocated for finding it */
};
struct slabs_usage slabs_usage(const struct slabs *slabs);

#endif
