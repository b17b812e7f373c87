/* SPDX-License-Identifier: MIT
 *
 * help.c - `phasebench help`: what `phasebench COMMAND --help` says, and all of it as a man page. */
#include <stdlib.h>
#include <string.h>

#include "base/memory_file.h"
#include "base/text_append.h"
#include "commands.h"
#include "find.h"
#include "help_text.h"

static const char help[] =
    "usage: phasebench help [COMMAND [SUBCOMMAND]]\n"
    "       phasebench help --man\n\n"
    "Tells what `phasebench COMMAND [SUBCOMMAND] --help` tells; without a command, lists them.\n\n"
    "  --man  print the man page, made of the help of all commands\n\n"
    "example: phasebench help corpus show\n";

/* The page is made in memory first, since the help texts are taken from standard output; it is printed
 * whole or not at all. */
static int print_man(void) {
  struct fault fault = {0};
  static const char what[] = "the man page";
  struct memory_file page;
  if (memory_file_begin(&page, what, &fault) && help_write_man(page.out, &fault) &&
      memory_file_end(&page, what, &fault))
    fwrite(page.bytes, 1, page.byte_count, stdout);
  else fault_print(&fault, "help");
  memory_file_drop(&page);
  return (int)fault.code;
}

/* Whether the command's usage names the subcommand; says so where it does not. */
static bool check_subcommand(const struct command *command, const char *wanted, struct fault *fault) {
  char *text, name[32], known[400] = "";
  if (!help_text(command, NULL, &text, fault)) return false;
  bool found = false;
  for (unsigned i = 0; !found && help_subcommand(text, command->name, i, name); i++) {
    found = strcmp(name, wanted) == 0;
    text_append(known, sizeof known, "%s%s", i ? ", " : "", name);
  }
  free(text);
  if (found) return true;
  if (!known[0]) return fault_set(fault, EXIT_CODE_USAGE, "'%s': `%s` has no subcommands", wanted, command->name);
  return fault_set(fault, EXIT_CODE_USAGE, "'%s': expected a subcommand of `%s`: %s", wanted, command->name, known);
}

int command_help(int argc, char **argv) {
  static char option[] = "--help";
  if (argc == 1) {
    command_print_all(stdout);
    return EXIT_CODE_OK;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    fputs(help, stdout);
    return EXIT_CODE_OK;
  }
  if (argc == 2 && strcmp(argv[1], "--man") == 0) return print_man();
  const struct command *command = command_find(argv[1]);
  if (!command) {
    command_print_unknown(argv[1]);
    return EXIT_CODE_USAGE;
  }
  if (argc > 3 || (argc == 3 && argv[2][0] == '-')) {
    fprintf(stderr, "phasebench help: '%s': expected COMMAND [SUBCOMMAND]; see --help\n", argv[argc > 3 ? 3 : 2]);
    return EXIT_CODE_USAGE;
  }
  struct fault fault = {0};
  if (argc == 3 && !check_subcommand(command, argv[2], &fault)) {
    fault_print(&fault, "help");
    return (int)fault.code;
  }
  char *arguments[] = {argv[1], argc == 3 ? argv[2] : option, argc == 3 ? option : NULL, NULL};
  return command->run(argc, arguments);
}
