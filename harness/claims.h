/* SPDX-License-Identifier: MIT
 *
 * claims.h - a ledger of published numbers, and what a result says of each.
 *
 * Ledger ("phasebench-claims-1"; ours is reports/claims.json; users can write their
 * own):
 *   sources      name -> where it was published
 *   claims[]     id, says (in one sentence), source, text (the words as published),
 *                combination, metric and unit (of metrics.h), checkpoints (each is
 *                judged on its own), corpora (names it speaks of; empty: any corpus),
 *                value, tolerance (same unit, either way), refuted_at (same unit),
 *                better ("larger" or "smaller")
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
 * Measured is the median over repetitions. */
#ifndef PHASEBENCH_CLAIMS_H
#define PHASEBENCH_CLAIMS_H

#include "metrics.h"

#define CLAIM_VERDICTS(X)                    \
  X(NOT_MEASURED, "not measured")            \
  X(REFUTED, "refuted")                      \
  X(SMALLER, "smaller than claimed")         \
  X(REPRODUCED, "reproduced")                \
  X(EXCEEDED, "exceeded")

enum claim_verdict {
#define X(name, text) CLAIM_##name,
  CLAIM_VERDICTS(X)
#undef X
};

struct claim {
  const char *id, *says, *text;
  const char *source; /* where it was published, in full */
  const char *combination, *metric, *unit;
  const char **checkpoints;
  unsigned checkpoint_count;
  const char **corpora;
  unsigned corpus_count; /* 0: any corpus */
  double value, tolerance, refuted_at;
  bool larger_is_better;
};

/* "larger than claimed" where smaller would have been better. */
const char *claim_verdict_text(const struct claim *claim, enum claim_verdict verdict);

struct claims {
  const char *path;
  struct claim *claims;
  unsigned count;
  void *root; /* cJSON: where all text lives */
};

/* Faults (EXIT_CODE_INPUT) name the file and the place. */
bool claims_open(const char *path, struct claims **claims, struct fault *fault);
void claims_close(struct claims *claims); /* NULL is fine */

/* reports/claims.json of the folder paths_reports_dir(). */
bool claims_default_path(char *path, unsigned path_bytes, struct fault *fault);

/* Whether the claim speaks of this corpus. */
bool claim_is_about(const struct claim *claim, const char *corpus);

struct claim_judgement {
  enum claim_verdict verdict;
  struct spread measured; /* missing says why it was not measured */
};
struct claim_judgement claim_judge(const struct claim *claim, const struct result *result, const char *profile,
                                   const char *checkpoint);

#endif
