/* SPDX-License-Identifier: MIT
 *
 * chunk.h - where bytes are cut so that the same content is cut in the same places
 * wherever it stands, and a sketch by which similar chunks find each other.
 *
 * Cutting: a gear hash over the last 64 bytes; a cut where its top bits are zero, harder
 * to meet before the average size and easier behind it (Xia et al., FastCDC, USENIX ATC
 * 2016). Bytes of at most CHUNK_BYTES_MAX are one chunk: most source files are, and one
 * that is similar to another is a delta however it is cut.
 *
 * Sketch: the smallest of each of 8 permutations of the gear hashes at about every 32nd
 * position (min-wise hashing, Broder 1997). Chunks that share a fraction of their content
 * share about that fraction of the 8. */
#ifndef PHASEBENCH_P2_CHUNK_H
#define PHASEBENCH_P2_CHUNK_H

#include <stddef.h>
#include <stdint.h>

/* ARCHITECTURE.md has the table of sizes that were measured. */
#ifndef CHUNK_BYTES_MAX
#define CHUNK_BYTES_MAX (32u * 1024u)
#endif
#define CHUNK_BYTES_AVERAGE (CHUNK_BYTES_MAX / 2)
#define CHUNK_BYTES_MIN (CHUNK_BYTES_MAX / 8)
#define SKETCH_FEATURES 8

struct gear {
  uint64_t of_byte[256];
};
void gear_init(struct gear *gear);

/* The size of the chunk that bytes[0..length) begin with; length > 0. */
size_t chunk_cut(const struct gear *gear, const uint8_t *bytes, size_t length);

struct sketch {
  uint64_t feature[SKETCH_FEATURES]; /* each tells by its value which of the eight it is */
};
void sketch_make(const struct gear *gear, const uint8_t *bytes, size_t length, struct sketch *sketch);

#endif
