/* SPDX-License-Identifier: MIT
 *
 * result.h - reads and checks a result file ("phasebench-result-2", described by
 * results/result.schema.json) and holds it as C structs.
 *
 * Every figure is a double with a reason in place of a value where it is missing.
 * Whole numbers beyond 2^53 are refused, so that each value is exact. All text
 * belongs to the result and is valid until result_close. */
#ifndef PHASEBENCH_RESULT_H
#define PHASEBENCH_RESULT_H

#include <stdint.h>

#include "base/fault.h"
#include "schema/figures.h"

#define RESULT_SCHEMA "phasebench-result-2"

/* A value, or why there is none. */
struct figure {
  double value;
  const char *missing; /* NULL: value is there */
};

/* Why an optional figure (FIGURE_OPTIONAL) is missing where the file has none: compare the pointer. */
extern const char result_not_written[];

struct result_heap {
  const char *owner;
  struct figure value[HEAP_FIGURE_COUNT];
};

struct result_checkpoint {
  struct figure figures[CHECKPOINT_FIGURE_COUNT];
  struct figure probe[PROBE_FIGURE_COUNT];
  struct figure jemalloc[JEMALLOC_FIGURE_COUNT];
  struct figure mapping_rss_bytes[PROBE_OWNER_COUNT];
  struct result_heap *heaps;
  unsigned heap_count;
  const char *heaps_missing; /* NULL: heaps are known */
};

struct result_latency {
  bool present;
  double documents, accesses;
  struct figure value[LATENCY_FIGURE_COUNT];
};

struct result_cold_open {
  struct figure documents, cold_documents;
  struct figure value[COLD_OPEN_COUNT][LATENCY_FIGURE_COUNT];
  struct figure ratio[COLD_OPEN_RATIO_COUNT][RATIO_FIGURE_COUNT];
};

struct result_stat {
  const char *stage, *name, *unit;
  struct figure value;
};

struct result_proof {
  bool present;
  const char *status; /* passed, failed, not_applicable */
  const char *reason; /* NULL when passed */
  double documents_compared, nodes_compared, source_bytes_compared, moves_compared, mismatches;
};

struct result_cell {
  const char *combination;
  const char *profile;
  unsigned repetition;
  bool instrument;
  const char *status;            /* ok, failed, crashed, timeout, memory_limit */
  const char *reason;            /* NULL when ok */
  const char *allocator_options; /* NULL when not ok, or not known */
  double wall_ns;
  bool ok; /* the rest is there only then; proof may be there in others too */
  struct result_checkpoint checkpoints[CHECKPOINT_COUNT];
  struct figure trees[TREE_FIGURE_COUNT];
  const char *edit_source; /* "versions" or "seeded" */
  struct figure edits[EDIT_FIGURE_COUNT];
  struct figure timings[TIMING_FIGURE_COUNT];
  struct result_latency latency[ACCESS_CLASS_COUNT];
  struct result_cold_open cold_open; /* not of an instrument */
  struct result_stat *stats;
  unsigned stat_count;
  struct result_proof proof;
};

struct metrics; /* metrics.h */

/* The cells of one combination under one profile, by repetition. */
struct result_group {
  const char *combination;
  const char *profile;
  bool instrument;
  const struct result_cell **cells;
  unsigned cell_count;
  /* All planned repetitions (of an instrument: those that ran) are ok: only then it has
   * figures. */
  bool ok;
  char reason[512];        /* when not ok: what failed, and why */
  struct metrics *metrics; /* made at the first look-up; NULL: never kept (metrics.c) */
};

struct result_language {
  const char *name, *grammar_package, *grammar_version;
  double files, lines, bytes;
};

/* A member of "corpus", "phasebench", "environment" or "settings", as text: {"environment.kernel", "Linux 6.1"}. What is
 * null says why; a list is one text. */
struct result_fact {
  char *path, *text;
};

/* A null somewhere in the file, and its reason. Indices are not in the path. */
struct result_reason {
  const struct result_cell *cell; /* NULL: of the run as a whole, with the path's head left out */
  char *path, *reason;
};

/* An option of a stage of a combination, set or as it comes. */
struct result_option {
  const char *combination, *name; /* STAGE.OPTION */
  double value;
};

struct result_malloc_conf {
  const char *profile, *options;
};

struct result {
  const char *path;
  const char *created_utc;
  const char *version, *commit; /* commit NULL: not known */
  const char *build_type, *sanitizers;
  const char *kernel, *cpu_model, *compiler, *compiler_flags, *allocator_version, *tree_sitter_version; /* or NULL */
  struct figure cpu_count, memory_bytes;
  const char *corpus, *corpus_title, *content_hash;
  const char *sample_of; /* the corpus that this is a sample of; NULL: it is none */
  double files, lines, bytes;
  struct result_language *languages;
  unsigned language_count;
  unsigned repetitions;
  const char **combinations, **profiles; /* as asked for, in order */
  unsigned combination_count, profile_count;
  const char **notes; /* what a reader must know of how this was measured */
  unsigned note_count;
  bool allow_unfit_build;
  struct result_option *options;
  unsigned option_count;
  struct result_malloc_conf *malloc_confs;
  unsigned malloc_conf_count;
  struct result_fact *facts; /* in the order of the file */
  unsigned fact_count;
  struct result_reason *reasons; /* of the run, then cell by cell */
  unsigned reason_count;
  struct result_cell *cells;
  unsigned cell_count;
  struct result_group *groups; /* profile by profile, combinations in order */
  unsigned group_count;
  void *root; /* cJSON: where all text lives; nobody but this room looks into it */
};

/* Reads, checks, and groups. Faults (EXIT_CODE_INPUT) name the file and the place in
 * it: truncated file, other schema, wrong type, a figure that is null without a
 * reason, a cell that is "ok" without proof or with a checkpoint missing, a cell
 * twice, one nobody asked for, one that was asked for and is not there, and what
 * result_check finds. The caller closes the result. */
bool result_open(const char *path, struct result **result, struct fault *fault);
void result_close(struct result *result); /* NULL is fine */
/* Whether no file is named twice (EXIT_CODE_USAGE): its figures would stand there twice and look like two. */
bool result_paths_differ(char *const *paths, unsigned count, struct fault *fault);

/* Whether figures of one file that must agree do (check.c): the languages with
 * the corpus, the mappings with RSS. result_open calls it. */
bool result_check(const struct result *result, struct fault *fault);

/* Whether both name the same stages, in whatever order. */
bool result_same_combination(const char *one, const char *other);
/* NULL: this result has no such combination under this profile. The order of its stages means nothing. */
const struct result_group *result_group(const struct result *result, const char *combination, const char *profile);

/* The profile to speak of: `wanted` when given (a fault when the result has none of
 * it), else "strict" if present, else the first. NULL on fault. */
const char *result_profile(const struct result *result, const char *wanted, struct fault *fault);

/* Cells that are not ok. */
unsigned result_count_failed(const struct result *result);

/* The text of a fact; NULL: the file does not have it. */
const char *result_fact(const struct result *result, const char *path);

#endif
