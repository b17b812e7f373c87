/* SPDX-License-Identifier: MIT
 *
 * file.c - reading, and saying that the file is damaged. */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>

int archive_corrupt(const struct archive *archive, uint64_t offset, const char *format, ...) {
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  STAGE_FAIL(archive->ctx, "%s: byte %llu: %s; the file is damaged: restore it from a copy or build it anew",
             archive->file.path, (unsigned long long)offset, what);
  return STAGE_CORRUPT;
}

int archive_pread(struct archive *archive, uint64_t offset, void *out, size_t bytes) {
  archive->reads++;
  return file_io_read(&archive->file, offset, out, bytes);
}
