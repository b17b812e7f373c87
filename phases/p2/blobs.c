/* SPDX-License-Identifier: MIT
 *
 * blobs.c - documents in and out. */
#include "blobs.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "delta.h"

void blobs_init(struct blobs *blobs, const struct stage_ctx *ctx, enum stage_kind kind) {
  *blobs = (struct blobs){.ctx = ctx,
                          .kind = kind,
                          .compressor = {.ctx = ctx, .kind = kind},
                          .decompressed = {.ctx = ctx, .kind = kind, .budget_bytes = BLOBS_CACHE_BYTES}};
}

/* Everything but documents that are pinned, which go at their unpin. */
static void blobs_empty(struct blobs *blobs) {
  cache_clear(&blobs->decompressed);
  compress_free(&blobs->compressor);
  slabs_delete(blobs->chunk_slabs);
  slabs_delete(blobs->loose_slabs);
  stage_release(blobs->ctx, blobs->kind, blobs->documents);
  stage_release(blobs->ctx, blobs->kind, blobs->chunks);
  stage_release(blobs->ctx, blobs->kind, blobs->refs);
  stage_release(blobs->ctx, blobs->kind, blobs->journal.bytes);
  struct cache decompressed = blobs->decompressed;
  struct blobs_counts counts = blobs->counts;
  blobs_init(blobs, blobs->ctx, blobs->kind);
  blobs->decompressed = decompressed;
  blobs->counts = counts;
}

void blobs_free(struct blobs *blobs) {
  blobs_empty(blobs);
  cache_free(&blobs->decompressed);
}

/* ---- out ---- */

/* The sum of a finalized document's chunks: what its edit is made against. */
static int base_length(const struct blobs *blobs, uint32_t id, uint64_t *length) {
  const struct document *document = &blobs->documents[id];
  const uint32_t *chunks = document_chunks(blobs, document);
  *length = 0;
  if (!chunks && document->chunk_count > 0) return document_corrupt(blobs, id, "its chunks are not in the table");
  for (uint32_t i = 0; i < document->chunk_count; i++) {
    if (chunks[i] >= blobs->chunk_count) return document_corrupt(blobs, id, "a chunk is not in the table");
    if (blobs->chunks[chunks[i]].length > CHUNK_BYTES_MAX)
      return document_corrupt(blobs, id, "a chunk's length is corrupt");
    *length += blobs->chunks[chunks[i]].length;
  }
  if (document->edit == 0 && *length != document->stripped_length)
    return document_corrupt(blobs, id, "its length is not that of its chunks");
  return STAGE_OK;
}

/* A finalized document's chunks, put together; allocated, the caller's. */
static int base_read(struct blobs *blobs, uint32_t id, uint8_t **bytes, uint64_t *length) {
  int error = base_length(blobs, id, length);
  if (error) return error;
  const struct document *document = &blobs->documents[id];
  uint8_t *base = stage_allocate(blobs->ctx, blobs->kind, *length ? (size_t)*length : 1);
  if (!base) return STAGE_OUT_OF_MEMORY;
  const uint32_t *chunks = document_chunks(blobs, document);
  uint64_t at = 0;
  for (uint32_t i = 0; i < document->chunk_count && !error; i++) {
    error = chunk_read(blobs, id, chunks[i], base + at);
    at += blobs->chunks[chunks[i]].length;
  }
  if (error) stage_release(blobs->ctx, blobs->kind, base);
  else *bytes = base;
  return error;
}

static int loose_read(struct blobs *blobs, uint32_t id, uint8_t **bytes) {
  const struct document *document = &blobs->documents[id];
  const uint8_t *frame;
  uint64_t frame_bytes;
  if (!blobs->loose_slabs || slabs_get(blobs->loose_slabs, id, &frame, &frame_bytes) || frame_bytes == 0)
    return document_corrupt(blobs, id, "it has no bytes");
  uint8_t *out = stage_allocate(blobs->ctx, blobs->kind, document->stripped_length ? document->stripped_length : 1);
  if (!out) return STAGE_OUT_OF_MEMORY;
  struct compress_slice compressed = {frame + 1, (size_t)frame_bytes - 1};
  int error;
  if (decompress_bytes(&blobs->compressor, &(struct compress_way){.how = (enum compress_how)frame[0]}, compressed,
                       (struct compress_room){out, document->stripped_length}, &error)) {
    *bytes = out;
    return STAGE_OK;
  }
  stage_release(blobs->ctx, blobs->kind, out);
  return error == STAGE_CORRUPT ? document_corrupt(blobs, id, "its frame cannot be decompressed") : error;
}

/* Replaces *bytes, the base, by the version that the document's edit makes of it. */
static int edit_apply(struct blobs *blobs, uint32_t id, uint8_t **bytes, uint64_t length) {
  const struct document *document = &blobs->documents[id];
  struct compress_slice base = {*bytes, (size_t)length}, entry;
  if (journal_get(blobs, document, &entry)) return document_corrupt(blobs, id, "its entry is not in the journal");
  uint8_t *version = stage_allocate(blobs->ctx, blobs->kind, document->stripped_length ? document->stripped_length : 1);
  if (!version) return STAGE_OUT_OF_MEMORY;
  int error = delta_apply(&blobs->compressor, base, entry, version, document->stripped_length);
  if (error) {
    stage_release(blobs->ctx, blobs->kind, version);
    return error == STAGE_CORRUPT ? document_corrupt(blobs, id, "its journal entry cannot be applied") : error;
  }
  stage_release(blobs->ctx, blobs->kind, *bytes);
  *bytes = version;
  return STAGE_OK;
}

int document_read(struct blobs *blobs, uint32_t id, uint8_t **bytes) {
  const struct document *document;
  uint64_t length;
  *bytes = NULL;
  int error = document_find(blobs, id, &document);
  if (error) return error;
  if (document->state == DOCUMENT_LOOSE) {
    error = loose_read(blobs, id, bytes);
  } else {
    error = base_read(blobs, id, bytes, &length);
    if (!error && document->edit != 0) error = edit_apply(blobs, id, bytes, length);
  }
  if (!error && XXH3_64bits(*bytes, document->stripped_length) != document->hash)
    error = document_corrupt(
        blobs, id, document->edit ? "its checksum differs, with its journal entry applied" : "its checksum differs");
  if (error) {
    stage_release(blobs->ctx, blobs->kind, *bytes);
    *bytes = NULL;
  }
  blobs->counts.decompresses++;
  return error;
}

static int reconstruct(struct blobs *blobs, uint32_t id, const uint8_t *bytes, uint8_t *out) {
  const struct document *document = &blobs->documents[id];
  return stripping_undo(blobs->ctx, bytes, document->stripped_length, out, document->length);
}

/* Decompresses a document to the front of the list. */
static int decompress(struct blobs *blobs, uint32_t id, struct cache_entry **out) {
  const struct document *document = &blobs->documents[id];
  uint8_t *bytes;
  int error = document_read(blobs, id, &bytes);
  if (error) return error;
  struct cache_entry *decompressed = cache_new(&blobs->decompressed, id, document->length);
  if (!decompressed) error = STAGE_OUT_OF_MEMORY;
  else if (document->is_stripped) error = reconstruct(blobs, id, bytes, decompressed->bytes);
  else if (document->length == document->stripped_length) memcpy(decompressed->bytes, bytes, document->length);
  else error = document_corrupt(blobs, id, "its two lengths differ");
  stage_release(blobs->ctx, blobs->kind, bytes);
  if (error) {
    cache_discard(&blobs->decompressed, decompressed);
    return error;
  }
  cache_take(&blobs->decompressed, decompressed);
  *out = decompressed;
  return STAGE_OK;
}

int blobs_length(const struct blobs *blobs, uint32_t id, uint64_t *length) {
  const struct document *document;
  int error = document_find(blobs, id, &document);
  if (!error) *length = document->length;
  return error;
}

int blobs_pin(struct blobs *blobs, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin) {
  const struct document *document;
  int error = document_find(blobs, id, &document);
  if (error) return error;
  if (offset > document->length || length > document->length - offset) return STAGE_OUT_OF_RANGE;
  struct cache_entry *decompressed = cache_find(&blobs->decompressed, id);
  if (decompressed) blobs->counts.cache_hits++;
  else error = decompress(blobs, id, &decompressed);
  if (!error) cache_pin(&blobs->decompressed, decompressed, offset, length, pin);
  return error;
}

void blobs_unpin(struct blobs *blobs, struct stage_pin *pin) { cache_unpin(&blobs->decompressed, pin); }

/* ---- in ---- */

static int version_make(struct blobs *blobs, const uint8_t *bytes, uint64_t length, struct version *v) {
  struct stripping stripping;
  int error = stripping_make(blobs->ctx, blobs->kind, bytes, length, &stripping);
  if (!error && stripping.length > BLOBS_NONE) {
    stripping_free(blobs->ctx, blobs->kind, &stripping);
    error = STAGE_LIMIT;
  }
  if (error) return error;
  *v = (struct version){.bytes = stripping.bytes,
                        .length = (uint32_t)length,
                        .stripped_length = (uint32_t)stripping.length,
                        .owned = stripping.owned,
                        .hash = XXH3_64bits(stripping.bytes, (size_t)stripping.length)};
  return STAGE_OK;
}

static int loose_put(struct blobs *blobs, uint32_t id, const struct version *v) {
  if (!blobs->loose_slabs) blobs->loose_slabs = slabs_new(blobs->ctx, blobs->kind);
  uint8_t *frame = stage_allocate(blobs->ctx, blobs->kind, (size_t)v->stripped_length + 1);
  size_t compressed = 0;
  int error = blobs->loose_slabs && frame ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  struct compress_slice bytes = {v->bytes, v->stripped_length};
  if (!error && v->stripped_length > 1)
    error =
        compress_bytes(&blobs->compressor, &(struct compress_way){.how = COMPRESS_PLAIN, .level = BLOBS_LOOSE_LEVEL},
                       bytes, (struct compress_room){frame + 1, v->stripped_length - 1}, &compressed);
  if (!error) {
    frame[0] = compressed > 0 ? COMPRESS_PLAIN : COMPRESS_RAW;
    if (compressed == 0 && v->stripped_length > 0) memcpy(frame + 1, v->bytes, v->stripped_length);
    error = slabs_put(blobs->loose_slabs, id, frame, (compressed > 0 ? compressed : v->stripped_length) + 1);
  }
  if (!error) {
    if (blobs->documents[id].state == DOCUMENT_FINALIZED) document_clear(blobs, id);
    document_set(blobs, id, document_new(v, DOCUMENT_LOOSE));
  }
  stage_release(blobs->ctx, blobs->kind, frame);
  return error;
}

/* ---- the journal ---- */

static uint64_t compressed_bytes(const struct slabs *slabs, uint32_t id) {
  const uint8_t *p;
  uint64_t bytes;
  return slabs_get(slabs, id, &p, &bytes) == STAGE_OK ? bytes : 0;
}

/* What is decompressed to read a document's chunks: these and their bases. */
static uint64_t cache_bytes(const struct blobs *blobs, const struct document *document) {
  const uint32_t *chunks = document_chunks(blobs, document);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < document->chunk_count; i++) {
    const struct chunk *chunk = &blobs->chunks[chunks[i]];
    sum += compressed_bytes(blobs->chunk_slabs, chunks[i]);
    if (chunk->how == COMPRESS_PREFIX) sum += compressed_bytes(blobs->chunk_slabs, chunk->base);
  }
  return sum;
}

/* The version's row with the old one's chunks. */
static void version_take(struct blobs *blobs, uint32_t id, const struct version *v) {
  const struct document *old = &blobs->documents[id];
  struct document document = document_new(v, DOCUMENT_FINALIZED);
  document.first = old->first;
  document.chunk_count = old->chunk_count;
  document.edit = old->edit;
  document_set(blobs, id, document);
}

/* The version is the base itself: no entry is needed. */
static void edit_end(struct blobs *blobs, uint32_t id, const struct version *v) {
  struct document document = blobs->documents[id];
  journal_drop(blobs, &document);
  document.edit = 0;
  document_set(blobs, id, document);
  version_take(blobs, id, v);
}

/* Rechunked without chunks: those are made when the store finalizes again. */
static int loosen(struct blobs *blobs, uint32_t id, const struct version *v) {
  int error = loose_put(blobs, id, v);
  if (error) return error;
  blobs->counts.rechunks++;
  blobs->counts.rechunk_bytes += compressed_bytes(blobs->loose_slabs, id);
  return STAGE_OK;
}

static int rechunk_or_loosen(struct blobs *blobs, uint32_t id, const struct version *v, const uint8_t *base,
                             const struct delta_hunks *hunks) {
  uint64_t new_bytes = 0;
  for (uint32_t i = 0; i < hunks->count; i++) new_bytes += hunks->p[i].new_bytes;
  return new_bytes > BLOBS_RECHUNK_BYTES_MAX ? loosen(blobs, id, v) : rechunk(blobs, id, v, base, hunks);
}

/* A version that differs from the base: as an entry or, where that would be too large, rechunked. */
static int edit_put(struct blobs *blobs, uint32_t id, const struct version *v, struct compress_slice base) {
  struct compress_slice bytes = {v->bytes, v->stripped_length};
  struct delta_hunks hunks = {0};
  struct delta_entry entry = {0};
  uint64_t most = cache_bytes(blobs, &blobs->documents[id]) / 2;
  if (most < BLOBS_EDIT_BYTES_MIN) most = BLOBS_EDIT_BYTES_MIN;
  if (most > v->stripped_length) most = v->stripped_length;
  /* So much longer that it is not worth a look at what is the same. */
  if (bytes.length > base.length + BLOBS_RECHUNK_BYTES_MAX) return loosen(blobs, id, v);
  int error = delta_diff(&blobs->compressor, base, bytes, &hunks);
  bool shrinks = base.length > bytes.length * 2 + CHUNK_BYTES_MAX; /* most of the base would be there for nothing */
  if (!error && base.length > 0 && most > 0 && !shrinks)
    error = delta_encode(&blobs->compressor, base, bytes, &hunks, (size_t)most, &entry);
  if (!error) error = entry.p ? journal_put(blobs, id, (struct compress_slice){entry.p, entry.bytes}) : STAGE_LIMIT;
  if (!error) version_take(blobs, id, v);
  else if (error == STAGE_LIMIT) error = rechunk_or_loosen(blobs, id, v, base.p, &hunks);
  stage_release(blobs->ctx, blobs->kind, entry.p);
  stage_release(blobs->ctx, blobs->kind, hunks.p);
  return error;
}

/* A put over a finalized document. Where the old version is corrupt, the new one is whole. */
static int finalized_put(struct blobs *blobs, uint32_t id, const struct version *v) {
  uint8_t *base = NULL;
  uint64_t length;
  int error = base_read(blobs, id, &base, &length);
  if (error == STAGE_CORRUPT) return loose_put(blobs, id, v);
  if (error) return error;
  if (length == v->stripped_length && (length == 0 || memcmp(base, v->bytes, (size_t)length) == 0))
    edit_end(blobs, id, v);
  else error = edit_put(blobs, id, v, (struct compress_slice){base, (size_t)length});
  stage_release(blobs->ctx, blobs->kind, base);
  return error;
}

/* A row in the table; what cannot be trusted is forgotten, and leaves its chunks behind. */
static int row_make(struct blobs *blobs, uint32_t id) {
  void *documents = blobs->documents;
  bool room = blobs_reserve(blobs, &documents, &blobs->document_count, id, sizeof *blobs->documents, 0);
  blobs->documents = documents;
  if (!room) return STAGE_OUT_OF_MEMORY;
  if (!document_is_intact(&blobs->documents[id])) document_set(blobs, id, (struct document){0});
  return STAGE_OK;
}

int blobs_put(struct blobs *blobs, uint32_t id, const uint8_t *bytes, uint64_t length) {
  if (length > BLOBS_NONE / 2 || id == BLOBS_NONE) {
    STAGE_FAIL(blobs->ctx, "document %u has %llu bytes; a document of up to 2 GiB can be kept", id,
               (unsigned long long)length);
    return STAGE_LIMIT;
  }
  struct version v;
  int error = version_make(blobs, bytes, length, &v);
  if (error) return error;
  error = row_make(blobs, id);
  if (!error) {
    enum document_state was = (enum document_state)blobs->documents[id].state;
    bool is_new = was == DOCUMENT_ABSENT, was_finalized = was == DOCUMENT_FINALIZED;
    error = was_finalized ? finalized_put(blobs, id, &v) : loose_put(blobs, id, &v);
    if (!error) cache_forget(&blobs->decompressed, id);
    if (!error && is_new) blobs->live_count++;
    if (was_finalized) compress_trim(&blobs->compressor); /* in service: edits are rare */
  }
  stage_release(blobs->ctx, blobs->kind, v.owned);
  return error;
}

int blobs_drop(struct blobs *blobs, uint32_t id) {
  const struct document *document;
  int error = document_find(blobs, id, &document);
  if (error) return error;
  document_clear(blobs, id);
  cache_forget(&blobs->decompressed, id);
  if (--blobs->live_count == 0) blobs_empty(blobs); /* an empty store keeps nothing */
  return STAGE_OK;
}
