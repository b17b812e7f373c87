/* SPDX-License-Identifier: MIT
 *
 * cell.h - one cell: a corpus through one combination, in this process. The process
 * is made for it and ends with it: `phasebench cell SPEC.json OUT.json`.
 *
 * What is in memory at each checkpoint:
 *   start     the program, the stages, the corpus's list of files, and all buffers of the harness
 *             (the largest text twice, latencies, counts, the edits), touched: from here on only the store grows
 *   ingested  every document in the store; parser deleted; grammars unloaded, unless the codec in
 *             charge reads them (live trees do)
 *   finalized   the stages were told that all documents are in
 *   purged    the allocator gave all free pages back: memory at rest
 *   walked    every node of every document was visited by the batch walk
 *   served    the access mix (access.h) was run: memory in service
 *   edited    up to 200 documents were edited (edits.h), or, where the corpus names versions, up to
 *             600 became their new version (edit_list.h); parser and grammars as at `ingested`.
 *             Before its edit, each of these documents was proved
 *   (cold open)    up to 1,000 documents that were not edited are opened when they are not in use, beside
 *             parsing them anew (cell_cold_open.c); the stages' counters are read before it
 *   (proof)   every document is compared, the edited ones in their new state (proof.h)
 *   drained   all documents dropped, stages told to evict, allocator purged: what is above `start` is leaked */
#ifndef PHASEBENCH_CELL_H
#define PHASEBENCH_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "access.h"
#include "base/fault.h"
#include "corpus/edits.h"
#include "corpus/grammar.h"
#include "proof/proof.h"
#include "spec.h"
#include "store/store.h"
#include "system/checkpoint.h"
#include "system/self_test.h"

#define CELL_STATS_MAX 256

struct cell_stat {
  char stage[16], name[48], unit[24];
  double value;
};

struct cell_timings {
  union {
    struct {
      TIMING_FIGURES(FIGURE_MEMBER)
    };
    uint64_t value[TIMING_FIGURE_COUNT];
  };
};

#define CELL_EDITED_MAX EDIT_LIST_DOCUMENTS_MAX
_Static_assert(CELL_EDITED_MAX >= EDITS_DOCUMENTS_MAX, "either kind of edits has room");

/* What was edited, and what the stages' journals grew by (their counters journal_tree_bytes and
 * journal_source_bytes, before and after); less than nothing where a journal was folded. */
struct cell_edit_log {
  uint32_t documents;
  struct edit_sizes sizes;
  bool has_journal[STAGE_KIND_COUNT];
  bool keeps_journal[STORE_STAGE_COUNT_MAX];               /* by stage, once cell_apply_edits has looked */
  int64_t growth_bytes[STAGE_KIND_COUNT][CELL_EDITED_MAX]; /* by document, in the order of editing */
  /* Sums of zstd's frames with the old version as prefix (cell_prefix.c), of real edits only. */
  uint64_t zstd_prefix_bytes, zstd_prefix_bare_bytes;
};

/* ---- opening cold (cell_cold_open.c) ---- */

#define CELL_COLD_OPENED_MAX 1000

struct cell_cold_open {
  uint32_t count;
  uint32_t documents[CELL_COLD_OPENED_MAX];
  uint64_t ns[COLD_OPEN_COUNT][CELL_COLD_OPENED_MAX]; /* by document, in that order */
  bool is_cold[CELL_COLD_OPENED_MAX];                 /* its files were seen to be out of the page cache */
  uint32_t cold_count;
  bool cold_unknown;     /* the system does not tell what is in the page cache */
  uint32_t reads_corpus; /* of those, documents whose own file was in the page cache again: the store read it */
  uint64_t text_sum;     /* of the bytes read */
  uint64_t sorted[CELL_COLD_OPENED_MAX]; /* scratch of the figures */
  double ratios[CELL_COLD_OPENED_MAX];
};

struct cell {
  const struct cell_spec *spec;
  struct store *store;
  struct stage_heap *heap;  /* the harness's */
  struct grammar *grammars; /* by language */
  TSParser *parser;         /* NULL while there is none */
  char *text, *edited_text; /* room for any document; for any document that is edited, and its growth */
  size_t text_bytes, edited_text_bytes;
  uint32_t *node_counts; /* by document, as parsed */
  uint8_t *is_edited;    /* by document */
  uint32_t edited[CELL_EDITED_MAX];
  uint32_t edited_count;
  TSInputEdit *edits; /* room for any document's: edit_capacity */
  uint32_t edit_capacity;
  struct cell_edit_log edit_log;
  struct cell_cold_open *cold_open;
  struct stage_node *batch;
  struct checkpoint *checkpoints;
  struct checkpoint_reader reader;
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
/* Reads a file of the corpus's root, of known size and hash, to where there is room for one byte more. */
bool cell_read_file(struct cell *cell, const char *relative, uint64_t bytes, uint64_t hash, char *to,
                    struct fault *fault);
/* The absolute path of a file of the corpus. */
bool cell_path_of(const struct cell *cell, const char *relative, char *path, size_t path_bytes, struct fault *fault);
/* Opens a document, batch-walks all of it, closes it; gives the number of nodes. A store that keeps nothing
 * has no document to open. */
bool cell_walk_document(struct cell *cell, struct stage_cursor *cursor, uint32_t id, uint64_t *nodes,
                        struct fault *fault);
/* Parses; NULL: a fault was set. The caller owns the tree. */
TSTree *cell_parse(struct cell *cell, uint32_t id, const TSTree *old, const char *text, uint32_t length,
                   struct fault *fault);
/* Every document into the store. */
bool cell_ingest(struct cell *cell, struct fault *fault);
/* One document against what it should be; mismatches are counted. */
bool cell_compare(struct cell *cell, uint32_t id, const char *text, uint32_t length, const TSTree *tree,
                  struct fault *fault);
/* All documents against fresh parses. */
bool cell_prove(struct cell *cell, struct fault *fault);

/* ---- edits (cell_edits.c) ---- */

/* Which documents, and how much room they need: edited_text_bytes, edit_capacity. `scratch` has room
 * for a number a document. */
bool cell_choose_edits(struct cell *cell, uint32_t *scratch, struct fault *fault);
/* The document's text is in cell->text: writes the edited one to cell->edited_text, its edits to
 * cell->edits, and the length and number of them. */
bool cell_prepare_edit(struct cell *cell, uint32_t id, uint32_t *length, uint32_t *count, struct fault *fault);
/* The tree of the edited text, prepared as above: `old` (the caller's) is told of the edits. NULL: a
 * fault was set. */
TSTree *cell_edit_tree(struct cell *cell, uint32_t id, TSTree *old, uint32_t length, uint32_t count,
                       struct fault *fault);
/* Real edits (versions), not seeded ones. */
bool cell_edits_are_real(const struct cell *cell);
/* All edits, each document proved before its own. */
bool cell_apply_edits(struct cell *cell, struct fault *fault);
/* After the last checkpoint: what zstd needs for real edits; its memory is given back. (cell_prefix.c)
 * Faults: EXIT_CODE_INPUT, EXIT_CODE_SYSTEM. */
bool cell_measure_prefix(struct cell *cell, struct fault *fault);
/* "edits" of the cell's result, after the checkpoint `edited`. Sorts the log. */
cJSON *cell_edits_json(struct cell *cell);

/* Draws documents that will not be edited; gives their number. `scratch` has room for a number a document. */
uint32_t cell_choose_cold_opened(struct cell *cell, uint32_t *scratch, uint32_t documents[CELL_COLD_OPENED_MAX]);
/* All measurements; the parser is forgotten as after the edits. */
bool cell_cold_open(struct cell *cell, struct fault *fault);
/* "cold_open" of the cell's result. */
cJSON *cell_cold_open_json(struct cell *cell);

#endif
