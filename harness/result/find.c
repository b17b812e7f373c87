/* SPDX-License-Identifier: MIT
 *
 * find.c - a result's groups by the names that people give. */
#include <string.h>

#include "result.h"

unsigned result_count_failed(const struct result *result) {
  unsigned failed = 0;
  for (unsigned i = 0; i < result->cell_count; i++) failed += !result->cells[i].ok;
  return failed;
}

/* Whether the names joined by '+' in `part` are all among those in `whole`. */
static bool has_stages(const char *whole, const char *part) {
  for (size_t bytes; *part; part += bytes + (part[bytes] == '+')) {
    bytes = strcspn(part, "+");
    const char *stage = whole;
    while (*stage && !(strcspn(stage, "+") == bytes && memcmp(stage, part, bytes) == 0)) {
      stage += strcspn(stage, "+");
      stage += *stage == '+';
    }
    if (!*stage) return false;
  }
  return true;
}

/* Lengths too, since in a ledger a stage may stand twice, which no combination has. */
bool result_same_combination(const char *one, const char *other) {
  return strlen(one) == strlen(other) && has_stages(one, other) && has_stages(other, one);
}

const struct result_group *result_group(const struct result *result, const char *combination, const char *profile) {
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (result_same_combination(group->combination, combination) && strcmp(group->profile, profile) == 0) return group;
  }
  return NULL;
}

const char *result_profile(const struct result *result, const char *wanted, struct fault *fault) {
  const char *name = wanted ? wanted : "strict";
  for (unsigned p = 0; p < result->profile_count; p++) {
    if (strcmp(result->profiles[p], name) == 0) return result->profiles[p];
  }
  if (!wanted) return result->profiles[0];
  fault_set(fault, EXIT_CODE_INPUT, "%s: there is no profile '%s' in it; its first is '%s'", result->path, wanted,
            result->profiles[0]);
  return NULL;
}
