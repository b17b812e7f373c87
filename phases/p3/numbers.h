/* SPDX-License-Identifier: MIT
 *
 * numbers.h - prefix codes for the numbers beside tokens: Huffman codes (Huffman 1952) of at
 * most P3_NUMBER_BITS bits, one for each context, which the decoder reads by one look-up. A
 * code is written with its first bit lowest, so that the look-up's index is the next bits as
 * they stand.
 *
 * Values that are rare in their context, and all from 256 on, share one code, behind which
 * they follow in raw bits (format.h). */
#ifndef PHASEBENCH_P3_NUMBERS_H
#define PHASEBENCH_P3_NUMBERS_H

#include "format.h"

#define P3_NUMBER_VALUES 256u /* values that may have a code: 0 to 255 */

/* How often each value occurs in a context; the last place is for all others. */
struct p3_histogram {
  uint32_t count[P3_NUMBER_VALUES + 1];
};

/* Writes the look-up table of a context: 1 << P3_NUMBER_BITS entries. Returns the bits that the
 * histogram's numbers take with it, those behind the shared code not counted apart from
 * 8 bits for each. */
uint64_t p3_numbers_learn(const struct p3_histogram *histogram, uint16_t *entries);
/* The same where nothing is known: short lengths are likelier. */
void p3_numbers_guess(uint16_t *entries);
/* A context whose numbers are all raw: no bits for the code. */
void p3_numbers_raw(uint16_t *entries);

/* For writing: from a context's entries, code << 4 | bits for each value and, last, for the
 * shared code; 0: the value has none. `codes` has room for P3_NUMBER_VALUES + 1; a code of
 * up to 8 bits and its length fit 16. */
void p3_numbers_invert(const uint16_t *entries, uint16_t *codes);

/* A growing string of bits; zeroed but for ctx is empty. */
struct p3_bit_writer {
  const struct stage_ctx *ctx;
  uint8_t *bytes;
  uint64_t bit_count;
  uint64_t capacity_bytes;
};

bool p3_bits_grow(struct p3_bit_writer *writer, uint64_t needed_bytes);
/* Room for `bits` more, and 8 bytes behind them; false: out of memory. */
static inline bool p3_bits_reserve(struct p3_bit_writer *writer, uint64_t bits) {
  uint64_t needed = (writer->bit_count + bits) / 8 + 9;
  return needed <= writer->capacity_bytes || p3_bits_grow(writer, needed);
}

/* Appends the lowest `width` <= 32 bits; there is room, and the bits above are zero. */
static inline void p3_bits_write(struct p3_bit_writer *writer, uint32_t value, uint32_t width) {
  uint8_t *p = writer->bytes + (writer->bit_count >> 3);
  uint64_t word = p3_load64(p) | (uint64_t)value << (writer->bit_count & 7);
  memcpy(p, &word, sizeof word);
  writer->bit_count += width;
}

/* Appends a number; `codes` as p3_numbers_invert makes them, of its context. There is room for
 * 64 bits. */
void p3_number_write(struct p3_bit_writer *writer, const uint16_t *codes, bool is_plain, uint32_t number);

#endif
