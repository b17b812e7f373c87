/* SPDX-License-Identifier: MIT
 *
 * account.h - who owns the memory of a checkpoint, and what nobody does.
 *
 * Every page of RSS lies in a mapped file or stack, whose owner is known by its path (program, stages,
 * grammars, libraries, corpus), or in anonymous memory:
 *
 *   RSS = mapped files and stacks, by owner
 *       + jemalloc's resident_bytes (its heaps, each with its owner, and its own metadata)
 *       - untouched      jemalloc counts pages that it handed out and nobody wrote to: the end of
 *                        a large allocation, and most of its own metadata (2 MiB for each GiB of
 *                        addresses)
 *       + unexplained
 *
 * Taking the allocator's word for what is resident would let memory without an owner hide
 * behind pages that were never touched. So the unexplained rest is measured apart, in
 * addresses, where the allocator's count is exact to the byte:
 *
 *   past the allocator = size of all anonymous mappings - jemalloc's mapped - retained
 *   unexplained        = what that grew by since before any stage was loaded
 *                      + RSS of files that are nobody's (owner "other")
 *
 * No more RSS than this can be without an owner. untouched then is what makes the sum true. */
#ifndef PHASEBENCH_ACCOUNT_H
#define PHASEBENCH_ACCOUNT_H

#include "base/size.h"
#include "checkpoint.h"

/* An unexplained rest above the larger of the two fails the cell. Part of every
 * result (settings.unexplained_limit), and the same for all cells. */
#define ACCOUNT_UNEXPLAINED_LIMIT_BYTES MIB_BYTES
#define ACCOUNT_UNEXPLAINED_LIMIT_PCT 2.0
#define ACCOUNT_UNEXPLAINED_LIMIT_TEXT "the larger of 1 MiB and 2 % of RSS"

/* What stages may take by plain malloc after `start`, which has no owner. Nothing of theirs should: the
 * grammars' scanners and the C library take a few KiB. */
#define ACCOUNT_OTHER_LIMIT_BYTES (UINT64_C(64) << 10)
/* What a stage may still hold of each kind of bytes when all documents are dropped: tables that it keeps
 * for the next ones, and a directory of documents. More was forgotten. */
#define ACCOUNT_DRAINED_LIMIT_BYTES (UINT64_C(128) << 10)
#define ACCOUNT_DRAINED_LIMIT_BYTES_PER_DOCUMENT 64

/* Sums the sizes of anonymous mappings into the checkpoint; takes no memory. */
void account_read_maps(struct account *account, struct checkpoint *checkpoint);
/* Before any stage is loaded, of a checkpoint that was read: what lies past the allocator then (the program's and
 * the libraries' zero-initialised data, the loader's) is explained. */
void account_calibrate(struct account *account, const struct checkpoint *checkpoint);
/* Sets the figures unexplained_bytes and untouched_bytes of a checkpoint, of which all else was read. */
void account_explain(const struct account *account, struct checkpoint *checkpoint);

/* Is the unexplained rest within the limit? Where it could not be told (no jemalloc), there is nothing to check. */
bool account_check(const struct checkpoint *checkpoint, enum checkpoint_name name, struct fault *fault);
/* Is what nobody owns, by the allocator's own books, within the limits above, and at `drained` what is left?
 * `documents` is how many the store had. The fault names the owner, the bytes and the checkpoint. */
bool account_check_owners(const struct checkpoint checkpoints[CHECKPOINT_COUNT], enum checkpoint_name name,
                          uint64_t documents, struct fault *fault);

#endif
