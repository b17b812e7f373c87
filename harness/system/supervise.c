/* SPDX-License-Identifier: MIT
 *
 * supervise.c - one child at a time, with limits.
 *
 * The child tells through a pipe what the system refused it, and whether exec failed;
 * the pipe closes on a successful exec. interrupt_wait is also the clock of the memory
 * watch. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/count.h"

static const int64_t WATCH_NS = 20 * 1000 * 1000;

struct cpu_claim supervise_choose_cpu(const char **why) {
  static char reason[128];
  cpu_set_t allowed;
  *why = NULL;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    snprintf(reason, sizeof reason, "sched_getaffinity failed: %s", strerror(errno));
    *why = reason;
    return (struct cpu_claim){.cpu = -1, .fd = -1};
  }
  struct cpu_claim claim = cpu_claim_take(&allowed);
  if (CPU_COUNT(&allowed) > 1) {
    CPU_CLR(claim.cpu, &allowed);
    sched_setaffinity(0, sizeof allowed, &allowed); /* refused: the child still gets its CPU */
  }
  return claim;
}

/* ---- the child ---- */

struct report {
  int aslr_error, huge_pages_error, cpu_error;
  int start_error; /* errno of what kept it from starting, 0: it started */
  char what[16];
};

static void stop_child(int report_fd, struct report *report, const char *what) {
  report->start_error = errno;
  snprintf(report->what, sizeof report->what, "%s", what);
  ssize_t ignored = write(report_fd, report, sizeof *report);
  (void)ignored;
  _exit(127);
}

static void set_up_files(int report_fd, struct report *report, const char *log_path) {
  int in = open("/dev/null", O_RDONLY);
  int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
  if (in < 0 || log < 0) stop_child(report_fd, report, "open");
  if (dup2(in, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) stop_child(report_fd, report, "dup2");
  close(in);
  close(log);
}

/* When memory is out, the kernel should kill this process and not the supervisor. Raising is always allowed. */
static void offer_to_oom_killer(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t ignored = write(fd, "1000", 4);
  (void)ignored;
  close(fd);
}

static _Noreturn void be_child(const struct supervise_request *request, pid_t parent, int report_fd) {
  struct report report = {0};
  /* The kernel kills it when the parent dies, even before this line: hence getppid. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) stop_child(report_fd, &report, "prctl");
  if (getppid() != parent) _exit(127);
  if (setsid() < 0) stop_child(report_fd, &report, "setsid");
  interrupt_reset_child();
  set_up_files(report_fd, &report, request->log_path);
  if (request->directory && chdir(request->directory) != 0) stop_child(report_fd, &report, "chdir");
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  offer_to_oom_killer();
  int persona = personality(0xffffffff);
  if (persona < 0 || personality((unsigned long)persona | ADDR_NO_RANDOMIZE) < 0) report.aslr_error = errno;
  if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) report.huge_pages_error = errno;
  if (request->cpu >= 0) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(request->cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) report.cpu_error = errno;
  }
  if (write(report_fd, &report, sizeof report) != (ssize_t)sizeof report) _exit(127);
  execve(request->argv[0], (char *const *)(uintptr_t)request->argv, (char *const *)(uintptr_t)request->environment);
  stop_child(report_fd, &report, "exec");
  _exit(127);
}

/* ---- the parent ---- */

/* Reads the child's reports until exec closes the pipe; the last one counts. */
static bool read_report(int fd, struct report *report) {
  struct report next;
  bool any = false;
  size_t used = 0;
  for (;;) {
    ssize_t got = read(fd, (char *)&next + used, sizeof next - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return any;
    used += (size_t)got;
    if (used == sizeof next) {
      *report = next;
      any = true;
      used = 0;
    }
  }
}

static uint64_t rss_of(pid_t child) {
  char path[64], text[128];
  snprintf(path, sizeof path, "/proc/%ld/statm", (long)child);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  text[got > 0 ? got : 0] = 0;
  uint64_t pages = 0;
  return sscanf(text, "%*u %" SCNu64, &pages) == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* A child that writes without end would fill the disk. It appends, so it goes on behind what is left. */
static void cut_log(const char *path, bool *cut) {
  struct stat status;
  if (stat(path, &status) != 0 || status.st_size <= SUPERVISE_LOG_BYTES_MAX) return;
  *cut = truncate(path, SUPERVISE_LOG_BYTES_MAX) == 0;
}

static void note_cut(const char *path) {
  FILE *log = fopen(path, "ae");
  if (!log) return;
  fprintf(log, "\nphasebench: the log ends here: the cell wrote more than %d bytes of it\n", SUPERVISE_LOG_BYTES_MAX);
  fclose(log);
}

/* Waits for the child's end, or brings it about. */
static void watch(pid_t child, const struct supervise_request *request, uint64_t start_ns,
                  struct supervise_outcome *outcome) {
  bool killed = false, cut = false;
  siginfo_t ended = {0};
  /* WNOWAIT: until the child is reaped, its session's number is nobody else's. */
  while (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != child) {
    enum supervise_end end = SUPERVISE_EXITED;
    uint64_t rss_bytes = rss_of(child);
    if (rss_bytes > outcome->highest_rss_bytes) outcome->highest_rss_bytes = rss_bytes;
    if (interrupt_number()) end = SUPERVISE_INTERRUPTED;
    else if (rss_bytes > request->memory_limit_bytes) end = SUPERVISE_MEMORY_LIMIT;
    else if ((clock_ns() - start_ns) / 1000000 >= request->timeout_ms) end = SUPERVISE_TIMEOUT;
    if (end != SUPERVISE_EXITED && !killed) {
      killed = true;
      outcome->end = end;
      kill(-child, SIGKILL); /* its session: what it started, too */
    }
    cut_log(request->log_path, &cut);
    interrupt_wait(WATCH_NS);
  }
  kill(-child, SIGKILL); /* whatever it left running */
  int status;
  waitpid(child, &status, 0);
  cut_log(request->log_path, &cut);
  if (cut) note_cut(request->log_path);
  if (killed) return;
  outcome->end = WIFSIGNALED(status) ? SUPERVISE_SIGNALLED : SUPERVISE_EXITED;
  outcome->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

bool supervise_run(const struct supervise_request *request, struct supervise_outcome *outcome, struct fault *fault) {
  memset(outcome, 0, sizeof *outcome);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fault_set(fault, EXIT_CODE_SYSTEM, "no pipe to a child: %s", strerror(errno));
  fflush(NULL);
  pid_t parent = getpid();
  uint64_t start_ns = clock_ns(), stolen_before_ns = 0, stolen_ns;
  cpu_steal_ns(request->cpu, &stolen_before_ns);
  pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return fault_set(fault, EXIT_CODE_SYSTEM, "no new process: %s", strerror(errno));
  }
  if (child == 0) be_child(request, parent, ends[1]);
  close(ends[1]);
  struct report report = {0};
  bool reported = read_report(ends[0], &report);
  close(ends[0]);
  if (reported && report.start_error) {
    waitpid(child, NULL, 0);
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: could not be started: %s: %s (log: %s)", request->argv[0],
                     report.what, strerror(report.start_error), request->log_path);
  }
  outcome->aslr_error = report.aslr_error;
  outcome->huge_pages_error = report.huge_pages_error;
  outcome->cpu_error = report.cpu_error;
  watch(child, request, start_ns, outcome);
  outcome->wall_ns = clock_ns() - start_ns;
  if (cpu_steal_ns(request->cpu, &stolen_ns)) outcome->steal_ns = stolen_ns - stolen_before_ns;
  return true;
}
