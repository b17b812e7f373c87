/* SPDX-License-Identifier: MIT
 *
 * Edits of finalized documents: what they cost, when they are rechunked and what rechunking touches,
 * and edits of every unkind sort. */
#include "fixture.h"

#include "delta.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static bool is_sanitized(void) {
  const char *sanitized = getenv("PHASEBENCH_SANITIZED");
  return sanitized && *sanitized == '1';
}

static void finalized_open(struct fixture *f, const char *text, size_t length) {
  fixture_open(f);
  put(f, 0, text, length);
  assert_int_equal(blobs_finalize(&f->blobs), STAGE_OK);
}

/* ---- entries ---- */

static void an_edit_costs_what_it_changed(void **state) {
  (void)state;
  enum { BYTES = 30000 };
  struct fixture f;
  char *text = text_make(3, BYTES), *edited = malloc(BYTES + 100);
  assert_non_null(edited);
  finalized_open(&f, text, BYTES);
  memcpy(edited, text, 12345);
  memcpy(edited + 12345, "x = y;\n", 7);
  memcpy(edited + 12352, text + 12345, BYTES - 12345);
  put(&f, 0, edited, BYTES + 7);
  assert_in_range(journal_bytes(&f.blobs), 7, 14);
  check_is(&f, 0, edited, BYTES + 7);
  edited[300] = '@'; /* a second place, and then the first is as it was */
  put(&f, 0, edited, BYTES + 7);
  assert_in_range(journal_bytes(&f.blobs), 8, 20);
  check_is(&f, 0, edited, BYTES + 7);
  put(&f, 0, text, BYTES); /* undone: the entry goes */
  assert_int_equal(journal_bytes(&f.blobs), 0);
  assert_null(f.blobs.journal.bytes);
  check_is(&f, 0, text, BYTES);
  assert_int_equal(f.blobs.counts.rechunks, 0);
  free(text);
  free(edited);
  fixture_close(&f);
}

/* One line that is typed at, in each of many documents by turns: the journal holds one entry a
 * document and few holes, and each state is exact. */
static void a_thousand_edits_of_one_line(void **state) {
  (void)state;
  enum { DOCUMENTS = 4, EDITS = 1000, LINE = 300 };
  struct fixture f;
  fixture_open(&f);
  char *texts[DOCUMENTS];
  size_t lengths[DOCUMENTS], most_used = 0;
  for (uint32_t i = 0; i < DOCUMENTS; i++) put(&f, i, texts[i] = text_make(60 + i, 4000 + EDITS), lengths[i] = 4000);
  assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
  for (int n = 0; n < EDITS * DOCUMENTS; n++) {
    uint32_t id = (uint32_t)n % DOCUMENTS;
    char *at = texts[id] + LINE + n / DOCUMENTS % 80;
    if (n / DOCUMENTS / 80 % 2 == 0) memmove(at + 1, at, texts[id] + lengths[id]++ - at), *at = (char)('a' + n % 26);
    else memmove(at, at + 1, texts[id] + --lengths[id] - at);
    put(&f, id, texts[id], lengths[id]);
    if (n % 7 == 0 || n > EDITS * DOCUMENTS - DOCUMENTS) check_is(&f, id, texts[id], lengths[id]);
    if (f.blobs.journal.used > most_used) most_used = f.blobs.journal.used;
  }
  assert_int_equal(f.blobs.journal.count, DOCUMENTS);
  assert_true(journal_bytes(&f.blobs) <= DOCUMENTS * 300);
  assert_true(most_used <= DOCUMENTS * 300 + DOCUMENTS * 300 / 16 + 1024);
  assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
  assert_int_equal(f.blobs.journal.used, journal_bytes(&f.blobs));
  assert_int_equal(f.blobs.counts.rechunks, 0);
  for (uint32_t i = 0; i < DOCUMENTS; i++) {
    check_is(&f, i, texts[i], lengths[i]);
    assert_int_equal(blobs_drop(&f.blobs, i), STAGE_OK);
    free(texts[i]);
  }
  fixture_close(&f);
}

/* Bytes are bytes: edits that begin, end or stop within a character, and texts that are none. */
static void edits_within_a_character(void **state) {
  (void)state;
  static const char *const versions[] = {"a = \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\";\n",
                                         "a = \"\xc3\xa8\xe2\x82\xac\xf0\x9f\x98\x80\";\n", /* one half of one */
                                         "a = \"\xc3\xa8\xe2\x82\xf0\x9f\x98\x80\";\n",
                                         "a = \"\xc3\xa8\xe2x\x82\xf0\x9f\x98\x80\";\n",
                                         "a = \"\xc3\xa8\xe2x\x82\xf0\x9f",
                                         "\x9f\x98\x80\";\n",
                                         "\xff\xfe",
                                         "\xc3",
                                         ""};
  struct fixture f;
  char *text = text_make(9, 3000), whole[4000];
  finalized_open(&f, text, 3000);
  for (size_t i = 0; i < 2 * sizeof versions / sizeof versions[0]; i++) {
    const char *version = versions[i % (sizeof versions / sizeof versions[0])];
    size_t length = strlen(version), before = i < sizeof versions / sizeof versions[0] ? 1500 : 0;
    memcpy(whole, text, before); /* in the middle, and then alone */
    memcpy(whole + before, version, length);
    memcpy(whole + before + length, text + before, before);
    put(&f, 0, whole, 2 * before + length);
    check_is(&f, 0, whole, 2 * before + length);
  }
  free(text);
  fixture_close(&f);
}

/* ---- rechunking ---- */

/* Noise does not compress: the entry of so much of it is rechunked. */
static void noise_make(char *at, size_t length, uint64_t seed) {
  uint64_t state = seed * 88172645463325252ull + 1;
  for (size_t i = 0; i < length; i++) at[i] = (char)(next_random(&state) >> 32);
}

/* Lines that compress to next to nothing. */
static char *lines_make(size_t length) {
  char *text = malloc(length + 64);
  assert_non_null(text);
  for (size_t at = 0, n = 0; at < length; n++) at += (size_t)sprintf(text + at, "the same line, number %zu\n", n / 500);
  return text;
}

/* The bytes that rechunking cuts, hashes and compresses for the same change in a text of so many. */
static uint64_t rechunk_touches(size_t length, size_t change) {
  struct fixture f;
  char *text = lines_make(length);
  finalized_open(&f, text, length);
  uint64_t compresses = f.blobs.chunk_count;
  noise_make(text + length / 3, change, 1);
  put(&f, 0, text, length);
  assert_int_equal(f.blobs.counts.rechunks, 1);
  assert_int_equal(f.blobs.journal.count, 0);
  check_is(&f, 0, text, length);
  uint64_t touched = f.blobs.counts.rechunk_cut_bytes;
  /* What was not touched is there as it was. */
  assert_true(f.blobs.chunk_count - f.blobs.chunk_free <= compresses + touched / CHUNK_BYTES_MIN + 1);
  free(text);
  fixture_close(&f);
  return touched;
}

static void rechunking_touches_what_changed(void **state) {
  (void)state;
  enum { CHANGE = 200000 };
  for (size_t length = 1 << 20; length <= 8 << 20; length *= 2) {
    uint64_t touched = rechunk_touches(length, CHANGE);
    assert_in_range(touched, CHANGE, CHANGE + 4 * CHUNK_BYTES_MAX);
  }
  assert_in_range(rechunk_touches(8 << 20, CHANGE / 2), CHANGE / 2, CHANGE / 2 + 4 * CHUNK_BYTES_MAX);
}

static void rechunk_now(struct fixture *f, const char *old, size_t old_length, const char *text, size_t length,
                        uint64_t *most) {
  struct compress_slice base = {(const uint8_t *)old, old_length}, bytes = {(const uint8_t *)text, length};
  struct delta_hunks hunks = {0};
  assert_int_equal(delta_diff(&f->blobs.compressor, base, bytes, &hunks), STAGE_OK);
  struct version version = {.bytes = bytes.p,
                            .length = (uint32_t)length,
                            .stripped_length = (uint32_t)length,
                            .hash = XXH3_64bits(text, length)};
  *most = 0;
  for (uint32_t i = 0; i < hunks.count; i++) *most += hunks.p[i].new_bytes + 4 * CHUNK_BYTES_MAX;
  assert_int_equal(rechunk(&f->blobs, 0, &version, base.p, &hunks), STAGE_OK);
  stage_release(&f->ctx, STAGE_SOURCE, hunks.p);
  cache_clear(&f->blobs.decompressed);
}

/* Any edits, rechunked one after the other: exact, no chunk is lost or left, and chunks do not get
 * ever smaller. */
static void rechunking_is_exact(void **state) {
  (void)state;
  enum { BYTES = 600000, ROUNDS = 60 };
  struct fixture f;
  uint64_t seed = 12345;
  size_t length = BYTES;
  char *text = text_make(21, 2 * BYTES), *old = malloc(3 * BYTES), *spare = text_make(22, BYTES);
  assert_non_null(old);
  finalized_open(&f, text, length);
  for (int round = 0; round < ROUNDS; round++) {
    size_t old_length = length;
    memcpy(old, text, length);
    for (uint64_t n = 1 + next_random(&seed) % 4; n > 0; n--) { /* near either end, too */
      size_t at = next_random(&seed) % 8 == 0 ? 0 : next_random(&seed) % 8 == 1 ? length : next_random(&seed) % length;
      size_t gone = next_random(&seed) % 4 ? next_random(&seed) % 100 : next_random(&seed) % 60000;
      size_t come = next_random(&seed) % 4 ? next_random(&seed) % 100 : next_random(&seed) % 60000;
      if (gone > length - at) gone = length - at;
      if (length - gone + come > 3 * BYTES / 2 || length - gone + come < BYTES / 2) continue;
      memmove(text + at + come, text + at + gone, length - at - gone);
      memcpy(text + at, spare + next_random(&seed) % (BYTES - 60000), come);
      length = length - gone + come;
    }
    uint64_t before = f.blobs.counts.rechunk_cut_bytes, most;
    if (length == old_length && memcmp(text, old, length) == 0) continue;
    rechunk_now(&f, old, old_length, text, length, &most);
    assert_true(f.blobs.counts.rechunk_cut_bytes - before <= most);
    check_is(&f, 0, text, length);
    uint32_t named = 0;
    for (uint32_t i = 0; i < f.blobs.chunk_count; i++) named += f.blobs.chunks[i].refs > 0;
    assert_int_equal(named, f.blobs.chunk_count - f.blobs.chunk_free);
    assert_true(f.blobs.documents[0].chunk_count <= length / CHUNK_BYTES_MIN + 1);
  }
  assert_true(f.blobs.counts.rechunks >= ROUNDS - 5);
  put(&f, 0, "", 0);
  assert_int_equal(f.blobs.chunk_count, 0);
  free(text);
  free(old);
  free(spare);
  fixture_close(&f);
}

/* A document that is a delta against another: what it becomes is one, too, and the chunks that
 * others name stay. */
static void a_rechunked_delta_stays_one(void **state) {
  (void)state;
  enum { BYTES = 30000 };
  struct fixture f;
  fixture_open(&f);
  char *text = text_make(31, BYTES), *other = malloc(BYTES);
  assert_non_null(other);
  memcpy(other, text, BYTES);
  memcpy(other + 100, "changed", 7);
  put(&f, 0, text, BYTES);
  put(&f, 1, other, BYTES);
  assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
  assert_int_equal(f.blobs.chunks[f.blobs.documents[1].first].how, COMPRESS_PREFIX);
  noise_make(other + 5000, 8000, 2);
  put(&f, 1, other, BYTES);
  assert_int_equal(f.blobs.counts.rechunks, 1);
  assert_int_equal(f.blobs.chunks[f.blobs.documents[1].first].how, COMPRESS_PREFIX);
  assert_in_range(f.blobs.counts.rechunk_bytes, 8000, 9000);
  assert_int_equal(f.blobs.chunk_count - f.blobs.chunk_free, 2);
  check_is(&f, 0, text, BYTES);
  check_is(&f, 1, other, BYTES);
  free(text);
  free(other);
  fixture_close(&f);
}

/* ---- extremes ---- */

static void documents_shrink_to_nothing(void **state) {
  (void)state;
  enum { BYTES = 100000 };
  struct fixture f;
  char *text = text_make(41, BYTES);
  finalized_open(&f, text, BYTES);
  static const size_t lengths[] = {0, BYTES, 1, 0, 3, BYTES / 2, 0, 40000};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    put(&f, 0, text, lengths[i]);
    check_is(&f, 0, text, lengths[i]);
    if (i % 3 == 1) assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
    check_is(&f, 0, text, lengths[i]);
  }
  free(text);
  fixture_close(&f);
}

/* Grows beyond all measure, is edited there, and shrinks: what it took is given back. */
static void a_document_grows_and_shrinks(void **state) {
  (void)state;
  size_t large = is_sanitized() ? 10u << 20 : 100u << 20, piece = 1u << 20;
  struct fixture f;
  char *text = text_make(51, piece), *grown = malloc(large + 5);
  assert_non_null(grown);
  for (size_t at = 0; at < large; at += piece) memcpy(grown + at, text, piece);
  for (size_t at = 0; at < large; at += 1 << 16) memcpy(grown + at, &at, sizeof at); /* all of it is new */
  finalized_open(&f, text, 30000);
  size_t before = fixture_live_bytes;
  put(&f, 0, grown, large);
  check_is(&f, 0, grown, large);
  cache_clear(&f.blobs.decompressed);
  put(&f, 0, text, 30000);
  assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
  check_is(&f, 0, text, 30000);
  cache_clear(&f.blobs.decompressed);
  compress_rest(&f.blobs.compressor);
  assert_true(fixture_live_bytes <= before + before / 8 + 4096);

  put(&f, 0, grown, large); /* once more, finalized, and a small edit of it */
  for (size_t at = piece; at < large; at += piece) memcpy(grown + at, text, piece);
  put(&f, 0, grown, large);
  assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
  memmove(grown + large / 2 + 5, grown + large / 2, large / 2);
  large += 5;
  put(&f, 0, grown, large);
  assert_int_equal(f.blobs.journal.count, 1);
  assert_true(journal_bytes(&f.blobs) < 64);
  check_is(&f, 0, grown, large);
  put(&f, 0, text, 30000);
  assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
  check_is(&f, 0, text, 30000);
  cache_clear(&f.blobs.decompressed);
  compress_rest(&f.blobs.compressor);
  assert_in_range(f.blobs.chunk_count - f.blobs.chunk_free, 1, 30000 / CHUNK_BYTES_MIN + 1);
  assert_true(fixture_live_bytes <= before + 300000); /* a dictionary may have been learned */
  free(text);
  free(grown);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_edit_costs_what_it_changed), cmocka_unit_test(a_thousand_edits_of_one_line),
      cmocka_unit_test(edits_within_a_character),      cmocka_unit_test(rechunking_touches_what_changed),
      cmocka_unit_test(rechunking_is_exact),           cmocka_unit_test(a_rechunked_delta_stays_one),
      cmocka_unit_test(documents_shrink_to_nothing),   cmocka_unit_test(a_document_grows_and_shrinks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
