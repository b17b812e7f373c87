/* SPDX-License-Identifier: MIT */
#include "chunk.h"

/* splitmix64 (Vigna, public domain): the same table in every store. */
static uint64_t mix_next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

void gear_init(struct gear *gear) {
  uint64_t state = 0x70686173656232ull;
  for (int i = 0; i < 256; i++) gear->of_byte[i] = mix_next(&state);
}

/* How many top bits are zero at one place in CHUNK_BYTES_AVERAGE. */
static unsigned average_bits(void) { return 31u - (unsigned)__builtin_clz(CHUNK_BYTES_AVERAGE); }

size_t chunk_cut(const struct gear *gear, const uint8_t *bytes, size_t length) {
  if (length <= CHUNK_BYTES_MAX) return length;
  unsigned hard = 64 - (average_bits() + 2), easy = 64 - (average_bits() - 2);
  uint64_t hash = 0;
  size_t at = CHUNK_BYTES_MIN - 64; /* the window is full where cuts begin */
  while (at < CHUNK_BYTES_MIN) hash = (hash << 1) + gear->of_byte[bytes[at++]];
  for (; at < CHUNK_BYTES_MAX; at++) {
    hash = (hash << 1) + gear->of_byte[bytes[at]];
    if (hash >> (at < CHUNK_BYTES_AVERAGE ? hard : easy) == 0) return at + 1;
  }
  return CHUNK_BYTES_MAX;
}

void sketch_make(const struct gear *gear, const uint8_t *bytes, size_t length, struct sketch *sketch) {
  uint64_t state = 1, factor[SKETCH_FEATURES], hash = 0;
  for (int i = 0; i < SKETCH_FEATURES; i++) {
    factor[i] = mix_next(&state) | 1;
    sketch->feature[i] = UINT64_MAX;
  }
  for (size_t at = 0; at < length; at++) {
    hash = (hash << 1) + gear->of_byte[bytes[at]];
    if ((hash >> 40 & 31) != 0) continue;
    for (int i = 0; i < SKETCH_FEATURES; i++) {
      uint64_t v = hash * factor[i];
      if (v < sketch->feature[i]) sketch->feature[i] = v;
    }
  }
  for (int i = 0; i < SKETCH_FEATURES; i++) sketch->feature[i] = (sketch->feature[i] & ~(uint64_t)7) | (uint64_t)i;
}
