/* SPDX-License-Identifier: MIT
 *
 * cell.h - one cell: a corpus through one combination, in this process. The process
 * is made for it and ends with it: `phasebench cell SPEC.json OUT.json`.
 *
 * What is in memory at each checkpoint:
 *   start     the program, the stages, the corpus's list of files, and all buffers of the harness
 *             (the largest text twice, latencies, counts), touched: from here on only the store grows
 *   ingested  every document in the store; parser deleted; grammars unloaded, unless the codec in
 *             charge reads them (live trees do)
 *   settled   the stages were told that all documents are in
 *   purged    the allocator gave all free pages back: memory at rest
 *   walked    every node of every document was visited by the batch walk
 *   served    the access mix (access.h) was run: memory in service
 *   edited    up to 200 documents were edited (edits.h); parser and grammars as at `ingested`.
 *             Before its edit, each of these documents was proved
 *   (proof)   every document is compared, the edited ones in their new state (proof.h)
 *   drained   all documents dropped, allocator purged: what is above `start` is leaked */
#ifndef PHASEBENCH_CELL_H
#define PHASEBENCH_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "access.h"
#include "cell_spec.h"
#include "checkpoint.h"
#include "edits.h"
#include "fault.h"
#include "grammar.h"
#include "proof.h"
#include "self_test.h"
#include "store.h"

#define CELL_STATS_MAX 256

struct cell_stat {
  char stage[16], name[48], unit[24];
  double value;
};

struct cell_timings {
  uint64_t parse_ns; /* ts_parser_parse, of all documents */
  uint64_t store_ns; /* handing text and tree to the store */
  uint64_t free_ns;  /* freeing the parser's trees; next to nothing where the store keeps them */
  uint64_t settle_ns;
  uint64_t walk_ns; /* opening and batch-walking all documents */
  uint64_t walked_nodes;
  uint64_t edit_parse_ns; /* incremental parses; where the codec has no live tree, the parse of the old text, too */
  uint64_t edit_store_ns;
};

struct cell {
  const struct cell_spec *spec;
  struct store *store;
  struct stage_heap *heap; /* the harness's */
  struct grammar *grammars; /* by language */
  TSParser *parser;         /* NULL while there is none */
  char *text, *edited_text; /* room for any document; for any document that is edited, and its growth */
  size_t text_bytes, edited_text_bytes;
  uint32_t *node_counts; /* by document, as parsed */
  uint8_t *is_edited;    /* by document */
  uint32_t edited[EDITS_DOCUMENTS_MAX];
  uint32_t edited_count;
  struct stage_node *batch;
  struct checkpoint *checkpoints;
  struct access_mix mix;
  struct self_test self_test;
  struct proof proof;
  bool proof_began;
  struct cell_timings timings;
  uint64_t nodes;
  struct cell_stat *stats;
  unsigned stat_count, stats_lost;
};

/* Runs the cell to its end. False: the fault says why there are no figures. Either way
 * the cell is then there for cell_json, and is closed with cell_close. */
bool cell_run(struct cell *cell, const struct cell_spec *spec, struct fault *fault);
/* The cell's part of a result: with figures if the fault is none, else status, reason and proof. */
cJSON *cell_json(struct cell *cell, const struct fault *fault);
void cell_close(struct cell *cell);

/* ---- the parts (cell_documents.c): documents in, and what they should be ---- */

/* Gets the parser ready for a language, loading its grammar where it is not. */
bool cell_use_language(struct cell *cell, uint32_t language, struct fault *fault);
/* Deletes the parser and unloads grammars; all of them, or none where the codec reads them. */
void cell_forget_parser(struct cell *cell, bool keep_grammars);
/* Reads file `id` into cell->text and checks its hash. */
bool cell_read_text(struct cell *cell, uint32_t id, struct fault *fault);
/* Parses; NULL: a fault was set. The caller owns the tree. */
TSTree *cell_parse(struct cell *cell, uint32_t id, const TSTree *old, const char *text, uint32_t length,
                   struct fault *fault);
/* Writes the document's edited text to cell->edited_text, and its tree: `old` (the caller's) is
 * changed. NULL: a fault was set. */
TSTree *cell_edit(struct cell *cell, uint32_t id, TSTree *old, uint32_t *length,
                  TSInputEdit edits[EDITS_PER_DOCUMENT_MAX], uint32_t *edit_count, struct fault *fault);
/* Every document into the store. */
bool cell_ingest(struct cell *cell, struct fault *fault);
/* The edit list, each document proved before its edit. */
bool cell_apply_edits(struct cell *cell, struct fault *fault);
/* All documents against fresh parses. */
bool cell_prove(struct cell *cell, struct fault *fault);

#endif
