/* SPDX-License-Identifier: MIT
 *
 * metrics_figures.c - the figure of one cell that a metric is made of. */
#include "metrics_figures.h"

#include <string.h>

#include "base/count.h"
#include "base/size.h"

static struct figure there(double value) { return (struct figure){.value = value}; }
static struct figure absent(const char *reason) { return (struct figure){.missing = reason}; }

static struct figure ratio(struct figure a, struct figure b, double factor) {
  if (a.missing) return a;
  if (b.missing) return b;
  if (!(b.value > 0)) return absent("the divisor is not positive");
  return there(factor * a.value / b.value);
}

/* ---- at a checkpoint ---- */

struct figure metric_above_start(const struct source *s) {
  const struct figure *now = &s->cell->checkpoints[s->checkpoint].probe[PROBE_RSS];
  const struct figure *start = &s->cell->checkpoints[CHECKPOINT_START].probe[PROBE_RSS];
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
  if (s->checkpoint == CHECKPOINT_DRAINED) return absent("no document is held at `drained`");
  return lines_over(s, metric_above_start(s));
}

static struct figure lines_per_mib_with_disk(const struct source *s) {
  struct figure ram = metric_above_start(s), disk = s->cell->checkpoints[s->checkpoint].figures[CHECKPOINT_FIGURE_DISK];
  if (s->checkpoint == CHECKPOINT_DRAINED) return absent("no document is held at `drained`");
  if (ram.missing) return ram;
  if (disk.missing) return disk;
  return lines_over(s, there(ram.value + disk.value));
}

static struct figure bytes_per_line(const struct source *s) {
  return ratio(metric_above_start(s), there(s->result->lines), 1);
}

struct figure metric_reduction_pct(const struct source *s) {
  if (!s->baseline) return absent("the result has no baseline with all repetitions ok under this profile");
  struct source of_baseline = *s;
  of_baseline.cell = s->baseline;
  struct figure share = ratio(metric_above_start(s), metric_above_start(&of_baseline), 100);
  return share.missing ? share : there(100 - share.value);
}

static struct figure disk_bytes_per_line(const struct source *s) {
  return ratio(s->cell->checkpoints[s->checkpoint].figures[CHECKPOINT_FIGURE_DISK], there(s->result->lines), 1);
}

/* RSS without what is mapped from files: which pages of those are in memory is the page cache's affair. */
struct figure metric_anonymous_above_start(const struct source *s) {
  const struct figure *now = &s->cell->checkpoints[s->checkpoint].probe[PROBE_ANONYMOUS];
  const struct figure *start = &s->cell->checkpoints[CHECKPOINT_START].probe[PROBE_ANONYMOUS];
  if (now->missing) return *now;
  return start->missing ? *start : there(now->value - start->value);
}

/* Over the heaps of stages and of tree-sitter. The harness's and the rest's depend on the lengths of paths. */
static bool is_held(const char *owner) {
  return strcmp(owner, "harness") != 0 && strcmp(owner, "other") != 0 && strcmp(owner, "planted") != 0;
}
static struct figure held(const struct source *s, enum heap_figure key) {
  const struct result_checkpoint *checkpoint = &s->cell->checkpoints[s->checkpoint];
  if (checkpoint->heaps_missing) return absent(checkpoint->heaps_missing);
  double sum = 0;
  for (unsigned h = 0; h < checkpoint->heap_count; h++) {
    if (is_held(checkpoint->heaps[h].owner)) sum += checkpoint->heaps[h].value[key].value;
  }
  return there(sum);
}
static struct figure held_allocated(const struct source *s) { return held(s, HEAP_FIGURE_ALLOCATED); }
static struct figure held_active(const struct source *s) { return held(s, HEAP_FIGURE_ACTIVE); }

/* ---- of the whole cell ---- */

static struct figure tree_bytes_per_line(const struct source *s) {
  return ratio(s->cell->trees[TREE_FIGURE_TREE_BYTES], there(s->result->lines), 1);
}
static struct figure source_bytes_per_line(const struct source *s) {
  return ratio(s->cell->trees[TREE_FIGURE_SOURCE_BYTES], there(s->result->lines), 1);
}
static struct figure tree_bits_per_node(const struct source *s) {
  return ratio(s->cell->trees[TREE_FIGURE_TREE_BYTES], s->cell->trees[TREE_FIGURE_NODES], 8);
}
static struct figure nodes_compared(const struct source *s) { return there(s->cell->proof.nodes_compared); }
static struct figure documents_compared(const struct source *s) { return there(s->cell->proof.documents_compared); }
static struct figure source_bytes_compared(const struct source *s) {
  return there(s->cell->proof.source_bytes_compared);
}
static struct figure moves_compared(const struct source *s) { return there(s->cell->proof.moves_compared); }
static struct figure mismatches(const struct source *s) { return there(s->cell->proof.mismatches); }
struct figure metric_wall_ns(const struct source *s) {
  return there(s->cell->wall_ns);
}

static struct figure per_inserted_line(const struct source *s, enum edit_figure cost) {
  return ratio(s->cell->edits[cost], s->cell->edits[EDIT_INSERTED_LINES], 1);
}
static struct figure edit_tree_bytes_per_line(const struct source *s) {
  return per_inserted_line(s, EDIT_JOURNAL_TREE);
}
static struct figure edit_source_bytes_per_line(const struct source *s) {
  return per_inserted_line(s, EDIT_JOURNAL_SOURCE);
}
static struct figure edit_heap_tree_bytes_per_line(const struct source *s) {
  return per_inserted_line(s, EDIT_HEAP_TREE);
}
static struct figure edit_heap_source_bytes_per_line(const struct source *s) {
  return per_inserted_line(s, EDIT_HEAP_SOURCE);
}

/* What the sources' journals need of what zstd needs with the old version as prefix. */
static struct figure edit_source_zstd_prefix_pct(const struct source *s) {
  return ratio(s->cell->edits[EDIT_JOURNAL_SOURCE], s->cell->edits[EDIT_ZSTD_PREFIX_BARE], 100);
}

static struct figure parse_mib_per_s(const struct source *s) {
  return ratio(there(s->result->bytes / MIB), s->cell->timings[TIMING_PARSE], 1e9);
}
static struct figure ingest_speed_pct(const struct source *s) {
  struct figure parse = s->cell->timings[TIMING_PARSE], store = s->cell->timings[TIMING_STORE],
                freed = s->cell->timings[TIMING_FREE];
  if (parse.missing) return parse;
  if (store.missing) return store;
  if (freed.missing) return freed;
  double alone = parse.value + freed.value; /* who only parses frees the trees, too */
  return ratio(there(alone), there(alone + store.value), 100);
}
static struct figure walk_nodes_per_s(const struct source *s) {
  return ratio(s->cell->timings[TIMING_WALKED_NODES], s->cell->timings[TIMING_WALK], 1e9);
}

static struct figure cold_open_documents(const struct source *s) { return s->cell->cold_open.documents; }
static struct figure cold_open_cold_documents(const struct source *s) { return s->cell->cold_open.cold_documents; }

/* ---- of a table ---- */

static struct figure heap_figure(const struct source *s) {
  const struct result_checkpoint *checkpoint = &s->cell->checkpoints[s->checkpoint];
  if (checkpoint->heaps_missing) return absent(checkpoint->heaps_missing);
  for (unsigned h = 0; h < checkpoint->heap_count; h++) {
    if (strcmp(checkpoint->heaps[h].owner, s->name) == 0) return checkpoint->heaps[h].value[s->figure];
  }
  return absent("a repetition has no heap of this owner");
}

static struct figure latency_figure(const struct source *s) {
  const struct result_latency *latency = &s->cell->latency[s->access_class];
  return latency->present ? latency->value[s->figure] : absent("no document is of this class");
}
static struct figure latency_accesses(const struct source *s) {
  const struct result_latency *latency = &s->cell->latency[s->access_class];
  return latency->present ? there(latency->accesses) : absent("no document is of this class");
}

static struct figure stat_figure(const struct source *s) {
  for (unsigned i = 0; i < s->cell->stat_count; i++) {
    const struct result_stat *stat = &s->cell->stats[i];
    if (strcmp(stat->stage, s->stage) == 0 && strcmp(stat->name, s->name) == 0) return stat->value;
  }
  return absent("a repetition does not report this counter");
}

struct figure metric_table_figure(const struct source *s) {
  const struct result_cell *cell = s->cell;
  const struct result_checkpoint *checkpoint = &cell->checkpoints[s->checkpoint];
  switch (s->table) {
    case METRIC_OF_CHECKPOINT:
      return checkpoint->figures[s->figure];
    case METRIC_OF_PROBE:
      return checkpoint->probe[s->figure];
    case METRIC_OF_JEMALLOC:
      return checkpoint->jemalloc[s->figure];
    case METRIC_OF_MAPPING:
      return checkpoint->mapping_rss_bytes[s->owner];
    case METRIC_OF_HEAP:
      return heap_figure(s);
    case METRIC_OF_TREES:
      return cell->trees[s->figure];
    case METRIC_OF_EDITS:
      return cell->edits[s->figure];
    case METRIC_OF_TIMINGS:
      return cell->timings[s->figure];
    case METRIC_OF_LATENCY:
      return latency_figure(s);
    case METRIC_OF_ACCESSES:
      return latency_accesses(s);
    case METRIC_OF_COLD_OPEN:
      return cell->cold_open.value[s->cold_open][s->figure];
    case METRIC_OF_RATIO:
      return cell->cold_open.ratio[s->ratio][s->figure];
    case METRIC_OF_STATS:
      return stat_figure(s);
  }
  return absent("no such table");
}

/* ---- what is made of them ---- */

const struct metric_row metric_checkpoint_rows[] = {
    {"lines_per_mib", "lines/MiB", lines_per_mib, true},
    {"lines_per_mib_with_disk", "lines/MiB", lines_per_mib_with_disk, true},
    {"rss_above_start_bytes", "bytes", metric_above_start, false},
    {"bytes_per_line", "bytes/line", bytes_per_line, true},
    {"reduction_pct", "%", metric_reduction_pct, true},
    {"disk_bytes_per_line", "bytes/line", disk_bytes_per_line, true},
    {"anonymous_above_start_bytes", "bytes", metric_anonymous_above_start, false},
    {"held_allocated_bytes", "bytes", held_allocated, false},
    {"held_active_bytes", "bytes", held_active, false},
};

const struct metric_row metric_cell_rows[] = {
    {"tree_bytes_per_line", "bytes/line", tree_bytes_per_line, true},
    {"tree_bits_per_node", "bits/node", tree_bits_per_node, true},
    {"source_bytes_per_line", "bytes/line", source_bytes_per_line, true},
    {"documents_compared", "documents", documents_compared, false},
    {"nodes_compared", "nodes", nodes_compared, false},
    {"source_bytes_compared", "bytes", source_bytes_compared, false},
    {"moves_compared", "moves", moves_compared, false},
    {"mismatches", "mismatches", mismatches, false},
    {"wall_ns", "ns", metric_wall_ns, false},
    {"parse_mib_per_s", "MiB/s", parse_mib_per_s, true},
    {"ingest_speed_pct", "%", ingest_speed_pct, true},
    {"walk_nodes_per_s", "nodes/s", walk_nodes_per_s, true},
    {"edit_tree_bytes_per_inserted_line", "bytes/line", edit_tree_bytes_per_line, true},
    {"edit_source_bytes_per_inserted_line", "bytes/line", edit_source_bytes_per_line, true},
    {"edit_heap_tree_bytes_per_inserted_line", "bytes/line", edit_heap_tree_bytes_per_line, true},
    {"edit_heap_source_bytes_per_inserted_line", "bytes/line", edit_heap_source_bytes_per_line, true},
    {"edit_source_zstd_prefix_pct", "%", edit_source_zstd_prefix_pct, true},
};

const struct metric_row metric_cold_open_rows[] = {
    {"cold_open.documents", "documents", cold_open_documents, true},
    {"cold_open.cold_documents", "documents", cold_open_cold_documents, true},
};

const unsigned metric_checkpoint_row_count = COUNT(metric_checkpoint_rows);
const unsigned metric_cell_row_count = COUNT(metric_cell_rows);
const unsigned metric_cold_open_row_count = COUNT(metric_cold_open_rows);
