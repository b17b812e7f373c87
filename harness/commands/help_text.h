/* SPDX-License-Identifier: MIT
 *
 * help_text.h - what --help of each command prints, as text; the man page is made of it. */
#ifndef PHASEBENCH_HELP_TEXT_H
#define PHASEBENCH_HELP_TEXT_H

#include <stdio.h>

#include "base/fault.h"
#include "table.h"

/* What `phasebench NAME [SUBCOMMAND] --help` prints (subcommand: NULL without one). The caller frees it. */
bool help_text(const struct command *command, const char *subcommand, char **text, struct fault *fault);

/* The `index`th subcommand that the usage lines of a help text name ("build|open" are two); false: there are
 * not so many. */
bool help_subcommand(const char *text, const char *command, unsigned index, char name[32]);

/* Writes phasebench(1). */
bool help_write_man(FILE *out, struct fault *fault);

#endif
