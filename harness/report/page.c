/* SPDX-License-Identifier: MIT
 *
 * page.c - index.html: the order of a report's parts, and of several results. */
#include "page.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/number.h"
#include "base/size.h"
#include "render/chart.h"
#include "render/html.h"

#define PATH_BYTES 4300

/* ---- several sizes of one corpus ---- */

static void draw_sweep(const struct page *page, const struct table *table) {
  unsigned columns = table->column_count - 1;
  const char **names = calloc(columns + 1, sizeof *names);
  double *values = calloc((size_t)(columns + 1) * table->row_count, sizeof *values);
  double *x = calloc(table->row_count, sizeof *x);
  if (!names || !values || !x) goto free_all; /* the table is there */
  struct chart_lines chart = {.title = "Memory at rest over lines of code, by combination",
                              .axis = "MiB above start at rest; logarithmic",
                              .across = "lines of code; logarithmic",
                              .logarithmic_x = true,
                              .point_count = table->row_count,
                              .x = x,
                              .names = names,
                              .values = values};
  for (unsigned r = 0; r < table->row_count; r++) x[r] = table_at(table, r, 0)->value;
  for (unsigned c = 0; c < columns && c < PAGE_ROWS_MAX; c++) {
    for (unsigned r = 0; r < table->row_count; r++) {
      const struct table_cell *cell = table_at(table, r, c + 1);
      values[chart.series_count * table->row_count + r] = cell->missing || !(cell->value > 0) ? NAN : cell->value / MIB;
    }
    names[chart.series_count++] = table->columns[c + 1].key;
  }
  fputs("<figure>\n", page->out);
  chart_lines(page->out, &chart);
  fputs("<ol class=\"key narrow\">\n", page->out);
  for (unsigned s = 0; s < chart.series_count; s++) html_element(page->out, "li", NULL, "%s", names[s]);
  fputs(
      "</ol>\n<figcaption>Both axes are logarithmic: memory in proportion to the lines rises by one decade a "
      "decade. What is flatter "
      "has a part that does not grow with the corpus.</figcaption>\n</figure>\n",
      page->out);
free_all:
  free(names);
  free(values);
  free(x);
}

static bool page_sweep(struct page *page, const struct report_page_input *input, unsigned first) {
  struct table table;
  const struct result **members = calloc(input->count, sizeof *members);
  if (!members) return fault_set(page->fault, EXIT_CODE_SYSTEM, "out of memory for the report");
  unsigned found = report_sweep_members(input->results, input->count, first, members);
  bool ok = found == 0 || report_sweep(members, found, page->profile, &table, page->fault);
  if (ok && found > 0) {
    page_section(page, "sweep", "Memory over the size of the corpus");
    draw_sweep(page, &table);
    bool *leads = page->leads;
    unsigned lead_count = page->lead_count, count = page->count;
    page->leads = NULL;
    page->lead_count = page->count = 0;
    ok = page_table(page, &table, "rss_over_lines", "rss_over_lines", "The figures");
    page->leads = leads;
    page->lead_count = lead_count;
    page->count = count;
    page_section_end(page);
    table_free(&table);
  }
  free(members);
  return ok;
}

/* ---- one result ---- */

static bool list_groups(struct page *page) {
  const struct result *result = page->result;
  page->groups = calloc(result->group_count + 1, sizeof *page->groups);
  page->leads = calloc(result->group_count + 1, sizeof *page->leads);
  bool ok = page->groups && page->leads;
  for (unsigned g = 0; ok && g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (strcmp(group->profile, page->profile) != 0 || group->instrument) continue;
    bool leads = page->lead_count < PAGE_ROWS_MAX && report_is_drawn(result, page->profile, group->combination);
    page->leads[page->count] = leads;
    page->lead_count += leads;
    page->groups[page->count++] = group;
  }
  if (ok) return true;
  return fault_set(page->fault, EXIT_CODE_SYSTEM, "%s: out of memory for the report", result->path);
}

static void write_facts(const struct page *page) {
  const struct result *r = page->result;
  char files[48], lines[48], bytes[48];
  number_readable(r->files, 0, files, sizeof files);
  number_readable(r->lines, 0, lines, sizeof lines);
  number_readable(r->bytes / MIB, 1, bytes, sizeof bytes);
  page_say(page, "facts",
           "%s: %s files, %s lines, %s MiB. Measured %.10s, %u repetition%s, %u combination%s, "
           "allocator profile %s.",
           r->corpus_title, files, lines, bytes, r->created_utc, r->repetitions, r->repetitions == 1 ? "" : "s",
           page->count, page->count == 1 ? "" : "s", page->profile);
}

static void write_contents(const struct page *page, bool has_sweep) {
  static const char *const entries[][2] = {{"claims", "Claims"},
                                           {"memory", "Lines per MiB"},
                                           {"trees", "Trees and their limit"},
                                           {"owners", "Owners"},
                                           {"checkpoints", "Checkpoints"},
                                           {"latency", "Latency"},
                                           {"trade", "What it costs"},
                                           {"attribution", "Which stage"},
                                           {"speed", "Speed"},
                                           {"cold_open", "Not in use"},
                                           {"sweep", "Size"},
                                           {"trust", "Environment and noise"},
                                           {"missing", "Not measured"}};
  fprintf(page->out, "<nav aria-label=\"Parts of this page\"><ul>\n");
  for (unsigned i = 0; i < COUNT(entries); i++) {
    if (strcmp(entries[i][0], "sweep") == 0 && !has_sweep) continue;
    fprintf(page->out, "<li><a href=\"#%s-%s\">", page->slug, entries[i][0]);
    html_text(page->out, entries[i][1]);
    fputs("</a></li>\n", page->out);
  }
  fputs("</ul></nav>\n", page->out);
}

static bool has_sweep(const struct report_page_input *input, unsigned first) {
  const struct result **members = calloc(input->count, sizeof *members);
  bool has = members && report_sweep_members(input->results, input->count, first, members) > 0;
  free(members);
  return has;
}

static bool write_parts(struct page *page, const struct report_page_input *input, unsigned number) {
  write_facts(page);
  bool ok = page_answer(page);
  write_contents(page, has_sweep(input, number));
  ok = ok && page_claims(page) && page_memory(page) && page_trees(page) && page_owners(page) &&
       page_checkpoints(page) && page_latency(page) && page_trade(page) && page_attribution(page) && page_more(page) &&
       page_sweep(page, input, number) && page_trust(page) && page_missing(page);
  return ok;
}

static bool write_result(FILE *out, const struct report_page_input *input, unsigned number, struct fault *fault) {
  unsigned shown = report_shown(input->results, input->count);
  struct page page = {.out = out,
                      .directory = input->directory,
                      .slug = input->slugs[number],
                      .result = input->results[number],
                      .profile = input->profiles[number],
                      .claims = input->claims,
                      .level = shown > 1 ? 3 : 2,
                      .fault = fault};
  for (unsigned b = 0; b < input->estimate_count; b++) {
    if (strcmp(input->estimates[b].content_hash, page.result->content_hash) == 0) page.estimate = &input->estimates[b];
  }
  fputs("<article>\n", out);
  html_element(out, shown > 1 ? "h2" : "h1", NULL,
               shown > 1 ? "%s"
                         : "%s: what its syntax trees take "
                           "in memory",
               page.result->corpus);
  bool ok = list_groups(&page) && write_parts(&page, input, number);
  fputs("</article>\n", out);
  free(page.groups);
  free(page.leads);
  return ok;
}

/* ---- the page ---- */

/* A limit of another corpus would be drawn nowhere, and nobody would know why. */
static bool check_bounds(const struct report_page_input *input, struct fault *fault) {
  for (unsigned b = 0; b < input->estimate_count; b++) {
    bool used = false;
    for (unsigned i = 0; i < input->count && !used; i++) {
      used = strcmp(input->estimates[b].content_hash, input->results[i]->content_hash) == 0;
    }
    if (used) continue;
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: --estimate is about other contents (corpus %s, hash %s) than any of the results (%s: %s); "
                     "measure the "
                     "same corpus with `phasebench estimate`",
                     input->estimates[b].path, input->estimates[b].corpus, input->estimates[b].content_hash,
                     input->results[0]->corpus, input->results[0]->content_hash);
  }
  return true;
}

static bool write_page(FILE *out, const struct report_page_input *input, struct fault *fault) {
  char title[300];
  unsigned shown = report_shown(input->results, input->count);
  if (shown == 1) {
    snprintf(title, sizeof title, "phasebench: %.200s", input->results[0]->corpus);
  } else {
    snprintf(title, sizeof title, "phasebench: %u results", shown);
  }
  if (!html_begin(out, title, fault)) return false;
  fputs("<main>\n", out);
  if (shown > 1) html_element(out, "h1", NULL, "What syntax trees take in memory: %u results", shown);
  for (unsigned i = 0; i < input->count; i++) {
    if (!report_is_size_only(input->results, i) && !write_result(out, input, i, fault)) return false;
  }
  fputs("</main>\n<footer>\n", out);
  html_element(out, "p", NULL,
               "Written by phasebench report. MiB = 1,048,576 bytes. Memory above the start is above what the process "
               "held before the first document. The page needs nothing "
               "from the network; the CSV files lie beside it.");
  fputs("</footer>\n", out);
  html_end(out);
  return true;
}

bool report_page(const struct report_page_input *input, struct fault *fault) {
  char path[PATH_BYTES];
  if (!check_bounds(input, fault)) return false;
  snprintf(path, sizeof path, "%s/index.html", input->directory);
  FILE *out = fopen(path, "w");
  if (!out) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
  bool ok = write_page(out, input, fault), written = !ferror(out);
  if (fclose(out) != 0) written = false;
  if (ok && !written) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: writing failed: %s", path, strerror(errno));
  return ok;
}
