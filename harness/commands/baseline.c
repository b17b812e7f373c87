/* SPDX-License-Identifier: MIT
 *
 * baseline.c - `phasebench baseline save|list|show`. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "commands.h"
#include "find.h"
#include "result/baselines.h"
#include "result/metrics.h"

static void print_help(void) {
  fputs(
      "usage: phasebench baseline save RESULT --name NAME [--dir DIR] [--replace]\n"
      "       phasebench baseline list [--dir DIR]\n"
      "       phasebench baseline show NAME [--dir DIR]\n\n"
      "Keeps results as baselines, DIR/NAME.json, to be committed and compared with by `phasebench gate NAME`.\n"
      "A result with failed cells, of a sanitized build or measured with --allow-unfit-build is refused.\n\n"
      "  --name NAME  letters, digits, '.', '_', '-'\n"
      "  --dir DIR    default: " BASELINES_DIR
      " below the current folder\n"
      "  --replace    put it in place of the baseline of that name; without it, that is refused\n\n"
      "example: phasebench baseline save results/quick.json --name quick --replace\n",
      stdout);
}

static void print_head(const struct result *result, const char *name) {
  printf("%-20s %-16s %10.0f lines  %u combination%s x %u profile%s x %u  %s  commit %.12s\n", name, result->corpus,
         result->lines, result->combination_count, result->combination_count == 1 ? "" : "s", result->profile_count,
         result->profile_count == 1 ? "" : "s", result->repetitions, result->created_utc,
         result->commit ? result->commit : "not known");
}

static int is_baseline(const struct dirent *entry) {
  size_t length = strlen(entry->d_name);
  return length > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* Goes on after a baseline that cannot be read, and then ends with the exit code of that one. */
static bool list(const char *directory, struct fault *fault) {
  struct dirent **entries;
  int count = scandir(directory, &entries, is_baseline, alphasort);
  if (count < 0 && errno == ENOENT) count = 0, entries = NULL;
  if (count < 0)
    return fault_set(fault, exit_code_of_errno(errno), "%s: cannot be listed: %s", directory, strerror(errno));
  if (count == 0) printf("no baselines in %s; `phasebench baseline save` makes one\n", directory);
  for (int i = 0; i < count; i++) {
    char path[BASELINES_PATH_BYTES];
    struct result *result;
    struct fault own = {0};
    entries[i]->d_name[strlen(entries[i]->d_name) - 5] = '\0';
    if (baselines_path(directory, entries[i]->d_name, path, &own) && result_open(path, &result, &own)) {
      print_head(result, entries[i]->d_name);
      result_close(result);
    } else {
      fprintf(stderr, "phasebench baseline: %s\n", own.message);
      fault_set(fault, own.code, "%s", "not every baseline can be read");
    }
    free(entries[i]);
  }
  free(entries);
  return fault->code == EXIT_CODE_OK;
}

static void print_group(const struct result *result, const struct result_group *group) {
  static const char *const names[] = {"rss_above_start_bytes", "held_active_bytes"};
  printf("  %-28s %-7s", group->combination, group->profile);
  for (unsigned n = 0; n < 2; n++) {
    struct summary at_rest = metrics_find(result, group, names[n], "purged", NULL);
    if (at_rest.missing) printf("  %12s", "-");
    else printf("  %12.0f", at_rest.median);
  }
  struct summary noise = metrics_find(result, group, "rss_noise_pct", NULL, NULL);
  if (noise.missing) printf("  %9s\n", "-");
  else printf("  %7.2f %%\n", noise.median);
}

static bool show(const char *directory, const char *name, struct fault *fault) {
  char path[BASELINES_PATH_BYTES];
  struct result *result;
  if (!baselines_find(directory, name, path, fault) || !result_open(path, &result, fault)) return false;
  print_head(result, name);
  printf("file       %s\ncontent    %s\nmachine    %s, %s\nbuilt      %s,%s; tree-sitter %s; allocator %s\n\n", path,
         result->content_hash, result->cpu_model ? result->cpu_model : "not known",
         result->kernel ? result->kernel : "not known", result->compiler ? result->compiler : "not known",
         result->compiler_flags ? result->compiler_flags : " not known",
         result->tree_sitter_version ? result->tree_sitter_version : "not known",
         result->allocator_version ? result->allocator_version : "not known");
  printf("  %-28s %-7s  %12s  %12s  %9s   (bytes at rest)\n", "combination", "profile", "RSS", "in heaps", "A/A, RSS");
  for (unsigned g = 0; g < result->group_count; g++) print_group(result, &result->groups[g]);
  result_close(result);
  return true;
}

struct arguments {
  const char *name, *directory;
  bool replace;
};

static bool act(int argc, char **argv, const struct arguments *arguments, struct fault *fault) {
  char path[BASELINES_PATH_BYTES];
  const char *verb = argc > 0 ? argv[0] : "";
  bool saves = strcmp(verb, "save") == 0;
  if (!saves && (arguments->name || arguments->replace)) {
    return fault_set(fault, EXIT_CODE_USAGE, "--name and --replace belong to `save`");
  }
  if (saves && argc == 2 && arguments->name) {
    if (!baselines_save(argv[1], arguments->directory, arguments->name, arguments->replace, path, fault)) return false;
    printf("%s\n", path);
    return true;
  }
  if (saves) return fault_set(fault, EXIT_CODE_USAGE, "save: expected one RESULT and --name NAME");
  if (strcmp(verb, "list") == 0 && argc == 1) return list(arguments->directory, fault);
  if (strcmp(verb, "show") == 0 && argc == 2) return show(arguments->directory, argv[1], fault);
  return fault_set(fault, EXIT_CODE_USAGE,
                   "expected `save RESULT --name NAME`, `list` or `show NAME`; `phasebench baseline --help` tells "
                   "more");
}

/* Whether the first word is a subcommand, or none is there; says so where it is another word. */
static bool check_verb(const char *verb) {
  static const char *const known[] = {"save", "list", "show"};
  if (!verb) return true;
  for (size_t i = 0; i < COUNT(known); i++) {
    if (strcmp(verb, known[i]) == 0) return true;
  }
  subcommand_print_unknown("baseline", verb, known, COUNT(known));
  return false;
}

int command_baseline(int argc, char **argv) {
  static const struct option options[] = {{"name", required_argument, NULL, 'n'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {"replace", no_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
  struct arguments arguments = {.directory = BASELINES_DIR};
  int option;
  while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
    if (option == 'h') {
      print_help();
      return EXIT_CODE_OK;
    }
    if (option == '?') return EXIT_CODE_USAGE; /* getopt has said why */
    if (option == 'n') arguments.name = optarg;
    if (option == 'd') arguments.directory = optarg;
    if (option == 'r') arguments.replace = true;
  }
  if (!check_verb(argv[optind])) return EXIT_CODE_USAGE;
  struct fault fault = {0};
  act(argc - optind, argv + optind, &arguments, &fault);
  fault_print(&fault, "baseline");
  return (int)fault.code;
}
