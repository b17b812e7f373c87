/* SPDX-License-Identifier: MIT
 *
 * text_append.h - adds to the end of a text in a buffer of fixed size; what does not fit is cut off, and
 * ends with three dots, so that nobody takes it for the whole. */
#ifndef PHASEBENCH_TEXT_APPEND_H
#define PHASEBENCH_TEXT_APPEND_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static inline void text_append(char *text, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
static inline void text_append(char *text, size_t bytes, const char *format, ...) {
  size_t used = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text + used, bytes - used, format, arguments);
  va_end(arguments);
  if (length >= 0 && (size_t)length >= bytes - used && bytes > 3) memcpy(text + bytes - 4, "...", 4);
}

#endif
