/* SPDX-License-Identifier: MIT
 *
 * claims_judge.c - what a result says of a claim, and the words for it. What the verdicts mean is written
 * in claims.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text_append.h"
#include "claims.h"

const char *claim_verdict_text(const struct claim *claim, enum claim_verdict verdict) {
  static const char *const texts[] = {
#define X(name, text) text,
    CLAIM_VERDICTS(X)
#undef X
  };
  if (verdict == CLAIM_SMALLER && !claim->larger_is_better) return "larger than claimed";
  return texts[verdict];
}

/* ---- judging ---- */

static enum claim_verdict compare(const struct claim *claim, double measured) {
  double from = claim->value - claim->tolerance, to = claim->value_to + claim->tolerance;
  if (claim->larger_is_better) {
    if (measured <= claim->refuted_at) return CLAIM_REFUTED;
    if (measured > to) return CLAIM_EXCEEDED;
    return measured >= from ? CLAIM_REPRODUCED : CLAIM_SMALLER;
  }
  if (measured >= claim->refuted_at) return CLAIM_REFUTED;
  if (measured < from) return CLAIM_EXCEEDED;
  return measured <= to ? CLAIM_REPRODUCED : CLAIM_SMALLER;
}

static void settle(const struct claim *claim, struct claim_judgement *judgement) {
  struct summary *measured = &judgement->measured;
  /* A figure made of two medians can lie outside the interval of the pairs. */
  measured->ci_low = fmin(measured->ci_low, measured->median);
  measured->ci_high = fmax(measured->ci_high, measured->median);
  enum claim_verdict low = compare(claim, measured->ci_low), high = compare(claim, measured->ci_high);
  enum claim_verdict worst = low < high ? low : high, best = low < high ? high : low;
  judgement->reaches = worst != judgement->verdict ? worst : best;
  judgement->decided = measured->ci_level > 0 && judgement->reaches == judgement->verdict;
}

struct claim_judgement claim_judge(const struct claim *claim, const struct result *result, const char *profile,
                                   const char *checkpoint) {
  struct claim_judgement judgement = {.measured = summary_missing("the claim is about another corpus")};
  if (!claim_is_about(claim, result->corpus)) return judgement;
  const struct result_group *group = result_group(result, claim->combination, profile);
  const struct result_group *against = claim->against ? result_group(result, claim->against, profile) : NULL;
  if ((group && group->instrument) || (against && against->instrument)) {
    judgement.measured = summary_missing("an instrument cell is not a result");
    return judgement;
  }
  const char *unit, *at = strcmp(checkpoint, "-") == 0 ? NULL : checkpoint;
  judgement.measured = metrics_is_of_pair(claim->metric)
                           ? metrics_find_against(result, group, against, claim->metric, at, &unit)
                           : metrics_find(result, group, claim->metric, at, &unit);
  if (unit && strcmp(unit, claim->unit) != 0) {
    judgement.measured = summary_missing("the ledger gives another unit than the metric has");
  }
  if (judgement.measured.missing) return judgement;
  judgement.verdict = compare(claim, judgement.measured.median);
  settle(claim, &judgement);
  return judgement;
}

/* ---- words ---- */

struct scale {
  double divisor;
  const char *unit;
};

/* One scale for all figures of a claim, so that they can be compared at a glance: by the claim. */
static struct scale scale_of(const struct claim *claim) {
  double size = fmax(fmax(fabs(claim->value), fabs(claim->value_to)), claim->tolerance);
  if (strcmp(claim->unit, "bytes") == 0) {
    if (size >= 1048576 / 2.0) return (struct scale){1048576, "MiB"};
    return size >= 1024 ? (struct scale){1024, "KiB"} : (struct scale){1, "bytes"};
  }
  if (strcmp(claim->unit, "ns") == 0) {
    if (size >= 1e5) return (struct scale){1e6, "ms"};
    return size >= 1e3 ? (struct scale){1e3, "us"} : (struct scale){1, "ns"};
  }
  return (struct scale){1, claim->unit};
}

void claim_number_text(double value, char *text, unsigned text_bytes) {
  char digits[64];
  double size = fabs(value);
  if (!(size < 1e15)) {
    snprintf(text, text_bytes, "%g", value);
    return;
  }
  snprintf(digits, sizeof digits, "%.*f", size >= 1000 ? 0 : size >= 1 || size == 0 ? 2 : size >= 0.01 ? 3 : 4, value);
  size_t used = 0, length = strcspn(digits, ".");
  for (size_t i = 0; digits[i] && used + 2 < text_bytes; i++) {
    if (i > 0 && i < length && (length - i) % 3 == 0 && digits[i - 1] != '-') text[used++] = ',';
    text[used++] = digits[i];
  }
  text[used] = '\0';
}

void claim_figure_text(const struct claim *claim, double value, char *text, unsigned text_bytes) {
  struct scale scale = scale_of(claim);
  char number[80];
  claim_number_text(value / scale.divisor, number, sizeof number);
  snprintf(text, text_bytes, "%s %s", number, scale.unit);
}

void claim_claimed_text(const struct claim *claim, char *text, unsigned text_bytes) {
  char from[80], to[120];
  claim_figure_text(claim, claim->value_to, to, sizeof to);
  claim_number_text(claim->value / scale_of(claim).divisor, from, sizeof from);
  if (claim->value == claim->value_to) {
    snprintf(text, text_bytes, "%s", to);
  } else {
    snprintf(text, text_bytes, "%s to %s", from, to);
  }
}

void claim_interval_text(const struct claim *claim, const struct summary *measured, char *text, unsigned text_bytes) {
  char low[80], high[120];
  if (!(measured->ci_level > 0)) {
    snprintf(text, text_bytes, "one repetition, which has no interval");
    return;
  }
  claim_number_text(measured->ci_low / scale_of(claim).divisor, low, sizeof low);
  claim_figure_text(claim, measured->ci_high, high, sizeof high);
  snprintf(text, text_bytes, "%.4g %% interval %s to %s, n = %u", 100 * measured->ci_level, low, high, measured->n);
}

void claim_judgement_text(const struct claim *claim, const struct claim_judgement *judgement, char *text,
                          unsigned text_bytes) {
  const char *verdict = claim_verdict_text(claim, judgement->verdict);
  if (judgement->verdict == CLAIM_NOT_MEASURED) {
    snprintf(text, text_bytes, "%s: %s", verdict, judgement->measured.missing);
    return;
  }
  /* More of a cost than was claimed would be called "exceeded" by many. */
  bool less = judgement->verdict == CLAIM_EXCEEDED && !claim->larger_is_better;
  snprintf(text, text_bytes, "%s%s", verdict, less ? " (less than claimed)" : "");
  if (judgement->reaches != judgement->verdict) {
    text_append(text, text_bytes, ", but the interval reaches \"%s\"", claim_verdict_text(claim, judgement->reaches));
  }
}

void claim_cells_text(const struct claim *claim, const struct result *result, const char *profile, char *text,
                      unsigned text_bytes) {
  const char *other = strcmp(claim->metric, "reduction_pct") == 0 ? METRICS_BASELINE : claim->against;
  snprintf(text, text_bytes, "%s%s%s, profile %s, ", claim->combination, other ? " and " : "", other ? other : "",
           profile);
  if (result->repetitions > 1) {
    text_append(text, text_bytes, "repetitions 1 to %u", result->repetitions);
  } else {
    text_append(text, text_bytes, "one repetition");
  }
}
