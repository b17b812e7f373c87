/* SPDX-License-Identifier: MIT
 *
 * disk_usage.h - disk blocks of what the stages wrote: all that is in the store's folder, open or not, and files
 * elsewhere that are open for writing and were not before any stage was loaded; each file once. */
#ifndef PHASEBENCH_DISK_USAGE_H
#define PHASEBENCH_DISK_USAGE_H

#include <stdint.h>
#include <sys/types.h>

#define DISK_USAGE_FILES_MAX 4096

struct disk_files {
  unsigned count;
  struct {
    dev_t device;
    ino_t inode;
    uint64_t bytes; /* disk blocks */
  } files[DISK_USAGE_FILES_MAX];
};

/* Large; zeroed before its first use. */
struct disk_usage {
  const char *folder; /* of the stages' files; NULL: there is none. The path is the caller's. */
  struct disk_files before, now;
};

/* Before any stage is loaded: what is open for writing is not a stage's. */
void disk_usage_calibrate(struct disk_usage *usage);
/* NULL on success, else why there is no figure. Gives back what memory it takes. */
const char *disk_usage_read(struct disk_usage *usage, uint64_t *bytes);

#endif
