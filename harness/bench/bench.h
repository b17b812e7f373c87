/* SPDX-License-Identifier: MIT
 *
 * bench.h - `phasebench bench`: the speed of codecs beside tree-sitter's own on the same
 * documents, in one process and one run, repetitions interleaved at random.
 *
 * Subjects: "tree-sitter" (TSTreeCursor and TSNode on the live tree, called directly)
 * and each combination (through the stage ABI, as any user of it would call).
 * Operations, an iteration of each being all documents or all targets once:
 *   parse        ts_parser_parse alone; trees are deleted outside the measured time
 *   ingest       parse, and put into a store that was empty
 *   encode       put alone, into a store that was empty
 *   walk         the codec's batch walk of every node with all of its facts; tree-sitter: as cursor
 *   cursor       first child / next sibling / parent over every node
 *   count        the number of nodes of one symbol in every document: of the commonest symbol, in its
 *                language, of named nodes that have children (the lowest where there are several);
 *                tree-sitter: a walk by TSTreeCursor that compares the symbol of every node. A codec
 *                that has no count_symbol counts by its batch walk. Each iteration has a cursor of its
 *                own, so that what a codec prepares for a symbol is in its time. Its speed is that of all nodes, as
 *                the walk's is, so that the two compare
 *   index        go to a node by its preorder index, from the root; tree-sitter:
 *                ts_tree_cursor_goto_descendant
 *   first_child, next_sibling, previous_sibling, parent
 *                one move from a random node; tree-sitter: ts_node_child, ts_node_next_sibling,
 *                ts_node_prev_sibling, ts_node_parent
 *   child_by_field
 *                one move to a field that is there, from the node nearest above (or at) a random
 *                one that has a child with a field; tree-sitter: ts_node_child_by_field_id
 *   descendant   smallest node at a random byte, from the root; tree-sitter:
 *                ts_node_descendant_for_byte_range
 *   point        the same at that byte's row and column; tree-sitter:
 *                ts_node_descendant_for_point_range. A codec that has no
 *                goto_descendant_for_points has no figure
 * Reading of a node is its symbol and start byte. These are added up, and a sum
 * other than tree-sitter's is an error and not a result.
 *
 * tree-sitter's calls on TSNode differ from its cursor here and there (zero-width nodes), and its
 * search for a byte ends in tokens that are empty and hidden; a target where that is so is not
 * used, and their number is told. */
#ifndef PHASEBENCH_BENCH_H
#define PHASEBENCH_BENCH_H

#include "base/random.h"
#include "corpus/corpus.h"
#include "corpus/grammar.h"
#include "gbench.h"
#include "stats/summary.h"
#include "store/store.h"

#define BENCH_TARGETS_MAX 2048
#define BENCH_SUBJECTS_MAX 17
#define BENCH_WALK_BATCH 512

struct bench_document {
  uint32_t language;
  char *path;
  char *source;
  uint32_t source_bytes;
  uint32_t node_count;
  TSTree *tree;          /* the live tree that tree-sitter is measured on */
  uint32_t symbol_count; /* nodes with its language's symbol in bench.symbols */
};

/* A random node, and what tree-sitter finds from there. sum 0: no such node. */
struct bench_target {
  uint32_t document, index, byte;
  TSPoint place; /* of the byte */
  TSNode node;
  uint32_t field_index; /* the node that child_by_field begins at, and the field it asks for */
  uint16_t field;
  TSNode field_node;
  uint64_t at_index, first_child, next_sibling, previous_sibling, parent, child_by_field, descendant;
};

struct bench_subject {
  char name[256];
  const struct combination *combination; /* NULL: tree-sitter */
  struct store *store;
  const struct stage_ops *codec;
  struct stage_cursor *cursors[BENCH_TARGETS_MAX]; /* one a target */
  struct stage_cursor *cursor;
  double tree_bytes; /* of all documents; 0: not known */
};

struct bench {
  const struct store_place *place; /* how stages are set; the caller's. NULL: as they come */
  struct bench_document *documents;
  uint32_t document_count;
  struct grammar *grammars;
  uint32_t grammar_count;
  TSParser *parser;
  TSTree **made; /* room for one tree a document */
  uint64_t nodes, source_bytes;
  uint64_t walk_sum;    /* of all nodes of all documents */
  uint16_t *symbols;    /* by language: which one is counted */
  uint32_t *histograms; /* while the symbols are chosen: by language and symbol */
  uint64_t count_sum;   /* bench_count_sum of all documents */
  struct bench_target *targets;
  uint32_t target_count, targets_refused;
  TSTreeCursor live_cursor; /* tree-sitter's own, for moves by index */
  struct stage_node *batch;
  struct bench_subject *subjects; /* the first is tree-sitter */
  unsigned subject_count;
};

/* A sample of the corpus: whole documents, drawn by seed, up to max_bytes of source in
 * all (at least one document). Reads and parses them and draws the targets. On failure,
 * too, the caller closes the bench. */
bool bench_open(struct bench *bench, const struct corpus *corpus, uint64_t max_bytes, uint64_t seed,
                struct fault *fault);
/* Adds a combination: a store of its own with all documents in it, finalized. */
bool bench_add(struct bench *bench, const struct combination *combination, struct fault *fault);
void bench_close(struct bench *bench);

/* Registers every operation of every subject with gbench. The bench must outlive the
 * run. */
bool bench_register(struct bench *bench, struct fault *fault);

/* What a node adds to a sum. Never 0. */
static inline uint64_t bench_node_sum(uint16_t symbol, uint32_t start_byte) {
  return UINT64_C(1) + ((uint64_t)symbol << 33) + start_byte;
}

/* What a document's count adds to a sum, so that counts of two documents cannot be exchanged. */
static inline uint64_t bench_count_sum(uint32_t document, uint32_t count) { return ((uint64_t)document + 1) * count; }

/* Why the subject has no figure for the operation ("point", ...); NULL: it has one. */
const char *bench_lacks(const struct bench_subject *subject, const char *operation);

TSTree *bench_parse(struct bench *bench, uint32_t document, struct fault *fault);
bool bench_put_all(struct bench *bench, struct store *store, TSTree **trees, struct fault *fault);

/* ---- the table (table.c) ---- */

struct bench_table;                                                    /* every repetition of every benchmark */
struct bench_table *bench_table_new(void);                             /* NULL: out of memory */
void bench_table_add(void *table, const struct gbench_result *result); /* a gbench_result_fn */
/* Prints the table; false when a benchmark had an error, which was printed. */
bool bench_table_print(const struct bench_table *table, const struct bench *bench);
void bench_table_free(struct bench_table *table);

#endif
