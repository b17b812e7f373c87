/* SPDX-License-Identifier: MIT
 *
 * combination.h - combinations of stages by name: one that a user wrote, or all that a word stands for. */
#ifndef PHASEBENCH_COMBINATION_H
#define PHASEBENCH_COMBINATION_H

#include "base/fault.h"

/* Of a store, the base stage counted. */
#define STORE_STAGE_COUNT_MAX 16
#define COMBINATION_STAGES_MAX (STORE_STAGE_COUNT_MAX - 1)
/* The longest name of a combination, its NUL counted. */
#define COMBINATION_NAME_BYTES 256

/* All texts are kept names (name.h), or live as long as the struct is used: it can be copied. */
struct combination {
  const char *name; /* "baseline", or the names of the stages joined by '+', in order */
  /* Without the base stage, which is below every combination: the name of a stage in the stage folder, or, with a
   * '/' in it, the path of a module. */
  const char *stages[COMBINATION_STAGES_MAX];
  unsigned stage_count;
};

/* Parses "p1+p2", "baseline", "null", "./my/stage.so": sorts by order, refuses
 * unknown and repeated stages. Faults: EXIT_CODE_USAGE, and those of stage_list and stage_module_load. */
bool combination_parse(const char *text, struct combination *combination, struct fault *fault);

/* Words that stand for many combinations of the stages in the standard order (those of the stage
 * folder that are not STAGE_NOT_STANDARD), here with what help says of them. Each begins with the
 * baseline. Subsets that cannot stand are refused as combinations that are named would be. */
#define COMBINATION_SETS(X)                                                                \
  X(CUMULATIVE, "cumulative", "the baseline, then stage upon stage in the standard order") \
  X(EACH, "each", "the baseline, and each stage alone")                                    \
  X(LEAVE_ONE_OUT, "leave-one-out", "the baseline, all stages, and all stages less one")   \
  X(ALL, "all", "every subset of the stages: 2^n with the baseline, 64 of six")
enum combination_set {
#define X(name, word, text) COMBINATION_##name,
  COMBINATION_SETS(X)
#undef X
      COMBINATION_SET_COUNT
};
const char *combination_set_word(enum combination_set set);
const char *combination_set_text(enum combination_set set);
/* false: the word is none of them. */
bool combination_set_find(const char *word, enum combination_set *set);

/* Those with fewer stages first. Faults: EXIT_CODE_USAGE where there are more than `capacity`, and those
 * of stage_list. */
bool combination_set_list(enum combination_set set, struct combination *combinations, unsigned capacity,
                          unsigned *count, struct fault *fault);
/* COMBINATION_CUMULATIVE. */
bool combination_cumulative(struct combination *combinations, unsigned capacity, unsigned *count, struct fault *fault);

#endif
