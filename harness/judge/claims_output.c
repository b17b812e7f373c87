/* SPDX-License-Identifier: MIT
 *
 * claims_output.c - what claims_output.h describes: for people, as text and as Markdown. */
#include "claims_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "base/text_append.h"
#include "render/markdown.h"

#define CONTRADICTION_BYTES 16384

/* ---- judging all ---- */

static void add_rows(struct claims_verdicts *v, const struct claim *claim, const struct claims_result *of) {
  for (unsigned c = 0; c < claim->checkpoint_count; c++) {
    struct claims_row *row = &v->rows[v->row_count++];
    *row = (struct claims_row){claim, of, claim->checkpoints[c], {.verdict = CLAIM_NOT_MEASURED}};
    if (of) {
      row->judgement = claim_judge(claim, of->result, of->profile, row->checkpoint);
    } else {
      row->judgement.measured = summary_missing("no result of a corpus that the claim is about was given");
    }
  }
}

/* Of what was measured the worst: a claim that holds at rest and not in service does not hold. */
static enum claim_verdict count_claim(struct claims_verdicts *v, const struct claims_row *rows, unsigned count) {
  enum claim_verdict worst = CLAIM_NOT_MEASURED;
  bool undecided = false;
  for (unsigned r = 0; r < count; r++) {
    enum claim_verdict verdict = rows[r].judgement.verdict;
    if (verdict == CLAIM_NOT_MEASURED) continue;
    if (worst == CLAIM_NOT_MEASURED || verdict < worst) worst = verdict;
    if (!rows[r].judgement.decided) undecided = true;
  }
  v->counts[worst]++;
  v->undecided += undecided;
  return worst;
}

bool claims_verdicts_new(const struct claims *claims, const struct claims_result *results, unsigned result_count,
                         struct claims_verdicts *v, struct fault *fault) {
  size_t room = 1;
  *v = (struct claims_verdicts){.claims = claims, .results = results, .result_count = result_count};
  for (unsigned i = 0; i < claims->count; i++) room += (size_t)claims->claims[i].checkpoint_count * (result_count + 1);
  v->rows = calloc(room, sizeof *v->rows);
  v->worst = calloc((size_t)claims->count + 1, sizeof *v->worst);
  if (!v->rows || !v->worst) {
    claims_verdicts_free(v);
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", claims->path);
  }
  for (unsigned i = 0; result_count && i < claims->count; i++) {
    const struct claim *claim = &claims->claims[i];
    unsigned first = v->row_count;
    for (unsigned r = 0; r < result_count; r++) {
      if (claim_is_about(claim, results[r].result->corpus)) add_rows(v, claim, &results[r]);
    }
    if (v->row_count == first) add_rows(v, claim, NULL);
    v->worst[i] = count_claim(v, &v->rows[first], v->row_count - first);
  }
  if (claims_contradictions(claims, &v->contradictions, fault)) return true;
  claims_verdicts_free(v);
  return false;
}

void claims_verdicts_free(struct claims_verdicts *v) {
  claims_contradictions_free(&v->contradictions);
  free(v->rows);
  free(v->worst);
  *v = (struct claims_verdicts){0};
}

/* ---- words that both forms share ---- */

static void print_summary(const struct claims_verdicts *v) {
  printf(
      "Of %u claims %u are exceeded, %u reproduced, %u there but not as good as claimed, %u refuted, %u not "
      "measured (each by the worst of its verdicts).\n",
      v->claims->count, v->counts[CLAIM_EXCEEDED], v->counts[CLAIM_REPRODUCED], v->counts[CLAIM_SMALLER],
      v->counts[CLAIM_REFUTED], v->counts[CLAIM_NOT_MEASURED]);
  if (v->undecided) {
    printf(
        "Of %u the confidence interval does not settle a verdict: it reaches another one, or there was one "
        "repetition.\n",
        v->undecided);
  }
  printf("The ledger contradicts itself %u times.\n", v->contradictions.count);
}

static void print_sanitizers(const struct result *result, const char *end) {
  if (!result->sanitizers[0]) return;
  printf("  made by a build with sanitizers (%s): its figures mean nothing\n%s", result->sanitizers, end);
}

static bool is_measured(const struct claims_row *row) { return row->judgement.verdict != CLAIM_NOT_MEASURED; }

static void capitalize(char *text) {
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = (char)(text[0] - 'a' + 'A');
}

static void print_cut_off(const struct claims_verdicts *v) {
  if (!v->contradictions.cut_off) return;
  printf("\nThe ledger says too much in too many ways to look at all of them: there may be more contradictions.\n");
}

/* ---- text ---- */

/* Breaks at spaces. */
static void print_wrapped(const char *text, const char *first, const char *next) {
  size_t column = (size_t)printf("%s", first);
  bool begins = true;
  while (*text) {
    size_t word = strcspn(text, " ");
    if (!begins && column + 1 + word > 118) {
      printf("\n%s", next);
      column = strlen(next);
      begins = true;
    }
    column += (size_t)printf("%s%.*s", begins ? "" : " ", (int)word, text);
    begins = false;
    text += word;
    if (*text == ' ') text++;
  }
  putchar('\n');
}

/* Which claims have which verdict, the worst first. */
static void print_by_verdict(const struct claims_verdicts *v) {
  static const char *const labels[CLAIM_VERDICT_COUNT] = {[CLAIM_REFUTED] = "  refuted: ",
                                                          [CLAIM_SMALLER] = "  not as good as claimed: ",
                                                          [CLAIM_REPRODUCED] = "  reproduced: ",
                                                          [CLAIM_EXCEEDED] = "  exceeded: "};
  size_t bytes = 1;
  for (unsigned i = 0; i < v->claims->count; i++) bytes += strlen(v->claims->claims[i].id) + 2;
  char *ids = malloc(bytes);
  for (unsigned verdict = CLAIM_REFUTED; ids && verdict < CLAIM_VERDICT_COUNT; verdict++) {
    ids[0] = '\0';
    for (unsigned i = 0; i < v->claims->count; i++) {
      if (v->worst[i] == verdict) text_append(ids, bytes, "%s%s", ids[0] ? ", " : "", v->claims->claims[i].id);
    }
    if (ids[0]) print_wrapped(ids, labels[verdict], "    ");
  }
  if (!ids) printf("  (no memory is left to list them)\n");
  free(ids);
}

static void print_row(const struct claims_verdicts *v, const struct claims_row *row) {
  char claimed[CLAIM_TEXT_BYTES], measured[CLAIM_TEXT_BYTES], interval[CLAIM_TEXT_BYTES], verdict[CLAIM_TEXT_BYTES * 2];
  const struct summary *summary = &row->judgement.measured;
  claim_claimed_text(row->claim, claimed, sizeof claimed);
  claim_judgement_text(row->claim, &row->judgement, verdict, sizeof verdict);
  printf("  %-8s ", row->checkpoint);
  if (v->result_count > 1 && row->of) printf("%s: ", row->of->result->corpus);
  printf("claimed %s; ", claimed);
  if (is_measured(row)) {
    claim_figure_text(row->claim, summary->median, measured, sizeof measured);
    claim_interval_text(row->claim, summary, interval, sizeof interval);
    printf("measured %s (%s): ", measured, interval);
  }
  printf("%s\n", verdict);
}

/* The rows of one claim. */
static void print_claim(const struct claims_verdicts *v, const struct claims_row *rows, unsigned count) {
  const struct claim *claim = rows[0].claim;
  char cells[CLAIM_TEXT_BYTES];
  printf("\n%s: %s\n", claim->id, claim->says);
  for (unsigned r = 0; r < count; r++) print_row(v, &rows[r]);
  const struct claims_result *told = NULL;
  for (unsigned r = 0; r < count; r++) {
    if (!is_measured(&rows[r]) || rows[r].of == told) continue;
    told = rows[r].of;
    claim_cells_text(claim, told->result, told->profile, cells, sizeof cells);
    printf("  rests on the cells of %s%s%s\n", cells, v->result_count > 1 ? " of " : "",
           v->result_count > 1 ? told->result->path : "");
  }
  if (claim->note) printf("  %s\n", claim->note);
  printf("  published: \"%s\" (%s)\n", claim->text, claim->source);
}

static unsigned rows_of_claim(const struct claims_verdicts *v, unsigned first) {
  unsigned count = 1;
  while (first + count < v->row_count && v->rows[first + count].claim == v->rows[first].claim) count++;
  return count;
}

/* Claims that no result given can say anything about take one line each. */
static void print_elsewhere(const struct claims_verdicts *v) {
  bool any = false;
  for (unsigned r = 0; r < v->row_count; r += rows_of_claim(v, r)) {
    const struct claim *claim = v->rows[r].claim;
    if (v->rows[r].of) continue;
    if (!any) printf("\nNot measured, since they are about corpora of which no result was given:\n");
    any = true;
    printf("  %s (%s", claim->id, claim->corpora[0]);
    for (unsigned c = 1; c < claim->corpus_count; c++) printf(", %s", claim->corpora[c]);
    printf("): %s\n", claim->says);
  }
}

static void print_contradictions(const struct claims_verdicts *v) {
  char text[CONTRADICTION_BYTES];
  printf("Contradictions between the %u claims of %s, whatever is measured: %u\n", v->claims->count, v->claims->path,
         v->contradictions.count);
  for (unsigned i = 0; i < v->contradictions.count; i++) {
    const struct claim_contradiction *c = &v->contradictions.list[i];
    snprintf(text, sizeof text, "%s%s%s is said to be", c->about, c->corpus ? ", on " : "", c->corpus ? c->corpus : "");
    capitalize(text);
    printf("\n%s\n", text);
    for (unsigned side = 0; side < c->side_count; side++) {
      claim_side_text(v->claims, c, side, text, sizeof text);
      print_wrapped(text, side ? "  but " : "      ", "      ");
    }
    if (c->left_out) printf("      and %u more\n", c->left_out);
  }
  print_cut_off(v);
}

static void print_text(const struct claims_verdicts *v) {
  for (unsigned r = 0; r < v->result_count; r++) {
    const struct result *result = v->results[r].result;
    printf("%s: corpus %s (%.0f files, %.0f lines), profile %s\n", result->path, result->corpus, result->files,
           result->lines, v->results[r].profile);
    print_sanitizers(result, "");
  }
  if (v->result_count) {
    print_summary(v);
    print_by_verdict(v);
    for (unsigned r = 0; r < v->row_count; r += rows_of_claim(v, r)) {
      if (v->rows[r].of) print_claim(v, &v->rows[r], rows_of_claim(v, r));
    }
    print_elsewhere(v);
    putchar('\n');
  }
  print_contradictions(v);
}

/* ---- Markdown ---- */

static void markdown_row(const struct claims_verdicts *v, const struct claims_row *row) {
  char claimed[CLAIM_TEXT_BYTES], measured[CLAIM_TEXT_BYTES] = "", interval[CLAIM_TEXT_BYTES] = "",
                                  verdict[CLAIM_TEXT_BYTES * 2];
  claim_claimed_text(row->claim, claimed, sizeof claimed);
  claim_judgement_text(row->claim, &row->judgement, verdict, sizeof verdict);
  if (is_measured(row)) {
    claim_figure_text(row->claim, row->judgement.measured.median, measured, sizeof measured);
    claim_interval_text(row->claim, &row->judgement.measured, interval, sizeof interval);
  }
  printf("| ");
  markdown_prose(stdout, row->claim->says);
  printf(" | ");
  const char *const cells[] = {row->checkpoint, row->of ? row->of->result->corpus : "", claimed, measured, interval};
  for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
    if (i == 1 && v->result_count <= 1) continue;
    markdown_text(stdout, cells[i]);
    printf(" | ");
  }
  markdown_prose(stdout, verdict);
  printf(" |\n");
}

static void print_markdown(const struct claims_verdicts *v) {
  char text[CONTRADICTION_BYTES];
  for (unsigned r = 0; r < v->result_count; r++) {
    const struct result *result = v->results[r].result;
    printf("Corpus ");
    markdown_code(stdout, result->corpus);
    printf(" (%.0f files, %.0f lines), profile ", result->files, result->lines);
    markdown_text(stdout, v->results[r].profile);
    printf(", from ");
    markdown_code(stdout, result->path);
    printf("\n\n");
    print_sanitizers(result, "\n");
  }
  if (v->result_count) {
    bool several = v->result_count > 1;
    print_summary(v);
    printf("\n| claim | at | %sclaimed | measured | interval | verdict |\n", several ? "corpus | " : "");
    printf("| --- | --- | %s--- | --- | --- | --- |\n", several ? "--- | " : "");
    for (unsigned r = 0; r < v->row_count; r++) markdown_row(v, &v->rows[r]);
    putchar('\n');
  }
  printf("Contradictions in the ledger: %u\n\n", v->contradictions.count);
  for (unsigned i = 0; i < v->contradictions.count; i++) {
    claim_contradiction_text(v->claims, &v->contradictions.list[i], text, sizeof text);
    capitalize(text);
    printf("- ");
    markdown_prose(stdout, text);
    putchar('\n');
  }
  print_cut_off(v);
}

bool claims_print(const struct claims_verdicts *v, enum claims_form form, struct fault *fault) {
  if (form == CLAIMS_JSON && !claims_print_json(v, fault)) return false;
  if (form == CLAIMS_TEXT) print_text(v);
  if (form == CLAIMS_MARKDOWN) print_markdown(v);
  return output_flush(fault);
}
