/* SPDX-License-Identifier: MIT
 *
 * claims.c - reads a ledger of claims, strictly: what is not known, or is there twice, is a fault, since
 * a misspelt key would silently judge by something else. Judged in claims_judge.c. */
#include "claims.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "base/paths.h"
#include "base/text_append.h"
#include "base/text.h"

#define WHERE_BYTES 600

/* Every key of the object is one of `allowed` (ended by NULL), and there once. */
static bool check_keys(const cJSON *object, const char *const *allowed, const char *where, struct fault *fault) {
  const cJSON *item, *other;
  cJSON_ArrayForEach(item, object) {
    unsigned a = 0;
    while (allowed[a] && strcmp(allowed[a], item->string) != 0) a++;
    if (!allowed[a]) {
      char list[400] = "";
      for (a = 0; allowed[a]; a++) text_append(list, sizeof list, "%s%s", a ? ", " : "", allowed[a]);
      return fault_set(fault, EXIT_CODE_INPUT, "%s: there is no key \"%.60s\"; known are: %s", where, item->string,
                       list);
    }
    for (other = item->next; other; other = other->next) {
      if (strcmp(other->string, item->string) == 0) {
        return fault_set(fault, EXIT_CODE_INPUT, "%s: the key \"%.60s\" is there twice", where, item->string);
      }
    }
  }
  return true;
}

/* A list of texts; may be empty. */
static bool read_list(const cJSON *object, const char *key, const char *where, const char ***list, unsigned *count,
                      struct fault *fault) {
  const cJSON *array, *item;
  if (!json_get_array(object, key, where, &array, fault)) return false;
  *list = calloc((size_t)cJSON_GetArraySize(array) + 1, sizeof **list);
  if (!*list) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", where);
  cJSON_ArrayForEach(item, array) {
    if (!cJSON_IsString(item)) {
      return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" is not a list of names", where, key);
    }
    (*list)[(*count)++] = item->valuestring;
  }
  return true;
}

static bool is_checkpoint(const char *name) { return checkpoint_named(name) != CHECKPOINT_COUNT; }

static bool check_pair(const struct claim *claim, const char *where, struct fault *fault) {
  bool of_pair = metrics_is_of_pair(claim->metric), against_baseline = strcmp(claim->metric, "reduction_pct") == 0;
  if (of_pair && !claim->against) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%.60s\" compares two combinations: \"against\" must name the other",
                     where, claim->metric);
  }
  if (!of_pair && !against_baseline && claim->against) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: \"%.60s\" is a figure of one combination: leave \"against\" out, or take a metric of two "
                     "(marginal_reduction_pct, lines_per_mib_factor, added.NAME)",
                     where, claim->metric);
  }
  if (against_baseline && claim->against && strcmp(claim->against, METRICS_BASELINE) != 0) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: reduction_pct is against " METRICS_BASELINE "; against '%.60s' it is marginal_reduction_pct",
                     where, claim->against);
  }
  if (claim->against && result_same_combination(claim->against, claim->combination)) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"against\" is the combination itself", where);
  }
  return true;
}

/* Rounding away from a number that cannot be: from a reduction of 100 % on nothing is left. */
static bool check_range(const struct claim *claim, const char *where, struct fault *fault) {
  double worst = claim->larger_is_better ? claim->value - claim->tolerance : claim->value_to + claim->tolerance;
  bool ordered = claim->larger_is_better ? claim->refuted_at < worst : claim->refuted_at > worst;
  if (claim->value > claim->value_to) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"value\" goes from more to less", where);
  }
  if (claim->tolerance < 0 || claim->rounding < 0 || !ordered) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: tolerance and rounding must not be negative, and refuted_at must lie beyond value and "
                     "tolerance",
                     where);
  }
  if (strstr(claim->metric, "reduction_pct") && claim->value_to >= 100) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: a reduction of 100 %% or more leaves no memory at all", where);
  }
  return true;
}

/* What types alone do not tell. */
static bool check_claim(const struct claim *claim, const char *where, struct fault *fault) {
  if (claim->checkpoint_count == 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"checkpoints\" is empty; there is nothing to judge", where);
  }
  for (unsigned c = 0; c < claim->checkpoint_count; c++) {
    if (!is_checkpoint(claim->checkpoints[c]) && strcmp(claim->checkpoints[c], "-") != 0) {
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: there is no checkpoint '%.60s' ('-' is for figures of a whole cell)", where,
                       claim->checkpoints[c]);
    }
  }
  return check_pair(claim, where, fault) && check_range(claim, where, fault);
}

/* A number, or a list of two. */
static bool read_value(const cJSON *object, const char *where, struct claim *claim, struct fault *fault) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "value");
  if (!cJSON_IsArray(list)) {
    bool ok = json_get_double(object, "value", where, &claim->value, fault);
    claim->value_to = claim->value;
    return ok;
  }
  const cJSON *from = cJSON_GetArrayItem(list, 0), *to = cJSON_GetArrayItem(list, 1);
  if (cJSON_GetArraySize(list) != 2 || !cJSON_IsNumber(from) || !cJSON_IsNumber(to) || !isfinite(from->valuedouble) ||
      !isfinite(to->valuedouble)) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"value\" is not a number or a list of two: from, to", where);
  }
  claim->value = from->valuedouble;
  claim->value_to = to->valuedouble;
  return true;
}

/* Text and numbers that may be left out. */
static bool read_optional(const cJSON *object, const char *where, struct claim *claim, struct fault *fault) {
  if (cJSON_HasObjectItem(object, "note") && !json_get_text(object, "note", where, &claim->note, fault)) return false;
  if (cJSON_HasObjectItem(object, "against") && !json_get_text(object, "against", where, &claim->against, fault)) {
    return false;
  }
  claim->rounding = claim->tolerance;
  if (!cJSON_HasObjectItem(object, "rounding")) return true;
  return json_get_double(object, "rounding", where, &claim->rounding, fault);
}

static const char *const claim_keys[] = {"id",        "says",       "source",   "text",        "note",    "combination",
                                         "against",   "metric",     "unit",     "checkpoints", "corpora", "value",
                                         "tolerance", "refuted_at", "rounding", "better",      NULL};

/* The first control character; NULL: there is none. */
static const char *control_in(const char *text) {
  while (*text && (unsigned char)*text >= 0x20 && *text != 0x7f) text++;
  return *text ? text : NULL;
}

/* What is printed as it is must not steer a terminal. */
static bool check_texts(const cJSON *object, const char *where, struct fault *fault) {
  const cJSON *item;
  cJSON_ArrayForEach(item, object) {
    if (cJSON_IsArray(item) && !check_texts(item, where, fault)) return false;
    const char *control = cJSON_IsString(item) ? control_in(item->valuestring) : NULL;
    if (control) {
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: \"%.60s\" has the control character 0x%02x in it; expected plain text", where,
                       item->string ? item->string : "a list", (unsigned char)*control);
    }
  }
  return true;
}

static bool read_claim(const cJSON *root, const cJSON *object, const char *where, struct claim *claim,
                       struct fault *fault) {
  const char *source, *better;
  const cJSON *sources;
  if (!cJSON_IsObject(object)) return fault_set(fault, EXIT_CODE_INPUT, "%s: is not an object", where);
  if (!check_keys(object, claim_keys, where, fault) || !check_texts(object, where, fault) ||
      !json_get_text(object, "id", where, &claim->id, fault) ||
      !json_get_text(object, "says", where, &claim->says, fault) ||
      !json_get_text(object, "text", where, &claim->text, fault) ||
      !json_get_text(object, "source", where, &source, fault) ||
      !json_get_text(object, "combination", where, &claim->combination, fault) ||
      !json_get_text(object, "metric", where, &claim->metric, fault) ||
      !json_get_text(object, "unit", where, &claim->unit, fault) || !read_value(object, where, claim, fault) ||
      !json_get_double(object, "tolerance", where, &claim->tolerance, fault) ||
      !json_get_double(object, "refuted_at", where, &claim->refuted_at, fault) ||
      !json_get_text(object, "better", where, &better, fault) || !read_optional(object, where, claim, fault) ||
      !read_list(object, "checkpoints", where, &claim->checkpoints, &claim->checkpoint_count, fault) ||
      !read_list(object, "corpora", where, &claim->corpora, &claim->corpus_count, fault) ||
      !json_get_object(root, "sources", where, &sources, fault) ||
      !json_get_text(sources, source, where, &claim->source, fault)) {
    return false;
  }
  if (!claim->id[0]) return fault_set(fault, EXIT_CODE_INPUT, "%s: \"id\" is empty; every claim needs a name", where);
  claim->larger_is_better = strcmp(better, "larger") == 0;
  if (!claim->larger_is_better && strcmp(better, "smaller") != 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"better\" is not \"larger\" or \"smaller\"", where);
  }
  return check_claim(claim, where, fault);
}

static bool check_sources(const struct claims *claims, struct fault *fault) {
  const cJSON *sources, *item;
  if (!json_get_object(claims->root, "sources", claims->path, &sources, fault) ||
      !check_texts(sources, claims->path, fault)) {
    return false;
  }
  cJSON_ArrayForEach(item, sources) {
    if (cJSON_IsString(item)) continue;
    return fault_set(fault, EXIT_CODE_INPUT, "%s: sources: \"%.60s\" is not a text", claims->path, item->string);
  }
  return true;
}

/* "lines", which may be left out: how many lines the corpora have that the claims speak of. */
static bool read_lines(struct claims *claims, struct fault *fault) {
  const cJSON *lines, *item;
  if (!cJSON_HasObjectItem(claims->root, "lines")) return true;
  if (!json_get_object(claims->root, "lines", claims->path, &lines, fault)) return false;
  claims->corpora = calloc((size_t)cJSON_GetArraySize(lines) + 1, sizeof *claims->corpora);
  if (!claims->corpora) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", claims->path);
  cJSON_ArrayForEach(item, lines) {
    if (!cJSON_IsNumber(item) || !(item->valuedouble > 0) || !isfinite(item->valuedouble)) {
      return fault_set(fault, EXIT_CODE_INPUT, "%s: lines: \"%.60s\" is not a number above 0", claims->path,
                       item->string);
    }
    claims->corpora[claims->corpus_count++] = (struct claims_corpus){item->string, item->valuedouble};
  }
  return true;
}

static bool read_claims(struct claims *claims, struct fault *fault) {
  static const char *const root_keys[] = {"schema", "sources", "lines", "claims", NULL};
  const cJSON *list, *item;
  const char *schema;
  char where[WHERE_BYTES];
  const cJSON *root = claims->root;
  if (!json_get_text(root, "schema", claims->path, &schema, fault)) return false;
  if (strcmp(schema, "phasebench-claims-1") != 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: the schema is '%.60s', expected 'phasebench-claims-1'", claims->path,
                     schema);
  }
  if (!check_keys(root, root_keys, claims->path, fault) || !check_sources(claims, fault) ||
      !read_lines(claims, fault)) {
    return false;
  }
  if (!json_get_array(root, "claims", claims->path, &list, fault)) return false;
  claims->claims = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *claims->claims);
  if (!claims->claims) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", claims->path);
  cJSON_ArrayForEach(item, list) {
    struct claim *claim = &claims->claims[claims->count];
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "id");
    bool is_named = cJSON_IsString(id) && id->valuestring[0] && !control_in(id->valuestring);
    snprintf(where, sizeof where, is_named ? "%.500s: claims[%u] (%.60s)" : "%.500s: claims[%u]", claims->path,
             claims->count++, is_named ? id->valuestring : "");
    if (!read_claim(root, item, where, claim, fault)) return false;
    for (unsigned i = 0; i + 1 < claims->count; i++) {
      if (strcmp(claims->claims[i].id, claim->id) == 0) {
        return fault_set(fault, EXIT_CODE_INPUT, "%s: the id '%.60s' is there twice", where, claim->id);
      }
    }
  }
  return true;
}

bool claims_open(const char *path, struct claims **out, struct fault *fault) {
  *out = NULL;
  cJSON *root;
  struct claims *claims = calloc(1, sizeof *claims);
  if (!claims) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", path);
  claims->path = strdup(path);
  if (!claims->path) {
    fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", path);
    goto close_claims;
  }
  text_make_printable((char *)claims->path); /* it is shown */
  if (!json_read_file(path, &root, fault)) goto close_claims;
  claims->root = root;
  if (!read_claims(claims, fault)) goto close_claims;
  json_make_printable(root); /* what read_claims does not refuse; in place, so that all pointers stay */
  *out = claims;
  return true;
close_claims:
  claims_close(claims);
  return false;
}

void claims_close(struct claims *claims) {
  if (!claims) return;
  for (unsigned i = 0; i < claims->count; i++) {
    free(claims->claims[i].checkpoints);
    free(claims->claims[i].corpora);
  }
  free(claims->claims);
  free(claims->corpora);
  cJSON_Delete(claims->root);
  free((char *)claims->path);
  free(claims);
}

bool claims_default_path(char *path, unsigned path_bytes, struct fault *fault) {
  int used = snprintf(path, path_bytes, "%s/claims.json", paths_reports_dir());
  if (used >= 0 && (unsigned)used < path_bytes) return true;
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: the path of the reports folder is too long", paths_reports_dir());
}

bool claim_is_about(const struct claim *claim, const char *corpus) {
  for (unsigned c = 0; c < claim->corpus_count; c++) {
    if (strcmp(claim->corpora[c], corpus) == 0) return true;
  }
  return claim->corpus_count == 0;
}
