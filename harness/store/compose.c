/* SPDX-License-Identifier: MIT
 *
 * compose.c - opens stages from their modules as one store, and closes it.
 * What each stage sees of the others is told
 * at the top of phases/stage.h; here is how it is filled in:
 *
 *   stages, by order     base stage(0)   a: codec   b: blob store(TREE)   c: both
 *   codec in charge      c
 *   stack of TREE bytes   base stage <- b <- c       the codec and the harness talk to c
 *   c.blob_store[TREE] = c itself (top)            c.below[TREE] = b
 *   c.codec_below  = a
 *
 * A link's table (ops) is there before any stage is opened; its `store` is filled in
 * when that stage is open, in order from the base stage up. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "files.h"
#include "internal.h"

/* ---- what a stage says ---- */

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
    member->ctx = (struct stage_ctx){.hdr = STAGE_HDR,
                                     .heap_ops = &lazy_heap_ops,
                                     .options = member->options,
                                     .fail = stage_says,
                                     .harness = member};
    for (uint32_t o = 0; o < ops->option_count; o++) member->options[o] = ops->options[o].value;
    for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
      struct lazy_heap *lazy = &member->heaps[kind];
      lazy->said = member->said;
      snprintf(lazy->name, sizeof lazy->name, "%s.%s", ops->name, kind == STAGE_SOURCE ? "source" : "tree");
      member->ctx.heap[kind] = lazy_heap_handle(lazy);
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
  if (uses_disk && !store_directory_make(place->directory ? place->directory : "", place->is_reopened, store->directory,
                                         &store->owns_directory, fault))
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

static bool open_member(struct store *store, struct member *member, struct fault *fault) {
  int error = member->module.ops->open(&member->ctx, &member->state);
  if (error) return store_fault(store, member->module.ops, "open", error, fault);
  member->is_open = true;
  announce(store, member);
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
  for (unsigned i = 0; good && i < self->count; i++) good = open_member(self, &self->members[i], fault);
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
