/* SPDX-License-Identifier: MIT
 *
 * Cells, run as `phasebench run` runs them: a specification, a fresh process, a file that
 * comes out.
 *
 * With arguments this program makes a specification and nothing else, for scripts:
 *   test_harness_cell spec FOLDER COMBINATION SPEC.json   (writes SPEC.json and SPEC.json.list) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell_spec.h"
#include "corpus.h"
#include "json_out.h"

static bool write_spec(const char *folder, const char *combination, const char *path, struct fault *fault) {
  static struct cell_spec spec;
  struct corpus *corpus;
  memset(&spec, 0, sizeof spec);
  if (!combination_parse(combination, &spec.combination, fault)) return false;
  if (!corpus_open_directory(folder, NULL, &corpus, fault)) return false;
  snprintf(spec.corpus_name, sizeof spec.corpus_name, "%s", corpus->name);
  snprintf(spec.corpus_root, sizeof spec.corpus_root, "%s", corpus->root);
  snprintf(spec.corpus_hash, sizeof spec.corpus_hash, "%s", corpus->content_hash);
  snprintf(spec.list_path, sizeof spec.list_path, "%.4000s.list", path);
  snprintf(spec.profile, sizeof spec.profile, "strict");
  spec.corpus_lines = corpus->lines;
  spec.corpus_bytes = corpus->bytes;
  spec.file_count = corpus->file_count;
  spec.language_count = corpus->language_count;
  spec.languages = calloc(corpus->language_count + 1, sizeof *spec.languages);
  for (size_t i = 0; i < corpus->language_count; i++)
    snprintf(spec.languages[i], sizeof spec.languages[i], "%s", corpus->languages[i].name);
  spec.seed = 1;
  bool good = cell_spec_write_list(spec.list_path, corpus, spec.list_hash, fault) && cell_spec_write(path, &spec, fault);
  free(spec.languages);
  corpus_close(corpus);
  return good;
}

static int make_spec(char **argv) {
  struct fault fault = {0};
  if (write_spec(argv[2], argv[3], argv[4], &fault)) return 0;
  fprintf(stderr, "%s\n", fault.message);
  return (int)fault.code;
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "spec") == 0) return make_spec(argv);
  return 1;
}
