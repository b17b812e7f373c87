/* SPDX-License-Identifier: MIT
 *
 * stripping.h - what a blob store keeps of the bytes that are put: of trees, what the codec in charge
 * strips (stage.h), where that is known to give the same bytes again. */
#ifndef PHASEBENCH_KIT_STRIPPING_H
#define PHASEBENCH_KIT_STRIPPING_H

#include "stage.h"

/* What will be kept. */
struct stripping {
  const uint8_t *bytes; /* the given ones, or `owned` */
  uint64_t length;
  uint8_t *owned; /* bytes, where they were stripped; else NULL */
};

/* Strips bytes that were put; bytes that the codec would make otherwise are kept as they are.
 * STAGE_OUT_OF_MEMORY. */
int stripping_make(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                   struct stripping *stripping);
/* As stripping_make, but stripped bytes are taken only where their number differs from the number of
 * bytes that were put: so the two lengths tell which of the two is kept. */
int stripping_make_apart(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                         struct stripping *stripping);
void stripping_free(const struct stage_ctx *ctx, enum stage_kind kind, struct stripping *stripping);
/* The way back, from bytes that were stripped: writes exactly `length` bytes. STAGE_CORRUPT, also where there is
 * no codec that strips. */
int stripping_undo(const struct stage_ctx *ctx, const uint8_t *stripped, uint64_t stripped_length, uint8_t *out,
                   uint64_t length);

#endif
