/* SPDX-License-Identifier: MIT
 *
 * csv.h - comma-separated values by RFC 4180: fields in quotes where they hold a comma, a quote or a line
 * end, quotes doubled, lines ended by CRLF. Text that a spreadsheet would take for a formula (it begins with = + - @,
 * and is no number) has an apostrophe before it. */
#ifndef PHASEBENCH_CSV_H
#define PHASEBENCH_CSV_H

#include <stdio.h>

void csv_field(FILE *out, const char *text);
void csv_next(FILE *out); /* the comma between two fields */
void csv_end(FILE *out);  /* of the line */

#endif
