/* SPDX-License-Identifier: MIT
 *
 * shedding.h - what a keeper keeps of the bytes that are put: of trees, what the codec in charge
 * sheds (stage.h), where that is known to give the same bytes again. */
#ifndef PHASEBENCH_KIT_SHEDDING_H
#define PHASEBENCH_KIT_SHEDDING_H

#include "stage.h"

/* What will be kept. */
struct shedding {
  const uint8_t *bytes; /* the given ones, or `owned` */
  uint64_t length;
  uint8_t *owned; /* bytes, where they were shed; else NULL */
};

/* Sheds bytes that were put; bytes that the codec would make otherwise are kept as they are.
 * STAGE_OUT_OF_MEMORY. */
int shedding_make(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                  struct shedding *shedding);
/* As shedding_make, but what was shed counts only where its length is another than that of what was put: so the
 * two lengths tell which of the two is kept. */
int shedding_make_apart(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                        struct shedding *shedding);
void shedding_free(const struct stage_ctx *ctx, enum stage_kind kind, struct shedding *shedding);
/* The way back, from bytes that were shed: writes exactly `length` bytes. STAGE_CORRUPT, also where there is
 * no codec that sheds. */
int shedding_undo(const struct stage_ctx *ctx, const uint8_t *shed, uint64_t shed_length, uint8_t *out,
                  uint64_t length);

#endif
