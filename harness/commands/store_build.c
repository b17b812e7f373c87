/* SPDX-License-Identifier: MIT
 *
 * store_build.c - `phasebench store build`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "corpus/corpus.h"
#include "corpus/grammar.h"
#include "corpus/sample.h"
#include "options.h"
#include "store.h"
#include "store/commit.h"
#include "store/disk_making.h"

struct build {
  const struct store_options *options;
  struct corpus *corpus;
  struct combination combination;
  struct store_disk_making making;
  struct store *store;
  struct grammar *grammars; /* by language of the corpus */
  TSParser *parser;
  struct store_document *documents;
  uint32_t document_count;
  bool *is_left_out; /* by file of the corpus */
  size_t left_out_count, changed_count;
  uint64_t done_bytes, began_ns, told_ns;
  bool is_terminal;
  struct {
    char *bytes;
    size_t used, capacity;
  } tables;
};

/* False when a signal came. The old store stays. */
static bool go_on(const struct build *build, struct fault *fault) {
  char what[4200];
  snprintf(what, sizeof what, "%.800s is as it was", build->making.place);
  return interrupt_none(what, fault);
}

/* ---- progress ---- */

static void tell(struct build *build, size_t files) {
  uint64_t now_ns = clock_ns();
  if (!build->is_terminal || now_ns - build->told_ns < 200000000) return;
  build->told_ns = now_ns;
  double share = build->corpus->bytes ? (double)build->done_bytes / (double)build->corpus->bytes : 1;
  fprintf(stderr, "\r\033[Kparsing: %zu of %zu files, %.0f %%", files, build->corpus->file_count, 100 * share);
  if (share > 0.02) fprintf(stderr, ", %.0f s left", (double)(now_ns - build->began_ns) / 1e9 * (1 - share) / share);
}

static void tell_step(const struct build *build, const char *text) {
  if (build->is_terminal) fprintf(stderr, "\r\033[K%s", text);
}

/* ---- documents ---- */

static bool use_language(struct build *build, uint32_t language, struct fault *fault) {
  struct grammar *grammar = &build->grammars[language];
  if (!grammar->ts && !grammar_load(build->corpus->languages[language].name, grammar, fault)) return false;
  if (ts_parser_set_language(build->parser, grammar->ts)) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "the tree-sitter runtime refuses the grammar of '%s'; rebuild",
                   grammar->language);
}

static bool put_text(struct build *build, const struct corpus_file *file, const char *path, const char *source,
                     struct fault *fault) {
  uint32_t id = build->document_count++;
  TSTree *tree = ts_parser_parse_string(build->parser, NULL, source, (uint32_t)file->bytes);
  if (!tree) return fault_set(fault, EXIT_CODE_INTERNAL, "%s: the parser gave no tree", path);
  build->documents[id] = (struct store_document){.path = file->path,
                                                 .language = file->language,
                                                 .nodes = ts_node_descendant_count(ts_tree_root_node(tree)),
                                                 .bytes = file->bytes,
                                                 .lines = file->lines,
                                                 .hash = file->hash};
  struct stage_document document = {id,   file->language, build->grammars[file->language].ts,
                                    path, source,         (uint32_t)file->bytes};
  return store_put(build->store, &document, tree, fault);
}

/* The text that the corpus was read with. */
static bool read_text(const struct build *build, const struct corpus_file *file, char **path, char **source,
                      struct fault *fault) {
  if (!sample_read(build->corpus, file, path, source, fault)) return false;
  if (XXH3_64bits(*source, file->bytes) == file->hash) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "%s: was changed while the store was built; build it again", *path);
}

/* A file that somebody changed meanwhile is read again; one that vanished is left out. */
static bool read_text_again(struct build *build, size_t i, char **source, struct fault *fault) {
  static struct path_shown shown;
  const char *why;
  struct corpus_file *file = &build->corpus->files[i];
  free(*source);
  switch (corpus_read_again(build->corpus, file, source, &why, fault)) {
    case CORPUS_AGAIN_READ:
      build->changed_count++;
      return true;
    case CORPUS_AGAIN_FAULT:
      return false;
    case CORPUS_AGAIN_LEFT_OUT:
      break;
  }
  build->is_left_out[i] = true;
  build->left_out_count++;
  tell_step(build, "");
  fprintf(stderr, "phasebench store build: LEFT OUT %s: %s\n", path_show(file->path, &shown), why);
  return true;
}

static bool put_file(struct build *build, size_t i, struct fault *fault) {
  const struct corpus_file *file = &build->corpus->files[i];
  uint64_t listed_bytes = file->bytes;
  char *path = NULL, *source = NULL;
  struct fault why = {0};
  if (file->bytes > UINT32_MAX)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: is too large for tree-sitter, which counts bytes in 32 bits",
                     file->path);
  bool good = use_language(build, file->language, fault);
  if (good && !read_text(build, file, &path, &source, &why)) {
    bool may_change = build->options->directory && path && why.code == EXIT_CODE_INPUT;
    good = may_change ? read_text_again(build, i, &source, fault) : fault_set(fault, why.code, "%s", why.message);
  }
  if (good && !build->is_left_out[i]) good = put_text(build, file, path, source, fault);
  free(path);
  free(source);
  build->done_bytes += listed_bytes;
  return good;
}

/* The corpus is what the store holds. */
static bool heed_changes(struct build *build, struct fault *fault) {
  size_t changed = build->changed_count, left_out = build->left_out_count;
  if (changed + left_out == 0) return true;
  if (!corpus_leave_out(build->corpus, build->is_left_out, fault)) return false;
  tell_step(build, "");
  fprintf(stderr,
          "phasebench store build: while it ran, %zu file%s changed (the store holds what was read last) and "
          "%zu had to be left out\n",
          changed, plural(changed), left_out);
  if (build->corpus->file_count > 0) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "%s: no file is left", build->corpus->name);
}

static bool put_all(struct build *build, struct fault *fault) {
  const struct corpus *corpus = build->corpus;
  build->grammars = calloc(corpus->language_count + 1, sizeof *build->grammars);
  build->documents = calloc(corpus->file_count + 1, sizeof *build->documents);
  build->is_left_out = calloc(corpus->file_count + 1, sizeof *build->is_left_out);
  build->parser = ts_parser_new();
  if (!build->grammars || !build->documents || !build->is_left_out)
    return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  build->began_ns = clock_ns();
  bool good = true;
  for (size_t i = 0; good && i < corpus->file_count; i++) {
    good = go_on(build, fault) && put_file(build, i, fault);
    tell(build, i + 1);
  }
  if (good) good = heed_changes(build, fault);
  tell_step(build, "finalizing");
  return good && store_finalize(build->store, fault) && go_on(build, fault);
}

/* ---- the catalogue ---- */

static int add_table_bytes(void *sink, const void *bytes, size_t length) {
  struct build *build = sink;
  if (build->tables.capacity - build->tables.used < length) {
    size_t capacity = 2 * build->tables.capacity + length + 4096;
    char *grown = realloc(build->tables.bytes, capacity);
    if (!grown) return STAGE_OUT_OF_MEMORY;
    build->tables.bytes = grown;
    build->tables.capacity = capacity;
  }
  if (length > 0) memcpy(build->tables.bytes + build->tables.used, bytes, length);
  build->tables.used += length;
  return STAGE_OK;
}

static bool make_catalogue(struct build *build, void **bytes, size_t *byte_count, struct fault *fault) {
  const struct corpus *corpus = build->corpus;
  struct store_language *languages = calloc(corpus->language_count + 1, sizeof *languages);
  if (!languages) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the catalogue");
  for (size_t i = 0; i < corpus->language_count; i++) {
    const struct corpus_language *from = &corpus->languages[i];
    languages[i] = (struct store_language){from->name, from->grammar_package, from->grammar_version, from->grammar_abi};
  }
  const struct store_catalogue catalogue = {.stage_abi = STAGE_ABI_VERSION,
                                            .combination = build->combination.name,
                                            .corpus = corpus->name,
                                            .content_hash = corpus->content_hash,
                                            .languages = languages,
                                            .language_count = (uint32_t)corpus->language_count,
                                            .documents = build->documents,
                                            .document_count = corpus->file_count,
                                            .tables = build->tables.bytes,
                                            .table_bytes = build->tables.used};
  bool good = store_catalogue_write(&catalogue, bytes, byte_count, fault);
  free(languages);
  return good;
}

static bool commit(struct build *build, struct fault *fault) {
  void *catalogue = NULL;
  size_t bytes = 0;
  tell_step(build, "writing");
  bool good = store_save(build->store, add_table_bytes, build, fault) &&
              make_catalogue(build, &catalogue, &bytes, fault) && store_commit(build->store, catalogue, bytes, fault);
  free(catalogue);
  return good && go_on(build, fault);
}

/* ---- the store ---- */

/* The longest combination of the standard order whose store can be committed. */
static bool choose_combination(struct build *build, struct fault *fault) {
  enum { CAPACITY = 64 };
  struct combination *all = calloc(CAPACITY, sizeof *all);
  unsigned count = 0;
  if (!all) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the combinations");
  bool found = false;
  struct fault why = {0};
  bool good = combination_cumulative(all, CAPACITY, &count, fault);
  for (unsigned i = count; good && !found && i-- > 0;) {
    struct fault ignored = {0};
    struct store *store = NULL;
    struct fault *told = i + 1 == count ? &why : &ignored; /* what the longest one lacks */
    found = store_open(&all[i], NULL, &store, told) && store_can_commit(store, told);
    store_close(store);
    if (found) build->combination = all[i];
    /* That the system refused something says nothing about the combination. */
    else if (told->code == EXIT_CODE_SYSTEM) good = fault_set(fault, told->code, "%s", told->message);
  }
  free(all);
  if (!good || found) return good;
  return fault_set(fault, EXIT_CODE_USAGE,
                   "no combination of the standard order makes a store on disk: %.800s; name "
                   "one with --stages",
                   why.message);
}

static bool open_store(struct build *build, struct fault *fault) {
  const struct store_options *options = build->options;
  struct store_place place;
  bool chosen = options->stages ? combination_parse(options->stages, &build->combination, fault)
                                : choose_combination(build, fault);
  if (!chosen) return false;
  if (!store_settings_check(&options->place, &build->combination, 1, fault) ||
      !store_disk_begin(options->output, &build->making, fault))
    return false;
  place = options->place;
  place.directory = build->making.folder;
  return store_open(&build->combination, &place, &build->store, fault) && store_can_commit(build->store, fault);
}

static bool print_summary(const struct build *build, struct fault *fault) {
  struct store_disk_size size;
  const struct corpus *corpus = build->corpus;
  if (!store_disk_size(build->making.place, &size, fault)) return false;
  static struct path_shown shown;
  char source[SIZE_TEXT_BYTES], on_disk[SIZE_TEXT_BYTES];
  printf("%s: %zu file%s, %" PRIu64 " line%s, %s of source, in %s on disk", path_show(build->options->output, &shown),
         corpus->file_count, plural(corpus->file_count), corpus->lines, plural(corpus->lines),
         size_text(corpus->bytes, source), size_text(size.disk_bytes, on_disk));
  if (corpus->lines > 0) printf(" (%.2f B/line)", (double)size.disk_bytes / (double)corpus->lines);
  putchar('\n');
  return true;
}

static bool make(struct build *build, struct fault *fault) {
  const struct store_options *options = build->options;
  if (!open_store(build, fault) || !option_corpus(options->corpus, options->directory, &build->corpus, fault) ||
      !go_on(build, fault))
    return false;
  if (options->directory) corpus_tell_left_out("phasebench store build", build->corpus);
  corpus_tell_largest("phasebench store build", build->corpus);
  if (build->corpus->file_count == 0 || build->corpus->file_count >= UINT32_MAX)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: holds %zu files in a language that phasebench knows",
                     build->corpus->name, build->corpus->file_count);
  if (!put_all(build, fault) || !commit(build, fault)) return false;
  char *head = store_disk_head(build->store, &build->combination, fault);
  store_close(build->store); /* its files are durable since the commit */
  build->store = NULL;
  bool good = head && store_disk_finish(&build->making, head, fault);
  free(head);
  tell_step(build, "");
  return good && print_summary(build, fault);
}

bool store_command_build(const struct store_options *options, struct fault *fault) {
  static struct build build;
  build = (struct build){.options = options, .making.lock_fd = -1, .is_terminal = isatty(STDERR_FILENO) == 1};
  interrupt_watch();
  bool good = make(&build, fault);
  tell_step(&build, "");
  if (build.parser) ts_parser_delete(build.parser);
  store_close(build.store);
  for (size_t i = 0; build.grammars && i < build.corpus->language_count; i++) {
    if (build.grammars[i].ts) grammar_unload(&build.grammars[i]);
  }
  store_disk_end(&build.making);
  free(build.grammars);
  free(build.documents);
  free(build.is_left_out);
  free(build.tables.bytes);
  if (build.corpus) corpus_close(build.corpus);
  return good;
}
