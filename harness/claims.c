/* SPDX-License-Identifier: MIT
 *
 * claims.c - reads a ledger of claims and judges them; what the verdicts mean is
 * written in claims.h. */
#include "claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"
#include "paths.h"

#define WHERE_BYTES 600

const char *claim_verdict_text(const struct claim *claim, enum claim_verdict verdict) {
  static const char *const texts[] = {
#define X(name, text) text,
      CLAIM_VERDICTS(X)
#undef X
  };
  if (verdict == CLAIM_SMALLER && !claim->larger_is_better) return "larger than claimed";
  return texts[verdict];
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

static bool is_checkpoint(const char *name) {
  for (unsigned c = 0; c < RESULT_CHECKPOINT_COUNT; c++) {
    if (strcmp(name, result_checkpoint_name((enum result_checkpoint_id)c)) == 0) return true;
  }
  return false;
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
  double worst = claim->larger_is_better ? claim->value - claim->tolerance : claim->value + claim->tolerance;
  bool ordered = claim->larger_is_better ? claim->refuted_at < worst : claim->refuted_at > worst;
  if (claim->tolerance < 0 || !ordered) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: tolerance must not be negative, and refuted_at must lie beyond value and tolerance", where);
  }
  return true;
}

static bool read_claim(const cJSON *root, const cJSON *object, const char *where, struct claim *claim,
                       struct fault *fault) {
  const char *source, *better;
  const cJSON *sources;
  if (!json_get_text(object, "id", where, &claim->id, fault) ||
      !json_get_text(object, "says", where, &claim->says, fault) ||
      !json_get_text(object, "text", where, &claim->text, fault) ||
      !json_get_text(object, "source", where, &source, fault) ||
      !json_get_text(object, "combination", where, &claim->combination, fault) ||
      !json_get_text(object, "metric", where, &claim->metric, fault) ||
      !json_get_text(object, "unit", where, &claim->unit, fault) ||
      !json_get_double(object, "value", where, &claim->value, fault) ||
      !json_get_double(object, "tolerance", where, &claim->tolerance, fault) ||
      !json_get_double(object, "refuted_at", where, &claim->refuted_at, fault) ||
      !json_get_text(object, "better", where, &better, fault) ||
      !read_list(object, "checkpoints", where, &claim->checkpoints, &claim->checkpoint_count, fault) ||
      !read_list(object, "corpora", where, &claim->corpora, &claim->corpus_count, fault) ||
      !json_get_object(root, "sources", where, &sources, fault) ||
      !json_get_text(sources, source, where, &claim->source, fault)) {
    return false;
  }
  claim->larger_is_better = strcmp(better, "larger") == 0;
  if (!claim->larger_is_better && strcmp(better, "smaller") != 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"better\" is not \"larger\" or \"smaller\"", where);
  }
  return check_claim(claim, where, fault);
}

static bool read_claims(struct claims *claims, struct fault *fault) {
  const cJSON *list, *item;
  const char *schema;
  char where[WHERE_BYTES];
  const cJSON *root = claims->root;
  if (!json_get_text(root, "schema", claims->path, &schema, fault)) return false;
  if (strcmp(schema, "phasebench-claims-1") != 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: the schema is '%.60s', expected 'phasebench-claims-1'", claims->path,
                     schema);
  }
  if (!json_get_array(root, "claims", claims->path, &list, fault)) return false;
  claims->claims = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *claims->claims);
  if (!claims->claims) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", claims->path);
  cJSON_ArrayForEach(item, list) {
    struct claim *claim = &claims->claims[claims->count];
    snprintf(where, sizeof where, "%.500s: claims[%u]", claims->path, claims->count++);
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
  if (!json_read_file(path, &root, fault)) goto close_claims;
  claims->root = root;
  if (!read_claims(claims, fault)) goto close_claims;
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

static enum claim_verdict compare(const struct claim *claim, double measured) {
  double gain = claim->larger_is_better ? measured - claim->value : claim->value - measured;
  double beyond = claim->larger_is_better ? measured - claim->refuted_at : claim->refuted_at - measured;
  if (beyond <= 0) return CLAIM_REFUTED;
  if (gain > claim->tolerance) return CLAIM_EXCEEDED;
  return gain >= -claim->tolerance ? CLAIM_REPRODUCED : CLAIM_SMALLER;
}

struct claim_judgement claim_judge(const struct claim *claim, const struct result *result, const char *profile,
                                   const char *checkpoint) {
  struct claim_judgement judgement = {CLAIM_NOT_MEASURED, spread_missing("the claim is about another corpus")};
  if (!claim_is_about(claim, result->corpus)) return judgement;
  const struct result_group *group = result_group(result, claim->combination, profile);
  if (group && group->instrument) {
    judgement.measured = spread_missing("an instrument cell is not a result");
    return judgement;
  }
  const char *unit;
  judgement.measured =
      metrics_find(result, group, claim->metric, strcmp(checkpoint, "-") == 0 ? NULL : checkpoint, &unit);
  if (unit && strcmp(unit, claim->unit) != 0) {
    judgement.measured = spread_missing("the ledger gives another unit than the metric has");
  }
  if (!judgement.measured.missing) judgement.verdict = compare(claim, judgement.measured.median);
  return judgement;
}
