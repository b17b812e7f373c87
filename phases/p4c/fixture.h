/* SPDX-License-Identifier: MIT
 *
 * fixture.h - for the tests: the store in a folder of its own, over a list of copies. */
#ifndef PHASEBENCH_P4C_FIXTURE_H
#define PHASEBENCH_P4C_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "stage_check.h"
#include "kit/testing/test_ctx.h"
#include "segments.h"

struct fixture {
  struct stage_ctx ctx;
  struct segments store;
  struct check_blob_store below;
  uint64_t options[SEGMENTS_OPTION_COUNT];
  char directory[64];
};

static inline void fixture_directory_make(char directory[64]) {
  strcpy(directory, "/var/tmp/p4c-test-XXXXXX");
  assert_non_null(mkdtemp(directory));
}

static inline void fixture_directory_remove(const char *directory) {
  static const char *const names[] = {"p4c.trees", "p4c.trees.new"};
  char path[128];
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", directory, names[i]);
    unlink(path);
  }
  assert_int_equal(rmdir(directory), 0); /* and nothing else is in it */
}

/* Zeros stand for the options' own values. */
static inline void fixture_open(struct fixture *f, uint64_t segment_bytes, uint64_t cache_bytes,
                                uint64_t pinned_bytes) {
  const uint64_t wanted[SEGMENTS_OPTION_COUNT] = {[SEGMENTS_SEGMENT_BYTES] = segment_bytes,
                                                  [SEGMENTS_CACHE_BYTES] = cache_bytes,
                                                  [SEGMENTS_CACHE_SHARE] = 1,
                                                  [SEGMENTS_PINNED_BYTES] = pinned_bytes};
  memset(f, 0, sizeof *f);
  fixture_directory_make(f->directory);
  for (int i = 0; i < SEGMENTS_OPTION_COUNT; i++)
    f->options[i] = wanted[i] ? wanted[i] : phasebench_stage()->options[i].value;
  f->ctx = test_ctx();
  test_ctx_live = 0; /* whatever a failed test left */
  f->ctx.options = f->options;
  f->ctx.directory = f->directory;
  f->ctx.below[STAGE_TREE] = (struct stage_link){check_blob_store_ops(), &f->below};
  assert_int_equal(segments_open(&f->store, &f->ctx), STAGE_OK);
}

static inline void fixture_close(struct fixture *f) {
  segments_close(&f->store);
  assert_int_equal(test_ctx_live, 0);
  assert_int_equal(f->below.pins, 0);
  for (int i = 0; i < CHECK_DOCUMENTS_MAX; i++) free(f->below.kept[STAGE_TREE][i].p);
  fixture_directory_remove(f->directory);
}

static inline uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* Bytes of which a part is noise, so that they are compressed to about that part; the same seed
 * gives the same. The caller frees. */
static inline uint8_t *bytes_make(uint64_t seed, size_t length, unsigned noise_pct) {
  uint64_t state = seed * 2654435761u + 88172645463325252ull;
  uint8_t *bytes = malloc(length + 8);
  assert_non_null(bytes);
  for (size_t at = 0; at < length; at += 8) {
    uint64_t r = next_random(&state), word = (r >> 40) % 100 < noise_pct ? r : UINT64_C(0x2020202020202020) + r % 5;
    memcpy(bytes + at, &word, 8);
  }
  return bytes;
}

static inline void put(struct fixture *f, uint32_t id, const void *bytes, size_t length) {
  assert_int_equal(segments_put(&f->store, id, bytes, length, NULL), STAGE_OK);
}

static inline void finalize(struct fixture *f) {
  int error = segments_finalize(&f->store);
  if (error) fail_msg("finalizing: error %d: %s", error, test_ctx_message);
}

/* As documents first..first + count of `length` bytes each. */
static inline void put_many(struct fixture *f, uint32_t first, uint32_t count, size_t length, unsigned noise_pct) {
  for (uint32_t id = first; id < first + count; id++) {
    uint8_t *bytes = bytes_make(id + 1, length, noise_pct);
    put(f, id, bytes, length);
    free(bytes);
  }
}

static inline void check_is(struct fixture *f, uint32_t id, const void *bytes, size_t length) {
  uint64_t got;
  struct stage_pin pin;
  assert_int_equal(segments_length(&f->store, id, &got), STAGE_OK);
  assert_int_equal(got, length);
  int error = segments_pin(&f->store, id, 0, length, &pin);
  if (error) fail_msg("document %u: error %d: %s", id, error, test_ctx_message);
  assert_int_equal(pin.length, length);
  assert_true(length == 0 || memcmp(pin.bytes, bytes, length) == 0);
  assert_int_equal(segments_unpin(&f->store, &pin), STAGE_OK);
}

static inline void check_made(struct fixture *f, uint32_t id, size_t length, unsigned noise_pct) {
  uint8_t *bytes = bytes_make(id + 1, length, noise_pct);
  check_is(f, id, bytes, length);
  free(bytes);
}

#endif
