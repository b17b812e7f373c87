/* SPDX-License-Identifier: MIT
 *
 * confine.h - a cell is one process, and the kernel holds it to that.
 *
 * A stage that forks would hold memory that no checkpoint reads and no limit reaches, and a child
 * in a session of its own would outlive the run. So a cell may not make processes: a seccomp filter
 * ends it by SIGSYS when it tries to. Threads are its own, and so are children that share its memory
 * (CLONE_VM without CLONE_VFORK: what a leak checker makes to look at its parent). */
#ifndef PHASEBENCH_CONFINE_H
#define PHASEBENCH_CONFINE_H

#include <stdbool.h>

/* From here on, for this process and for good. NULL: it holds. Else why it does not (static): the
 * kernel or a container refuses filters. */
const char *confine_to_one_process(void);

/* Whether children of this process could be confined so, tried with one: NULL, or why not (static). */
const char *confine_refusal(void);

#endif
