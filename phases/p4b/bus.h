/* SPDX-License-Identifier: MIT
 *
 * bus.h - who reads a map past the end of a file that was cut short, or where the disk
 * fails, gets SIGBUS. For maps of p4b that is an error of the document and no end of the
 * process: the handler puts pages of zeros there and marks the map as corrupt.
 *
 * mmap is not in POSIX's list of what a handler may call; on Linux it is one system call
 * without a lock in the C library, and the signal comes from the thread's own read of the
 * map, never out of the middle of an allocation.
 *
 * One handler for the process, for as long as any store has maps. A signal that is not of a
 * map goes to the handler before it, or to the default action. Threads: one, as in stage.h. */
#ifndef PHASEBENCH_P4B_BUS_H
#define PHASEBENCH_P4B_BUS_H

#include "maps.h"

/* Before the store's first map. STAGE_IO: the handler cannot be set. */
int bus_watch(struct maps *maps);
/* Once its last map is gone, and the store is closed; may be called without bus_watch. */
void bus_unwatch(struct maps *maps);

#endif
