/* SPDX-License-Identifier: MIT
 *
 * claims.c - `phasebench claims RESULT...`: what results say of published
 * numbers. Ledger and verdicts: claims.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "judge/claims_output.h"

struct options {
  const char *ledger, *profile;
  enum claims_form form;
  bool check, contradictions;
  char **paths;
  unsigned path_count;
};

static void print_help(void) {
  fputs(
      "usage: phasebench claims [OPTION]... RESULT...\n"
      "       phasebench claims [OPTION]... --contradictions\n\n"
      "Holds published numbers against results, each against the results of the corpora it is about.\n"
      "Verdicts, where larger is better:\n"
      "  exceeded               measured above the claim and its tolerance\n"
      "  reproduced             within the tolerance\n"
      "  smaller than claimed   there, but less than claimed ('larger than claimed' where\n"
      "                         smaller is better)\n"
      "  refuted                no effect at all (reductions: 0 or less; absolute figures: half\n"
      "                         of what was claimed, or less)\n"
      "  not measured           and why\n"
      "Measured is the median over repetitions, with its confidence interval. Where the interval\n"
      "reaches another verdict, that is said. Claims that contradict each other are listed, too.\n\n"
      "  --ledger FILE     another ledger than the one that comes with phasebench\n"
      "  --profile P       allocator profile (default: strict where present, else the first)\n"
      "  --check           exit code 11 when a claim is refuted, 12 when one about the corpus of a result\n"
      "                    could not be judged, or none was\n"
      "  --contradictions  only what contradicts itself in the ledger; needs no result\n"
      "  --json            JSON in place of text (reports/verdicts.schema.json)\n"
      "  --markdown        a Markdown table in place of text\n\n",
      stdout);
  fputs(
      "A ledger of your own (all fields: reports/README.md):\n"
      "  {\n"
      "    \"schema\": \"phasebench-claims-1\",\n"
      "    \"sources\": {\"talk\": \"our talk of May, slide 7\"},\n"
      "    \"claims\": [{\n"
      "      \"id\": \"half\", \"says\": \"p1 needs half of the memory\",\n"
      "      \"source\": \"talk\", \"text\": \"-50 %\",\n"
      "      \"combination\": \"p1\", \"metric\": \"reduction_pct\", \"unit\": \"%\",\n"
      "      \"checkpoints\": [\"purged\"], \"corpora\": [],\n"
      "      \"value\": 50, \"tolerance\": 2, \"refuted_at\": 0, \"better\": \"larger\"\n"
      "    }]\n"
      "  }\n\n"
      "example: phasebench claims results/ts-1720.json\n",
      stdout);
}

static bool open_results(const struct options *options, struct claims_result *results, struct fault *fault) {
  if (!result_paths_differ(options->paths, options->path_count, fault)) return false;
  for (unsigned i = 0; i < options->path_count; i++) {
    if (!result_open(options->paths[i], &results[i].result, fault)) return false;
    results[i].profile = result_profile(results[i].result, options->profile, fault);
    if (!results[i].profile) return false;
  }
  return true;
}

static void check(const struct claims_verdicts *verdicts, struct fault *fault) {
  for (unsigned r = 0; r < verdicts->row_count; r++) {
    const struct claims_row *row = &verdicts->rows[r];
    if (row->judgement.verdict != CLAIM_REFUTED) continue;
    fault_set(fault, EXIT_CODE_REFUTED, "%u of %u claims are refuted, the first is %s", verdicts->counts[CLAIM_REFUTED],
              verdicts->claims->count, row->claim->id);
    return;
  }
  for (unsigned r = 0; r < verdicts->row_count; r++) {
    const struct claims_row *row = &verdicts->rows[r];
    if (!row->of || row->judgement.verdict != CLAIM_NOT_MEASURED) continue;
    fault_set(fault, EXIT_CODE_MISSING_CELL, "%s: claim %s is about this corpus and could not be judged: %s",
              row->of->result->path, row->claim->id, row->judgement.measured.missing);
    return;
  }
  if (verdicts->counts[CLAIM_NOT_MEASURED] == verdicts->claims->count)
    fault_set(fault, EXIT_CODE_MISSING_CELL, "%s: no claim is about the corpora of these results; nothing was checked",
              verdicts->claims->path);
}

static void run(const struct options *options, struct fault *fault) {
  char default_path[4200];
  const char *ledger = options->ledger;
  struct claims *claims = NULL;
  struct claims_verdicts verdicts;
  struct claims_result *results = calloc(options->path_count + 1, sizeof *results);
  if (!results) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  if (results && !ledger && claims_default_path(default_path, sizeof default_path, fault)) ledger = default_path;
  if (ledger && results && claims_open(ledger, &claims, fault) && open_results(options, results, fault) &&
      claims_verdicts_new(claims, results, options->path_count, &verdicts, fault)) {
    claims_print(&verdicts, options->form, fault);
    if (options->check) check(&verdicts, fault);
    claims_verdicts_free(&verdicts);
  }
  for (unsigned i = 0; results && i < options->path_count; i++) result_close(results[i].result);
  free(results);
  claims_close(claims);
}

static bool usage(const char *message) {
  fprintf(stderr, "phasebench claims: %s; `phasebench claims --help` tells more\n", message);
  return false;
}

static bool check_options(const struct options *options, bool json, bool markdown) {
  if (json && markdown) return usage("--json and --markdown exclude each other");
  if (options->contradictions && options->path_count) {
    return usage("--contradictions is about the ledger alone: leave the results out");
  }
  if (options->contradictions && options->check) return usage("--check needs results, --contradictions takes none");
  if (!options->contradictions && !options->path_count) return usage("no result file given");
  return true;
}

int command_claims(int argc, char **argv) {
  static const struct option known[] = {
      {"ledger", required_argument, NULL, 'l'}, {"profile", required_argument, NULL, 'p'},
      {"check", no_argument, NULL, 'c'},        {"contradictions", no_argument, NULL, 'o'},
      {"json", no_argument, NULL, 'j'},         {"markdown", no_argument, NULL, 'm'},
      {"help", no_argument, NULL, 'h'},         {0}};
  struct options options = {0};
  bool json = false, markdown = false;
  int option;
  while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
    if (option == 'h') {
      print_help();
      return EXIT_CODE_OK;
    }
    if (option == '?') return EXIT_CODE_USAGE; /* getopt has said why */
    if (option == 'l') options.ledger = optarg;
    if (option == 'p') options.profile = optarg;
    if (option == 'c') options.check = true;
    if (option == 'o') options.contradictions = true;
    if (option == 'j') json = true;
    if (option == 'm') markdown = true;
  }
  options.paths = argv + optind;
  options.path_count = (unsigned)(argc - optind);
  if (!check_options(&options, json, markdown)) return EXIT_CODE_USAGE;
  options.form = json ? CLAIMS_JSON : markdown ? CLAIMS_MARKDOWN : CLAIMS_TEXT;
  struct fault fault = {0};
  run(&options, &fault);
  fault_print(&fault, "claims");
  return (int)fault.code;
}
