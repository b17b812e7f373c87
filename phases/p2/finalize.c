/* SPDX-License-Identifier: MIT
 *
 * finalize.c - loose documents become chunks: a dictionary is learned from a sample of what
 * is loose, then documents are taken one after the other, in the order of their ids. What
 * finalizing holds beyond the store are the sample, one document, and two indexes: chunks by
 * hash and by sketch. */
#include "kit/support/map.h"
#include "kit/support/sample.h"
#include "blobs.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- the dictionary ---- */

#define DICTIONARY_BYTES_MIN 4096u
#define DICTIONARY_SHARE 128u /* a dictionary is at most this part of what it is for */
#define TRIAL_DOCUMENTS 32u

static uint64_t loose_bytes(const struct blobs *blobs, uint32_t *count) {
  uint64_t bytes = 0;
  *count = 0;
  for (uint32_t id = 0; id < blobs->document_count; id++) {
    if (blobs->documents[id].state != DOCUMENT_LOOSE) continue;
    bytes += blobs->documents[id].stripped_length;
    ++*count;
  }
  return bytes;
}

static int sample_collect(struct blobs *blobs, struct sample *sample) {
  int error = STAGE_OK;
  for (uint32_t id = 0; id < blobs->document_count && !error; id++) {
    uint8_t *bytes;
    if (blobs->documents[id].state != DOCUMENT_LOOSE) continue;
    error = document_read(blobs, id, &bytes);
    if (error) break;
    sample_take(sample, bytes, blobs->documents[id].stripped_length);
    stage_release(blobs->ctx, blobs->kind, bytes);
  }
  return error;
}

/* What the first chunks of some documents need, with the dictionary and without. */
static int trial(struct blobs *blobs, uint32_t loose_count, uint64_t *with, uint64_t *without, uint64_t *plain) {
  uint32_t every = loose_count / TRIAL_DOCUMENTS + 1, n = 0;
  uint8_t *out = stage_allocate(blobs->ctx, blobs->kind, CHUNK_BYTES_MAX);
  int error = out ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  *with = *without = *plain = 0;
  for (uint32_t id = 0; id < blobs->document_count && !error; id++) {
    uint8_t *bytes;
    if (blobs->documents[id].state != DOCUMENT_LOOSE || n++ % every != 0) continue;
    error = document_read(blobs, id, &bytes);
    if (error) break;
    size_t length = blobs->documents[id].stripped_length, compressed;
    if (length > CHUNK_BYTES_MAX) length = CHUNK_BYTES_MAX;
    struct compress_slice chunk = {bytes, length};
    error = compress_bytes(&blobs->compressor, &(struct compress_way){.how = COMPRESS_DICTIONARY, .level = BLOBS_LEVEL},
                           chunk, (struct compress_room){out, length}, &compressed);
    *with += compressed ? compressed : length;
    if (!error)
      error = compress_bytes(&blobs->compressor, &(struct compress_way){.how = COMPRESS_PLAIN, .level = BLOBS_LEVEL},
                             chunk, (struct compress_room){out, length}, &compressed);
    *without += compressed ? compressed : length;
    *plain += length;
    stage_release(blobs->ctx, blobs->kind, bytes);
  }
  stage_release(blobs->ctx, blobs->kind, out);
  return error;
}

/* Learns a dictionary if it saves more than it takes. */
static int dictionary_make(struct blobs *blobs) {
  uint32_t count;
  uint64_t all = loose_bytes(blobs, &count), most = all / DICTIONARY_SHARE;
  if (most > BLOBS_DICTIONARY_BYTES) most = BLOBS_DICTIONARY_BYTES;
  if (blobs->compressor.dictionary || most < DICTIONARY_BYTES_MIN) return STAGE_OK;
  struct sample sample;
  int error = sample_open(&sample, blobs->ctx, blobs->kind, all, count);
  if (!error) error = sample_collect(blobs, &sample);
  if (!error) error = compress_learn(&blobs->compressor, sample.bytes, sample.sizes, sample.count, (uint32_t)most);
  sample_free(&sample);
  if (error || !blobs->compressor.dictionary) return error;
  uint64_t with, without, plain;
  error = trial(blobs, count, &with, &without, &plain);
  double saved = plain > 0 ? ((double)without - (double)with) / (double)plain * (double)all : 0;
  if (error || saved <= blobs->compressor.dictionary_bytes) compress_unlearn(&blobs->compressor);
  return error;
}

/* ---- chunks ---- */

struct finalizing {
  struct blobs *blobs;
  struct gear gear;
  struct map by_hash, by_feature;
  uint32_t *chunks; /* of the document at hand */
  uint32_t chunk_count, chunk_capacity;
  uint8_t *other; /* one chunk */
};

/* The chunk with the same bytes, if there is one. */
static int find_same(struct finalizing *s, uint32_t id, struct compress_slice bytes, uint64_t hash, uint32_t *chunk) {
  struct blobs *blobs = s->blobs;
  uint32_t found = map_get(&s->by_hash, hash);
  *chunk = BLOBS_NONE;
  if (found == MAP_NONE || blobs->chunks[found].length != bytes.length) return STAGE_OK;
  int error = chunk_read(blobs, id, found, s->other);
  if (!error && memcmp(s->other, bytes.p, bytes.length) == 0) *chunk = found;
  return error;
}

/* A chunk must share so many features to be tried as a base. */
#ifndef SIMILAR_FEATURES_MIN
#define SIMILAR_FEATURES_MIN 3u
#endif

/* The chunk that shares most of the sketch. */
static uint32_t find_similar(const struct finalizing *s, const struct sketch *sketch) {
  uint32_t found[SKETCH_FEATURES], best = BLOBS_NONE, best_votes = SIMILAR_FEATURES_MIN - 1;
  for (int i = 0; i < SKETCH_FEATURES; i++) {
    found[i] = map_get(&s->by_feature, sketch->feature[i]);
    uint32_t votes = 0;
    for (int j = 0; j <= i; j++) votes += found[i] != MAP_NONE && found[j] == found[i];
    if (votes > best_votes) {
      best = found[i];
      best_votes = votes;
    }
  }
  return best;
}

static int index_chunk(struct finalizing *s, uint32_t chunk, const struct sketch *sketch) {
  const struct stage_ctx *ctx = s->blobs->ctx;
  const struct chunk *c = &s->blobs->chunks[chunk];
  if (map_get(&s->by_hash, c->hash) == MAP_NONE && !map_add(&s->by_hash, ctx, s->blobs->kind, c->hash, chunk))
    return STAGE_OUT_OF_MEMORY;
  if (!sketch || c->how == COMPRESS_PREFIX) return STAGE_OK; /* deltas are of depth one */
  for (int i = 0; i < SKETCH_FEATURES; i++) {
    if (map_get(&s->by_feature, sketch->feature[i]) != MAP_NONE) continue;
    if (!map_add(&s->by_feature, ctx, s->blobs->kind, sketch->feature[i], chunk)) return STAGE_OUT_OF_MEMORY;
  }
  return STAGE_OK;
}

/* Finds or makes the chunk of these bytes; one more list names it (refs). */
static int finalize_chunk(struct finalizing *s, uint32_t id, struct compress_slice bytes, uint32_t *chunk) {
  struct blobs *blobs = s->blobs;
  uint64_t hash = XXH3_64bits(bytes.p, bytes.length);
  int error = find_same(s, id, bytes, hash, chunk);
  if (error) return error;
  if (*chunk != BLOBS_NONE) {
    blobs->chunks[*chunk].refs++;
    blobs->counts.duplicates++;
    return STAGE_OK;
  }
  struct sketch sketch;
  uint32_t base = BLOBS_NONE;
  if (BLOBS_DELTAS) {
    sketch_make(&s->gear, bytes.p, bytes.length, &sketch);
    base = find_similar(s, &sketch);
  }
  error = chunk_add(blobs, bytes, hash, base, chunk);
  return error ? error : index_chunk(s, *chunk, BLOBS_DELTAS ? &sketch : NULL);
}

static int chunks_reserve(struct finalizing *s) {
  if (s->chunk_count < s->chunk_capacity) return STAGE_OK;
  void *chunks = s->chunks;
  bool room = blobs_reserve(s->blobs, &chunks, &s->chunk_capacity, s->chunk_count, sizeof *s->chunks, 0);
  s->chunks = chunks;
  return room ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

static int finalize_document(struct finalizing *s, uint32_t id) {
  struct blobs *blobs = s->blobs;
  struct document document = blobs->documents[id];
  uint8_t *bytes;
  int error = document_read(blobs, id, &bytes);
  if (error) return error;
  s->chunk_count = 0;
  for (uint32_t at = 0; at < document.stripped_length && !error;) {
    struct compress_slice piece = {bytes + at, chunk_cut(&s->gear, bytes + at, document.stripped_length - at)};
    at += (uint32_t)piece.length;
    error = chunks_reserve(s);
    if (!error) error = finalize_chunk(s, id, piece, &s->chunks[s->chunk_count]);
    if (!error) s->chunk_count++;
  }
  stage_release(blobs->ctx, blobs->kind, bytes);
  if (!error && !document_take_chunks(blobs, &document, s->chunks, s->chunk_count)) error = STAGE_OUT_OF_MEMORY;
  if (error) { /* the indexes may name what goes now: finalizing ends with an error anyway */
    while (s->chunk_count > 0) chunk_release(blobs, s->chunks[--s->chunk_count]);
    return error;
  }
  slabs_drop(blobs->loose_slabs, id);
  document.state = DOCUMENT_FINALIZED;
  document_set(blobs, id, document);
  return STAGE_OK;
}

static int finalize_documents(struct blobs *blobs) {
  struct finalizing s = {.blobs = blobs};
  if (blobs->document_count == 0) return STAGE_OK; /* without the heap that an allocation would make */
  gear_init(&s.gear);
  s.other = stage_allocate(blobs->ctx, blobs->kind, CHUNK_BYTES_MAX);
  int error = s.other ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < blobs->chunk_count && !error; i++) {
    if (blobs->chunks[i].refs > 0) error = index_chunk(&s, i, NULL);
  }
  for (uint32_t id = 0; id < blobs->document_count && !error; id++) {
    if (blobs->documents[id].state == DOCUMENT_LOOSE) error = finalize_document(&s, id);
  }
  map_clear(&s.by_hash, blobs->ctx, blobs->kind);
  map_clear(&s.by_feature, blobs->ctx, blobs->kind);
  stage_release(blobs->ctx, blobs->kind, s.chunks);
  stage_release(blobs->ctx, blobs->kind, s.other);
  return error;
}

/* ---- at rest ---- */

/* Gives back the places behind the last entry. */
static void table_trim(struct blobs *blobs, void **table, uint32_t *capacity, uint32_t count, size_t entry_bytes) {
  if (count == *capacity) return;
  void *trimmed = count > 0 ? stage_resize(blobs->ctx, blobs->kind, *table, count * entry_bytes) : NULL;
  if (count > 0 && !trimmed) return;
  if (count == 0) stage_release(blobs->ctx, blobs->kind, *table);
  *table = trimmed;
  *capacity = count;
}

static int rest(struct blobs *blobs) {
  cache_clear(&blobs->decompressed);
  compress_rest(&blobs->compressor);
  slabs_delete(blobs->loose_slabs);
  blobs->loose_slabs = NULL;
  if (blobs->ref_capacity > blobs->ref_count || blobs->ref_free > 0) (void)refs_gather(blobs); /* a saving, no need */
  journal_rest(blobs);
  uint32_t documents = blobs->document_count;
  while (documents > 0 && blobs->documents[documents - 1].state == DOCUMENT_ABSENT) documents--;
  void *table = blobs->documents;
  table_trim(blobs, &table, &blobs->document_count, documents, sizeof *blobs->documents);
  blobs->documents = table;
  table = blobs->chunks;
  table_trim(blobs, &table, &blobs->chunk_capacity, blobs->chunk_count, sizeof *blobs->chunks);
  blobs->chunks = table;
  return blobs->chunk_slabs ? slabs_finalize(blobs->chunk_slabs) : STAGE_OK;
}

int blobs_finalize(struct blobs *blobs) {
  int error = dictionary_make(blobs);
  if (!error) error = finalize_documents(blobs);
  if (!error) return rest(blobs);
  compress_rest(&blobs->compressor);
  return error;
}
