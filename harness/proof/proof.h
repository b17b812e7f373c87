/* SPDX-License-Identifier: MIT
 *
 * proof.h - no number without proof: every document, as the store gives it back, is
 * held against a fresh parse of its text. Four comparisons a document:
 *
 *   source   every byte
 *   walk     the batch walk against TSTreeCursor in postorder: every fact of every node
 *   moves    the cursor's first child / next sibling / parent in step with TSTreeCursor over
 *            the whole tree: head and depth at every node, the extent at every 16th (at every
 *            one in trees below 2,000 nodes); the child counts that tree-sitter reports against
 *            the children that its cursor reaches
 *   random   all other moves and, where the codec has them, points and scanning by symbol, from a
 *            seeded sample of nodes, each against what it means
 *            (random.c)
 *
 * and the name of every symbol and field met. The expected side is tree-sitter's public
 * API; no stage's code takes part in it. No function recurses over a tree, which may be very deep. */
#ifndef PHASEBENCH_PROOF_H
#define PHASEBENCH_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <tree_sitter/api.h>

#include "base/fault.h"
#include "store/store.h"

/* After so many mismatches a document is given up. */
#define PROOF_MISMATCHES_PER_DOCUMENT_MAX 10

struct proof_mismatch {
  char document[4096];
  bool has_node;
  uint32_t node; /* preorder index */
  char fact[64];
  bool is_text; /* else numbers */
  uint64_t expected, found;
  char expected_text[160], found_text[160];
};

struct proof_names {
  uint64_t symbols[65536 / 64], fields[65536 / 64]; /* bit set: compared already */
};

struct proof {
  uint64_t documents_compared, nodes_compared, source_bytes_compared, moves_compared;
  uint64_t mismatches;
  struct proof_mismatch first; /* where mismatches > 0 */
  /* the rest is the proof's own */
  struct store *store;
  const struct stage_ops *codec;
  void *codec_store;
  struct stage_cursor *cursor;
  struct stage_heap *heap;
  struct stage_node *batch;
  struct proof_names *names; /* by language */
  uint32_t language_count;
  struct proof_level *levels; /* the stack of the walk by moves */
  size_t level_capacity;
  uint64_t seed;
  uint32_t document_mismatches;
  const struct proof_document *document;
};

/* A document as it should be. The tree is the caller's, and so is the text. */
struct proof_document {
  uint32_t id, language;
  const TSLanguage *grammar;
  const char *path; /* for messages */
  const char *text;
  uint32_t length;
  const TSTree *tree;
};

/* Takes what every document needs from `heap` and sets all counts to 0. */
bool proof_open(struct proof *proof, uint32_t language_count, uint64_t seed, struct stage_heap *heap,
                struct fault *fault);
void proof_close(struct proof *proof);

/* Opens a cursor on the store, with which any number of documents are compared. Counts of earlier ones stay.
 * proof_detach closes the cursor and frees what the comparison took. */
bool proof_attach(struct proof *proof, struct store *store, struct fault *fault);
void proof_detach(struct proof *proof);

/* Compares one document. A mismatch, or a stage's error, is counted and is not a fault. False only when the
 * comparison could not be made (out of memory). */
bool proof_document(struct proof *proof, const struct proof_document *document, struct fault *fault);

/* The text of the first mismatch, for a fault. */
void proof_describe(const struct proof *proof, char *text, size_t text_bytes);
/* "proof" of a result. reason NULL: told by the proof itself; else not applicable. */
cJSON *proof_json(const struct proof *proof, const char *not_applicable);

#endif
