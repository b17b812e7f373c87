/* SPDX-License-Identifier: MIT
 *
 * Any bytes as source text, in a language that the first byte chooses: its tree must come
 * back by batch walk and by cursor, before and after settling, and pass validation. */
#include "../../kit/abort_asserts.h"

#include "../../kit/codec_check.h"
#include "../../kit/test_ctx.h"
#include "../format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct stage_ops *ops, void *store, uint32_t language, const TSLanguage *grammar,
                  const char *text, size_t length) {
  struct check_stage stage = {.ops = ops, .store = store};
  const char *why;
  uint64_t offset;
  if (p1_validate_document(store, 0, &why, &offset)) abort();
  check_document(&stage, 0, language, grammar, text, length, 17);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"c", "javascript", "python"};
  static const TSLanguage *grammars[3];
  if (size == 0) return 0;
  uint32_t language = data[0] % 3;
  if (!grammars[language]) grammars[language] = check_grammar(names[language]);
  const TSLanguage *grammar = grammars[language];
  const char *text = (const char *)data + 1;
  const struct stage_ops *ops = phasebench_stage();
  struct stage_ctx ctx;
  void *store;
  if (test_ctx_open(ops, &ctx, &store)) abort();
  struct stage_document document = {
      .language = language, .grammar = grammar, .source = text, .source_bytes = (uint32_t)size - 1};
  if (ops->put_tree(store, &document, check_parse(grammar, text, size - 1))) abort();
  check(ops, store, language, grammar, text, size - 1);
  if (ops->settle(store)) abort();
  check(ops, store, language, grammar, text, size - 1);
  ops->close(store);
  return 0;
}
