/* SPDX-License-Identifier: MIT */
#include "grid.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define SHOWN_BYTES 48

bool grid_new(struct grid *grid, unsigned rows, unsigned columns) {
  memset(grid, 0, sizeof *grid);
  grid->columns = calloc(columns ? columns : 1, sizeof *grid->columns);
  grid->rows = calloc(rows ? rows : 1, sizeof *grid->rows);
  grid->cells = calloc(rows && columns ? (size_t)rows * columns : 1, sizeof *grid->cells);
  if (!grid->columns || !grid->rows || !grid->cells) {
    grid_free(grid);
    return false;
  }
  grid->row_count = rows;
  grid->column_count = columns;
  for (size_t i = 0; i < (size_t)rows * columns; i++) grid->cells[i].missing = "not set";
  return true;
}

void grid_free(struct grid *grid) {
  free(grid->columns);
  free(grid->rows);
  free(grid->cells);
  for (unsigned i = 0; i < grid->text_count; i++) free(grid->texts[i]);
  free(grid->texts);
  memset(grid, 0, sizeof *grid);
}

const char *grid_keep_text(struct grid *grid, const char *text) {
  for (unsigned i = 0; i < grid->text_count; i++) {
    if (strcmp(grid->texts[i], text) == 0) return grid->texts[i];
  }
  char **grown = realloc(grid->texts, (grid->text_count + 1) * sizeof *grown);
  if (!grown) return NULL;
  grid->texts = grown;
  char *copy = strdup(text);
  if (copy) grid->texts[grid->text_count++] = copy;
  return copy;
}

void grid_keep_rows(struct grid *grid, const bool *keep) {
  unsigned kept = 0;
  for (unsigned r = 0; r < grid->row_count; r++) {
    if (!keep[r]) continue;
    grid->rows[kept] = grid->rows[r];
    memmove(grid_at(grid, kept, 0), grid_at(grid, r, 0), grid->column_count * sizeof *grid->cells);
    kept++;
  }
  grid->row_count = kept;
}

struct grid_cell *grid_at(const struct grid *grid, unsigned row, unsigned column) {
  return &grid->cells[(size_t)row * grid->column_count + column];
}

void grid_set(const struct grid *grid, unsigned row, unsigned column, const struct spread *spread) {
  *grid_at(grid, row, column) = (struct grid_cell){.value = spread->median,
                                                   .missing = spread->missing,
                                                   .ci_low = spread->ci_low,
                                                   .ci_high = spread->ci_high,
                                                   .ci_level = spread->missing ? 0 : spread->ci_level,
                                                   .n = spread->n};
}

void grid_column_set(struct grid *grid, unsigned column, const char *label, double scale, int decimals,
                     const char *key_format, ...) {
  struct grid_column *c = &grid->columns[column];
  va_list arguments;
  va_start(arguments, key_format);
  vsnprintf(c->key, sizeof c->key, key_format, arguments);
  va_end(arguments);
  snprintf(c->label, sizeof c->label, "%s", label);
  c->scale = scale;
  c->decimals = decimals;
}

/* ---- TSV ---- */

static void write_clean(const char *text, FILE *out) {
  for (; *text; text++) fputc((unsigned char)*text < ' ' || *text == '"' ? ' ' : *text, out);
}

void grid_write_tsv(const struct grid *grid, FILE *out) {
  fputs("name\tnote", out);
  for (unsigned c = 0; c < grid->column_count; c++) {
    fputc('\t', out);
    write_clean(grid->columns[c].key, out);
  }
  fputc('\n', out);
  for (unsigned r = 0; r < grid->row_count; r++) {
    write_clean(grid->rows[r].name, out);
    fputc('\t', out);
    write_clean(grid->rows[r].note[0] ? grid->rows[r].note : "-", out);
    for (unsigned c = 0; c < grid->column_count; c++) {
      const struct grid_cell *cell = grid_at(grid, r, c);
      char text[SHOWN_BYTES] = "null";
      if (!cell->missing) number_exact(cell->value, text, sizeof text);
      fprintf(out, "\t%s", text);
    }
    fputc('\n', out);
  }
}

/* ---- for people ---- */

static void cell_text(const struct grid *grid, unsigned row, unsigned column, char text[SHOWN_BYTES]) {
  const struct grid_cell *cell = grid_at(grid, row, column);
  const struct grid_column *shape = &grid->columns[column];
  if (cell->missing) {
    snprintf(text, SHOWN_BYTES, "n/a");
    return;
  }
  number_readable(cell->value / shape->scale, shape->decimals, text, SHOWN_BYTES);
}

/* Characters, not bytes: names may be UTF-8. */
static size_t width_of(const char *text) {
  size_t width = 0;
  for (; *text; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
  return width;
}

static void write_padded(const char *text, size_t width, bool right, FILE *out) {
  size_t pad = width > width_of(text) ? width - width_of(text) : 0;
  if (right) fprintf(out, "%*s", (int)pad, "");
  fputs(text, out);
  if (!right) fprintf(out, "%*s", (int)pad, "");
}

static size_t column_width(const struct grid *grid, unsigned column) {
  size_t width = width_of(grid->columns[column].label);
  for (unsigned r = 0; r < grid->row_count; r++) {
    char text[SHOWN_BYTES];
    if (grid->rows[r].note[0]) continue;
    cell_text(grid, r, column, text);
    if (width_of(text) > width) width = width_of(text);
  }
  return width;
}

static size_t name_width(const struct grid *grid) {
  size_t width = width_of(grid->corner);
  for (unsigned r = 0; r < grid->row_count; r++) {
    if (width_of(grid->rows[r].name) > width) width = width_of(grid->rows[r].name);
  }
  return width;
}

static bool said_before(const struct grid *grid, size_t cell) {
  for (size_t i = 0; i < cell; i++) {
    const struct grid_cell *other = &grid->cells[i];
    bool shown = grid->columns[i % grid->column_count].label[0] && !grid->rows[i / grid->column_count].note[0];
    if (shown && other->missing && strcmp(other->missing, grid->cells[cell].missing) == 0) return true;
  }
  return false;
}

/* Why figures are "n/a": each reason once, with the first place that has it. */
static void write_reasons(const struct grid *grid, const char *prefix, FILE *out) {
  for (size_t i = 0; i < (size_t)grid->row_count * grid->column_count; i++) {
    const struct grid_row *row = &grid->rows[i / grid->column_count];
    const struct grid_column *column = &grid->columns[i % grid->column_count];
    if (!grid->cells[i].missing || row->note[0] || !column->label[0] || said_before(grid, i)) continue;
    fprintf(out, "%sn/a (%s, %s ...): %s\n", prefix, row->name, column->label, grid->cells[i].missing);
  }
}

void grid_write_text(const struct grid *grid, FILE *out) {
  size_t first = name_width(grid);
  fprintf(out, "%s\n\n", grid->title);
  write_padded(grid->corner, first, false, out);
  for (unsigned c = 0; c < grid->column_count; c++) {
    if (!grid->columns[c].label[0]) continue;
    fputs("  ", out);
    write_padded(grid->columns[c].label, column_width(grid, c), true, out);
  }
  fputc('\n', out);
  for (unsigned r = 0; r < grid->row_count; r++) {
    write_padded(grid->rows[r].name, first, false, out);
    if (grid->rows[r].note[0]) fprintf(out, "  %s", grid->rows[r].note);
    for (unsigned c = 0; c < grid->column_count && !grid->rows[r].note[0]; c++) {
      char text[SHOWN_BYTES];
      if (!grid->columns[c].label[0]) continue;
      cell_text(grid, r, c, text);
      fputs("  ", out);
      write_padded(text, column_width(grid, c), true, out);
    }
    fputc('\n', out);
  }
  write_reasons(grid, "", out);
  fputc('\n', out);
}

static void write_markdown_text(const char *text, FILE *out) {
  for (; *text; text++) {
    if (strchr("|\\`*_<>[]", *text)) fputc('\\', out);
    fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
  }
}

void grid_write_markdown(const struct grid *grid, FILE *out) {
  unsigned shown = 0;
  fprintf(out, "### %s\n\n| %s |", grid->title, grid->corner);
  for (unsigned c = 0; c < grid->column_count; c++) {
    if (!grid->columns[c].label[0]) continue;
    fprintf(out, " %s |", grid->columns[c].label);
    shown++;
  }
  fputs("\n| --- |", out);
  for (unsigned c = 0; c < shown; c++) fputs(" ---: |", out);
  fputc('\n', out);
  for (unsigned r = 0; r < grid->row_count; r++) {
    fputs("| ", out);
    write_markdown_text(grid->rows[r].name, out);
    fputs(" |", out);
    if (grid->rows[r].note[0]) {
      fputs(" ", out);
      write_markdown_text(grid->rows[r].note, out);
      for (unsigned c = 0; c < shown; c++) fputs(" |", out);
    }
    for (unsigned c = 0; c < grid->column_count && !grid->rows[r].note[0]; c++) {
      char text[SHOWN_BYTES];
      if (!grid->columns[c].label[0]) continue;
      cell_text(grid, r, c, text);
      fprintf(out, " %s", text);
      double reach = grid_plus_minus(grid_at(grid, r, c)) / grid->columns[c].scale;
      if (reach >= 0.5 * pow(10, -grid->columns[c].decimals)) { /* else it is less than the last digit */
        number_readable(reach, grid->columns[c].decimals, text, sizeof text);
        fprintf(out, " \u00b1 %s", text);
      }
      fputs(" |", out);
    }
    fputc('\n', out);
  }
  fputc('\n', out);
  write_reasons(grid, "- ", out);
  fputc('\n', out);
}
