/* SPDX-License-Identifier: MIT
 *
 * splice.h - a version of a document as what differs from its base: the journal's entries.
 *
 * An entry.
 *   varint   hunks * 4 + form
 *   for each hunk: varint bytes of the base since the last hunk, varint bytes left out,
 *            varint bytes put in
 *   the bytes that are put in, of all hunks back to back:
 *     form 0  as they are
 *     form 1  a zstd frame with the base as prefix
 *   form 2   no hunks: the whole version, a zstd frame with the base as prefix
 * The smallest of the three is taken. A line "x();\n" put in behind byte 300:
 *   [04] [ac 02] [00] [05] [78 28 29 3b 0a]
 *
 * How the difference is found: runs of bytes that occur once in the base and once in the
 * version are anchors; the longest series of anchors that stand in the same order in both
 * is the frame of the difference (patience diff, Cohen), and what lies between two of them
 * is looked at again with shorter runs. Linear in the document's size but for the sorting
 * of anchors, of which there are at most SPLICE_ANCHORS_MAX. */
#ifndef PHASEBENCH_P2_SPLICE_H
#define PHASEBENCH_P2_SPLICE_H

#include "press.h"

#define SPLICE_ANCHORS_MAX (1u << 18)

struct splice_hunk {
  uint32_t base_at, base_bytes; /* base[base_at, base_at + base_bytes) is left out */
  uint32_t new_at, new_bytes;   /* new[new_at, new_at + new_bytes) is put in instead */
};

struct splice_hunks {
  struct splice_hunk *p;
  uint32_t count, capacity;
};

/* What differs, in order. Both are shorter than 4 GiB. STAGE_OUT_OF_MEMORY; the caller
 * releases hunks->p either way. */
int splice_diff(struct press *press, struct press_bytes base, struct press_bytes new_bytes, struct splice_hunks *hunks);

/* The entry that makes `new_bytes` of `base`, exact, on the press's heap, the caller's.
 * *entry is NULL where it would need more than `most` bytes. */
int splice_encode(struct press *press, struct press_bytes base, struct press_bytes new_bytes, size_t most,
                  uint8_t **entry, size_t *entry_bytes);
/* Writes the version, of exactly `length` bytes. STAGE_CORRUPT where the entry does not
 * make these; nothing is read or written out of bounds. */
int splice_apply(struct press *press, struct press_bytes base, struct press_bytes entry, uint8_t *out, size_t length);

#endif
