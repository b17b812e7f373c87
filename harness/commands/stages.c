/* SPDX-License-Identifier: MIT
 *
 * stages.c - `phasebench stages`: what stands in the stage folder. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/json_out.h"
#include "base/paths.h"
#include "commands.h"
#include "store/store.h"
#include "base/text.h"

#define STAGES_MAX 64

static const char help[] =
    "usage: phasebench stages [--json]\n\n"
    "Lists the stages that combinations are made of, in their order, with what each does and the\n"
    "options it has: name, default, range. `run`, `bench` and `store build` set an option with\n"
    "--set STAGE.OPTION=N; an N of bytes may end in K, KiB, M, MiB ... TiB (1024s).\n\n"
    "  --json  the same as JSON (results/stages.schema.json), bytes in digits\n\n"
    "example: phasebench stages\n";

/* "codec", "blob store of sources and trees" */
static void print_roles(const struct stage_summary *stage) {
  static const char *const kept[] = {"nothing", "sources", "trees", "sources and trees"};
  const char *between = "";
  if (stage->roles & STAGE_TREE_CODEC) {
    printf("codec");
    between = ", ";
  }
  if (stage->roles & STAGE_BLOB_STORE) printf("%sblob store of %s", between, kept[stage->keeps & 3]);
  if (stage->flags & STAGE_USES_DISK) printf(", writes files");
  if (stage->flags & STAGE_KEEPS_NOTHING) printf(", instrument");
  if (stage->flags & STAGE_NOT_STANDARD) printf(", not in the standard order");
}

static void print_stage(const struct stage_summary *stage) {
  printf("%-10s %s (", stage->name, stage->summary);
  print_roles(stage);
  printf(")\n");
  for (uint32_t i = 0; i < stage->option_count; i++) {
    const struct stage_option_summary *option = &stage->options[i];
    char value[SIZE_TEXT_BYTES], least[SIZE_TEXT_BYTES], most[SIZE_TEXT_BYTES];
    printf("             %s.%s=%s  %s (%s to %s)\n", stage->name, option->name,
           store_option_text(option->name, option->value, value), option->summary,
           store_option_text(option->name, option->min, least), store_option_text(option->name, option->max, most));
  }
}

/* ---- JSON ---- */

static void add_stage(cJSON *list, const struct stage_summary *stage) {
  cJSON *to = json_add_object(list, NULL);
  json_add_text(to, "name", stage->name);
  json_add_text(to, "summary", stage->summary);
  json_add_text(to, "module", stage->path);
  json_add_u64(to, "order", stage->order);
  json_add_bool(to, "is_codec", stage->roles & STAGE_TREE_CODEC);
  json_add_bool(to, "keeps_sources", stage->roles & STAGE_BLOB_STORE && stage->keeps & 1u << STAGE_SOURCE);
  json_add_bool(to, "keeps_trees", stage->roles & STAGE_BLOB_STORE && stage->keeps & 1u << STAGE_TREE);
  json_add_bool(to, "writes_files", stage->flags & STAGE_USES_DISK);
  json_add_bool(to, "is_instrument", stage->flags & STAGE_KEEPS_NOTHING);
  json_add_bool(to, "is_standard", !(stage->flags & STAGE_NOT_STANDARD));
  cJSON *options = json_add_array(to, "options");
  for (uint32_t i = 0; i < stage->option_count; i++) {
    const struct stage_option_summary *option = &stage->options[i];
    cJSON *one = json_add_object(options, NULL);
    json_add_text(one, "name", option->name);
    json_add_text(one, "summary", option->summary);
    json_add_u64(one, "default", option->value);
    json_add_u64(one, "least", option->min);
    json_add_u64(one, "most", option->max);
  }
}

static void print_json(const struct stage_summary *stages, unsigned count, struct fault *fault) {
  cJSON *root = json_new_object();
  json_add_text(root, "schema", "phasebench-stages-1");
  json_add_u64(root, "stage_abi", STAGE_ABI_VERSION);
  cJSON *list = json_add_array(root, "stages");
  for (unsigned i = 0; i < count; i++) add_stage(list, &stages[i]);
  json_print(root, fault);
}

int command_stages(int argc, char **argv) {
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(help, stdout);
    return EXIT_CODE_OK;
  }
  bool as_json = argc == 2 && strcmp(argv[1], "--json") == 0;
  if (argc > 1 && !as_json) {
    fprintf(stderr, "phasebench stages: '%s': expected --json or nothing; `phasebench stages --help` tells more\n",
            argv[argc - 1]);
    return EXIT_CODE_USAGE;
  }
  struct fault fault = {0};
  struct stage_summary *stages = calloc(STAGES_MAX, sizeof *stages);
  unsigned count = 0;
  if (!stages) fault_set(&fault, EXIT_CODE_SYSTEM, "out of memory for the list of stages");
  if (stages && stage_list(stages, STAGES_MAX, &count, &fault)) {
    if (as_json) print_json(stages, count, &fault);
    for (unsigned i = 0; i < count && !as_json; i++) print_stage(&stages[i]);
  }
  free(stages);
  if (stage_list_strays()[0]) {
    fprintf(stderr, "phasebench stages: not of this build, and left out: ");
    text_print(stderr, stage_list_strays());
    fprintf(stderr, " in %s\n", paths_stage_dir());
  }
  fault_print(&fault, "stages");
  return (int)fault.code;
}
