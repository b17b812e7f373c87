/* SPDX-License-Identifier: MIT
 *
 * claims.h - a ledger of published numbers, and what a result says of each.
 *
 * Ledger ("phasebench-claims-1"; ours is reports/claims.json; users can write their own; each
 * field is described in reports/README.md, the schema is reports/claims.schema.json):
 *   sources      name -> where it was published
 *   lines        corpus -> how many lines the numbers about it are of; may be left out
 *   claims[]     id, says (in one sentence), source, text (the words as published), note (words of
 *                ours on how it is judged; may be left out), combination, against (the combination
 *                it is compared with, for metrics of a pair), metric and unit (of metrics.h),
 *                checkpoints (each is judged on its own; "-": of the whole cell), corpora (names it
 *                speaks of; empty: any corpus), value (or a list of two: from, to), tolerance (same
 *                unit, either way), refuted_at (same unit),
 *                rounding (same unit: how far the number as published can be off what was meant;
 *                without it, the tolerance; contradictions go by it), better ("larger", "smaller")
 *
 * Verdicts, for a claim where larger is better (the other way round where smaller is):
 *   exceeded             measured > value + tolerance
 *   reproduced           within value +- tolerance
 *   smaller than claimed above refuted_at, below value - tolerance: the effect is there,
 *                        and less of it (called "larger than claimed" where smaller is
 *                        better)
 *   refuted              measured <= refuted_at. Our ledger: for a reduction 0 (there is
 *                        none); for an absolute figure half the claim, or twice where
 *                        smaller is better
 *   not measured         and why: other corpus, combination not in the result, failed,
 *                        figure missing
 * Measured is the median over repetitions. A verdict is decided when the whole confidence interval
 * of the median (summary.h) has the same one. */
#ifndef PHASEBENCH_CLAIMS_H
#define PHASEBENCH_CLAIMS_H

#include "result/metrics.h"

#define CLAIM_VERDICTS(X)            \
  X(NOT_MEASURED, "not measured")    \
  X(REFUTED, "refuted")              \
  X(SMALLER, "smaller than claimed") \
  X(REPRODUCED, "reproduced")        \
  X(EXCEEDED, "exceeded")

/* From the worst to the best, but for the first. */
enum claim_verdict {
#define X(name, text) CLAIM_##name,
  CLAIM_VERDICTS(X)
#undef X
};
#define X(name, text) +1
enum { CLAIM_VERDICT_COUNT = 0 CLAIM_VERDICTS(X) };
#undef X

struct claim {
  const char *id, *says, *text;
  const char *note;   /* or NULL */
  const char *source; /* where it was published, in full */
  const char *combination, *metric, *unit;
  const char *against; /* NULL: the metric is not one of a pair */
  const char **checkpoints;
  unsigned checkpoint_count;
  const char **corpora;
  unsigned corpus_count;  /* 0: any corpus */
  double value, value_to; /* equal where the claim is no range */
  double tolerance, refuted_at, rounding;
  bool larger_is_better;
};

/* "larger than claimed" where smaller would have been better. */
const char *claim_verdict_text(const struct claim *claim, enum claim_verdict verdict);

struct claims_corpus {
  const char *name;
  double lines;
};

struct claims {
  const char *path;
  struct claim *claims;
  unsigned count;
  struct claims_corpus *corpora; /* whose lines are known */
  unsigned corpus_count;
  void *root; /* cJSON: where all text lives */
};

/* Faults (EXIT_CODE_INPUT) name the file and the place, and of a key that is not known those that are. */
bool claims_open(const char *path, struct claims **claims, struct fault *fault);
void claims_close(struct claims *claims); /* NULL is fine */

/* reports/claims.json of the folder paths_reports_dir(). */
bool claims_default_path(char *path, unsigned path_bytes, struct fault *fault);

/* Whether the claim speaks of this corpus. */
bool claim_is_about(const struct claim *claim, const char *corpus);

struct claim_judgement {
  enum claim_verdict verdict;
  struct summary measured;    /* missing says why it was not measured; the median lies within ci_low ... ci_high */
  bool decided;               /* the whole interval has this verdict; false with one repetition, which has none */
  enum claim_verdict reaches; /* where not decided: the worst other verdict in the interval; with none, `verdict` */
};
struct claim_judgement claim_judge(const struct claim *claim, const struct result *result, const char *profile,
                                   const char *checkpoint);

/* ---- words ---- */

#define CLAIM_TEXT_BYTES 512

/* Digits in groups for large numbers, two decimals for those of some size, three below 1, four below 0.01. */
void claim_number_text(double value, char *text, unsigned text_bytes);
/* A figure of this claim with its unit, scaled for people: "1,740 MiB", "0.50 ms", "40.00 %". */
void claim_figure_text(const struct claim *claim, double value, char *text, unsigned text_bytes);
/* What was claimed: "40.00 %", "1.00 to 2.00 ms". */
void claim_claimed_text(const struct claim *claim, char *text, unsigned text_bytes);
/* "75 % interval 93.71 % to 93.73 %, n = 3", or that one repetition has none. */
void claim_interval_text(const struct claim *claim, const struct summary *measured, char *text, unsigned text_bytes);
/* "exceeded", "exceeded, but the interval reaches \"reproduced\"", "not measured: the reason". */
void claim_judgement_text(const struct claim *claim, const struct claim_judgement *judgement, char *text,
                          unsigned text_bytes);
/* "p1 and baseline, profile strict, repetitions 1 to 3". */
void claim_cells_text(const struct claim *claim, const struct result *result, const char *profile, char *text,
                      unsigned text_bytes);

#endif
