/* SPDX-License-Identifier: MIT
 *
 * Any bytes as stripped records: reconstructed to the length asked for or refused, without a read or
 * write out of bounds; what is let through can be walked (by batch and by moves, with the
 * same nodes), and comes back from what it strips. The first two bytes say how many nodes. */
#include <stdlib.h>
#include <string.h>

#include "stage_check.h"
#include "strip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct check_stage stage;
static struct stage_cursor *cursor;

static uint64_t mix(uint64_t sum, uint32_t index, const struct stage_extent *extent) {
  return sum + ((uint64_t)extent->end_byte * 31 + extent->child_count * 7u + extent->descendant_count) * (index + 1ull);
}

static uint64_t walk_sum(uint32_t *nodes) {
  struct stage_node batch[64];
  uint64_t sum = 0;
  uint32_t count;
  *nodes = 0;
  do {
    if (stage.ops->walk(cursor, batch, 64, &count)) abort();
    for (uint32_t i = 0; i < count; i++) sum = mix(sum, batch[i].head.index, &batch[i].extent);
    *nodes += count;
  } while (count > 0);
  return sum;
}

static uint64_t moves_sum(uint32_t *nodes) {
  uint64_t sum = 0;
  *nodes = 0;
  for (bool more = true; more;) {
    struct stage_extent extent;
    if (stage.ops->extent(cursor, &extent)) abort();
    sum = mix(sum, cursor->head.index, &extent);
    ++*nodes;
    if (stage.ops->goto_first_child(cursor)) continue;
    while (!(more = stage.ops->goto_next_sibling(cursor)) && stage.ops->goto_parent(cursor)) {
    }
  }
  return sum;
}

static void check_walks(const uint8_t *records, size_t length) {
  uint32_t walked, moved;
  check_put(&stage.blob_store, STAGE_TREE, 0, records, length, NULL);
  if (stage.ops->cursor_open(cursor, 0)) abort();
  uint64_t sum = walk_sum(&walked);
  if (sum != moves_sum(&moved) || walked != moved || walked != length / sizeof(struct record)) abort();
  stage.ops->cursor_close(cursor);
}

/* Bytes that nobody stripped may be let through, but then they mean the same as what is stripped of
 * their records. */
static void check_returns(const uint8_t *records, size_t length) {
  uint8_t *stripped = malloc(2 * length), *again = malloc(length);
  uint64_t stripped_length;
  if (!stripped || !again || baseline_strip(records, length, stripped, &stripped_length) ||
      stripped_length > 2 * length)
    abort();
  if (baseline_reconstruct(stripped, stripped_length, again, length) || memcmp(again, records, length) != 0) abort();
  free(stripped);
  free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!stage.ops) {
    check_stage_open(&stage, phasebench_stage());
    if (stage.ops->cursor_new(stage.store, &cursor)) abort();
  }
  if (size < 2) return 0;
  size_t length = (size_t)(data[0] | data[1] << 8) * sizeof(struct record);
  uint8_t *out = malloc(length ? length : 1); /* exact, so that a write past the end is seen */
  if (!out) abort();
  int error = baseline_reconstruct(data + 2, size - 2, out, length);
  if (error != STAGE_OK && error != STAGE_CORRUPT) abort();
  if (error == STAGE_OK) {
    check_walks(out, length);
    check_returns(out, length);
  }
  free(out);
  return 0;
}
