/* SPDX-License-Identifier: MIT
 *
 * cell.c - the life of a cell, from an empty process to the last checkpoint. What is
 * at each checkpoint is told in cell.h. */
#include "cell.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/paths.h"
#include "system/account.h"
#include "system/heap.h"

#define BATCH_NODES 1024u

/* ---- before `start` ---- */

/* Memory of the harness's that is there, and touched, before the first checkpoint. */
static void *reserve(struct cell *cell, size_t bytes, struct fault *fault) {
  void *p = heap_allocate(cell->heap, bytes);
  if (p) memset(p, 0, bytes);
  else fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for %zu bytes of the harness", bytes);
  return p;
}

static bool choose(struct cell *cell, struct fault *fault) {
  uint32_t *scratch = cell->node_counts; /* not in use yet */
  if (!cell_choose_edits(cell, scratch, fault)) return false;
  cell->cold_open->count = cell_choose_cold_opened(cell, scratch, cell->cold_open->documents);
  return true;
}

static bool reserve_all(struct cell *cell, struct fault *fault) {
  const struct cell_spec *spec = cell->spec;
  size_t count = spec->file_count + 1; /* never nothing */
  for (size_t i = 0; i < spec->file_count; i++) {
    if (spec->files[i].bytes >= cell->text_bytes) cell->text_bytes = spec->files[i].bytes + 1;
  }
  return (cell->text = reserve(cell, cell->text_bytes + 1, fault)) &&
         (cell->node_counts = reserve(cell, count * sizeof *cell->node_counts, fault)) &&
         (cell->is_edited = reserve(cell, count, fault)) &&
         (cell->cold_open = reserve(cell, sizeof *cell->cold_open, fault)) && choose(cell, fault) &&
         (cell->edited_text = reserve(cell, cell->edited_text_bytes, fault)) &&
         (cell->edits = reserve(cell, cell->edit_capacity * sizeof *cell->edits, fault)) &&
         (cell->batch = reserve(cell, BATCH_NODES * sizeof *cell->batch, fault)) &&
         (cell->stats = reserve(cell, CELL_STATS_MAX * sizeof *cell->stats, fault)) &&
         (cell->grammars = reserve(cell, (spec->language_count + 1) * sizeof *cell->grammars, fault)) &&
         (cell->checkpoints = reserve(cell, CHECKPOINT_COUNT * sizeof *cell->checkpoints, fault)) &&
         access_mix_new(&cell->mix, spec->seed, (uint32_t)spec->file_count, cell->heap, fault) &&
         proof_open(&cell->proof, (uint32_t)spec->language_count, spec->seed, cell->heap, fault);
}

static bool name_places(const struct cell_spec *spec, struct fault *fault) {
  bool good = probe_add_place(PROBE_OWNER_STAGE, paths_stage_dir()) &&
              probe_add_place(PROBE_OWNER_GRAMMAR, paths_grammar_dir()) &&
              probe_add_place(PROBE_OWNER_CORPUS, spec->corpus_root);
  for (unsigned i = 0; i < spec->combination.stage_count; i++) {
    const char *stage = spec->combination.stages[i];
    if (strchr(stage, '/')) good = good && probe_add_place(PROBE_OWNER_STAGE, stage);
  }
  return good || fault_set(fault, EXIT_CODE_INTERNAL, "the probes know no more than they can hold of places");
}

static bool check_size(const struct cell_spec *spec, struct fault *fault) {
  if (spec->file_count >= UINT32_MAX)
    return fault_set(fault, EXIT_CODE_INPUT, "the corpus has too many files: %zu", spec->file_count);
  for (size_t i = 0; i < spec->file_count; i++) {
    /* tree-sitter counts bytes in 32 bits, and an edit makes a text longer. */
    if (spec->files[i].bytes > UINT32_MAX - 65536)
      return fault_set(fault, EXIT_CODE_INPUT, "%s: is too large for tree-sitter, which counts bytes in 32 bits",
                       spec->files[i].path);
  }
  return true;
}

static bool prepare(struct cell *cell, struct fault *fault) {
  struct stage_heap *tree_sitter = heap_new("tree-sitter", fault);
  if (!tree_sitter) return false;
  heap_use_for_tree_sitter(tree_sitter);
  cell->heap = heap_new("harness", fault);
  if (!cell->heap || !check_size(cell->spec, fault) || !name_places(cell->spec, fault) || !reserve_all(cell, fault))
    return false;
  cell->reader.checkpoints = cell->checkpoints;
  checkpoint_prime(&cell->reader);
  if (!self_test_run(&cell->self_test, fault)) return false;
  checkpoint_prime(&cell->reader); /* once more: the self-test made a heap */
  checkpoint_calibrate(&cell->reader);
  if (!store_open(&cell->spec->combination, &cell->spec->place, &cell->store, fault)) return false;
  const char *directory = store_directory(cell->store);
  cell->reader.disk.folder = directory;
  if (directory && !probe_add_place(PROBE_OWNER_CORPUS, directory)) /* what stages map of their own files */
    return fault_set(fault, EXIT_CODE_INTERNAL, "the probes know no more than they can hold of places");
  checkpoint_prime(&cell->reader); /* the stages made theirs */
  return true;
}

/* Reads and checks one checkpoint. */
static bool reach(struct cell *cell, enum checkpoint_name name, struct fault *fault) {
  checkpoint_read(&cell->reader, name);
  return account_check(&cell->checkpoints[name], name, fault);
}

/* ---- walk ---- */

bool cell_walk_document(struct cell *cell, struct stage_cursor *cursor, uint32_t id, uint64_t *nodes,
                        struct fault *fault) {
  const struct stage_ops *codec = store_codec(cell->store, NULL);
  uint32_t count = 0;
  *nodes = 0;
  int error = codec->cursor_open(cursor, id);
  if (error == STAGE_NO_DOCUMENT && store_keeps_nothing(cell->store)) return true;
  if (error) return store_fault(cell->store, codec, "cursor_open", error, fault);
  do {
    error = codec->walk(cursor, cell->batch, BATCH_NODES, &count);
    *nodes += count;
  } while (!error && count > 0);
  codec->cursor_close(cursor);
  return !error || store_fault(cell->store, codec, "walk", error, fault);
}

static bool walk_all(struct cell *cell, struct fault *fault) {
  struct stage_cursor *cursor;
  if (!store_cursor_new(cell->store, &cursor, fault)) return false;
  bool good = true;
  for (size_t id = 0; good && id < cell->spec->file_count; id++) {
    uint64_t nodes, began_ns = clock_ns();
    good = cell_walk_document(cell, cursor, (uint32_t)id, &nodes, fault);
    cell->timings.walk_ns += clock_ns() - began_ns;
    cell->timings.walked_nodes += nodes;
    if (good && nodes != cell->node_counts[id] && !store_keeps_nothing(cell->store))
      good = fault_set(fault, EXIT_CODE_CELL_FAILED, "%s: the batch walk gave %llu nodes; the parser made %u",
                       cell->spec->files[id].path, (unsigned long long)nodes, cell->node_counts[id]);
  }
  store_cursor_delete(cell->store, cursor);
  return good;
}

/* ---- the end ---- */

static void keep_stat(void *sink, const char *stage, const char *name, const char *unit, double value) {
  struct cell *cell = sink;
  if (cell->stat_count == CELL_STATS_MAX) {
    cell->stats_lost++;
    return;
  }
  struct cell_stat *stat = &cell->stats[cell->stat_count++];
  snprintf(stat->stage, sizeof stat->stage, "%s", stage);
  snprintf(stat->name, sizeof stat->name, "%s", name);
  snprintf(stat->unit, sizeof stat->unit, "%s", unit);
  stat->value = value;
}

static bool take_stats(struct cell *cell, struct fault *fault) {
  store_stats(cell->store, keep_stat, cell);
  return cell->stats_lost == 0 ||
         fault_set(fault, EXIT_CODE_INTERNAL, "the stages report %u counters; there is room for %d",
                   cell->stat_count + cell->stats_lost, CELL_STATS_MAX);
}

static bool drop_all(struct cell *cell, struct fault *fault) {
  for (size_t id = 0; id < cell->spec->file_count; id++) {
    if (!store_drop(cell->store, (uint32_t)id, fault)) return false;
  }
  cell_forget_parser(cell, false);
  store_evict(cell->store); /* buffers for reading are no leaks */
  heap_purge_all();
  return true;
}

static bool finalize(struct cell *cell, struct fault *fault) {
  uint64_t began_ns = clock_ns();
  bool good = store_finalize(cell->store, fault);
  cell->timings.finalize_ns = clock_ns() - began_ns;
  return good;
}

static bool purge(void) {
  heap_purge_all();
  return true;
}

bool cell_run(struct cell *cell, const struct cell_spec *spec, struct fault *fault) {
  memset(cell, 0, sizeof *cell);
  cell->spec = spec;
  if (!prepare(cell, fault)) return false;
  return reach(cell, CHECKPOINT_START, fault) && cell_ingest(cell, fault) && reach(cell, CHECKPOINT_INGESTED, fault) &&
         finalize(cell, fault) && reach(cell, CHECKPOINT_FINALIZED, fault) && purge() &&
         reach(cell, CHECKPOINT_PURGED, fault) && walk_all(cell, fault) && reach(cell, CHECKPOINT_WALKED, fault) &&
         access_mix_run(&cell->mix, cell->store, fault) && reach(cell, CHECKPOINT_SERVED, fault) &&
         cell_apply_edits(cell, fault) && reach(cell, CHECKPOINT_EDITED, fault) && take_stats(cell, fault) &&
         cell_cold_open(cell, fault) && (store_keeps_nothing(cell->store) || cell_prove(cell, fault)) &&
         drop_all(cell, fault) && reach(cell, CHECKPOINT_DRAINED, fault) && cell_measure_prefix(cell, fault);
}

void cell_close(struct cell *cell) {
  if (cell->grammars) cell_forget_parser(cell, true);
  store_close(cell->store);
  cell->store = NULL;
  if (!cell->heap) return;
  if (cell->grammars) cell_forget_parser(cell, false);
  if (cell->proof.heap) proof_close(&cell->proof);
  access_mix_free(&cell->mix, cell->heap);
  void *const reserved[] = {cell->text,      cell->edited_text, cell->edits, cell->node_counts, cell->is_edited,
                            cell->cold_open, cell->batch,       cell->stats, cell->grammars,    cell->checkpoints};
  for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) heap_release(cell->heap, reserved[i]);
  cell->grammars = NULL;
}
