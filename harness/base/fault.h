/* SPDX-License-Identifier: MIT
 *
 * fault.h - how the harness says what went wrong: an exit code and a sentence.
 *
 * A function that can fail takes a `struct fault *` last and returns false on
 * failure; the first fault set is kept. Messages name the file, offset or option,
 * what was expected, and what to do. Exit codes are the program's public interface:
 * never renumber them. */
#ifndef PHASEBENCH_FAULT_H
#define PHASEBENCH_FAULT_H

#include <stdbool.h>

#define EXIT_CODES(X)                                                                                               \
  X(OK, 0, "success")                                                                                               \
  X(INTERNAL, 1, "an error inside phasebench; please report it")                                                    \
  X(USAGE, 2, "the command line is wrong")                                                                          \
  X(INPUT, 3, "an input (corpus, manifest, results file, stage) cannot be used")                                    \
  X(SYSTEM, 4, "the system refused something (file, memory, disk space, process), or a limit of an option was met") \
  X(CELL_FAILED, 5, "a cell failed: wrong answer, crash, timeout, memory limit, instrument")                        \
  X(INTERRUPTED, 6, "interrupted; finished cells are kept and `run --resume` goes on")                              \
  X(CORRUPT, 7, "stored data is corrupt: a checksum, document or catalogue is not what it was")                     \
  X(REGRESSION, 10, "gate: a metric that gates got worse")                                                          \
  X(REFUTED, 11, "a claim is refuted")                                                                              \
  X(MISSING_CELL, 12, "gate: a cell or figure that the baseline has is missing or failed")                          \
  X(NOT_COMPARABLE, 13, "gate: corpora, machines, versions or settings differ; see --policy")                       \
  X(TOO_FEW, 14, "gate: too few repetitions to tell, which is no pass")

enum exit_code {
#define X(name, number, text) EXIT_CODE_##name = number,
  EXIT_CODES(X)
#undef X
};

struct fault {
  enum exit_code code; /* EXIT_CODE_OK: nothing went wrong yet */
  const char *file;    /* where in the source the fault was found */
  int line;
  char message[1024];
};

/* The text of an exit code; never NULL. */
const char *exit_code_text(enum exit_code code);

/* Sets the fault unless one is set already; returns false, so that callers can
 * `return fault_set(...)`. */
bool fault_set_at(struct fault *fault, const char *file, int line, enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* "phasebench COMMAND: message" on standard error, as one line that no terminal obeys; nothing where nothing is wrong. */
void fault_print(const struct fault *fault, const char *command);
#define fault_set(fault, code, ...) fault_set_at((fault), __FILE__, __LINE__, (code), __VA_ARGS__)

/* What an errno of opening, reading or looking at a file is: EXIT_CODE_INPUT where the file is to blame (not
 * there, no permission, not a file, a name that is too long), EXIT_CODE_SYSTEM for all else, which may be
 * gone the next time: I/O errors, no memory, too many open files. */
enum exit_code exit_code_of_errno(int error);

/* What dlopen did not load: `why` is dlerror()'s text, `error` the errno that it left, 0 before the call. */
bool fault_loading(struct fault *fault, const char *what, const char *why, int error);

/* For what cannot return an error: says "out of memory: WHAT" and ends the program with EXIT_CODE_SYSTEM. */
_Noreturn void fault_out_of_memory(const char *what);

#endif
