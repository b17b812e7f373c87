/* SPDX-License-Identifier: MIT
 *
 * tables_check.h - for tests and fuzz targets of the hooks `save` and `load` of codecs that write
 * trees as tokens: tables as bytes, and what must hold of any that are loaded. */
#ifndef PHASEBENCH_KIT_TABLES_CHECK_H
#define PHASEBENCH_KIT_TABLES_CHECK_H

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "token_codec.h"
#include "kit/tokens/tables_io.h"

struct tables_bytes {
  uint8_t *p;
  size_t length;
  size_t room; /* writing past it fails; 0: no limit */
};

static inline int tables_bytes_write(void *sink, const void *bytes, size_t length) {
  struct tables_bytes *to = sink;
  if (to->room && to->length + length > to->room) return STAGE_IO;
  to->p = realloc(to->p, to->length + length);
  CHECK_THAT(to->p);
  memcpy(to->p + to->length, bytes, length);
  to->length += length;
  return STAGE_OK;
}

/* The caller frees. */
static inline struct tables_bytes tables_save(const struct check_stage *stage) {
  struct tables_bytes saved = {0};
  CHECK_THAT(stage->ops->save(stage->store, tables_bytes_write, &saved) == STAGE_OK);
  return saved;
}

static inline void tables_mend_check(uint8_t *bytes, size_t length) {
  if (length < TABLES_CHECK_BYTES) return;
  uint64_t check = XXH3_64bits(bytes, length - TABLES_CHECK_BYTES);
  memcpy(bytes + length - TABLES_CHECK_BYTES, &check, sizeof check);
}

/* An exact copy is loaded, so that the address sanitizer sees reads past the end. */
static inline int tables_load(const struct check_stage *stage, const uint8_t *bytes, size_t length) {
  uint8_t *exact = malloc(length ? length : 1);
  CHECK_THAT(exact);
  if (length > 0) memcpy(exact, bytes, length);
  int error = stage->ops->load(stage->store, exact, length);
  free(exact);
  return error;
}

/* What was loaded is saved as the same bytes. */
static inline void tables_check_saved(const struct check_stage *stage, const uint8_t *bytes, size_t length) {
  struct tables_bytes again = tables_save(stage);
  CHECK_THAT(again.length == length && memcmp(again.p, bytes, length) == 0);
  free(again.p);
}

/* Any bytes with the right check, into a store without documents: refused, or tables with which
 * a tree can be put and read. */
static inline void tables_check_any(struct check_stage *stage, const TSLanguage *grammar, const char *text,
                                    const uint8_t *bytes, size_t length) {
  struct stage_cursor *cursor;
  int error = tables_load(stage, bytes, length);
  CHECK_THAT(error == STAGE_OK || error == STAGE_CORRUPT);
  if (error) return;
  tables_check_saved(stage, bytes, length);
  check_put_document(stage, 0, 0, grammar, text, strlen(text));
  CHECK_THAT(stage->ops->cursor_new(stage->store, &cursor) == STAGE_OK);
  check_blob(stage, 0, cursor);
  stage->ops->cursor_delete(cursor);
}

#endif
