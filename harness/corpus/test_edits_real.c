/* SPDX-License-Identifier: MIT
 *
 * Real edits: the hunks between two texts, as ts_tree_edit is told of them, lead from one
 * text and tree to the other, whatever the texts hold; their list comes back as it was
 * written, and a damaged one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/count.h"
#include "base/json_out.h"
#include "base/random.h"
#include "edit_list.h"
#include "edits.h"
#include "grammar.h"

static char folder[256];

static int set_up(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "%s/phasebench-edits-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void put(const char *name, const char *bytes, size_t length, char path[512]) {
  struct fault fault = {0};
  snprintf(path, 512, "%s/%s", folder, name);
  if (!json_write_bytes(path, bytes, length, &fault)) fail_msg("%s", fault.message);
}

/* ---- one pair of texts ---- */

static TSPoint point_of(const char *text, uint32_t at) {
  TSPoint point = {0, 0};
  for (uint32_t i = 0; i < at; i++) {
    point.column++;
    if (text[i] == '\n') point = (TSPoint){point.row + 1, 0};
  }
  return point;
}

static void check_point(TSPoint expected, TSPoint found) {
  assert_int_equal(expected.row, found.row);
  assert_int_equal(expected.column, found.column);
}

/* Makes the edits one after the other, as an editor would, and holds each against the text it finds. */
static void check_replay(const TSInputEdit *edits, size_t count, const struct diff_text *old,
                         const struct diff_text *new) {
  uint32_t length = old->length;
  char *text = malloc((size_t)old->length + new->length + 1), *next = malloc((size_t)old->length + new->length + 1);
  memcpy(text, old->bytes, length);
  for (size_t i = 0; i < count; i++) {
    const TSInputEdit *edit = &edits[i];
    assert_true(edit->start_byte <= edit->old_end_byte && edit->old_end_byte <= length);
    uint32_t come = edit->new_end_byte - edit->start_byte;
    check_point(point_of(text, edit->start_byte), edit->start_point);
    check_point(point_of(text, edit->old_end_byte), edit->old_end_point);
    memcpy(next, text, edit->start_byte);
    memcpy(next + edit->start_byte, new->bytes + edit->start_byte, come); /* what is before is new already */
    memcpy(next + edit->new_end_byte, text + edit->old_end_byte, length - edit->old_end_byte);
    length = length - (edit->old_end_byte - edit->start_byte) + come;
    char *kept = text;
    text = next;
    next = kept;
    check_point(point_of(text, edit->new_end_byte), edit->new_end_point);
  }
  assert_int_equal(length, new->length);
  assert_memory_equal(text, new->bytes, length);
  free(text);
  free(next);
}

static char *describe(const TSTree *tree) { return ts_node_string(ts_tree_root_node(tree)); }

/* The incremental parse gives what a fresh parse gives. */
static void check_parse(TSParser *parser, const TSInputEdit *edits, size_t count, const struct diff_text *old,
                        const struct diff_text *new) {
  TSTree *tree = ts_parser_parse_string(parser, NULL, old->bytes, old->length);
  for (size_t i = 0; i < count; i++) ts_tree_edit(tree, &edits[i]);
  TSTree *edited = ts_parser_parse_string(parser, tree, new->bytes, new->length);
  TSTree *fresh = ts_parser_parse_string(parser, NULL, new->bytes, new->length);
  char *expected = describe(fresh), *found = describe(edited);
  assert_string_equal(found, expected);
  free(expected);
  free(found);
  ts_tree_delete(tree);
  ts_tree_delete(edited);
  ts_tree_delete(fresh);
}

struct sizes {
  uint64_t hunks, inserted, deleted;
};

static struct sizes check_pair(TSParser *parser, const char *old_bytes, size_t old_length, const char *new_bytes,
                               size_t new_length) {
  char old_path[512], new_path[512];
  put("old", old_bytes, old_length, old_path);
  put("new", new_bytes, new_length, new_path);
  struct diff_text old = {old_path, old_bytes, (uint32_t)old_length}, new = {new_path, new_bytes, (uint32_t)new_length};
  struct diff_hunk *hunks;
  size_t count;
  struct fault fault = {0};
  if (!diff_texts(&old, &new, &hunks, &count, &fault)) fail_msg("%s", fault.message);
  TSInputEdit *edits = calloc(count + 1, sizeof *edits);
  edits_from_hunks(hunks, (uint32_t)count, old_bytes, new_bytes, edits);
  check_replay(edits, count, &old, &new);
  if (parser) check_parse(parser, edits, count, &old, &new);
  struct edit_sizes sizes = {0};
  edits_measure(edits, (uint32_t)count, old.length, &sizes);
  assert_int_equal(sizes.edits, count);
  assert_int_equal(old_length + sizes.inserted_bytes - sizes.deleted_bytes, new_length);
  free(edits);
  free(hunks);
  return (struct sizes){count, sizes.inserted_lines, sizes.deleted_lines};
}

/* ---- texts ---- */

#define T(text) text, sizeof text - 1

static const struct {
  const char *what, *old;
  size_t old_length;
  const char *new;
  size_t new_length;
  struct sizes sizes;
} pairs[] = {
    {"nothing changes", T("a;\nb;\n"), T("a;\nb;\n"), {0, 0, 0}},
    {"several hunks",
     T("int a;\nint b;\nint c;\nint d;\nint e;\n"),
     T("int a;\nint B;\nint c;\nint d;\nint x;\nint y;\nint e;\n"),
     {2, 3, 1}},
    {"a line goes, one comes", T("int a;\nint b;\nint c;\n"), T("int b;\nint c;\nint d;\n"), {2, 1, 1}},
    {"all of it changes", T("int a;\nint b;\n"), T("long c;\nlong d;\nlong e;\n"), {1, 3, 2}},
    {"emptied", T("int a;\nint b;\n"), T(""), {1, 0, 2}},
    {"emptied, without a last newline", T("int a;\nint b;"), T(""), {1, 0, 2}},
    {"filled", T(""), T("int a;\nint b;\n"), {1, 2, 0}},
    {"filled, without a last newline", T(""), T("int a;"), {1, 1, 0}},
    {"the last newline goes", T("int a;\nint b;\n"), T("int a;\nint b;"), {1, 1, 1}},
    {"the last newline comes", T("int a;\nint b;"), T("int a;\nint b;\n"), {1, 1, 1}},
    {"more after a line without one", T("int a;"), T("int a;\nint b;"), {1, 2, 1}},
    {"the last line goes", T("int a;\nint b;"), T("int a;\n"), {1, 0, 1}},
    {"CRLF stays", T("int a;\r\nint b;\r\nint c;\r\n"), T("int a;\r\nint B;\r\nint c;\r\n"), {1, 1, 1}},
    {"CRLF goes", T("int a;\r\nint b;\r\n"), T("int a;\nint b;\n"), {1, 2, 2}},
    {"CR alone is no line's end", T("int a;\rint b;\n"), T("int a;\rint c;\n"), {1, 1, 1}},
    {"UTF-8", T("/* été 日本 */\nint a;\n"), T("/* été 😀 */\nint a;\n"), {1, 1, 1}},
    {"not UTF-8", T("/* \xff\xfe\x80 */\nint a;\n/* \xe9 */\n"), T("/* \xff\xfe */\nint a;\n/* \xe8 */\n"), {2, 2, 2}},
    {"NUL", T("int a;\n\0\nint b;\n"), T("int a;\n\0\0\nint b;\n"), {1, 1, 1}},
    {"between blank lines a line moves up", T("\n\n\nint a;\n\n"), T("\nint a;\n\n\n\n"), {2, 1, 1}},
    {"lines that look like diff's own", T("1 2 3 4\n@@ -1 +1 @@\n"), T("1 2 3 4\n> x\n< y\n"), {1, 2, 1}},
};

static void hunks_lead_from_one_text_to_the_other(void **state) {
  (void)state;
  struct grammar grammar = {0};
  struct fault fault = {0};
  if (!grammar_load("c", &grammar, &fault)) fail_msg("%s", fault.message);
  TSParser *parser = ts_parser_new();
  assert_true(ts_parser_set_language(parser, grammar.ts));
  for (size_t i = 0; i < COUNT(pairs); i++) {
    struct sizes found = check_pair(parser, pairs[i].old, pairs[i].old_length, pairs[i].new, pairs[i].new_length);
    struct sizes expected = pairs[i].sizes;
    if (found.hunks != expected.hunks || found.inserted != expected.inserted || found.deleted != expected.deleted)
      fail_msg("%s: %d hunks, %d in, %d out", pairs[i].what, (int)found.hunks, (int)found.inserted, (int)found.deleted);
  }
  ts_parser_delete(parser);
  grammar_unload(&grammar);
}

/* Lines drawn from few, so that many stay; bytes of every kind, with and without a last newline. */
static void random_texts(void **state) {
  (void)state;
  static const char *const lines[] = {"", "a", "b\r", "\xff\xfe", "  x", "-", "\\", "日"};
  struct random_stream stream = random_stream_for(1, 99, 0);
  for (int round = 0; round < 150; round++) {
    char text[2][1024];
    size_t length[2] = {0, 0};
    for (int side = 0; side < 2; side++) {
      uint64_t count = random_below(&stream, 40);
      for (uint64_t i = 0; i < count; i++) {
        const char *line = lines[random_below(&stream, 8)];
        bool ended = i + 1 < count || random_below(&stream, 2);
        length[side] += (size_t)snprintf(text[side] + length[side], 16, "%s%s", line, ended ? "\n" : "");
      }
    }
    check_pair(NULL, text[0], length[0], text[1], length[1]);
  }
}

/* Seeded edits are within lines, too: lines are counted as a diff would. */
static void lines_of_small_edits(void **state) {
  (void)state;
  static const struct {
    TSInputEdit edit;
    uint32_t length, inserted, deleted;
  } edits[] = {
      {{2, 3, 5, {0, 2}, {0, 3}, {0, 5}}, 10, 1, 1},    /* a word longer */
      {{4, 4, 5, {1, 0}, {1, 0}, {2, 0}}, 10, 1, 0},    /* a blank line before a line */
      {{4, 4, 6, {1, 0}, {1, 0}, {1, 2}}, 10, 1, 1},    /* text before a line */
      {{4, 8, 4, {1, 0}, {2, 0}, {1, 0}}, 10, 0, 1},    /* a line goes */
      {{1, 5, 1, {0, 1}, {1, 1}, {0, 1}}, 10, 1, 2},    /* two lines are joined */
      {{6, 10, 6, {1, 0}, {1, 4}, {1, 0}}, 10, 0, 1},   /* the last line, without newline, goes */
      {{10, 10, 12, {1, 4}, {1, 4}, {1, 6}}, 10, 1, 1}, /* the last line, without newline, grows */
  };
  for (size_t i = 0; i < COUNT(edits); i++) {
    struct edit_sizes sizes = {0};
    edits_measure(&edits[i].edit, 1, edits[i].length, &sizes);
    if (sizes.inserted_lines != edits[i].inserted || sizes.deleted_lines != edits[i].deleted)
      fail_msg("edit %d: %d in, %d out", (int)i, (int)sizes.inserted_lines, (int)sizes.deleted_lines);
  }
}

static void wrong_hunks_do_not_fit(void **state) {
  (void)state;
  struct diff_text old = {NULL, "a\nb\nc\n", 6}, new = {NULL, "a\nB\nc\n", 6};
  struct diff_hunk good = {2, 2, 2};
  assert_true(diff_hunks_fit(&old, &new, &good, 1));
  static const struct diff_hunk wrong[] = {{0, 2, 2},
                                           {2, 2, 4},
                                           {2, 4, 2},
                                           {2, 2, 0},
                                           {2, 9, 2},
                                           {2, 2, 9},
                                           {7, 0, 0},
                                           {UINT32_MAX, UINT32_MAX, UINT32_MAX},
                                           {2, UINT32_MAX, UINT32_MAX}};
  for (size_t i = 0; i < COUNT(wrong); i++) assert_false(diff_hunks_fit(&old, &new, &wrong[i], 1));
  assert_false(diff_hunks_fit(&old, &new, NULL, 0));
  struct diff_hunk overlapping[] = {{2, 2, 2}, {3, 1, 1}};
  assert_false(diff_hunks_fit(&old, &new, overlapping, 2));
}

/* diff gives whole lines; a list may hold any bytes. Halves of characters are bytes to tree-sitter, too. */
static void hunks_within_a_character(void **state) {
  (void)state;
  static const char *const texts[] = {"char *s = \"\xc3\xa9\xe2\x82\xac\";\n", "char *s = \"\xc3\xa8\xe2\x82\xac\";\n",
                                      "char *s = \"\xc3\xa8\xe2\xac\";\n"};
  static const struct diff_hunk hunks[] = {{12, 1, 1}, {14, 1, 0}};
  struct fault fault = {0};
  struct grammar grammar = {0};
  if (!grammar_load("c", &grammar, &fault)) fail_msg("%s", fault.message);
  TSParser *parser = ts_parser_new();
  assert_true(ts_parser_set_language(parser, grammar.ts));
  for (int i = 0; i < 2; i++) {
    struct diff_text old = {NULL, texts[i], (uint32_t)strlen(texts[i])},
                     new = {NULL, texts[i + 1], (uint32_t)strlen(texts[i + 1])};
    TSInputEdit edit;
    assert_true(diff_hunks_fit(&old, &new, &hunks[i], 1));
    edits_from_hunks(&hunks[i], 1, old.bytes, new.bytes, &edit);
    check_replay(&edit, 1, &old, &new);
    check_parse(parser, &edit, 1, &old, &new);
  }
  ts_parser_delete(parser);
  grammar_unload(&grammar);
}

static void a_diff_that_cannot_be_made_is_a_fault(void **state) {
  (void)state;
  char path[512];
  put("there", "a\n", 2, path);
  struct diff_text old = {path, "a\n", 2}, gone = {"/no/such/file", "b\n", 2}, other = {path, "b\n", 2};
  struct diff_hunk *hunks;
  size_t count;
  struct fault fault = {0};
  assert_false(diff_texts(&old, &gone, &hunks, &count, &fault));
  assert_int_equal(fault.code, EXIT_CODE_SYSTEM);
  /* The file changed after it was read: diff sees no difference, and the texts have one. */
  fault = (struct fault){0};
  assert_false(diff_texts(&old, &other, &hunks, &count, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
}

/* ---- the list ---- */

static struct corpus_file files[] = {{.path = "a", .bytes = 4}, {.path = "b", .bytes = 4}, {.path = "c", .bytes = 0}};
static struct corpus_edit changes[] = {{.file = 0, .path = "x y", .bytes = 6}, {.file = 2, .path = "z", .bytes = 2}};

static struct corpus example(void) {
  static const char *const texts[] = {"1\n2\n", "1\n2\n", ""};
  char path[512];
  for (int i = 0; i < 3; i++) {
    put(files[i].path, texts[i], files[i].bytes, path);
    files[i].hash = XXH3_64bits(texts[i], files[i].bytes);
  }
  put("x y", "0\n1\n3\n", 6, path);
  changes[0].hash = XXH3_64bits("0\n1\n3\n", 6);
  put("z", "!\n", 2, path);
  changes[1].hash = XXH3_64bits("!\n", 2);
  return (struct corpus){.name = "tiny",
                         .root = folder,
                         .files = files,
                         .file_count = 3,
                         .has_versions = true,
                         .edits = changes,
                         .edit_count = 2};
}

static void a_list_comes_back_as_written(void **state) {
  (void)state;
  struct corpus corpus = example();
  struct fault fault = {0};
  struct edit_list list;
  char path[512], hash[33];
  snprintf(path, sizeof path, "%s/edits.list", folder);
  if (!edit_list_write(path, &corpus, 1, hash, &fault)) fail_msg("%s", fault.message);
  if (!edit_list_read(path, hash, 3, &list, &fault)) fail_msg("%s", fault.message);
  assert_int_equal(list.target_count, 2);
  const struct edit_target *first = edit_list_find(&list, 0), *second = edit_list_find(&list, 2);
  assert_non_null(first);
  assert_non_null(second);
  assert_null(edit_list_find(&list, 1));
  assert_string_equal(first->path, "x y");
  assert_true(first->bytes == 6 && first->hash == changes[0].hash);
  assert_int_equal(first->hunk_count, 2);
  assert_true(first->hunks[0].start == 0 && first->hunks[0].old_bytes == 0 && first->hunks[0].new_bytes == 2);
  assert_true(first->hunks[1].start == 2 && first->hunks[1].old_bytes == 2 && first->hunks[1].new_bytes == 2);
  assert_int_equal(second->hunk_count, 1);
  assert_true(second->hunks[0].start == 0 && second->hunks[0].old_bytes == 0 && second->hunks[0].new_bytes == 2);
  edit_list_free(&list);
}

static void a_list_needs_files_as_they_were(void **state) {
  (void)state;
  struct corpus corpus = example();
  char path[512], hash[33];
  snprintf(path, sizeof path, "%s/other.list", folder);
  files[0].hash ^= 1;
  struct fault fault = {0};
  assert_false(edit_list_write(path, &corpus, 1, hash, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  corpus = example();
  changes[1].bytes = 1; /* it has grown since */
  fault = (struct fault){0};
  assert_false(edit_list_write(path, &corpus, 1, hash, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  changes[1].bytes = 2;
  corpus.edit_count = 0;
  fault = (struct fault){0};
  assert_false(edit_list_write(path, &corpus, 1, hash, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  assert_int_equal(access(path, F_OK), -1);
}

static void expect_bad_list(const char *bytes, size_t length, const char *why) {
  char path[512], hash[33];
  struct fault fault = {0};
  struct edit_list list;
  put("bad.list", bytes, length, path);
  XXH128_hash_t sum = XXH3_128bits(bytes, length);
  snprintf(hash, sizeof hash, "%016llx%016llx", (unsigned long long)sum.high64, (unsigned long long)sum.low64);
  if (edit_list_read(path, hash, 9, &list, &fault)) fail_msg("was read: %s", bytes);
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  if (!strstr(fault.message, why)) fail_msg("expected '%s' in: %s", why, fault.message);
}

#define MAGIC "phasebench-edits-1 "
#define ONE                         \
  "00000000000000ff 20 7 1 b/a.c\0" \
  "16 3 4\0"

/* The dump in edit_list.c, and what may be wrong with one. */
static void a_damaged_list_is_refused(void **state) {
  (void)state;
  static const char good[] = MAGIC "1 1\0" ONE;
  char path[512], hash[33];
  struct fault fault = {0};
  struct edit_list list;
  put("good.list", good, sizeof good - 1, path);
  XXH128_hash_t sum = XXH3_128bits(good, sizeof good - 1);
  snprintf(hash, sizeof hash, "%016llx%016llx", (unsigned long long)sum.high64, (unsigned long long)sum.low64);
  if (!edit_list_read(path, hash, 9, &list, &fault)) fail_msg("%s", fault.message);
  assert_true(list.target_count == 1 && list.targets[0].document == 7 && list.targets[0].hunks[0].new_bytes == 4);
  edit_list_free(&list);
  hash[0] = hash[0] == '0' ? '1' : '0';
  assert_false(edit_list_read(path, hash, 9, &list, &fault));
  assert_non_null(strstr(fault.message, "was changed after the run began"));

  for (size_t length = 0; length < sizeof good - 1; length++) expect_bad_list(good, length, "bad.list");
  expect_bad_list(T("phasebench-files-1 1 1\0" ONE), "does not begin");
  expect_bad_list(T(MAGIC "601 1\0" ONE), "does not begin");
  expect_bad_list(T(MAGIC "1 0\0" ONE), "document 1 of 1");
  expect_bad_list(T(MAGIC "1 2\0" ONE), "1 hunks are left over");
  expect_bad_list(T(MAGIC "1 1\0" ONE "x"), "left over");
  expect_bad_list(T(MAGIC "2 2\0" ONE ONE), "document 2 of 2"); /* twice the same document */
  expect_bad_list(T(MAGIC "1 1\0"
                          "00000000000000ff 20 9 1 b/a.c\0"
                          "16 3 4\0"),
                  "document 1 of 1");
  expect_bad_list(T(MAGIC "1 1\0"
                          "00000000000000ff 20 7 1 \0"
                          "16 3 4\0"),
                  "document 1 of 1");
  expect_bad_list(T(MAGIC "1 1\0"
                          "00000000000000ff 20 7 1 b\0"
                          "16 3 4294967296\0"),
                  "document 1 of 1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hunks_lead_from_one_text_to_the_other),
      cmocka_unit_test(random_texts),
      cmocka_unit_test(lines_of_small_edits),
      cmocka_unit_test(wrong_hunks_do_not_fit),
      cmocka_unit_test(hunks_within_a_character),
      cmocka_unit_test(a_diff_that_cannot_be_made_is_a_fault),
      cmocka_unit_test(a_list_comes_back_as_written),
      cmocka_unit_test(a_list_needs_files_as_they_were),
      cmocka_unit_test(a_damaged_list_is_refused),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
