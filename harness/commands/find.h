/* SPDX-License-Identifier: MIT
 *
 * find.h - a subcommand by its name, by a name that was mistyped, and the list of all. */
#ifndef PHASEBENCH_COMMAND_FIND_H
#define PHASEBENCH_COMMAND_FIND_H

#include <stdbool.h>
#include <stdio.h>

#include "table.h"

/* NULL: there is none. */
const struct command *command_find(const char *name);
/* The name of the list that was most likely meant; NULL: none is near. */
const char *name_nearest(const char *name, const char *const *known, size_t count);
/* What `phasebench --help` prints. */
void command_print_all(FILE *out);
/* Says on standard error that there is no such command, and which is near, or what it is called now. */
void command_print_unknown(const char *name);
/* The same of a command's subcommand, which are those of the list. */
void subcommand_print_unknown(const char *command, const char *name, const char *const *known, size_t count);
/* Is there an option that the command had under an older name? Says on standard error what it is called now. */
bool command_has_renamed_option(const struct command *command, int argc, char **argv);

#endif
