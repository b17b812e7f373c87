/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <cmocka.h>

#include "../kit/test_ctx.h"
#include "../kit/test_tree.h"
#include "format.h"


struct fixture {
  const struct stage_ops *ops;
  struct stage_ctx ctx;
  void *store;
  struct stage_cursor *cursor;
};

/* In place: the store keeps the address of ctx. */
static void fixture_open(struct fixture *f) {
  *f = (struct fixture){.ops = phasebench_stage()};
  assert_int_equal(test_ctx_open(f->ops, &f->ctx, &f->store), STAGE_OK);
}

static void fixture_close(struct fixture *f) {
  if (f->cursor) f->ops->cursor_delete(f->cursor);
  f->ops->close(f->store);
  assert_int_equal(test_ctx_live, 0);
}

static int fixture_put(struct fixture *f, uint32_t id, const TSLanguage *grammar, const char *text, size_t length) {
  struct stage_document document = {
      .id = id, .grammar = grammar, .source = text, .source_bytes = (uint32_t)length};
  return f->ops->put_tree(f->store, &document, test_parse(grammar, text, length));
}

static void fixture_cursor(struct fixture *f, uint32_t id) {
  if (!f->cursor) assert_int_equal(f->ops->cursor_new(f->store, &f->cursor), STAGE_OK);
  assert_int_equal(f->ops->cursor_open(f->cursor, id), STAGE_OK);
}

static uint64_t random_next(uint64_t *state) { /* splitmix64 (Steele, Lea, Flood 2014) */
  uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

/* Puts the cursor on random nodes and makes every move from there, against the table. */
static void check_moves(struct fixture *f, const TSTree *tree, const struct test_nodes *all, uint32_t samples) {
  const struct stage_ops *ops = f->ops;
  struct stage_cursor *c = f->cursor;
  uint64_t random = 42;
  TSNode root = ts_tree_root_node(tree);
  uint32_t *parents = malloc(all->count * sizeof *parents), *stack = malloc((all->count + 1) * sizeof *stack);
  assert_true(parents && stack);
  for (uint32_t i = 0; i < all->count; i++) {
    parents[i] = i ? stack[all->depths[i] - 1] : UINT32_MAX;
    stack[all->depths[i]] = i;
  }
  for (uint32_t s = 0; s < samples; s++) {
    uint32_t i = (uint32_t)(random_next(&random) % all->count);
    const struct stage_node *node = &all->nodes[i];
    assert_true(ops->goto_index(c, i));
    assert_memory_equal(&c->head, &node->head, sizeof node->head);
    assert_int_equal(c->depth, all->depths[i]);
    uint32_t behind = i + node->extent.descendant_count;
    bool sibling = behind < all->count && all->depths[behind] == all->depths[i];
    assert_int_equal(ops->goto_next_sibling(c), sibling);
    assert_int_equal(c->head.index, sibling ? behind : i);
    if (sibling) {
      assert_true(ops->goto_previous_sibling(c));
      assert_int_equal(c->head.index, i);
    }
    if (node->extent.child_count > 0) {
      uint32_t n = (uint32_t)(random_next(&random) % node->extent.child_count);
      assert_true(ops->goto_child(c, n));
      uint32_t child = i + 1;
      for (uint32_t k = 0; k < n; k++) child += all->nodes[child].extent.descendant_count;
      assert_int_equal(c->head.index, child);
      assert_int_equal(c->depth, all->depths[i] + 1);
      assert_true(ops->goto_parent(c));
      assert_int_equal(c->head.index, i);
      assert_false(ops->goto_child(c, node->extent.child_count));
      assert_int_equal(c->head.index, i);
      assert_true(ops->goto_last_child(c));
      assert_int_equal(c->head.index + all->nodes[c->head.index].extent.descendant_count, behind);
      assert_false(ops->goto_next_sibling(c));
      assert_true(ops->goto_parent(c));
      uint32_t byte = node->head.start_byte +
                      (uint32_t)(random_next(&random) % (node->extent.end_byte - node->head.start_byte + 1));
      uint32_t expected = i + 1, last = 0;
      while (last < node->extent.child_count && all->nodes[expected].extent.end_byte <= byte) {
        expected += all->nodes[expected].extent.descendant_count;
        last++;
      }
      bool found = last < node->extent.child_count;
      assert_int_equal(ops->goto_first_child_for_byte(c, byte), found);
      assert_int_equal(c->head.index, found ? expected : i);
      if (found) assert_true(ops->goto_parent(c));
      uint16_t field = all->nodes[i + 1].head.field;
      assert_true(ops->goto_child_by_field(c, field));
      assert_int_equal(c->head.index, i + 1);
      assert_true(ops->goto_parent(c));
      assert_false(ops->goto_child_by_field(c, 0xfff0));
      assert_int_equal(c->head.index, i);
    } else {
      assert_false(ops->goto_first_child(c));
      assert_false(ops->goto_last_child(c));
    }
    assert_true(ops->goto_index(c, i)); /* no ancestor is known from here on */
    for (uint32_t up = i; parents[up] != UINT32_MAX; up = parents[up]) {
      assert_true(ops->goto_parent(c));
      assert_memory_equal(&c->head, &all->nodes[parents[up]].head, sizeof c->head);
      struct stage_extent extent;
      if (s < 64) {
        assert_int_equal(ops->extent(c, &extent), STAGE_OK);
        assert_memory_equal(&extent, &all->nodes[parents[up]].extent, sizeof extent);
      }
    }
    assert_false(ops->goto_parent(c));
    uint32_t bytes = all->nodes[0].extent.end_byte;
    uint32_t start = (uint32_t)(random_next(&random) % (bytes + 1));
    uint32_t end = start + (uint32_t)(random_next(&random) % 3 ? random_next(&random) % 40 : 0);
    TSNode want = ts_node_descendant_for_byte_range(root, start, end);
    assert_true(ops->goto_descendant_for_bytes(c, start, end));
    assert_int_equal(c->head.start_byte, ts_node_start_byte(want));
    assert_int_equal(c->head.symbol, ts_node_symbol(want));
    assert_int_equal(all->nodes[c->head.index].extent.end_byte, ts_node_end_byte(want));
    assert_int_equal(all->nodes[c->head.index].extent.descendant_count, ts_node_descendant_count(want));
    assert_int_equal(c->error, STAGE_OK);
  }
  free(parents);
  free(stack);
}

static void check_blob(struct fixture *f, uint32_t id);

/* A text comes back, before and after settling, by walk, cursor and random moves. */
static void check_text(const char *language, const char *text, size_t length, uint32_t samples) {
  const TSLanguage *grammar = test_grammar(language);
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, grammar, text, length), STAGE_OK);
  TSTree *tree = test_parse(grammar, text, length);
  struct test_nodes all = test_nodes_of(tree);
  for (int settled = 0; settled < 2; settled++) {
    if (settled) {
      f.ops->cursor_delete(f.cursor);
      f.cursor = NULL;
      assert_int_equal(f.ops->settle(f.store), STAGE_OK);
    }
    fixture_cursor(&f, 0);
    assert_int_equal(test_walk_mismatches(f.ops, f.cursor, &all, settled ? 4096 : 3), 0);
    if (all.count < 20000) assert_int_equal(test_cursor_mismatches(f.ops, f.cursor, &all), 0);
    check_moves(&f, tree, &all, samples);
    check_blob(&f, 0);
  }
  test_nodes_free(&all);
  ts_tree_delete(tree);
  fixture_close(&f);
}

static void check_string(const char *language, const char *text) { check_text(language, text, strlen(text), 200); }

static char *file_read(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  *length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*length + 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, *length, file), *length);
  fclose(file);
  return text;
}

static void check_blob(struct fixture *f, uint32_t id) {
  const char *why;
  uint64_t offset;
  if (p1_validate_document(f->store, id, &why, &offset) != STAGE_OK) fail_msg("offset %lu: %s", offset, why);
}

/* ---- the tests ---- */

static void dump_is_that_of_the_header(void **state) {
  (void)state;
  static const uint8_t dump[] = {0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 1,
                                 0, 0, 0, 0, 0, 0, 0, 0};
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, test_grammar("javascript"), "1;", 2), STAGE_OK);
  uint64_t length;
  struct stage_pin pin;
  assert_int_equal(f.ops->length(f.store, STAGE_TREE, 0, &length), STAGE_OK);
  assert_int_equal(length, sizeof dump);
  assert_int_equal(f.ops->pin(f.store, STAGE_TREE, 0, 0, length, &pin), STAGE_OK);
  assert_memory_equal(pin.bytes, dump, sizeof dump);
  f.ops->unpin(f.store, STAGE_TREE, &pin);
  fixture_close(&f);
}

static void small_texts_come_back(void **state) {
  (void)state;
  check_string("c", "");
  check_string("c", "\n\n\n");
  check_string("c", "int x;");
  check_string("c", "#include <a.h>\r\n\r\nint\tmain(void)\r\n{\r\n\treturn 0; /* two\r\n lines */\r\n}\r\n");
  check_string("c", "\xef\xbb\xbfint bom;\n");
  check_string("python", "def f(x):\n    if x:\n        return '''a\nb'''\n\n\nclass A:\n  pass\n");
  check_string("javascript", "let s = `a${b}\n${c}`\nfoo()\n[1,2].map(x => x)\n");
}

static void errors_and_missing_nodes_come_back(void **state) {
  (void)state;
  check_string("c", "int main( { return ; } } ) ;;; @@@ \n\"open string\nint x\n");
  check_string("c", "struct { int a; int b }\nvoid f( {");
  check_string("javascript", "function ( { if (x } ) => ]]] let = `${`${");
  check_string("python", "def f(:\n\tx = = 3\n  y\n\t\tclass\n");
  check_text("c", "int a;\0int b;\xff\xfe\x80 x", 20, 50);
}

static void real_files_come_back(void **state) {
  (void)state;
  static const char *const files[] = {"query.c", "parser.c", "subtree.c", "node.c"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/corpora/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib/src/%s",
             getenv("PHASEBENCH_SOURCE_DIR"), files[i]);
    size_t length;
    char *text = file_read(path, &length);
    check_text("c", text, length, 2000);
    check_text("javascript", text, length / 2, 500); /* the wrong language: errors all over */
    free(text);
  }
}

static void deep_and_wide_trees_come_back(void **state) {
  (void)state;
  enum { DEPTH = 30000 };
  char *text = malloc(2 * DEPTH + 1);
  assert_non_null(text);
  memset(text, '[', DEPTH);
  memset(text + DEPTH, ']', DEPTH);
  check_text("javascript", text, 2 * DEPTH, 20); /* more than 255 ancestors close in one place */
  free(text);
  enum { ITEMS = 50000 };
  text = malloc(ITEMS * 2 + 16);
  assert_non_null(text);
  text[0] = '[';
  for (int i = 0; i < ITEMS; i++) memcpy(text + 1 + 2 * i, "1,", 2);
  text[1 + 2 * ITEMS] = ']';
  check_text("javascript", text, 2 * ITEMS + 2, 20); /* one line of 100,000 bytes: columns beyond 16 bits */
  free(text);
}

static void long_tokens_take_the_wide_form(void **state) {
  (void)state;
  enum { BYTES = 200000 };
  char *text = malloc(BYTES + 4096);
  assert_non_null(text);
  memset(text, ' ', BYTES + 4096);
  size_t n = (size_t)sprintf(text, "x = \"");
  memset(text + n, 'a', BYTES);
  n += BYTES;
  n += (size_t)sprintf(text + n, "\";\n/*\n\n\n*/  ");
  memset(text + n, ' ', 1000); /* a padding beyond 8 bits */
  n += 1000;
  for (int i = 0; i < 100; i++) n += (size_t)sprintf(text + n, "f(%d);%s", i, i % 7 ? " " : "\n\n\t");
  check_text("javascript", text, n, 200);
  free(text);
}

static void edits_after_settling_come_back(void **state) {
  (void)state;
  const TSLanguage *grammar = test_grammar("c");
  struct fixture f;
  fixture_open(&f);
  static const char *const texts[] = {"int a;\n", "int b = 1 + 2;\n", "char *c = \"x\";\n"};
  for (uint32_t i = 0; i < 24; i++) {
    assert_int_equal(fixture_put(&f, i, grammar, texts[i % 3], strlen(texts[i % 3])), STAGE_OK);
  }
  assert_int_equal(f.ops->settle(f.store), STAGE_OK);
  static const char edited[] = "while (1) { goto out; } /* not seen before */\nout: ;\n";
  assert_int_equal(fixture_put(&f, 5, grammar, edited, strlen(edited)), STAGE_OK);
  assert_int_equal(f.ops->drop_tree(f.store, 6), STAGE_OK);
  assert_int_equal(f.ops->settle(f.store), STAGE_OK);
  for (uint32_t i = 0; i < 24; i++) {
    const char *text = i == 5 ? edited : texts[i % 3];
    if (i == 6) {
      if (!f.cursor) assert_int_equal(f.ops->cursor_new(f.store, &f.cursor), STAGE_OK);
      assert_int_equal(f.ops->cursor_open(f.cursor, i), STAGE_NO_DOCUMENT);
      continue;
    }
    TSTree *tree = test_parse(grammar, text, strlen(text));
    struct test_nodes all = test_nodes_of(tree);
    fixture_cursor(&f, i);
    assert_int_equal(test_walk_mismatches(f.ops, f.cursor, &all, 64), 0);
    check_blob(&f, i);
    test_nodes_free(&all);
    ts_tree_delete(tree);
  }
  assert_string_equal(f.ops->symbol_name(f.store, 0, 0xffff) ? "" : "none", "none");
  fixture_close(&f);
}

static void names_need_no_grammar(void **state) {
  (void)state;
  const TSLanguage *grammar = test_grammar("c");
  struct fixture f;
  fixture_open(&f);
  static const char text[] = "int f(int a) { return a + ; }";
  assert_int_equal(fixture_put(&f, 0, grammar, text, strlen(text)), STAGE_OK);
  assert_int_equal(f.ops->settle(f.store), STAGE_OK);
  TSTree *tree = test_parse(grammar, text, strlen(text));
  struct test_nodes all = test_nodes_of(tree);
  uint32_t fields = 0;
  for (uint32_t i = 0; i < all.count; i++) {
    const struct stage_head *head = &all.nodes[i].head;
    assert_string_equal(f.ops->symbol_name(f.store, 0, head->symbol), ts_language_symbol_name(grammar, head->symbol));
    if (!head->field) continue;
    fields++;
    assert_string_equal(f.ops->field_name(f.store, 0, head->field),
                        ts_language_field_name_for_id(grammar, head->field));
  }
  assert_true(fields > 0);
  assert_null(f.ops->symbol_name(f.store, 1, 1));
  test_nodes_free(&all);
  ts_tree_delete(tree);
  fixture_close(&f);
}

/* Every allocation fails once: the error is told, nothing leaks, and what was stored
 * before can still be read. */
static void running_out_of_memory_loses_nothing(void **state) {
  (void)state;
  const TSLanguage *grammar = test_grammar("c");
  static const char first[] = "int a[] = {1, 2, 3};\n", second[] = "void f(void) { for (;;) break; }\n";
  TSTree *tree = test_parse(grammar, first, strlen(first));
  struct test_nodes all = test_nodes_of(tree);
  uint32_t failures = 0;
  for (long grants = 0;; grants++) {
      struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_put(&f, 0, grammar, first, strlen(first)), STAGE_OK);
    test_ctx_grants = grants;
    int error = fixture_put(&f, 1, grammar, second, strlen(second));
    if (!error) error = f.ops->settle(f.store);
    bool ran_dry = test_ctx_grants == 0;
    test_ctx_grants = -1;
    if (error) {
      assert_int_equal(error, STAGE_OUT_OF_MEMORY);
      failures++;
    }
    fixture_cursor(&f, 0);
    assert_int_equal(test_walk_mismatches(f.ops, f.cursor, &all, 64), 0);
    f.ops->cursor_delete(f.cursor);
    f.cursor = NULL;
    assert_int_equal(f.ops->settle(f.store), STAGE_OK); /* a settling that was cut short can be done again */
    fixture_cursor(&f, 0);
    assert_int_equal(test_walk_mismatches(f.ops, f.cursor, &all, 64), 0);
    fixture_close(&f);
    if (!ran_dry) break;
  }
  assert_true(failures > 10);
  test_nodes_free(&all);
  ts_tree_delete(tree);
}

/* A flipped bit is either refused by validation, or gives another blob that decodes
 * within its bounds (the address sanitizer watches); it never crashes. */
static void flipped_bits_are_found_or_harmless(void **state) {
  (void)state;
  static const char text[] = "int main(int argc, char **argv) {\n\treturn argc > 1 ? 0 : puts(\"hello world, hello\");\n}\n";
  const TSLanguage *grammar = test_grammar("c");
  struct fixture f;
  fixture_open(&f);
  assert_int_equal(fixture_put(&f, 0, grammar, text, strlen(text)), STAGE_OK);
  uint64_t length;
  struct stage_pin pin;
  assert_int_equal(f.ops->length(f.store, STAGE_TREE, 0, &length), STAGE_OK);
  uint8_t *good = malloc(length), *spoiled = malloc(length);
  assert_true(good && spoiled);
  assert_int_equal(f.ops->pin(f.store, STAGE_TREE, 0, 0, length, &pin), STAGE_OK);
  memcpy(good, pin.bytes, length);
  f.ops->unpin(f.store, STAGE_TREE, &pin);
  uint32_t refused = 0;
  for (uint64_t bit = 0; bit < length * 8; bit++) {
    memcpy(spoiled, good, length);
    spoiled[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    assert_int_equal(f.ops->put(f.store, STAGE_TREE, 0, spoiled, length, NULL), STAGE_OK);
    const char *why;
    uint64_t offset;
    if (p1_validate_document(f.store, 0, &why, &offset) != STAGE_OK) {
      refused++;
      continue;
    }
    fixture_cursor(&f, 0);
    struct stage_node nodes[16];
    uint32_t count;
    do assert_int_equal(f.ops->walk(f.cursor, nodes, 16, &count), STAGE_OK);
    while (count > 0);
    f.ops->cursor_close(f.cursor);
  }
  assert_true(refused > 250); /* the header, the tail and most structure */
  for (uint64_t cut = 0; cut < length; cut++) {
    assert_int_equal(f.ops->put(f.store, STAGE_TREE, 0, good, cut, NULL), STAGE_OK);
    const char *why;
    uint64_t offset;
    assert_int_equal(p1_validate_document(f.store, 0, &why, &offset), STAGE_CORRUPT);
    if (f.cursor) assert_int_equal(f.ops->cursor_open(f.cursor, 0), STAGE_CORRUPT);
  }
  free(good);
  free(spoiled);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dump_is_that_of_the_header),
      cmocka_unit_test(small_texts_come_back),
      cmocka_unit_test(errors_and_missing_nodes_come_back),
      cmocka_unit_test(real_files_come_back),
      cmocka_unit_test(deep_and_wide_trees_come_back),
      cmocka_unit_test(long_tokens_take_the_wide_form),
      cmocka_unit_test(edits_after_settling_come_back),
      cmocka_unit_test(names_need_no_grammar),
      cmocka_unit_test(running_out_of_memory_loses_nothing),
      cmocka_unit_test(flipped_bits_are_found_or_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
