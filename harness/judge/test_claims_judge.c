/* SPDX-License-Identifier: MIT
 *
 * Verdicts at the edges of what was claimed, what an interval does to them, figures of two combinations, and
 * contradictions of ledgers that are made up here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/size.h"
#include "claims_contradict.h"

#define REPETITIONS 6

/* ---- a result, as far as these metrics look at it ---- */

struct made {
  struct result result;
  struct result_cell cells[2][REPETITIONS];
  const struct result_cell *pointers[2][REPETITIONS];
  struct result_group groups[2];
  struct metrics metrics[2];
};

/* Memory above `start` at `purged`, in MiB, of a combination. */
static void set_memory(struct made *made, unsigned group, unsigned repetition, double mib) {
  made->cells[group][repetition].checkpoints[CHECKPOINT_PURGED].probe[PROBE_RSS].value = mib * MIB;
  for (unsigned g = 0; g < 2; g++) metrics_forget(&made->metrics[g]);
}

static void free_made(struct made *made) {
  for (unsigned g = 0; g < 2; g++) metrics_forget(&made->metrics[g]);
  free(made);
}

static void make(struct made *made, unsigned repetitions, double baseline_mib, double p1_mib) {
  static const char *const names[] = {"baseline", "p1"};
  *made = (struct made){.result = {.path = "made", .corpus = "here", .lines = 1000, .repetitions = repetitions}};
  for (unsigned g = 0; g < 2; g++) {
    for (unsigned r = 0; r < repetitions; r++) {
      made->pointers[g][r] = &made->cells[g][r];
      set_memory(made, g, r, g ? p1_mib : baseline_mib);
    }
    made->groups[g] = (struct result_group){.combination = names[g],
                                            .profile = "strict",
                                            .cells = made->pointers[g],
                                            .cell_count = repetitions,
                                            .ok = true,
                                            .metrics = &made->metrics[g]};
  }
  made->result.groups = made->groups;
  made->result.group_count = 2;
}

/* p1 is claimed to take 50 % off the baseline, give or take 2; refuted where it takes nothing off. */
static struct claim claim_of_reduction(void) {
  return (struct claim){.id = "c",
                        .says = "c",
                        .combination = "p1",
                        .against = "baseline",
                        .metric = "marginal_reduction_pct",
                        .unit = "%",
                        .value = 50,
                        .value_to = 50,
                        .tolerance = 2,
                        .larger_is_better = true};
}

/* p1 is claimed to take 1 to 2 MiB, give or take 1/8; refuted from 4 MiB on. */
static struct claim claim_of_rss(void) {
  return (struct claim){.id = "c",
                        .says = "c",
                        .combination = "p1",
                        .metric = "rss_above_start_bytes",
                        .unit = "bytes",
                        .value = 1 * MIB,
                        .value_to = 2 * MIB,
                        .tolerance = 0.125 * MIB,
                        .refuted_at = 4 * MIB};
}

static enum claim_verdict verdict_at(const struct claim *claim, double baseline_mib, double p1_mib) {
  struct made *made = malloc(sizeof *made);
  assert_non_null(made);
  make(made, REPETITIONS, baseline_mib, p1_mib);
  struct claim_judgement judgement = claim_judge(claim, &made->result, "strict", "purged");
  free_made(made);
  assert_null(judgement.measured.missing);
  return judgement.verdict;
}

static void edges_where_larger_is_better(void **state) {
  (void)state;
  struct claim claim = claim_of_reduction();
  assert_int_equal(verdict_at(&claim, 100, 47.9), CLAIM_EXCEEDED);
  assert_int_equal(verdict_at(&claim, 100, 48), CLAIM_REPRODUCED);
  assert_int_equal(verdict_at(&claim, 100, 52), CLAIM_REPRODUCED);
  assert_int_equal(verdict_at(&claim, 100, 52.1), CLAIM_SMALLER);
  assert_int_equal(verdict_at(&claim, 100, 99.9), CLAIM_SMALLER);
  assert_int_equal(verdict_at(&claim, 100, 100), CLAIM_REFUTED);
  assert_string_equal(claim_verdict_text(&claim, CLAIM_SMALLER), "smaller than claimed");
}

static void edges_of_a_range_where_smaller_is_better(void **state) {
  (void)state;
  struct claim claim = claim_of_rss();
  assert_int_equal(verdict_at(&claim, 9, 0.75), CLAIM_EXCEEDED);
  assert_int_equal(verdict_at(&claim, 9, 0.875), CLAIM_REPRODUCED);
  assert_int_equal(verdict_at(&claim, 9, 2.125), CLAIM_REPRODUCED);
  assert_int_equal(verdict_at(&claim, 9, 2.25), CLAIM_SMALLER);
  assert_int_equal(verdict_at(&claim, 9, 4), CLAIM_REFUTED);
  assert_string_equal(claim_verdict_text(&claim, CLAIM_SMALLER), "larger than claimed");
  char text[CLAIM_TEXT_BYTES];
  claim_claimed_text(&claim, text, sizeof text);
  assert_string_equal(text, "1.00 to 2.00 MiB");
}

/* Memory in the repetitions 1 to 6 of p1 decides what the interval, which is all of them, reaches. */
static void the_interval_settles_or_not(void **state) {
  (void)state;
  struct claim claim = claim_of_reduction();
  struct made *made = malloc(sizeof *made);
  char text[CLAIM_TEXT_BYTES];
  assert_non_null(made);
  make(made, REPETITIONS, 100, 50);
  struct claim_judgement judgement = claim_judge(&claim, &made->result, "strict", "purged");
  assert_true(judgement.verdict == CLAIM_REPRODUCED && judgement.decided && judgement.reaches == CLAIM_REPRODUCED);
  claim_judgement_text(&claim, &judgement, text, sizeof text);
  assert_string_equal(text, "reproduced");
  set_memory(made, 1, 3, 40); /* 60 %: exceeded */
  judgement = claim_judge(&claim, &made->result, "strict", "purged");
  assert_true(judgement.verdict == CLAIM_REPRODUCED && !judgement.decided && judgement.reaches == CLAIM_EXCEEDED);
  set_memory(made, 1, 4, 120); /* -20 %: refuted, the worse of the two */
  judgement = claim_judge(&claim, &made->result, "strict", "purged");
  assert_true(judgement.verdict == CLAIM_REPRODUCED && !judgement.decided && judgement.reaches == CLAIM_REFUTED);
  claim_judgement_text(&claim, &judgement, text, sizeof text);
  assert_string_equal(text, "reproduced, but the interval reaches \"refuted\"");
  claim_interval_text(&claim, &judgement.measured, text, sizeof text);
  assert_string_equal(text, "96.88 % interval -20.00 to 60.00 %, n = 6");
  free_made(made);
}

static void one_repetition_settles_nothing(void **state) {
  (void)state;
  struct claim claim = claim_of_reduction();
  struct made *made = malloc(sizeof *made);
  char text[CLAIM_TEXT_BYTES];
  assert_non_null(made);
  make(made, 1, 100, 50);
  struct claim_judgement judgement = claim_judge(&claim, &made->result, "strict", "purged");
  assert_true(judgement.verdict == CLAIM_REPRODUCED && !judgement.decided && judgement.reaches == CLAIM_REPRODUCED);
  claim_interval_text(&claim, &judgement.measured, text, sizeof text);
  assert_string_equal(text, "one repetition, which has no interval");
  claim_cells_text(&claim, &made->result, "strict", text, sizeof text);
  assert_string_equal(text, "p1 and baseline, profile strict, one repetition");
  free_made(made);
}

/* Pairs: repetition 2 had more of both, which a ratio of medians would not know. */
static void figures_of_two_combinations(void **state) {
  (void)state;
  struct made *made = malloc(sizeof *made);
  const char *unit;
  assert_non_null(made);
  make(made, 3, 100, 25);
  set_memory(made, 0, 1, 200);
  set_memory(made, 1, 1, 50);
  const struct result_group *baseline = &made->groups[0], *p1 = &made->groups[1];
  struct summary found = metrics_find_against(&made->result, p1, baseline, "marginal_reduction_pct", "purged", &unit);
  assert_true(!found.missing && found.median == 75 && found.min == 75 && found.max == 75 && found.n == 3);
  assert_string_equal(unit, "%");
  found = metrics_find_against(&made->result, p1, baseline, "lines_per_mib_factor", "purged", &unit);
  assert_true(!found.missing && fabs(found.median - 4) < 1e-9);
  found = metrics_find_against(&made->result, p1, baseline, "added.rss_above_start_bytes", "purged", &unit);
  assert_true(!found.missing && found.median == -75 * MIB && found.min == -150 * MIB);
  assert_string_equal(unit, "bytes");
  assert_non_null(metrics_find_against(&made->result, p1, NULL, "lines_per_mib_factor", "purged", &unit).missing);
  assert_non_null(metrics_find_against(&made->result, p1, baseline, "lines_per_mib_factor", "start", &unit).missing);
  assert_non_null(metrics_find_against(&made->result, p1, baseline, "added.nothing", "purged", &unit).missing);
  made->groups[0].cell_count = 2;
  assert_non_null(metrics_find_against(&made->result, p1, baseline, "lines_per_mib_factor", "purged", &unit).missing);
  assert_true(metrics_is_of_pair("added.x") && !metrics_is_of_pair("reduction_pct"));
  free_made(made);
}

static void numbers(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } wanted[] = {{0, "0.00"},           {-3975.79, "-3,976"}, {1234567, "1,234,567"},
                {999.5, "999.50"},     {-0.5, "-0.500"},     {0.00013, "0.0001"},
                {-100000, "-100,000"}, {1e20, "1e+20"},      {-INFINITY, "-inf"}};
  char text[80];
  for (size_t i = 0; i < COUNT(wanted); i++) {
    claim_number_text(wanted[i].value, text, sizeof text);
    assert_string_equal(text, wanted[i].text);
  }
}

/* ---- ledgers ---- */

struct says {
  const char *id, *combination, *against, *metric, *unit;
  double value, rounding;
  const char *corpus; /* NULL: any */
};

#define MINUS(id, combination, against, value) \
  { id, combination, against, "marginal_reduction_pct", "%", value, 0.5, NULL }

static void write_ledger(FILE *file, const struct says *says, unsigned count, const char *lines) {
  fprintf(file, "{\"schema\": \"phasebench-claims-1\", \"sources\": {\"s\": \"here\"}, %s \"claims\": [", lines);
  for (unsigned i = 0; i < count; i++) {
    const struct says *s = &says[i];
    fprintf(file, "%s{\"id\": \"%s\", \"says\": \"x\", \"source\": \"s\", \"text\": \"x\", \"combination\": \"%s\"",
            i ? ", " : "", s->id, s->combination);
    if (s->against) fprintf(file, ", \"against\": \"%s\"", s->against);
    fprintf(file, ", \"metric\": \"%s\", \"unit\": \"%s\", \"checkpoints\": [\"purged\"], \"corpora\": [", s->metric,
            s->unit);
    if (s->corpus) fprintf(file, "\"%s\"", s->corpus);
    fprintf(file, "], \"value\": %.17g, \"tolerance\": 0, \"rounding\": %.17g, \"refuted_at\": -1e12, ", s->value,
            s->rounding);
    fputs("\"better\": \"larger\"}", file);
  }
  fputs("]}", file);
}

/* The contradictions of a ledger; the first one's sentence. */
static unsigned contradictions_of(const struct says *says, unsigned count, const char *lines, char *sentence) {
  char path[] = "/tmp/test_claims.XXXXXX";
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  FILE *file = fdopen(descriptor, "w");
  assert_non_null(file);
  write_ledger(file, says, count, lines);
  assert_int_equal(fclose(file), 0);
  struct fault fault = {0};
  struct claims *claims;
  struct claim_contradictions found;
  if (!claims_open(path, &claims, &fault)) fail_msg("%s", fault.message);
  unlink(path);
  assert_true(claims_contradictions(claims, &found, &fault));
  assert_false(found.cut_off);
  sentence[0] = '\0';
  if (found.count) claim_contradiction_text(claims, &found.list[0], sentence, 4096);
  unsigned contradictions = found.count;
  claims_contradictions_free(&found);
  claims_close(claims);
  return contradictions;
}

#define CONTRADICTIONS(says, lines, sentence) contradictions_of(says, COUNT(says), lines, sentence)

static void phases_that_do_not_add_up(void **state) {
  (void)state;
  char sentence[4096];
  /* 1 - 0.5 * 0.5 = 75 % */
  const struct says good[] = {MINUS("a", "p1", "baseline", 50), MINUS("b", "p1+p2", "p1", 50),
                              MINUS("ab", "p1+p2", "baseline", 75)};
  assert_int_equal(CONTRADICTIONS(good, "", sentence), 0);
  const struct says bad[] = {MINUS("a", "p1", "baseline", 50), MINUS("b", "p1+p2", "p1", 50),
                             MINUS("ab", "p1+p2", "baseline", 80)};
  assert_int_equal(CONTRADICTIONS(bad, "", sentence), 1);
  assert_string_equal(sentence,
                      "how much less memory p1+p2 needs than baseline is 80.00 % (ab), but "
                      "1 - (1 - 0.5) * (1 - 0.5) = 75.00 % (a, b)");
  /* Three phases, without figures between. */
  const struct says chain[] = {MINUS("a", "p1", "baseline", 50), MINUS("b", "p1+p2", "p1", 50),
                               MINUS("c", "p1+p2+p3", "p1+p2", 50), MINUS("abc", "p1+p2+p3", "baseline", 90)};
  assert_int_equal(CONTRADICTIONS(chain, "", sentence), 1);
  assert_non_null(strstr(sentence, "1 - (1 - 0.5) * (1 - 0.5) * (1 - 0.5) = 87.50 % (a, b, c)"));
  /* Only by way of taking a phase back. */
  const struct says back[] = {MINUS("ab", "p1+p2", "baseline", 80),
                              MINUS("b", "p1+p2", "p1", 50),
                              {"f", "p1", "baseline", "lines_per_mib_factor", "times", 9, 0.1, NULL}};
  assert_int_equal(CONTRADICTIONS(back, "", sentence), 1);
}

static void bytes_and_lines(void **state) {
  (void)state;
  char sentence[4096];
  struct says says[] = {{"m", "p1", NULL, "rss_above_start_bytes", "bytes", 2 * MIB, 0, "c"},
                        {"l", "p1", NULL, "lines_per_mib", "lines/MiB", 500, 1, "c"}};
  assert_int_equal(CONTRADICTIONS(says, "\"lines\": {\"c\": 1000},", sentence), 0);
  assert_int_equal(CONTRADICTIONS(says, "\"lines\": {\"c\": 8000},", sentence), 1);
  assert_string_equal(sentence,
                      "how much memory p1 needs, on c, is 2.00 MiB (m), but "
                      "8,000 lines / 500.00 lines/MiB = 16.00 MiB (l)");
  /* Nothing ties them together: of another corpus, or no lines known. */
  assert_int_equal(CONTRADICTIONS(says, "\"lines\": {\"d\": 8000},", sentence), 0);
  assert_int_equal(CONTRADICTIONS(says, "", sentence), 0);
  says[1].corpus = "d";
  assert_int_equal(CONTRADICTIONS(says, "\"lines\": {\"c\": 8000, \"d\": 8000},", sentence), 0);
  says[1].corpus = NULL; /* any corpus, so of c, too */
  assert_int_equal(CONTRADICTIONS(says, "\"lines\": {\"c\": 8000},", sentence), 1);
}

static void a_factor_is_a_reduction(void **state) {
  (void)state;
  char sentence[4096];
  struct says says[] = {{"times", "p1", "baseline", "lines_per_mib_factor", "times", 4, 0.05, NULL},
                        MINUS("less", "p1", "baseline", 75)};
  assert_int_equal(CONTRADICTIONS(says, "", sentence), 0);
  says[1].value = 96;
  assert_int_equal(CONTRADICTIONS(says, "", sentence), 1);
  assert_string_equal(sentence,
                      "how much less memory p1 needs than baseline is 1 - 1 / 4.00 = 75.00 % (times), but "
                      "96.00 % (less)");
  says[1].rounding = 25; /* rounded to quarters it is no contradiction */
  assert_int_equal(CONTRADICTIONS(says, "", sentence), 0);
}

static void other_metrics(void **state) {
  (void)state;
  char sentence[4096];
  struct says says[] = {{"a", "p1", "baseline", "added.walk_ns", "ns", 5e6, 1, NULL},
                        {"b", "p1+p2", "p1", "added.walk_ns", "ns", 2e6, 1, NULL},
                        {"ab", "p1+p2", "baseline", "added.walk_ns", "ns", 7e6, 1, NULL}};
  assert_int_equal(CONTRADICTIONS(says, "", sentence), 0);
  says[2].value = 9e6;
  assert_int_equal(CONTRADICTIONS(says, "", sentence), 1);
  assert_string_equal(sentence,
                      "what p1+p2 adds to walk_ns of baseline is 9.00 ms (ab), but "
                      "5.00 ms + 2.00 ms = 7.00 ms (a, b)");
  const struct says values[] = {{"a", "p1", NULL, "tree_bits_per_node", "bits/node", 4, 0.1, NULL},
                                {"b", "p1", NULL, "tree_bits_per_node", "bits/node", 5, 0.1, NULL},
                                {"c", "p2", NULL, "tree_bits_per_node", "bits/node", 9, 0.1, NULL}};
  assert_int_equal(CONTRADICTIONS(values, "", sentence), 1);
  assert_string_equal(sentence, "tree_bits_per_node of p1 is 4.00 bits/node (a), but 5.00 bits/node (b)");
}

/* More claims that agree with either side are told with it, and the same contradiction is not told again. */
static void told_once(void **state) {
  (void)state;
  char sentence[4096];
  const struct says says[] = {MINUS("a", "p1", "baseline", 50),
                              MINUS("b", "p1", "baseline", 90),
                              {"a-times", "p1", "baseline", "lines_per_mib_factor", "times", 2, 0.05, NULL},
                              {"base", "baseline", NULL, "lines_per_mib", "lines/MiB", 100, 0.5, "c"},
                              {"p1", "p1", NULL, "lines_per_mib", "lines/MiB", 1000, 0.5, "c"}};
  assert_int_equal(CONTRADICTIONS(says, "", sentence), 2); /* of any corpus, and what is added on c */
  assert_non_null(strstr(sentence, "50.00 % (a) and 1 - 1 / 2.00 = 50.00 % (a-times), but 90.00 % (b)"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(edges_where_larger_is_better),
      cmocka_unit_test(edges_of_a_range_where_smaller_is_better),
      cmocka_unit_test(the_interval_settles_or_not),
      cmocka_unit_test(one_repetition_settles_nothing),
      cmocka_unit_test(figures_of_two_combinations),
      cmocka_unit_test(numbers),
      cmocka_unit_test(phases_that_do_not_add_up),
      cmocka_unit_test(bytes_and_lines),
      cmocka_unit_test(a_factor_is_a_reduction),
      cmocka_unit_test(other_metrics),
      cmocka_unit_test(told_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
