/* SPDX-License-Identifier: MIT
 *
 * text.c - report.txt and report.md: the same tables, sentences and pictures, written into both. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/number.h"
#include "base/size.h"
#include "base/text.h"
#include "page.h"
#include "write.h"
#include "render/markdown.h"

static void write_both(const struct report *report, const struct table *table) {
  table_write_text(table, report->text);
  table_write_markdown(table, report->markdown);
}

static const char *or_unknown(const char *text) { return text ? text : "not known"; }

/* What the harness itself costs; nothing is taken off the results for it. */
static void write_instrument(const struct report *report, const struct result_group *group) {
  struct summary cost = metrics_find(report->result, group, "rss_above_start_bytes", "purged", NULL);
  if (cost.missing) {
    report_line(report, "instrument %s: %s", group->combination, cost.missing);
  } else {
    report_line(report, "instrument %s, which keeps nothing: %.2f MiB above `start` at `purged`", group->combination,
                cost.median / MIB);
  }
}

static void write_head(const struct report *report) {
  const struct result *r = report->result;
  char files[48], lines[48], bytes[48];
  number_readable(r->files, 0, files, sizeof files);
  number_readable(r->lines, 0, lines, sizeof lines);
  number_readable(r->bytes / MIB, 1, bytes, sizeof bytes);
  fprintf(report->text, "== %s: %s ==\n\n", r->corpus, r->corpus_title);
  fputs("## ", report->markdown);
  markdown_text(report->markdown, r->corpus);
  fputs(": ", report->markdown);
  markdown_text(report->markdown, r->corpus_title);
  fputs("\n\n", report->markdown);
  report_line(report, "corpus: %s files, %s lines, %s MiB, contents %s", files, lines, bytes, r->content_hash);
  for (unsigned i = 0; i < r->language_count; i++) {
    const struct result_language *l = &r->languages[i];
    report_line(report, "  %s: %.0f file%s, %.0f line%s, grammar %s %s", l->name, l->files, plural((uint64_t)l->files),
                l->lines, plural((uint64_t)l->lines), l->grammar_package, l->grammar_version);
  }
  report_line(report, "measured: %s, %u repetition%s, allocator profile %s, %s", r->created_utc, r->repetitions,
              plural(r->repetitions), report->profile, r->path);
  report_line(report, "machine: %s, %s", or_unknown(r->cpu_model), or_unknown(r->kernel));
  report_line(report, "phasebench %s, commit %s, %s build (%s, %s), tree-sitter %s, allocator %s%s", r->version,
              or_unknown(r->commit), r->build_type, or_unknown(r->compiler), or_unknown(r->compiler_flags),
              or_unknown(r->tree_sitter_version), r->allocator_version ? "jemalloc " : "",
              or_unknown(r->allocator_version));
  if (r->sanitizers[0]) {
    report_line(report, "WARNING: made by a build with sanitizers (%s): no figure counts", r->sanitizers);
  }
  for (unsigned i = 0; i < r->note_count; i++) report_line(report, "note: %s", r->notes[i]);
  for (unsigned g = 0; g < r->group_count; g++) {
    const struct result_group *group = &r->groups[g];
    if (strcmp(group->profile, report->profile) != 0) continue;
    if (group->instrument && group->ok) write_instrument(report, group);
    if (!group->ok) report_line(report, "FAILED: %s: %s", group->combination, group->reason);
  }
  report_line(report,
              "MiB = 1,048,576 bytes; figures are medians over repetitions; `start` is before the first "
              "document");
  fputc('\n', report->text);
  fputc('\n', report->markdown);
}

static void write_verdict(const struct report *report, const struct claim *claim, const char *checkpoint,
                          const struct claim_judgement *judged) {
  char claimed[CLAIM_TEXT_BYTES], measured[CLAIM_TEXT_BYTES], verdict[2 * CLAIM_TEXT_BYTES];
  bool whole_cell = strcmp(checkpoint, "-") == 0;
  claim_judgement_text(claim, judged, verdict, sizeof verdict);
  if (judged->verdict == CLAIM_NOT_MEASURED) {
    report_line(report, "%s%s%s: %s", claim->says, whole_cell ? "" : ", ", whole_cell ? "" : checkpoint, verdict);
    return;
  }
  claim_claimed_text(claim, claimed, sizeof claimed);
  claim_figure_text(claim, judged->measured.median, measured, sizeof measured);
  report_line(report, "%s%s%s: %s (claimed %s, measured %s, n = %u)", claim->says, whole_cell ? "" : ", ",
              whole_cell ? "" : checkpoint, verdict, claimed, measured, judged->measured.n);
}

/* Claims about this corpus; one whose combination was not measured takes one line. */
static void write_claims(const struct report *report) {
  unsigned elsewhere = 0;
  fputs("Claims\n\n", report->text);
  fputs("### Claims\n\n", report->markdown);
  for (unsigned i = 0; i < report->claims->count; i++) {
    const struct claim *claim = &report->claims->claims[i];
    if (!claim_is_about(claim, report->result->corpus)) {
      elsewhere++;
      continue;
    }
    if (!result_group(report->result, claim->combination, report->profile)) {
      report_line(report, "%s: not measured: the combination is not in this result", claim->says);
      continue;
    }
    for (unsigned c = 0; c < claim->checkpoint_count; c++) {
      struct claim_judgement judged = claim_judge(claim, report->result, report->profile, claim->checkpoints[c]);
      write_verdict(report, claim, claim->checkpoints[c], &judged);
    }
  }
  if (elsewhere) {
    report_line(report, "%u more claims are about other corpora: `phasebench claims` lists them", elsewhere);
  }
  fputc('\n', report->text);
  fputc('\n', report->markdown);
}

typedef bool table_fn(const struct result *result, const char *profile, struct table *table, struct fault *fault);
typedef bool picture_fn(const struct report *report, const struct table *table);

/* notes: lines below the table, ended by NULL; or NULL. */
static bool write_section(const struct report *report, table_fn *make, const char *const *notes, picture_fn *picture) {
  struct table table;
  if (!make(report->result, report->profile, &table, report->fault)) return false;
  write_both(report, &table);
  for (const char *const *note = notes; note && *note; note++) report_line(report, "%s", *note);
  if (notes) {
    fputc('\n', report->text);
    fputc('\n', report->markdown);
  }
  bool ok = !picture || picture(report, &table);
  table_free(&table);
  return ok;
}

static const char *const trust_notes[] = {
    "nodes proved: facts of each node compared with a fresh parse; edited documents are compared in both states, "
    "before and after, so this can be more than the corpus has",
    NULL};
static const char *const speed_notes[] = {
    "parse and walk: median of the repetitions, and their least and most",
    "ingest % of parse: parsing and freeing the trees alone, as a share of that and storing them too; 100 is as fast "
    "as parsing alone",
    "edits: all edited documents together; parse: into trees of the new texts (a codec without live trees parses the "
    "old text first, and that is in it); store: handing the new trees and sources to the stages",
    NULL};

static const char *const cold_open_notes[] = {
    "before each measurement the stages were told to evict; tree: a cursor is opened and all nodes are walked; source: "
    "all of it is pinned and a byte of each page read; parse: the same text, in memory, is parsed anew",
    "uncached: the store's files and the document's own were dropped from the page cache before; what a disk or a host "
    "keeps in memory is its own",
    "parse / tree: over the documents of the sample, how many times longer parsing took (median and least), and the "
    "share of documents for which parsing was quicker",
    NULL};

/* Only of a result that holds every subset of its stages: else most of it would be n/a. */
static bool write_attribution(const struct report *report) {
  if (!attribution_is_possible(report->result, report->profile)) return true;
  return write_section(report, report_attribution, report_attribution_notes, NULL) &&
         write_section(report, report_attribution_served, NULL, NULL) &&
         write_section(report, report_interactions, report_interactions_notes, NULL) &&
         write_section(report, report_prices, report_prices_notes, NULL);
}

static bool write_result(const struct report *report) {
  write_head(report);
  bool ok = write_section(report, report_memory, NULL, report_draw_lines);
  if (ok) write_claims(report);
  return ok && write_section(report, report_trade, NULL, NULL) && write_section(report, report_lines, NULL, NULL) &&
         write_attribution(report) && write_section(report, report_trust, trust_notes, NULL) &&
         write_section(report, report_speed, speed_notes, NULL) && write_section(report, report_latency, NULL, NULL) &&
         report_draw_latency(report) && report_draw_plane(report) &&
         write_section(report, report_cold_open, cold_open_notes, NULL) &&
         write_section(report, report_owners, NULL, report_draw_owners) &&
         write_section(report, report_checkpoints, NULL, report_draw_checkpoints);
}

/* ---- several results of one corpus ---- */

/* Letters, digits, '_' and '-' of the corpus's name; a number before it tells results
 * of one corpus apart. */
static void make_slug(struct report *report, int number, int count) {
  size_t used = 0;
  if (count > 1) used = (size_t)snprintf(report->slug, sizeof report->slug, "%d-", number);
  for (const char *c = report->result->corpus; *c && used + 1 < sizeof report->slug; c++) {
    bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' ||
                 (*c == '-' && used > 0);
    report->slug[used++] = plain ? *c : '_';
  }
  report->slug[used] = '\0';
}

/* What a line more costs, from the least to the largest; what does not grow with lines is not in it. */
static void write_slopes(const struct report *report, const struct table *table) {
  unsigned last = table->row_count - 1;
  double lines = table_at(table, last, 0)->value - table_at(table, 0, 0)->value;
  char from[48], to[48];
  number_readable(table_at(table, 0, 0)->value, 0, from, sizeof from);
  number_readable(table_at(table, last, 0)->value, 0, to, sizeof to);
  for (unsigned c = 1; c < table->column_count; c++) {
    const struct table_cell *least = table_at(table, 0, c), *largest = table_at(table, last, c);
    if (least->missing || largest->missing) continue;
    report_line(report, "%s: %.2f bytes for each line more, between %s and %s lines", table->columns[c].key,
                (largest->value - least->value) / lines, from, to);
  }
  fputc('\n', report->text);
  fputc('\n', report->markdown);
}

/* Of the corpus of results[first], unless it has been drawn, or there is one size of it only. */
static bool write_sweep(struct report *report, const struct result *const *results, unsigned count, unsigned first,
                        const char *profile) {
  struct table table;
  const struct result **members = calloc(count, sizeof *members);
  if (!members) return fault_set(report->fault, EXIT_CODE_SYSTEM, "out of memory");
  unsigned found = report_sweep_members(results, count, first, members);
  report->result = results[first];
  report->profile = result_profile(results[first], profile, report->fault);
  make_slug(report, (int)first + 1, (int)report_shown(results, count));
  bool ok = found == 0 || report_sweep(members, found, report->profile, &table, report->fault);
  if (ok && found > 0) {
    write_both(report, &table);
    write_slopes(report, &table);
    ok = report_draw_sweep(report, &table);
    table_free(&table);
  }
  free(members);
  return ok;
}

/* ---- all of it ---- */

bool report_write_results(struct report *report, struct report_page_input *input, const char *profile) {
  const struct result *const *results = input->results;
  char(*slugs)[REPORT_SLUG_BYTES] = calloc(input->count, sizeof *slugs);
  const char **names = calloc(input->count, sizeof *names), **profiles = calloc(input->count, sizeof *profiles);
  bool ok = slugs && names && profiles;
  if (!ok) fault_set(report->fault, EXIT_CODE_SYSTEM, "out of memory");
  for (unsigned i = 0; ok && i < input->count; i++) {
    report->result = results[i];
    report->profile = profiles[i] = result_profile(results[i], profile, report->fault);
    make_slug(report, (int)i + 1, (int)report_shown(results, input->count));
    memcpy(slugs[i], report->slug, sizeof slugs[i]);
    names[i] = slugs[i];
    ok = report->profile && (report_is_size_only(results, i) || write_result(report));
  }
  for (unsigned i = 0; ok && i < input->count; i++) ok = write_sweep(report, results, input->count, i, profile);
  input->slugs = names;
  input->profiles = profiles;
  ok = ok && report_page(input, report->fault);
  free(slugs);
  free(names);
  free(profiles);
  return ok;
}
