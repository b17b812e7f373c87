/* SPDX-License-Identifier: MIT
 *
 * markdown.h - text into Markdown (CommonMark with tables). Whatever comes from outside (names of corpora and
 * commits, machines, messages, texts of a ledger) goes through these; fputs is for our own markup. The text has
 * no control characters: see text_make_printable. */
#ifndef PHASEBENCH_MARKDOWN_H
#define PHASEBENCH_MARKDOWN_H

#include <stdio.h>

/* What would begin markup, HTML or a reference, or end a cell of a table, has a backslash before it. */
void markdown_text(FILE *out, const char *text);
/* The same; what stands between two backquotes is code. */
void markdown_prose(FILE *out, const char *text);
/* As code, where it can be. */
void markdown_code(FILE *out, const char *text);

#endif
