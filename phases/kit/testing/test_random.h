/* SPDX-License-Identifier: MIT
 *
 * test_random.h - for tests: numbers that look random and are the same in every run
 * (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
#ifndef PHASEBENCH_KIT_TEST_RANDOM_H
#define PHASEBENCH_KIT_TEST_RANDOM_H

#include <stdint.h>

/* 0 ... bound - 1, bound > 0; the stream begins with any seed. */
static inline uint32_t test_random(uint64_t *stream, uint32_t bound) {
  uint64_t z = (*stream += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)(((z ^ (z >> 31)) >> 32) * bound >> 32);
}

#endif
