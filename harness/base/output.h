/* SPDX-License-Identifier: MIT
 *
 * output.h - standard output: what was printed and did not arrive (a full disk) is not a success. */
#ifndef PHASEBENCH_OUTPUT_H
#define PHASEBENCH_OUTPUT_H

#include "fault.h"

/* Flushes it. False and EXIT_CODE_SYSTEM where anything printed so far did not arrive. */
bool output_flush(struct fault *fault);

#endif
