/* SPDX-License-Identifier: MIT
 *
 * code_rest.h - code that ran once and will not run again soon. */
#ifndef PHASEBENCH_KIT_CODE_REST_H
#define PHASEBENCH_KIT_CODE_REST_H

/* Takes the code and constants of the shared object that has this function out of the process's memory:
 * what of it runs again is mapped again from the page cache, up to 64 KiB at a time. Learning, compressing and
 * decompressing touch some 550 KiB of libzstd, what only decompresses some 300: at rest that is as much as a small
 * store. Says nothing: where it is refused, memory is as it was. */
void code_rest(void (*function)(void));

#endif
