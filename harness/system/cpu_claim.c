/* SPDX-License-Identifier: MIT */
#include "cpu_claim.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The socket that holds the claim; -1: another process has it, or sockets are refused. */
static int claim(int cpu) {
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "phasebench.cpu.%d", cpu);
  socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
  if (bind(fd, (const struct sockaddr *)&address, bytes) == 0) return fd;
  close(fd);
  return -1;
}

struct cpu_claim cpu_claim_take(const cpu_set_t *allowed) {
  struct cpu_claim taken = {.cpu = -1, .fd = -1};
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && taken.fd < 0; cpu--) {
    if (!CPU_ISSET(cpu, allowed)) continue;
    int fd = claim(cpu);
    if (fd >= 0 || taken.cpu < 0) taken.cpu = cpu;
    taken.fd = fd;
  }
  taken.is_shared = taken.cpu >= 0 && taken.fd < 0;
  return taken;
}

void cpu_claim_release(struct cpu_claim *claimed) {
  if (claimed->fd >= 0) close(claimed->fd);
  claimed->fd = -1;
}

bool cpu_steal_ns(int cpu, uint64_t *ns) {
  char name[16], line[512];
  snprintf(name, sizeof name, "cpu%d ", cpu);
  FILE *in = fopen("/proc/stat", "r");
  bool found = false;
  while (in && !found && fgets(line, sizeof line, in)) {
    uint64_t ticks;
    found = strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line + strlen(name), "%*u %*u %*u %*u %*u %*u %*u %" SCNu64, &ticks) == 1;
    if (found) *ns = ticks * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
  }
  if (in) fclose(in);
  return found;
}
