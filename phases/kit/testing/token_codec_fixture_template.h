/* SPDX-License-Identifier: MIT
 *
 * token_codec_fixture_template.h - for tests (cmocka) of codecs that write trees as tokens (token.h):
 * a store with a cursor, in one of the codec's forms.
 *
 * Hooks: a program that includes this file
 *   links a stage             phasebench_stage() is the codec under test
 *   sets token_codec_tested   to the codec, or to one of its forms, before a fixture is opened; a test
 *                             that finds it NULL fails and says so */
#ifndef PHASEBENCH_KIT_TOKEN_CODEC_FIXTURE_TEMPLATE_H
#define PHASEBENCH_KIT_TOKEN_CODEC_FIXTURE_TEMPLATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "token_codec.h"
#include "cmocka_report.h"
#include "test_ctx.h"

static const struct token_codec *token_codec_tested; /* a hook: see above */

/* ---- a store ---- */

struct fixture {
  struct check_stage stage;
  const struct stage_ops *ops; /* the stage's */
  struct stage_cursor *cursor;
};

/* Trees go to a list of copies. In place: the store keeps the address of the ctx. */
static inline void fixture_open_above_copies(struct fixture *f) {
  if (!token_codec_tested) fail_msg("set token_codec_tested before a fixture is opened");
  struct stage_ctx ctx = test_ctx();
  test_ctx_live = 0; /* whatever a failed test left */
  ctx.codec_below.ops = token_codec_tested->below;
  f->ops = phasebench_stage();
  f->cursor = NULL;
  check_stage_open_in(&f->stage, f->ops, ctx);
}

/* Trees go to the stage itself where it keeps bytes. */
static inline void fixture_open(struct fixture *f) {
  fixture_open_above_copies(f);
  if (f->ops->keeps & (1u << STAGE_TREE))
    f->stage.ctx.blob_store[STAGE_TREE] = (struct stage_link){f->ops, f->stage.store};
}

static inline void fixture_close(struct fixture *f) {
  if (f->cursor) f->ops->cursor_delete(f->cursor);
  check_stage_close(&f->stage);
  assert_int_equal(test_ctx_live, 0);
}

static inline int fixture_put(struct fixture *f, uint32_t id, const TSLanguage *grammar, const char *text,
                              size_t length) {
  struct stage_document document = {.id = id, .grammar = grammar, .source = text, .source_bytes = (uint32_t)length};
  return f->ops->put_tree(f->stage.store, &document, check_parse(grammar, text, length));
}

static inline void fixture_finalize(struct fixture *f) { assert_int_equal(f->ops->finalize(f->stage.store), STAGE_OK); }

/* The one cursor of the fixture. */
static inline struct stage_cursor *fixture_cursor(struct fixture *f) {
  if (!f->cursor) assert_int_equal(f->ops->cursor_new(f->stage.store, &f->cursor), STAGE_OK);
  return f->cursor;
}

/* Document `id` is valid, comes back as check_document wants it, and from what it strips. */
static inline void fixture_check(struct fixture *f, uint32_t id, const TSLanguage *grammar, const char *text,
                                 size_t length, uint32_t step) {
  token_codec_check_valid(token_codec_tested, f->stage.store, id);
  check_blob(&f->stage, id, fixture_cursor(f));
  check_document(&f->stage, id, 0, (struct check_document_text){grammar, text, length}, step);
}

/* A copy of a document's blob. The caller frees. */
static inline uint8_t *fixture_blob(struct fixture *f, uint32_t id, uint64_t *length) {
  const struct stage_link *blob_store = &f->stage.ctx.blob_store[STAGE_TREE];
  struct stage_pin pin;
  assert_int_equal(blob_store->ops->length(blob_store->store, STAGE_TREE, id, length), STAGE_OK);
  uint8_t *copy = malloc(*length);
  assert_non_null(copy);
  assert_int_equal(blob_store->ops->pin(blob_store->store, STAGE_TREE, id, 0, *length, &pin), STAGE_OK);
  memcpy(copy, pin.bytes, *length);
  blob_store->ops->unpin(blob_store->store, STAGE_TREE, &pin);
  return copy;
}

static inline void fixture_put_blob(struct fixture *f, uint32_t id, const uint8_t *bytes, uint64_t length) {
  const struct stage_link *blob_store = &f->stage.ctx.blob_store[STAGE_TREE];
  assert_int_equal(blob_store->ops->put(blob_store->store, STAGE_TREE, id, bytes, length, NULL), STAGE_OK);
}

#endif
