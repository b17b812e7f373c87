/* SPDX-License-Identifier: MIT
 *
 * attribution.c - tables of which stage a saving is owed to, and what it is paid for with. */
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "report.h"

const char *const report_attribution_notes[] = {
    "log2 reduction: log2 of the bytes a line before, less log2 of those after; 1 is half the memory. Savings "
    "multiply, "
    "so in "
    "bytes the first stages get most whatever follows; in log2 reduction a stage gets the same wherever it stands, if "
    "it is "
    "independent of the others",
    "marginal: after the stages before it in the standard order; alone: against the baseline; leave-one-out: what all "
    "stages would lose without it; Shapley: mean over all orders in which stages can be added; these add up to what "
    "all save",
    NULL};
const char *const report_interactions_notes[] = {
    "Shapley interaction index (Grabisch and Roubens 1999) of two stages, of what they save: below 0 they save the "
    "same memory in part, above 0 each makes the other worth more; 0 is independent, which for techniques that "
    "multiply is so in log2 reduction and not in bytes",
    NULL};
const char *const report_prices_notes[] = {
    "time and bytes are shared out by the same method; below 0: the stage saves time as well",
    "access: mean latency of an access of the mix of `served` (each opens a document, goes to a place, walks up to 200 "
    "nodes and reads text), over all classes by their accesses: ns more for each access, and that for each byte a line",
    "walk: the batch walk of all nodes of all documents once, in place; store and finalize: handing trees and sources "
    "to "
    "the stages and reaching the resting state, once for a document; ns for each line, and for each byte saved",
    NULL};

static bool out_of_memory(const struct attribution *a, struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while making the report", a->result->path);
}

static bool set(struct table *table, unsigned row, unsigned column, struct figure figure) {
  const char *missing = figure.missing ? table_keep_text(table, figure.missing) : NULL;
  *table_at(table, row, column) = (struct table_cell){.value = figure.value, .missing = missing};
  return !figure.missing || missing;
}

static void name_rows(const struct attribution *a, struct table *table) {
  for (unsigned i = 0; i < a->stage_count; i++) {
    snprintf(table->rows[i].name, sizeof table->rows[i].name, "%s", a->stages[i]);
  }
}

/* ---- shares ---- */

static struct figure share_pct(const struct attribution_game *game, unsigned stage) {
  struct figure share = game->share[ATTRIBUTION_SHAPLEY][stage];
  if (share.missing) return share;
  if (!(game->total.value > 0)) return (struct figure){.missing = "all stages together save nothing"};
  return (struct figure){.value = 100 * share.value / game->total.value};
}

static void shares_title(const struct attribution *a, struct table *table) {
  const struct attribution_game *bytes = &a->games[ATTRIBUTION_BYTES];
  if (bytes->total.missing) {
    snprintf(table->title, sizeof table->title, "What each stage saves at `%s`, in bytes a line and as log2 reduction",
             a->checkpoint);
    return;
  }
  snprintf(table->title, sizeof table->title,
           "What each stage saves at `%s`: of %.2f bytes a line all stages leave %.2f (log2 reduction %.2f)",
           a->checkpoint, -bytes->worth[0].value, -bytes->worth[(1u << a->stage_count) - 1].value,
           a->games[ATTRIBUTION_LOG2_REDUCTION].total.value);
}

bool report_shares_of(const struct attribution *a, struct table *table, struct fault *fault) {
  enum { EACH = ATTRIBUTION_METHOD_COUNT + 1 };
  static const char *const labels[2][EACH] = {{"B/line: marginal", "alone", "leave-one-out", "Shapley", "%"},
                                              {"log2 reduction: marginal", "alone", "leave-one-out", "Shapley", "%"}};
  if (!table_new(table, a->stage_count, 2 * EACH + 4)) return out_of_memory(a, fault);
  shares_title(a, table);
  snprintf(table->corner, sizeof table->corner, "stage");
  bool ok = true;
  for (unsigned g = 0; g < 2; g++) {
    enum attribution_game_id id = g == 0 ? ATTRIBUTION_BYTES : ATTRIBUTION_LOG2_REDUCTION;
    const char *key = attribution_game_key(id);
    for (unsigned m = 0; m < ATTRIBUTION_METHOD_COUNT; m++) {
      table_column_set(table, g * EACH + m, labels[g][m], 1, 2, "%s.%s", key,
                       attribution_method_key((enum attribution_method)m));
      for (unsigned i = 0; i < a->stage_count; i++) ok = set(table, i, g * EACH + m, a->games[id].share[m][i]) && ok;
    }
    table_column_set(table, g * EACH + EACH - 1, labels[g][EACH - 1], 1, 1, "%s.shapley_pct", key);
    for (unsigned i = 0; i < a->stage_count; i++) {
      ok = set(table, i, g * EACH + EACH - 1, share_pct(&a->games[id], i)) && ok;
    }
  }
  for (unsigned g = 0; g < 2; g++) {
    enum attribution_game_id id = g == 0 ? ATTRIBUTION_BYTES : ATTRIBUTION_LOG2_REDUCTION;
    unsigned column = 2 * EACH + 2 * g;
    table_column_set(table, column, "", 1, 0, "%s.shapley.min", attribution_game_key(id));
    table_column_set(table, column + 1, "", 1, 0, "%s.shapley.max", attribution_game_key(id));
    for (unsigned i = 0; i < a->stage_count; i++) {
      const struct summary *summary = &a->over_repetitions[id][i];
      ok = set(table, i, column, (struct figure){summary->min, summary->missing}) &&
           set(table, i, column + 1, (struct figure){summary->max, summary->missing}) && ok;
    }
  }
  name_rows(a, table);
  if (ok) return true;
  table_free(table);
  return out_of_memory(a, fault);
}

/* ---- pairs ---- */

bool report_interactions_of(const struct attribution *a, struct table *table, struct fault *fault) {
  static const enum attribution_game_id ids[] = {ATTRIBUTION_BYTES, ATTRIBUTION_LOG2_REDUCTION};
  unsigned row = 0;
  if (!table_new(table, a->stage_count * (a->stage_count - 1) / 2, 2)) return out_of_memory(a, fault);
  snprintf(table->title, sizeof table->title, "What two stages save more together than each by itself, at `%s`",
           a->checkpoint);
  snprintf(table->corner, sizeof table->corner, "stages");
  table_column_set(table, 0, "B/line", 1, 2, "%s.interaction", attribution_game_key(ids[0]));
  table_column_set(table, 1, "log2_reduction", 1, 2, "%s.interaction", attribution_game_key(ids[1]));
  bool ok = true;
  for (unsigned i = 0; i < a->stage_count; i++) {
    for (unsigned j = i + 1; j < a->stage_count; j++, row++) {
      snprintf(table->rows[row].name, sizeof table->rows[row].name, "%s, %s", a->stages[i], a->stages[j]);
      for (unsigned g = 0; g < 2; g++) ok = set(table, row, g, a->games[ids[g]].interaction[i][j]) && ok;
    }
  }
  if (ok) return true;
  table_free(table);
  return out_of_memory(a, fault);
}

/* ---- prices ---- */

bool report_prices_of(const struct attribution *a, struct table *table, struct fault *fault) {
  static const struct {
    enum attribution_game_id game;
    const char *share, *price;
    int share_decimals, price_decimals;
  } columns[] = {{ATTRIBUTION_ACCESS, "access: ns", "for each B/line", 0, 1},
                 {ATTRIBUTION_WALK, "walk: ns/line", "ns/B", 1, 2},
                 {ATTRIBUTION_STORE, "store and finalize: ns/line", "ns/B", 0, 1}};
  enum { PAIRS = COUNT(columns) };
  bool all = !a->games[ATTRIBUTION_BYTES].share[ATTRIBUTION_SHAPLEY][0].missing;
  enum attribution_method method = all ? ATTRIBUTION_SHAPLEY : ATTRIBUTION_MARGINAL;
  if (!table_new(table, a->stage_count, 2 * PAIRS)) return out_of_memory(a, fault);
  snprintf(table->title, sizeof table->title, "What a byte saved at `%s` is paid for with, by %s shares", a->checkpoint,
           all ? "Shapley" : "marginal");
  snprintf(table->corner, sizeof table->corner, "stage");
  bool ok = true;
  for (unsigned c = 0; c < PAIRS; c++) {
    const char *key = attribution_game_key(columns[c].game), *how = attribution_method_key(method);
    table_column_set(table, 2 * c, columns[c].share, 1, columns[c].share_decimals, "%s.%s", key, how);
    table_column_set(table, 2 * c + 1, columns[c].price, 1, columns[c].price_decimals, "%s_per_byte.%s", key, how);
    for (unsigned i = 0; i < a->stage_count; i++) {
      ok = set(table, i, 2 * c, a->games[columns[c].game].share[method][i]) &&
           set(table, i, 2 * c + 1, attribution_price(a, columns[c].game, method, i)) && ok;
    }
  }
  name_rows(a, table);
  if (ok) return true;
  table_free(table);
  return out_of_memory(a, fault);
}

/* ---- of a result ---- */

struct recipe {
  const char *checkpoint;
  bool (*make)(const struct attribution *, struct table *, struct fault *);
};

static bool open_and_make(const struct result *result, const char *profile, struct recipe recipe, struct table *table,
                          struct fault *fault) {
  struct attribution *a;
  if (!attribution_open(result, profile, recipe.checkpoint, NULL, &a, fault)) return false;
  bool ok = recipe.make(a, table, fault);
  attribution_close(a);
  return ok;
}

bool report_attribution(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  return open_and_make(result, profile, (struct recipe){"purged", report_shares_of}, table, fault);
}

bool report_attribution_served(const struct result *result, const char *profile, struct table *table,
                               struct fault *fault) {
  return open_and_make(result, profile, (struct recipe){"served", report_shares_of}, table, fault);
}

bool report_interactions(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  return open_and_make(result, profile, (struct recipe){"purged", report_interactions_of}, table, fault);
}

bool report_prices(const struct result *result, const char *profile, struct table *table, struct fault *fault) {
  return open_and_make(result, profile, (struct recipe){"served", report_prices_of}, table, fault);
}
