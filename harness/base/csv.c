/* SPDX-License-Identifier: MIT
 *
 * csv.c */
#include "csv.h"

#include <string.h>

void csv_field(FILE *out, const char *text) {
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
