/* SPDX-License-Identifier: MIT
 *
 * table_csv.c - tables for spreadsheets (RFC 4180), and what only pages need of a table. */
#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "base/number.h"
#include "table.h"

double table_plus_minus(const struct table_cell *cell) {
  if (cell->missing || !(cell->ci_level > 0)) return -1;
  return fmax(fmax(cell->value - cell->ci_low, cell->ci_high - cell->value), 0);
}

static bool has_interval(const struct table *table, unsigned column) {
  for (unsigned r = 0; r < table->row_count; r++) {
    if (table_plus_minus(table_at(table, r, column)) >= 0) return true;
  }
  return false;
}

static void write_value(FILE *out, bool there, double value) {
  char text[48] = "";
  if (there) number_exact(value, text, sizeof text);
  csv_field(out, text);
}

/* Why figures of this row are missing: each reason once, after the columns that have it. */
static void write_missing(const struct table *table, unsigned row, FILE *out) {
  char text[4096] = "";
  size_t used = 0;
  for (unsigned c = 0; c < table->column_count && !table->rows[row].note[0]; c++) {
    const char *reason = table_at(table, row, c)->missing;
    bool said = false;
    for (unsigned before = 0; before < c && reason && !said; before++) {
      const char *other = table_at(table, row, before)->missing;
      said = other && strcmp(other, reason) == 0;
    }
    if (!reason || said) continue;
    used +=
        (size_t)snprintf(text + used, sizeof text - used, "%s%s: %s", used ? "; " : "", table->columns[c].key, reason);
    if (used >= sizeof text) break; /* cut: the page has all of them */
  }
  csv_field(out, text);
}

void table_write_csv(const struct table *table, FILE *out) {
  char name[128];
  csv_field(out, table->corner);
  csv_next(out);
  csv_field(out, "note");
  for (unsigned c = 0; c < table->column_count; c++) {
    csv_next(out);
    csv_field(out, table->columns[c].key);
    for (unsigned end = 0; end < 2 && has_interval(table, c); end++) {
      snprintf(name, sizeof name, "%s.%s", table->columns[c].key, end ? "ci_high" : "ci_low");
      csv_next(out);
      csv_field(out, name);
    }
  }
  csv_next(out);
  csv_field(out, "missing");
  csv_end(out);
  for (unsigned r = 0; r < table->row_count; r++) {
    csv_field(out, table->rows[r].name);
    csv_next(out);
    csv_field(out, table->rows[r].note);
    for (unsigned c = 0; c < table->column_count; c++) {
      const struct table_cell *cell = table_at(table, r, c);
      csv_next(out);
      write_value(out, !cell->missing, cell->value);
      for (unsigned end = 0; end < 2 && has_interval(table, c); end++) {
        csv_next(out);
        write_value(out, table_plus_minus(cell) >= 0, end ? cell->ci_high : cell->ci_low);
      }
    }
    csv_next(out);
    write_missing(table, r, out);
    csv_end(out);
  }
}
