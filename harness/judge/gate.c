/* SPDX-License-Identifier: MIT
 *
 * gate.c - from two files to judged lines: which groups are compared, which of their metrics the configuration
 * names, and what all of it comes to. */
#include "gate.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *gate_verdict_name(enum gate_verdict verdict) {
  static const char *const names[] = {
#define X(name, text) text,
    GATE_VERDICTS(X)
#undef X
  };
  return names[verdict];
}

/* ---- lines ---- */

static struct gate_line *add_line(struct gate *gate, const struct result_group *group, const char *partner) {
  /* Room grows in powers of two. */
  if ((gate->line_count & (gate->line_count - 1)) == 0) {
    size_t room = gate->line_count ? 2 * (size_t)gate->line_count : 1;
    struct gate_line *lines = realloc(gate->lines, room * sizeof *lines);
    if (!lines) return NULL;
    gate->lines = lines;
  }
  struct gate_line *line = &gate->lines[gate->line_count++];
  *line = (struct gate_line){.combination = group->combination,
                             .profile = group->profile,
                             .partner = partner,
                             .gates = true,
                             .before = NAN,
                             .after = NAN,
                             .change_pct = NAN,
                             .noise_pct = NAN,
                             .p = NAN,
                             .p_adjusted = NAN};
  return line;
}

static bool group_is_missing(struct gate *gate, const struct result_group *group, const char *partner,
                             const char *where, const char *why) {
  struct gate_line *line = add_line(gate, group, partner);
  if (!line) return false;
  line->verdict = GATE_IS_MISSING;
  snprintf(line->reason, sizeof line->reason, "%s%.350s", where, why);
  return true;
}

/* Where metrics of one group go: new lines of the baseline's, from `first` on, then the candidate's into them. */
struct taking {
  struct gate *gate;
  const struct result_group *group; /* the baseline's */
  const char *partner;
  unsigned first;
  bool candidate, failed;
  struct fault *fault; /* what failed, where it is not memory */
};

static struct gate_rule *rule_for(struct gate_config *config, const struct metric *metric) {
  for (unsigned r = 0; r < config->rule_count; r++) {
    struct gate_rule *rule = &config->rules[r];
    if (fnmatch(rule->name, metric->name, 0) != 0) continue;
    for (unsigned c = 0; c < rule->checkpoint_count; c++) {
      if (strcmp(rule->checkpoints[c], metric->checkpoint ? metric->checkpoint : "-") == 0) return rule;
    }
  }
  return NULL;
}

static bool is_per_line(const char *unit) {
  return strcmp(unit, "bytes/line") == 0 || strcmp(unit, "lines/MiB") == 0 || strcmp(unit, "bits/node") == 0 ||
         strcmp(unit, "%") == 0;
}

static bool differs(const struct gate *gate, enum gate_comparability of) {
  for (unsigned d = 0; d < gate->difference_count; d++) {
    if (gate->differences[d].of == of) return true;
  }
  return false;
}

static bool applies(const struct gate *gate, enum gate_comparability of, enum gate_policy how) {
  return gate->options.policies[of] == how && differs(gate, of);
}

static bool gates(const struct gate *gate, const struct gate_rule *rule) {
  bool without_times = false;
  for (unsigned l = 0; l < GATE_COMPARABILITY_COUNT; l++) {
    without_times = without_times || applies(gate, (enum gate_comparability)l, GATE_IGNORE_TIMES);
  }
  if (rule->kind == GATE_RANK && without_times) return false;
  return rule->gates;
}

static struct gate_line *find_line(struct taking *taking, const struct metric *metric) {
  struct gate *gate = taking->gate;
  for (unsigned l = taking->first; l < gate->line_count; l++) {
    struct gate_line *line = &gate->lines[l];
    if (strcmp(line->name, metric->name) == 0 && line->checkpoint == metric->checkpoint) return line;
  }
  return NULL;
}

static void fill(struct taking *taking, struct gate_line *line, const struct metric *metric) {
  double **values = taking->candidate ? &line->b : &line->a;
  const char **missing = taking->candidate ? &line->b_missing : &line->a_missing;
  *missing = metric->summary.missing;
  if (!*missing && !metric->values) *missing = "the metric is made of all repetitions together: it cannot be compared";
  if (*missing) return;
  *values = malloc(metric->summary.n * sizeof **values);
  if (!*values) {
    taking->failed = true;
    return;
  }
  memcpy(*values, metric->values, metric->summary.n * sizeof **values);
  *(taking->candidate ? &line->b_count : &line->a_count) = metric->summary.n;
}

static const char *config_name(const struct gate_config *config) {
  return config->path ? config->path : "results/gate.json";
}

static bool check_direction(struct taking *taking, struct gate_rule *rule, const char *metric) {
  const struct gate_config *config = taking->gate->config;
  char where[600];
  snprintf(where, sizeof where, "%.500s: metrics[%td]", config_name(config), rule - config->rules);
  taking->failed = !gate_rule_direction(rule, metric, where, taking->fault);
  return !taking->failed;
}

static void take(void *sink, const struct metric *metric) {
  struct taking *taking = sink;
  struct gate_rule *rule = rule_for(taking->gate->config, metric);
  if (!rule || taking->failed) return;
  if (!check_direction(taking, rule, metric->name)) return;
  struct gate_line *line = taking->candidate ? find_line(taking, metric) : NULL;
  if (!line) {
    line = add_line(taking->gate, taking->group, taking->partner);
    if (!line) {
      taking->failed = true;
      return;
    }
    snprintf(line->name, sizeof line->name, "%s", metric->name);
    line->checkpoint = metric->checkpoint; /* names are static: the same text is the same pointer */
    line->unit = metric->unit;
    line->rule = rule;
    line->unlike = applies(taking->gate, GATE_CORPUS, GATE_PER_LINE) && !is_per_line(metric->unit);
    line->gates = gates(taking->gate, rule) && !line->unlike;
    line->a_missing = "the baseline has no such metric";
    line->b_missing = "the candidate has no such metric";
  }
  fill(taking, line, metric);
  if (line->a) rule->met = true;
}

/* ---- groups ---- */

static const char *partner(const struct gate_options *options, const char *combination) {
  for (unsigned p = 0; p < options->pair_count; p++) {
    if (result_same_combination(options->pairs[p].before, combination)) return options->pairs[p].after;
  }
  return options->pairs ? NULL : combination;
}

static bool compare_group(struct gate *gate, const struct result_group *group, const char *combination,
                          struct fault *fault) {
  const struct result_group *other = result_group(gate->after, combination, group->profile);
  struct taking taking = {
      .gate = gate, .group = group, .partner = combination, .first = gate->line_count, .fault = fault};
  if (!other) {
    taking.failed =
        !group_is_missing(gate, group, combination, "the candidate has no such combination and profile", "");
  } else if (!group->ok) {
    taking.failed = !group_is_missing(gate, group, combination, "in the baseline: ", group->reason);
  } else if (!other->ok) {
    taking.failed = !group_is_missing(gate, group, combination, "in the candidate: ", other->reason);
  } else if (!group->instrument && !other->instrument) {
    metrics_emit(gate->before, group, take, &taking);
    taking.candidate = true;
    metrics_emit(gate->after, other, take, &taking);
  }
  if (!taking.failed) return true;
  return fault->code == EXIT_CODE_OK ? fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while comparing") : false;
}

static bool check_pairs(const struct gate *gate, struct fault *fault) {
  for (unsigned p = 0; p < gate->options.pair_count; p++) {
    bool found = false;
    for (unsigned c = 0; c < gate->before->combination_count; c++) {
      found = found || result_same_combination(gate->before->combinations[c], gate->options.pairs[p].before);
    }
    if (found) continue;
    return fault_set(fault, EXIT_CODE_USAGE, "--compare %.100s=%.100s: %s has no combination '%.100s'",
                     gate->options.pairs[p].before, gate->options.pairs[p].after, gate->before->path,
                     gate->options.pairs[p].before);
  }
  return true;
}

static bool any_line_gates(const struct gate *gate) {
  for (unsigned l = 0; l < gate->line_count; l++) {
    if (gate->lines[l].gates) return true;
  }
  return false;
}

/* A rule that fits nothing is a misspelt one, or one that would judge nothing.
 * Where a group is missing it may be that group's. */
static bool check_rules(const struct gate *gate, struct fault *fault) {
  for (unsigned l = 0; l < gate->line_count; l++) {
    if (!gate->lines[l].rule) return true;
  }
  for (unsigned r = 0; r < gate->config->rule_count; r++) {
    const struct gate_rule *rule = &gate->config->rules[r];
    if (rule->met || !rule->gates) continue; /* small corpora have no frozen documents, say: nothing to report */
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: metrics[%u]: no group of the baseline has a figure '%.60s' at '%.20s'%s that can be compared "
                     "(`phasebench metrics` lists them)",
                     config_name(gate->config), r, rule->name, rule->checkpoints[0],
                     rule->checkpoint_count > 1 ? " or the others of its checkpoints" : "");
  }
  if (any_line_gates(gate)) return true;
  return fault_set(fault, EXIT_CODE_INPUT,
                   "nothing is left that gates: with what --policy says all metrics are only reported");
}

/* A group that the baseline has not is not compared, but it must not have failed. */
static bool compare_new_groups(struct gate *gate, struct fault *fault) {
  for (unsigned g = 0; g < gate->after->group_count && !gate->options.pairs; g++) {
    const struct result_group *group = &gate->after->groups[g];
    if (group->ok || result_group(gate->before, group->combination, group->profile)) continue;
    if (!group_is_missing(gate, group, group->combination,
                          "in the candidate, and not in the baseline: ", group->reason)) {
      return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while comparing");
    }
  }
  return true;
}

static bool compare_groups(struct gate *gate, struct fault *fault) {
  if (!check_pairs(gate, fault)) return false;
  for (unsigned g = 0; g < gate->before->group_count; g++) {
    const struct result_group *group = &gate->before->groups[g];
    const char *combination = partner(&gate->options, group->combination);
    if (combination && !compare_group(gate, group, combination, fault)) return false;
  }
  if (!compare_new_groups(gate, fault) || !check_rules(gate, fault)) return false;
  gate_judge_lines(gate->config, gate->lines, gate->line_count);
  for (unsigned l = 0; l < gate->line_count; l++) {
    struct gate_line *line = &gate->lines[l];
    if (line->unlike) {
      line->verdict = GATE_IS_NOT_MEASURED;
      snprintf(line->reason, sizeof line->reason, "the corpora differ: only figures per line are compared");
    }
    if (line->gates) gate->counts[line->verdict]++;
    else if (line->verdict == GATE_IS_REGRESSED) gate->reported_worse++;
    else if (line->verdict == GATE_IS_TOO_FEW) gate->reported_too_few++;
  }
  return true;
}

/* ---- claims ---- */

static bool stands(enum claim_verdict verdict) { return verdict != CLAIM_NOT_MEASURED && verdict != CLAIM_REFUTED; }

static void judge_claim(struct gate *gate, const struct claim *claim, const char *checkpoint, const char *profile) {
  struct gate_claim *line = &gate->claims[gate->claim_count];
  *line = (struct gate_claim){.id = claim->id, .checkpoint = checkpoint};
  line->before = claim_judge(claim, gate->before, profile, checkpoint).verdict;
  line->after = claim_judge(claim, gate->after, profile, checkpoint).verdict;
  if (line->before == CLAIM_NOT_MEASURED && line->after == CLAIM_NOT_MEASURED) return;
  gate->claim_count++;
  line->before_text = claim_verdict_text(claim, line->before);
  line->after_text = claim_verdict_text(claim, line->after);
  if (stands(line->before) && line->after == CLAIM_REFUTED) line->verdict = GATE_IS_REGRESSED;
  else if (stands(line->before) && line->after == CLAIM_NOT_MEASURED) line->verdict = GATE_IS_MISSING;
  else if (stands(line->after) && line->before == CLAIM_REFUTED) line->verdict = GATE_IS_IMPROVED;
  gate->refuted += line->verdict == GATE_IS_REGRESSED;
  gate->claims_missing += line->verdict == GATE_IS_MISSING;
}

static bool judge_claims(struct gate *gate, struct fault *fault) {
  if (!gate->options.claims) return true;
  if (!claims_open(gate->options.claims, &gate->ledger, fault)) return false;
  unsigned count = 0;
  for (unsigned c = 0; c < gate->ledger->count; c++) count += gate->ledger->claims[c].checkpoint_count;
  gate->claims = calloc(count + 1, sizeof *gate->claims);
  if (!gate->claims) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  const char *profile = result_profile(gate->before, NULL, fault);
  for (unsigned c = 0; c < gate->ledger->count; c++) {
    const struct claim *claim = &gate->ledger->claims[c];
    for (unsigned k = 0; k < claim->checkpoint_count; k++) judge_claim(gate, claim, claim->checkpoints[k], profile);
  }
  return true;
}

/* ---- all of it ---- */

bool gate_run(const struct gate_options *options, struct gate *gate, struct fault *fault) {
  *gate = (struct gate){.options = *options};
  if (!gate_config_open(options->config, &gate->config, fault) ||
      !result_open(options->baseline, &gate->before, fault) || !result_open(options->candidate, &gate->after, fault)) {
    return false;
  }
  gate_find_differences(gate);
  return !gate->comparable || (compare_groups(gate, fault) && judge_claims(gate, fault));
}

void gate_close(struct gate *gate) {
  for (unsigned l = 0; l < gate->line_count; l++) {
    free(gate->lines[l].a);
    free(gate->lines[l].b);
  }
  free(gate->lines);
  free(gate->claims);
  claims_close(gate->ledger);
  result_close(gate->before);
  result_close(gate->after);
  gate_config_close(gate->config);
}

enum exit_code gate_exit_code(const struct gate *gate) {
  if (!gate->comparable) return EXIT_CODE_NOT_COMPARABLE;
  if (gate->counts[GATE_IS_REGRESSED]) return EXIT_CODE_REGRESSION;
  if (gate->refuted) return EXIT_CODE_REFUTED;
  if (gate->counts[GATE_IS_MISSING] || gate->claims_missing) return EXIT_CODE_MISSING_CELL;
  return gate->counts[GATE_IS_TOO_FEW] ? EXIT_CODE_TOO_FEW : EXIT_CODE_OK;
}
