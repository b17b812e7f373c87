/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

const char *exit_code_text(enum exit_code code) {
  switch (code) {
#define X(name, number, text) \
  case EXIT_CODE_##name:      \
    return text;
    EXIT_CODES(X)
#undef X
  }
  return "unknown exit code";
}

bool fault_set_at(struct fault *fault, const char *file, int line, enum exit_code code, const char *format, ...) {
  if (fault->code != EXIT_CODE_OK) return false;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(fault->message, sizeof fault->message, format, arguments);
  va_end(arguments);
  fault->code = code;
  fault->file = file;
  fault->line = line;
  return false;
}

void fault_print(const struct fault *fault, const char *command) {
  if (fault->code == EXIT_CODE_OK) return;
  fprintf(stderr, "phasebench%s%s: ", command[0] ? " " : "", command);
  text_print(stderr, fault->message);
  fputc('\n', stderr);
}
