/* SPDX-License-Identifier: MIT
 *
 * write.c - files of the folder, and lines in two of them at once. See write.h. */
#include "write.h"
#include "render/markdown.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4300

FILE *report_create(const char *directory, const char *name, struct fault *fault) {
  char path[PATH_BYTES];
  if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, name) >= sizeof path) {
    fault_set(fault, EXIT_CODE_USAGE, "%s: the path is too long", directory);
    return NULL;
  }
  FILE *file = fopen(path, "w");
  if (!file) fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
  return file;
}

bool report_close(FILE *file, const char *name, struct fault *fault) {
  bool ok = !ferror(file);
  if (fclose(file) != 0) ok = false;
  return ok ? true : fault_set(fault, EXIT_CODE_SYSTEM, "%s: writing failed: %s", name, strerror(errno));
}

void report_line(const struct report *report, const char *format, ...) {
  char *line;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&line, format, arguments);
  va_end(arguments);
  if (length < 0) fault_out_of_memory("a line of the report");
  fprintf(report->text, "%s\n", line);
  fputs("- ", report->markdown);
  markdown_prose(report->markdown, line);
  fputc('\n', report->markdown);
  free(line);
}
