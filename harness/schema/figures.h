/* SPDX-License-Identifier: MIT
 *
 * figures.h - every figure that a cell measures, and every name that figures are told by: once.
 *
 * The writer (the cell), the reader (result/), metrics and results/result.schema.json follow from these
 * tables. To add a figure, add its line here, mark it FIGURE_OPTIONAL or raise RESULT_SCHEMA (result/result.h), set its
 * value where it is measured, and write the schema anew (schema/test_json_schema.c says how, and fails until then).
 * result/test_figures.c holds writer, reader, metrics and schema to these tables; that the value is the right one, no
 * test of the tables can know. Then `scripts/ci-gate.sh --update` renews the baseline.
 *
 * A line of a list of figures: X(ID, key, unit, flags, meaning). `key` is the name in JSON, with its unit, and that of
 * the member of the struct that holds the value.
 * A line of a list of names: X(ID, "text", meaning). */
#ifndef PHASEBENCH_FIGURES_H
#define PHASEBENCH_FIGURES_H

/* ---- what a value may be ---- */

enum {
  FIGURE_WHOLE = 1,    /* a whole number; else any number */
  FIGURE_SIGNED = 2,   /* may be below 0 */
  FIGURE_OR_NULL = 4,  /* null, with a reason, where it could not be read */
  FIGURE_OPTIONAL = 8, /* results of older versions do not have it */
  FIGURE_SHARE = 16,   /* at most 100 */
};
#define FIGURE_COUNT FIGURE_WHOLE
#define FIGURE_COUNT_OR_NULL (FIGURE_WHOLE | FIGURE_OR_NULL)
#define FIGURE_GROWTH_OR_NULL (FIGURE_WHOLE | FIGURE_SIGNED | FIGURE_OR_NULL)

/* ---- names ---- */

/* The fixed moments of a cell, in order (cell/cell.h says what is in memory at each). */
#define CHECKPOINTS(X)                                                                     \
  X(START, "start", "the program, the stages and all buffers of the harness; no document") \
  X(INGESTED, "ingested", "every document is in the store")                                \
  X(FINALIZED, "finalized", "the stages were told that all documents are in")              \
  X(PURGED, "purged", "the allocator gave all free pages back: memory at rest")            \
  X(WALKED, "walked", "every node of every document was visited")                          \
  X(SERVED, "served", "the access mix was run: memory in service")                         \
  X(EDITED, "edited", "some documents were edited")                                        \
  X(DRAINED, "drained", "all documents were dropped: what is above `start` is leaked")

/* Classes of documents in the access mix (cell/access.h): X(ID, "text", % of documents, % of accesses). */
#define ACCESS_CLASSES(X) \
  X(HOT, "hot", 1, 60)    \
  X(WARM, "warm", 9, 25)  \
  X(COLD, "cold", 30, 12) \
  X(FROZEN, "frozen", 60, 3)

/* What is timed of documents that are not in use (cell/cold_open.c). */
#define COLD_OPENS(X)                                                                                 \
  X(TREE_CACHED, "tree_cached", "evict, then open a cursor, batch-walk all nodes, close it")          \
  X(TREE_UNCACHED, "tree_uncached",                                                                   \
    "the same after the store's files and the document's own were dropped from the page cache")       \
  X(SOURCE_CACHED, "source_cached", "evict, then pin the source, read a byte of each page, unpin it") \
  X(SOURCE_UNCACHED, "source_uncached", "the same after dropping")                                    \
  X(PARSE, "parse", "ts_parser_parse of the same text, which is in memory")

/* Time to parse over time to open, document by document: X(ID, "text", which cold open, meaning). */
#define COLD_OPEN_RATIOS(X)                                                                            \
  X(TREE_CACHED, "parse_over_tree_cached", TREE_CACHED, "time to parse over tree_cached, by document") \
  X(TREE_UNCACHED, "parse_over_tree_uncached", TREE_UNCACHED, "time to parse over tree_uncached, by document")

/* Whose pages a mapping's are (system/probe.h). */
#define PROBE_OWNERS(X)                                              \
  X(ANONYMOUS, "anonymous", "heaps: jemalloc's mappings and [heap]") \
  X(STACK, "stack", "[stack], [vvar], [vdso]")                       \
  X(PROGRAM, "program", "the phasebench executable, its data too")   \
  X(STAGE, "stage", "modules in the stage folder, or given by path") \
  X(GRAMMAR, "grammar", "modules in the grammar folder")             \
  X(LIBRARY, "library", "other *.so")                                \
  X(CORPUS, "corpus", "mapped files of the corpus or of a store")    \
  X(OTHER, "other", "nobody's")

/* ---- figures of a checkpoint ---- */

/* What the kernel says. */
#define PROBE_FIGURES(X)                                                                                  \
  X(RSS, rss_bytes, "bytes", FIGURE_COUNT_OR_NULL, "smaps_rollup: Rss")                                   \
  X(PSS, pss_bytes, "bytes", FIGURE_COUNT_OR_NULL, "smaps_rollup: Pss")                                   \
  X(PRIVATE, private_bytes, "bytes", FIGURE_COUNT_OR_NULL, "smaps_rollup: Private_Clean + Private_Dirty") \
  X(SHARED, shared_bytes, "bytes", FIGURE_COUNT_OR_NULL, "smaps_rollup: Shared_Clean + Shared_Dirty")     \
  X(ANONYMOUS, anonymous_bytes, "bytes", FIGURE_COUNT_OR_NULL, "smaps_rollup: Anonymous")                 \
  X(FILE, file_bytes, "bytes", FIGURE_COUNT_OR_NULL, "smaps_rollup: Rss - Anonymous")                     \
  X(SWAP, swap_bytes, "bytes", FIGURE_COUNT_OR_NULL, "smaps_rollup: Swap")                                \
  X(PEAK_RSS, peak_rss_bytes, "bytes", FIGURE_COUNT_OR_NULL, "status: VmHWM since the last checkpoint")   \
  X(MINOR_FAULTS, minor_faults_count, "faults", FIGURE_COUNT_OR_NULL,                                     \
    "getrusage: ru_minflt since the last checkpoint")                                                     \
  X(MAJOR_FAULTS, major_faults_count, "faults", FIGURE_COUNT_OR_NULL, "getrusage: ru_majflt since the last checkpoint")

/* What the checkpoint itself makes of it (system/checkpoint.h). */
#define CHECKPOINT_FIGURES(X)                                                                                      \
  X(ELAPSED, elapsed_ns, "ns", FIGURE_COUNT, "since the checkpoint `start`")                                       \
  X(DISK, disk_bytes, "bytes", FIGURE_COUNT_OR_NULL,                                                               \
    "disk blocks of all that is in the folder of the stages' files, and of files elsewhere that are open for "     \
    "writing")                                                                                                     \
  X(UNEXPLAINED, unexplained_bytes, "bytes", FIGURE_GROWTH_OR_NULL,                                                \
    "anonymous memory mapped past the allocator since before any stage was loaded, and RSS of files that are "     \
    "nobody's")                                                                                                    \
  X(UNTOUCHED, untouched_bytes, "bytes", FIGURE_GROWTH_OR_NULL | FIGURE_OPTIONAL,                                  \
    "pages that the allocator counts as resident and nobody wrote to: rss = mappings (but anonymous and other) + " \
    "jemalloc.resident_bytes + unexplained - untouched")

/* stats.* of the whole allocator. */
#define JEMALLOC_FIGURES(X)                                               \
  X(ALLOCATED, allocated_bytes, "bytes", FIGURE_COUNT, "stats.allocated") \
  X(ACTIVE, active_bytes, "bytes", FIGURE_COUNT, "stats.active")          \
  X(METADATA, metadata_bytes, "bytes", FIGURE_COUNT, "stats.metadata")    \
  X(RESIDENT, resident_bytes, "bytes", FIGURE_COUNT, "stats.resident")    \
  X(MAPPED, mapped_bytes, "bytes", FIGURE_COUNT, "stats.mapped")          \
  X(RETAINED, retained_bytes, "bytes", FIGURE_COUNT, "stats.retained")

/* Of one heap, by owner. */
#define HEAP_FIGURES(X)                                                                                         \
  X(ALLOCATED, allocated_bytes, "bytes", FIGURE_COUNT, "in use by the application, rounded up to size classes") \
  X(ACTIVE, active_bytes, "bytes", FIGURE_COUNT, "pages that hold at least one allocation")                     \
  X(DIRTY, dirty_bytes, "bytes", FIGURE_COUNT, "free pages not yet returned (jemalloc's dirty and muzzy)")      \
  X(METADATA, metadata_bytes, "bytes", FIGURE_COUNT,                                                            \
    "jemalloc's own, for this arena; more than what of it is resident")                                         \
  X(RESIDENT, resident_bytes, "bytes", FIGURE_COUNT, "jemalloc's estimate for this arena: an upper bound")

/* ---- figures of the whole cell ---- */

/* At `purged`; bytes allocated in the heaps that hold trees and sources. */
#define TREE_FIGURES(X)                                                                              \
  X(NODES, nodes, "nodes", FIGURE_COUNT_OR_NULL, "of all trees, as parsed")                          \
  X(TREE_BYTES, tree_bytes, "bytes", FIGURE_COUNT_OR_NULL, "allocated in the heaps that hold trees") \
  X(SOURCE_BYTES, source_bytes, "bytes", FIGURE_COUNT_OR_NULL, "allocated in the heaps that hold sources")

#define TIMING_FIGURES(X)                                                                              \
  X(PARSE, parse_ns, "ns", FIGURE_COUNT_OR_NULL, "ts_parser_parse, of all documents")                  \
  X(STORE, store_ns, "ns", FIGURE_COUNT_OR_NULL, "handing text and tree to the store")                 \
  X(FREE, free_ns, "ns", FIGURE_COUNT_OR_NULL,                                                         \
    "freeing the parser's trees; next to nothing where the store keeps them")                          \
  X(FINALIZE, finalize_ns, "ns", FIGURE_COUNT_OR_NULL, "telling the stages that all documents are in") \
  X(WALK, walk_ns, "ns", FIGURE_COUNT_OR_NULL, "opening and batch-walking all documents")              \
  X(WALKED_NODES, walked_nodes, "nodes", FIGURE_COUNT_OR_NULL, "nodes that were walked in walk_ns")    \
  X(EDIT_PARSE, edit_parse_ns, "ns", FIGURE_COUNT_OR_NULL,                                             \
    "incremental parses; where the codec has no live tree, the parse of the old text, too")            \
  X(EDIT_STORE, edit_store_ns, "ns", FIGURE_COUNT_OR_NULL, "handing edited documents to the store")

/* What the checkpoint `edited` did and what it cost; growth is from before the edits to after them. */
#define EDIT_FIGURES(X)                                                                                                \
  X(DOCUMENTS, documents, "documents", FIGURE_COUNT, "that were edited")                                               \
  X(HUNKS, hunks, "hunks", FIGURE_COUNT, "places that were edited")                                                    \
  X(INSERTED_LINES, inserted_lines, "lines", FIGURE_COUNT, "lines put in")                                             \
  X(DELETED_LINES, deleted_lines, "lines", FIGURE_COUNT, "lines taken out")                                            \
  X(INSERTED_BYTES, inserted_bytes, "bytes", FIGURE_COUNT, "bytes put in")                                             \
  X(DELETED_BYTES, deleted_bytes, "bytes", FIGURE_COUNT, "bytes taken out")                                            \
  X(HEAP_TREE, heap_tree_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "growth of the heaps that hold trees")                 \
  X(HEAP_SOURCE, heap_source_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "growth of the heaps that hold sources")           \
  X(JOURNAL_TREE, journal_tree_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "growth of the stages' journals of trees")       \
  X(JOURNAL_TREE_P50, journal_tree_p50_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "of one document: median")               \
  X(JOURNAL_TREE_P90, journal_tree_p90_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "of one document: 90 % are at most")     \
  X(JOURNAL_TREE_MAX, journal_tree_max_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "of one document: the most")             \
  X(JOURNAL_SOURCE, journal_source_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "growth of the stages' journals of sources") \
  X(JOURNAL_SOURCE_P50, journal_source_p50_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "of one document: median")           \
  X(JOURNAL_SOURCE_P90, journal_source_p90_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "of one document: 90 % are at most") \
  X(JOURNAL_SOURCE_MAX, journal_source_max_bytes, "bytes", FIGURE_GROWTH_OR_NULL, "of one document: the most")         \
  X(ZSTD_PREFIX, zstd_prefix_source_bytes, "bytes", FIGURE_COUNT_OR_NULL,                                              \
    "what zstd -19 writes of the same real edits with the old version as prefix")                                      \
  X(ZSTD_PREFIX_BARE, zstd_prefix_bare_source_bytes, "bytes", FIGURE_COUNT_OR_NULL,                                    \
    "the same without magic number and size")

/* Of one class of accesses, and of one kind of cold open. Percentiles are by nearest rank. */
#define LATENCY_FIGURES(X)                                          \
  X(P50, p50_ns, "ns", FIGURE_OR_NULL, "half of them were as fast") \
  X(P90, p90_ns, "ns", FIGURE_OR_NULL, "90 % of them were as fast") \
  X(P99, p99_ns, "ns", FIGURE_OR_NULL, "99 % of them were as fast") \
  X(MAX, max_ns, "ns", FIGURE_OR_NULL, "the slowest")               \
  X(MEAN, mean_ns, "ns", FIGURE_OR_NULL, "the mean")

/* Of one ratio of COLD_OPEN_RATIOS. */
#define RATIO_FIGURES(X)            \
  X(P50, p50, "1", 0, "the median") \
  X(MIN, min, "1", 0, "the least")  \
  X(SLOWER, slower_pct, "%", FIGURE_SHARE, "share of documents that parsing was quicker for")

/* The members of a cell's object that hold figures; one that is not ok has none of them. */
#define CELL_PARTS(X) \
  X("checkpoints")    \
  X("trees")          \
  X("edits")          \
  X("timings")        \
  X("latency")        \
  X("cold_open")      \
  X("stage_stats")

/* ---- what follows from the lists ---- */

/* The members of a struct that holds the figures of a list: each a uint64_t. */
#define FIGURE_MEMBER(id, key, unit, flags, meaning) uint64_t key;

enum checkpoint_name {
#define X(id, text, meaning) CHECKPOINT_##id,
  CHECKPOINTS(X)
#undef X
      CHECKPOINT_COUNT
};
enum access_class {
#define X(id, text, document_pct, access_pct) ACCESS_##id,
  ACCESS_CLASSES(X)
#undef X
      ACCESS_CLASS_COUNT
};
enum cold_open {
#define X(id, text, meaning) COLD_OPEN_##id,
  COLD_OPENS(X)
#undef X
      COLD_OPEN_COUNT
};
enum cold_open_ratio {
#define X(id, text, of, meaning) COLD_OPEN_RATIO_##id,
  COLD_OPEN_RATIOS(X)
#undef X
      COLD_OPEN_RATIO_COUNT
};
enum probe_owner {
#define X(id, text, meaning) PROBE_OWNER_##id,
  PROBE_OWNERS(X)
#undef X
      PROBE_OWNER_COUNT
};

#define X(id, key, unit, flags, meaning) PROBE_##id,
enum probe_figure { PROBE_FIGURES(X) PROBE_FIGURE_COUNT };
#undef X
#define X(id, key, unit, flags, meaning) CHECKPOINT_FIGURE_##id,
enum checkpoint_figure { CHECKPOINT_FIGURES(X) CHECKPOINT_FIGURE_COUNT };
#undef X
#define X(id, key, unit, flags, meaning) JEMALLOC_##id,
enum jemalloc_figure { JEMALLOC_FIGURES(X) JEMALLOC_FIGURE_COUNT };
#undef X
#define X(id, key, unit, flags, meaning) HEAP_FIGURE_##id,
enum heap_figure { HEAP_FIGURES(X) HEAP_FIGURE_COUNT };
#undef X
#define X(id, key, unit, flags, meaning) TREE_FIGURE_##id,
enum tree_figure { TREE_FIGURES(X) TREE_FIGURE_COUNT };
#undef X
#define X(id, key, unit, flags, meaning) TIMING_##id,
enum timing_figure { TIMING_FIGURES(X) TIMING_FIGURE_COUNT };
#undef X
#define X(id, key, unit, flags, meaning) EDIT_##id,
enum edit_figure { EDIT_FIGURES(X) EDIT_FIGURE_COUNT };
#undef X
#define X(id, key, unit, flags, meaning) LATENCY_##id,
enum latency_figure { LATENCY_FIGURES(X) LATENCY_FIGURE_COUNT };
#undef X
#define X(id, key, unit, flags, meaning) RATIO_##id,
enum ratio_figure { RATIO_FIGURES(X) RATIO_FIGURE_COUNT };
#undef X

/* A line of a list of figures. */
struct figure_row {
  const char *key, *unit; /* unit "1": it has none */
  unsigned flags;
  const char *meaning;
};
extern const struct figure_row probe_figures[PROBE_FIGURE_COUNT];
extern const struct figure_row checkpoint_figures[CHECKPOINT_FIGURE_COUNT];
extern const struct figure_row jemalloc_figures[JEMALLOC_FIGURE_COUNT];
extern const struct figure_row heap_figures[HEAP_FIGURE_COUNT];
extern const struct figure_row tree_figures[TREE_FIGURE_COUNT];
extern const struct figure_row timing_figures[TIMING_FIGURE_COUNT];
extern const struct figure_row edit_figures[EDIT_FIGURE_COUNT];
extern const struct figure_row latency_figures[LATENCY_FIGURE_COUNT];
extern const struct figure_row ratio_figures[RATIO_FIGURE_COUNT];

#define X(key) +1
enum { CELL_PART_COUNT = 0 CELL_PARTS(X) };
#undef X
extern const char *const cell_parts[CELL_PART_COUNT];

/* A line of a list of names. */
struct name_row {
  const char *text, *meaning;
};
extern const struct name_row checkpoint_names[CHECKPOINT_COUNT];
extern const struct name_row cold_open_names[COLD_OPEN_COUNT];
extern const struct name_row probe_owner_names[PROBE_OWNER_COUNT];

struct access_class_row {
  const char *text;
  unsigned document_pct, access_pct;
};
extern const struct access_class_row access_classes[ACCESS_CLASS_COUNT];

struct cold_open_ratio_row {
  const char *text;
  enum cold_open of;
  const char *meaning;
};
extern const struct cold_open_ratio_row cold_open_ratios[COLD_OPEN_RATIO_COUNT];

const char *checkpoint_text(enum checkpoint_name name);
const char *access_class_name(enum access_class access_class);
const char *cold_open_name(enum cold_open what);
const char *probe_owner_name(enum probe_owner owner);

/* The name's number; the list's length (CHECKPOINT_COUNT and so on) where it is none of the list. */
enum checkpoint_name checkpoint_named(const char *text);
enum access_class access_class_named(const char *text);
enum probe_owner probe_owner_named(const char *text);

#endif
