/* SPDX-License-Identifier: MIT
 *
 * cell_edits.c - the checkpoint `edited`: documents are edited, and what that cost is
 * counted. Real edits (the spec's edit list) where the corpus names versions, else seeded
 * small ones; after that both go the same way. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "cell.h"
#include "system/heap.h"

/* ---- which edits ---- */

bool cell_edits_are_real(const struct cell *cell) { return cell->spec->edits_path[0]; }

bool cell_choose_edits(struct cell *cell, uint32_t *scratch, struct fault *fault) {
  const struct cell_spec *spec = cell->spec;
  uint64_t longest = 0;
  cell->edit_capacity = EDITS_PER_DOCUMENT_MAX;
  for (size_t i = 0; i < spec->edits.target_count; i++) {
    const struct edit_target *target = &spec->edits.targets[i];
    /* As of the corpus's own files: tree-sitter counts in 32 bits. */
    if (target->bytes > UINT32_MAX - 65536) {
      return fault_set(fault, EXIT_CODE_INPUT, "%s: is too large for tree-sitter, which counts bytes in 32 bits",
                       target->path);
    }
    cell->edited[cell->edited_count++] = target->document;
    if (target->bytes > longest) longest = target->bytes;
    if (target->hunk_count > cell->edit_capacity) cell->edit_capacity = target->hunk_count;
  }
  if (!cell_edits_are_real(cell)) {
    cell->edited_count = edits_choose_documents(spec->seed, (uint32_t)spec->file_count, scratch, cell->edited);
    for (uint32_t i = 0; i < cell->edited_count; i++) {
      uint64_t bytes = spec->files[cell->edited[i]].bytes;
      if (bytes > longest) longest = bytes;
    }
    longest += EDITS_PER_DOCUMENT_MAX * EDITS_GROWTH_BYTES_MAX;
  }
  cell->edited_text_bytes = (size_t)longest + 1;
  return true;
}

/* The hunks must fit the texts, or what ts_tree_edit is told would be wrong. */
static bool prepare_real(struct cell *cell, uint32_t id, uint32_t *length, uint32_t *count, struct fault *fault) {
  const struct edit_target *target = edit_list_find(&cell->spec->edits, id);
  if (!target) return fault_set(fault, EXIT_CODE_INTERNAL, "document %u is not in the list of edits", id);
  if (!cell_read_file(cell, target->path, target->bytes, target->hash, cell->edited_text, fault)) return false;
  struct diff_text old = {NULL, cell->text, (uint32_t)cell->spec->files[id].bytes};
  struct diff_text new = {NULL, cell->edited_text, (uint32_t)target->bytes};
  if (!diff_hunks_fit(&old, &new, target->hunks, target->hunk_count)) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: the hunks of the list of edits do not lead to %s",
                     cell->spec->files[id].path, target->path);
  }
  edits_from_hunks(target->hunks, target->hunk_count, old.bytes, new.bytes, cell->edits);
  *length = new.length;
  *count = target->hunk_count;
  return true;
}

bool cell_prepare_edit(struct cell *cell, uint32_t id, uint32_t *length, uint32_t *count, struct fault *fault) {
  if (cell_edits_are_real(cell)) return prepare_real(cell, id, length, count, fault);
  *length = (uint32_t)cell->spec->files[id].bytes;
  memcpy(cell->edited_text, cell->text, *length);
  *count = edits_apply(cell->spec->seed, id, cell->edited_text, length, cell->edits);
  return true;
}

TSTree *cell_edit_tree(struct cell *cell, uint32_t id, TSTree *old, uint32_t length, uint32_t count,
                       struct fault *fault) {
  for (uint32_t i = 0; i < count; i++) ts_tree_edit(old, &cell->edits[i]);
  return cell_parse(cell, id, old, cell->edited_text, length, fault);
}

/* ---- journals ---- */

static const char *const journal_names[STAGE_KIND_COUNT] = {
    [STAGE_SOURCE] = "journal_source_bytes", [STAGE_TREE] = "journal_tree_bytes"};

struct journals {
  bool has[STAGE_KIND_COUNT];
  double bytes[STAGE_KIND_COUNT]; /* over all stages of the store */
};

static void add_journal(void *sink, const char *stage, const char *name, const char *unit, double value) {
  (void)stage;
  (void)unit;
  struct journals *journals = sink;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    if (strcmp(name, journal_names[kind]) != 0) continue;
    journals->has[kind] = true;
    journals->bytes[kind] += value;
  }
}

/* Which stages keep journals. Only these are asked around each edit: another's counters may take
 * a look at every document. */
static void find_journals(struct cell *cell) {
  for (unsigned i = 0; i < store_stage_count(cell->store); i++) {
    struct journals journals = {0};
    store_stage_stats(cell->store, i, add_journal, &journals);
    for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) cell->edit_log.keeps_journal[i] |= journals.has[kind];
  }
}

static struct journals read_journals(const struct cell *cell) {
  struct journals journals = {0};
  for (unsigned i = 0; i < store_stage_count(cell->store); i++) {
    if (cell->edit_log.keeps_journal[i]) store_stage_stats(cell->store, i, add_journal, &journals);
  }
  return journals;
}

static void count_growth(struct cell *cell, const struct journals *before) {
  struct journals after = read_journals(cell);
  struct cell_edit_log *log = &cell->edit_log;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    log->has_journal[kind] = before->has[kind] && after.has[kind] && (log->documents == 0 || log->has_journal[kind]);
    log->growth_bytes[kind][log->documents] = (int64_t)(after.bytes[kind] - before->bytes[kind]);
  }
  log->documents++;
}

/* ---- editing ---- */

/* The document's text, from the store, into cell->text. */
static bool fetch_text(struct cell *cell, uint32_t id, struct fault *fault) {
  const struct cell_spec_file *file = &cell->spec->files[id];
  struct stage_pin pin;
  if (!store_pin_source(cell->store, id, &pin, fault)) return false;
  uint64_t length = pin.length;
  bool same = length == file->bytes && XXH3_64bits(pin.bytes, (size_t)length) == file->hash;
  if (same) memcpy(cell->text, pin.bytes, (size_t)length);
  return store_unpin_source(cell->store, &pin, fault) &&
         (same ||
          fault_set(fault, EXIT_CODE_CELL_FAILED,
                    "%s: cannot be edited: the store's text is not the file's: %" PRIu64 " bytes of %" PRIu64 ", %s",
                    file->path, length, file->bytes,
                    length == file->bytes ? "but other ones (XXH3 differs)" : "which is another length"));
}

/* The tree to edit, before its edit: a copy of the live one, else a fresh parse. Either
 * way the document is proved as it is against a fresh parse. Timed is what an editor would do. */
static TSTree *tree_before_edit(struct cell *cell, uint32_t id, struct fault *fault) {
  void *codec_store;
  const struct stage_ops *codec = store_codec(cell->store, &codec_store);
  const TSTree *live = codec->live_tree ? codec->live_tree(codec_store, id) : NULL;
  uint64_t began_ns = clock_ns();
  TSTree *fresh = cell_parse(cell, id, NULL, cell->text, (uint32_t)cell->spec->files[id].bytes, fault);
  if (!live) cell->timings.edit_parse_ns += clock_ns() - began_ns;
  if (!fresh) return NULL;
  if (!store_keeps_nothing(cell->store) &&
      !cell_compare(cell, id, cell->text, (uint32_t)cell->spec->files[id].bytes, fresh, fault)) {
    ts_tree_delete(fresh);
    return NULL;
  }
  if (!live) return fresh;
  ts_tree_delete(fresh);
  return ts_tree_copy(live);
}

/* Owns `old`. */
static bool store_edited(struct cell *cell, uint32_t id, TSTree *old, struct fault *fault) {
  const struct cell_spec_file *file = &cell->spec->files[id];
  uint32_t length, count;
  TSTree *tree = NULL;
  if (cell_prepare_edit(cell, id, &length, &count, fault)) {
    uint64_t began_ns = clock_ns();
    tree = cell_edit_tree(cell, id, old, length, count, fault);
    cell->timings.edit_parse_ns += clock_ns() - began_ns;
  }
  ts_tree_delete(old);
  if (!tree) return false;
  const TSLanguage *grammar = cell->grammars[file->language].ts;
  struct stage_document document = {id, file->language, grammar, NULL, cell->edited_text, length};
  struct journals before = read_journals(cell);
  uint64_t ready_ns = clock_ns();
  bool good = store_edit(cell->store, &document, cell->edits, count, tree, fault);
  cell->timings.edit_store_ns += clock_ns() - ready_ns;
  if (!good) return false;
  count_growth(cell, &before);
  edits_measure(cell->edits, count, (uint32_t)file->bytes, &cell->edit_log.sizes);
  cell->is_edited[id] = 1;
  return true;
}

static bool edit_document(struct cell *cell, uint32_t id, struct fault *fault) {
  if (!cell_use_language(cell, cell->spec->files[id].language, fault)) return false;
  if (!(store_keeps_nothing(cell->store) ? cell_read_text(cell, id, fault) : fetch_text(cell, id, fault))) return false;
  TSTree *old = tree_before_edit(cell, id, fault);
  return old && store_edited(cell, id, old, fault);
}

bool cell_apply_edits(struct cell *cell, struct fault *fault) {
  if (!proof_attach(&cell->proof, cell->store, fault)) return false;
  bool good = true;
  cell->proof_began = true;
  find_journals(cell);
  for (uint32_t i = 0; good && i < cell->edited_count; i++) good = edit_document(cell, cell->edited[i], fault);
  proof_detach(&cell->proof);
  cell_forget_parser(cell, store_needs_grammar(cell->store));
  return good;
}

/* ---- "edits" of the result ---- */

static int compare_growth(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Nearest rank, as for latencies. */
static int64_t percentile(const int64_t *sorted, uint32_t count, uint32_t pct) {
  uint32_t rank = (uint32_t)(((uint64_t)count * pct + 99) / 100);
  return sorted[rank ? rank - 1 : 0];
}

/* The four figures of a journal follow each other in the table: sum, p50, p90, most. */
static void set_growth(struct measured *figures, struct cell_edit_log *log, enum stage_kind kind) {
  enum { SUM, P50, P90, MOST, GROWTH_COUNT };
  if (log->documents == 0 || !log->has_journal[kind]) {
    const char *why = log->documents == 0  ? "no document was edited"
                      : kind == STAGE_TREE ? "no stage of the combination reports a counter journal_tree_bytes"
                                           : "no stage of the combination reports a counter journal_source_bytes";
    for (int i = 0; i < GROWTH_COUNT; i++) figures[i].missing = why;
    return;
  }
  int64_t *growth = log->growth_bytes[kind], sum = 0;
  qsort(growth, log->documents, sizeof *growth, compare_growth);
  for (uint32_t i = 0; i < log->documents; i++) sum += growth[i];
  measured_set(&figures[SUM], sum);
  measured_set(&figures[P50], percentile(growth, log->documents, 50));
  measured_set(&figures[P90], percentile(growth, log->documents, 90));
  measured_set(&figures[MOST], growth[log->documents - 1]);
}
_Static_assert(EDIT_JOURNAL_TREE_MAX == EDIT_JOURNAL_TREE + 3 && EDIT_JOURNAL_SOURCE_MAX == EDIT_JOURNAL_SOURCE + 3,
               "set_growth counts on it");

/* Bytes allocated in the heaps of that kind of bytes; of live trees in the parser's heap, too. */
static int64_t heap_growth(const struct cell *cell, const char *ending, const char *more) {
  return (int64_t)checkpoint_allocated_in(&cell->checkpoints[CHECKPOINT_EDITED], ending, more) -
         (int64_t)checkpoint_allocated_in(&cell->checkpoints[CHECKPOINT_SERVED], ending, more);
}

static void set_sizes(struct measured figures[EDIT_FIGURE_COUNT], const struct cell_edit_log *log) {
  measured_set(&figures[EDIT_DOCUMENTS], log->documents);
  measured_set(&figures[EDIT_HUNKS], (int64_t)log->sizes.edits);
  measured_set(&figures[EDIT_INSERTED_LINES], (int64_t)log->sizes.inserted_lines);
  measured_set(&figures[EDIT_DELETED_LINES], (int64_t)log->sizes.deleted_lines);
  measured_set(&figures[EDIT_INSERTED_BYTES], (int64_t)log->sizes.inserted_bytes);
  measured_set(&figures[EDIT_DELETED_BYTES], (int64_t)log->sizes.deleted_bytes);
}

static void set_heap_growth(struct measured figures[EDIT_FIGURE_COUNT], const struct cell *cell) {
  if (!cell->checkpoints[CHECKPOINT_EDITED].has_heaps || !cell->checkpoints[CHECKPOINT_SERVED].has_heaps) {
    figures[EDIT_HEAP_TREE].missing = figures[EDIT_HEAP_SOURCE].missing = "this build has no jemalloc";
    return;
  }
  const char *live = store_codec(cell->store, NULL)->live_tree ? "tree-sitter" : NULL;
  measured_set(&figures[EDIT_HEAP_TREE], heap_growth(cell, ".tree", live));
  measured_set(&figures[EDIT_HEAP_SOURCE], heap_growth(cell, ".source", NULL));
}

static void set_prefix(struct measured figures[EDIT_FIGURE_COUNT], const struct cell *cell) {
  if (!cell_edits_are_real(cell)) {
    figures[EDIT_ZSTD_PREFIX].missing = figures[EDIT_ZSTD_PREFIX_BARE].missing = "measured for real edits only";
    return;
  }
  measured_set(&figures[EDIT_ZSTD_PREFIX], (int64_t)cell->edit_log.zstd_prefix_bytes);
  measured_set(&figures[EDIT_ZSTD_PREFIX_BARE], (int64_t)cell->edit_log.zstd_prefix_bare_bytes);
}

cJSON *cell_edits_json(struct cell *cell) {
  struct measured figures[EDIT_FIGURE_COUNT];
  measured_clear(figures, EDIT_FIGURE_COUNT);
  set_sizes(figures, &cell->edit_log);
  set_heap_growth(figures, cell);
  set_growth(&figures[EDIT_JOURNAL_TREE], &cell->edit_log, STAGE_TREE);
  set_growth(&figures[EDIT_JOURNAL_SOURCE], &cell->edit_log, STAGE_SOURCE);
  set_prefix(figures, cell);
  cJSON *to = json_new_object();
  json_add_text(to, "source", cell_edits_are_real(cell) ? "versions" : "seeded");
  figures_json_add(to, edit_figures, figures, EDIT_FIGURE_COUNT);
  return to;
}
