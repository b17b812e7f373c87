/* SPDX-License-Identifier: MIT
 *
 * timings.h - how long the steps of a cell took, summed over all documents; schema/figures.h tells of each. */
#ifndef PHASEBENCH_CELL_TIMINGS_H
#define PHASEBENCH_CELL_TIMINGS_H

#include "schema/figures.h"

struct cell_timings {
  union {
    struct {
      TIMING_FIGURES(FIGURE_MEMBER)
    };
    uint64_t value[TIMING_FIGURE_COUNT];
  };
};

#endif
