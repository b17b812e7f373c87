/* SPDX-License-Identifier: MIT
 *
 * Phrases out of pairs (pairs.c), and tokens parsed into them (parse.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kit/testing/test_ctx.h"
#include "kit/testing/test_random.h"
#include "learn.h"
#include "numbers.h"
#include "parse.h"

/* ---- phrases ---- */

struct fixture {
  struct stage_ctx ctx;
  struct p3_phrases phrases;
  struct p3_coding coding;
  struct p3_trie *trie;
};

static void fixture_open(struct fixture *f, uint32_t token_count) {
  *f = (struct fixture){.ctx = test_ctx()};
  f->phrases.ctx = &f->ctx;
  f->phrases.token_count = token_count;
}

/* The phrases are there: lays them out, and makes a trie of them. */
static void fixture_lay_out(struct fixture *f) {
  assert_int_equal(p3_phrases_lay_out(&f->phrases, &f->coding), STAGE_OK);
  assert_int_equal(f->coding.phrase_count, f->phrases.count);
  f->trie = p3_trie_new(&f->ctx, f->coding.phrases, f->coding.phrase_count, f->coding.pool, f->phrases.token_count);
  assert_non_null(f->trie);
}

static void fixture_close(struct fixture *f) {
  p3_trie_free(&f->ctx, f->trie);
  p3_coding_free(&f->ctx, &f->coding);
  p3_phrases_free(&f->phrases);
  assert_int_equal(test_ctx_live, 0);
}

/* `pairs` phrases of phrases drawn at random, all of use drawn at random. */
static void phrases_draw(struct fixture *f, uint32_t pairs, uint64_t *stream) {
  struct p3_phrases *phrases = &f->phrases;
  uint32_t most = phrases->token_count + pairs;
  phrases->pairs = test_ctx_allocate(NULL, most * sizeof *phrases->pairs);
  phrases->lengths = test_ctx_allocate(NULL, most);
  phrases->uses = test_ctx_allocate(NULL, most * sizeof *phrases->uses);
  assert_true(phrases->pairs && phrases->lengths && phrases->uses);
  memset(phrases->lengths, 1, most);
  for (uint32_t p = 0; p < most; p++) phrases->uses[p] = test_random(stream, 8);
  phrases->count = phrases->token_count;
  while (phrases->count < most) {
    uint32_t left = 1 + test_random(stream, phrases->count - 1), right = 1 + test_random(stream, phrases->count - 1);
    uint32_t length = phrases->lengths[left] + phrases->lengths[right];
    if (length > P3_PHRASE_TOKENS_MAX) continue;
    phrases->lengths[phrases->count] = (uint8_t)length;
    phrases->pairs[phrases->count++] = (struct p3_pair){(uint16_t)left, (uint16_t)right};
  }
  phrases->code_bits = P3_CODE_BITS_MAX;
}

/* A phrase's tokens by its pairs; returns their end. */
static uint16_t *phrase_expand(const struct p3_phrases *phrases, uint32_t phrase, uint16_t *out) {
  if (phrase < phrases->token_count) {
    *out = (uint16_t)phrase;
    return out + 1;
  }
  return phrase_expand(phrases, phrases->pairs[phrase].right, phrase_expand(phrases, phrases->pairs[phrase].left, out));
}

static const uint16_t *code_tokens(const struct fixture *f, uint32_t code, uint32_t *count) {
  *count = f->coding.phrases[code] & 255;
  uint32_t start = f->coding.phrases[code] >> 8;
  assert_true(start + *count <= f->coding.pool_count);
  return f->coding.pool + start;
}

/* Every code has the tokens of a phrase of its own. *used: by phrase. */
static void check_code(const struct fixture *f, uint32_t code, uint8_t *used) {
  uint32_t count;
  const uint16_t *tokens = code_tokens(f, code, &count);
  uint16_t want[P3_PHRASE_TOKENS_MAX];
  for (uint32_t p = 0; p < f->phrases.count; p++) {
    if (used[p] || f->phrases.lengths[p] != count) continue;
    phrase_expand(&f->phrases, p, want);
    if (memcmp(want, tokens, count * sizeof *tokens) != 0) continue;
    used[p] = 1;
    return;
  }
  fail_msg("code %u has tokens of no phrase", code);
}

static void check_pool(const struct fixture *f) {
  uint8_t *used = calloc(f->phrases.count, 1);
  uint64_t all_tokens = 0;
  assert_non_null(used);
  for (uint32_t code = 0; code < f->phrases.count; code++) {
    check_code(f, code, used);
    all_tokens += f->coding.phrases[code] & 255;
  }
  assert_true(f->coding.phrases[P3_ESCAPE] == 1 && f->coding.pool[0] == P3_ESCAPE);
  assert_true(f->coding.pool_count <= all_tokens);
  free(used);
}

static void pools_hold_every_phrase(void **state) {
  (void)state;
  uint64_t stream = 1;
  for (uint32_t i = 0; i < 40; i++) {
    struct fixture f;
    fixture_open(&f, 2 + i % 20);
    phrases_draw(&f, i * 11, &stream);
    fixture_lay_out(&f);
    check_pool(&f);
    fixture_close(&f);
  }
}

/* ---- the optimal parse ---- */

/* Whether a phrase's tokens stand at tokens[0..left). */
static bool stands_at(const struct fixture *f, uint32_t code, const uint16_t *tokens, uint32_t left, uint32_t *count) {
  const uint16_t *phrase = code_tokens(f, code, count);
  return *count <= left && memcmp(phrase, tokens, *count * sizeof *tokens) == 0;
}

/* The fewest codes for tokens[i..count), for each i, by trying every phrase everywhere. */
static void fewest_codes(const struct fixture *f, const uint16_t *tokens, uint32_t count, uint32_t *fewest) {
  uint32_t length;
  fewest[count] = 0;
  for (uint32_t i = count; i-- > 0;) {
    fewest[i] = UINT32_MAX;
    for (uint32_t code = 0; code < f->coding.phrase_count; code++) {
      if (!stands_at(f, code, tokens + i, count - i, &length)) continue;
      if (fewest[i + length] + 1 < fewest[i]) fewest[i] = fewest[i + length] + 1;
    }
  }
}

/* Of all parses with the fewest codes it is the one whose phrases are longest, the first first. */
static void check_fewest(const struct fixture *f, const uint16_t *tokens, uint32_t count) {
  enum { TOKENS_MAX = 200 };
  uint32_t fewest[TOKENS_MAX + 1], length;
  uint16_t codes[TOKENS_MAX];
  fewest_codes(f, tokens, count, fewest);
  assert_int_equal(p3_parse(f->trie, tokens, count, codes), fewest[0]);
  for (uint32_t at = 0, i = 0; at < count; at += f->coding.phrases[codes[i++]] & 255) {
    for (uint32_t code = 0; code < f->coding.phrase_count; code++) {
      if (stands_at(f, code, tokens + at, count - at, &length) && fewest[at + length] + 1 == fewest[at])
        assert_true(length <= (f->coding.phrases[codes[i]] & 255));
    }
  }
}

/* The codes when the longest phrase is always taken. */
static uint32_t greedy_codes(const struct fixture *f, const uint16_t *tokens, uint32_t count) {
  uint32_t codes = 0, length;
  for (uint32_t i = 0; i < count; codes++) {
    uint32_t longest = 0;
    for (uint32_t code = 0; code < f->coding.phrase_count; code++) {
      if (stands_at(f, code, tokens + i, count - i, &length) && length > longest) longest = length;
    }
    i += longest;
  }
  return codes;
}

/* Parses tokens; the codes must expand to them. Returns their number. */
static uint32_t check_parsed(const struct fixture *f, const uint16_t *tokens, uint32_t count) {
  uint16_t *codes = malloc((count ? count : 1) * sizeof *codes); /* exact */
  assert_non_null(codes);
  uint32_t code_count = p3_parse(f->trie, tokens, count, codes), at = 0, length;
  assert_true(code_count <= count);
  for (uint32_t i = 0; i < code_count; i++) {
    assert_true(codes[i] < f->coding.phrase_count);
    if (!stands_at(f, codes[i], tokens + at, count - at, &length)) fail_msg("code %u of %u is wrong", i, code_count);
    at += length;
  }
  assert_int_equal(at, count);
  free(codes);
  return code_count;
}

/* Phrases one after the other, with a token drawn at random (or an escape) here and there. */
static void tokens_draw(const struct fixture *f, uint16_t *tokens, uint32_t count, uint64_t *stream) {
  for (uint32_t i = 0; i < count;) {
    uint32_t length, code = test_random(stream, f->coding.phrase_count);
    const uint16_t *phrase = code_tokens(f, code, &length);
    for (uint32_t k = 0; k < length && i < count; k++) tokens[i++] = phrase[k];
    if (i < count && test_random(stream, 3) == 0) tokens[i++] = (uint16_t)(test_random(stream, f->phrases.token_count));
  }
}

static void tokens_are_parsed_into_the_fewest_codes(void **state) {
  (void)state;
  uint64_t stream = 2;
  uint32_t better = 0;
  for (uint32_t i = 0; i < 60; i++) {
    uint16_t tokens[200];
    struct fixture f;
    fixture_open(&f, 2 + i % 6);
    phrases_draw(&f, 5 + i, &stream);
    fixture_lay_out(&f);
    for (uint32_t count = 0; count <= 200; count += 1 + count / 4) {
      tokens_draw(&f, tokens, count, &stream);
      uint32_t codes = check_parsed(&f, tokens, count), greedy = greedy_codes(&f, tokens, count);
      check_fewest(&f, tokens, count);
      assert_true(codes <= greedy);
      better += codes < greedy;
    }
    fixture_close(&f);
  }
  assert_true(better > 0); /* else nothing was shown */
}

/* More tokens than the path is found for at once. */
static void long_sequences_are_parsed_in_pieces(void **state) {
  (void)state;
  static const uint32_t counts[] = {P3_PIECE_TOKENS - 1, P3_PIECE_TOKENS, P3_PIECE_TOKENS + 1,
                                    3 * P3_PIECE_TOKENS + 77};
  uint64_t stream = 3;
  uint16_t *tokens = malloc((4 * P3_PIECE_TOKENS) * sizeof *tokens);
  assert_non_null(tokens);
  struct fixture f;
  fixture_open(&f, 30);
  phrases_draw(&f, 60, &stream);
  fixture_lay_out(&f);
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    tokens_draw(&f, tokens, counts[i], &stream);
    uint32_t pieces = (counts[i] + P3_PIECE_TOKENS - 1) / P3_PIECE_TOKENS;
    assert_true(check_parsed(&f, tokens, counts[i]) <= greedy_codes(&f, tokens, counts[i]) + pieces - 1);
  }
  fixture_close(&f);
  free(tokens);
}

/* ---- learning ---- */

/* Sentences of a few words each: there is something to learn. */
static void sentences_draw(uint16_t *tokens, uint32_t count, uint64_t *stream) {
  static const uint16_t words[][6] = {
      {1, 2, 3, 4, 5, 6}, {7, 8, 9, 7, 8, 9}, {1, 2, 10, 11, 12, 13}, {14, 14, 14, 14, 14, 14}};
  for (uint32_t i = 0; i < count; i++) {
    if (i % 6 == 0 && test_random(stream, 50) == 0) tokens[i] = P3_ESCAPE;
    else tokens[i] = words[(i / 6 * 7 + i / 600) % 4][i % 6];
  }
}

static void check_learned(uint32_t count, uint32_t train_count) {
  uint64_t stream = count;
  uint16_t *tokens = malloc(count * sizeof *tokens), *used_up = malloc(count * sizeof *tokens);
  assert_true(tokens && used_up);
  struct fixture f;
  fixture_open(&f, 20);
  sentences_draw(tokens, count, &stream);
  memcpy(used_up, tokens, count * sizeof *tokens);
  assert_int_equal(p3_phrases_learn(&f.phrases, used_up, train_count, count, count * UINT64_C(10)), STAGE_OK);
  assert_true(f.phrases.code_bits >= P3_CODE_BITS_MIN && f.phrases.count <= 1u << f.phrases.code_bits);
  for (uint32_t p = 0; p < f.phrases.count; p++) assert_true(f.phrases.lengths[p] <= P3_PHRASE_TOKENS_MAX);
  for (uint32_t p = f.phrases.token_count; p < f.phrases.count; p++)
    assert_true(f.phrases.pairs[p].left != P3_ESCAPE && f.phrases.pairs[p].right != P3_ESCAPE);
  fixture_lay_out(&f);
  check_pool(&f);
  assert_true(check_parsed(&f, tokens, count) * 6 < count);
  fixture_close(&f);
  free(tokens);
  free(used_up);
}

static void phrases_are_learned(void **state) {
  (void)state;
  check_learned(30000, 30000);
  check_learned(30000, 25000);
}

/* Nothing to learn from, and nothing that repeats itself. */
static void nothing_is_learned_of_nothing(void **state) {
  (void)state;
  struct fixture f;
  uint16_t tokens[18];
  for (uint32_t count = 0; count <= 18; count += 18) {
    for (uint16_t i = 0; i < count; i++) tokens[i] = (uint16_t)(i + 1);
    fixture_open(&f, 20);
    assert_int_equal(p3_phrases_learn(&f.phrases, tokens, count, count, count), STAGE_OK);
    assert_int_equal(f.phrases.count, 20);
    fixture_lay_out(&f);
    check_pool(&f);
    fixture_close(&f);
  }
}

static void learning_runs_out_of_memory(void **state) {
  (void)state;
  enum { TOKENS = 3000 };
  uint16_t tokens[TOKENS];
  uint64_t stream = 4;
  for (long grants = 0;; grants++) {
    struct fixture f;
    fixture_open(&f, 20);
    sentences_draw(tokens, TOKENS, &stream);
    test_ctx_grants = grants;
    int error = p3_phrases_learn(&f.phrases, tokens, TOKENS, TOKENS, TOKENS);
    if (!error) error = p3_phrases_lay_out(&f.phrases, &f.coding);
    bool ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    assert_true(error == STAGE_OK || error == STAGE_OUT_OF_MEMORY);
    fixture_close(&f);
    if (!ran_dry) break;
    assert_true(grants < 1000);
  }
}

/* ---- numbers of some documents only ---- */

/* Documents of tokens with lengths; gives in how many of them numbers were looked at. */
static uint32_t learner_show(struct p3_learner *learner, uint32_t documents, uint32_t tokens) {
  const struct tree_token token = {.flags = TOKEN_LEAF | TOKEN_LENGTH};
  uint32_t numbered = 0, place = P3_NOT_FOUND_YET;
  for (uint32_t d = 0; d < documents; d++) {
    bool has_numbers = p3_learner_document_begin(learner);
    numbered += has_numbers;
    for (uint32_t i = 0; i < tokens; i++) {
      uint32_t length = 1 + i % 7;
      assert_int_equal(p3_learner_token(learner, token, has_numbers ? &length : NULL, &place), STAGE_OK);
    }
    assert_int_equal(p3_learner_document_end(learner), STAGE_OK);
  }
  return numbered;
}

/* All numbers of the first documents, then those of one document in four; every token is counted. */
static void numbers_are_looked_at_in_some_documents(void **state) {
  (void)state;
  enum { TOKENS = 4096, ALL = LEARN_NUMBERED_TOKENS / TOKENS, LATER = 400 };
  struct stage_ctx ctx = test_ctx();
  struct p3_learner learner = {.ctx = &ctx, .expected_tokens = (uint64_t)(ALL + LATER) * TOKENS};
  struct p3_coding coding;
  assert_int_equal(learner_show(&learner, ALL, TOKENS), ALL);
  assert_int_equal(learner_show(&learner, LATER, TOKENS), LATER / LEARN_NUMBERED_ONE_IN);
  assert_int_equal(learner.total_tokens, (uint64_t)(ALL + LATER) * TOKENS);
  assert_int_equal(learner.numbered_tokens, (uint64_t)(ALL + LATER / LEARN_NUMBERED_ONE_IN) * TOKENS);
  assert_int_equal(p3_learn(&learner, &coding), STAGE_OK);
  p3_learner_free(&learner);
  for (uint32_t length = 1; length <= 7; length++) { /* each has a code of its own, of all lengths the shortest */
    uint16_t codes[P3_NUMBER_VALUES + 1];
    uint32_t context = coding.tokens[1].length;
    p3_numbers_invert(coding.numbers + ((size_t)context << P3_NUMBER_BITS), codes);
    assert_true((codes[length] & 15) <= 4);
  }
  p3_coding_free(&ctx, &coding);
  assert_int_equal(test_ctx_live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pools_hold_every_phrase),
      cmocka_unit_test(tokens_are_parsed_into_the_fewest_codes),
      cmocka_unit_test(long_sequences_are_parsed_in_pieces),
      cmocka_unit_test(phrases_are_learned),
      cmocka_unit_test(nothing_is_learned_of_nothing),
      cmocka_unit_test(learning_runs_out_of_memory),
      cmocka_unit_test(numbers_are_looked_at_in_some_documents),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
