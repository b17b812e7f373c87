/* SPDX-License-Identifier: MIT
 *
 * claims_contradict.c - what claims_contradict.h describes: asks of each relation that is claimed what else
 * the ledger says of it. */
#include "claims_contradict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_append.h"
#include "claims_graph.h"

struct asked {
  const struct claims *claims;
  const struct claim_graph *graph;
  const struct claim_tie *tie;
  bool backwards; /* the question goes from the tie's `to` to its `from` */
  struct claim_contradiction *into;
};

struct finder {
  const struct claims *claims;
  bool any_way; /* second round: also where claims have to be turned round */
  struct claim_contradictions *found;
  char **seen; /* sets of claims whose contradiction has been told */
  unsigned seen_count;
  struct fault *fault;
};

/* ---- what a relation is about, and how its figures are written ---- */

static bool is_combination(const struct claim_node *node) { return node->name[0] != ' '; }

static const struct claim_node *start(const struct asked *asked) {
  return &asked->graph->nodes[asked->backwards ? asked->tie->to : asked->tie->from];
}
static const struct claim_node *end(const struct asked *asked) {
  return &asked->graph->nodes[asked->backwards ? asked->tie->from : asked->tie->to];
}

/* Reductions are asked for from the combination that is held against, lines from the combination. */
static bool asks_backwards(const struct claim_graph *graph, const struct claim_tie *tie, const struct claim *first) {
  const struct claim_node *from = &graph->nodes[tie->from];
  if (strcmp(first->metric, "bytes_per_line") == 0) return strcmp(from->name, CLAIM_NODE_LINES) == 0;
  return strcmp(first->metric, "lines_per_mib_factor") == 0 && result_same_combination(from->name, first->combination);
}

enum question { LESS_MEMORY, LINES_PER_MIB, MEMORY, ADDED, VALUE };

static enum question question_of(const struct asked *asked) {
  bool logarithmic = strcmp(start(asked)->system, CLAIM_MEMORY) == 0;
  bool two = is_combination(start(asked)) && is_combination(end(asked));
  if (!logarithmic) return two ? ADDED : VALUE;
  if (two) return LESS_MEMORY;
  return strcmp(end(asked)->name, CLAIM_NODE_LINES) == 0 ? LINES_PER_MIB : MEMORY;
}

static void about_text(const struct asked *asked, char *text, size_t bytes) {
  const char *from = start(asked)->name, *to = end(asked)->name, *system = start(asked)->system;
  switch (question_of(asked)) {
    case LESS_MEMORY:
      snprintf(text, bytes, "how much less memory %.110s needs than %.110s", to, from);
      break;
    case LINES_PER_MIB:
      snprintf(text, bytes, "how many lines %.110s holds in a MiB", from);
      break;
    case MEMORY:
      snprintf(text, bytes, "how much memory %.110s needs", to);
      break;
    case ADDED:
      snprintf(text, bytes, "what %.80s adds to %.80s of %.80s", to, system, from);
      break;
    case VALUE:
      snprintf(text, bytes, "%.110s of %.110s", system, to);
      break;
  }
}

static void figure_text(const struct asked *asked, double point, char *text, size_t bytes) {
  char number[60];
  enum question question = question_of(asked);
  if (question == ADDED || question == VALUE) {
    const struct claim *claim = &asked->claims->claims[asked->graph->edges[asked->tie->best].claim];
    claim_figure_text(claim, point, text, (unsigned)bytes);
    return;
  }
  double value = exp(point);
  claim_number_text(question == LESS_MEMORY ? 100 - 100 * value : value, number, sizeof number);
  snprintf(text, bytes, "%s %s", number,
           question == LESS_MEMORY     ? "%"
           : question == LINES_PER_MIB ? "lines/MiB"
                                       : "MiB");
}

/* ---- arithmetic ---- */

/* The edges of a way that stand above the line (or are added), or below it. */
static unsigned terms(const struct asked *asked, const struct claim_way *way, bool below, const char *between,
                      char *text, size_t bytes) {
  unsigned count = 0;
  text[0] = '\0';
  for (unsigned i = 0; i < way->count; i++) {
    if (way->backwards[i] != below) continue;
    text_append(text, bytes, "%s%s", count++ ? between : "", asked->graph->edges[way->edges[i]].text);
  }
  return count;
}

static void arithmetic_text(const struct asked *asked, const struct claim_way *way, char *text, size_t bytes) {
  enum question question = question_of(asked);
  bool sums = question == ADDED || question == VALUE;
  char above[300], below[300];
  unsigned above_count = terms(asked, way, false, sums ? " + " : " * ", above, sizeof above);
  unsigned below_count = terms(asked, way, true, sums ? " - " : " * ", below, sizeof below);
  const char *none = sums ? "0" : question == LINES_PER_MIB ? "1 MiB" : "1";
  snprintf(text, bytes, "%s%s", question == LESS_MEMORY ? "1 - " : "", above_count ? above : none);
  if (below_count == 0) return;
  bool brackets = below_count > 1 && !sums;
  text_append(text, bytes, "%s%s%s%s", sums ? " - " : " / ", brackets ? "(" : "", below, brackets ? ")" : "");
}

/* What the claim says is what is asked, word for word. */
static bool is_as_claimed(const struct asked *asked, const struct claim *claim) {
  switch (question_of(asked)) {
    case LESS_MEMORY:
      return strstr(claim->metric, "reduction_pct") != NULL;
    case LINES_PER_MIB:
      return strcmp(claim->metric, "lines_per_mib") == 0;
    default:
      return true;
  }
}

/* ---- statements ---- */

static struct claim_way turned(const struct claim_way *way) {
  struct claim_way other = {.count = way->count};
  for (unsigned i = 0; i < way->count; i++) {
    other.edges[i] = way->edges[way->count - 1 - i];
    other.backwards[i] = !way->backwards[way->count - 1 - i];
  }
  return other;
}

/* No phase is taken back: from phase to phase forwards, or by way of bytes or lines that both ends have. */
static bool is_plain(const struct asked *asked, const struct claim_way *way) {
  unsigned backwards = 0;
  for (unsigned i = 0; i < way->count; i++) {
    const struct claim_edge *edge = &asked->graph->edges[way->edges[i]];
    if (!is_combination(&asked->graph->nodes[edge->from]) || !is_combination(&asked->graph->nodes[edge->to])) {
      return way->count == 2;
    }
    bool is_factor = strcmp(asked->claims->claims[edge->claim].metric, "lines_per_mib_factor") == 0;
    if (way->backwards[i] != is_factor) backwards++;
  }
  return backwards == 0;
}

/* `way` goes from the tie's `from` to its `to`. */
static void add_statement(const struct asked *asked, const struct claim_way *along_tie, bool direct) {
  struct claim_contradiction *into = asked->into;
  if (into->statement_count == CLAIM_STATEMENTS_MAX) {
    into->left_out++;
    return;
  }
  struct claim_way way = asked->backwards ? turned(along_tie) : *along_tie;
  struct claim_statement *statement = &into->statements[into->statement_count++];
  double point;
  *statement = (struct claim_statement){.direct = direct, .plain = is_plain(asked, &way)};
  claim_way_bounds(asked->graph, &way, &statement->low, &statement->high, &point);
  figure_text(asked, point, statement->figure, sizeof statement->figure);
  for (unsigned i = 0; i < way.count; i++) {
    int claim = asked->graph->edges[way.edges[i]].claim;
    if (claim >= 0) statement->claims[statement->claim_count++] = (unsigned)claim;
  }
  int best = asked->graph->edges[asked->tie->best].claim;
  if (direct) statement->told_as = asked->tie->contested || best < 0 ? statement->claims[0] : (unsigned)best;
  if (direct && is_as_claimed(asked, &asked->claims->claims[statement->claims[0]])) {
    claim_claimed_text(&asked->claims->claims[statement->claims[0]], statement->figure, sizeof statement->figure);
  } else {
    arithmetic_text(asked, &way, statement->arithmetic, sizeof statement->arithmetic);
  }
}

static void take_way(void *sink, const struct claim_way *way) { add_statement(sink, way, false); }

static bool agree(const struct claim_statement *a, const struct claim_statement *b) {
  return claim_ranges_meet(a->low, a->high, b->low, b->high);
}

static int by_side(const void *a, const void *b) {
  const struct claim_statement *one = a, *other = b;
  if (one->side != other->side) return one->side < other->side ? -1 : 1;
  if (one->direct != other->direct) return one->direct ? -1 : 1;
  if (one->claim_count != other->claim_count) return one->claim_count < other->claim_count ? -1 : 1;
  return one->claims[0] < other->claims[0] ? -1 : one->claims[0] > other->claims[0];
}

/* Each statement joins the first side that it agrees with all of. */
static void take_sides(struct claim_contradiction *c) {
  c->side_count = 0;
  for (unsigned i = 0; i < c->statement_count; i++) {
    struct claim_statement *statement = &c->statements[i];
    for (statement->side = 0; statement->side < c->side_count; statement->side++) {
      bool fits = true;
      for (unsigned k = 0; k < i; k++) {
        if (c->statements[k].side == statement->side && !agree(&c->statements[k], statement)) fits = false;
      }
      if (fits) break;
    }
    if (statement->side == c->side_count) c->side_count++;
  }
  qsort(c->statements, c->statement_count, sizeof *c->statements, by_side);
}

/* ---- told once ---- */

static int by_number(const void *a, const void *b) {
  unsigned one = *(const unsigned *)a, other = *(const unsigned *)b;
  return one < other ? -1 : one > other;
}

/* True when this set of claims was not there yet. */
static bool remember(struct finder *finder, const struct claim_statement *a, const struct claim_statement *b) {
  unsigned claims[2 * CLAIM_STATEMENT_CLAIMS], count = 0;
  char key[2 * CLAIM_STATEMENT_CLAIMS * 12] = "";
  for (unsigned i = 0; i < a->claim_count; i++) claims[count++] = a->direct ? a->told_as : a->claims[i];
  for (unsigned i = 0; i < b->claim_count; i++) claims[count++] = b->direct ? b->told_as : b->claims[i];
  qsort(claims, count, sizeof *claims, by_number);
  for (unsigned i = 0; i < count; i++) text_append(key, sizeof key, "%u ", claims[i]);
  for (unsigned s = 0; s < finder->seen_count; s++) {
    if (strcmp(finder->seen[s], key) == 0) return false;
  }
  char **grown = realloc(finder->seen, (finder->seen_count + 1) * sizeof *grown);
  char *copy = strdup(key);
  if (grown) finder->seen = grown;
  if (!grown || !copy) {
    free(copy);
    return fault_set(finder->fault, EXIT_CODE_SYSTEM, "%s: out of memory", finder->claims->path);
  }
  finder->seen[finder->seen_count++] = copy;
  return true;
}

/* Whether a claim, as it stands, contradicts another statement, and that was not told before. */
static bool is_news(struct finder *finder, const struct claim_contradiction *c) {
  bool news = false;
  for (unsigned i = 0; i < c->statement_count; i++) {
    for (unsigned k = 0; k < c->statement_count; k++) {
      const struct claim_statement *direct = &c->statements[i], *other = &c->statements[k];
      if (i == k || !direct->direct || agree(direct, other)) continue;
      if (!finder->any_way && !other->direct && !other->plain) continue;
      if (remember(finder, direct, other)) news = true;
    }
  }
  return news;
}

/* What is only there in a roundabout way is left out, unless it is what contradicts. */
static void drop_roundabout(const struct finder *finder, struct claim_contradiction *c) {
  unsigned kept = 0;
  for (unsigned i = 0; i < c->statement_count; i++) {
    const struct claim_statement *statement = &c->statements[i];
    bool contradicts = false;
    for (unsigned k = 0; k < kept; k++) {
      if (c->statements[k].direct && !agree(&c->statements[k], statement)) contradicts = true;
    }
    if (statement->direct || statement->plain || (finder->any_way && contradicts)) c->statements[kept++] = *statement;
  }
  c->statement_count = kept;
}

static void measure_gap(struct claim_contradiction *c) {
  for (unsigned i = 0; i < c->statement_count; i++) {
    const struct claim_statement *s = &c->statements[i];
    for (unsigned k = 0; k < c->statement_count; k++) c->gap = fmax(c->gap, s->low - c->statements[k].high);
  }
}

static int by_gap(const void *a, const void *b) {
  const struct claim_contradiction *one = a, *other = b;
  return one->gap > other->gap ? -1 : one->gap < other->gap;
}

static bool keep(struct finder *finder, const struct claim_contradiction *c) {
  struct claim_contradictions *found = finder->found;
  struct claim_contradiction *grown = realloc(found->list, (found->count + 1) * sizeof *grown);
  if (!grown) return fault_set(finder->fault, EXIT_CODE_SYSTEM, "%s: out of memory", finder->claims->path);
  found->list = grown;
  found->list[found->count++] = *c;
  return true;
}

/* ---- asking ---- */

static bool ask(struct finder *finder, const struct claim_graph *graph, unsigned tie, const char *corpus,
                struct claim_contradiction *c) {
  struct asked asked = {.claims = finder->claims, .graph = graph, .tie = &graph->ties[tie], .into = c};
  const struct claim *first = NULL;
  *c = (struct claim_contradiction){.corpus = corpus};
  for (unsigned e = 0; e < graph->edge_count; e++) {
    const struct claim_edge *edge = &graph->edges[e];
    if (edge->tie != tie || edge->claim < 0) continue;
    if (!first) {
      first = &finder->claims->claims[edge->claim];
      asked.backwards = asks_backwards(graph, asked.tie, first);
    }
    add_statement(&asked, &(struct claim_way){{e}, 1, {edge->from != asked.tie->from}}, true);
  }
  if (!first) return true; /* only the lines of the corpus */
  if (!claim_graph_ways(graph, tie, take_way, &asked)) finder->found->cut_off = true;
  about_text(&asked, c->about, sizeof c->about);
  if (is_news(finder, c)) {
    drop_roundabout(finder, c);
    take_sides(c);
    measure_gap(c);
    keep(finder, c);
  }
  return finder->fault->code == EXIT_CODE_OK;
}

static bool ask_all(struct finder *finder, const char *corpus, const char *checkpoint,
                    struct claim_contradiction *scratch) {
  struct claim_graph graph;
  bool ok = claim_graph_new(finder->claims, corpus, checkpoint, &graph, finder->fault);
  for (unsigned tie = 0; ok && tie < graph.tie_count; tie++) ok = ask(finder, &graph, tie, corpus, scratch);
  if (graph.nodes) claim_graph_free(&graph);
  return ok;
}

/* Adds what is not there yet; `names` has room. */
static void collect(const char **names, unsigned *count, const char *const *more, unsigned more_count) {
  for (unsigned m = 0; m < more_count; m++) {
    unsigned n = 0;
    while (n < *count && strcmp(names[n], more[m]) != 0) n++;
    if (n == *count) names[(*count)++] = more[m];
  }
}

bool claims_contradictions(const struct claims *claims, struct claim_contradictions *found, struct fault *fault) {
  struct finder finder = {.claims = claims, .found = found, .fault = fault};
  unsigned corpora = 0, checkpoints = 0, room = 1;
  *found = (struct claim_contradictions){0};
  for (unsigned i = 0; i < claims->count; i++) {
    room += claims->claims[i].corpus_count + claims->claims[i].checkpoint_count;
  }
  const char **names = calloc(2 * (size_t)room, sizeof *names), **at = names ? names + room : NULL;
  struct claim_contradiction *scratch = malloc(sizeof *scratch);
  if (!names || !scratch) fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", claims->path);
  for (unsigned i = 0; names && i < claims->count; i++) {
    collect(names, &corpora, claims->claims[i].corpora, claims->claims[i].corpus_count);
    collect(at, &checkpoints, claims->claims[i].checkpoints, claims->claims[i].checkpoint_count);
  }
  for (unsigned round = 0; scratch && round < 2; round++) {
    finder.any_way = round == 1;
    for (unsigned c = 0; fault->code == EXIT_CODE_OK && c <= corpora; c++) {
      for (unsigned k = 0; k < checkpoints; k++) {
        if (!ask_all(&finder, c ? names[c - 1] : NULL, at[k], scratch)) break;
      }
    }
  }
  if (found->count) qsort(found->list, found->count, sizeof *found->list, by_gap);
  for (unsigned s = 0; s < finder.seen_count; s++) free(finder.seen[s]);
  free(finder.seen);
  free(names);
  free(scratch);
  if (fault->code != EXIT_CODE_OK) claims_contradictions_free(found);
  return fault->code == EXIT_CODE_OK;
}

void claims_contradictions_free(struct claim_contradictions *found) {
  free(found->list);
  *found = (struct claim_contradictions){0};
}

/* ---- words ---- */

void claim_side_text(const struct claims *claims, const struct claim_contradiction *c, unsigned side, char *text,
                     unsigned bytes) {
  text[0] = '\0';
  for (unsigned i = 0; i < c->statement_count; i++) {
    const struct claim_statement *s = &c->statements[i];
    if (s->side != side) continue;
    text_append(text, bytes, "%s%s%s%s (", text[0] ? " and " : "", s->arithmetic, s->arithmetic[0] ? " = " : "",
                s->figure);
    for (unsigned k = 0; k < s->claim_count; k++) {
      text_append(text, bytes, "%s%s", k ? ", " : "", claims->claims[s->claims[k]].id);
    }
    text_append(text, bytes, ")");
  }
}

void claim_contradiction_text(const struct claims *claims, const struct claim_contradiction *c, char *text,
                              unsigned bytes) {
  snprintf(text, bytes, "%s%s%s%s is", c->about, c->corpus ? ", on " : "", c->corpus ? c->corpus : "",
           c->corpus ? "," : "");
  for (unsigned side = 0; side < c->side_count; side++) {
    text_append(text, bytes, "%s", side ? ", but " : " ");
    size_t used = strlen(text);
    claim_side_text(claims, c, side, text + used, bytes - (unsigned)used);
  }
  if (c->left_out) text_append(text, bytes, ", and %u more", c->left_out);
}
