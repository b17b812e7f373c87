/* SPDX-License-Identifier: MIT
 *
 * catalogue.h - what a store says of itself: which documents it holds, in which languages, and
 * what its codec needs to read them. It is committed with the documents.
 *
 * Little endian; a text is u32 length, its bytes, and a NUL that the length does not count:
 *   "PBSTORE1", u32 version (1), u32 stage ABI, u64 bytes of all of it
 *   text combination, text corpus, text content hash of the corpus
 *   u32 languages: text name, text grammar package, text grammar version, u32 grammar ABI
 *   u64 documents, in the order of their ids: text path, u32 language, u32 nodes, u64 bytes, u64 lines,
 *       u64 XXH3 of the source
 *   u64 length of the codec's tables, and these
 *   u64 XXH3 of all before it
 * The reader trusts none of it: the hash shows damage by accident, and every field is checked as well. Paths are
 * relative and do not lead outside. */
#ifndef PHASEBENCH_STORE_CATALOGUE_H
#define PHASEBENCH_STORE_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

#define STORE_CATALOGUE_VERSION 1u

struct store_document {
  const char *path; /* relative; any bytes */
  uint32_t language, nodes;
  uint64_t bytes, lines;
  uint64_t hash; /* XXH3, 64 bits, of the source */
};

struct store_language {
  const char *name, *package, *version;
  uint32_t abi;
};

struct store_catalogue {
  uint32_t stage_abi;
  const char *combination, *corpus, *content_hash;
  struct store_language *languages;
  uint32_t language_count;
  struct store_document *documents;
  uint64_t document_count;
  const void *tables;
  uint64_t table_bytes;
  void *block; /* of one that was read: where all of the above points to */
};

/* Is the path relative, without an empty, "." or ".." part? */
bool store_path_is_inside(const char *path);

/* Writes it; the caller frees *bytes. Faults: EXIT_CODE_SYSTEM (memory), EXIT_CODE_INPUT (a path that leads
 * outside, a text of 4 GiB). */
bool store_catalogue_write(const struct store_catalogue *catalogue, void **bytes, size_t *byte_count,
                           struct fault *fault);
/* Reads it from bytes that may be anything; `where` begins messages. A copy is made. Faults:
 * EXIT_CODE_CORRUPT, EXIT_CODE_INPUT (another version), EXIT_CODE_SYSTEM. On success the caller frees it. */
bool store_catalogue_read(const void *bytes, size_t byte_count, const char *where, struct store_catalogue *catalogue,
                          struct fault *fault);
void store_catalogue_free(struct store_catalogue *catalogue);

#endif
