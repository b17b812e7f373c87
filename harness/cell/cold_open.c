/* SPDX-License-Identifier: MIT
 *
 * cell_cold_open.c - what it costs to open a document that is not in use, beside parsing it anew.
 *
 * A seeded sample of documents that were not edited. For each one, with all stages told to evict
 * before every measurement:
 *   tree     a cursor is opened, all nodes are walked in batches, the cursor is closed
 *   source   the whole source is pinned, a byte of each page is read, and it is unpinned
 *   parse    ts_parser_parse of the same text, which is in memory
 * in turns of which each is first for every third document. "warm" leaves the page cache alone. In a
 * second round, "cold", the files in the store's folder and the document's own file of the corpus are
 * dropped from the page cache before each measurement; that they are gone is looked at, and where
 * they are not, the document does not count. What a disk or a host keeps in memory of its own, nobody
 * here can drop. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/random.h"
#include "cell.h"
#include "store/files.h"

/* ---- which documents ---- */

uint32_t cell_choose_cold_opened(struct cell *cell, uint32_t *scratch, uint32_t documents[CELL_COLD_OPENED_MAX]) {
  uint32_t count = 0;
  struct random_stream stream = random_stream_for(cell->spec->seed, RANDOM_COLD_OPENED, 0);
  for (uint32_t i = 0; i < cell->edited_count; i++) cell->is_edited[cell->edited[i]] = 1;
  for (uint32_t id = 0; id < (uint32_t)cell->spec->file_count; id++) {
    if (!cell->is_edited[id]) scratch[count++] = id;
  }
  for (uint32_t i = 0; i < cell->edited_count; i++) cell->is_edited[cell->edited[i]] = 0; /* not yet */
  random_shuffle(&stream, scratch, count);
  if (count > CELL_COLD_OPENED_MAX) count = CELL_COLD_OPENED_MAX;
  memcpy(documents, scratch, count * sizeof *documents);
  return count;
}

/* ---- one measurement ---- */

static bool cold_open_tree(struct cell *cell, struct stage_cursor *cursor, uint32_t id, uint64_t *took_ns,
                           struct fault *fault) {
  uint64_t nodes, began_ns = clock_ns();
  bool good = cell_walk_document(cell, cursor, id, &nodes, fault);
  *took_ns = clock_ns() - began_ns;
  return good && (nodes == cell->node_counts[id] ||
                  fault_set(fault, EXIT_CODE_CELL_FAILED,
                            "%s: after evict the batch walk gave %llu nodes; the parser "
                            "made %u",
                            cell->spec->files[id].path, (unsigned long long)nodes, cell->node_counts[id]));
}

#define PAGE_BYTES 4096u

static bool cold_open_source(struct cell *cell, uint32_t id, uint64_t *took_ns, struct fault *fault) {
  struct stage_pin pin;
  uint64_t began_ns = clock_ns();
  if (!store_pin_source(cell->store, id, &pin, fault)) return false;
  for (uint64_t at = 0; at < pin.length; at += PAGE_BYTES) cell->cold_open->text_sum += pin.bytes[at];
  if (pin.length > 0) cell->cold_open->text_sum += pin.bytes[pin.length - 1];
  uint64_t length = pin.length;
  bool good = store_unpin_source(cell->store, &pin, fault);
  *took_ns = clock_ns() - began_ns;
  return good && (length == cell->spec->files[id].bytes ||
                  fault_set(fault, EXIT_CODE_CELL_FAILED, "%s: after evict the source has %llu bytes, and had %llu",
                            cell->spec->files[id].path, (unsigned long long)length,
                            (unsigned long long)cell->spec->files[id].bytes));
}

/* The text is in cell->text, the parser knows its language. */
static bool parse_anew(struct cell *cell, uint32_t id, uint64_t *took_ns, struct fault *fault) {
  uint64_t began_ns = clock_ns();
  TSTree *tree = cell_parse(cell, id, NULL, cell->text, (uint32_t)cell->spec->files[id].bytes, fault);
  *took_ns = clock_ns() - began_ns;
  ts_tree_delete(tree);
  return tree != NULL;
}

/* ---- rounds ---- */

static bool measure_warm(struct cell *cell, struct stage_cursor *cursor, uint32_t i, struct fault *fault) {
  struct cell_cold_open *cold_open = cell->cold_open;
  uint32_t id = cold_open->documents[i];
  /* Reading the text also has the document's file in the page cache, for stages that map it. */
  bool good = cell_use_language(cell, cell->spec->files[id].language, fault) && cell_read_text(cell, id, fault);
  for (uint32_t turn = 0; good && turn < 3; turn++) {
    uint32_t what = (turn + i) % 3;
    store_evict(cell->store);
    good = what == 0   ? cold_open_tree(cell, cursor, id, &cold_open->ns[COLD_OPEN_TREE_CACHED][i], fault)
           : what == 1 ? cold_open_source(cell, id, &cold_open->ns[COLD_OPEN_SOURCE_CACHED][i], fault)
                       : parse_anew(cell, id, &cold_open->ns[COLD_OPEN_PARSE][i], fault);
  }
  return good;
}

/* Evicts and empties the page cache; counts a document only if all of it is gone. */
static enum store_cached make_cold(struct cell *cell, const char *path) {
  store_evict(cell->store);
  const char *directory = store_directory(cell->store);
  enum store_cached files = directory ? store_directory_drop_cached(directory) : STORE_CACHED_NOT;
  enum store_cached own = store_file_drop_cached(path);
  return files != STORE_CACHED_NOT ? files : own;
}

static bool measure_cold(struct cell *cell, struct stage_cursor *cursor, uint32_t i, struct fault *fault) {
  struct cell_cold_open *cold_open = cell->cold_open;
  uint32_t id = cold_open->documents[i];
  char path[4096 * 2];
  if (!cell_path_of(cell, cell->spec->files[id].path, path, sizeof path, fault)) return false;
  enum store_cached cached = STORE_CACHED_NOT;
  bool good = true, read_own = false;
  for (uint32_t turn = 0; good && turn < 2 && cached == STORE_CACHED_NOT; turn++) {
    cached = make_cold(cell, path);
    if (cached != STORE_CACHED_NOT) break;
    good = (turn + i) % 2 == 0 ? cold_open_tree(cell, cursor, id, &cold_open->ns[COLD_OPEN_TREE_UNCACHED][i], fault)
                               : cold_open_source(cell, id, &cold_open->ns[COLD_OPEN_SOURCE_UNCACHED][i], fault);
    /* The store itself brought it back: it lives off the corpus's files. */
    read_own |= store_file_cached(path) == STORE_CACHED_YES;
  }
  cold_open->is_cold[i] = cached == STORE_CACHED_NOT;
  cold_open->cold_count += cold_open->is_cold[i];
  cold_open->reads_corpus += cold_open->is_cold[i] && read_own;
  if (cached == STORE_CACHED_UNKNOWN) cold_open->cold_unknown = true;
  return good;
}

bool cell_cold_open(struct cell *cell, struct fault *fault) {
  struct cell_cold_open *cold_open = cell->cold_open;
  struct stage_cursor *cursor;
  if (store_keeps_nothing(cell->store) || cold_open->count == 0) return true;
  if (!store_cursor_new(cell->store, &cursor, fault)) return false;
  bool good = true;
  for (uint32_t i = 0; good && i < cold_open->count; i++) good = measure_warm(cell, cursor, i, fault);
  cell_forget_parser(cell, store_needs_grammar(cell->store));
  for (uint32_t i = 0; good && i < cold_open->count; i++) good = measure_cold(cell, cursor, i, fault);
  store_cursor_delete(cell->store, cursor);
  return good;
}

/* ---- "cold_open" of the result ---- */

static bool is_cold_figure(enum cold_open what) {
  return what == COLD_OPEN_TREE_UNCACHED || what == COLD_OPEN_SOURCE_UNCACHED;
}

/* Why a figure is not there; NULL: it is. */
static const char *why_missing(const struct cell *cell, enum cold_open what) {
  const struct cell_cold_open *cold_open = cell->cold_open;
  if (cold_open->count == 0) return "every document was edited; the sample is of those that were not";
  if (!is_cold_figure(what)) return NULL;
  /* Most, since somebody else may read a file of the corpus at the same time. */
  if (!store_directory(cell->store) && 2 * cold_open->reads_corpus <= cold_open->cold_count)
    return "no stage of the combination writes files, and none read the corpus's: there is nothing to drop from the "
           "page cache";
  if (cold_open->cold_count > 0) return NULL;
  return cold_open->cold_unknown ? "the system does not tell whether a file is in the page cache"
                                 : "the files stayed in the page cache: is their folder in memory (tmpfs)?";
}

static int compare_ns(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static int compare_ratios(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Nearest rank, as for latencies. */
static uint32_t rank(uint32_t count, uint32_t pct) { return (uint32_t)(((uint64_t)count * pct + 99) / 100) - 1; }

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
  qsort(sorted, count, sizeof *sorted, compare_ns);
  measured_clear(values, LATENCY_FIGURE_COUNT);
  for (size_t r = 0; r < sizeof ranks_pct / sizeof ranks_pct[0]; r++) {
    if (ranks_pct[r]) values[r] = (struct measured){.real = (double)sorted[rank(count, ranks_pct[r])]};
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
  qsort(ratios, count, sizeof *ratios, compare_ratios);
  measured_clear(values, RATIO_FIGURE_COUNT);
  values[RATIO_P50] = (struct measured){.real = ratios[rank(count, 50)]};
  values[RATIO_MIN] = (struct measured){.real = ratios[0]};
  values[RATIO_SLOWER] = (struct measured){.real = 100.0 * slower / count};
  figures_json_add(to, ratio_figures, values, RATIO_FIGURE_COUNT);
}

cJSON *cell_cold_open_json(struct cell *cell) {
  struct cell_cold_open *cold_open = cell->cold_open;
  cJSON *to = json_new_object();
  json_add_u64(to, "documents", cold_open->count);
  json_add_u64(to, "cold_documents", why_missing(cell, COLD_OPEN_TREE_UNCACHED) ? 0 : cold_open->cold_count);
  for (int i = 0; i < COLD_OPEN_COUNT; i++) {
    const char *why = why_missing(cell, (enum cold_open)i), *name = cold_open_name((enum cold_open)i);
    if (why) json_add_missing(to, name, why);
    else add_latency(json_add_object(to, name), cold_open, (enum cold_open)i);
  }
  for (int i = 0; i < COLD_OPEN_RATIO_COUNT; i++) {
    const struct cold_open_ratio_row *ratio = &cold_open_ratios[i];
    const char *why = why_missing(cell, ratio->of);
    if (why) json_add_missing(to, ratio->text, why);
    else add_ratio(json_add_object(to, ratio->text), cold_open, ratio->of);
  }
  return to;
}
