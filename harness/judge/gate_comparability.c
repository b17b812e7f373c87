/* SPDX-License-Identifier: MIT
 *
 * gate_comparability.c - in what two results differ before anything is compared, and what to do about it. */
#include <stdio.h>
#include <string.h>

#include "base/count.h"
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

/* Any value of the file, as text; `path` as result_fact has it, and told by its last part. */
static void compare_fact(struct gate *gate, enum gate_comparability of, const char *path) {
  compare_text(gate, of, strrchr(path, '.') + 1, result_fact(gate->before, path), result_fact(gate->after, path));
}

static void compare_number(struct gate *gate, enum gate_comparability of, const char *what, double before,
                           double after) {
  char texts[2][40];
  number_exact(before, texts[0], sizeof texts[0]);
  number_exact(after, texts[1], sizeof texts[1]);
  compare_text(gate, of, what, texts[0], texts[1]);
}

static double nodes_of(const struct result *result) {
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (group->ok && !group->instrument && !group->cells[0]->trees[TREE_FIGURE_NODES].missing)
      return group->cells[0]->trees[TREE_FIGURE_NODES].value;
  }
  return 0;
}

#define WORTH_TELLING 1.1
#define OF_ANOTHER_KIND 1.5

/* What the corpora alone decide, and every figure per line goes with. */
static void compare_density(struct gate *gate, const char *what, double before, double after) {
  if (!(before > 0) || !(after > 0)) return;
  double factor = before > after ? before / after : after / before;
  char texts[2][40];
  if (factor <= WORTH_TELLING) return;
  snprintf(texts[0], sizeof texts[0], "%.4g", before);
  snprintf(texts[1], sizeof texts[1], "%.4g", after);
  add(gate, GATE_CORPUS, what, texts[0], texts[1])->not_per_line = factor > OF_ANOTHER_KIND;
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

static const struct result_option *same_option(const struct result *result, const struct result_option *option) {
  for (unsigned i = 0; i < result->option_count; i++) {
    const struct result_option *other = &result->options[i];
    if (strcmp(other->combination, option->combination) == 0 && strcmp(other->name, option->name) == 0) return other;
  }
  return NULL;
}

/* Of options that both have: a new one comes with a new version of its stage. */
static void compare_options(struct gate *gate) {
  char what[64];
  for (unsigned i = 0; i < gate->before->option_count; i++) {
    const struct result_option *option = &gate->before->options[i], *other = same_option(gate->after, option);
    if (!other || other->value == option->value) continue;
    snprintf(what, sizeof what, "%.30s in %.28s", option->name, option->combination);
    compare_number(gate, GATE_SETTINGS, what, option->value, other->value);
  }
}

/* Of profiles that both have. */
static void compare_malloc_conf(struct gate *gate) {
  char what[64];
  for (unsigned i = 0; i < gate->before->malloc_conf_count; i++) {
    const struct result_malloc_conf *conf = &gate->before->malloc_confs[i];
    for (unsigned j = 0; j < gate->after->malloc_conf_count; j++) {
      const struct result_malloc_conf *other = &gate->after->malloc_confs[j];
      if (strcmp(conf->profile, other->profile) != 0) continue;
      snprintf(what, sizeof what, "malloc_conf of %.40s", conf->profile);
      compare_text(gate, GATE_SETTINGS, what, conf->options, other->options);
    }
  }
}

static void compare_settings(struct gate *gate) {
  static const char *const paths[] = {"settings.seed", "settings.aslr", "settings.huge_pages"};
  compare_options(gate);
  for (size_t i = 0; i < COUNT(paths); i++) compare_fact(gate, GATE_SETTINGS, paths[i]);
  compare_malloc_conf(gate);
}

bool gate_refuses(const struct gate *gate, const struct gate_difference *difference) {
  if (difference->not_per_line && gate->options.policies[difference->of] == GATE_PER_LINE) return true;
  return difference->always_refused || gate->options.policies[difference->of] == GATE_REFUSE;
}

void gate_find_differences(struct gate *gate) {
  const struct result *a = gate->before, *b = gate->after;
  compare_text(gate, GATE_CORPUS, "content", a->content_hash, b->content_hash);
  compare_number(gate, GATE_CORPUS, "lines", a->lines, b->lines);
  compare_density(gate, "bytes a line", a->bytes / a->lines, b->bytes / b->lines);
  compare_density(gate, "nodes a line", nodes_of(a) / a->lines, nodes_of(b) / b->lines);
  compare_text(gate, GATE_MACHINE, "processor", a->cpu_model, b->cpu_model);
  compare_text(gate, GATE_MACHINE, "kernel", a->kernel, b->kernel);
  compare_fact(gate, GATE_MACHINE, "environment.machine");
  compare_fact(gate, GATE_MACHINE, "environment.cpu_count");
  compare_fact(gate, GATE_MACHINE, "environment.page_bytes");
  compare_fact(gate, GATE_MACHINE, "environment.transparent_hugepages");
  compare_text(gate, GATE_VERSION, "tree-sitter", a->tree_sitter_version, b->tree_sitter_version);
  compare_grammars(gate);
  compare_text(gate, GATE_VERSION, "allocator", a->allocator_version, b->allocator_version);
  compare_fact(gate, GATE_VERSION, "environment.libc");
  compare_text(gate, GATE_VERSION, "compiler", a->compiler, b->compiler);
  compare_text(gate, GATE_VERSION, "compiler flags", a->compiler_flags, b->compiler_flags);
  compare_text(gate, GATE_VERSION, "build type", a->build_type, b->build_type);
  if (a->sanitizers[0] || b->sanitizers[0]) {
    add(gate, GATE_VERSION, "sanitizers", a->sanitizers, b->sanitizers)->always_refused = true;
  }
  compare_settings(gate);
  gate->comparable = true;
  for (unsigned d = 0; d < gate->difference_count; d++) {
    if (gate_refuses(gate, &gate->differences[d])) gate->comparable = false;
  }
}
