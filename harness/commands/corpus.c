/* SPDX-License-Identifier: MIT
 *
 * command_corpus.c - `phasebench corpus list|fetch|show|verify`. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "base/output.h"
#include "base/text.h"
#include "commands.h"
#include "corpus/corpus.h"
#include "corpus/fetch.h"
#include "corpus/manifest.h"

#define LISTED_MAX 20    /* skipped files that `show` names on a terminal; --json names all */
#define PATTERNS_MAX 256 /* --exclude and --path, each */

static const char help_corpus[] =
    "usage: phasebench corpus list   [--json]\n"
    "       phasebench corpus fetch  [--again] NAME...\n"
    "       phasebench corpus show   [--json] NAME | --dir PATH [OPTION]...\n"
    "       phasebench corpus verify NAME...\n\n"
    "A corpus is a pinned set of source files, described by a manifest (corpora/NAME.json).\n"
    "NAME is a manifest's name, or a path with a '/' of a manifest elsewhere.\n"
    "`phasebench corpus list --help` and so on tell more.\n\n"
    "example:\n"
    "  phasebench corpus fetch " CORPUS_DEFAULT
    "\n"
    "  phasebench corpus show " CORPUS_DEFAULT "\n";

static const char help_list[] =
    "usage: phasebench corpus list [--json]\n\n"
    "Shows every corpus: is it fetched, and the files and lines that its manifest expects.\n\n"
    "  --json   the same as JSON (results/corpora.schema.json)\n\n"
    "example:\n"
    "  phasebench corpus list\n";

static const char help_fetch[] =
    "usage: phasebench corpus fetch [--again] NAME...\n\n"
    "Fetches corpora into the cache (PHASEBENCH_CACHE, else $XDG_CACHE_HOME/phasebench, else\n"
    "~/.cache/phasebench): npm packages by a lock file with hashes, Debian packages by apt-get.\n"
    "What is there already is not fetched again; what is interrupted leaves nothing behind.\n\n"
    "  --again   fetch even what is there\n\n"
    "example:\n"
    "  phasebench corpus fetch " CORPUS_DEFAULT " python-stdlib\n";

static const char help_show[] =
    "usage: phasebench corpus show [--json] NAME\n"
    "       phasebench corpus show [--json] --dir PATH [OPTION]...\n\n"
    "Reads a corpus and prints its fingerprint, its languages and what was left out.\n\n"
    "  --dir PATH            a directory of your own in place of a manifest\n"
    "  --exclude PATTERN     leave out what matches, as a line of .gitignore does; may be repeated\n"
    "  --path PATH           only this file or folder below the root; may be repeated\n"
    "  --max-file-bytes N    leave out larger files (default: 268435456)\n"
    "  --files               print the paths of the corpus's files, one a line, and nothing else\n"
    "  --json                print JSON (results/corpora.schema.json); names every file that was left out\n\n"
    "Of a directory of your own, what its .gitignore and .ignore files leave out is left out, and\n"
    ".git, .hg and .svn always are. node_modules is not, unless a .gitignore or --exclude says so.\n"
    "Symbolic links are not followed. Files with an unknown extension are counted. In file names a\n"
    "byte that is no printable UTF-8 is shown as \\xNN and a backslash as two.\n\n"
    "example:\n"
    "  phasebench corpus show --dir ~/src/project --exclude node_modules/ --exclude '*.min.js'\n";

static const char help_verify[] =
    "usage: phasebench corpus verify NAME...\n\n"
    "Reads corpora and compares their fingerprints with those that the manifests expect. Says what\n"
    "differs and ends with exit code 3 when anything does.\n\n"
    "example:\n"
    "  phasebench corpus verify " CORPUS_DEFAULT "\n";

static int report(const struct fault *fault) {
  fprintf(stderr, "phasebench: %s\n", fault->message);
  return fault->code;
}

static int usage_error(const char *what) {
  fprintf(stderr, "phasebench: corpus: %s; `phasebench corpus --help` tells more\n", what);
  return EXIT_CODE_USAGE;
}

/* Output that cannot be written (a full disk behind a pipe) is an error. */
static int finish_output(int code) {
  struct fault fault = {0};
  return output_flush(&fault) ? code : report(&fault);
}

static int print_json(cJSON *json, int code) {
  struct fault fault = {0};
  return json_print(json, &fault) ? code : report(&fault);
}

/* ---- list ---- */

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
static int list(bool as_json) {
  struct fault fault = {0};
  char **names;
  size_t count;
  if (!manifest_list(&names, &count, &fault)) return report(&fault);
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
    if (own.code != EXIT_CODE_OK) code = report(&own);
    manifest_free(&manifest);
    free(names[i]);
  }
  free(names);
  return as_json ? print_json(json, code) : finish_output(code);
}

/* ---- fetch ---- */

static int fetch(char *const *names, bool again) {
  for (; *names; names++) {
    struct fault fault = {0};
    struct manifest manifest;
    if (manifest_read(*names, &manifest, &fault)) corpus_fetch(&manifest, again, &fault);
    if (fault.code == EXIT_CODE_OK) {
      printf("corpus %s: %s\n", manifest.name,
             manifest.source == MANIFEST_DIRECTORY ? "comes with the build, nothing to fetch" : "is in the cache");
    }
    manifest_free(&manifest);
    if (fault.code != EXIT_CODE_OK) return report(&fault);
  }
  return finish_output(EXIT_CODE_OK);
}

/* ---- show ---- */

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

static void json_add_path(cJSON *object, const char *key, const char *path) {
  char text[4 * PATH_MAX + 1];
  json_add_text(object, key, path_to_text(path, text, sizeof text) ? text : "(a name that is too long)");
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

enum show_form { SHOW_TEXT, SHOW_JSON, SHOW_FILES };

static int show(const char *name, const char *directory, const struct corpus_options *options, enum show_form form) {
  struct fault fault = {0};
  struct corpus *corpus = NULL;
  bool ok = directory ? corpus_open_directory(directory, options, &corpus, &fault)
                      : corpus_open(name, options, &corpus, &fault);
  if (!ok) return report(&fault);
  int code = EXIT_CODE_OK;
  if (form == SHOW_JSON) {
    code = print_json(show_json(corpus), code);
  } else {
    if (form == SHOW_FILES) show_files(corpus);
    else show_text(corpus);
    code = finish_output(code);
  }
  corpus_close(corpus);
  return code;
}

/* ---- verify ---- */

static bool differs(const char *name, const char *what, uint64_t expected, uint64_t found) {
  if (expected == found) return false;
  printf("corpus %s: %s: expected %" PRIu64 ", found %" PRIu64 "\n", name, what, expected, found);
  return true;
}

/* The usual reason of a difference: Debian has another version by now. */
static void report_versions(const struct manifest *manifest) {
  for (size_t i = 0; i < manifest->package_count; i++) {
    const struct manifest_package *package = &manifest->packages[i];
    char version[256];
    bool known = corpus_fetched_version(manifest, package->name, version, sizeof version);
    if (known && strcmp(version, package->version) == 0) continue;
    printf("corpus %s: the package %s: expected version %s, fetched %s\n", manifest->name, package->name,
           package->version, known ? version : "an unknown one");
  }
}

static bool compare(const struct manifest *manifest, const struct corpus *corpus) {
  const struct manifest_fingerprint *expected = &manifest->expected;
  if (!expected->known) {
    printf("corpus %s: the manifest expects no fingerprint; found\n  \"expected\": {\"files\": %zu, \"lines\": %" PRIu64
           ", \"bytes\": %" PRIu64 ", \"content_hash\": \"%s\"}\n",
           manifest->name, corpus->file_count, corpus->lines, corpus->bytes, corpus->content_hash);
    return false;
  }
  bool files = differs(manifest->name, "files", expected->files, corpus->file_count);
  bool lines = differs(manifest->name, "lines", expected->lines, corpus->lines);
  bool bytes = differs(manifest->name, "bytes", expected->bytes, corpus->bytes);
  bool hash = strcmp(expected->content_hash, corpus->content_hash) != 0;
  if (hash) {
    printf("corpus %s: content_hash: expected %s, found %s\n", manifest->name, expected->content_hash,
           corpus->content_hash);
  }
  if (files || lines || bytes || hash) return false;
  printf("corpus %s: as expected: %zu file%s, %" PRIu64 " line%s, %" PRIu64 " bytes, %s\n", manifest->name,
         corpus->file_count, plural(corpus->file_count), corpus->lines, plural(corpus->lines), corpus->bytes,
         corpus->content_hash);
  return true;
}

static void report_target(const struct manifest *manifest, const struct corpus *corpus) {
  if (!manifest->target_lines) return;
  printf("corpus %s: aimed at ", manifest->name);
  if (manifest->target_files) printf("%" PRIu64 " file%s and ", manifest->target_files, plural(manifest->target_files));
  printf("%" PRIu64 " lines; it has %zu file%s and %" PRIu64 " lines (%+" PRId64 ")\n", manifest->target_lines,
         corpus->file_count, plural(corpus->file_count), corpus->lines,
         (int64_t)corpus->lines - (int64_t)manifest->target_lines);
}

static int verify(char *const *names) {
  int code = EXIT_CODE_OK;
  for (; *names; names++) {
    struct fault fault = {0};
    struct manifest manifest;
    struct corpus *corpus = NULL;
    if (manifest_read(*names, &manifest, &fault) && corpus_open(*names, NULL, &corpus, &fault)) {
      report_versions(&manifest);
      if (!compare(&manifest, corpus)) code = EXIT_CODE_INPUT;
      report_target(&manifest, corpus);
    }
    corpus_close(corpus);
    manifest_free(&manifest);
    if (fault.code != EXIT_CODE_OK) code = report(&fault);
  }
  return finish_output(code);
}

/* ---- the command line ---- */

struct command_line {
  bool as_json, as_files, again, help;
  const char *directory;
  const char *excludes[PATTERNS_MAX + 1], *paths[PATTERNS_MAX + 1];
  size_t exclude_count, path_count;
  uint64_t max_file_bytes;
  char **names; /* NULL-terminated: the end of argv */
};

static bool parse_bytes(const char *text, uint64_t *bytes) {
  char *end = NULL;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  *bytes = value;
  return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value > 0;
}

/* Returns an option's error text, or NULL. */
static const char *take_option(struct command_line *line, int option, const char *value) {
  switch (option) {
    case 'j':
      line->as_json = true;
      return NULL;
    case 'f':
      line->as_files = true;
      return NULL;
    case 'a':
      line->again = true;
      return NULL;
    case 'h':
      line->help = true;
      return NULL;
    case 'd':
      line->directory = value;
      return NULL;
    case 'x':
      if (line->exclude_count == PATTERNS_MAX) return "too many --exclude";
      line->excludes[line->exclude_count++] = value;
      return NULL;
    case 'p':
      if (line->path_count == PATTERNS_MAX) return "too many --path";
      line->paths[line->path_count++] = value;
      return NULL;
    case 'm':
      return parse_bytes(value, &line->max_file_bytes) ? NULL : "--max-file-bytes needs a number above 0";
    default:
      return "an option is unknown or has no value";
  }
}

static const char *parse(const char *action, int argc, char **argv, const char *options, struct command_line *line) {
  static const struct option all[] = {
      {"json", no_argument, NULL, 'j'},
      {"again", no_argument, NULL, 'a'},
      {"help", no_argument, NULL, 'h'},
      {"dir", required_argument, NULL, 'd'},
      {"exclude", required_argument, NULL, 'x'},
      {"path", required_argument, NULL, 'p'},
      {"max-file-bytes", required_argument, NULL, 'm'},
      {"files", no_argument, NULL, 'f'},
      {0},
  };
  static char name[64]; /* begins getopt's own messages */
  snprintf(name, sizeof name, "phasebench corpus %s", action);
  argv[0] = name;
  optind = 1;
  for (int option; (option = getopt_long(argc, argv, "h", all, NULL)) != -1;) {
    const char *error = option != 'h' && option != '?' && !strchr(options, option)
                            ? "that option belongs to another command"
                            : take_option(line, option, optarg);
    if (error) return error;
  }
  line->names = argv + optind;
  return NULL;
}

static int run_show(const struct command_line *line) {
  bool one_name = line->names[0] && !line->names[1];
  if (line->directory ? line->names[0] != NULL : !one_name) return usage_error("show needs one NAME, or --dir PATH");
  if (line->as_json && line->as_files) return usage_error("--json and --files exclude each other");
  struct corpus_options options = {
      .max_file_bytes = line->max_file_bytes,
      .excludes = line->exclude_count ? line->excludes : NULL,
      .includes = line->path_count ? line->paths : NULL,
  };
  return show(line->names[0], line->directory, &options,
              line->as_json    ? SHOW_JSON
              : line->as_files ? SHOW_FILES
                               : SHOW_TEXT);
}

int command_corpus(int argc, char **argv) {
  static const struct {
    const char *name, *options, *help;
  } actions[] = {
      {"list", "j", help_list}, {"fetch", "a", help_fetch}, {"show", "jfdxpm", help_show}, {"verify", "", help_verify}};
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    fputs(help_corpus, argc < 2 ? stderr : stdout);
    return argc < 2 ? EXIT_CODE_USAGE : EXIT_CODE_OK;
  }
  size_t action = 0;
  while (action < 4 && strcmp(argv[1], actions[action].name) != 0) action++;
  if (action == 4) return usage_error("expected list, fetch, show or verify");
  struct command_line line = {0};
  const char *error = parse(actions[action].name, argc - 1, argv + 1, actions[action].options, &line);
  if (error) return usage_error(error);
  if (line.help) {
    fputs(actions[action].help, stdout);
    return EXIT_CODE_OK;
  }
  if (action == 0) return line.names[0] ? usage_error("list takes no NAME") : list(line.as_json);
  if (action == 2) return run_show(&line);
  if (!line.names[0]) return usage_error("expected the NAME of a corpus");
  return action == 1 ? fetch(line.names, line.again) : verify(line.names);
}
