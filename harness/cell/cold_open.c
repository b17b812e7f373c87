/* SPDX-License-Identifier: MIT
 *
 * cold_open.c - what it costs to open a document that is not in use, beside parsing it anew.
 *
 * A seeded sample of documents that were not edited. For each one, with all stages told to evict
 * before every measurement:
 *   tree     a cursor is opened, all nodes are walked in batches, the cursor is closed
 *   source   the whole source is pinned, a byte of each page is read, and it is unpinned
 *   parse    ts_parser_parse of the same text, which is in memory
 * The three take turns, and each of them is first for every third document. In this round ("cached") the
 * page cache is left alone. In a second round ("uncached") tree and source are opened again, and before
 * each measurement the files in the store's folder and the document's own file of the corpus are
 * dropped from the page cache. Whether they are gone is looked at; where they are not, the document does
 * not count. What a disk or a host keeps in memory of its own, nobody here can drop. */
#include "cold_open.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/json_out.h"
#include "base/percentile.h"
#include "base/random.h"
#include "reserve.h"
#include "store/page_cache.h"
#include "system/figures_json.h"

/* ---- which documents ---- */

static void choose(struct cell_cold_open *cold_open, const struct cell_documents *documents,
                   const struct cell_edit_plan *plan) {
  uint32_t *ids = documents->node_counts, count = 0; /* scratch: not in use yet */
  struct random_stream stream = random_stream_for(documents->spec->seed, RANDOM_COLD_OPENED, 0);
  for (uint32_t i = 0; i < plan->document_count; i++) plan->is_edited[plan->documents[i]] = 1;
  for (uint32_t id = 0; id < (uint32_t)documents->spec->file_count; id++) {
    if (!plan->is_edited[id]) ids[count++] = id;
  }
  for (uint32_t i = 0; i < plan->document_count; i++) plan->is_edited[plan->documents[i]] = 0; /* not yet */
  random_shuffle(&stream, ids, count);
  cold_open->count = count < CELL_COLD_OPENED_MAX ? count : CELL_COLD_OPENED_MAX;
  memcpy(cold_open->documents, ids, cold_open->count * sizeof *ids);
}

struct cell_cold_open *cell_cold_open_new(const struct cell_documents *documents, const struct cell_edit_plan *plan,
                                          struct stage_heap *heap, struct fault *fault) {
  struct cell_cold_open *cold_open = cell_reserve(heap, sizeof *cold_open, fault);
  if (cold_open) choose(cold_open, documents, plan);
  return cold_open;
}

/* ---- one measurement ---- */

/* What the measurements of all documents share. */
struct measuring {
  struct cell_cold_open *cold_open;
  struct cell_documents *documents;
  struct stage_cursor *cursor;
};

static bool cold_open_tree(struct measuring *measuring, uint32_t id, uint64_t *took_ns, struct fault *fault) {
  struct cell_documents *documents = measuring->documents;
  uint64_t nodes, began_ns = clock_ns();
  bool good = cell_walk_document(documents, measuring->cursor, id, &nodes, fault);
  *took_ns = clock_ns() - began_ns;
  if (good && nodes != documents->node_counts[id])
    good = fault_set(fault, EXIT_CODE_CELL_FAILED, "%s: after evict the batch walk gave %llu nodes; the parser made %u",
                     documents->spec->files[id].path, (unsigned long long)nodes, documents->node_counts[id]);
  return good;
}

#define PAGE_BYTES 4096u

static bool cold_open_source(struct measuring *measuring, uint32_t id, uint64_t *took_ns, struct fault *fault) {
  struct store *store = measuring->documents->store;
  const struct cell_spec_file *file = &measuring->documents->spec->files[id];
  struct stage_pin pin;
  uint64_t *text_sum = &measuring->cold_open->text_sum, began_ns = clock_ns();
  if (!store_pin_source(store, id, &pin, fault)) return false;
  for (uint64_t at = 0; at < pin.length; at += PAGE_BYTES) *text_sum += pin.bytes[at];
  if (pin.length > 0) *text_sum += pin.bytes[pin.length - 1];
  uint64_t length = pin.length;
  bool good = store_unpin_source(store, &pin, fault);
  *took_ns = clock_ns() - began_ns;
  if (good && length != file->bytes)
    good = fault_set(fault, EXIT_CODE_CELL_FAILED, "%s: after evict the source has %llu bytes, and had %llu",
                     file->path, (unsigned long long)length, (unsigned long long)file->bytes);
  return good;
}

/* The text is in documents->text, the parser knows its language. */
static bool parse_anew(struct measuring *measuring, uint32_t id, uint64_t *took_ns, struct fault *fault) {
  struct cell_documents *documents = measuring->documents;
  const struct cell_text text = {documents->text, (uint32_t)documents->spec->files[id].bytes};
  uint64_t began_ns = clock_ns();
  TSTree *tree = cell_parse(documents, id, NULL, text, fault);
  *took_ns = clock_ns() - began_ns;
  ts_tree_delete(tree);
  return tree != NULL;
}

/* ---- rounds ---- */

typedef bool measure_fn(struct measuring *measuring, uint32_t id, uint64_t *took_ns, struct fault *fault);

/* Document i of the sample, with the page cache left alone. */
static bool measure_cached(struct measuring *measuring, uint32_t i, struct fault *fault) {
  static const struct {
    enum cold_open what;
    measure_fn *measure;
  } turns[] = {{COLD_OPEN_TREE_CACHED, cold_open_tree},
               {COLD_OPEN_SOURCE_CACHED, cold_open_source},
               {COLD_OPEN_PARSE, parse_anew}};
  struct cell_documents *documents = measuring->documents;
  uint32_t id = measuring->cold_open->documents[i];
  /* Reading the text also has the document's file in the page cache, for stages that map it. */
  bool good =
      cell_use_language(documents, documents->spec->files[id].language, fault) && cell_read_text(documents, id, fault);
  for (uint32_t turn = 0; good && turn < 3; turn++) {
    uint32_t t = (turn + i) % 3;
    store_evict(documents->store);
    good = turns[t].measure(measuring, id, &measuring->cold_open->ns[turns[t].what][i], fault);
  }
  return good;
}

/* Evicts, and empties the page cache of the store's files and of the document's own. */
static enum store_cached make_uncached(struct store *store, const char *path) {
  store_evict(store);
  const char *directory = store_directory(store);
  enum store_cached files = directory ? store_directory_drop_cached(directory) : STORE_CACHED_NOT;
  enum store_cached own = store_file_drop_cached(path);
  return files != STORE_CACHED_NOT ? files : own;
}

/* Document i of the sample counts only if its files were gone from the page cache before each measurement. */
static bool measure_uncached(struct measuring *measuring, uint32_t i, struct fault *fault) {
  struct cell_cold_open *cold_open = measuring->cold_open;
  struct cell_documents *documents = measuring->documents;
  uint32_t id = cold_open->documents[i];
  char path[4096 * 2];
  if (!cell_path_of(documents, documents->spec->files[id].path, path, sizeof path, fault)) return false;
  enum store_cached cached = STORE_CACHED_NOT;
  bool good = true, read_own = false;
  for (uint32_t turn = 0; good && turn < 2; turn++) {
    cached = make_uncached(documents->store, path);
    if (cached != STORE_CACHED_NOT) break;
    good = (turn + i) % 2 == 0 ? cold_open_tree(measuring, id, &cold_open->ns[COLD_OPEN_TREE_UNCACHED][i], fault)
                               : cold_open_source(measuring, id, &cold_open->ns[COLD_OPEN_SOURCE_UNCACHED][i], fault);
    /* The store itself brought it back: it lives off the corpus's files. */
    read_own |= store_file_cached(path) == STORE_CACHED_YES;
  }
  cold_open->is_cold[i] = cached == STORE_CACHED_NOT;
  cold_open->cold_count += cold_open->is_cold[i];
  cold_open->reads_corpus += cold_open->is_cold[i] && read_own;
  if (cached == STORE_CACHED_UNKNOWN) cold_open->cold_unknown = true;
  return good;
}

bool cell_cold_open(struct cell_cold_open *cold_open, struct cell_documents *documents, struct fault *fault) {
  struct measuring measuring = {.cold_open = cold_open, .documents = documents};
  struct store *store = documents->store;
  if (store_keeps_nothing(store) || cold_open->count == 0) return true;
  if (!store_cursor_new(store, &measuring.cursor, fault)) return false;
  bool good = true;
  for (uint32_t i = 0; good && i < cold_open->count; i++) good = measure_cached(&measuring, i, fault);
  cell_forget_parser(documents, store_needs_grammar(store));
  for (uint32_t i = 0; good && i < cold_open->count; i++) good = measure_uncached(&measuring, i, fault);
  store_cursor_delete(store, measuring.cursor);
  return good;
}

/* ---- "cold_open" of the result ---- */

static bool is_cold_figure(enum cold_open what) {
  return what == COLD_OPEN_TREE_UNCACHED || what == COLD_OPEN_SOURCE_UNCACHED;
}

/* Why a figure is not there; NULL: it is. */
static const char *why_missing(const struct cell_cold_open *cold_open, const struct cell_documents *documents,
                               enum cold_open what) {
  if (cold_open->count == 0) return "every document was edited; the sample is of those that were not";
  if (!is_cold_figure(what)) return NULL;
  /* Most, since somebody else may read a file of the corpus at the same time. */
  if (!store_directory(documents->store) && 2 * cold_open->reads_corpus <= cold_open->cold_count)
    return "no stage of the combination writes files, and none read the corpus's: there is nothing to drop from the "
           "page cache";
  if (cold_open->cold_count > 0) return NULL;
  return cold_open->cold_unknown ? "the system does not tell whether a file is in the page cache"
                                 : "the files stayed in the page cache: is their folder in memory (tmpfs)?";
}

static void add_latency(cJSON *to, struct cell_cold_open *cold_open, enum cold_open what) {
  static const uint32_t ranks_pct[] = {[LATENCY_P50] = 50, [LATENCY_P90] = 90, [LATENCY_P99] = 99, [LATENCY_MAX] = 100};
  struct measured values[LATENCY_FIGURE_COUNT];
  uint64_t *sorted = cold_open->sorted;
  uint32_t count = 0;
  double sum = 0;
  for (uint32_t i = 0; i < cold_open->count; i++) {
    if (is_cold_figure(what) && !cold_open->is_cold[i]) continue;
    sorted[count++] = cold_open->ns[what][i];
    sum += (double)cold_open->ns[what][i];
  }
  qsort(sorted, count, sizeof *sorted, compare_u64);
  measured_clear(values, LATENCY_FIGURE_COUNT);
  for (size_t r = 0; r < COUNT(ranks_pct); r++) {
    if (ranks_pct[r]) values[r] = (struct measured){.real = (double)sorted[percentile_index(count, ranks_pct[r])]};
  }
  values[LATENCY_MEAN] = (struct measured){.real = sum / count};
  figures_json_add(to, latency_figures, values, LATENCY_FIGURE_COUNT);
}

/* How many times longer parsing took, document by document. */
static void add_ratio(cJSON *to, struct cell_cold_open *cold_open, enum cold_open what) {
  struct measured values[RATIO_FIGURE_COUNT];
  double *ratios = cold_open->ratios;
  uint32_t count = 0, slower = 0;
  for (uint32_t i = 0; i < cold_open->count; i++) {
    if (is_cold_figure(what) && !cold_open->is_cold[i]) continue;
    uint64_t took_ns = cold_open->ns[what][i] ? cold_open->ns[what][i] : 1; /* a clock that did not tick */
    slower += took_ns > cold_open->ns[COLD_OPEN_PARSE][i];
    ratios[count++] = (double)cold_open->ns[COLD_OPEN_PARSE][i] / (double)took_ns;
  }
  qsort(ratios, count, sizeof *ratios, compare_double);
  measured_clear(values, RATIO_FIGURE_COUNT);
  values[RATIO_P50] = (struct measured){.real = ratios[percentile_index(count, 50)]};
  values[RATIO_MIN] = (struct measured){.real = ratios[0]};
  values[RATIO_SLOWER] = (struct measured){.real = 100.0 * slower / count};
  figures_json_add(to, ratio_figures, values, RATIO_FIGURE_COUNT);
}

cJSON *cell_cold_open_json(struct cell_cold_open *cold_open, const struct cell_documents *documents) {
  cJSON *to = json_new_object();
  json_add_u64(to, "documents", cold_open->count);
  json_add_u64(to, "cold_documents",
               why_missing(cold_open, documents, COLD_OPEN_TREE_UNCACHED) ? 0 : cold_open->cold_count);
  for (int i = 0; i < COLD_OPEN_COUNT; i++) {
    const char *why = why_missing(cold_open, documents, (enum cold_open)i), *name = cold_open_name((enum cold_open)i);
    if (why) json_add_missing(to, name, why);
    else add_latency(json_add_object(to, name), cold_open, (enum cold_open)i);
  }
  for (int i = 0; i < COLD_OPEN_RATIO_COUNT; i++) {
    const struct cold_open_ratio_row *ratio = &cold_open_ratios[i];
    const char *why = why_missing(cold_open, documents, ratio->of);
    if (why) json_add_missing(to, ratio->text, why);
    else add_ratio(json_add_object(to, ratio->text), cold_open, ratio->of);
  }
  return to;
}
