/* SPDX-License-Identifier: MIT
 *
 * rechunk.c - a version becomes its document's chunks. Chunks that no hunk touches stay as they
 * are. From the beginning of one that is touched, the version is cut anew, until a cut meets
 * the beginning of an old chunk again: where the content says, or, so that no more is cut
 * than must be, at the first such beginning that leaves no piece smaller than
 * CHUNK_BYTES_MIN. Since a chunk's end follows from its own bytes, those before the first
 * hunk would have been cut the same way. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "blobs.h"
#include "delta.h"

struct rechunking {
  struct blobs *blobs;
  const struct version *version;
  const uint8_t *base;
  uint64_t base_bytes;
  const uint32_t *old; /* chunks of the base */
  uint32_t old_count;
  struct gear gear;
  uint32_t *chunks; /* the new list; its names are counted */
  uint32_t count, capacity;
  uint64_t made_bytes, cut_bytes; /* as in struct blobs_counts */
  /* Where rechunking is: */
  uint32_t at;                              /* in the version */
  const struct delta_hunk *hunk, *hunk_end; /* the first that ends behind it */
  uint32_t old_index;                       /* an old chunk, and where it begins in the base */
  uint64_t old_at;
  bool in_step; /* that chunk begins at `at` */
};

static uint32_t old_length(const struct rechunking *f) { return f->blobs->chunks[f->old[f->old_index]].length; }

static int list_add(struct rechunking *f, uint32_t chunk) {
  void *chunks = f->chunks;
  bool room = blobs_reserve(f->blobs, &chunks, &f->capacity, f->count, sizeof *f->chunks, 0);
  f->chunks = chunks;
  if (!room) return STAGE_OUT_OF_MEMORY;
  f->chunks[f->count++] = chunk;
  return STAGE_OK;
}

/* ---- chunks that stay ---- */

/* What is put in behind the last chunk is cut together with it: few bytes make no chunk. */
static bool is_untouched(const struct rechunking *f) {
  if (f->hunk == f->hunk_end) return true;
  uint64_t end = f->old_at + old_length(f);
  return f->hunk->base_at > end || (f->hunk->base_at == end && f->old_index + 1 < f->old_count);
}

static int keep_chunk(struct rechunking *f) {
  uint32_t length = old_length(f);
  int error = list_add(f, f->old[f->old_index]);
  if (error) return error;
  f->blobs->chunks[f->old[f->old_index++]].refs++;
  f->old_at += length;
  f->at += length;
  return STAGE_OK;
}

/* ---- chunks that are new ---- */

/* Goes past the hunks that end at or before *to. True where an old chunk begins in what is the
 * same in both, between `from` and *to: *to is then that place, and the chunk the one at hand. */
static bool meet(struct rechunking *f, uint32_t from, uint32_t *to) {
  for (int64_t begins = from;; f->hunk++) {
    bool last = f->hunk == f->hunk_end;
    int64_t ends = last ? f->version->stripped_length : f->hunk->new_at; /* [begins, ends) is the same, in the base */
    int64_t shift = (int64_t)(last ? f->base_bytes : f->hunk->base_at) - ends; /* shifted by this */
    if (ends > *to) ends = *to;
    while (begins <= ends && f->old_index < f->old_count && (int64_t)f->old_at < begins + shift) {
      f->old_at += old_length(f);
      f->old_index++;
    }
    if (begins <= ends && f->old_index < f->old_count && (int64_t)f->old_at <= ends + shift) {
      *to = (uint32_t)((int64_t)f->old_at - shift);
      return true;
    }
    if (last || (uint64_t)f->hunk->new_at + f->hunk->new_bytes > *to) return false;
    int64_t behind = (int64_t)f->hunk->new_at + f->hunk->new_bytes;
    if (behind > begins) begins = behind;
  }
}

/* The chunk of the base that has the same bytes; BLOBS_NONE: none has. */
static uint32_t find_same(const struct rechunking *f, struct compress_slice bytes, uint64_t hash) {
  const uint8_t *base = f->base;
  for (uint32_t i = 0; i < f->old_count; i++) {
    const struct chunk *chunk = &f->blobs->chunks[f->old[i]];
    if (chunk->hash == hash && chunk->length == bytes.length && memcmp(base, bytes.p, bytes.length) == 0)
      return f->old[i];
    base += chunk->length;
  }
  return BLOBS_NONE;
}

/* What the old chunk at hand is a delta against, or that chunk where others name it, too: such a
 * chunk stays anyway. */
static uint32_t find_base(const struct rechunking *f) {
  if (f->old_count == 0) return BLOBS_NONE;
  uint32_t old = f->old[f->old_index < f->old_count ? f->old_index : f->old_count - 1];
  const struct chunk *chunk = &f->blobs->chunks[old];
  if (chunk->how == COMPRESS_PREFIX) return chunk->base;
  return chunk->refs > 1 ? old : BLOBS_NONE;
}

static int cut_chunk(struct rechunking *f) {
  const uint8_t *p = f->version->bytes + f->at;
  uint32_t to = f->at + (uint32_t)chunk_cut(&f->gear, p, f->version->stripped_length - f->at), base = find_base(f),
           chunk;
  f->in_step = meet(f, f->at + CHUNK_BYTES_MIN, &to);
  struct compress_slice bytes = {p, to - f->at};
  uint64_t hash = XXH3_64bits(bytes.p, bytes.length), compressed;
  int error = STAGE_OK;
  chunk = find_same(f, bytes, hash);
  if (chunk != BLOBS_NONE) f->blobs->chunks[chunk].refs++;
  else error = chunk_add(f->blobs, bytes, hash, base, &chunk);
  if (error) return error;
  f->cut_bytes += bytes.length;
  if (f->blobs->chunks[chunk].refs == 1 && slabs_get(f->blobs->chunk_slabs, chunk, &p, &compressed) == STAGE_OK)
    f->made_bytes += compressed;
  f->at = to;
  error = list_add(f, chunk);
  if (error) chunk_release(f->blobs, chunk);
  return error;
}

/* ---- all of it ---- */

static int rechunk_all(struct rechunking *f, uint32_t id) {
  struct blobs *blobs = f->blobs;
  int error = STAGE_OK;
  while (f->at < f->version->stripped_length && !error) {
    bool stays = f->in_step && f->old_index < f->old_count && is_untouched(f);
    error = stays ? keep_chunk(f) : cut_chunk(f);
  }
  struct document document = document_new(f->version, DOCUMENT_FINALIZED);
  if (!error && !document_take_chunks(blobs, &document, f->chunks, f->count)) error = STAGE_OUT_OF_MEMORY;
  if (error) {
    while (f->count > 0) chunk_release(blobs, f->chunks[--f->count]);
    return error;
  }
  document_clear(blobs, id);
  document_set(blobs, id, document);
  blobs->counts.rechunks++;
  blobs->counts.rechunk_bytes += f->made_bytes;
  blobs->counts.rechunk_cut_bytes += f->cut_bytes;
  return STAGE_OK;
}

int rechunk(struct blobs *blobs, uint32_t id, const struct version *version, const uint8_t *base,
            const struct delta_hunks *hunks) {
  struct document document = blobs->documents[id]; /* a list of one chunk is in the row */
  struct rechunking f = {.blobs = blobs,
                         .version = version,
                         .base = base,
                         .hunk = hunks->p,
                         .hunk_end = hunks->p + hunks->count,
                         .in_step = true};
  gear_init(&f.gear);
  f.old = document_chunks(blobs, &document);
  f.old_count = document.chunk_count;
  for (uint32_t i = 0; i < f.old_count; i++) f.base_bytes += blobs->chunks[f.old[i]].length;
  int error = rechunk_all(&f, id);
  stage_release(blobs->ctx, blobs->kind, f.chunks);
  return error;
}
