/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a blob: what validation lets through must be walked without a read out of
 * bounds, and the batch walk and the cursor must give the same nodes; shedding and regrowing
 * it must give the same bytes. */
#include "../../kit/abort_asserts.h"

#include "../../kit/codec_check.h"
#include "../../kit/test_ctx.h"
#include "../format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct stage_ops *ops;
static struct stage_ctx ctx;
static void *store;
static struct stage_cursor *cursor;

/* The tables are those of a text with much of JavaScript in it. */
static void start(void) {
  static const char text[] = "// a comment\nfunction f(a, b) {\n  if (a > 1) return [1, 22, 'x'];\n\n  f(`a\nb`, { k: 3 })\n}\n"
                             "let x = f( 1,   2 ).y\n  let z = @ (;\n";
  ops = phasebench_stage();
  if (test_ctx_open(ops, &ctx, &store)) abort();
  const TSLanguage *grammar = check_grammar("javascript");
  struct stage_document document = {.grammar = grammar, .source = text, .source_bytes = sizeof text - 1};
  if (ops->put_tree(store, &document, check_parse(grammar, text, sizeof text - 1))) abort();
  if (ops->cursor_new(store, &cursor)) abort();
}

/* A valid blob comes back from what it sheds, to the byte. */
static void shed_and_regrow(const uint8_t *data, size_t size) {
  uint8_t *shed = malloc(2 * size), *again = malloc(size);
  uint64_t shed_length;
  if (!shed || !again) abort();
  if (ops->shed(store, data, size, shed, &shed_length) == STAGE_OK) {
    if (ops->regrow(store, shed, shed_length, again, size) || memcmp(again, data, size) != 0) abort();
  }
  free(shed);
  free(again);
}

/* Any bytes are regrown to the length asked for, or refused. */
static void regrow_any(const uint8_t *data, size_t size) {
  size_t length = size * 2; /* exact, so that a write past the end is seen */
  uint8_t *out = malloc(length ? length : 1);
  if (!out) abort();
  int error = ops->regrow(store, data, size, out, length);
  if (error != STAGE_OK && error != STAGE_CORRUPT) abort();
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!ops) start();
  const char *why;
  uint64_t offset;
  if (ops->put(store, STAGE_TREE, 1, data, size, NULL)) abort();
  regrow_any(data, size);
  if (p1_validate_document(store, 1, &why, &offset)) return 0;
  shed_and_regrow(data, size);
  if (ops->cursor_open(cursor, 1)) abort();
  struct stage_node batch[64];
  uint32_t count, nodes = 0;
  uint64_t ends_of_walk = 0, ends_of_cursor = 0;
  do {
    if (ops->walk(cursor, batch, 64, &count)) abort();
    for (uint32_t i = 0; i < count; i++) ends_of_walk += batch[i].extent.end_byte * (uint64_t)(batch[i].head.index + 1);
    nodes += count;
  } while (count > 0);
  for (bool more = true; more; nodes--) {
    struct stage_extent extent;
    if (ops->extent(cursor, &extent)) abort();
    ends_of_cursor += extent.end_byte * (uint64_t)(cursor->head.index + 1);
    if (ops->goto_first_child(cursor)) continue;
    while (!(more = ops->goto_next_sibling(cursor)) && ops->goto_parent(cursor)) {
    }
  }
  if (nodes != 0 || cursor->error || ends_of_walk != ends_of_cursor) abort();
  ops->cursor_close(cursor);
  return 0;
}
