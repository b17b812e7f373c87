/* SPDX-License-Identifier: MIT
 *
 * tables_fuzz.h - the fuzz target of `load`: any bytes as saved tables. The first byte says how
 * the others are taken:
 *   0  as they are
 *   1  with the check made right
 *   2  as changes to tables that were saved: two bytes where, one byte what */
#ifndef PHASEBENCH_KIT_TABLES_FUZZ_H
#define PHASEBENCH_KIT_TABLES_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "codec_fuzz.h"
#include "tables_check.h"

static const char tables_fuzz_text[] = "// a comment\nfunction f(a, b) {\n  if (a > 1) return [1, 22, 'x'];\n}\n";

static inline struct tables_bytes tables_fuzz_good(const struct token_codec *codec, const TSLanguage *grammar) {
  struct check_stage stage;
  codec_fuzz_open(&stage, codec);
  for (uint32_t i = 0; i < 8; i++)
    check_put_document(&stage, i, i / 7, grammar, tables_fuzz_text, sizeof tables_fuzz_text - 1);
  CHECK_THAT(check_finalize(&stage) == STAGE_OK);
  struct tables_bytes saved = tables_save(&stage);
  check_stage_close(&stage);
  return saved;
}

static inline void tables_fuzz_one(const struct token_codec *codec, struct tables_bytes *good, const uint8_t *data,
                                   size_t size) {
  if (size == 0) return;
  const TSLanguage *grammar = check_grammar("javascript");
  if (!good->p) *good = tables_fuzz_good(codec, grammar);
  size_t length = data[0] == 2 ? good->length : size - 1;
  uint8_t *bytes = malloc(length ? length : 1);
  CHECK_THAT(bytes);
  if (length > 0) memcpy(bytes, data[0] == 2 ? good->p : data + 1, length);
  for (size_t i = 1; data[0] == 2 && i + 3 <= size; i += 3) bytes[(data[i] | data[i + 1] << 8) % length] = data[i + 2];
  if (data[0] > 0) tables_mend_check(bytes, length);
  struct check_stage stage;
  codec_fuzz_open(&stage, codec);
  tables_check_any(&stage, grammar, tables_fuzz_text, bytes, length);
  check_stage_close(&stage);
  free(bytes);
}

#endif
