/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#define XXH_INLINE_ALL
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "stage_check.h"
#include "kit/testing/cmocka_report.h"
#include "kit/testing/stage_module.h"

/* ---- p2 alone ---- */

static void bytes_come_back(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 2, 5, 100, 4095, 32767, 32768, 32769, 70000, 1000000};
  enum { COUNT = sizeof sizes / sizeof sizes[0] };
  struct fixture f;
  fixture_open(&f);
  char *texts[COUNT];
  for (uint32_t i = 0; i < COUNT; i++) put(&f, i, texts[i] = text_make(i + 1, sizes[i]), sizes[i]);
  for (int pass = 0; pass < 3; pass++) {
    for (uint32_t i = 0; i < COUNT; i++) check_is(&f, i, texts[i], sizes[i]);
    assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
  }
  struct stage_pin pin, other;
  assert_int_equal(blobs_pin(&f.blobs, 9, 69990, 10, &pin), STAGE_OK);
  assert_int_equal(blobs_pin(&f.blobs, 9, 69990, 11, &other), STAGE_OUT_OF_RANGE);
  assert_int_equal(blobs_pin(&f.blobs, 9, UINT64_MAX, 2, &other), STAGE_OUT_OF_RANGE);
  assert_int_equal(blobs_pin(&f.blobs, COUNT, 0, 0, &other), STAGE_NO_DOCUMENT);
  put(&f, 9, "new", 3); /* what is pinned stays */
  assert_int_equal(blobs_drop(&f.blobs, 9), STAGE_OK);
  assert_int_equal(blobs_drop(&f.blobs, 9), STAGE_NO_DOCUMENT);
  assert_memory_equal(pin.bytes, texts[9] + 69990, 10);
  for (uint32_t i = 0; i < COUNT; i++) {
    if (i != 9) assert_int_equal(blobs_drop(&f.blobs, i), STAGE_OK);
    free(texts[i]);
  }
  assert_int_equal(blobs_pin(&f.blobs, 0, 0, 0, &other), STAGE_NO_DOCUMENT);
  blobs_unpin(&f.blobs, &pin);
  assert_int_equal(test_ctx_live, 0); /* an empty store keeps nothing */
  fixture_close(&f);
}

static uint32_t count_chunks(const struct blobs *blobs, enum compress_how how) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < blobs->chunk_count; i++) count += blobs->chunks[i].refs > 0 && blobs->chunks[i].how == how;
  return count;
}

static void repeats_are_held_once(void **state) {
  (void)state;
  enum { BYTES = 300000 };
  struct fixture f;
  fixture_open(&f);
  char *text = text_make(7, BYTES), *similar = text_make(8, 20000);
  put(&f, 0, text, BYTES);
  put(&f, 1, text, BYTES);
  put(&f, 2, text + 1000, BYTES - 1000); /* cut where the content says, whatever is before it */
  put(&f, 3, similar, 20000);
  memcpy(similar + 10000, "changed", 7);
  put(&f, 4, similar, 20000);
  assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
  assert_true(f.blobs.counts.duplicates >= 2 * (BYTES / CHUNK_BYTES_MAX) - 3);
  assert_int_equal(count_chunks(&f.blobs, COMPRESS_PREFIX), 1 + 1); /* 4's only chunk, and the first of 2 */
  check_is(&f, 1, text, BYTES);
  check_is(&f, 2, text + 1000, BYTES - 1000);
  check_is(&f, 4, similar, 20000);
  assert_int_equal(blobs_drop(&f.blobs, 0), STAGE_OK); /* shared chunks and bases stay */
  assert_int_equal(blobs_drop(&f.blobs, 3), STAGE_OK);
  check_is(&f, 1, text, BYTES);
  check_is(&f, 4, similar, 20000);
  free(text);
  free(similar);
  fixture_close(&f);
}

/* Adds a chunk with a base to try; gives its compressed bytes. */
static uint64_t add_with_base(struct fixture *f, const char *text, size_t length, uint32_t base, uint32_t *chunk) {
  const uint8_t *frame;
  uint64_t bytes;
  struct compress_slice plain = {(const uint8_t *)text, length};
  assert_int_equal(chunk_add(&f->blobs, plain, XXH3_64bits(text, length), base, chunk), STAGE_OK);
  assert_int_equal(slabs_get(f->blobs.chunk_slabs, *chunk, &frame, &bytes), STAGE_OK);
  return bytes;
}

/* A base that has half of a chunk: the delta is not clearly the best, so both are tried. One
 * that has nothing of it: the chunk is compressed whole, though the delta was there first. */
static void the_smaller_compressing_is_taken(void **state) {
  (void)state;
  enum { BYTES = 20000 };
  struct fixture f;
  fixture_open(&f);
  char *base = text_make(9, BYTES), *half = text_make(10, BYTES);
  memcpy(half, base, BYTES / 2);
  uint32_t base_chunk, alone, delta, noise_chunk, whole;
  add_with_base(&f, base, BYTES, BLOBS_NONE, &base_chunk);
  uint64_t alone_bytes = add_with_base(&f, half, BYTES, BLOBS_NONE, &alone);
  uint64_t delta_bytes = add_with_base(&f, half, BYTES, base_chunk, &delta);
  assert_int_equal(f.blobs.chunks[delta].how, COMPRESS_PREFIX);
  assert_true(delta_bytes > BYTES / BLOBS_DELTA_CLEAR && delta_bytes < alone_bytes * 2 / 3);
  uint64_t noise = 5;
  for (size_t i = 0; i < BYTES; i++) base[i] = (char)next_random(&noise);
  add_with_base(&f, base, BYTES, BLOBS_NONE, &noise_chunk);
  assert_int_equal(add_with_base(&f, half, BYTES, noise_chunk, &whole), alone_bytes);
  assert_int_equal(f.blobs.chunks[whole].how, COMPRESS_PLAIN);
  assert_int_equal(f.blobs.chunks[noise_chunk].refs, 1);
  free(base);
  free(half);
  fixture_close(&f);
}

/* A store of every kind of thing: dictionary, deltas, lists, journal. */
static char *many_text;
static void many_put(struct fixture *f) {
  if (!many_text) many_text = text_make(11, 900000);
  for (uint32_t i = 0; i < 12; i++) put(f, i, many_text + (size_t)i * 66000, 66000 + i * 100);
  put(f, 12, many_text + 100, 20000);
}
static int many_finalize(struct fixture *f) { return blobs_finalize(&f->blobs); }
/* The last document in its three states: as it was, edited, and with so much noise that it is rechunked. */
enum many_state { AS_PUT, EDITED, RECHUNKED };
static void many_last(char text[20000], enum many_state state) {
  memcpy(text, many_text + 100, 20000);
  if (state == EDITED) memcpy(text + 9000, "int changed_here;\n", 18);
  uint64_t random = 1;
  for (int i = 1000; state == RECHUNKED && i < 19000; i++) text[i] = (char)(next_random(&random) >> 32);
}
static int many_edit(struct fixture *f, enum many_state state) {
  char text[20000];
  many_last(text, state);
  return blobs_put(&f->blobs, 12, (const uint8_t *)text, 20000);
}
static void many_check(struct fixture *f, enum many_state state) {
  for (uint32_t i = 0; i < 12; i++) check_is(f, i, many_text + (size_t)i * 66000, 66000 + i * 100);
  char text[20000];
  many_last(text, state);
  check_is(f, 12, text, 20000);
}

/* Every allocation fails once: the error is told, nothing leaks, nothing is lost. */
static void running_out_of_memory_loses_nothing(void **state) {
  (void)state;
  uint32_t failures = 0;
  for (long grants = 0;; grants += grants < 40 ? 1 : 1 + grants / 6) {
    struct fixture f;
    fixture_open(&f);
    many_put(&f);
    test_ctx_grants = grants;
    int error = many_finalize(&f);
    bool ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    if (error) {
      assert_int_equal(error, STAGE_OUT_OF_MEMORY);
      failures++;
    }
    many_check(&f, AS_PUT);
    if (grants % 8 == 0) assert_int_equal(many_finalize(&f), STAGE_OK);
    many_check(&f, AS_PUT);
    fixture_close(&f);
    if (!ran_dry) break;
  }
  assert_true(failures > 10);
  struct fixture f;
  fixture_open(&f);
  many_put(&f);
  assert_int_equal(many_finalize(&f), STAGE_OK);
  enum many_state before = AS_PUT;
  for (enum many_state next = EDITED; next <= RECHUNKED; next++) {
    bool ran_dry = true;
    for (long grants = 0; ran_dry; grants++) {
      test_ctx_grants = grants;
      int error = many_edit(&f, next);
      ran_dry = test_ctx_grants == 0 && error;
      test_ctx_grants = -1;
      if (error) assert_int_equal(error, STAGE_OUT_OF_MEMORY);
      cache_clear(&f.blobs.decompressed);
      compress_rest(&f.blobs.compressor);
      many_check(&f, error ? before : next);
      failures += error != STAGE_OK;
    }
    before = next;
  }
  assert_int_equal(f.blobs.counts.rechunks, 1);
  fixture_close(&f);
  assert_true(failures > 15);
}

/* ---- under codecs: p1 and the base stage, as modules, on p2 ---- */

struct stacked {
  struct check_stage codec; /* first: check_finalize_both casts */
  struct stage_ctx ctx;     /* p2's */
  void *p2;
};

static int finalize_both(struct check_stage *stage) {
  struct stacked *s = (struct stacked *)stage;
  int error = stage->ops->finalize ? stage->ops->finalize(stage->store) : STAGE_OK;
  return error ? error : phasebench_stage()->finalize(s->p2);
}

static void stacked_open(struct stacked *s, const char *name) {
  check_stage_open(&s->codec, stage_module(name));
  s->ctx = test_ctx();
  s->ctx.codec = (struct stage_link){s->codec.ops, s->codec.store};
  assert_int_equal(phasebench_stage()->open(&s->ctx, &s->p2), STAGE_OK);
  s->codec.ctx.blob_store[STAGE_TREE] = (struct stage_link){phasebench_stage(), s->p2};
}

static void stacked_close(struct stacked *s) {
  check_stage_close(&s->codec);
  phasebench_stage()->close(s->p2);
  assert_int_equal(test_ctx_live, 0);
}

static void codecs_on_top_conform(void **state) {
  (void)state;
  static const char *const names[] = {"p1", "baseline"};
  for (int i = 0; i < 2; i++) {
    struct stacked s;
    stacked_open(&s, names[i]);
    check_codec_open(&s.codec, finalize_both);
    stacked_close(&s);
    stacked_open(&s, names[i]);
    check_extremes_open(&s.codec, finalize_both, 20000, 5000, 997);
    stacked_close(&s);
  }
}

static void sum_stat(void *sink, const char *name, const char *unit, double value) {
  (void)unit;
  if (strcmp(name, "journal_tree_bytes") == 0) *(double *)sink = value;
}

/* An inserted line costs its tokens, wherever it is: nothing that is kept of a tree says
 * where a node lies. */
static void a_line_inserted_near_the_top_costs_its_tokens(void **state) {
  (void)state;
  enum { LINES = 400 };
  const TSLanguage *grammar = check_grammar("c");
  char *text = malloc(LINES * 32 + 64), *edited = malloc(LINES * 32 + 64);
  assert_true(text && edited);
  size_t n = 0;
  for (int i = 0; i < LINES; i++) n += (size_t)sprintf(text + n, "int v%d = f(%d, v%d);\n", i, i * 7, i / 2);
  /* Of a form that the tables know: a row that they do not costs 9 bytes. */
  size_t first = (size_t)(strchr(text, '\n') - text) + 1;
  size_t m = (size_t)sprintf(edited, "%.*sint one_more = f(1, two);\n%s", (int)first, text, text + first);
  struct stacked s;
  stacked_open(&s, "p1");
  check_put_document(&s.codec, 0, 0, grammar, text, n);
  assert_int_equal(finalize_both(&s.codec), STAGE_OK);
  check_put_document(&s.codec, 0, 0, grammar, edited, m);
  double bytes = 0;
  phasebench_stage()->stats(s.p2, sum_stat, &bytes);
  print_message("the journal of one inserted line: %.0f bytes\n", bytes);
  assert_true(bytes > 0 && bytes <= 40); /* 14 tokens, 6 lengths, two places; the tree has 5,600 nodes behind it */
  check_document(&s.codec, 0, 0, (struct check_document_text){grammar, edited, m}, 37);
  stacked_close(&s);
  free(text);
  free(edited);
}

/* A document's whole life of edits, tree and all: typed at a thousand times in one line, cut within
 * a character, emptied, filled again. */
static void edited_trees_stay_exact(void **state) {
  (void)state;
  enum { TEXTS = 6, EDITS = 1000 };
  const TSLanguage *grammar = check_grammar("c");
  char line[256] = "int f(void) {\n  return g(1);\n}\n";
  struct stacked s;
  stacked_open(&s, "p1");
  check_put_document(&s.codec, 0, 0, grammar, line, strlen(line));
  assert_int_equal(finalize_both(&s.codec), STAGE_OK);
  double most = 0;
  for (int i = 0; i < EDITS; i++) { /* up to 40 arguments, one by one, and back */
    int count = i % 80 < 40 ? i % 80 : 80 - i % 80;
    size_t n = (size_t)sprintf(line, "int f(void) {\n  return g(1");
    for (int k = 0; k < count; k++) n += (size_t)sprintf(line + n, ", %d", k % 7);
    n += (size_t)sprintf(line + n, ");\n}\n");
    check_put_document(&s.codec, 0, 0, grammar, line, n);
    if (i % 40 < 2) check_document(&s.codec, 0, 0, (struct check_document_text){grammar, line, n}, 1);
    double bytes = 0;
    phasebench_stage()->stats(s.p2, sum_stat, &bytes);
    if (bytes > most) most = bytes;
  }
  assert_true(most > 0 && most <= 200);
  static const char *const texts[TEXTS] = {"char *s = \"\xc3\xa9\xe2\x82\xac\";\n",
                                           "char *s = \"\xc3\xa9\xe2\xac\";\n",
                                           "char *s = \"\xa9\xe2",
                                           "",
                                           "int a;\n",
                                           "\xff"};
  for (int i = 0; i < 2 * TEXTS; i++) {
    const char *text = texts[i % TEXTS];
    check_put_document(&s.codec, 0, 0, grammar, text, strlen(text));
    check_document(&s.codec, 0, 0, (struct check_document_text){grammar, text, strlen(text)}, 1);
    if (i >= TEXTS) assert_int_equal(finalize_both(&s.codec), STAGE_OK);
    check_document(&s.codec, 0, 0, (struct check_document_text){grammar, text, strlen(text)}, 1);
  }
  stacked_close(&s);
}

int main(void) {
  check_report_to(cmocka_report);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_come_back),
      cmocka_unit_test(repeats_are_held_once),
      cmocka_unit_test(the_smaller_compressing_is_taken),
      cmocka_unit_test(running_out_of_memory_loses_nothing),
      cmocka_unit_test(codecs_on_top_conform),
      cmocka_unit_test(a_line_inserted_near_the_top_costs_its_tokens),
      cmocka_unit_test(edited_trees_stay_exact),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  free(many_text);
  return failed;
}
