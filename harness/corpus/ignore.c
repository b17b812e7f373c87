/* SPDX-License-Identifier: MIT
 *
 * ignore.c - see ignore.h. A pattern is cut into its parts between slashes, and each
 * part is matched against one part of the path by fnmatch(3), so that only `**` is
 * left for us to match. */
#include "ignore.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct ignore_pattern {
  bool negated;
  bool directories_only;
  bool anchored;
  size_t part_count;
  char *text;   /* the parts, each NUL-terminated; owns the memory */
  char **parts; /* "**" is any number of folders */
};

static bool is_any_depth(const char *part) { return strcmp(part, "**") == 0; }

/* Trailing spaces do not count unless a backslash stands before them. */
static size_t without_trailing_spaces(const char *line, size_t length) {
  size_t end = 0;
  for (size_t i = 0; i < length; i++) {
    if (line[i] == '\\' && i + 1 < length) i++;
    else if (line[i] == ' ') continue;
    end = i + 1;
  }
  return end;
}

/* Cuts pattern->text at its slashes. */
static bool cut(struct ignore_pattern *pattern) {
  size_t count = 1;
  for (const char *p = pattern->text; *p; p++) count += *p == '/';
  pattern->parts = malloc(count * sizeof *pattern->parts);
  if (!pattern->parts) return false;
  char *rest = pattern->text;
  while (rest) {
    char *slash = strchr(rest, '/');
    if (slash) *slash = '\0';
    pattern->parts[pattern->part_count++] = rest;
    rest = slash ? slash + 1 : NULL;
  }
  return true;
}

bool ignore_add(struct ignore *ignore, const char *line, size_t length) {
  if (length > 0 && line[0] == '#') return true;
  length = without_trailing_spaces(line, length);
  struct ignore_pattern pattern = {0};
  if (length > 0 && line[0] == '!') {
    pattern.negated = true;
    line++;
    length--;
  }
  if (length > 0 && line[length - 1] == '/') {
    pattern.directories_only = true;
    length--;
  }
  pattern.anchored = memchr(line, '/', length) != NULL;
  if (length > 0 && line[0] == '/') {
    line++;
    length--;
  }
  if (length == 0) return true;
  if (ignore->count == ignore->capacity) {
    size_t capacity = ignore->capacity ? ignore->capacity * 2 : 8;
    struct ignore_pattern *grown = realloc(ignore->patterns, capacity * sizeof *grown);
    if (!grown) return false;
    ignore->patterns = grown;
    ignore->capacity = capacity;
  }
  pattern.text = malloc(length + 1); /* the line is part of a text that need not end with NUL */
  if (!pattern.text) return false;
  memcpy(pattern.text, line, length);
  pattern.text[length] = '\0';
  if (!cut(&pattern)) {
    free(pattern.text);
    return false;
  }
  ignore->patterns[ignore->count++] = pattern;
  return true;
}

bool ignore_add_text(struct ignore *ignore, const char *text, size_t length) {
  if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
    text += 3;
    length -= 3;
  }
  while (length > 0) {
    const char *newline = memchr(text, '\n', length);
    size_t line_bytes = newline ? (size_t)(newline - text) : length;
    size_t step = line_bytes + (newline ? 1 : 0);
    if (line_bytes > 0 && text[line_bytes - 1] == '\r') line_bytes--;
    if (!ignore_add(ignore, text, line_bytes)) return false;
    text += step;
    length -= step;
  }
  return true;
}

void ignore_clear(struct ignore *ignore) {
  for (size_t i = 0; i < ignore->count; i++) {
    free(ignore->patterns[i].text);
    free(ignore->patterns[i].parts);
  }
  free(ignore->patterns);
  *ignore = (struct ignore){0};
}

/* One part of the pattern against path[0..length), which holds no slash. */
static bool part_matches(const char *part, const char *path, size_t length) {
  char name[256]; /* NAME_MAX and the NUL: no longer name comes from a Linux directory */
  if (length >= sizeof name) return false;
  memcpy(name, path, length);
  name[length] = '\0';
  return fnmatch(part, name, 0) == 0;
}

/* Two positions walk in step; after a `**` the path's may begin again one folder
 * further on. Going back to the last `**` is enough: what an earlier one could
 * take, the last one can take too. */
static bool anchored_matches(const struct ignore_pattern *pattern, const char *path) {
  size_t part = 0, retry_part = 0;
  const char *retry_path = NULL;
  while (*path) {
    if (part < pattern->part_count && is_any_depth(pattern->parts[part])) {
      if (part + 1 == pattern->part_count) return true; /* all that is inside, and something is left */
      retry_part = ++part;
      retry_path = path;
      continue;
    }
    size_t length = strcspn(path, "/");
    if (part < pattern->part_count && part_matches(pattern->parts[part], path, length)) {
      part++;
    } else {
      if (!retry_path) return false;
      part = retry_part;
      path = retry_path;
      length = strcspn(path, "/");
      retry_path += length + (path[length] == '/');
    }
    path += length + (path[length] == '/');
  }
  return part == pattern->part_count;
}

enum ignore_verdict ignore_check(const struct ignore *ignore, const char *path, bool is_directory) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  for (size_t i = ignore->count; i-- > 0;) {
    const struct ignore_pattern *pattern = &ignore->patterns[i];
    if (pattern->directories_only && !is_directory) continue;
    bool matches =
        pattern->anchored ? anchored_matches(pattern, path) : part_matches(pattern->parts[0], name, strlen(name));
    if (matches) return pattern->negated ? IGNORE_IN : IGNORE_OUT;
  }
  return IGNORE_NO_WORD;
}
