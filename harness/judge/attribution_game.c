/* SPDX-License-Identifier: MIT
 *
 * attribution_game.c - shares and interactions of one game; nothing here knows a result. */
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribution.h"

struct solver {
  const char (*stages)[ATTRIBUTION_STAGE_BYTES];
  unsigned n;
  struct attribution_game *game;
  struct attribution_texts *texts;
  bool out_of_memory;
};

void attribution_subset_name(const char (*stages)[ATTRIBUTION_STAGE_BYTES], unsigned stage_count, unsigned subset,
                             char text[ATTRIBUTION_SUBSET_BYTES]) {
  size_t used = 0;
  snprintf(text, ATTRIBUTION_SUBSET_BYTES, "%s", METRICS_BASELINE);
  for (unsigned i = 0; i < stage_count; i++) {
    if (!(subset >> i & 1u)) continue;
    used += (size_t)snprintf(text + used, ATTRIBUTION_SUBSET_BYTES - used, "%s%s", used ? "+" : "", stages[i]);
  }
}

/* The text stays until the attribution is closed; one that is there already is not kept twice. */
static const char *keep_text(struct solver *solver, const char *text) {
  struct attribution_texts *texts = solver->texts;
  for (unsigned i = 0; i < texts->count; i++) {
    if (strcmp(texts->texts[i], text) == 0) return texts->texts[i];
  }
  char *copy = strdup(text);
  char **grown = copy ? realloc(texts->texts, (texts->count + 1) * sizeof *grown) : NULL;
  if (!grown) {
    free(copy);
    solver->out_of_memory = true;
    return "out of memory";
  }
  texts->texts = grown;
  return texts->texts[texts->count++] = copy;
}

static struct figure missing(struct solver *solver, const char *format, ...) __attribute__((format(printf, 2, 3)));
static struct figure missing(struct solver *solver, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return (struct figure){.missing = keep_text(solver, text)};
}

/* What a figure that needs `combos` lacks: one subset, and how to come by it. */
static struct figure gap_of(struct solver *solver, unsigned subset, const char *combos) {
  const struct attribution_worth *worth = &solver->game->worth[subset];
  char name[ATTRIBUTION_SUBSET_BYTES];
  attribution_subset_name(solver->stages, solver->n, subset, name);
  switch (worth->gap) {
    case ATTRIBUTION_GAP_NOT_MEASURED:
      return missing(solver,
                     "%s is not in this result; `phasebench run --combos %s` measures it, if its stages are of "
                     "the standard order; others must be named",
                     name, combos);
    case ATTRIBUTION_GAP_FAILED:
      return missing(solver, "%s failed (%s); it must be measured again, as by `phasebench run --combos %s --restart`",
                     name, worth->why, combos);
    default:
      return missing(solver, "%s: %s", name, worth->why);
  }
}

static struct figure difference(struct solver *solver, unsigned with, unsigned without, const char *combos) {
  const struct attribution_worth *worth = solver->game->worth;
  if (worth[without].gap) return gap_of(solver, without, combos);
  if (worth[with].gap) return gap_of(solver, with, combos);
  return (struct figure){.value = worth[with].value - worth[without].value};
}

/* NULL in .missing where every subset has a worth; else how many have none, and of which kind. */
static struct figure gap_of_all(struct solver *solver) {
  unsigned subsets = 1u << solver->n, counts[ATTRIBUTION_GAP_NO_FIGURE + 1] = {0}, first = subsets;
  for (unsigned s = subsets; s > 0; s--) {
    enum attribution_gap gap = solver->game->worth[s - 1].gap;
    counts[gap]++;
    if (gap) first = s - 1;
  }
  unsigned gaps = subsets - counts[ATTRIBUTION_GAP_NONE];
  if (gaps == 0) return (struct figure){0};
  if (gaps == 1) return gap_of(solver, first, "all");
  char name[ATTRIBUTION_SUBSET_BYTES];
  attribution_subset_name(solver->stages, solver->n, first, name);
  if (counts[ATTRIBUTION_GAP_NOT_MEASURED] == 0 && counts[ATTRIBUTION_GAP_FAILED] == 0)
    return missing(solver, "%u of the %u subsets have no such figure, %s among them: %s", gaps, subsets, name,
                   solver->game->worth[first].why);
  return missing(solver,
                 "of the %u subsets of the stages %u are not in this result and %u failed, %s among them; "
                 "`phasebench run --combos all` measures them, if the stages are of the standard order; others must be "
                 "named",
                 subsets, counts[ATTRIBUTION_GAP_NOT_MEASURED], counts[ATTRIBUTION_GAP_FAILED], name);
}

static unsigned size_of(unsigned subset) { return (unsigned)__builtin_popcount(subset); }

/* s! (n - s - 1)! / n!: the share of the orders in which just the s stages of a subset precede a stage. */
static double shapley_weight(unsigned n, unsigned s) { return 1 / (n * gsl_sf_choose(n - 1, s)); }

static double shapley(const struct solver *solver, unsigned stage) {
  const struct attribution_worth *worth = solver->game->worth;
  double sum = 0;
  for (unsigned s = 0; s < 1u << solver->n; s++) {
    if (s >> stage & 1u) continue;
    sum += shapley_weight(solver->n, size_of(s)) * (worth[s | 1u << stage].value - worth[s].value);
  }
  return sum;
}

static double interaction(const struct solver *solver, unsigned a, unsigned b) {
  const struct attribution_worth *worth = solver->game->worth;
  unsigned i = 1u << a, j = 1u << b;
  double sum = 0;
  for (unsigned s = 0; s < 1u << solver->n; s++) {
    if (s & (i | j)) continue;
    sum += shapley_weight(solver->n - 1, size_of(s)) *
           (worth[s | i | j].value - worth[s | i].value - worth[s | j].value + worth[s].value);
  }
  return sum;
}

/* Efficiency: together the stages are worth what they are worth together. Rounding is below 1e-9 of the largest
 * worth by far, for 2^10 subsets too. */
static bool adds_up(const struct solver *solver, struct fault *fault) {
  double sum = 0, largest = 0;
  for (unsigned i = 0; i < solver->n; i++) sum += solver->game->share[ATTRIBUTION_SHAPLEY][i].value;
  for (unsigned s = 0; s < 1u << solver->n; s++) largest = fmax(largest, fabs(solver->game->worth[s].value));
  if (fabs(sum - solver->game->total.value) <= 1e-9 * largest) return true;
  return fault_set(fault, EXIT_CODE_INTERNAL, "the Shapley shares add up to %.17g, and all stages are worth %.17g", sum,
                   solver->game->total.value);
}

static void solve_differences(struct solver *solver) {
  struct attribution_game *game = solver->game;
  unsigned all = (1u << solver->n) - 1;
  game->total = difference(solver, all, 0, "leave-one-out");
  for (unsigned i = 0; i < solver->n; i++) {
    unsigned bit = 1u << i;
    game->share[ATTRIBUTION_MARGINAL][i] = difference(solver, bit | (bit - 1), bit - 1, "cumulative");
    game->share[ATTRIBUTION_ALONE][i] = difference(solver, bit, 0, "each");
    game->share[ATTRIBUTION_LEAVE_ONE_OUT][i] = difference(solver, all, all & ~bit, "leave-one-out");
  }
}

bool attribution_game_solve(const char (*stages)[ATTRIBUTION_STAGE_BYTES], unsigned stage_count,
                            struct attribution_game *game, struct attribution_texts *texts, struct fault *fault) {
  struct solver solver = {stages, stage_count, game, texts, false};
  solve_differences(&solver);
  struct figure gap = gap_of_all(&solver);
  for (unsigned i = 0; i < stage_count; i++) {
    game->share[ATTRIBUTION_SHAPLEY][i] = gap.missing ? gap : (struct figure){.value = shapley(&solver, i)};
    for (unsigned j = 0; j < i; j++) {
      struct figure pair = gap.missing ? gap : (struct figure){.value = interaction(&solver, i, j)};
      game->interaction[i][j] = game->interaction[j][i] = pair;
    }
  }
  if (solver.out_of_memory) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the attribution");
  return gap.missing || adds_up(&solver, fault);
}
