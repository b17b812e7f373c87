/* SPDX-License-Identifier: MIT
 *
 * chart.h - pictures of a page, as SVG inside it. Each is written twice, for wide and for narrow screens
 * (report.css shows one of them), so that its words are never scaled down; colours are classes, so that
 * they follow the page's colour scheme. Picture files for documents are gnuplot's (report/plot.c); both
 * are drawn from the same tables. All text goes through html.h. */
#ifndef PHASEBENCH_CHART_H
#define PHASEBENCH_CHART_H

#include <stdbool.h>
#include <stdio.h>

#define CHART_POINTS_MAX 4
#define CHART_MARKS_MAX 8

/* ---- one row a combination, points on an axis ---- */

struct chart_point {
  bool is_there;
  double value, low, high; /* low < high: whiskers */
};

struct chart_row {
  const char *label;
  const char *note; /* "" or why there are no points */
  struct chart_point points[CHART_POINTS_MAX];
  double marks[CHART_MARKS_MAX]; /* short vertical lines: what was claimed */
  unsigned mark_count;
};

struct chart_rows {
  const char *title; /* what the picture shows, for those who do not see it */
  const char *axis;  /* what its axis means */
  const char *series[CHART_POINTS_MAX];
  unsigned series_count;
  unsigned valued; /* so many series stand as numbers at the right */
  int decimals;    /* of those */
  bool logarithmic;
  bool joined;      /* the points of a row are one thing: a line goes from the first to the last */
  double reference; /* a line across all rows; not finite: none */
  double low, high; /* the axis reaches these, too, if low < high: for pictures side by side */
  const struct chart_row *rows;
  unsigned row_count;
};
void chart_rows(FILE *out, const struct chart_rows *chart);

/* ---- one row a combination, a bar of parts ---- */

struct chart_bars {
  const char *title, *axis;
  bool shares; /* each bar is as long as all others; else as its sum */
  unsigned row_count, part_count;
  const char *const *labels, *const *notes, *const *parts;
  const unsigned *colours; /* of each part: class c0, c1, ... of the style sheet */
  const double *values;    /* row by row; what is below 0 is not drawn */
  const double *totals;    /* of each row; they stand beside the bars */
};
void chart_bars(FILE *out, const struct chart_bars *chart);

/* ---- lines ---- */

struct chart_lines {
  const char *title, *axis, *across;
  bool logarithmic_x; /* else x is 0, 1, 2 ... and has names */
  unsigned point_count, series_count;
  const double *x;            /* logarithmic_x only */
  const char *const *x_names; /* otherwise */
  const char *const *names;   /* of the series */
  const double *values;       /* series by series; not finite: missing */
};
void chart_lines(FILE *out, const struct chart_lines *chart);

/* ---- points in a plane, less is better on both axes ---- */

struct chart_dot {
  const char *label;
  struct chart_point x, y;
  bool on_frontier; /* nothing is better on both axes: numbered, and joined */
};

struct chart_plane {
  const char *title, *axis_x, *axis_y;
  const struct chart_dot *dots; /* by x */
  unsigned dot_count;
};
void chart_plane(FILE *out, const struct chart_plane *chart);

/* ---- what they share (chart.c) ---- */

struct chart_axis {
  double low, high; /* of the data, then of the axis */
  double from, to;  /* where those are, in the picture */
  bool logarithmic;
};
void chart_axis_take(struct chart_axis *axis, double value);
/* Widens low and high to round numbers; an axis that took nothing gets some that mean nothing. */
void chart_axis_round(struct chart_axis *axis);
double chart_at(const struct chart_axis *axis, double value);
#define CHART_TICKS_MAX 64
/* Round numbers along the axis, at least gap_px apart. */
unsigned chart_ticks(const struct chart_axis *axis, double gap_px, double ticks[CHART_TICKS_MAX]);
void chart_number(double value, char *text, unsigned text_bytes);

typedef void chart_draw_fn(FILE *out, const void *chart, bool narrow);
void chart_twice(FILE *out, chart_draw_fn *draw, const void *chart);
double chart_width(bool narrow);
void chart_begin(FILE *out, bool narrow, double height, const char *title);
void chart_end(FILE *out);
/* How a text stands. Of one that is too long the middle is left out. */
struct chart_style {
  const char *anchor;      /* which end of it is at x: start, middle, end */
  const char *class;       /* of the style sheet */
  unsigned characters_max; /* 0: any number */
};
void chart_label(FILE *out, double x, double y, struct chart_style style, const char *text);
void chart_line(FILE *out, const char *class, double x1, double y1, double x2, double y2);
void chart_hover(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* How much room a text in the pictures' size takes. */
#define CHART_CHARACTER_PX 9.0 /* of a wide typeface: which one it is only the reader knows */

#endif
