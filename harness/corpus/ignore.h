/* SPDX-License-Identifier: MIT
 *
 * ignore.h - patterns as in .gitignore (gitignore(5)): `*` `?` `[a-z]`, backslash
 * escapes, `#` comments, `!` takes back, a trailing `/` means directories only, a
 * `/` at the start or inside anchors the pattern to its list's folder, `**` stands
 * for any number of folders. Bytes, not characters: the C locale's fnmatch(3). */
#ifndef PHASEBENCH_IGNORE_H
#define PHASEBENCH_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

enum ignore_verdict {
  IGNORE_NO_WORD, /* no pattern of this list matches */
  IGNORE_OUT,     /* the last one that matches says: leave it out */
  IGNORE_IN,      /* the last one that matches begins with `!` */
};

/* A list of patterns, in order. The functions that make one return false only when
 * out of memory. */
struct ignore {
  struct ignore_pattern *patterns;
  size_t count;
  size_t capacity;
};

/* Adds a line of a .gitignore file (without its newline); blank lines and comments
 * add nothing. */
bool ignore_add(struct ignore *ignore, const char *line, size_t length);
/* Adds all lines of a text; a UTF-8 byte order mark and CR LF are stepped over. */
bool ignore_add_text(struct ignore *ignore, const char *text, size_t length);
void ignore_clear(struct ignore *ignore);

/* path: relative to the list's folder, without a leading or trailing '/'. Only the
 * path itself is looked at: whoever walks does not enter a directory that is out. */
enum ignore_verdict ignore_check(const struct ignore *ignore, const char *path, bool is_directory);

#endif
