/* SPDX-License-Identifier: MIT
 *
 * fixture.h - for the tests: one kind's store, on a heap that knows each live allocation, and
 * text that looks like code. */
#ifndef PHASEBENCH_P2_FIXTURE_H
#define PHASEBENCH_P2_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kit/testing/test_ctx.h"
#include "blobs.h"

/* In front of each allocation; they are in a ring. */
struct fixture_block {
  struct fixture_block *next, *previous;
  size_t bytes;
  size_t reserved; /* what follows is aligned to 16 bytes */
};

struct fixture {
  struct stage_ctx ctx;
  struct blobs blobs;
};

static struct fixture_block fixture_blocks;              /* the ring's head */
static size_t fixture_live_bytes, fixture_largest_bytes; /* the latter: ever asked for since it was set to 0 */

static void *fixture_resize(struct stage_heap *heap, void *old, size_t bytes) {
  if (bytes > fixture_largest_bytes) fixture_largest_bytes = bytes;
  struct fixture_block *block = old ? (struct fixture_block *)old - 1 : NULL;
  size_t before = block ? block->bytes : 0;
  struct fixture_block *moved = test_ctx_heap_ops.resize(heap, block, sizeof *block + bytes);
  if (!moved) return NULL;
  if (!block) moved->next = &fixture_blocks, moved->previous = fixture_blocks.previous;
  moved->next->previous = moved->previous->next = moved;
  moved->bytes = bytes;
  fixture_live_bytes += bytes - before;
  return moved + 1;
}

static void *fixture_allocate(struct stage_heap *heap, size_t bytes) { return fixture_resize(heap, NULL, bytes); }

static void fixture_release(struct stage_heap *heap, void *p) {
  if (!p) return;
  struct fixture_block *block = (struct fixture_block *)p - 1;
  block->next->previous = block->previous;
  block->previous->next = block->next;
  fixture_live_bytes -= block->bytes;
  test_ctx_heap_ops.release(heap, block);
}

static inline void fixture_open(struct fixture *f) {
  static const struct stage_heap_ops ops = {fixture_allocate, fixture_resize, fixture_release};
  f->ctx = test_ctx();
  test_ctx_live = 0; /* whatever a failed test left */
  f->ctx.heap_ops = &ops;
  fixture_blocks.next = fixture_blocks.previous = &fixture_blocks;
  fixture_live_bytes = fixture_largest_bytes = 0;
  blobs_init(&f->blobs, &f->ctx, STAGE_SOURCE);
}

static inline void fixture_close(struct fixture *f) {
  blobs_free(&f->blobs);
  assert_int_equal(test_ctx_live, 0);
}

static inline uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* Lines of words; the same seed gives the same text. The caller frees. */
static inline char *text_make(uint64_t seed, size_t length) {
  static const char *const words[] = {"static", "struct", "int ", "return", "(",  ")",   ";\n",
                                      " = ",    "if (",   "->",   "0",      ", ", "{\n", "}\n"};
  uint64_t state = seed * 2654435761u + 88172645463325252ull;
  char *text = malloc(length + 64);
  assert_non_null(text);
  for (size_t at = 0; at < length;) {
    uint64_t r = next_random(&state);
    if (r % 3) at += (size_t)sprintf(text + at, "%s", words[r / 3 % 14]);
    else at += (size_t)sprintf(text + at, "n%x", (unsigned)(r >> 50));
  }
  return text;
}

static inline void check_is(struct fixture *f, uint32_t id, const char *text, size_t length) {
  uint64_t got;
  struct stage_pin pin;
  assert_int_equal(blobs_length(&f->blobs, id, &got), STAGE_OK);
  assert_int_equal(got, length);
  int error = blobs_pin(&f->blobs, id, 0, length, &pin);
  if (error) fail_msg("document %u: error %d: %s", id, error, test_ctx_message);
  assert_int_equal(pin.length, length);
  assert_true(length == 0 || memcmp(pin.bytes, text, length) == 0);
  blobs_unpin(&f->blobs, &pin);
}

static inline void put(struct fixture *f, uint32_t id, const char *text, size_t length) {
  assert_int_equal(blobs_put(&f->blobs, id, (const uint8_t *)text, length), STAGE_OK);
}

#endif
