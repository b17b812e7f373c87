/* SPDX-License-Identifier: MIT
 *
 * chart.c - axes, labels, and the frame of a picture. */
#include "chart.h"

#include <math.h>
#include <string.h>

#include "base/count.h"
#include "base/number.h"
#include "base/text.h"
#include "table.h"
#include "html.h"

#define WIDE_PX 760.0
#define NARROW_PX 350.0

/* ---- axes ---- */

void chart_axis_take(struct chart_axis *axis, double value) {
  if (!isfinite(value) || (axis->logarithmic && !(value > 0))) return;
  bool is_first = axis->low > axis->high;
  if (is_first || value < axis->low) axis->low = value;
  if (is_first || value > axis->high) axis->high = value;
}

/* 1, 2 or 5 times a power of ten. */
static double round_number(double value, bool up) {
  double power = pow(10, floor(log10(value) + 1e-9)), digit = value / power;
  if (up) return digit <= 1.0001 ? power : digit <= 2.0001 ? 2 * power : digit <= 5.0001 ? 5 * power : 10 * power;
  return digit >= 4.9999 ? 5 * power : digit >= 1.9999 ? 2 * power : power;
}

void chart_axis_round(struct chart_axis *axis) {
  if (axis->low > axis->high) axis->low = axis->logarithmic ? 1 : 0, axis->high = 10;
  if (axis->logarithmic) {
    axis->low = round_number(axis->low * 0.93, false);
    axis->high = round_number(axis->high * 1.07, true);
    return;
  }
  axis->low = 0;
  if (!(axis->high > 0)) axis->high = 1;
  double step = round_number(axis->high / 5, true);
  axis->high = step * ceil(axis->high / step - 1e-9);
}

double chart_at(const struct chart_axis *axis, double value) {
  double part = axis->logarithmic ? log(fmax(value, axis->low) / axis->low) / log(axis->high / axis->low)
                                  : (value - axis->low) / (axis->high - axis->low);
  return axis->from + fmin(fmax(part, 0), 1) * (axis->to - axis->from);
}

static unsigned even_ticks(const struct chart_axis *axis, double step, double ticks[CHART_TICKS_MAX]) {
  unsigned count = 0;
  for (double i = ceil(axis->low / step - 1e-9); i * step <= axis->high * 1.0001 && count < CHART_TICKS_MAX; i++) {
    ticks[count++] = i * step + 0.0; /* no -0 */
  }
  return count;
}

/* `digits` times the powers of ten, every `decades` of them. */
static unsigned log_ticks(const struct chart_axis *axis, const char *digits, int decades,
                          double ticks[CHART_TICKS_MAX]) {
  unsigned count = 0;
  int first = (int)floor(log10(axis->low) + 1e-9);
  for (int power = decades * (int)floor((double)first / decades); power < first + 20; power += decades) {
    for (const char *digit = digits; *digit; digit++) {
      double value = (*digit - '0') * pow(10, power);
      if (value < axis->low * 0.9999 || value > axis->high * 1.0001 || count == CHART_TICKS_MAX) continue;
      ticks[count++] = value;
    }
  }
  return count;
}

static bool is_sparse(const struct chart_axis *axis, double gap_px, const double *ticks, unsigned count) {
  for (unsigned i = 1; i < count; i++) {
    if (fabs(chart_at(axis, ticks[i]) - chart_at(axis, ticks[i - 1])) < gap_px) return false;
  }
  return true;
}

unsigned chart_ticks(const struct chart_axis *axis, double gap_px, double ticks[CHART_TICKS_MAX]) {
  static const struct {
    const char *digits;
    int decades;
  } log_steps[] = {{"123456789", 1}, {"12468", 1}, {"125", 1}, {"13", 1}, {"1", 1}, {"1", 2}, {"1", 3}, {"1", 6}};
  unsigned count = 0;
  if (axis->logarithmic) {
    for (unsigned i = 0; i < COUNT(log_steps); i++) {
      count = log_ticks(axis, log_steps[i].digits, log_steps[i].decades, ticks);
      if (is_sparse(axis, gap_px, ticks, count)) return count;
    }
    return count;
  }
  double step = round_number((axis->high - axis->low) / 10, true);
  for (unsigned i = 0; i < 12; i++) {
    count = even_ticks(axis, step, ticks);
    if (is_sparse(axis, gap_px, ticks, count)) return count;
    step = round_number(step * 1.5, true);
  }
  return count;
}

void chart_number(double value, char *text, unsigned text_bytes) {
  if (fabs(value) >= 10 || value == 0) number_readable(value, 0, text, text_bytes);
  else snprintf(text, text_bytes, "%.2g", value);
}

/* ---- the frame ---- */

double chart_width(bool narrow) { return narrow ? NARROW_PX : WIDE_PX; }

void chart_twice(FILE *out, chart_draw_fn *draw, const void *chart) {
  draw(out, chart, false);
  draw(out, chart, true);
}

void chart_begin(FILE *out, bool narrow, double height, const char *title) {
  fprintf(out, "<svg class=\"%s\" viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"", narrow ? "narrow" : "wide",
          chart_width(narrow), height);
  html_text(out, title);
  fputs("\">", out);
  html_element(out, "title", NULL, "%s", title);
}

void chart_end(FILE *out) { fputs("</svg>\n", out); }

void chart_label(FILE *out, double x, double y, struct chart_style style, const char *text) {
  fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, style.anchor, style.class);
  size_t count = utf8_characters(text);
  if (style.characters_max == 0 || count <= style.characters_max) {
    html_text(out, text);
  } else {
    size_t keep = style.characters_max > 3 ? style.characters_max - 1 : 2, tail = keep / 2;
    html_format(out, "%.*s", (int)utf8_offset(text, keep - tail), text);
    fputs("\u2026", out);
    html_text(out, text + utf8_offset(text, count - tail));
  }
  fputs("</text>", out);
}

void chart_line(FILE *out, const char *class, double x1, double y1, double x2, double y2) {
  fprintf(out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", class, x1, y1, x2, y2);
}

void chart_hover(FILE *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("<title>", out);
  html_vformat(out, format, arguments);
  fputs("</title>", out);
  va_end(arguments);
}
