/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

enum exit_code exit_code_of_errno(int error) {
  switch (error) {
    case ENOENT:
    case EACCES:
    case EPERM:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENXIO: /* a socket, or a pipe that nobody reads */
    case ENAMETOOLONG:
      return EXIT_CODE_INPUT;
    default:
      return EXIT_CODE_SYSTEM;
  }
}

/* glibc's text ends with strerror's, but not where it had no memory for that. */
bool fault_loading(struct fault *fault, const char *what, const char *why, int error) {
  static const int passing[] = {ENOMEM, EIO, EMFILE, ENFILE, EAGAIN, EINTR};
  enum exit_code code = error == ENOMEM ? EXIT_CODE_SYSTEM : EXIT_CODE_INPUT;
  for (size_t i = 0; why && i < sizeof passing / sizeof passing[0]; i++) {
    if (strstr(why, strerror(passing[i]))) code = EXIT_CODE_SYSTEM;
  }
  return fault_set(fault, code, "%s cannot be loaded: %s%s", what, why ? why : "nothing says why",
                   error == ENOMEM ? " (out of memory)" : "; build again");
}

_Noreturn void fault_out_of_memory(const char *what) {
  char message[256]; /* no stdio: it might allocate */
  int length = snprintf(message, sizeof message, "phasebench: out of memory: %.200s\n", what);
  ssize_t ignored = write(STDERR_FILENO, message, (size_t)length);
  (void)ignored;
  exit(EXIT_CODE_SYSTEM);
}
