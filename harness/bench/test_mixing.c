/* SPDX-License-Identifier: MIT
 *
 * The mixing model on sources whose entropy is known, and whether its probabilities are such: those
 * of all numbers add up to no more than one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "mixing.h"

#define LENGTH 50000u

typedef uint32_t source_fn(struct random_stream *stream, const uint32_t *before);

/* Bits a number, in contexts of the last 0, 1, 2 and 3 numbers. */
static double cost_of(source_fn *source, enum mixing_shape shape, uint32_t length) {
  struct mixing_memory *memory = mixing_memory_new(16);
  struct mixing_mixer *mixer = mixing_mixer_new();
  struct random_stream stream = {1};
  assert_true(memory && mixer);
  uint32_t before[3] = {0, 0, 0};
  double bits = 0;
  for (uint32_t i = 0; i < length; i++) {
    struct mixing_question question = {.context_count = 4, .shape = shape};
    for (unsigned c = 0; c < 4; c++) {
      question.contexts[c] = c;
      for (unsigned k = 0; k < c; k++) question.contexts[c] = mixing_hash(question.contexts[c], before[k]);
    }
    uint32_t number = source(&stream, before);
    bits += mixing_cost(memory, mixer, &question, number);
    before[2] = before[1];
    before[1] = before[0];
    before[0] = number;
  }
  mixing_mixer_free(mixer);
  mixing_memory_free(memory);
  return bits / length;
}

static void costs(source_fn *source, enum mixing_shape shape, double least, double most) {
  double bits = cost_of(source, shape, LENGTH);
  if (bits < least || bits > most) fail_msg("%.4f bits a number, expected %.4f to %.4f", bits, least, most);
}

static uint32_t constant(struct random_stream *stream, const uint32_t *before) {
  (void)stream, (void)before;
  return 1;
}
static uint32_t large_constant(struct random_stream *stream, const uint32_t *before) {
  (void)stream, (void)before;
  return 4000000000u;
}
static uint32_t coin(struct random_stream *stream, const uint32_t *before) {
  (void)before;
  return (uint32_t)random_below(stream, 2);
}
static uint32_t one_of_twelve(struct random_stream *stream, const uint32_t *before) {
  (void)before;
  return (uint32_t)random_below(stream, 12);
}
static uint32_t one_of_thousand(struct random_stream *stream, const uint32_t *before) {
  (void)before;
  return (uint32_t)random_below(stream, 1000);
}
/* Second order: the exclusive or of the two before, wrong once in ten. */
static uint32_t noisy_xor(struct random_stream *stream, const uint32_t *before) {
  return before[0] ^ before[1] ^ (random_below(stream, 10) == 0);
}

static void a_constant_costs_nothing(void **state) {
  (void)state;
  costs(constant, MIXING_BIT, 0, 0.001);
  costs(constant, MIXING_BALANCED, 0, 0.002);
  costs(constant, MIXING_SKEWED, 0, 0.002);
  costs(large_constant, MIXING_BALANCED, 0, 0.01);
}

static void chance_costs_what_it_must(void **state) {
  (void)state;
  costs(coin, MIXING_BIT, 0.99, 1.01);
  costs(coin, MIXING_SKEWED, 0.99, 1.01);
  costs(coin, MIXING_BALANCED, 0.99, 1.01);
  costs(one_of_twelve, MIXING_BALANCED, log2(12) - 0.02, log2(12) + 0.1);
  costs(one_of_twelve, MIXING_SKEWED, log2(12) - 0.02, log2(12) + 0.1);
  costs(one_of_thousand, MIXING_BALANCED, log2(1000) - 0.05, log2(1000) + 0.7);
}

static void a_second_order_source_costs_its_entropy(void **state) {
  (void)state;
  double entropy = -0.1 * log2(0.1) - 0.9 * log2(0.9); /* 0.469; each number alone looks like a coin */
  costs(noisy_xor, MIXING_BIT, entropy - 0.01, entropy + 0.03);
  costs(noisy_xor, MIXING_SKEWED, entropy - 0.01, entropy + 0.03);
}

/* What each number would cost a model that has learned from the same past, as probabilities. */
static double probability_of(enum mixing_shape shape, uint32_t number) {
  struct mixing_memory *memory = mixing_memory_new(8);
  struct mixing_mixer *mixer = mixing_mixer_new();
  struct random_stream stream = {3};
  struct mixing_question question = {.context_count = 3, .shape = shape, .contexts = {1, 2, 3}};
  assert_true(memory && mixer);
  for (unsigned i = 0; i < 60; i++) {
    uint32_t learned = (uint32_t)random_below(&stream, shape == MIXING_BIT ? 2 : i % 10 == 0 ? 280 : 5);
    mixing_cost(memory, mixer, &question, learned);
  }
  double bits = mixing_cost(memory, mixer, &question, number);
  mixing_mixer_free(mixer);
  mixing_memory_free(memory);
  return exp2(-bits);
}

static void probabilities_add_up_to_one(void **state) {
  (void)state;
  double sum = probability_of(MIXING_BIT, 0) + probability_of(MIXING_BIT, 1);
  assert_true(fabs(sum - 1) < 1e-5);
  for (int shape = MIXING_SKEWED; shape <= MIXING_BALANCED; shape++) {
    sum = 0; /* of all with up to two digits more; the rest is what larger numbers have */
    for (uint32_t number = 0; number < 12 + 256; number++) sum += probability_of((enum mixing_shape)shape, number);
    if (sum > 1.00001 || sum < 0.9) fail_msg("shape %d: %f", shape, sum);
  }
}

/* Where memory is short, old statistics go; answers stay possible and are as dear as guesses. */
static void a_full_memory_forgets(void **state) {
  (void)state;
  struct mixing_memory *memory = mixing_memory_new(4);
  struct mixing_mixer *mixer = mixing_mixer_new();
  struct random_stream stream = {5};
  assert_true(memory && mixer);
  double bits = 0;
  for (uint32_t i = 0; i < LENGTH; i++) {
    struct mixing_question question = {.context_count = 2, .shape = MIXING_BIT};
    question.contexts[0] = mixing_hash(0, random_next(&stream));
    question.contexts[1] = mixing_hash(1, random_next(&stream));
    bits += mixing_cost(memory, mixer, &question, (uint32_t)random_below(&stream, 2));
  }
  assert_true(bits / LENGTH > 0.99 && bits / LENGTH < 1.2);
  mixing_mixer_free(mixer);
  mixing_memory_free(memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_constant_costs_nothing),
      cmocka_unit_test(chance_costs_what_it_must),
      cmocka_unit_test(a_second_order_source_costs_its_entropy),
      cmocka_unit_test(probabilities_add_up_to_one),
      cmocka_unit_test(a_full_memory_forgets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
