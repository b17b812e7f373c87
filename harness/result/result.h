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
#include "system/probe.h"

#define RESULT_SCHEMA "phasebench-result-2"

#define RESULT_CHECKPOINTS(X) \
  X(START, "start")           \
  X(INGESTED, "ingested")     \
  X(FINALIZED, "finalized")   \
  X(PURGED, "purged")         \
  X(WALKED, "walked")         \
  X(SERVED, "served")         \
  X(EDITED, "edited")         \
  X(DRAINED, "drained")

enum result_checkpoint_id {
#define X(name, text) RESULT_AT_##name,
  RESULT_CHECKPOINTS(X)
#undef X
      RESULT_CHECKPOINT_COUNT
};

#define RESULT_JEMALLOC_KEYS(X) \
  X(allocated_bytes)            \
  X(active_bytes)               \
  X(metadata_bytes)             \
  X(resident_bytes)             \
  X(mapped_bytes)               \
  X(retained_bytes)
#define RESULT_HEAP_KEYS(X) \
  X(allocated_bytes)        \
  X(active_bytes)           \
  X(dirty_bytes)            \
  X(metadata_bytes)         \
  X(resident_bytes)
#define RESULT_TIMING_KEYS(X) \
  X(parse_ns, "ns")           \
  X(store_ns, "ns")           \
  X(free_ns, "ns")            \
  X(finalize_ns, "ns")        \
  X(walk_ns, "ns")            \
  X(walked_nodes, "nodes")    \
  X(edit_parse_ns, "ns")      \
  X(edit_store_ns, "ns")
/* Those that begin with heap_ or journal_ are growth, and may be below 0. */
#define RESULT_EDIT_KEYS(X)            \
  X(documents, "documents")            \
  X(hunks, "hunks")                    \
  X(inserted_lines, "lines")           \
  X(deleted_lines, "lines")            \
  X(inserted_bytes, "bytes")           \
  X(deleted_bytes, "bytes")            \
  X(heap_tree_bytes, "bytes")          \
  X(heap_source_bytes, "bytes")        \
  X(journal_tree_bytes, "bytes")       \
  X(journal_tree_p50_bytes, "bytes")   \
  X(journal_tree_p90_bytes, "bytes")   \
  X(journal_tree_max_bytes, "bytes")   \
  X(journal_source_bytes, "bytes")     \
  X(journal_source_p50_bytes, "bytes") \
  X(journal_source_p90_bytes, "bytes") \
  X(journal_source_max_bytes, "bytes") \
  X(zstd_prefix_source_bytes, "bytes") \
  X(zstd_prefix_bare_source_bytes, "bytes")
#define RESULT_LATENCY_KEYS(X) \
  X(p50_ns)                    \
  X(p90_ns)                    \
  X(p99_ns)                    \
  X(max_ns)                    \
  X(mean_ns)
#define RESULT_LATENCY_CLASSES(X) \
  X(HOT, "hot")                   \
  X(WARM, "warm")                 \
  X(COLD, "cold")                 \
  X(FROZEN, "frozen")

/* Opening a document that is not in use; each has RESULT_LATENCY_KEYS. */
#define RESULT_COLD_OPENS(X) \
  X(tree_cached)             \
  X(tree_uncached)           \
  X(source_cached)           \
  X(source_uncached)         \
  X(parse)
#define RESULT_COLD_OPEN_RATIOS(X) \
  X(parse_over_tree_cached)        \
  X(parse_over_tree_uncached)
#define RESULT_COLD_OPEN_RATIO_KEYS(X) \
  X(p50, "1")                          \
  X(min, "1")                          \
  X(slower_pct, "%")

#define X(key) +1
enum { RESULT_COLD_OPEN_COUNT = 0 RESULT_COLD_OPENS(X), RESULT_COLD_OPEN_RATIO_COUNT = 0 RESULT_COLD_OPEN_RATIOS(X) };
enum {
  RESULT_JEMALLOC_COUNT = 0 RESULT_JEMALLOC_KEYS(X),
  RESULT_HEAP_FIGURE_COUNT = 0 RESULT_HEAP_KEYS(X),
  RESULT_LATENCY_FIGURE_COUNT = 0 RESULT_LATENCY_KEYS(X)
};
#undef X
#define X(key, unit) +1
enum { RESULT_COLD_OPEN_RATIO_FIGURE_COUNT = 0 RESULT_COLD_OPEN_RATIO_KEYS(X) };
enum { RESULT_TIMING_COUNT = 0 RESULT_TIMING_KEYS(X), RESULT_EDIT_COUNT = 0 RESULT_EDIT_KEYS(X) };
#undef X
enum result_latency_class {
#define X(name, text) RESULT_LATENCY_##name,
  RESULT_LATENCY_CLASSES(X)
#undef X
      RESULT_LATENCY_CLASS_COUNT
};

/* A value, or why there is none. */
struct figure {
  double value;
  const char *missing; /* NULL: value is there */
};

struct result_heap {
  const char *owner;
  double value[RESULT_HEAP_FIGURE_COUNT];
};

struct result_checkpoint {
  double elapsed_ns;
  struct figure probe[PROBE_FIGURE_COUNT];
  struct figure disk_bytes;
  struct figure unexplained_bytes; /* signed */
  struct figure jemalloc[RESULT_JEMALLOC_COUNT];
  struct figure mapping_rss_bytes[PROBE_OWNER_COUNT];
  struct result_heap *heaps;
  unsigned heap_count;
  const char *heaps_missing; /* NULL: heaps are known */
};

struct result_latency {
  bool present;
  double documents, accesses;
  struct figure value[RESULT_LATENCY_FIGURE_COUNT];
};

struct result_cold_open {
  struct figure documents, cold_documents;
  struct figure value[RESULT_COLD_OPEN_COUNT][RESULT_LATENCY_FIGURE_COUNT];
  struct figure ratio[RESULT_COLD_OPEN_RATIO_COUNT][RESULT_COLD_OPEN_RATIO_FIGURE_COUNT];
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
  struct result_checkpoint checkpoints[RESULT_CHECKPOINT_COUNT];
  struct figure nodes, tree_bytes, source_bytes;
  const char *edit_source; /* "versions" or "seeded" */
  struct figure edits[RESULT_EDIT_COUNT];
  struct figure timings[RESULT_TIMING_COUNT];
  struct result_latency latency[RESULT_LATENCY_CLASS_COUNT];
  struct result_cold_open cold_open; /* not of an instrument */
  struct result_stat *stats;
  unsigned stat_count;
  struct result_proof proof;
};

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
  char reason[512]; /* when not ok: what failed, and why */
};

struct result_language {
  const char *name, *grammar_package, *grammar_version;
  double files, lines, bytes;
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
  struct result_cell *cells;
  unsigned cell_count;
  struct result_group *groups; /* profile by profile, combinations in order */
  unsigned group_count;
  void *root; /* cJSON: where all text lives */
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

/* Whether figures of one file that must agree do (result_check.c): the languages with
 * the corpus, the mappings with RSS. result_open calls it. */
bool result_check(const struct result *result, struct fault *fault);

/* Whether both name the same stages, in whatever order. */
bool result_same_combination(const char *one, const char *other);
/* NULL: this result has no such combination under this profile. The order of its stages means nothing. */
const struct result_group *result_group(const struct result *result, const char *combination, const char *profile);

/* The profile to speak of: `wanted` when given (a fault when the result has none of
 * it), else "strict" if present, else the first. NULL on fault. */
const char *result_profile(const struct result *result, const char *wanted, struct fault *fault);

const char *result_checkpoint_name(enum result_checkpoint_id checkpoint);
const char *result_latency_class_name(enum result_latency_class latency_class);

#endif
