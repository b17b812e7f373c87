/* SPDX-License-Identifier: MIT
 *
 * name.h - texts that are kept once and for as long as the program runs: names of stages, options and
 * combinations, paths of modules. A struct that names such things holds pointers; it is small, it can be
 * copied, and nobody frees what it points to. For texts of which a process meets few: nothing is ever
 * given back. */
#ifndef PHASEBENCH_NAME_H
#define PHASEBENCH_NAME_H

#include <stdbool.h>

#include "base/fault.h"

/* Gives the kept copy of a text; equal texts have the same one. Faults: EXIT_CODE_SYSTEM. */
bool name_keep(const char *text, const char **name, struct fault *fault);

#endif
