/* SPDX-License-Identifier: MIT
 *
 * debris.h - folders that are being made, and are to be gone when the program ends before they are done: where
 * memory is out and nothing can return, exit() is called in the middle. */
#ifndef PHASEBENCH_DEBRIS_H
#define PHASEBENCH_DEBRIS_H

/* The folder at `path`, which must stay valid, goes at exit by `remove`, unless it is forgotten before. Of one
 * process at a time: a child that was forked removes nothing. */
void debris_add(const char *path, void (*remove)(const char *path));
void debris_forget(const char *path);

#endif
