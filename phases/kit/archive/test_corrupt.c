/* SPDX-License-Identifier: MIT
 *
 * Corrupt archive files: every byte changed, every length cut. What is read is right or an error;
 * reading everything notices each byte that counts. */
#include "test_archive.h"

#include <fcntl.h>

#include "internal.h"

/* Small, with a dictionary, frames of every way. */
static const struct archive_settings tiny_settings = {.kinds = 1u << STAGE_SOURCE | 1u << STAGE_TREE,
                                                      .frame_bytes = {512, 512},
                                                      .dictionary_bytes = {2048, 0},
                                                      .level = {5, 5}};

static void build(struct bench *b, struct documents *documents) {
  uint64_t seed = 1;
  size_t sizes[64], at = 0;
  uint8_t samples[64 * 256], text[192];
  for (uint32_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)test_random(&seed, 256);
  for (uint32_t id = 0; id < 64; id++) {
    for (uint32_t i = 0; i < 256; i++) samples[at + i] = (uint8_t)test_random(&seed, 256);
    memcpy(samples + at + test_random(&seed, 64), text, sizeof text);
    if (id < 12) documents_put(documents, STAGE_SOURCE, id, samples + at, 256, 256);
    at += sizes[id] = 256;
  }
  for (uint32_t id = 0; id < 10; id++) documents_set(documents, STAGE_TREE, id, test_random(&seed, 400), &seed);
  documents_put(documents, STAGE_TREE, 10, samples, 1200, 1300); /* in pieces, not compressed */
  documents_put(documents, STAGE_TREE, 12, samples, 0, 3);
  assert_int_equal(archive_begin(b->archive), STAGE_OK);
  assert_int_equal(archive_learn(b->archive, STAGE_SOURCE, samples, sizes, 64), STAGE_OK);
  documents_add(documents, b->archive);
  assert_int_equal(archive_finish(b->archive), STAGE_OK);
  assert_int_equal(archive_commit(b->archive, "catalogue", 9), STAGE_OK);
  assert_true(archive_usage(b->archive).dictionary_bytes[STAGE_SOURCE] > 0);
}

static int is_an_error(int error) { return error == STAGE_CORRUPT || error == STAGE_IO || error == STAGE_UNSUPPORTED; }

/* Reads all there is of a file that may be corrupt; whether reading everything noticed it. */
static bool read_corrupt(struct bench *b, const struct documents *documents, uint64_t at) {
  test_ctx_message[0] = 0;
  int error = archive_open(&b->ctx, "f", b->settings, &b->archive);
  if (error) {
    assert_true(is_an_error(error));
    assert_non_null(strstr(test_ctx_message, b->folder));
    b->archive = NULL;
    return true;
  }
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = 0; id < 14; id++) {
      error = document_compare(&documents->table[kind][id], b->archive, (enum stage_kind)kind, id);
      if (error && !is_an_error(error))
        fail_msg("byte %llu: document %u of %u: %d", (unsigned long long)at, id, kind, error);
    }
  }
  uint8_t catalogue[9];
  assert_int_equal(archive_catalogue_bytes(b->archive), 9);
  error = archive_catalogue(b->archive, catalogue);
  if (error) assert_true(is_an_error(error));
  else assert_memory_equal(catalogue, "catalogue", 9);
  error = archive_verify(b->archive);
  if (error) assert_true(is_an_error(error));
  if (error) assert_non_null(strstr(test_ctx_message, b->folder));
  archive_close(b->archive);
  b->archive = NULL;
  return error != STAGE_OK;
}

/* Changes every `step`th byte in turn; how many changes nobody noticed. */
static uint64_t corrupt_bytes(struct bench *b, const struct documents *documents, uint64_t bytes, uint64_t step) {
  int file = open(bench_path(b, ""), O_RDWR);
  uint64_t seed = 2, unnoticed = 0;
  assert_true(file >= 0);
  for (uint64_t at = 0; at < bytes; at += step) {
    uint8_t byte, other;
    assert_int_equal(pread(file, &byte, 1, (off_t)at), 1);
    other = byte ^ (uint8_t)(1 + test_random(&seed, 255));
    assert_int_equal(pwrite(file, &other, 1, (off_t)at), 1);
    unnoticed += !read_corrupt(b, documents, at);
    assert_int_equal(pwrite(file, &byte, 1, (off_t)at), 1);
  }
  close(file);
  return unnoticed;
}

static void test_every_byte(void **state) {
  (void)state;
  struct bench b;
  struct documents documents = {0};
  bench_open(&b, &tiny_settings);
  build(&b, &documents);
  bench_reopen(&b);
  assert_true(archive_usage(b.archive).dead_bytes == 0);
  archive_close(b.archive);
  b.archive = NULL;
  uint64_t bytes = bench_file_bytes(&b);
  assert_true(bytes > 16384);
  assert_int_equal(corrupt_bytes(&b, &documents, bytes, 1), 0);
  assert_false(read_corrupt(&b, &documents, 0)); /* all is as it was */
  documents_free(&documents);
  bench_close(&b);
}

/* After an append, only what no head leads to goes unnoticed. */
static void test_appended(void **state) {
  (void)state;
  struct bench b;
  struct documents documents = {0};
  uint64_t seed = 3;
  bench_open(&b, &tiny_settings);
  build(&b, &documents);
  documents_set(&documents, STAGE_SOURCE, 3, 700, &seed);
  documents_set(&documents, STAGE_TREE, 3, 100, &seed);
  bench_write(&b, &documents, "catalogue");
  bench_reopen(&b);
  uint64_t dead = archive_usage(b.archive).dead_bytes;
  archive_close(b.archive);
  b.archive = NULL;
  uint64_t unnoticed = corrupt_bytes(&b, &documents, bench_file_bytes(&b), 3);
  print_message("%llu bytes, %llu dead; %llu changes unnoticed\n", (unsigned long long)bench_file_bytes(&b),
                (unsigned long long)dead, (unsigned long long)unnoticed);
  assert_true(unnoticed > 0 && unnoticed <= dead / 3 + 8);
  documents_free(&documents);
  bench_close(&b);
}

static void test_every_length(void **state) {
  (void)state;
  struct bench b;
  struct documents documents = {0};
  bench_open(&b, &tiny_settings);
  build(&b, &documents);
  struct archive *whole = b.archive;
  b.ctx.is_reopened = true;
  size_t bytes;
  uint8_t *file = bench_file(&b, &bytes);
  for (size_t length = bytes; length-- > 0;) {
    assert_int_equal(truncate(bench_path(&b, ""), (off_t)length), 0);
    test_ctx_message[0] = 0;
    struct archive *archive;
    int error = archive_open(&b.ctx, "f", b.settings, &archive);
    assert_int_equal(error, STAGE_CORRUPT);
    assert_non_null(strstr(test_ctx_message, "cut short"));
    if (length % 64 != 0) continue;
    archive_rest(whole); /* one that was open all the while */
    for (uint32_t id = 0; id < 12; id++) {
      error = document_compare(&documents.table[STAGE_SOURCE][id], whole, STAGE_SOURCE, id);
      assert_true(error == STAGE_OK || error == STAGE_CORRUPT);
    }
    if (length < 8192) assert_int_equal(error, STAGE_CORRUPT);
  }
  bench_file_write(&b, "r+b", file, bytes);
  bench_append(&b, file, 8192); /* a half-written tail, which begins like a file */
  documents_check(&documents, whole);
  archive_close(whole);
  b.archive = NULL;
  assert_false(read_corrupt(&b, &documents, 0));
  free(file);
  documents_free(&documents);
  bench_close(&b);
}

/* Gives a head a version, with a hash that says so. */
static void version_set(const struct bench *b, unsigned slot, uint32_t version) {
  uint8_t head[ARCHIVE_HEAD_BYTES];
  int file = open(bench_path(b, ""), O_RDWR);
  assert_int_equal(pread(file, head, sizeof head, slot * (off_t)ARCHIVE_HEAD_DISTANCE), sizeof head);
  archive_put32(head + 8, version);
  archive_put64(head + sizeof head - 8, archive_head_hash(head, slot));
  assert_int_equal(pwrite(file, head, sizeof head, slot * (off_t)ARCHIVE_HEAD_DISTANCE), sizeof head);
  close(file);
}

/* A head of another version, intact, is named as such. */
static void test_other_version(void **state) {
  (void)state;
  struct bench b;
  struct documents documents = {0};
  bench_open(&b, &tiny_settings);
  build(&b, &documents);
  archive_close(b.archive);
  b.ctx.is_reopened = true;
  for (int s = 0; s < 2; s++) version_set(&b, (unsigned)s, 2);
  test_ctx_message[0] = 0;
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &b.archive), STAGE_UNSUPPORTED);
  assert_non_null(strstr(test_ctx_message, "version 2"));
  version_set(&b, 1, 1);
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &b.archive), STAGE_OK);
  documents_check(&documents, b.archive);
  documents_free(&documents);
  bench_close(&b);
}

/* A row that leads to other bytes, with hashes that say so: the document's own hash notices. */
static void test_other_row(void **state) {
  (void)state;
  struct bench b;
  struct documents documents = {0};
  bench_open(&b, &tiny_settings);
  build(&b, &documents);
  bench_reopen(&b);
  struct archive_row row;
  assert_int_equal(archive_find(b.archive, STAGE_SOURCE, 1, &row), STAGE_OK);
  assert_true(row.offset > 0);
  uint64_t at = b.archive->state.sections[STAGE_SOURCE].documents_offset;
  archive_close(b.archive);
  uint8_t page[ARCHIVE_PAGE_BYTES];
  int file = open(bench_path(&b, ""), O_RDWR);
  assert_int_equal(pread(file, page, sizeof page, (off_t)at), sizeof page);
  archive_put32(page + ARCHIVE_ROW_BYTES + 4, row.offset - 1);
  archive_put64(page + sizeof page - 8, archive_page_hash(page, at));
  assert_int_equal(pwrite(file, page, sizeof page, (off_t)at), sizeof page);
  close(file);
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &b.archive), STAGE_OK);
  test_ctx_message[0] = 0;
  assert_int_equal(document_compare(&documents.table[STAGE_SOURCE][1], b.archive, STAGE_SOURCE, 1), STAGE_CORRUPT);
  assert_non_null(strstr(test_ctx_message, "document 1"));
  assert_int_equal(document_compare(&documents.table[STAGE_SOURCE][2], b.archive, STAGE_SOURCE, 2), STAGE_OK);
  documents_free(&documents);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_byte),    cmocka_unit_test(test_appended),  cmocka_unit_test(test_every_length),
      cmocka_unit_test(test_other_version), cmocka_unit_test(test_other_row),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
