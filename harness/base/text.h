/* SPDX-License-Identifier: MIT
 *
 * text.h - bytes of unknown origin as text: is it UTF-8, and how does a file name,
 * which may hold any byte but NUL and '/', stand in JSON and on a terminal. */
#ifndef PHASEBENCH_TEXT_H
#define PHASEBENCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Length of the well-formed UTF-8 sequence at bytes[0..available), 1 to 4; 0 when
 * there is none (Unicode 15, table 3-7: no surrogates, no overlong forms). */
size_t utf8_sequence_bytes(const uint8_t *bytes, size_t available);

/* True when all of bytes[0..length) is well-formed UTF-8; true for length 0. */
bool utf8_valid(const uint8_t *bytes, size_t length);

/* Characters of a text, where bytes that are not UTF-8 count as parts of the character before. */
size_t utf8_characters(const char *text);
/* Where the character with this index begins; the end of the text where there are not so many. */
size_t utf8_offset(const char *text, size_t index);

/* Writes `path` as printable UTF-8: a control byte or a byte that is not part of
 * well-formed UTF-8 becomes \xNN, a backslash becomes two, and all else stays. So
 * every name has one text, and path_from_text gives the name back.
 * Returns false when text_bytes is too small (4 * strlen(path) + 1 always do). */
bool path_to_text(const char *path, char *text, size_t text_bytes);

/* The same for a line that people read: where the text does not fit, another one that says so.
 * Returns shown->text. */
#define PATH_SHOWN_BYTES (4 * 4096 + 1)
struct path_shown {
  char text[PATH_SHOWN_BYTES];
};
const char *path_show(const char *path, struct path_shown *shown);

/* Writes a message that may hold names from elsewhere: control bytes, and what is no UTF-8, as \xNN, so
 * that it stays one line and no terminal obeys it. Backslashes stay as they are. */
void text_print(FILE *out, const char *text);

/* For text from elsewhere that goes into forms of many kinds: what a terminal, a page or a picture could obey is
 * taken out, in place. Tabs and line ends become spaces; other control characters (C1 too), marks that turn the
 * direction of text, and bytes that are not UTF-8 become a question mark. Nothing grows. */
void text_make_printable(char *text);

/* "" for 1, else "s": "%zu file%s". */
const char *plural(uint64_t count);

/* The inverse of path_to_text. False when the text is not one of its, or too long. */
bool path_from_text(const char *text, char *path, size_t path_bytes);

#endif
