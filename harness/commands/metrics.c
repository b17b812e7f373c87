/* SPDX-License-Identifier: MIT
 *
 * metrics.c - `phasebench metrics FILE...`: every figure of result files for
 * scripts, one a line. Figures come from result/metrics.c. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "base/number.h"
#include "base/output.h"
#include "commands.h"
#include "result/metrics.h"

struct output {
  const struct result *result;
  const struct result_group *group;
  cJSON *list; /* NULL: text */
};

static void print_help(void) {
  fputs(
      "usage: phasebench metrics [--profile P] [--json] RESULT...\n\n"
      "Prints every figure of result files, one a line, tab-separated:\n"
      "  corpus  combination  checkpoint ('-' where none)  metric  value  unit\n"
      "The value is the median over repetitions, or `null` where the result has none; --json\n"
      "adds n, min, max, mad (median absolute deviation), and the reason of each null.\n"
      "MiB = 1,048,576 bytes. A combination with a failed or missing cell has no figures: it is\n"
      "named on standard error. An instrument keeps nothing: it has the figures of the harness around\n"
      "it (memory, times, edits), and no figures of what is kept.\n\n"
      "  --profile P  figures of this allocator profile (default: strict where present, else the\n"
      "               result's first)\n"
      "  --json       JSON in place of lines (results/metrics.schema.json)\n\n"
      "example: phasebench metrics results/quick.json | awk -F'\\t' '$4 == \"lines_per_mib\"'\n",
      stdout);
}

/* Tabs and line ends in a name would break the columns. */
static void print_field(const char *text, char end) {
  for (; *text; text++) putchar(*text == '\t' || *text == '\n' || *text == '\r' ? ' ' : *text);
  putchar(end);
}

static void print_line(const struct output *output, const struct metric *metric) {
  char value[40] = "null";
  if (!metric->summary.missing) number_exact(metric->summary.median, value, sizeof value);
  print_field(output->result->corpus, '\t');
  print_field(output->group->combination, '\t');
  print_field(metric->checkpoint ? metric->checkpoint : "-", '\t');
  print_field(metric->name, '\t');
  print_field(value, '\t');
  print_field(metric->unit, '\n');
}

static void add_json(const struct output *output, const struct metric *metric) {
  cJSON *object = json_new_object();
  const struct summary *summary = &metric->summary;
  json_add_text(object, "file", output->result->path);
  json_add_text(object, "corpus", output->result->corpus);
  json_add_text(object, "combination", output->group->combination);
  json_add_text(object, "profile", output->group->profile);
  json_add_text(object, "checkpoint", metric->checkpoint);
  json_add_text(object, "metric", metric->name);
  json_add_text(object, "unit", metric->unit);
  json_add_u64(object, "n", summary->n);
  if (summary->missing) {
    json_add_missing(object, "value", summary->missing);
  } else {
    json_add_double(object, "value", summary->median);
    json_add_double(object, "min", summary->min);
    json_add_double(object, "max", summary->max);
    json_add_double(object, "mad", summary->mad);
  }
  json_add_item(output->list, NULL, object);
}

static void emit(void *sink, const struct metric *metric) {
  const struct output *output = sink;
  if (output->list) {
    add_json(output, metric);
  } else {
    print_line(output, metric);
  }
}

static void add_failed(cJSON *failed, const struct result *result, const struct result_group *group) {
  cJSON *object = json_new_object();
  json_add_text(object, "file", result->path);
  json_add_text(object, "corpus", result->corpus);
  json_add_text(object, "combination", group->combination);
  json_add_text(object, "profile", group->profile);
  json_add_text(object, "reason", group->reason);
  json_add_item(failed, NULL, object);
}

static void print_result(const struct result *result, const char *profile, cJSON *list, cJSON *failed) {
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (strcmp(group->profile, profile) != 0) continue;
    struct output output = {result, group, list};
    metrics_emit(result, group, emit, &output);
    if (group->ok) continue;
    fprintf(stderr, "phasebench metrics: %s: %s has no figures: %s\n", result->path, group->combination, group->reason);
    if (failed) add_failed(failed, result, group);
  }
}

static const char *shared_combination(const struct result *a, const struct result *b) {
  if (strcmp(a->corpus, b->corpus) != 0) return NULL;
  for (unsigned c = 0; c < a->combination_count; c++) {
    for (unsigned d = 0; d < b->combination_count; d++) {
      if (strcmp(a->combinations[c], b->combinations[d]) == 0) return a->combinations[c];
    }
  }
  return NULL;
}

/* Refuses two files with the same corpus and combination: nobody could tell their lines apart. */
static bool refuse_twins(struct result *const *results, unsigned count, struct fault *fault) {
  for (unsigned i = 0; i < count; i++) {
    for (unsigned j = 0; j < i; j++) {
      const char *shared = shared_combination(results[i], results[j]);
      if (!shared) continue;
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s and %s both have corpus '%s', combination '%s': print them one at a time", results[j]->path,
                       results[i]->path, results[i]->corpus, shared);
    }
  }
  return true;
}

static bool print_all(struct result *const *results, unsigned count, const char *profile, bool json,
                      struct fault *fault) {
  cJSON *root = json ? json_new_object() : NULL;
  if (root) json_add_text(root, "schema", "phasebench-metrics-1");
  cJSON *list = root ? json_add_array(root, "metrics") : NULL;
  cJSON *failed = root ? json_add_array(root, "failed") : NULL;
  bool ok = true;
  for (unsigned i = 0; ok && i < count; i++) {
    const char *chosen = result_profile(results[i], profile, fault);
    ok = chosen != NULL;
    if (ok) print_result(results[i], chosen, list, failed);
  }
  if (ok && root) return json_print(root, fault);
  cJSON_Delete(root);
  return ok && output_flush(fault);
}

int command_metrics(int argc, char **argv) {
  static const struct option options[] = {{"profile", required_argument, NULL, 'p'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
  const char *profile = NULL;
  bool json = false;
  int option;
  while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
    if (option == 'h') {
      print_help();
      return EXIT_CODE_OK;
    }
    if (option == '?') return EXIT_CODE_USAGE; /* getopt has said why */
    if (option == 'p') profile = optarg;
    if (option == 'j') json = true;
  }
  if (optind >= argc) {
    fputs("phasebench metrics: no result file given; `phasebench metrics --help` tells more\n", stderr);
    return EXIT_CODE_USAGE;
  }
  unsigned count = 0;
  struct fault fault = {0};
  struct result **results = calloc((size_t)(argc - optind), sizeof(struct result *));
  if (!results) fault_set(&fault, EXIT_CODE_SYSTEM, "out of memory");
  for (; results && fault.code == EXIT_CODE_OK && optind < argc; optind++) {
    if (result_open(argv[optind], &results[count], &fault)) count++;
  }
  if (fault.code == EXIT_CODE_OK && refuse_twins(results, count, &fault)) {
    print_all(results, count, profile, json, &fault);
  }
  for (unsigned i = 0; i < count; i++) result_close(results[i]);
  free(results);
  fault_print(&fault, "metrics");
  return (int)fault.code;
}
