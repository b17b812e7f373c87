/* SPDX-License-Identifier: MIT
 *
 * data.c - the tables of the text: which metrics, and those that are made of several. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "report.h"

#define KIB 1024.0

bool report_is_drawn(const struct result *result, const char *profile, const char *combination) {
  char stages[ATTRIBUTION_STAGES_MAX][ATTRIBUTION_STAGE_BYTES];
  unsigned count = 0, cumulative = 0, place = 0, stage_count = 0;
  struct fault ignored = {0};
  bool ordered = attribution_stages(result, profile, stages, &stage_count, &ignored);
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (strcmp(group->profile, profile) != 0 || group->instrument) continue;
    if (strcmp(group->combination, combination) == 0) place = count;
    count++;
    if (ordered && attribution_is_cumulative(stages, stage_count, group->combination)) cumulative++;
  }
  if (count <= REPORT_DRAWN_MAX) return true;
  return cumulative > 1 ? attribution_is_cumulative(stages, stage_count, combination) : place < REPORT_DRAWN_MAX;
}

static bool out_of_memory(const struct result *result, struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while making the report", result->path);
}

bool report_memory(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_column columns[] = {
      {"lines_per_mib", "purged", "", "lines/MiB purged", "", 1, 0, REPORT_MEDIAN},
      {"lines_per_mib", "served", "", "served", "", 1, 0, REPORT_MEDIAN},
      {"rss_above_start_bytes", "purged", "", "RSS MiB purged", "", MIB, 2, REPORT_MEDIAN},
      {"rss_above_start_bytes", "served", "", "served", "", MIB, 2, REPORT_MEDIAN},
      {"reduction_pct", "purged", "", "reduction % purged", "", 1, 2, REPORT_MEDIAN},
      {"reduction_pct", "served", "", "served", "", 1, 2, REPORT_MEDIAN},
  };
  static const struct report_wish wish = {.title = "Memory above `start`: at rest (purged) and in service (served)",
                                          .columns = columns,
                                          .column_count = COUNT(columns),
                                          .with_range = true};
  return report_table(result, profile, &wish, table, fault);
}

bool report_lines(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_column columns[] = {
      {"bytes_per_line", "purged", "", "RSS B/line", "", 1, 2, REPORT_MEDIAN},
      {"tree_bytes_per_line", NULL, "", "tree B/line", "", 1, 2, REPORT_MEDIAN},
      {"tree_bits_per_node", NULL, "", "tree bits/node", "", 1, 2, REPORT_MEDIAN},
      {"source_bytes_per_line", NULL, "", "source B/line", "", 1, 2, REPORT_MEDIAN},
      {"disk_bytes_per_line", "purged", "", "disk B/line", "", 1, 2, REPORT_MEDIAN},
      {"lines_per_mib_with_disk", "purged", "", "lines/MiB of RAM + disk", "", 1, 0, REPORT_MEDIAN},
  };
  static const struct report_wish wish = {
      .title = "What a line costs at rest", .columns = columns, .column_count = COUNT(columns)};
  return report_table(result, profile, &wish, table, fault);
}

bool report_trade(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_column columns[] = {
      {"rss_above_start_bytes", "purged", "", "RSS MiB purged", "", MIB, 2, REPORT_MEDIAN},
      {"rss_above_start_bytes", "served", "", "served", "", MIB, 2, REPORT_MEDIAN},
      {"mapping.corpus.rss_bytes", "served", "", "of it mapped files, KiB", "", KIB, 0, REPORT_MEDIAN},
      {"disk_bytes", "purged", "", "disk MiB", "", MIB, 2, REPORT_MEDIAN},
      {"latency.hot.p50_ns", NULL, "", "hot us p50", "", 1000, 0, REPORT_MEDIAN},
      {"latency.hot.p99_ns", NULL, "", "p99", "", 1000, 0, REPORT_MEDIAN},
      {"latency.frozen.p50_ns", NULL, "", "frozen us p50", "", 1000, 0, REPORT_MEDIAN},
      {"latency.frozen.p99_ns", NULL, "", "p99", "", 1000, 0, REPORT_MEDIAN},
      {"cold_open.tree_cached.p50_ns", NULL, "", "evicted tree, cached, us p50", "", 1000, 0, REPORT_MEDIAN},
      {"cold_open.tree_uncached.p50_ns", NULL, "", "uncached", "", 1000, 0, REPORT_MEDIAN},
  };
  static const struct report_wish wish = {
      .title = "What is saved, and what it costs", .columns = columns, .column_count = COUNT(columns)};
  return report_table(result, profile, &wish, table, fault);
}

bool report_trust(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_column columns[] = {
      {"nodes_compared", NULL, "", "nodes proved", "", 1, 0, REPORT_MEDIAN},
      {"mismatches", NULL, "", "mismatches", "", 1, 0, REPORT_MEDIAN},
      {"rss_noise_pct", NULL, "", "RSS noise %", "", 1, 3, REPORT_MEDIAN},
      {"wall_noise_pct", NULL, "", "time noise %", "", 1, 1, REPORT_MEDIAN},
      {"unexplained_bytes", "purged", "", "unexplained KiB", "", KIB, 0, REPORT_MEDIAN},
  };
  static const struct report_wish wish = {
      .title = "Proof and noise", .columns = columns, .column_count = COUNT(columns)};
  return report_table(result, profile, &wish, table, fault);
}

bool report_speed(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_column columns[] = {
      {"parse_mib_per_s", NULL, "", "parse MiB/s", "", 1, 1, REPORT_MEDIAN},
      {"parse_mib_per_s", NULL, "", "min", "", 1, 1, REPORT_LEAST},
      {"parse_mib_per_s", NULL, "", "max", "", 1, 1, REPORT_MOST},
      {"ingest_speed_pct", NULL, "", "ingest % of parse", "", 1, 1, REPORT_MEDIAN},
      {"walk_nodes_per_s", NULL, "", "walk M nodes/s", "", 1e6, 1, REPORT_MEDIAN},
      {"walk_nodes_per_s", NULL, "", "min", "", 1e6, 1, REPORT_LEAST},
      {"walk_nodes_per_s", NULL, "", "max", "", 1e6, 1, REPORT_MOST},
      {"edit_parse_ns", NULL, "", "edits: parse ms", "", 1e6, 2, REPORT_MEDIAN},
      {"edit_store_ns", NULL, "", "store ms", "", 1e6, 2, REPORT_MEDIAN},
  };
  static const struct report_wish wish = {.title = "Speed", .columns = columns, .column_count = COUNT(columns)};
  return report_table(result, profile, &wish, table, fault);
}

bool report_latency(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_column columns[] = {
      {"latency.hot.p50_ns", NULL, "", "hot p50", "", 1000, 1, REPORT_MEDIAN},
      {"latency.hot.p99_ns", NULL, "", "p99", "", 1000, 1, REPORT_MEDIAN},
      {"latency.warm.p50_ns", NULL, "", "warm p50", "", 1000, 1, REPORT_MEDIAN},
      {"latency.warm.p99_ns", NULL, "", "p99", "", 1000, 1, REPORT_MEDIAN},
      {"latency.cold.p50_ns", NULL, "", "cold p50", "", 1000, 1, REPORT_MEDIAN},
      {"latency.cold.p99_ns", NULL, "", "p99", "", 1000, 1, REPORT_MEDIAN},
      {"latency.frozen.p50_ns", NULL, "", "frozen p50", "", 1000, 1, REPORT_MEDIAN},
      {"latency.frozen.p99_ns", NULL, "", "p99", "", 1000, 1, REPORT_MEDIAN},
  };
  static const struct report_wish wish = {.title = "Latency of an access by class of document, microseconds",
                                          .columns = columns,
                                          .column_count = COUNT(columns)};
  return report_table(result, profile, &wish, table, fault);
}

bool report_cold_open(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const struct report_column columns[] = {
      {"cold_open.documents", NULL, "", "documents", "", 1, 0, REPORT_MEDIAN},
      {"cold_open.tree_cached.p50_ns", NULL, "", "tree cached p50", "", 1000, 1, REPORT_MEDIAN},
      {"cold_open.tree_cached.p99_ns", NULL, "", "p99", "", 1000, 1, REPORT_MEDIAN},
      {"cold_open.tree_uncached.p50_ns", NULL, "", "tree uncached p50", "", 1000, 1, REPORT_MEDIAN},
      {"cold_open.tree_uncached.p99_ns", NULL, "", "p99", "", 1000, 1, REPORT_MEDIAN},
      {"cold_open.source_cached.p50_ns", NULL, "", "source cached p50", "", 1000, 1, REPORT_MEDIAN},
      {"cold_open.source_uncached.p50_ns", NULL, "", "uncached p50", "", 1000, 1, REPORT_MEDIAN},
      {"cold_open.parse.p50_ns", NULL, "", "parse p50", "", 1000, 1, REPORT_MEDIAN},
      {"cold_open.parse_over_tree_cached.p50", NULL, "", "parse / tree cached", "", 1, 1, REPORT_MEDIAN},
      {"cold_open.parse_over_tree_cached.min", NULL, "", "least", "", 1, 2, REPORT_MEDIAN},
      {"cold_open.parse_over_tree_cached.slower_pct", NULL, "", "slower %", "", 1, 1, REPORT_MEDIAN},
      {"cold_open.parse_over_tree_uncached.p50", NULL, "", "parse / tree uncached", "", 1, 1, REPORT_MEDIAN},
      {"cold_open.parse_over_tree_uncached.min", NULL, "", "least", "", 1, 2, REPORT_MEDIAN},
      {"cold_open.parse_over_tree_uncached.slower_pct", NULL, "", "slower %", "", 1, 1, REPORT_MEDIAN},
  };
  static const struct report_wish wish = {.title = "Opening a document that is not in use, microseconds",
                                          .columns = columns,
                                          .column_count = COUNT(columns)};
  return report_table(result, profile, &wish, table, fault);
}

/* ---- owners ---- */

#define HEAP_OWNERS_MAX 7 /* as many colours as can be told apart; the rest is summed up */
#define NAMED_OWNERS_MAX 256
#define OWNER_SHARE_MIN 0.005 /* below that of every combination, an owner is one of "other heaps" */

struct owner {
  const char *name;
  double largest_share; /* of a combination's RSS above start */
};

/* metric at `purged` less the same at `start`; *missing is set once. */
static double grown(const struct result *result, const struct result_group *group, const char **missing,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
static double grown(const struct result *result, const struct result_group *group, const char **missing,
                    const char *format, ...) {
  char name[METRIC_NAME_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  struct summary now = metrics_find(result, group, name, "purged", NULL);
  struct summary start = metrics_find(result, group, name, "start", NULL);
  if (now.missing || start.missing) {
    /* A heap made after `start` held nothing then. */
    bool is_new = !now.missing && strncmp(name, "heap.", 5) == 0;
    if (is_new) return now.median;
    if (!*missing) *missing = now.missing ? now.missing : start.missing;
    return 0;
  }
  return now.median - start.median;
}

static unsigned heap_owners(const struct result *result, const struct result_group **groups, unsigned rows,
                            struct owner *owners) {
  unsigned count = 0;
  for (unsigned r = 0; r < rows; r++) {
    if (!groups[r]->ok) continue;
    const struct result_checkpoint *purged = &groups[r]->cells[0]->checkpoints[CHECKPOINT_PURGED];
    const char *missing = NULL;
    double total = grown(result, groups[r], &missing, "rss_bytes");
    for (unsigned h = 0; h < purged->heap_count; h++) {
      unsigned o = 0;
      while (o < count && strcmp(owners[o].name, purged->heaps[h].owner) != 0) o++;
      if (o == NAMED_OWNERS_MAX) continue; /* it is counted in "other heaps" */
      if (o == count) owners[count++] = (struct owner){purged->heaps[h].owner, 0};
      double bytes = grown(result, groups[r], &missing, "heap.%s.allocated_bytes", owners[o].name);
      if (total > 0 && bytes / total > owners[o].largest_share) owners[o].largest_share = bytes / total;
    }
  }
  return count;
}

static int by_share(const void *a, const void *b) {
  const struct owner *x = a, *y = b;
  if (x->largest_share != y->largest_share) return x->largest_share < y->largest_share ? 1 : -1;
  return strcmp(x->name, y->name);
}

enum { OTHER_HEAPS, OVERHEAD, MAPPED_FILES, GRAMMARS, PROGRAM, UNEXPLAINED, TOTAL, FIXED_COLUMNS };
_Static_assert(FIXED_COLUMNS == REPORT_OWNERS_FIXED, "report.h and the pictures know the columns");

static void fill_owners(const struct result *result, const struct result_group *group, const struct owner *owners,
                        unsigned named, const struct table *table, unsigned row) {
  const char *missing = NULL;
  double heaps = 0, named_heaps = 0, fixed[FIXED_COLUMNS];
  const struct result_checkpoint *purged = &group->cells[0]->checkpoints[CHECKPOINT_PURGED];
  if (purged->heaps_missing) missing = purged->heaps_missing;
  for (unsigned h = 0; h < purged->heap_count; h++) {
    heaps += grown(result, group, &missing, "heap.%s.allocated_bytes", purged->heaps[h].owner);
  }
  for (unsigned o = 0; o < named; o++) {
    bool has = false;
    for (unsigned h = 0; h < purged->heap_count && !has; h++) has = strcmp(purged->heaps[h].owner, owners[o].name) == 0;
    double bytes = has ? grown(result, group, &missing, "heap.%s.allocated_bytes", owners[o].name) : 0;
    *table_at(table, row, o) = (struct table_cell){.value = bytes, .missing = missing};
    named_heaps += bytes;
  }
  fixed[OTHER_HEAPS] = heaps - named_heaps;
  fixed[UNEXPLAINED] = grown(result, group, &missing, "unexplained_bytes");
  fixed[MAPPED_FILES] = grown(result, group, &missing, "mapping.corpus.rss_bytes");
  fixed[TOTAL] = grown(result, group, &missing, "rss_bytes");
  double anonymous = grown(result, group, &missing, "mapping.anonymous.rss_bytes");
  fixed[OVERHEAD] = anonymous - heaps - fixed[UNEXPLAINED];
  fixed[GRAMMARS] = grown(result, group, &missing, "mapping.grammar.rss_bytes");
  fixed[PROGRAM] = fixed[TOTAL] - anonymous - fixed[MAPPED_FILES] - fixed[GRAMMARS];
  for (unsigned f = 0; f < FIXED_COLUMNS; f++) {
    *table_at(table, row, named + f) = (struct table_cell){.value = fixed[f], .missing = missing};
  }
}

bool report_owners(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  static const char *const fixed[] = {"other heaps",        "allocator overhead", "mapped files", "grammars",
                                      "program, libraries", "unexplained",        "total"};
  const struct result_group **groups = calloc(result->group_count + 1, sizeof *groups);
  struct owner *owners = calloc(NAMED_OWNERS_MAX, sizeof *owners);
  bool ok = groups && owners;
  unsigned rows = ok ? report_groups(result, profile, groups) : 0;
  unsigned named = ok ? heap_owners(result, groups, rows, owners) : 0;
  if (ok) qsort(owners, named, sizeof *owners, by_share);
  if (named > HEAP_OWNERS_MAX) named = HEAP_OWNERS_MAX;
  while (named > 0 && owners[named - 1].largest_share < OWNER_SHARE_MIN) named--;
  ok = ok && table_new(table, rows, named + FIXED_COLUMNS);
  if (!ok) {
    out_of_memory(result, fault);
    goto free_lists;
  }
  snprintf(table->title, sizeof table->title, "RSS above `start` by owner at `purged`, KiB");
  snprintf(table->corner, sizeof table->corner, "combination");
  for (unsigned o = 0; o < named; o++) table_column_set(table, o, owners[o].name, KIB, 0, "%s", owners[o].name);
  for (unsigned f = 0; f < FIXED_COLUMNS; f++) table_column_set(table, named + f, fixed[f], KIB, 0, "%s", fixed[f]);
  for (unsigned r = 0; r < rows; r++) {
    report_name_row(&table->rows[r], groups[r]);
    if (groups[r]->ok) fill_owners(result, groups[r], owners, named, table, r);
  }
free_lists:
  free(owners);
  free(groups);
  return ok;
}

/* ---- checkpoints ---- */

bool report_checkpoints(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  const struct result_group **groups = calloc(result->group_count + 1, sizeof *groups);
  unsigned all = groups ? report_groups(result, profile, groups) : 0, columns = 0;
  for (unsigned g = 0; g < all; g++) {
    if (report_is_drawn(result, profile, groups[g]->combination)) groups[columns++] = groups[g];
  }
  if (!groups || !table_new(table, CHECKPOINT_COUNT - 1, columns)) {
    free(groups);
    return out_of_memory(result, fault);
  }
  snprintf(table->title, sizeof table->title, "RSS above `start` at each checkpoint, MiB");
  snprintf(table->corner, sizeof table->corner, "checkpoint");
  for (unsigned c = 0; c < columns; c++) {
    table_column_set(table, c, groups[c]->combination, MIB, 2, "%.80s%s", groups[c]->combination,
                     groups[c]->ok ? "" : " (FAILED)");
    for (unsigned id = 1; id < CHECKPOINT_COUNT; id++) {
      const char *checkpoint = checkpoint_text((enum checkpoint_name)id);
      snprintf(table->rows[id - 1].name, sizeof table->rows[id - 1].name, "%s", checkpoint);
      struct summary found = metrics_find(result, groups[c], "rss_above_start_bytes", checkpoint, NULL);
      table_set(table, id - 1, c, &found);
    }
  }
  free(groups);
  return true;
}

/* ---- marks ---- */

static bool mark_value(const struct result *result, const char *profile, const struct claim *claim, double *value) {
  if (!claim_is_about(claim, result->corpus)) return false;
  if (strcmp(claim->metric, "lines_per_mib") == 0) {
    *value = claim->value;
    return true;
  }
  if (strcmp(claim->metric, "reduction_pct") != 0 || !(claim->value < 100)) return false;
  struct summary baseline =
      metrics_find(result, result_group(result, METRICS_BASELINE, profile), "lines_per_mib", "purged", NULL);
  if (baseline.missing) return false;
  *value = baseline.median / (1 - claim->value / 100);
  return true;
}

bool report_marks(const struct result *result, const char *profile, const struct claims *claims, struct table *table,
                  struct fault *fault) {
  const struct result_group **groups = calloc(result->group_count + 1, sizeof *groups);
  if (!groups || !table_new(table, claims->count, 2)) {
    free(groups);
    return out_of_memory(result, fault);
  }
  unsigned rows = report_groups(result, profile, groups), used = 0;
  table_column_set(table, 0, "", 1, 0, "row");
  table_column_set(table, 1, "", 1, 0, "lines_per_mib");
  for (unsigned i = 0; i < claims->count; i++) {
    const struct claim *claim = &claims->claims[i];
    double value;
    unsigned row = 0;
    while (row < rows && !result_same_combination(groups[row]->combination, claim->combination)) row++;
    if (row == rows || !groups[row]->ok || !mark_value(result, profile, claim, &value)) continue;
    snprintf(table->rows[used].name, sizeof table->rows[used].name, "%s", claim->id);
    *table_at(table, used, 0) = (struct table_cell){.value = row, .missing = NULL};
    *table_at(table, used, 1) = (struct table_cell){.value = value, .missing = NULL};
    used++;
  }
  table->row_count = used;
  free(groups);
  return true;
}
