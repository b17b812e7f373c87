/* SPDX-License-Identifier: MIT
 *
 * A file that changes under an open store, and one that cannot be written. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

enum { DOCUMENTS = 48, BYTES = 40000 };

static int file_open(const struct fixture *f) {
  static const char *const names[] = {"p4c.trees", "p4c.trees.new"};
  char path[128];
  int file = -1;
  for (int i = 0; i < 2 && file < 0; i++) {
    snprintf(path, sizeof path, "%s/%s", f->directory, names[i]);
    file = open(path, O_RDWR);
  }
  assert_true(file >= 0);
  return file;
}

static void flip(int file, off_t at) {
  uint8_t byte;
  assert_int_equal(pread(file, &byte, 1, at), 1);
  byte ^= 0x10;
  assert_int_equal(pwrite(file, &byte, 1, at), 1);
}

/* How many documents are refused; all others come back exact. */
static uint32_t read_all(struct fixture *f, off_t at) {
  uint32_t refused = 0;
  for (uint32_t id = 0; id < DOCUMENTS; id++) {
    struct stage_pin pin;
    segments_evict(&f->store);
    test_ctx_message[0] = 0;
    int error = segments_pin(&f->store, id, 0, BYTES, &pin);
    if (error == STAGE_OK) {
      uint8_t *bytes = bytes_make(id + 1, BYTES, 60);
      if (memcmp(pin.bytes, bytes, BYTES) != 0) fail_msg("byte %ld: document %u came back otherwise", (long)at, id);
      free(bytes);
      assert_int_equal(segments_unpin(&f->store, &pin), STAGE_OK);
      continue;
    }
    if (error != STAGE_CORRUPT) fail_msg("byte %ld: document %u: error %d", (long)at, id, error);
    if (!test_ctx_message[0]) fail_msg("byte %ld: document %u is refused without a reason", (long)at, id);
    refused++;
  }
  return refused;
}

static void flipped_bytes_are_found(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, 0, 0, 0);
  put_many(&f, 0, DOCUMENTS, BYTES, 60);
  finalize(&f);
  int file = file_open(&f);
  struct archive_frame first, last;
  struct archive_row row;
  assert_int_equal(archive_frame_find(f.store.archive, STAGE_TREE, 0, &first), STAGE_OK);
  assert_int_equal(archive_find(f.store.archive, STAGE_TREE, DOCUMENTS - 1, &row), STAGE_OK);
  assert_int_equal(archive_frame_find(f.store.archive, STAGE_TREE, row.frame, &last), STAGE_OK);
  assert_int_equal(read_all(&f, 0), 0);
  uint32_t found = 0, flips = 0;
  off_t end = (off_t)archive_usage(f.store.archive).file_bytes, step = end / 60 | 1;
  for (off_t at = (off_t)first.segment; at < end; at += step, flips++) {
    flip(file, at);
    uint32_t refused = read_all(&f, at);
    bool is_in_segments = at < (off_t)(last.offset + last.compressed);
    if (is_in_segments) assert_true(refused > 0 && refused < DOCUMENTS); /* those of one segment */
    found += refused > 0;
    flip(file, at);
  }
  assert_true(flips >= 50 && found >= flips - 5); /* the rest are bytes of pages that no row has */
  assert_int_equal(read_all(&f, 0), 0);
  close(file);
  fixture_close(&f);
}

/* What is pinned or in memory does not need the file any more. */
static void a_file_cut_short(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin pin;
  fixture_open(&f, 0, 0, 0);
  put_many(&f, 0, DOCUMENTS, BYTES, 60);
  finalize(&f);
  assert_int_equal(segments_pin(&f.store, 3, 0, BYTES, &pin), STAGE_OK);
  int file = file_open(&f);
  assert_int_equal(ftruncate(file, 9000), 0);
  close(file);
  uint8_t *bytes = bytes_make(4, BYTES, 60);
  assert_memory_equal(pin.bytes, bytes, BYTES);
  assert_int_equal(segments_unpin(&f.store, &pin), STAGE_OK);
  free(bytes);
  check_made(&f, 3, BYTES, 60);
  segments_evict(&f.store);
  int error = segments_pin(&f.store, 3, 0, BYTES, &pin);
  assert_true(error == STAGE_CORRUPT || error == STAGE_IO);
  assert_true(test_ctx_message[0] != 0);
  put(&f, 3, "new", 3); /* a new version needs nothing of the old one */
  check_is(&f, 3, "new", 3);
  assert_int_equal(segments_drop(&f.store, 4), STAGE_OK);
  fixture_close(&f);
}

/* Finalizing fails, says why, and everything can still be read; with room again it goes on. */
static void a_full_disk(void **state) {
  (void)state;
  struct fixture f;
  struct rlimit before, limit;
  fixture_open(&f, 0, 0, 0);
  put_many(&f, 0, DOCUMENTS / 2, BYTES, 60);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  for (int pass = 0; pass < 2; pass++) {
    limit = before;
    limit.rlim_cur = 300000 + (rlim_t)(pass ? archive_usage(f.store.archive).file_bytes : 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    test_ctx_message[0] = 0;
    int error = segments_finalize(&f.store);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, STAGE_IO);
    assert_non_null(strstr(test_ctx_message, "p4c.trees"));
    for (uint32_t id = 0; id < DOCUMENTS / 2; id++) check_made(&f, id, BYTES, 60);
    finalize(&f);
    for (uint32_t id = 0; id < DOCUMENTS / 2; id++) check_made(&f, id, BYTES, 60);
    put_many(&f, DOCUMENTS / 2, DOCUMENTS / 2, BYTES, 60); /* and again, behind what is there */
  }
  finalize(&f);
  for (uint32_t id = 0; id < DOCUMENTS; id++) check_made(&f, id, BYTES, 60);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flipped_bytes_are_found),
      cmocka_unit_test(a_file_cut_short),
      cmocka_unit_test(a_full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
