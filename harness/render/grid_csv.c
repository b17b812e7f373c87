/* SPDX-License-Identifier: MIT
 *
 * grid_csv.c - grids for spreadsheets (RFC 4180), and what only pages need of a grid. */
#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "base/number.h"
#include "grid.h"

double grid_plus_minus(const struct grid_cell *cell) {
  if (cell->missing || !(cell->ci_level > 0)) return -1;
  return fmax(fmax(cell->value - cell->ci_low, cell->ci_high - cell->value), 0);
}

static bool has_interval(const struct grid *grid, unsigned column) {
  for (unsigned r = 0; r < grid->row_count; r++) {
    if (grid_plus_minus(grid_at(grid, r, column)) >= 0) return true;
  }
  return false;
}

static void write_value(FILE *out, bool there, double value) {
  char text[48] = "";
  if (there) number_exact(value, text, sizeof text);
  csv_field(out, text);
}

/* Why figures of this row are missing: each reason once, after the columns that have it. */
static void write_missing(const struct grid *grid, unsigned row, FILE *out) {
  char text[4096] = "";
  size_t used = 0;
  for (unsigned c = 0; c < grid->column_count && !grid->rows[row].note[0]; c++) {
    const char *reason = grid_at(grid, row, c)->missing;
    bool said = false;
    for (unsigned before = 0; before < c && reason && !said; before++) {
      const char *other = grid_at(grid, row, before)->missing;
      said = other && strcmp(other, reason) == 0;
    }
    if (!reason || said) continue;
    used +=
        (size_t)snprintf(text + used, sizeof text - used, "%s%s: %s", used ? "; " : "", grid->columns[c].key, reason);
    if (used >= sizeof text) break; /* cut: the page has all of them */
  }
  csv_field(out, text);
}

void grid_write_csv(const struct grid *grid, FILE *out) {
  char name[128];
  csv_field(out, grid->corner);
  csv_next(out);
  csv_field(out, "note");
  for (unsigned c = 0; c < grid->column_count; c++) {
    csv_next(out);
    csv_field(out, grid->columns[c].key);
    for (unsigned end = 0; end < 2 && has_interval(grid, c); end++) {
      snprintf(name, sizeof name, "%s.%s", grid->columns[c].key, end ? "ci_high" : "ci_low");
      csv_next(out);
      csv_field(out, name);
    }
  }
  csv_next(out);
  csv_field(out, "missing");
  csv_end(out);
  for (unsigned r = 0; r < grid->row_count; r++) {
    csv_field(out, grid->rows[r].name);
    csv_next(out);
    csv_field(out, grid->rows[r].note);
    for (unsigned c = 0; c < grid->column_count; c++) {
      const struct grid_cell *cell = grid_at(grid, r, c);
      csv_next(out);
      write_value(out, !cell->missing, cell->value);
      for (unsigned end = 0; end < 2 && has_interval(grid, c); end++) {
        csv_next(out);
        write_value(out, grid_plus_minus(cell) >= 0, end ? cell->ci_high : cell->ci_low);
      }
    }
    csv_next(out);
    write_missing(grid, r, out);
    csv_end(out);
  }
}
