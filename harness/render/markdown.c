/* SPDX-License-Identifier: MIT
 *
 * markdown.c - see markdown.h. */
#include "markdown.h"

#include <stdbool.h>
#include <string.h>

static void put(FILE *out, char c) {
  if (strchr("\\`*_|<>[]#&~$!", c)) fputc('\\', out);
  fputc((unsigned char)c < ' ' || c == 0x7f ? ' ' : c, out);
}

void markdown_text(FILE *out, const char *text) {
  for (; *text; text++) put(out, *text);
}

/* The backquote that closes what opens at text[0]; NULL: this is no code. Two beside each other are another mark, and a
 * bar would end a cell even in code. */
static const char *code_end(const char *begin, const char *text) {
  if (text > begin && text[-1] == '`') return NULL;
  const char *end = strchr(text + 1, '`');
  if (!end || end == text + 1 || end[1] == '`' || memchr(text, '|', (size_t)(end - text))) return NULL;
  return end;
}

void markdown_prose(FILE *out, const char *text) {
  const char *begin = text;
  while (*text) {
    const char *end = *text == '`' ? code_end(begin, text) : NULL;
    if (end) fwrite(text, 1, (size_t)(end + 1 - text), out);
    else put(out, *text);
    text = end ? end + 1 : text + 1;
  }
}

void markdown_code(FILE *out, const char *text) {
  bool can_be = text[0] && text[0] != ' ' && !strpbrk(text, "`|");
  if (can_be) fprintf(out, "`%s`", text);
  else markdown_text(out, text);
}
