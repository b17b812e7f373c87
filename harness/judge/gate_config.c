/* SPDX-License-Identifier: MIT
 *
 * gate_config.c - what the gate looks at, from a JSON file; the default is a committed one that the build put
 * into the program. */
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/json_out.h"
#include "gate.h"
#include "gate_default.h"
#include "result/metrics.h"

#define WHERE_BYTES 600

static const char *const kinds[] = {
#define X(name, text) text,
    GATE_KINDS(X)
#undef X
};
static const char *const directions[] = {
#define X(name, text) text,
    GATE_DIRECTIONS(X)
#undef X
};

const char *gate_kind_name(enum gate_kind kind) { return kinds[kind]; }

/* A key that nobody reads is a threshold that somebody thinks is in force. */
static bool only_known(const cJSON *object, const char *const *known, size_t count, const char *where,
                       struct fault *fault) {
  const cJSON *item;
  if (!cJSON_IsObject(object)) return fault_set(fault, EXIT_CODE_INPUT, "%s: expected an object", where);
  cJSON_ArrayForEach(item, object) {
    size_t i = 0;
    while (i < count && strcmp(known[i], item->string) != 0) i++;
    if (i == count) {
      char list[200] = "";
      for (i = 0; i < count; i++) {
        strcat(strcat(list, i ? ", " : ""), known[i]);
      }
      return fault_set(fault, EXIT_CODE_INPUT, "%s: there is no key \"%.60s\"; expected: %s", where, item->string,
                       list);
    }
    for (const cJSON *later = item->next; later; later = later->next) {
      if (strcmp(later->string, item->string) != 0) continue;
      return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%.60s\" is there twice", where, item->string);
    }
  }
  return true;
}

/* A key whose value is one of a list of words. */
struct choice {
  const char *key;
  bool is_required; /* else the first word is meant where the key is absent */
  const char *const *words;
  size_t count;
};

/* The number of the word. */
static bool read_word(const cJSON *object, const struct choice *choice, const char *where, unsigned *number,
                      struct fault *fault) {
  const char *key = choice->key, *const *words = choice->words;
  const char *text;
  *number = 0;
  if (!choice->is_required && !cJSON_GetObjectItemCaseSensitive(object, key)) return true;
  if (!json_get_text(object, key, where, &text, fault)) return false;
  for (size_t i = 0; i < choice->count; i++) {
    if (strcmp(words[i], text) != 0) continue;
    *number = (unsigned)i;
    return true;
  }
  return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" is '%.40s', expected %s, %s or %s", where, key, text, words[0],
                   words[1], words[2]);
}

static bool read_effect(const cJSON *object, const char *key, const char *where, double *value, struct fault *fault) {
  *value = 0;
  if (!cJSON_GetObjectItemCaseSensitive(object, key)) return true;
  if (!json_get_double(object, key, where, value, fault)) return false;
  if (*value >= 0 && *value <= (double)JSON_INTEGER_MAX) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" must not be negative", where, key);
}

static bool is_checkpoint(const char *name) {
  if (strcmp(name, "-") == 0) return true;
  return checkpoint_named(name) != CHECKPOINT_COUNT;
}

static bool read_checkpoints(const cJSON *object, const char *where, struct gate_rule *rule, struct fault *fault) {
  static const char whole_cell[] = "-";
  const cJSON *list = NULL, *item;
  bool given = cJSON_GetObjectItemCaseSensitive(object, "checkpoints") != NULL;
  if (given && !json_get_array(object, "checkpoints", where, &list, fault)) return false;
  rule->checkpoints = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *rule->checkpoints);
  if (!rule->checkpoints) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", where);
  if (!given) rule->checkpoints[rule->checkpoint_count++] = whole_cell;
  cJSON_ArrayForEach(item, list) {
    if (!cJSON_IsString(item) || !is_checkpoint(item->valuestring)) {
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: \"checkpoints\" has '%.40s': expected names of checkpoints (purged, served ...), or \"-\" "
                       "for figures of a whole cell",
                       where, cJSON_IsString(item) ? item->valuestring : "what is no text");
    }
    rule->checkpoints[rule->checkpoint_count++] = item->valuestring;
  }
  if (rule->checkpoint_count > 0) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "%s: \"checkpoints\" is empty; leave it out for figures of a whole cell",
                   where);
}

bool gate_rule_direction(struct gate_rule *rule, const char *metric, const char *where, struct fault *fault) {
  enum metric_direction own = metrics_direction(metric);
  if (own == METRIC_UNKNOWN) {
    return rule->has_direction ||
           fault_set(fault, EXIT_CODE_INPUT,
                     "%s: whether a larger '%.100s' is better is not known: \"better\" has to say it "
                     "(\"smaller\", \"larger\" or \"equal\")",
                     where, metric);
  }
  enum gate_direction direction = own == METRIC_LARGER    ? GATE_LARGER
                                  : own == METRIC_SMALLER ? GATE_SMALLER
                                                          : GATE_EQUAL;
  if (!rule->has_direction) rule->better = direction;
  rule->has_direction = true;
  return rule->better == direction || rule->better == GATE_EQUAL ||
         fault_set(fault, EXIT_CODE_INPUT,
                   "%s: of '%.100s' %s is better, and the rule has \"%s\" (a pattern takes its direction from the "
                   "first metric that it fits)",
                   where, metric, directions[direction], directions[rule->better]);
}

/* Of patterns, and of names that are not known here, it is told when metrics are held against them. */
static bool check_direction(struct gate_rule *rule, const char *where, struct fault *fault) {
  bool later = strpbrk(rule->name, "*?[\\") != NULL || metrics_direction(rule->name) == METRIC_UNKNOWN;
  return later || gate_rule_direction(rule, rule->name, where, fault);
}

static bool read_rule(const cJSON *object, const char *where, struct gate_rule *rule, struct fault *fault) {
  static const char *const known[] = {"name", "checkpoints", "kind", "better", "gate", "min_effect_pct", "min_effect"};
  static const struct choice kind_choice = {"kind", true, kinds, COUNT(kinds)},
                             better_choice = {"better", false, directions, COUNT(directions)};
  unsigned kind, better;
  rule->gates = true;
  if (!only_known(object, known, COUNT(known), where, fault) ||
      !json_get_text(object, "name", where, &rule->name, fault) || !read_checkpoints(object, where, rule, fault) ||
      !read_word(object, &kind_choice, where, &kind, fault) ||
      !read_word(object, &better_choice, where, &better, fault) ||
      !read_effect(object, "min_effect_pct", where, &rule->min_effect_pct, fault) ||
      !read_effect(object, "min_effect", where, &rule->min_effect, fault)) {
    return false;
  }
  rule->kind = (enum gate_kind)kind;
  rule->better = (enum gate_direction)better;
  rule->has_direction = cJSON_GetObjectItemCaseSensitive(object, "better") != NULL;
  if (!check_direction(rule, where, fault)) return false;
  return !cJSON_GetObjectItemCaseSensitive(object, "gate") || json_get_bool(object, "gate", where, &rule->gates, fault);
}

static bool read_config(struct gate_config *config, const char *path, struct fault *fault) {
  static const char *const known[] = {"schema", "alpha", "metrics"};
  const cJSON *list, *item;
  const char *schema;
  char where[WHERE_BYTES];
  if (!only_known(config->root, known, COUNT(known), path, fault) ||
      !json_get_text(config->root, "schema", path, &schema, fault)) {
    return false;
  }
  if (strcmp(schema, "phasebench-gate-1") != 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: the schema is '%.60s', expected 'phasebench-gate-1'", path, schema);
  }
  if (!json_get_double(config->root, "alpha", path, &config->alpha, fault)) return false;
  if (!(config->alpha > 0 && config->alpha <= 0.5)) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"alpha\" must be above 0 and at most 0.5", path);
  }
  if (!json_get_array(config->root, "metrics", path, &list, fault)) return false;
  config->rules = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *config->rules);
  if (!config->rules) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", path);
  bool gates = false;
  cJSON_ArrayForEach(item, list) {
    snprintf(where, sizeof where, "%.500s: metrics[%u]", path, config->rule_count);
    struct gate_rule *rule = &config->rules[config->rule_count++];
    if (!read_rule(item, where, rule, fault)) return false;
    gates = gates || rule->gates;
  }
  if (gates) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "%s: no metric gates; a gate that lets all pass is none", path);
}

bool gate_config_open(const char *path, struct gate_config **out, struct fault *fault) {
  struct gate_config *config = *out = calloc(1, sizeof *config);
  if (!config) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  cJSON *root = NULL;
  config->path = path;
  if (path && !json_read_file(path, &root, fault)) return false;
  const char *name = path ? path : "the default configuration (results/gate.json)";
  if (!path) root = json_parse(gate_default_json, sizeof gate_default_json - 1, name, fault);
  config->root = root;
  return root && read_config(config, name, fault);
}

void gate_config_close(struct gate_config *config) {
  if (!config) return;
  for (unsigned r = 0; r < config->rule_count; r++) free(config->rules[r].checkpoints);
  free(config->rules);
  cJSON_Delete(config->root);
  free(config);
}
