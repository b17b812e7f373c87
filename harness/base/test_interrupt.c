/* SPDX-License-Identifier: MIT
 *
 * test_interrupt.c - what a process does about signals, each time in a child: a signal is noted, what was
 * ignored stays so, the second one ends the process or does not, and a child gets back what was changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "fault.h"
#include "interrupt.h"

#define FINE 42

/* Runs it in a process that starts as a fresh one does; its status as of waitpid. */
static int status_of(int (*act)(void)) {
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    interrupt_reset_child();
    _exit(act());
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return status;
}

static void expect_fine(int (*act)(void)) {
  int status = status_of(act);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), FINE);
}

static void expect_ended_by(int number, int (*act)(void)) {
  int status = status_of(act);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), number);
}

static int note_one(void) {
  struct fault fault = {0};
  interrupt_watch();
  if (interrupt_number() != 0 || !interrupt_none("why", &fault)) return 1;
  raise(SIGTERM);
  if (interrupt_number() != SIGTERM || interrupt_none("nothing is kept", &fault)) return 2;
  if (fault.code != EXIT_CODE_INTERRUPTED) return 3;
  return strcmp(fault.message, "interrupted by SIGTERM; nothing is kept") == 0 ? FINE : 4;
}

static int watch_two(void) {
  interrupt_watch();
  raise(SIGHUP);
  raise(SIGHUP);
  return 1;
}

static int hold_two(void) {
  interrupt_hold();
  raise(SIGINT);
  if (interrupt_number() != SIGINT) return 1;
  raise(SIGTERM);
  raise(SIGINT);
  return interrupt_number() == SIGINT ? FINE : 2; /* the first one is told */
}

static int ignored_stays_ignored(void) {
  signal(SIGHUP, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  interrupt_watch();
  raise(SIGHUP);
  interrupt_hold();
  raise(SIGINT);
  return interrupt_number() == 0 ? FINE : 1;
}

static int wait_for_child(void) {
  interrupt_hold();
  uint64_t begun_ns = clock_ns();
  pid_t child = fork();
  if (child == 0) _exit(0);
  interrupt_wait(INT64_C(20) * 1000000000);
  return waitpid(child, NULL, WNOHANG) == child && clock_ns() - begun_ns < 10 * CLOCK_NS_PER_S ? FINE : 1;
}

static int child_is_fresh(void) {
  interrupt_hold();
  interrupt_ignore(SIGPIPE);
  interrupt_reset_child();
  raise(SIGPIPE);
  return 1;
}

static int child_is_not_blocked(void) {
  interrupt_hold();
  interrupt_reset_child();
  raise(SIGTERM);
  return 1;
}

static int lend(void) {
  struct interrupt_lent lent;
  interrupt_watch();
  interrupt_lend(&lent);
  raise(SIGINT);
  raise(SIGQUIT);
  if (interrupt_number() != 0) return 1;
  interrupt_take_back(&lent);
  raise(SIGINT);
  return interrupt_number() == SIGINT ? FINE : 2;
}

static void signals_are_noted(void **state) {
  (void)state;
  expect_fine(note_one);
  expect_fine(hold_two);
  expect_ended_by(SIGHUP, watch_two);
}

static void ignored_ones_stay_ignored(void **state) {
  (void)state;
  expect_fine(ignored_stays_ignored);
}

static void children(void **state) {
  (void)state;
  expect_fine(wait_for_child);
  expect_fine(lend);
  expect_ended_by(SIGPIPE, child_is_fresh);
  expect_ended_by(SIGTERM, child_is_not_blocked);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(signals_are_noted), cmocka_unit_test(ignored_ones_stay_ignored),
                                     cmocka_unit_test(children)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
