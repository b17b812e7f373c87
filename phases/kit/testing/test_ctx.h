/* SPDX-License-Identifier: MIT
 *
 * test_ctx.h - a stage's surroundings for its unit tests: heaps on malloc, the first
 * failure message kept, and the stage's own blob store (or none) below it. */
#ifndef PHASEBENCH_TEST_CTX_H
#define PHASEBENCH_TEST_CTX_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stage.h"

static char test_ctx_message[512];
/* Allocations still to be granted; negative: no limit. Lets tests run out of memory. */
static long test_ctx_grants = -1;
static long test_ctx_live; /* allocations not yet released */

static bool test_ctx_granted(void) {
  if (test_ctx_grants == 0) return false;
  if (test_ctx_grants > 0) test_ctx_grants--;
  return true;
}

static void *test_ctx_allocate(struct stage_heap *heap, size_t bytes) {
  (void)heap;
  void *p = test_ctx_granted() ? malloc(bytes) : NULL;
  if (p) test_ctx_live++;
  return p;
}
static void *test_ctx_resize(struct stage_heap *heap, void *old, size_t bytes) {
  (void)heap;
  void *p = test_ctx_granted() ? realloc(old, bytes) : NULL;
  if (p && !old) test_ctx_live++;
  return p;
}
static void test_ctx_release(struct stage_heap *heap, void *p) {
  (void)heap;
  if (p) test_ctx_live--;
  free(p);
}
static const struct stage_heap_ops test_ctx_heap_ops = {test_ctx_allocate, test_ctx_resize, test_ctx_release};

__attribute__((format(printf, 4, 5))) static void test_ctx_fail(const struct stage_ctx *ctx, const char *file, int line,
                                                                const char *format, ...) {
  (void)ctx, (void)file, (void)line;
  if (test_ctx_message[0]) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(test_ctx_message, sizeof test_ctx_message, format, arguments);
  va_end(arguments);
}

static inline struct stage_ctx test_ctx(void) {
  test_ctx_message[0] = 0;
  return (struct stage_ctx){.hdr = STAGE_HDR, .heap_ops = &test_ctx_heap_ops, .fail = test_ctx_fail};
}

/* Opens a stage whose tree bytes go to its own blob store. */
static inline int test_ctx_open(const struct stage_ops *ops, struct stage_ctx *ctx, void **store) {
  *ctx = test_ctx();
  int error = ops->open(ctx, store);
  ctx->blob_store[STAGE_TREE] = (struct stage_link){ops, *store};
  return error;
}

#endif
