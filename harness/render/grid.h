/* SPDX-License-Identifier: MIT
 *
 * grid.h - a table of figures, written three ways from one place: TSV for gnuplot (raw
 * values, columns by name), text for a terminal, Markdown. A plot and a table thus
 * cannot differ. */
#ifndef PHASEBENCH_GRID_H
#define PHASEBENCH_GRID_H

#include <stdbool.h>
#include <stdio.h>

#include "stats/spread.h"

#define GRID_TEXT_BYTES 640

struct grid_column {
  char key[96];   /* in the TSV and CSV; unique */
  char label[48]; /* in tables; "": in the TSV only */
  char group[48]; /* on a page: what it and its neighbours of the same group are about; may be "" */
  char unit[24];  /* on a page; may be "" where the label has it */
  double scale;   /* tables show value / scale */
  int decimals;
};

struct grid_cell {
  double value;
  const char *missing;              /* NULL: value is there. Not owned: it must outlive the grid. */
  double ci_low, ci_high, ci_level; /* as in spread.h; level 0: there is no interval */
  unsigned n;
};

struct grid_row {
  char name[256];
  char note[GRID_TEXT_BYTES]; /* "" or why the row has no figures; tables show it */
};

struct grid {
  char title[160];
  char corner[32]; /* what the rows are */
  struct grid_column *columns;
  struct grid_row *rows;
  struct grid_cell *cells; /* row by row */
  unsigned column_count, row_count;
  char **texts; /* see grid_keep_text */
  unsigned text_count;
};

/* Makes room; all cells are missing ("not set"). false: out of memory. */
bool grid_new(struct grid *grid, unsigned rows, unsigned columns);
void grid_free(struct grid *grid);
struct grid_cell *grid_at(const struct grid *grid, unsigned row, unsigned column);
void grid_set(const struct grid *grid, unsigned row, unsigned column, const struct spread *spread);
/* A copy of `text` that lives as long as the grid, for reasons that would not: each text once. NULL: out of memory. */
const char *grid_keep_text(struct grid *grid, const char *text);
/* Leaves out the rows for which keep[row] is false. */
void grid_keep_rows(struct grid *grid, const bool *keep);
/* printf into a name; too long a text is cut. */
void grid_column_set(struct grid *grid, unsigned column, const char *label, double scale, int decimals,
                     const char *key_format, ...) __attribute__((format(printf, 6, 7)));

/* Header line and one line a row: name, note ("-" when empty), figures ("null" when
 * missing). Tabs, quotes, and line ends in names become spaces. */
void grid_write_tsv(const struct grid *grid, FILE *out);
/* RFC 4180: CRLF, quotes where they are needed. A column's interval of the median stands in NAME.ci_low and
 * NAME.ci_high where any row has one; missing figures are empty, and the last column says why. */
void grid_write_csv(const struct grid *grid, FILE *out);
void grid_write_text(const struct grid *grid, FILE *out);
void grid_write_markdown(const struct grid *grid, FILE *out);

/* How far the interval reaches from the value, on the side where it reaches farther; below 0: no interval. */
double grid_plus_minus(const struct grid_cell *cell);

#endif
