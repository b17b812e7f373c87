/* SPDX-License-Identifier: MIT
 *
 * attribution.c - `phasebench attribution RESULT`: how much each stage saves. judge/attribution.h says what the
 * figures are. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/json_out.h"
#include "base/number.h"
#include "base/output.h"
#include "base/text.h"
#include "commands.h"
#include "report/report.h"

#define SCHEMA "phasebench-attribution-1"

static void print_help(void) {
  fputs(
      "usage: phasebench attribution [--profile P] [--checkpoint C] [--stages A+B...] [--json] RESULT\n\n"
      "Tells how much each stage saves, from the subsets of stages that a result holds. For all figures the result\n"
      "must hold every subset: `phasebench run --combos all` measures them. Where a subset is missing or failed, a\n"
      "figure that needs it is n/a (null in JSON), with the reason and the --combos that would measure it.\n\n"
      "bytes a line that each stage saves; and, since savings multiply, the same as log2 reduction (1 halves the\n"
      "memory, 2 quarters it), which can be added up:\n"
      "  marginal       after the stages before it in the standard order\n"
      "  alone          against the baseline\n"
      "  leave-one-out  what all stages together would lose without it\n"
      "  Shapley        the mean over all orders in which the stages can be added; exact, and the stages' shares\n"
      "                 add up to what all save, which is checked\n"
      "pairs: the Shapley interaction index of what two stages save (Grabisch and Roubens 1999); below 0 they save\n"
      "  the same memory in part, above 0 each makes the other worth more\n"
      "prices: nanoseconds paid for each byte saved. Time and bytes are shared out by the same method: Shapley, or\n"
      "  marginal where not all subsets were measured. The time is one of:\n",
      stdout);
  for (unsigned g = 0; g < ATTRIBUTION_GAME_COUNT; g++) {
    enum attribution_game_id id = (enum attribution_game_id)g;
    if (!attribution_game_is_saved(id)) printf("    %-17s %s\n", attribution_game_key(id), attribution_game_text(id));
  }
  fputs(
      "  access_ns is the time of one access, so its price is in ns/access for each byte a line; the others are in "
      "ns/byte.\n"
      "  Below 0: the stage saves time as well.\n\n"
      "  --profile P     figures of this allocator profile (default: strict where present, else the first)\n"
      "  --checkpoint C  memory at purged (at rest) or served (in service); default: purged\n"
      "  --stages A+B    look at these stages only, as if the result had no others\n"
      "  --json          JSON (results/attribution.schema.json), with the figures of every subset\n\n"
      "example: phasebench run --corpus quick --combos all --reps 1 --profile strict --output quick-all.json\n"
      "         phasebench attribution quick-all.json\n",
      stdout);
}

/* ---- JSON ---- */

static void add_figure(cJSON *object, const char *key, struct figure figure) {
  if (figure.missing) json_add_missing(object, key, figure.missing);
  else json_add_double(object, key, figure.value);
}

/* The figure as the result has it: the worth of a game of savings has the other sign. */
static struct figure subset_figure(const struct attribution *a, enum attribution_game_id id, unsigned subset) {
  const struct attribution_worth *worth = &a->games[id].worth[subset];
  if (worth->gap) return (struct figure){.missing = worth->why};
  return (struct figure){.value = attribution_game_is_saved(id) ? -worth->value : worth->value};
}

static void add_subsets(const struct attribution *a, cJSON *root) {
  cJSON *subsets = json_add_array(root, "subsets");
  for (unsigned s = 0; s < 1u << a->stage_count; s++) {
    char name[ATTRIBUTION_SUBSET_BYTES];
    cJSON *subset = json_add_object(subsets, NULL);
    attribution_subset_name(a->stages, a->stage_count, s, name);
    json_add_text(subset, "combination", name);
    for (unsigned g = 0; g < ATTRIBUTION_GAME_COUNT; g++) {
      enum attribution_game_id id = (enum attribution_game_id)g;
      const char *key = id == ATTRIBUTION_LOG2_REDUCTION ? "bytes_per_line_log2" : attribution_game_key(id);
      add_figure(subset, key, subset_figure(a, id, s));
    }
  }
}

static void add_summary(cJSON *stage, const struct summary *summary) {
  json_add_u64(stage, "n", summary->n);
  add_figure(stage, "shapley_min", (struct figure){summary->min, summary->missing});
  add_figure(stage, "shapley_max", (struct figure){summary->max, summary->missing});
}

static void add_stages(const struct attribution *a, enum attribution_game_id id, cJSON *object) {
  cJSON *stages = json_add_array(object, "stages");
  for (unsigned i = 0; i < a->stage_count; i++) {
    cJSON *stage = json_add_object(stages, NULL);
    json_add_text(stage, "stage", a->stages[i]);
    for (unsigned m = 0; m < ATTRIBUTION_METHOD_COUNT; m++) {
      const char *key = attribution_method_key((enum attribution_method)m);
      add_figure(stage, key, a->games[id].share[m][i]);
      if (m == ATTRIBUTION_SHAPLEY) add_summary(stage, &a->over_repetitions[id][i]);
      if (attribution_game_is_saved(id)) continue;
      char price[64];
      snprintf(price, sizeof price, "%s_price", key);
      add_figure(stage, price, attribution_price(a, id, (enum attribution_method)m, i));
    }
  }
}

static void add_game(const struct attribution *a, enum attribution_game_id id, cJSON *games) {
  bool saved = attribution_game_is_saved(id);
  cJSON *object = json_add_object(games, NULL), *pairs;
  json_add_text(object, "game", attribution_game_key(id));
  json_add_text(object, "unit", attribution_game_unit(id));
  json_add_text(object, "shares_are", saved ? "saved" : "paid");
  if (!saved) json_add_text(object, "price_unit", id == ATTRIBUTION_ACCESS ? "ns/access per byte/line" : "ns/byte");
  json_add_text(object, "of", attribution_game_text(id));
  add_figure(object, "all_stages", a->games[id].total);
  add_stages(a, id, object);
  pairs = json_add_array(object, "interactions");
  for (unsigned i = 0; i < a->stage_count; i++) {
    for (unsigned j = i + 1; j < a->stage_count; j++) {
      cJSON *pair = json_add_object(pairs, NULL), *names = json_add_array(pair, "stages");
      json_add_text(names, NULL, a->stages[i]);
      json_add_text(names, NULL, a->stages[j]);
      add_figure(pair, "interaction", a->games[id].interaction[i][j]);
    }
  }
}

static bool print_json(const struct attribution *a, struct fault *fault) {
  cJSON *root = json_new_object(), *stages, *games;
  json_add_text(root, "schema", SCHEMA);
  json_add_text(root, "file", a->result->path);
  json_add_text(root, "corpus", a->result->corpus);
  json_add_double(root, "lines", a->result->lines);
  json_add_text(root, "profile", a->profile);
  json_add_text(root, "checkpoint", a->checkpoint);
  json_add_u64(root, "repetitions", a->result->repetitions);
  stages = json_add_array(root, "stages");
  for (unsigned i = 0; i < a->stage_count; i++) json_add_text(stages, NULL, a->stages[i]);
  games = json_add_array(root, "games");
  for (unsigned g = 0; g < ATTRIBUTION_GAME_COUNT; g++) add_game(a, (enum attribution_game_id)g, games);
  add_subsets(a, root);
  return json_print(root, fault);
}

/* ---- text ---- */

typedef bool table_fn(const struct attribution *attribution, struct table *table, struct fault *fault);

static bool print_table(const struct attribution *a, table_fn *make, const char *const *notes, struct fault *fault) {
  struct table table;
  if (!make(a, &table, fault)) return false;
  if (table.row_count > 0) {
    table_write_text(&table, stdout);
    for (; *notes; notes++) printf("%s\n", *notes);
    putchar('\n');
  }
  table_free(&table);
  return true;
}

/* How far the Shapley share of a stage varies between repetitions, for the stage where it varies most. */
static void print_noise(const struct attribution *a) {
  double range[2] = {0, 0};
  for (unsigned g = 0; g < 2; g++) {
    enum attribution_game_id id = g == 0 ? ATTRIBUTION_BYTES : ATTRIBUTION_LOG2_REDUCTION;
    for (unsigned i = 0; i < a->stage_count; i++) {
      const struct summary *summary = &a->over_repetitions[id][i];
      if (summary->missing) {
        printf("noise of Shapley shares: n/a: %s\n\n", summary->missing);
        return;
      }
      if (summary->max - summary->min > range[g]) range[g] = summary->max - summary->min;
    }
  }
  printf(
      "noise of Shapley shares: each repetition by itself, they lie within %.2f bytes a line and %.3f of log2 "
      "reduction\n\n",
      range[0], range[1]);
}

static bool print_text(const struct attribution *a, struct fault *fault) {
  char lines[48];
  number_readable(a->result->lines, 0, lines, sizeof lines);
  printf("%s: %s lines, allocator profile %s, medians of %u repetition%s, %u stage%s\n\n", a->result->corpus, lines,
         a->profile, a->result->repetitions, plural(a->result->repetitions), a->stage_count, plural(a->stage_count));
  if (!print_table(a, report_shares_of, report_attribution_notes, fault)) return false;
  print_noise(a);
  return print_table(a, report_interactions_of, report_interactions_notes, fault) &&
         print_table(a, report_prices_of, report_prices_notes, fault);
}

struct request {
  const char *path, *profile, *checkpoint, *stages;
  bool json;
};

static bool attribute(const struct request *request, struct fault *fault) {
  struct result *result;
  struct attribution *a = NULL;
  if (!result_open(request->path, &result, fault)) return false;
  const char *profile = result_profile(result, request->profile, fault);
  bool ok = profile && attribution_open(result, profile, request->checkpoint, request->stages, &a, fault) &&
            (request->json ? print_json(a, fault) : print_text(a, fault));
  attribution_close(a);
  result_close(result);
  return ok && output_flush(fault);
}

int command_attribution(int argc, char **argv) {
  static const struct option options[] = {
      {"profile", required_argument, NULL, 'p'}, {"checkpoint", required_argument, NULL, 'c'},
      {"stages", required_argument, NULL, 's'},  {"json", no_argument, NULL, 'j'},
      {"help", no_argument, NULL, 'h'},          {0}};
  struct request request = {.checkpoint = "purged"};
  int option;
  while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
    if (option == 'h') {
      print_help();
      return EXIT_CODE_OK;
    }
    if (option == '?') return EXIT_CODE_USAGE; /* getopt has said why */
    if (option == 'p') request.profile = optarg;
    if (option == 'c') request.checkpoint = optarg;
    if (option == 's') request.stages = optarg;
    if (option == 'j') request.json = true;
  }
  if (strcmp(request.checkpoint, "purged") != 0 && strcmp(request.checkpoint, "served") != 0) {
    fprintf(stderr, "phasebench attribution: --checkpoint '%s': expected purged or served\n", request.checkpoint);
    return EXIT_CODE_USAGE;
  }
  if (optind + 1 != argc) {
    fprintf(stderr, "phasebench attribution: %s; `phasebench attribution --help` tells more\n",
            optind >= argc ? "no result file given" : "one result file at a time");
    return EXIT_CODE_USAGE;
  }
  request.path = argv[optind];
  struct fault fault = {0};
  attribute(&request, &fault);
  fault_print(&fault, "attribution");
  return (int)fault.code;
}
