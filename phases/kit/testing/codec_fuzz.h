/* SPDX-License-Identifier: MIT
 *
 * codec_fuzz.h - the fuzz targets of codecs that write trees as tokens (token.h). */
#ifndef PHASEBENCH_KIT_CODEC_FUZZ_H
#define PHASEBENCH_KIT_CODEC_FUZZ_H

#include "token_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The stage's reasons are not printed: most inputs are refused. */
static inline void codec_fuzz_fail(const struct stage_ctx *ctx, const char *file, int line, const char *format, ...) {
  (void)ctx, (void)file, (void)line, (void)format;
}

static inline void codec_fuzz_open(struct check_stage *stage, const struct token_codec *codec) {
  struct stage_ctx ctx = {.hdr = STAGE_HDR, .heap_ops = check_heap_ops(), .fail = codec_fuzz_fail};
  ctx.codec_below.ops = codec->below;
  check_stage_open_in(stage, phasebench_stage(), ctx);
}

/* ---- any bytes as a blob ---- */

/* A store, of which document 0 is what is tried. */
struct codec_fuzz_store {
  const struct token_codec *codec;
  struct check_stage stage;
  struct stage_cursor *cursor;
};

/* The tables are those of a text with much of JavaScript in it: language 0's as documents come
 * in, language 1's as they are once finalized. */
static inline void codec_fuzz_store_open(struct codec_fuzz_store *store, const struct token_codec *codec) {
  static const char text[] =
      "// a comment\nfunction f(a, b) {\n  if (a > 1) return [1, 22, 'x'];\n\n  f(`a\nb`, "
      "{ k: 3 })\n}\nlet x = f( 1,   2 ).y\n  let z = @ (;\n";
  enum { COPIES = 8 };
  const TSLanguage *grammar = check_grammar("javascript");
  store->codec = codec;
  codec_fuzz_open(&store->stage, codec);
  for (uint32_t i = 1; i <= COPIES; i++) check_put_document(&store->stage, i, 1, grammar, text, sizeof text - 1);
  CHECK_THAT(check_finalize(&store->stage) == STAGE_OK);
  check_put_document(&store->stage, COPIES + 1, 0, grammar, text, sizeof text - 1);
  CHECK_THAT(store->stage.ops->cursor_new(store->stage.store, &store->cursor) == STAGE_OK);
}

/* What validation lets through must be walked without a read out of bounds, and batch walk,
 * cursor and scans must give the same nodes; stripping and reconstructing must give the same bytes. */
static inline void codec_fuzz_blob(struct codec_fuzz_store *store, const uint8_t *data, size_t size) {
  struct check_stage *stage = &store->stage;
  const char *why;
  uint64_t where;
  CHECK_THAT(check_put(&stage->blob_store, STAGE_TREE, 0, data, size, NULL) == STAGE_OK);
  check_reconstruct_any(stage->ops, stage->store, data, size, size * 2);
  if (store->codec->validate(stage->store, 0, &why, &where)) return;
  check_blob(stage, 0, store->cursor);
}

/* ---- any bytes as source text ---- */

static inline void codec_fuzz_source_check(struct check_stage *stage, const struct token_codec *codec,
                                           uint32_t language, const TSLanguage *grammar, const char *text,
                                           size_t length) {
  const char *why;
  uint64_t where;
  if (codec->validate(stage->store, 0, &why, &where)) check_failed(__FILE__, __LINE__, "not valid: %s", why);
  check_document(stage, 0, language, (struct check_document_text){grammar, text, length}, 17);
}

/* The tree of a text in the language that the first byte chooses must come back by batch walk
 * and by cursor, before and after finalizing, and pass validation. */
static inline void codec_fuzz_source(const struct token_codec *codec, const uint8_t *data, size_t size) {
  static const char *const names[] = {"c", "javascript", "python"};
  static const TSLanguage *grammars[3];
  uint32_t language = data[0] % 3;
  if (!grammars[language]) grammars[language] = check_grammar(names[language]);
  const TSLanguage *grammar = grammars[language];
  const char *text = (const char *)data + 1;
  struct check_stage stage;
  codec_fuzz_open(&stage, codec);
  check_put_document(&stage, 0, language, grammar, text, size - 1);
  codec_fuzz_source_check(&stage, codec, language, grammar, text, size - 1);
  CHECK_THAT(check_finalize(&stage) == STAGE_OK);
  codec_fuzz_source_check(&stage, codec, language, grammar, text, size - 1);
  check_stage_close(&stage);
}

#endif
