/* SPDX-License-Identifier: MIT
 *
 * blobs.h - the byte strings of one kind. A document is in one of two states:
 *
 *   loose      one zstd frame of its own, of a fast level: from put until finalizing. So nothing is
 *              ever kept plainly, and finalizing needs no second copy of everything.
 *   finalized  a list of chunks, and perhaps an edit: an entry of the journal, which makes the
 *              present version of the chunks' bytes (delta.h). A put over a finalized document
 *              renews the entry. An entry is rechunked when it is larger than BLOBS_EDIT_BYTES_MIN
 *              and than half of what is decompressed to read the chunks: chunks that changed are cut
 *              and compressed anew (rechunk.c). So is a version less than half as long as the
 *              chunks, if these are CHUNK_BYTES_MAX longer than that. A version with more than
 *              BLOBS_RECHUNK_BYTES_MAX of new bytes is loose again.
 *
 * A chunk is held once, however many documents name it, as
 *   COMPRESS_DICTIONARY, COMPRESS_PLAIN or COMPRESS_RAW, or
 *   COMPRESS_PREFIX: a delta against another chunk, which is none itself, so that reading a
 *   chunk decompresses two at most.
 *
 * What is chunked of a tree is what the codec strips (stage.h), where it can; the rest is
 * made again when the document is opened.
 *
 * Checks. Each chunk's bytes have an XXH3 of 64 bits, looked at whenever it is decompressed; each
 * document's present bytes have one, too, which covers its list of chunks and its edit. A row of
 * the table of documents has 16 bits of its own, which find every single flipped bit of it
 * (documents.c). Of a million corrupt chunks that are read, 64 bits let one pass with a chance of 1
 * in 2^44. Equal chunks are found by the same 64 bits and then compared byte by byte, so that
 * identity rests on no hash. */
#ifndef PHASEBENCH_P2_BLOBS_H
#define PHASEBENCH_P2_BLOBS_H

#include "kit/support/slabs.h"
#include "kit/support/stripping.h"
#include "kit/support/cache.h"
#include "chunk.h"
#include "kit/support/compress.h"

/* Chosen by measuring; ARCHITECTURE.md has the table. */
#ifndef BLOBS_LEVEL
#define BLOBS_LEVEL 9
#endif
#define BLOBS_DELTA_LEVEL 6 /* what a delta leaves to be found is near */
#ifndef BLOBS_DELTA_CLEAR
#define BLOBS_DELTA_CLEAR 16u /* below this part of the plain bytes a delta is taken without another try */
#endif
#ifndef BLOBS_DICTIONARY_BYTES
#define BLOBS_DICTIONARY_BYTES (256u * 1024u)
#endif
#ifndef BLOBS_DELTAS
#define BLOBS_DELTAS 1
#endif
#define BLOBS_LOOSE_LEVEL 1
#ifndef BLOBS_CACHE_BYTES
#define BLOBS_CACHE_BYTES (128u * 1024u) /* decompressed documents that nobody has pinned, of each kind */
#endif
#define BLOBS_EDIT_BYTES_MIN 1024u /* an edit up to this size is never rechunked */
#define BLOBS_RECHUNK_BYTES_MAX (4u << 20)
#define BLOBS_NONE UINT32_MAX

enum document_state { DOCUMENT_ABSENT, DOCUMENT_LOOSE, DOCUMENT_FINALIZED };

/* Zeroed is an absent one. */
struct document {
  uint64_t hash;            /* XXH3 of the present bytes: stripped, where is_stripped */
  uint32_t length;          /* bytes that were put */
  uint32_t stripped_length; /* bytes that are kept: the same where not is_stripped */
  uint32_t first;           /* finalized: the chunk if chunk_count is 1, else where in refs the chunks are */
  uint32_t chunk_count;
  uint32_t edit; /* finalized: where in the journal its entry is, + 1; 0: there is none */
  uint8_t state; /* enum document_state */
  uint8_t is_stripped;
  uint16_t check; /* of the rest of the row: document_set */
};

struct chunk {
  uint64_t hash; /* XXH3 of the plain bytes */
  uint32_t length;
  uint32_t base; /* COMPRESS_PREFIX: the chunk that it is a delta against */
  uint32_t refs; /* documents' lists and deltas that name it; 0: the place is free */
  uint32_t how;  /* enum compress_how */
};

/* Entries back to back, each a varint of its length and its bytes (journal.c). */
struct journal {
  uint8_t *bytes;
  uint32_t used, capacity;
  uint32_t free;  /* of `used`, in holes; at most used */
  uint32_t count; /* entries */
};

struct blobs_counts {
  uint64_t decompresses, cache_hits, rechunks, duplicates;
  uint64_t rechunk_bytes;     /* compressed bytes of the chunks that rechunking made */
  uint64_t rechunk_cut_bytes; /* plain bytes that rechunking cut, hashed and compressed */
};

struct blobs {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  struct compressor compressor;
  struct document *documents;
  uint32_t document_count; /* places */
  uint32_t live_count;     /* documents that are there */
  struct chunk *chunks;
  uint32_t chunk_count, chunk_capacity;
  uint32_t chunk_free; /* places below chunk_count that no chunk has */
  uint32_t *refs;      /* lists of two chunks and more */
  uint32_t ref_count, ref_capacity, ref_free;
  struct journal journal;
  struct slabs *chunk_slabs; /* by chunk */
  struct slabs *loose_slabs; /* by document: enum compress_how in one byte, then the frame */
  struct cache decompressed;
  struct blobs_counts counts;
};

void blobs_init(struct blobs *blobs, const struct stage_ctx *ctx, enum stage_kind kind);
void blobs_free(struct blobs *blobs);

/* As the hooks of struct stage_ops. */
int blobs_put(struct blobs *blobs, uint32_t id, const uint8_t *bytes, uint64_t length);
int blobs_length(const struct blobs *blobs, uint32_t id, uint64_t *length);
int blobs_pin(struct blobs *blobs, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin);
void blobs_unpin(struct blobs *blobs, struct stage_pin *pin);
int blobs_drop(struct blobs *blobs, uint32_t id);
int blobs_finalize(struct blobs *blobs);                                                        /* finalize.c */
void blobs_stats(const struct blobs *blobs, const char *kind, stage_stat_fn *emit, void *sink); /* stats.c */

/* ---- between the sources of p2 ---- */

/* documents.c: the row, checked. STAGE_NO_DOCUMENT, STAGE_CORRUPT (and says so). */
int document_find(const struct blobs *blobs, uint32_t id, const struct document **document);
/* Whether a row is as document_set left it. */
bool document_is_intact(const struct document *document);
/* Writes a row, with its check. */
void document_set(struct blobs *blobs, uint32_t id, struct document document);
/* Says what is wrong; STAGE_CORRUPT. */
int document_corrupt(const struct blobs *blobs, uint32_t id, const char *what);

/* journal.c: the document's entry, where it has one. STAGE_CORRUPT where it is not in the journal. */
int journal_get(const struct blobs *blobs, const struct document *document, struct compress_slice *entry);
/* Puts an entry in place of the document's, whose row is intact. STAGE_OUT_OF_MEMORY, STAGE_LIMIT:
 * nothing has changed. */
int journal_put(struct blobs *blobs, uint32_t id, struct compress_slice entry);
/* Drops the entry; the row, which still names it, is the caller's to renew. */
void journal_drop(struct blobs *blobs, const struct document *document);
/* Closes holes. */
void journal_rest(struct blobs *blobs);
/* What entries take, lengths included. */
uint64_t journal_bytes(const struct blobs *blobs);

/* What will be kept of the bytes that are put. */
struct version {
  const uint8_t *bytes;
  uint32_t length; /* of the whole, as put */
  uint32_t stripped_length;
  uint8_t *owned; /* bytes, where they were stripped; else NULL */
  uint64_t hash;
};
/* Its row, of no chunks. */
struct document document_new(const struct version *version, enum document_state state);

/* rechunk.c: makes the version the document's chunks. `base` is what these are together, `hunks`
 * what differs (delta.h). Cut, hashed and compressed are the chunks that hunks touch, and for
 * each hunk at most two more. */
struct delta_hunks;
int rechunk(struct blobs *blobs, uint32_t id, const struct version *version, const uint8_t *base,
            const struct delta_hunks *hunks);

/* reserve.c: grows a table so that `index` is in it; new entries are what `fill` says. false: out of
 * memory. */
bool blobs_reserve(struct blobs *blobs, void **table, uint32_t *capacity, uint32_t index, size_t entry_bytes, int fill);

/* chunks.c: a chunk's plain bytes; `out` has room for its length. Says what is wrong of
 * which document. */
int chunk_read(struct blobs *blobs, uint32_t id, uint32_t chunk, uint8_t *out);
/* Compresses bytes as a new chunk (refs 1): by dictionary or none, and as a delta against `base`
 * (BLOBS_NONE: none) where that is smaller. */
int chunk_add(struct blobs *blobs, struct compress_slice bytes, uint64_t hash, uint32_t base, uint32_t *chunk);
/* One name less; the last one frees the chunk, and its base's name with it. */
void chunk_release(struct blobs *blobs, uint32_t chunk);
/* The chunks of a finalized document; NULL where its list is not in the table. */
const uint32_t *document_chunks(const struct blobs *blobs, const struct document *document);
/* Takes a list of chunks (whose refs are already counted) as the document's; false: out of memory. */
bool document_take_chunks(struct blobs *blobs, struct document *document, const uint32_t *chunks, uint32_t count);
/* Lists back to back again. false: out of memory, and nothing has changed. */
bool refs_gather(struct blobs *blobs);
/* Lets go of everything that a document has; its place stays. */
void document_clear(struct blobs *blobs, uint32_t id);

/* The document's kept bytes, checked: allocated, the caller's. */
int document_read(struct blobs *blobs, uint32_t id, uint8_t **bytes);

#endif
