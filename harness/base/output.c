/* SPDX-License-Identifier: MIT
 *
 * output.c - see output.h. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool output_flush(struct fault *fault) {
  static int error; /* of the first flush that failed: a later one may succeed, and all the same something is missing */
  errno = 0;
  if (fflush(stdout) != 0 && !error) error = errno;
  if (!error && !ferror(stdout)) return true;
  return fault_set(fault, EXIT_CODE_SYSTEM, "standard output: writing failed%s%s", error ? ": " : "",
                   error ? strerror(error) : "");
}
