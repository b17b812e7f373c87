/* SPDX-License-Identifier: MIT
 *
 * reserve.h - memory of the harness's that is there, and touched, before the checkpoint `start`, so that
 * no later checkpoint has it. */
#ifndef PHASEBENCH_CELL_RESERVE_H
#define PHASEBENCH_CELL_RESERVE_H

#include <stddef.h>

#include "base/fault.h"
#include "stage.h"

/* Bytes of zeros from the harness's heap; NULL: a fault was set. */
void *cell_reserve(struct stage_heap *heap, size_t bytes, struct fault *fault);

#endif
