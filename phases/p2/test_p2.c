/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "../kit/codec_check.h"
#include "../kit/test_ctx.h"
#include "keep.h"

/* ---- p2 alone, with text that looks like code ---- */

struct fixture {
  struct stage_ctx ctx;
  struct keep keep;
};

static void fixture_open(struct fixture *f) {
  f->ctx = test_ctx();
  keep_init(&f->keep, &f->ctx, STAGE_SOURCE);
}

static void fixture_close(struct fixture *f) {
  keep_free(&f->keep);
  assert_int_equal(test_ctx_live, 0);
}

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* Lines of words; the same seed gives the same text. The caller frees. */
static char *text_make(uint64_t seed, size_t length) {
  static const char *const words[] = {"static", "struct", "int ", "return", "(", ")", ";\n", " = ", "if (", "->", "0", ", ", "{\n", "}\n"};
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

static void check_is(struct fixture *f, uint32_t id, const char *text, size_t length) {
  uint64_t got;
  struct stage_pin pin;
  assert_int_equal(keep_length(&f->keep, id, &got), STAGE_OK);
  assert_int_equal(got, length);
  int error = keep_pin(&f->keep, id, 0, length, &pin);
  if (error) fail_msg("document %u: error %d: %s", id, error, test_ctx_message);
  assert_int_equal(pin.length, length);
  assert_true(length == 0 || memcmp(pin.bytes, text, length) == 0);
  keep_unpin(&f->keep, &pin);
}

static void put(struct fixture *f, uint32_t id, const char *text, size_t length) {
  assert_int_equal(keep_put(&f->keep, id, (const uint8_t *)text, length), STAGE_OK);
}

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
    assert_int_equal(keep_settle(&f.keep), STAGE_OK);
  }
  struct stage_pin pin, other;
  assert_int_equal(keep_pin(&f.keep, 9, 69990, 10, &pin), STAGE_OK);
  assert_int_equal(keep_pin(&f.keep, 9, 69990, 11, &other), STAGE_OUT_OF_RANGE);
  assert_int_equal(keep_pin(&f.keep, 9, UINT64_MAX, 2, &other), STAGE_OUT_OF_RANGE);
  assert_int_equal(keep_pin(&f.keep, COUNT, 0, 0, &other), STAGE_NO_DOCUMENT);
  put(&f, 9, "new", 3); /* what is pinned stays */
  assert_int_equal(keep_drop(&f.keep, 9), STAGE_OK);
  assert_int_equal(keep_drop(&f.keep, 9), STAGE_NO_DOCUMENT);
  assert_memory_equal(pin.bytes, texts[9] + 69990, 10);
  for (uint32_t i = 0; i < COUNT; i++) {
    if (i != 9) assert_int_equal(keep_drop(&f.keep, i), STAGE_OK);
    free(texts[i]);
  }
  assert_int_equal(keep_pin(&f.keep, 0, 0, 0, &other), STAGE_NO_DOCUMENT);
  keep_unpin(&f.keep, &pin);
  assert_int_equal(test_ctx_live, 0); /* an empty store keeps nothing */
  fixture_close(&f);
}

static uint32_t count_chunks(const struct keep *keep, enum press_how how) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < keep->chunk_count; i++) count += keep->chunks[i].refs > 0 && keep->chunks[i].how == how;
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
  assert_int_equal(keep_settle(&f.keep), STAGE_OK);
  assert_true(f.keep.counts.duplicates >= 2 * (BYTES / CHUNK_BYTES_MAX) - 3);
  assert_int_equal(count_chunks(&f.keep, PRESS_PREFIX), 1 + 1); /* 4's only chunk, and the first of 2 */
  check_is(&f, 1, text, BYTES);
  check_is(&f, 2, text + 1000, BYTES - 1000);
  check_is(&f, 4, similar, 20000);
  assert_int_equal(keep_drop(&f.keep, 0), STAGE_OK); /* shared chunks and bases stay */
  assert_int_equal(keep_drop(&f.keep, 3), STAGE_OK);
  check_is(&f, 1, text, BYTES);
  check_is(&f, 4, similar, 20000);
  free(text);
  free(similar);
  fixture_close(&f);
}

/* Adds a chunk with a base to try; gives its packed bytes. */
static uint64_t add_with_base(struct fixture *f, const char *text, size_t length, uint32_t base, uint32_t *chunk) {
  const uint8_t *frame;
  uint64_t bytes;
  struct press_bytes plain = {(const uint8_t *)text, length};
  assert_int_equal(chunk_add(&f->keep, plain, XXH3_64bits(text, length), base, chunk), STAGE_OK);
  assert_int_equal(pack_get(f->keep.chunk_pack, *chunk, &frame, &bytes), STAGE_OK);
  return bytes;
}

/* A base that has half of a chunk: the delta is not clearly the best, so both are tried. One
 * that has nothing of it: the chunk is packed whole, though the delta was there first. */
static void the_smaller_packing_is_taken(void **state) {
  (void)state;
  enum { BYTES = 20000 };
  struct fixture f;
  fixture_open(&f);
  char *base = text_make(9, BYTES), *half = text_make(10, BYTES);
  memcpy(half, base, BYTES / 2);
  uint32_t base_chunk, alone, delta, noise_chunk, whole;
  add_with_base(&f, base, BYTES, KEEP_NONE, &base_chunk);
  uint64_t alone_bytes = add_with_base(&f, half, BYTES, KEEP_NONE, &alone);
  uint64_t delta_bytes = add_with_base(&f, half, BYTES, base_chunk, &delta);
  assert_int_equal(f.keep.chunks[delta].how, PRESS_PREFIX);
  assert_true(delta_bytes > BYTES / KEEP_DELTA_CLEAR && delta_bytes < alone_bytes * 2 / 3);
  uint64_t noise = 5;
  for (size_t i = 0; i < BYTES; i++) base[i] = (char)next_random(&noise);
  add_with_base(&f, base, BYTES, KEEP_NONE, &noise_chunk);
  assert_int_equal(add_with_base(&f, half, BYTES, noise_chunk, &whole), alone_bytes);
  assert_int_equal(f.keep.chunks[whole].how, PRESS_PLAIN);
  assert_int_equal(f.keep.chunks[noise_chunk].refs, 1);
  free(base);
  free(half);
  fixture_close(&f);
}

static uint64_t journal_bytes(const struct keep *keep) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < keep->edit_count; i++) bytes += keep->edits[i].length;
  return bytes;
}

static void an_edit_costs_what_it_changed(void **state) {
  (void)state;
  enum { BYTES = 30000 };
  struct fixture f;
  fixture_open(&f);
  char *text = text_make(3, BYTES), *edited = malloc(BYTES + 100);
  assert_non_null(edited);
  put(&f, 0, text, BYTES);
  assert_int_equal(keep_settle(&f.keep), STAGE_OK);
  memcpy(edited, text, 12345);
  memcpy(edited + 12345, "x = y;\n", 7);
  memcpy(edited + 12352, text + 12345, BYTES - 12345);
  put(&f, 0, edited, BYTES + 7);
  assert_in_range(journal_bytes(&f.keep), 7, 13);
  check_is(&f, 0, edited, BYTES + 7);
  edited[300] = '@'; /* a second place, and then the first is as it was */
  put(&f, 0, edited, BYTES + 7);
  assert_in_range(journal_bytes(&f.keep), 8, 19);
  check_is(&f, 0, edited, BYTES + 7);
  for (int i = 0; i < 1000; i++) { /* one line, a thousand times */
    edited[12346 + i % 5] = (char)('a' + i % 26);
    put(&f, 0, edited, BYTES + 7);
    check_is(&f, 0, edited, BYTES + 7);
  }
  assert_in_range(journal_bytes(&f.keep), 8, 24);
  assert_int_equal(f.keep.counts.folds, 0);
  put(&f, 0, text, BYTES); /* undone: the entry goes */
  assert_int_equal(journal_bytes(&f.keep), 0);
  check_is(&f, 0, text, BYTES);
  free(text);
  free(edited);
  fixture_close(&f);
}

static void great_changes_fold(void **state) {
  (void)state;
  enum { BYTES = 400000 };
  struct fixture f;
  fixture_open(&f);
  char *text = text_make(4, BYTES), *other = text_make(5, 100 << 20);
  put(&f, 0, text, BYTES);
  put(&f, 1, text, 100);
  assert_int_equal(keep_settle(&f.keep), STAGE_OK);
  uint32_t chunks = f.keep.chunk_count;
  memcpy(text + 200000, other, 150000);
  put(&f, 0, text, BYTES);
  assert_int_equal(f.keep.counts.folds, 1);
  assert_true(f.keep.chunk_count - f.keep.chunk_free <= chunks + 2);
  check_is(&f, 0, text, BYTES);
  put(&f, 0, "", 0); /* shrinks to nothing */
  check_is(&f, 0, "", 0);
  put(&f, 0, other, 100 << 20); /* grows to 100 MiB */
  check_is(&f, 0, other, 100 << 20);
  put(&f, 0, "a\xc3", 2); /* ends within a character: bytes are bytes */
  check_is(&f, 0, "a\xc3", 2);
  assert_int_equal(keep_settle(&f.keep), STAGE_OK);
  check_is(&f, 0, "a\xc3", 2);
  check_is(&f, 1, text, 100);
  free(text);
  free(other);
  fixture_close(&f);
}

/* A store of every kind of thing: dictionary, deltas, lists, journal. */
static char *many_text;
static void many_put(struct fixture *f) {
  if (!many_text) many_text = text_make(11, 900000);
  for (uint32_t i = 0; i < 12; i++) put(f, i, many_text + (size_t)i * 66000, 66000 + i * 100);
  put(f, 12, many_text + 100, 20000);
}
static int many_settle(struct fixture *f) { return keep_settle(&f->keep); }
static int many_edit(struct fixture *f) {
  char text[20010];
  memcpy(text, many_text + 100, 20000);
  memcpy(text + 9000, "int changed_here;\n", 18);
  return keep_put(&f->keep, 12, (const uint8_t *)text, 20000);
}
static void many_check(struct fixture *f, bool edited) {
  for (uint32_t i = 0; i < 12; i++) check_is(f, i, many_text + (size_t)i * 66000, 66000 + i * 100);
  char text[20000];
  memcpy(text, many_text + 100, 20000);
  if (edited) memcpy(text + 9000, "int changed_here;\n", 18);
  check_is(f, 12, text, 20000);
}

/* Every flipped bit of a store is found when what it spoils is read, or spoils nothing. */
static void flip_and_read(struct fixture *f, uint8_t *bytes, size_t length, size_t every, uint32_t *found) {
  for (size_t bit = 0; bit < length * 8; bit += every) {
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    press_rest(&f->keep.press); /* the digested dictionary is a copy */
    for (uint32_t id = 0; id < 13; id++) {
      struct stage_pin pin;
      uint64_t was = id < 12 ? 66000 + id * 100 : 20000, now;
      cache_clear(&f->keep);
      test_ctx_message[0] = 0;
      int error = keep_length(&f->keep, id, &now);
      if (!error) error = keep_pin(&f->keep, id, 0, now, &pin);
      if (error) {
        if (error == STAGE_CORRUPT) assert_true(test_ctx_message[0] != 0);
        ++*found;
        continue;
      }
      const char *want = id < 12 ? many_text + (size_t)id * 66000 : NULL;
      if (now != was) fail_msg("document %u: its length changed unseen by bit %zu", id, bit);
      if (want && memcmp(pin.bytes, want, was) != 0) fail_msg("document %u came back otherwise: bit %zu", id, bit);
      keep_unpin(&f->keep, &pin);
    }
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  press_rest(&f->keep.press);
  cache_clear(&f->keep);
}

static void flipped_bits_are_found(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f);
  many_put(&f);
  assert_int_equal(many_settle(&f), STAGE_OK);
  assert_int_equal(many_edit(&f), STAGE_OK);
  many_check(&f, true);
  uint32_t found = 0, before;
  for (uint32_t i = 0; i < f.keep.chunk_count; i++) {
    const uint8_t *frame;
    uint64_t length;
    assert_int_equal(pack_get(f.keep.chunk_pack, i, &frame, &length), STAGE_OK);
    flip_and_read(&f, (uint8_t *)(uintptr_t)frame, length, length * 8 / 3 + 1, &found);
  }
  assert_true((before = found) >= f.keep.chunk_count);
  assert_non_null(f.keep.press.dictionary);
  flip_and_read(&f, f.keep.press.dictionary, f.keep.press.dictionary_bytes, 9973, &found);
  assert_true(found > before);
  before = found;
  assert_true(journal_bytes(&f.keep) > 0);
  for (uint32_t i = 0; i < f.keep.edit_count; i++) {
    if (f.keep.edits[i].bytes) flip_and_read(&f, f.keep.edits[i].bytes, f.keep.edits[i].length, 5, &found);
  }
  assert_true(found > before);
  before = found;
  flip_and_read(&f, (uint8_t *)f.keep.chunks, f.keep.chunk_count * sizeof *f.keep.chunks, 37, &found);
  flip_and_read(&f, (uint8_t *)f.keep.refs, f.keep.ref_count * sizeof *f.keep.refs, 3, &found);
  assert_true(found > before);
  many_check(&f, true);
  fixture_close(&f);
}

/* Every allocation fails once: the error is told, nothing leaks, nothing is lost. */
static void running_out_of_memory_loses_nothing(void **state) {
  (void)state;
  uint32_t failures = 0;
  for (long grants = 0;; grants += grants < 40 ? 1 : 1 + grants / 16) {
    struct fixture f;
    fixture_open(&f);
    many_put(&f);
    test_ctx_grants = grants;
    int error = many_settle(&f);
    bool ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    if (error) {
      assert_int_equal(error, STAGE_OUT_OF_MEMORY);
      failures++;
    }
    many_check(&f, false);
    assert_int_equal(many_settle(&f), STAGE_OK);
    many_check(&f, false);
    fixture_close(&f);
    if (!ran_dry) break;
  }
  assert_true(failures > 10);
  for (long grants = 0;; grants++) {
    struct fixture f;
    fixture_open(&f);
    many_put(&f);
    assert_int_equal(many_settle(&f), STAGE_OK);
    test_ctx_grants = grants;
    int error = many_edit(&f);
    bool ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    many_check(&f, error == STAGE_OK);
    fixture_close(&f);
    if (!ran_dry) break;
    failures++;
  }
  assert_true(failures > 15);
}

/* ---- under codecs: p1 and the floor, as modules, on p2 ---- */

struct stacked {
  struct check_stage codec; /* first: check_settle_both casts */
  struct stage_ctx ctx;     /* p2's */
  void *p2;
};

static const struct stage_ops *module_ops(const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/stages/%s.so", getenv("PHASEBENCH_BUILD_DIR"), name);
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!module) fail_msg("%s", dlerror());
  const struct stage_ops *(*entry)(void);
  *(void **)&entry = dlsym(module, "phasebench_stage");
  assert_non_null((void *)(uintptr_t)entry);
  return entry();
}

static int settle_both(struct check_stage *stage) {
  struct stacked *s = (struct stacked *)stage;
  int error = stage->ops->settle ? stage->ops->settle(stage->store) : STAGE_OK;
  return error ? error : phasebench_stage()->settle(s->p2);
}

static void stacked_open(struct stacked *s, const char *name) {
  check_stage_open(&s->codec, module_ops(name));
  s->ctx = test_ctx();
  s->ctx.codec = (struct stage_link){s->codec.ops, s->codec.store};
  assert_int_equal(phasebench_stage()->open(&s->ctx, &s->p2), STAGE_OK);
  s->codec.ctx.keeper[STAGE_TREE] = (struct stage_link){phasebench_stage(), s->p2};
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
    check_codec_open(&s.codec, settle_both);
    stacked_close(&s);
    stacked_open(&s, names[i]);
    check_extremes_open(&s.codec, settle_both, 20000, 5000, 997);
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
  assert_int_equal(settle_both(&s.codec), STAGE_OK);
  check_put_document(&s.codec, 0, 0, grammar, edited, m);
  double bytes = 0;
  phasebench_stage()->stats(s.p2, sum_stat, &bytes);
  print_message("the journal of one inserted line: %.0f bytes\n", bytes);
  assert_true(bytes > 0 && bytes <= 40); /* 14 tokens, 6 lengths, two places; the tree has 5,600 nodes behind it */
  check_document(&s.codec, 0, 0, grammar, edited, m, 37);
  stacked_close(&s);
  free(text);
  free(edited);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_come_back),
      cmocka_unit_test(repeats_are_held_once),
      cmocka_unit_test(the_smaller_packing_is_taken),
      cmocka_unit_test(an_edit_costs_what_it_changed),
      cmocka_unit_test(great_changes_fold),
      cmocka_unit_test(flipped_bits_are_found),
      cmocka_unit_test(running_out_of_memory_loses_nothing),
      cmocka_unit_test(codecs_on_top_conform),
      cmocka_unit_test(a_line_inserted_near_the_top_costs_its_tokens),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  free(many_text);
  return failed;
}
