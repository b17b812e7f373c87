/* SPDX-License-Identifier: MIT
 *
 * metrics.c - one table for the metrics of each kind: a name, a unit, and a function
 * that takes the figure out of one cell. The median over repetitions is the same for
 * all of them. What a result has varying numbers of (heaps, mappings, latencies,
 * stage statistics) is emitted by loops below the tables. */
#include "metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"

/* Where a figure is taken from. `index` is what the loop counts (heap, owner ...). */
struct source {
  const struct result *result;
  const struct result_cell *cell;
  const struct result_cell *baseline; /* the same repetition; NULL: none */
  enum result_checkpoint_id checkpoint;
  unsigned index;
  const char *name, *stage; /* owner, counter: what the loop looks for */
};
typedef struct figure figure_fn(const struct source *source);

static struct figure there(double value) { return (struct figure){.value = value}; }
static struct figure absent(const char *reason) { return (struct figure){.missing = reason}; }

static struct figure ratio(struct figure a, struct figure b, double factor) {
  if (a.missing) return a;
  if (b.missing) return b;
  if (!(b.value > 0)) return absent("the divisor is not positive");
  return there(factor * a.value / b.value);
}

/* ---- at a checkpoint ---- */

static struct figure above_start(const struct source *s) {
  const struct figure *now = &s->cell->checkpoints[s->checkpoint].probe[PROBE_RSS];
  const struct figure *start = &s->cell->checkpoints[RESULT_AT_START].probe[PROBE_RSS];
  if (now->missing) return *now;
  if (start->missing) return *start;
  return there(now->value - start->value);
}

static struct figure lines_over(const struct source *s, struct figure bytes) {
  if (bytes.missing) return bytes;
  if (!(bytes.value > 0)) return absent("memory is not above what it was at `start`");
  return there(s->result->lines / (bytes.value / MIB));
}

static struct figure lines_per_mib(const struct source *s) {
  if (s->checkpoint == RESULT_AT_DRAINED) return absent("no document is held at `drained`");
  return lines_over(s, above_start(s));
}

static struct figure lines_per_mib_with_disk(const struct source *s) {
  struct figure ram = above_start(s), disk = s->cell->checkpoints[s->checkpoint].disk_bytes;
  if (s->checkpoint == RESULT_AT_DRAINED) return absent("no document is held at `drained`");
  if (ram.missing) return ram;
  if (disk.missing) return disk;
  return lines_over(s, there(ram.value + disk.value));
}

static struct figure bytes_per_line(const struct source *s) {
  return ratio(above_start(s), there(s->result->lines), 1);
}

static struct figure reduction_pct(const struct source *s) {
  if (!s->baseline) return absent("the result has no baseline with all repetitions ok under this profile");
  struct source of_baseline = *s;
  of_baseline.cell = s->baseline;
  struct figure share = ratio(above_start(s), above_start(&of_baseline), 100);
  return share.missing ? share : there(100 - share.value);
}

static struct figure disk_bytes(const struct source *s) { return s->cell->checkpoints[s->checkpoint].disk_bytes; }
static struct figure disk_bytes_per_line(const struct source *s) {
  return ratio(disk_bytes(s), there(s->result->lines), 1);
}
static struct figure unexplained_bytes(const struct source *s) {
  return s->cell->checkpoints[s->checkpoint].unexplained_bytes;
}
static struct figure elapsed_ns(const struct source *s) {
  return there(s->cell->checkpoints[s->checkpoint].elapsed_ns);
}
static struct figure probe_figure(const struct source *s) {
  return s->cell->checkpoints[s->checkpoint].probe[s->index];
}
/* RSS without what is mapped from files: which pages of those are in memory is the page cache's affair. */
static struct figure anonymous_above_start(const struct source *s) {
  const struct figure *now = &s->cell->checkpoints[s->checkpoint].probe[PROBE_ANONYMOUS];
  const struct figure *start = &s->cell->checkpoints[RESULT_AT_START].probe[PROBE_ANONYMOUS];
  if (now->missing) return *now;
  return start->missing ? *start : there(now->value - start->value);
}

enum {
#define X(key) HEAP_##key,
  RESULT_HEAP_KEYS(X)
#undef X
};

/* Over the heaps of stages and of tree-sitter. The harness's and the rest's depend on the lengths of paths. */
static bool is_held(const char *owner) {
  return strcmp(owner, "harness") != 0 && strcmp(owner, "other") != 0 && strcmp(owner, "planted") != 0;
}
static struct figure held(const struct source *s, unsigned key) {
  const struct result_checkpoint *checkpoint = &s->cell->checkpoints[s->checkpoint];
  if (checkpoint->heaps_missing) return absent(checkpoint->heaps_missing);
  double sum = 0;
  for (unsigned h = 0; h < checkpoint->heap_count; h++) {
    if (is_held(checkpoint->heaps[h].owner)) sum += checkpoint->heaps[h].value[key];
  }
  return there(sum);
}
static struct figure held_allocated(const struct source *s) { return held(s, HEAP_allocated_bytes); }
static struct figure held_active(const struct source *s) { return held(s, HEAP_active_bytes); }
static struct figure jemalloc_figure(const struct source *s) {
  return s->cell->checkpoints[s->checkpoint].jemalloc[s->index];
}
static struct figure mapping_figure(const struct source *s) {
  return s->cell->checkpoints[s->checkpoint].mapping_rss_bytes[s->index];
}

static struct figure heap_figure(const struct source *s) {
  const struct result_checkpoint *checkpoint = &s->cell->checkpoints[s->checkpoint];
  if (checkpoint->heaps_missing) return absent(checkpoint->heaps_missing);
  for (unsigned h = 0; h < checkpoint->heap_count; h++) {
    if (strcmp(checkpoint->heaps[h].owner, s->name) == 0) return there(checkpoint->heaps[h].value[s->index]);
  }
  return absent("a repetition has no heap of this owner");
}

/* ---- of the whole cell ---- */

static struct figure nodes(const struct source *s) { return s->cell->nodes; }
static struct figure tree_bytes(const struct source *s) { return s->cell->tree_bytes; }
static struct figure source_bytes(const struct source *s) { return s->cell->source_bytes; }
static struct figure tree_bytes_per_line(const struct source *s) {
  return ratio(s->cell->tree_bytes, there(s->result->lines), 1);
}
static struct figure source_bytes_per_line(const struct source *s) {
  return ratio(s->cell->source_bytes, there(s->result->lines), 1);
}
static struct figure tree_bits_per_node(const struct source *s) {
  return ratio(s->cell->tree_bytes, s->cell->nodes, 8);
}
static struct figure nodes_compared(const struct source *s) { return there(s->cell->proof.nodes_compared); }
static struct figure documents_compared(const struct source *s) { return there(s->cell->proof.documents_compared); }
static struct figure source_bytes_compared(const struct source *s) {
  return there(s->cell->proof.source_bytes_compared);
}
static struct figure moves_compared(const struct source *s) { return there(s->cell->proof.moves_compared); }
static struct figure mismatches(const struct source *s) { return there(s->cell->proof.mismatches); }
static struct figure wall_ns(const struct source *s) { return there(s->cell->wall_ns); }
static struct figure edit_figure(const struct source *s) { return s->cell->edits[s->index]; }
static struct figure timing_figure(const struct source *s) { return s->cell->timings[s->index]; }

enum {
#define X(key, unit) TIMING_##key,
  RESULT_TIMING_KEYS(X)
#undef X
};

enum {
#define X(key, unit) EDIT_##key,
  RESULT_EDIT_KEYS(X)
#undef X
};

#define PER_INSERTED_LINE(name, key)                                                  \
  static struct figure name(const struct source *s) {                                 \
    return ratio(s->cell->edits[EDIT_##key], s->cell->edits[EDIT_inserted_lines], 1); \
  }
PER_INSERTED_LINE(edit_tree_bytes_per_line, journal_tree_bytes)
PER_INSERTED_LINE(edit_source_bytes_per_line, journal_source_bytes)
PER_INSERTED_LINE(edit_heap_tree_bytes_per_line, heap_tree_bytes)
PER_INSERTED_LINE(edit_heap_source_bytes_per_line, heap_source_bytes)

/* What the sources' journals need of what zstd needs with the old version as prefix. */
static struct figure edit_source_zstd_prefix_pct(const struct source *s) {
  return ratio(s->cell->edits[EDIT_journal_source_bytes], s->cell->edits[EDIT_zstd_prefix_bare_source_bytes], 100);
}

static struct figure parse_mib_per_s(const struct source *s) {
  return ratio(there(s->result->bytes / MIB), s->cell->timings[TIMING_parse_ns], 1e9);
}
static struct figure ingest_speed_pct(const struct source *s) {
  struct figure parse = s->cell->timings[TIMING_parse_ns], store = s->cell->timings[TIMING_store_ns],
                freed = s->cell->timings[TIMING_free_ns];
  if (parse.missing) return parse;
  if (store.missing) return store;
  if (freed.missing) return freed;
  double alone = parse.value + freed.value; /* who only parses frees the trees, too */
  return ratio(there(alone), there(alone + store.value), 100);
}
static struct figure walk_nodes_per_s(const struct source *s) {
  return ratio(s->cell->timings[TIMING_walked_nodes], s->cell->timings[TIMING_walk_ns], 1e9);
}

static struct figure latency_figure(const struct source *s) {
  const struct result_latency *latency = &s->cell->latency[s->checkpoint]; /* here: the class */
  return latency->present ? latency->value[s->index] : absent("no document is of this class");
}
static struct figure latency_accesses(const struct source *s) {
  const struct result_latency *latency = &s->cell->latency[s->checkpoint];
  return latency->present ? there(latency->accesses) : absent("no document is of this class");
}

static struct figure cold_open_documents(const struct source *s) { return s->cell->cold_open.documents; }
static struct figure cold_open_cold_documents(const struct source *s) { return s->cell->cold_open.cold_documents; }
static struct figure cold_open_figure(const struct source *s) {
  return s->cell->cold_open.value[s->checkpoint][s->index]; /* here: the kind */
}
static struct figure cold_open_ratio(const struct source *s) {
  return s->cell->cold_open.ratio[s->checkpoint][s->index];
}

static struct figure stat_figure(const struct source *s) {
  for (unsigned i = 0; i < s->cell->stat_count; i++) {
    const struct result_stat *stat = &s->cell->stats[i];
    if (strcmp(stat->stage, s->stage) == 0 && strcmp(stat->name, s->name) == 0) return stat->value;
  }
  return absent("a repetition does not report this counter");
}

/* ---- tables ---- */

struct row {
  const char *name, *unit;
  figure_fn *figure;
  bool derived; /* not for instruments */
};

static const struct row checkpoint_rows[] = {
    {"lines_per_mib", "lines/MiB", lines_per_mib, true},
    {"lines_per_mib_with_disk", "lines/MiB", lines_per_mib_with_disk, true},
    {"rss_above_start_bytes", "bytes", above_start, false},
    {"bytes_per_line", "bytes/line", bytes_per_line, true},
    {"reduction_pct", "%", reduction_pct, true},
    {"disk_bytes_per_line", "bytes/line", disk_bytes_per_line, true},
    {"disk_bytes", "bytes", disk_bytes, false},
    {"unexplained_bytes", "bytes", unexplained_bytes, false},
    {"anonymous_above_start_bytes", "bytes", anonymous_above_start, false},
    {"held_allocated_bytes", "bytes", held_allocated, false},
    {"held_active_bytes", "bytes", held_active, false},
    {"elapsed_ns", "ns", elapsed_ns, false},
};

static const struct row cell_rows[] = {
    {"tree_bytes_per_line", "bytes/line", tree_bytes_per_line, true},
    {"tree_bits_per_node", "bits/node", tree_bits_per_node, true},
    {"source_bytes_per_line", "bytes/line", source_bytes_per_line, true},
    {"nodes", "nodes", nodes, true},
    {"tree_bytes", "bytes", tree_bytes, true},
    {"source_bytes", "bytes", source_bytes, true},
    {"documents_compared", "documents", documents_compared, false},
    {"nodes_compared", "nodes", nodes_compared, false},
    {"source_bytes_compared", "bytes", source_bytes_compared, false},
    {"moves_compared", "moves", moves_compared, false},
    {"mismatches", "mismatches", mismatches, false},
    {"wall_ns", "ns", wall_ns, false},
    {"parse_mib_per_s", "MiB/s", parse_mib_per_s, true},
    {"ingest_speed_pct", "%", ingest_speed_pct, true},
    {"walk_nodes_per_s", "nodes/s", walk_nodes_per_s, true},
    {"edit_tree_bytes_per_inserted_line", "bytes/line", edit_tree_bytes_per_line, true},
    {"edit_source_bytes_per_inserted_line", "bytes/line", edit_source_bytes_per_line, true},
    {"edit_heap_tree_bytes_per_inserted_line", "bytes/line", edit_heap_tree_bytes_per_line, true},
    {"edit_heap_source_bytes_per_inserted_line", "bytes/line", edit_heap_source_bytes_per_line, true},
    {"edit_source_zstd_prefix_pct", "%", edit_source_zstd_prefix_pct, true},
};

static const char *const probe_keys[] = {
#define X(name, key, source) key,
    PROBE_FIGURES(X)
#undef X
};
static const char *const jemalloc_keys[] = {
#define X(key) #key,
    RESULT_JEMALLOC_KEYS(X)
#undef X
};
static const char *const heap_keys[] = {
#define X(key) #key,
    RESULT_HEAP_KEYS(X)
#undef X
};
static const char *const latency_keys[] = {
#define X(key) #key,
    RESULT_LATENCY_KEYS(X)
#undef X
};
static const char *const cold_open_keys[] = {
#define X(key) #key,
    RESULT_COLD_OPENS(X)
#undef X
};
static const char *const cold_open_ratio_keys[] = {
#define X(key) #key,
    RESULT_COLD_OPEN_RATIOS(X)
#undef X
};
static const struct row cold_open_ratio_rows[] = {
#define X(key, unit) {#key, unit, cold_open_ratio, true},
    RESULT_COLD_OPEN_RATIO_KEYS(X)
#undef X
};
static const struct row edit_rows[] = {
#define X(key, unit) {"edit_" #key, unit, edit_figure, false},
    RESULT_EDIT_KEYS(X)
#undef X
};
static const struct row timing_rows[] = {
#define X(key, unit) {#key, unit, timing_figure, false},
    RESULT_TIMING_KEYS(X)
#undef X
};

/* ---- medians ---- */

struct walk {
  const struct result *result;
  const struct result_group *group;
  const struct result_group *baseline; /* NULL: none that is ok */
  metric_fn *emit;
  void *sink;
};

static struct summary over_cells(const struct walk *walk, const struct source *pattern, figure_fn *figure,
                                 double values[SUMMARY_VALUES_MAX]) {
  if (walk->group->cell_count > SUMMARY_VALUES_MAX) return summary_missing("more repetitions than this program takes");
  for (unsigned i = 0; i < walk->group->cell_count; i++) {
    struct source source = *pattern;
    source.result = walk->result;
    source.cell = walk->group->cells[i];
    source.baseline = walk->baseline ? walk->baseline->cells[i] : NULL;
    struct figure value = figure(&source);
    if (value.missing) return summary_missing(value.missing);
    values[i] = value.value;
  }
  return summary_of(values, walk->group->cell_count);
}

/* The figure is that of the medians; the pairs only tell the spread. */
static void reduction_of_medians(const struct walk *walk, const struct source *pattern, struct summary *summary) {
  if (summary->missing) return;
  struct walk of_baseline = *walk;
  of_baseline.group = walk->baseline;
  double values[SUMMARY_VALUES_MAX];
  struct summary mine = over_cells(walk, pattern, above_start, values);
  struct summary theirs = over_cells(&of_baseline, pattern, above_start, values);
  summary->median = 100 - 100 * mine.median / theirs.median;
  summary->min = fmin(summary->min, summary->median);
  summary->max = fmax(summary->max, summary->median);
}

static void emit_one(const struct walk *walk, const char *name, const char *unit, bool at_checkpoint,
                     const struct source *pattern, figure_fn *figure) {
  struct metric metric = {.unit = unit,
                          .checkpoint = at_checkpoint ? result_checkpoint_name(pattern->checkpoint) : NULL};
  snprintf(metric.name, sizeof metric.name, "%s", name);
  double values[SUMMARY_VALUES_MAX];
  metric.summary = over_cells(walk, pattern, figure, values);
  metric.values = values;
  if (figure == reduction_pct) reduction_of_medians(walk, pattern, &metric.summary);
  walk->emit(walk->sink, &metric);
}

static const char *probe_unit(unsigned figure) {
  return figure == PROBE_MINOR_FAULTS || figure == PROBE_MAJOR_FAULTS ? "faults" : "bytes";
}

static void emit_heaps(const struct walk *walk, struct source source) {
  const struct result_checkpoint *first = &walk->group->cells[0]->checkpoints[source.checkpoint];
  char name[METRIC_NAME_BYTES];
  for (unsigned h = 0; h < first->heap_count; h++) {
    source.name = first->heaps[h].owner;
    for (source.index = 0; source.index < COUNT(heap_keys); source.index++) {
      snprintf(name, sizeof name, "heap.%.80s.%s", source.name, heap_keys[source.index]);
      emit_one(walk, name, "bytes", true, &source, heap_figure);
    }
  }
}

static void emit_checkpoint(const struct walk *walk, enum result_checkpoint_id id) {
  struct source source = {.checkpoint = id};
  char name[METRIC_NAME_BYTES];
  for (size_t r = 0; r < COUNT(checkpoint_rows); r++) {
    if (walk->group->instrument && checkpoint_rows[r].derived) continue;
    emit_one(walk, checkpoint_rows[r].name, checkpoint_rows[r].unit, true, &source, checkpoint_rows[r].figure);
  }
  for (source.index = 0; source.index < PROBE_FIGURE_COUNT; source.index++) {
    emit_one(walk, probe_keys[source.index], probe_unit(source.index), true, &source, probe_figure);
  }
  for (source.index = 0; source.index < COUNT(jemalloc_keys); source.index++) {
    emit_one(walk, jemalloc_keys[source.index], "bytes", true, &source, jemalloc_figure);
  }
  for (source.index = 0; source.index < PROBE_OWNER_COUNT; source.index++) {
    snprintf(name, sizeof name, "mapping.%s.rss_bytes", probe_owner_name((enum probe_owner)source.index));
    emit_one(walk, name, "bytes", true, &source, mapping_figure);
  }
  emit_heaps(walk, source);
}

static void emit_latency(const struct walk *walk, enum result_latency_class latency_class) {
  struct source source = {.checkpoint = (enum result_checkpoint_id)latency_class};
  char name[METRIC_NAME_BYTES];
  const char *text = result_latency_class_name(latency_class);
  snprintf(name, sizeof name, "latency.%s.accesses", text);
  emit_one(walk, name, "accesses", false, &source, latency_accesses);
  for (source.index = 0; source.index < COUNT(latency_keys); source.index++) {
    snprintf(name, sizeof name, "latency.%s.%s", text, latency_keys[source.index]);
    emit_one(walk, name, "ns", false, &source, latency_figure);
  }
}

static void emit_cold_open(const struct walk *walk) {
  struct source source = {0};
  char name[METRIC_NAME_BYTES];
  emit_one(walk, "cold_open.documents", "documents", false, &source, cold_open_documents);
  emit_one(walk, "cold_open.cold_documents", "documents", false, &source, cold_open_cold_documents);
  for (unsigned t = 0; t < RESULT_COLD_OPEN_COUNT; t++) {
    source.checkpoint = (enum result_checkpoint_id)t;
    for (source.index = 0; source.index < COUNT(latency_keys); source.index++) {
      snprintf(name, sizeof name, "cold_open.%s.%s", cold_open_keys[t], latency_keys[source.index]);
      emit_one(walk, name, "ns", false, &source, cold_open_figure);
    }
  }
  for (unsigned t = 0; t < RESULT_COLD_OPEN_RATIO_COUNT; t++) {
    source.checkpoint = (enum result_checkpoint_id)t;
    for (source.index = 0; source.index < COUNT(cold_open_ratio_rows); source.index++) {
      snprintf(name, sizeof name, "cold_open.%s.%s", cold_open_ratio_keys[t], cold_open_ratio_rows[source.index].name);
      emit_one(walk, name, cold_open_ratio_rows[source.index].unit, false, &source, cold_open_ratio);
    }
  }
}

/* A/A: the repetitions of a group are the same measured again, interleaved with all others, so how far they
 * lie apart is what a difference between two groups must exceed. It costs no cell more. What it does not
 * show is how two runs differ (other page cache, other speed of the machine). */
static void emit_noise(const struct walk *walk) {
  static const struct noise {
    const char *name;
    figure_fn *figure;
    unsigned index;
    bool derived;
  } rows[] = {
      /* As in lines/MiB: over all of RSS, what was there before `start` would hide some of it. */
      {"rss_noise_pct", above_start, 0, false},
      {"anonymous_noise_pct", anonymous_above_start, 0, false},
      {"parse_noise_pct", timing_figure, TIMING_parse_ns, false},
      {"store_noise_pct", timing_figure, TIMING_store_ns, false},
      {"walk_noise_pct", timing_figure, TIMING_walk_ns, true},
      {"wall_noise_pct", wall_ns, 0, false},
  };
  double values[SUMMARY_VALUES_MAX];
  for (size_t r = 0; r < COUNT(rows); r++) {
    if (walk->group->instrument && rows[r].derived) continue;
    struct source source = {.checkpoint = RESULT_AT_PURGED, .index = rows[r].index};
    struct summary summary = over_cells(walk, &source, rows[r].figure, values);
    struct metric metric = {.unit = "%", .summary = summary_range_pct(&summary)};
    snprintf(metric.name, sizeof metric.name, "%s", rows[r].name);
    walk->emit(walk->sink, &metric);
  }
}

static void emit_cell(const struct walk *walk) {
  struct source source = {0};
  char name[METRIC_NAME_BYTES];
  for (size_t r = 0; r < COUNT(cell_rows); r++) {
    if (walk->group->instrument && cell_rows[r].derived) continue;
    emit_one(walk, cell_rows[r].name, cell_rows[r].unit, false, &source, cell_rows[r].figure);
  }
  emit_noise(walk);
  for (source.index = 0; source.index < COUNT(edit_rows); source.index++) {
    emit_one(walk, edit_rows[source.index].name, edit_rows[source.index].unit, false, &source, edit_figure);
  }
  for (source.index = 0; source.index < COUNT(timing_rows); source.index++) {
    emit_one(walk, timing_rows[source.index].name, timing_rows[source.index].unit, false, &source, timing_figure);
  }
  for (unsigned c = 0; c < RESULT_LATENCY_CLASS_COUNT; c++) emit_latency(walk, (enum result_latency_class)c);
  if (!walk->group->instrument) emit_cold_open(walk);
  const struct result_cell *first = walk->group->cells[0];
  for (unsigned i = 0; i < first->stat_count; i++) {
    const struct result_stat *stat = &first->stats[i];
    source.stage = stat->stage;
    source.name = stat->name;
    snprintf(name, sizeof name, "stage.%.40s.%.70s", stat->stage, stat->name);
    emit_one(walk, name, stat->unit[0] ? stat->unit : "1", false, &source, stat_figure);
  }
}

void metrics_emit(const struct result *result, const struct result_group *group, metric_fn *emit, void *sink) {
  if (!group->ok || group->cell_count == 0) return;
  const struct result_group *baseline = result_group(result, METRICS_BASELINE, group->profile);
  struct walk walk = {result, group, baseline && baseline->ok ? baseline : NULL, emit, sink};
  for (unsigned id = 0; id < RESULT_CHECKPOINT_COUNT; id++) emit_checkpoint(&walk, (enum result_checkpoint_id)id);
  emit_cell(&walk);
}

/* ---- one by name ---- */

struct search {
  const char *name, *checkpoint, *unit;
  struct summary found;
};

static void compare(void *sink, const struct metric *metric) {
  struct search *search = sink;
  if (strcmp(metric->name, search->name) != 0) return;
  if (!search->checkpoint != !metric->checkpoint) return;
  if (search->checkpoint && strcmp(search->checkpoint, metric->checkpoint) != 0) return;
  search->found = metric->summary;
  search->unit = metric->unit;
}

struct summary metrics_find(const struct result *result, const struct result_group *group, const char *name,
                            const char *checkpoint, const char **unit) {
  if (unit) *unit = NULL;
  if (!group) return summary_missing("the combination is not in this result");
  if (!group->ok) return summary_missing(group->reason);
  struct search search = {name, checkpoint, NULL, summary_missing("this result has no metric of that name")};
  metrics_emit(result, group, compare, &search);
  if (unit) *unit = search.unit;
  return search.found;
}
