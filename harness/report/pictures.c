/* SPDX-License-Identifier: MIT
 *
 * pictures.c - the pictures that gnuplot draws for a report, and the data they are drawn from. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/size.h"
#include "write.h"

static bool write_tsv(const struct report *report, const struct table *table, const char *kind) {
  char name[128];
  snprintf(name, sizeof name, "%s.%s.tsv", report->slug, kind);
  FILE *file = report_create(report->directory, name, report->fault);
  if (!file) return false;
  table_write_tsv(table, file);
  return report_close(file, name, report->fault);
}

struct drawing {
  const char *script, *second; /* of gnuplot; the second table, or NULL */
  const char *title, *numbers;
  unsigned width_px, height_px;
};

static bool draw(const struct report *report, const struct drawing *drawing) {
  char data[128], data2[128], out[128];
  snprintf(data, sizeof data, "%s.%s.tsv", report->slug, drawing->script);
  snprintf(data2, sizeof data2, "%s.%s.tsv", report->slug, drawing->second ? drawing->second : "");
  snprintf(out, sizeof out, "%s.%s", report->slug, drawing->script);
  const struct report_picture picture = {.script = drawing->script,
                                         .directory = report->directory,
                                         .data = data,
                                         .data2 = drawing->second ? data2 : NULL,
                                         .out = out,
                                         .title = drawing->title,
                                         .numbers = drawing->numbers,
                                         .width_px = drawing->width_px,
                                         .height_px = drawing->height_px};
  if (!report_draw(&picture, report->fault)) return false;
  fprintf(report->markdown, "![%s](%s.png)\n\n", drawing->script, out);
  fprintf(report->text, "picture: %s.png, .svg; its data: %s\n\n", out, data);
  return true;
}

static void range_of(const struct table *table, unsigned from, unsigned step, double *low, double *high) {
  for (unsigned r = 0; r < table->row_count; r++) {
    for (unsigned c = from; c < table->column_count; c += step) {
      const struct table_cell *cell = table_at(table, r, c);
      if (cell->missing || !(cell->value > 0)) continue;
      *low = fmin(*low, cell->value);
      *high = fmax(*high, cell->value);
    }
  }
}

/* Down and up to a round number on a logarithmic axis, with some room. */
static double round_down(double value) {
  double power = pow(10, floor(log10(value))), digits = value / power;
  return digits >= 6 ? 5 * power : digits >= 2.4 ? 2 * power : digits >= 1.2 ? power : power / 2;
}
static double round_up(double value) {
  double power = pow(10, floor(log10(value))), digits = value / power;
  return digits < 1.7 ? 2 * power : digits < 4.2 ? 5 * power : digits < 8.4 ? 10 * power : 20 * power;
}

static void picture_title(const struct report *report, const char *what, char *title, size_t title_bytes) {
  char lines[48], files[48];
  number_readable(report->result->lines, 0, lines, sizeof lines);
  number_readable(report->result->files, 0, files, sizeof files);
  snprintf(title, title_bytes, "%s: %.60s, %s files, %s lines (allocator profile %.20s)", what, report->result->corpus,
           files, lines, report->profile);
}

bool report_draw_lines(const struct report *report, const struct table *memory) {
  struct table marks;
  char numbers[128], title[256];
  double low = HUGE_VAL, high = 0;
  if (!report_marks(report->result, report->profile, report->claims, &marks, report->fault)) return false;
  for (unsigned c = 0; c < 6; c++) range_of(memory, c, memory->column_count, &low, &high); /* lines_per_mib only */
  range_of(&marks, 1, 1, &low, &high);
  if (!(low <= high)) low = 1, high = 1000; /* nothing but failures: the axis shows no point */
  snprintf(numbers, sizeof numbers, "%.17g %.17g %u %u", round_down(low), round_up(high), memory->row_count,
           marks.row_count);
  picture_title(report, "Lines of code per MiB", title, sizeof title);
  bool ok = write_tsv(report, memory, "lines_per_mib") && write_tsv(report, &marks, "claims") &&
            draw(report, &(struct drawing){"lines_per_mib", "claims", title, numbers, 1200,
                                           200 + (memory->row_count > REPORT_DRAWN_MAX ? 30 : 56) * memory->row_count});
  table_free(&marks);
  return ok;
}

/* The rows of a table that are drawn. */
static bool leave_out_rows(const struct report *report, struct table *table) {
  bool *keep = calloc(table->row_count + 1, sizeof *keep);
  if (!keep) return fault_set(report->fault, EXIT_CODE_SYSTEM, "out of memory for a picture");
  for (unsigned r = 0; r < table->row_count; r++) {
    keep[r] = report_is_drawn(report->result, report->profile, table->rows[r].name);
  }
  table_keep_rows(table, keep);
  free(keep);
  return true;
}

static bool draw_owner_rows(const struct report *report, const struct table *owners) {
  char numbers[128], title[256];
  double low = HUGE_VAL, high = 0;
  range_of(owners, owners->column_count - 1, 1, &low, &high);
  if (!(high > 0)) high = MIB;
  snprintf(numbers, sizeof numbers, "%.17g %u %u %.17g", 1.05 * high / MIB, owners->row_count,
           owners->column_count - REPORT_OWNERS_FIXED, report->result->lines);
  picture_title(report, "Memory by owner at rest (purged)", title, sizeof title);
  unsigned height_px = 130 + 52 * owners->row_count, key_px = 80 + 22 * owners->column_count;
  if (height_px < key_px) height_px = key_px; /* the key stands beside the bars */
  return write_tsv(report, owners, "owners") &&
         draw(report, &(struct drawing){"owners", NULL, title, numbers, 1400, height_px});
}

bool report_draw_owners(const struct report *report, const struct table *table) {
  struct table drawn;
  if (table->row_count <= REPORT_DRAWN_MAX) return draw_owner_rows(report, table);
  if (!report_owners(report->result, report->profile, &drawn, report->fault)) return false;
  bool ok = leave_out_rows(report, &drawn);
  if (ok) {
    report_line(report,
                "the picture of owners, and the table and picture of checkpoints, show %u of the %u "
                "combinations; `phasebench metrics` has all",
                drawn.row_count, table->row_count);
    fputc('\n', report->text);
    fputc('\n', report->markdown);
    ok = draw_owner_rows(report, &drawn);
  }
  table_free(&drawn);
  return ok;
}

bool report_draw_checkpoints(const struct report *report, const struct table *checkpoints) {
  char numbers[128], title[256];
  double low = HUGE_VAL, high = 0;
  range_of(checkpoints, 0, 1, &low, &high);
  if (!(low <= high)) low = high = MIB;
  low = fmax(low / MIB, 0.01); /* 10 KiB: below the noise of any process */
  snprintf(numbers, sizeof numbers, "%.17g %.17g %u", round_down(low), round_up(high / MIB), checkpoints->column_count);
  picture_title(report, "Memory over the checkpoints", title, sizeof title);
  return write_tsv(report, checkpoints, "checkpoints") &&
         draw(report, &(struct drawing){"checkpoints", NULL, title, numbers, 1200, 560});
}

/* Of a cloud of combinations: the ranges of both axes; no picture where nothing has both figures. */
bool report_draw_plane(const struct report *report) {
  struct table plane;
  char numbers[160], title[256];
  double low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {0, 0};
  if (!report_plane(report->result, report->profile, &plane, report->fault)) return false;
  for (unsigned axis = 0; axis < 2; axis++) range_of(&plane, axis, plane.column_count, &low[axis], &high[axis]);
  bool ok = true;
  if (plane.row_count > 0) {
    snprintf(numbers, sizeof numbers, "%.17g %.17g %.17g %.17g", round_down(low[0]), round_up(high[0]),
             round_down(low[1]), round_up(high[1]));
    picture_title(report, "Memory against time", title, sizeof title);
    ok = write_tsv(report, &plane, "trade_off") &&
         draw(report, &(struct drawing){"trade_off", NULL, title, numbers, 1200, 700});
  }
  table_free(&plane);
  return ok;
}

bool report_draw_latency(const struct report *report) {
  struct table table;
  char numbers[160], title[256];
  double low = HUGE_VAL, high = 0;
  if (!report_quantiles(report->result, report->profile, &table, report->fault)) return false;
  if (!leave_out_rows(report, &table)) {
    table_free(&table);
    return false;
  }
  range_of(&table, 0, 1, &low, &high);
  if (!(low <= high)) low = high = 1000;
  snprintf(numbers, sizeof numbers, "%.17g %.17g %u", round_down(low / 1000), round_up(high / 1000), table.row_count);
  picture_title(report, "Latency of an access", title, sizeof title);
  bool ok = write_tsv(report, &table, "latency") &&
            draw(report, &(struct drawing){"latency", NULL, title, numbers, 1200, 190 + 64 * table.row_count});
  table_free(&table);
  return ok;
}

bool report_draw_sweep(const struct report *report, const struct table *table) {
  char numbers[160], title[256];
  double low = HUGE_VAL, high = 0;
  for (unsigned c = 1; c < table->column_count; c++) range_of(table, c, table->column_count, &low, &high);
  if (!(low <= high)) low = high = MIB;
  low = fmax(low / MIB, 0.01);
  snprintf(numbers, sizeof numbers, "%.17g %.17g %u %.17g %.17g", round_down(low), round_up(high / MIB),
           table->column_count - 1, table_at(table, 0, 0)->value / 1.3,
           table_at(table, table->row_count - 1, 0)->value * 1.3);
  snprintf(title, sizeof title, "Memory over lines at rest: %.80s (allocator profile %.20s)",
           report->result->sample_of ? report->result->sample_of : report->result->corpus, report->profile);
  return write_tsv(report, table, "rss_over_lines") &&
         draw(report, &(struct drawing){"rss_over_lines", NULL, title, numbers, 1200, 560});
}
