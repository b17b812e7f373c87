/* SPDX-License-Identifier: MIT
 *
 * keep.c - documents in and out. */
#include "keep.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "splice.h"

void keep_init(struct keep *keep, const struct stage_ctx *ctx, enum stage_kind kind) {
  *keep = (struct keep){.ctx = ctx,
                        .kind = kind,
                        .press = {.ctx = ctx, .kind = kind},
                        .unpacked = {.ctx = ctx, .kind = kind, .budget_bytes = KEEP_CACHE_BYTES}};
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
  unpacked_clear(&keep->unpacked);
  press_free(&keep->press);
  pack_delete(keep->chunk_pack);
  pack_delete(keep->loose_pack);
  stage_release(keep->ctx, keep->kind, keep->documents);
  stage_release(keep->ctx, keep->kind, keep->chunks);
  stage_release(keep->ctx, keep->kind, keep->refs);
  stage_release(keep->ctx, keep->kind, keep->journal.bytes);
  struct unpacked_list unpacked = keep->unpacked;
  struct keep_counts counts = keep->counts;
  keep_init(keep, keep->ctx, keep->kind);
  keep->unpacked = unpacked;
  keep->counts = counts;
}

void keep_free(struct keep *keep) {
  keep_empty(keep);
  unpacked_free(&keep->unpacked);
}

/* ---- out ---- */

/* The sum of a settled document's chunks: what its edit is made against. */
static int base_length(const struct keep *keep, uint32_t id, uint64_t *length) {
  const struct document *document = &keep->documents[id];
  const uint32_t *chunks = document_chunks(keep, document);
  *length = 0;
  if (!chunks && document->chunk_count > 0) return document_spoiled(keep, id, "its chunks are not in the table");
  for (uint32_t i = 0; i < document->chunk_count; i++) {
    if (chunks[i] >= keep->chunk_count) return document_spoiled(keep, id, "a chunk is not in the table");
    if (keep->chunks[chunks[i]].length > CHUNK_BYTES_MAX)
      return document_spoiled(keep, id, "a chunk's length is spoiled");
    *length += keep->chunks[chunks[i]].length;
  }
  if (document->edit == 0 && *length != document->shed_length)
    return document_spoiled(keep, id, "its length is not that of its chunks");
  return STAGE_OK;
}

/* A settled document's chunks, put together; allocated, the caller's. */
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
  if (!keep->loose_pack || pack_get(keep->loose_pack, id, &frame, &frame_bytes) || frame_bytes == 0)
    return document_spoiled(keep, id, "it has no bytes");
  uint8_t *out = stage_allocate(keep->ctx, keep->kind, document->shed_length ? document->shed_length : 1);
  if (!out) return STAGE_OUT_OF_MEMORY;
  struct press_bytes packed = {frame + 1, (size_t)frame_bytes - 1};
  int error;
  if (press_unpack(&keep->press, (enum press_how)frame[0], packed, (struct press_bytes){0}, out, document->shed_length,
                   &error)) {
    *bytes = out;
    return STAGE_OK;
  }
  stage_release(keep->ctx, keep->kind, out);
  return error == STAGE_CORRUPT ? document_spoiled(keep, id, "its frame cannot be unpacked") : error;
}

/* Replaces *bytes, the base, by the version that the document's edit makes of it. */
static int edit_apply(struct keep *keep, uint32_t id, uint8_t **bytes, uint64_t length) {
  const struct document *document = &keep->documents[id];
  struct press_bytes base = {*bytes, (size_t)length}, entry;
  if (journal_get(keep, document, &entry)) return document_spoiled(keep, id, "its entry is not in the journal");
  uint8_t *version = stage_allocate(keep->ctx, keep->kind, document->shed_length ? document->shed_length : 1);
  if (!version) return STAGE_OUT_OF_MEMORY;
  int error = splice_apply(&keep->press, base, entry, version, document->shed_length);
  if (error) {
    stage_release(keep->ctx, keep->kind, version);
    return error == STAGE_CORRUPT ? document_spoiled(keep, id, "its journal entry cannot be applied") : error;
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
  if (!error && XXH3_64bits(*bytes, document->shed_length) != document->hash)
    error = document_spoiled(
        keep, id, document->edit ? "its checksum differs, with its journal entry applied" : "its checksum differs");
  if (error) {
    stage_release(keep->ctx, keep->kind, *bytes);
    *bytes = NULL;
  }
  keep->counts.unpacks++;
  return error;
}

static int regrow(struct keep *keep, uint32_t id, const uint8_t *bytes, uint8_t *out) {
  const struct document *document = &keep->documents[id];
  return shedding_undo(keep->ctx, bytes, document->shed_length, out, document->length);
}

/* Unpacks a document to the front of the list. */
static int unpack(struct keep *keep, uint32_t id, struct unpacked **out) {
  const struct document *document = &keep->documents[id];
  uint8_t *bytes;
  int error = document_read(keep, id, &bytes);
  if (error) return error;
  struct unpacked *unpacked = unpacked_new(&keep->unpacked, id, document->length);
  if (!unpacked) error = STAGE_OUT_OF_MEMORY;
  else if (document->is_shed) error = regrow(keep, id, bytes, unpacked->bytes);
  else if (document->length == document->shed_length) memcpy(unpacked->bytes, bytes, document->length);
  else error = document_spoiled(keep, id, "its two lengths differ");
  stage_release(keep->ctx, keep->kind, bytes);
  if (error) {
    unpacked_discard(&keep->unpacked, unpacked);
    return error;
  }
  unpacked_take(&keep->unpacked, unpacked);
  *out = unpacked;
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
  struct unpacked *unpacked = unpacked_find(&keep->unpacked, id);
  if (unpacked) keep->counts.cache_hits++;
  else error = unpack(keep, id, &unpacked);
  if (!error) unpacked_pin(&keep->unpacked, unpacked, offset, length, pin);
  return error;
}

void keep_unpin(struct keep *keep, struct stage_pin *pin) { unpacked_unpin(&keep->unpacked, pin); }

/* ---- in ---- */

static int version_make(struct keep *keep, const uint8_t *bytes, uint64_t length, struct version *v) {
  struct shedding shedding;
  int error = shedding_make(keep->ctx, keep->kind, bytes, length, &shedding);
  if (!error && shedding.length > KEEP_NONE) {
    shedding_free(keep->ctx, keep->kind, &shedding);
    error = STAGE_LIMIT;
  }
  if (error) return error;
  *v = (struct version){.bytes = shedding.bytes,
                        .length = (uint32_t)length,
                        .shed_length = (uint32_t)shedding.length,
                        .owned = shedding.owned,
                        .hash = XXH3_64bits(shedding.bytes, (size_t)shedding.length)};
  return STAGE_OK;
}

static int loose_put(struct keep *keep, uint32_t id, const struct version *v) {
  if (!keep->loose_pack) keep->loose_pack = pack_new(keep->ctx, keep->kind);
  uint8_t *frame = stage_allocate(keep->ctx, keep->kind, (size_t)v->shed_length + 1);
  size_t packed = 0;
  int error = keep->loose_pack && frame ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  struct press_bytes bytes = {v->bytes, v->shed_length};
  if (!error && v->shed_length > 1)
    error = press_pack(&keep->press, PRESS_PLAIN, KEEP_LOOSE_LEVEL, bytes, (struct press_bytes){0}, frame + 1,
                       v->shed_length - 1, &packed);
  if (!error) {
    frame[0] = packed > 0 ? PRESS_PLAIN : PRESS_RAW;
    if (packed == 0 && v->shed_length > 0) memcpy(frame + 1, v->bytes, v->shed_length);
    error = pack_put(keep->loose_pack, id, frame, (packed > 0 ? packed : v->shed_length) + 1);
  }
  if (!error) {
    if (keep->documents[id].state == DOCUMENT_SETTLED) document_clear(keep, id);
    document_set(keep, id, document_new(v, DOCUMENT_LOOSE));
  }
  stage_release(keep->ctx, keep->kind, frame);
  return error;
}

/* ---- the journal ---- */

static uint64_t packed_bytes(const struct pack *pack, uint32_t id) {
  const uint8_t *p;
  uint64_t bytes;
  return pack_get(pack, id, &p, &bytes) == STAGE_OK ? bytes : 0;
}

/* What is unpacked to read a document's chunks: these and their bases. */
static uint64_t unpacked_bytes(const struct keep *keep, const struct document *document) {
  const uint32_t *chunks = document_chunks(keep, document);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < document->chunk_count; i++) {
    const struct chunk *chunk = &keep->chunks[chunks[i]];
    sum += packed_bytes(keep->chunk_pack, chunks[i]);
    if (chunk->how == PRESS_PREFIX) sum += packed_bytes(keep->chunk_pack, chunk->base);
  }
  return sum;
}

/* The version's row with the old one's chunks. */
static void version_take(struct keep *keep, uint32_t id, const struct version *v) {
  const struct document *old = &keep->documents[id];
  struct document document = document_new(v, DOCUMENT_SETTLED);
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

/* Folded without chunks: those are made when the store settles again. */
static int loosen(struct keep *keep, uint32_t id, const struct version *v) {
  int error = loose_put(keep, id, v);
  if (error) return error;
  keep->counts.folds++;
  keep->counts.fold_bytes += packed_bytes(keep->loose_pack, id);
  return STAGE_OK;
}

static int fold_or_loosen(struct keep *keep, uint32_t id, const struct version *v, const uint8_t *base,
                          const struct splice_hunks *hunks) {
  uint64_t new_bytes = 0;
  for (uint32_t i = 0; i < hunks->count; i++) new_bytes += hunks->p[i].new_bytes;
  return new_bytes > KEEP_FOLD_BYTES_MAX ? loosen(keep, id, v) : fold(keep, id, v, base, hunks);
}

/* A version that differs from the base: as an entry or, where that would be too large, folded. */
static int edit_put(struct keep *keep, uint32_t id, const struct version *v, struct press_bytes base) {
  struct press_bytes bytes = {v->bytes, v->shed_length};
  struct splice_hunks hunks = {0};
  uint8_t *entry = NULL;
  size_t entry_bytes = 0;
  uint64_t most = unpacked_bytes(keep, &keep->documents[id]) / 2;
  if (most < KEEP_EDIT_BYTES_MIN) most = KEEP_EDIT_BYTES_MIN;
  if (most > v->shed_length) most = v->shed_length;
  /* So much longer that it is not worth a look at what is the same. */
  if (bytes.length > base.length + KEEP_FOLD_BYTES_MAX) return loosen(keep, id, v);
  int error = splice_diff(&keep->press, base, bytes, &hunks);
  bool shrinks = base.length > bytes.length * 2 + CHUNK_BYTES_MAX; /* most of the base would be there for nothing */
  if (!error && base.length > 0 && most > 0 && !shrinks)
    error = splice_encode(&keep->press, base, bytes, &hunks, (size_t)most, &entry, &entry_bytes);
  if (!error) error = entry ? journal_put(keep, id, (struct press_bytes){entry, entry_bytes}) : STAGE_LIMIT;
  if (!error) version_take(keep, id, v);
  else if (error == STAGE_LIMIT) error = fold_or_loosen(keep, id, v, base.p, &hunks);
  stage_release(keep->ctx, keep->kind, entry);
  stage_release(keep->ctx, keep->kind, hunks.p);
  return error;
}

/* A put over a settled document. Where the old version is spoiled, the new one is whole. */
static int settled_put(struct keep *keep, uint32_t id, const struct version *v) {
  uint8_t *base = NULL;
  uint64_t length;
  int error = base_read(keep, id, &base, &length);
  if (error == STAGE_CORRUPT) return loose_put(keep, id, v);
  if (error) return error;
  if (length == v->shed_length && (length == 0 || memcmp(base, v->bytes, (size_t)length) == 0)) edit_end(keep, id, v);
  else error = edit_put(keep, id, v, (struct press_bytes){base, (size_t)length});
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
    bool is_new = was == DOCUMENT_ABSENT, was_settled = was == DOCUMENT_SETTLED;
    error = was_settled ? settled_put(keep, id, &v) : loose_put(keep, id, &v);
    if (!error) unpacked_forget(&keep->unpacked, id);
    if (!error && is_new) keep->live_count++;
    if (was_settled) press_pack_rest(&keep->press); /* in service: edits are rare */
  }
  stage_release(keep->ctx, keep->kind, v.owned);
  return error;
}

int keep_drop(struct keep *keep, uint32_t id) {
  const struct document *document;
  int error = document_find(keep, id, &document);
  if (error) return error;
  document_clear(keep, id);
  unpacked_forget(&keep->unpacked, id);
  if (--keep->live_count == 0) keep_empty(keep); /* an empty store keeps nothing */
  return STAGE_OK;
}
