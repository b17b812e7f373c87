/* SPDX-License-Identifier: MIT
 *
 * commit.h - stores that outlive their process: what their stages must be able to do, and what is
 * written and read beside the documents. The folder that holds it all is disk.h's. */
#ifndef PHASEBENCH_STORE_COMMIT_H
#define PHASEBENCH_STORE_COMMIT_H

#include "store.h"

/* Can it be committed, and opened again? The tops of both stacks must be one blob store that has commit, and
 * the codec in charge must have save. Else EXIT_CODE_USAGE, with what is lacking. */
bool store_can_commit(const struct store *store, struct fault *fault);
/* What all documents share, as the codec in charge writes it; after store_finalize. */
bool store_save(struct store *store, stage_write_fn *write, void *sink, struct fault *fault);
bool store_commit(struct store *store, const void *catalogue, uint64_t length, struct fault *fault);
/* Of a store that was opened again (store_place.is_reopened): the catalogue of the last commit, until
 * store_unpin_catalogue; then the codec's tables, before any document is read. */
bool store_pin_catalogue(struct store *store, struct stage_pin *pin, struct fault *fault);
bool store_unpin_catalogue(struct store *store, struct stage_pin *pin, struct fault *fault);
bool store_load(struct store *store, const void *tables, uint64_t length, struct fault *fault);

#endif
