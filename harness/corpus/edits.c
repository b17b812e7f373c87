/* SPDX-License-Identifier: MIT
 *
 * edits.c - see edits.h. Places are chosen by a random byte: the line or the word at
 * or after it. Line ends ('\n') and ASCII words are never part of a longer UTF-8
 * character, so that cutting at them is safe in any text. */
#include "edits.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"

struct text {
  char *bytes;
  uint32_t length;
};

/* [start, end) is to be replaced. */
struct span {
  uint32_t start, end;
};

uint32_t edits_choose(uint64_t seed, uint32_t count, uint32_t *scratch, uint32_t *chosen, uint32_t chosen_max) {
  struct random_stream stream = random_stream_for(seed, RANDOM_EDITED_DOCUMENTS, 0);
  for (uint32_t i = 0; i < count; i++) scratch[i] = i;
  random_shuffle(&stream, scratch, count);
  uint32_t taken = count < chosen_max ? count : chosen_max;
  memcpy(chosen, scratch, taken * sizeof *chosen);
  return taken;
}

uint32_t edits_choose_documents(uint64_t seed, uint32_t document_count, uint32_t *scratch,
                                uint32_t documents[EDITS_DOCUMENTS_MAX]) {
  return edits_choose(seed, document_count, scratch, documents, EDITS_DOCUMENTS_MAX);
}

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool begins_word(char c) { return is_word(c) && !(c >= '0' && c <= '9'); }

/* A byte that is part of a longer UTF-8 character, and so may be part of a word, too. */
static bool is_beyond_ascii(char c) { return (unsigned char)c >= 0x80; }

/* The line that holds byte `at`, with its '\n' where it has one. */
static struct span line_at(const struct text *text, uint32_t at) {
  struct span line = {at, at};
  while (line.start > 0 && text->bytes[line.start - 1] != '\n') line.start--;
  while (line.end < text->length && text->bytes[line.end] != '\n') line.end++;
  if (line.end < text->length) line.end++;
  return line;
}

/* The first word at or after byte `at`; an empty span where there is none. */
static struct span word_at(const struct text *text, uint32_t at) {
  while (at > 0 && (is_word(text->bytes[at - 1]) || is_beyond_ascii(text->bytes[at - 1]))) at--;
  while (at < text->length) {
    struct span word = {at, at};
    bool plain = begins_word(text->bytes[at]);
    while (word.end < text->length && (is_word(text->bytes[word.end]) || is_beyond_ascii(text->bytes[word.end]))) {
      plain = plain && !is_beyond_ascii(text->bytes[word.end]);
      word.end++;
    }
    if (word.end > word.start && plain) return word;
    at = word.end > at ? word.end : at + 1;
  }
  return (struct span){text->length, text->length};
}

static TSPoint point_at(const struct text *text, uint32_t at) {
  TSPoint point = {0, 0};
  uint32_t line_start = 0;
  for (uint32_t i = 0; i < at; i++) {
    if (text->bytes[i] != '\n') continue;
    point.row++;
    line_start = i + 1;
  }
  point.column = at - line_start;
  return point;
}

static TSInputEdit replace(struct text *text, struct span old, const char *with, uint32_t with_length) {
  TSInputEdit edit = {.start_byte = old.start, .old_end_byte = old.end, .new_end_byte = old.start + with_length};
  edit.start_point = point_at(text, old.start);
  edit.old_end_point = point_at(text, old.end);
  memmove(text->bytes + old.start + with_length, text->bytes + old.end, text->length - old.end);
  memcpy(text->bytes + old.start, with, with_length);
  text->length = text->length - (old.end - old.start) + with_length;
  edit.new_end_point = point_at(text, edit.new_end_byte);
  return edit;
}

static TSInputEdit edit_once(struct random_stream *stream, struct text *text) {
  enum edit_what what = (enum edit_what)random_below(stream, EDIT_WHAT_COUNT);
  uint32_t at = (uint32_t)random_below(stream, text->length);
  unsigned number = (unsigned)random_below(stream, 10000);
  struct span line = line_at(text, at), word = word_at(text, at);
  struct span before_line = {line.start, line.start}, after_word = {word.end, word.end};
  char with[EDITS_GROWTH_BYTES_MAX];
  uint32_t line_length = line.end - line.start;
  if (what == EDIT_DUPLICATE_LINE && line_length > 0 && line_length <= sizeof with) {
    memcpy(with, text->bytes + line.start, line_length);
    return replace(text, before_line, with, line_length);
  }
  if (what == EDIT_DELETE_LINE && line_length > 0) return replace(text, line, "", 0);
  uint32_t length = (uint32_t)snprintf(with, sizeof with, what == EDIT_RENAME_IDENTIFIER ? "renamed_%u" : "%u", number);
  if (what == EDIT_RENAME_IDENTIFIER && word.end > word.start) return replace(text, word, with, length);
  if (what == EDIT_EXTEND_IDENTIFIER && word.end > word.start) return replace(text, after_word, with, length);
  return replace(text, before_line, "\n", 1);
}

uint32_t edits_apply(uint64_t seed, uint32_t id, char *text, uint32_t *length,
                     TSInputEdit edits[EDITS_PER_DOCUMENT_MAX]) {
  struct random_stream stream = random_stream_for(seed, RANDOM_EDITS, id);
  struct text edited = {text, *length};
  uint32_t count = 1 + (uint32_t)random_below(&stream, EDITS_PER_DOCUMENT_MAX);
  for (uint32_t i = 0; i < count; i++) edits[i] = edit_once(&stream, &edited);
  *length = edited.length;
  return count;
}

/* ---- real edits ---- */

/* Where one is after `length` more bytes. */
static TSPoint pass(TSPoint point, const char *bytes, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) {
    point.column++;
    if (bytes[i] == '\n') point = (TSPoint){point.row + 1, 0};
  }
  return point;
}

void edits_from_hunks(const struct diff_hunk *hunks, uint32_t hunk_count, const char *old, const char *new,
                      TSInputEdit *edits) {
  uint32_t at = 0, new_at = 0; /* up to there the texts were passed; `point` is in the new one */
  TSPoint point = {0, 0};
  for (uint32_t i = 0; i < hunk_count; i++) {
    const struct diff_hunk *hunk = &hunks[i];
    uint32_t same = hunk->start - at;
    point = pass(point, new + new_at, same);
    new_at += same;
    edits[i] = (TSInputEdit){.start_byte = new_at,
                             .old_end_byte = new_at + hunk->old_bytes,
                             .new_end_byte = new_at + hunk->new_bytes,
                             .start_point = point,
                             .old_end_point = pass(point, old + hunk->start, hunk->old_bytes),
                             .new_end_point = pass(point, new + new_at, hunk->new_bytes)};
    point = edits[i].new_end_point;
    at = hunk->start + hunk->old_bytes;
    new_at += hunk->new_bytes;
  }
}

void edits_measure(const TSInputEdit *edits, uint32_t count, uint32_t old_length, struct edit_sizes *sizes) {
  uint32_t length = old_length;
  for (uint32_t i = 0; i < count; i++) {
    const TSInputEdit *edit = &edits[i];
    bool begins = edit->start_point.column == 0;
    bool old_inside = edit->old_end_point.column > 0, new_inside = edit->new_end_point.column > 0;
    bool at_end = edit->old_end_byte == length;
    /* Does the line in which the edit ends count as taken out, and as put in? At the end of the text it does
     * where it is not empty. Elsewhere there is always such a line, and both count unless the edit is of whole
     * lines. */
    bool touched = !begins || old_inside || new_inside;
    sizes->edits++;
    sizes->deleted_bytes += edit->old_end_byte - edit->start_byte;
    sizes->inserted_bytes += edit->new_end_byte - edit->start_byte;
    sizes->deleted_lines += edit->old_end_point.row - edit->start_point.row + (at_end ? old_inside : touched);
    sizes->inserted_lines += edit->new_end_point.row - edit->start_point.row + (at_end ? new_inside : touched);
    length = length - edit->old_end_byte + edit->new_end_byte;
  }
}
