/* SPDX-License-Identifier: MIT
 *
 * attribution.c - the games that a result holds: which stages play, in which order, and what each subset of
 * them is worth. */
#include "attribution.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *key, *unit, *text;
  bool saved;
} games[] = {
#define X(name, key, unit, saved, text) {key, unit, text, saved},
    ATTRIBUTION_GAMES(X)
#undef X
};
static const char *const methods[] = {
#define X(name, key) key,
    ATTRIBUTION_METHODS(X)
#undef X
};

const char *attribution_game_key(enum attribution_game_id game) { return games[game].key; }
const char *attribution_game_unit(enum attribution_game_id game) { return games[game].unit; }
const char *attribution_game_text(enum attribution_game_id game) { return games[game].text; }
bool attribution_game_is_saved(enum attribution_game_id game) { return games[game].saved; }
const char *attribution_method_key(enum attribution_method method) { return methods[method]; }

/* ---- which stages, in which order ---- */

/* More than can be attributed, so that --stages can choose among them. */
#define NAMED_STAGES_MAX 32u

struct named {
  char stages[NAMED_STAGES_MAX][ATTRIBUTION_STAGE_BYTES];
  unsigned count;
  unsigned before[NAMED_STAGES_MAX]; /* bits: stages that precede this one in some combination */
};

static bool plays(const struct result_group *group, const char *profile) {
  return strcmp(group->profile, profile) == 0 && !group->instrument &&
         strcmp(group->combination, METRICS_BASELINE) != 0;
}

/* The next of the names joined by '+'; false: none is left. *name is empty where one is too long. */
static bool next_stage(const char **rest, char name[ATTRIBUTION_STAGE_BYTES]) {
  if (!*rest) return false;
  size_t length = strcspn(*rest, "+");
  if (length < ATTRIBUTION_STAGE_BYTES) memcpy(name, *rest, length);
  name[length < ATTRIBUTION_STAGE_BYTES ? length : 0] = '\0';
  *rest = (*rest)[length] ? *rest + length + 1 : NULL;
  return true;
}

static unsigned find_stage(const struct named *named, const char *name) {
  unsigned i = 0;
  while (i < named->count && strcmp(named->stages[i], name) != 0) i++;
  return i;
}

static bool add_names(const struct result *result, const char *combination, struct named *named, struct fault *fault) {
  char name[ATTRIBUTION_STAGE_BYTES];
  unsigned seen = 0;
  for (const char *rest = combination; next_stage(&rest, name);) {
    unsigned i = find_stage(named, name);
    if (name[0] == '\0' || (i < named->count && seen >> i & 1u))
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: combination '%s': expected different stage names of at most %u "
                       "characters, joined by '+'",
                       result->path, combination, ATTRIBUTION_STAGE_BYTES - 1);
    if (i == NAMED_STAGES_MAX)
      return fault_set(fault, EXIT_CODE_INPUT, "%s: more than %u stages", result->path, NAMED_STAGES_MAX);
    if (i == named->count) snprintf(named->stages[named->count++], ATTRIBUTION_STAGE_BYTES, "%s", name);
    named->before[i] |= seen;
    seen |= 1u << i;
  }
  return true;
}

/* Takes the first stage that none of those left precedes, again and again. */
static bool sort_names(const struct result *result, struct named *named, struct fault *fault) {
  struct named sorted = {.count = named->count};
  unsigned left = named->count ? (unsigned)((UINT64_C(1) << named->count) - 1) : 0;
  for (unsigned k = 0; k < named->count; k++) {
    unsigned i = 0;
    while (i < named->count && (!(left >> i & 1u) || (named->before[i] & left))) i++;
    if (i == named->count)
      return fault_set(fault, EXIT_CODE_INPUT, "%s: its combinations have the same stages in different orders",
                       result->path);
    memcpy(sorted.stages[k], named->stages[i], ATTRIBUTION_STAGE_BYTES);
    left &= ~(1u << i);
  }
  *named = sorted;
  return true;
}

static bool name_stages(const struct result *result, const char *profile, struct named *named, struct fault *fault) {
  memset(named, 0, sizeof *named);
  for (unsigned g = 0; g < result->group_count; g++) {
    if (plays(&result->groups[g], profile) && !add_names(result, result->groups[g].combination, named, fault))
      return false;
  }
  return sort_names(result, named, fault);
}

bool attribution_stages(const struct result *result, const char *profile, char (*stages)[ATTRIBUTION_STAGE_BYTES],
                        unsigned *stage_count, struct fault *fault) {
  struct named named;
  if (!name_stages(result, profile, &named, fault)) return false;
  if (named.count > ATTRIBUTION_STAGES_MAX)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: %u stages, and shares are computed for at most %u; --stages names "
                     "those to look at",
                     result->path, named.count, ATTRIBUTION_STAGES_MAX);
  memcpy(stages, named.stages, named.count * sizeof *stages);
  *stage_count = named.count;
  return true;
}

/* Those of the result that `wanted` names, in their order. */
static bool choose_stages(const struct result *result, const char *profile, const char *wanted,
                          struct attribution *attribution, struct fault *fault) {
  struct named named;
  char name[ATTRIBUTION_STAGE_BYTES];
  unsigned chosen = 0;
  if (!name_stages(result, profile, &named, fault)) return false;
  for (const char *rest = wanted; next_stage(&rest, name);) {
    unsigned i = find_stage(&named, name);
    if (i == named.count)
      return fault_set(fault, EXIT_CODE_USAGE, "--stages '%s': expected names of stages of %s, joined by '+'", wanted,
                       result->path);
    chosen |= 1u << i;
  }
  if ((unsigned)__builtin_popcount(chosen) > ATTRIBUTION_STAGES_MAX)
    return fault_set(fault, EXIT_CODE_USAGE, "--stages '%s': shares are computed for at most %u stages", wanted,
                     ATTRIBUTION_STAGES_MAX);
  for (unsigned i = 0; i < named.count; i++) {
    if (!(chosen >> i & 1u)) continue;
    memcpy(attribution->stages[attribution->stage_count++], named.stages[i], sizeof named.stages[i]);
  }
  return true;
}

bool attribution_is_cumulative(const char (*stages)[ATTRIBUTION_STAGE_BYTES], unsigned stage_count,
                               const char *combination) {
  char name[ATTRIBUTION_SUBSET_BYTES];
  for (unsigned i = 0; i <= stage_count; i++) {
    attribution_subset_name(stages, stage_count, (1u << i) - 1, name);
    if (strcmp(combination, name) == 0) return true;
  }
  return false;
}

bool attribution_is_possible(const struct result *result, const char *profile) {
  char stages[ATTRIBUTION_STAGES_MAX][ATTRIBUTION_STAGE_BYTES], name[ATTRIBUTION_SUBSET_BYTES];
  unsigned count;
  struct fault fault = {0};
  if (!attribution_stages(result, profile, stages, &count, &fault) || count < 2) return false;
  for (unsigned s = 0; s < 1u << count; s++) {
    attribution_subset_name(stages, count, s, name);
    if (!result_group(result, name, profile)) return false;
  }
  return true;
}

/* ---- what a subset is worth ---- */

#define MEDIANS UINT_MAX /* in place of a repetition */

/* Whose figures: of all repetitions their medians, or those of one. */
struct view {
  const struct result *result;
  const struct result_group *group;
  unsigned repetition;
};

static struct figure metric(const struct view *view, const char *name, const char *checkpoint) {
  struct summary found = metrics_find(view->result, view->group, name, checkpoint, NULL);
  if (found.missing || view->repetition == MEDIANS)
    return (struct figure){.value = found.median, .missing = found.missing};
  return metrics_of_repetition(view->result, view->group, name, checkpoint, view->repetition);
}

/* Classes are weighted by their accesses, which the seed decides and no stage; one without a document has none. */
static struct figure access_ns(const struct view *view) {
  const struct result_cell *cell = view->group->cells[view->repetition == MEDIANS ? 0 : view->repetition];
  double accesses = 0, ns = 0;
  for (unsigned c = 0; c < ACCESS_CLASS_COUNT; c++) {
    char name[METRIC_NAME_BYTES];
    const char *class_ = access_class_name((enum access_class)c);
    if (!cell->latency[c].present) continue;
    snprintf(name, sizeof name, "latency.%s.accesses", class_);
    struct figure count = metric(view, name, NULL);
    snprintf(name, sizeof name, "latency.%s.mean_ns", class_);
    struct figure mean = metric(view, name, NULL);
    if (count.missing) return count;
    if (mean.missing) return mean;
    accesses += count.value;
    ns += count.value * mean.value;
  }
  if (!(accesses > 0)) return (struct figure){.missing = "no access was measured"};
  return (struct figure){.value = ns / accesses};
}

static struct figure over_lines(const struct result *result, struct figure figure) {
  if (figure.missing) return figure;
  if (!(result->lines > 0)) return (struct figure){.missing = "the corpus has no line"};
  return (struct figure){.value = figure.value / result->lines};
}

static struct figure pack_ns(const struct view *view) {
  struct figure store = metric(view, "store_ns", NULL), finalize = metric(view, "finalize_ns", NULL);
  if (store.missing) return store;
  if (finalize.missing) return finalize;
  return (struct figure){.value = store.value + finalize.value};
}

static struct figure log2_reduction(struct figure bytes) {
  if (bytes.missing) return bytes;
  if (!(bytes.value > 0)) return (struct figure){.missing = "memory not above that at `start` has no logarithm"};
  return (struct figure){.value = log2(bytes.value)};
}

static struct figure figure_of(const struct view *view, const char *checkpoint, enum attribution_game_id game) {
  switch (game) {
    case ATTRIBUTION_BYTES:
      return metric(view, "bytes_per_line", checkpoint);
    case ATTRIBUTION_LOG2_REDUCTION:
      return log2_reduction(metric(view, "bytes_per_line", checkpoint));
    case ATTRIBUTION_ACCESS:
      return access_ns(view);
    case ATTRIBUTION_WALK:
      return over_lines(view->result, metric(view, "walk_ns", NULL));
    case ATTRIBUTION_STORE:
      return over_lines(view->result, pack_ns(view));
    case ATTRIBUTION_GAME_COUNT:
      break;
  }
  return (struct figure){.missing = "there is no such figure"};
}

static struct attribution_worth worth_of(const struct attribution *a, unsigned subset, enum attribution_game_id game,
                                         unsigned repetition) {
  char name[ATTRIBUTION_SUBSET_BYTES];
  attribution_subset_name(a->stages, a->stage_count, subset, name);
  const struct result_group *group = result_group(a->result, name, a->profile);
  if (!group) return (struct attribution_worth){.gap = ATTRIBUTION_GAP_NOT_MEASURED, .why = "it is not in this result"};
  if (!group->ok) return (struct attribution_worth){.gap = ATTRIBUTION_GAP_FAILED, .why = group->reason};
  if (repetition != MEDIANS && repetition >= group->cell_count)
    return (struct attribution_worth){.gap = ATTRIBUTION_GAP_NOT_MEASURED, .why = "there is no such repetition"};
  const struct view view = {a->result, group, repetition};
  struct figure figure = figure_of(&view, a->checkpoint, game);
  if (figure.missing) return (struct attribution_worth){.gap = ATTRIBUTION_GAP_NO_FIGURE, .why = figure.missing};
  return (struct attribution_worth){.value = games[game].saved ? -figure.value : figure.value};
}

static bool play(struct attribution *a, enum attribution_game_id game, unsigned repetition,
                 struct attribution_game *played, struct fault *fault) {
  played->worth = calloc((size_t)1 << a->stage_count, sizeof *played->worth);
  if (!played->worth) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the attribution");
  for (unsigned s = 0; s < 1u << a->stage_count; s++) played->worth[s] = worth_of(a, s, game, repetition);
  return attribution_game_solve(a->stages, a->stage_count, played, &a->texts, fault);
}

static bool play_repetitions(struct attribution *a, enum attribution_game_id game, struct fault *fault) {
  unsigned n = a->result->repetitions, i;
  const char *missing = a->games[game].share[ATTRIBUTION_SHAPLEY][0].missing;
  if (n < 2) missing = "one repetition has no spread";
  for (i = 0; i < a->stage_count; i++) a->over_repetitions[game][i] = summary_missing(missing);
  if (missing) return true;
  double *shares = calloc((size_t)n * a->stage_count, sizeof *shares); /* stage by stage */
  bool ok = shares != NULL;
  if (!ok) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the attribution");
  for (unsigned r = 0; ok && r < n; r++) {
    struct attribution_game played = {0};
    ok = play(a, game, r, &played, fault);
    for (i = 0; ok && i < a->stage_count; i++) {
      struct figure share = played.share[ATTRIBUTION_SHAPLEY][i];
      if (share.missing) missing = share.missing;
      shares[(size_t)i * n + r] = share.value;
    }
    free(played.worth);
  }
  for (i = 0; ok && i < a->stage_count; i++) {
    a->over_repetitions[game][i] = missing ? summary_missing(missing) : summary_of(shares + (size_t)i * n, n);
  }
  free(shares);
  return ok;
}

bool attribution_open(const struct result *result, const char *profile, const char *checkpoint, const char *stages,
                      struct attribution **attribution, struct fault *fault) {
  struct attribution *a = calloc(1, sizeof *a);
  if (!a) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the attribution");
  a->result = result;
  a->profile = profile;
  a->checkpoint = checkpoint;
  bool ok = stages ? choose_stages(result, profile, stages, a, fault)
                   : attribution_stages(result, profile, a->stages, &a->stage_count, fault);
  if (ok && a->stage_count == 0)
    ok = fault_set(fault, EXIT_CODE_INPUT,
                   "%s holds no stage besides the baseline under profile %s: there is nothing "
                   "to attribute; `phasebench run --combos all` measures every subset of the stages",
                   result->path, profile);
  for (unsigned g = 0; ok && g < ATTRIBUTION_GAME_COUNT; g++) {
    enum attribution_game_id game = (enum attribution_game_id)g;
    ok = play(a, game, MEDIANS, &a->games[g], fault) && play_repetitions(a, game, fault);
  }
  if (ok) *attribution = a;
  else attribution_close(a);
  return ok;
}

void attribution_close(struct attribution *attribution) {
  if (!attribution) return;
  for (unsigned g = 0; g < ATTRIBUTION_GAME_COUNT; g++) free(attribution->games[g].worth);
  for (unsigned t = 0; t < attribution->texts.count; t++) free(attribution->texts.texts[t]);
  free(attribution->texts.texts);
  free(attribution);
}

struct figure attribution_price(const struct attribution *attribution, enum attribution_game_id paid,
                                enum attribution_method method, unsigned stage) {
  struct figure ns = attribution->games[paid].share[method][stage];
  struct figure bytes = attribution->games[ATTRIBUTION_BYTES].share[method][stage];
  if (bytes.missing) return bytes;
  if (ns.missing) return ns;
  if (!(bytes.value > 0)) return (struct figure){.missing = "it saves nothing that the time would be the price of"};
  return (struct figure){.value = ns.value / bytes.value};
}
