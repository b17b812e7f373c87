/* SPDX-License-Identifier: MIT
 *
 * documents.c - rows of the table of documents.
 *
 * The check is the exclusive or of a row's sixteen 16-bit words, itself taken as 0, each turned
 * by its place: a flipped bit flips one bit of it. A hash would let one of 65,536 pass. The
 * check of zeros is 0, so that new rows need none. */
#include "blobs.h"

#include <string.h>

_Static_assert(sizeof(struct document) == 32, "rows are sixteen words without padding");

static uint16_t row_check(struct document row) {
  uint16_t words[sizeof row / 2], check = 0;
  row.check = 0;
  memcpy(words, &row, sizeof row);
  for (size_t i = 0; i < sizeof row / 2; i++) check = (uint16_t)((check << 1 | check >> 15) ^ words[i]);
  return check;
}

bool document_is_intact(const struct document *document) { return row_check(*document) == document->check; }

void document_set(struct blobs *blobs, uint32_t id, struct document document) {
  document.check = row_check(document);
  blobs->documents[id] = document;
}

int document_corrupt(const struct blobs *blobs, uint32_t id, const char *what) {
  STAGE_FAIL(blobs->ctx, "%s of document %u: %s", blobs->kind == STAGE_SOURCE ? "source" : "tree", id, what);
  return STAGE_CORRUPT;
}

int document_find(const struct blobs *blobs, uint32_t id, const struct document **document) {
  if (id >= blobs->document_count) return STAGE_NO_DOCUMENT;
  *document = &blobs->documents[id];
  if (!document_is_intact(*document))
    return document_corrupt(blobs, id, "its row in the table of documents is corrupt");
  return (*document)->state == DOCUMENT_ABSENT ? STAGE_NO_DOCUMENT : STAGE_OK;
}

struct document document_new(const struct version *v, enum document_state state) {
  return (struct document){.hash = v->hash,
                           .length = v->length,
                           .stripped_length = v->stripped_length,
                           .state = (uint8_t)state,
                           .is_stripped = v->owned != NULL};
}
