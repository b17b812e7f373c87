/* SPDX-License-Identifier: MIT
 *
 * gate_judge.c - the verdict on each line, from the repetitions of both sides; the rules stand in gate.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "stats/statistics.h"

#define CLEAR_REPETITIONS 3 /* the least with which sets that lie apart count as apart, of memory */

static double threshold(const struct gate_line *line) {
  return fmax(line->rule->min_effect_pct / 100 * fabs(line->before), line->rule->min_effect);
}

static double least(const double *values, unsigned n) {
  double least = values[0];
  for (unsigned i = 1; i < n; i++) least = fmin(least, values[i]);
  return least;
}

static double greatest(const double *values, unsigned n) {
  double greatest = values[0];
  for (unsigned i = 1; i < n; i++) greatest = fmax(greatest, values[i]);
  return greatest;
}

static double range(const double *values, unsigned n) { return greatest(values, n) - least(values, n); }

static enum gate_verdict by_direction(const struct gate_line *line, bool grew) {
  if (line->rule->better == GATE_EQUAL) return GATE_IS_REGRESSED;
  return grew == (line->rule->better == GATE_SMALLER) ? GATE_IS_REGRESSED : GATE_IS_IMPROVED;
}

static void say(struct gate_line *line, enum gate_verdict verdict, const char *reason) {
  line->verdict = verdict;
  snprintf(line->reason, sizeof line->reason, "%s", reason);
}

/* ---- figures ---- */

static double noise_pct(const double *values, unsigned n) {
  struct summary summary = summary_of(values, n), noise = summary_range_pct(&summary);
  if (!noise.missing) return noise.median;
  return n >= 2 && range(values, n) == 0 ? 0 : NAN;
}

static void add_figures(struct gate_line *line) {
  line->before = line->after = line->change_pct = line->noise_pct = line->p = line->p_adjusted = NAN;
  double ratio;
  if (line->a) line->before = summary_of(line->a, line->a_count).median;
  if (line->b) line->after = summary_of(line->b, line->b_count).median;
  if (!line->a || !line->b) return;
  if (line->before > 0) line->change_pct = 100 * (line->after / line->before - 1);
  else if (line->before == line->after) line->change_pct = 0;
  if (line->rule->kind == GATE_RANK && statistics_shift_ratio(line->a, line->a_count, line->b, line->b_count, &ratio)) {
    line->change_pct = 100 * (ratio - 1);
  }
  /* fmax leaves NAN out. */
  line->noise_pct = fmax(noise_pct(line->a, line->a_count), noise_pct(line->b, line->b_count));
}

/* ---- without a test ---- */

static bool is_constant(const struct gate_line *line) {
  return range(line->a, line->a_count) == 0 && range(line->b, line->b_count) == 0;
}

static bool is_decided(const struct gate_line *line) {
  if (line->rule->kind == GATE_RANK) return false;
  return is_constant(line) && (line->rule->kind == GATE_EXACT || (line->a_count >= 2 && line->b_count >= 2));
}

static void judge_constant(struct gate_line *line) {
  double change = line->after - line->before;
  line->verdict = fabs(change) > threshold(line) ? by_direction(line, change > 0) : GATE_IS_UNCHANGED;
}

/* Too few repetitions for a test; see `modes` in gate.h. */
static void judge_apart(struct gate_line *line) {
  double allowed = threshold(line);
  double noise = fmax(range(line->a, line->a_count), range(line->b, line->b_count));
  double above = least(line->b, line->b_count) - greatest(line->a, line->a_count);
  double below = least(line->a, line->a_count) - greatest(line->b, line->b_count);
  bool inside = greatest(line->b, line->b_count) <= greatest(line->a, line->a_count) + allowed &&
                least(line->b, line->b_count) >= least(line->a, line->a_count) - allowed;
  bool enough = line->a_count >= CLEAR_REPETITIONS && line->b_count >= CLEAR_REPETITIONS;
  if (inside) line->verdict = GATE_IS_UNCHANGED;
  else if (enough && fmax(above, below) > allowed + noise) line->verdict = by_direction(line, above > 0);
  else say(line, GATE_IS_TOO_FEW, "some repetitions lie beyond what the baseline showed; more of them would tell");
}

/* ---- families of tests ---- */

static void judge_tested(struct gate_line *line, double alpha) {
  double shift = statistics_shift(line->a, line->a_count, line->b, line->b_count);
  line->verdict = GATE_IS_UNCHANGED;
  if (line->p_adjusted > alpha) return;
  bool ratio_is_enough =
      line->rule->kind != GATE_RANK || isnan(line->change_pct) || fabs(line->change_pct) >= line->rule->min_effect_pct;
  bool shift_is_enough =
      line->rule->kind == GATE_RANK ? fabs(shift) >= line->rule->min_effect : fabs(shift) > threshold(line);
  if (shift != 0 && ratio_is_enough && shift_is_enough) line->verdict = by_direction(line, shift > 0);
}

static void judge_family(struct gate_line **family, unsigned count, double alpha) {
  double *p = calloc(count ? count : 1, sizeof *p);
  if (!p) return; /* lines stay `too few`, which is no pass */
  for (unsigned i = 0; i < count; i++) {
    family[i]->p = p[i] = statistics_rank_p(family[i]->a, family[i]->a_count, family[i]->b, family[i]->b_count);
  }
  statistics_holm(p, count);
  for (unsigned i = 0; i < count; i++) {
    struct gate_line *line = family[i];
    double best = statistics_rank_p_least(line->a_count, line->b_count) * count;
    line->p_adjusted = p[i];
    if (best <= alpha) {
      judge_tested(line, alpha);
    } else if (line->rule->kind == GATE_RANK) {
      line->verdict = GATE_IS_TOO_FEW;
      snprintf(line->reason, sizeof line->reason,
               "%u and %u repetitions cannot get p below %.3g in a family of %u comparisons, and %.3g is asked for",
               line->a_count, line->b_count, fmin(1, best), count, alpha);
    } else {
      line->p = line->p_adjusted = NAN;
      judge_apart(line);
    }
  }
  free(p);
}

/* Families: times and memory apart, and what gates apart from what is only reported, so that a report does
 * not cost the gate its power. */
static bool in_family(const struct gate_line *line, unsigned family) {
  return line->gates == (family % 2 == 0) && (line->rule->kind == GATE_RANK) == (family < 2);
}

static bool is_judged(const struct gate_line *line) { return line->rule && line->a && line->b; }

static void judge_missing(struct gate_line *line) {
  if (!line->rule) return; /* whoever made it has judged it */
  if (!line->a && !line->b) say(line, GATE_IS_NOT_MEASURED, line->b_missing);
  else if (line->b) say(line, GATE_IS_NOT_MEASURED, line->a_missing);
  else say(line, GATE_IS_MISSING, line->b_missing);
}

void gate_judge_lines(const struct gate_config *config, struct gate_line *lines, unsigned count) {
  struct gate_line **family = calloc(count ? count : 1, sizeof *family);
  for (unsigned i = 0; i < count; i++) {
    if (lines[i].rule) {
      lines[i].verdict = GATE_IS_TOO_FEW;
      add_figures(&lines[i]);
    }
    if (!is_judged(&lines[i])) judge_missing(&lines[i]);
    else if (is_decided(&lines[i])) judge_constant(&lines[i]);
  }
  for (unsigned f = 0; family && f < 4; f++) {
    unsigned members = 0;
    for (unsigned i = 0; i < count; i++) {
      if (is_judged(&lines[i]) && !is_decided(&lines[i]) && in_family(&lines[i], f)) family[members++] = &lines[i];
    }
    judge_family(family, members, config->alpha);
  }
  for (unsigned i = 0; i < count; i++) {
    if (!is_judged(&lines[i]) || lines[i].rule->kind != GATE_EXACT || is_constant(&lines[i])) continue;
    size_t used = strlen(lines[i].reason);
    snprintf(lines[i].reason + used, sizeof lines[i].reason - used, "%sdeclared as exact, but its repetitions differ",
             used ? "; " : "");
  }
  free(family);
}
