/* SPDX-License-Identifier: MIT
 *
 * disk_making.h - makes the folder of a store (disk.h).
 *
 * A store is made beside its place, in PLACE.making-XXXXXX, and the two folders are exchanged when it is
 * durable: if the process dies in between, PLACE is the old one or the new one. A folder is locked (flock)
 * while a process makes or removes it; what a killed process left behind, the next one removes. */
#ifndef PHASEBENCH_STORE_DISK_MAKING_H
#define PHASEBENCH_STORE_DISK_MAKING_H

#include "base/fault.h"

struct store_disk_making {
  char place[4096];  /* absolute */
  char folder[4096]; /* where the store is being made */
  int lock_fd;       /* of that folder; -1: none */
};

/* May a store be put at `path`: is nothing there, an empty folder, or a store that holds nothing else? Then
 * makes the folder beside it. Faults: EXIT_CODE_USAGE, EXIT_CODE_SYSTEM. */
bool store_disk_begin(const char *path, struct store_disk_making *making, struct fault *fault);
/* The stages' files are durable and closed: writes the head and puts all in place. */
bool store_disk_finish(struct store_disk_making *making, const char *head, struct fault *fault);
/* Removes what is not in place. */
void store_disk_end(struct store_disk_making *making);

#endif
