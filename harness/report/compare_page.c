/* SPDX-License-Identifier: MIT
 *
 * compare_page.c - a comparison as a page. */
#include <math.h>
#include <string.h>

#include "judge/compare.h"
#include "render/chart.h"
#include "render/html.h"

#define ROWS_MAX 16

static void write_facts(const struct comparison *comparison, FILE *out) {
  for (unsigned s = 0; s < COMPARE_SIDES; s++) {
    const struct result *r = comparison->result[s];
    html_element(out, "p", "facts", "%s: %s, corpus %s, measured %.10s by phasebench %s%s%s, %u repetition%s.",
                 s ? "B" : "A", r->path, r->corpus, r->created_utc, r->version, r->commit ? ", commit " : "",
                 r->commit ? r->commit : "", r->repetitions, r->repetitions == 1 ? "" : "s");
  }
}

static void write_differences(const struct comparison *comparison, FILE *out) {
  fputs("<section id=\"unlike\">\n<h2>In what they differ</h2>\n", out);
  if (comparison->unlike) {
    html_element(out, "p", "warning", "The corpora are not the same: only figures a line or a node are compared.");
  }
  if (comparison->difference_count == 0) {
    html_element(out, "p", NULL, "Corpus, machine, program and settings are the same.");
    fputs("</section>\n", out);
    return;
  }
  fputs(
      "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"In what they differ\">\n<table "
      "class=\"says\">\n<thead><tr>"
      "<th scope=\"col\">what</th><th scope=\"col\">A</th><th scope=\"col\">B</th></tr></thead>\n<tbody>\n",
      out);
  for (unsigned i = 0; i < comparison->difference_count; i++) {
    const struct compare_difference *d = &comparison->differences[i];
    fputs("<tr><th scope=\"row\">", out);
    html_text(out, d->path);
    for (unsigned s = 0; s < COMPARE_SIDES; s++) {
      fputs(s ? "</td><td class=\"w\">" : "</th><td class=\"w\">", out);
      html_text(out, d->text[s] ? d->text[s] : "(not there)");
    }
    fputs("</td></tr>\n", out);
  }
  fputs("</tbody>\n</table>\n</div>\n</section>\n", out);
}

static struct chart_point point_of(const struct summary *summary) {
  struct chart_point point = {.is_there = !summary->missing, .value = summary->median};
  if (summary->ci_level > 0) point.low = summary->ci_low, point.high = summary->ci_high;
  return point;
}

static void draw_memory(const struct comparison *comparison, FILE *out) {
  struct chart_row rows[ROWS_MAX] = {0};
  struct chart_rows chart = {.title = "Lines of code per MiB at rest, A and B, by combination",
                             .axis = "lines of code per MiB; logarithmic, more is better",
                             .series = {"A", "B"},
                             .series_count = 2,
                             .valued = 2,
                             .logarithmic = true,
                             .reference = NAN,
                             .rows = rows};
  for (unsigned r = 0; r < comparison->row_count && chart.row_count < ROWS_MAX; r++) {
    const struct compare_row *row = &comparison->rows[r];
    if (strcmp(row->metric, "lines_per_mib") != 0 || strcmp(row->checkpoint, "purged") != 0) continue;
    struct chart_row *drawn = &rows[chart.row_count++];
    drawn->label = row->combination;
    drawn->note = row->side[0].missing && row->side[1].missing ? row->side[0].missing : "";
    for (unsigned s = 0; s < COMPARE_SIDES; s++) drawn->points[s] = point_of(&row->side[s]);
  }
  if (chart.row_count == 0) {
    html_element(out, "p", "note", "No combination has a figure of memory at rest: there is nothing to draw.");
    return;
  }
  fputs("<figure>\n<p class=\"legend\"><span><i class=\"k0\"></i>A</span> <span><i class=\"k1\"></i>B</span></p>\n",
        out);
  chart_rows(out, &chart);
  fprintf(out,
          "<figcaption>Further to the right, more lines of code fit into the same memory. Whiskers are intervals "
          "of the "
          "median.%s</figcaption>\n</figure>\n",
          chart.row_count == ROWS_MAX ? " The first 16 combinations; the CSV "
                                        "file has all."
                                      : "");
}

static void write_cell(FILE *out, const struct compare_row *row, const struct summary *summary) {
  char text[64];
  if (summary->missing) {
    fputs("<td class=\"na\" title=\"", out);
    html_text(out, summary->missing);
    fputs("\">n/a</td>", out);
    return;
  }
  compare_number(row, summary->median, text, sizeof text);
  fputs("<td>", out);
  html_text(out, text);
  double reach = fmax(summary->median - summary->ci_low, summary->ci_high - summary->median);
  if (summary->ci_level > 0 && reach > 0) {
    compare_number(row, reach, text, sizeof text);
    fputs(" <small>\u00b1", out);
    html_text(out, text);
    fputs("</small>", out);
  }
  fputs("</td>", out);
}

static void write_figure(FILE *out, struct figure figure, const char *format) {
  char text[64] = "n/a";
  if (!figure.missing) snprintf(text, sizeof text, format, figure.value);
  fputs(figure.missing ? "<td class=\"na\">" : "<td>", out);
  html_text(out, text);
  fputs("</td>", out);
}

static void write_row(FILE *out, const struct compare_row *row) {
  char number[64];
  struct figure difference = compare_difference_of(row);
  fputs("<tr><th scope=\"row\">", out);
  html_breakable(out, row->combination);
  fputs("</th>", out);
  write_cell(out, row, &row->side[0]);
  write_cell(out, row, &row->side[1]);
  if (difference.missing) {
    fputs("<td class=\"na\">n/a</td>", out);
  } else {
    compare_number(row, difference.value, number, sizeof number);
    fputs(difference.value > 0 ? "<td>+" : "<td>", out);
    html_text(out, number);
    fputs("</td>", out);
  }
  write_figure(out, compare_ratio_of(row), "%.4f");
  write_figure(out, compare_noise_of(&row->side[0]), "%.2f");
  write_figure(out, compare_noise_of(&row->side[1]), "%.2f");
  html_element(out, "td", NULL, "%s", compare_intervals_text(compare_intervals_of(row)));
  fputs("</tr>\n", out);
}

static void write_metric(const struct comparison *comparison, unsigned first, FILE *out) {
  char title[256];
  compare_metric_text(&comparison->rows[first], title, sizeof title);
  fputs("<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"", out);
  html_text(out, title);
  fputs("\">\n<table>\n", out);
  html_element(out, "caption", NULL, "%s", title);
  fputs(
      "<thead><tr><th scope=\"col\">combination</th><th scope=\"col\">A</th><th scope=\"col\">B</th><th "
      "scope=\"col\">B \u2212 A</th><th "
      "scope=\"col\">B / A</th><th scope=\"col\">noise A <small>%</small></th><th scope=\"col\">noise B "
      "<small>%</small></th><th "
      "scope=\"col\">intervals</th></tr></thead>\n<tbody>\n",
      out);
  for (unsigned r = first; r < comparison->row_count; r++) {
    if (compare_same_metric(&comparison->rows[first], &comparison->rows[r])) write_row(out, &comparison->rows[r]);
  }
  fputs("</tbody>\n</table>\n</div>\n", out);
}

static void write_failures(const struct comparison *comparison, FILE *out) {
  for (unsigned s = 0; s < COMPARE_SIDES; s++) {
    const struct result *r = comparison->result[s];
    for (unsigned g = 0; g < r->group_count; g++) {
      const struct result_group *group = &r->groups[g];
      if (group->instrument || strcmp(group->profile, comparison->profile) != 0) continue;
      if (!group->ok)
        html_element(out, "p", "warning", "FAILED in %s: %s: %s", s ? "B" : "A", group->combination, group->reason);
      if (result_group(comparison->result[1 - s], group->combination, comparison->profile)) continue;
      html_element(out, "p", "note", "Only in %s: %s", s ? "B" : "A", group->combination);
    }
  }
}

bool compare_write_page(const struct comparison *comparison, FILE *out, struct fault *fault) {
  if (!html_begin(out, "phasebench: two results compared", fault)) return false;
  fputs("<main>\n<article>\n", out);
  html_element(out, "h1", NULL, "Two results side by side");
  write_facts(comparison, out);
  write_failures(comparison, out);
  draw_memory(comparison, out);
  write_differences(comparison, out);
  fputs("<section id=\"figures\">\n<h2>Figures</h2>\n", out);
  html_element(out, "p", NULL,
               "Medians of the repetitions, allocator profile %s. Noise is the range of the "
               "repetitions over their median. "
               "Intervals of the medians that are apart do not touch; whether a difference matters is not decided "
               "here.",
               comparison->profile);
  for (unsigned r = 0; r < comparison->row_count; r++) {
    if (compare_is_headline(&comparison->rows[r]) && compare_is_first(comparison, r)) write_metric(comparison, r, out);
  }
  fputs(
      "<p class=\"files\">All figures: <a href=\"compare.csv\">CSV</a>, <a "
      "href=\"compare.json\">JSON</a></p>\n</section>\n</article>\n"
      "</main>\n<footer><p>Written by phasebench compare.</p></footer>\n",
      out);
  html_end(out);
  return true;
}
