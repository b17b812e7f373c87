/* SPDX-License-Identifier: MIT
 *
 * report.c - `phasebench report RESULT... -o DIR`; what it writes, the report room makes. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "commands.h"
#include "report/folder.h"
#include "report/page.h"
#include "report/write.h"
#include "render/markdown.h"

#define PATH_BYTES 4300
#define ESTIMATES_MAX 16

static void print_help(void) {
  fputs(
      "usage: phasebench report [--profile P] [--estimate FILE] [--ledger FILE] RESULT... -o DIR\n\n"
      "Makes a page of results in DIR, and prints its tables. DIR then holds index.html (all of it, in one\n"
      "page that needs no other file), report.txt, report.md, every table as CSV, and pictures by gnuplot\n"
      "(SVG and PNG) with the data that they were drawn from (*.tsv).\n\n"
      "pictures: lines per MiB by combination, with the claims marked; memory by owner; memory over the\n"
      "checkpoints; latencies; memory against time; and memory over lines, where results are of one corpus\n"
      "in several sizes (`run --max-lines`). A sample is in that last picture only, where the result of the\n"
      "whole corpus is there, too. A combination with a failed or missing cell is shown as FAILED, with the\n"
      "reason.\n\n"
      "  -o, --output DIR  made if it does not exist; files of the same name are replaced\n"
      "  --profile P       allocator profile (default: strict where present, else the first)\n"
      "  --estimate FILE   mark what `phasebench estimate --json FILE` found for the same corpus; may be\n"
      "                    given once for each corpus\n"
      "  --ledger FILE     another ledger of claims than the one that comes with phasebench\n\n"
      "example: phasebench report results/quick.json -o reports/quick\n",
      stdout);
}

/* ---- making ---- */

struct making {
  char **paths;
  int count;
  const char *profile, *ledger;
  char *const *estimates;
  unsigned estimate_count;
};

static bool open_results(char **paths, int count, const struct result **results, struct fault *fault) {
  if (!result_paths_differ(paths, (unsigned)count, fault)) return false;
  for (int i = 0; i < count; i++) {
    struct result *result;
    if (!result_open(paths[i], &result, fault)) return false;
    results[i] = result;
  }
  return true;
}

static bool write_report(const struct making *making, const struct claims *claims,
                         const struct report_estimate *estimates, const char *directory, struct fault *fault) {
  struct report report = {.claims = claims, .directory = directory, .fault = fault};
  int count = making->count;
  const struct result **results = calloc((size_t)count, sizeof *results);
  if (!results) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  report.text = report_create(directory, "report.txt", fault);
  report.markdown = report.text ? report_create(directory, "report.md", fault) : NULL;
  bool ok = report.markdown != NULL && open_results(making->paths, count, results, fault);
  if (ok)
    fputs(
        "# phasebench report\n\nAll of it in one page: [index.html](index.html); every table as CSV "
        "(`*.csv`). \u00b1 is the farther side "
        "of the interval of the median (of few repetitions at less than 95 %; the page names the level).\n\n",
        report.markdown);
  struct report_page_input input = {.results = results,
                                    .count = (unsigned)count,
                                    .claims = claims,
                                    .estimates = estimates,
                                    .estimate_count = making->estimate_count,
                                    .directory = directory};
  ok = ok && report_write_results(&report, &input, making->profile);
  for (int i = 0; i < count; i++) result_close((struct result *)(uintptr_t)results[i]);
  free(results);
  if (report.text && !report_close(report.text, "report.txt", fault)) ok = false;
  if (report.markdown && !report_close(report.markdown, "report.md", fault)) ok = false;
  return ok;
}

static bool print_file(const char *directory, const char *name, struct fault *fault) {
  char path[PATH_BYTES], block[8192];
  if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, name) >= sizeof path) return true;
  FILE *file = fopen(path, "r");
  if (!file) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
  size_t got;
  while ((got = fread(block, 1, sizeof block, file)) > 0) fwrite(block, 1, got, stdout);
  int error = ferror(file) ? errno : 0;
  fclose(file);
  if (error) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(error));
  return output_flush(fault);
}

static bool make_in(void *context, const char *made, struct fault *fault) {
  const struct making *making = context;
  struct claims *claims;
  char ledger_path[PATH_BYTES];
  const char *ledger = making->ledger;
  if (!ledger) {
    if (!claims_default_path(ledger_path, sizeof ledger_path, fault)) return false;
    ledger = ledger_path;
  }
  if (!claims_open(ledger, &claims, fault)) return false;
  struct report_estimate *estimates = calloc(making->estimate_count + 1, sizeof *estimates);
  bool ok = estimates != NULL;
  if (!ok) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  for (unsigned b = 0; ok && b < making->estimate_count; b++)
    ok = report_estimate_open(making->estimates[b], &estimates[b], fault);
  ok = ok && write_report(making, claims, estimates, made, fault);
  free(estimates);
  claims_close(claims);
  return ok;
}

static bool parse_options(int argc, char **argv, struct making *making, const char **directory, bool *help) {
  static const struct option options[] = {
      {"output", required_argument, NULL, 'o'}, {"profile", required_argument, NULL, 'p'},
      {"ledger", required_argument, NULL, 'l'}, {"estimate", required_argument, NULL, 'b'},
      {"help", no_argument, NULL, 'h'},         {0}};
  static char *estimates[ESTIMATES_MAX];
  making->estimates = estimates;
  for (int option; (option = getopt_long(argc, argv, "ho:", options, NULL)) != -1;) {
    if (option == '?') return false; /* getopt has said why */
    if (option == 'h') *help = true;
    if (option == 'o') *directory = optarg;
    if (option == 'p') making->profile = optarg;
    if (option == 'l') making->ledger = optarg;
    if (option != 'b') continue;
    if (making->estimate_count == ESTIMATES_MAX) {
      fprintf(stderr, "phasebench report: --estimate: at most %d files\n", ESTIMATES_MAX);
      return false;
    }
    estimates[making->estimate_count++] = optarg;
  }
  making->paths = argv + optind;
  making->count = argc - optind;
  return true;
}

int command_report(int argc, char **argv) {
  struct making making = {0};
  const char *directory = NULL;
  bool help = false;
  if (!parse_options(argc, argv, &making, &directory, &help)) return EXIT_CODE_USAGE;
  if (help) {
    print_help();
    return EXIT_CODE_OK;
  }
  if (!directory || !directory[0] || making.count == 0) {
    fprintf(stderr, "phasebench report: %s; `phasebench report --help` tells more\n",
            making.count == 0 ? "no result file given" : "-o DIR is missing");
    return EXIT_CODE_USAGE;
  }
  struct fault fault = {0};
  if (report_folder_make(directory, make_in, &making, &fault) && print_file(directory, "report.txt", &fault)) {
    printf("report: %s/index.html\n", directory);
  }
  fault_print(&fault, "report");
  return (int)fault.code;
}
