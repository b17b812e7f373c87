/* SPDX-License-Identifier: MIT
 *
 * estimate.h - the context-mixing estimate: how few bits a node whole trees could take. Pictures of
 * memory have a line there, to be compared with what stages need.
 *
 * What is coded is all that a codec has to give back but the source: for each node in preorder its
 * kind (symbol, grammar symbol, field, flags, leaf or not), the padding in front of it, a leaf's
 * length, and where its ancestors end. The figure is the length of a real code (mixing.h): counts begin at
 * nothing, tables of kinds and paddings are paid for where an entry is first met, and nothing is
 * known from elsewhere, least of all the text. What is coded so can only be read from beginning to end.
 *
 * It is no lower limit. The model sees parent, grandparents, siblings before, tokens before, lengths and
 * columns; a model that looks at more, or mixes better, may need less, and one that also has the source
 * far less.
 *
 * Documents of one language, one after the other; a model of its own for each language. */
#ifndef PHASEBENCH_ESTIMATE_H
#define PHASEBENCH_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include <tree_sitter/api.h>

#include "base/fault.h"

/* What the bits are spent on: key, and words for people. */
#define ESTIMATE_PARTS(X)                                          \
  X(KINDS, "kinds", "structure, symbols, fields and flags")        \
  X(CLOSES, "closes", "where inner nodes end")                     \
  X(PADDINGS, "paddings", "from one token to the next, with rows") \
  X(LENGTHS, "lengths", "of leaves, with rows")

enum estimate_part {
#define X(name, key, text) ESTIMATE_##name,
  ESTIMATE_PARTS(X)
#undef X
      ESTIMATE_PART_COUNT
};

const char *estimate_part_key(enum estimate_part part);
const char *estimate_part_text(enum estimate_part part);

struct estimate_bits {
  double of[ESTIMATE_PART_COUNT];
  uint64_t node_count;
};

struct estimate_model; /* of one language */

#define ESTIMATE_LG_LINES 22u /* 256 MiB */

/* NULL: out of memory. lg_lines: mixing_memory_new's. The caller frees the model. */
struct estimate_model *estimate_model_new(const TSLanguage *grammar, unsigned lg_lines);
void estimate_model_free(struct estimate_model *model); /* NULL is nothing to free */

/* Adds what the tree costs to *bits. The tree stays the caller's. Faults: EXIT_CODE_SYSTEM (memory),
 * EXIT_CODE_INPUT (nodes that are not in the order of their bytes). */
bool estimate_add(struct estimate_model *model, const TSTree *tree, struct estimate_bits *bits, struct fault *fault);

#endif
