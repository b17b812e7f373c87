/* SPDX-License-Identifier: MIT
 *
 * interrupt.c - see interrupt.h. Signals that are held are blocked, and taken with sigtimedwait: a signal
 * or the end of a child cannot slip in between a look and a wait, as it could with handlers. */
#include "interrupt.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "count.h"
#include "fault.h"

#include "count.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

static volatile sig_atomic_t interrupted;
static bool is_held;
static sigset_t held; /* without SIGCHLD */

static void note_signal(int number) {
  if (!interrupted) interrupted = number;
}

static bool is_ignored(int number) {
  struct sigaction now;
  return sigaction(number, NULL, &now) != 0 || now.sa_handler == SIG_IGN;
}

void interrupt_watch(void) {
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
  for (size_t i = 0; i < COUNT(ending); i++) {
    if (!is_ignored(ending[i])) sigaction(ending[i], &action, NULL);
  }
}

void interrupt_hold(void) {
  sigset_t blocked;
  signal(SIGCHLD, SIG_DFL); /* if it was ignored, children could not be waited for */
  sigemptyset(&held);
  for (size_t i = 0; i < COUNT(ending); i++) {
    if (!is_ignored(ending[i])) sigaddset(&held, ending[i]);
  }
  blocked = held;
  sigaddset(&blocked, SIGCHLD);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  is_held = true;
}

/* Takes a signal of the set, after at most timeout_ns; false: none came. */
static bool take_signal(const sigset_t *set, int64_t timeout_ns) {
  const int64_t ns_per_s = (int64_t)CLOCK_NS_PER_S;
  struct timespec timeout = {timeout_ns / ns_per_s, timeout_ns % ns_per_s};
  int number = sigtimedwait(set, NULL, &timeout);
  if (number > 0 && number != SIGCHLD) note_signal(number);
  return number > 0;
}

void interrupt_wait(int64_t timeout_ns) {
  sigset_t watched = held;
  sigaddset(&watched, SIGCHLD);
  take_signal(&watched, timeout_ns);
}

int interrupt_number(void) {
  while (is_held && take_signal(&held, 0)) continue;
  return interrupted;
}

bool interrupt_none(const char *what, struct fault *fault) {
  int number = interrupt_number();
  if (!number) return true;
  return fault_set(fault, EXIT_CODE_INTERRUPTED, "interrupted by SIG%s; %s", sigabbrev_np(number), what);
}

void interrupt_ignore(int number) { signal(number, SIG_IGN); }

void interrupt_reset_child(void) {
  sigset_t none;
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

void interrupt_lend(struct interrupt_lent *lent) {
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGINT, &ignore, &lent->interrupt);
  sigaction(SIGQUIT, &ignore, &lent->quit);
}

void interrupt_take_back(const struct interrupt_lent *lent) {
  sigaction(SIGINT, &lent->interrupt, NULL);
  sigaction(SIGQUIT, &lent->quit, NULL);
}
