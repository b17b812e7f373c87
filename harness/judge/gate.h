/* SPDX-License-Identifier: MIT
 *
 * gate.h - compares two results, group by group (combination and profile), and says which metrics got
 * worse. What can be said honestly depends on the kind of metric, which the configuration names:
 *
 *   exact   Bytes and counts that are the same whenever the same program reads the same corpus (trees,
 *           heaps, anonymous memory, disk). One repetition is enough. A difference beyond the threshold
 *           is one. Repetitions that differ nevertheless are judged as `modes`, and the line says so.
 *   modes   Memory that depends on where pages come to lie (RSS, with pages of mapped files): it takes a few
 *           values, and a run tends to repeat one of them, so that the spread inside a run understates
 *           how runs differ: the threshold has to cover that (measured: results/README.md).
 *           - All repetitions equal, on both sides, at least two each: the two values differ by more than
 *             the threshold, or not.
 *           - Enough repetitions for the rank test to reach alpha: it, and a shift of more than the threshold.
 *           - Fewer: `unchanged` where no value of the candidate lies beyond the baseline's range by more than
 *             the threshold; worse (or better) where, with three each at least, all of them lie beyond all of
 *             the baseline's by more than the threshold and the larger A/A range of the two. What lies
 *             between is `too few repetitions`.
 *           Three repetitions with three lie apart by chance once in ten times at most, and where a few modes are
 *           drawn at random once in a hundred (simulated: test_gate_judge.c): it is the threshold, not a p,
 *           that keeps a gate over many groups quiet, so it has to exceed the distance of the modes.
 *   rank    Times: Mann and Whitney's rank test, corrected by Holm over all such metrics that are gated (and,
 *           apart from them, over all that are only reported), and a Hodges-Lehmann shift, as a ratio, of
 *           at least the threshold. Where so few repetitions cannot reach alpha after the correction,
 *           whatever their values are: `too few repetitions`.
 *
 * The threshold is the larger of min_effect_pct of the baseline's median and min_effect.
 *
 * Results are only compared when they are alike: corpus (content, lines), machine (processor, kernel, page
 * size), versions (tree-sitter, grammars, allocator, C library, compiler), settings (seed, options of
 * stages, allocator profiles, address layout). For each of these four the caller can say what else to do:
 *   refuse        the default: not comparable
 *   ignore-times  (not corpus) memory as ever; times are reported and gate nothing
 *   per-line      (corpus only) only figures per line, per node and in per cent are compared, and nothing where
 *                 the corpora have more than one and a half times as many bytes or nodes a line one as the other:
 *                 a generated file with a long line moves every figure per line more than any change of a stage
 *   ignore        all as though they were alike
 * Sanitized builds are never comparable.
 *
 * A group, or a gated metric, that the baseline has and the candidate has not is `missing`, and no pass. */
#ifndef PHASEBENCH_GATE_H
#define PHASEBENCH_GATE_H

#include <stdio.h>

#include "claims.h"
#include "result/result.h"

/* ---- configuration: {"schema": "phasebench-gate-1", "alpha", "metrics": [...]} ---- */

#define GATE_KINDS(X) \
  X(EXACT, "exact")   \
  X(MODES, "modes")   \
  X(RANK, "rank")
#define GATE_DIRECTIONS(X) \
  X(SMALLER, "smaller")    \
  X(LARGER, "larger")      \
  X(EQUAL, "equal")

enum gate_kind {
#define X(name, text) GATE_##name,
  GATE_KINDS(X)
#undef X
};

enum gate_direction { /* which way is better */
#define X(name, text) GATE_##name,
                      GATE_DIRECTIONS(X)
#undef X
};

struct gate_rule {
  const char *name;         /* of metrics.h, or a pattern as the shell's (`heap.*.active_bytes`) */
  const char **checkpoints; /* "-": of the whole cell */
  unsigned checkpoint_count;
  enum gate_kind kind;
  enum gate_direction better; /* given, or the metric's own; see gate_rule_direction */
  bool has_direction;
  bool gates; /* else it is reported */
  double min_effect_pct, min_effect;
  bool met; /* some group of the baseline has such a figure */
};

struct gate_config {
  const char *path; /* NULL: the default, results/gate.json as it was when phasebench was built */
  double alpha;
  struct gate_rule *rules; /* of several that fit a metric the first counts */
  unsigned rule_count;
  void *root; /* cJSON: where all text lives */
};

/* path NULL: the default. Faults (EXIT_CODE_INPUT) name the place; unknown keys are faults. */
bool gate_config_open(const char *path, struct gate_config **config, struct fault *fault);
void gate_config_close(struct gate_config *config);
const char *gate_kind_name(enum gate_kind kind);
/* A rule that fits this metric gets the metric's direction, unless it has one. Faults (EXIT_CODE_INPUT): it has the
 * opposite one, or neither says which ("equal" is a stricter question, and may always be asked). */
bool gate_rule_direction(struct gate_rule *rule, const char *metric, const char *where, struct fault *fault);

/* ---- comparability ---- */

#define GATE_COMPARABILITIES(X) \
  X(CORPUS, "corpus")           \
  X(MACHINE, "machine")         \
  X(VERSION, "version")         \
  X(SETTINGS, "settings")
#define GATE_POLICIES(X)          \
  X(REFUSE, "refuse")             \
  X(IGNORE_TIMES, "ignore-times") \
  X(PER_LINE, "per-line")         \
  X(IGNORE, "ignore")

enum gate_comparability {
#define X(name, text) GATE_##name,
  GATE_COMPARABILITIES(X)
#undef X
      GATE_COMPARABILITY_COUNT
};

enum gate_policy {
#define X(name, text) GATE_##name,
  GATE_POLICIES(X)
#undef X
};

struct gate_difference {
  enum gate_comparability of;
  bool always_refused; /* refused whatever the policy is */
  bool not_per_line;   /* corpora of other kinds: refused by the policy per-line too */
  char what[64], before[120], after[120];
};

#define GATE_DIFFERENCES_MAX 64

const char *gate_comparability_name(enum gate_comparability comparability);
const char *gate_policy_name(enum gate_policy policy);
/* "machine=ignore-times" into policies. Faults: EXIT_CODE_USAGE. */
bool gate_policy_parse(const char *text, enum gate_policy policies[GATE_COMPARABILITY_COUNT], struct fault *fault);

/* ---- comparison ---- */

#define GATE_VERDICTS(X)            \
  X(UNCHANGED, "unchanged")         \
  X(IMPROVED, "improved")           \
  X(REGRESSED, "regressed")         \
  X(MISSING, "missing")             \
  X(TOO_FEW, "too few repetitions") \
  X(NOT_MEASURED, "not measured")

enum gate_verdict {
#define X(name, text) GATE_IS_##name,
  GATE_VERDICTS(X)
#undef X
      GATE_VERDICT_COUNT
};

/* NAN: there is none. */
struct gate_line {
  const char *combination, *profile;
  const char *partner;    /* the candidate's combination; the same unless --compare says otherwise */
  const char *checkpoint; /* NULL: of the whole cell */
  char name[METRIC_NAME_BYTES];
  const char *unit;
  const struct gate_rule *rule; /* NULL: the line stands for a whole group */
  bool gates;
  bool unlike;   /* an absolute figure of another corpus, where only those per line are compared */
  double *a, *b; /* the repetitions */
  unsigned a_count, b_count;
  const char *a_missing, *b_missing;
  double before, after; /* medians */
  double change_pct;    /* of the medians; of `rank` the Hodges-Lehmann ratio */
  double noise_pct;     /* A/A: the larger range of the two over its median */
  double p, p_adjusted; /* where the rank test was used */
  enum gate_verdict verdict;
  char reason[400]; /* why, where the verdict is not plain; or "" */
};

struct gate_claim {
  const char *id, *checkpoint;
  enum claim_verdict before, after;
  const char *before_text, *after_text;
  enum gate_verdict verdict; /* REGRESSED: refuted; MISSING: no longer measured */
};

/* A pair of combinations to compare; the same one twice unless --compare says otherwise. */
struct gate_pair {
  const char *before, *after;
};

struct gate_options {
  const char *baseline, *candidate; /* paths */
  const char *config, *claims;      /* NULL: default; none */
  struct gate_pair *pairs;          /* NULL: all combinations of the baseline */
  unsigned pair_count;
  enum gate_policy policies[GATE_COMPARABILITY_COUNT];
  bool all; /* show also what did not change */
};

struct gate {
  struct gate_options options;
  struct gate_config *config;
  struct result *before, *after;
  struct claims *ledger; /* NULL: none */
  struct gate_difference differences[GATE_DIFFERENCES_MAX];
  unsigned difference_count;
  bool comparable;
  struct gate_line *lines; /* none where the results are not comparable */
  unsigned line_count;
  struct gate_claim *claims;
  unsigned claim_count;
  unsigned counts[GATE_VERDICT_COUNT]; /* of lines that gate */
  unsigned reported_worse, reported_too_few, refuted, claims_missing;
};

/* Reads, compares, judges. Faults: EXIT_CODE_INPUT, EXIT_CODE_USAGE, EXIT_CODE_SYSTEM. The caller closes
 * the gate, after a fault too. */
bool gate_run(const struct gate_options *options, struct gate *gate, struct fault *fault);
void gate_close(struct gate *gate);

/* What phasebench ends with. Where several apply, the first of: not comparable, regression, refuted, missing cell,
 * too few; what is certain before what is not known. */
enum exit_code gate_exit_code(const struct gate *gate);
const char *gate_verdict_name(enum gate_verdict verdict);

/* Parts: fill differences; judge the lines whose values are there. */
void gate_find_differences(struct gate *gate);
bool gate_refuses(const struct gate *gate, const struct gate_difference *difference);
void gate_judge_lines(const struct gate_config *config, struct gate_line *lines, unsigned count);

/* ---- output; each writes a whole file, "-" is standard output ---- */

/* Lines that changed, or could not be judged; with gate->options.all every line that gates. */
void gate_print_text(const struct gate *gate, FILE *out);
void gate_print_markdown(const struct gate *gate, FILE *out);
void gate_print_junit(const struct gate *gate, FILE *out);
void gate_print_json(const struct gate *gate, FILE *out);
/* "+3.00 %", "1,234,567 bytes" and so on; shared by the three for people. */
void gate_value_text(double value, const char *unit, char *text, unsigned text_bytes);
void gate_pct_text(double pct, bool sign, char *text, unsigned text_bytes);
void gate_group_text(const struct gate_line *line, char *text, unsigned text_bytes);
void gate_summary_text(const struct gate *gate, char *text, unsigned text_bytes);

#endif
