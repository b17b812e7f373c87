/* SPDX-License-Identifier: MIT
 *
 * keep.c - documents in and out. */
#include "keep.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "delta.h"

void keep_init(struct keep *keep, const struct stage_ctx *ctx, enum stage_kind kind) {
  *keep = (struct keep){.ctx = ctx,
                        .kind = kind,
                        .compressor = {.ctx = ctx, .kind = kind},
                        .decompressed = {.ctx = ctx, .kind = kind, .budget_bytes = KEEP_CACHE_BYTES}};
}

bool keep_reserve(struct keep *keep, void **table, uint32_t *capacity, uint32_t index, size_t entry_bytes, int fill) {
  if (index < *capacity) return true;
  uint64_t wanted = (uint64_t)*capacity + *capacity / 4 + 16;
  if (wanted <= index) wanted = (uint64_t)index + 1;
  if (wanted > KEEP_NONE || wanted > SIZE_MAX / entry_bytes) return false;
  char *grown = stage_resize(keep->ctx, keep->kind, *table, (size_t)wanted * entry_bytes);
  if (!grown) return false;
  memset(grown + *capacity * entry_bytes, fill, ((size_t)wanted - *capacity) * entry_bytes);
  *table = grown;
  *capacity = (uint32_t)wanted;
  return true;
}

/* Everything but documents that are pinned, which go at their unpin. */
static void keep_empty(struct keep *keep) {
  cache_clear(&keep->decompressed);
  compress_free(&keep->compressor);
  slabs_delete(keep->chunk_slabs);
  slabs_delete(keep->loose_slabs);
  stage_release(keep->ctx, keep->kind, keep->documents);
  stage_release(keep->ctx, keep->kind, keep->chunks);
  stage_release(keep->ctx, keep->kind, keep->refs);
  stage_release(keep->ctx, keep->kind, keep->journal.bytes);
  struct cache decompressed = keep->decompressed;
  struct keep_counts counts = keep->counts;
  keep_init(keep, keep->ctx, keep->kind);
  keep->decompressed = decompressed;
  keep->counts = counts;
}

void keep_free(struct keep *keep) {
  keep_empty(keep);
  cache_free(&keep->decompressed);
}

/* ---- out ---- */

/* The sum of a finalized document's chunks: what its edit is made against. */
static int base_length(const struct keep *keep, uint32_t id, uint64_t *length) {
  const struct document *document = &keep->documents[id];
  const uint32_t *chunks = document_chunks(keep, document);
  *length = 0;
  if (!chunks && document->chunk_count > 0) return document_corrupt(keep, id, "its chunks are not in the table");
  for (uint32_t i = 0; i < document->chunk_count; i++) {
    if (chunks[i] >= keep->chunk_count) return document_corrupt(keep, id, "a chunk is not in the table");
    if (keep->chunks[chunks[i]].length > CHUNK_BYTES_MAX)
      return document_corrupt(keep, id, "a chunk's length is corrupt");
    *length += keep->chunks[chunks[i]].length;
  }
  if (document->edit == 0 && *length != document->stripped_length)
    return document_corrupt(keep, id, "its length is not that of its chunks");
  return STAGE_OK;
}

/* A finalized document's chunks, put together; allocated, the caller's. */
static int base_read(struct keep *keep, uint32_t id, uint8_t **bytes, uint64_t *length) {
  int error = base_length(keep, id, length);
  if (error) return error;
  const struct document *document = &keep->documents[id];
  uint8_t *base = stage_allocate(keep->ctx, keep->kind, *length ? (size_t)*length : 1);
  if (!base) return STAGE_OUT_OF_MEMORY;
  const uint32_t *chunks = document_chunks(keep, document);
  uint64_t at = 0;
  for (uint32_t i = 0; i < document->chunk_count && !error; i++) {
    error = chunk_read(keep, id, chunks[i], base + at);
    at += keep->chunks[chunks[i]].length;
  }
  if (error) stage_release(keep->ctx, keep->kind, base);
  else *bytes = base;
  return error;
}

static int loose_read(struct keep *keep, uint32_t id, uint8_t **bytes) {
  const struct document *document = &keep->documents[id];
  const uint8_t *frame;
  uint64_t frame_bytes;
  if (!keep->loose_slabs || slabs_get(keep->loose_slabs, id, &frame, &frame_bytes) || frame_bytes == 0)
    return document_corrupt(keep, id, "it has no bytes");
  uint8_t *out = stage_allocate(keep->ctx, keep->kind, document->stripped_length ? document->stripped_length : 1);
  if (!out) return STAGE_OUT_OF_MEMORY;
  struct compress_slice compressed = {frame + 1, (size_t)frame_bytes - 1};
  int error;
  if (decompress_bytes(&keep->compressor, (enum compress_how)frame[0], compressed, (struct compress_slice){0}, out,
                       document->stripped_length, &error)) {
    *bytes = out;
    return STAGE_OK;
  }
  stage_release(keep->ctx, keep->kind, out);
  return error == STAGE_CORRUPT ? document_corrupt(keep, id, "its frame cannot be decompressed") : error;
}

/* Replaces *bytes, the base, by the version that the document's edit makes of it. */
static int edit_apply(struct keep *keep, uint32_t id, uint8_t **bytes, uint64_t length) {
  const struct document *document = &keep->documents[id];
  struct compress_slice base = {*bytes, (size_t)length}, entry;
  if (journal_get(keep, document, &entry)) return document_corrupt(keep, id, "its entry is not in the journal");
  uint8_t *version = stage_allocate(keep->ctx, keep->kind, document->stripped_length ? document->stripped_length : 1);
  if (!version) return STAGE_OUT_OF_MEMORY;
  int error = delta_apply(&keep->compressor, base, entry, version, document->stripped_length);
  if (error) {
    stage_release(keep->ctx, keep->kind, version);
    return error == STAGE_CORRUPT ? document_corrupt(keep, id, "its journal entry cannot be applied") : error;
  }
  stage_release(keep->ctx, keep->kind, *bytes);
  *bytes = version;
  return STAGE_OK;
}

int document_read(struct keep *keep, uint32_t id, uint8_t **bytes) {
  const struct document *document;
  uint64_t length;
  *bytes = NULL;
  int error = document_find(keep, id, &document);
  if (error) return error;
  if (document->state == DOCUMENT_LOOSE) {
    error = loose_read(keep, id, bytes);
  } else {
    error = base_read(keep, id, bytes, &length);
    if (!error && document->edit != 0) error = edit_apply(keep, id, bytes, length);
  }
  if (!error && XXH3_64bits(*bytes, document->stripped_length) != document->hash)
    error = document_corrupt(
        keep, id, document->edit ? "its checksum differs, with its journal entry applied" : "its checksum differs");
  if (error) {
    stage_release(keep->ctx, keep->kind, *bytes);
    *bytes = NULL;
  }
  keep->counts.decompresses++;
  return error;
}

static int reconstruct(struct keep *keep, uint32_t id, const uint8_t *bytes, uint8_t *out) {
  const struct document *document = &keep->documents[id];
  return stripping_undo(keep->ctx, bytes, document->stripped_length, out, document->length);
}

/* Decompresses a document to the front of the list. */
static int decompress(struct keep *keep, uint32_t id, struct cache_entry **out) {
  const struct document *document = &keep->documents[id];
  uint8_t *bytes;
  int error = document_read(keep, id, &bytes);
  if (error) return error;
  struct cache_entry *decompressed = cache_new(&keep->decompressed, id, document->length);
  if (!decompressed) error = STAGE_OUT_OF_MEMORY;
  else if (document->is_stripped) error = reconstruct(keep, id, bytes, decompressed->bytes);
  else if (document->length == document->stripped_length) memcpy(decompressed->bytes, bytes, document->length);
  else error = document_corrupt(keep, id, "its two lengths differ");
  stage_release(keep->ctx, keep->kind, bytes);
  if (error) {
    cache_discard(&keep->decompressed, decompressed);
    return error;
  }
  cache_take(&keep->decompressed, decompressed);
  *out = decompressed;
  return STAGE_OK;
}

int keep_length(const struct keep *keep, uint32_t id, uint64_t *length) {
  const struct document *document;
  int error = document_find(keep, id, &document);
  if (!error) *length = document->length;
  return error;
}

int keep_pin(struct keep *keep, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin) {
  const struct document *document;
  int error = document_find(keep, id, &document);
  if (error) return error;
  if (offset > document->length || length > document->length - offset) return STAGE_OUT_OF_RANGE;
  struct cache_entry *decompressed = cache_find(&keep->decompressed, id);
  if (decompressed) keep->counts.cache_hits++;
  else error = decompress(keep, id, &decompressed);
  if (!error) cache_pin(&keep->decompressed, decompressed, offset, length, pin);
  return error;
}

void keep_unpin(struct keep *keep, struct stage_pin *pin) { cache_unpin(&keep->decompressed, pin); }

/* ---- in ---- */

static int version_make(struct keep *keep, const uint8_t *bytes, uint64_t length, struct version *v) {
  struct stripping stripping;
  int error = stripping_make(keep->ctx, keep->kind, bytes, length, &stripping);
  if (!error && stripping.length > KEEP_NONE) {
    stripping_free(keep->ctx, keep->kind, &stripping);
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

static int loose_put(struct keep *keep, uint32_t id, const struct version *v) {
  if (!keep->loose_slabs) keep->loose_slabs = slabs_new(keep->ctx, keep->kind);
  uint8_t *frame = stage_allocate(keep->ctx, keep->kind, (size_t)v->stripped_length + 1);
  size_t compressed = 0;
  int error = keep->loose_slabs && frame ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  struct compress_slice bytes = {v->bytes, v->stripped_length};
  if (!error && v->stripped_length > 1)
    error = compress_bytes(&keep->compressor, COMPRESS_PLAIN, KEEP_LOOSE_LEVEL, bytes, (struct compress_slice){0},
                           frame + 1, v->stripped_length - 1, &compressed);
  if (!error) {
    frame[0] = compressed > 0 ? COMPRESS_PLAIN : COMPRESS_RAW;
    if (compressed == 0 && v->stripped_length > 0) memcpy(frame + 1, v->bytes, v->stripped_length);
    error = slabs_put(keep->loose_slabs, id, frame, (compressed > 0 ? compressed : v->stripped_length) + 1);
  }
  if (!error) {
    if (keep->documents[id].state == DOCUMENT_FINALIZED) document_clear(keep, id);
    document_set(keep, id, document_new(v, DOCUMENT_LOOSE));
  }
  stage_release(keep->ctx, keep->kind, frame);
  return error;
}

/* ---- the journal ---- */

static uint64_t compressed_bytes(const struct slabs *slabs, uint32_t id) {
  const uint8_t *p;
  uint64_t bytes;
  return slabs_get(slabs, id, &p, &bytes) == STAGE_OK ? bytes : 0;
}

/* What is decompressed to read a document's chunks: these and their bases. */
static uint64_t cache_bytes(const struct keep *keep, const struct document *document) {
  const uint32_t *chunks = document_chunks(keep, document);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < document->chunk_count; i++) {
    const struct chunk *chunk = &keep->chunks[chunks[i]];
    sum += compressed_bytes(keep->chunk_slabs, chunks[i]);
    if (chunk->how == COMPRESS_PREFIX) sum += compressed_bytes(keep->chunk_slabs, chunk->base);
  }
  return sum;
}

/* The version's row with the old one's chunks. */
static void version_take(struct keep *keep, uint32_t id, const struct version *v) {
  const struct document *old = &keep->documents[id];
  struct document document = document_new(v, DOCUMENT_FINALIZED);
  document.first = old->first;
  document.chunk_count = old->chunk_count;
  document.edit = old->edit;
  document_set(keep, id, document);
}

/* The version is the base itself: no entry is needed. */
static void edit_end(struct keep *keep, uint32_t id, const struct version *v) {
  struct document document = keep->documents[id];
  journal_drop(keep, &document);
  document.edit = 0;
  document_set(keep, id, document);
  version_take(keep, id, v);
}

/* Rechunked without chunks: those are made when the store finalizes again. */
static int loosen(struct keep *keep, uint32_t id, const struct version *v) {
  int error = loose_put(keep, id, v);
  if (error) return error;
  keep->counts.rechunks++;
  keep->counts.rechunk_bytes += compressed_bytes(keep->loose_slabs, id);
  return STAGE_OK;
}

static int rechunk_or_loosen(struct keep *keep, uint32_t id, const struct version *v, const uint8_t *base,
                             const struct delta_hunks *hunks) {
  uint64_t new_bytes = 0;
  for (uint32_t i = 0; i < hunks->count; i++) new_bytes += hunks->p[i].new_bytes;
  return new_bytes > KEEP_RECHUNK_BYTES_MAX ? loosen(keep, id, v) : rechunk(keep, id, v, base, hunks);
}

/* A version that differs from the base: as an entry or, where that would be too large, rechunked. */
static int edit_put(struct keep *keep, uint32_t id, const struct version *v, struct compress_slice base) {
  struct compress_slice bytes = {v->bytes, v->stripped_length};
  struct delta_hunks hunks = {0};
  uint8_t *entry = NULL;
  size_t entry_bytes = 0;
  uint64_t most = cache_bytes(keep, &keep->documents[id]) / 2;
  if (most < KEEP_EDIT_BYTES_MIN) most = KEEP_EDIT_BYTES_MIN;
  if (most > v->stripped_length) most = v->stripped_length;
  /* So much longer that it is not worth a look at what is the same. */
  if (bytes.length > base.length + KEEP_RECHUNK_BYTES_MAX) return loosen(keep, id, v);
  int error = delta_diff(&keep->compressor, base, bytes, &hunks);
  bool shrinks = base.length > bytes.length * 2 + CHUNK_BYTES_MAX; /* most of the base would be there for nothing */
  if (!error && base.length > 0 && most > 0 && !shrinks)
    error = delta_encode(&keep->compressor, base, bytes, &hunks, (size_t)most, &entry, &entry_bytes);
  if (!error) error = entry ? journal_put(keep, id, (struct compress_slice){entry, entry_bytes}) : STAGE_LIMIT;
  if (!error) version_take(keep, id, v);
  else if (error == STAGE_LIMIT) error = rechunk_or_loosen(keep, id, v, base.p, &hunks);
  stage_release(keep->ctx, keep->kind, entry);
  stage_release(keep->ctx, keep->kind, hunks.p);
  return error;
}

/* A put over a finalized document. Where the old version is corrupt, the new one is whole. */
static int finalized_put(struct keep *keep, uint32_t id, const struct version *v) {
  uint8_t *base = NULL;
  uint64_t length;
  int error = base_read(keep, id, &base, &length);
  if (error == STAGE_CORRUPT) return loose_put(keep, id, v);
  if (error) return error;
  if (length == v->stripped_length && (length == 0 || memcmp(base, v->bytes, (size_t)length) == 0))
    edit_end(keep, id, v);
  else error = edit_put(keep, id, v, (struct compress_slice){base, (size_t)length});
  stage_release(keep->ctx, keep->kind, base);
  return error;
}

/* A row in the table; what cannot be trusted is forgotten, and leaves its chunks behind. */
static int row_make(struct keep *keep, uint32_t id) {
  void *documents = keep->documents;
  bool room = keep_reserve(keep, &documents, &keep->document_count, id, sizeof *keep->documents, 0);
  keep->documents = documents;
  if (!room) return STAGE_OUT_OF_MEMORY;
  if (!document_is_intact(&keep->documents[id])) document_set(keep, id, (struct document){0});
  return STAGE_OK;
}

int keep_put(struct keep *keep, uint32_t id, const uint8_t *bytes, uint64_t length) {
  if (length > KEEP_NONE / 2 || id == KEEP_NONE) {
    STAGE_FAIL(keep->ctx, "document %u has %llu bytes; a document of up to 2 GiB can be kept", id,
               (unsigned long long)length);
    return STAGE_LIMIT;
  }
  struct version v;
  int error = version_make(keep, bytes, length, &v);
  if (error) return error;
  error = row_make(keep, id);
  if (!error) {
    enum document_state was = (enum document_state)keep->documents[id].state;
    bool is_new = was == DOCUMENT_ABSENT, was_finalized = was == DOCUMENT_FINALIZED;
    error = was_finalized ? finalized_put(keep, id, &v) : loose_put(keep, id, &v);
    if (!error) cache_forget(&keep->decompressed, id);
    if (!error && is_new) keep->live_count++;
    if (was_finalized) compress_trim(&keep->compressor); /* in service: edits are rare */
  }
  stage_release(keep->ctx, keep->kind, v.owned);
  return error;
}

int keep_drop(struct keep *keep, uint32_t id) {
  const struct document *document;
  int error = document_find(keep, id, &document);
  if (error) return error;
  document_clear(keep, id);
  cache_forget(&keep->decompressed, id);
  if (--keep->live_count == 0) keep_empty(keep); /* an empty store keeps nothing */
  return STAGE_OK;
}
