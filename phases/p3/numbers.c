/* SPDX-License-Identifier: MIT */
#include "numbers.h"

#include <stdlib.h>

#define SYMBOLS (P3_NUMBER_VALUES + 1u)
#define SHARED P3_NUMBER_VALUES /* the symbol of all values without a code */

/* ---- code lengths ---- */

struct leaf {
  uint64_t weight;
  uint32_t symbol;
};

static int compare_leaves(const void *a, const void *b) {
  const struct leaf *x = a, *y = b;
  if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
  return x->symbol < y->symbol ? -1 : 1;
}

/* Depths of the leaves of a Huffman tree, by two queues: leaves sorted by weight, and inner
 * nodes in the order in which they are made. */
static void huffman_depths(const struct leaf *leaves, uint32_t count, uint8_t *depths) {
  uint64_t weights[SYMBOLS];
  uint16_t parent_of_leaf[SYMBOLS], parent[SYMBOLS];
  uint32_t leaf = 0, inner = 0;
  for (uint32_t made = 0; made + 1 < count; made++) {
    uint64_t sum = 0;
    for (int side = 0; side < 2; side++) {
      if (inner == made || (leaf < count && leaves[leaf].weight <= weights[inner])) {
        sum += leaves[leaf].weight;
        parent_of_leaf[leaf++] = (uint16_t)made;
      } else {
        sum += weights[inner];
        parent[inner++] = (uint16_t)made;
      }
    }
    weights[made] = sum;
  }
  uint8_t depth[SYMBOLS];
  if (count > 1) depth[count - 2] = 0;
  for (uint32_t i = count > 1 ? count - 2 : 0; i-- > 0;) depth[i] = (uint8_t)(depth[parent[i]] + 1);
  for (uint32_t i = 0; i < count; i++) depths[i] = count > 1 ? (uint8_t)(depth[parent_of_leaf[i]] + 1) : 1;
}

/* Makes lengths that are at most `most` and fill the code space no more than once: too long
 * ones are cut, and the rarest codes that are still shorter pay for it. */
static void limit_depths(uint8_t *depths, uint32_t count, uint32_t most) {
  uint64_t used = 0, space = UINT64_C(1) << most;
  for (uint32_t i = 0; i < count; i++) {
    if (depths[i] > most) depths[i] = (uint8_t)most;
    used += space >> depths[i];
  }
  while (used > space) {
    uint32_t i = 0; /* rarest first */
    while (depths[i] >= most) i++;
    used -= space >> ++depths[i];
  }
  for (uint32_t i = count; i-- > 0;) { /* what is left goes to the commonest */
    while (depths[i] > 1 && used + (space >> depths[i]) <= space) used += space >> depths[i]--;
  }
}

/* ---- tables ---- */

static uint32_t reverse_bits(uint32_t v, uint32_t width) {
  uint32_t r = 0;
  for (uint32_t i = 0; i < width; i++) r |= (v >> i & 1) << (width - 1 - i);
  return r;
}

/* Canonical codes for leaves of the given depths, as a look-up table. */
static void table_fill(const struct leaf *leaves, const uint8_t *depths, uint32_t count, uint16_t *entries) {
  uint32_t code = 0;
  for (uint32_t i = 0; i < 1u << P3_NUMBER_BITS; i++)
    entries[i] = P3_NUMBER_LONG; /* a lone code leaves half of the space */
  for (uint32_t depth = 1; depth <= P3_NUMBER_BITS; depth++, code <<= 1) {
    for (uint32_t i = 0; i < count; i++) {
      if (depths[i] != depth) continue;
      uint32_t symbol = leaves[i].symbol, step = 1u << depth;
      uint32_t entry = (symbol == SHARED ? P3_NUMBER_LONG : symbol << 4) | depth;
      for (uint32_t at = reverse_bits(code, depth); at < 1u << P3_NUMBER_BITS; at += step)
        entries[at] = (uint16_t)entry;
      code++;
    }
  }
}

uint64_t p3_numbers_learn(const struct p3_histogram *histogram, uint16_t *entries) {
  struct leaf leaves[SYMBOLS];
  uint8_t depths[SYMBOLS];
  uint64_t total = 0, shared = histogram->count[SHARED] + 1;
  uint32_t count = 0;
  for (uint32_t v = 0; v < SYMBOLS; v++) total += histogram->count[v];
  for (uint32_t v = 0; v < P3_NUMBER_VALUES; v++) {
    uint64_t n = histogram->count[v];
    if (n == 0) continue;
    if (n << P3_NUMBER_BITS >= total && count + 1 < 1u << P3_NUMBER_BITS) leaves[count++] = (struct leaf){n, v};
    else shared += n;
  }
  leaves[count++] = (struct leaf){shared, SHARED};
  qsort(leaves, count, sizeof leaves[0], compare_leaves);
  huffman_depths(leaves, count, depths);
  limit_depths(depths, count, P3_NUMBER_BITS);
  table_fill(leaves, depths, count, entries);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++) sum += leaves[i].weight * (depths[i] + (leaves[i].symbol == SHARED ? 8u : 0u));
  return sum;
}

void p3_numbers_guess(uint16_t *entries) {
  struct p3_histogram histogram = {.count[SHARED] = 30};
  for (uint32_t v = 0; v < 64; v++) histogram.count[v] = v < 16 ? 100 : 1000 / (v - 6);
  p3_numbers_learn(&histogram, entries);
}

void p3_numbers_raw(uint16_t *entries) {
  for (uint32_t i = 0; i < 1u << P3_NUMBER_BITS; i++) entries[i] = P3_NUMBER_LONG;
}

void p3_numbers_invert(const uint16_t *entries, uint16_t *codes) {
  memset(codes, 0, SYMBOLS * sizeof *codes);
  for (uint32_t i = 1u << P3_NUMBER_BITS; i-- > 0;) { /* the lowest index that has a code is the code itself */
    uint32_t used = entries[i] & 15;
    if (used == 0) continue;
    uint32_t symbol = entries[i] & P3_NUMBER_LONG ? SHARED : entries[i] >> 4;
    codes[symbol] = (uint16_t)((i & ((1u << used) - 1)) << 4 | used);
  }
}

/* ---- writing ---- */

bool p3_bits_grow(struct p3_bit_writer *writer, uint64_t needed_bytes) {
  uint64_t capacity = needed_bytes * 2;
  uint8_t *bytes = stage_resize(writer->ctx, STAGE_TREE, writer->bytes, capacity);
  if (!bytes) return false;
  writer->bytes = bytes;
  memset(bytes + writer->capacity_bytes, 0, capacity - writer->capacity_bytes);
  writer->capacity_bytes = capacity;
  return true;
}

void p3_number_write(struct p3_bit_writer *writer, const uint16_t *codes, bool is_plain, uint32_t number) {
  uint32_t code = number < P3_NUMBER_VALUES ? codes[number] : 0;
  if (code) {
    p3_bits_write(writer, code >> 4, code & 15);
    return;
  }
  code = codes[SHARED];
  p3_bits_write(writer, code >> 4, code & 15);
  if (is_plain) {
    p3_bits_write(writer, number < 0xffff ? number : 0xffff, 16);
    if (number >= 0xffff) p3_bits_write(writer, number, 32);
    return;
  }
  while (number > 7) {
    p3_bits_write(writer, 8 | (number & 7), 4);
    number >>= 3;
  }
  p3_bits_write(writer, number, 4);
}
