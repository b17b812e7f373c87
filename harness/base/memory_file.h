/* SPDX-License-Identifier: MIT
 *
 * memory_file.h - a stream into memory that tells when memory was out. open_memstream does not do: where its
 * buffer cannot be made, closing it reports success and gives NULL; where it cannot grow, what was written last
 * is missing and the stream has no error. */
#ifndef PHASEBENCH_MEMORY_FILE_H
#define PHASEBENCH_MEMORY_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "fault.h"

/* Stays at one place while it is open. */
struct memory_file {
  FILE *out;   /* write here */
  char *bytes; /* after memory_file_end: all of it, and a NUL */
  size_t byte_count, capacity;
  bool is_short; /* something did not fit */
};

/* `what` says in the message what the memory was for. */
bool memory_file_begin(struct memory_file *file, const char *what, struct fault *fault);

/* Closes the stream. True: all that was written is there, until memory_file_drop. */
bool memory_file_end(struct memory_file *file, const char *what, struct fault *fault);

/* Frees everything; also of one that did not begin, has not ended, or is all zero. */
void memory_file_drop(struct memory_file *file);

#endif
