/* SPDX-License-Identifier: MIT
 *
 * interrupt.c - see interrupt.h. */
#include "interrupt.h"

#include <signal.h>
#include <string.h>

#include "count.h"
#include "fault.h"

static volatile sig_atomic_t interrupted;

static void note_signal(int number) { interrupted = number; }

void interrupt_watch(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
  for (size_t i = 0; i < COUNT(numbers); i++) {
    struct sigaction before;
    if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(numbers[i], &action, NULL);
  }
}

int interrupt_number(void) { return interrupted; }

bool interrupt_none(const char *what, struct fault *fault) {
  if (!interrupted) return true;
  return fault_set(fault, EXIT_CODE_INTERRUPTED, "interrupted by SIG%s; %s", sigabbrev_np(interrupted), what);
}
