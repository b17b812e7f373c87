/* SPDX-License-Identifier: MIT
 *
 * record.h - what p4b puts into the blob store below it in place of a source. Little endian.
 *
 *   a source that no file holds     a source that is mapped
 *     tag    u8, 0x5a                 tag    u8, 0xa5
 *     bytes  the source               check  u32, the low half of the XXH3-64 of all that follows
 *                                     hash   u64, XXH3-64 of the source
 *                                     size   varint, the source's bytes; never 0
 *                                     path   the rest: absolute, without NUL
 *
 * The two tags differ in every bit, so that no flipped one makes a record a source.
 *
 * Neither the file's time of change nor its inode is there: the contents are hashed whenever
 * they are mapped, and that alone decides. A file that was touched, checked out again or
 * copied is the same file; eight bytes a document that do not compress would say nothing. */
#ifndef PHASEBENCH_P4B_RECORD_H
#define PHASEBENCH_P4B_RECORD_H

#include <limits.h>

#include "stage.h"

#define RECORD_BYTES_TAG 0x5au
#define RECORD_FILE_TAG 0xa5u
#define RECORD_FILE_HEAD_BYTES 13u /* tag, check, hash */
#define RECORD_MAX (RECORD_FILE_HEAD_BYTES + 10u + PATH_MAX)

struct record {
  uint64_t hash, size;
  const char *path;  /* in the record's bytes; not terminated */
  size_t path_bytes; /* below PATH_MAX */
};

/* Writes at `out`, which has room for RECORD_MAX; the path must be shorter than PATH_MAX. */
size_t record_write(const struct record *record, uint8_t *out);
/* False where the bytes are no record of a file; *record is then undefined. */
bool record_read(const uint8_t *bytes, uint64_t length, struct record *record);

#endif
