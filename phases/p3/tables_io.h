/* SPDX-License-Identifier: MIT
 *
 * tables_io.h - p3's tables as bytes, for its hooks `save` and `load`. */
#ifndef PHASEBENCH_P3_TABLES_IO_H
#define PHASEBENCH_P3_TABLES_IO_H

#include "kit/tokens/tables_io.h"
#include "coding.h"

struct p3_languages {
  struct p3_language *p; /* without alphabet.ctx: no document was in that language */
  uint32_t count;
};

/* STAGE_MISUSE where a finalizing was cut short: blobs of two generations are about. */
int p3_tables_save(const struct stage_ctx *ctx, bool is_plain, const struct p3_languages *languages,
                   const struct tree_documents *documents, stage_write_fn *write, void *sink);
/* On failure there is nothing to free. Tables of the other form (is_plain) are refused. */
int p3_tables_load(const struct stage_ctx *ctx, bool is_plain, const void *bytes, uint64_t length,
                   struct p3_languages *languages, struct tree_documents *documents);

#endif
