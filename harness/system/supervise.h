/* SPDX-License-Identifier: MIT
 *
 * supervise.h - runs one program under supervision: alone on a CPU, without address
 * randomisation and huge pages, with a limit of time and of memory; and says how it
 * ended. Knows nothing of cells.
 *
 * The child is killed when it goes past a limit, when this process is interrupted, and
 * by the kernel when this process dies. */
#ifndef PHASEBENCH_SUPERVISE_H
#define PHASEBENCH_SUPERVISE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/fault.h"
#include "cpu_claim.h"

#define SUPERVISE_LOG_BYTES_MAX (1 << 20)

enum supervise_end {
  SUPERVISE_EXITED,       /* code: the exit code */
  SUPERVISE_SIGNALLED,    /* code: the signal, which was not ours */
  SUPERVISE_TIMEOUT,      /* killed after request.timeout_ms */
  SUPERVISE_MEMORY_LIMIT, /* killed above request.memory_limit_bytes */
  SUPERVISE_INTERRUPTED,  /* killed because this process got SIGINT, SIGTERM or SIGHUP */
};

struct supervise_request {
  const char *const *argv;        /* NULL-terminated; argv[0] is the path of the program */
  const char *const *environment; /* NULL-terminated NAME=value: all that the child gets */
  const char *directory;          /* the child's working folder; NULL: this process's */
  const char *log_path;           /* the child's stdout and stderr; made anew; of more than
                              SUPERVISE_LOG_BYTES_MAX the rest is dropped, and it says so */
  uint64_t timeout_ms;
  uint64_t memory_limit_bytes; /* of its RSS, looked at every 20 ms */
  int cpu;                     /* the CPU it runs on; -1: as this process */
};

struct supervise_outcome {
  enum supervise_end end;
  int code;
  uint64_t wall_ns;
  uint64_t highest_rss_bytes; /* the highest seen when looking; a shorter peak is not seen */
  /* What the system refused to set for the child: errno, 0: it is set. The child ran all the same. */
  int aslr_error, huge_pages_error, cpu_error;
  uint64_t steal_ns; /* of its CPU, while it ran: what the host took; 0 where the kernel does not say */
};

/* Runs the program and waits for its end, or for a signal. Call interrupt_hold once before. False, with a fault (EXIT_CODE_SYSTEM), only
 * when it could not be started. */
bool supervise_run(const struct supervise_request *request, struct supervise_outcome *outcome, struct fault *fault);

/* Claims the CPU for children (cpu_claim.h) and moves this process to the others that it may use, where
 * there are any. claim.cpu is -1 where none could be chosen, with the reason in `why` (static). */
struct cpu_claim supervise_choose_cpu(const char **why);

#endif
