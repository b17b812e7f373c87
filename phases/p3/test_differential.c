/* SPDX-License-Identifier: MIT
 *
 * Random sequences of operations, in step with tree-sitter's own TSTreeCursor and TSNode on
 * the same files: real ones, damaged ones, and ones in the wrong language.
 *
 * Where tree-sitter 0.25 cannot be relied upon, the answer is held against what the move means,
 * told with a table of the tree (check_table.h), and TSTreeCursor is put there by index:
 *   previous sibling      ts_tree_cursor_goto_previous_sibling loses the field, and the index
 *   first child for byte  ts_tree_cursor_goto_first_child_for_byte misses children behind hidden tokens
 *   empty ranges          ts_node_descendant_for_*_range end in hidden tokens of no width
 * Scans by symbol have no counterpart, and are held against the table, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kit/testing/check_table.h"
#include "kit/testing/cmocka_report.h"
#include "kit/testing/test_random.h"
#include "fixture.h"

enum { SEED = 20250301, STEPS_RELEASE = 20000, STEPS_SANITIZED = 600, WALK_EVERY = 6000 };

/* ---- texts ---- */

struct text {
  const char *name; /* below the source folder */
  const char *language, *wrong_language;
};

#define RUNTIME "corpora/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib/src/"
#define GRAMMAR "corpora/grammars/node_modules/tree-sitter-"
static const struct text texts[] = {
    {RUNTIME "node.c", "c", "python"},
    {RUNTIME "tree_cursor.c", "c", "javascript"},
    {RUNTIME "stack.c", "c", "python"},
    {RUNTIME "query.c", "c", "javascript"},
    {RUNTIME "array.h", "c", "javascript"},
    {GRAMMAR "javascript/grammar.js", "javascript", "c"},
    {GRAMMAR "python/grammar.js", "javascript", "python"},
    {GRAMMAR "go/grammar.js", "javascript", "c"},
    {"scripts/validate_result.py", "python", "c"},
    {"scripts/sample_result.py", "python", "javascript"},
    {"phases/kit/tokens/token_cursor_template.h", "c", "python"},
    {"phases/p3/pairs.c", "c", "javascript"},
    {"phases/p3/test_differential.c", "c", "python"},
    {"harness/base/json_out.c", "c", "javascript"},
};

enum { TEXTS = sizeof texts / sizeof texts[0] };
/* What is made of a text. */
enum variant { AS_IT_IS, DAMAGED, RUINED, WRONG_LANGUAGE, VARIANTS };
static const char *const variant_names[] = {"as it is", "damaged", "ruined", "in the wrong language"};
_Static_assert((int)TEXTS *(int)VARIANTS <= CHECK_DOCUMENTS_MAX, "each is a document");

static const char *const languages[] = {"c", "javascript", "python"};

struct document {
  uint32_t id;
  const char *name, *variant;
  uint32_t language; /* index into languages */
  const TSLanguage *grammar;
  char *source;
  size_t bytes;
  TSTree *tree;
};

/* Reads a file, with room for twice its bytes. */
static char *text_read(const char *name, size_t *bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", getenv("PHASEBENCH_SOURCE_DIR"), name);
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("%s: cannot be opened", path);
  enum { ROOM = 1 << 20 };
  char *source = malloc(ROOM);
  assert_non_null(source);
  *bytes = fread(source, 1, ROOM / 2, file);
  assert_true(feof(file) && *bytes > 0);
  fclose(file);
  return source;
}

/* Cuts, inserts and replaces bytes, `count` times; the text becomes at most 5 * count longer. */
static void text_damage(char *source, size_t *bytes, uint32_t count, uint64_t *stream) {
  static const char odd[] = "()[]{};:,\"'`\\/*#@\n\n\t \r\0\xff\xc3\xa9$=<>";
  while (count-- > 0 && *bytes > 64) {
    size_t at = test_random(stream, (uint32_t)*bytes - 32), length = 1 + test_random(stream, 5);
    switch (test_random(stream, 3)) {
      case 0:
        length += test_random(stream, 20);
        memmove(source + at, source + at + length, *bytes - at - length);
        *bytes -= length;
        break;
      case 1:
        memmove(source + at + length, source + at, *bytes - at);
        *bytes += length;
        /* fall through */
      default:
        for (size_t i = 0; i < length; i++) source[at + i] = odd[test_random(stream, sizeof odd - 1)];
    }
  }
}

static uint32_t language_number(const char *name) {
  uint32_t i = 0;
  while (strcmp(languages[i], name) != 0) i++;
  return i;
}

static void document_make(struct document *document, uint32_t id) {
  const struct text *text = &texts[id / VARIANTS];
  enum variant variant = id % VARIANTS;
  uint64_t stream = SEED + id;
  *document = (struct document){.id = id, .name = text->name, .variant = variant_names[variant]};
  document->language = language_number(variant == WRONG_LANGUAGE ? text->wrong_language : text->language);
  document->grammar = check_grammar(languages[document->language]);
  document->source = text_read(text->name, &document->bytes);
  if (variant == DAMAGED) text_damage(document->source, &document->bytes, 6, &stream);
  if (variant == RUINED) text_damage(document->source, &document->bytes, (uint32_t)document->bytes / 100, &stream);
  document->tree = check_parse(document->grammar, document->source, document->bytes);
}

static void document_free(struct document *document) {
  ts_tree_delete(document->tree);
  free(document->source);
}

/* ---- in step ---- */

struct pair {
  const struct document *document;
  const struct stage_ops *ops;
  struct stage_cursor *cursor; /* p3's */
  TSTreeCursor at;             /* tree-sitter's, on the same node */
  struct check_node *table;
  uint32_t count, here, steps, step; /* here: the node that both stand on */
  uint64_t stream;
  const char *form, *operation;
};

#define DIFFERS(pair, ...)                                                                                      \
  do {                                                                                                          \
    print_message("%s, seed %u, %s (%s), step %u, at node %u of %u: %s: ", (pair)->form, (unsigned)SEED,        \
                  (pair)->document->name, (pair)->document->variant, (pair)->step, (pair)->here, (pair)->count, \
                  (pair)->operation);                                                                           \
    fail_msg(__VA_ARGS__);                                                                                      \
  } while (0)

static uint32_t draw(struct pair *pair, uint32_t bound) { return test_random(&pair->stream, bound); }
static const struct stage_node *facts_of(const struct pair *pair, uint32_t index) { return &pair->table[index].facts; }
static TSNode node_of(const struct pair *pair) { return ts_tree_cursor_current_node(&pair->at); }

/* p3's cursor has all facts of node `index` that are known where a node begins. */
static void stands_on(struct pair *pair, uint32_t index) {
  const struct stage_cursor *cursor = pair->cursor;
  if (cursor->error) DIFFERS(pair, "error %d", cursor->error);
  if (cursor->head.index != index) DIFFERS(pair, "node %u, not %u", cursor->head.index, index);
  if (memcmp(&cursor->head, &facts_of(pair, index)->head, sizeof cursor->head) != 0)
    DIFFERS(pair, "facts of node %u", index);
  if (cursor->depth != pair->table[index].depth)
    DIFFERS(pair, "depth %u, not %u", cursor->depth, pair->table[index].depth);
}

/* Both moved, or neither did. */
static void moved_both(struct pair *pair, bool expected, bool moved) {
  if (expected != moved) DIFFERS(pair, "moved: %d, not %d", moved, expected);
  uint32_t index = ts_tree_cursor_current_descendant_index(&pair->at);
  stands_on(pair, index);
  TSNode node = node_of(pair);
  if (ts_node_symbol(node) != pair->cursor->head.symbol || ts_node_start_byte(node) != pair->cursor->head.start_byte ||
      ts_tree_cursor_current_field_id(&pair->at) != pair->cursor->head.field)
    DIFFERS(pair, "TSTreeCursor has other facts of node %u", index);
  pair->here = index;
}

/* p3 moved; `want` is where to, or CHECK_NONE: TSTreeCursor is put there. */
static void moved_to(struct pair *pair, uint32_t want, bool moved) {
  if (want != CHECK_NONE && want != pair->here) ts_tree_cursor_goto_descendant(&pair->at, want);
  moved_both(pair, want != CHECK_NONE, moved);
}

/* ---- operations ---- */

static void first_child(struct pair *pair) {
  bool expected = ts_tree_cursor_goto_first_child(&pair->at);
  moved_both(pair, expected, pair->ops->goto_first_child(pair->cursor));
}
static void last_child(struct pair *pair) {
  bool expected = ts_tree_cursor_goto_last_child(&pair->at);
  moved_both(pair, expected, pair->ops->goto_last_child(pair->cursor));
}
static void next_sibling(struct pair *pair) {
  bool expected = ts_tree_cursor_goto_next_sibling(&pair->at);
  moved_both(pair, expected, pair->ops->goto_next_sibling(pair->cursor));
}
static void parent(struct pair *pair) {
  bool expected = ts_tree_cursor_goto_parent(&pair->at);
  moved_both(pair, expected, pair->ops->goto_parent(pair->cursor));
}
static void previous_sibling(struct pair *pair) {
  moved_to(pair, pair->table[pair->here].previous, pair->ops->goto_previous_sibling(pair->cursor));
}

static void child(struct pair *pair) {
  uint32_t children = facts_of(pair, pair->here)->extent.child_count;
  uint32_t n = draw(pair, (children < 60 ? children : 60) + 2);
  TSNode node = ts_node_child(node_of(pair), n);
  uint32_t want = n < children ? pair->here + 1 : CHECK_NONE;
  for (uint32_t i = 0; i < n && want != CHECK_NONE; i++) want = pair->table[want].next;
  moved_to(pair, want, pair->ops->goto_child(pair->cursor, n));
  if (want == CHECK_NONE ? !ts_node_is_null(node) : !ts_node_eq(node, node_of(pair)))
    DIFFERS(pair, "ts_node_child gives another node");
}

/* The field of one of the first children, or any. */
static void child_by_field(struct pair *pair) {
  uint16_t field = (uint16_t)draw(pair, ts_language_field_count(pair->document->grammar) + 1);
  uint32_t child_index = pair->here + 1;
  if (facts_of(pair, pair->here)->extent.child_count > 0 && draw(pair, 4) > 0) {
    for (uint32_t n = draw(pair, 6); n > 0 && pair->table[child_index].next != CHECK_NONE; n--)
      child_index = pair->table[child_index].next;
    field = facts_of(pair, child_index)->head.field;
  }
  bool expected = field != 0 && ts_tree_cursor_goto_first_child(&pair->at);
  while (expected && ts_tree_cursor_current_field_id(&pair->at) != field) {
    if (ts_tree_cursor_goto_next_sibling(&pair->at)) continue;
    ts_tree_cursor_goto_parent(&pair->at);
    expected = false;
  }
  moved_both(pair, expected, pair->ops->goto_child_by_field(pair->cursor, field));
}

/* A byte in the current node, or near by it. */
static uint32_t byte_near(struct pair *pair) {
  const struct stage_node *node = facts_of(pair, pair->here);
  uint32_t start = node->head.start_byte, length = node->extent.end_byte - start;
  if (draw(pair, 16) == 0) return start > 3 ? start - draw(pair, 4) : UINT32_MAX;
  return start + draw(pair, length + 2);
}

static void first_child_for_byte(struct pair *pair) {
  uint32_t byte = byte_near(pair);
  moved_to(pair, check_first_for_byte(pair->table, pair->here, byte),
           pair->ops->goto_first_child_for_byte(pair->cursor, byte));
}

/* What tree-sitter gives for a range that is not empty must be where the cursor went. */
static void same_node(struct pair *pair, TSNode node, bool moved) {
  if (moved && !ts_node_eq(node, node_of(pair))) DIFFERS(pair, "ts_node_descendant_for_*_range gives another node");
}

static void descendant_for_bytes(struct pair *pair) {
  uint32_t start = byte_near(pair), end = draw(pair, 3) ? start + draw(pair, 40) : byte_near(pair);
  uint32_t want = check_descendant(pair->table, pair->here, CHECK_BY_BYTE, start, end);
  TSNode node = ts_node_descendant_for_byte_range(node_of(pair), start, end);
  moved_to(pair, want, pair->ops->goto_descendant_for_bytes(pair->cursor, start, end));
  same_node(pair, node, want != CHECK_NONE && start < end);
}

/* Where a node begins or ends, or somewhere in between. */
static TSPoint point_near(struct pair *pair) {
  const struct stage_node *node = facts_of(pair, pair->here);
  uint32_t other = pair->here + draw(pair, node->extent.descendant_count);
  const struct stage_node *inner = facts_of(pair, other);
  switch (draw(pair, 3)) {
    case 0:
      return (TSPoint){inner->head.start_row, inner->head.start_column + draw(pair, 3)};
    case 1:
      return (TSPoint){inner->extent.end_row, inner->extent.end_column};
    default:
      return (TSPoint){node->head.start_row + draw(pair, node->extent.end_row - node->head.start_row + 1),
                       draw(pair, 60)};
  }
}

static void descendant_for_points(struct pair *pair) {
  TSPoint start = point_near(pair),
          end = draw(pair, 3) ? (TSPoint){start.row, start.column + draw(pair, 20)} : point_near(pair);
  uint64_t from = check_point(start.row, start.column), to = check_point(end.row, end.column);
  uint32_t want = check_descendant(pair->table, pair->here, CHECK_BY_POINT, from, to);
  TSNode node = ts_node_descendant_for_point_range(node_of(pair), start, end);
  moved_to(pair, want, pair->ops->goto_descendant_for_points(pair->cursor, start, end));
  same_node(pair, node, want != CHECK_NONE && from < to);
}

static void go_to_index(struct pair *pair) {
  uint32_t index = draw(pair, pair->count + 1);
  moved_to(pair, index < pair->count ? index : CHECK_NONE, pair->ops->goto_index(pair->cursor, index));
}

/* The symbol of the node itself, or of one near by. */
static void next_symbol(struct pair *pair) {
  uint32_t other = pair->here + draw(pair, 100);
  uint16_t symbol = facts_of(pair, other < pair->count ? other : pair->here)->head.symbol;
  moved_to(pair, check_next_symbol(pair->table, pair->count, pair->here, symbol),
           pair->ops->goto_next_symbol(pair->cursor, symbol));
}

static void extent(struct pair *pair) {
  struct stage_extent got;
  if (pair->ops->extent(pair->cursor, &got)) DIFFERS(pair, "error %d", pair->cursor->error);
  if (memcmp(&got, &facts_of(pair, pair->here)->extent, sizeof got) != 0) DIFFERS(pair, "another extent");
  TSNode node = node_of(pair);
  if (got.end_byte != ts_node_end_byte(node) || got.child_count != ts_node_child_count(node) ||
      got.descendant_count != ts_node_descendant_count(node))
    DIFFERS(pair, "TSNode has another extent");
  stands_on(pair, pair->here);
}

static const struct {
  const char *name;
  void (*run)(struct pair *pair);
  uint32_t share; /* of all steps, in parts of their sum */
} operations[] = {
    {"first child", first_child, 22},
    {"next sibling", next_sibling, 22},
    {"parent", parent, 14},
    {"last child", last_child, 6},
    {"previous sibling", previous_sibling, 6},
    {"child", child, 4},
    {"child by field", child_by_field, 4},
    {"first child for byte", first_child_for_byte, 4},
    {"descendant for bytes", descendant_for_bytes, 3},
    {"descendant for points", descendant_for_points, 3},
    {"index", go_to_index, 2},
    {"next symbol", next_symbol, 4},
    {"extent", extent, 6},
};

static void step(struct pair *pair) {
  uint32_t sum = 0, i = 0;
  for (size_t k = 0; k < sizeof operations / sizeof operations[0]; k++) sum += operations[k].share;
  for (uint32_t drawn = draw(pair, sum); drawn >= operations[i].share; i++) drawn -= operations[i].share;
  pair->operation = operations[i].name;
  operations[i].run(pair);
}

/* The batch walk from the beginning, in batches of some size; the cursor begins at the root again. */
static void walk_all(struct pair *pair) {
  enum { BATCH_MAX = 1000 };
  static struct stage_node batch[BATCH_MAX];
  uint32_t capacity = 1 + draw(pair, BATCH_MAX), got, total = 0;
  pair->operation = "batch walk";
  if (pair->ops->cursor_open(pair->cursor, pair->document->id)) DIFFERS(pair, "cannot be opened");
  do {
    if (pair->ops->walk(pair->cursor, batch, capacity, &got)) DIFFERS(pair, "error");
    for (uint32_t i = 0; i < got; i++) {
      uint32_t index = batch[i].head.index;
      if (index >= pair->count || memcmp(&batch[i], facts_of(pair, index), sizeof batch[i]) != 0)
        DIFFERS(pair, "facts of node %u, in batches of %u", index, capacity);
    }
    total += got;
  } while (got > 0);
  if (total != pair->count) DIFFERS(pair, "%u nodes", total);
  ts_tree_cursor_goto_descendant(&pair->at, 0);
  moved_both(pair, true, true);
}

static void document_run(struct check_stage *stage, const struct document *document, struct pair *pair) {
  pair->document = document;
  pair->stream = SEED * UINT64_C(1000) + document->id;
  pair->table = check_table(document->tree, &pair->count);
  pair->at = ts_tree_cursor_new(ts_tree_root_node(document->tree));
  pair->here = 0;
  for (pair->step = 0; pair->step < pair->steps; pair->step++) {
    if (pair->step % WALK_EVERY == 0) walk_all(pair);
    step(pair);
  }
  check_symbol_counts(stage->ops, pair->cursor, pair->table, pair->count);
  stage->ops->cursor_close(pair->cursor);
  ts_tree_cursor_delete(&pair->at);
  free(pair->table);
}

/* ---- the test ---- */

static struct document documents[TEXTS * VARIANTS];

static void document_put(struct check_stage *stage, const struct document *document) {
  struct stage_document put = {.id = document->id,
                               .language = document->language,
                               .grammar = document->grammar,
                               .source = document->source,
                               .source_bytes = (uint32_t)document->bytes};
  assert_int_equal(stage->ops->put_tree(stage->store, &put, ts_tree_copy(document->tree)), STAGE_OK);
}

static void documents_run(struct check_stage *stage, const char *form, uint32_t steps) {
  struct pair pair = {.ops = stage->ops, .form = form, .steps = steps};
  assert_int_equal(stage->ops->cursor_new(stage->store, &pair.cursor), STAGE_OK);
  for (uint32_t i = 0; i < TEXTS * VARIANTS; i++) document_run(stage, &documents[i], &pair);
  stage->ops->cursor_delete(pair.cursor);
}

/* Before finalizing (fewer steps: a code is a token); finalized; and with ruined documents that came
 * after it, which have tokens of their own. */
static void run_form(const struct token_codec *form) {
  struct check_stage stage;
  struct stage_ctx ctx = {.hdr = STAGE_HDR, .heap_ops = check_heap_ops(), .fail = check_fail};
  const char *sanitized = getenv("PHASEBENCH_SANITIZED");
  uint32_t steps = sanitized && sanitized[0] == '1' ? STEPS_SANITIZED : STEPS_RELEASE;
  ctx.codec_below.ops = form->below;
  check_stage_open_in(&stage, phasebench_stage(), ctx);
  for (uint32_t i = 0; i < TEXTS * VARIANTS; i++) {
    if (i % VARIANTS != RUINED) document_put(&stage, &documents[i]);
    else check_put_document(&stage, i, documents[i].language, documents[i].grammar, "", 0);
  }
  assert_int_equal(check_finalize(&stage), STAGE_OK);
  for (uint32_t i = RUINED; i < TEXTS * VARIANTS; i += VARIANTS) document_put(&stage, &documents[i]);
  documents_run(&stage, form->name, steps);
  check_stage_close(&stage);
  check_stage_open_in(&stage, phasebench_stage(), ctx);
  for (uint32_t i = 0; i < TEXTS * VARIANTS; i++) document_put(&stage, &documents[i]);
  documents_run(&stage, form->name, steps / 8);
  check_stage_close(&stage);
}

static void packed_is_in_step(void **state) {
  (void)state;
  run_form(&fixture_forms[0]);
}
static void plain_is_in_step(void **state) {
  (void)state;
  run_form(&fixture_forms[1]);
}

int main(void) {
  check_report_to(cmocka_report);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(packed_is_in_step),
      cmocka_unit_test(plain_is_in_step),
  };
  for (uint32_t i = 0; i < TEXTS * VARIANTS; i++) document_make(&documents[i], i);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  for (uint32_t i = 0; i < TEXTS * VARIANTS; i++) document_free(&documents[i]);
  return failed;
}
