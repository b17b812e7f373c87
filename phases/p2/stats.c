/* SPDX-License-Identifier: MIT
 *
 * stats.c - what a kind's store consists of, as counters. */
#include <stdio.h>

#include "blobs.h"

struct sums {
  uint64_t chunks, deltas, delta_bytes, compressed_bytes, plain_bytes, named_bytes, kept_bytes;
};

static void sum_chunks(const struct blobs *blobs, struct sums *sums) {
  for (uint32_t i = 0; i < blobs->chunk_count; i++) {
    const struct chunk *chunk = &blobs->chunks[i];
    const uint8_t *p;
    uint64_t bytes;
    if (chunk->refs == 0 || slabs_get(blobs->chunk_slabs, i, &p, &bytes) != STAGE_OK) continue;
    sums->chunks++;
    sums->compressed_bytes += bytes;
    sums->plain_bytes += chunk->length;
    if (chunk->how != COMPRESS_PREFIX) continue;
    sums->deltas++;
    sums->delta_bytes += bytes;
  }
  for (uint32_t i = 0; i < blobs->document_count; i++) {
    if (blobs->documents[i].state != DOCUMENT_ABSENT) sums->kept_bytes += blobs->documents[i].stripped_length;
  }
}

void blobs_stats(const struct blobs *blobs, const char *kind, stage_stat_fn *emit, void *sink) {
  struct sums sums = {0};
  sum_chunks(blobs, &sums);
  struct slabs_usage usage = {0};
  if (blobs->chunk_slabs) usage = slabs_usage(blobs->chunk_slabs);
  uint64_t tables = blobs->document_count * sizeof *blobs->documents + blobs->chunk_capacity * sizeof *blobs->chunks +
                    blobs->ref_capacity * sizeof *blobs->refs + usage.directory_bytes;
  const struct {
    const char *name, *unit;
    uint64_t value;
  } rows[] = {
      {"kept", "bytes", sums.kept_bytes},
      {"chunks", "count", sums.chunks},
      {"chunk", "bytes", sums.plain_bytes},
      {"compressed", "bytes", sums.compressed_bytes},
      {"duplicates", "count", blobs->counts.duplicates},
      {"deltas", "count", sums.deltas},
      {"delta", "bytes", sums.delta_bytes},
      {"dictionary", "bytes", blobs->compressor.dictionary_bytes},
      {"tables", "bytes", tables},
      {"journal_entries", "count", blobs->journal.count},
      {"rechunks", "count", blobs->counts.rechunks},
      {"rechunk", "bytes", blobs->counts.rechunk_bytes},
      {"rechunk_cut", "bytes", blobs->counts.rechunk_cut_bytes},
      {"decompresses", "count", blobs->counts.decompresses},
      {"cache_hits", "count", blobs->counts.cache_hits},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char name[64];
    bool is_bytes = rows[i].unit[0] == 'b';
    snprintf(name, sizeof name, "%s_%s%s", kind, rows[i].name, is_bytes ? "_bytes" : "");
    emit(sink, name, rows[i].unit, (double)rows[i].value);
  }
  /* What edits have cost: pending entries, and what rechunking wrote in place of entries. Under
   * this name the harness looks for it. */
  char name[64];
  snprintf(name, sizeof name, "journal_%s_bytes", kind);
  emit(sink, name, "bytes", (double)(journal_bytes(blobs) + blobs->counts.rechunk_bytes));
}
