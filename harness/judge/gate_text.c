/* SPDX-License-Identifier: MIT
 *
 * gate_text.c - what the gate found, for people: aligned text for a terminal, Markdown for a pull request. Lines
 * that did not change are counted, the others shown with before, after, change, noise and p. */
#include <math.h>
#include <string.h>

#include "base/count.h"
#include "gate.h"
#include "render/markdown.h"

void gate_value_text(double value, const char *unit, char *text, unsigned text_bytes) {
  char digits[40];
  if (isnan(value)) {
    snprintf(text, text_bytes, "-");
    return;
  }
  bool whole = value == floor(value) || fabs(value) >= 100000;
  snprintf(digits, sizeof digits, whole ? "%.0f" : "%.4g", value);
  size_t used = 0, length = strspn(digits + (digits[0] == '-'), "0123456789") + (digits[0] == '-');
  for (size_t i = 0; digits[i] && used + 3 < text_bytes; i++) {
    if (i > 0 && i < length && (length - i) % 3 == 0 && digits[i - 1] != '-') text[used++] = ',';
    text[used++] = digits[i];
  }
  text[used] = '\0';
  if (unit && strcmp(unit, "1") != 0) snprintf(text + used, text_bytes - used, " %s", unit);
}

void gate_pct_text(double pct, bool sign, char *text, unsigned text_bytes) {
  if (isnan(pct)) snprintf(text, text_bytes, "-");
  else
    snprintf(text, text_bytes,
             pct == 0           ? "0 %%"
             : fabs(pct) < 0.01 ? (sign ? "%+.1e %%" : "%.1e %%")
             : sign             ? "%+.2f %%"
                                : "%.2f %%",
             pct);
}

static void p_text(double p, char *text, unsigned text_bytes) {
  if (isnan(p)) snprintf(text, text_bytes, "-");
  else snprintf(text, text_bytes, p < 0.0001 ? "%.0e" : "%.4f", p);
}

void gate_group_text(const struct gate_line *line, char *text, unsigned text_bytes) {
  bool same = strcmp(line->combination, line->partner) == 0;
  snprintf(text, text_bytes, "%.120s%s%.120s, %.40s", line->combination, same ? "" : " against ",
           same ? "" : line->partner, line->profile);
}

void gate_summary_text(const struct gate *gate, char *text, unsigned text_bytes) {
  const unsigned *n = gate->counts;
  if (!gate->comparable) {
    snprintf(text, text_bytes, "the results are not comparable");
    return;
  }
  snprintf(
      text, text_bytes,
      "%u regressed, %u improved, %u unchanged, %u missing, %u with too few repetitions, %u not measured; of what is "
      "only reported: %u worse, %u that so few repetitions cannot tell",
      n[GATE_IS_REGRESSED], n[GATE_IS_IMPROVED], n[GATE_IS_UNCHANGED], n[GATE_IS_MISSING], n[GATE_IS_TOO_FEW],
      n[GATE_IS_NOT_MEASURED], gate->reported_worse, gate->reported_too_few);
}

/* Reported ones are shown where they changed or cannot be told; their verdicts say what they are. */
static bool is_shown(const struct gate *gate, const struct gate_line *line) {
  if (gate->options.all) return line->gates || line->verdict != GATE_IS_NOT_MEASURED;
  if (line->verdict == GATE_IS_UNCHANGED || line->verdict == GATE_IS_NOT_MEASURED) return false;
  return line->gates || line->verdict == GATE_IS_REGRESSED || line->verdict == GATE_IS_IMPROVED;
}

struct cells {
  char group[300], metric[200], before[60], after[60], change[32], noise[32], p[32], verdict[60];
};

static void cells_of(const struct gate_line *line, struct cells *c) {
  gate_group_text(line, c->group, sizeof c->group);
  snprintf(c->metric, sizeof c->metric, "%s%s%s", line->rule ? line->name : "the whole group",
           line->checkpoint ? " at " : "", line->checkpoint ? line->checkpoint : "");
  gate_value_text(line->before, line->unit, c->before, sizeof c->before);
  gate_value_text(line->after, line->unit, c->after, sizeof c->after);
  gate_pct_text(line->change_pct, true, c->change, sizeof c->change);
  gate_pct_text(line->noise_pct, false, c->noise, sizeof c->noise);
  p_text(line->p_adjusted, c->p, sizeof c->p);
  snprintf(c->verdict, sizeof c->verdict, "%s%s", gate_verdict_name(line->verdict), line->gates ? "" : " (reported)");
}

static void print_rows(const struct gate *gate, FILE *out) {
  char last[300] = "";
  struct cells c;
  for (unsigned l = 0; l < gate->line_count; l++) {
    const struct gate_line *line = &gate->lines[l];
    if (!is_shown(gate, line)) continue;
    if (!last[0]) {
      fprintf(out, "\n  %-40s %20s %20s %10s %9s %8s  %s\n", "metric", "before", "after", "change", "A/A noise", "p",
              "verdict");
    }
    cells_of(line, &c);
    if (strcmp(last, c.group) != 0) fprintf(out, "\n%s\n", c.group);
    memcpy(last, c.group, sizeof last);
    fprintf(out, "  %-40s %20s %20s %10s %9s %8s  %s\n", c.metric, c.before, c.after, c.change, c.noise, c.p,
            c.verdict);
    if (line->reason[0]) fprintf(out, "    %s\n", line->reason);
  }
}

static const char *treated(const struct gate *gate, const struct gate_difference *difference) {
  return gate_refuses(gate, difference) ? "refused" : gate_policy_name(gate->options.policies[difference->of]);
}

void gate_print_text(const struct gate *gate, FILE *out) {
  char summary[300];
  fprintf(out, "baseline   %s (%s, %s)\ncandidate  %s (%s, %s)\n", gate->before->path, gate->before->corpus,
          gate->before->created_utc, gate->after->path, gate->after->corpus, gate->after->created_utc);
  for (unsigned d = 0; d < gate->difference_count; d++) {
    const struct gate_difference *difference = &gate->differences[d];
    fprintf(out, "unlike     %s: %s: %s, now %s [%s]\n", gate_comparability_name(difference->of), difference->what,
            difference->before, difference->after, treated(gate, difference));
  }
  print_rows(gate, out);
  for (unsigned c = 0; c < gate->claim_count; c++) {
    const struct gate_claim *claim = &gate->claims[c];
    fprintf(out, "\nclaim %s at %s: %s, now %s", claim->id, claim->checkpoint, claim->before_text, claim->after_text);
  }
  gate_summary_text(gate, summary, sizeof summary);
  enum exit_code code = gate_exit_code(gate);
  fprintf(out, "%s\n%s\n%s: %s\n", gate->claim_count ? "\n" : "", summary, code == EXIT_CODE_OK ? "PASSED" : "FAILED",
          exit_code_text(code));
}

/* ---- Markdown ---- */

static void print_cell(const char *text, FILE *out) {
  fputs(" ", out);
  markdown_text(out, text);
  fputs(" |", out);
}

static void print_markdown_rows(const struct gate *gate, FILE *out) {
  struct cells c;
  bool headed = false;
  for (unsigned l = 0; l < gate->line_count; l++) {
    const struct gate_line *line = &gate->lines[l];
    if (!is_shown(gate, line)) continue;
    if (!headed) {
      fputs(
          "\n| combination | metric | before | after | change | A/A noise | p | verdict |\n"
          "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n",
          out);
    }
    headed = true;
    cells_of(line, &c);
    const char *const texts[] = {c.group, c.metric, c.before, c.after, c.change, c.noise, c.p, c.verdict};
    fputs("|", out);
    for (size_t t = 0; t < COUNT(texts); t++) {
      if (t + 1 < COUNT(texts) || !line->reason[0]) print_cell(texts[t], out);
      else {
        fputs(" ", out);
        markdown_text(out, texts[t]);
        fputs(": ", out);
        markdown_text(out, line->reason);
        fputs(" |", out);
      }
    }
    fputs("\n", out);
  }
}

void gate_print_markdown(const struct gate *gate, FILE *out) {
  enum exit_code code = gate_exit_code(gate);
  char summary[300];
  gate_summary_text(gate, summary, sizeof summary);
  fprintf(out, "### phasebench gate: %s\n\n%s (exit code %d).\n\n%s.\n", code == EXIT_CODE_OK ? "passed" : "failed",
          exit_code_text(code), (int)code, summary);
  for (unsigned d = 0; d < gate->difference_count; d++) {
    const struct gate_difference *difference = &gate->differences[d];
    fprintf(out, "%s- %s differs (%s): ", d ? "" : "\n", gate_comparability_name(difference->of),
            treated(gate, difference));
    markdown_text(out, difference->what);
    fputs(", ", out);
    markdown_text(out, difference->before);
    fputs(", now ", out);
    markdown_text(out, difference->after);
    fputs("\n", out);
  }
  print_markdown_rows(gate, out);
  for (unsigned c = 0; c < gate->claim_count; c++) {
    const struct gate_claim *claim = &gate->claims[c];
    fputs(c ? "- claim " : "\n- claim ", out);
    markdown_text(out, claim->id);
    fputs(" at ", out);
    markdown_text(out, claim->checkpoint);
    fprintf(out, ": %s, now %s\n", claim->before_text, claim->after_text);
  }
}
