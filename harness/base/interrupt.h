/* SPDX-License-Identifier: MIT
 *
 * interrupt.h - Ctrl-C, SIGTERM and SIGHUP of commands that end in good order: the signal is noted, and
 * looked at where nothing is half done. A second one ends the process at once. */
#ifndef PHASEBENCH_INTERRUPT_H
#define PHASEBENCH_INTERRUPT_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fault;

/* From now on signals are noted; what was ignored stays ignored. */
void interrupt_watch(void);
/* The signal that came; 0: none, or nobody watches. */
int interrupt_number(void);
/* true: none came. Else EXIT_CODE_INTERRUPTED, "interrupted by SIGINT; WHAT". */
bool interrupt_none(const char *what, struct fault *fault);

#ifdef __cplusplus
}
#endif

#endif
