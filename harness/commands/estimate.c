/* SPDX-License-Identifier: MIT
 *
 * estimate.c - `phasebench estimate`; what is measured is told in estimate.h. The JSON that it writes
 * is described by results/estimate.schema.json. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json_out.h"
#include "base/number.h"
#include "base/size.h"
#include "base/text.h"
#include "base/version.h"
#include "bench/estimate.h"
#include "commands.h"
#include "corpus/grammar.h"
#include "corpus/sample.h"
#include "options.h"
#include "render/table.h"
#include "system/heap.h"

struct estimate_options {
  const char *corpus, *directory, *json;
  uint64_t max_bytes, seed;
};

/* A language that has documents in the sample. */
struct outcome {
  const char *name;
  uint32_t document_count;
  uint64_t source_bytes;
  double seconds; /* of the model alone */
  struct estimate_bits bits;
};

static void print_help(void) {
  fputs(
      "usage: phasebench estimate [--corpus NAME | --dir PATH] [OPTION]...\n\n"
      "Tells how few bits a node the syntax trees of a corpus could take: their context-mixing estimate.\n"
      "A context-mixing coder guesses each piece of a tree from what came before it (parent, grandparents,\n"
      "siblings, tokens, lengths, columns), mixes the guesses of many models, and spends few bits where the\n"
      "mixture guessed well. The estimate is the sum of these bits: a file of that length could be written by\n"
      "such a coder and read back, without the source and with nothing known before.\n\n"
      "It is no lower limit: a coder that looks at more may need fewer bits. And it is no store: what is coded\n"
      "so can only be read from beginning to end. Each language has a model of its own.\n\n"
      "  --corpus NAME    a corpus (default: quick)\n"
      "  --dir PATH       a directory of your own\n"
      "  --exclude PATTERN  leave out what this gitignore pattern matches; may be given again\n"
      "  --max-bytes N    take a sample of whole documents of at most N bytes (default: all documents)\n"
      "  --seed N         which sample (default 1)\n"
      "  --json FILE      the figures as JSON (results/estimate.schema.json)\n\n"
      "The models take 256 MiB. Empty files are left out. Ctrl-C ends it without figures (exit code 6).\n\n"
      "example: phasebench estimate --corpus ts-1720 --json /tmp/ts-1720.json\n",
      stdout);
}

static bool parse_options(int argc, char **argv, struct estimate_options *options, bool *help, struct fault *fault) {
  static const struct option names[] = {
      {"corpus", required_argument, NULL, 'c'},  {"dir", required_argument, NULL, 'd'},
      {"exclude", required_argument, NULL, 'x'}, {"max-bytes", required_argument, NULL, 'm'},
      {"seed", required_argument, NULL, 's'},    {"json", required_argument, NULL, 'j'},
      {"help", no_argument, NULL, 'h'},          {0}};
  bool ok = true;
  for (int option; ok && (option = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
    if (option == 'h') *help = true;
    if (option == '?') return fault_set(fault, EXIT_CODE_USAGE, "`phasebench estimate --help` lists the options");
    if (option == 'c') options->corpus = optarg;
    if (option == 'd') options->directory = optarg;
    if (option == 'x') ok = option_exclude(optarg, fault);
    if (option == 'j') options->json = optarg;
    if (option == 'm') ok = option_number("--max-bytes", optarg, 1, UINT64_C(1) << 53, &options->max_bytes, fault);
    if (option == 's') ok = option_number("--seed", optarg, 0, UINT64_C(1) << 53, &options->seed, fault);
  }
  if (ok && optind < argc) return fault_set(fault, EXIT_CODE_USAGE, "'%s' is one argument too many", argv[optind]);
  return ok;
}

/* ---- the documents of a language ---- */

struct language {
  struct grammar grammar;
  TSParser *parser;
  struct estimate_model *model;
};

static bool add_source(const struct language *language, const char *path, const char *source, uint64_t bytes,
                       struct outcome *outcome, struct fault *fault) {
  struct fault inner = {0};
  TSTree *tree = ts_parser_parse_string(language->parser, NULL, source, (uint32_t)bytes);
  if (!tree) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: the parser gave no tree", path);
  uint64_t began_ns = clock_ns();
  bool ok = estimate_add(language->model, tree, &outcome->bits, &inner);
  if (!ok) fault_set(fault, inner.code, "%s: %s", path, inner.message);
  outcome->seconds += (double)(clock_ns() - began_ns) / 1e9;
  outcome->document_count++;
  outcome->source_bytes += bytes;
  ts_tree_delete(tree);
  return ok;
}

static bool open_language(const char *name, struct language *language, struct fault *fault) {
  if (!grammar_load(name, &language->grammar, fault)) return false;
  language->parser = ts_parser_new();
  if (!ts_parser_set_language(language->parser, language->grammar.ts))
    return fault_set(fault, EXIT_CODE_INPUT, "%s: the parser refuses the grammar", name);
  language->model = estimate_model_new(language->grammar.ts, ESTIMATE_LG_LINES);
  if (!language->model) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the model of %s", name);
  return true;
}

static void close_language(struct language *language) {
  estimate_model_free(language->model);
  if (language->parser) ts_parser_delete(language->parser);
  if (language->grammar.ts) grammar_unload(&language->grammar);
}

static bool measure_language(const struct corpus *corpus, uint32_t number, const uint32_t *files, uint32_t count,
                             struct outcome *outcome, struct fault *fault) {
  struct language language = {0};
  bool ok = true;
  outcome->name = corpus->languages[number].name;
  for (uint32_t i = 0; ok && i < count; i++) {
    const struct corpus_file *file = &corpus->files[files[i]];
    char *path = NULL, *source = NULL;
    if (file->language != number) continue;
    ok = interrupt_none("there are no figures", fault) &&
         (language.model || open_language(outcome->name, &language, fault)) &&
         sample_read(corpus, file, &path, &source, fault) &&
         add_source(&language, path, source, file->bytes, outcome, fault);
    free(path);
    free(source);
  }
  close_language(&language);
  return ok;
}

/* ---- output ---- */

static double bits_per_node(const struct outcome *outcome, enum estimate_part part) {
  return outcome->bits.of[part] / (double)outcome->bits.node_count;
}

static double all_bits(const struct outcome *outcome) {
  double bits = 0;
  for (int part = 0; part < ESTIMATE_PART_COUNT; part++) bits += outcome->bits.of[part];
  return bits;
}

static void print_outcome(const struct outcome *outcome) {
  char nodes[48];
  number_readable((double)outcome->bits.node_count, 0, nodes, sizeof nodes);
  printf("%-12s %9u %13s", outcome->name, outcome->document_count, nodes);
  for (int part = 0; part < ESTIMATE_PART_COUNT; part++)
    printf(" %9.3f", bits_per_node(outcome, (enum estimate_part)part));
  printf(" %9.3f %9.2f\n", all_bits(outcome) / (double)outcome->bits.node_count,
         (double)outcome->bits.node_count / outcome->seconds / 1e6);
}

static void print_table(const struct corpus *corpus, const struct estimate_options *options,
                        const struct outcome *outcomes, const struct outcome *total) {
  char size[SIZE_TEXT_BYTES];
  printf("corpus %s, seed %llu: %u document%s, %s of source\n\ncontext-mixing estimate, bits a node:\n", corpus->name,
         (unsigned long long)options->seed, total->document_count, plural(total->document_count),
         size_text(total->source_bytes, size));
  for (int part = 0; part < ESTIMATE_PART_COUNT; part++)
    printf("  %-9s %s\n", estimate_part_key((enum estimate_part)part), estimate_part_text((enum estimate_part)part));
  printf("\n%-12s %9s %13s", "language", "documents", "nodes");
  for (int part = 0; part < ESTIMATE_PART_COUNT; part++) printf(" %9s", estimate_part_key((enum estimate_part)part));
  printf(" %9s %9s\n", "total", "M nodes/s");
  for (size_t l = 0; l < corpus->language_count; l++) {
    if (outcomes[l].document_count > 0) print_outcome(&outcomes[l]);
  }
  if (corpus->language_count > 1) print_outcome(total);
}

static void add_json(cJSON *object, const struct outcome *outcome) {
  json_add_text(object, "language", outcome->name);
  json_add_u64(object, "document_count", outcome->document_count);
  json_add_u64(object, "source_bytes", outcome->source_bytes);
  json_add_u64(object, "node_count", outcome->bits.node_count);
  cJSON *parts = json_add_object(object, "bits_per_node");
  for (int part = 0; part < ESTIMATE_PART_COUNT; part++)
    json_add_double(parts, estimate_part_key((enum estimate_part)part),
                    bits_per_node(outcome, (enum estimate_part)part));
  json_add_double(parts, "total", all_bits(outcome) / (double)outcome->bits.node_count);
}

static bool write_json(const struct corpus *corpus, const struct estimate_options *options,
                       const struct outcome *outcomes, const struct outcome *total, struct fault *fault) {
  cJSON *root = json_new_object();
  json_add_text(root, "schema", "phasebench-estimate-1");
  json_add_text(root, "version", phasebench_version());
  json_add_text(root, "corpus", corpus->name);
  json_add_text(root, "corpus_content_hash", corpus->content_hash);
  if (options->max_bytes == UINT64_MAX) json_add_item(root, "max_bytes", cJSON_CreateNull());
  else json_add_u64(root, "max_bytes", options->max_bytes);
  json_add_u64(root, "seed", options->seed);
  json_add_u64(root, "model_bytes", UINT64_C(64) << ESTIMATE_LG_LINES);
  cJSON *languages = json_add_array(root, "languages");
  for (size_t l = 0; l < corpus->language_count; l++) {
    if (outcomes[l].document_count > 0) add_json(json_add_object(languages, NULL), &outcomes[l]);
  }
  add_json(json_add_object(root, "total"), total);
  bool ok = json_write_file(options->json, root, fault);
  cJSON_Delete(root);
  return ok;
}

/* ---- the run ---- */

static void add_up(struct outcome *total, const struct outcome *outcome) {
  total->document_count += outcome->document_count;
  total->source_bytes += outcome->source_bytes;
  total->seconds += outcome->seconds;
  total->bits.node_count += outcome->bits.node_count;
  for (int part = 0; part < ESTIMATE_PART_COUNT; part++) total->bits.of[part] += outcome->bits.of[part];
}

static bool measure(const struct corpus *corpus, const struct estimate_options *options, struct outcome *outcomes,
                    struct fault *fault) {
  struct outcome total = {.name = "all"};
  uint32_t *files, count;
  if (!sample_draw(corpus, options->max_bytes, options->seed, &files, &count, fault)) return false;
  bool ok = true;
  for (uint32_t l = 0; ok && l < corpus->language_count; l++) {
    ok = measure_language(corpus, l, files, count, &outcomes[l], fault);
    add_up(&total, &outcomes[l]);
  }
  free(files);
  if (ok) print_table(corpus, options, outcomes, &total);
  return ok && (!options->json || write_json(corpus, options, outcomes, &total, fault));
}

static bool run(const struct estimate_options *options, struct fault *fault) {
  struct corpus *corpus = NULL;
  struct stage_heap *heap = heap_new("tree-sitter", fault);
  if (!heap) return false;
  heap_use_for_tree_sitter(heap);
  if (!option_corpus(options->corpus, options->directory, &corpus, fault)) return false;
  struct outcome *outcomes = calloc(corpus->language_count + 1, sizeof *outcomes);
  bool ok = outcomes ? measure(corpus, options, outcomes, fault) : fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  free(outcomes);
  corpus_close(corpus);
  return ok;
}

int command_estimate(int argc, char **argv) {
  struct estimate_options options = {.max_bytes = UINT64_MAX, .seed = 1};
  struct fault fault = {0};
  bool help = false;
  interrupt_watch();
  if (parse_options(argc, argv, &options, &help, &fault)) {
    if (help) {
      print_help();
      return EXIT_CODE_OK;
    }
    if (!options.json || json_may_replace(options.json, &fault)) run(&options, &fault);
  }
  fault_print(&fault, "estimate");
  return (int)fault.code;
}
