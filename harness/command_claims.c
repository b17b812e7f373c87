/* SPDX-License-Identifier: MIT
 *
 * command_claims.c - `phasebench claims RESULT...`: what results say of published
 * numbers. Ledger and verdicts: claims.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "commands.h"
#include "json_out.h"

static void print_help(void) {
  fputs("usage: phasebench claims [--ledger FILE] [--profile P] [--json] RESULT...\n\n"
        "Holds published numbers against results. Verdicts, where larger is better:\n"
        "  exceeded               measured above the claim and its tolerance\n"
        "  reproduced             within the tolerance\n"
        "  smaller than claimed   there, but less than claimed ('larger than claimed' where\n"
        "                         smaller is better)\n"
        "  refuted                no effect at all (reductions: 0 or less; absolute figures: half\n"
        "                         of what was claimed, or less)\n"
        "  not measured           and why\n"
        "Measured is the median over repetitions, with the range and their number.\n\n"
        "  --ledger FILE  another ledger than the one that comes with phasebench\n"
        "  --profile P    allocator profile (default: strict where present, else the first)\n"
        "  --json         JSON in place of text\n\n"
        "example: phasebench claims results/ts-1720.json\n",
        stdout);
}

/* Digits in groups for large numbers, two decimals for small ones. */
static void number_text(double value, char *text, size_t text_bytes) {
  char digits[40];
  snprintf(digits, sizeof digits, value >= 1000 || value <= -1000 ? "%.0f" : "%.2f", value);
  size_t used = 0, length = strcspn(digits, ".");
  for (size_t i = 0; digits[i] && used + 2 < text_bytes; i++) {
    if (i > 0 && i < length && (length - i) % 3 == 0 && digits[i - 1] != '-') text[used++] = ',';
    text[used++] = digits[i];
  }
  text[used] = '\0';
}

static bool needs_baseline(const struct claim *claim) { return strcmp(claim->metric, "reduction_pct") == 0; }

static void print_line(const struct claim *claim, const char *checkpoint, const struct claim_judgement *judgement) {
  char claimed[40], median[40], min[40], max[40];
  const struct spread *measured = &judgement->measured;
  number_text(claim->value, claimed, sizeof claimed);
  printf("  %-8s claimed %s %s; ", checkpoint, claimed, claim->unit);
  if (judgement->verdict == CLAIM_NOT_MEASURED) {
    printf("not measured: %s\n", measured->missing);
    return;
  }
  number_text(measured->median, median, sizeof median);
  number_text(measured->min, min, sizeof min);
  number_text(measured->max, max, sizeof max);
  printf("measured %s %s (%s ... %s, n = %u): %s\n", median, claim->unit, min, max, measured->n,
         claim_verdict_text(claim, judgement->verdict));
}

static void print_result(const struct claims *claims, const struct result *result, const char *profile) {
  printf("%s: corpus %s (%.0f files, %.0f lines), profile %s\n", result->path, result->corpus, result->files,
         result->lines, profile);
  if (result->sanitizers[0]) {
    printf("  made by a build with sanitizers (%s): its figures mean nothing\n", result->sanitizers);
  }
  for (unsigned i = 0; i < claims->count; i++) {
    const struct claim *claim = &claims->claims[i];
    bool measured = false;
    printf("\n%s: %s\n", claim->id, claim->says);
    for (unsigned c = 0; c < claim->checkpoint_count; c++) {
      struct claim_judgement judgement = claim_judge(claim, result, profile, claim->checkpoints[c]);
      print_line(claim, claim->checkpoints[c], &judgement);
      measured = measured || judgement.verdict != CLAIM_NOT_MEASURED;
    }
    if (measured) {
      printf("  rests on the cells of %s%s, profile %s, repetitions 1 to %u\n", claim->combination,
             needs_baseline(claim) ? " and " METRICS_BASELINE : "", profile, result->repetitions);
    }
    printf("  published: \"%s\" (%s)\n", claim->text, claim->source);
  }
}

static void add_json(cJSON *list, const struct claim *claim, const struct result *result, const char *profile,
                     const char *checkpoint) {
  struct claim_judgement judgement = claim_judge(claim, result, profile, checkpoint);
  const struct spread *measured = &judgement.measured;
  cJSON *object = json_new_object();
  json_add_text(object, "file", result->path);
  json_add_text(object, "corpus", result->corpus);
  json_add_text(object, "profile", profile);
  json_add_text(object, "id", claim->id);
  json_add_text(object, "says", claim->says);
  json_add_text(object, "source", claim->source);
  json_add_text(object, "text", claim->text);
  json_add_text(object, "combination", claim->combination);
  json_add_text(object, "metric", claim->metric);
  json_add_text(object, "unit", claim->unit);
  json_add_text(object, "checkpoint", checkpoint);
  json_add_double(object, "claimed", claim->value);
  json_add_double(object, "tolerance", claim->tolerance);
  json_add_double(object, "refuted_at", claim->refuted_at);
  json_add_text(object, "verdict", claim_verdict_text(claim, judgement.verdict));
  json_add_u64(object, "n", measured->n);
  if (measured->missing) {
    json_add_missing(object, "measured", measured->missing);
  } else {
    json_add_double(object, "measured", measured->median);
    json_add_double(object, "min", measured->min);
    json_add_double(object, "max", measured->max);
    json_add_double(object, "mad", measured->mad);
    cJSON *cells = json_add_array(object, "cells");
    for (unsigned r = 0; r < 2 * result->repetitions; r++) {
      if (r >= result->repetitions && !needs_baseline(claim)) break;
      cJSON *cell = json_new_object();
      json_add_text(cell, "combination", r < result->repetitions ? claim->combination : METRICS_BASELINE);
      json_add_u64(cell, "repetition", r % result->repetitions);
      json_add_item(cells, NULL, cell);
    }
  }
  json_add_item(list, NULL, object);
}

static bool judge_results(const struct claims *claims, char **paths, int count, const char *profile, cJSON *list,
                          struct fault *fault) {
  for (int i = 0; i < count; i++) {
    struct result *result;
    if (!result_open(paths[i], &result, fault)) return false;
    const char *chosen = result_profile(result, profile, fault);
    if (chosen && !list) {
      if (i > 0) putchar('\n');
      print_result(claims, result, chosen);
    }
    for (unsigned c = 0; chosen && list && c < claims->count; c++) {
      const struct claim *claim = &claims->claims[c];
      for (unsigned k = 0; k < claim->checkpoint_count; k++) {
        add_json(list, claim, result, chosen, claim->checkpoints[k]);
      }
    }
    result_close(result);
    if (!chosen) return false;
  }
  return true;
}

static bool run(const char *ledger, const char *profile, bool json, char **paths, int count, struct fault *fault) {
  char default_path[4200];
  struct claims *claims;
  if (!ledger) {
    if (!claims_default_path(default_path, sizeof default_path, fault)) return false;
    ledger = default_path;
  }
  if (!claims_open(ledger, &claims, fault)) return false;
  cJSON *root = json ? json_new_object() : NULL;
  if (root) {
    json_add_text(root, "schema", "phasebench-verdicts-1");
    json_add_text(root, "ledger", ledger);
  }
  cJSON *list = root ? json_add_array(root, "verdicts") : NULL;
  bool ok = judge_results(claims, paths, count, profile, list, fault);
  if (ok && root) {
    char *text = cJSON_Print(root);
    ok = text ? puts(text) >= 0 : fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while printing JSON");
    cJSON_free(text);
  }
  cJSON_Delete(root);
  claims_close(claims);
  if (ok && (fflush(stdout) != 0 || ferror(stdout))) {
    ok = fault_set(fault, EXIT_CODE_SYSTEM, "standard output: writing failed");
  }
  return ok;
}

int command_claims(int argc, char **argv) {
  static const struct option options[] = {{"ledger", required_argument, NULL, 'l'},
                                          {"profile", required_argument, NULL, 'p'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
  const char *ledger = NULL, *profile = NULL;
  bool json = false;
  int option;
  while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
    if (option == 'h') {
      print_help();
      return EXIT_CODE_OK;
    }
    if (option == '?') return EXIT_CODE_USAGE; /* getopt has said why */
    if (option == 'l') ledger = optarg;
    if (option == 'p') profile = optarg;
    if (option == 'j') json = true;
  }
  if (optind >= argc) {
    fputs("phasebench claims: no result file given; `phasebench claims --help` tells more\n", stderr);
    return EXIT_CODE_USAGE;
  }
  struct fault fault = {0};
  run(ledger, profile, json, argv + optind, argc - optind, &fault);
  if (fault.code != EXIT_CODE_OK) fprintf(stderr, "phasebench claims: %s\n", fault.message);
  return (int)fault.code;
}
