/* SPDX-License-Identifier: MIT
 *
 * store.c - composes stages into a store. What each stage sees of the others is told
 * at the top of phases/stage.h; here is how it is filled in:
 *
 *   stages, by order     base stage(0)   a: codec   b: blob store(TREE)   c: both
 *   codec in charge      c
 *   stack of TREE bytes   base stage <- b <- c       the codec and the harness talk to c
 *   c.blob_store[TREE] = c itself (top)            c.below[TREE] = b
 *   c.codec_below  = a
 *
 * A link's table (ops) is there before any stage is opened; its `store` is filled in
 * when that stage is open, in order from the base stage up.
 *
 * Heaps are made at the first allocation, because a jemalloc arena costs about
 * 100 KB, and a stage that keeps no sources shall not pay for a heap of sources. */
#include "store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "files.h"
#include "system/heap.h"

/* What a stage holds as `struct stage_heap *`: opaque to it, made real on first use. */
struct lazy_heap {
  struct stage_heap *real;
  struct member *owner;
  char name[32];
};

struct member {
  struct store *store;
  struct stage_module module;
  struct stage_ctx ctx;
  void *state; /* what open returned */
  bool is_open;
  struct lazy_heap heaps[STAGE_KIND_COUNT];
  uint64_t options[STAGE_OPTIONS_MAX];
  char said[512]; /* the first message given to ctx->fail since the last error reported */
};

struct store {
  struct member *members; /* by order; the base stage first */
  unsigned count;
  struct member *codec;                        /* in charge */
  struct member *blob_store[STAGE_KIND_COUNT]; /* the tops of the stacks */
  char directory[4096];                        /* "": no stage writes files */
  bool owns_directory;                         /* made here: removed at the end */
  bool is_reopened;                            /* what is in it comes from a disk */
};

const char *stage_error_text(int error) {
  static const char *const texts[] = {
#define X(name, text) text,
    STAGE_ERRORS(X)
#undef X
  };
  return error >= 0 && error < STAGE_ERROR_COUNT ? texts[error] : "an error code that stage.h does not have";
}

/* ---- heaps ---- */

/* A store that is opened again in the same process (tests, benchmarks) finds the heap
 * that it had: arenas are never destroyed. */
static struct stage_heap *heap_of_name(const char *name, struct fault *fault) {
  for (unsigned i = 0; i < heap_count(); i++) {
    if (strcmp(heap_name(heap_at(i)), name) == 0) return heap_at(i);
  }
  return heap_new(name, fault);
}

static bool realize(struct lazy_heap *lazy) {
  if (lazy->real) return true;
  struct fault fault = {0};
  lazy->real = heap_of_name(lazy->name, &fault);
  if (!lazy->real) snprintf(lazy->owner->said, sizeof lazy->owner->said, "%.500s", fault.message);
  return lazy->real != NULL;
}

static void *lazy_allocate(struct stage_heap *heap, size_t bytes) {
  struct lazy_heap *lazy = (struct lazy_heap *)heap;
  return realize(lazy) ? heap_allocate(lazy->real, bytes) : NULL;
}

static void *lazy_resize(struct stage_heap *heap, void *p, size_t bytes) {
  struct lazy_heap *lazy = (struct lazy_heap *)heap;
  return realize(lazy) ? heap_resize(lazy->real, p, bytes) : NULL;
}

static void lazy_release(struct stage_heap *heap, void *p) {
  if (p) heap_release(((struct lazy_heap *)heap)->real, p);
}

static const struct stage_heap_ops lazy_ops = {lazy_allocate, lazy_resize, lazy_release};

/* ---- faults ---- */

static void stage_says(const struct stage_ctx *ctx, const char *file, int line, const char *format, ...) {
  struct member *member = ctx->harness;
  if (member->said[0]) return;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(member->said, sizeof member->said, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof member->said) return;
  const char *slash = strrchr(file, '/');
  snprintf(member->said + length, sizeof member->said - (size_t)length, " (%s:%d)", slash ? slash + 1 : file, line);
}

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

/* ---- opening ---- */

static bool load_base_stage(struct store *store, struct fault *fault) {
  enum { CAPACITY = 64 };
  struct stage_summary *stages = calloc(CAPACITY, sizeof *stages);
  if (!stages) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the list of stages");
  unsigned count;
  bool good = stage_list(stages, CAPACITY, &count, fault) &&
              stage_module_load(stages[0].path, &store->members[0].module, fault);
  free(stages);
  if (good) store->count = 1;
  return good;
}

static bool load_members(struct store *store, const struct combination *combination, struct fault *fault) {
  if (!load_base_stage(store, fault)) return false;
  for (unsigned i = 0; i < combination->stage_count; i++) {
    const char *stage = combination->stages[i];
    char path[4096];
    int length = strchr(stage, '/') ? snprintf(path, sizeof path, "%s", stage)
                                    : snprintf(path, sizeof path, "%s/%s.so", paths_stage_dir(), stage);
    if (length < 0 || (size_t)length >= sizeof path)
      return fault_set(fault, EXIT_CODE_INPUT, "the path of stage '%s' is too long", stage);
    if (!stage_module_load(path, &store->members[store->count].module, fault)) return false;
    store->count++;
    if (store->members[store->count - 1].module.ops->order < store->members[store->count - 2].module.ops->order)
      return fault_set(fault, EXIT_CODE_INPUT,
                       "combination '%s': its stages are not in order; was a module rebuilt since "
                       "the run began?",
                       combination->name);
  }
  return true;
}

static struct stage_link link_to(const struct member *member) {
  return member ? (struct stage_link){member->module.ops, NULL} : (struct stage_link){NULL, NULL};
}

/* Goes through the stages in order with what is in charge so far. Members do not move
 * any more: contexts and links point at them. */
static void compose(struct store *store) {
  for (unsigned i = 0; i < store->count; i++) {
    struct member *member = &store->members[i];
    const struct stage_ops *ops = member->module.ops;
    member->store = store;
    member->ctx = (struct stage_ctx){
        .hdr = STAGE_HDR, .heap_ops = &lazy_ops, .options = member->options, .fail = stage_says, .harness = member};
    for (uint32_t o = 0; o < ops->option_count; o++) member->options[o] = ops->options[o].value;
    for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
      struct lazy_heap *lazy = &member->heaps[kind];
      lazy->owner = member;
      snprintf(lazy->name, sizeof lazy->name, "%s.%s", ops->name, kind == STAGE_SOURCE ? "source" : "tree");
      member->ctx.heap[kind] = (struct stage_heap *)lazy;
      if (!(ops->keeps & (1u << kind))) continue;
      member->ctx.below[kind] = link_to(store->blob_store[kind]);
      store->blob_store[kind] = member;
    }
    if (!(ops->roles & STAGE_TREE_CODEC)) continue;
    member->ctx.codec_below = link_to(store->codec);
    store->codec = member;
  }
  for (unsigned i = 0; i < store->count; i++) {
    struct member *member = &store->members[i];
    bool is_codec = member->module.ops->roles & STAGE_TREE_CODEC;
    for (int kind = 0; kind < STAGE_KIND_COUNT; kind++)
      member->ctx.blob_store[kind] = is_codec ? link_to(store->blob_store[kind]) : member->ctx.below[kind];
    member->ctx.codec = link_to(store->codec);
  }
}

static void complete(struct stage_link *link, const struct member *member) {
  if (link->ops == member->module.ops) link->store = member->state;
}

/* Tells all stages the run state of one that was opened. */
static void announce(struct store *store, const struct member *opened) {
  for (unsigned i = 0; i < store->count; i++) {
    struct stage_ctx *ctx = &store->members[i].ctx;
    complete(&ctx->codec_below, opened);
    complete(&ctx->codec, opened);
    for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
      complete(&ctx->blob_store[kind], opened);
      complete(&ctx->below[kind], opened);
    }
  }
}

/* The folder, into each context that gets one. */
static bool take_place(struct store *store, const struct store_place *place, struct fault *fault) {
  bool uses_disk = false;
  for (unsigned i = 0; i < store->count; i++) uses_disk |= (store->members[i].module.ops->flags & STAGE_USES_DISK) != 0;
  if (uses_disk &&
      !store_directory_make(place->directory, place->is_reopened, store->directory, &store->owns_directory, fault))
    return false;
  for (unsigned i = 0; i < store->count; i++) {
    struct member *member = &store->members[i];
    const struct stage_ops *ops = member->module.ops;
    member->ctx.is_reopened = place->is_reopened;
    if (ops->flags & STAGE_USES_DISK) member->ctx.directory = store->directory;
  }
  return true;
}

static bool take_setting(struct store *store, const struct store_setting *setting, struct fault *fault) {
  for (unsigned i = 0; i < store->count; i++) {
    struct member *member = &store->members[i];
    const struct stage_ops *ops = member->module.ops;
    if (strcmp(ops->name, setting->stage) != 0) continue;
    for (uint32_t o = 0; o < ops->option_count; o++) {
      const struct stage_option *option = &ops->options[o];
      if (strcmp(option->name, setting->option) != 0) continue;
      if (!store_setting_in_range(setting, option->min, option->max, fault)) return false;
      member->options[o] = setting->value;
    }
  }
  return true;
}

/* A combination without the stage leaves its settings alone: a run has many combinations. */
static bool take_settings(struct store *store, const struct store_place *place, struct fault *fault) {
  for (unsigned i = 0; i < place->setting_count; i++) {
    if (!take_setting(store, &place->settings[i], fault)) return false;
  }
  return true;
}

bool store_open(const struct combination *combination, const struct store_place *place, struct store **store,
                struct fault *fault) {
  static const struct store_place nowhere;
  if (!place) place = &nowhere;
  struct store *self = calloc(1, sizeof *self);
  if (self) self->members = calloc(STORE_STAGE_COUNT_MAX, sizeof *self->members);
  if (!self || !self->members) {
    free(self);
    return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for a store");
  }
  self->is_reopened = place->is_reopened;
  bool good = load_members(self, combination, fault);
  if (good) compose(self);
  good = good && take_settings(self, place, fault) && take_place(self, place, fault);
  for (unsigned i = 0; good && i < self->count; i++) {
    struct member *member = &self->members[i];
    int error = member->module.ops->open(&member->ctx, &member->state);
    member->is_open = error == STAGE_OK;
    good = member->is_open || store_fault(self, member->module.ops, "open", error, fault);
    if (good) announce(self, member);
  }
  if (!good) {
    store_close(self);
    return false;
  }
  *store = self;
  return true;
}

void store_close(struct store *store) {
  if (!store) return;
  for (unsigned i = store->count; i-- > 0;) {
    if (store->members[i].is_open) store->members[i].module.ops->close(store->members[i].state);
  }
  for (unsigned i = store->count; i-- > 0;) stage_module_unload(&store->members[i].module);
  if (store->owns_directory) store_directory_remove(store->directory);
  free(store->members);
  free(store);
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

/* ---- stores that outlive their process ---- */

bool store_can_commit(const struct store *store, struct fault *fault) {
  const struct stage_ops *sources = store->blob_store[STAGE_SOURCE]->module.ops;
  const struct stage_ops *trees = store->blob_store[STAGE_TREE]->module.ops, *codec = store->codec->module.ops;
  if (sources != trees)
    return fault_set(fault, EXIT_CODE_USAGE,
                     "sources are kept by stage '%s' and trees by '%s'; a store that outlives "
                     "its process needs one stage on top that keeps both and can commit",
                     sources->name, trees->name);
  if (!sources->commit || !sources->catalogue)
    return fault_set(fault, EXIT_CODE_USAGE,
                     "stage '%s', which keeps sources and trees, cannot commit: what it keeps "
                     "ends with its process; a stage that keeps both and can commit must stand above it",
                     sources->name);
  if (!codec->save || !codec->load)
    return fault_set(fault, EXIT_CODE_USAGE,
                     "stage '%s', which encodes the trees, cannot save what they share: nobody "
                     "could read them later",
                     codec->name);
  return true;
}

bool store_save(struct store *store, stage_write_fn *write, void *sink, struct fault *fault) {
  const struct stage_ops *codec = store->codec->module.ops;
  int error = codec->save ? codec->save(store->codec->state, write, sink) : STAGE_UNSUPPORTED;
  return error == STAGE_OK || store_fault(store, codec, "save", error, fault);
}

bool store_load(struct store *store, const void *tables, uint64_t length, struct fault *fault) {
  const struct stage_ops *codec = store->codec->module.ops;
  int error = codec->load ? codec->load(store->codec->state, tables, length) : STAGE_UNSUPPORTED;
  return error == STAGE_OK || store_fault(store, codec, "load", error, fault);
}

bool store_commit(struct store *store, const void *catalogue, uint64_t length, struct fault *fault) {
  const struct member *blob_store = store->blob_store[STAGE_TREE];
  const struct stage_ops *ops = blob_store->module.ops;
  int error = ops->commit ? ops->commit(blob_store->state, catalogue, length) : STAGE_UNSUPPORTED;
  return error == STAGE_OK || store_fault(store, ops, "commit", error, fault);
}

bool store_pin_catalogue(struct store *store, struct stage_pin *pin, struct fault *fault) {
  const struct member *blob_store = store->blob_store[STAGE_TREE];
  const struct stage_ops *ops = blob_store->module.ops;
  int error = ops->catalogue ? ops->catalogue(blob_store->state, pin) : STAGE_UNSUPPORTED;
  return error == STAGE_OK || store_fault(store, ops, "catalogue", error, fault);
}

bool store_unpin_catalogue(struct store *store, struct stage_pin *pin, struct fault *fault) {
  const struct member *blob_store = store->blob_store[STAGE_TREE];
  int error = blob_store->module.ops->unpin(blob_store->state, STAGE_TREE, pin);
  return error == STAGE_OK || store_fault(store, blob_store->module.ops, "unpin", error, fault);
}

uint64_t store_option(const struct store *store, unsigned i, uint32_t o) { return store->members[i].options[o]; }

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
