/* SPDX-License-Identifier: MIT
 *
 * Archive files: what is added is read back, from the object that wrote it and from a fresh one;
 * appending, dropping, giving up. */
#include "test_archive.h"

/* ---- reading back ---- */

static void test_round_trip(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents documents = {0};
  documents_fill(&documents, 1, 0, 300);
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  documents_add(&documents, b.archive);
  documents_check(&documents, b.archive); /* while writing */
  assert_int_equal(archive_finish(b.archive), STAGE_OK);
  documents_check(&documents, b.archive);
  assert_int_equal(archive_verify(b.archive), STAGE_OK); /* NAME.new, without a head */
  assert_int_equal(access(bench_path(&b, ""), F_OK), -1);
  assert_int_equal(archive_commit(b.archive, "catalogue", 9), STAGE_OK);
  documents_check(&documents, b.archive);
  assert_int_equal(archive_verify(b.archive), STAGE_OK);
  assert_true(archive_usage(b.archive).dead_bytes == 0);
  assert_true(bench_file_bytes(&b) == archive_usage(b.archive).file_bytes);
  bench_reopen(&b);
  documents_check(&documents, b.archive);
  documents_check_at_random(&documents, b.archive, 2);
  assert_int_equal(archive_verify(b.archive), STAGE_OK);
  bench_check_catalogue(&b, "catalogue");
  struct archive_row row;
  assert_int_equal(archive_find(b.archive, STAGE_TREE, 300, &row), STAGE_NO_DOCUMENT);
  assert_int_equal(archive_find(b.archive, STAGE_TREE, ARCHIVE_NONE, &row), STAGE_NO_DOCUMENT);
  documents_free(&documents);
  bench_close(&b);
}

static void test_nothing(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  assert_int_equal(archive_commit(b.archive, NULL, 0), STAGE_MISUSE);
  assert_int_equal(archive_finish(b.archive), STAGE_MISUSE);
  assert_int_equal(archive_add(b.archive, STAGE_TREE, 0, NULL, 0, 0), STAGE_MISUSE);
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  assert_int_equal(archive_begin(b.archive), STAGE_MISUSE);
  assert_int_equal(archive_drop(b.archive, STAGE_TREE, 0), STAGE_NO_DOCUMENT);
  assert_int_equal(archive_add(b.archive, STAGE_TREE, ARCHIVE_NONE, NULL, 0, 0), STAGE_MISUSE);
  assert_int_equal(archive_finish(b.archive), STAGE_OK);
  assert_int_equal(archive_commit(b.archive, NULL, 0), STAGE_OK);
  bench_reopen(&b);
  assert_int_equal(archive_id_end(b.archive, STAGE_TREE), 0);
  assert_int_equal(archive_verify(b.archive), STAGE_OK);
  bench_check_catalogue(&b, "");
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  assert_int_equal(archive_add(b.archive, STAGE_TREE, 3, NULL, 0, 7), STAGE_OK);
  assert_int_equal(archive_finish(b.archive), STAGE_OK);
  struct archive_row row;
  assert_int_equal(archive_find(b.archive, STAGE_TREE, 2, &row), STAGE_NO_DOCUMENT);
  assert_int_equal(archive_find(b.archive, STAGE_TREE, 3, &row), STAGE_OK);
  assert_int_equal(row.length, 7);
  assert_int_equal(archive_read(b.archive, STAGE_TREE, 3, &row, NULL), STAGE_OK);
  bench_close(&b);
}

/* Equal bytes are there once: those of an open frame, of an open segment, of the file. */
static void test_duplicates(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents documents = {0};
  documents_fill(&documents, 4, 0, 100);
  bench_write(&b, &documents, "once");
  uint64_t plain = archive_usage(b.archive).plain_bytes[STAGE_TREE];
  for (uint32_t id = 100; id < 300; id++) {
    const struct document *d = &documents.table[STAGE_TREE][id - 100];
    documents_put(&documents, STAGE_TREE, id, d->bytes, d->kept, d->length + 1);
  }
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  documents_add(&documents, b.archive);
  assert_int_equal(archive_finish(b.archive), STAGE_OK);
  documents_check(&documents, b.archive);
  assert_true(archive_usage(b.archive).plain_bytes[STAGE_TREE] == plain);
  archive_close(b.archive);
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &b.archive), STAGE_OK);
  bench_write(&b, &documents, "anew"); /* a build in place of the old file */
  assert_true(archive_usage(b.archive).plain_bytes[STAGE_TREE] <= plain);
  bench_reopen(&b);
  documents_check(&documents, b.archive);
  documents_free(&documents);
  bench_close(&b);
}

/* In order, each frame is decompressed once; what is read goes with evict. */
static void test_reads_in_order(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents documents = {0};
  uint64_t seed = 5;
  for (uint32_t id = 0; id < 500; id++) documents_set(&documents, STAGE_TREE, id, 10 + test_random(&seed, 900), &seed);
  bench_write(&b, &documents, "");
  bench_reopen(&b);
  long resting = test_ctx_live;
  documents_check(&documents, b.archive);
  struct archive_row row;
  assert_int_equal(archive_find(b.archive, STAGE_TREE, 499, &row), STAGE_OK);
  assert_true(row.frame > 20);
  assert_true(archive_usage(b.archive).frames_decompressed == row.frame + 1);
  archive_rest(b.archive);
  assert_int_equal(test_ctx_live, resting);
  documents_free(&documents);
  bench_close(&b);
}

static void test_segments(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents documents = {0};
  documents_fill(&documents, 6, 0, 200);
  bench_write(&b, &documents, "");
  bench_reopen(&b);
  uint8_t *segment = malloc(ARCHIVE_SEGMENT_BYTES_MAX), *plain = malloc(ARCHIVE_SEGMENT_BYTES_MAX);
  for (uint32_t id = 0; id < 200; id++) {
    const struct document *d = &documents.table[STAGE_TREE][id];
    struct archive_row row;
    struct archive_frame frame;
    uint32_t bytes;
    assert_int_equal(archive_find(b.archive, STAGE_TREE, id, &row), STAGE_OK);
    if (row.kept == 0) continue;
    assert_int_equal(archive_frame_find(b.archive, STAGE_TREE, row.frame, &frame), STAGE_OK);
    assert_int_equal(archive_segment_bytes(b.archive, STAGE_TREE, frame.segment, &bytes), STAGE_OK);
    assert_true(bytes <= ARCHIVE_SEGMENT_BYTES_MAX);
    assert_int_equal(archive_segment_read(b.archive, STAGE_TREE, frame.segment, segment, bytes), STAGE_OK);
    assert_int_equal(archive_decompress(b.archive, STAGE_TREE, &frame, segment + (frame.offset - frame.segment), plain),
                     STAGE_OK);
    uint32_t here = row.kept < frame.plain - row.offset ? row.kept : frame.plain - row.offset;
    assert_memory_equal(plain + row.offset, d->bytes, here);
    uint8_t *byte = segment + (frame.offset - frame.segment) + id % frame.compressed;
    *byte ^= 1;
    assert_int_equal(archive_decompress(b.archive, STAGE_TREE, &frame, segment + (frame.offset - frame.segment), plain),
                     STAGE_CORRUPT);
    *byte ^= 1;
    assert_int_equal(archive_segment_read(b.archive, STAGE_TREE, frame.segment, segment, bytes - 1), STAGE_CORRUPT);
    assert_int_equal(archive_segment_read(b.archive, STAGE_TREE, frame.segment + 1, segment, 100), STAGE_CORRUPT);
    assert_int_equal(archive_segment_bytes(b.archive, STAGE_SOURCE, frame.segment, &bytes), STAGE_CORRUPT);
  }
  free(segment);
  free(plain);
  documents_free(&documents);
  bench_close(&b);
}

/* Bytes that cannot be compressed, in the largest frames. */
static void test_largest_frames(void **state) {
  (void)state;
  static const struct archive_settings settings = {
      .kinds = 1u << STAGE_TREE, .frame_bytes = {0, 1u << 20}, .level = {0, 1}};
  struct bench b;
  bench_open(&b, &settings);
  struct documents documents = {0};
  uint64_t seed = 7;
  uint8_t *bytes = malloc(900000);
  for (uint32_t i = 0; i < 900000; i++) bytes[i] = (uint8_t)test_random(&seed, 256);
  for (uint32_t id = 0; id < 12; id++)
    documents_put(&documents, STAGE_TREE, id, bytes + id, id % 3 == 0 ? 800000 : 50000 * id, 1);
  bench_write(&b, &documents, "");
  bench_reopen(&b);
  documents_check(&documents, b.archive);
  assert_int_equal(archive_verify(b.archive), STAGE_OK);
  free(bytes);
  documents_free(&documents);
  bench_close(&b);
}

/* ---- the dictionary ---- */

static const struct archive_settings dictionary_settings = {.kinds = 1u << STAGE_SOURCE | 1u << STAGE_TREE,
                                                            .frame_bytes = {1024, 1024},
                                                            .dictionary_bytes = {4096, 4096},
                                                            .level = {6, 6}};

/* Documents that have a text in common, or nothing. */
static void learn(struct bench *b, struct documents *documents, enum stage_kind kind, bool is_alike,
                  uint64_t expected) {
  size_t sizes[400], at = 0;
  uint8_t *samples = malloc(400 * 512);
  uint64_t seed = 8;
  char text[256];
  for (uint32_t i = 0; i < 256; i++) text[i] = (char)test_random(&seed, 256);
  for (uint32_t id = 0; id < 400; id++) {
    uint8_t bytes[512];
    for (uint32_t i = 0; i < 512; i++) bytes[i] = (uint8_t)test_random(&seed, 256);
    if (is_alike) memcpy(bytes + test_random(&seed, 256), text, 256);
    documents_put(documents, kind, id, bytes, 512, 512);
    memcpy(samples + at, bytes, 512);
    at += sizes[id] = 512;
  }
  if (expected) archive_expect(b->archive, kind, expected);
  assert_int_equal(archive_learn(b->archive, kind, samples, sizes, 400), STAGE_OK);
  free(samples);
}

static void test_dictionary(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &dictionary_settings);
  struct documents documents = {0};
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  learn(&b, &documents, STAGE_SOURCE, true, 0);
  learn(&b, &documents, STAGE_TREE, false, 1u << 30);
  documents_add(&documents, b.archive);
  assert_int_equal(archive_learn(b.archive, STAGE_TREE, NULL, NULL, 0), STAGE_MISUSE); /* too late */
  assert_int_equal(archive_finish(b.archive), STAGE_OK);
  documents_check(&documents, b.archive);
  assert_int_equal(archive_commit(b.archive, NULL, 0), STAGE_OK);
  bench_reopen(&b);
  struct archive_usage usage = archive_usage(b.archive);
  assert_true(usage.dictionary_bytes[STAGE_SOURCE] > 0);
  assert_true(usage.dictionary_bytes[STAGE_TREE] == 0); /* helps nothing, however much there will be */
  assert_true(usage.compressed_bytes[STAGE_SOURCE] + usage.dictionary_bytes[STAGE_SOURCE] <
              usage.compressed_bytes[STAGE_TREE]);
  long resting = test_ctx_live;
  documents_check_at_random(&documents, b.archive, 9);
  archive_rest(b.archive);
  assert_int_equal(test_ctx_live, resting);
  uint64_t seed = 10; /* appended with the dictionary of the file */
  documents_set(&documents, STAGE_SOURCE, 500, 3000, &seed);
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  assert_int_equal(archive_learn(b.archive, STAGE_SOURCE, NULL, NULL, 0), STAGE_MISUSE); /* once */
  documents_add(&documents, b.archive);
  assert_int_equal(archive_finish(b.archive), STAGE_OK);
  assert_int_equal(archive_commit(b.archive, NULL, 0), STAGE_OK);
  bench_reopen(&b);
  documents_check(&documents, b.archive);
  assert_int_equal(archive_verify(b.archive), STAGE_OK);
  documents_free(&documents);
  bench_close(&b);
}

/* One that would take more than it saves of what there will be. */
static void test_dictionary_too_dear(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &dictionary_settings);
  struct documents documents = {0};
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  uint64_t seed = 11;
  size_t sizes[20];
  uint8_t samples[20 * 256];
  for (uint32_t i = 0; i < 20; i++) { /* a pair of them has something in common */
    sizes[i] = 256;
    for (uint32_t j = 0; j < 256; j++) samples[i * 256 + j] = (uint8_t)test_random(&seed, 256);
    if (i >= 10) memcpy(samples + i * 256, samples + (i - 10) * 256, 16);
  }
  assert_int_equal(archive_learn(b.archive, STAGE_TREE, samples, sizes, 20), STAGE_OK);
  assert_int_equal(archive_finish(b.archive), STAGE_OK);
  assert_true(archive_usage(b.archive).dictionary_bytes[STAGE_TREE] == 0);
  documents_free(&documents);
  bench_close(&b);
}

/* ---- appending ---- */

static void change(struct documents *documents, struct archive *archive, uint64_t *seed) {
  for (uint32_t i = 0; i < 60; i++) {
    enum stage_kind kind = (enum stage_kind)test_random(seed, STAGE_KIND_COUNT);
    uint32_t id = test_random(seed, 400);
    if (test_random(seed, 4) > 0) {
      documents_set(documents, kind, id, test_random(seed, 6000), seed);
      const struct document *d = &documents->table[kind][id];
      assert_int_equal(archive_add(archive, kind, id, d->bytes, d->kept, d->length), STAGE_OK);
    } else {
      assert_int_equal(archive_drop(archive, kind, id),
                       documents->table[kind][id].bytes ? STAGE_OK : STAGE_NO_DOCUMENT);
      documents_drop(documents, kind, id);
    }
  }
}

static void test_append(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents documents = {0};
  documents_fill(&documents, 12, 0, 300);
  bench_write(&b, &documents, "0");
  uint64_t seed = 13;
  char catalogue[16];
  for (int round = 1; round < 20; round++) {
    assert_int_equal(archive_begin(b.archive), STAGE_OK);
    change(&documents, b.archive, &seed);
    documents_check(&documents, b.archive);
    assert_int_equal(archive_finish(b.archive), STAGE_OK);
    documents_check(&documents, b.archive);
    sprintf(catalogue, "%d", round);
    if (round % 3 != 0) assert_int_equal(archive_commit(b.archive, catalogue, strlen(catalogue)), STAGE_OK);
    if (round % 3 == 1) bench_reopen(&b);
    documents_check(&documents, b.archive);
    assert_int_equal(archive_verify(b.archive), STAGE_OK);
    if (round % 3 == 1) bench_check_catalogue(&b, catalogue);
    assert_true(archive_usage(b.archive).dead_bytes > 0);
  }
  documents_free(&documents);
  bench_close(&b);
}

/* Not committed, abandoned, or with garbage behind it: what is reopened is the old. */
static void test_not_committed(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents old = {0}, documents = {0};
  documents_fill(&old, 14, 0, 100);
  documents_fill(&documents, 14, 0, 100);
  bench_write(&b, &old, "old");
  uint64_t bytes = bench_file_bytes(&b), seed = 15;
  for (int i = 0; i < 4; i++) {
    assert_int_equal(archive_begin(b.archive), STAGE_OK);
    change(&documents, b.archive, &seed);
    if (i == 1) archive_abandon(b.archive);
    if (i >= 2) assert_int_equal(archive_finish(b.archive), STAGE_OK);
    if (i == 1) documents_check(&old, b.archive);
    bench_reopen(&b);
    if (i == 3) bench_append(&b, "\xff garbage", 9);
    documents_check(&old, b.archive);
    assert_int_equal(archive_verify(b.archive), STAGE_OK);
    bench_check_catalogue(&b, "old");
    documents_free(&documents);
    documents_fill(&documents, 14, 0, 100);
  }
  assert_true(bench_file_bytes(&b) > bytes);
  assert_int_equal(archive_begin(b.archive), STAGE_OK); /* cuts the garbage off */
  assert_true(bench_file_bytes(&b) == bytes);
  change(&documents, b.archive, &seed);
  assert_int_equal(archive_finish(b.archive), STAGE_OK);
  assert_int_equal(archive_commit(b.archive, "new", 3), STAGE_OK);
  bench_reopen(&b);
  documents_check(&documents, b.archive);
  assert_int_equal(archive_verify(b.archive), STAGE_OK);
  documents_free(&old);
  documents_free(&documents);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip), cmocka_unit_test(test_nothing),
      cmocka_unit_test(test_duplicates), cmocka_unit_test(test_reads_in_order),
      cmocka_unit_test(test_segments),   cmocka_unit_test(test_largest_frames),
      cmocka_unit_test(test_dictionary), cmocka_unit_test(test_dictionary_too_dear),
      cmocka_unit_test(test_append),     cmocka_unit_test(test_not_committed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
