/* SPDX-License-Identifier: MIT
 *
 * table.h - a table of figures, written three ways from one place: TSV for gnuplot (raw
 * values, columns by name), text for a terminal, Markdown. A plot and a table thus
 * cannot differ. */
#ifndef PHASEBENCH_TABLE_H
#define PHASEBENCH_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "stats/summary.h"

#define TABLE_TEXT_BYTES 640

struct table_column {
  char key[96];   /* in the TSV and CSV; unique */
  char label[48]; /* in tables; "": in the TSV only */
  char group[48]; /* on a page: what it and its neighbours of the same group are about; may be "" */
  char unit[24];  /* on a page; may be "" where the label has it */
  double scale;   /* tables show value / scale */
  int decimals;
};

struct table_cell {
  double value;
  const char *missing;              /* NULL: value is there. Not owned: it must outlive the table. */
  double ci_low, ci_high, ci_level; /* as in summary.h; level 0: there is no interval */
  unsigned n;
};

struct table_row {
  char name[256];
  char note[TABLE_TEXT_BYTES]; /* "" or why the row has no figures; tables show it */
};

struct table {
  char title[160];
  char corner[32]; /* what the rows are */
  struct table_column *columns;
  struct table_row *rows;
  struct table_cell *cells; /* row by row */
  unsigned column_count, row_count;
  char **texts; /* see table_keep_text */
  unsigned text_count;
};

/* Makes room; all cells are missing ("not set"). false: out of memory. */
bool table_new(struct table *table, unsigned rows, unsigned columns);
void table_free(struct table *table);
struct table_cell *table_at(const struct table *table, unsigned row, unsigned column);
void table_set(const struct table *table, unsigned row, unsigned column, const struct summary *summary);
/* A copy of `text` that lives as long as the table, for reasons that would not: each text once. NULL: out of memory. */
const char *table_keep_text(struct table *table, const char *text);
/* Leaves out the rows for which keep[row] is false. */
void table_keep_rows(struct table *table, const bool *keep);
/* printf into a name; too long a text is cut. */
void table_column_set(struct table *table, unsigned column, const char *label, double scale, int decimals,
                      const char *key_format, ...) __attribute__((format(printf, 6, 7)));

/* Header line and one line a row: name, note ("-" when empty), figures ("null" when
 * missing). Tabs, quotes, and line ends in names become spaces. */
void table_write_tsv(const struct table *table, FILE *out);
/* RFC 4180: CRLF, quotes where they are needed. A column's interval of the median stands in NAME.ci_low and
 * NAME.ci_high where any row has one; missing figures are empty, and the last column says why. */
void table_write_csv(const struct table *table, FILE *out);
void table_write_text(const struct table *table, FILE *out);
void table_write_markdown(const struct table *table, FILE *out);

/* How far the interval reaches from the value, on the side where it reaches farther; below 0: no interval. */
double table_plus_minus(const struct table_cell *cell);

#endif
