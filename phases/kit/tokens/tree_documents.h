/* SPDX-License-Identifier: MIT
 *
 * tree_documents.h - the documents of a codec whose trees are bytes: put into the blob store above,
 * pinned there, and counted. */
#ifndef PHASEBENCH_KIT_TREE_DOCUMENTS_H
#define PHASEBENCH_KIT_TREE_DOCUMENTS_H

#include "stage.h"

/* What a codec knows of the documents that it has put. */
struct tree_documents {
  uint32_t end; /* ids are below */
  uint32_t count;
  uint32_t fresh; /* put since the last finalizing; one that was put again counts again */
};

/* Puts a new tree's bytes, and counts the document. What the blob store returns. */
int tree_documents_put(struct tree_documents *documents, const struct stage_ctx *ctx, uint32_t id, const void *bytes,
                       uint64_t length);
/* Puts the same tree's bytes, written anew: nothing is counted. */
int tree_documents_renew(const struct stage_ctx *ctx, uint32_t id, const void *bytes, uint64_t length);
int tree_documents_drop(struct tree_documents *documents, const struct stage_ctx *ctx, uint32_t id);

/* Pins all bytes of a document. STAGE_NO_DOCUMENT where there is none. */
int tree_documents_pin(const struct stage_ctx *ctx, uint32_t id, struct stage_pin *pin);
void tree_documents_unpin(const struct stage_ctx *ctx, struct stage_pin *pin);
/* What was pinned cannot be taken apart: says so, and lets go of it. STAGE_CORRUPT. */
int tree_documents_refuse(const struct stage_ctx *ctx, uint32_t id, struct stage_pin *pin);

/* Whether finalizing is to learn its tables anew: after a few edits they are as good as before, so
 * only where an eighth of the documents was put since. */
bool tree_documents_want_learning(const struct tree_documents *documents);

/* For `load`: STAGE_OK, or STAGE_MISUSE (and says so) where there are documents already. */
int tree_documents_must_be_none(const struct tree_documents *documents, const struct stage_ctx *ctx);

/* For qsort_r, of places by their counts (uint32_t by place): the commonest first, and among equals
 * the order of the places, so that the result does not depend on the sort. */
int tree_documents_by_count(const void *a, const void *b, void *counts);

#endif
