/* SPDX-License-Identifier: MIT
 *
 * gate.c - `phasebench gate BASELINE CANDIDATE`. What is compared and how: gate.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "base/memory_file.h"
#include "base/output.h"
#include "commands.h"
#include "judge/gate.h"
#include "result/baselines.h"

#define PAIRS_MAX 64

static void print_help(void) {
  fputs(
      "usage: phasebench gate BASELINE CANDIDATE [OPTION]...\n\n"
      "Compares two results, group by group (combination and allocator profile), and fails where a metric that\n"
      "gates got worse. BASELINE is a name (`phasebench baseline list`) or, with a '/' or .json, a file.\n\n"
      "  --config FILE        metrics and thresholds; default: results/gate.json as it was at the build\n"
      "                       (results/gate.schema.json)\n"
      "  --claims LEDGER      a claim that stands in the baseline must not be refuted by the candidate\n"
      "  --compare A=B        compare A of the baseline with B of the candidate, and nothing else; may be given\n"
      "                       again. Both may be of one file: its repetitions are interleaved, and only so are\n"
      "                       times compared fairly\n"
      "  --policy WHAT=HOW    what to do where the results differ in WHAT; may be given again:\n"
      "                         corpus    refuse, per-line (compare only figures per line, node or in %; refused\n"
      "                         where bytes or nodes a line differ by more than half), ignore\n"
      "                         machine, version, settings   refuse, ignore-times (memory gates, times do not),\n"
      "                         ignore\n"
      "                       Default: refuse\n"
      "  --all                show also what did not change, and what is only reported\n"
      "  --dir DIR            where names of baselines are looked up; default: " BASELINES_DIR
      "\n"
      "  --json FILE          the outcome for programs (results/gate-outcome.schema.json); '-' is standard output,\n"
      "  --markdown FILE      for a pull request;                                        in place of the text\n"
      "  --junit FILE         as test results\n\n"
      "How metrics are compared:\n"
      "  bytes that do not vary   exactly\n"
      "  RSS                      with its threshold, and its A/A noise: how far the repetitions of one group lie\n"
      "                           apart. Two runs differ by more than that; the threshold must cover it\n"
      "  times                    by a rank test, corrected for the number of comparisons, and a least effect.\n"
      "                           Their change is the median ratio of all pairs of repetitions, so it may differ\n"
      "                           from the ratio of the medians that are shown\n\n"
      "exit codes, the first that applies: 13 not comparable; 10 regression; 11 refuted claim; 12 missing cell or\n"
      "figure; 14 too few repetitions; 0 passed. 1 to 4: something else went wrong, and the output may be\n"
      "incomplete.\n\n"
      "example: phasebench gate quick results/quick.json --policy machine=ignore-times --markdown gate.md\n",
      stdout);
}

enum format { TEXT, JSON, MARKDOWN, JUNIT, FORMAT_COUNT };
typedef void print_fn(const struct gate *gate, FILE *out);
static print_fn *const printers[FORMAT_COUNT] = {gate_print_text, gate_print_json, gate_print_markdown,
                                                 gate_print_junit};

struct arguments {
  struct gate_options gate;
  struct gate_pair pairs[PAIRS_MAX];
  char *kept[PAIRS_MAX]; /* the texts of pairs, cut in two */
  const char *directory;
  const char *files[FORMAT_COUNT]; /* NULL: not wanted */
  bool help;
};

static bool add_pair(struct arguments *arguments, const char *text, struct fault *fault) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || !equals[1] || strchr(equals + 1, '=')) {
    return fault_set(fault, EXIT_CODE_USAGE, "--compare '%.200s': expected two combinations, A=B", text);
  }
  unsigned i = arguments->gate.pair_count;
  if (i == PAIRS_MAX) return fault_set(fault, EXIT_CODE_USAGE, "--compare: more than %d pairs", PAIRS_MAX);
  arguments->kept[i] = strdup(text);
  if (!arguments->kept[i]) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  arguments->gate.pair_count++;
  arguments->kept[i][equals - text] = '\0';
  arguments->pairs[i] = (struct gate_pair){arguments->kept[i], arguments->kept[i] + (equals - text) + 1};
  for (unsigned j = 0; j < i; j++) {
    if (!result_same_combination(arguments->pairs[j].before, arguments->pairs[i].before)) continue;
    return fault_set(fault, EXIT_CODE_USAGE, "--compare: '%.200s' is compared twice", arguments->pairs[i].before);
  }
  arguments->gate.pairs = arguments->pairs;
  return true;
}

static bool take_option(int option, struct arguments *arguments, struct fault *fault) {
  switch (option) {
    case 'h':
      arguments->help = true;
      return true;
    case 'c':
      arguments->gate.config = optarg;
      return true;
    case 'l':
      arguments->gate.claims = optarg;
      return true;
    case 'd':
      arguments->directory = optarg;
      return true;
    case 'j':
      arguments->files[JSON] = optarg;
      return true;
    case 'm':
      arguments->files[MARKDOWN] = optarg;
      return true;
    case 'u':
      arguments->files[JUNIT] = optarg;
      return true;
    case 't':
      return gate_policy_parse(optarg, arguments->gate.policies, fault);
    case 'a':
      arguments->gate.all = true;
      return true;
    case 'p':
      return add_pair(arguments, optarg, fault);
    default:
      return fault_set(fault, EXIT_CODE_USAGE, "`phasebench gate --help` lists the options");
  }
}

static bool parse(int argc, char **argv, struct arguments *arguments, struct fault *fault) {
  static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                          {"claims", required_argument, NULL, 'l'},
                                          {"compare", required_argument, NULL, 'p'},
                                          {"policy", required_argument, NULL, 't'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"markdown", required_argument, NULL, 'm'},
                                          {"junit", required_argument, NULL, 'u'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
  for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
    if (!take_option(option, arguments, fault)) return false;
    if (arguments->help) return true;
  }
  if (argc - optind != 2) return fault_set(fault, EXIT_CODE_USAGE, "expected BASELINE and CANDIDATE; see --help");
  arguments->gate.baseline = argv[optind];
  arguments->gate.candidate = argv[optind + 1];
  unsigned on_stdout = 0;
  for (unsigned f = 0; f < FORMAT_COUNT; f++) {
    const char *path = arguments->files[f];
    if (path && strcmp(path, "-") == 0) on_stdout++;
    else if (path && !json_may_replace(path, fault)) return false;
  }
  if (on_stdout > 1) return fault_set(fault, EXIT_CODE_USAGE, "only one of --json, --markdown and --junit can be '-'");
  if (on_stdout == 0) arguments->files[TEXT] = "-";
  return true;
}

/* ---- output ---- */

static bool write_one(const struct gate *gate, print_fn *print, const char *path, struct fault *fault) {
  struct memory_file text;
  if (!memory_file_begin(&text, path, fault)) return false;
  print(gate, text.out);
  if (!memory_file_end(&text, path, fault)) return false;
  bool ok = true;
  if (strcmp(path, "-") != 0) ok = json_write_bytes(path, text.bytes, text.byte_count, fault);
  else {
    fwrite(text.bytes, 1, text.byte_count, stdout);
    ok = output_flush(fault);
  }
  memory_file_drop(&text);
  return ok;
}

static int judge(struct arguments *arguments, struct fault *fault) {
  char baseline[BASELINES_PATH_BYTES], candidate[BASELINES_PATH_BYTES];
  struct gate gate = {0};
  if (!baselines_find(arguments->directory, arguments->gate.baseline, baseline, fault) ||
      !baselines_find(arguments->directory, arguments->gate.candidate, candidate, fault)) {
    return (int)fault->code;
  }
  arguments->gate.baseline = baseline;
  arguments->gate.candidate = candidate;
  bool ok = gate_run(&arguments->gate, &gate, fault);
  for (unsigned f = 0; ok && f < FORMAT_COUNT; f++) {
    if (arguments->files[f]) ok = write_one(&gate, printers[f], arguments->files[f], fault);
  }
  int code = ok ? (int)gate_exit_code(&gate) : (int)fault->code;
  gate_close(&gate);
  return code;
}

int command_gate(int argc, char **argv) {
  struct arguments arguments = {.directory = BASELINES_DIR};
  struct fault fault = {0};
  int code = EXIT_CODE_OK;
  if (parse(argc, argv, &arguments, &fault)) {
    if (arguments.help) print_help();
    else code = judge(&arguments, &fault);
  }
  if (fault.code != EXIT_CODE_OK) {
    fault_print(&fault, "gate");
    code = (int)fault.code;
  }
  for (unsigned i = 0; i < arguments.gate.pair_count; i++) free(arguments.kept[i]);
  return code;
}
