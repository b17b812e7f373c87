/* SPDX-License-Identifier: MIT
 *
 * estimate.c - reads what `phasebench estimate --json` wrote (results/estimate.schema.json). */
#include <math.h>
#include <string.h>

#include "base/count.h"
#include "base/json_out.h"
#include "page.h"

static bool read_bits(const cJSON *total, const char *path, struct report_estimate *estimate, struct fault *fault) {
  const cJSON *bits;
  struct {
    const char *key;
    double *to;
  } parts[] = {{"kinds", &estimate->kinds},
               {"closes", &estimate->closes},
               {"paddings", &estimate->paddings},
               {"lengths", &estimate->lengths},
               {"total", &estimate->total}};
  if (!json_get_object(total, "bits_per_node", path, &bits, fault)) return false;
  for (unsigned i = 0; i < COUNT(parts); i++) {
    if (!json_get_double(bits, parts[i].key, path, parts[i].to, fault)) return false;
    if (!isfinite(*parts[i].to) || *parts[i].to < 0) {
      return fault_set(fault, EXIT_CODE_INPUT, "%s: \"bits_per_node\": \"%s\" is not a number of bits", path,
                       parts[i].key);
    }
  }
  double sum = estimate->kinds + estimate->closes + estimate->paddings + estimate->lengths;
  if (fabs(sum - estimate->total) <= 1e-6 * fmax(sum, 1)) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "%s: \"bits_per_node\": the parts are %g together, and \"total\" is %g",
                   path, sum, estimate->total);
}

static bool read_root(const cJSON *root, const char *path, struct report_estimate *estimate, struct fault *fault) {
  const char *schema, *hash, *corpus;
  const cJSON *total;
  if (!json_get_text(root, "schema", path, &schema, fault)) return false;
  if (strcmp(schema, "phasebench-estimate-1") != 0) {
    return fault_set(
        fault, EXIT_CODE_INPUT,
        "%s: \"schema\" is \"%.60s\", expected \"phasebench-estimate-1\": --estimate wants what `phasebench "
        "estimate "
        "--json FILE` wrote",
        path, schema);
  }
  if (!json_get_text(root, "corpus_content_hash", path, &hash, fault) ||
      !json_get_text(root, "corpus", path, &corpus, fault) || !json_get_object(root, "total", path, &total, fault)) {
    return false;
  }
  const cJSON *max_bytes = cJSON_GetObjectItemCaseSensitive(root, "max_bytes");
  if (!cJSON_IsNull(max_bytes) && !json_get_double(root, "max_bytes", path, &estimate->max_bytes, fault)) return false;
  snprintf(estimate->path, sizeof estimate->path, "%s", path);
  snprintf(estimate->content_hash, sizeof estimate->content_hash, "%s", hash);
  snprintf(estimate->corpus, sizeof estimate->corpus, "%s", corpus);
  return json_get_double(total, "node_count", path, &estimate->node_count, fault) &&
         json_get_double(total, "document_count", path, &estimate->document_count, fault) &&
         read_bits(total, path, estimate, fault);
}

bool report_estimate_open(const char *path, struct report_estimate *estimate, struct fault *fault) {
  cJSON *root;
  *estimate = (struct report_estimate){0};
  if (!json_read_file(path, &root, fault)) return false;
  json_make_printable(root);
  bool ok = read_root(root, path, estimate, fault);
  cJSON_Delete(root);
  return ok;
}
