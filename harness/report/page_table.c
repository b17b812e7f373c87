/* SPDX-License-Identifier: MIT
 *
 * page_table.c - sections, tables, legends and the CSV files beside a page. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "page.h"
#include "render/html.h"

#define PATH_BYTES 4300
#define REASONS_MAX 24

/* ---- sections ---- */

void page_section(const struct page *page, const char *id, const char *title) {
  fprintf(page->out, "<section id=\"%s-%s\">\n<h%u>", page->slug, id, page->level);
  html_text(page->out, title);
  fprintf(page->out, "</h%u>\n", page->level);
}

void page_section_end(const struct page *page) { fputs("</section>\n", page->out); }

void page_say(const struct page *page, const char *class, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char text[HTML_FORMAT_BYTES];
  vsnprintf(text, sizeof text, format, arguments);
  fprintf(page->out, class ? "<p class=\"%s\">" : "<p>", class);
  html_prose(page->out, text);
  fputs("</p>\n", page->out);
  va_end(arguments);
}

void page_legend(FILE *out, const char *const *entries) {
  fputs("<p class=\"legend\">", out);
  for (; entries[0]; entries += 2) {
    fprintf(out, "<span><i class=\"%s\"></i>", entries[0]);
    html_text(out, entries[1]);
    fputs("</span> ", out);
  }
  fputs("</p>\n", out);
}

/* ---- files ---- */

static void csv_name(const struct page *page, const char *name, char *file, size_t file_bytes) {
  snprintf(file, file_bytes, "%s.%s.csv", page->slug, name);
}

FILE *page_csv(const struct page *page, const char *name) {
  char file[128], path[PATH_BYTES];
  csv_name(page, name, file, sizeof file);
  snprintf(path, sizeof path, "%s/%s", page->directory, file);
  FILE *out = fopen(path, "w");
  if (!out) fault_set(page->fault, EXIT_CODE_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
  return out;
}

bool page_csv_close(const struct page *page, FILE *file, const char *name) {
  bool ok = !ferror(file);
  if (fclose(file) != 0) ok = false;
  return ok ? true
            : fault_set(page->fault, EXIT_CODE_SYSTEM, "%s.%s.csv: writing failed: %s", page->slug, name,
                        strerror(errno));
}

void page_csv_link(const struct page *page, const char *name, const char *picture) {
  fprintf(page->out, "<p class=\"files\">Data: <a href=\"%s.%s.csv\">CSV</a>", page->slug, name);
  if (picture[0]) {
    fprintf(page->out, " \u00b7 Picture: <a href=\"%s.%s.svg\">SVG</a>, <a href=\"%s.%s.png\">PNG</a>", page->slug,
            picture, page->slug, picture);
  }
  fputs("</p>\n", page->out);
}

/* ---- tables ---- */

struct reasons {
  const char *text[REASONS_MAX];
  unsigned count;
};

/* Its number, from 1 on; 0: there are too many of them. */
static unsigned number_of(struct reasons *reasons, const char *text) {
  for (unsigned i = 0; i < reasons->count; i++) {
    if (strcmp(reasons->text[i], text) == 0) return i + 1;
  }
  if (reasons->count == REASONS_MAX) return 0;
  reasons->text[reasons->count++] = text;
  return reasons->count;
}

static void write_cell(FILE *out, const struct table *table, unsigned row, unsigned column, struct reasons *reasons) {
  const struct table_cell *cell = table_at(table, row, column);
  const struct table_column *shape = &table->columns[column];
  char text[48];
  if (cell->missing) {
    unsigned number = number_of(reasons, cell->missing);
    fputs("<td class=\"na\" title=\"", out);
    html_text(out, cell->missing);
    fprintf(out, number ? "\">n/a<sup>%u</sup></td>" : "\">n/a</td>", number);
    return;
  }
  number_readable(cell->value / shape->scale, shape->decimals, text, sizeof text);
  fputs("<td>", out);
  html_text(out, text);
  double reach = table_plus_minus(cell) / shape->scale;
  if (reach >= 0.5 * pow(10, -shape->decimals)) { /* else it is less than the last digit */
    number_readable(reach, shape->decimals, text, sizeof text);
    fputs(" <small>\u00b1", out);
    html_text(out, text);
    fputs("</small>", out);
  }
  fputs("</td>", out);
}

static void write_row(FILE *out, const struct table *table, unsigned row, unsigned columns, struct reasons *reasons) {
  const struct table_row *r = &table->rows[row];
  fputs(r->note[0] ? "<tr class=\"failed\"><th scope=\"row\">" : "<tr><th scope=\"row\">", out);
  html_breakable(out, r->name);
  fputs("</th>", out);
  if (r->note[0]) {
    fprintf(out, "<td colspan=\"%u\">", columns);
    html_text(out, r->note);
    fputs("</td>", out);
  }
  for (unsigned c = 0; c < table->column_count && !r->note[0]; c++) {
    if (table->columns[c].label[0]) write_cell(out, table, row, c, reasons);
  }
  fputs("</tr>\n", out);
}

static void write_groups(FILE *out, const struct table *table) {
  bool any = false;
  for (unsigned c = 0; c < table->column_count; c++) any = any || table->columns[c].group[0];
  if (!any) return;
  fputs("<tr><td></td>", out);
  for (unsigned c = 0; c < table->column_count;) {
    unsigned wide = 1;
    while (c + wide < table->column_count && strcmp(table->columns[c + wide].group, table->columns[c].group) == 0)
      wide++;
    fprintf(out, "<th scope=\"colgroup\" colspan=\"%u\">", wide);
    html_text(out, table->columns[c].group);
    fputs("</th>", out);
    c += wide;
  }
  fputs("</tr>\n", out);
}

static unsigned write_head(FILE *out, const struct table *table) {
  unsigned columns = 0;
  fputs("<thead>\n", out);
  write_groups(out, table);
  fputs("<tr><th scope=\"col\">", out);
  html_text(out, table->corner);
  fputs("</th>", out);
  for (unsigned c = 0; c < table->column_count; c++) {
    if (!table->columns[c].label[0]) continue;
    columns++;
    fputs("<th scope=\"col\">", out);
    html_text(out, table->columns[c].label);
    if (table->columns[c].unit[0]) {
      fputs(" <small>", out);
      html_text(out, table->columns[c].unit);
      fputs("</small>", out);
    }
    fputs("</th>", out);
  }
  fputs("</tr>\n</thead>\n", out);
  return columns;
}

void page_table_write(FILE *out, const struct table *table, const bool *rows) {
  struct reasons reasons = {0};
  fputs("<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"", out);
  html_text(out, table->title);
  fputs("\">\n<table>\n", out);
  fputs("<caption>", out);
  html_prose(out, table->title);
  fputs("</caption>\n", out);
  unsigned columns = write_head(out, table);
  fputs("<tbody>\n", out);
  for (unsigned r = 0; r < table->row_count; r++) {
    if (!rows || rows[r]) write_row(out, table, r, columns, &reasons);
  }
  fputs("</tbody>\n</table>\n</div>\n", out);
  if (reasons.count == 0) return;
  fputs("<ol class=\"reasons\">\n", out);
  for (unsigned i = 0; i < reasons.count; i++) html_element(out, "li", NULL, "n/a: %s", reasons.text[i]);
  fputs("</ol>\n", out);
}

static bool write_csv(const struct page *page, const struct table *table, const char *name) {
  FILE *file = page_csv(page, name);
  if (!file) return false;
  table_write_csv(table, file);
  return page_csv_close(page, file, name);
}

bool page_table(const struct page *page, const struct table *table, const char *name, const char *picture,
                const char *folded) {
  if (!write_csv(page, table, name)) return false;
  if (folded) {
    fputs("<details>\n<summary>", page->out);
    html_text(page->out, folded);
    fputs("</summary>\n", page->out);
  }
  page_table_write(page->out, table, page->leads);
  if (folded) fputs("</details>\n", page->out);
  if (page->lead_count < page->count) {
    fprintf(page->out, "<details>\n<summary>All %u combinations</summary>\n", page->count);
    page_table_write(page->out, table, NULL);
    fputs("</details>\n", page->out);
  }
  page_csv_link(page, name, picture);
  return true;
}
