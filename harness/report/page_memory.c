/* SPDX-License-Identifier: MIT
 *
 * page_memory.c - the answer, the claims, lines/MiB, and the trees beside their limit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/csv.h"
#include "base/number.h"
#include "base/size.h"
#include "page.h"
#include "render/chart.h"
#include "render/html.h"

static struct chart_point point_of(const struct table_cell *cell) {
  struct chart_point point = {.is_there = !cell->missing, .value = cell->value};
  if (table_plus_minus(cell) >= 0) point.low = cell->ci_low, point.high = cell->ci_high;
  return point;
}

/* ---- lines per MiB ---- */

static const struct report_column memory_columns[] = {
    {"lines_per_mib", "purged", "at rest (purged)", "lines/MiB", "", 1, 0, REPORT_MEDIAN},
    {"rss_above_start_bytes", "purged", "at rest (purged)", "RSS", "MiB", MIB, 2, REPORT_MEDIAN},
    {"reduction_pct", "purged", "at rest (purged)", "reduction", "%", 1, 2, REPORT_MEDIAN},
    {"lines_per_mib", "served", "in service (served)", "lines/MiB", "", 1, 0, REPORT_MEDIAN},
    {"rss_above_start_bytes", "served", "in service (served)", "RSS", "MiB", MIB, 2, REPORT_MEDIAN},
    {"reduction_pct", "served", "in service (served)", "reduction", "%", 1, 2, REPORT_MEDIAN},
};
#define AT_SERVED 3

static bool memory_table(const struct page *page, struct table *table) {
  static const struct report_wish wish = {
      .title = "Memory above the start", .columns = memory_columns, .column_count = COUNT(memory_columns)};
  return report_table(page->result, page->profile, &wish, table, page->fault);
}

static void add_marks(const struct table *marks, unsigned row, struct chart_row *to) {
  for (unsigned m = 0; m < marks->row_count && to->mark_count < CHART_MARKS_MAX; m++) {
    if (table_at(marks, m, 0)->value == row) to->marks[to->mark_count++] = table_at(marks, m, 1)->value;
  }
}

static bool draw_memory(const struct page *page, const struct table *table) {
  struct chart_row rows[PAGE_ROWS_MAX] = {0};
  struct table marks;
  if (!report_marks(page->result, page->profile, page->claims, &marks, page->fault)) return false;
  struct chart_rows chart = {.title = "Lines of code per MiB by combination, at rest and in service",
                             .axis = "lines of code per MiB; logarithmic, more is better",
                             .series = {"at rest", "in service"},
                             .series_count = 2,
                             .valued = 2,
                             .logarithmic = true,
                             .reference = NAN,
                             .rows = rows};
  bool marked = false;
  for (unsigned r = 0; r < table->row_count && chart.row_count < PAGE_ROWS_MAX; r++) {
    if (!page->leads[r]) continue;
    struct chart_row *row = &rows[chart.row_count++];
    row->label = table->rows[r].name;
    row->note = table->rows[r].note;
    row->points[0] = point_of(table_at(table, r, 0));
    row->points[1] = point_of(table_at(table, r, AT_SERVED));
    add_marks(&marks, r, row);
    marked = marked || row->mark_count > 0;
  }
  fputs("<figure>\n", page->out);
  page_legend(page->out, marked ? (const char *const[]){"k0", "at rest (purged)", "k1", "in service (served)", "km",
                                                        "claimed", NULL}
                                : (const char *const[]){"k0", "at rest (purged)", "k1", "in service (served)", NULL});
  chart_rows(page->out, &chart);
  fputs(
      "<figcaption>Each row is one combination of stages. Further to the right, more lines of code fit into the "
      "same memory; one step between labelled lines is a factor, not a difference. ",
      page->out);
  if (marked) {
    fputs(
        "An upright line is a published claim: of an absolute figure where it stands, of a reduction what it makes "
        "of "
        "the baseline measured here. ",
        page->out);
  }
  fputs(
      "Whiskers are intervals of the median; where none is seen it is narrower than its dot, or there was one "
      "repetition.</figcaption>\n</figure>\n",
      page->out);
  table_free(&marks);
  return true;
}

/* ---- the answer ---- */

static const struct result_group *leanest(const struct page *page, double *lines_per_mib) {
  const struct result_group *best = NULL;
  for (unsigned g = 0; g < page->count; g++) {
    struct summary found = metrics_find(page->result, page->groups[g], "lines_per_mib", "purged", NULL);
    if (found.missing || (best && found.median <= *lines_per_mib)) continue;
    best = page->groups[g];
    *lines_per_mib = found.median;
  }
  return best;
}

static void say_memory(const struct page *page, const struct result_group *best, double lines_per_mib) {
  char most[48], least[48], saved[48], times[48];
  const struct result_group *baseline = result_group(page->result, METRICS_BASELINE, page->profile);
  struct summary from = metrics_find(page->result, baseline, "lines_per_mib", "purged", NULL);
  if (!best) {
    page_say(page, NULL, "Of this result no combination has a figure of memory at rest: %s.",
             page->count ? metrics_find(page->result, page->groups[0], "lines_per_mib", "purged", NULL).missing
                         : "it has no combinations");
    return;
  }
  number_readable(lines_per_mib, 0, most, sizeof most);
  if (from.missing || best == baseline) {
    page_say(page, NULL, "The leanest combination measured, %s, holds %s lines of code per MiB of memory at rest%s.",
             best->combination, most, from.missing ? "; there is no baseline in this result to hold it against" : "");
    return;
  }
  number_readable(from.median, 0, least, sizeof least);
  double ratio = lines_per_mib / from.median;
  number_readable(ratio, ratio < 1000 ? 1 : 0, times, sizeof times);
  struct summary reduction = metrics_find(page->result, best, "reduction_pct", "purged", NULL);
  snprintf(saved, sizeof saved, "%.2f\u00a0%% less memory", reduction.median);
  page_say(page, NULL,
           "tree-sitter\u2019s own trees with their sources hold %s lines of code per MiB of memory at "
           "rest; the leanest "
           "combination measured, %s, holds %s: %s times as many%s%s.",
           least, best->combination, most, times, reduction.missing ? "" : ", or ", reduction.missing ? "" : saved);
}

static void say_claims(const struct page *page) {
  unsigned counts[CLAIM_EXCEEDED + 1] = {0}, judged = 0;
  for (unsigned i = 0; i < page->claims->count; i++) {
    const struct claim *claim = &page->claims->claims[i];
    if (!claim_is_about(claim, page->result->corpus)) continue;
    for (unsigned c = 0; c < claim->checkpoint_count; c++) {
      counts[claim_judge(claim, page->result, page->profile, claim->checkpoints[c]).verdict]++;
      judged++;
    }
  }
  if (judged == 0) {
    page_say(page, NULL, "None of the %u published claims in the ledger is about this corpus.", page->claims->count);
    return;
  }
  static const enum claim_verdict order[] = {CLAIM_EXCEEDED, CLAIM_REPRODUCED, CLAIM_SMALLER, CLAIM_REFUTED,
                                             CLAIM_NOT_MEASURED};
  static const char *const words[] = {"exceeded", "reproduced", "there but short of the claim", "refuted",
                                      "not measured"};
  char list[200] = "";
  size_t used = 0;
  for (unsigned i = 0; i < COUNT(order); i++) {
    if (counts[order[i]] == 0) continue;
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%u %s", used ? ", " : "", counts[order[i]], words[i]);
  }
  page_say(page, NULL, "Of %u verdict%s on published claims, each at rest or in service: %s.", judged,
           judged == 1 ? "" : "s", list);
}

static void say_cost(const struct page *page, const struct result_group *best) {
  char nodes[48];
  const struct result_group *baseline = result_group(page->result, METRICS_BASELINE, page->profile);
  struct summary walk = metrics_find(page->result, best, "walk_nodes_per_s", NULL, NULL);
  struct summary plain = metrics_find(page->result, baseline, "walk_nodes_per_s", NULL, NULL);
  struct summary proved = metrics_find(page->result, best, "nodes_compared", NULL, NULL);
  if (!best) return;
  if (walk.missing || proved.missing || !(walk.median > 0)) {
    page_say(page, NULL, "What it costs was not measured: %s.", walk.missing ? walk.missing : proved.missing);
    return;
  }
  number_readable(proved.median, 0, nodes, sizeof nodes);
  if (plain.missing || best == baseline || !(plain.median > 0)) {
    page_say(page, NULL,
             "Walking all of its trees takes %.1f ns a node, and it answered as a fresh parse does for "
             "all %s nodes "
             "compared.",
             1e9 / walk.median, nodes);
    return;
  }
  page_say(page, NULL,
           "Walking all of its trees takes %.1f ns a node where tree-sitter\u2019s take %.1f ns, and it "
           "answered as a fresh "
           "parse does for all %s nodes compared.",
           1e9 / walk.median, 1e9 / plain.median, nodes);
}

static void say_failures(const struct page *page) {
  unsigned failed = 0;
  for (unsigned g = 0; g < page->count; g++) failed += !page->groups[g]->ok;
  if (page->result->sanitizers[0]) {
    page_say(page, "warning", "WARNING: made by a build with sanitizers (%s): no figure counts.",
             page->result->sanitizers);
  }
  if (failed == 0) return;
  page_say(page, "warning",
           "%u of %u combinations FAILED and have no figures here: what went wrong stands in their "
           "rows.",
           failed, page->count);
}

bool page_answer(const struct page *page) {
  struct table table;
  double lines_per_mib = 0;
  const struct result_group *best = leanest(page, &lines_per_mib);
  fputs("<div class=\"answer\">\n", page->out);
  say_memory(page, best, lines_per_mib);
  say_claims(page);
  say_cost(page, best);
  fputs("</div>\n", page->out);
  say_failures(page);
  if (!memory_table(page, &table)) return false;
  bool ok = draw_memory(page, &table);
  table_free(&table);
  return ok;
}

bool page_memory(const struct page *page) {
  struct table table;
  if (!memory_table(page, &table)) return false;
  page_section(page, "memory", "Lines per MiB");
  page_say(page, NULL,
           "The figures of the first picture. Memory is what the process holds resident above what it "
           "held before the "
           "first document. At rest: free pages have been given back. In service: after a fixed mix of accesses.");
  bool ok = page_table(page, &table, "memory", "lines_per_mib", NULL);
  page_section_end(page);
  table_free(&table);
  return ok;
}

/* ---- claims ---- */

static const char *const verdict_classes[] = {"none", "bad", "less", "good", "good"};

#define REACH_SHOWN 0.0005 /* of the median; what is narrower than that is within its last digit */

static void write_measured(FILE *out, const struct claim *claim, const struct summary *measured) {
  char text[CLAIM_TEXT_BYTES];
  if (measured->missing) {
    fputs("<td class=\"w\">", out);
    html_text(out, measured->missing);
    fputs("</td>", out);
    return;
  }
  claim_figure_text(claim, measured->median, text, sizeof text);
  fputs("<td>", out);
  html_text(out, text);
  double reach = fmax(measured->median - measured->ci_low, measured->ci_high - measured->median);
  if (measured->ci_level > 0 && reach > REACH_SHOWN * fabs(measured->median)) {
    claim_figure_text(claim, reach, text, sizeof text);
    text[strcspn(text, " ")] = '\0'; /* the unit is the median's */
    fputs(" <small>\u00b1", out);
    html_text(out, text);
    fputs("</small>", out);
  }
  fputs("</td>", out);
}

static void write_verdict(const struct page *page, const struct claim *claim, const char *checkpoint,
                          const struct claim_judgement *judged) {
  char claimed[CLAIM_TEXT_BYTES], verdict[2 * CLAIM_TEXT_BYTES];
  claim_claimed_text(claim, claimed, sizeof claimed);
  claim_judgement_text(claim, judged, verdict, sizeof verdict);
  fputs("<td class=\"w\">", page->out);
  html_text(page->out, checkpoint);
  fprintf(page->out, "</td><td class=\"w v-%s\">", verdict_classes[judged->verdict]);
  html_text(page->out, judged->verdict == CLAIM_NOT_MEASURED ? claim_verdict_text(claim, judged->verdict) : verdict);
  fputs("</td><td>", page->out);
  html_text(page->out, claimed);
  fputs("</td>", page->out);
  write_measured(page->out, claim, &judged->measured);
  fputs("</tr>\n", page->out);
}

static void write_verdict_csv(FILE *csv, const struct claim *claim, const char *checkpoint,
                              const struct claim_judgement *judged) {
  char claimed[48], measured[48] = "", n[16] = "";
  number_exact(claim->value, claimed, sizeof claimed);
  if (!judged->measured.missing) {
    number_exact(judged->measured.median, measured, sizeof measured);
    snprintf(n, sizeof n, "%u", judged->measured.n);
  }
  const char *const fields[] = {claim->id,
                                claim->says,
                                checkpoint,
                                claim_verdict_text(claim, judged->verdict),
                                claimed,
                                measured,
                                claim->unit,
                                n,
                                judged->measured.missing ? judged->measured.missing : "",
                                claim->source,
                                claim->text};
  for (unsigned i = 0; i < COUNT(fields); i++) {
    if (i > 0) csv_next(csv);
    csv_field(csv, fields[i]);
  }
  csv_end(csv);
}

/* The verdicts of one claim that are measured, or those that are not; the claim stands before the first. */
static unsigned write_claim(const struct page *page, FILE *csv, const struct claim *claim, bool measured,
                            bool count_only) {
  unsigned count = 0;
  for (unsigned c = 0; c < claim->checkpoint_count; c++) {
    struct claim_judgement judged = claim_judge(claim, page->result, page->profile, claim->checkpoints[c]);
    if ((judged.verdict != CLAIM_NOT_MEASURED) != measured) continue;
    if (!count_only) {
      fputs("<tr>", page->out);
      if (count == 0) {
        fprintf(page->out, "<th scope=\"rowgroup\" rowspan=\"%u\">", write_claim(page, csv, claim, measured, true));
        html_text(page->out, claim->says);
        fputs("</th>", page->out);
      }
      write_verdict(page, claim, claim->checkpoints[c], &judged);
      write_verdict_csv(csv, claim, claim->checkpoints[c], &judged);
    }
    count++;
  }
  return count;
}

/* Those that are measured, or the others. */
static unsigned write_verdicts(const struct page *page, FILE *csv, bool measured) {
  unsigned count = 0;
  for (unsigned i = 0; i < page->claims->count; i++) {
    const struct claim *claim = &page->claims->claims[i];
    if (!claim_is_about(claim, page->result->corpus)) continue;
    unsigned verdicts = write_claim(page, csv, claim, measured, true);
    if (verdicts > 0 && count == 0) {
      fputs(
          "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Claims\">\n<table class=\"claims\">\n"
          "<caption>Published claims and what was measured</caption>\n<thead><tr><th scope=\"col\">claim</th><th "
          "scope=\"col\" class=\"w\">at</th><th scope=\"col\" class=\"w\">verdict</th><th "
          "scope=\"col\">claimed</th><th "
          "scope=\"col\">measured</th></tr></thead>\n",
          page->out);
    }
    if (verdicts == 0) continue;
    fputs("<tbody>\n", page->out);
    count += write_claim(page, csv, claim, measured, false);
    fputs("</tbody>\n", page->out);
  }
  if (count > 0) fputs("</table>\n</div>\n", page->out);
  return count;
}

bool page_claims(const struct page *page) {
  unsigned elsewhere = 0;
  for (unsigned i = 0; i < page->claims->count; i++) {
    elsewhere += !claim_is_about(&page->claims->claims[i], page->result->corpus);
  }
  FILE *csv = page_csv(page, "verdicts");
  if (!csv) return false;
  fputs("claim,says,checkpoint,verdict,claimed,measured,unit,n,missing,source,text\r\n", csv);
  page_section(page, "claims", "Claims and verdicts");
  page_say(page, NULL,
           "Published numbers held against this measurement, each with its tolerance. Where more is "
           "better, exceeded means "
           "above the tolerance, reproduced within it, smaller than claimed that there is an effect but less of it, "
           "refuted "
           "that there is none (of an absolute figure: half of it or less).");
  if (write_verdicts(page, csv, true) == 0) page_say(page, NULL, "No claim could be judged.");
  fputs("<details>\n<summary>Claims that were not measured, and why</summary>\n", page->out);
  if (write_verdicts(page, csv, false) == 0) page_say(page, NULL, "There are none about this corpus.");
  if (elsewhere > 0) page_say(page, NULL, "%u more claims are about other corpora.", elsewhere);
  fputs("</details>\n", page->out);
  page_csv_link(page, "verdicts", "");
  page_section_end(page);
  return page_csv_close(page, csv, "verdicts");
}

/* ---- trees and their limit ---- */

static const struct report_column tree_columns[] = {
    {"tree_bits_per_node", NULL, "trees in memory", "bits/node", "", 1, 2, REPORT_MEDIAN},
    {"tree_bytes_per_line", NULL, "trees in memory", "bytes/line", "", 1, 2, REPORT_MEDIAN},
    {"source_bytes_per_line", NULL, "sources in memory", "bytes/line", "", 1, 2, REPORT_MEDIAN},
    {"bytes_per_line", "purged", "all memory", "bytes/line", "", 1, 2, REPORT_MEDIAN},
    {"disk_bytes_per_line", "purged", "on disk", "bytes/line", "", 1, 2, REPORT_MEDIAN},
    {"lines_per_mib_with_disk", "purged", "memory and disk", "lines/MiB", "", 1, 0, REPORT_MEDIAN},
};
#define ON_DISK 4

static void draw_trees(const struct page *page, const struct table *table) {
  struct chart_row rows[PAGE_ROWS_MAX] = {0};
  struct chart_rows chart = {.title = "Bits that a node of a tree takes in memory, by combination",
                             .axis = "bits a node; logarithmic, less is better",
                             .series = {"all in memory", "the rest on disk"},
                             .series_count = 2,
                             .decimals = 2,
                             .logarithmic = true,
                             .reference = page->estimate ? page->estimate->total : NAN,
                             .rows = rows};
  for (unsigned r = 0; r < table->row_count && chart.row_count < PAGE_ROWS_MAX; r++) {
    if (!page->leads[r]) continue;
    struct chart_row *row = &rows[chart.row_count++];
    const struct table_cell *disk = table_at(table, r, ON_DISK);
    row->label = table->rows[r].name;
    row->note = table->rows[r].note;
    row->points[disk->missing || disk->value > 0] = point_of(table_at(table, r, 0));
  }
  fputs("<figure>\n", page->out);
  page_legend(page->out, page->estimate ? (const char *const[]){"k0", "trees are in memory", "k1",
                                                                "more of them may lie "
                                                                "on disk",
                                                                "kl", "limit", NULL}
                                        : (const char *const[]){"k0", "trees are in memory", "k1",
                                                                "more of them may lie "
                                                                "on disk",
                                                                NULL});
  chart_rows(page->out, &chart);
  fputs(
      "<figcaption>The heaps of the trees at rest, in bits, over the nodes they stand for. An open dot is a "
      "combination that "
      "writes files: what lies there is not in its figure, so it may stand below the limit without beating "
      "it.</figcaption>\n"
      "</figure>\n",
      page->out);
}

static void say_estimate(const struct page *page) {
  const struct report_estimate *estimate = page->estimate;
  char nodes[48];
  if (!estimate) {
    page_say(page, "note",
             "The limit is not marked: nothing was given that was measured about it. `phasebench estimate "
             "--corpus %s --json "
             "estimate.json` measures it, and `phasebench report --estimate estimate.json` draws it.",
             page->result->corpus);
    return;
  }
  number_readable(estimate->node_count, 0, nodes, sizeof nodes);
  page_say(page, NULL,
           "The limit, %.3f bits a node, is what an adaptive mixture of context models needs for the "
           "trees of %s: kinds %.3f, "
           "closes %.3f, paddings %.3f, lengths %.3f (%s nodes%s). It estimates coders that look at the same contexts, "
           "not everything "
           "that can be thought of, and what it codes can be neither walked nor looked into.",
           estimate->total, estimate->max_bytes > 0 ? "a sample of this corpus" : "this corpus", estimate->kinds,
           estimate->closes, estimate->paddings, estimate->lengths, nodes, estimate->max_bytes > 0 ? ", a sample" : "");
  struct summary counted = summary_missing("");
  for (unsigned g = 0; g < page->count && counted.missing; g++) {
    counted = metrics_find(page->result, page->groups[g], "nodes", NULL, NULL);
  }
  if (counted.missing || !(page->result->lines > 0)) return;
  page_say(page, NULL,
           "With %.2f nodes a line that is %.2f bytes a line for trees alone. Sources, programs and "
           "indexes come on top, and "
           "no limit is known for them here; so there is none in the picture of lines per MiB.",
           counted.median / page->result->lines, estimate->total / 8 * counted.median / page->result->lines);
}

bool page_trees(const struct page *page) {
  struct table table;
  static const struct report_wish wish = {
      .title = "What a line and a node cost at rest", .columns = tree_columns, .column_count = COUNT(tree_columns)};
  if (!report_table(page->result, page->profile, &wish, &table, page->fault)) return false;
  page_section(page, "trees", "Trees and their limit");
  draw_trees(page, &table);
  say_estimate(page);
  bool ok = page_table(page, &table, "lines", "", NULL);
  page_section_end(page);
  table_free(&table);
  return ok;
}
