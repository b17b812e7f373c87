/* SPDX-License-Identifier: MIT
 *
 * documents.h - the documents of a cell: their texts as files, the parser and its grammars, and the store
 * that they go into. What every later step of the cell works on. */
#ifndef PHASEBENCH_CELL_DOCUMENTS_H
#define PHASEBENCH_CELL_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "corpus/grammar.h"
#include "spec.h"
#include "store/store.h"
#include "timings.h"

struct cell_documents {
  const struct cell_spec *spec;
  struct store *store;      /* NULL until it is open */
  struct grammar *grammars; /* by language */
  TSParser *parser;         /* NULL while there is none */
  char *text;               /* room for any document */
  uint32_t *node_counts;    /* by document, as parsed */
  uint64_t nodes;           /* their sum */
  struct stage_node *batch;
  struct cell_timings timings;
};

/* Takes the memory, given spec. Faults: EXIT_CODE_SYSTEM. cell_documents_release gives back whatever was taken. */
bool cell_documents_reserve(struct cell_documents *documents, struct stage_heap *heap, struct fault *fault);
void cell_documents_release(struct cell_documents *documents, struct stage_heap *heap);

/* Gets the parser ready for a language, loading its grammar where it is not. */
bool cell_use_language(struct cell_documents *documents, uint32_t language, struct fault *fault);
/* Deletes the parser and unloads grammars; all of them, or none where the codec reads them. */
void cell_forget_parser(struct cell_documents *documents, bool keep_grammars);

/* The absolute path of a file of the corpus. */
bool cell_path_of(const struct cell_documents *documents, const char *relative, char *path, size_t path_bytes,
                  struct fault *fault);
/* A file of the corpus's root, as it was when the corpus was read. */
struct cell_file {
  const char *path; /* relative */
  uint64_t bytes, hash;
};
/* Reads the file to where there is room for one byte more, and checks its size and hash. */
bool cell_read_file(const struct cell_documents *documents, const struct cell_file *file, char *to,
                    struct fault *fault);
/* Reads document `id` into documents->text. */
bool cell_read_text(struct cell_documents *documents, uint32_t id, struct fault *fault);

/* Parses with the language in use; NULL: a fault was set. The caller owns the tree. */
struct cell_text {
  const char *bytes;
  uint32_t length;
};
TSTree *cell_parse(struct cell_documents *documents, uint32_t id, const TSTree *old, struct cell_text text,
                   struct fault *fault);

/* Every document into the store. */
bool cell_ingest(struct cell_documents *documents, struct fault *fault);
/* Opens a document, batch-walks all of it, closes it; gives the number of nodes. A store that keeps nothing
 * has no document to open. */
bool cell_walk_document(struct cell_documents *documents, struct stage_cursor *cursor, uint32_t id, uint64_t *nodes,
                        struct fault *fault);
/* All of them; each must have as many nodes as the parser made. */
bool cell_walk_all(struct cell_documents *documents, struct fault *fault);

#endif
