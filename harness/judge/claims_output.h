/* SPDX-License-Identifier: MIT
 *
 * claims_output.h - verdicts of a ledger over results, as text, Markdown or JSON (`phasebench claims`). */
#ifndef PHASEBENCH_CLAIMS_OUTPUT_H
#define PHASEBENCH_CLAIMS_OUTPUT_H

#include "claims.h"
#include "claims_contradict.h"

enum claims_form { CLAIMS_TEXT, CLAIMS_MARKDOWN, CLAIMS_JSON };

/* A result and the allocator profile that is spoken of. */
struct claims_result {
  struct result *result;
  const char *profile;
};

/* One claim at one checkpoint in one result that it is about; in none: result NULL. */
struct claims_row {
  const struct claim *claim;
  const struct claims_result *of;
  const char *checkpoint;
  struct claim_judgement judgement;
};

struct claims_verdicts {
  const struct claims *claims;
  const struct claims_result *results;
  unsigned result_count;
  struct claims_row *rows; /* by claim, then result, then checkpoint */
  unsigned row_count;
  enum claim_verdict *worst;            /* of each claim, of its verdicts that were measured */
  unsigned counts[CLAIM_VERDICT_COUNT]; /* claims by that */
  unsigned undecided;                   /* claims of which a verdict is not decided */
  struct claim_contradictions contradictions;
};

/* Judges all; the caller frees. */
bool claims_verdicts_new(const struct claims *claims, const struct claims_result *results, unsigned result_count,
                         struct claims_verdicts *verdicts, struct fault *fault);
void claims_verdicts_free(struct claims_verdicts *verdicts);

/* With no results, the contradictions alone. */
bool claims_print(const struct claims_verdicts *verdicts, enum claims_form form, struct fault *fault);

bool claims_print_json(const struct claims_verdicts *verdicts, struct fault *fault); /* claims_json.c */

#endif
