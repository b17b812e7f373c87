/* SPDX-License-Identifier: MIT
 *
 * chunks.c - the table of chunks, and documents' lists of them. */
#include "keep.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char *kind_name(const struct keep *keep) { return keep->kind == STAGE_SOURCE ? "source" : "tree"; }

static int chunk_corrupt(struct keep *keep, uint32_t id, uint32_t chunk, const char *what) {
  const struct compressor *compressor = &keep->compressor;
  if (compressor->dictionary &&
      XXH3_64bits(compressor->dictionary, compressor->dictionary_bytes) != compressor->dictionary_hash)
    what = "the dictionary is not what was learned";
  STAGE_FAIL(keep->ctx, "%s of document %u, chunk %u: %s", kind_name(keep), id, chunk, what);
  return STAGE_CORRUPT;
}

/* Decompresses into out; base is the chunk's plain base where it has one. */
static int chunk_decompress(struct keep *keep, uint32_t id, uint32_t number, struct compress_slice base, uint8_t *out) {
  const struct chunk *chunk = &keep->chunks[number];
  const uint8_t *frame;
  uint64_t frame_bytes;
  int error = slabs_get(keep->chunk_slabs, number, &frame, &frame_bytes);
  if (error) return chunk_corrupt(keep, id, number, "it has no bytes");
  struct compress_slice compressed = {frame, (size_t)frame_bytes};
  if (!decompress_bytes(&keep->compressor, (enum compress_how)chunk->how, compressed, base, out, chunk->length,
                        &error)) {
    if (error == STAGE_OUT_OF_MEMORY) return error;
    return chunk_corrupt(keep, id, number, "its frame cannot be decompressed");
  }
  if (XXH3_64bits(out, chunk->length) != chunk->hash) return chunk_corrupt(keep, id, number, "its checksum differs");
  return STAGE_OK;
}

static bool is_chunk(const struct keep *keep, uint32_t chunk) {
  return chunk < keep->chunk_count && keep->chunks[chunk].refs > 0 && keep->chunks[chunk].length <= CHUNK_BYTES_MAX;
}

int chunk_read(struct keep *keep, uint32_t id, uint32_t number, uint8_t *out) {
  if (!is_chunk(keep, number)) return chunk_corrupt(keep, id, number, "there is no such chunk");
  const struct chunk *chunk = &keep->chunks[number];
  if (chunk->how != COMPRESS_PREFIX) return chunk_decompress(keep, id, number, (struct compress_slice){0}, out);
  if (!is_chunk(keep, chunk->base) || keep->chunks[chunk->base].how == COMPRESS_PREFIX)
    return chunk_corrupt(keep, id, number, "its base is none");
  struct compress_slice none = {0}, base = {NULL, keep->chunks[chunk->base].length};
  uint8_t *plain = stage_allocate(keep->ctx, keep->kind, base.length ? base.length : 1);
  if (!plain) return STAGE_OUT_OF_MEMORY;
  int error = chunk_decompress(keep, id, chunk->base, none, plain);
  base.p = plain;
  if (!error) error = chunk_decompress(keep, id, number, base, out);
  stage_release(keep->ctx, keep->kind, plain);
  return error;
}

/* ---- compressing ---- */

struct compressing {
  uint8_t *out; /* the best so far, and room for a try behind it */
  size_t room, bytes;
  enum compress_how how;
};

/* Takes what is compressed in this way instead, if it is of at most `most` bytes. */
static int compressing_try(struct keep *keep, struct compressing *compressing, enum compress_how how,
                           struct compress_slice bytes, struct compress_slice prefix, size_t most) {
  size_t compressed;
  uint8_t *other = compressing->out + compressing->room;
  int level = how == COMPRESS_PREFIX ? KEEP_DELTA_LEVEL : KEEP_LEVEL;
  int error = compress_bytes(&keep->compressor, how, level, bytes, prefix, other, most, &compressed);
  if (error || compressed == 0) return error;
  memcpy(compressing->out, other, compressed);
  compressing->bytes = compressed;
  compressing->how = how;
  return STAGE_OK;
}

/* A delta must be smaller by this to be worth two unpackings. */
#define DELTA_GAIN_MIN 64u

static int compressing_try_delta(struct keep *keep, struct compressing *compressing, struct compress_slice bytes,
                                 uint32_t base) {
  if (base == KEEP_NONE || bytes.length <= DELTA_GAIN_MIN + 1) return STAGE_OK;
  struct compress_slice plain = {NULL, keep->chunks[base].length};
  uint8_t *p = stage_allocate(keep->ctx, keep->kind, plain.length ? plain.length : 1);
  if (!p) return STAGE_OUT_OF_MEMORY;
  int error = chunk_read(keep, KEEP_NONE, base, p);
  plain.p = p;
  if (!error)
    error = compressing_try(keep, compressing, COMPRESS_PREFIX, bytes, plain, bytes.length - DELTA_GAIN_MIN - 1);
  stage_release(keep->ctx, keep->kind, p);
  return error;
}

/* By the dictionary, or without one where there is none. */
static int compressing_try_whole(struct keep *keep, struct compressing *compressing, struct compress_slice bytes) {
  size_t most = bytes.length - 1;
  if (compressing->how == COMPRESS_PREFIX && compressing->bytes + DELTA_GAIN_MIN < most)
    most = compressing->bytes + DELTA_GAIN_MIN;
  enum compress_how how = keep->compressor.dictionary ? COMPRESS_DICTIONARY : COMPRESS_PLAIN;
  return compressing_try(keep, compressing, how, bytes, (struct compress_slice){0}, most);
}

static uint32_t chunk_place(struct keep *keep) {
  for (uint32_t i = 0; keep->chunk_free > 0 && i < keep->chunk_count; i++) {
    if (keep->chunks[i].refs == 0) return i;
  }
  if (keep->chunk_count < keep->chunk_capacity) return keep->chunk_count;
  void *chunks = keep->chunks;
  bool room = keep_reserve(keep, &chunks, &keep->chunk_capacity, keep->chunk_count, sizeof *keep->chunks, 0);
  keep->chunks = chunks;
  return room ? keep->chunk_count : KEEP_NONE;
}

/* Stores what was compressed in a place of its own. */
static int chunk_store(struct keep *keep, const struct compressing *compressing, uint32_t length, uint64_t hash,
                       uint32_t base, uint32_t *chunk) {
  uint32_t place = chunk_place(keep);
  if (place == KEEP_NONE) return STAGE_OUT_OF_MEMORY;
  if (!keep->chunk_slabs) keep->chunk_slabs = slabs_new(keep->ctx, keep->kind);
  if (!keep->chunk_slabs) return STAGE_OUT_OF_MEMORY;
  int error = slabs_put(keep->chunk_slabs, place, compressing->out, compressing->bytes);
  if (error) return error;
  bool is_delta = compressing->how == COMPRESS_PREFIX;
  keep->chunks[place] = (struct chunk){hash, length, is_delta ? base : KEEP_NONE, 1, compressing->how};
  if (is_delta) keep->chunks[base].refs++;
  if (place == keep->chunk_count) keep->chunk_count++;
  else keep->chunk_free--;
  *chunk = place;
  return STAGE_OK;
}

int chunk_add(struct keep *keep, struct compress_slice bytes, uint64_t hash, uint32_t base, uint32_t *chunk) {
  struct compressing compressing = {.room = bytes.length, .bytes = bytes.length, .how = COMPRESS_RAW};
  compressing.out = stage_allocate(keep->ctx, keep->kind, bytes.length * 2 + 1);
  if (!compressing.out) return STAGE_OUT_OF_MEMORY;
  memcpy(compressing.out, bytes.p, bytes.length);
  int error = compressing_try_delta(keep, &compressing, bytes, base);
  bool is_clear = compressing.how == COMPRESS_PREFIX && compressing.bytes < bytes.length / KEEP_DELTA_CLEAR;
  if (!error && !is_clear && bytes.length > 4) error = compressing_try_whole(keep, &compressing, bytes);
  if (!error) error = chunk_store(keep, &compressing, (uint32_t)bytes.length, hash, base, chunk);
  stage_release(keep->ctx, keep->kind, compressing.out);
  return error;
}

void chunk_release(struct keep *keep, uint32_t number) {
  while (is_chunk(keep, number) && --keep->chunks[number].refs == 0) {
    struct chunk *chunk = &keep->chunks[number];
    slabs_drop(keep->chunk_slabs, number);
    uint32_t base = chunk->how == COMPRESS_PREFIX ? chunk->base : KEEP_NONE;
    *chunk = (struct chunk){0};
    keep->chunk_free++;
    while (keep->chunk_count > 0 && keep->chunks[keep->chunk_count - 1].refs == 0) {
      keep->chunk_count--;
      keep->chunk_free--;
    }
    number = base;
  }
}

/* ---- lists ---- */

const uint32_t *document_chunks(const struct keep *keep, const struct document *document) {
  if (document->chunk_count == 1) return &document->first;
  if (document->first > keep->ref_count || document->chunk_count > keep->ref_count - document->first) return NULL;
  return keep->refs + document->first;
}

bool refs_gather(struct keep *keep) {
  uint32_t count = keep->ref_count - keep->ref_free, at = 0;
  uint32_t *refs = count > 0 ? stage_allocate(keep->ctx, keep->kind, count * sizeof *refs) : NULL;
  if (count > 0 && !refs) return false;
  for (uint32_t id = 0; id < keep->document_count; id++) {
    struct document document = keep->documents[id];
    if (document.state != DOCUMENT_FINALIZED || document.chunk_count == 1) continue;
    const uint32_t *chunks = document_chunks(keep, &document);
    bool corrupt = !document_is_intact(&document) || !chunks || document.chunk_count > count - at;
    if (corrupt) continue; /* reading it says so */
    if (document.chunk_count > 0) memcpy(refs + at, chunks, document.chunk_count * sizeof *refs);
    document.first = at;
    document_set(keep, id, document);
    at += document.chunk_count;
  }
  stage_release(keep->ctx, keep->kind, keep->refs);
  keep->refs = refs;
  keep->ref_count = keep->ref_capacity = count;
  keep->ref_free = 0;
  return true;
}

bool document_take_chunks(struct keep *keep, struct document *document, const uint32_t *chunks, uint32_t count) {
  document->chunk_count = count;
  if (count == 1) {
    document->first = chunks[0];
    return true;
  }
  document->first = 0;
  if (count == 0) return true;
  if (keep->ref_free > keep->ref_count / 2 + 64 && !refs_gather(keep)) return false;
  document->first = keep->ref_count;
  if (keep->ref_count + count > keep->ref_capacity) {
    void *refs = keep->refs;
    uint32_t last = keep->ref_count + count - 1;
    bool room = keep_reserve(keep, &refs, &keep->ref_capacity, last, sizeof *keep->refs, 0);
    keep->refs = refs;
    if (!room) return false;
  }
  memcpy(keep->refs + keep->ref_count, chunks, count * sizeof *chunks);
  keep->ref_count += count;
  return true;
}

void document_clear(struct keep *keep, uint32_t id) {
  struct document *document = &keep->documents[id];
  if (document->state == DOCUMENT_LOOSE) slabs_drop(keep->loose_slabs, id);
  if (document->state == DOCUMENT_FINALIZED) {
    const uint32_t *chunks = document_chunks(keep, document);
    for (uint32_t i = 0; chunks && i < document->chunk_count; i++) chunk_release(keep, chunks[i]);
    if (document->chunk_count > 1) keep->ref_free += document->chunk_count;
  }
  journal_drop(keep, document);
  *document = (struct document){0};
}
