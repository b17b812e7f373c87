/* SPDX-License-Identifier: MIT
 *
 * claims_graph.c - the graph of claims_graph.h. */
#include "claims_graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#define ADDED "added."
#define STEPS_MAX 50000

bool claim_ranges_meet(double low, double high, double other_low, double other_high) {
  double slack = 1e-9 * fmax(1, fmax(fabs(isfinite(low) ? low : 0), fabs(isfinite(high) ? high : 0)));
  return low <= other_high + slack && other_low <= high + slack;
}

/* ---- building ---- */

static unsigned node_of(struct claim_graph *graph, const char *system, const char *name) {
  for (unsigned n = 0; n < graph->node_count; n++) {
    if (strcmp(graph->nodes[n].system, system) == 0 && result_same_combination(graph->nodes[n].name, name)) return n;
  }
  graph->nodes[graph->node_count] = (struct claim_node){system, name};
  return graph->node_count++;
}

static unsigned tie_of(struct claim_graph *graph, unsigned edge) {
  const struct claim_edge *e = &graph->edges[edge];
  for (unsigned t = 0; t < graph->tie_count; t++) {
    const struct claim_tie *tie = &graph->ties[t];
    if ((tie->from == e->from && tie->to == e->to) || (tie->from == e->to && tie->to == e->from)) return t;
  }
  graph->ties[graph->tie_count] = (struct claim_tie){e->from, e->to, edge, false};
  return graph->tie_count++;
}

/* Bounds of the edge as seen from the tie's `from`. */
static void oriented(const struct claim_graph *graph, unsigned edge, double *low, double *high) {
  const struct claim_edge *e = &graph->edges[edge];
  bool backwards = graph->ties[e->tie].from != e->from;
  *low = backwards ? -e->high : e->low;
  *high = backwards ? -e->low : e->high;
}

static void add_edge(struct claim_graph *graph, const struct claim_edge *edge) {
  unsigned index = graph->edge_count++;
  graph->edges[index] = *edge;
  struct claim_edge *added = &graph->edges[index];
  added->tie = tie_of(graph, index);
  struct claim_tie *tie = &graph->ties[added->tie];
  double low, high, other_low, other_high;
  oriented(graph, index, &low, &high);
  for (unsigned e = 0; e < index; e++) {
    if (graph->edges[e].tie != added->tie) continue;
    oriented(graph, e, &other_low, &other_high);
    if (!claim_ranges_meet(low, high, other_low, other_high)) tie->contested = true;
  }
  const struct claim_edge *best = &graph->edges[tie->best];
  if (added->high - added->low < best->high - best->low) tie->best = index;
}

/* The bounds as logarithms; false where there is no positive number within them. */
static bool logarithms(struct claim_edge *edge) {
  if (!(edge->high > 0) || !(edge->point > 0)) return false;
  edge->low = edge->low > 0 ? log(edge->low) : -INFINITY;
  edge->high = log(edge->high);
  edge->point = log(edge->point);
  return true;
}

static void scale_edge(struct claim_edge *edge, double factor) {
  edge->low *= factor;
  edge->high *= factor;
  edge->point *= factor;
}

static void reduction_edge(const struct claim *claim, struct claim_edge *edge) {
  double low = edge->low, high = edge->high;
  edge->low = 1 - high / 100;
  edge->high = 1 - low / 100;
  edge->point = 1 - edge->point / 100;
  if (claim->value < claim->value_to) {
    snprintf(edge->text, sizeof edge->text, "(1 - %g to %g)", claim->value / 100, claim->value_to / 100);
  } else {
    snprintf(edge->text, sizeof edge->text, "(1 %c %g)", claim->value < 0 ? '+' : '-', fabs(claim->value) / 100);
  }
}

/* What a claim says about memory; false: nothing that could be put into the graph. */
static bool memory_edge(struct claim_graph *graph, const struct claim *claim, struct claim_edge *edge,
                        bool *is_memory) {
  unsigned self = node_of(graph, CLAIM_MEMORY, claim->combination);
  const char *metric = claim->metric;
  *is_memory = true;
  if (strcmp(metric, "reduction_pct") == 0 || strcmp(metric, "marginal_reduction_pct") == 0) {
    edge->from = node_of(graph, CLAIM_MEMORY, claim->against ? claim->against : METRICS_BASELINE);
    edge->to = self;
    reduction_edge(claim, edge);
  } else if (strcmp(metric, "lines_per_mib_factor") == 0) {
    edge->from = self;
    edge->to = node_of(graph, CLAIM_MEMORY, claim->against);
    claim_number_text(edge->point, edge->text, sizeof edge->text);
  } else if (strcmp(metric, "rss_above_start_bytes") == 0) {
    edge->from = node_of(graph, CLAIM_MEMORY, CLAIM_NODE_UNIT);
    edge->to = self;
    scale_edge(edge, 1 / MIB);
  } else if (strcmp(metric, "lines_per_mib") == 0) {
    edge->from = self;
    edge->to = node_of(graph, CLAIM_MEMORY, CLAIM_NODE_LINES);
  } else if (strcmp(metric, "bytes_per_line") == 0) {
    edge->from = node_of(graph, CLAIM_MEMORY, CLAIM_NODE_LINES);
    edge->to = self;
    scale_edge(edge, 1 / MIB);
  } else {
    *is_memory = false;
    return false;
  }
  return logarithms(edge);
}

static void add_claim(struct claim_graph *graph, unsigned index) {
  const struct claim *claim = &graph->claims->claims[index];
  struct claim_edge edge = {.claim = (int)index,
                            .low = claim->value - claim->rounding,
                            .high = claim->value_to + claim->rounding,
                            .point = (claim->value + claim->value_to) / 2};
  bool is_memory;
  claim_claimed_text(claim, edge.text, sizeof edge.text);
  bool ok = memory_edge(graph, claim, &edge, &is_memory);
  if (!is_memory) {
    bool added = strncmp(claim->metric, ADDED, strlen(ADDED)) == 0;
    const char *system = added ? claim->metric + strlen(ADDED) : claim->metric;
    edge.from = node_of(graph, system, added ? claim->against : CLAIM_NODE_UNIT);
    edge.to = node_of(graph, system, claim->combination);
    ok = true;
  }
  if (ok) add_edge(graph, &edge);
}

static void add_lines(struct claim_graph *graph, const char *corpus) {
  for (unsigned c = 0; corpus && c < graph->claims->corpus_count; c++) {
    const struct claims_corpus *known = &graph->claims->corpora[c];
    if (strcmp(known->name, corpus) != 0) continue;
    struct claim_edge edge = {.claim = -1, .low = known->lines, .high = known->lines, .point = known->lines};
    char number[60];
    claim_number_text(known->lines, number, sizeof number);
    snprintf(edge.text, sizeof edge.text, "%s lines", number);
    edge.from = node_of(graph, CLAIM_MEMORY, CLAIM_NODE_UNIT);
    edge.to = node_of(graph, CLAIM_MEMORY, CLAIM_NODE_LINES);
    if (logarithms(&edge)) add_edge(graph, &edge);
  }
}

static bool has_checkpoint(const struct claim *claim, const char *checkpoint) {
  for (unsigned c = 0; c < claim->checkpoint_count; c++) {
    if (strcmp(claim->checkpoints[c], checkpoint) == 0) return true;
  }
  return false;
}

bool claim_graph_new(const struct claims *claims, const char *corpus, const char *checkpoint, struct claim_graph *graph,
                     struct fault *fault) {
  size_t most = 3 * (size_t)claims->count + 3; /* a claim has two nodes, and its own when it is about memory */
  *graph = (struct claim_graph){.claims = claims,
                                .nodes = calloc(most, sizeof *graph->nodes),
                                .edges = calloc(most, sizeof *graph->edges),
                                .ties = calloc(most, sizeof *graph->ties)};
  if (!graph->nodes || !graph->edges || !graph->ties) {
    claim_graph_free(graph);
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", claims->path);
  }
  for (unsigned i = 0; i < claims->count; i++) {
    const struct claim *claim = &claims->claims[i];
    bool about = corpus ? claim_is_about(claim, corpus) : claim->corpus_count == 0;
    if (about && has_checkpoint(claim, checkpoint)) add_claim(graph, i);
  }
  add_lines(graph, corpus);
  return true;
}

void claim_graph_free(struct claim_graph *graph) {
  free(graph->nodes);
  free(graph->edges);
  free(graph->ties);
  *graph = (struct claim_graph){0};
}

/* ---- ways ---- */

void claim_way_bounds(const struct claim_graph *graph, const struct claim_way *way, double *low, double *high,
                      double *point) {
  *low = *high = *point = 0;
  for (unsigned i = 0; i < way->count; i++) {
    const struct claim_edge *edge = &graph->edges[way->edges[i]];
    *low += way->backwards[i] ? -edge->high : edge->low;
    *high += way->backwards[i] ? -edge->low : edge->high;
    *point += way->backwards[i] ? -edge->point : edge->point;
  }
}

struct search {
  const struct claim_graph *graph;
  unsigned around, goal; /* the tie, and its end */
  unsigned nodes[CLAIM_WAY_MAX + 1];
  struct claim_way way;
  claim_way_fn *take;
  void *sink;
  unsigned steps;
  bool cut_off;
};

/* The tie between two nodes other than the one that is gone round; tie_count: none. */
static unsigned tie_between(const struct search *search, unsigned a, unsigned b) {
  const struct claim_graph *graph = search->graph;
  for (unsigned t = 0; t < graph->tie_count; t++) {
    const struct claim_tie *tie = &graph->ties[t];
    if (t == search->around) continue;
    if ((tie->from == a && tie->to == b) || (tie->from == b && tie->to == a)) return t;
  }
  return graph->tie_count;
}

static void step(struct search *search, unsigned tie, unsigned node) {
  const struct claim_graph *graph = search->graph;
  unsigned edge = graph->ties[tie].best, last = search->way.count++;
  search->way.edges[last] = edge;
  search->way.backwards[last] = graph->edges[edge].to != node;
  search->nodes[last + 1] = node;
}

/* A node that is on the way, or next to one before its end, would be a loop or a detour. So is one where
 * the shortcut is contested: what goes round that is asked of the contested relation itself. */
static bool is_detour(const struct search *search, unsigned node) {
  for (unsigned i = 0; i <= search->way.count; i++) {
    if (search->nodes[i] == node) return true;
    if (i < search->way.count && tie_between(search, search->nodes[i], node) < search->graph->tie_count) return true;
  }
  return false;
}

static void walk_on(struct search *search) {
  const struct claim_graph *graph = search->graph;
  unsigned node = search->nodes[search->way.count];
  if (search->way.count == CLAIM_WAY_MAX || search->steps++ >= STEPS_MAX) {
    search->cut_off = true;
    return;
  }
  unsigned last = tie_between(search, node, search->goal);
  if (last < graph->tie_count) {
    if (graph->ties[last].contested) return;
    step(search, last, search->goal);
    search->take(search->sink, &search->way);
    search->way.count--;
    return;
  }
  for (unsigned t = 0; t < graph->tie_count; t++) {
    const struct claim_tie *tie = &graph->ties[t];
    if (t == search->around || tie->contested || (tie->from != node && tie->to != node)) continue;
    unsigned next = tie->from == node ? tie->to : tie->from;
    if (is_detour(search, next)) continue;
    step(search, t, next);
    walk_on(search);
    search->way.count--;
  }
}

bool claim_graph_ways(const struct claim_graph *graph, unsigned tie, claim_way_fn *take, void *sink) {
  struct search search = {.graph = graph, .around = tie, .goal = graph->ties[tie].to, .take = take, .sink = sink};
  search.nodes[0] = graph->ties[tie].from;
  walk_on(&search);
  return !search.cut_off;
}
