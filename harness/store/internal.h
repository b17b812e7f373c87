/* SPDX-License-Identifier: MIT
 *
 * internal.h - what a store is made of, for compose.c, store.c and commit.c. */
#ifndef PHASEBENCH_STORE_INTERNAL_H
#define PHASEBENCH_STORE_INTERNAL_H

#include "lazy_heap.h"
#include "stage_module.h"
#include "store.h"

struct member {
  struct stage_module module;
  struct stage_ctx ctx;
  void *state; /* what open returned */
  bool is_open;
  struct lazy_heap heaps[STAGE_KIND_COUNT];
  uint64_t options[STAGE_OPTIONS_MAX];
  char said[LAZY_HEAP_SAID_BYTES]; /* the first message given to ctx->fail since the last error reported */
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

#endif
