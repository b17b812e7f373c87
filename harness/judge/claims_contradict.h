/* SPDX-License-Identifier: MIT
 *
 * claims_contradict.h - claims of one ledger that cannot be true together, found without any result.
 *
 * Each claim ties two things together: the memory of two combinations (a reduction, a factor), that of one
 * and the lines of the corpus (lines per MiB, bytes a line), that of one and a number of bytes. So the
 * claims are edges of a graph, and every path between two things says how they relate: products of what
 * the claims on it say. Two ways that say different things, by more than the claims' rounding allows, are
 * a contradiction. Any other metric is a graph of its own, of differences (added.NAME) and values.
 *
 * Claims go together when one corpus and one checkpoint are meant by all of them; a claim about any corpus
 * goes with those about a certain one. Each contradiction is told once, of the relation to which the ledger's
 * other claims add up without being turned round if there is one, and in its shortest form: a way with a
 * shortcut is not taken, and neither is one over a relation that claims disagree on, as that disagreement is
 * told itself. */
#ifndef PHASEBENCH_CLAIMS_CONTRADICT_H
#define PHASEBENCH_CLAIMS_CONTRADICT_H

#include "claims.h"

#define CLAIM_STATEMENT_CLAIMS 16
#define CLAIM_STATEMENTS_MAX 24

/* One answer to what a contradiction is about. */
struct claim_statement {
  unsigned claims[CLAIM_STATEMENT_CLAIMS], claim_count; /* indices: what it follows from; one: as claimed */
  unsigned told_as;     /* of a direct one: the claim that stands for all that agree with it on this */
  double low, high;     /* with rounding; potentials of claims_graph.h */
  bool direct;          /* it is what a claim says of just this */
  bool plain;           /* read forwards: phase after phase, or from a figure of each end */
  unsigned side;        /* statements that agree with each other have the same */
  char figure[80];      /* "98.42 %" */
  char arithmetic[512]; /* "1 - 1.50 MiB / 94.90 MiB"; empty: as claimed */
};

struct claim_contradiction {
  const char *corpus;                                      /* NULL: any */
  char about[300];                                         /* "how much less memory p1 takes than baseline" */
  struct claim_statement statements[CLAIM_STATEMENTS_MAX]; /* by side */
  unsigned statement_count, left_out, side_count;
  double gap; /* how far the sides lie apart; the list is in this order, the widest first */
};

struct claim_contradictions {
  struct claim_contradiction *list;
  unsigned count;
  bool cut_off; /* there were too many ways to look at all of them */
};

bool claims_contradictions(const struct claims *claims, struct claim_contradictions *found, struct fault *fault);
void claims_contradictions_free(struct claim_contradictions *found);

/* One sentence with the arithmetic: "How much less memory ... is 97.00 % (id), but 1 - 1 / 6.30 = 84.13 % (id)." */
void claim_contradiction_text(const struct claims *claims, const struct claim_contradiction *contradiction, char *text,
                              unsigned text_bytes);
/* What the statements of one side say: "98.40 % (id) and 1 - 1.50 MiB / 94.90 MiB = 98.42 % (id, id)". */
void claim_side_text(const struct claims *claims, const struct claim_contradiction *contradiction, unsigned side,
                     char *text, unsigned text_bytes);

#endif
