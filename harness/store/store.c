/* SPDX-License-Identifier: MIT
 *
 * store.c - see store.h: passes documents to the stages of an open store, and turns what they answer
 * into faults. compose.c opens and closes it. */
#include "store.h"

#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *stage_error_text(int error) {
  static const char *const texts[] = {
#define X(name, text) text,
    STAGE_ERRORS(X)
#undef X
  };
  return error >= 0 && error < STAGE_ERROR_COUNT ? texts[error] : "an error code that stage.h does not have";
}

/* ---- faults ---- */

static struct member *member_of(struct store *store, const struct stage_ops *stage) {
  for (unsigned i = 0; i < store->count; i++) {
    if (store->members[i].module.ops == stage) return &store->members[i];
  }
  return NULL;
}

/* A stage above passes on the error of one below, and the one below knows why. */
static const char *who_said(struct store *store, const struct member *first, const char **name) {
  if (first && first->said[0]) {
    *name = first->module.ops->name;
    return first->said;
  }
  for (unsigned i = 0; i < store->count; i++) {
    *name = store->members[i].module.ops->name;
    if (store->members[i].said[0]) return store->members[i].said;
  }
  return NULL;
}

/* In a store from a disk, ids and ranges are what the disk says: what is not there is not what was stored. */
static enum exit_code code_of_error(const struct store *store, int error) {
  switch (error) {
    case STAGE_OUT_OF_MEMORY:
    case STAGE_IO:
    case STAGE_LIMIT:
      return EXIT_CODE_SYSTEM;
    case STAGE_CORRUPT:
      return EXIT_CODE_CORRUPT;
    case STAGE_UNSUPPORTED: /* another version, says a stage that has opened such stores before */
      return store->is_reopened ? EXIT_CODE_INPUT : EXIT_CODE_CELL_FAILED;
    default:
      return store->is_reopened ? EXIT_CODE_CORRUPT : EXIT_CODE_CELL_FAILED;
  }
}

bool store_fault(struct store *store, const struct stage_ops *stage, const char *hook, int error, struct fault *fault) {
  enum exit_code code = code_of_error(store, error);
  const char *name = stage->name;
  const char *said = who_said(store, member_of(store, stage), &name);
  if (said && strcmp(name, stage->name) == 0)
    fault_set(fault, code, "stage '%s', %s: %s: %s", stage->name, hook, stage_error_text(error), said);
  else if (said)
    fault_set(fault, code, "stage '%s', %s: %s: '%s' says: %s", stage->name, hook, stage_error_text(error), name, said);
  else fault_set(fault, code, "stage '%s', %s: %s (error %d)", stage->name, hook, stage_error_text(error), error);
  for (unsigned i = 0; i < store->count; i++) store->members[i].said[0] = '\0';
  return false;
}

/* ---- what it is made of ---- */

const char *store_directory(const struct store *store) { return store->directory[0] ? store->directory : NULL; }

unsigned store_stage_count(const struct store *store) { return store->count; }

const struct stage_ops *store_stage(const struct store *store, unsigned i) { return store->members[i].module.ops; }

const struct stage_ops *store_codec(const struct store *store, void **codec_store) {
  if (codec_store) *codec_store = store->codec->state;
  return store->codec->module.ops;
}

bool store_needs_grammar(const struct store *store) {
  return (store->codec->module.ops->flags & STAGE_NEEDS_GRAMMAR) && store->blob_store[STAGE_TREE] == store->codec;
}

bool store_keeps_nothing(const struct store *store) { return store->codec->module.ops->flags & STAGE_KEEPS_NOTHING; }

uint64_t store_option(const struct store *store, unsigned i, uint32_t o) { return store->members[i].options[o]; }

/* ---- documents ---- */

static bool put_source(struct store *store, const struct stage_document *document, struct fault *fault) {
  struct member *blob_store = store->blob_store[STAGE_SOURCE];
  int error = blob_store->module.ops->put(blob_store->state, STAGE_SOURCE, document->id, document->source,
                                          document->source_bytes, document->path);
  return error == STAGE_OK || store_fault(store, blob_store->module.ops, "put", error, fault);
}

bool store_put(struct store *store, const struct stage_document *document, TSTree *tree, struct fault *fault) {
  if (!put_source(store, document, fault)) {
    ts_tree_delete(tree);
    return false;
  }
  const struct stage_ops *codec = store->codec->module.ops;
  int error = codec->put_tree(store->codec->state, document, tree);
  return error == STAGE_OK || store_fault(store, codec, "put_tree", error, fault);
}

bool store_edit(struct store *store, const struct stage_document *document, const TSInputEdit *edits,
                uint32_t edit_count, TSTree *tree, struct fault *fault) {
  const struct stage_ops *codec = store->codec->module.ops;
  if (!codec->edit_tree) return store_put(store, document, tree, fault);
  if (!put_source(store, document, fault)) {
    ts_tree_delete(tree);
    return false;
  }
  int error = codec->edit_tree(store->codec->state, document, edits, edit_count, tree);
  return error == STAGE_OK || store_fault(store, codec, "edit_tree", error, fault);
}

static bool finalize_role(struct store *store, uint32_t role, struct fault *fault) {
  for (unsigned i = store->count; i-- > 0;) {
    struct member *member = &store->members[i];
    const struct stage_ops *ops = member->module.ops;
    if (!(ops->roles & role) || !ops->finalize) continue;
    int error = ops->finalize(member->state);
    if (error) return store_fault(store, ops, "finalize", error, fault);
  }
  return true;
}

/* A stage of both roles finalizes twice: with the codecs, and again as a blob store, since
 * codecs and blob stores above it may have put more in between. */
bool store_finalize(struct store *store, struct fault *fault) {
  return finalize_role(store, STAGE_TREE_CODEC, fault) && finalize_role(store, STAGE_BLOB_STORE, fault);
}

void store_evict(struct store *store) {
  for (unsigned i = store->count; i-- > 0;) {
    const struct member *member = &store->members[i];
    if (member->module.ops->evict) member->module.ops->evict(member->state);
  }
}

bool store_verify(struct store *store, struct fault *fault) {
  for (unsigned i = 0; i < store->count; i++) {
    const struct stage_ops *ops = store->members[i].module.ops;
    int error = ops->verify ? ops->verify(store->members[i].state) : STAGE_OK;
    if (error) return store_fault(store, ops, "verify", error, fault);
  }
  return true;
}

bool store_drop(struct store *store, uint32_t id, struct fault *fault) {
  const struct stage_ops *codec = store->codec->module.ops, *blob_store = store->blob_store[STAGE_SOURCE]->module.ops;
  int error = codec->drop_tree(store->codec->state, id);
  bool good = error == STAGE_OK || store_fault(store, codec, "drop_tree", error, fault);
  error = blob_store->drop(store->blob_store[STAGE_SOURCE]->state, STAGE_SOURCE, id);
  return (error == STAGE_OK || store_fault(store, blob_store, "drop", error, fault)) && good;
}

bool store_pin_source(struct store *store, uint32_t id, struct stage_pin *pin, struct fault *fault) {
  const struct stage_ops *blob_store = store->blob_store[STAGE_SOURCE]->module.ops;
  void *state = store->blob_store[STAGE_SOURCE]->state;
  uint64_t length;
  int error = blob_store->length(state, STAGE_SOURCE, id, &length);
  if (error) return store_fault(store, blob_store, "length", error, fault);
  error = blob_store->pin(state, STAGE_SOURCE, id, 0, length, pin);
  if (error) return store_fault(store, blob_store, "pin", error, fault);
  if (pin->length == length) return true;
  blob_store->unpin(state, STAGE_SOURCE, pin);
  return fault_set(fault, code_of_error(store, STAGE_OUT_OF_RANGE),
                   "stage '%s', pin: document %u has %llu bytes, but it pinned %llu", blob_store->name, id,
                   (unsigned long long)length, (unsigned long long)pin->length);
}

bool store_unpin_source(struct store *store, struct stage_pin *pin, struct fault *fault) {
  const struct stage_ops *blob_store = store->blob_store[STAGE_SOURCE]->module.ops;
  int error = blob_store->unpin(store->blob_store[STAGE_SOURCE]->state, STAGE_SOURCE, pin);
  return error == STAGE_OK || store_fault(store, blob_store, "unpin", error, fault);
}

/* ---- cursors ---- */

bool store_cursor_new(struct store *store, struct stage_cursor **cursor, struct fault *fault) {
  const struct stage_ops *codec = store->codec->module.ops;
  int error = codec->cursor_new(store->codec->state, cursor);
  return error == STAGE_OK || store_fault(store, codec, "cursor_new", error, fault);
}

bool store_cursor_open(struct store *store, struct stage_cursor *cursor, uint32_t id, struct fault *fault) {
  const struct stage_ops *codec = store->codec->module.ops;
  int error = codec->cursor_open(cursor, id);
  return error == STAGE_OK || store_fault(store, codec, "cursor_open", error, fault);
}

void store_cursor_close(struct store *store, struct stage_cursor *cursor) {
  store->codec->module.ops->cursor_close(cursor);
}

void store_cursor_delete(struct store *store, struct stage_cursor *cursor) {
  store->codec->module.ops->cursor_delete(cursor);
}

/* ---- counters ---- */

struct stat_sink {
  store_stat_fn *emit;
  void *sink;
  const char *stage;
};

static void pass_on(void *sink, const char *name, const char *unit, double value) {
  const struct stat_sink *to = sink;
  to->emit(to->sink, to->stage, name, unit, value);
}

void store_stage_stats(struct store *store, unsigned i, store_stat_fn *emit, void *sink) {
  const struct stage_ops *ops = store->members[i].module.ops;
  struct stat_sink to = {emit, sink, ops->name};
  if (ops->stats) ops->stats(store->members[i].state, pass_on, &to);
}

void store_stats(struct store *store, store_stat_fn *emit, void *sink) {
  for (unsigned i = 0; i < store->count; i++) store_stage_stats(store, i, emit, sink);
}
