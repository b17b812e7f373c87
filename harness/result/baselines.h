/* SPDX-License-Identifier: MIT
 *
 * baselines.h - results that are kept to be compared with: DIR/NAME.json, by default below the current folder, so
 * that they can be committed with what they are of. A baseline is a result like any other, without blanks. */
#ifndef PHASEBENCH_BASELINES_H
#define PHASEBENCH_BASELINES_H

#include "result.h"

#define BASELINES_DIR "results/baselines"
#define BASELINES_PATH_BYTES 4096

/* DIR/NAME.json. Names are letters, digits, '.', '_' and '-', and begin with none of the latter two or '.'. */
bool baselines_path(const char *directory, const char *name, char path[BASELINES_PATH_BYTES], struct fault *fault);

/* A baseline's path from a name, or a path as it is: what has a '/' or ends in .json is a path. */
bool baselines_find(const char *directory, const char *name_or_path, char path[BASELINES_PATH_BYTES],
                    struct fault *fault);

/* Keeps the result, whole or not at all. Refuses what gives no sound comparison: failed cells, sanitized or
 * unfit builds; and a name that is taken, without `replace`. Makes the folder. */
bool baselines_save(const char *result_path, const char *directory, const char *name, bool replace,
                    char path[BASELINES_PATH_BYTES], struct fault *fault);

#endif
