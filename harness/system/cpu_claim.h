/* SPDX-License-Identifier: MIT
 *
 * cpu_claim.h - which CPU the cells of a run have to themselves.
 *
 * Two runs that measure on one CPU make each other's times worthless and nothing shows it. So a run
 * claims its CPU: it binds a socket of an abstract name ("\0phasebench.cpu.3"), which the kernel
 * takes back when the process ends, however it ends. Runs in another network namespace (most
 * containers) are not seen; steal time and load, recorded with each cell, tell of them. */
#ifndef PHASEBENCH_CPU_CLAIM_H
#define PHASEBENCH_CPU_CLAIM_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu_claim {
  int cpu;        /* -1: there is none to choose from */
  bool is_shared; /* every allowed CPU is claimed by another run; this one is the last of them */
  int fd;         /* holds the claim; -1: none */
};

/* Claims the last of the allowed CPUs that no other run has claimed. */
struct cpu_claim cpu_claim_take(const cpu_set_t *allowed);
void cpu_claim_release(struct cpu_claim *claim);

/* Time since boot, in ns, in which the host ran something else while this CPU had work ("steal" of
 * /proc/stat). false: the kernel does not say. */
bool cpu_steal_ns(int cpu, uint64_t *ns);

#endif
