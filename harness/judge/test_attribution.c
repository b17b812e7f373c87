/* SPDX-License-Identifier: MIT
 *
 * Shares and interactions of games worked out by hand, and against the definition over all orders. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attribution.h"

static const char stages[ATTRIBUTION_STAGES_MAX][ATTRIBUTION_STAGE_BYTES] = {"a", "b", "c", "d", "e",
                                                                             "f", "g", "h", "i", "j"};
static struct attribution_texts texts;
static struct attribution_game game;

static void make(unsigned n, const double *worth) {
  free(game.worth);
  memset(&game, 0, sizeof game);
  game.worth = calloc((size_t)1 << n, sizeof *game.worth);
  assert_non_null(game.worth);
  for (unsigned s = 0; s < 1u << n; s++) game.worth[s].value = worth[s];
}

static void solve(unsigned n) {
  struct fault fault = {0};
  if (!attribution_game_solve(stages, n, &game, &texts, &fault)) fail_msg("%s", fault.message);
}

static int let_go(void **state) {
  (void)state;
  for (unsigned i = 0; i < texts.count; i++) free(texts.texts[i]);
  free(texts.texts);
  free(game.worth);
  return 0;
}

static void check(struct figure figure, double wanted) {
  if (figure.missing) fail_msg("missing: %s", figure.missing);
  if (fabs(figure.value - wanted) > 1e-12) fail_msg("%.17g, expected %.17g", figure.value, wanted);
}

static void check_shares(enum attribution_method method, unsigned n, const double *wanted) {
  for (unsigned i = 0; i < n; i++) check(game.share[method][i], wanted[i]);
}

static void additive(void **state) {
  (void)state;
  const double each[] = {5, -2, 0.5};
  double worth[8];
  for (unsigned s = 0; s < 8; s++) {
    worth[s] = 10 + (s & 1 ? each[0] : 0) + (s & 2 ? each[1] : 0) + (s & 4 ? each[2] : 0);
  }
  make(3, worth);
  solve(3);
  for (unsigned m = 0; m < ATTRIBUTION_METHOD_COUNT; m++) check_shares((enum attribution_method)m, 3, each);
  check(game.total, 3.5);
  for (unsigned i = 0; i < 3; i++) {
    for (unsigned j = 0; j < 3; j++) {
      if (i != j) check(game.interaction[i][j], 0);
    }
  }
}

/* A leaves 1/2, B 1/4 of what is there: 1024, 512, 256, 128 bytes. */
static void multiplicative(void **state) {
  (void)state;
  const double bytes[] = {-1024, -512, -256, -128}, logs[] = {-10, -9, -8, -7};
  make(2, bytes);
  solve(2);
  check_shares(ATTRIBUTION_MARGINAL, 2, (const double[]){512, 384});
  check_shares(ATTRIBUTION_ALONE, 2, (const double[]){512, 768});
  check_shares(ATTRIBUTION_LEAVE_ONE_OUT, 2, (const double[]){128, 384});
  check_shares(ATTRIBUTION_SHAPLEY, 2, (const double[]){320, 576});
  check(game.total, 896);
  check(game.interaction[0][1], -384);
  check(game.interaction[1][0], -384);
  make(2, logs);
  solve(2);
  for (unsigned m = 0; m < ATTRIBUTION_METHOD_COUNT; m++)
    check_shares((enum attribution_method)m, 2, (const double[]){1, 2});
  check(game.interaction[0][1], 0);
}

/* Worth something only with both A and B; C is for nothing. */
static void synergy(void **state) {
  (void)state;
  make(3, (const double[]){0, 0, 0, 1, 0, 0, 0, 1});
  solve(3);
  check_shares(ATTRIBUTION_SHAPLEY, 3, (const double[]){0.5, 0.5, 0});
  check_shares(ATTRIBUTION_MARGINAL, 3, (const double[]){0, 1, 0});
  check_shares(ATTRIBUTION_ALONE, 3, (const double[]){0, 0, 0});
  check_shares(ATTRIBUTION_LEAVE_ONE_OUT, 3, (const double[]){1, 1, 0});
  check(game.interaction[0][1], 1);
  check(game.interaction[0][2], 0);
  check(game.interaction[1][2], 0);
}

/* A glove for the left hand (A) and two for the right (B, C); the classic shares are 2/3, 1/6, 1/6. B and C
 * stand in for each other: nothing without A, -1 with it. Any two of three: all alike, no interaction in the mean. */
static void gloves_and_majority(void **state) {
  (void)state;
  make(3, (const double[]){0, 0, 0, 1, 0, 1, 0, 1});
  solve(3);
  check_shares(ATTRIBUTION_SHAPLEY, 3, (const double[]){2.0 / 3, 1.0 / 6, 1.0 / 6});
  check(game.interaction[1][2], -0.5);
  check(game.interaction[0][1], 0.5); /* 1 without C, 0 with it */
  make(3, (const double[]){0, 0, 0, 1, 0, 1, 1, 1});
  solve(3);
  check_shares(ATTRIBUTION_SHAPLEY, 3, (const double[]){1.0 / 3, 1.0 / 3, 1.0 / 3});
  check(game.interaction[0][1], 0);
}

static void one_stage(void **state) {
  (void)state;
  make(1, (const double[]){-100, -40});
  solve(1);
  for (unsigned m = 0; m < ATTRIBUTION_METHOD_COUNT; m++)
    check_shares((enum attribution_method)m, 1, (const double[]){60});
}

/* The definition: the mean over all orders of what each stage adds when its turn comes. */
static void add_orders(const double *worth, unsigned n, unsigned there, double *sums, unsigned *orders) {
  if (there == (1u << n) - 1) ++*orders;
  for (unsigned i = 0; i < n; i++) {
    if (there >> i & 1u) continue;
    unsigned before = *orders;
    add_orders(worth, n, there | 1u << i, sums, orders);
    sums[i] += (*orders - before) * (worth[there | 1u << i] - worth[there]);
  }
}

static void mean_over_orders(void **state) {
  (void)state;
  double worth[32], sums[5] = {0};
  unsigned orders = 0;
  srand(7);
  for (unsigned s = 0; s < 32; s++) worth[s] = rand() % 1000;
  make(5, worth);
  solve(5);
  add_orders(worth, 5, 0, sums, &orders);
  assert_int_equal(orders, 120);
  for (unsigned i = 0; i < 5; i++) check(game.share[ATTRIBUTION_SHAPLEY][i], sums[i] / orders);
}

static void ten_stages_add_up(void **state) {
  (void)state;
  static double worth[1024];
  double sum = 0;
  for (unsigned s = 0; s < 1024; s++) worth[s] = -1e6 * (rand() % 1000) / 7;
  make(10, worth);
  solve(10);
  for (unsigned i = 0; i < 10; i++) sum += game.share[ATTRIBUTION_SHAPLEY][i].value;
  assert_true(fabs(sum - (worth[1023] - worth[0])) < 1e-3);
}

/* The check of the sum is one that can fail: nothing adds up to what is not a number. */
static void what_does_not_add_up_is_refused(void **state) {
  (void)state;
  struct fault fault = {0};
  make(2, (const double[]){1, NAN, 3, 4});
  assert_false(attribution_game_solve(stages, 2, &game, &texts, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INTERNAL);
  assert_non_null(strstr(fault.message, "add up"));
}

static void check_missing(struct figure figure, const char *words, const char *more) {
  assert_non_null(figure.missing);
  if (!strstr(figure.missing, words) || !strstr(figure.missing, more)) fail_msg("%s", figure.missing);
}

static void missing_subsets(void **state) {
  (void)state;
  make(3, (const double[]){-100, -50, -40, -20, -30, -15, -12, -6});
  game.worth[4] = (struct attribution_worth){.gap = ATTRIBUTION_GAP_NOT_MEASURED, .why = "it is not there"};
  solve(3);
  check_shares(ATTRIBUTION_MARGINAL, 3, (const double[]){50, 30, 14}); /* does not need C alone */
  check_missing(game.share[ATTRIBUTION_ALONE][2], "c is not in this result", "--combos each`");
  check(game.share[ATTRIBUTION_ALONE][1], 60);
  check(game.share[ATTRIBUTION_LEAVE_ONE_OUT][2], 14);
  check_missing(game.share[ATTRIBUTION_SHAPLEY][0], "c is not in this result", "--combos all`");
  check_missing(game.interaction[0][1], "c is not in this result", "--combos all`");
  game.worth[5] = (struct attribution_worth){.gap = ATTRIBUTION_GAP_FAILED, .why = "it crashed"};
  solve(3);
  check_missing(game.share[ATTRIBUTION_LEAVE_ONE_OUT][1], "a+c failed (it crashed)",
                "--combos leave-one-out --restart`");
  check_missing(game.share[ATTRIBUTION_SHAPLEY][2],
                "of the 8 subsets of the stages 1 are not in this result and 1 failed", "--combos all`");
  game.worth[4] = game.worth[5] = (struct attribution_worth){.gap = ATTRIBUTION_GAP_NO_FIGURE, .why = "not readable"};
  game.worth[3] = (struct attribution_worth){.gap = ATTRIBUTION_GAP_NOT_MEASURED, .why = "it is not there"};
  solve(3);
  check_missing(game.share[ATTRIBUTION_ALONE][2], "c: not readable", "");
  check_missing(game.share[ATTRIBUTION_MARGINAL][1], "a+b is not in this result", "--combos cumulative`");
  check_missing(game.share[ATTRIBUTION_MARGINAL][2], "a+b is not in this result", "--combos cumulative`");
  game.worth[3].gap = ATTRIBUTION_GAP_NO_FIGURE;
  game.worth[3].why = "not readable";
  solve(3);
  check_missing(game.share[ATTRIBUTION_SHAPLEY][0], "3 of the 8 subsets have no such figure, a+b among them",
                "not readable");
  assert_null(strstr(game.share[ATTRIBUTION_SHAPLEY][0].missing, "--combos")); /* it would not help */
  game.worth[0] = (struct attribution_worth){.gap = ATTRIBUTION_GAP_NOT_MEASURED, .why = "it is not there"};
  solve(3);
  check_missing(game.total, "baseline is not in this result", "--combos leave-one-out`");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(additive),          cmocka_unit_test(multiplicative),
      cmocka_unit_test(synergy),           cmocka_unit_test(gloves_and_majority),
      cmocka_unit_test(one_stage),         cmocka_unit_test(mean_over_orders),
      cmocka_unit_test(ten_stages_add_up), cmocka_unit_test(what_does_not_add_up_is_refused),
      cmocka_unit_test(missing_subsets),
  };
  return cmocka_run_group_tests(tests, NULL, let_go);
}
