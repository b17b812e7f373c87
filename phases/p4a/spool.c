/* SPDX-License-Identifier: MIT */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define SPOOL_BUFFER_BYTES (64u * 1024u)

void spool_init(struct spool *spool, const struct stage_ctx *ctx, enum stage_kind kind) {
  *spool = (struct spool){.ctx = ctx, .kind = kind, .file = {.ctx = ctx, .path = ctx->directory, .fd = -1}};
}

void spool_free(struct spool *spool) {
  file_io_close(&spool->file);
  stage_release(spool->ctx, spool->kind, spool->entries);
  stage_release(spool->ctx, spool->kind, spool->buffer);
  spool_init(spool, spool->ctx, spool->kind);
}

/* Its name goes at once: whatever ends the process, the file goes with it. O_TMPFILE would say so, but
 * not every file system has it. */
static int file_make(struct spool *spool) {
  if (spool->file.fd >= 0) return STAGE_OK;
  char path[4096 + 32];
  snprintf(path, sizeof path, "%s/p4a.spool.XXXXXX", spool->ctx->directory);
  spool->file.fd = mkostemp(path, O_CLOEXEC);
  if (spool->file.fd >= 0) {
    unlink(path);
    return STAGE_OK;
  }
  STAGE_FAIL(spool->ctx, "%s: cannot be made, for documents on their way in: %s", path, strerror(errno));
  return STAGE_IO;
}

static int spill(struct spool *spool, const uint8_t *bytes, size_t length) {
  int error = file_make(spool);
  if (!error) error = file_io_write(&spool->file, spool->end, bytes, length);
  if (!error) spool->end += length;
  return error;
}

static int append(struct spool *spool, const uint8_t *bytes, size_t length) {
  if (!spool->buffer) spool->buffer = stage_allocate(spool->ctx, spool->kind, SPOOL_BUFFER_BYTES);
  if (!spool->buffer) return STAGE_OUT_OF_MEMORY;
  if (length > SPOOL_BUFFER_BYTES - spool->buffered) {
    int error = spill(spool, spool->buffer, spool->buffered);
    if (error) return error;
    spool->buffered = 0;
  }
  if (length > SPOOL_BUFFER_BYTES) return spill(spool, bytes, length);
  if (length > 0) memcpy(spool->buffer + spool->buffered, bytes, length);
  spool->buffered += (uint32_t)length;
  return STAGE_OK;
}

static bool reserve(struct spool *spool, uint32_t id) {
  if (id < spool->id_end) return true;
  uint64_t wanted = (uint64_t)spool->id_end + spool->id_end / 4 + 64;
  if (wanted <= id) wanted = (uint64_t)id + 1;
  if (wanted > UINT32_MAX) return false;
  struct spool_entry *entries = stage_resize(spool->ctx, spool->kind, spool->entries, (size_t)wanted * sizeof *entries);
  if (!entries) return false;
  memset(entries + spool->id_end, 0, (size_t)(wanted - spool->id_end) * sizeof *entries);
  spool->entries = entries;
  spool->id_end = (uint32_t)wanted;
  return true;
}

int spool_put(struct spool *spool, uint32_t id, const uint8_t *bytes, uint64_t length) {
  if (length >= UINT32_MAX) return STAGE_LIMIT;
  if (!reserve(spool, id)) return STAGE_OUT_OF_MEMORY;
  int error = append(spool, bytes, (size_t)length);
  if (error) return error;
  if (spool->entries[id].is_there) spool_drop(spool, id);
  spool->entries[id] = (struct spool_entry){.offset = spool->end + spool->buffered - length,
                                            .hash = XXH3_64bits(bytes, (size_t)length),
                                            .length = (uint32_t)length,
                                            .is_there = true};
  spool->count++;
  spool->bytes += length;
  return STAGE_OK;
}

const struct spool_entry *spool_find(const struct spool *spool, uint32_t id) {
  return id < spool->id_end && spool->entries[id].is_there ? &spool->entries[id] : NULL;
}

int spool_read(struct spool *spool, const struct spool_entry *entry, uint8_t *out) {
  int error = STAGE_OK;
  if (entry->offset >= spool->end) {
    memcpy(out, spool->buffer + (entry->offset - spool->end), entry->length);
  } else {
    error = file_io_read(&spool->file, entry->offset, out, entry->length);
  }
  if (error || XXH3_64bits(out, entry->length) == entry->hash) return error;
  STAGE_FAIL(spool->ctx,
             "%s: %u bytes at offset %llu of the file of documents on their way in are not those that were "
             "written",
             spool->ctx->directory, entry->length, (unsigned long long)entry->offset);
  return STAGE_CORRUPT;
}

void spool_drop(struct spool *spool, uint32_t id) {
  spool->bytes -= spool->entries[id].length;
  spool->entries[id].is_there = false;
  spool->count--;
}
