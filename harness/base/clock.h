/* SPDX-License-Identifier: MIT
 *
 * clock.h - the one clock of all timings: nanoseconds of CLOCK_MONOTONIC. */
#ifndef PHASEBENCH_CLOCK_H
#define PHASEBENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S UINT64_C(1000000000)

static inline uint64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

#endif
