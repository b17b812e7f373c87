/* SPDX-License-Identifier: MIT
 *
 * chart_rows.c - points on an axis, and bars of parts; one row a combination. */
#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/text.h"
#include "chart.h"
#include "table.h"

#define LABEL_PX_MAX 270.0
#define VALUE_PX_MIN 70.0
#define AXIS_PX 40.0

/* Where things of a picture with rows are. */
struct layout {
  bool narrow;
  double width, row_px, label_px, plot_right;
  unsigned label_characters;
  double middle;   /* of a row's points, from its top */
  double value_px; /* of a number at the right */
};

static struct layout lay_out(bool narrow, const char *const *labels, unsigned rows, unsigned values, unsigned digits,
                             double row_px) {
  struct layout l = {.narrow = narrow, .width = chart_width(narrow)};
  l.value_px = fmax(8.6 * digits + (narrow ? 6 : 14), narrow ? 0 : VALUE_PX_MIN);
  double longest = 0;
  for (unsigned r = 0; r < rows; r++) longest = fmax(longest, CHART_CHARACTER_PX * utf8_characters(labels[r]));
  l.row_px = narrow ? row_px + 20 : row_px;
  l.middle = narrow ? l.row_px - row_px / 2 : row_px / 2;
  l.label_px = narrow ? 8 : fmin(longest, LABEL_PX_MAX) + 14;
  l.plot_right = narrow ? l.width - 8 : l.width - fmax(l.value_px * values, 16);
  l.label_characters = narrow ? (unsigned)((l.width - 8 - l.value_px * values) / CHART_CHARACTER_PX)
                              : (unsigned)(LABEL_PX_MAX / CHART_CHARACTER_PX);
  return l;
}

static void draw_axis(FILE *out, const struct layout *l, const struct chart_axis *axis, double bottom,
                      const char *says) {
  double ticks[CHART_TICKS_MAX];
  char text[48];
  chart_number(axis->high, text, sizeof text);
  unsigned count = chart_ticks(axis, CHART_CHARACTER_PX * (utf8_characters(text) + 2), ticks);
  for (unsigned i = 0; i < count; i++) {
    double x = chart_at(axis, ticks[i]);
    chart_number(ticks[i], text, sizeof text);
    chart_line(out, "g", x, 0, x, bottom);
    double half = 0.46 * CHART_CHARACTER_PX * utf8_characters(text); /* it must not reach out of the picture */
    chart_label(out, fmax(fmin(x, l->width - half), half), bottom + 16,
                (struct chart_style){.anchor = "middle", .class = "t"}, text);
  }
  chart_label(out, l->narrow ? 0 : axis->from, bottom + 34, (struct chart_style){.anchor = "start", .class = "t"},
              says);
}

static void draw_name(FILE *out, const struct layout *l, double top, const char *label) {
  if (l->narrow)
    chart_label(out, 0, top + 16,
                (struct chart_style){.anchor = "start", .class = "n", .characters_max = l->label_characters}, label);
  else
    chart_label(out, l->label_px - 14, top + l->middle + 4,
                (struct chart_style){.anchor = "end", .class = "n", .characters_max = l->label_characters}, label);
}

/* ---- points ---- */

static void draw_point(FILE *out, const struct chart_axis *axis, const struct chart_row *row, unsigned s,
                       const char *series, double y) {
  const struct chart_point *point = &row->points[s];
  double x = chart_at(axis, point->value);
  char value[48];
  chart_number(point->value, value, sizeof value);
  fprintf(out, "<g class=\"p%u\">", s);
  chart_hover(out, "%s, %s: %s", row->label, series, value);
  if (point->low < point->high) {
    double low = chart_at(axis, point->low), high = chart_at(axis, point->high);
    fprintf(out, "<path class=\"w\" d=\"M%.1f %.1fV%.1fM%.1f %.1fH%.1fM%.1f %.1fV%.1f\"/>", low, y - 4, y + 4, low, y,
            high, high, y - 4, y + 4);
  }
  fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/></g>", x, y);
}

static void draw_join(FILE *out, const struct chart_axis *axis, const struct chart_row *row, unsigned count, double y) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (unsigned s = 0; s < count; s++) {
    if (!row->points[s].is_there) continue;
    low = fmin(low, chart_at(axis, row->points[s].value));
    high = fmax(high, chart_at(axis, row->points[s].value));
  }
  if (low < high) chart_line(out, "j", low, y, high, y);
}

static void draw_values(FILE *out, const struct layout *l, const struct chart_rows *chart, const struct chart_row *row,
                        double top) {
  for (unsigned s = 0; s < chart->valued; s++) {
    char text[48] = "n/a", class[16];
    unsigned from_right = chart->valued - 1 - s;
    if (row->points[s].is_there) number_readable(row->points[s].value, chart->decimals, text, sizeof text);
    snprintf(class, sizeof class, "v v%u", s);
    if (l->narrow)
      chart_label(out, l->width - l->value_px * from_right, top + 16,
                  (struct chart_style){.anchor = "end", .class = class}, text);
    else
      chart_label(out, l->width - l->value_px * from_right, top + l->middle + 4,
                  (struct chart_style){.anchor = "end", .class = class}, text);
  }
}

static void draw_row(FILE *out, const struct layout *l, const struct chart_rows *chart, const struct chart_axis *axis,
                     unsigned r) {
  const struct chart_row *row = &chart->rows[r];
  double top = r * l->row_px, y = top + l->middle;
  draw_name(out, l, top, row->label);
  if (row->note[0]) {
    chart_label(out, l->label_px + 4, y + 4,
                (struct chart_style){.anchor = "start",
                                     .class = "f",
                                     .characters_max = (unsigned)((l->plot_right - l->label_px) / CHART_CHARACTER_PX)},
                row->note);
    return;
  }
  chart_line(out, "r", axis->from, y, axis->to, y);
  for (unsigned m = 0; m < row->mark_count; m++) {
    double x = chart_at(axis, row->marks[m]);
    chart_line(out, "m", x, y - 10, x, y + 10);
  }
  if (chart->joined) draw_join(out, axis, row, chart->series_count, y);
  for (unsigned s = chart->series_count; s-- > 0;) {
    if (row->points[s].is_there) draw_point(out, axis, row, s, chart->series[s], y);
  }
  draw_values(out, l, chart, row, top);
}

static unsigned most_digits(const struct chart_rows *chart) {
  unsigned most = 3;
  char text[48];
  for (unsigned r = 0; r < chart->row_count; r++) {
    for (unsigned s = 0; s < chart->valued; s++) {
      if (!chart->rows[r].points[s].is_there) continue;
      number_readable(chart->rows[r].points[s].value, chart->decimals, text, sizeof text);
      if (utf8_characters(text) > most) most = utf8_characters(text);
    }
  }
  return most;
}

static void draw_rows(FILE *out, const void *from, bool narrow) {
  const struct chart_rows *chart = from;
  const char **labels = calloc(chart->row_count + 1, sizeof *labels);
  if (!labels) return; /* the table is there in any case */
  for (unsigned r = 0; r < chart->row_count; r++) labels[r] = chart->rows[r].label;
  struct layout l = lay_out(narrow, labels, chart->row_count, chart->valued, most_digits(chart), 28);
  free(labels);
  struct chart_axis axis = {.low = 1, .high = 0, .logarithmic = chart->logarithmic};
  axis.from = l.label_px;
  axis.to = l.plot_right;
  for (unsigned r = 0; r < chart->row_count; r++) {
    for (unsigned s = 0; s < chart->series_count; s++) {
      const struct chart_point *point = &chart->rows[r].points[s];
      if (!point->is_there) continue;
      chart_axis_take(&axis, point->value);
      if (point->low < point->high) chart_axis_take(&axis, point->low), chart_axis_take(&axis, point->high);
    }
    for (unsigned m = 0; m < chart->rows[r].mark_count; m++) chart_axis_take(&axis, chart->rows[r].marks[m]);
  }
  if (isfinite(chart->reference)) chart_axis_take(&axis, chart->reference);
  if (chart->low < chart->high) chart_axis_take(&axis, chart->low), chart_axis_take(&axis, chart->high);
  chart_axis_round(&axis);
  double bottom = chart->row_count * l.row_px + 4;
  chart_begin(out, narrow, bottom + AXIS_PX, chart->title);
  draw_axis(out, &l, &axis, bottom, chart->axis);
  if (isfinite(chart->reference)) {
    double x = chart_at(&axis, chart->reference);
    chart_line(out, "l", x, 0, x, bottom);
  }
  for (unsigned r = 0; r < chart->row_count; r++) draw_row(out, &l, chart, &axis, r);
  chart_end(out);
}

void chart_rows(FILE *out, const struct chart_rows *chart) { chart_twice(out, draw_rows, chart); }

/* ---- bars ---- */

static double bar_sum(const struct chart_bars *chart, unsigned row) {
  double sum = 0;
  for (unsigned p = 0; p < chart->part_count; p++) sum += fmax(chart->values[row * chart->part_count + p], 0);
  return sum;
}

static void draw_bar(FILE *out, const struct layout *l, const struct chart_bars *chart, const struct chart_axis *axis,
                     unsigned r) {
  double top = r * l->row_px, y = top + l->middle, sum = bar_sum(chart, r), below = 0;
  double scale = chart->shares ? (sum > 0 ? 100 / sum : 0) : 1;
  char text[48];
  draw_name(out, l, top, chart->labels[r]);
  if (chart->notes[r][0]) {
    chart_label(out, l->label_px + 4, y + 4,
                (struct chart_style){.anchor = "start",
                                     .class = "f",
                                     .characters_max = (unsigned)((l->plot_right - l->label_px) / CHART_CHARACTER_PX)},
                chart->notes[r]);
    return;
  }
  for (unsigned p = 0; p < chart->part_count; p++) {
    double value = fmax(chart->values[r * chart->part_count + p], 0);
    double x1 = chart_at(axis, below * scale), x2 = chart_at(axis, (below + value) * scale);
    below += value;
    if (x2 - x1 < 0.05) continue;
    fprintf(out, "<g class=\"c%u\">", chart->colours[p]);
    chart_hover(out, "%s, %s: %.3g bytes a line, %.1f %%", chart->labels[r], chart->parts[p], value,
                sum > 0 ? 100 * value / sum : 0);
    fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"16\"/></g>", x1, y - 8, x2 - x1);
  }
  number_readable(chart->totals[r], chart->totals[r] < 100 ? 2 : 0, text, sizeof text);
  if (l->narrow) chart_label(out, l->width, top + 16, (struct chart_style){.anchor = "end", .class = "v v0"}, text);
  else chart_label(out, l->width, y + 4, (struct chart_style){.anchor = "end", .class = "v v0"}, text);
}

static void draw_bars(FILE *out, const void *from, bool narrow) {
  const struct chart_bars *chart = from;
  struct layout l = lay_out(narrow, chart->labels, chart->row_count, 1, 6, 26);
  struct chart_axis axis = {.low = 1, .high = 0, .from = l.label_px, .to = l.plot_right};
  for (unsigned r = 0; r < chart->row_count; r++) {
    if (!chart->notes[r][0]) chart_axis_take(&axis, bar_sum(chart, r));
  }
  if (chart->shares) axis.high = 100;
  chart_axis_round(&axis);
  double bottom = chart->row_count * l.row_px + 4;
  chart_begin(out, narrow, bottom + AXIS_PX, chart->title);
  draw_axis(out, &l, &axis, bottom, chart->axis);
  for (unsigned r = 0; r < chart->row_count; r++) draw_bar(out, &l, chart, &axis, r);
  chart_end(out);
}

void chart_bars(FILE *out, const struct chart_bars *chart) { chart_twice(out, draw_bars, chart); }
