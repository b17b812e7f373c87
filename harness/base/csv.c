/* SPDX-License-Identifier: MIT
 *
 * csv.c */
#include "csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A spreadsheet takes what begins so for a formula, which can start programs; numbers are what they are. */
static bool is_formula(const char *text) {
  char *end;
  if (!*text || !strchr("=+-@\t\r", *text)) return false;
  strtod(text, &end);
  return end == text || *end != '\0';
}

void csv_field(FILE *out, const char *text) {
  if (is_formula(text)) { /* the apostrophe is not shown there */
    fputs("\"'", out);
    for (; *text; text++) fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', out);
    return;
  }
  if (!text[strcspn(text, ",\"\r\n")]) {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"') fputc('"', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

void csv_next(FILE *out) { fputc(',', out); }

void csv_end(FILE *out) { fputs("\r\n", out); }
