/* SPDX-License-Identifier: MIT
 *
 * attribution.h - which stage a saving is owed to, from the subsets of the stages that a result holds.
 *
 * A game (in the sense of cooperative game theory) gives each subset S of n stages a worth w(S). Each
 * stage i has four shares of it:
 *   marginal       w(those up to and with i in the standard order) - w(those before i)
 *   alone          w({i}) - w({})
 *   leave-one-out  w(all) - w(all less i)
 *   Shapley        the mean of w(S + i) - w(S) over all n! orders in which stages can be added (L. S. Shapley,
 *                  A value for n-person games, 1953), exact, over all 2^n subsets. The shares of all stages add
 *                  up to w(all) - w({}), which is checked each time; so do the marginal ones, the others do not.
 * and each pair i, j an interaction: the mean, weighted as there, of w(S + i + j) - w(S + i) - w(S + j) + w(S)
 * over the S without both (M. Grabisch, M. Roubens, An axiomatic approach to the concept of interaction
 * among players in cooperative games, 1999). Below 0: they save the same bytes, in part; 0: independent;
 * above 0: each makes the other worth more.
 *
 * Savings multiply, so that of bytes a line the first stage gets most, whatever comes after it. The same game is
 * therefore played in log2 reduction, too: the worth is -log2 of bytes a line, 1 is half the memory.
 *
 * Everything comes from metrics.h: medians over repetitions. A share of which a subset is missing or failed is
 * missing itself, and says which subset, and what measures it. */
#ifndef PHASEBENCH_ATTRIBUTION_H
#define PHASEBENCH_ATTRIBUTION_H

#include "result/metrics.h"

#define ATTRIBUTION_STAGES_MAX 10u
#define ATTRIBUTION_STAGE_BYTES 16u

/* key in JSON, unit, 1 where the worth is what is saved and 0 where it is what is paid, what it is */
#define ATTRIBUTION_GAMES(X)                                                                              \
  X(BYTES, "bytes_per_line", "bytes/line", 1, "RSS above start over lines, at the checkpoint")            \
  X(LOG2_REDUCTION, "log2_reduction", "1", 1, "log2 of bytes_per_line")                                   \
  X(ACCESS, "access_ns", "ns/access", 0, "mean latency of an access of the mix of `served`, all classes") \
  X(WALK, "walk_ns_per_line", "ns/line", 0, "walk_ns, the batch walk of all documents once, over lines")  \
  X(STORE, "store_ns_per_line", "ns/line", 0, "store_ns + finalize_ns, what is done once for a document, over lines")

enum attribution_game_id {
#define X(name, key, unit, saved, text) ATTRIBUTION_##name,
  ATTRIBUTION_GAMES(X)
#undef X
      ATTRIBUTION_GAME_COUNT
};

#define ATTRIBUTION_METHODS(X)      \
  X(MARGINAL, "marginal")           \
  X(ALONE, "alone")                 \
  X(LEAVE_ONE_OUT, "leave_one_out") \
  X(SHAPLEY, "shapley")
enum attribution_method {
#define X(name, key) ATTRIBUTION_##name,
  ATTRIBUTION_METHODS(X)
#undef X
      ATTRIBUTION_METHOD_COUNT
};

/* Why a subset has no worth. */
enum attribution_gap {
  ATTRIBUTION_GAP_NONE,
  ATTRIBUTION_GAP_NOT_MEASURED,
  ATTRIBUTION_GAP_FAILED,
  ATTRIBUTION_GAP_NO_FIGURE
};

/* A subset is told by bits: bit i is stage i. */
struct attribution_worth {
  double value;
  enum attribution_gap gap;
  const char *why; /* where there is a gap */
};

/* Reasons live as long as the attribution. */
struct attribution_texts {
  char **texts;
  unsigned count;
};

struct attribution_game {
  struct attribution_worth *worth; /* 1 << stage_count of them */
  struct figure share[ATTRIBUTION_METHOD_COUNT][ATTRIBUTION_STAGES_MAX];
  struct figure interaction[ATTRIBUTION_STAGES_MAX][ATTRIBUTION_STAGES_MAX]; /* symmetric; nothing on the diagonal */
  struct figure total;                                                       /* worth of all stages less that of none */
};

struct attribution {
  const struct result *result;
  const char *profile, *checkpoint;
  char stages[ATTRIBUTION_STAGES_MAX][ATTRIBUTION_STAGE_BYTES]; /* in the standard order */
  unsigned stage_count;
  struct attribution_game games[ATTRIBUTION_GAME_COUNT]; /* signed so that more worth is more saved, or more paid */
  /* Shapley shares of each repetition played as a game of its own: how far noise moves them. Missing where there is
   * one repetition. The share above is that of the medians, so that it adds up. */
  struct summary over_repetitions[ATTRIBUTION_GAME_COUNT][ATTRIBUTION_STAGES_MAX];
  struct attribution_texts texts;
};

/* The shares of a game whose worths are set, in any unit. Faults: EXIT_CODE_SYSTEM; EXIT_CODE_INTERNAL where the
 * shares do not add up. */
bool attribution_game_solve(const char (*stages)[ATTRIBUTION_STAGE_BYTES], unsigned stage_count,
                            struct attribution_game *game, struct attribution_texts *texts, struct fault *fault);

/* `stages`: names joined by '+', to look at these only, as if the result had no others; NULL: all that it has.
 * The result must outlive the attribution, which the caller frees, not after a fault.
 * Faults: EXIT_CODE_INPUT (no stage, too many stages, names that are none), EXIT_CODE_USAGE (`stages`). */
bool attribution_open(const struct result *result, const char *profile, const char *checkpoint, const char *stages,
                      struct attribution **attribution, struct fault *fault);
void attribution_close(struct attribution *attribution); /* NULL is fine */

/* Nanoseconds paid for each byte saved, of one stage: share of the paid game over share in ATTRIBUTION_BYTES, by the
 * same method. ACCESS: ns/access for each byte a line; WALK and STORE: ns for each byte. */
struct figure attribution_price(const struct attribution *attribution, enum attribution_game_id paid,
                                enum attribution_method method, unsigned stage);

const char *attribution_game_key(enum attribution_game_id game);
const char *attribution_game_unit(enum attribution_game_id game);
const char *attribution_game_text(enum attribution_game_id game);
bool attribution_game_is_saved(enum attribution_game_id game);
const char *attribution_method_key(enum attribution_method method);

/* "baseline" or names joined by '+'. */
#define ATTRIBUTION_SUBSET_BYTES (ATTRIBUTION_STAGES_MAX * ATTRIBUTION_STAGE_BYTES)
void attribution_subset_name(const char (*stages)[ATTRIBUTION_STAGE_BYTES], unsigned stage_count, unsigned subset,
                             char text[ATTRIBUTION_SUBSET_BYTES]);

/* The stages of a result's combinations in their common order. Faults: as attribution_open. */
bool attribution_stages(const struct result *result, const char *profile, char (*stages)[ATTRIBUTION_STAGE_BYTES],
                        unsigned *stage_count, struct fault *fault);
/* Whether a combination is the baseline, or the first of these stages. */
bool attribution_is_cumulative(const char (*stages)[ATTRIBUTION_STAGE_BYTES], unsigned stage_count,
                               const char *combination);
/* Whether the result names every subset of its stages, two or more, so that a report can show them. */
bool attribution_is_possible(const struct result *result, const char *profile);

#endif
