/* SPDX-License-Identifier: MIT
 *
 * interrupt.h - all that this program does about signals.
 *
 * Ctrl-C, SIGTERM and SIGHUP end a command in good order: the signal is noted, and the command looks at
 * it where nothing is half done. A signal that was ignored when the program started (nohup, a background
 * job of a shell) stays ignored. A command chooses one of two ways, or none, in which case a signal ends
 * it at once:
 *   interrupt_watch  the same signal again ends the process at once
 *   interrupt_hold   none of them ends the process; the command also waits for children */
#ifndef PHASEBENCH_INTERRUPT_H
#define PHASEBENCH_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fault;

void interrupt_watch(void);
void interrupt_hold(void);

/* The first signal that came; 0: none, or nobody watches. */
int interrupt_number(void);
/* true: none came. Else EXIT_CODE_INTERRUPTED, "interrupted by SIGINT; WHAT". */
bool interrupt_none(const char *what, struct fault *fault);

/* After interrupt_hold: returns when a signal came, when a child ended, or after the timeout. */
void interrupt_wait(int64_t timeout_ns);

/* From now on such a signal does nothing: a write to a closed pipe (SIGPIPE), or beyond the limit on the
 * size of files (SIGXFSZ), is an error of that write. */
void interrupt_ignore(int number);

/* In a child, after fork: signals are as in a fresh process, none is ignored or blocked. */
void interrupt_reset_child(void);

/* While a child runs in the foreground, Ctrl-C and Ctrl-\ are for the child alone: it cleans up, and we
 * wait for it. The child itself takes them back before exec. */
struct interrupt_lent {
  struct sigaction interrupt, quit; /* as it was before */
};
void interrupt_lend(struct interrupt_lent *lent);
void interrupt_take_back(const struct interrupt_lent *lent);

#ifdef __cplusplus
}
#endif

#endif
