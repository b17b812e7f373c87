/* SPDX-License-Identifier: MIT
 *
 * probe.h - what the kernel says this process holds. A figure that could not be
 * read is missing with a reason, never 0.
 *
 * Files are behind `proc_root` ("/proc/self" in use), so that tests can fake them. */
#ifndef PHASEBENCH_PROBE_H
#define PHASEBENCH_PROBE_H

#include <stdint.h>

#include "base/fault.h"
#include "schema/figures.h"

/* Owners: whose pages a mapping's are, told from its path in smaps. Pages of a module's
 * zero-initialised data have no path; they are told from where the loader put the
 * module, unless the kernel merged their mapping with a neighbour: then they count
 * as anonymous. The owners, and the figures, are listed in schema/figures.h. */
/* RSS and its parts are exact (the kernel walks the page tables); VmHWM comes from
 * counters that the kernel adds up lazily and may be a few hundred KiB off on machines with many
 * CPUs. Faults before the first reading are those since the process began. */
struct probe_reading {
  uint64_t value[PROBE_FIGURE_COUNT];
  const char *missing[PROBE_FIGURE_COUNT];        /* NULL: value is there; else the reason (static) */
  uint64_t rss_by_owner_bytes[PROBE_OWNER_COUNT]; /* smaps: Rss, summed over mappings */
  const char *rss_by_owner_missing;
};

/* Files below `path` (a file or a folder, absolute) count as `owner`'s; the longest path wins. path
 * is copied. The program itself and *.so files are known without. False: too many places, or a path
 * that is too long. */
bool probe_add_place(enum probe_owner owner, const char *path);

/* Reads once and resets nothing: call twice before the first checkpoint, since the
 * first reading itself costs memory. */
void probe_prime(void);
/* Reads everything. Then starts a new window for peak and faults. Allocates nothing. */
void probe_read(struct probe_reading *reading);
/* For tests: another place than /proc/self. Forgets the window, too. */
void probe_set_proc_root(const char *path);

#endif
