/* SPDX-License-Identifier: MIT
 *
 * A flipped bit anywhere in what a store keeps: each document then comes back exact, or is
 * refused with its name; never as other bytes. */
#include "fixture.h"

enum { DOCUMENTS = 9, LARGE = 3, LARGE_BYTES = 70000, SMALL_BYTES = 3000 };

struct expected {
  char *text;
  size_t length;
};
static struct expected expected[DOCUMENTS];

/* A store of every kind of thing: dictionary, deltas, a document of several chunks, chunks named
 * twice, entries of the journal, and loose documents. */
static void store_make(struct fixture *f) {
  for (uint32_t i = 0; i < DOCUMENTS; i++) {
    size_t length = i == LARGE ? LARGE_BYTES : SMALL_BYTES + i * 100;
    expected[i] = (struct expected){text_make(i == 1 ? 50 : 50 + i, length + 100), length};
    put(f, i, expected[i].text, length);
  }
  memcpy(expected[1].text, expected[0].text, expected[0].length); /* a delta */
  put(f, 1, expected[1].text, expected[1].length);
  expected[2].length = expected[0].length; /* the same */
  memcpy(expected[2].text, expected[0].text, expected[0].length);
  put(f, 2, expected[2].text, expected[2].length);
  char *sample = text_make(99, 200000);
  size_t sizes[50];
  for (int i = 0; i < 50; i++) sizes[i] = 4000;
  assert_int_equal(compress_learn(&f->blobs.compressor, (const uint8_t *)sample, sizes, 50, 4096), STAGE_OK);
  free(sample);
  assert_int_equal(blobs_finalize(&f->blobs), STAGE_OK);
  for (uint32_t i = 3; i < 6; i++) {
    memcpy(expected[i].text + 1000 + i, "int changed_here;\n", 18);
    put(f, i, expected[i].text, expected[i].length);
  }
  put(f, DOCUMENTS, "loose", 5);
  assert_int_equal(f->blobs.journal.count, 3);
  assert_non_null(f->blobs.compressor.dictionary);
  assert_true(f->blobs.documents[LARGE].chunk_count > 2);
}

static void store_free(struct fixture *f) {
  fixture_close(f);
  for (int i = 0; i < DOCUMENTS; i++) free(expected[i].text);
}

static bool is_exact(const struct stage_pin *pin, uint32_t id) {
  const char *text = id < DOCUMENTS ? expected[id].text : "loose";
  return memcmp(pin->bytes, text, (size_t)pin->length) == 0;
}

/* The message names the document; gives whether it was refused. */
static bool read_one(struct fixture *f, uint32_t id, const char *what, size_t bit) {
  struct stage_pin pin;
  uint64_t length, want = id < DOCUMENTS ? expected[id].length : 5;
  char name[32];
  test_ctx_message[0] = 0;
  int error = blobs_length(&f->blobs, id, &length);
  if (!error && length != want) fail_msg("%s, bit %zu: document %u has another length", what, bit, id);
  if (!error) error = blobs_pin(&f->blobs, id, 0, length, &pin);
  if (!error) {
    if (!is_exact(&pin, id)) fail_msg("%s, bit %zu: document %u came back otherwise", what, bit, id);
    blobs_unpin(&f->blobs, &pin);
    return false;
  }
  snprintf(name, sizeof name, "source of document %u", id);
  if (error != STAGE_CORRUPT) fail_msg("%s, bit %zu: document %u: error %d", what, bit, id, error);
  if (!strstr(test_ctx_message, name))
    fail_msg("%s, bit %zu: '%s' does not name document %u", what, bit, test_ctx_message, id);
  return true;
}

/* How many documents were refused. */
static uint32_t read_all(struct fixture *f, const char *what, size_t bit) {
  uint32_t refused = 0;
  fixture_largest_bytes = 0;
  for (uint32_t id = 0; id <= DOCUMENTS; id++) {
    cache_clear(&f->blobs.decompressed);
    refused += read_one(f, id, what, bit);
  }
  compress_rest(&f->blobs.compressor); /* the digested dictionary is a copy */
  cache_clear(&f->blobs.decompressed);
  if (fixture_largest_bytes > 1 << 20)
    fail_msg("%s, bit %zu: %zu bytes were asked for", what, bit, fixture_largest_bytes);
  return refused;
}

/* Flips one bit after the other, at most `most` of them, evenly; gives how many were found. */
static uint32_t flip(struct fixture *f, void *bytes, size_t length, size_t most, const char *what) {
  size_t bits = length * 8, step = bits / most + 1;
  uint32_t found = 0;
  for (size_t bit = 0; bit < bits; bit += step) {
    uint8_t *byte = (uint8_t *)bytes + bit / 8;
    *byte ^= (uint8_t)(1u << bit % 8);
    found += read_all(f, what, bit) > 0;
    *byte ^= (uint8_t)(1u << bit % 8);
  }
  assert_int_equal(read_all(f, "nothing", 0), 0);
  return found;
}

/* Fewer where sanitizers make each slow. */
static size_t flips_most(size_t flips) {
  const char *sanitized = getenv("PHASEBENCH_SANITIZED");
  return sanitized && *sanitized == '1' ? flips / 8 : flips;
}

static void what_is_kept(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f);
  store_make(&f);
  struct blobs *blobs = &f.blobs;
  for (uint32_t i = 0; i < blobs->chunk_count; i++) {
    const uint8_t *frame;
    uint64_t length;
    assert_int_equal(slabs_get(blobs->chunk_slabs, i, &frame, &length), STAGE_OK);
    uint32_t found = flip(&f, (uint8_t *)(uintptr_t)frame, (size_t)length, flips_most(80), "chunk");
    assert_true(found > flips_most(80) / 4); /* not all: zstd has bits that mean nothing */
  }
  /* Bits of a row: each is found. The chunks' numbers of names and the like are not read. */
  size_t rows = blobs->chunk_count * sizeof *blobs->chunks;
  assert_true(flip(&f, blobs->chunks, rows, flips_most(4000), "table of chunks") > flips_most(1000));
  rows = (DOCUMENTS + 1) * sizeof *blobs->documents;
  size_t most = flips_most(rows * 8), step = rows * 8 / most + 1;
  assert_int_equal(flip(&f, blobs->documents, rows, most, "table of documents"), (rows * 8 + step - 1) / step);
  assert_true(flip(&f, blobs->refs, blobs->ref_count * sizeof *blobs->refs, flips_most(500), "lists of chunks") > 10);
  assert_true(flip(&f, blobs->journal.bytes, blobs->journal.used, flips_most(1000), "journal") > 10);
  assert_true(
      flip(&f, blobs->compressor.dictionary, blobs->compressor.dictionary_bytes, flips_most(200), "dictionary") > 10);
  store_free(&f);
}

/* Whatever a store has allocated, but for the two structs of pointers into it (of kit/support/compress.c). */
static void everything_that_is_allocated(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f);
  store_make(&f);
  read_all(&f, "nothing", 0);
  uint32_t found = 0, blocks = 0;
  void *const structs[] = {f.blobs.chunk_slabs, f.blobs.loose_slabs};
  struct {
    void *bytes;
    size_t length;
  } all[64];
  for (struct fixture_block *block = fixture_blocks.next; block != &fixture_blocks; block = block->next) {
    assert_true(blocks < 64);
    if (block + 1 == structs[0] || block + 1 == structs[1]) continue;
    all[blocks].bytes = block + 1;
    all[blocks++].length = block->bytes;
  }
  /* Documents, chunks, lists, journal, dictionary; of two sets of slabs the slabs, their table, and that of strings. */
  assert_true(blocks >= 9);
  for (uint32_t i = 0; i < blocks; i++) found += flip(&f, all[i].bytes, all[i].length, flips_most(1500), "allocation");
  assert_true(found > flips_most(2000));
  store_free(&f);
}

/* A message says what of the document it was. */
static void messages_name_the_part(void **state) {
  (void)state;
  struct fixture f;
  fixture_open(&f);
  store_make(&f);
  const uint8_t *frame;
  uint64_t length;
  uint32_t chunk = f.blobs.documents[8].first;
  assert_int_equal(slabs_get(f.blobs.chunk_slabs, chunk, &frame, &length), STAGE_OK);
  const struct {
    uint8_t *byte;
    uint32_t id;
    const char *part;
  } flips[] = {
      {(uint8_t *)(uintptr_t)frame + length / 2, 8, "chunk"},  {f.blobs.journal.bytes + 3, 3, "journal"},
      {f.blobs.compressor.dictionary + 4000, 8, "dictionary"}, {(uint8_t *)&f.blobs.documents[7].length, 7, "row"},
      {(uint8_t *)&f.blobs.documents[7].state, 7, "row"},
  };
  for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
    *flips[i].byte ^= 4;
    cache_clear(&f.blobs.decompressed);
    compress_rest(&f.blobs.compressor);
    assert_true(read_one(&f, flips[i].id, flips[i].part, i));
    if (!strstr(test_ctx_message, flips[i].part))
      fail_msg("'%s' does not name the %s", test_ctx_message, flips[i].part);
    *flips[i].byte ^= 4;
  }
  store_free(&f);
}

/* A put over a corrupt document is good; others are not touched; nothing is read out of bounds
 * when all goes. */
static void corrupt_documents_can_be_put_again(void **state) {
  (void)state;
  for (size_t at = 0; at < sizeof(struct document); at++) {
    struct fixture f;
    fixture_open(&f);
    store_make(&f);
    ((uint8_t *)&f.blobs.documents[4])[at] ^= 0x10;
    f.blobs.journal.bytes[0] ^= 0x40; /* the length of 3's entry */
    cache_clear(&f.blobs.decompressed);
    put(&f, 4, "new", 3);
    put(&f, 3, "new", 3);
    check_is(&f, 4, "new", 3);
    check_is(&f, 3, "new", 3);
    for (uint32_t i = 0; i < DOCUMENTS; i++) {
      if (i != 3 && i != 4) check_is(&f, i, expected[i].text, expected[i].length);
    }
    assert_int_equal(blobs_finalize(&f.blobs), STAGE_OK);
    check_is(&f, 4, "new", 3);
    check_is(&f, 5, expected[5].text, expected[5].length);
    store_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_kept),
      cmocka_unit_test(everything_that_is_allocated),
      cmocka_unit_test(messages_name_the_part),
      cmocka_unit_test(corrupt_documents_can_be_put_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
