/* SPDX-License-Identifier: MIT
 *
 * table.c - the table of the subcommands; what it holds is told in commands.h. */
#include "table.h"

#include "base/count.h"
#include "commands.h"

const struct command command_table[] = {
#define X(name, summary) {#name, command_##name, summary},
    COMMANDS(X)
#undef X
};
const size_t command_count = COUNT(command_table);
