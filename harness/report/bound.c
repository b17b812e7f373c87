/* SPDX-License-Identifier: MIT
 *
 * report_bound.c - reads what `phasebench bound --json` wrote (results/bound.schema.json). */
#include <math.h>
#include <string.h>

#include "base/json_out.h"
#include "page.h"

static bool read_bits(const cJSON *total, const char *path, struct report_bound *bound, struct fault *fault) {
  const cJSON *bits;
  struct {
    const char *key;
    double *to;
  } parts[] = {{"kinds", &bound->kinds},
               {"closes", &bound->closes},
               {"paddings", &bound->paddings},
               {"lengths", &bound->lengths},
               {"total", &bound->total}};
  if (!json_get_object(total, "bits_per_node", path, &bits, fault)) return false;
  for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    if (!json_get_double(bits, parts[i].key, path, parts[i].to, fault)) return false;
    if (!isfinite(*parts[i].to) || *parts[i].to < 0) {
      return fault_set(fault, EXIT_CODE_INPUT, "%s: \"bits_per_node\": \"%s\" is not a number of bits", path,
                       parts[i].key);
    }
  }
  double sum = bound->kinds + bound->closes + bound->paddings + bound->lengths;
  if (fabs(sum - bound->total) <= 1e-6 * fmax(sum, 1)) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "%s: \"bits_per_node\": the parts are %g together, and \"total\" is %g",
                   path, sum, bound->total);
}

static bool read_root(const cJSON *root, const char *path, struct report_bound *bound, struct fault *fault) {
  const char *schema, *hash, *corpus;
  const cJSON *total;
  if (!json_get_text(root, "schema", path, &schema, fault)) return false;
  if (strcmp(schema, "phasebench-bound-1") != 0) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: \"schema\" is \"%.60s\", expected \"phasebench-bound-1\": --bound wants what `phasebench "
                     "bound "
                     "--json FILE` wrote",
                     path, schema);
  }
  if (!json_get_text(root, "corpus_content_hash", path, &hash, fault) ||
      !json_get_text(root, "corpus", path, &corpus, fault) || !json_get_object(root, "total", path, &total, fault)) {
    return false;
  }
  const cJSON *max_bytes = cJSON_GetObjectItemCaseSensitive(root, "max_bytes");
  if (!cJSON_IsNull(max_bytes) && !json_get_double(root, "max_bytes", path, &bound->max_bytes, fault)) return false;
  snprintf(bound->path, sizeof bound->path, "%s", path);
  snprintf(bound->content_hash, sizeof bound->content_hash, "%s", hash);
  snprintf(bound->corpus, sizeof bound->corpus, "%s", corpus);
  return json_get_double(total, "node_count", path, &bound->node_count, fault) &&
         json_get_double(total, "document_count", path, &bound->document_count, fault) &&
         read_bits(total, path, bound, fault);
}

bool report_bound_open(const char *path, struct report_bound *bound, struct fault *fault) {
  cJSON *root;
  *bound = (struct report_bound){0};
  if (!json_read_file(path, &root, fault)) return false;
  bool ok = read_root(root, path, bound, fault);
  cJSON_Delete(root);
  return ok;
}
