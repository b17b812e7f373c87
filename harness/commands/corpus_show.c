/* SPDX-License-Identifier: MIT
 *
 * corpus_show.c - `phasebench corpus show`: reads a corpus and tells what is in it. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/json_out.h"
#include "base/text.h"
#include "corpus.h"

#define LISTED_MAX 20 /* skipped files that are named on a terminal; --json names all */

const char corpus_show_help[] =
    "usage: phasebench corpus show [--json] NAME\n"
    "       phasebench corpus show [--json] --dir PATH [OPTION]...\n\n"
    "Reads a corpus and prints its fingerprint, its languages and what was left out.\n\n"
    "  --dir PATH            a directory of your own in place of a manifest\n"
    "  --exclude PATTERN     leave out what matches, as a line of .gitignore does; may be repeated\n"
    "  --path PATH           only this file or folder below the root; may be repeated\n"
    "  --max-file-bytes N    leave out larger files (default: 268435456)\n"
    "  --files               print the paths of the corpus's files, one a line, and nothing else\n"
    "  --json                print JSON (results/corpora.schema.json); names every file that was left out\n\n"
    "Of a directory of your own, what its .gitignore and .ignore files leave out is left out, and what those\n"
    "of the folders above it do, up to the top of its git working tree (but not where they leave out the\n"
    "directory itself, since you named it). .git, .hg and .svn always are left out. node_modules is not, unless\n"
    "a .gitignore or --exclude says so.\n"
    "Symbolic links are not followed. Files with an unknown extension are counted. In file names a\n"
    "byte that is no printable UTF-8 is shown as \\xNN and a backslash as two.\n\n"
    "example:\n"
    "  phasebench corpus show --dir ~/src/project --exclude node_modules/ --exclude '*.min.js'\n";

static void print_path(const char *path) {
  char text[4 * PATH_MAX + 1];
  fputs(path_to_text(path, text, sizeof text) ? text : "(a name that is too long)", stdout);
}

static void show_skipped(const struct corpus *corpus) {
  puts("left out:");
  for (int why = 0; why < CORPUS_SKIP_COUNT; why++) {
    if (corpus->skipped[why]) {
      printf("  %-18s %10" PRIu64 "  %s\n", corpus_skip_name(why), corpus->skipped[why], corpus_skip_text(why));
    }
  }
  size_t shown = corpus->skipped_file_count < LISTED_MAX ? corpus->skipped_file_count : LISTED_MAX;
  for (size_t i = 0; i < shown; i++) {
    printf("    %s: ", corpus_skip_name(corpus->skipped_files[i].why));
    print_path(corpus->skipped_files[i].path);
    putchar('\n');
  }
  if (shown < corpus->skipped_file_count)
    printf("    and %zu more; --json names all\n", corpus->skipped_file_count - shown);
}

static void show_non_utf8(const struct corpus *corpus) {
  printf("not UTF-8, kept all the same: %" PRIu64 "\n", corpus->non_utf8_files);
  size_t shown = 0;
  for (size_t i = 0; i < corpus->file_count && shown < LISTED_MAX; i++) {
    if (!corpus->files[i].non_utf8) continue;
    fputs("    ", stdout);
    print_path(corpus->files[i].path);
    putchar('\n');
    shown++;
  }
  if (shown < corpus->non_utf8_files)
    printf("    and %" PRIu64 " more; --json names all\n", corpus->non_utf8_files - shown);
}

static void show_text(const struct corpus *corpus) {
  printf("corpus        %s\n              %s\nroot          ", corpus->name, corpus->title);
  print_path(corpus->root);
  printf("\nfiles         %zu (%" PRIu64 " empty)\nlines         %" PRIu64 "\nbytes         %" PRIu64
         "\ncontent hash  %s\n",
         corpus->file_count, corpus->empty_files, corpus->lines, corpus->bytes, corpus->content_hash);
  if (corpus->has_versions) printf("new versions  change %zu of the files\n", corpus->edit_count);
  printf("\n%-12s %8s %10s %12s  %s\n", "language", "files", "lines", "bytes", "grammar");
  for (size_t i = 0; i < corpus->language_count; i++) {
    const struct corpus_language *language = &corpus->languages[i];
    printf("%-12s %8" PRIu64 " %10" PRIu64 " %12" PRIu64 "  %s %s, ABI %u\n", language->name, language->files,
           language->lines, language->bytes, language->grammar_package, language->grammar_version,
           language->grammar_abi);
  }
  putchar('\n');
  uint64_t left_out = 0;
  for (int why = 0; why < CORPUS_SKIP_COUNT; why++) left_out += corpus->skipped[why];
  if (left_out) show_skipped(corpus);
  else puts("left out: nothing");
  if (corpus->non_utf8_files) show_non_utf8(corpus);
}

static cJSON *show_json(const struct corpus *corpus) {
  cJSON *json = json_new_object();
  json_add_text(json, "schema", "phasebench-corpus-show-1");
  corpus_add_json(corpus, json);
  json_add_path(json, "root", corpus->root);
  cJSON *skipped = json_add_array(json, "skipped_files");
  for (size_t i = 0; i < corpus->skipped_file_count; i++) {
    cJSON *item = json_add_object(skipped, NULL);
    json_add_path(item, "path", corpus->skipped_files[i].path);
    json_add_text(item, "why", corpus_skip_name(corpus->skipped_files[i].why));
  }
  cJSON *non_utf8 = json_add_array(json, "non_utf8_file_names");
  for (size_t i = 0; i < corpus->file_count; i++) {
    if (corpus->files[i].non_utf8) json_add_path(non_utf8, NULL, corpus->files[i].path);
  }
  return json;
}

static void show_files(const struct corpus *corpus) {
  for (size_t i = 0; i < corpus->file_count; i++) {
    print_path(corpus->files[i].path);
    putchar('\n');
  }
}

int corpus_command_show(const char *name, const char *directory, const struct corpus_options *options,
                        enum corpus_show_form form) {
  struct fault fault = {0};
  struct corpus *corpus = NULL;
  bool ok = directory ? corpus_open_directory(directory, options, &corpus, &fault)
                      : corpus_open(name, options, &corpus, &fault);
  if (!ok) return corpus_report(&fault);
  int code = EXIT_CODE_OK;
  if (form == CORPUS_SHOW_JSON) {
    code = corpus_print_json(show_json(corpus), code);
  } else {
    if (form == CORPUS_SHOW_FILES) show_files(corpus);
    else show_text(corpus);
    code = corpus_finish_output(code);
  }
  corpus_close(corpus);
  return code;
}
