/* SPDX-License-Identifier: MIT
 *
 * delta.h - a version of a document as what differs from its base: the journal's entries.
 *
 * An entry.
 *   varint   hunks * 3 + form
 *   for each hunk: varint bytes of the base since the last hunk, varint bytes left out,
 *            varint bytes put in
 *   the bytes that are put in, of all hunks back to back; with no hunk the whole version:
 *     form 0  as they are (with no hunk: none, the version is the base)
 *     form 1  the one block of a zstd frame with the base as prefix, without the five bytes
 *             that the block's size tells: frame descriptor, window, block header
 *     form 2  a whole frame of that kind, where it has more than one block
 * The smallest of these is taken, by trying. Hunks that are near to each other are also tried
 * as one, since the equal bytes between them may compress to less than addresses do. A line
 * "x();\n" put in behind byte 300:
 *   [03] [ac 02] [00] [05] [78 28 29 3b 0a]
 * The line of "int main(void) {\n  return the_same(1, 2, 3);\n}\n" a second time, form 1 (literals: a
 * blank; one sequence, of 27 bytes from the base):
 *   [04] [2d] [00] [1c] [08 20] [01] [00] [21 54 42]
 *
 * How the difference is found: runs of bytes that occur once in the base and once in the
 * version are anchors; the longest series of anchors that stand in the same order in both
 * is the frame of the difference (patience diff, Cohen), and what lies between two of them
 * is looked at again with shorter runs. Linear in the document's size but for the sorting
 * of anchors, of which there are at most DELTA_ANCHORS_MAX. */
#ifndef PHASEBENCH_P2_DELTA_H
#define PHASEBENCH_P2_DELTA_H

#include "kit/support/compress.h"

#define DELTA_ANCHORS_MAX (1u << 18)

struct delta_hunk {
  uint32_t base_at, base_bytes; /* base[base_at, base_at + base_bytes) is left out */
  uint32_t new_at, new_bytes;   /* new[new_at, new_at + new_bytes) is put in instead */
};

struct delta_hunks {
  struct delta_hunk *p;
  uint32_t count, capacity;
};

/* What differs, in order. Both are shorter than 4 GiB. STAGE_OUT_OF_MEMORY; the caller
 * releases hunks->p either way. */
int delta_diff(struct compressor *compressor, struct compress_slice base, struct compress_slice new_bytes,
               struct delta_hunks *hunks);

/* An entry of the journal, allocated; p is NULL where there is none. */
struct delta_entry {
  uint8_t *p;
  size_t bytes;
};

/* The entry that makes `new_bytes` of `base`, which differ in `hunks`: on the compressor's heap, the
 * caller's. entry->p is NULL where it would need more than `most` bytes. */
int delta_encode(struct compressor *compressor, struct compress_slice base, struct compress_slice new_bytes,
                 const struct delta_hunks *hunks, size_t most, struct delta_entry *entry);
/* Writes the version, of exactly `length` bytes. STAGE_CORRUPT where the entry does not
 * make these; nothing is read or written out of bounds. */
int delta_apply(struct compressor *compressor, struct compress_slice base, struct compress_slice entry, uint8_t *out,
                size_t length);

#endif
