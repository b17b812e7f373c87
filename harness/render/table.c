/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "markdown.h"
#include "base/text.h"

#define SHOWN_BYTES 48

bool table_new(struct table *table, unsigned rows, unsigned columns) {
  memset(table, 0, sizeof *table);
  table->columns = calloc(columns ? columns : 1, sizeof *table->columns);
  table->rows = calloc(rows ? rows : 1, sizeof *table->rows);
  table->cells = calloc(rows && columns ? (size_t)rows * columns : 1, sizeof *table->cells);
  if (!table->columns || !table->rows || !table->cells) {
    table_free(table);
    return false;
  }
  table->row_count = rows;
  table->column_count = columns;
  for (size_t i = 0; i < (size_t)rows * columns; i++) table->cells[i].missing = "not set";
  return true;
}

void table_free(struct table *table) {
  free(table->columns);
  free(table->rows);
  free(table->cells);
  for (unsigned i = 0; i < table->text_count; i++) free(table->texts[i]);
  free(table->texts);
  memset(table, 0, sizeof *table);
}

const char *table_keep_text(struct table *table, const char *text) {
  for (unsigned i = 0; i < table->text_count; i++) {
    if (strcmp(table->texts[i], text) == 0) return table->texts[i];
  }
  char **grown = realloc(table->texts, (table->text_count + 1) * sizeof *grown);
  if (!grown) return NULL;
  table->texts = grown;
  char *copy = strdup(text);
  if (copy) table->texts[table->text_count++] = copy;
  return copy;
}

void table_keep_rows(struct table *table, const bool *keep) {
  unsigned kept = 0;
  for (unsigned r = 0; r < table->row_count; r++) {
    if (!keep[r]) continue;
    table->rows[kept] = table->rows[r];
    memmove(table_at(table, kept, 0), table_at(table, r, 0), table->column_count * sizeof *table->cells);
    kept++;
  }
  table->row_count = kept;
}

struct table_cell *table_at(const struct table *table, unsigned row, unsigned column) {
  return &table->cells[(size_t)row * table->column_count + column];
}

void table_set(const struct table *table, unsigned row, unsigned column, const struct summary *summary) {
  *table_at(table, row, column) = (struct table_cell){.value = summary->median,
                                                      .missing = summary->missing,
                                                      .ci_low = summary->ci_low,
                                                      .ci_high = summary->ci_high,
                                                      .ci_level = summary->missing ? 0 : summary->ci_level,
                                                      .n = summary->n};
}

void table_column_set(struct table *table, unsigned column, const char *label, double scale, int decimals,
                      const char *key_format, ...) {
  struct table_column *c = &table->columns[column];
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

void table_write_tsv(const struct table *table, FILE *out) {
  fputs("name\tnote", out);
  for (unsigned c = 0; c < table->column_count; c++) {
    fputc('\t', out);
    write_clean(table->columns[c].key, out);
  }
  fputc('\n', out);
  for (unsigned r = 0; r < table->row_count; r++) {
    write_clean(table->rows[r].name, out);
    fputc('\t', out);
    write_clean(table->rows[r].note[0] ? table->rows[r].note : "-", out);
    for (unsigned c = 0; c < table->column_count; c++) {
      const struct table_cell *cell = table_at(table, r, c);
      char text[SHOWN_BYTES] = "null";
      if (!cell->missing) number_exact(cell->value, text, sizeof text);
      fprintf(out, "\t%s", text);
    }
    fputc('\n', out);
  }
}

/* ---- for people ---- */

static void cell_text(const struct table *table, unsigned row, unsigned column, char text[SHOWN_BYTES]) {
  const struct table_cell *cell = table_at(table, row, column);
  const struct table_column *shape = &table->columns[column];
  if (cell->missing) {
    snprintf(text, SHOWN_BYTES, "n/a");
    return;
  }
  number_readable(cell->value / shape->scale, shape->decimals, text, SHOWN_BYTES);
}

static void write_padded(const char *text, size_t width, bool right, FILE *out) {
  size_t pad = width > utf8_characters(text) ? width - utf8_characters(text) : 0;
  if (right) fprintf(out, "%*s", (int)pad, "");
  fputs(text, out);
  if (!right) fprintf(out, "%*s", (int)pad, "");
}

static size_t column_width(const struct table *table, unsigned column) {
  size_t width = utf8_characters(table->columns[column].label);
  for (unsigned r = 0; r < table->row_count; r++) {
    char text[SHOWN_BYTES];
    if (table->rows[r].note[0]) continue;
    cell_text(table, r, column, text);
    if (utf8_characters(text) > width) width = utf8_characters(text);
  }
  return width;
}

static size_t name_width(const struct table *table) {
  size_t width = utf8_characters(table->corner);
  for (unsigned r = 0; r < table->row_count; r++) {
    if (utf8_characters(table->rows[r].name) > width) width = utf8_characters(table->rows[r].name);
  }
  return width;
}

static bool said_before(const struct table *table, size_t cell) {
  for (size_t i = 0; i < cell; i++) {
    const struct table_cell *other = &table->cells[i];
    bool shown = table->columns[i % table->column_count].label[0] && !table->rows[i / table->column_count].note[0];
    if (shown && other->missing && strcmp(other->missing, table->cells[cell].missing) == 0) return true;
  }
  return false;
}

/* Why figures are "n/a": each reason once, with the first place that has it. */
static void write_reasons(const struct table *table, bool markdown, FILE *out) {
  for (size_t i = 0; i < (size_t)table->row_count * table->column_count; i++) {
    const struct table_row *row = &table->rows[i / table->column_count];
    const struct table_column *column = &table->columns[i % table->column_count];
    if (!table->cells[i].missing || row->note[0] || !column->label[0] || said_before(table, i)) continue;
    char text[TABLE_TEXT_BYTES + sizeof row->name + sizeof column->label + 32];
    snprintf(text, sizeof text, "n/a (%s, %s ...): %.*s", row->name, column->label, TABLE_TEXT_BYTES,
             table->cells[i].missing);
    if (markdown) fputs("- ", out);
    if (markdown) markdown_prose(out, text);
    else fputs(text, out);
    fputc('\n', out);
  }
}

void table_write_text(const struct table *table, FILE *out) {
  size_t first = name_width(table);
  fprintf(out, "%s\n\n", table->title);
  write_padded(table->corner, first, false, out);
  for (unsigned c = 0; c < table->column_count; c++) {
    if (!table->columns[c].label[0]) continue;
    fputs("  ", out);
    write_padded(table->columns[c].label, column_width(table, c), true, out);
  }
  fputc('\n', out);
  for (unsigned r = 0; r < table->row_count; r++) {
    write_padded(table->rows[r].name, first, false, out);
    if (table->rows[r].note[0]) fprintf(out, "  %s", table->rows[r].note);
    for (unsigned c = 0; c < table->column_count && !table->rows[r].note[0]; c++) {
      char text[SHOWN_BYTES];
      if (!table->columns[c].label[0]) continue;
      cell_text(table, r, c, text);
      fputs("  ", out);
      write_padded(text, column_width(table, c), true, out);
    }
    fputc('\n', out);
  }
  write_reasons(table, false, out);
  fputc('\n', out);
}

void table_write_markdown(const struct table *table, FILE *out) {
  unsigned shown = 0;
  fputs("### ", out);
  markdown_prose(out, table->title);
  fprintf(out, "\n\n| %s |", table->corner);
  for (unsigned c = 0; c < table->column_count; c++) {
    if (!table->columns[c].label[0]) continue;
    fprintf(out, " %s |", table->columns[c].label);
    shown++;
  }
  fputs("\n| --- |", out);
  for (unsigned c = 0; c < shown; c++) fputs(" ---: |", out);
  fputc('\n', out);
  for (unsigned r = 0; r < table->row_count; r++) {
    fputs("| ", out);
    markdown_text(out, table->rows[r].name);
    fputs(" |", out);
    if (table->rows[r].note[0]) {
      fputs(" ", out);
      markdown_text(out, table->rows[r].note);
      for (unsigned c = 0; c < shown; c++) fputs(" |", out);
    }
    for (unsigned c = 0; c < table->column_count && !table->rows[r].note[0]; c++) {
      char text[SHOWN_BYTES];
      if (!table->columns[c].label[0]) continue;
      cell_text(table, r, c, text);
      fprintf(out, " %s", text);
      double reach = table_plus_minus(table_at(table, r, c)) / table->columns[c].scale;
      if (reach >= 0.5 * pow(10, -table->columns[c].decimals)) { /* else it is less than the last digit */
        number_readable(reach, table->columns[c].decimals, text, sizeof text);
        fprintf(out, " \u00b1 %s", text);
      }
      fputs(" |", out);
    }
    fputc('\n', out);
  }
  fputc('\n', out);
  write_reasons(table, true, out);
  fputc('\n', out);
}
