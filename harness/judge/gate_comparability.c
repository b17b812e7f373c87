/* SPDX-License-Identifier: MIT
 *
 * gate_comparability.c - in what two results differ before anything is compared, and what to do about it. */
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/json_out.h"
#include "base/number.h"
#include "gate.h"

static const char *const comparabilities[] = {
#define X(name, text) text,
    GATE_COMPARABILITIES(X)
#undef X
};
static const char *const policies_known[] = {
#define X(name, text) text,
    GATE_POLICIES(X)
#undef X
};

const char *gate_comparability_name(enum gate_comparability comparability) { return comparabilities[comparability]; }
const char *gate_policy_name(enum gate_policy policy) { return policies_known[policy]; }

bool gate_policy_parse(const char *text, enum gate_policy policies[GATE_COMPARABILITY_COUNT], struct fault *fault) {
  size_t what = 0, how = 0;
  const char *equals = strchr(text, '=');
  size_t length = equals ? (size_t)(equals - text) : 0;
  for (; what < COUNT(comparabilities); what++) {
    if (strlen(comparabilities[what]) == length && strncmp(comparabilities[what], text, length) == 0) break;
  }
  while (equals && how < COUNT(policies_known) && strcmp(policies_known[how], equals + 1) != 0) how++;
  bool known = equals && what < COUNT(comparabilities) && how < COUNT(policies_known);
  bool fits = known && (what == GATE_CORPUS ? how != GATE_IGNORE_TIMES : how != GATE_PER_LINE);
  if (!fits) {
    return fault_set(fault, EXIT_CODE_USAGE,
                     "--policy '%.60s': expected corpus=refuse|per-line|ignore, or machine, version or settings "
                     "=refuse|ignore-times|ignore",
                     text);
  }
  policies[what] = (enum gate_policy)how;
  return true;
}

/* ---- differences ---- */

static struct gate_difference *add(struct gate *gate, enum gate_comparability of, const char *what, const char *before,
                                   const char *after) {
  if (gate->difference_count == GATE_DIFFERENCES_MAX) { /* what is not listed must not be let through */
    struct gate_difference *last = &gate->differences[GATE_DIFFERENCES_MAX - 1];
    last->always_refused = true;
    snprintf(last->what, sizeof last->what, "and more than can be listed");
    return last;
  }
  struct gate_difference *difference = &gate->differences[gate->difference_count++];
  *difference = (struct gate_difference){.of = of};
  snprintf(difference->what, sizeof difference->what, "%s", what);
  snprintf(difference->before, sizeof difference->before, "%s", before ? before : "not known");
  snprintf(difference->after, sizeof difference->after, "%s", after ? after : "not known");
  return difference;
}

static void compare_text(struct gate *gate, enum gate_comparability of, const char *what, const char *before,
                         const char *after) {
  if (before && after && strcmp(before, after) == 0) return;
  if (before || after) add(gate, of, what, before, after);
}

static const cJSON *member(const struct result *result, const char *object, const char *key) {
  return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(result->root, object), key);
}

/* Any value of the file, as it is written there. */
static void compare_member(struct gate *gate, enum gate_comparability of, const char *object, const char *key) {
  char *before = cJSON_PrintUnformatted(member(gate->before, object, key));
  char *after = cJSON_PrintUnformatted(member(gate->after, object, key));
  compare_text(gate, of, key, before, after);
  cJSON_free(before);
  cJSON_free(after);
}

static void compare_number(struct gate *gate, const char *what, double before, double after) {
  char texts[2][40];
  number_exact(before, texts[0], sizeof texts[0]);
  number_exact(after, texts[1], sizeof texts[1]);
  compare_text(gate, GATE_CORPUS, what, texts[0], texts[1]);
}

static const char *grammar_of(const struct result *result, const char *language) {
  for (unsigned i = 0; i < result->language_count; i++) {
    if (strcmp(result->languages[i].name, language) == 0) return result->languages[i].grammar_version;
  }
  return NULL;
}

/* Of languages that both have: that there is another one is a matter of the corpus. */
static void compare_grammars(struct gate *gate) {
  char what[64];
  for (unsigned i = 0; i < gate->before->language_count; i++) {
    const struct result_language *language = &gate->before->languages[i];
    const char *after = grammar_of(gate->after, language->name);
    snprintf(what, sizeof what, "grammar of %.40s", language->name);
    if (after) compare_text(gate, GATE_VERSION, what, language->grammar_version, after);
  }
}

/* Of options that both have: a new one comes with a new version of its stage. */
static void compare_options(struct gate *gate) {
  const cJSON *combination, *option;
  const cJSON *after = member(gate->after, "settings", "options");
  char what[64];
  cJSON_ArrayForEach(combination, member(gate->before, "settings", "options")) {
    const cJSON *others = cJSON_GetObjectItemCaseSensitive(after, combination->string);
    cJSON_ArrayForEach(option, combination) {
      const cJSON *other = cJSON_GetObjectItemCaseSensitive(others, option->string);
      if (!other || cJSON_Compare(option, other, true)) continue;
      char *values[2] = {cJSON_PrintUnformatted(option), cJSON_PrintUnformatted(other)};
      snprintf(what, sizeof what, "%.30s in %.28s", option->string, combination->string);
      compare_text(gate, GATE_SETTINGS, what, values[0], values[1]);
      for (unsigned v = 0; v < 2; v++) cJSON_free(values[v]);
    }
  }
}

static void compare_settings(struct gate *gate) {
  compare_options(gate);
  static const char *const keys[] = {"seed", "aslr", "huge_pages"};
  for (size_t k = 0; k < COUNT(keys); k++) compare_member(gate, GATE_SETTINGS, "settings", keys[k]);
  const cJSON *before = member(gate->before, "settings", "malloc_conf");
  const cJSON *after = member(gate->after, "settings", "malloc_conf"), *profile;
  char what[64];
  cJSON_ArrayForEach(profile, before) {
    const cJSON *other = cJSON_GetObjectItemCaseSensitive(after, profile->string);
    snprintf(what, sizeof what, "malloc_conf of %.40s", profile->string);
    if (other) compare_text(gate, GATE_SETTINGS, what, cJSON_GetStringValue(profile), cJSON_GetStringValue(other));
  }
}

static bool refuses(const struct gate *gate, const struct gate_difference *difference) {
  return difference->always_refused || gate->options.policies[difference->of] == GATE_REFUSE;
}

void gate_find_differences(struct gate *gate) {
  const struct result *a = gate->before, *b = gate->after;
  compare_text(gate, GATE_CORPUS, "content", a->content_hash, b->content_hash);
  compare_number(gate, "lines", a->lines, b->lines);
  compare_text(gate, GATE_MACHINE, "processor", a->cpu_model, b->cpu_model);
  compare_text(gate, GATE_MACHINE, "kernel", a->kernel, b->kernel);
  compare_member(gate, GATE_MACHINE, "environment", "machine");
  compare_member(gate, GATE_MACHINE, "environment", "cpu_count");
  compare_member(gate, GATE_MACHINE, "environment", "page_bytes");
  compare_member(gate, GATE_MACHINE, "environment", "transparent_hugepages");
  compare_text(gate, GATE_VERSION, "tree-sitter", a->tree_sitter_version, b->tree_sitter_version);
  compare_grammars(gate);
  compare_text(gate, GATE_VERSION, "allocator", a->allocator_version, b->allocator_version);
  compare_member(gate, GATE_VERSION, "environment", "libc");
  compare_text(gate, GATE_VERSION, "compiler", a->compiler, b->compiler);
  compare_text(gate, GATE_VERSION, "compiler flags", a->compiler_flags, b->compiler_flags);
  compare_text(gate, GATE_VERSION, "build type", a->build_type, b->build_type);
  if (a->sanitizers[0] || b->sanitizers[0]) {
    add(gate, GATE_VERSION, "sanitizers", a->sanitizers, b->sanitizers)->always_refused = true;
  }
  compare_settings(gate);
  gate->comparable = true;
  for (unsigned d = 0; d < gate->difference_count; d++) {
    if (refuses(gate, &gate->differences[d])) gate->comparable = false;
  }
}
