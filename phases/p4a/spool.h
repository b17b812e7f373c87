/* SPDX-License-Identifier: MIT
 *
 * spool.h - documents on their way in: written to a file as they come, plainly, so that memory does
 * not grow with the corpus while it is taken in. Finalizing reads them back, each once or twice, and
 * the file is gone. In memory are 24 bytes a document. */
#ifndef PHASEBENCH_P4A_SPOOL_H
#define PHASEBENCH_P4A_SPOOL_H

#include "kit/support/file_io.h"

struct spool_entry {
  uint64_t offset; /* in the file */
  uint64_t hash;   /* XXH3 of the bytes */
  uint32_t length;
  bool is_there;
};

struct spool {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  struct spool_entry *entries;
  uint32_t id_end;     /* ids are below */
  uint32_t count;      /* documents that are there */
  uint64_t bytes;      /* of these */
  struct file_io file; /* fd -1: there is none yet */
  uint64_t end;        /* written so far */
  uint8_t *buffer;     /* what is not yet written; NULL: nothing was put */
  uint32_t buffered;
};

void spool_init(struct spool *spool, const struct stage_ctx *ctx, enum stage_kind kind);
/* Removes the file. */
void spool_free(struct spool *spool);

/* STAGE_OUT_OF_MEMORY, STAGE_IO (and says so), STAGE_LIMIT for 4 GiB and more. */
int spool_put(struct spool *spool, uint32_t id, const uint8_t *bytes, uint64_t length);
/* NULL: it is not here. */
const struct spool_entry *spool_find(const struct spool *spool, uint32_t id);
/* Reads a document's bytes, checked; `out` has room for entry->length. STAGE_IO, STAGE_CORRUPT. */
int spool_read(struct spool *spool, const struct spool_entry *entry, uint8_t *out);
void spool_drop(struct spool *spool, uint32_t id); /* one that is here */

#endif
