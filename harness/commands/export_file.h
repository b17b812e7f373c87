/* SPDX-License-Identifier: MIT
 *
 * export_file.h - a file of an export, below a folder of the user's. What a catalogue calls a path is
 * anybody's: every part of it is opened below the folder before it, and links are not followed. A file is
 * written as .phasebench-export-PID beside its place and renamed: under its name it is whole. */
#ifndef PHASEBENCH_EXPORT_FILE_H
#define PHASEBENCH_EXPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

enum export_outcome {
  EXPORT_WRITTEN,
  EXPORT_KEPT,    /* a file with these bytes was there */
  EXPORT_REFUSED, /* this one cannot be written; others may */
  EXPORT_FAILED   /* nor can others: no space, a read-only file system, no memory */
};

struct export_request {
  const char *path, *ending; /* the file's name below the folder: one after the other */
  const char *bytes;
  size_t byte_count;
  bool replace; /* a file that is there with other bytes; what is no regular file never is replaced */
};

/* Writes the file below root_fd; folders are made. The last two outcomes set a fault. */
enum export_outcome export_file(int root_fd, const struct export_request *request, struct fault *fault);

#endif
