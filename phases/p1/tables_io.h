/* SPDX-License-Identifier: MIT
 *
 * tables_io.h - p1's tables as bytes, for its hooks `save` and `load`. */
#ifndef PHASEBENCH_P1_TABLES_IO_H
#define PHASEBENCH_P1_TABLES_IO_H

#include "kit/tokens/tables_io.h"
#include "tables.h"

struct p1_languages {
  struct p1_language *p;
  uint32_t count;
};

/* STAGE_MISUSE where a finalizing was cut short: blobs of two generations are about. */
int p1_tables_save(const struct stage_ctx *ctx, const struct p1_languages *languages,
                   const struct tree_documents *documents, stage_write_fn *write, void *sink);
/* On failure there is nothing to free. */
int p1_tables_load(const struct stage_ctx *ctx, const void *bytes, uint64_t length, struct p1_languages *languages,
                   struct tree_documents *documents);

#endif
