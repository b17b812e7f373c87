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
 * A store is made beside its place, in PLACE.making-XXXXXX, and the two folders are exchanged when it is
 * durable: if the process dies in between, PLACE is the old one or the new one. A folder is locked (flock)
 * while a process makes or removes it; what a killed process left behind, the next one removes. */
#ifndef PHASEBENCH_STORE_DISK_H
#define PHASEBENCH_STORE_DISK_H

#include "catalogue.h"
#include "store.h"

#define STORE_DISK_HEAD "phasebench.store"

/* ---- reading ---- */

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

/* ---- making ---- */

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
/* The head of an open store; the caller frees it. NULL: a fault was set. */
char *store_disk_head(const struct store *store, const struct combination *combination, struct fault *fault);

#endif
