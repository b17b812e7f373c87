/* SPDX-License-Identifier: MIT
 *
 * page_cost.c - where the memory goes, when, and what it costs in time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "page.h"
#include "render/chart.h"
#include "render/html.h"

#define PARTS_MAX 32

/* ---- owners ---- */

static void per_line(const struct page *page, struct table *table) {
  snprintf(table->title, sizeof table->title, "Memory at rest by owner, bytes a line of code");
  for (unsigned c = 0; c < table->column_count; c++) table->columns[c].scale = 1, table->columns[c].decimals = 2;
  for (unsigned i = 0; i < table->row_count * table->column_count; i++) {
    if (page->result->lines > 0) table->cells[i].value /= page->result->lines;
    else if (!table->cells[i].missing) table->cells[i].missing = "the corpus has no lines";
  }
}

struct owner_bars {
  const char *labels[PAGE_ROWS_MAX], *notes[PAGE_ROWS_MAX], *parts[PARTS_MAX];
  unsigned colours[PARTS_MAX], rows, part_count;
  double values[PAGE_ROWS_MAX * PARTS_MAX], totals[PAGE_ROWS_MAX];
};

static void fill_bars(const struct page *page, const struct table *table, struct owner_bars *bars) {
  unsigned named = table->column_count - REPORT_OWNERS_FIXED;
  bars->part_count = table->column_count - 1; /* the last is the total */
  for (unsigned p = 0; p < bars->part_count; p++) {
    bars->parts[p] = table->columns[p].label;
    bars->colours[p] = p < named ? p : 7 + p - named;
  }
  for (unsigned r = 0; r < table->row_count && bars->rows < PAGE_ROWS_MAX; r++) {
    if (!page->leads[r]) continue;
    unsigned row = bars->rows++;
    const struct table_cell *total = table_at(table, r, table->column_count - 1);
    bars->labels[row] = table->rows[r].name;
    bars->notes[row] = table->rows[r].note[0] ? table->rows[r].note : total->missing ? total->missing : "";
    bars->totals[row] = total->missing ? 0 : total->value;
    for (unsigned p = 0; p < bars->part_count; p++) {
      const struct table_cell *cell = table_at(table, r, p);
      bars->values[row * bars->part_count + p] = cell->missing ? 0 : cell->value;
    }
  }
}

static void draw_owners(const struct page *page, const struct owner_bars *bars) {
  char classes[PARTS_MAX][8];
  const char *legend[2 * PARTS_MAX + 1] = {0};
  struct chart_bars chart = {.title = "Memory at rest by owner: what each combination's bytes consist of",
                             .axis = "share of the memory at rest, % (number: bytes a line)",
                             .shares = true,
                             .row_count = bars->rows,
                             .part_count = bars->part_count,
                             .labels = bars->labels,
                             .notes = bars->notes,
                             .parts = bars->parts,
                             .colours = bars->colours,
                             .values = bars->values,
                             .totals = bars->totals};
  for (unsigned p = 0; p < bars->part_count; p++) {
    snprintf(classes[p], sizeof classes[p], "kc c%u", bars->colours[p] % 100);
    legend[2 * p] = classes[p];
    legend[2 * p + 1] = bars->parts[p];
  }
  fputs("<figure>\n", page->out);
  page_legend(page->out, legend);
  chart_bars(page->out, &chart);
  fputs(
      "<figcaption>What each combination\u2019s memory consists of. All bars are equally long, so that small ones "
      "can be read; how much "
      "it is stands at the end of each row. The same on one scale:</figcaption>\n",
      page->out);
  chart.shares = false;
  chart.title = "Memory at rest by owner, bytes a line of code, all on one scale";
  chart.axis = "bytes a line of code";
  chart_bars(page->out, &chart);
  fputs(
      "<figcaption>The colours are heaps by the stage that asked for the memory; the greys are what no stage asked "
      "for: the "
      "allocator\u2019s own, files in the page cache that are mapped, grammars, the program, and what is not "
      "explained."
      "</figcaption>\n</figure>\n",
      page->out);
}

bool page_owners(const struct page *page) {
  struct table table;
  if (!report_owners(page->result, page->profile, &table, page->fault)) return false;
  per_line(page, &table);
  struct owner_bars *bars = calloc(1, sizeof *bars);
  bool ok = bars && table.column_count <= PARTS_MAX;
  if (!ok) fault_set(page->fault, EXIT_CODE_SYSTEM, "out of memory for the report");
  page_section(page, "owners", "Bytes a line by owner");
  if (ok) {
    fill_bars(page, &table, bars);
    draw_owners(page, bars);
    ok = page_table(page, &table, "owners", "owners", "The figures");
  }
  page_section_end(page);
  free(bars);
  table_free(&table);
  return ok;
}

/* ---- checkpoints ---- */

static bool draw_checkpoints(const struct page *page, const struct table *table) {
  const char *names[PAGE_ROWS_MAX], *points[CHECKPOINT_COUNT];
  double values[PAGE_ROWS_MAX * CHECKPOINT_COUNT];
  struct chart_lines chart = {.title = "Memory above start at each checkpoint, by combination",
                              .axis = "MiB above start; logarithmic",
                              .point_count = table->column_count,
                              .x_names = points,
                              .names = names,
                              .values = values};
  for (unsigned c = 0; c < table->column_count; c++) points[c] = table->columns[c].label;
  for (unsigned r = 0; r < table->row_count && chart.series_count < PAGE_ROWS_MAX; r++) {
    if (!page->leads[r]) continue;
    for (unsigned c = 0; c < table->column_count; c++) {
      const struct table_cell *cell = table_at(table, r, c);
      bool is_there = !cell->missing && cell->value > 0; /* the axis is logarithmic */
      values[chart.series_count * table->column_count + c] = is_there ? cell->value / MIB : NAN;
    }
    names[chart.series_count++] = page->groups[r]->combination;
  }
  fputs("<figure>\n", page->out);
  chart_lines(page->out, &chart);
  fputs("<ol class=\"key narrow\">\n", page->out);
  for (unsigned s = 0; s < chart.series_count; s++) html_element(page->out, "li", NULL, "%s", names[s]);
  fputs(
      "</ol>\n<figcaption>From left to right, one process: all documents are parsed and stored (ingested), the "
      "stages finalize, free "
      "pages are given back (purged: at rest), all nodes are walked, accesses are served (in service), documents "
      "are edited, and "
      "all are dropped (drained: what is left then is leaked or kept for later).</figcaption>\n</figure>\n",
      page->out);
  return true;
}

/* Of every checkpoint but the first, `start`, above which the others are. */
#define X(id, text, meaning)          \
  {.metric = "rss_above_start_bytes", \
   .checkpoint = text,                \
   .group = "",                       \
   .label = text,                     \
   .unit = "",                        \
   .scale = MIB,                      \
   .decimals = 2,                     \
   .part = REPORT_MEDIAN},
static const struct report_column checkpoint_columns[] = {CHECKPOINTS(X)};
#undef X

bool page_checkpoints(const struct page *page) {
  struct table table;
  static const struct report_wish wish = {.title = "Memory above the start at each checkpoint, MiB",
                                          .columns = checkpoint_columns + 1,
                                          .column_count = COUNT(checkpoint_columns) - 1};
  if (!report_table(page->result, page->profile, &wish, &table, page->fault)) return false;
  page_section(page, "checkpoints", "Memory over checkpoints");
  bool ok = draw_checkpoints(page, &table) && page_table(page, &table, "checkpoints", "checkpoints", "The figures");
  page_section_end(page);
  table_free(&table);
  return ok;
}

/* ---- latency ---- */

#define QUANTILES 4

static void latency_range(const struct page *page, const struct table *table, double *low, double *high) {
  for (unsigned r = 0; r < table->row_count; r++) {
    for (unsigned c = 0; c < table->column_count && page->leads[r]; c++) {
      const struct table_cell *cell = table_at(table, r, c);
      if (cell->missing || !(cell->value > 0)) continue;
      *low = fmin(*low, cell->value / 1000);
      *high = fmax(*high, cell->value / 1000);
    }
  }
}

static void draw_latency(const struct page *page, const struct table *table, unsigned class, double low, double high) {
  static const char *const says[] = {"hot: the few documents most accesses go to", "warm: the next ones",
                                     "cold: seldom", "frozen: hardly ever"};
  struct chart_row rows[PAGE_ROWS_MAX] = {0};
  char title[120];
  snprintf(title, sizeof title, "Latency of an access to a %s document: p50, p90, p99 and max, by combination",
           access_class_name((enum access_class) class));
  struct chart_rows chart = {.title = title,
                             .axis = "\u00b5s; logarithmic, less is better (number: p50)",
                             .series = {"p50", "p90", "p99", "max"},
                             .series_count = QUANTILES,
                             .valued = 1,
                             .decimals = 1,
                             .logarithmic = true,
                             .joined = true,
                             .reference = NAN,
                             .low = low,
                             .high = high,
                             .rows = rows};
  for (unsigned r = 0; r < table->row_count && chart.row_count < PAGE_ROWS_MAX; r++) {
    if (!page->leads[r]) continue;
    struct chart_row *row = &rows[chart.row_count++];
    row->label = table->rows[r].name;
    row->note = table->rows[r].note;
    for (unsigned q = 0; q < QUANTILES; q++) {
      const struct table_cell *cell = table_at(table, r, class * QUANTILES + q);
      row->points[q] = (struct chart_point){.is_there = !cell->missing, .value = cell->value / 1000};
    }
  }
  html_element(page->out, "p", "panel", "%s", says[class]);
  chart_rows(page->out, &chart);
}

bool page_latency(const struct page *page) {
  struct table table;
  double low = HUGE_VAL, high = 0;
  if (!report_quantiles(page->result, page->profile, &table, page->fault)) return false;
  latency_range(page, &table, &low, &high);
  page_section(page, "latency", "Latency by class");
  fputs("<figure class=\"latency\">\n", page->out);
  page_legend(page->out, (const char *const[]){"k0", "p50", "k1", "p90", "k2", "p99", "k3", "max", NULL});
  for (unsigned c = 0; c < ACCESS_CLASS_COUNT; c++) draw_latency(page, &table, c, low, high);
  fputs(
      "<figcaption>How long an access takes: half of them at most p50, 99 of 100 at most p99. Each dot is the "
      "median of that "
      "quantile over the repetitions. The longer the line, the less an access can be relied "
      "on.</figcaption>\n</figure>\n",
      page->out);
  bool ok = page_table(page, &table, "latency", "latency", "The figures");
  page_section_end(page);
  table_free(&table);
  return ok;
}

/* ---- the trade-off ---- */

static const struct report_column trade_columns[] = {
    {"bytes_per_line", "purged", "memory at rest", "bytes/line", "", 1, 2, REPORT_MEDIAN},
    {"walk_nodes_per_s", NULL, "walking", "M nodes/s", "", 1e6, 1, REPORT_MEDIAN},
    {"latency.hot.p50_ns", NULL, "access, p50", "hot", "\u00b5s", 1000, 1, REPORT_MEDIAN},
    {"latency.frozen.p50_ns", NULL, "access, p50", "frozen", "\u00b5s", 1000, 1, REPORT_MEDIAN},
    {"cold_open.tree_cached.p50_ns", NULL, "evicted tree, p50", "cached", "\u00b5s", 1000, 1, REPORT_MEDIAN},
    {"cold_open.tree_uncached.p50_ns", NULL, "evicted tree, p50", "uncached", "\u00b5s", 1000, 1, REPORT_MEDIAN},
};
static unsigned fill_dots(const struct table *plane, struct chart_dot *dots) {
  for (unsigned r = 0; r < plane->row_count; r++) {
    const struct table_cell *x = table_at(plane, r, REPORT_PLANE_X), *y = table_at(plane, r, REPORT_PLANE_Y);
    dots[r] = (struct chart_dot){.label = plane->rows[r].name,
                                 .x = {true, x->value, x->ci_low, x->ci_high},
                                 .y = {true, y->value, y->ci_low, y->ci_high},
                                 .on_frontier = table_at(plane, r, REPORT_PLANE_FRONTIER)->value > 0};
  }
  return plane->row_count;
}

static void draw_trade(const struct page *page, const struct chart_dot *dots, unsigned count) {
  struct chart_plane chart = {.title =
                                  "Bytes a line against time to walk a node, all combinations, with the frontier "
                                  "of those that "
                                  "nothing beats on both",
                              .axis_x = "bytes a line at rest; logarithmic, less is better",
                              .axis_y = "ns a node, walking all trees; logarithmic",
                              .dots = dots,
                              .dot_count = count};
  fputs("<figure>\n", page->out);
  page_legend(page->out,
              (const char *const[]){"k0", "on the frontier", "kd", "another is at least as good on both axes", NULL});
  chart_plane(page->out, &chart);
  fputs("<ol class=\"key\">\n", page->out);
  for (unsigned i = 0; i < count; i++) {
    if (!dots[i].on_frontier) continue;
    html_element(page->out, "li", NULL, "%s: %.3g bytes a line, %.3g ns a node", dots[i].label, dots[i].x.value,
                 dots[i].y.value);
  }
  fputs(
      "</ol>\n<figcaption>Left is smaller, down is faster. Whoever chooses a combination off the line could have "
      "one that is both "
      "smaller and faster, or as good in one; along the line, less memory costs time.</figcaption>\n</figure>\n",
      page->out);
}

bool page_trade(const struct page *page) {
  struct table table, plane;
  if (!report_plane(page->result, page->profile, &plane, page->fault)) return false;
  static const struct report_wish wish = {
      .title = "What is saved, and what it costs", .columns = trade_columns, .column_count = COUNT(trade_columns)};
  if (!report_table(page->result, page->profile, &wish, &table, page->fault)) {
    table_free(&plane);
    return false;
  }
  struct chart_dot *dots = calloc(plane.row_count + 1, sizeof *dots);
  bool ok = dots != NULL;
  if (!ok) fault_set(page->fault, EXIT_CODE_SYSTEM, "out of memory for the report");
  unsigned count = ok ? fill_dots(&plane, dots) : 0;
  page_section(page, "trade", "What it costs");
  if (count > 0) draw_trade(page, dots, count);
  else
    page_say(page, "note",
             "No combination has both a figure of memory and one of walking: there is nothing to "
             "draw.");
  ok = ok && page_table(page, &table, "trade", count > 0 ? "trade_off" : "", NULL);
  page_section_end(page);
  free(dots);
  table_free(&plane);
  table_free(&table);
  return ok;
}

/* ---- speed, and opening what is not in use ---- */

static const struct report_column speed_columns[] = {
    {"parse_mib_per_s", NULL, "ingest", "parse", "MiB/s", 1, 1, REPORT_MEDIAN},
    {"ingest_speed_pct", NULL, "ingest", "% of parse alone", "", 1, 1, REPORT_MEDIAN},
    {"walk_nodes_per_s", NULL, "walking", "M nodes/s", "", 1e6, 1, REPORT_MEDIAN},
    {"edit_parse_ns", NULL, "all edits", "parse", "ms", 1e6, 2, REPORT_MEDIAN},
    {"edit_store_ns", NULL, "all edits", "store", "ms", 1e6, 2, REPORT_MEDIAN},
};
static const struct report_column cold_open_columns[] = {
    {"cold_open.documents", NULL, "sample", "documents", "", 1, 0, REPORT_MEDIAN},
    {"cold_open.tree_cached.p50_ns", NULL, "tree, cached, \u00b5s", "p50", "", 1000, 1, REPORT_MEDIAN},
    {"cold_open.tree_cached.p99_ns", NULL, "tree, cached, \u00b5s", "p99", "", 1000, 1, REPORT_MEDIAN},
    {"cold_open.tree_uncached.p50_ns", NULL, "tree, uncached, \u00b5s", "p50", "", 1000, 1, REPORT_MEDIAN},
    {"cold_open.tree_uncached.p99_ns", NULL, "tree, uncached, \u00b5s", "p99", "", 1000, 1, REPORT_MEDIAN},
    {"cold_open.source_cached.p50_ns", NULL, "source, \u00b5s", "cached p50", "", 1000, 1, REPORT_MEDIAN},
    {"cold_open.source_uncached.p50_ns", NULL, "source, \u00b5s", "uncached p50", "", 1000, 1, REPORT_MEDIAN},
    {"cold_open.parse.p50_ns", NULL, "parse anew, \u00b5s", "p50", "", 1000, 1, REPORT_MEDIAN},
    {"cold_open.parse_over_tree_cached.p50", NULL, "parse / tree cached", "p50", "", 1, 1, REPORT_MEDIAN},
    {"cold_open.parse_over_tree_cached.min", NULL, "parse / tree cached", "least", "", 1, 2, REPORT_MEDIAN},
    {"cold_open.parse_over_tree_uncached.p50", NULL, "parse / tree uncached", "p50", "", 1, 1, REPORT_MEDIAN},
    {"cold_open.parse_over_tree_uncached.min", NULL, "parse / tree uncached", "least", "", 1, 2, REPORT_MEDIAN},
};

static bool one_table(const struct page *page, const struct report_wish *wish, const char *name) {
  struct table table;
  if (!report_table(page->result, page->profile, wish, &table, page->fault)) return false;
  bool ok = page_table(page, &table, name, "", NULL);
  table_free(&table);
  return ok;
}

bool page_more(const struct page *page) {
  static const struct report_wish speed = {.title = "Speed of ingest, walking and edits",
                                           .columns = speed_columns,
                                           .column_count = COUNT(speed_columns)},
                                  cold_open = {.title = "Opening a document that was evicted, beside parsing it",
                                               .columns = cold_open_columns,
                                               .column_count = COUNT(cold_open_columns)};
  page_section(page, "speed", "Speed");
  bool ok = one_table(page, &speed, "speed");
  page_say(page, "note",
           "%% of parse alone: parsing and freeing the trees, as a share of that and storing them too; "
           "100 is as fast as "
           "parsing alone.");
  page_section_end(page);
  page_section(page, "cold_open", "Documents that are not in use");
  ok = ok && one_table(page, &cold_open, "cold_open");
  page_say(page, "note",
           "Tree: a cursor is opened and all nodes are walked. Source: all of it is pinned and a byte "
           "of each page read. "
           "Cold: the store\u2019s files and the document\u2019s own were dropped from the page cache before. Parse / "
           "tree: how many times "
           "longer parsing takes, the median and the least over the documents of the sample.");
  page_section_end(page);
  return ok;
}
