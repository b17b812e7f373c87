/* SPDX-License-Identifier: MIT
 *
 * main.c - finds the subcommand. Each command has its own file and its own --help. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "fault.h"

static const struct command {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary; /* NULL: not for people */
} commands[] = {
#define X(name, summary) {#name, command_##name, summary},
    COMMANDS(X)
#undef X
};

static void print_help(FILE *out) {
  fputs("phasebench - how many lines of code fit in a megabyte, with every line's syntax tree at hand\n\n"
        "usage: phasebench COMMAND [OPTION]...\n\ncommands:\n",
        out);
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (commands[i].summary) fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].summary);
  }
  fputs("\n`phasebench COMMAND --help` tells more, with an example.\n\nexit codes:\n", out);
#define X(name, number, text) fprintf(out, "  %2d  %s\n", number, text);
  EXIT_CODES(X)
#undef X
}

static int run_command(int argc, char **argv) {
  if (argc < 2) {
    print_help(stderr);
    return EXIT_CODE_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
    print_help(stdout);
    return EXIT_CODE_OK;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("phasebench %s\n", phasebench_version());
    return EXIT_CODE_OK;
  }
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    static char name[64]; /* begins getopt's own messages */
    if (strcmp(argv[1], commands[i].name) != 0) continue;
    snprintf(name, sizeof name, "phasebench %s", commands[i].name);
    argv[1] = name;
    return commands[i].run(argc - 1, argv + 1);
  }
  fprintf(stderr, "phasebench: there is no command '%s'; `phasebench --help` lists them\n", argv[1]);
  return EXIT_CODE_USAGE;
}

/* What was printed and did not arrive (a full disk) is not a success. */
int main(int argc, char **argv) {
  signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error of the write that meets it */
  int code = run_command(argc, argv);
  bool arrived = fflush(stdout) == 0 && !ferror(stdout);
  if (arrived || code != EXIT_CODE_OK) return code;
  fputs("phasebench: standard output: writing failed\n", stderr);
  return EXIT_CODE_SYSTEM;
}
