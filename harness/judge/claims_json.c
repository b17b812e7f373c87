/* SPDX-License-Identifier: MIT
 *
 * claims_json.c - verdicts for programs: "phasebench-verdicts-2", described by reports/verdicts.schema.json. */
#include <stdio.h>
#include <string.h>

#include "base/json_out.h"
#include "claims_output.h"

#define SENTENCE_BYTES 16384

static void add_cells(cJSON *object, const struct claims_row *row) {
  const struct claim *claim = row->claim;
  const char *other = strcmp(claim->metric, "reduction_pct") == 0 ? METRICS_BASELINE : claim->against;
  unsigned repetitions = row->of->result->repetitions;
  cJSON *cells = json_add_array(object, "cells");
  for (unsigned r = 0; r < (other ? 2 : 1) * repetitions; r++) {
    cJSON *cell = json_new_object();
    json_add_text(cell, "combination", r < repetitions ? claim->combination : other);
    json_add_u64(cell, "repetition", r % repetitions);
    json_add_item(cells, NULL, cell);
  }
}

static void add_measured(cJSON *object, const struct claims_row *row) {
  const struct claim_judgement *judgement = &row->judgement;
  const struct summary *measured = &judgement->measured;
  json_add_u64(object, "n", measured->n);
  if (measured->missing) {
    json_add_missing(object, "measured", measured->missing);
    return;
  }
  json_add_bool(object, "decided", judgement->decided);
  json_add_text(object, "reaches", claim_verdict_text(row->claim, judgement->reaches));
  json_add_double(object, "measured", measured->median);
  json_add_double(object, "min", measured->min);
  json_add_double(object, "max", measured->max);
  json_add_double(object, "mad", measured->mad);
  json_add_double(object, "ci_low", measured->ci_low);
  json_add_double(object, "ci_high", measured->ci_high);
  json_add_double(object, "ci_level", measured->ci_level);
  add_cells(object, row);
}

static void add_row(cJSON *list, const struct claims_row *row) {
  const struct claim *claim = row->claim;
  char text[CLAIM_TEXT_BYTES * 2];
  cJSON *object = json_new_object();
  json_add_text(object, "id", claim->id);
  json_add_text(object, "says", claim->says);
  json_add_text(object, "source", claim->source);
  json_add_text(object, "text", claim->text);
  json_add_text(object, "note", claim->note);
  json_add_text(object, "file", row->of ? row->of->result->path : NULL);
  json_add_text(object, "corpus", row->of ? row->of->result->corpus : NULL);
  json_add_text(object, "profile", row->of ? row->of->profile : NULL);
  json_add_text(object, "combination", claim->combination);
  json_add_text(object, "against", claim->against);
  json_add_text(object, "metric", claim->metric);
  json_add_text(object, "unit", claim->unit);
  json_add_text(object, "checkpoint", row->checkpoint);
  json_add_double(object, "claimed", claim->value);
  json_add_double(object, "claimed_to", claim->value_to);
  json_add_double(object, "tolerance", claim->tolerance);
  json_add_double(object, "refuted_at", claim->refuted_at);
  json_add_text(object, "verdict", claim_verdict_text(claim, row->judgement.verdict));
  claim_judgement_text(claim, &row->judgement, text, sizeof text);
  json_add_text(object, "sentence", text);
  add_measured(object, row);
  json_add_item(list, NULL, object);
}

static void add_contradiction(cJSON *list, const struct claims_verdicts *v, const struct claim_contradiction *c) {
  char sentence[SENTENCE_BYTES];
  cJSON *object = json_new_object();
  claim_contradiction_text(v->claims, c, sentence, sizeof sentence);
  json_add_text(object, "about", c->about);
  json_add_text(object, "corpus", c->corpus);
  json_add_text(object, "sentence", sentence);
  json_add_u64(object, "left_out", c->left_out);
  cJSON *statements = json_add_array(object, "statements");
  for (unsigned i = 0; i < c->statement_count; i++) {
    const struct claim_statement *s = &c->statements[i];
    cJSON *statement = json_new_object();
    json_add_u64(statement, "side", s->side);
    json_add_text(statement, "figure", s->figure);
    json_add_text(statement, "arithmetic", s->arithmetic[0] ? s->arithmetic : NULL);
    cJSON *claims = json_add_array(statement, "claims");
    for (unsigned k = 0; k < s->claim_count; k++) json_add_text(claims, NULL, v->claims->claims[s->claims[k]].id);
    json_add_item(statements, NULL, statement);
  }
  json_add_item(list, NULL, object);
}

static void add_summary(cJSON *root, const struct claims_verdicts *v) {
  static const char *const keys[] = {
#define X(name, text) #name,
    CLAIM_VERDICTS(X)
#undef X
  };
  cJSON *summary = json_add_object(root, "summary");
  json_add_u64(summary, "claims", v->claims->count);
  for (unsigned i = 0; i < CLAIM_VERDICT_COUNT; i++) {
    char key[40];
    snprintf(key, sizeof key, "%s", keys[i]);
    for (char *c = key; *c; c++) *c = *c == '_' ? '_' : (char)(*c - 'A' + 'a');
    json_add_u64(summary, key, v->counts[i]);
  }
  json_add_u64(summary, "undecided", v->undecided);
  json_add_u64(summary, "contradictions", v->contradictions.count);
}

bool claims_print_json(const struct claims_verdicts *v, struct fault *fault) {
  cJSON *root = json_new_object();
  json_add_text(root, "schema", "phasebench-verdicts-2");
  json_add_text(root, "ledger", v->claims->path);
  if (v->result_count) add_summary(root, v);
  cJSON *list = json_add_array(root, "verdicts");
  for (unsigned r = 0; r < v->row_count; r++) add_row(list, &v->rows[r]);
  list = json_add_array(root, "contradictions");
  for (unsigned i = 0; i < v->contradictions.count; i++) add_contradiction(list, v, &v->contradictions.list[i]);
  json_add_bool(root, "contradictions_cut_off", v->contradictions.cut_off);
  return json_print(root, fault);
}
