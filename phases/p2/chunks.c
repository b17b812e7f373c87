/* SPDX-License-Identifier: MIT
 *
 * chunks.c - the table of chunks, and documents' lists of them. */
#include "blobs.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char *kind_name(const struct blobs *blobs) { return blobs->kind == STAGE_SOURCE ? "source" : "tree"; }

static int chunk_corrupt(struct blobs *blobs, uint32_t id, uint32_t chunk, const char *what) {
  const struct compressor *compressor = &blobs->compressor;
  if (compressor->dictionary &&
      XXH3_64bits(compressor->dictionary, compressor->dictionary_bytes) != compressor->dictionary_hash)
    what = "the dictionary is not what was learned";
  STAGE_FAIL(blobs->ctx, "%s of document %u, chunk %u: %s", kind_name(blobs), id, chunk, what);
  return STAGE_CORRUPT;
}

/* Decompresses into out; base is the chunk's plain base where it has one. */
static int chunk_decompress(struct blobs *blobs, uint32_t id, uint32_t number, struct compress_slice base,
                            uint8_t *out) {
  const struct chunk *chunk = &blobs->chunks[number];
  const uint8_t *frame;
  uint64_t frame_bytes;
  int error = slabs_get(blobs->chunk_slabs, number, &frame, &frame_bytes);
  if (error) return chunk_corrupt(blobs, id, number, "it has no bytes");
  struct compress_slice compressed = {frame, (size_t)frame_bytes};
  if (!decompress_bytes(&blobs->compressor,
                        &(struct compress_way){.how = (enum compress_how)chunk->how, .prefix = base}, compressed,
                        (struct compress_room){out, chunk->length}, &error)) {
    if (error == STAGE_OUT_OF_MEMORY) return error;
    return chunk_corrupt(blobs, id, number, "its frame cannot be decompressed");
  }
  if (XXH3_64bits(out, chunk->length) != chunk->hash) return chunk_corrupt(blobs, id, number, "its checksum differs");
  return STAGE_OK;
}

static bool is_chunk(const struct blobs *blobs, uint32_t chunk) {
  return chunk < blobs->chunk_count && blobs->chunks[chunk].refs > 0 && blobs->chunks[chunk].length <= CHUNK_BYTES_MAX;
}

int chunk_read(struct blobs *blobs, uint32_t id, uint32_t number, uint8_t *out) {
  if (!is_chunk(blobs, number)) return chunk_corrupt(blobs, id, number, "there is no such chunk");
  const struct chunk *chunk = &blobs->chunks[number];
  if (chunk->how != COMPRESS_PREFIX) return chunk_decompress(blobs, id, number, (struct compress_slice){0}, out);
  if (!is_chunk(blobs, chunk->base) || blobs->chunks[chunk->base].how == COMPRESS_PREFIX)
    return chunk_corrupt(blobs, id, number, "its base is none");
  struct compress_slice none = {0}, base = {NULL, blobs->chunks[chunk->base].length};
  uint8_t *plain = stage_allocate(blobs->ctx, blobs->kind, base.length ? base.length : 1);
  if (!plain) return STAGE_OUT_OF_MEMORY;
  int error = chunk_decompress(blobs, id, chunk->base, none, plain);
  base.p = plain;
  if (!error) error = chunk_decompress(blobs, id, number, base, out);
  stage_release(blobs->ctx, blobs->kind, plain);
  return error;
}

/* ---- compressing ---- */

struct compressing {
  uint8_t *out; /* the best so far, and room for a try behind it */
  size_t room, bytes;
  enum compress_how how;
};

/* Takes what is compressed in this way instead, if it is of at most `most` bytes. */
static int compressing_try(struct blobs *blobs, struct compressing *compressing, enum compress_how how,
                           struct compress_slice bytes, struct compress_slice prefix, size_t most) {
  size_t compressed;
  uint8_t *other = compressing->out + compressing->room;
  int level = how == COMPRESS_PREFIX ? BLOBS_DELTA_LEVEL : BLOBS_LEVEL;
  int error = compress_bytes(&blobs->compressor, &(struct compress_way){how, level, prefix}, bytes,
                             (struct compress_room){other, most}, &compressed);
  if (error || compressed == 0) return error;
  memcpy(compressing->out, other, compressed);
  compressing->bytes = compressed;
  compressing->how = how;
  return STAGE_OK;
}

/* A delta must be smaller by this to be worth decompressing two chunks. */
#define DELTA_GAIN_MIN 64u

static int compressing_try_delta(struct blobs *blobs, struct compressing *compressing, struct compress_slice bytes,
                                 uint32_t base) {
  if (base == BLOBS_NONE || bytes.length <= DELTA_GAIN_MIN + 1) return STAGE_OK;
  struct compress_slice plain = {NULL, blobs->chunks[base].length};
  uint8_t *p = stage_allocate(blobs->ctx, blobs->kind, plain.length ? plain.length : 1);
  if (!p) return STAGE_OUT_OF_MEMORY;
  int error = chunk_read(blobs, BLOBS_NONE, base, p);
  plain.p = p;
  if (!error)
    error = compressing_try(blobs, compressing, COMPRESS_PREFIX, bytes, plain, bytes.length - DELTA_GAIN_MIN - 1);
  stage_release(blobs->ctx, blobs->kind, p);
  return error;
}

/* By the dictionary, or without one where there is none. */
static int compressing_try_whole(struct blobs *blobs, struct compressing *compressing, struct compress_slice bytes) {
  size_t most = bytes.length - 1;
  if (compressing->how == COMPRESS_PREFIX && compressing->bytes + DELTA_GAIN_MIN < most)
    most = compressing->bytes + DELTA_GAIN_MIN;
  enum compress_how how = blobs->compressor.dictionary ? COMPRESS_DICTIONARY : COMPRESS_PLAIN;
  return compressing_try(blobs, compressing, how, bytes, (struct compress_slice){0}, most);
}

static uint32_t chunk_place(struct blobs *blobs) {
  for (uint32_t i = 0; blobs->chunk_free > 0 && i < blobs->chunk_count; i++) {
    if (blobs->chunks[i].refs == 0) return i;
  }
  if (blobs->chunk_count < blobs->chunk_capacity) return blobs->chunk_count;
  void *chunks = blobs->chunks;
  bool room = blobs_reserve(blobs, &chunks, &blobs->chunk_capacity, blobs->chunk_count, sizeof *blobs->chunks, 0);
  blobs->chunks = chunks;
  return room ? blobs->chunk_count : BLOBS_NONE;
}

/* Stores what was compressed in a place of its own. */
static int chunk_store(struct blobs *blobs, const struct compressing *compressing, uint32_t length, uint64_t hash,
                       uint32_t base, uint32_t *chunk) {
  uint32_t place = chunk_place(blobs);
  if (place == BLOBS_NONE) return STAGE_OUT_OF_MEMORY;
  if (!blobs->chunk_slabs) blobs->chunk_slabs = slabs_new(blobs->ctx, blobs->kind);
  if (!blobs->chunk_slabs) return STAGE_OUT_OF_MEMORY;
  int error = slabs_put(blobs->chunk_slabs, place, compressing->out, compressing->bytes);
  if (error) return error;
  bool is_delta = compressing->how == COMPRESS_PREFIX;
  blobs->chunks[place] = (struct chunk){hash, length, is_delta ? base : BLOBS_NONE, 1, compressing->how};
  if (is_delta) blobs->chunks[base].refs++;
  if (place == blobs->chunk_count) blobs->chunk_count++;
  else blobs->chunk_free--;
  *chunk = place;
  return STAGE_OK;
}

int chunk_add(struct blobs *blobs, struct compress_slice bytes, uint64_t hash, uint32_t base, uint32_t *chunk) {
  struct compressing compressing = {.room = bytes.length, .bytes = bytes.length, .how = COMPRESS_RAW};
  compressing.out = stage_allocate(blobs->ctx, blobs->kind, bytes.length * 2 + 1);
  if (!compressing.out) return STAGE_OUT_OF_MEMORY;
  memcpy(compressing.out, bytes.p, bytes.length);
  int error = compressing_try_delta(blobs, &compressing, bytes, base);
  bool is_clear = compressing.how == COMPRESS_PREFIX && compressing.bytes < bytes.length / BLOBS_DELTA_CLEAR;
  if (!error && !is_clear && bytes.length > 4) error = compressing_try_whole(blobs, &compressing, bytes);
  if (!error) error = chunk_store(blobs, &compressing, (uint32_t)bytes.length, hash, base, chunk);
  stage_release(blobs->ctx, blobs->kind, compressing.out);
  return error;
}

void chunk_release(struct blobs *blobs, uint32_t number) {
  while (is_chunk(blobs, number) && --blobs->chunks[number].refs == 0) {
    struct chunk *chunk = &blobs->chunks[number];
    slabs_drop(blobs->chunk_slabs, number);
    uint32_t base = chunk->how == COMPRESS_PREFIX ? chunk->base : BLOBS_NONE;
    *chunk = (struct chunk){0};
    blobs->chunk_free++;
    while (blobs->chunk_count > 0 && blobs->chunks[blobs->chunk_count - 1].refs == 0) {
      blobs->chunk_count--;
      blobs->chunk_free--;
    }
    number = base;
  }
}

/* ---- lists ---- */

const uint32_t *document_chunks(const struct blobs *blobs, const struct document *document) {
  if (document->chunk_count == 1) return &document->first;
  if (document->first > blobs->ref_count || document->chunk_count > blobs->ref_count - document->first) return NULL;
  return blobs->refs + document->first;
}

bool refs_gather(struct blobs *blobs) {
  uint32_t count = blobs->ref_count - blobs->ref_free, at = 0;
  uint32_t *refs = count > 0 ? stage_allocate(blobs->ctx, blobs->kind, count * sizeof *refs) : NULL;
  if (count > 0 && !refs) return false;
  for (uint32_t id = 0; id < blobs->document_count; id++) {
    struct document document = blobs->documents[id];
    if (document.state != DOCUMENT_FINALIZED || document.chunk_count == 1) continue;
    const uint32_t *chunks = document_chunks(blobs, &document);
    bool corrupt = !document_is_intact(&document) || !chunks || document.chunk_count > count - at;
    if (corrupt) continue; /* reading it says so */
    if (document.chunk_count > 0) memcpy(refs + at, chunks, document.chunk_count * sizeof *refs);
    document.first = at;
    document_set(blobs, id, document);
    at += document.chunk_count;
  }
  stage_release(blobs->ctx, blobs->kind, blobs->refs);
  blobs->refs = refs;
  blobs->ref_count = blobs->ref_capacity = count;
  blobs->ref_free = 0;
  return true;
}

bool document_take_chunks(struct blobs *blobs, struct document *document, const uint32_t *chunks, uint32_t count) {
  document->chunk_count = count;
  if (count == 1) {
    document->first = chunks[0];
    return true;
  }
  document->first = 0;
  if (count == 0) return true;
  if (blobs->ref_free > blobs->ref_count / 2 + 64 && !refs_gather(blobs)) return false;
  document->first = blobs->ref_count;
  if (blobs->ref_count + count > blobs->ref_capacity) {
    void *refs = blobs->refs;
    uint32_t last = blobs->ref_count + count - 1;
    bool room = blobs_reserve(blobs, &refs, &blobs->ref_capacity, last, sizeof *blobs->refs, 0);
    blobs->refs = refs;
    if (!room) return false;
  }
  memcpy(blobs->refs + blobs->ref_count, chunks, count * sizeof *chunks);
  blobs->ref_count += count;
  return true;
}

void document_clear(struct blobs *blobs, uint32_t id) {
  struct document *document = &blobs->documents[id];
  if (document->state == DOCUMENT_LOOSE) slabs_drop(blobs->loose_slabs, id);
  if (document->state == DOCUMENT_FINALIZED) {
    const uint32_t *chunks = document_chunks(blobs, document);
    for (uint32_t i = 0; chunks && i < document->chunk_count; i++) chunk_release(blobs, chunks[i]);
    if (document->chunk_count > 1) blobs->ref_free += document->chunk_count;
  }
  journal_drop(blobs, document);
  *document = (struct document){0};
}
