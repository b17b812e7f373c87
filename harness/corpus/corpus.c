/* SPDX-License-Identifier: MIT
 *
 * corpus.c - see corpus.h. Opening is: manifest or directory -> corpus_walk finds the
 * files -> corpus_read reads each of them once -> sums, languages and fingerprint.
 * Strings live in an obstack (glibc), which ends the program with exit code 4 when
 * memory runs out. */
#include "corpus.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "build.h"
#include "grammar.h"

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

void corpus_close(struct corpus *corpus) {
  if (!corpus) return;
  free(corpus->files);
  free(corpus->languages);
  free(corpus->skipped_files);
  free(corpus->edits);
  obstack_free((struct obstack *)corpus->arena, NULL);
  free(corpus->arena);
  free(corpus);
}

/* ---- languages ---- */

static int compare_strings(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The distinct languages of the rules, sorted. */
static bool list_languages(struct corpus_build *build, struct fault *fault) {
  build->languages = calloc(build->rule_count, sizeof *build->languages);
  if (!build->languages) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  for (size_t i = 0; i < build->rule_count; i++) build->languages[i] = build->rules[i].language;
  qsort(build->languages, build->rule_count, sizeof *build->languages, compare_strings);
  for (size_t i = 0; i < build->rule_count; i++) {
    if (i == 0 || strcmp(build->languages[i], build->languages[i - 1]) != 0) {
      build->languages[build->language_count++] = build->languages[i];
    }
  }
  return true;
}

static const char *keep_text(struct corpus_build *build, const char *text) {
  return obstack_copy0(build->strings, text, strlen(text));
}

/* Only languages with files stay; files' indices are made to point at them. */
static bool sum_languages(struct corpus_build *build, struct fault *fault) {
  struct corpus *corpus = build->corpus;
  struct corpus_language *all = calloc(build->language_count, sizeof *all);
  uint32_t *place = calloc(build->language_count, sizeof *place);
  bool ok = all && place;
  if (!ok) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  for (size_t i = 0; ok && i < corpus->file_count; i++) {
    const struct corpus_file *file = &corpus->files[i];
    all[file->language].files++;
    all[file->language].lines += file->lines;
    all[file->language].bytes += file->bytes;
  }
  for (size_t i = 0; ok && i < build->language_count; i++) {
    if (all[i].files == 0) continue;
    struct grammar_info info;
    ok = grammar_describe(build->languages[i], &info, fault);
    if (!ok) break;
    all[i].name = keep_text(build, build->languages[i]);
    all[i].grammar_package = keep_text(build, info.package);
    all[i].grammar_version = keep_text(build, info.version);
    all[i].grammar_abi = info.abi;
    place[i] = (uint32_t)corpus->language_count;
    all[corpus->language_count++] = all[i];
  }
  for (size_t i = 0; ok && i < corpus->file_count; i++) corpus->files[i].language = place[corpus->files[i].language];
  free(place);
  corpus->languages = all; /* corpus_close frees it on failure too */
  return ok;
}

/* ---- opening ---- */

static int compare_skipped(const void *a, const void *b) {
  return strcmp(((const struct corpus_skipped *)a)->path, ((const struct corpus_skipped *)b)->path);
}

/* "the directory is empty" or what was found in it instead of known files. */
static bool no_files(const struct corpus *corpus, struct fault *fault) {
  char found[512] = "";
  for (int why = 0; why < CORPUS_SKIP_COUNT; why++) {
    if (!corpus->skipped[why]) continue;
    size_t used = strlen(found);
    snprintf(found + used, sizeof found - used, "%s%s: %" PRIu64, used ? ", " : "", corpus_skip_name(why),
             corpus->skipped[why]);
  }
  if (!found[0])
    return fault_set(fault, EXIT_CODE_INPUT, "the corpus '%s' is empty: no files in %s", corpus->name, corpus->root);
  return fault_set(fault, EXIT_CODE_INPUT,
                   "the corpus '%s' has no file that can be measured in %s; what is there was left "
                   "out (%s)",
                   corpus->name, corpus->root, found);
}

static bool check_options(const struct corpus_options *options, struct fault *fault) {
  if (options->max_file_bytes > UINT32_MAX) {
    return fault_set(fault, EXIT_CODE_USAGE,
                     "the limit for the size of a file is %" PRIu64
                     " bytes: expected at most %u, "
                     "since tree-sitter counts bytes in 32 bits",
                     options->max_file_bytes, UINT32_MAX);
  }
  for (size_t i = 0; options->includes && options->includes[i]; i++) {
    const char *path = options->includes[i];
    if (!manifest_path_is_inside(path)) {
      return fault_set(fault, EXIT_CODE_USAGE,
                       "'%s' is not a path inside the corpus: expected a relative one without "
                       "empty, `.` and `..` parts",
                       path);
    }
    for (size_t k = 0; options->includes[k]; k++) {
      size_t length = strlen(options->includes[k]);
      if (k != i && strncmp(path, options->includes[k], length) == 0 && (path[length] == '/' || !path[length])) {
        return fault_set(fault, EXIT_CODE_USAGE, "the path '%s' is named twice: '%s' holds it", path,
                         options->includes[k]);
      }
    }
  }
  return true;
}

static void strings_failed(void) { fault_out_of_memory("the names of a corpus's files"); }

static bool begin(struct corpus_build *build, const char *name, const char *title, const char *root,
                  struct fault *fault) {
  struct obstack *strings = malloc(sizeof *strings);
  build->corpus = calloc(1, sizeof *build->corpus);
  if (!strings || !build->corpus) {
    free(strings);
    free(build->corpus);
    build->corpus = NULL;
    return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  }
  obstack_alloc_failed_handler = strings_failed;
  obstack_init(strings);
  build->strings = strings;
  build->corpus->arena = strings;
  build->corpus->name = keep_text(build, name);
  build->corpus->title = keep_text(build, title);
  build->corpus->root = keep_text(build, root);
  return true;
}

static bool fill(struct corpus_build *build, const struct corpus_options *options, struct fault *fault) {
  struct corpus *corpus = build->corpus;
  bool ok = list_languages(build, fault) && corpus_walk(build, fault) && corpus_read(build, fault);
  corpus->skipped_files = build->skipped;
  corpus->skipped_file_count = build->skipped_count;
  if (ok && corpus->file_count == 0) ok = no_files(corpus, fault);
  if (ok && build->skipped_count) {
    qsort(build->skipped, build->skipped_count, sizeof *build->skipped, compare_skipped);
  }
  ok = ok && corpus_read_versions(build, fault) && corpus_limit(build, options, fault) && sum_languages(build, fault) &&
       corpus_hash_contents(corpus, fault);
  free(build->candidates);
  free(build->languages);
  return ok;
}

static bool finish(struct corpus_build *build, bool ok, struct corpus **corpus) {
  if (!ok) corpus_close(build->corpus);
  *corpus = ok ? build->corpus : NULL;
  return ok;
}

bool corpus_open(const char *name, const struct corpus_options *options, struct corpus **corpus, struct fault *fault) {
  static const struct corpus_options defaults;
  if (!options) options = &defaults;
  *corpus = NULL;
  struct manifest manifest;
  if (!check_options(options, fault) || !manifest_read(name, &manifest, fault)) return false;
  char root[PATH_MAX];
  bool fetched = false;
  bool ok = manifest_root(&manifest, root, &fetched, fault);
  if (ok && !fetched) {
    ok = manifest.source == MANIFEST_DIRECTORY
             ? fault_set(fault, EXIT_CODE_INPUT,
                         "the corpus '%s' needs the directory %s, which is not there; the set-up script "
                         "makes what comes with the build",
                         name, root)
             : fault_set(fault, EXIT_CODE_INPUT,
                         "the corpus '%s' has not been fetched: run `phasebench corpus fetch %s`", name, name);
  }
  struct corpus_build build = {
      .rules = manifest.rules,
      .rule_count = manifest.rule_count,
      .max_file_bytes = options->max_file_bytes ? options->max_file_bytes : CORPUS_MAX_FILE_BYTES,
      .paths = options->includes ? options->includes : (const char *const *)manifest.paths,
      .excludes = {(const char *const *)manifest.exclude, options->excludes},
      .versions = manifest.versions,
      .version_count = manifest.version_count,
      .partial = options->includes != NULL,
  };
  if (ok) ok = begin(&build, manifest.name, manifest.title, root, fault) && fill(&build, options, fault);
  manifest_free(&manifest);
  return finish(&build, ok, corpus);
}

bool corpus_open_directory(const char *path, const struct corpus_options *options, struct corpus **corpus,
                           struct fault *fault) {
  static const struct corpus_options defaults;
  if (!options) options = &defaults;
  *corpus = NULL;
  if (!check_options(options, fault)) return false;
  char root[PATH_MAX];
  struct stat status;
  if (!realpath(path, root) || stat(root, &status) != 0) {
    return fault_set(fault, exit_code_of_errno(errno), "cannot use the directory '%s': %s", path, strerror(errno));
  }
  if (!S_ISDIR(status.st_mode)) {
    return fault_set(fault, EXIT_CODE_INPUT, "'%s' is not a directory: expected a folder with source files", path);
  }
  if (strcmp(root, "/") == 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "'/' is not a corpus: name a directory below it");
  }
  char text[4 * PATH_MAX + 1], name[sizeof text + 4], title[sizeof text + 32];
  if (!path_to_text(root, text, sizeof text))
    return fault_set(fault, EXIT_CODE_INPUT, "the path '%s' is too long", path);
  snprintf(name, sizeof name, "dir:%s", strrchr(text, '/') + 1);
  snprintf(title, sizeof title, "files below %s", text);
  struct corpus_build build = {
      .rules = manifest_default_rules,
      .rule_count = manifest_default_rule_count,
      .max_file_bytes = options->max_file_bytes ? options->max_file_bytes : CORPUS_MAX_FILE_BYTES,
      .honour_ignore_files = true,
      .paths = options->includes,
      .excludes = {options->excludes, NULL},
  };
  bool ok = begin(&build, name, title, root, fault) && fill(&build, options, fault);
  return finish(&build, ok, corpus);
}
