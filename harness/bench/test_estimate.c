/* SPDX-License-Identifier: MIT
 *
 * The estimate on trees whose information is known: what repeats itself costs next to nothing, what is
 * drawn costs what drawing it takes, and each part is booked where it belongs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/random.h"
#include "estimate.h"
#include "stage_check.h"

#define LINES 4000u
#define LG_LINES 18u

static char text[LINES * 64 + 1];

static struct estimate_bits bits_of(const char *language, const char *const *texts, unsigned count) {
  const TSLanguage *grammar = check_grammar(language);
  struct estimate_model *model = estimate_model_new(grammar, LG_LINES);
  struct estimate_bits bits = {.node_count = 0};
  struct fault fault = {0};
  assert_non_null(model);
  for (unsigned i = 0; i < count; i++) {
    TSTree *tree = check_parse(grammar, texts[i], strlen(texts[i]));
    uint64_t before = bits.node_count;
    if (!estimate_add(model, tree, &bits, &fault)) fail_msg("%s", fault.message);
    assert_int_equal(bits.node_count - before, ts_node_descendant_count(ts_tree_root_node(tree)));
    ts_tree_delete(tree);
  }
  estimate_model_free(model);
  return bits;
}

static double all(const struct estimate_bits *bits) {
  double sum = 0;
  for (unsigned p = 0; p < ESTIMATE_PART_COUNT; p++) sum += bits->of[p];
  return sum;
}

/* LINES lines, each made by `line`; what it costs in all. */
typedef unsigned line_fn(struct random_stream *stream, char *to);
static struct estimate_bits bits_of_lines(line_fn *line) {
  struct random_stream stream = {1};
  char *at = text;
  for (unsigned i = 0; i < LINES; i++) at += line(&stream, at);
  *at = 0;
  return bits_of("c", (const char *const[]){text}, 1);
}

static unsigned same_line(struct random_stream *stream, char *to) {
  (void)stream;
  return (unsigned)sprintf(to, "int name = 1;\n");
}
/* A name of 1, 2, 3 or 4 letters. */
static unsigned drawn_length(struct random_stream *stream, char *to) {
  return (unsigned)sprintf(to, "int %.*s = 1;\n", (int)random_below(stream, 4) + 1, "abcd");
}
/* 1 or 2 spaces. */
static unsigned drawn_space(struct random_stream *stream, char *to) {
  return (unsigned)sprintf(to, "int%s name = 1;\n", random_below(stream, 2) ? "" : " ");
}
/* A number or a name. */
static unsigned drawn_kind(struct random_stream *stream, char *to) {
  return (unsigned)sprintf(to, "int name = %s;\n", random_below(stream, 2) ? "1" : "a");
}
/* One argument, or one more after each with the chance of a coin. */
static unsigned drawn_count(struct random_stream *stream, char *to) {
  unsigned n = (unsigned)sprintf(to, "int a = f(1");
  for (unsigned i = 0; i < 5 && random_below(stream, 2); i++) n += (unsigned)sprintf(to + n, ",1");
  return n + (unsigned)sprintf(to + n, ");\n");
}

static void what_repeats_itself_costs_nothing(void **state) {
  (void)state;
  struct estimate_bits bits = bits_of_lines(same_line);
  double each = all(&bits) / (double)bits.node_count;
  if (each > 0.03) fail_msg("%f bits a node", each); /* kinds, when they are met first */
}

/* `part` costs `expected` bits a line, and the others next to nothing. */
static void costs_a_line(line_fn *line, enum estimate_part part, double expected, double slack) {
  struct estimate_bits bits = bits_of_lines(line);
  double found = bits.of[part] / LINES, rest = (all(&bits) - bits.of[part]) / LINES;
  if (found < expected - slack / 4 || found > expected + slack)
    fail_msg("%s: %f bits a line, expected %f", estimate_part_key(part), found, expected);
  if (rest > 0.15) fail_msg("beside %s: %f bits a line", estimate_part_key(part), rest);
}

static void what_is_drawn_costs_its_entropy(void **state) {
  (void)state;
  costs_a_line(drawn_length, ESTIMATE_LENGTHS, 2, 0.15);
  costs_a_line(drawn_space, ESTIMATE_PADDINGS, 1, 0.15);
  costs_a_line(drawn_kind, ESTIMATE_KINDS, 1, 0.15);
  /* 5 coins at the most: 1 + 1/2 + 1/4 + 1/8 + 1/16. That a ')' follows is told by the kinds. */
  costs_a_line(drawn_count, ESTIMATE_KINDS, 1.9375, 0.25);
}

/* A text that was met before is cheaper than the first time: the model of a language goes on. */
static void a_second_document_is_cheaper(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(check_texts); i++) {
    if (strlen(check_texts[i].text) < 40) continue;
    const char *const texts[] = {check_texts[i].text, check_texts[i].text};
    struct estimate_bits once = bits_of(check_texts[i].language, texts, 1);
    struct estimate_bits twice = bits_of(check_texts[i].language, texts, 2);
    assert_int_equal(twice.node_count, 2 * once.node_count);
    if (all(&twice) > 1.7 * all(&once)) fail_msg("text %zu: %f bits, then %f", i, all(&once), all(&twice));
  }
}

/* Every part is at least 0, also of texts with errors, odd paddings, and none at all. */
static void all_texts_are_coded(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(check_texts); i++) {
    struct estimate_bits bits = bits_of(check_texts[i].language, (const char *const[]){check_texts[i].text}, 1);
    for (unsigned p = 0; p < ESTIMATE_PART_COUNT; p++) assert_true(bits.of[p] >= 0 && bits.of[p] < 1e6);
    assert_true(bits.of[ESTIMATE_KINDS] > 5); /* its first kind has to be told */
  }
}

static void a_very_deep_tree_is_coded(void **state) {
  (void)state;
  size_t bytes;
  char *deep = check_deep_text(20000, &bytes);
  struct estimate_bits bits = bits_of("javascript", (const char *const[]){deep}, 1);
  assert_true(bits.node_count > 60000);
  assert_true(all(&bits) / (double)bits.node_count < 0.1);
  free(deep);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_repeats_itself_costs_nothing), cmocka_unit_test(what_is_drawn_costs_its_entropy),
      cmocka_unit_test(a_second_document_is_cheaper),      cmocka_unit_test(all_texts_are_coded),
      cmocka_unit_test(a_very_deep_tree_is_coded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
