/* SPDX-License-Identifier: MIT
 *
 * metric_direction.c - which way a metric gets better. It belongs to the metric: whoever sets a threshold
 * can forget to say it, and a gate that has it the wrong way round passes what it was made to stop. */
#include <string.h>

#include "metrics.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct direction {
  const char *name;
  enum metric_direction direction;
};

/* Whole names. What the corpus alone decides has to stay equal. */
static const struct direction by_name[] = {
    {"lines_per_mib", METRIC_LARGER},
    {"lines_per_mib_with_disk", METRIC_LARGER},
    {"lines_per_mib_factor", METRIC_LARGER},
    {"reduction_pct", METRIC_LARGER},
    {"marginal_reduction_pct", METRIC_LARGER},
    {"parse_mib_per_s", METRIC_LARGER},
    {"ingest_speed_pct", METRIC_LARGER},
    {"walk_nodes_per_s", METRIC_LARGER},
    {"documents_compared", METRIC_LARGER},
    {"nodes_compared", METRIC_LARGER},
    {"source_bytes_compared", METRIC_LARGER},
    {"moves_compared", METRIC_LARGER},
    {"mismatches", METRIC_SMALLER},
    {"tree_bits_per_node", METRIC_SMALLER},
    {"bytes_per_line", METRIC_SMALLER},
    {"edit_source_zstd_prefix_pct", METRIC_SMALLER},
    {"nodes", METRIC_EQUAL},
    {"walked_nodes", METRIC_EQUAL},
    {"edit_documents", METRIC_EQUAL},
    {"edit_hunks", METRIC_EQUAL},
    {"edit_inserted_lines", METRIC_EQUAL},
    {"edit_deleted_lines", METRIC_EQUAL},
    {"edit_inserted_bytes", METRIC_EQUAL},
    {"edit_deleted_bytes", METRIC_EQUAL},
    {"unexplained_bytes", METRIC_UNKNOWN}, /* can be negative: nearer to 0 is better */
};

static const struct direction by_ending[] = {
    {"_ns", METRIC_SMALLER},           {"_bytes", METRIC_SMALLER},    {"_noise_pct", METRIC_SMALLER},
    {"_faults_count", METRIC_SMALLER}, {"_per_line", METRIC_SMALLER}, {"_per_inserted_line", METRIC_SMALLER},
};

static bool begins(const char *name, const char *with) { return strncmp(name, with, strlen(with)) == 0; }

static bool ends(const char *name, const char *with) {
  size_t bytes = strlen(name), ending = strlen(with);
  return bytes >= ending && strcmp(name + bytes - ending, with) == 0;
}

enum metric_direction metrics_direction(const char *name) {
  if (begins(name, "added.")) name += strlen("added.");
  if (begins(name, "stage.")) return METRIC_UNKNOWN; /* a stage counts what it likes */
  if (begins(name, "cold_open.parse_over_")) return ends(name, ".slower_pct") ? METRIC_SMALLER : METRIC_LARGER;
  for (size_t i = 0; i < COUNT(by_name); i++) {
    if (strcmp(by_name[i].name, name) == 0) return by_name[i].direction;
  }
  for (size_t i = 0; i < COUNT(by_ending); i++) {
    if (ends(name, by_ending[i].name)) return by_ending[i].direction;
  }
  return METRIC_UNKNOWN;
}
