/* SPDX-License-Identifier: MIT
 *
 * A confined process can make threads and no processes. */
#include "confine.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void *nothing(void *with) { return with; }

static void makes_a_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0) _exit(1);
}

static void forks(void) {
  if (fork() == 0) _exit(0);
}

static void spawns(void) {
  char *const arguments[] = {"true", NULL};
  pid_t child;
  posix_spawnp(&child, "true", NULL, NULL, arguments, environ);
}

static void becomes_another(void) { execl("/bin/true", "true", (char *)NULL); }

static void makes_a_daemon(void) {
  if (daemon(1, 1) != 0) _exit(1);
}

/* How a confined process ends that does this: 0, or the signal. */
static int end_of(void (*does)(void)) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    const char *why = confine_to_one_process();
    if (why) _exit(77);
    does();
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return 77;
  return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void processes_end_it_and_threads_do_not(void **state) {
  (void)state;
  int with_threads = end_of(makes_a_thread);
  if (with_threads == 77) skip(); /* a container that refuses filters */
  assert_int_equal(with_threads, 0);
  assert_null(confine_refusal());
  assert_int_equal(end_of(forks), SIGSYS);
  assert_int_equal(end_of(spawns), SIGSYS);
  assert_int_equal(end_of(becomes_another), SIGSYS);
  assert_int_equal(end_of(makes_a_daemon), SIGSYS);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(processes_end_it_and_threads_do_not)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
