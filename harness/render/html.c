/* SPDX-License-Identifier: MIT
 *
 * html.c */
#include "html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "base/text.h"
#include "base/open_file.h"

#define STYLE_BYTES_MAX (256u << 10)
#define REPLACEMENT "\xEF\xBF\xBD"

static const char *reference(unsigned char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return NULL;
  }
}

void html_text(FILE *out, const char *text) {
  size_t left = text ? strlen(text) : 0;
  while (left > 0) {
    const unsigned char c = (unsigned char)*text;
    size_t bytes = utf8_sequence_bytes((const uint8_t *)text, left);
    const char *named = reference(c);
    bool control = (c < ' ' && c != '\n' && c != '\t') || c == 0x7F ||
                   (bytes == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0); /* C1 */
    if (bytes == 0 || control) fputs(REPLACEMENT, out);
    else if (named) fputs(named, out);
    else fwrite(text, 1, bytes, out);
    text += bytes ? bytes : 1;
    left -= bytes ? bytes : 1;
  }
}

void html_breakable(FILE *out, const char *text) {
  for (const char *plus; (plus = strchr(text, '+')) != NULL; text = plus + 1) {
    html_format(out, "%.*s", (int)(plus + 1 - text), text);
    fputs("<wbr>", out);
  }
  html_text(out, text);
}

void html_prose(FILE *out, const char *text) {
  const char *open, *close;
  while ((open = strchr(text, '`')) != NULL && (close = strchr(open + 1, '`')) != NULL) {
    html_format(out, "%.*s", (int)(open - text), text);
    fputs("<code>", out);
    html_format(out, "%.*s", (int)(close - open - 1), open + 1);
    fputs("</code>", out);
    text = close + 1;
  }
  html_text(out, text);
}

void html_vformat(FILE *out, const char *format, va_list arguments) {
  char text[HTML_FORMAT_BYTES];
  vsnprintf(text, sizeof text, format, arguments);
  html_text(out, text);
}

void html_format(FILE *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  html_vformat(out, format, arguments);
  va_end(arguments);
}

void html_element(FILE *out, const char *tag, const char *class, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(out, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
  html_vformat(out, format, arguments);
  fprintf(out, "</%s>\n", tag);
  va_end(arguments);
}

/* A style element has no character references, so the style sheet is copied as it is and must not contain
 * "</". */
static bool write_style(FILE *out, struct fault *fault) {
  char path[4352];
  bool ok = false;
  snprintf(path, sizeof path, "%s/report.css", paths_reports_dir());
  const char *why;
  FILE *file = open_file_stream(path, NULL, &why);
  char *style = calloc(1, STYLE_BYTES_MAX + 1);
  if (!file) {
    fault_set(fault, EXIT_CODE_SYSTEM, "%s: the style sheet cannot be read: %s", path, why);
  } else if (!style) {
    fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for %s", path);
  } else {
    size_t bytes = fread(style, 1, STYLE_BYTES_MAX + 1, file);
    if (ferror(file)) fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
    ok = bytes > 0 && bytes <= STYLE_BYTES_MAX && !ferror(file) && strlen(style) == bytes && !strstr(style, "</") &&
         utf8_valid((const uint8_t *)style, bytes);
    if (!ok) fault_set(fault, EXIT_CODE_INPUT, "%s: expected a style sheet in UTF-8 without \"</\"", path);
    if (ok) fprintf(out, "<style>\n%s</style>\n", style);
  }
  free(style);
  if (file) fclose(file);
  return ok;
}

bool html_begin(FILE *out, const char *title, struct fault *fault) {
  fputs(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n",
      out);
  html_element(out, "title", NULL, "%s", title);
  if (!write_style(out, fault)) return false;
  fputs("</head>\n<body>\n", out);
  return true;
}

void html_end(FILE *out) { fputs("</body>\n</html>\n", out); }
