/* SPDX-License-Identifier: MIT
 *
 * journal.c - the entries, back to back in one allocation, so that one costs its bytes and the
 * byte or two of its length. A replaced entry of the same size is overwritten; others leave
 * holes, which are closed when the allocation is full and when the store finalizes. It is full
 * soon: it has room for a sixteenth more than what it held when it was made. */
#include "blobs.h"

#include <string.h>

#include "kit/support/varint.h"

#define ROOM_BYTES_MIN 512u /* so much in any case: closing holes looks at each document */

/* The entry's place with its length; false: there is none within the journal. */
static bool find(const struct blobs *blobs, const struct document *document, struct compress_slice *whole,
                 struct compress_slice *entry) {
  const struct journal *journal = &blobs->journal;
  uint64_t length;
  if (document->edit == 0 || document->edit > journal->used) return false;
  const uint8_t *at = journal->bytes + document->edit - 1, *end = journal->bytes + journal->used;
  size_t n = varint_read(at, end, &length);
  if (n == 0 || length > (uint64_t)(end - at) - n) return false;
  *whole = (struct compress_slice){at, n + (size_t)length};
  *entry = (struct compress_slice){at + n, (size_t)length};
  return true;
}

int journal_get(const struct blobs *blobs, const struct document *document, struct compress_slice *entry) {
  struct compress_slice whole;
  return find(blobs, document, &whole, entry) ? STAGE_OK : STAGE_CORRUPT;
}

/* What all entries take. Not used - free: a corrupt length would make that too little. */
static uint64_t live_bytes(const struct blobs *blobs) {
  struct compress_slice whole, entry;
  uint64_t bytes = 0;
  for (uint32_t id = 0; id < blobs->document_count; id++) {
    const struct document *document = &blobs->documents[id];
    if (document_is_intact(document) && find(blobs, document, &whole, &entry)) bytes += whole.length;
  }
  return bytes;
}

/* Moves all entries to an allocation with room for `more` bytes behind them. */
static bool gather(struct blobs *blobs, uint64_t more) {
  struct journal *journal = &blobs->journal;
  uint64_t live = live_bytes(blobs), capacity = live + more + (live + more) / 16 + ROOM_BYTES_MIN;
  if (capacity > BLOBS_NONE) return false;
  struct journal gathered = {.bytes = stage_allocate(blobs->ctx, blobs->kind, (size_t)capacity),
                             .capacity = (uint32_t)capacity,
                             .count = journal->count};
  if (!gathered.bytes) return false;
  for (uint32_t id = 0; id < blobs->document_count; id++) {
    struct document document = blobs->documents[id];
    struct compress_slice whole, entry;
    if (!document_is_intact(&document) || !find(blobs, &document, &whole, &entry)) continue;
    memcpy(gathered.bytes + gathered.used, whole.p, whole.length);
    document.edit = gathered.used + 1;
    document_set(blobs, id, document);
    gathered.used += (uint32_t)whole.length;
  }
  stage_release(blobs->ctx, blobs->kind, journal->bytes);
  *journal = gathered;
  return true;
}

static int reserve(struct blobs *blobs, uint64_t bytes) {
  struct journal *journal = &blobs->journal;
  if (bytes > BLOBS_NONE || journal->used - journal->free + bytes > BLOBS_NONE / 8 * 7) return STAGE_LIMIT;
  if (journal->capacity - journal->used >= bytes) return STAGE_OK;
  return gather(blobs, bytes) ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

static void hole_add(struct journal *journal, size_t bytes) {
  journal->free += bytes < journal->used - journal->free ? (uint32_t)bytes : journal->used - journal->free;
}

int journal_put(struct blobs *blobs, uint32_t id, struct compress_slice entry) {
  struct journal *journal = &blobs->journal;
  uint8_t head[VARINT_BYTES_MAX];
  size_t head_bytes = varint_write(head, entry.length), bytes = head_bytes + entry.length;
  struct compress_slice whole = {0}, old;
  bool there = find(blobs, &blobs->documents[id], &whole, &old);
  uint32_t at = blobs->documents[id].edit - 1;
  if (!there || whole.length != bytes) {
    int error = reserve(blobs, bytes);
    if (error) return error;
    if (there) hole_add(journal, whole.length);
    else journal->count++;
    at = journal->used;
    journal->used += (uint32_t)bytes;
  }
  memcpy(journal->bytes + at, head, head_bytes);
  memcpy(journal->bytes + at + head_bytes, entry.p, entry.length);
  struct document document = blobs->documents[id];
  document.edit = at + 1;
  document_set(blobs, id, document);
  return STAGE_OK;
}

void journal_drop(struct blobs *blobs, const struct document *document) {
  struct journal *journal = &blobs->journal;
  struct compress_slice whole, entry;
  if (!find(blobs, document, &whole, &entry)) return;
  hole_add(journal, whole.length);
  if (--journal->count > 0) return;
  stage_release(blobs->ctx, blobs->kind, journal->bytes);
  *journal = (struct journal){0};
}

void journal_rest(struct blobs *blobs) {
  if (blobs->journal.free > 0) (void)gather(blobs, 0); /* a saving, no need */
}

uint64_t journal_bytes(const struct blobs *blobs) { return blobs->journal.used - blobs->journal.free; }
