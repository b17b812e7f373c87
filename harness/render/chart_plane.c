/* SPDX-License-Identifier: MIT
 *
 * chart_plane.c - lines over checkpoints or sizes, and points in a plane with the frontier of those that
 * nothing beats. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chart.h"

#define TOP 26.0
#define LABEL_GAP_PX 15.0

static void draw_y_axis(FILE *out, const struct chart_axis *axis, double left, double right, const char *says) {
  double ticks[CHART_TICKS_MAX];
  char text[48];
  unsigned count = chart_ticks(axis, 26, ticks);
  for (unsigned i = 0; i < count; i++) {
    double y = chart_at(axis, ticks[i]);
    chart_number(ticks[i], text, sizeof text);
    chart_line(out, "g", left, y, right, y);
    chart_label(out, left - 8, y + 4, (struct chart_style){.anchor = "end", .class = "t"}, text);
  }
  chart_label(out, 0, 12, (struct chart_style){.anchor = "start", .class = "t"}, says);
}

static void draw_x_axis(FILE *out, const struct chart_axis *axis, double width, double bottom, const char *says) {
  double ticks[CHART_TICKS_MAX];
  char text[48];
  chart_number(axis->high, text, sizeof text);
  unsigned count = chart_ticks(axis, CHART_CHARACTER_PX * (utf8_characters(text) + 2), ticks);
  for (unsigned i = 0; i < count; i++) {
    double x = chart_at(axis, ticks[i]);
    chart_number(ticks[i], text, sizeof text);
    chart_line(out, "g", x, TOP, x, bottom);
    chart_label(out, fmin(x, width - 0.46 * CHART_CHARACTER_PX * utf8_characters(text)), bottom + 18,
                (struct chart_style){.anchor = "middle", .class = "t"}, text);
  }
  chart_label(out, axis->from < 60 ? 0 : axis->from, bottom + 38, (struct chart_style){.anchor = "start", .class = "t"},
              says);
}

/* ---- labels at the right ends of lines ---- */

struct end_label {
  double y;
  unsigned series;
};

static int by_y(const void *a, const void *b) {
  const struct end_label *x = a, *y = b;
  return (x->y > y->y) - (x->y < y->y);
}

/* Keeps labels apart, in order, between top and bottom: pushes them down, then those that fell out up
 * again. */
static void spread_out(struct end_label *labels, unsigned count, double bottom) {
  qsort(labels, count, sizeof *labels, by_y);
  for (unsigned i = 1; i < count; i++) labels[i].y = fmax(labels[i].y, labels[i - 1].y + LABEL_GAP_PX);
  double limit = bottom;
  for (unsigned i = count; i-- > 0; limit = labels[i].y - LABEL_GAP_PX) labels[i].y = fmin(labels[i].y, limit);
}

/* ---- lines ---- */

static double x_of(const struct chart_lines *chart, const struct chart_axis *axis, unsigned point) {
  if (chart->logarithmic_x) return chart_at(axis, chart->x[point]);
  unsigned steps = chart->point_count > 1 ? chart->point_count - 1 : 1;
  return axis->from + (axis->to - axis->from) * point / steps;
}

static void draw_series(FILE *out, const struct chart_lines *chart, const struct chart_axis *x,
                        const struct chart_axis *y, unsigned s) {
  const double *values = chart->values + (size_t)s * chart->point_count;
  bool down = false;
  fprintf(out, "<g class=\"s%u\">", s % 16);
  chart_hover(out, "%s", chart->names[s]);
  fputs("<path class=\"k\" d=\"", out);
  for (unsigned p = 0; p < chart->point_count; p++) {
    if (isfinite(values[p])) {
      fprintf(out, "%c%.1f %.1f", down ? 'L' : 'M', x_of(chart, x, p), chart_at(y, values[p]));
    }
    down = isfinite(values[p]);
  }
  fputs("\"/>", out);
  for (unsigned p = 0; p < chart->point_count; p++) {
    if (!isfinite(values[p])) continue;
    fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", x_of(chart, x, p), chart_at(y, values[p]));
  }
  fputs("</g>", out);
}

static void draw_ends(FILE *out, const struct chart_lines *chart, const struct chart_axis *x,
                      const struct chart_axis *y, bool narrow) {
  struct end_label *labels = calloc(chart->series_count + 1, sizeof *labels);
  unsigned count = 0;
  if (!labels) return; /* the table names them */
  for (unsigned s = 0; s < chart->series_count; s++) {
    double last = chart->values[(size_t)(s + 1) * chart->point_count - 1];
    if (isfinite(last)) labels[count++] = (struct end_label){chart_at(y, last), s};
  }
  spread_out(labels, count, y->from);
  for (unsigned i = 0; i < count; i++) {
    char text[300], class[16];
    unsigned s = labels[i].series;
    double last = chart_at(y, chart->values[(size_t)(s + 1) * chart->point_count - 1]);
    snprintf(text, sizeof text, narrow ? "%u" : "%u  %s", s + 1, chart->names[s]);
    snprintf(class, sizeof class, "e e%u", s % 16);
    chart_line(out, "h", x->to + 5, last, x->to + 14, labels[i].y);
    chart_label(out, x->to + 17, labels[i].y + 4,
                (struct chart_style){.anchor = "start", .class = class, .characters_max = 27}, text);
  }
  free(labels);
}

static void draw_lines(FILE *out, const void *from, bool narrow) {
  const struct chart_lines *chart = from;
  double width = chart_width(narrow), bottom = narrow ? 330 : 400, longest = 2;
  for (unsigned s = 0; s < chart->series_count && !narrow; s++) {
    longest = fmax(longest, fmin(utf8_characters(chart->names[s]) + 3, 27));
  }
  struct chart_axis x = {.low = 1, .high = 0, .logarithmic = true}, y = x;
  x.from = narrow ? 52 : 64;
  x.to = width - 18 - CHART_CHARACTER_PX * longest;
  y.from = bottom;
  y.to = TOP;
  for (unsigned i = 0; i < chart->series_count * chart->point_count; i++) chart_axis_take(&y, chart->values[i]);
  if (y.low < y.high / 1e5) y.low = y.high / 1e5; /* drained: next to nothing is left */
  chart_axis_round(&y);
  chart_begin(out, narrow, bottom + 46, chart->title);
  draw_y_axis(out, &y, x.from, x.to, chart->axis);
  if (chart->logarithmic_x) {
    for (unsigned p = 0; p < chart->point_count; p++) chart_axis_take(&x, chart->x[p]);
    chart_axis_round(&x);
    draw_x_axis(out, &x, width, bottom, chart->across);
  }
  for (unsigned p = 0; p < chart->point_count && !chart->logarithmic_x; p++) {
    bool lower = narrow && p % 2 == 1; /* in two rows, where there is no room for one */
    chart_line(out, "g", x_of(chart, &x, p), TOP, x_of(chart, &x, p), bottom + (lower ? 18 : 0));
    chart_label(out, x_of(chart, &x, p), bottom + (lower ? 34 : 20),
                (struct chart_style){.anchor = "middle", .class = "t", .characters_max = 12}, chart->x_names[p]);
  }
  for (unsigned s = chart->series_count; s-- > 0;) draw_series(out, chart, &x, &y, s);
  draw_ends(out, chart, &x, &y, narrow);
  chart_end(out);
}

void chart_lines(FILE *out, const struct chart_lines *chart) { chart_twice(out, draw_lines, chart); }

/* ---- the plane ---- */

static void draw_dot(FILE *out, const struct chart_dot *dot, const struct chart_axis *x, const struct chart_axis *y) {
  double cx = chart_at(x, dot->x.value), cy = chart_at(y, dot->y.value);
  char tx[48], ty[48];
  chart_number(dot->x.value, tx, sizeof tx);
  chart_number(dot->y.value, ty, sizeof ty);
  fprintf(out, "<g class=\"%s\">", dot->on_frontier ? "p0" : "d");
  chart_hover(out, "%s: %s, %s", dot->label, tx, ty);
  if (dot->x.low < dot->x.high) chart_line(out, "w", chart_at(x, dot->x.low), cy, chart_at(x, dot->x.high), cy);
  if (dot->y.low < dot->y.high) chart_line(out, "w", cx, chart_at(y, dot->y.low), cx, chart_at(y, dot->y.high));
  fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/></g>", cx, cy, dot->on_frontier ? "5" : "3.5");
}

/* Dots to the right of and above this line are beaten by one on it. */
static void draw_frontier(FILE *out, const struct chart_plane *chart, const struct chart_axis *x,
                          const struct chart_axis *y) {
  double before = NAN;
  fputs("<path class=\"o\" d=\"", out);
  for (unsigned i = 0; i < chart->dot_count; i++) {
    if (!chart->dots[i].on_frontier) continue;
    double cx = chart_at(x, chart->dots[i].x.value), cy = chart_at(y, chart->dots[i].y.value);
    if (isfinite(before)) fprintf(out, "H%.1fV%.1f", cx, cy);
    else fprintf(out, "M%.1f %.1fV%.1f", cx, TOP, cy);
    before = cy;
  }
  if (isfinite(before)) fprintf(out, "H%.1f", x->to);
  fputs("\"/>", out);
}

/* Numbers the dots on the frontier. A number stands below and left of its dot, where there can be no other
 * dot, and clear of the number before. A list below the picture has the names. */
static void draw_numbers(FILE *out, const struct chart_plane *chart, const struct chart_axis *x,
                         const struct chart_axis *y) {
  unsigned number = 0;
  double last_x = -HUGE_VAL, last_y = -HUGE_VAL;
  for (unsigned i = 0; i < chart->dot_count; i++) {
    const struct chart_dot *dot = &chart->dots[i];
    char text[16];
    if (!dot->on_frontier) continue;
    snprintf(text, sizeof text, "%u", ++number);
    double cx = chart_at(x, dot->x.value) - 7, cy = chart_at(y, dot->y.value) + 14;
    if (cx - last_x < 2.2 * CHART_CHARACTER_PX && cy < last_y + LABEL_GAP_PX) cy = last_y + LABEL_GAP_PX;
    chart_label(out, cx, cy, (struct chart_style){.anchor = "end", .class = "e"}, text);
    last_x = cx;
    last_y = cy;
  }
}

static void draw_plane(FILE *out, const void *from, bool narrow) {
  const struct chart_plane *chart = from;
  double bottom = narrow ? 320 : 420;
  struct chart_axis x = {.low = 1, .high = 0, .logarithmic = true}, y = x;
  x.from = narrow ? 52 : 64;
  x.to = chart_width(narrow) - 16;
  y.from = bottom;
  y.to = TOP;
  for (unsigned i = 0; i < chart->dot_count; i++) {
    chart_axis_take(&x, chart->dots[i].x.value);
    chart_axis_take(&y, chart->dots[i].y.value);
  }
  chart_axis_round(&x);
  chart_axis_round(&y);
  chart_begin(out, narrow, bottom + 46, chart->title);
  draw_y_axis(out, &y, x.from, x.to, chart->axis_y);
  draw_x_axis(out, &x, chart_width(narrow), bottom, chart->axis_x);
  draw_frontier(out, chart, &x, &y);
  for (unsigned i = chart->dot_count; i-- > 0;) draw_dot(out, &chart->dots[i], &x, &y);
  draw_numbers(out, chart, &x, &y);
  chart_end(out);
}

void chart_plane(FILE *out, const struct chart_plane *chart) { chart_twice(out, draw_plane, chart); }
