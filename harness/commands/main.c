/* SPDX-License-Identifier: MIT
 *
 * main.c - finds the subcommand. Each command has its own file and its own --help. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/output.h"
#include "commands.h"
#include "find.h"
#include "stats/statistics.h"
#include "system/heap.h"

static int run_command(int argc, char **argv) {
  if (argc < 2) {
    command_print_all(stderr);
    return EXIT_CODE_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    command_print_all(stdout);
    return EXIT_CODE_OK;
  }
  const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
  const struct command *command = command_find(name);
  if (command) {
    static char title[64]; /* begins getopt's own messages */
    snprintf(title, sizeof title, "phasebench %s", command->name);
    argv[1] = title;
    if (command_has_renamed_option(command, argc - 1, argv + 1)) return EXIT_CODE_USAGE;
    return command->run(argc - 1, argv + 1);
  }
  command_print_unknown(name);
  return EXIT_CODE_USAGE;
}

/* A command whose output did not arrive (a full disk) did not succeed. */
int main(int argc, char **argv) {
  interrupt_ignore(SIGXFSZ);            /* a limit on the size of files is an error of the write that meets it */
  statistics_check_errors();            /* GSL itself would abort */
  heap_use_for_tree_sitter(heap_at(0)); /* tree-sitter's own allocator would abort when memory is out */
  int code = run_command(argc, argv);
  struct fault fault = {0};
  if (output_flush(&fault) || code != EXIT_CODE_OK) return code;
  fault_print(&fault, "");
  return (int)fault.code;
}
