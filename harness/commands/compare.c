/* SPDX-License-Identifier: MIT
 *
 * compare.c - `phasebench compare A B`. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "commands.h"
#include "judge/compare.h"
#include "report/folder.h"

#define PATH_BYTES 4300

struct compare_options {
  const char *profile, *directory;
  bool json, unlike, all;
};

static void print_help(void) {
  fputs(
      "usage: phasebench compare [OPTION]... A B\n\n"
      "Shows two result files side by side: for each combination and figure A, B, their difference and\n"
      "ratio, the noise of each, and whether the intervals of their medians overlap; on top, in what corpus,\n"
      "machine, program and settings differ. It shows and does not judge.\n\n"
      "  --unlike          the corpora may differ: only figures a line or a node are compared\n"
      "  --profile P       allocator profile (default: strict where present, else A's first)\n"
      "  --all             all figures, not only the main ones\n"
      "  --json            as JSON (results/compare.schema.json), all figures\n"
      "  -o, --output DIR  also a page, DIR/index.html, and all figures as compare.csv and compare.json\n\n"
      "example: phasebench compare old.json new.json -o reports/old-new\n",
      stdout);
}

static FILE *create(const char *directory, const char *name, struct fault *fault) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = fopen(path, "w");
  if (!file) fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
  return file;
}

static bool close_written(FILE *file, const char *name, struct fault *fault) {
  bool ok = !ferror(file);
  if (fclose(file) != 0) ok = false;
  if (!ok) fault_set(fault, EXIT_CODE_SYSTEM, "%s: writing failed: %s", name, strerror(errno));
  return ok;
}

static bool fill_folder(void *context, const char *made, struct fault *fault) {
  const struct comparison *comparison = context;
  char path[PATH_BYTES];
  FILE *page = create(made, "index.html", fault);
  if (!page) return false;
  bool ok = compare_write_page(comparison, page, fault);
  if (!close_written(page, "index.html", fault) || !ok) return false;
  FILE *csv = create(made, "compare.csv", fault);
  if (!csv) return false;
  compare_write_csv(comparison, csv);
  if (!close_written(csv, "compare.csv", fault)) return false;
  snprintf(path, sizeof path, "%s/compare.json", made);
  cJSON *root = compare_json(comparison);
  ok = json_write_file(path, root, fault);
  cJSON_Delete(root);
  return ok;
}

static void show(const struct compare_options *options, struct comparison *comparison, struct fault *fault) {
  if (options->directory && !report_folder_make(options->directory, fill_folder, comparison, fault)) return;
  if (options->json) {
    json_print(compare_json(comparison), fault);
    return;
  }
  compare_write_text(comparison, options->all, stdout);
  if (options->directory) printf("\ncomparison: %s/index.html\n", options->directory);
}

static void compare_files(const struct compare_options *options, char **paths, struct fault *fault) {
  struct result *a = NULL, *b = NULL;
  struct comparison comparison;
  if (result_open(paths[0], &a, fault) && result_open(paths[1], &b, fault) &&
      compare_open(a, b, options->profile, options->unlike, &comparison, fault)) {
    show(options, &comparison, fault);
    compare_close(&comparison);
  }
  result_close(a);
  result_close(b);
}

int command_compare(int argc, char **argv) {
  static const struct option names[] = {{"output", required_argument, NULL, 'o'},
                                        {"profile", required_argument, NULL, 'p'},
                                        {"json", no_argument, NULL, 'j'},
                                        {"unlike", no_argument, NULL, 'u'},
                                        {"all", no_argument, NULL, 'a'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  struct compare_options options = {0};
  struct fault fault = {0};
  for (int option; (option = getopt_long(argc, argv, "ho:", names, NULL)) != -1;) {
    if (option == '?') return EXIT_CODE_USAGE; /* getopt has said why */
    if (option == 'h') {
      print_help();
      return EXIT_CODE_OK;
    }
    if (option == 'o') options.directory = optarg;
    if (option == 'p') options.profile = optarg;
    options.json = options.json || option == 'j';
    options.unlike = options.unlike || option == 'u';
    options.all = options.all || option == 'a';
  }
  if (argc - optind != 2 || (options.directory && !options.directory[0])) {
    fprintf(stderr, "phasebench compare: expected two result files%s; `phasebench compare --help` tells more\n",
            argc - optind == 2 ? " and a folder after -o" : "");
    return EXIT_CODE_USAGE;
  }
  compare_files(&options, argv + optind, &fault);
  fault_print(&fault, "compare");
  return (int)fault.code;
}
