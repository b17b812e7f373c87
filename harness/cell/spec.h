/* SPDX-License-Identifier: MIT
 *
 * spec.h - what a cell is told: the file SPEC.json of `phasebench cell SPEC.json OUT.json`.
 *
 * Two files. SPEC.json is small and is the cell's own. The list of the corpus's files
 * is a second file, made once a run and shared by its cells, because 55,405 files as
 * JSON would cost each cell tens of MB before its first checkpoint; it is read into one
 * block of memory. The layout of both is told in spec.c. */
#ifndef PHASEBENCH_CELL_SPEC_H
#define PHASEBENCH_CELL_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "corpus/corpus.h"
#include "corpus/edit_list.h"
#include "store/store.h"

struct cell_spec_file {
  const char *path; /* relative to corpus_root */
  uint64_t bytes;   /* size when the corpus was read */
  uint64_t lines;
  uint64_t hash;     /* XXH3, 64 bits, of the contents */
  uint32_t language; /* index into languages */
};

/* Texts are the caller's; of a spec that was read they are kept names (store/name.h). */
struct cell_spec {
  const char *corpus_name;
  const char *corpus_root; /* absolute */
  const char *corpus_hash; /* content_hash of the corpus */
  uint64_t corpus_lines, corpus_bytes;
  const char *list_path;  /* absolute; the file of the list */
  char list_hash[33];     /* XXH3-128 of that file, hex */
  const char *edits_path; /* absolute; the file of the real edits (edit_list.h); NULL: edits are seeded ones */
  char edits_hash[33];    /* XXH3-128 of that file, hex; "" likewise */
  const char **languages; /* their names */
  size_t language_count;
  struct cell_spec_file *files; /* in the corpus's order: document id is the index */
  size_t file_count;
  struct combination combination; /* paths of modules are absolute */
  const char *profile;            /* allocator profile: "strict" or "stock" */
  uint32_t repetition;            /* from 0 */
  uint32_t position;              /* from 0: the order in which the run's cells ran */
  struct store_place place;       /* its directory: absolute, NULL: one of the cell's own; and the settings */
  uint64_t seed;                  /* of the access mix and the edit list; the same for all cells of a run */
  struct edit_list edits;         /* the real edits as read; empty where they are seeded */
  void *block;                    /* the list as read; `files` and their paths point into it or lie beside it */
};

/* Writes the corpus's files as a list, whole or not at all, and gives its hash.
 * Faults: EXIT_CODE_SYSTEM. */
bool cell_spec_write_list(const char *path, const struct corpus *corpus, char list_hash[33], struct fault *fault);
/* Writes SPEC.json. `files`, `edits` and `block` are not used: the lists are named by path and hash.
 * Faults: EXIT_CODE_SYSTEM; EXIT_CODE_INPUT for a seed or size beyond what JSON carries (json_out.h). */
bool cell_spec_write(const char *path, const struct cell_spec *spec, struct fault *fault);
/* Reads all files and checks them against each other: the list's hash, the number of
 * files, the sum of bytes and lines, each language. The caller frees the spec, on success
 * only. Faults: EXIT_CODE_INPUT (SYSTEM when out of memory). */
bool cell_spec_read(const char *path, struct cell_spec *spec, struct fault *fault);
void cell_spec_free(struct cell_spec *spec);

#endif
