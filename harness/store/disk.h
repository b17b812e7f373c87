/* SPDX-License-Identifier: MIT
 *
 * disk.h - a store as a folder: the files of its stages, and a file of the harness's, the head. The head
 * says with which stages and settings the folder is opened again. Its lines end in LF:
 *   phasebench-store-1
 *   abi 4
 *   stages p1+p2                     the combination, without the base stage
 *   set p4a.hot_bytes=262144         each option of each stage
 *   hash 0123456789abcdef            XXH3 of all before this line
 *
 * How such a folder is made, and put in place of an older one, is disk_making.h's. */
#ifndef PHASEBENCH_STORE_DISK_H
#define PHASEBENCH_STORE_DISK_H

#include "catalogue.h"
#include "store.h"

#define STORE_DISK_HEAD "phasebench.store"

struct store_disk {
  char path[4096]; /* as it was named */
  struct combination combination;
  struct store_place place;
  struct store *store;
  struct store_catalogue catalogue;
};

/* Opens the store at `path`, for reading. `stages` (NULL: as the head says) names the combination where
 * stages come from elsewhere; `settings` (NULL: none) win over those of the head. Faults: EXIT_CODE_CORRUPT,
 * EXIT_CODE_INPUT (no store, other stages), EXIT_CODE_SYSTEM. The caller closes it, after a fault too. */
bool store_disk_open(const char *path, const char *stages, const struct store_place *settings, struct store_disk *disk,
                     struct fault *fault);
void store_disk_close(struct store_disk *disk);

/* Size and disk blocks of all files in the folder, and their number. */
struct store_disk_size {
  uint64_t files, bytes, disk_bytes;
};
bool store_disk_size(const char *path, struct store_disk_size *size, struct fault *fault);

/* The head of an open store; the caller frees it. NULL: a fault was set. */
char *store_disk_head(const struct store *store, const struct combination *combination, struct fault *fault);
/* Reads the head of the store at `path` and checks its hash, whose line is cut off. Faults: EXIT_CODE_INPUT (no
 * store), EXIT_CODE_CORRUPT, EXIT_CODE_SYSTEM. */
#define STORE_DISK_HEAD_BYTES_MAX 65536
bool store_disk_read_head(const char *path, char text[STORE_DISK_HEAD_BYTES_MAX], struct fault *fault);

#endif
