/* SPDX-License-Identifier: MIT
 *
 * test_supervise.c - every way in which a child can end is told apart, and what is set
 * for it is set. The children are this program again: test_supervise --be WHAT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/count.h"
#include "base/interrupt.h"
#include "supervise.h"

static char self[4096];
static const char log_path[] = "test_supervise.log";

/* ---- the children ---- */

static int be_hog(void) {
  for (;;) {
    char *p = malloc(1 << 20);
    if (!p) return 9;
    memset(p, 1, 1 << 20);
    usleep(500);
  }
}

static int be_finalized(void) { /* prints what was set for it */
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  sigset_t blocked;
  sigprocmask(SIG_BLOCK, NULL, &blocked);
  int death = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  printf("aslr=%s thp=%s cpus=%d session=%d death=%d int_blocked=%d stdin=%zd variable=%s\n",
         personality(0xffffffff) & ADDR_NO_RANDOMIZE ? "off" : "on",
         prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) ? "off" : "on", CPU_COUNT(&cpus), getsid(0) == getpid(), death,
         sigismember(&blocked, SIGINT), read(0, &death, 1), getenv("VARIABLE") ? getenv("VARIABLE") : "(none)");
  return getenv("HOME") ? 1 : 0; /* what was not given must not be there */
}

static int be_flood(void) {
  char line[4096];
  memset(line, 'x', sizeof line);
  memcpy(line, "the first words\n", 16);
  line[sizeof line - 1] = '\n';
  for (int i = 0; i < 20000; i++) { /* 80 MiB */
    if (write(1, line, sizeof line) != (ssize_t)sizeof line) return 9;
  }
  return 0;
}

static int be(const char *what) {
  if (strcmp(what, "exit7") == 0) return 7;
  if (strcmp(what, "crash") == 0) {
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
  }
  if (strcmp(what, "hang") == 0) {
    for (;;) pause();
  }
  if (strcmp(what, "interrupt_parent") == 0) {
    kill(getppid(), SIGTERM);
    for (;;) pause();
  }
  if (strcmp(what, "flood") == 0) return be_flood();
  if (strcmp(what, "hog") == 0) return be_hog();
  if (strcmp(what, "finalized") == 0) return be_finalized();
  return 99;
}

/* ---- the tests ---- */

static struct supervise_outcome run_with(const char *what, uint64_t timeout_ms, uint64_t memory_limit_bytes) {
  const char *const argv[] = {self, "--be", what, NULL};
  const char *const environment[] = {"VARIABLE=value", NULL};
  const char *why;
  struct cpu_claim claim = supervise_choose_cpu(&why);
  struct supervise_request request = {.argv = argv,
                                      .environment = environment,
                                      .log_path = log_path,
                                      .timeout_ms = timeout_ms,
                                      .memory_limit_bytes = memory_limit_bytes,
                                      .cpu = claim.cpu};
  struct supervise_outcome outcome;
  struct fault fault = {0};
  if (!supervise_run(&request, &outcome, &fault)) fail_msg("%s", fault.message);
  cpu_claim_release(&claim);
  return outcome;
}

#define LONG_MS 60000
#define MUCH (UINT64_C(1) << 40)

static void exit_code_is_told(void **state) {
  (void)state;
  struct supervise_outcome outcome = run_with("exit7", LONG_MS, MUCH);
  assert_int_equal(outcome.end, SUPERVISE_EXITED);
  assert_int_equal(outcome.code, 7);
  assert_in_range(outcome.wall_ns, 10000, UINT64_C(30000000000));
}

static void signal_is_told(void **state) {
  (void)state;
  struct supervise_outcome outcome = run_with("crash", LONG_MS, MUCH);
  assert_int_equal(outcome.end, SUPERVISE_SIGNALLED);
  assert_int_equal(outcome.code, SIGSEGV);
}

static void timeout_ends_it(void **state) {
  (void)state;
  struct supervise_outcome outcome = run_with("hang", 300, MUCH);
  assert_int_equal(outcome.end, SUPERVISE_TIMEOUT);
  assert_in_range(outcome.wall_ns, UINT64_C(300000000), UINT64_C(20000000000));
}

static void memory_limit_ends_it(void **state) {
  (void)state;
  struct supervise_outcome outcome = run_with("hog", LONG_MS, 200 << 20);
  assert_int_equal(outcome.end, SUPERVISE_MEMORY_LIMIT);
  assert_true(outcome.highest_rss_bytes > 200 << 20);
}

/* 737 MB in four seconds, once: a log had no limit. */
static void the_log_has_a_limit(void **state) {
  (void)state;
  struct supervise_outcome outcome = run_with("flood", LONG_MS, MUCH);
  assert_int_equal(outcome.end, SUPERVISE_EXITED);
  assert_int_equal(outcome.code, 0);
  static char text[SUPERVISE_LOG_BYTES_MAX + 200];
  FILE *in = fopen(log_path, "r");
  size_t got = fread(text, 1, sizeof text - 1, in);
  fclose(in);
  assert_true(got > SUPERVISE_LOG_BYTES_MAX && got < sizeof text - 1);
  text[got] = '\0';
  assert_memory_equal(text, "the first words\n", 16);
  assert_non_null(strstr(text, "\nphasebench: the log ends here"));
}

static void the_child_is_set_up(void **state) {
  (void)state;
  struct supervise_outcome outcome = run_with("finalized", LONG_MS, MUCH);
  char said[512] = "", expected[512];
  FILE *in = fopen(log_path, "r");
  assert_non_null(fgets(said, sizeof said, in));
  fclose(in);
  assert_int_equal(outcome.code, 0);
  snprintf(expected, sizeof expected, "aslr=%s thp=%s cpus=1 session=1 death=9 int_blocked=0 stdin=0 variable=value\n",
           outcome.aslr_error ? "on" : "off", outcome.huge_pages_error ? "on" : "off");
  assert_int_equal(outcome.cpu_error, 0);
  assert_string_equal(said, expected);
}

/* As some container runtimes do: personality() is refused. */
static bool refuse_personality(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {COUNT(filter), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void refused_settings_are_told(void **state) {
  (void)state;
  int status;
  pid_t supervisor = fork();
  if (supervisor == 0) {
    if (!refuse_personality()) _exit(77);
    struct supervise_outcome outcome = run_with("exit7", LONG_MS, MUCH);
    _exit(outcome.end == SUPERVISE_EXITED && outcome.code == 7 && outcome.aslr_error == EPERM ? 0 : 1);
  }
  assert_int_equal(waitpid(supervisor, &status, 0), supervisor);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) skip();
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void missing_program_is_a_fault(void **state) {
  (void)state;
  const char *const argv[] = {"./there-is-no-such-program", NULL};
  const char *const environment[] = {NULL};
  struct supervise_request request = {argv, environment, NULL, log_path, LONG_MS, MUCH, -1};
  struct supervise_outcome outcome;
  struct fault fault = {0};
  assert_false(supervise_run(&request, &outcome, &fault));
  assert_int_equal(fault.code, EXIT_CODE_SYSTEM);
  assert_non_null(strstr(fault.message, "there-is-no-such-program"));
}

/* The kernel kills the child of a supervisor that was killed itself. */
static void child_dies_with_the_supervisor(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t supervisor = fork();
  if (supervisor == 0) {
    fcntl(ends[1], F_SETFD, 0);
    run_with("hang", LONG_MS, MUCH); /* inherits the pipe's end */
    _exit(0);
  }
  close(ends[1]);
  usleep(300000);
  kill(supervisor, SIGKILL);
  waitpid(supervisor, NULL, 0);
  char byte;
  alarm(30);
  assert_int_equal(read(ends[0], &byte, 1), 0); /* closed: nobody lives who holds the other end */
  alarm(0);
  close(ends[0]);
}

/* Last: once interrupted, a process stays so. */
static void interruption_ends_it(void **state) {
  (void)state;
  assert_int_equal(interrupt_number(), 0);
  struct supervise_outcome outcome = run_with("interrupt_parent", LONG_MS, MUCH);
  assert_int_equal(outcome.end, SUPERVISE_INTERRUPTED);
  assert_int_equal(interrupt_number(), SIGTERM);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--be") == 0) return be(argv[2]);
  if (!realpath("/proc/self/exe", self)) return 1;
  signal(SIGTERM, SIG_DFL);
  interrupt_hold();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exit_code_is_told),
      cmocka_unit_test(signal_is_told),
      cmocka_unit_test(timeout_ends_it),
      cmocka_unit_test(memory_limit_ends_it),
      cmocka_unit_test(the_log_has_a_limit),
      cmocka_unit_test(the_child_is_set_up),
      cmocka_unit_test(refused_settings_are_told),
      cmocka_unit_test(missing_program_is_a_fault),
      cmocka_unit_test(child_dies_with_the_supervisor),
      cmocka_unit_test(interruption_ends_it),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  unlink(log_path);
  return failed;
}
