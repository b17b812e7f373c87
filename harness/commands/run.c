/* SPDX-License-Identifier: MIT
 *
 * run.c - the command line of `phasebench run`. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/json_out.h"
#include "base/size.h"
#include "commands.h"
#include "options.h"
#include "run/matrix.h"
#include "run/progress.h"

static void print_help(FILE *out) {
  fputs(
      "usage: phasebench run [OPTION]...\n\n"
      "Measures what combinations of stages hold in memory over a corpus: one fresh process for each\n"
      "combination, allocator profile and repetition. Writes one JSON file.\n\n"
      "what to measure:\n"
      "  --corpus NAME          a corpus (`phasebench corpus list`); default: " CORPUS_DEFAULT
      "\n"
      "  --dir PATH             a directory of your own, in place of a corpus\n"
      "  --exclude PATTERN      leave out what this gitignore pattern matches; may be given again\n"
      "  --max-lines N          a sample: whole files, drawn by the seed, with at most N lines in all. It is called\n"
      "                         CORPUS:max-lines-N; `report` draws memory over lines of several such results\n"
      "  --combos LIST          with commas between them: words for many combinations (below), or combinations:\n"
      "                         stages joined by '+'; a stage elsewhere is named by its path. The order in which\n"
      "                         stages are named means nothing, they are sorted; a combination that is named\n"
      "                         twice counts once. Default: cumulative\n",
      out);
  for (unsigned i = 0; i < COMBINATION_SET_COUNT; i++) {
    fprintf(out, "                           %-14s %s\n", combination_set_word((enum combination_set)i),
            combination_set_text((enum combination_set)i));
  }
  fputs(
      "  --set STAGE.OPTION=N   sets an option of a stage (`phasebench stages` lists them), in all combinations\n"
      "                         that have the stage; N of bytes may end in K, KiB, M, MiB ... TiB; may\n"
      "                         be given again\n"
      "  --profile NAME         allocator profile: strict (free pages go back at once; one arena), stock (as\n"
      "                         jemalloc comes) or both. Default: both\n"
      "  --reps N               repetitions of each, interleaved in a shuffled order. Default: 3\n"
      "  --seed N               seed of the order, the access mix and the edits. Default: 1\n"
      "  --no-instrument        leave out the cell that keeps nothing and shows the harness's own cost, which\n"
      "                         otherwise runs once for each profile\n\n"
      "limits of a cell; a cell that goes past one is a failed cell, and the others go on:\n"
      "  --timeout S            seconds. Default: 3600\n"
      "  --memory-limit SIZE    resident bytes; may end in K, KiB, M, MiB ... TiB (1024s). Default: 9/10 of\n"
      "                         the machine's memory\n\n"
      "where it goes:\n"
      "  --output FILE          default: results/<corpus>.json below the current folder, of a --dir\n"
      "                         results/dir-NAME-HASH.json, HASH being that of its path. Folders are made; no device,\n"
      "                         pipe or link.\n"
      "                         A complete result that is there is replaced, once the new one is complete\n"
      "  --resume               go on with an interrupted run of the very same settings, corpus, build and\n"
      "                         machine, whose finished cells are kept in FILE.cells. Where nothing is kept, the\n"
      "                         run begins anew; it does nothing where FILE is the complete result of this run\n"
      "                         already, and refuses where FILE is that of another run\n"
      "  --restart              discard such cells, or replace such a result, and begin anew. Without --resume and\n"
      "                         --restart, kept cells are neither used nor lost: the command refuses to start\n"
      "  --quiet                only errors and failed cells are told\n"
      "  --allow-unfit-build    measure with a Debug or sanitized build, for tests; the result says so\n\n"
      "A result is written also when cells failed; then the exit code is 5. Ctrl-C ends the cell that runs and\n"
      "keeps the finished ones; the exit code is 6.\n\n"
      "examples: phasebench run --corpus quick --combos baseline,p1 --reps 5\n"
      "          phasebench run --corpus quick --combos all --reps 1 --profile strict   (then `phasebench "
      "attribution`)\n",
      out);
}

static bool parse_timeout(const char *text, uint64_t *timeout_ms, struct fault *fault) {
  double s;
  if (!option_seconds("--timeout", text, 0.001, 1e9, &s, fault)) return false;
  *timeout_ms = (uint64_t)llround(s * 1000);
  return true;
}

static bool parse_size(const char *text, uint64_t *bytes, struct fault *fault) {
  if (size_parse(text, bytes, NULL) && *bytes >= MIB_BYTES) return true;
  return fault_set(fault, EXIT_CODE_USAGE,
                   "--memory-limit '%s': expected bytes, or a number that ends in " SIZE_UNITS_TEXT "; at least 1M",
                   text);
}

static bool default_memory_limit(uint64_t *bytes, struct fault *fault) {
  long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) {
    return fault_set(fault, EXIT_CODE_USAGE, "the machine does not tell how much memory it has: give --memory-limit");
  }
  *bytes = (uint64_t)pages / 10 * 9 * (uint64_t)page_bytes;
  return true;
}

enum {
  CORPUS = 256,
  DIRECTORY,
  EXCLUDE,
  MAX_LINES,
  COMBOS,
  SET,
  PROFILE,
  REPS,
  SEED,
  NO_INSTRUMENT,
  TIMEOUT,
  MEMORY_LIMIT,
  OUTPUT,
  RESUME,
  RESTART,
  QUIET,
  ALLOW_UNFIT_BUILD,
  HELP
};

static const struct option long_options[] = {
    {"corpus", required_argument, NULL, CORPUS},
    {"dir", required_argument, NULL, DIRECTORY},
    {"exclude", required_argument, NULL, EXCLUDE},
    {"max-lines", required_argument, NULL, MAX_LINES},
    {"combos", required_argument, NULL, COMBOS},
    {"set", required_argument, NULL, SET},
    {"profile", required_argument, NULL, PROFILE},
    {"reps", required_argument, NULL, REPS},
    {"seed", required_argument, NULL, SEED},
    {"no-instrument", no_argument, NULL, NO_INSTRUMENT},
    {"timeout", required_argument, NULL, TIMEOUT},
    {"memory-limit", required_argument, NULL, MEMORY_LIMIT},
    {"output", required_argument, NULL, OUTPUT},
    {"resume", no_argument, NULL, RESUME},
    {"restart", no_argument, NULL, RESTART},
    {"quiet", no_argument, NULL, QUIET},
    {"allow-unfit-build", no_argument, NULL, ALLOW_UNFIT_BUILD},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static bool take_option(int option, struct run_options *options, struct fault *fault) {
  uint64_t number;
  switch (option) {
    case CORPUS:
      options->corpus = optarg;
      return true;
    case DIRECTORY:
      options->directory = optarg;
      return true;
    case EXCLUDE:
      return option_exclude(optarg, fault);
    case MAX_LINES:
      return option_number("--max-lines", optarg, 1, JSON_INTEGER_MAX - 1, &options->max_lines, fault);
    case COMBOS:
      options->combinations = optarg;
      return true;
    case SET:
      return store_setting_add(&options->place, optarg, fault);
    case PROFILE:
      options->profile = optarg;
      return true;
    case REPS:
      if (!option_number("--reps", optarg, 1, PLAN_REPETITIONS_MAX, &number, fault)) return false;
      options->repetitions = (unsigned)number;
      return true;
    case SEED:
      return option_number("--seed", optarg, 0, JSON_INTEGER_MAX - 1, &options->seed, fault);
    case NO_INSTRUMENT:
      options->instrument = false;
      return true;
    case TIMEOUT:
      return parse_timeout(optarg, &options->timeout_ms, fault);
    case MEMORY_LIMIT:
      return parse_size(optarg, &options->memory_limit_bytes, fault);
    case OUTPUT:
      options->output = optarg;
      return true;
    case RESUME:
      options->resume = true;
      return true;
    case RESTART:
      options->restart = true;
      return true;
    case QUIET:
      options->quiet = true;
      return true;
    case ALLOW_UNFIT_BUILD:
      options->allow_unfit_build = true;
      return true;
    default:
      return fault_set(fault, EXIT_CODE_USAGE, "`phasebench run --help` lists the options"); /* getopt said what */
  }
}

static bool parse(int argc, char **argv, struct run_options *options, bool *help, struct fault *fault) {
  optind = 1;
  for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
    if (option == HELP || option == 'h') {
      *help = true;
      return true;
    }
    if (!take_option(option, options, fault)) return false;
  }
  if (optind < argc) return fault_set(fault, EXIT_CODE_USAGE, "'%s': expected options only; see --help", argv[optind]);
  if (options->corpus && options->directory)
    return fault_set(fault, EXIT_CODE_USAGE, "--corpus and --dir: give one of them");
  if (options->resume && options->restart)
    return fault_set(fault, EXIT_CODE_USAGE, "--resume and --restart: give one of them");
  if (!options->corpus && !options->directory) options->corpus = CORPUS_DEFAULT;
  return options->memory_limit_bytes > 0 || default_memory_limit(&options->memory_limit_bytes, fault);
}

static int give_up(const struct fault *fault) {
  fault_print(fault, "run");
  return fault->code;
}

int command_run(int argc, char **argv) {
  struct run_options options = {.combinations = "cumulative",
                                .profile = "both",
                                .excludes = option_excludes(),
                                .repetitions = 3,
                                .seed = 1,
                                .timeout_ms = 3600 * 1000,
                                .instrument = true};
  struct fault fault = {0};
  char output[4096];
  struct result *result;
  bool help = false;
  if (!parse(argc, argv, &options, &help, &fault)) return give_up(&fault);
  if (help) {
    print_help(stdout);
    return EXIT_CODE_OK;
  }
  interrupt_ignore(SIGPIPE); /* hours of measuring do not end because nobody reads the progress any more */
  if (!matrix_run(&options, output, &result, &fault)) return give_up(&fault);
  if (!options.quiet) run_table_print(output, result);
  unsigned cells_failed = result_count_failed(result);
  result_close(result);
  if (cells_failed == 0) return EXIT_CODE_OK;
  fprintf(stderr, "phasebench run: %u cell%s failed; %s says why\n", cells_failed, cells_failed == 1 ? "" : "s",
          output);
  return EXIT_CODE_CELL_FAILED;
}
