/* SPDX-License-Identifier: MIT
 *
 * files.h - the folder in which a store's stages write their files. */
#ifndef PHASEBENCH_STORE_FILES_H
#define PHASEBENCH_STORE_FILES_H

#include <stdbool.h>

#include "base/fault.h"

/* Gives the folder's absolute path: `wanted`, made where it is not there, or, where that is "", a new
 * one in $TMPDIR or /var/tmp, with *is_new. It is empty, unless is_reopened: then it must be there.
 * Faults: EXIT_CODE_SYSTEM, EXIT_CODE_INPUT. */
bool store_directory_make(const char *wanted, bool is_reopened, char path[4096], bool *is_new, struct fault *fault);
/* Removes the folder and all that is in it; links are removed, not followed. Nothing there: nothing is done. */
void store_directory_remove(const char *path);

#endif
