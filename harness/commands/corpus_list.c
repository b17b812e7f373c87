/* SPDX-License-Identifier: MIT
 *
 * corpus_list.c - `phasebench corpus list`: every corpus, and whether it is fetched. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_out.h"
#include "corpus.h"
#include "corpus/manifest.h"

const char corpus_list_help[] =
    "usage: phasebench corpus list [--json]\n\n"
    "Shows every corpus: is it fetched, and the files and lines that its manifest expects.\n\n"
    "  --json   the same as JSON (results/corpora.schema.json)\n\n"
    "example:\n"
    "  phasebench corpus list\n";

static void list_row(const struct manifest *manifest, bool fetched) {
  const char *state =
      manifest->source == MANIFEST_DIRECTORY ? (fetched ? "built in" : "missing") : (fetched ? "yes" : "no");
  printf("%-15s %-8s ", manifest->name, state);
  if (manifest->expected.known) printf("%8" PRIu64 " %10" PRIu64, manifest->expected.files, manifest->expected.lines);
  else printf("%8s %10s", "-", "-");
  printf("  %s\n", manifest->title);
}

static void list_json(cJSON *list, const struct manifest *manifest, bool fetched) {
  cJSON *item = json_add_object(list, NULL);
  json_add_text(item, "name", manifest->name);
  json_add_text(item, "title", manifest->title);
  json_add_bool(item, "fetched", fetched);
  if (manifest->expected.known) {
    json_add_u64(item, "expected_files", manifest->expected.files);
    json_add_u64(item, "expected_lines", manifest->expected.lines);
  } else {
    json_add_missing(item, "expected_files", "the manifest records no fingerprint");
    json_add_missing(item, "expected_lines", "the manifest records no fingerprint");
  }
}

/* Goes on after a bad manifest, so that one file does not hide the others. */
int corpus_command_list(bool as_json) {
  struct fault fault = {0};
  char **names;
  size_t count;
  if (!manifest_list(&names, &count, &fault)) return corpus_report(&fault);
  int code = EXIT_CODE_OK;
  cJSON *json = as_json ? json_new_object() : NULL, *corpora = NULL;
  if (as_json) {
    json_add_text(json, "schema", "phasebench-corpora-1");
    corpora = json_add_array(json, "corpora");
  } else {
    printf("%-15s %-8s %8s %10s  %s\n", "corpus", "fetched", "files", "lines", "what");
  }
  for (size_t i = 0; i < count; i++) {
    struct fault own = {0};
    struct manifest manifest;
    char root[PATH_MAX];
    bool fetched = false;
    if (manifest_read(names[i], &manifest, &own) && manifest_root(&manifest, root, &fetched, &own)) {
      if (as_json) list_json(corpora, &manifest, fetched);
      else list_row(&manifest, fetched);
    }
    if (own.code != EXIT_CODE_OK) code = corpus_report(&own);
    manifest_free(&manifest);
    free(names[i]);
  }
  free(names);
  return as_json ? corpus_print_json(json, code) : corpus_finish_output(code);
}
