/* SPDX-License-Identifier: MIT */
#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define DO(action) BPF_STMT(BPF_RET | BPF_K, (action))
/* The next `count` instructions are for this number; others pass over them. */
#define ONLY_FOR(number, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, (count))

static struct sock_filter filter[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    DO(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
#ifdef SYS_fork
    ONLY_FOR(SYS_fork, 1),
    DO(SECCOMP_RET_KILL_PROCESS),
    ONLY_FOR(SYS_vfork, 1),
    DO(SECCOMP_RET_KILL_PROCESS),
#endif
    ONLY_FOR(SYS_execve, 1),
    DO(SECCOMP_RET_KILL_PROCESS),
    ONLY_FOR(SYS_execveat, 1),
    DO(SECCOMP_RET_KILL_PROCESS),
    /* Its flags are in memory, where a filter cannot look: "not there" makes the C library call clone. */
    ONLY_FOR(SYS_clone3, 1),
    DO(SECCOMP_RET_ERRNO | ENOSYS),
    ONLY_FOR(SYS_clone, 4),
    LOAD(args[0]), /* the flags: the lower half of the first argument, on little-endian machines */
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, CLONE_VM | CLONE_VFORK),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLONE_VM, 1, 0),
    DO(SECCOMP_RET_KILL_PROCESS),
    DO(SECCOMP_RET_ALLOW),
};

const char *confine_to_one_process(void) {
  static char reason[128];
  const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) {
    return NULL;
  }
  snprintf(reason, sizeof reason, "the kernel refuses a filter of system calls: %s", strerror(errno));
  return reason;
}

#else

const char *confine_to_one_process(void) { return "no filter of system calls is known for this processor"; }

#endif

const char *confine_refusal(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit(confine_to_one_process() ? 1 : 0);
  if (child < 0 || waitpid(child, &status, 0) != child) return "it could not be tried";
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? NULL : "the system refuses the filter of system calls";
}
