/* SPDX-License-Identifier: MIT
 *
 * cell.c - the cells of a result file. */
#include "read.h"
#include "base/count.h"

#include "base/count.h"

static bool read_heaps(struct reader *reader, const cJSON *object, struct result_checkpoint *checkpoint) {
  const cJSON *heaps = cJSON_GetObjectItemCaseSensitive(object, "heaps");
  if (cJSON_IsNull(heaps)) return read_reason(reader, object, "heaps", &checkpoint->heaps_missing);
  if (!cJSON_IsArray(heaps)) return wrong(reader, "heaps", "an array or null");
  checkpoint->heaps = zeroed((size_t)cJSON_GetArraySize(heaps), sizeof *checkpoint->heaps, reader);
  if (!checkpoint->heaps) return false;
  const cJSON *heap;
  cJSON_ArrayForEach(heap, heaps) {
    struct result_heap *into = &checkpoint->heaps[checkpoint->heap_count];
    if (!read_text(reader, heap, "owner", &into->owner) ||
        !read_figures(reader, heap, heap_figures, HEAP_FIGURE_COUNT, into->value)) {
      return false;
    }
    checkpoint->heap_count++;
  }
  return true;
}

static bool read_mappings(struct reader *reader, const cJSON *object, struct result_checkpoint *checkpoint) {
  const cJSON *mappings = cJSON_GetObjectItemCaseSensitive(object, "mappings");
  const char *reason = NULL;
  if (cJSON_IsNull(mappings)) {
    if (!read_reason(reader, object, "mappings", &reason)) return false;
  } else if (!cJSON_IsArray(mappings)) {
    return wrong(reader, "mappings", "an array or null");
  }
  for (unsigned o = 0; o < PROBE_OWNER_COUNT; o++) checkpoint->mapping_rss_bytes[o].missing = reason;
  if (reason) return true;
  const cJSON *mapping;
  cJSON_ArrayForEach(mapping, mappings) {
    const char *owner;
    double rss_bytes;
    if (!read_text(reader, mapping, "owner", &owner) || !read_count(reader, mapping, "rss_bytes", &rss_bytes)) {
      return false;
    }
    enum probe_owner o = probe_owner_named(owner);
    if (o == PROBE_OWNER_COUNT) return wrong(reader, "mappings[].owner", "an owner this version knows");
    checkpoint->mapping_rss_bytes[o].value += rss_bytes;
  }
  return true;
}

static bool read_checkpoint(struct reader *reader, const cJSON *object, enum checkpoint_name id,
                            struct result_checkpoint *checkpoint) {
  const char *name;
  if (!read_text(reader, object, "name", &name)) return false;
  if (strcmp(name, checkpoint_text(id)) != 0) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the checkpoint here is '%.40s', expected '%s'", reader->where,
                     name, checkpoint_text(id));
  }
  return read_figures(reader, object, checkpoint_figures, CHECKPOINT_FIGURE_COUNT, checkpoint->figures) &&
         read_figures(reader, object, probe_figures, PROBE_FIGURE_COUNT, checkpoint->probe) &&
         read_figures_or_null(reader, object, "jemalloc", jemalloc_figures, JEMALLOC_FIGURE_COUNT,
                              checkpoint->jemalloc) &&
         read_mappings(reader, object, checkpoint) && read_heaps(reader, object, checkpoint);
}

static bool read_checkpoints(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  const cJSON *list;
  if (!json_get_array(object, "checkpoints", reader->where, &list, reader->fault)) return false;
  if (cJSON_GetArraySize(list) != CHECKPOINT_COUNT) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: an ok cell has %d checkpoints; this one has %d",
                     reader->where, CHECKPOINT_COUNT, cJSON_GetArraySize(list));
  }
  unsigned id = 0;
  const cJSON *checkpoint;
  cJSON_ArrayForEach(checkpoint, list) {
    place(reader, "cells[%u].checkpoints[%u]", i, id);
    if (!read_checkpoint(reader, checkpoint, (enum checkpoint_name)id, &cell->checkpoints[id])) return false;
    id++;
  }
  return true;
}

static bool read_latency(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u].latency", i);
  const cJSON *entry;
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(object, "latency")) {
    const char *name;
    if (!read_text(reader, entry, "class", &name)) return false;
    enum access_class c = access_class_named(name);
    if (c == ACCESS_CLASS_COUNT) return wrong(reader, "class", "hot, warm, cold or frozen");
    struct result_latency *latency = &cell->latency[c];
    if (latency->present) return wrong(reader, "class", "named once");
    latency->present = true;
    if (!read_count(reader, entry, "documents", &latency->documents) ||
        !read_count(reader, entry, "accesses", &latency->accesses) ||
        !read_figures(reader, entry, latency_figures, LATENCY_FIGURE_COUNT, latency->value)) {
      return false;
    }
  }
  return true;
}

static bool read_cold_open(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u]", i);
  const cJSON *cold_open;
  struct result_cold_open *into = &cell->cold_open;
  if (cell->instrument) return true;
  if (!json_get_object(object, "cold_open", reader->where, &cold_open, reader->fault)) return false;
  place(reader, "cells[%u].cold_open", i);
  if (!read_count(reader, cold_open, "documents", &into->documents.value) ||
      !read_count(reader, cold_open, "cold_documents", &into->cold_documents.value))
    return false;
  for (unsigned what = 0; what < COLD_OPEN_COUNT; what++) {
    if (!read_figures_or_null(reader, cold_open, cold_open_names[what].text, latency_figures, LATENCY_FIGURE_COUNT,
                              into->value[what]))
      return false;
  }
  for (unsigned r = 0; r < COLD_OPEN_RATIO_COUNT; r++) {
    if (!read_figures_or_null(reader, cold_open, cold_open_ratios[r].text, ratio_figures, RATIO_FIGURE_COUNT,
                              into->ratio[r]))
      return false;
  }
  return true;
}

static bool read_stats(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u].stage_stats", i);
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "stage_stats");
  cell->stats = zeroed((size_t)cJSON_GetArraySize(list), sizeof *cell->stats, reader);
  if (!cell->stats) return false;
  const cJSON *entry;
  static const struct figure_row value = {"value", "", FIGURE_SIGNED | FIGURE_OR_NULL, "a stage's counter"};
  cJSON_ArrayForEach(entry, list) {
    struct result_stat *stat = &cell->stats[cell->stat_count];
    if (!read_text(reader, entry, "stage", &stat->stage) || !read_text(reader, entry, "name", &stat->name) ||
        !read_text(reader, entry, "unit", &stat->unit) || !read_figure(reader, entry, &value, &stat->value)) {
      return false;
    }
    cell->stat_count++;
  }
  return true;
}

static bool read_timings(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u].timings", i);
  return read_figures(reader, object, timing_figures, TIMING_FIGURE_COUNT, cell->timings);
}

static bool read_proof(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  const cJSON *proof = cJSON_GetObjectItemCaseSensitive(object, "proof");
  if (!proof || cJSON_IsNull(proof)) return true;
  place(reader, "cells[%u].proof", i);
  struct result_proof *into = &cell->proof;
  into->present = true;
  return read_text(reader, proof, "status", &into->status) &&
         read_text_or_null(reader, proof, "reason", &into->reason) &&
         read_count(reader, proof, "documents_compared", &into->documents_compared) &&
         read_count(reader, proof, "nodes_compared", &into->nodes_compared) &&
         read_count(reader, proof, "source_bytes_compared", &into->source_bytes_compared) &&
         read_count(reader, proof, "moves_compared", &into->moves_compared) &&
         read_count(reader, proof, "mismatches", &into->mismatches);
}

/* No number without proof: an "ok" that its proof does not bear out is refused. */
static bool check_proof(struct reader *reader, const struct result_cell *cell) {
  const char *expected = cell->instrument ? "not_applicable" : "passed";
  if (!cell->proof.present || strcmp(cell->proof.status, expected) != 0) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the cell is \"ok\", but its proof is \"%s\", expected \"%s\"",
                     reader->where, cell->proof.present ? cell->proof.status : "absent", expected);
  }
  if (!cell->instrument && (cell->proof.mismatches > 0 || cell->proof.nodes_compared < 1)) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the proof passed with %.0f mismatches in %.0f nodes",
                     reader->where, cell->proof.mismatches, cell->proof.nodes_compared);
  }
  return true;
}

static bool read_trees(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u].trees", i);
  const cJSON *trees = cJSON_GetObjectItemCaseSensitive(object, "trees");
  if (!cJSON_IsObject(trees) && cell->instrument) {
    for (unsigned t = 0; t < TREE_FIGURE_COUNT; t++) cell->trees[t].missing = "the cell keeps no trees";
    return true;
  }
  return read_figures(reader, trees, tree_figures, TREE_FIGURE_COUNT, cell->trees);
}

static bool read_edits(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u]", i);
  const cJSON *edits;
  if (!json_get_object(object, "edits", reader->where, &edits, reader->fault)) return false;
  place(reader, "cells[%u].edits", i);
  if (!read_text(reader, edits, "source", &cell->edit_source)) return false;
  if (strcmp(cell->edit_source, "versions") != 0 && strcmp(cell->edit_source, "seeded") != 0)
    return wrong(reader, "source", "versions or seeded");
  return read_figures(reader, edits, edit_figures, EDIT_FIGURE_COUNT, cell->edits);
}

static bool read_ok_cell(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  const cJSON *timings;
  return read_text_or_null(reader, object, "allocator_options", &cell->allocator_options) &&
         json_get_object(object, "timings", reader->where, &timings, reader->fault) &&
         read_checkpoints(reader, object, i, cell) && read_trees(reader, object, i, cell) &&
         read_edits(reader, object, i, cell) && read_timings(reader, timings, i, cell) &&
         read_latency(reader, object, i, cell) && read_cold_open(reader, object, i, cell) &&
         read_stats(reader, object, i, cell) && read_proof(reader, object, i, cell) && check_proof(reader, cell);
}

static bool read_bad_cell(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  if (!cell->reason || !cell->reason[0]) return wrong(reader, "reason", "a text, and the cell did not end well");
  for (unsigned part = 0; part < CELL_PART_COUNT; part++) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, cell_parts[part]);
    if (value && !cJSON_IsNull(value) && cJSON_GetArraySize(value) > 0) {
      return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the cell is \"%s\" and yet has figures (\"%s\")",
                       reader->where, cell->status, cell_parts[part]);
    }
  }
  return read_proof(reader, object, i, cell);
}

bool result_read_cell(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  static const char *const statuses[] = {"ok", "failed", "crashed", "timeout", "memory_limit"};
  const char *kind;
  place(reader, "cells[%u]", i);
  if (!read_text(reader, object, "combination", &cell->combination) ||
      !read_text(reader, object, "profile", &cell->profile) || !read_text(reader, object, "kind", &kind) ||
      !read_unsigned(reader, object, "repetition", &cell->repetition) ||
      !read_count(reader, object, "wall_ns", &cell->wall_ns) || !read_text(reader, object, "status", &cell->status) ||
      !read_text_or_null(reader, object, "reason", &cell->reason)) {
    return false;
  }
  cell->instrument = strcmp(kind, "instrument") == 0;
  if (!cell->instrument && strcmp(kind, "measured") != 0) {
    return wrong(reader, "kind", "\"measured\" or \"instrument\"");
  }
  unsigned s = 0;
  while (s < COUNT(statuses) && strcmp(cell->status, statuses[s]) != 0) s++;
  if (s == COUNT(statuses)) {
    return wrong(reader, "status", "ok, failed, crashed, timeout or memory_limit");
  }
  cell->ok = s == 0;
  return cell->ok ? read_ok_cell(reader, object, i, cell) : read_bad_cell(reader, object, i, cell);
}
