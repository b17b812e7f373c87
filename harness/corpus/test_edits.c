/* SPDX-License-Identifier: MIT
 *
 * The edit list: the same seed gives the same edits; what ts_tree_edit is told fits the
 * text; no UTF-8 character is cut; every kind of edit occurs; odd texts are edited, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/text.h"
#include "edits.h"

#define ROOM (EDITS_PER_DOCUMENT_MAX * EDITS_GROWTH_BYTES_MAX)

static const char code[] =
    "int été_naïve = \"日本語\";\n"
    "static void f(int count, char *naïve) {\r\n"
    "\treturn g(count + 1, naïve); /* 😀 comment */\n"
    "\n"
    "}\n"
    "int last_without_newline";

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

/* Applies the edits of one document and holds what is told of them against the texts before and after. */
static uint32_t check_edits(uint64_t seed, uint32_t id, const char *text, uint32_t length, bool utf8) {
  char *edited = malloc(length + ROOM + 1), *again = malloc(length + ROOM + 1);
  TSInputEdit edits[EDITS_PER_DOCUMENT_MAX], edits_again[EDITS_PER_DOCUMENT_MAX];
  uint32_t new_length = length, again_length = length;
  memcpy(edited, text, length);
  memcpy(again, text, length);
  uint32_t count = edits_apply(seed, id, edited, &new_length, edits);
  assert_in_range(count, 1, EDITS_PER_DOCUMENT_MAX);
  assert_int_equal(edits_apply(seed, id, again, &again_length, edits_again), count);
  assert_int_equal(again_length, new_length);
  assert_memory_equal(edited, again, new_length);
  assert_memory_equal(edits, edits_again, count * sizeof *edits);
  assert_true(new_length <= length + count * EDITS_GROWTH_BYTES_MAX);

  uint32_t expected_length = length;
  for (uint32_t i = 0; i < count; i++) {
    assert_true(edits[i].start_byte <= edits[i].old_end_byte);
    assert_true(edits[i].old_end_byte <= expected_length);
    assert_true(edits[i].start_byte <= edits[i].new_end_byte);
    assert_true(edits[i].old_end_byte != edits[i].start_byte || edits[i].new_end_byte != edits[i].start_byte);
    expected_length += edits[i].new_end_byte - edits[i].old_end_byte;
  }
  assert_int_equal(new_length, expected_length);
  /* The first edit is seen in the old text, the last in the new one. */
  check_point(point_of(text, edits[0].start_byte), edits[0].start_point);
  check_point(point_of(text, edits[0].old_end_byte), edits[0].old_end_point);
  const TSInputEdit *last = &edits[count - 1];
  check_point(point_of(edited, last->start_byte), last->start_point);
  check_point(point_of(edited, last->new_end_byte), last->new_end_point);
  if (count == 1) {
    assert_memory_equal(text, edited, last->start_byte);
    assert_memory_equal(text + last->old_end_byte, edited + last->new_end_byte, length - last->old_end_byte);
  }
  if (utf8) assert_true(utf8_valid((const uint8_t *)edited, new_length));
  free(edited);
  free(again);
  return count;
}

static void edits_fit_and_repeat(void **state) {
  (void)state;
  assert_true(utf8_valid((const uint8_t *)code, sizeof code - 1));
  unsigned counts[EDITS_PER_DOCUMENT_MAX + 1] = {0};
  for (uint32_t id = 0; id < 3000; id++) counts[check_edits(7, id, code, sizeof code - 1, true)]++;
  for (unsigned i = 1; i <= EDITS_PER_DOCUMENT_MAX; i++) assert_in_range(counts[i], 800, 1200);
}

static void odd_texts_are_edited(void **state) {
  (void)state;
  static const char *const texts[] = {"", "\n", "x", "日", "\n\n\n", "1 2 3", "\r\n", "  "};
  for (size_t t = 0; t < COUNT(texts); t++) {
    for (uint32_t id = 0; id < 200; id++) check_edits(t, id, texts[t], (uint32_t)strlen(texts[t]), true);
  }
  char *line = malloc(100000); /* one very long line: not duplicated */
  memset(line, 'a', 100000);
  for (uint32_t id = 0; id < 200; id++) check_edits(3, id, line, 100000, true);
  memset(line, 0xff, 100000); /* not UTF-8 at all, not a word, not a line end */
  for (uint32_t id = 0; id < 200; id++) check_edits(3, id, line, 100000, false);
  free(line);
}

/* Every kind of edit is made now and then. */
static void every_kind_occurs(void **state) {
  (void)state;
  unsigned longer_line = 0, shorter = 0, renamed = 0, extended = 0, blank = 0;
  for (uint32_t id = 0; id < 500; id++) {
    char text[sizeof code + ROOM];
    TSInputEdit edits[EDITS_PER_DOCUMENT_MAX];
    uint32_t length = sizeof code - 1;
    memcpy(text, code, length);
    if (edits_apply(1, id, text, &length, edits) != 1) continue;
    uint32_t removed = edits[0].old_end_byte - edits[0].start_byte, added = edits[0].new_end_byte - edits[0].start_byte;
    const char *added_text = text + edits[0].start_byte;
    if (removed > 0 && added == 0) shorter++;
    else if (removed > 0) renamed += memcmp(added_text, "renamed_", 8) == 0;
    else if (added == 1 && *added_text == '\n') blank++;
    else if (added <= 4 && added_text[0] >= '0' && added_text[0] <= '9') extended++;
    else longer_line++;
  }
  assert_true(longer_line > 5 && shorter > 5 && renamed > 5 && extended > 5 && blank > 5);
}

static void documents_are_chosen_once_each(void **state) {
  (void)state;
  uint32_t scratch[1000], documents[EDITS_DOCUMENTS_MAX], again[EDITS_DOCUMENTS_MAX], other[EDITS_DOCUMENTS_MAX];
  assert_int_equal(edits_choose_documents(1, 0, scratch, documents), 0);
  assert_int_equal(edits_choose_documents(1, 5, scratch, documents), 5);
  assert_int_equal(edits_choose_documents(1, 1000, scratch, documents), EDITS_DOCUMENTS_MAX);
  assert_int_equal(edits_choose_documents(1, 1000, scratch, again), EDITS_DOCUMENTS_MAX);
  edits_choose_documents(2, 1000, scratch, other);
  assert_memory_equal(documents, again, sizeof documents);
  assert_memory_not_equal(documents, other, sizeof documents);
  bool seen[1000] = {false};
  for (uint32_t i = 0; i < EDITS_DOCUMENTS_MAX; i++) {
    assert_true(documents[i] < 1000);
    assert_false(seen[documents[i]]);
    seen[documents[i]] = true;
  }
}

/* The list is part of what results mean: it must not change by accident. */
static void the_list_is_fixed(void **state) {
  (void)state;
  char text[sizeof code + ROOM];
  TSInputEdit edits[EDITS_PER_DOCUMENT_MAX];
  uint64_t sum = 0;
  for (uint32_t id = 0; id < 100; id++) {
    uint32_t length = sizeof code - 1;
    memcpy(text, code, length);
    uint32_t count = edits_apply(1, id, text, &length, edits);
    for (uint32_t i = 0; i < count; i++) sum = sum * 31 + edits[i].start_byte * 7u + edits[i].new_end_byte;
    for (uint32_t i = 0; i < length; i++) sum = sum * 31 + (unsigned char)text[i];
  }
  assert_int_equal(sum, UINT64_C(0xbbf7cfee26d747cb));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(edits_fit_and_repeat), cmocka_unit_test(odd_texts_are_edited),
      cmocka_unit_test(every_kind_occurs),    cmocka_unit_test(documents_are_chosen_once_each),
      cmocka_unit_test(the_list_is_fixed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
