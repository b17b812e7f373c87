/* SPDX-License-Identifier: MIT
 *
 * edits.c - see edits.h. */
#include "edits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/percentile.h"
#include "prove.h"

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
static void find_journals(struct cell_edits *edits) {
  for (unsigned i = 0; i < store_stage_count(edits->documents->store); i++) {
    struct journals journals = {0};
    store_stage_stats(edits->documents->store, i, add_journal, &journals);
    for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) edits->log.keeps_journal[i] |= journals.has[kind];
  }
}

static struct journals read_journals(const struct cell_edits *edits) {
  struct journals journals = {0};
  for (unsigned i = 0; i < store_stage_count(edits->documents->store); i++) {
    if (edits->log.keeps_journal[i]) store_stage_stats(edits->documents->store, i, add_journal, &journals);
  }
  return journals;
}

static void count_growth(struct cell_edits *edits, const struct journals *before) {
  struct journals after = read_journals(edits);
  struct cell_edit_log *log = &edits->log;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    log->has_journal[kind] = before->has[kind] && after.has[kind] && (log->documents == 0 || log->has_journal[kind]);
    log->growth_bytes[kind][log->documents] = (int64_t)(after.bytes[kind] - before->bytes[kind]);
  }
  log->documents++;
}

/* ---- editing ---- */

/* The document's text, from the store, into documents->text. */
static bool fetch_text(struct cell_documents *documents, uint32_t id, struct fault *fault) {
  const struct cell_spec_file *file = &documents->spec->files[id];
  struct stage_pin pin;
  if (!store_pin_source(documents->store, id, &pin, fault)) return false;
  uint64_t length = pin.length;
  bool same = length == file->bytes && XXH3_64bits(pin.bytes, (size_t)length) == file->hash;
  if (same) memcpy(documents->text, pin.bytes, (size_t)length);
  if (!store_unpin_source(documents->store, &pin, fault)) return false;
  if (same) return true;
  return fault_set(fault, EXIT_CODE_CELL_FAILED,
                   "%s: cannot be edited: the store's text is not the file's: %" PRIu64 " bytes of %" PRIu64 ", %s",
                   file->path, length, file->bytes,
                   length == file->bytes ? "but other ones (XXH3 differs)" : "which is another length");
}

/* The tree to edit, before its edit: a copy of the live one, else a fresh parse. Either
 * way the document is proved as it is against a fresh parse. Timed is what an editor would do. */
static TSTree *tree_before_edit(struct cell_edits *edits, uint32_t id, struct fault *fault) {
  struct cell_documents *documents = edits->documents;
  const struct cell_text text = {documents->text, (uint32_t)documents->spec->files[id].bytes};
  void *codec_store;
  const struct stage_ops *codec = store_codec(documents->store, &codec_store);
  const TSTree *live = codec->live_tree ? codec->live_tree(codec_store, id) : NULL;
  uint64_t began_ns = clock_ns();
  TSTree *fresh = cell_parse(documents, id, NULL, text, fault);
  if (!live) documents->timings.edit_parse_ns += clock_ns() - began_ns;
  if (!fresh) return NULL;
  bool proved = store_keeps_nothing(documents->store) || cell_compare(edits->proof, documents, id, text, fresh, fault);
  if (proved && !live) return fresh;
  ts_tree_delete(fresh);
  return proved ? ts_tree_copy(live) : NULL;
}

/* The tree of the new text; owns `old`. */
static TSTree *tree_after_edit(struct cell_edits *edits, uint32_t id, TSTree *old, struct cell_prepared_edit *prepared,
                               struct fault *fault) {
  struct cell_documents *documents = edits->documents;
  TSTree *tree = NULL;
  if (cell_prepare_edit(edits->plan, documents, id, prepared, fault)) {
    uint64_t began_ns = clock_ns();
    tree = cell_edit_tree(edits->plan, documents, id, old, prepared, fault);
    documents->timings.edit_parse_ns += clock_ns() - began_ns;
  }
  ts_tree_delete(old);
  return tree;
}

/* Owns `tree`. */
static bool store_edited(struct cell_edits *edits, uint32_t id, TSTree *tree, const struct cell_prepared_edit *prepared,
                         struct fault *fault) {
  struct cell_documents *documents = edits->documents;
  const struct cell_edit_plan *plan = edits->plan;
  const struct cell_spec_file *file = &documents->spec->files[id];
  const TSLanguage *grammar = documents->grammars[file->language].ts;
  struct stage_document document = {id, file->language, grammar, NULL, plan->text, prepared->length};
  struct journals before = read_journals(edits);
  uint64_t ready_ns = clock_ns();
  bool good = store_edit(documents->store, &document, plan->edits, prepared->count, tree, fault);
  documents->timings.edit_store_ns += clock_ns() - ready_ns;
  if (!good) return false;
  count_growth(edits, &before);
  edits_measure(plan->edits, prepared->count, (uint32_t)file->bytes, &edits->log.sizes);
  plan->is_edited[id] = 1;
  return true;
}

static bool edit_document(struct cell_edits *edits, uint32_t id, struct fault *fault) {
  struct cell_documents *documents = edits->documents;
  struct cell_prepared_edit prepared;
  if (!cell_use_language(documents, documents->spec->files[id].language, fault)) return false;
  if (!(store_keeps_nothing(documents->store) ? cell_read_text(documents, id, fault)
                                              : fetch_text(documents, id, fault)))
    return false;
  TSTree *old = tree_before_edit(edits, id, fault);
  TSTree *tree = old ? tree_after_edit(edits, id, old, &prepared, fault) : NULL;
  return tree && store_edited(edits, id, tree, &prepared, fault);
}

bool cell_apply_edits(struct cell_edits *edits, struct fault *fault) {
  struct cell_documents *documents = edits->documents;
  if (!proof_attach(edits->proof, documents->store, fault)) return false;
  bool good = true;
  find_journals(edits);
  for (uint32_t i = 0; good && i < edits->plan->document_count; i++)
    good = edit_document(edits, edits->plan->documents[i], fault);
  proof_detach(edits->proof);
  cell_forget_parser(documents, store_needs_grammar(documents->store));
  return good;
}

/* ---- "edits" of the result ---- */

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
  qsort(growth, log->documents, sizeof *growth, compare_i64);
  for (uint32_t i = 0; i < log->documents; i++) sum += growth[i];
  measured_set(&figures[SUM], sum);
  measured_set(&figures[P50], growth[percentile_index(log->documents, 50)]);
  measured_set(&figures[P90], growth[percentile_index(log->documents, 90)]);
  measured_set(&figures[MOST], growth[log->documents - 1]);
}
_Static_assert(EDIT_JOURNAL_TREE_MAX == EDIT_JOURNAL_TREE + 3 && EDIT_JOURNAL_SOURCE_MAX == EDIT_JOURNAL_SOURCE + 3,
               "set_growth counts on it");

/* Bytes allocated in the heaps of that kind of bytes; of live trees in the parser's heap, too. */
static int64_t heap_growth(const struct checkpoint *checkpoints, const char *ending, const char *more) {
  return (int64_t)checkpoint_allocated_in(&checkpoints[CHECKPOINT_EDITED], ending, more) -
         (int64_t)checkpoint_allocated_in(&checkpoints[CHECKPOINT_SERVED], ending, more);
}

static void set_sizes(struct measured figures[EDIT_FIGURE_COUNT], const struct cell_edit_log *log) {
  measured_set(&figures[EDIT_DOCUMENTS], log->documents);
  measured_set(&figures[EDIT_HUNKS], (int64_t)log->sizes.edits);
  measured_set(&figures[EDIT_INSERTED_LINES], (int64_t)log->sizes.inserted_lines);
  measured_set(&figures[EDIT_DELETED_LINES], (int64_t)log->sizes.deleted_lines);
  measured_set(&figures[EDIT_INSERTED_BYTES], (int64_t)log->sizes.inserted_bytes);
  measured_set(&figures[EDIT_DELETED_BYTES], (int64_t)log->sizes.deleted_bytes);
}

static void set_heap_growth(struct measured figures[EDIT_FIGURE_COUNT], const struct cell_edits *edits,
                            const struct checkpoint *checkpoints) {
  if (!checkpoints[CHECKPOINT_EDITED].has_heaps || !checkpoints[CHECKPOINT_SERVED].has_heaps) {
    figures[EDIT_HEAP_TREE].missing = figures[EDIT_HEAP_SOURCE].missing = "this build has no jemalloc";
    return;
  }
  const char *live = store_codec(edits->documents->store, NULL)->live_tree ? "tree-sitter" : NULL;
  measured_set(&figures[EDIT_HEAP_TREE], heap_growth(checkpoints, ".tree", live));
  measured_set(&figures[EDIT_HEAP_SOURCE], heap_growth(checkpoints, ".source", NULL));
}

static void set_prefix(struct measured figures[EDIT_FIGURE_COUNT], const struct cell_edits *edits) {
  if (!cell_edits_are_real(edits->documents)) {
    figures[EDIT_ZSTD_PREFIX].missing = figures[EDIT_ZSTD_PREFIX_BARE].missing = "measured for real edits only";
    return;
  }
  measured_set(&figures[EDIT_ZSTD_PREFIX], (int64_t)edits->prefix.bytes);
  measured_set(&figures[EDIT_ZSTD_PREFIX_BARE], (int64_t)edits->prefix.bare_bytes);
}

cJSON *cell_edits_json(struct cell_edits *edits, const struct checkpoint *checkpoints) {
  struct measured figures[EDIT_FIGURE_COUNT];
  measured_clear(figures, EDIT_FIGURE_COUNT);
  set_sizes(figures, &edits->log);
  set_heap_growth(figures, edits, checkpoints);
  set_growth(&figures[EDIT_JOURNAL_TREE], &edits->log, STAGE_TREE);
  set_growth(&figures[EDIT_JOURNAL_SOURCE], &edits->log, STAGE_SOURCE);
  set_prefix(figures, edits);
  cJSON *to = json_new_object();
  json_add_text(to, "source", cell_edits_are_real(edits->documents) ? "versions" : "seeded");
  figures_json_add(to, edit_figures, figures, EDIT_FIGURE_COUNT);
  return to;
}
