/* SPDX-License-Identifier: MIT
 *
 * Any bytes as source text, in a language that the first byte chooses: its tree must come
 * back by batch walk and by cursor, before and after settling, and pass validation. */
#include "../../kit/test_ctx.h"
#include "../../kit/test_tree.h"
#include "../format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct stage_ops *ops, void *store, const struct test_nodes *all) {
  struct stage_cursor *cursor;
  const char *why;
  uint64_t offset;
  if (p1_validate_document(store, 0, &why, &offset)) abort();
  if (ops->cursor_new(store, &cursor) || ops->cursor_open(cursor, 0)) abort();
  if (test_walk_mismatches(ops, cursor, all, 7)) abort();
  if (test_cursor_mismatches(ops, cursor, all)) abort();
  ops->cursor_delete(cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"c", "javascript", "python"};
  static const TSLanguage *grammars[3];
  if (size == 0) return 0;
  uint32_t language = data[0] % 3;
  if (!grammars[language]) grammars[language] = test_grammar(names[language]);
  const TSLanguage *grammar = grammars[language];
  const char *text = (const char *)data + 1;
  const struct stage_ops *ops = phasebench_stage();
  struct stage_ctx ctx;
  void *store;
  if (test_ctx_open(ops, &ctx, &store)) abort();
  struct stage_document document = {
      .language = language, .grammar = grammar, .source = text, .source_bytes = (uint32_t)size - 1};
  if (ops->put_tree(store, &document, test_parse(grammar, text, size - 1))) abort();
  TSTree *tree = test_parse(grammar, text, size - 1);
  struct test_nodes all = test_nodes_of(tree);
  check(ops, store, &all);
  if (ops->settle(store)) abort();
  check(ops, store, &all);
  test_nodes_free(&all);
  ts_tree_delete(tree);
  ops->close(store);
  return 0;
}
