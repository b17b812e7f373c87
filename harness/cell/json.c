/* SPDX-License-Identifier: MIT
 *
 * json.c - a cell's part of a result (results/result.schema.json, "cell"). What the
 * process around it knows (how it ended, how long it took) is added there. */
#include "json.h"

#include "base/json_out.h"
#include "cell.h"
#include "system/allocator.h"
#include "system/heap.h"

/* Live trees are in the parser's heap; where there are none, it was the parser's only. */
static void add_trees(cJSON *object, const struct cell *cell) {
  const struct checkpoint *purged = &cell->checkpoints[CHECKPOINT_PURGED];
  struct measured values[TREE_FIGURE_COUNT];
  measured_clear(values, TREE_FIGURE_COUNT);
  measured_set(&values[TREE_FIGURE_NODES], (int64_t)cell->documents.nodes);
  if (purged->has_heaps) {
    const char *live = store_codec(cell->documents.store, NULL)->live_tree ? "tree-sitter" : NULL;
    measured_set(&values[TREE_FIGURE_TREE_BYTES], (int64_t)checkpoint_allocated_in(purged, ".tree", live));
    measured_set(&values[TREE_FIGURE_SOURCE_BYTES], (int64_t)checkpoint_allocated_in(purged, ".source", NULL));
  } else {
    values[TREE_FIGURE_TREE_BYTES].missing = values[TREE_FIGURE_SOURCE_BYTES].missing = "this build has no jemalloc";
  }
  figures_json_add(json_add_object(object, "trees"), tree_figures, values, TREE_FIGURE_COUNT);
}

static void latency_values(const struct access_latency *latency, struct measured values[LATENCY_FIGURE_COUNT]) {
  measured_clear(values, LATENCY_FIGURE_COUNT);
  values[LATENCY_P50] = (struct measured){.real = (double)latency->p50_ns};
  values[LATENCY_P90] = (struct measured){.real = (double)latency->p90_ns};
  values[LATENCY_P99] = (struct measured){.real = (double)latency->p99_ns};
  values[LATENCY_MAX] = (struct measured){.real = (double)latency->max_ns};
  values[LATENCY_MEAN] = (struct measured){.real = latency->mean_ns};
  for (int i = 0; i < LATENCY_FIGURE_COUNT && latency->accesses == 0; i++)
    values[i].missing = "the class has no documents or was never drawn";
}

static void add_latency(cJSON *object, struct cell *cell) {
  struct access_latency latency[ACCESS_CLASS_COUNT];
  access_mix_latency(&cell->mix, latency);
  cJSON *array = json_add_array(object, "latency");
  for (int c = 0; c < ACCESS_CLASS_COUNT; c++) {
    struct measured values[LATENCY_FIGURE_COUNT];
    cJSON *to = json_add_object(array, NULL);
    json_add_text(to, "class", access_class_name((enum access_class)c));
    json_add_u64(to, "documents", latency[c].documents);
    json_add_u64(to, "accesses", latency[c].accesses);
    latency_values(&latency[c], values);
    figures_json_add(to, latency_figures, values, LATENCY_FIGURE_COUNT);
  }
}

static void add_figures(cJSON *object, struct cell *cell) {
  json_add_item(object, "checkpoints", checkpoint_json(cell->checkpoints));
  if (!store_keeps_nothing(cell->documents.store)) add_trees(object, cell);
  json_add_item(object, "edits", cell_edits_json(&cell->edits, cell->checkpoints));
  figures_json_add_whole(json_add_object(object, "timings"), timing_figures, cell->documents.timings.value,
                         TIMING_FIGURE_COUNT);
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
  /* Before its store is there a cell does not know its kind; who asked for it does. */
  if (cell->documents.store) json_add_text(object, "kind", instrument ? "instrument" : "measured");
  json_add_text(object, "profile", spec->profile);
  json_add_u64(object, "repetition", spec->repetition);
  json_add_u64(object, "position", spec->position);
  json_add_text(object, "status", good ? "ok" : "failed");
  json_add_text(object, "reason", good ? NULL : fault->message);
  json_add_text(object, "allocator_options", allocator_options());
  json_add_item(object, "self_test", self_test_json(&cell->self_test));
  if (instrument)
    json_add_item(object, "proof", proof_json(&cell->proof, "this combination keeps nothing: it measures the harness"));
  else if (good || cell->proof.mismatches > 0) json_add_item(object, "proof", proof_json(&cell->proof, NULL));
  else json_add_item(object, "proof", cJSON_CreateNull());
  if (good) add_figures(object, cell);
  return object;
}
