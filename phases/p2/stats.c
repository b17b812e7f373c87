/* SPDX-License-Identifier: MIT
 *
 * stats.c - what a kind's store consists of, as counters. */
#include <stdio.h>

#include "keep.h"

struct sums {
  uint64_t chunks, deltas, delta_bytes, compressed_bytes, plain_bytes, named_bytes, kept_bytes;
};

static void sum_chunks(const struct keep *keep, struct sums *sums) {
  for (uint32_t i = 0; i < keep->chunk_count; i++) {
    const struct chunk *chunk = &keep->chunks[i];
    const uint8_t *p;
    uint64_t bytes;
    if (chunk->refs == 0 || slabs_get(keep->chunk_slabs, i, &p, &bytes) != STAGE_OK) continue;
    sums->chunks++;
    sums->compressed_bytes += bytes;
    sums->plain_bytes += chunk->length;
    if (chunk->how != COMPRESS_PREFIX) continue;
    sums->deltas++;
    sums->delta_bytes += bytes;
  }
  for (uint32_t i = 0; i < keep->document_count; i++) {
    if (keep->documents[i].state != DOCUMENT_ABSENT) sums->kept_bytes += keep->documents[i].stripped_length;
  }
}

void keep_stats(const struct keep *keep, const char *kind, stage_stat_fn *emit, void *sink) {
  struct sums sums = {0};
  sum_chunks(keep, &sums);
  struct slabs_usage usage = {0};
  if (keep->chunk_slabs) usage = slabs_usage(keep->chunk_slabs);
  uint64_t tables = keep->document_count * sizeof *keep->documents + keep->chunk_capacity * sizeof *keep->chunks +
                    keep->ref_capacity * sizeof *keep->refs + usage.directory_bytes;
  const struct {
    const char *name, *unit;
    uint64_t value;
  } rows[] = {
      {"kept", "bytes", sums.kept_bytes},
      {"chunks", "count", sums.chunks},
      {"chunk", "bytes", sums.plain_bytes},
      {"compressed", "bytes", sums.compressed_bytes},
      {"duplicates", "count", keep->counts.duplicates},
      {"deltas", "count", sums.deltas},
      {"delta", "bytes", sums.delta_bytes},
      {"dictionary", "bytes", keep->compressor.dictionary_bytes},
      {"tables", "bytes", tables},
      {"journal_entries", "count", keep->journal.count},
      {"rechunks", "count", keep->counts.rechunks},
      {"rechunk", "bytes", keep->counts.rechunk_bytes},
      {"rechunk_cut", "bytes", keep->counts.rechunk_cut_bytes},
      {"decompresses", "count", keep->counts.decompresses},
      {"cache_hits", "count", keep->counts.cache_hits},
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
  emit(sink, name, "bytes", (double)(journal_bytes(keep) + keep->counts.rechunk_bytes));
}
