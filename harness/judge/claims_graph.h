/* SPDX-License-Identifier: MIT
 *
 * claims_graph.h - claims about one corpus and checkpoint as a graph (claims_contradict.h): nodes have a
 * potential (the logarithm of a memory in MiB or of a number of lines; or a value as it is), and each claim
 * says between which bounds the difference of two potentials lies. */
#ifndef PHASEBENCH_CLAIMS_GRAPH_H
#define PHASEBENCH_CLAIMS_GRAPH_H

#include "claims.h"

#define CLAIM_MEMORY "memory" /* the system of potentials that are logarithms */
#define CLAIM_NODE_UNIT " unit"
#define CLAIM_NODE_LINES " lines"
#define CLAIM_WAY_MAX 15

struct claim_node {
  const char *system; /* CLAIM_MEMORY, or a metric */
  const char *name;   /* a combination, or CLAIM_NODE_* */
};

struct claim_edge {
  unsigned from, to, tie;
  int claim;               /* -1: the lines of the corpus */
  double low, high, point; /* potential of `to` - that of `from` */
  char text[100];          /* exp(point), or point, as claimed: "6.30", "(1 - 0.4)", "1.50 MiB" */
};

/* All edges between two nodes. */
struct claim_tie {
  unsigned from, to;
  unsigned best;  /* the edge with the narrowest bounds */
  bool contested; /* two of its edges contradict each other */
};

struct claim_graph {
  const struct claims *claims;
  struct claim_node *nodes;
  struct claim_edge *edges;
  struct claim_tie *ties;
  unsigned node_count, edge_count, tie_count;
};

/* corpus NULL: claims about any corpus alone. */
bool claim_graph_new(const struct claims *claims, const char *corpus, const char *checkpoint, struct claim_graph *graph,
                     struct fault *fault);
void claim_graph_free(struct claim_graph *graph);

/* A way from `from` to `to` of a tie: edges in order, and whether each is walked backwards. */
struct claim_way {
  unsigned edges[CLAIM_WAY_MAX], count;
  bool backwards[CLAIM_WAY_MAX];
};
/* The bounds of what a way says of the potential at its end less that at its start. */
void claim_way_bounds(const struct claim_graph *graph, const struct claim_way *way, double *low, double *high,
                      double *point);

/* Calls `take` with every way that goes round a tie; false: there were too many to look at all of them. */
typedef void claim_way_fn(void *sink, const struct claim_way *way);
bool claim_graph_ways(const struct claim_graph *graph, unsigned tie, claim_way_fn *take, void *sink);

/* Whether two ranges have something in common, but for what arithmetic loses. */
bool claim_ranges_meet(double low, double high, double other_low, double other_high);

#endif
