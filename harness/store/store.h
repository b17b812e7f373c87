/* SPDX-License-Identifier: MIT
 *
 * store.h - stages loaded from their modules and composed into one store, which
 * takes documents in, keeps them, and gives them back. How stages compose is told in phases/stage.h.
 *
 * Whoever changes a store, or pins its sources, does it with the functions below; a stage's error comes
 * back as a fault. Trees are read without them: the cell, the proof, the benchmarks and `phasebench store`
 * call the codec's cursor hooks, the names of symbols and fields, and live_tree through the table that
 * store_codec gives, so that no call of the harness's is in what is timed. */
#ifndef PHASEBENCH_STORE_H
#define PHASEBENCH_STORE_H

#include <stdint.h>

#include "base/fault.h"
#include "combination.h"
#include "setting.h"
#include "stage.h"

struct store;

/* `place` is read only during the call; NULL: a new folder, no settings. A setting for a stage that is
 * not in the combination is left alone. Faults: also EXIT_CODE_USAGE for one out of its range. */
bool store_open(const struct combination *combination, const struct store_place *place, struct store **store,
                struct fault *fault);
void store_close(struct store *store); /* closes stages and unloads modules; NULL is fine */
/* The folder of the stages' files; NULL: no stage has one. */
const char *store_directory(const struct store *store);

/* Stages of the store, the base stage first. */
unsigned store_stage_count(const struct store *store);
const struct stage_ops *store_stage(const struct store *store, unsigned i);
/* The codec in charge, for cursors; valid while the store is open. */
const struct stage_ops *store_codec(const struct store *store, void **codec_store);
bool store_needs_grammar(const struct store *store); /* STAGE_NEEDS_GRAMMAR of the codec in charge */
bool store_keeps_nothing(const struct store *store);

/* Source and tree of a new document, or of one that is there in its new state. The
 * store owns the tree from the call on. */
bool store_put(struct store *store, const struct stage_document *document, TSTree *tree, struct fault *fault);
bool store_edit(struct store *store, const struct stage_document *document, const TSInputEdit *edits,
                uint32_t edit_count, TSTree *tree, struct fault *fault);
bool store_finalize(struct store *store, struct fault *fault);
bool store_drop(struct store *store, uint32_t id, struct fault *fault);
/* Has every stage check what it has on disk, as far as it can. */
bool store_verify(struct store *store, struct fault *fault);
/* All stages give back what only makes reading quicker: the next access is to a document not in use. */
void store_evict(struct store *store);

/* The whole source of a document, readable until store_unpin_source. Where that returns false, what was read
 * since the pin is void (the file behind it was changed); the pin is released all the same. */
bool store_pin_source(struct store *store, uint32_t id, struct stage_pin *pin, struct fault *fault);
bool store_unpin_source(struct store *store, struct stage_pin *pin, struct fault *fault);

/* A cursor on the codec in charge. Moves and walks are called through
 * store_codec's table. store_cursor_open turns a stage's error into a fault. */
bool store_cursor_new(struct store *store, struct stage_cursor **cursor, struct fault *fault);
bool store_cursor_open(struct store *store, struct stage_cursor *cursor, uint32_t id, struct fault *fault);
void store_cursor_close(struct store *store, struct stage_cursor *cursor);
void store_cursor_delete(struct store *store, struct stage_cursor *cursor);

/* The value of an option as the stage was given it; o counts the options of stage i. */
uint64_t store_option(const struct store *store, unsigned i, uint32_t o);

/* Every stage's own counters: emit(sink, stage name, counter, unit, value). */
typedef void store_stat_fn(void *sink, const char *stage, const char *name, const char *unit, double value);
void store_stats(struct store *store, store_stat_fn *emit, void *sink);
/* Those of stage i alone. */
void store_stage_stats(struct store *store, unsigned i, store_stat_fn *emit, void *sink);

/* Turns a stage's error code, and what it told ctx->fail, into a fault. */
bool store_fault(struct store *store, const struct stage_ops *stage, const char *hook, int error, struct fault *fault);

const char *stage_error_text(int error);

#endif
