/* SPDX-License-Identifier: MIT
 *
 * compare_write.c - a comparison as text, CSV and JSON (results/compare.schema.json). */
#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "base/json_out.h"
#include "base/number.h"
#include "compare.h"
#include "render/table.h"

#define CELL_BYTES 64
#define CELLS 8

static const char *const side_names[COMPARE_SIDES] = {"A", "B"};

/* ---- text ---- */

static void write_head(const struct comparison *comparison, FILE *out) {
  for (unsigned s = 0; s < COMPARE_SIDES; s++) {
    const struct result *r = comparison->result[s];
    fprintf(out, "%s: %s: corpus %s, %s, phasebench %s%s%s, %u repetitions\n", side_names[s], r->path, r->corpus,
            r->created_utc, r->version, r->commit ? ", commit " : "", r->commit ? r->commit : "", r->repetitions);
  }
  fprintf(out, "allocator profile %s\n\n", comparison->profile);
  if (comparison->difference_count == 0) {
    fputs("Corpus, machine, program and settings are the same.\n\n", out);
    return;
  }
  fputs("They differ in:\n", out);
  for (unsigned i = 0; i < comparison->difference_count; i++) {
    const struct compare_difference *d = &comparison->differences[i];
    fprintf(out, "  %s: %s | %s\n", d->path, d->text[0] ? d->text[0] : "(not there)",
            d->text[1] ? d->text[1] : "(not there)");
  }
  if (comparison->unlike) fputs("The corpora are not the same: only figures a line or a node are compared.\n", out);
  fputc('\n', out);
}

static void write_figure(struct figure figure, const char *format, char *text) {
  if (figure.missing) snprintf(text, CELL_BYTES, "n/a");
  else snprintf(text, CELL_BYTES, format, figure.value);
}

static void row_cells(const struct compare_row *row, char cells[CELLS][CELL_BYTES]) {
  char number[CELL_BYTES - 1];
  snprintf(cells[0], CELL_BYTES, "%.60s", row->combination);
  for (unsigned s = 0; s < COMPARE_SIDES; s++) {
    if (row->side[s].missing) snprintf(cells[1 + s], CELL_BYTES, "n/a");
    else compare_number(row, row->side[s].median, cells[1 + s], CELL_BYTES);
    write_figure(compare_noise_of(&row->side[s]), "%.2f %%", cells[5 + s]);
  }
  struct figure difference = compare_difference_of(row);
  snprintf(cells[3], CELL_BYTES, "n/a");
  if (!difference.missing) {
    compare_number(row, difference.value, number, sizeof number);
    snprintf(cells[3], CELL_BYTES, "%s%s", difference.value > 0 ? "+" : "", number);
  }
  write_figure(compare_ratio_of(row), "%.4f", cells[4]);
  snprintf(cells[7], CELL_BYTES, "%s", compare_intervals_text(compare_intervals_of(row)));
}

static void write_metric(const struct comparison *comparison, unsigned first, FILE *out) {
  static const char *const heads[CELLS] = {"combination", "A",       "B",       "B - A",
                                           "B / A",       "noise A", "noise B", "intervals"};
  char cells[CELLS][CELL_BYTES], title[256];
  size_t widths[CELLS];
  for (unsigned c = 0; c < CELLS; c++) widths[c] = strlen(heads[c]);
  compare_metric_text(&comparison->rows[first], title, sizeof title);
  for (unsigned pass = 0; pass < 2; pass++) {
    if (pass == 1) {
      fprintf(out, "%s\n", title);
      for (unsigned c = 0; c < CELLS; c++) fprintf(out, c ? "  %*s" : "%-*s", (int)widths[c], heads[c]);
      fputc('\n', out);
    }
    for (unsigned r = first; r < comparison->row_count; r++) {
      if (!compare_same_metric(&comparison->rows[first], &comparison->rows[r])) continue;
      row_cells(&comparison->rows[r], cells);
      for (unsigned c = 0; c < CELLS; c++) {
        if (pass == 0) widths[c] = fmax((double)widths[c], (double)strlen(cells[c]));
        else fprintf(out, c ? "  %*s" : "%-*s", (int)widths[c], cells[c]);
      }
      if (pass == 1) fputc('\n', out);
    }
  }
  fputc('\n', out);
}

static void write_failures(const struct comparison *comparison, FILE *out) {
  for (unsigned s = 0; s < COMPARE_SIDES; s++) {
    const struct result *r = comparison->result[s];
    for (unsigned g = 0; g < r->group_count; g++) {
      const struct result_group *group = &r->groups[g];
      if (strcmp(group->profile, comparison->profile) != 0 || group->instrument) continue;
      if (!group->ok) fprintf(out, "FAILED in %s: %s: %s\n", side_names[s], group->combination, group->reason);
      if (!result_group(comparison->result[1 - s], group->combination, comparison->profile)) {
        fprintf(out, "only in %s: %s\n", side_names[s], group->combination);
      }
    }
  }
}

void compare_write_text(const struct comparison *comparison, bool all, FILE *out) {
  write_head(comparison, out);
  for (unsigned r = 0; r < comparison->row_count; r++) {
    bool shown = all || compare_is_headline(&comparison->rows[r]);
    if (shown && compare_is_first(comparison, r)) write_metric(comparison, r, out);
  }
  write_failures(comparison, out);
  fputs(
      "Figures are medians of the repetitions; noise is their range over the median; intervals are those of the "
      "medians\n"
      "(phasebench metrics), not known of one repetition. This shows and does not judge.\n",
      out);
}

/* ---- CSV ---- */

static void field(FILE *out, const char *text) {
  csv_next(out);
  csv_field(out, text);
}

static void number_field(FILE *out, struct figure figure) {
  char text[CELL_BYTES] = "";
  if (!figure.missing) number_exact(figure.value, text, sizeof text);
  field(out, text);
}

void compare_write_csv(const struct comparison *comparison, FILE *out) {
  fputs(
      "combination,metric,checkpoint,unit,a,a.ci_low,a.ci_high,a.n,b,b.ci_low,b.ci_high,b.n,difference,ratio,"
      "noise_a_pct,"
      "noise_b_pct,intervals,missing_a,missing_b\r\n",
      out);
  for (unsigned r = 0; r < comparison->row_count; r++) {
    const struct compare_row *row = &comparison->rows[r];
    csv_field(out, row->combination);
    field(out, row->metric);
    field(out, row->checkpoint ? row->checkpoint : "");
    field(out, row->unit);
    for (unsigned s = 0; s < COMPARE_SIDES; s++) {
      const struct summary *side = &row->side[s];
      const char *none = side->missing ? side->missing : side->ci_level > 0 ? NULL : "one repetition";
      number_field(out, (struct figure){side->median, side->missing});
      number_field(out, (struct figure){side->ci_low, none});
      number_field(out, (struct figure){side->ci_high, none});
      number_field(out, (struct figure){side->n, side->missing});
    }
    number_field(out, compare_difference_of(row));
    number_field(out, compare_ratio_of(row));
    number_field(out, compare_noise_of(&row->side[0]));
    number_field(out, compare_noise_of(&row->side[1]));
    field(out, compare_intervals_text(compare_intervals_of(row)));
    field(out, row->side[0].missing ? row->side[0].missing : "");
    field(out, row->side[1].missing ? row->side[1].missing : "");
    csv_end(out);
  }
}

/* ---- JSON ---- */

static void add_figure(cJSON *object, const char *key, struct figure figure) {
  if (figure.missing) json_add_missing(object, key, figure.missing);
  else json_add_double(object, key, figure.value);
}

static void add_side(cJSON *object, const char *key, const struct summary *summary) {
  if (summary->missing) {
    json_add_missing(object, key, summary->missing);
    return;
  }
  cJSON *side = json_add_object(object, key);
  json_add_u64(side, "n", summary->n);
  json_add_double(side, "median", summary->median);
  json_add_double(side, "min", summary->min);
  json_add_double(side, "max", summary->max);
  json_add_double(side, "ci_level", summary->ci_level);
  if (summary->ci_level > 0) {
    json_add_double(side, "ci_low", summary->ci_low);
    json_add_double(side, "ci_high", summary->ci_high);
  } else {
    json_add_missing(side, "ci_low", "one repetition has no interval");
    json_add_missing(side, "ci_high", "one repetition has no interval");
  }
}

static void add_row(cJSON *object, const struct compare_row *row) {
  enum compare_intervals intervals = compare_intervals_of(row);
  json_add_text(object, "combination", row->combination);
  json_add_text(object, "metric", row->metric);
  json_add_text(object, "checkpoint", row->checkpoint);
  json_add_text(object, "unit", row->unit);
  add_side(object, "a", &row->side[0]);
  add_side(object, "b", &row->side[1]);
  add_figure(object, "difference", compare_difference_of(row));
  add_figure(object, "ratio", compare_ratio_of(row));
  add_figure(object, "noise_a_pct", compare_noise_of(&row->side[0]));
  add_figure(object, "noise_b_pct", compare_noise_of(&row->side[1]));
  if (intervals == COMPARE_UNKNOWN) json_add_missing(object, "intervals_overlap", "one of them has no interval");
  else json_add_bool(object, "intervals_overlap", intervals == COMPARE_OVERLAP);
}

static void add_result(cJSON *object, const struct result *result) {
  json_add_text(object, "path", result->path);
  json_add_text(object, "corpus", result->corpus);
  json_add_text(object, "corpus_content_hash", result->content_hash);
  json_add_text(object, "created_utc", result->created_utc);
  json_add_text(object, "version", result->version);
  json_add_text(object, "commit", result->commit);
}

cJSON *compare_json(const struct comparison *comparison) {
  cJSON *root = json_new_object();
  json_add_text(root, "schema", COMPARE_SCHEMA);
  add_result(json_add_object(root, "a"), comparison->result[0]);
  add_result(json_add_object(root, "b"), comparison->result[1]);
  json_add_text(root, "profile", comparison->profile);
  json_add_bool(root, "same_corpus", !comparison->unlike);
  cJSON *differences = json_add_array(root, "differences");
  for (unsigned i = 0; i < comparison->difference_count; i++) {
    const struct compare_difference *d = &comparison->differences[i];
    cJSON *difference = json_add_object(differences, NULL);
    json_add_text(difference, "path", d->path);
    json_add_text(difference, "a", d->text[0]);
    json_add_text(difference, "b", d->text[1]);
  }
  cJSON *rows = json_add_array(root, "rows");
  for (unsigned r = 0; r < comparison->row_count; r++) add_row(json_add_object(rows, NULL), &comparison->rows[r]);
  return root;
}
