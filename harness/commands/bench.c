/* SPDX-License-Identifier: MIT
 *
 * bench.c - `phasebench bench`; what is measured is told in bench.h. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/json_out.h"
#include "base/size.h"
#include "base/text.h"
#include "bench/bench.h"
#include "commands.h"
#include "options.h"
#include "system/heap.h"

struct bench_options {
  const char *corpus, *directory, *combinations, *filter, *json;
  uint64_t max_bytes, seed;
  unsigned repetitions;
  double min_time_s;
  struct store_place place; /* settings of stages; each store's folder is its own */
};

static void print_help(void) {
  fputs(
      "usage: phasebench bench [--corpus NAME | --dir PATH] [OPTION]...\n\n"
      "Measures the speed of codecs beside tree-sitter's own on the same documents, in one process\n"
      "and one run, repetitions interleaved at random. Every answer is compared with tree-sitter's;\n"
      "a wrong one is an error (exit code 5) and has no figure. Ctrl-C ends it without a table (exit code 6).\n\n"
      "operations: parse, ingest (parse and put into an empty store), encode (put alone), walk (batch),\n"
      "cursor (every node by moves), count (the nodes of one symbol); at random: index, first_child,\n"
      "next_sibling, previous_sibling, parent, child_by_field, descendant (at a byte), point (at a row\n"
      "and column). A codec that cannot do one of them has no figure for it, and the table says why;\n"
      "without a count of its own it counts by its walk. count is also held against the subject's own walk.\n\n"
      "  --corpus NAME    a corpus (default: quick)\n"
      "  --dir PATH       a directory of your own\n"
      "  --exclude PATTERN  leave out what this gitignore pattern matches; may be given again\n"
      "  --combos A,B     combinations (default: the cumulative ones that exist), e.g. baseline,p1\n"
      "  --set STAGE.OPTION=N  sets an option of a stage (`phasebench stages` lists them); may be given again\n"
      "  --filter REGEX   only benchmarks (operation/subject) that match\n"
      "  --reps N         repetitions (default 5)\n"
      "  --min-time S     seconds for each repetition of each benchmark (default 0.1)\n"
      "  --max-bytes N    take a sample of whole documents of at most N bytes (default 4194304)\n"
      "  --seed N         which sample, and which random nodes (default 1)\n"
      "  --json FILE      every repetition as JSON, in Google Benchmark's own format (--benchmark_out), which is no\n"
      "                   result and has no schema here\n\n"
      "example: phasebench bench --corpus quick --combos baseline,p1 --filter '^(walk|cursor)/'\n",
      stdout);
}

/* ---- options ---- */

static bool parse_options(int argc, char **argv, struct bench_options *options, bool *help, struct fault *fault) {
  static const struct option names[] = {{"corpus", required_argument, NULL, 'c'},
                                        {"dir", required_argument, NULL, 'd'},
                                        {"combos", required_argument, NULL, 'k'},
                                        {"set", required_argument, NULL, 'S'},
                                        {"filter", required_argument, NULL, 'f'},
                                        {"reps", required_argument, NULL, 'r'},
                                        {"min-time", required_argument, NULL, 't'},
                                        {"max-bytes", required_argument, NULL, 'm'},
                                        {"seed", required_argument, NULL, 's'},
                                        {"json", required_argument, NULL, 'j'},
                                        {"exclude", required_argument, NULL, 'x'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  int option;
  bool ok = true;
  uint64_t number;
  while (ok && (option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
    if (option == 'h') *help = true;
    if (option == '?') return fault_set(fault, EXIT_CODE_USAGE, "`phasebench bench --help` lists the options");
    if (option == 'c') options->corpus = optarg;
    if (option == 'd') options->directory = optarg;
    if (option == 'x') ok = option_exclude(optarg, fault);
    if (option == 'k') options->combinations = optarg;
    if (option == 'S') ok = store_setting_add(&options->place, optarg, fault);
    if (option == 'f') options->filter = optarg;
    if (option == 'j') options->json = optarg;
    if (option == 't') ok = option_seconds("--min-time", optarg, 0.0001, 3600, &options->min_time_s, fault);
    if (option == 'm') ok = option_number("--max-bytes", optarg, 1, UINT64_C(1) << 40, &options->max_bytes, fault);
    if (option == 's') ok = option_number("--seed", optarg, 0, UINT64_C(1) << 53, &options->seed, fault);
    if (option == 'r') {
      ok = option_number("--reps", optarg, 1, SUMMARY_VALUES_MAX, &number, fault);
      options->repetitions = ok ? (unsigned)number : 0;
    }
  }
  if (ok && optind < argc) {
    return fault_set(fault, EXIT_CODE_USAGE, "'%s' is one argument too many; combinations go to --combos",
                     argv[optind]);
  }
  return ok;
}

/* ---- combinations ---- */

static bool parse_combinations(const char *text, struct combination *combinations, unsigned *count,
                               struct fault *fault) {
  if (!text) return combination_cumulative(combinations, BENCH_SUBJECTS_MAX - 1, count, fault);
  char *copy = strdup(text), *rest = copy;
  if (!copy) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  bool ok = true;
  for (char *one; ok && (one = strsep(&rest, ",")) != NULL;) {
    if (*count == BENCH_SUBJECTS_MAX - 1) {
      ok = fault_set(fault, EXIT_CODE_USAGE, "--combos: more than %d combinations", BENCH_SUBJECTS_MAX - 1);
    } else {
      ok = combination_parse(one, &combinations[*count], fault);
    }
    for (unsigned i = 0; ok && i < *count; i++) {
      if (strcmp(combinations[i].name, combinations[*count].name) == 0) {
        ok = fault_set(fault, EXIT_CODE_USAGE, "--combos: '%s' is there twice", combinations[i].name);
      }
    }
    if (ok) (*count)++;
  }
  free(copy);
  return ok;
}

/* ---- the run ---- */

/* Puts the file in place when it is whole JSON, and only then. */
static bool finish_json(const char *made, const char *path, struct fault *fault) {
  FILE *file = fopen(made, "r");
  char last[3] = "";
  bool whole = file && fseek(file, -2, SEEK_END) == 0 && fread(last, 1, 2, file) == 2 && strcmp(last, "}\n") == 0;
  if (file) fclose(file);
  if (!whole) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: writing failed; is the disk full?", made);
  if (rename(made, path) == 0) return true;
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be put in place: %s", path, strerror(errno));
}

static bool run_benchmarks(const struct bench_options *options, struct bench *bench, struct fault *fault) {
  char repetitions[64], min_time[64], made[4200] = "", out[4300], filter[1100], why[300] = "";
  const char *arguments[8];
  unsigned count = 0;
  snprintf(repetitions, sizeof repetitions, "--benchmark_repetitions=%u", options->repetitions);
  snprintf(min_time, sizeof min_time, "--benchmark_min_time=%.17g", options->min_time_s);
  arguments[count++] = repetitions;
  arguments[count++] = min_time;
  arguments[count++] = "--benchmark_enable_random_interleaving=true";
  if (options->filter) {
    if ((size_t)snprintf(filter, sizeof filter, "--benchmark_filter=%s", options->filter) >= sizeof filter) {
      return fault_set(fault, EXIT_CODE_USAGE, "--filter: longer than 1,000 characters");
    }
    arguments[count++] = filter;
  }
  if (options->json) {
    if ((size_t)snprintf(made, sizeof made, "%s.making-%ld", options->json, (long)getpid()) >= sizeof made) {
      return fault_set(fault, EXIT_CODE_USAGE, "--json: the path is too long");
    }
    /* The library ends the process when it cannot write its file, so that is tried before. */
    if (!option_writable(made, fault)) return false;
    snprintf(out, sizeof out, "--benchmark_out=%s", made);
    arguments[count++] = out;
    arguments[count++] = "--benchmark_out_format=json";
  }
  struct bench_table *table = bench_table_new();
  if (!table) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  gbench_use_memory(gbench_jemalloc());
  const struct gbench_request request = {.arguments = arguments,
                                         .argument_count = count,
                                         .each = bench_table_add,
                                         .sink = table,
                                         .table = isatty(STDERR_FILENO)};
  int ran = gbench_run(&request, why, sizeof why);
  bool ok = ran > 0;
  if (ran < 0) fault_set(fault, EXIT_CODE_INTERNAL, "the benchmark library: %s", why);
  if (!interrupt_none("there is no table, and no JSON was written", fault)) ok = false;
  if (ran == 0) {
    fault_set(fault, EXIT_CODE_USAGE, "--filter '%s' matches no benchmark", options->filter ? options->filter : "");
  }
  if (ok && options->json) ok = finish_json(made, options->json, fault);
  if (made[0]) unlink(made);
  if (ok && !bench_table_print(table, bench)) {
    ok = fault_set(fault, EXIT_CODE_CELL_FAILED, "a benchmark gave a wrong answer or failed; it has no figure");
  }
  bench_table_free(table);
  return ok;
}

static void print_settings(const struct store_place *place) {
  for (unsigned i = 0; i < place->setting_count; i++) {
    char text[STORE_SETTING_BYTES];
    store_setting_show(&place->settings[i], text);
    printf("set: %s\n", text);
  }
}

static bool measure(const struct bench_options *options, const struct combination *combinations, unsigned count,
                    const struct corpus *corpus, struct fault *fault) {
  struct bench bench;
  bool ok = bench_open(&bench, corpus, options->max_bytes, options->seed, fault);
  bench.place = &options->place;
  for (unsigned i = 0; ok && i < count; i++) ok = bench_add(&bench, &combinations[i], fault);
  if (ok) print_settings(&options->place);
  if (ok)
    printf("corpus %s, seed %llu, %u repetition%s of %g s; ", corpus->name, (unsigned long long)options->seed,
           options->repetitions, plural(options->repetitions), options->min_time_s);
  fflush(stdout);
  ok = ok && bench_register(&bench, fault) && run_benchmarks(options, &bench, fault);
  gbench_clear();
  bench_close(&bench);
  return ok;
}

static bool run(const struct bench_options *options, struct fault *fault) {
  struct combination *combinations = calloc(BENCH_SUBJECTS_MAX, sizeof *combinations);
  struct corpus *corpus = NULL;
  unsigned count = 0;
  if (!combinations) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  struct stage_heap *heap = heap_new("tree-sitter", fault);
  bool ok = heap != NULL;
  if (ok) heap_use_for_tree_sitter(heap);
  ok = ok && parse_combinations(options->combinations, combinations, &count, fault) &&
       store_settings_check(&options->place, combinations, count, fault);
  ok = ok && option_corpus(options->corpus, options->directory, &corpus, fault) &&
       measure(options, combinations, count, corpus, fault);
  if (corpus) corpus_close(corpus);
  free(combinations);
  return ok;
}

int command_bench(int argc, char **argv) {
  struct bench_options options = {.max_bytes = 4 * MIB_BYTES, .seed = 1, .repetitions = 5, .min_time_s = 0.1};
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
  fault_print(&fault, "bench");
  return (int)fault.code;
}
