/* SPDX-License-Identifier: MIT
 *
 * gate_machine.c - what the gate found, for programs: JUnit XML, which CI systems show as tests (one suite a
 * group, one case a metric), and JSON (results/gate-outcome.schema.json). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "base/text.h"
#include "gate.h"

/* ---- JUnit ---- */

/* XML 1.0 has no control characters but tab and line ends, and bytes that are not UTF-8 end a parser. */
static void print_xml(const char *text, FILE *out) {
  size_t left = strlen(text);
  while (left > 0) {
    size_t bytes = utf8_sequence_bytes((const uint8_t *)text, left);
    unsigned char c = (unsigned char)*text;
    if (c == '&') fputs("&amp;", out);
    else if (c == '<') fputs("&lt;", out);
    else if (c == '>') fputs("&gt;", out);
    else if (c == '"') fputs("&quot;", out);
    else if (bytes == 0 || c < 0x20 || c == 0x7f) fputs("?", out);
    else fwrite(text, 1, bytes, out);
    text += bytes ? bytes : 1;
    left -= bytes ? bytes : 1;
  }
}

static void open_case(FILE *out, const char *class_name, const char *name, const char *checkpoint) {
  fputs("    <testcase classname=\"", out);
  print_xml(class_name, out);
  fputs("\" name=\"", out);
  print_xml(name, out);
  if (checkpoint) fputs(" at ", out);
  if (checkpoint) print_xml(checkpoint, out);
  fputs("\" time=\"0\">", out);
}

static void print_state(FILE *out, const char *element, const char *message) {
  fprintf(out, "<%s message=\"", element);
  print_xml(message, out);
  fputs("\"/>", out);
}

/* A regression is a failure; what could not be judged is an error; what gates nothing is skipped. */
static const char *state_of(const struct gate_line *line) {
  if (!line->gates || line->verdict == GATE_IS_NOT_MEASURED) return "skipped";
  if (line->verdict == GATE_IS_REGRESSED) return "failure";
  return line->verdict == GATE_IS_MISSING || line->verdict == GATE_IS_TOO_FEW ? "error" : NULL;
}

static void print_case(const struct gate_line *line, FILE *out) {
  char before[60], after[60], change[32], noise[32], message[800], group[300];
  gate_value_text(line->before, line->unit, before, sizeof before);
  gate_value_text(line->after, line->unit, after, sizeof after);
  gate_pct_text(line->change_pct, true, change, sizeof change);
  gate_pct_text(line->noise_pct, false, noise, sizeof noise);
  snprintf(message, sizeof message, "%s: %s, now %s (%s; A/A noise %s)%s%s", gate_verdict_name(line->verdict), before,
           after, change, noise, line->reason[0] ? ": " : "", line->reason);
  gate_group_text(line, group, sizeof group);
  open_case(out, group, line->rule ? line->name : "the whole group", line->checkpoint);
  const char *state = state_of(line);
  if (state) print_state(out, state, message);
  fputs("</testcase>\n", out);
}

static unsigned count_state(const struct gate *gate, unsigned from, unsigned to, const char *wanted) {
  unsigned count = 0;
  for (unsigned l = from; l < to; l++) {
    const char *state = state_of(&gate->lines[l]);
    count += state && strcmp(state, wanted) == 0;
  }
  return count;
}

static void print_suite(const struct gate *gate, unsigned from, unsigned to, FILE *out) {
  char group[300];
  gate_group_text(&gate->lines[from], group, sizeof group);
  fputs("  <testsuite name=\"", out);
  print_xml(group, out);
  fprintf(out, "\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\">\n", to - from,
          count_state(gate, from, to, "failure"), count_state(gate, from, to, "error"),
          count_state(gate, from, to, "skipped"));
  for (unsigned l = from; l < to; l++) print_case(&gate->lines[l], out);
  fputs("  </testsuite>\n", out);
}

static void print_claims_suite(const struct gate *gate, FILE *out) {
  fprintf(out, "  <testsuite name=\"claims\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"0\">\n",
          gate->claim_count, gate->refuted, gate->claims_missing);
  for (unsigned c = 0; c < gate->claim_count; c++) {
    const struct gate_claim *claim = &gate->claims[c];
    char message[200];
    snprintf(message, sizeof message, "%s, now %s", claim->before_text, claim->after_text);
    open_case(out, "claims", claim->id, claim->checkpoint);
    if (claim->verdict == GATE_IS_REGRESSED) print_state(out, "failure", message);
    if (claim->verdict == GATE_IS_MISSING) print_state(out, "error", message);
    fputs("</testcase>\n", out);
  }
  fputs("  </testsuite>\n", out);
}

static void print_refusal_suite(const struct gate *gate, FILE *out) {
  fputs("  <testsuite name=\"comparable\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n", out);
  open_case(out, "comparable", "the results are alike", NULL);
  char message[8192] = "";
  size_t used = 0;
  for (unsigned d = 0; d < gate->difference_count && used < sizeof message; d++) {
    const struct gate_difference *difference = &gate->differences[d];
    used += (size_t)snprintf(message + used, sizeof message - used, "%s%s: %s: %s, now %s", d ? "; " : "",
                             gate_comparability_name(difference->of), difference->what, difference->before,
                             difference->after);
  }
  print_state(out, "error", message);
  fputs("</testcase>\n  </testsuite>\n", out);
}

void gate_print_junit(const struct gate *gate, FILE *out) {
  unsigned lines = gate->line_count;
  fprintf(out,
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<testsuites name=\"phasebench gate\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\">\n",
          lines + gate->claim_count + !gate->comparable, count_state(gate, 0, lines, "failure") + gate->refuted,
          count_state(gate, 0, lines, "error") + gate->claims_missing + !gate->comparable,
          count_state(gate, 0, lines, "skipped"));
  for (unsigned from = 0, to; from < lines; from = to) {
    const struct gate_line *first = &gate->lines[from];
    for (to = from + 1; to < lines && strcmp(gate->lines[to].combination, first->combination) == 0 &&
                        strcmp(gate->lines[to].profile, first->profile) == 0;)
      to++;
    print_suite(gate, from, to, out);
  }
  if (gate->claim_count) print_claims_suite(gate, out);
  if (!gate->comparable) print_refusal_suite(gate, out);
  fputs("</testsuites>\n", out);
}

/* ---- JSON ---- */

static void add_figure(cJSON *object, const char *key, double value) {
  if (isfinite(value)) json_add_double(object, key, value);
  else json_add_text(object, key, NULL);
}

static void add_line(cJSON *list, const struct gate_line *line) {
  cJSON *object = json_add_object(list, NULL);
  json_add_text(object, "combination", line->combination);
  json_add_text(object, "compared_with", line->partner);
  json_add_text(object, "profile", line->profile);
  json_add_text(object, "checkpoint", line->checkpoint);
  json_add_text(object, "metric", line->rule ? line->name : NULL);
  json_add_text(object, "unit", line->unit);
  json_add_text(object, "kind", line->rule ? gate_kind_name(line->rule->kind) : NULL);
  json_add_bool(object, "gates", line->gates);
  add_figure(object, "before", line->before);
  add_figure(object, "after", line->after);
  json_add_u64(object, "before_n", line->a_count);
  json_add_u64(object, "after_n", line->b_count);
  add_figure(object, "change_pct", line->change_pct);
  add_figure(object, "noise_pct", line->noise_pct);
  add_figure(object, "p", line->p);
  add_figure(object, "p_adjusted", line->p_adjusted);
  json_add_text(object, "verdict", gate_verdict_name(line->verdict));
  json_add_text(object, "reason", line->reason);
}

static void add_side(cJSON *root, const char *key, const struct result *result) {
  cJSON *object = json_add_object(root, key);
  json_add_text(object, "file", result->path);
  json_add_text(object, "corpus", result->corpus);
  json_add_text(object, "created_utc", result->created_utc);
  json_add_text(object, "version", result->version);
  json_add_text(object, "commit", result->commit);
}

static void add_differences(cJSON *root, const struct gate *gate) {
  cJSON *list = json_add_array(root, "differences");
  for (unsigned d = 0; d < gate->difference_count; d++) {
    const struct gate_difference *difference = &gate->differences[d];
    cJSON *object = json_add_object(list, NULL);
    json_add_text(object, "of", gate_comparability_name(difference->of));
    json_add_text(object, "what", difference->what);
    json_add_text(object, "before", difference->before);
    json_add_text(object, "after", difference->after);
    json_add_text(object, "policy",
                  gate_refuses(gate, difference) ? gate_policy_name(GATE_REFUSE)
                                                 : gate_policy_name(gate->options.policies[difference->of]));
  }
}

void gate_print_json(const struct gate *gate, FILE *out) {
  char summary[300];
  enum exit_code code = gate_exit_code(gate);
  cJSON *root = json_new_object();
  json_add_text(root, "schema", "phasebench-gate-outcome-1");
  json_add_u64(root, "exit_code", (uint64_t)code);
  json_add_bool(root, "passed", code == EXIT_CODE_OK);
  gate_summary_text(gate, summary, sizeof summary);
  json_add_text(root, "summary", summary);
  json_add_double(root, "alpha", gate->config->alpha);
  add_side(root, "baseline", gate->before);
  add_side(root, "candidate", gate->after);
  add_differences(root, gate);
  cJSON *lines = json_add_array(root, "comparisons");
  for (unsigned l = 0; l < gate->line_count; l++) add_line(lines, &gate->lines[l]);
  cJSON *claims = json_add_array(root, "claims");
  for (unsigned c = 0; c < gate->claim_count; c++) {
    const struct gate_claim *claim = &gate->claims[c];
    cJSON *object = json_add_object(claims, NULL);
    json_add_text(object, "id", claim->id);
    json_add_text(object, "checkpoint", claim->checkpoint);
    json_add_text(object, "before", claim->before_text);
    json_add_text(object, "after", claim->after_text);
    json_add_text(object, "verdict", gate_verdict_name(claim->verdict));
  }
  char *text = cJSON_Print(root);
  if (text) fprintf(out, "%s\n", text);
  cJSON_free(text);
  cJSON_Delete(root);
}
