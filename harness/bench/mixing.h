/* SPDX-License-Identifier: MIT
 *
 * mixing.h - what a sequence of numbers costs a context-mixing coder, in bits.
 *
 * A number is told as a few binary decisions. For each, every context that the caller gives keeps a
 * probability, learned from what was told in that context before; the probabilities are mixed
 * in the logistic domain, with weights that are learned too (Mahoney: "Adaptive weighing of context
 * models for lossless data compression", Florida Tech TR CS-2005-16). The cost of a decision is
 * -log2 of the probability that its outcome was given before it was known, so that the sum is, to
 * within two bits, the length of what an arithmetic coder would write and a decoder could read back:
 * nothing is given to the model beside the sequence.
 *
 * A weight is the sum of two: one chosen by the decision, one by what the caller says
 * (mixing_question.set); and of each there is one for every confidence in the probability.
 *
 * Threads: one. A model is deterministic: the same sequence costs the same. */
#ifndef PHASEBENCH_MIXING_H
#define PHASEBENCH_MIXING_H

#include <stdbool.h>
#include <stdint.h>

#define MIXING_CONTEXTS_MAX 10u
#define MIXING_SETS 1024u

/* How a number becomes decisions. */
enum mixing_shape {
  MIXING_BIT,      /* 0 or 1: one decision */
  MIXING_SKEWED,   /* zero? one? then as balanced: for numbers that are mostly 0 or 1 */
  MIXING_BALANCED, /* 4 decisions and more: 0-11 at once, larger ones in 4 to 32 more */
  MIXING_SHAPE_COUNT
};

/* Statistics of contexts, shared by all kinds of questions. */
struct mixing_memory;

/* A kind of question: what its mixers have learned. */
struct mixing_mixer;

struct mixing_question {
  uint64_t contexts[MIXING_CONTEXTS_MAX]; /* hashes; the caller makes those of two kinds of question differ */
  uint32_t context_count;
  uint32_t set; /* below MIXING_SETS: which weights */
  enum mixing_shape shape;
};

/* 2^lg_lines lines of 64 bytes; where they are full, what was used least is forgotten, which can only
 * make a model worse. NULL: out of memory. */
struct mixing_memory *mixing_memory_new(unsigned lg_lines);
void mixing_memory_free(struct mixing_memory *memory); /* NULL is nothing to free */

/* NULL: out of memory. */
struct mixing_mixer *mixing_mixer_new(void);
void mixing_mixer_free(struct mixing_mixer *mixer);

/* Returns the bits that `number` costs as the answer, and learns it. */
double mixing_cost(struct mixing_memory *memory, struct mixing_mixer *mixer, const struct mixing_question *question,
                   uint32_t number);

/* One more fact in a context's hash. */
static inline uint64_t mixing_hash(uint64_t hash, uint64_t fact) {
  hash = (hash + fact + 1) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 29);
}

#endif
