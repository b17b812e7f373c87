/* SPDX-License-Identifier: MIT
 *
 * cell.c - the life of a cell, from an empty process to the last checkpoint. What is
 * at each checkpoint is told in cell.h. */
#include "cell.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/paths.h"
#include "system/allocator.h"
#include "prefix.h"
#include "prove.h"
#include "reserve.h"
#include "system/account.h"
#include "system/heap.h"

/* ---- before `start` ---- */

/* Memory of the harness's that is there before the first checkpoint; the edits are chosen before the
 * documents that are opened cold, which are others. */
static bool reserve_all(struct cell *cell, struct fault *fault) {
  struct stage_heap *heap = cell->heap;
  struct cell_documents *documents = &cell->documents;
  const struct cell_spec *spec = documents->spec;
  return cell_documents_reserve(documents, heap, fault) &&
         cell_edit_plan_make(&cell->edit_plan, documents, heap, fault) &&
         (cell->cold_open = cell_cold_open_new(documents, &cell->edit_plan, heap, fault)) &&
         (cell->counters.items = cell_reserve(heap, CELL_COUNTERS_MAX * sizeof *cell->counters.items, fault)) &&
         (cell->checkpoints = cell_reserve(heap, CHECKPOINT_COUNT * sizeof *cell->checkpoints, fault)) &&
         access_mix_new(&cell->mix, spec->seed, (uint32_t)spec->file_count, heap, fault) &&
         proof_open(&cell->proof, (uint32_t)spec->language_count, spec->seed, heap, fault);
}

/* What the steps after `start` need of the stack (a path of 8 KiB, the parser) is touched before it, so that no
 * later checkpoint has it. Not more: deeper frames are the stages' own. */
#define STACK_BYTES 19456

__attribute__((noinline)) static void touch_stack(void) {
  volatile char stack[STACK_BYTES];
  for (size_t i = 0; i < sizeof stack; i += 1024) stack[i] = 0;
}

/* Where a path really leads, as the kernel names it in a list of mappings; static. */
static const char *real_path(const char *path) {
  static char real[PATH_MAX];
  return realpath(path, real) ? real : path;
}

static bool name_places(const struct cell_spec *spec, struct fault *fault) {
  bool good = probe_add_place(PROBE_OWNER_STAGE, real_path(paths_stage_dir())) &&
              probe_add_place(PROBE_OWNER_GRAMMAR, real_path(paths_grammar_dir())) &&
              probe_add_place(PROBE_OWNER_CORPUS, real_path(spec->corpus_root));
  for (unsigned i = 0; i < spec->combination.stage_count; i++) {
    const char *stage = spec->combination.stages[i];
    if (strchr(stage, '/')) good = good && probe_add_place(PROBE_OWNER_STAGE, real_path(stage));
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
  const struct cell_spec *spec = cell->documents.spec;
  struct stage_heap *tree_sitter = heap_new("tree-sitter", fault);
  if (!tree_sitter) return false;
  heap_use_for_tree_sitter(tree_sitter);
  cell->heap = heap_new("harness", fault);
  if (!cell->heap || !check_size(spec, fault) || !name_places(spec, fault) || !reserve_all(cell, fault)) return false;
  cell->reader.checkpoints = cell->checkpoints;
  checkpoint_prime(&cell->reader);
  if (!self_test_run(&cell->self_test, fault)) return false;
  checkpoint_prime(&cell->reader); /* once more: the self-test made a heap */
  checkpoint_calibrate(&cell->reader);
  if (!store_open(&spec->combination, &spec->place, &cell->documents.store, fault)) return false;
  const char *directory = store_directory(cell->documents.store);
  cell->reader.disk.folder = directory;
  if (directory && !probe_add_place(PROBE_OWNER_CORPUS, real_path(directory))) /* what stages map of their own files */
    return fault_set(fault, EXIT_CODE_INTERNAL, "the probes know no more than they can hold of places");
  touch_stack();
  checkpoint_prime(&cell->reader); /* the stages made theirs */
  return allocator_check(spec->profile, fault);
}

/* Reads and checks one checkpoint. */
static bool reach(struct cell *cell, enum checkpoint_name name, struct fault *fault) {
  checkpoint_read(&cell->reader, name);
  return account_check(&cell->checkpoints[name], name, fault) &&
         account_check_owners(cell->checkpoints, name, cell->documents.spec->file_count, fault);
}

/* ---- steps ---- */

static bool finalize(struct cell_documents *documents, struct fault *fault) {
  uint64_t began_ns = clock_ns();
  bool good = store_finalize(documents->store, fault);
  documents->timings.finalize_ns = clock_ns() - began_ns;
  return good;
}

static bool purge(void) {
  heap_purge_all();
  return true;
}

static bool drop_all(struct cell_documents *documents, struct fault *fault) {
  for (size_t id = 0; id < documents->spec->file_count; id++) {
    if (!store_drop(documents->store, (uint32_t)id, fault)) return false;
  }
  cell_forget_parser(documents, false);
  store_evict(documents->store); /* buffers for reading are no leaks */
  heap_purge_all();
  return true;
}

bool cell_run(struct cell *cell, const struct cell_spec *spec, struct fault *fault) {
  struct cell_documents *documents = &cell->documents;
  struct cell_edit_plan *plan = &cell->edit_plan;
  memset(cell, 0, sizeof *cell);
  documents->spec = spec;
  cell->edits.documents = documents;
  cell->edits.plan = plan;
  cell->edits.proof = &cell->proof;
  if (!prepare(cell, fault)) return false;
  struct store *store = documents->store;
  return reach(cell, CHECKPOINT_START, fault) && cell_ingest(documents, fault) &&
         reach(cell, CHECKPOINT_INGESTED, fault) && finalize(documents, fault) &&
         reach(cell, CHECKPOINT_FINALIZED, fault) && purge() && reach(cell, CHECKPOINT_PURGED, fault) &&
         cell_walk_all(documents, fault) && reach(cell, CHECKPOINT_WALKED, fault) &&
         access_mix_run(&cell->mix, store, fault) && reach(cell, CHECKPOINT_SERVED, fault) &&
         cell_apply_edits(&cell->edits, fault) && reach(cell, CHECKPOINT_EDITED, fault) &&
         cell_counters_read(&cell->counters, store, fault) && cell_cold_open(cell->cold_open, documents, fault) &&
         (store_keeps_nothing(store) || cell_prove(&cell->proof, documents, plan, fault)) &&
         drop_all(documents, fault) && reach(cell, CHECKPOINT_DRAINED, fault) &&
         cell_measure_prefix(&cell->edits.prefix, plan, documents, fault);
}

void cell_close(struct cell *cell) {
  struct cell_documents *documents = &cell->documents;
  if (documents->grammars) cell_forget_parser(documents, true);
  store_close(documents->store);
  documents->store = NULL;
  if (!cell->heap) return;
  if (cell->proof.heap) proof_close(&cell->proof);
  access_mix_free(&cell->mix, cell->heap);
  cell_documents_release(documents, cell->heap);
  cell_edit_plan_release(&cell->edit_plan, cell->heap);
  heap_release(cell->heap, cell->cold_open);
  heap_release(cell->heap, cell->counters.items);
  heap_release(cell->heap, cell->checkpoints);
}
