/* SPDX-License-Identifier: MIT
 *
 * table.h - all subcommands, in the order in which the help lists them. */
#ifndef PHASEBENCH_COMMAND_TABLE_H
#define PHASEBENCH_COMMAND_TABLE_H

#include <stddef.h>

struct command {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary; /* NULL: not for people */
};

extern const struct command command_table[];
extern const size_t command_count;

#endif
