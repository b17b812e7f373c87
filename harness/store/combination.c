/* SPDX-License-Identifier: MIT
 *
 * combination.c - names of combinations: which stages stand in the store beside the
 * base stage. Nothing here knows a stage by name; what a stage is, its module says. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "store.h"

#define STAGES_IN_FOLDER_MAX 64

struct part {
  struct stage_summary summary;
  bool by_path;
};

static int compare_parts(const void *a, const void *b) {
  const struct part *x = a, *y = b;
  if (x->summary.order != y->summary.order) return x->summary.order < y->summary.order ? -1 : 1;
  return strcmp(x->summary.name, y->summary.name);
}

static bool resolve_path(const char *path, struct part *part, struct fault *fault) {
  char absolute[PATH_MAX];
  if (!realpath(path, absolute))
    return fault_set(fault, exit_code_of_errno(errno), "%s: no such stage module: %s", path, strerror(errno));
  struct stage_module module;
  if (!stage_module_probe(absolute, fault) || !stage_module_load(absolute, &module, fault)) return false;
  part->by_path = true;
  snprintf(part->summary.name, sizeof part->summary.name, "%s", module.ops->name);
  snprintf(part->summary.path, sizeof part->summary.path, "%s", absolute);
  part->summary.order = module.ops->order;
  part->summary.flags = module.ops->flags;
  stage_module_unload(&module);
  return true;
}

static bool resolve_name(const char *name, const struct stage_summary *stages, unsigned count, struct part *part,
                         struct fault *fault) {
  char known[600] = "";
  for (unsigned i = 0; i < count; i++) {
    if (strcmp(stages[i].name, name) == 0) {
      part->summary = stages[i];
      part->by_path = false;
      return true;
    }
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", stages[i].name);
  }
  return fault_set(fault, EXIT_CODE_USAGE,
                   "there is no stage '%s' in %s; there are: %s; a stage elsewhere is named by its "
                   "path, with a '/' in it",
                   name, paths_stage_dir(), known);
}

static bool check_parts(const char *text, const struct part *parts, unsigned count, struct fault *fault) {
  for (unsigned i = 0; i < count; i++) {
    if (parts[i].summary.order == 0 && parts[i].by_path)
      return fault_set(fault, EXIT_CODE_USAGE,
                       "'%s': %s has order 0: it is a base stage, and the base stage comes from %s", text,
                       parts[i].summary.path, paths_stage_dir());
    if ((parts[i].summary.flags & STAGE_KEEPS_NOTHING) && count > 1)
      return fault_set(fault, EXIT_CODE_USAGE, "'%s': '%s' keeps nothing and stands in a combination alone", text,
                       parts[i].summary.name);
    for (unsigned j = 0; j < i; j++) {
      if (strcmp(parts[i].summary.name, parts[j].summary.name) == 0)
        return fault_set(fault, EXIT_CODE_USAGE, "'%s': the stage '%s' is named twice", text, parts[i].summary.name);
    }
  }
  return true;
}

/* Writes what was parsed; the base stage is below every combination and is not listed. */
static bool write_combination(const char *text, const char *base_stage, const struct part *parts, unsigned count,
                              struct combination *combination, struct fault *fault) {
  memset(combination, 0, sizeof *combination);
  for (unsigned i = 0; i < count; i++) {
    const struct stage_summary *summary = &parts[i].summary;
    if (summary->order == 0) continue;
    size_t used = strlen(combination->name);
    int wrote =
        snprintf(combination->name + used, sizeof combination->name - used, "%s%s", used ? "+" : "", summary->name);
    if (wrote < 0 || (size_t)wrote >= sizeof combination->name - used ||
        combination->stage_count == STORE_STAGE_COUNT_MAX - 1)
      return fault_set(fault, EXIT_CODE_USAGE, "'%.80s...': too many stages; there can be %d", text,
                       STORE_STAGE_COUNT_MAX - 1);
    snprintf(combination->stages[combination->stage_count++], sizeof combination->stages[0], "%s",
             parts[i].by_path ? summary->path : summary->name);
  }
  if (combination->stage_count == 0) snprintf(combination->name, sizeof combination->name, "%s", base_stage);
  return true;
}

static bool parse(char *list, const char *text, const struct stage_summary *stages, unsigned stage_count,
                  struct part *parts, struct combination *combination, struct fault *fault) {
  unsigned count = 0;
  for (char *name = list; name;) {
    char *plus = strchr(name, '+');
    if (plus) *plus = '\0';
    if (*name == '\0')
      return fault_set(fault, EXIT_CODE_USAGE, "'%s': expected stage names joined by '+', as in '%s' or 'a+b'", text,
                       stages[0].name);
    if (count == STORE_STAGE_COUNT_MAX)
      return fault_set(fault, EXIT_CODE_USAGE, "'%.80s...': too many stages; there can be %d", text,
                       STORE_STAGE_COUNT_MAX - 1);
    bool good = strchr(name, '/') ? resolve_path(name, &parts[count], fault)
                                  : resolve_name(name, stages, stage_count, &parts[count], fault);
    if (!good) return false;
    count++;
    name = plus ? plus + 1 : NULL;
  }
  if (!check_parts(text, parts, count, fault)) return false;
  qsort(parts, count, sizeof *parts, compare_parts);
  return write_combination(text, stages[0].name, parts, count, combination, fault);
}

bool combination_parse(const char *text, struct combination *combination, struct fault *fault) {
  struct stage_summary *stages = calloc(STAGES_IN_FOLDER_MAX, sizeof *stages);
  struct part *parts = calloc(STORE_STAGE_COUNT_MAX, sizeof *parts);
  char *list = strdup(text);
  unsigned stage_count;
  bool good = stages && parts && list;
  if (!good) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for a combination's name");
  good = good && stage_list(stages, STAGES_IN_FOLDER_MAX, &stage_count, fault) &&
         parse(list, text, stages, stage_count, parts, combination, fault);
  free(list);
  free(parts);
  free(stages);
  return good;
}

/* ---- words for many combinations ---- */

static const struct {
  const char *word, *text;
} sets[] = {
#define X(name, word, text) {word, text},
    COMBINATION_SETS(X)
#undef X
};

const char *combination_set_word(enum combination_set set) { return sets[set].word; }
const char *combination_set_text(enum combination_set set) { return sets[set].text; }

bool combination_set_find(const char *word, enum combination_set *set) {
  for (unsigned i = 0; i < COMBINATION_SET_COUNT; i++) {
    if (strcmp(sets[i].word, word) != 0) continue;
    *set = (enum combination_set)i;
    return true;
  }
  return false;
}

/* Subsets are told by bits: bit i is the stage i of the standard order. Fewer stages come first, and
 * among as many, those that have the lower stages: 0, 1, 10, 100, 11, 101, 110, 111. */
static unsigned bits_reversed(unsigned subset, unsigned bits) {
  unsigned reversed = 0;
  for (unsigned i = 0; i < bits; i++) reversed |= (subset >> i & 1u) << (bits - 1 - i);
  return reversed;
}

static unsigned subsets_of_set(enum combination_set set, unsigned n, unsigned *subsets) {
  unsigned count = 0, all = (1u << n) - 1;
  switch (set) {
    case COMBINATION_CUMULATIVE:
      for (unsigned i = 0; i <= n; i++) subsets[count++] = (1u << i) - 1;
      break;
    case COMBINATION_EACH:
      subsets[count++] = 0;
      for (unsigned i = 0; i < n; i++) subsets[count++] = 1u << i;
      break;
    case COMBINATION_LEAVE_ONE_OUT:
      subsets[count++] = 0;
      if (n > 0) subsets[count++] = all;
      for (unsigned i = n; i > 0; i--) subsets[count++] = all & ~(1u << (i - 1));
      break;
    case COMBINATION_ALL:
    case COMBINATION_SET_COUNT:
      for (unsigned size = 0; size <= n; size++) {
        for (unsigned i = all + 1; i > 0; i--) {
          unsigned subset = bits_reversed(i - 1, n);
          if ((unsigned)__builtin_popcount(subset) == size) subsets[count++] = subset;
        }
      }
      break;
  }
  return count;
}

/* The stages of the standard order; *standard has room for all that a folder can hold. */
static bool list_standard(struct part *base_stage, struct part *standard, unsigned *count, struct fault *fault) {
  struct stage_summary *stages = calloc(STAGES_IN_FOLDER_MAX, sizeof *stages);
  unsigned stage_count = 0;
  *count = 0;
  bool good = stages || fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the list of combinations");
  good = good && stage_list(stages, STAGES_IN_FOLDER_MAX, &stage_count, fault);
  for (unsigned i = 0; good && i < stage_count; i++) {
    if (stages[i].order == 0) base_stage->summary = stages[i];
    else if (!(stages[i].flags & (STAGE_NOT_STANDARD | STAGE_KEEPS_NOTHING))) standard[(*count)++].summary = stages[i];
  }
  free(stages);
  return good;
}

static bool write_subset(const char *word, const struct part *base_stage, const struct part *standard, unsigned count,
                         unsigned subset, struct combination *combination, struct fault *fault) {
  struct part *parts = calloc(count + 1, sizeof *parts);
  unsigned used = 0;
  if (!parts) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the list of combinations");
  for (unsigned i = 0; i < count; i++) {
    if (subset >> i & 1u) parts[used++] = standard[i];
  }
  bool good = check_parts(word, parts, used, fault) &&
              write_combination(word, base_stage->summary.name, parts, used, combination, fault);
  free(parts);
  return good;
}

static bool write_set(enum combination_set set, const struct part *base_stage, const struct part *standard,
                      unsigned standard_count, struct combination *combinations, unsigned capacity, unsigned *count,
                      struct fault *fault) {
  enum { SUBSETS_STAGES_MAX = 12 };
  if (standard_count > SUBSETS_STAGES_MAX) {
    return fault_set(fault, EXIT_CODE_USAGE,
                     "'%s': the standard order has %u stages, and words for many combinations "
                     "go up to %d; name the combinations",
                     sets[set].word, standard_count, SUBSETS_STAGES_MAX);
  }
  unsigned *subsets = calloc(((size_t)1 << standard_count) + SUBSETS_STAGES_MAX, sizeof *subsets);
  if (!subsets) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the list of combinations");
  unsigned found = subsets_of_set(set, standard_count, subsets);
  bool good =
      found <= capacity || fault_set(fault, EXIT_CODE_USAGE, "'%s' stands for %u combinations, and there can be %u",
                                     sets[set].word, found, capacity);
  for (unsigned i = 0; good && i < found; i++) {
    good = write_subset(sets[set].word, base_stage, standard, standard_count, subsets[i], &combinations[i], fault);
    if (good) ++*count;
  }
  free(subsets);
  return good;
}

bool combination_set_list(enum combination_set set, struct combination *combinations, unsigned capacity,
                          unsigned *count, struct fault *fault) {
  struct part *base_stage = calloc(1, sizeof *base_stage), *standard = calloc(STAGES_IN_FOLDER_MAX, sizeof *standard);
  unsigned standard_count = 0;
  *count = 0;
  bool good =
      (base_stage && standard) || fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the list of combinations");
  good = good && list_standard(base_stage, standard, &standard_count, fault) &&
         write_set(set, base_stage, standard, standard_count, combinations, capacity, count, fault);
  free(standard);
  free(base_stage);
  return good;
}

bool combination_cumulative(struct combination *combinations, unsigned capacity, unsigned *count, struct fault *fault) {
  return combination_set_list(COMBINATION_CUMULATIVE, combinations, capacity, count, fault);
}
