/* SPDX-License-Identifier: MIT
 *
 * plan.c - cells of a run, their order, and the record of what figures depend on. */
#include "plan.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/json_out.h"
#include "base/paths.h"
#include "cell/spec.h"
#include "system/account.h"
#include "system/allocator.h"
#include "system/environment.h"
#include "base/open_file.h"
#include "base/text.h"

static bool out_of_memory(struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while planning the run");
}

/* ---- combinations ---- */

static bool add_stage(struct plan_combination *planned, const struct stage_summary *stage) {
  unsigned s = planned->stage_count;
  if (s == sizeof planned->stages / sizeof planned->stages[0]) return false;
  planned->stages[s] = stage->name;
  planned->modules[s] = stage->path;
  memcpy(planned->options[s], stage->options, sizeof planned->options[0]);
  planned->option_counts[s] = stage->option_count;
  planned->stage_count++;
  if (stage->flags & STAGE_KEEPS_NOTHING) planned->instrument = true;
  return true;
}

/* Looks up the stages of planned->combination. */
static bool describe(const struct stage_summary *known, unsigned known_count, struct plan_combination *planned,
                     struct fault *fault) {
  add_stage(planned, &known[0]);
  for (unsigned i = 0; i < planned->combination.stage_count; i++) {
    const char *stage = planned->combination.stages[i];
    if (strchr(stage, '/')) {
      struct stage_summary summary;
      if (!stage_summarize(stage, &summary, fault)) return false;
      add_stage(planned, &summary);
      continue;
    }
    unsigned k = 0;
    while (k < known_count && strcmp(known[k].name, stage) != 0) k++;
    if (k == known_count)
      return fault_set(fault, EXIT_CODE_INPUT, "the stage '%s' is gone from %s", stage, paths_stage_dir());
    add_stage(planned, &known[k]);
  }
  return true;
}

static bool same_modules(const struct plan_combination *a, const struct plan_combination *b) {
  if (a->stage_count != b->stage_count) return false;
  for (unsigned i = 0; i < a->stage_count; i++) {
    if (strcmp(a->modules[i], b->modules[i]) != 0) return false;
  }
  return true;
}

static bool add_combination(const struct combination *combination, const struct stage_summary *known,
                            unsigned known_count, bool once, struct plan *plan, struct fault *fault) {
  if (plan->combination_count == PLAN_COMBINATIONS_MAX) {
    return fault_set(fault, EXIT_CODE_USAGE, "--combos: more than %d combinations", PLAN_COMBINATIONS_MAX);
  }
  struct plan_combination *planned = &plan->combinations[plan->combination_count];
  memset(planned, 0, sizeof *planned);
  planned->combination = *combination;
  planned->once = once;
  if (!describe(known, known_count, planned, fault)) return false;
  for (unsigned i = 0; i < plan->combination_count; i++) {
    const struct plan_combination *other = &plan->combinations[i];
    if (strcmp(other->combination.name, combination->name) != 0) continue;
    if (same_modules(other, planned)) return true; /* named twice */
    return fault_set(fault, EXIT_CODE_USAGE,
                     "--combos: two different combinations would both be called '%s'; "
                     "rename one of the stages, or measure them in two runs",
                     combination->name);
  }
  plan->combination_count++;
  return true;
}

/* One entry of --combos: a combination, or a word for many. */
static bool add_entry(const char *entry, const struct stage_summary *known, unsigned known_count, struct plan *plan,
                      struct fault *fault) {
  struct combination *found = calloc(PLAN_COMBINATIONS_MAX, sizeof *found);
  if (!found) return out_of_memory(fault);
  unsigned count = 1;
  enum combination_set set;
  bool ok = combination_set_find(entry, &set) ? combination_set_list(set, found, PLAN_COMBINATIONS_MAX, &count, fault)
                                              : combination_parse(entry, found, fault);
  for (unsigned i = 0; ok && i < count; i++) ok = add_combination(&found[i], known, known_count, false, plan, fault);
  free(found);
  return ok;
}

static bool add_entries(const char *text, const struct stage_summary *known, unsigned known_count, struct plan *plan,
                        struct fault *fault) {
  char *list = strdup(text);
  if (!list) return out_of_memory(fault);
  bool ok = true;
  for (char *entry = list; ok && entry;) {
    char *comma = strchr(entry, ',');
    if (comma) *comma = 0;
    ok = entry[0] ? add_entry(entry, known, known_count, plan, fault)
                  : fault_set(fault, EXIT_CODE_USAGE,
                              "--combos '%s': an entry is empty; expected cumulative, each, "
                              "leave-one-out, all or combinations, with commas between them, as in baseline,p1",
                              text);
    entry = comma ? comma + 1 : NULL;
  }
  free(list);
  return ok;
}

/* Stages in the stage folder that keep nothing: each measures the harness, alone. */
static bool add_instruments(const struct stage_summary *known, unsigned known_count, struct plan *plan,
                            struct fault *fault) {
  struct combination *combination = calloc(1, sizeof *combination);
  bool ok = combination || out_of_memory(fault);
  for (unsigned i = 0; ok && i < known_count; i++) {
    if (!(known[i].flags & STAGE_KEEPS_NOTHING)) continue;
    ok = combination_parse(known[i].name, combination, fault) &&
         add_combination(combination, known, known_count, true, plan, fault);
  }
  free(combination);
  return ok;
}

/* ---- the order ---- */

static uint64_t next_random(uint64_t *state) { /* splitmix64: Steele, Lea, Flood 2014 */
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static void shuffle(struct plan_cell *cells, unsigned count, uint64_t *state) {
  for (unsigned i = count; i > 1; i--) {
    unsigned j = (unsigned)(next_random(state) % i); /* the bias of % is below 2^-50 here */
    struct plan_cell swapped = cells[i - 1];
    cells[i - 1] = cells[j];
    cells[j] = swapped;
  }
}

static bool order_cells(const struct run_options *options, struct plan *plan, struct fault *fault) {
  size_t most = (size_t)plan->combination_count * plan->profile_count * options->repetitions;
  plan->cells = calloc(most, sizeof *plan->cells);
  if (!plan->cells) return out_of_memory(fault);
  uint64_t state = options->seed;
  for (unsigned r = 0; r < options->repetitions; r++) {
    unsigned first = plan->cell_count;
    for (unsigned c = 0; c < plan->combination_count; c++) {
      if (plan->combinations[c].once && r > 0) continue;
      for (unsigned p = 0; p < plan->profile_count; p++) plan->cells[plan->cell_count++] = (struct plan_cell){c, p, r};
    }
    shuffle(plan->cells + first, plan->cell_count - first, &state);
  }
  return true;
}

bool plan_make(const struct run_options *options, struct plan *plan, struct fault *fault) {
  enum { KNOWN_MAX = 64 };
  memset(plan, 0, sizeof *plan);
  if (strcmp(options->profile, "both") == 0) {
    plan->profiles[plan->profile_count++] = "strict";
    plan->profiles[plan->profile_count++] = "stock";
  } else if (allocator_profile_conf(options->profile)) {
    plan->profiles[plan->profile_count++] = options->profile;
  } else {
    return fault_set(fault, EXIT_CODE_USAGE, "--profile '%s': expected strict, stock or both", options->profile);
  }
  struct stage_summary *known = calloc(KNOWN_MAX, sizeof *known);
  plan->combinations = calloc(PLAN_COMBINATIONS_MAX, sizeof *plan->combinations);
  unsigned known_count = 0;
  bool ok = (known && plan->combinations) || out_of_memory(fault);
  ok = ok && stage_list(known, KNOWN_MAX, &known_count, fault);
  if (ok && (known_count == 0 || known[0].order != 0)) {
    ok = fault_set(fault, EXIT_CODE_INPUT,
                   "%s holds no base stage (a stage with order 0); build phasebench, or set "
                   "PHASEBENCH_STAGE_DIR",
                   paths_stage_dir());
  }
  ok = ok && add_entries(options->combinations, known, known_count, plan, fault) &&
       (!options->instrument || add_instruments(known, known_count, plan, fault)) && order_cells(options, plan, fault);
  free(known);
  return ok;
}

void plan_free(struct plan *plan) {
  free(plan->combinations);
  free(plan->cells);
  cJSON_Delete(plan->record);
  memset(plan, 0, sizeof *plan);
}

/* ---- the record ---- */

static bool hash_file(const char *path, char hex[33], struct fault *fault) {
  static char buffer[1 << 16];
  const char *why;
  int fd = open_file(path, NULL, &why);
  if (fd < 0) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be opened: %s", path, why);
  XXH3_state_t *state = XXH3_createState();
  bool ok = state && XXH3_128bits_reset(state) == XXH_OK;
  ssize_t got = 0;
  while (ok && ((got = read(fd, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR))) {
    if (got > 0) ok = XXH3_128bits_update(state, buffer, (size_t)got) == XXH_OK;
  }
  if (ok && got == 0) {
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    snprintf(hex, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
  } else {
    ok = fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
  }
  XXH3_freeState(state);
  close(fd);
  return ok;
}

static bool add_file(cJSON *files, const char *path, struct fault *fault) {
  char hex[33];
  static struct path_shown shown;
  if (cJSON_GetObjectItemCaseSensitive(files, path_show(path, &shown))) return true;
  if (!hash_file(path, hex, fault)) return false;
  json_add_text(files, path_show(path, &shown), hex);
  return true;
}

/* The program a cell runs, the parser's runtime, each stage and each grammar. */
static bool add_files(const struct corpus *corpus, const struct plan *plan, cJSON *files, struct fault *fault) {
  Dl_info runtime;
  if (!add_file(files, paths_program(), fault)) return false;
  if (dladdr((void *)(uintptr_t)ts_parser_new, &runtime) && runtime.dli_fname[0] == '/' &&
      !add_file(files, runtime.dli_fname, fault)) {
    return false;
  }
  for (unsigned c = 0; c < plan->combination_count; c++) {
    for (unsigned s = 0; s < plan->combinations[c].stage_count; s++) {
      if (!add_file(files, plan->combinations[c].modules[s], fault)) return false;
    }
  }
  for (size_t i = 0; i < corpus->language_count; i++) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s.so", paths_grammar_dir(), corpus->languages[i].name);
    if (length < 0 || (size_t)length >= sizeof path)
      return fault_set(fault, EXIT_CODE_SYSTEM, "a grammar's path is too long");
    if (!add_file(files, path, fault)) return false;
  }
  return true;
}

cJSON *plan_options(const struct plan *plan, const struct store_place *place) {
  cJSON *all = json_new_object();
  for (unsigned c = 0; c < plan->combination_count; c++) {
    const struct plan_combination *planned = &plan->combinations[c];
    cJSON *of_combination = json_add_object(all, planned->combination.name);
    for (unsigned s = 0; s < planned->stage_count; s++) {
      for (uint32_t o = 0; o < planned->option_counts[s]; o++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s", planned->stages[s], planned->options[s][o].name);
        json_add_u64(of_combination, name, store_setting_value(place, planned->stages[s], &planned->options[s][o]));
      }
    }
  }
  return all;
}

static void record_settings(const struct run_options *options, const struct plan *plan, cJSON *record) {
  cJSON *combinations = json_add_array(record, "combinations"), *profiles = json_add_object(record, "profiles");
  for (unsigned c = 0; c < plan->combination_count; c++) {
    json_add_text(combinations, NULL, plan->combinations[c].combination.name);
  }
  for (unsigned p = 0; p < plan->profile_count; p++) {
    json_add_text(profiles, plan->profiles[p], allocator_profile_conf(plan->profiles[p]));
  }
  json_add_u64(record, "repetitions", options->repetitions);
  json_add_u64(record, "seed", options->seed);
  json_add_u64(record, "timeout_ms", options->timeout_ms);
  json_add_u64(record, "memory_limit_bytes", options->memory_limit_bytes);
  json_add_text(record, "unexplained_limit", ACCOUNT_UNEXPLAINED_LIMIT_TEXT);
  json_add_item(record, "options", plan_options(plan, &options->place));
}

bool plan_record(const struct run_options *options, const struct corpus *corpus, struct plan *plan,
                 struct fault *fault) {
  cJSON *record = plan->record = json_new_object();
  json_add_text(record, "corpus", corpus->name);
  json_add_path(record, "corpus_root", corpus->root);
  json_add_text(record, "corpus_content_hash", corpus->content_hash);
  record_settings(options, plan, record);
  json_add_item(record, "phasebench", environment_build());
  json_add_item(record, "environment", environment_record());
  const char *cell_program = getenv("PHASEBENCH_CELL_PROGRAM");
  if (cell_program) json_add_path(record, "cell_program", cell_program);
  if (!add_files(corpus, plan, json_add_object(record, "files"), fault)) return false;
  char *text = cJSON_PrintUnformatted(record);
  if (!text) return out_of_memory(fault);
  XXH128_hash_t hash = XXH3_128bits(text, strlen(text));
  snprintf(plan->hash, sizeof plan->hash, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
  cJSON_free(text);
  return true;
}

/* Compares as text: a record that was read holds numbers where a new one holds raw digits. */
static bool values_differ(const cJSON *was, const cJSON *is, const char *what, char *text, unsigned text_bytes) {
  char *old_text = was ? cJSON_PrintUnformatted(was) : NULL, *new_text = is ? cJSON_PrintUnformatted(is) : NULL;
  bool differ = !old_text || !new_text || strcmp(old_text, new_text) != 0;
  if (differ) {
    snprintf(text, text_bytes, "%.200s was %.300s and is %.300s now", what, old_text ? old_text : "absent",
             new_text ? new_text : "absent");
  }
  cJSON_free(old_text);
  cJSON_free(new_text);
  return differ;
}

static bool members_differ(const cJSON *was, const cJSON *is, char *text, unsigned text_bytes) {
  const cJSON *member;
  cJSON_ArrayForEach(member, is) {
    const cJSON *old = cJSON_GetObjectItemCaseSensitive(was, member->string);
    if (cJSON_IsObject(member) && cJSON_IsObject(old)) continue; /* looked into by objects_differ */
    if (values_differ(old, member, member->string, text, text_bytes)) return true;
  }
  cJSON_ArrayForEach(member, was) {
    if (!cJSON_GetObjectItemCaseSensitive(is, member->string)) {
      return values_differ(member, NULL, member->string, text, text_bytes);
    }
  }
  return false;
}

/* Of two objects, and of the objects in them. */
static bool objects_differ(const cJSON *was, const cJSON *is, char *text, unsigned text_bytes) {
  if (members_differ(was, is, text, text_bytes)) return true;
  const cJSON *member;
  cJSON_ArrayForEach(member, is) {
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(was, member->string);
    if (cJSON_IsObject(member) && cJSON_IsObject(inner) && objects_differ(inner, member, text, text_bytes)) return true;
  }
  return false;
}

bool plan_difference(const cJSON *was, const cJSON *is, char *text, unsigned text_bytes) {
  cJSON *old = cJSON_Duplicate(was, true);
  if (!old) {
    snprintf(text, text_bytes, "out of memory");
    return true;
  }
  json_make_exact(old);
  bool differ = objects_differ(old, is, text, text_bytes);
  cJSON_Delete(old);
  return differ;
}
