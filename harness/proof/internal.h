/* SPDX-License-Identifier: MIT
 *
 * internal.h - what proof.c, compare.c and random.c share. */
#ifndef PHASEBENCH_PROOF_INTERNAL_H
#define PHASEBENCH_PROOF_INTERNAL_H

#include "proof.h"

#define PROOF_NO_NODE UINT32_MAX

/* Notes a mismatch; returns false, for `return`. */
bool proof_differs(struct proof *proof, uint32_t node, const char *fact, uint64_t expected, uint64_t found);
bool proof_differs_text(struct proof *proof, uint32_t node, const char *fact, const char *expected, const char *found);
/* A hook said `error`. */
bool proof_failed_hook(struct proof *proof, uint32_t node, const char *hook, int error);

/* What tree-sitter says of the node under `at`. */
void proof_read_head(const TSTreeCursor *at, TSNode node, uint32_t index, struct stage_head *head);
void proof_read_extent(TSNode node, struct stage_extent *extent);

/* One fact; `prefix` and its name make the text of a mismatch. */
bool proof_compare(struct proof *proof, uint32_t node, const char *prefix, const char *fact, uint64_t expected,
                   uint64_t found);
/* Compare all facts; each difference is noted with `prefix` and the fact's name. */
bool proof_compare_head(struct proof *proof, const char *prefix, const struct stage_head *expected,
                        const struct stage_head *found);
bool proof_compare_extent(struct proof *proof, const char *prefix, uint32_t node, const struct stage_extent *expected,
                          const struct stage_extent *found);

/* All other moves (random.c). The codec's cursor is open on the document. A mismatch is
 * counted; false only when memory is out. */
bool proof_random_access(struct proof *proof, struct fault *fault);

#endif
