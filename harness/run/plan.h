/* SPDX-License-Identifier: MIT
 *
 * plan.h - what a run is to measure: its cells in the order in which they run, and
 * a record of everything that its figures depend on, by which an interrupted run is
 * known again. */
#ifndef PHASEBENCH_PLAN_H
#define PHASEBENCH_PLAN_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "corpus/corpus.h"
#include "store/store.h"

#define PLAN_COMBINATIONS_MAX 256
#define PLAN_REPETITIONS_MAX 1000

/* As `phasebench run` was asked; see its --help. */
struct run_options {
  const char *corpus;          /* name; NULL: directory */
  const char *directory;       /* NULL: corpus */
  const char *combinations;    /* words of COMBINATION_SETS and combinations, with commas between them */
  const char *profile;         /* "strict", "stock" or "both" */
  uint64_t max_lines;          /* a sample of the corpus; 0: all of it */
  const char *const *excludes; /* NULL-terminated */
  const char *output;          /* NULL: results/<corpus>.json */
  unsigned repetitions;
  uint64_t seed;
  uint64_t timeout_ms;
  uint64_t memory_limit_bytes;
  bool resume, restart, instrument, quiet, allow_unfit_build;
  struct store_place place; /* settings of stages; the directory is each cell's own */
};

/* ---- cells ---- */

struct plan_combination {
  struct combination combination;
  const char *stages[STORE_STAGE_COUNT_MAX];  /* names, the base stage first */
  const char *modules[STORE_STAGE_COUNT_MAX]; /* their paths */
  unsigned stage_count;
  struct stage_option_summary options[STORE_STAGE_COUNT_MAX][STAGE_OPTIONS_MAX]; /* by stage */
  uint32_t option_counts[STORE_STAGE_COUNT_MAX];
  bool instrument; /* keeps nothing: it measures the harness */
  bool once;       /* one repetition only: added by us and not asked for */
};

struct plan_cell {
  unsigned combination, profile, repetition; /* indices */
};

struct plan {
  struct plan_combination *combinations;
  unsigned combination_count;
  const char *profiles[2];
  unsigned profile_count;
  struct plan_cell *cells; /* in the order in which they run */
  unsigned cell_count;
  cJSON *record; /* what the figures depend on; see plan_record */
  char hash[33]; /* XXH3-128 of the record's text */
};

/* Makes the plan. Repetitions are interleaved: all cells of the first one run before any of the
 * second, each in an order of its own, shuffled by the seed. Combinations named twice count
 * once. Without --no-instrument, each stage that keeps nothing gives a combination which runs once a
 * profile. Faults: EXIT_CODE_USAGE, EXIT_CODE_INPUT, EXIT_CODE_SYSTEM. The caller frees the plan
 * (plan_free), after a fault too. */
bool plan_make(const struct run_options *options, struct plan *plan, struct fault *fault);
/* Fills record and hash: corpus, combinations, profiles, settings, machine, and a hash of the program
 * and of every module a cell loads. */
bool plan_record(const struct run_options *options, const struct corpus *corpus, struct plan *plan,
                 struct fault *fault);
/* The value of every option, by combination: {"p1+p4a": {"p4a.hot_bytes": 262144}}. The caller owns it. */
cJSON *plan_options(const struct plan *plan, const struct store_place *place);
/* The first difference between two records, as "what: was X, is Y"; false: they are equal. */
bool plan_difference(const cJSON *was, const cJSON *is, char *text, unsigned text_bytes);
void plan_free(struct plan *plan);

#endif
