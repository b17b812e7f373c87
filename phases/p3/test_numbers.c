/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kit/testing/test_ctx.h"
#include "numbers.h"

enum { CODES = P3_NUMBER_VALUES + 1, ENTRIES = 1 << P3_NUMBER_BITS, CONTEXTS = 8 };

/* Contexts with their tables, for reading and for writing. */
struct contexts {
  struct p3_histogram histograms[CONTEXTS];
  uint64_t bits[CONTEXTS]; /* as p3_numbers_learn tells them */
  uint16_t entries[CONTEXTS * ENTRIES];
  uint16_t codes[CONTEXTS * CODES];
  uint32_t count;
};

static void contexts_add(struct contexts *contexts, const struct p3_histogram *histogram) {
  uint32_t c = contexts->count++;
  assert_true(c < CONTEXTS);
  contexts->histograms[c] = *histogram;
  contexts->bits[c] = p3_numbers_learn(histogram, contexts->entries + c * ENTRIES);
  p3_numbers_invert(contexts->entries + c * ENTRIES, contexts->codes + c * CODES);
}

static uint32_t fibonacci(uint32_t n) {
  uint32_t a = 1, b = 1;
  while (n-- > 0) {
    uint32_t sum = a + b;
    a = b;
    b = sum;
  }
  return a;
}

/* Empty, one value, all alike, one value above all, the shape that makes Huffman codes longest,
 * more values than there are codes, mostly long numbers, counts as large as they can be. */
static void contexts_fill(struct contexts *contexts) {
  struct p3_histogram shapes[CONTEXTS];
  memset(contexts, 0, sizeof *contexts);
  memset(shapes, 0, sizeof shapes);
  shapes[1].count[7] = 5;
  for (uint32_t v = 0; v < 100; v++) shapes[2].count[v] = 3;
  for (uint32_t v = 0; v < P3_NUMBER_VALUES; v++) shapes[3].count[v] = v == 200 ? 1000000 : 1;
  for (uint32_t v = 0; v < 11; v++) shapes[4].count[v * 6] = 1000 * fibonacci(v); /* 11 bits, but for the limit */
  for (uint32_t v = 0; v < P3_NUMBER_VALUES; v++) shapes[5].count[v] = 10;
  shapes[6].count[0] = shapes[6].count[255] = 2;
  shapes[6].count[P3_NUMBER_VALUES] = 500;
  for (uint32_t v = 0; v < 200; v++) shapes[7].count[v] = UINT32_MAX - v;
  for (uint32_t c = 0; c < CONTEXTS; c++) contexts_add(contexts, &shapes[c]);
}

/* The bits of a number's code in a context, what follows the shared code apart. */
static uint32_t code_bits(const struct contexts *contexts, uint32_t context, uint32_t value) {
  const uint16_t *codes = contexts->codes + context * CODES;
  return (value < P3_NUMBER_VALUES && codes[value] ? codes[value] : codes[P3_NUMBER_VALUES]) & 15;
}

/* ---- there and back ---- */

/* What is written with one table is read with the other. */
struct round_trip {
  struct p3_bit_writer writer;
  struct p3_tables tables;
  const struct contexts *contexts;
};

static void number_put(struct round_trip *trip, uint32_t context, uint32_t number) {
  assert_true(p3_bits_reserve(&trip->writer, 64));
  p3_number_write(&trip->writer, trip->contexts->codes + context * CODES, trip->tables.is_plain, number);
}

static void number_take(const struct round_trip *trip, uint32_t context, uint32_t number, uint32_t *bit) {
  const struct p3_tree tree = {.numbers = trip->writer.bytes};
  uint32_t got = p3_number(&trip->tables, &tree, context, bit);
  if (got != number) fail_msg("context %u: %u came back as %u, in front of bit %u", context, number, got, *bit);
}

static const uint32_t large[] = {256,   257,   511,     512,        4095,       4096,           65534,
                                 65535, 65536, 1 << 20, 0x7fffffff, 0x80000000, UINT32_MAX - 1, UINT32_MAX};

/* All small numbers and some large ones, in each context, the contexts in turn. */
static void check_round_trip(const struct contexts *contexts, bool is_plain) {
  enum { NUMBERS = P3_NUMBER_VALUES + sizeof large / sizeof large[0] };
  struct stage_ctx ctx = test_ctx();
  struct round_trip trip = {
      .writer = {.ctx = &ctx}, .contexts = contexts, .tables = {.numbers = contexts->entries, .is_plain = is_plain}};
  for (int pass = 0; pass < 2; pass++) {
    uint32_t bit = 0;
    for (uint32_t i = 0; i < NUMBERS; i++) {
      uint32_t number = i < P3_NUMBER_VALUES ? i : large[i - P3_NUMBER_VALUES];
      for (uint32_t c = 0; c < contexts->count; c++) {
        if (pass == 0) number_put(&trip, c, number);
        else number_take(&trip, c, number, &bit);
      }
    }
    if (pass == 1) assert_int_equal(bit, trip.writer.bit_count);
  }
  test_ctx_release(NULL, trip.writer.bytes);
  assert_int_equal(test_ctx_live, 0);
}

static void numbers_come_back(void **state) {
  (void)state;
  struct contexts contexts;
  contexts_fill(&contexts);
  check_round_trip(&contexts, false);
}

static void guessed_and_raw_numbers_come_back(void **state) {
  (void)state;
  struct contexts contexts = {.count = 1};
  p3_numbers_guess(contexts.entries);
  p3_numbers_invert(contexts.entries, contexts.codes);
  check_round_trip(&contexts, false);
  p3_numbers_raw(contexts.entries);
  p3_numbers_invert(contexts.entries, contexts.codes);
  check_round_trip(&contexts, true);
}

/* ---- lengths ---- */

/* Codes are no longer than the look-up's index, and no code begins another one. */
static void codes_fit_the_table(void **state) {
  (void)state;
  struct contexts contexts;
  contexts_fill(&contexts);
  for (uint32_t c = 0; c < contexts.count; c++) {
    uint32_t space = 0;
    for (uint32_t v = 0; v < CODES; v++) {
      uint32_t bits = contexts.codes[c * CODES + v] & 15;
      assert_true(bits <= P3_NUMBER_BITS);
      if (bits > 0) space += ENTRIES >> bits;
    }
    assert_true(contexts.codes[c * CODES + P3_NUMBER_VALUES] != 0); /* anything can be written */
    assert_true(space <= ENTRIES);
    if (c > 0) assert_int_equal(space, ENTRIES); /* nothing is wasted, but where only one code is needed */
  }
}

static void commoner_values_have_no_longer_codes(void **state) {
  (void)state;
  struct contexts contexts;
  contexts_fill(&contexts);
  for (uint32_t c = 0; c < contexts.count; c++) {
    const uint16_t *codes = contexts.codes + c * CODES;
    const uint32_t *counts = contexts.histograms[c].count;
    for (uint32_t a = 0; a < P3_NUMBER_VALUES; a++) {
      for (uint32_t b = 0; b < P3_NUMBER_VALUES; b++) {
        if (codes[a] && codes[b] && counts[a] > counts[b]) assert_true((codes[a] & 15) <= (codes[b] & 15));
      }
    }
  }
}

/* The bits told are those that would be written: the shared code counts once more than it occurs. */
static void bits_are_counted(void **state) {
  (void)state;
  struct contexts contexts;
  contexts_fill(&contexts);
  for (uint32_t c = 0; c < contexts.count; c++) {
    uint64_t bits = code_bits(&contexts, c, P3_NUMBER_VALUES) + 8;
    for (uint32_t v = 0; v < CODES; v++) {
      bool is_shared = v == P3_NUMBER_VALUES || !contexts.codes[c * CODES + v];
      bits += (uint64_t)contexts.histograms[c].count[v] * (code_bits(&contexts, c, v) + (is_shared ? 8 : 0));
    }
    assert_int_equal(bits, contexts.bits[c]);
  }
  assert_int_equal(code_bits(&contexts, 3, 200), 1); /* one value above all */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_come_back),   cmocka_unit_test(guessed_and_raw_numbers_come_back),
      cmocka_unit_test(codes_fit_the_table), cmocka_unit_test(commoner_values_have_no_longer_codes),
      cmocka_unit_test(bits_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
