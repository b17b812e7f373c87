/* SPDX-License-Identifier: MIT
 *
 * command_stages.c - `phasebench stages`: what stands in the stage folder. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fault.h"
#include "paths.h"
#include "store.h"

#define STAGES_MAX 64

static const char help[] =
    "usage: phasebench stages\n\n"
    "Lists the stages that combinations are made of, in their order, with what each does and the\n"
    "options it has: name, default, range. `run`, `bench` and `store build` set an option with\n"
    "--set STAGE.OPTION=N.\n\n"
    "example: phasebench stages\n";

/* "codec", "keeper of sources and trees" */
static void print_roles(const struct stage_summary *stage) {
  static const char *const kept[] = {"nothing", "sources", "trees", "sources and trees"};
  const char *between = "";
  if (stage->roles & STAGE_TREE_CODEC) {
    printf("codec");
    between = ", ";
  }
  if (stage->roles & STAGE_BYTE_KEEPER) printf("%skeeper of %s", between, kept[stage->keeps & 3]);
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
    printf("             %s.%s=%" PRIu64 "  %s (%" PRIu64 " to %" PRIu64 ")\n", stage->name, option->name,
           option->value, option->summary, option->min, option->max);
  }
}

int command_stages(int argc, char **argv) {
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(help, stdout);
    return EXIT_CODE_OK;
  }
  if (argc > 1) {
    fprintf(stderr, "phasebench stages: '%s': expected nothing; `phasebench stages --help` tells more\n", argv[1]);
    return EXIT_CODE_USAGE;
  }
  struct fault fault = {0};
  struct stage_summary *stages = calloc(STAGES_MAX, sizeof *stages);
  unsigned count = 0;
  if (!stages) fault_set(&fault, EXIT_CODE_SYSTEM, "out of memory for the list of stages");
  if (stages && stage_list(stages, STAGES_MAX, &count, &fault)) {
    for (unsigned i = 0; i < count; i++) print_stage(&stages[i]);
  }
  free(stages);
  if (fault.code != EXIT_CODE_OK) fprintf(stderr, "phasebench stages: %s\n", fault.message);
  return (int)fault.code;
}
