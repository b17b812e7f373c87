/* SPDX-License-Identifier: MIT
 *
 * combination.c - names of combinations: which stages stand in the store beside the
 * base stage. Nothing here knows a stage by name; what a stage is, its module says. */
#include "combination.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "name.h"
#include "stage_list.h"
#include "stage_module.h"

#define STAGES_IN_FOLDER_MAX 64
#define SUBSET_STAGES_MAX 12
#define SUBSETS_MAX (1u << SUBSET_STAGES_MAX)

/* A stage that was named, by its name or by the path of its module. */
struct part {
  struct stage_summary summary;
  bool by_path;
};

/* What is known while combinations are made of names. */
struct stages {
  struct stage_summary *in_folder; /* the base stage first */
  unsigned count;
  const char *text; /* as the user wrote it, for messages */
};

static bool list_stages(struct stages *stages, const char *text, struct fault *fault) {
  *stages = (struct stages){.text = text};
  stages->in_folder = calloc(STAGES_IN_FOLDER_MAX, sizeof *stages->in_folder);
  if (!stages->in_folder) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the list of stages");
  return stage_list(stages->in_folder, STAGES_IN_FOLDER_MAX, &stages->count, fault);
}

static int compare_parts(const void *a, const void *b) {
  const struct part *x = a, *y = b;
  if (x->summary.order != y->summary.order) return x->summary.order < y->summary.order ? -1 : 1;
  return strcmp(x->summary.name, y->summary.name);
}

static bool resolve_path(const char *path, struct part *part, struct fault *fault) {
  char absolute[PATH_MAX];
  if (!realpath(path, absolute))
    return fault_set(fault, exit_code_of_errno(errno), "%s: no such stage module: %s", path, strerror(errno));
  part->by_path = true;
  return stage_module_probe(absolute, fault) && stage_summarize(absolute, &part->summary, fault);
}

static bool resolve_name(const char *name, const struct stages *stages, struct part *part, struct fault *fault) {
  char known[600] = "";
  for (unsigned i = 0; i < stages->count; i++) {
    const struct stage_summary *stage = &stages->in_folder[i];
    if (strcmp(stage->name, name) == 0) {
      *part = (struct part){.summary = *stage};
      return true;
    }
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", stage->name);
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

static bool too_many(const char *text, struct fault *fault) {
  return fault_set(fault, EXIT_CODE_USAGE, "'%.80s...': too many stages; there can be %d", text,
                   COMBINATION_STAGES_MAX);
}

/* Makes a combination of sorted parts; the base stage is below every combination and is not listed. */
static bool write_combination(const struct stages *stages, const struct part *parts, unsigned count,
                              struct combination *combination, struct fault *fault) {
  char name[COMBINATION_NAME_BYTES] = "";
  size_t used = 0;
  *combination = (struct combination){0};
  for (unsigned i = 0; i < count; i++) {
    const struct stage_summary *summary = &parts[i].summary;
    if (summary->order == 0) continue;
    int wrote = snprintf(name + used, sizeof name - used, "%s%s", used ? "+" : "", summary->name);
    if (wrote < 0 || (size_t)wrote >= sizeof name - used || combination->stage_count == COMBINATION_STAGES_MAX)
      return too_many(stages->text, fault);
    used += (size_t)wrote;
    combination->stages[combination->stage_count++] = parts[i].by_path ? summary->path : summary->name;
  }
  return name_keep(used ? name : stages->in_folder[0].name, &combination->name, fault);
}

/* `list` is a copy of the text, and is cut into names. */
static bool parse(char *list, const struct stages *stages, struct part *parts, struct combination *combination,
                  struct fault *fault) {
  unsigned count = 0;
  for (char *name = list; name;) {
    char *plus = strchr(name, '+');
    if (plus) *plus = '\0';
    if (*name == '\0')
      return fault_set(fault, EXIT_CODE_USAGE, "'%s': expected stage names joined by '+', as in '%s' or 'a+b'",
                       stages->text, stages->in_folder[0].name);
    if (count == STORE_STAGE_COUNT_MAX) return too_many(stages->text, fault);
    bool good =
        strchr(name, '/') ? resolve_path(name, &parts[count], fault) : resolve_name(name, stages, &parts[count], fault);
    if (!good) return false;
    count++;
    name = plus ? plus + 1 : NULL;
  }
  if (!check_parts(stages->text, parts, count, fault)) return false;
  qsort(parts, count, sizeof *parts, compare_parts);
  return write_combination(stages, parts, count, combination, fault);
}

bool combination_parse(const char *text, struct combination *combination, struct fault *fault) {
  struct stages stages = {0};
  struct part *parts = calloc(STORE_STAGE_COUNT_MAX, sizeof *parts);
  char *list = strdup(text);
  bool good = parts && list;
  if (!good) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for a combination's name");
  good = good && list_stages(&stages, text, fault) && parse(list, &stages, parts, combination, fault);
  free(list);
  free(parts);
  free(stages.in_folder);
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

/* A subset is a number, in which bit i stands for stage i of the standard order. Fewer stages come first, and
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

/* The stages of the standard order; `standard` has room for all that a folder can hold. */
static unsigned list_standard(const struct stages *stages, struct part *standard) {
  unsigned count = 0;
  for (unsigned i = 0; i < stages->count; i++) {
    const struct stage_summary *stage = &stages->in_folder[i];
    bool is_standard = stage->order != 0 && !(stage->flags & (STAGE_NOT_STANDARD | STAGE_KEEPS_NOTHING));
    if (is_standard) standard[count++] = (struct part){.summary = *stage};
  }
  return count;
}

/* The subset's stages, taken from `standard` in its order. */
static bool write_subset(const struct stages *stages, const struct part *standard, unsigned subset,
                         struct combination *combination, struct fault *fault) {
  struct part parts[SUBSET_STAGES_MAX];
  unsigned used = 0;
  for (unsigned i = 0; i < SUBSET_STAGES_MAX; i++) {
    if (subset >> i & 1u) parts[used++] = standard[i];
  }
  return check_parts(stages->text, parts, used, fault) && write_combination(stages, parts, used, combination, fault);
}

/* What a word stands for: `count` subsets of the standard order. */
static bool find_subsets(enum combination_set set, const struct stages *stages, struct part *standard,
                         unsigned *subsets, unsigned *count, struct fault *fault) {
  unsigned standard_count = list_standard(stages, standard);
  if (standard_count > SUBSET_STAGES_MAX) {
    return fault_set(fault, EXIT_CODE_USAGE,
                     "'%s': the standard order has %u stages, and words for many combinations "
                     "go up to %d; name the combinations",
                     stages->text, standard_count, SUBSET_STAGES_MAX);
  }
  *count = subsets_of_set(set, standard_count, subsets);
  return true;
}

bool combination_set_list(enum combination_set set, struct combination *combinations, unsigned capacity,
                          unsigned *count, struct fault *fault) {
  struct stages stages = {0};
  struct part *standard = calloc(STAGES_IN_FOLDER_MAX, sizeof *standard);
  unsigned *subsets = calloc(SUBSETS_MAX, sizeof *subsets), found = 0;
  *count = 0;
  bool good = standard && subsets;
  if (!good) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the list of combinations");
  good = good && list_stages(&stages, sets[set].word, fault) &&
         find_subsets(set, &stages, standard, subsets, &found, fault);
  if (good && found > capacity)
    good = fault_set(fault, EXIT_CODE_USAGE, "'%s' stands for %u combinations, and there can be %u", sets[set].word,
                     found, capacity);
  for (unsigned i = 0; good && i < found; i++) {
    good = write_subset(&stages, standard, subsets[i], &combinations[i], fault);
    if (good) ++*count;
  }
  free(subsets);
  free(standard);
  free(stages.in_folder);
  return good;
}

bool combination_cumulative(struct combination *combinations, unsigned capacity, unsigned *count, struct fault *fault) {
  return combination_set_list(COMBINATION_CUMULATIVE, combinations, capacity, count, fault);
}
