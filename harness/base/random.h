/* SPDX-License-Identifier: MIT
 *
 * random.h - numbers that look random and are the same in every run: SplitMix64
 * (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014),
 * reduced to a range by multiplication (Lemire: "Fast random integer generation in an
 * interval", ACM TOMACS 2019, without the rejection step: the bias is below
 * bound / 2^64). Not for secrets. */
#ifndef PHASEBENCH_RANDOM_H
#define PHASEBENCH_RANDOM_H

#include <stdint.h>

struct random_stream {
  uint64_t state;
};

static inline uint64_t random_next(struct random_stream *stream) {
  uint64_t z = (stream->state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* A stream of its own for each (seed, purpose, item): e.g. for each document. */
static inline struct random_stream random_stream_for(uint64_t seed, uint64_t purpose, uint64_t item) {
  struct random_stream stream = {seed};
  stream.state = random_next(&stream) ^ purpose;
  stream.state = random_next(&stream) ^ item;
  return stream;
}

/* 0 ... bound - 1; 0 where bound is 0. */
static inline uint64_t random_reduce(uint64_t number, uint64_t bound) {
  return (uint64_t)(((unsigned __int128)number * bound) >> 64);
}

static inline uint64_t random_below(struct random_stream *stream, uint64_t bound) {
  return random_reduce(random_next(stream), bound);
}

/* Fisher-Yates. */
static inline void random_shuffle(struct random_stream *stream, uint32_t *items, uint32_t count) {
  for (uint32_t i = count; i > 1; i--) {
    uint32_t j = (uint32_t)random_below(stream, i), kept = items[i - 1];
    items[i - 1] = items[j];
    items[j] = kept;
  }
}

/* Purposes, so that the access mix, the edits and the proof draw apart. */
enum random_purpose {
  RANDOM_CLASSES = 1,
  RANDOM_ACCESSES,
  RANDOM_EDITED_DOCUMENTS,
  RANDOM_EDITS,
  RANDOM_PROOF,
  RANDOM_COLD_OPENED
};

#endif
