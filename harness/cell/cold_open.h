/* SPDX-License-Identifier: MIT
 *
 * cold_open.h - what it costs to open a document that is not in use, beside parsing it anew. What is
 * measured, and how, is told in cold_open.c. */
#ifndef PHASEBENCH_CELL_COLD_OPEN_H
#define PHASEBENCH_CELL_COLD_OPEN_H

#include <cjson/cJSON.h>

#include "documents.h"
#include "edit_plan.h"
#include "schema/figures.h"

#define CELL_COLD_OPENED_MAX 1000

/* Large: it lies in the harness's heap. */
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

/* Takes the memory and draws documents that will not be edited. NULL: a fault was set. */
struct cell_cold_open *cell_cold_open_new(const struct cell_documents *documents, const struct cell_edit_plan *plan,
                                          struct stage_heap *heap, struct fault *fault);
/* All measurements; the parser is forgotten as after the edits. */
bool cell_cold_open(struct cell_cold_open *cold_open, struct cell_documents *documents, struct fault *fault);
/* "cold_open" of the cell's result. */
cJSON *cell_cold_open_json(struct cell_cold_open *cold_open, const struct cell_documents *documents);

#endif
