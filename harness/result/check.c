/* SPDX-License-Identifier: MIT
 *
 * check.c - figures of one result that must agree with one another. Each of them
 * may look right alone; a file in which they differ was changed or is a mistake. */
#include <math.h>

#include "result.h"

/* RSS comes from smaps_rollup, the mappings from smaps, one read after the other: only a
 * page that is first touched in between can tell them apart. In every cell looked at
 * they agreed to the byte; 64 KiB are 16 pages (one, where pages are large). */
#define MAPPINGS_TOLERANCE_BYTES 65536.0

static bool check_sum(const struct result *result, const char *key, double sum, double corpus, struct fault *fault) {
  if (sum == corpus) return true;
  return fault_set(fault, EXIT_CODE_INPUT,
                   "%s: corpus.%s: is %.0f, but corpus.languages[].%s add up to %.0f; both count the same files",
                   result->path, key, corpus, key, sum);
}

static bool check_languages(const struct result *result, struct fault *fault) {
  double files = 0, lines = 0, bytes = 0;
  for (unsigned i = 0; i < result->language_count; i++) {
    files += result->languages[i].files;
    lines += result->languages[i].lines;
    bytes += result->languages[i].bytes;
  }
  return check_sum(result, "files", files, result->files, fault) &&
         check_sum(result, "lines", lines, result->lines, fault) &&
         check_sum(result, "bytes", bytes, result->bytes, fault);
}

static bool check_mappings(const struct result *result, unsigned c, unsigned id, struct fault *fault) {
  const struct result_checkpoint *checkpoint = &result->cells[c].checkpoints[id];
  const struct figure *rss = &checkpoint->probe[PROBE_RSS];
  double sum = 0;
  if (rss->missing) return true;
  for (unsigned o = 0; o < PROBE_OWNER_COUNT; o++) {
    if (checkpoint->mapping_rss_bytes[o].missing) return true;
    sum += checkpoint->mapping_rss_bytes[o].value;
  }
  if (fabs(sum - rss->value) <= MAPPINGS_TOLERANCE_BYTES) return true;
  return fault_set(fault, EXIT_CODE_INPUT,
                   "%s: cells[%u].checkpoints[%u].mappings: rss_bytes of all owners add up to %.0f, but the "
                   "checkpoint's rss_bytes is %.0f; they may differ by %.0f",
                   result->path, c, id, sum, rss->value, MAPPINGS_TOLERANCE_BYTES);
}

bool result_check(const struct result *result, struct fault *fault) {
  if (!check_languages(result, fault)) return false;
  for (unsigned c = 0; c < result->cell_count; c++) {
    if (!result->cells[c].ok) continue;
    for (unsigned id = 0; id < CHECKPOINT_COUNT; id++) {
      if (!check_mappings(result, c, id, fault)) return false;
    }
  }
  return true;
}
