/* SPDX-License-Identifier: MIT
 *
 * checkpoint_json.c - checkpoints as a result has them (results/result.schema.json, "checkpoint"). */
#include "base/json_out.h"
#include "checkpoint.h"

static void add_probe(cJSON *object, const struct probe_reading *probe) {
  struct measured values[PROBE_FIGURE_COUNT];
  for (int figure = 0; figure < PROBE_FIGURE_COUNT; figure++)
    values[figure] = (struct measured){.whole = (int64_t)probe->value[figure], .missing = probe->missing[figure]};
  figures_json_add(object, probe_figures, values, PROBE_FIGURE_COUNT);
}

static void add_mappings(cJSON *object, const struct probe_reading *probe) {
  if (probe->rss_by_owner_missing) {
    json_add_missing(object, "mappings", probe->rss_by_owner_missing);
    return;
  }
  cJSON *mappings = json_add_array(object, "mappings");
  for (int owner = 0; owner < PROBE_OWNER_COUNT; owner++) {
    cJSON *mapping = json_add_object(mappings, NULL);
    json_add_text(mapping, "owner", probe_owner_name((enum probe_owner)owner));
    json_add_u64(mapping, "rss_bytes", probe->rss_by_owner_bytes[owner]);
  }
}

static void add_heaps(cJSON *object, const struct checkpoint *checkpoint) {
  static const char why[] = "this build has no jemalloc";
  if (!checkpoint->has_heaps) {
    json_add_missing(object, "jemalloc", why);
    json_add_missing(object, "heaps", why);
    return;
  }
  figures_json_add_whole(json_add_object(object, "jemalloc"), jemalloc_figures, checkpoint->totals.value,
                         JEMALLOC_FIGURE_COUNT);
  cJSON *heaps = json_add_array(object, "heaps");
  for (unsigned i = 0; i < checkpoint->heap_count; i++) {
    cJSON *heap = json_add_object(heaps, NULL);
    json_add_text(heap, "owner", heap_name(heap_at(i)));
    figures_json_add_whole(heap, heap_figures, checkpoint->heaps[i].value, HEAP_FIGURE_COUNT);
  }
}

cJSON *checkpoint_json(const struct checkpoint checkpoints[CHECKPOINT_COUNT]) {
  cJSON *array = json_new_array();
  for (int i = 0; i < CHECKPOINT_COUNT; i++) {
    const struct checkpoint *checkpoint = &checkpoints[i];
    if (!checkpoint->was_read) continue;
    cJSON *object = json_add_object(array, NULL);
    json_add_text(object, "name", checkpoint_text((enum checkpoint_name)i));
    add_probe(object, &checkpoint->probe);
    figures_json_add(object, checkpoint_figures, checkpoint->figures, CHECKPOINT_FIGURE_COUNT);
    add_heaps(object, checkpoint);
    add_mappings(object, &checkpoint->probe);
  }
  return array;
}
