/* SPDX-License-Identifier: MIT
 *
 * command_store_build.c - `phasebench store build`. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "clock.h"
#include "command_store.h"
#include "corpus.h"
#include "grammar.h"
#include "options.h"
#include "sample.h"

struct build {
  const struct store_options *options;
  struct corpus *corpus;
  struct combination combination;
  struct store_disk_making making;
  struct store *store;
  struct grammar *grammars; /* by language of the corpus */
  TSParser *parser;
  struct store_document *documents;
  uint64_t done_bytes, began_ns, told_ns;
  bool is_terminal;
  struct {
    char *bytes;
    size_t used, capacity;
  } tables;
};

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t interrupted;

static void note_signal(int number) { interrupted = number; }

/* Taken where nothing is half done; a second signal ends the process at once, and the old store stays
 * all the same. What was ignored stays ignored. */
static void watch_signals(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    struct sigaction before;
    if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(numbers[i], &action, NULL);
  }
}

static bool go_on(const struct build *build, struct fault *fault) {
  if (!interrupted) return true;
  return fault_set(fault, EXIT_CODE_INTERRUPTED, "interrupted by SIG%s; %s is as it was", sigabbrev_np(interrupted),
                   build->making.place);
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
  return ts_parser_set_language(build->parser, grammar->ts) ||
         fault_set(fault, EXIT_CODE_INPUT, "the tree-sitter runtime refuses the grammar of '%s'; rebuild",
                   grammar->language);
}

static bool put_text(struct build *build, uint32_t id, const char *path, const char *source, struct fault *fault) {
  const struct corpus_file *file = &build->corpus->files[id];
  if (XXH3_64bits(source, file->bytes) != file->hash)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: was changed while the store was built; build it again", path);
  TSTree *tree = ts_parser_parse_string(build->parser, NULL, source, (uint32_t)file->bytes);
  if (!tree) return fault_set(fault, EXIT_CODE_INTERNAL, "%s: the parser gave no tree", path);
  build->documents[id] = (struct store_document){
      .path = file->path, .language = file->language, .nodes = ts_node_descendant_count(ts_tree_root_node(tree)),
      .bytes = file->bytes, .lines = file->lines, .hash = file->hash};
  struct stage_document document = {id, file->language, build->grammars[file->language].ts, path, source,
                                    (uint32_t)file->bytes};
  return store_put(build->store, &document, tree, fault);
}

static bool put_file(struct build *build, uint32_t id, struct fault *fault) {
  const struct corpus_file *file = &build->corpus->files[id];
  char *path = NULL, *source = NULL;
  if (file->bytes > UINT32_MAX)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: is too large for tree-sitter, which counts bytes in 32 bits",
                     file->path);
  bool good = use_language(build, file->language, fault) && sample_read(build->corpus, file, &path, &source, fault);
  if (good) good = put_text(build, id, path, source, fault);
  free(path);
  free(source);
  build->done_bytes += file->bytes;
  return good;
}

static bool put_all(struct build *build, struct fault *fault) {
  const struct corpus *corpus = build->corpus;
  build->grammars = calloc(corpus->language_count + 1, sizeof *build->grammars);
  build->documents = calloc(corpus->file_count + 1, sizeof *build->documents);
  build->parser = ts_parser_new();
  if (!build->grammars || !build->documents) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  build->began_ns = clock_ns();
  bool good = true;
  for (size_t id = 0; good && id < corpus->file_count; id++) {
    good = go_on(build, fault) && put_file(build, (uint32_t)id, fault);
    tell(build, id + 1);
  }
  tell_step(build, "settling");
  return good && store_settle(build->store, fault) && go_on(build, fault);
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
  const struct store_catalogue catalogue = {
      .stage_abi = STAGE_ABI_VERSION, .combination = build->combination.name, .corpus = corpus->name,
      .content_hash = corpus->content_hash, .languages = languages, .language_count = (uint32_t)corpus->language_count,
      .documents = build->documents, .document_count = corpus->file_count, .tables = build->tables.bytes,
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
  }
  free(all);
  if (!good || found) return good;
  return fault_set(fault, EXIT_CODE_USAGE, "no combination of the standard order makes a store on disk: %.800s; name "
                   "one with --stages", why.message);
}

static bool open_store(struct build *build, struct fault *fault) {
  const struct store_options *options = build->options;
  static struct store_place place;
  if (!(options->stages ? combination_parse(options->stages, &build->combination, fault)
                        : choose_combination(build, fault)))
    return false;
  if (!store_settings_check(&options->place, &build->combination, 1, fault) ||
      !store_disk_begin(options->output, &build->making, fault))
    return false;
  place = options->place;
  snprintf(place.directory, sizeof place.directory, "%s", build->making.folder);
  return store_open(&build->combination, &place, &build->store, fault) && store_can_commit(build->store, fault);
}

static bool print_summary(const struct build *build, struct fault *fault) {
  struct store_disk_size size;
  const struct corpus *corpus = build->corpus;
  if (!store_disk_size(build->making.place, &size, fault)) return false;
  printf("%s: %zu files, %" PRIu64 " lines, %.2f MiB of source, in %.2f MiB on disk", build->options->output,
         corpus->file_count, corpus->lines, (double)corpus->bytes / 1048576, (double)size.disk_bytes / 1048576);
  if (corpus->lines > 0) printf(" (%.2f B/line)", (double)size.disk_bytes / (double)corpus->lines);
  putchar('\n');
  return true;
}

static bool make(struct build *build, struct fault *fault) {
  const struct store_options *options = build->options;
  if (!open_store(build, fault) || !option_corpus(options->corpus, options->directory, &build->corpus, fault) ||
      !go_on(build, fault))
    return false;
  if (options->directory) option_tell_left_out("phasebench store build", build->corpus);
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
  watch_signals();
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
  free(build.tables.bytes);
  if (build.corpus) corpus_close(build.corpus);
  return good;
}
