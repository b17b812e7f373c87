/* SPDX-License-Identifier: MIT
 *
 * edit_list.h - the real edits of a corpus whose manifest names versions: which documents
 * become which texts, by which hunks. Made once a run, before its cells, since a diff
 * takes memory that a cell must not have; each cell reads it before its first checkpoint. */
#ifndef PHASEBENCH_EDIT_LIST_H
#define PHASEBENCH_EDIT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "corpus.h"
#include "diff.h"

#define EDIT_LIST_DOCUMENTS_MAX 600

struct edit_target {
  uint32_t document; /* its id: index into the corpus's files */
  uint64_t bytes;    /* of the new text */
  uint64_t hash;     /* XXH3, 64 bits, of the new text */
  const char *path;  /* of the file that holds it, relative to the corpus's root */
  const struct diff_hunk *hunks;
  uint32_t hunk_count;
};

struct edit_list {
  struct edit_target *targets; /* in the order in which they are edited */
  size_t target_count;
  struct diff_hunk *hunks; /* of all of them */
  char *block;             /* the file as read; paths point into it */
};

/* Chooses up to EDIT_LIST_DOCUMENTS_MAX of the corpus's edits by the seed, finds their hunks, and
 * writes the list, whole or not at all, and its hash (XXH3-128, hex). Faults: EXIT_CODE_INPUT: no
 * file of the corpus was changed, or a file is not what it was when the corpus was read;
 * EXIT_CODE_SYSTEM. */
bool edit_list_write(const char *path, const struct corpus *corpus, uint64_t seed, char hash[33], struct fault *fault);

/* Reads a list of that hash, and checks each record; documents are below document_count and named
 * once. The caller frees the list, on success only. Faults: EXIT_CODE_INPUT, EXIT_CODE_SYSTEM. */
bool edit_list_read(const char *path, const char *hash, size_t document_count, struct edit_list *list,
                    struct fault *fault);
void edit_list_free(struct edit_list *list);

/* Whether the target's hunks are edits of a text of old_bytes that lead to one of the target's length: in
 * order, apart, and within the text. Faults: EXIT_CODE_INPUT, which names the hunk. */
bool edit_target_fits(const struct edit_target *target, uint64_t old_bytes, struct fault *fault);

/* The target of a document; NULL: it is not in the list. */
const struct edit_target *edit_list_find(const struct edit_list *list, uint32_t document);

#endif
