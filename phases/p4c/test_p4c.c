/* SPDX-License-Identifier: MIT */

#include "fixture.h"
#include "kit/testing/cmocka_report.h"
#include "kit/testing/stage_module.h"

enum { EMPTY = 0, ONE_BYTE = 1, SMALL = 3, LARGE = 8, COUNT = 10 };
static const size_t sizes[COUNT] = {0, 1, 7, 100, 4095, 32768, 128 * 1024, 300000, 1500000, 20000};

static void bytes_come_back(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f, 0, 0, 0);
  for (uint32_t i = 0; i < COUNT; i++) put_many(&f, i, 1, sizes[i], 40);
  for (int pass = 0; pass < 4; pass++) {
    for (uint32_t i = 0; i < COUNT; i++) check_made(&f, i, sizes[i], 40);
    for (uint32_t i = COUNT; i-- > 0;) check_made(&f, i, sizes[i], 40);
    if (pass == 2) segments_evict(&f.store);
    else finalize(&f); /* the second time there is nothing to do */
    for (uint32_t i = 0; i < COUNT; i++) assert_null(f.below.kept[STAGE_TREE][i].p);
  }
  struct stage_pin pin, other;
  uint64_t length;
  assert_int_equal(segments_pin(&f.store, SMALL, 90, 10, &pin), STAGE_OK);
  assert_int_equal(segments_pin(&f.store, SMALL, 90, 11, &other), STAGE_OUT_OF_RANGE);
  assert_int_equal(segments_pin(&f.store, SMALL, UINT64_MAX, 2, &other), STAGE_OUT_OF_RANGE);
  assert_int_equal(segments_pin(&f.store, LARGE, 1500000, 1, &other), STAGE_OUT_OF_RANGE); /* not in memory */
  assert_int_equal(segments_pin(&f.store, COUNT, 0, 0, &other), STAGE_NO_DOCUMENT);
  assert_int_equal(segments_pin(&f.store, UINT32_MAX, 0, 0, &other), STAGE_NO_DOCUMENT);
  assert_int_equal(segments_length(&f.store, COUNT, &length), STAGE_NO_DOCUMENT);
  assert_int_equal(segments_put(&f.store, UINT32_MAX, "", 0, NULL), STAGE_LIMIT);
  assert_int_equal(segments_unpin(&f.store, &pin), STAGE_OK);
  fixture_close(&f);
}

/* A version over a finalized one counts at once; the old one is gone at the next finalizing. */
static void a_new_version_counts(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin old;
  fixture_open(&f, 0, 0, 0);
  put_many(&f, 0, 20, 5000, 40);
  finalize(&f);
  uint64_t file_bytes = archive_usage(f.store.archive).file_bytes;
  assert_int_equal(segments_pin(&f.store, 7, 0, 5000, &old), STAGE_OK);
  uint8_t *first = bytes_make(8, 5000, 40);
  put(&f, 7, "new", 3);
  put(&f, 20, "more", 4);
  for (int pass = 0; pass < 3; pass++) {
    check_is(&f, 7, "new", 3);
    check_is(&f, 20, "more", 4);
    check_made(&f, 6, 5000, 40);
    assert_memory_equal(old.bytes, first, 5000); /* pinned before: the version of that time */
    finalize(&f);
    assert_null(f.below.kept[STAGE_TREE][7].p);
  }
  assert_true(archive_usage(f.store.archive).file_bytes > file_bytes);
  put(&f, 7, "newer", 5);
  check_is(&f, 7, "newer", 5);
  assert_int_equal(segments_unpin(&f.store, &old), STAGE_OK);
  free(first);
  fixture_close(&f);
}

/* In each of the three states; and the last drop leaves nothing behind. */
static void dropped_is_gone(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin pin, kept;
  uint64_t length;
  fixture_open(&f, 0, 0, 0);
  put_many(&f, 0, 5, 3000, 40);
  finalize(&f);
  put(&f, 1, "both", 4);
  put(&f, 5, "below", 5);
  assert_int_equal(segments_pin(&f.store, 0, 0, 3000, &kept), STAGE_OK);
  static const uint32_t gone[] = {0, 1, 5};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(segments_drop(&f.store, gone[i]), STAGE_OK);
    assert_int_equal(segments_drop(&f.store, gone[i]), STAGE_NO_DOCUMENT);
  }
  put(&f, 2, "finalizes the rest", 16);
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < 3; i++) {
      assert_int_equal(segments_pin(&f.store, gone[i], 0, 0, &pin), STAGE_NO_DOCUMENT);
      assert_int_equal(segments_length(&f.store, gone[i], &length), STAGE_NO_DOCUMENT);
    }
    finalize(&f);
  }
  struct archive_row row;
  assert_int_equal(archive_find(f.store.archive, STAGE_TREE, 0, &row), STAGE_NO_DOCUMENT);
  check_is(&f, 2, "finalizes the rest", 16);
  check_made(&f, 3, 3000, 40);
  put(&f, 0, "again", 5);
  finalize(&f);
  check_is(&f, 0, "again", 5);
  static const uint32_t rest[] = {0, 2, 3, 4};
  for (int i = 0; i < 4; i++) assert_int_equal(segments_drop(&f.store, rest[i]), STAGE_OK);
  assert_null(f.store.archive);
  uint8_t *first = bytes_make(1, 3000, 40);
  assert_memory_equal(kept.bytes, first, 3000);
  free(first);
  assert_int_equal(segments_unpin(&f.store, &kept), STAGE_OK);
  assert_int_equal(test_ctx_live, 2); /* the buckets */
  char path[128];
  snprintf(path, sizeof path, "%s/p4c.trees.new", f.directory);
  assert_int_not_equal(access(path, F_OK), 0);
  put(&f, 3, "from the start", 14); /* an empty store goes on */
  check_is(&f, 3, "from the start", 14);
  finalize(&f);
  check_is(&f, 3, "from the start", 14);
  assert_int_equal(segments_pin(&f.store, 2, 0, 0, &pin), STAGE_NO_DOCUMENT);
  fixture_close(&f);
}

static void pinned_bytes_stay(void **state) {
  (void)state;
  enum { DOCUMENTS = 30, PINNED = 6 };
  struct fixture f;
  struct stage_pin pins[PINNED], again;
  fixture_open(&f, ARCHIVE_SEGMENT_BYTES_MAX, 1, 0);
  put_many(&f, 0, DOCUMENTS, 60000, 60);
  finalize(&f);
  for (uint32_t i = 0; i < PINNED; i++)
    assert_int_equal(segments_pin(&f.store, i * 5, 1000, 50000, &pins[i]), STAGE_OK);
  assert_int_equal(segments_pin(&f.store, 0, 0, 60000, &again), STAGE_OK); /* the same bytes */
  assert_ptr_equal(again.bytes + 1000, pins[0].bytes);
  for (int pass = 0; pass < 2; pass++) {
    for (uint32_t i = 0; i < DOCUMENTS; i++) check_made(&f, i, 60000, 60);
    segments_evict(&f.store);
  }
  assert_int_equal(f.store.cache_lru.count, PINNED);
  assert_int_equal(f.store.segment_lru.count, 0);
  put_many(&f, 30, 4, 60000, 60);
  finalize(&f);
  for (uint32_t i = 0; i < PINNED; i++) {
    uint8_t *bytes = bytes_make(i * 5 + 1, 60000, 60);
    assert_memory_equal(pins[i].bytes, bytes + 1000, 50000);
    free(bytes);
    assert_int_equal(segments_unpin(&f.store, &pins[i]), STAGE_OK);
  }
  assert_int_equal(segments_unpin(&f.store, &again), STAGE_OK);
  assert_int_equal(lru_pinned_bytes(&f.store.cache_lru), 0);
  fixture_close(&f);
}

/* Every allocation fails once: the error is told, nothing leaks, nothing is lost. */
static void running_out_of_memory_loses_nothing(void **state) {
  (void)state;
  enum { DOCUMENTS = 8, BYTES = 9000 };
  uint32_t failures = 0;
  bool ran_dry = true;
  for (long grants = 0; ran_dry; grants += 1 + grants / 4) {
    struct fixture f;
    fixture_open(&f, 0, 0, 0);
    put_many(&f, 0, DOCUMENTS, BYTES, 50);
    test_ctx_grants = grants;
    int error = segments_finalize(&f.store);
    ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    if (error) assert_int_equal(error, STAGE_OUT_OF_MEMORY);
    failures += error != STAGE_OK;
    for (uint32_t i = 0; i < DOCUMENTS; i++) check_made(&f, i, BYTES, 50);
    finalize(&f);
    for (uint32_t i = 0; i < DOCUMENTS; i++) check_made(&f, i, BYTES, 50);
    fixture_close(&f);
  }
  assert_true(failures > 5);
  struct fixture f;
  fixture_open(&f, 0, 0, 0);
  put_many(&f, 0, DOCUMENTS, BYTES, 50);
  finalize(&f);
  ran_dry = true;
  failures = 0;
  for (long grants = 0; ran_dry; grants++) {
    struct stage_pin pin;
    segments_evict(&f.store);
    test_ctx_grants = grants;
    int error = segments_pin(&f.store, 5, 0, BYTES, &pin);
    ran_dry = test_ctx_grants == 0 && error;
    test_ctx_grants = -1;
    failures += error == STAGE_OUT_OF_MEMORY;
    if (error) assert_int_equal(error, STAGE_OUT_OF_MEMORY);
    else assert_int_equal(segments_unpin(&f.store, &pin), STAGE_OK);
    check_made(&f, 5, BYTES, 50);
  }
  assert_true(failures > 3);
  fixture_close(&f);
}

/* ---- under codecs, as modules ---- */

struct stacked {
  struct check_stage codec; /* first: finalize_all casts */
  struct stage_ctx ctx, below_ctx;
  struct check_blob_store list;
  const struct stage_ops *below; /* NULL: the list */
  void *store, *below_store;
  uint64_t options[SEGMENTS_OPTION_COUNT];
  char directory[64];
};

static int finalize_all(struct check_stage *stage) {
  struct stacked *s = (struct stacked *)stage;
  int error = stage->ops->finalize ? stage->ops->finalize(stage->store) : STAGE_OK;
  if (!error) error = phasebench_stage()->finalize(s->store);
  if (!error && s->below) error = s->below->finalize(s->below_store);
  if (error) print_message("finalizing: %s\n", test_ctx_message);
  return error;
}

static void stacked_open(struct stacked *s, const char *codec, const char *codec_below, const char *below) {
  memset(s, 0, sizeof *s);
  check_stage_open(&s->codec, stage_module(codec));
  if (codec_below) s->codec.ctx.codec_below.ops = stage_module(codec_below);
  s->ctx = s->below_ctx = test_ctx();
  s->ctx.codec = s->below_ctx.codec = (struct stage_link){s->codec.ops, s->codec.store};
  fixture_directory_make(s->directory);
  s->ctx.directory = s->directory;
  for (int i = 0; i < SEGMENTS_OPTION_COUNT; i++) s->options[i] = phasebench_stage()->options[i].value;
  s->ctx.options = s->options;
  s->ctx.below[STAGE_TREE] = (struct stage_link){check_blob_store_ops(), &s->list};
  if (below) {
    s->below = stage_module(below);
    assert_int_equal(s->below->open(&s->below_ctx, &s->below_store), STAGE_OK);
    s->ctx.below[STAGE_TREE] = (struct stage_link){s->below, s->below_store};
  }
  assert_int_equal(phasebench_stage()->open(&s->ctx, &s->store), STAGE_OK);
  s->codec.ctx.blob_store[STAGE_TREE] = (struct stage_link){phasebench_stage(), s->store};
}

static void stacked_close(struct stacked *s) {
  check_stage_close(&s->codec);
  phasebench_stage()->close(s->store);
  if (s->below) s->below->close(s->below_store);
  assert_int_equal(test_ctx_live, 0);
  assert_int_equal(s->list.pins, 0);
  for (int i = 0; i < CHECK_DOCUMENTS_MAX; i++) free(s->list.kept[STAGE_TREE][i].p);
  fixture_directory_remove(s->directory);
}

static void codecs_on_top_conform(void **state) {
  (void)state;
  static const struct {
    const char *codec, *codec_below, *below;
  } stacks[] = {{"baseline", NULL, NULL}, {"p1", NULL, NULL}, {"p3", "p1", NULL},
                {"p3", NULL, NULL},       {"p1", NULL, "p2"}, {"p3", "p1", "p2"}};
  for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
    struct stacked s;
    stacked_open(&s, stacks[i].codec, stacks[i].codec_below, stacks[i].below);
    check_codec_open(&s.codec, finalize_all);
    stacked_close(&s);
    stacked_open(&s, stacks[i].codec, stacks[i].codec_below, stacks[i].below);
    check_extremes_open(&s.codec, finalize_all, 4000, 1500, 499);
    stacked_close(&s);
  }
}

static void add_stat(void *sink, const char *name, const char *unit, double value) {
  (void)unit;
  if (strcmp(name, "reconstructed") == 0) *(double *)sink = value;
}

/* What the file has of a tree is what the codec strips; edits go on as before. */
static void finalized_trees_are_reconstructed_and_edited(void **state) {
  (void)state;
  const TSLanguage *grammar = check_grammar("c");
  char text[64];
  struct stacked s;
  stacked_open(&s, "p1", NULL, NULL);
  for (int i = 0; i < 60; i++) {
    size_t n = (size_t)sprintf(text, "int f(void) { return g(%d); }\n", i);
    check_put_document(&s.codec, 0, 0, grammar, text, n);
    check_document(&s.codec, 0, 0, (struct check_document_text){grammar, text, n}, 1);
    if (i % 3 == 0) assert_int_equal(finalize_all(&s.codec), STAGE_OK);
    check_document(&s.codec, 0, 0, (struct check_document_text){grammar, text, n}, 1);
  }
  double reconstructed = 0;
  phasebench_stage()->stats(s.store, add_stat, &reconstructed);
  assert_true(reconstructed >= 20);
  stacked_close(&s);
}

static void what_open_needs(void **state) {
  (void)state;
  struct stage_ctx ctx = test_ctx();
  uint64_t options[SEGMENTS_OPTION_COUNT] = {1 << 20, 1 << 20, 1, 1 << 20};
  void *store;
  ctx.options = options;
  assert_int_equal(phasebench_stage()->open(&ctx, &store), STAGE_MISUSE);
  assert_non_null(strstr(test_ctx_message, "directory"));
  ctx = test_ctx();
  ctx.options = options;
  ctx.directory = "/var/tmp";
  ctx.is_reopened = true;
  assert_int_equal(phasebench_stage()->open(&ctx, &store), STAGE_UNSUPPORTED);
  assert_non_null(strstr(test_ctx_message, "reopen"));
  assert_int_equal(test_ctx_live, 0);
}

int main(void) {
  check_report_to(cmocka_report);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_come_back),
      cmocka_unit_test(a_new_version_counts),
      cmocka_unit_test(dropped_is_gone),
      cmocka_unit_test(pinned_bytes_stay),
      cmocka_unit_test(running_out_of_memory_loses_nothing),
      cmocka_unit_test(codecs_on_top_conform),
      cmocka_unit_test(finalized_trees_are_reconstructed_and_edited),
      cmocka_unit_test(what_open_needs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
