/* SPDX-License-Identifier: MIT
 *
 * open_file.h - opens a file that somebody named. A name is no promise: a pipe would block whoever opens it
 * for ever, and a device may have no end. */
#ifndef PHASEBENCH_OPEN_FILE_H
#define PHASEBENCH_OPEN_FILE_H

#include <stdint.h>
#include <stdio.h>

/* Opens a regular file for reading, never blocking. Returns its descriptor (close-on-exec), and its size in *bytes
 * where bytes is not NULL; else -1, and in *why a reason of a few words, valid until the next call. */
int open_file(const char *path, uint64_t *bytes, const char **why);
/* The same as a stream; NULL in place of -1. */
FILE *open_file_stream(const char *path, uint64_t *bytes, const char **why);

#endif
