/* SPDX-License-Identifier: MIT
 *
 * html.h - text into a page. Whatever comes from outside (names of combinations, files and corpora,
 * messages, figures) goes through html_text or html_format; fputs is for our own markup. */
#ifndef PHASEBENCH_HTML_H
#define PHASEBENCH_HTML_H

#include <stdarg.h>
#include <stdio.h>

#include "base/fault.h"

/* The text with & < > " ' as references, good for elements and for attributes in quotes. Control characters
 * and bytes that are not UTF-8 become U+FFFD; a NULL text writes nothing. */
void html_text(FILE *out, const char *text);
/* The same, with a place for a line break after each '+': names of combinations are long. */
void html_breakable(FILE *out, const char *text);
/* The same; what stands between two backquotes is code. */
void html_prose(FILE *out, const char *text);
/* printf, then html_text. What is longer than HTML_FORMAT_BYTES is cut. */
#define HTML_FORMAT_BYTES 4096
void html_format(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void html_vformat(FILE *out, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
/* <tag class="class">text</tag>; class NULL: none. */
void html_element(FILE *out, const char *tag, const char *class, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Begins a page that needs nothing from elsewhere: the style sheet paths_reports_dir()/report.css is put into
 * it, and it forbids itself scripts and the network. */
bool html_begin(FILE *out, const char *title, struct fault *fault);
void html_end(FILE *out);

#endif
