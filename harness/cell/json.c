/* SPDX-License-Identifier: MIT
 *
 * json.c - a cell's part of a result (results/result.schema.json, "cell"). What the
 * process around it knows (how it ended, how long it took) is added there. */
#include "json.h"

#include "base/json_out.h"
#include "cell.h"
#include "system/heap.h"

/* Live trees are in the parser's heap; where there are none, it was the parser's only. */
static void add_trees(cJSON *object, const struct cell *cell) {
  const struct checkpoint *purged = &cell->checkpoints[CHECKPOINT_PURGED];
  cJSON *trees = json_add_object(object, "trees");
  json_add_u64(trees, "nodes", cell->documents.nodes);
  if (!purged->has_heaps) {
    json_add_missing(trees, "tree_bytes", "this build has no jemalloc");
    json_add_missing(trees, "source_bytes", "this build has no jemalloc");
    return;
  }
  bool live = store_codec(cell->documents.store, NULL)->live_tree != NULL;
  json_add_u64(trees, "tree_bytes", checkpoint_allocated_in(purged, ".tree", live ? "tree-sitter" : NULL));
  json_add_u64(trees, "source_bytes", checkpoint_allocated_in(purged, ".source", NULL));
}

static void add_timings(cJSON *object, const struct cell_timings *timings) {
  cJSON *to = json_add_object(object, "timings");
  json_add_u64(to, "parse_ns", timings->parse_ns);
  json_add_u64(to, "store_ns", timings->store_ns);
  json_add_u64(to, "free_ns", timings->free_ns);
  json_add_u64(to, "finalize_ns", timings->finalize_ns);
  json_add_u64(to, "walk_ns", timings->walk_ns);
  json_add_u64(to, "walked_nodes", timings->walked_nodes);
  json_add_u64(to, "edit_parse_ns", timings->edit_parse_ns);
  json_add_u64(to, "edit_store_ns", timings->edit_store_ns);
}

static void add_latency(cJSON *object, struct cell *cell) {
  struct access_latency latency[ACCESS_CLASS_COUNT];
  access_mix_latency(&cell->mix, latency);
  cJSON *array = json_add_array(object, "latency");
  for (int c = 0; c < ACCESS_CLASS_COUNT; c++) {
    static const char *const keys[] = {"p50_ns", "p90_ns", "p99_ns", "max_ns"};
    const uint64_t values[] = {latency[c].p50_ns, latency[c].p90_ns, latency[c].p99_ns, latency[c].max_ns};
    cJSON *to = json_add_object(array, NULL);
    json_add_text(to, "class", access_class_name((enum access_class)c));
    json_add_u64(to, "documents", latency[c].documents);
    json_add_u64(to, "accesses", latency[c].accesses);
    for (int i = 0; i < 4; i++) {
      if (latency[c].accesses) json_add_u64(to, keys[i], values[i]);
      else json_add_missing(to, keys[i], "the class has no documents or was never drawn");
    }
    if (latency[c].accesses) json_add_double(to, "mean_ns", latency[c].mean_ns);
    else json_add_missing(to, "mean_ns", "the class has no documents or was never drawn");
  }
}

static void add_figures(cJSON *object, struct cell *cell) {
  json_add_item(object, "checkpoints", checkpoint_json(cell->checkpoints));
  if (!store_keeps_nothing(cell->documents.store)) add_trees(object, cell);
  json_add_item(object, "edits", cell_edits_json(&cell->edits, cell->checkpoints));
  add_timings(object, &cell->documents.timings);
  if (!store_keeps_nothing(cell->documents.store))
    json_add_item(object, "cold_open", cell_cold_open_json(cell->cold_open, &cell->documents));
  add_latency(object, cell);
  json_add_item(object, "stage_stats", cell_counters_json(&cell->counters));
}

/* Of a store that could not be opened only the combination is known. */
static void add_stages(cJSON *object, const struct cell *cell) {
  cJSON *stages = json_add_array(object, "stages");
  for (unsigned i = 0; cell->documents.store && i < store_stage_count(cell->documents.store); i++)
    json_add_text(stages, NULL, store_stage(cell->documents.store, i)->name);
}

cJSON *cell_json(struct cell *cell, const struct fault *fault) {
  const struct cell_spec *spec = cell->documents.spec;
  bool good = fault->code == EXIT_CODE_OK;
  bool instrument = cell->documents.store && store_keeps_nothing(cell->documents.store);
  cJSON *object = json_new_object();
  json_add_text(object, "combination", spec->combination.name);
  add_stages(object, cell);
  json_add_text(object, "kind", instrument ? "instrument" : "measured");
  json_add_text(object, "profile", spec->profile);
  json_add_u64(object, "repetition", spec->repetition);
  json_add_u64(object, "position", spec->position);
  json_add_text(object, "status", good ? "ok" : "failed");
  json_add_text(object, "reason", good ? NULL : fault->message);
  json_add_text(object, "allocator_options", heap_allocator_options());
  json_add_item(object, "self_test", self_test_json(&cell->self_test));
  if (instrument)
    json_add_item(object, "proof", proof_json(&cell->proof, "this combination keeps nothing: it measures the harness"));
  else if (good || cell->proof.mismatches > 0) json_add_item(object, "proof", proof_json(&cell->proof, NULL));
  else json_add_item(object, "proof", cJSON_CreateNull());
  if (good) add_figures(object, cell);
  return object;
}
