/* SPDX-License-Identifier: MIT
 *
 * command_table.h - all subcommands, found by name or by a name that was mistyped. */
#ifndef PHASEBENCH_COMMAND_TABLE_H
#define PHASEBENCH_COMMAND_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct command {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary; /* NULL: not for people */
};

extern const struct command command_table[];
extern const size_t command_count;

/* NULL: there is none. */
const struct command *command_find(const char *name);
/* The command that was most likely meant; NULL: none is near. */
const struct command *command_nearest(const char *name);
/* What `phasebench --help` prints. */
void command_print_all(FILE *out);
/* Says on standard error that there is no such command, and which is near. */
void command_print_unknown(const char *name);

#endif
