/* SPDX-License-Identifier: MIT
 *
 * page_trust.c - why the figures can be believed and how far: proof, noise, environment, and all that
 * could not be measured. */
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/csv.h"
#include "page.h"
#include "render/html.h"

/* ---- noise and environment ---- */

static const struct report_column trust_columns[] = {
    {"documents_compared", NULL, "proved", "documents", "", 1, 0, REPORT_MEDIAN},
    {"nodes_compared", NULL, "proved", "nodes", "", 1, 0, REPORT_MEDIAN},
    {"mismatches", NULL, "proved", "mismatches", "", 1, 0, REPORT_MEDIAN},
    {"rss_noise_pct", NULL, "A/A noise", "RSS", "%", 1, 3, REPORT_MEDIAN},
    {"unexplained_bytes", "purged", "at rest", "unexplained", "KiB", 1024, 0, REPORT_MEDIAN},
};

static void say_interval(const struct page *page) {
  struct summary found = summary_missing("");
  for (unsigned g = 0; g < page->count && found.missing; g++) {
    found = metrics_find(page->result, page->groups[g], "rss_above_start_bytes", "purged", NULL);
  }
  if (found.missing) return;
  if (!(found.ci_level > 0)) {
    page_say(page, NULL,
             "There was one repetition: no figure on this page has an interval, and nothing is known of "
             "noise.");
    return;
  }
  page_say(page, NULL,
           "Figures are medians of %u repetitions, each in a process of its own, the combinations in "
           "turns. \u00b1 and whiskers "
           "are the interval between two of the measured values that holds the true median with a confidence of %.4g "
           "%%, "
           "whatever the values are distributed like; \u00b1 is its farther side, left out where it is less than the "
           "last digit shown.%s",
           found.n, 100 * found.ci_level,
           found.ci_level < SUMMARY_LEVEL ? " For 95 % six repetitions are needed (`phasebench run --reps 6`)." : "");
}

/* All that the file says under a head, such as "environment". */
static void write_facts(const struct page *page, const char *head, const char *folded) {
  size_t length = strlen(head);
  html_element(page->out, "summary", NULL, "%s", folded);
  fputs("<dl>\n", page->out);
  for (unsigned i = 0; i < page->result->fact_count; i++) {
    const struct result_fact *fact = &page->result->facts[i];
    if (strncmp(fact->path, head, length) != 0 || fact->path[length] != '.') continue;
    html_element(page->out, "dt", NULL, "%s", fact->path + length + 1);
    html_element(page->out, "dd", NULL, "%s", fact->text[0] ? fact->text : "none");
  }
  fputs("</dl>\n", page->out);
}

static void write_environment(const struct page *page) {
  const struct result *r = page->result;
  page_say(page, NULL, "Measured %s by phasebench %s on %s, %s; allocator profile %s.", r->created_utc, r->version,
           r->cpu_model ? r->cpu_model : "a processor that is not known",
           r->kernel ? r->kernel
                     : "a kernel that is "
                       "not known",
           page->profile);
  for (unsigned i = 0; i < r->note_count; i++) page_say(page, "note", "Note: %s", r->notes[i]);
  fputs("<details>\n", page->out);
  write_facts(page, "environment", "Machine and libraries");
  fputs("</details>\n<details>\n", page->out);
  write_facts(page, "phasebench", "The program that measured");
  fputs("</details>\n<details>\n", page->out);
  write_facts(page, "settings", "Settings of the run");
  fputs("</details>\n<details>\n", page->out);
  write_facts(page, "corpus", "Corpus");
  fputs("</details>\n", page->out);
}

bool page_trust(const struct page *page) {
  struct table table;
  static const struct report_wish wish = {
      .title = "Proof and noise", .columns = trust_columns, .column_count = COUNT(trust_columns)};
  if (!report_table(page->result, page->profile, &wish, &table, page->fault)) return false;
  page_section(page, "trust", "Environment, proof and noise");
  say_interval(page);
  page_say(page, NULL,
           "A/A noise is the range of the repetitions over their median: the same combination measured "
           "again differs by that "
           "much. A difference between two combinations that is not well above it says nothing. Nodes proved: facts "
           "of each node "
           "were compared with a fresh parse; edited documents in both states, so this can be more than the corpus "
           "has.");
  bool ok = page_table(page, &table, "trust", "", NULL);
  write_environment(page);
  page_section_end(page);
  table_free(&table);
  return ok;
}

/* ---- what could not be measured ---- */

struct absent {
  char *path;
  const char *reason;
  unsigned times;
  bool *in; /* of each combination */
};

struct collector {
  const struct page *page;
  struct absent *list;
  unsigned count, room;
  unsigned group; /* page->count: of no combination */
  bool failed;    /* out of memory */
};

static bool knows_reason(const struct collector *collector, const char *reason) {
  for (unsigned i = 0; i < collector->count; i++) {
    if (strcmp(collector->list[i].reason, reason) == 0) return true;
  }
  return false;
}

static struct absent *entry_of(struct collector *collector, const char *path, const char *reason) {
  for (unsigned i = 0; i < collector->count; i++) {
    struct absent *absent = &collector->list[i];
    if (strcmp(absent->path, path) == 0 && strcmp(absent->reason, reason) == 0) return absent;
  }
  if (collector->count == collector->room) {
    unsigned room = collector->room ? 2 * collector->room : 64;
    struct absent *more = realloc(collector->list, room * sizeof *more);
    if (!more) return NULL;
    collector->list = more;
    collector->room = room;
  }
  struct absent absent = {.path = strdup(path), .reason = reason};
  absent.in = calloc(collector->page->count + 1, sizeof *absent.in);
  if (!absent.path || !absent.in) {
    free(absent.path);
    free(absent.in);
    return NULL;
  }
  collector->list[collector->count] = absent;
  return &collector->list[collector->count++];
}

static void collect(struct collector *collector, const char *path, const char *reason) {
  struct absent *absent = entry_of(collector, path, reason);
  if (!absent) {
    collector->failed = true;
    return;
  }
  absent->times++;
  absent->in[collector->group] = true;
}

/* Figures that are made of others and have a reason of their own. */
static void collect_derived(void *sink, const struct metric *metric) {
  struct collector *collector = sink;
  const char *reason = metric->summary.missing;
  char path[METRIC_NAME_BYTES + 32];
  if (!reason || knows_reason(collector, reason)) return;
  snprintf(path, sizeof path, "%s%s%s", metric->name, metric->checkpoint ? " at " : "",
           metric->checkpoint ? metric->checkpoint : "");
  collect(collector, path, reason);
}

/* The combination's number; page->count: an instrument, or the run as a whole. */
static unsigned group_of(const struct page *page, const struct result_cell *cell) {
  unsigned group = 0;
  if (!cell) return page->count;
  while (group < page->count && strcmp(page->groups[group]->combination, cell->combination) != 0) group++;
  return group;
}

static void collect_all(struct collector *collector) {
  const struct page *page = collector->page;
  for (unsigned i = 0; i < page->result->reason_count; i++) {
    const struct result_reason *reason = &page->result->reasons[i];
    if (reason->cell && strcmp(reason->cell->profile, page->profile) != 0) continue;
    collector->group = group_of(page, reason->cell);
    collect(collector, reason->path, reason->reason);
  }
  for (collector->group = 0; collector->group < page->count; collector->group++) {
    metrics_emit(page->result, page->groups[collector->group], collect_derived, collector);
  }
}

static void where_text(const struct page *page, const struct absent *absent, char *text, size_t text_bytes) {
  unsigned in = 0;
  size_t used = 0;
  for (unsigned g = 0; g < page->count; g++) in += absent->in[g];
  if (in == page->count && in > 0) {
    snprintf(text, text_bytes, in > 1 ? "all %u combinations" : "the combination", in);
    return;
  }
  snprintf(text, text_bytes, in == 0 ? "the run, or an instrument" : "%s", "");
  for (unsigned g = 0; g < page->count && used + 300 < text_bytes; g++) {
    if (!absent->in[g]) continue;
    used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used ? ", " : "", page->groups[g]->combination);
  }
}

static void write_absent(const struct page *page, FILE *csv, const char *path, const char *reason, unsigned times,
                         const char *where) {
  char number[16];
  snprintf(number, sizeof number, "%u", times);
  fputs("<tr><th scope=\"row\">", page->out);
  html_text(page->out, path);
  fputs("</th><td class=\"w\">", page->out);
  html_text(page->out, reason);
  fputs("</td><td>", page->out);
  html_text(page->out, number);
  fputs("</td><td class=\"w\">", page->out);
  html_text(page->out, where);
  fputs("</td></tr>\n", page->out);
  const char *const fields[] = {path, reason, number, where};
  for (unsigned i = 0; i < COUNT(fields); i++) {
    if (i > 0) csv_next(csv);
    csv_field(csv, fields[i]);
  }
  csv_end(csv);
}

static unsigned write_failed(const struct page *page, FILE *csv) {
  unsigned count = 0;
  for (unsigned i = 0; i < page->result->cell_count; i++) {
    const struct result_cell *cell = &page->result->cells[i];
    char what[64];
    if (cell->ok || strcmp(cell->profile, page->profile) != 0) continue;
    snprintf(what, sizeof what, "whole cell, repetition %u: %.20s", cell->repetition + 1, cell->status);
    write_absent(page, csv, what, cell->reason ? cell->reason : "no reason was recorded", 1, cell->combination);
    count++;
  }
  return count;
}

static void write_list(const struct page *page, FILE *csv, const struct collector *collector) {
  fputs(
      "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"What could not be measured\">\n<table "
      "class=\"says\">\n"
      "<caption>Every figure that is null, and its reason</caption>\n<thead><tr><th scope=\"col\">figure</th><th "
      "scope=\"col\">"
      "reason</th><th scope=\"col\">times</th><th scope=\"col\">in</th></tr></thead>\n<tbody>\n",
      page->out);
  fputs("figure,reason,times,in\r\n", csv);
  unsigned count = write_failed(page, csv) + collector->count;
  for (unsigned i = 0; i < collector->count; i++) {
    char where[2048];
    where_text(page, &collector->list[i], where, sizeof where);
    write_absent(page, csv, collector->list[i].path, collector->list[i].reason, collector->list[i].times, where);
  }
  if (count == 0)
    fputs(
        "<tr><th scope=\"row\">nothing</th><td colspan=\"3\" class=\"w\">every figure is "
        "there</td></tr>\n",
        page->out);
  fputs("</tbody>\n</table>\n</div>\n", page->out);
}

bool page_missing(const struct page *page) {
  struct collector collector = {.page = page};
  FILE *csv = page_csv(page, "missing");
  if (!csv) return false;
  collect_all(&collector);
  page_section(page, "missing", "What could not be measured");
  page_say(page, NULL,
           "Nothing is estimated: a figure that could not be read is missing, with its reason, and so is "
           "all that would "
           "be made of it.");
  write_list(page, csv, &collector);
  page_csv_link(page, "missing", "");
  page_section_end(page);
  for (unsigned i = 0; i < collector.count; i++) {
    free(collector.list[i].path);
    free(collector.list[i].in);
  }
  free(collector.list);
  if (collector.failed) fault_set(page->fault, EXIT_CODE_SYSTEM, "out of memory for the report");
  return page_csv_close(page, csv, "missing") && !collector.failed;
}
