/* SPDX-License-Identifier: MIT
 *
 * shedding.h - for byte keepers: what is kept in place of a tree's bytes. The codec in charge says
 * what of them cannot be computed from the rest (shed), and makes the rest again (regrow); what it
 * would make otherwise is kept as it is. */
#ifndef PHASEBENCH_KIT_SHEDDING_H
#define PHASEBENCH_KIT_SHEDDING_H

#include "../stage.h"

struct shedding {
  const uint8_t *bytes; /* what to keep: `owned`, or the bytes that were put */
  uint32_t length;
  uint8_t *owned; /* where they were shed, of ctx->heap[kind] and the caller's to release; else NULL */
};

/* length is at most UINT32_MAX. The bytes are the codec's only where kind is STAGE_TREE. STAGE_OUT_OF_MEMORY. */
int shedding_make(const struct stage_ctx *ctx, enum stage_kind kind, const uint8_t *bytes, uint64_t length,
                  struct shedding *out);
/* Makes the `length` bytes again that were put. STAGE_UNSUPPORTED where no codec can. */
int shedding_regrow(const struct stage_ctx *ctx, const uint8_t *kept, uint64_t kept_length, uint8_t *out,
                    uint64_t length);

#endif
