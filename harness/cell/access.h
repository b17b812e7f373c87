/* SPDX-License-Identifier: MIT
 *
 * access.h - the fixed, seeded access mix of the checkpoint `served`.
 *
 * Documents are shuffled and divided into classes; each access picks a class, then a
 * document of it, and does what an editor's feature does with a place in a file: open
 * the document, go to a byte, go up to 3 parents, walk up to 200 nodes from there and
 * read the text of the named leaves, close.
 *
 *   class                hot  warm  cold  frozen
 *   % of documents         1     9    30      60    at least one each, where there are four
 *   % of accesses         60    25    12       3
 *
 * With fewer than four documents the classes are filled from hot on, and accesses meant
 * for an empty class go to the next hotter one that has a document. */
#ifndef PHASEBENCH_ACCESS_H
#define PHASEBENCH_ACCESS_H

#include <stdint.h>

#include "base/fault.h"
#include "schema/figures.h"
#include "store/store.h"

#define ACCESS_COUNT 10000u
#define ACCESS_PARENTS_MAX 3u
#define ACCESS_NODES_MAX 200u

/* The mix of one cell. `order` holds the document ids, class by class. */
struct access_mix {
  uint32_t *order;
  uint32_t document_count;
  uint32_t first[ACCESS_CLASS_COUNT + 1]; /* class c: order[first[c]] ... order[first[c + 1] - 1] */
  uint64_t seed;
  uint64_t *latency_ns[ACCESS_CLASS_COUNT]; /* one for each access; room for ACCESS_COUNT in each class */
  uint32_t access_count[ACCESS_CLASS_COUNT];
  uint64_t sum_ns[ACCESS_CLASS_COUNT];
  uint64_t text_sum; /* of the bytes read: the answer that the work is done for */
  uint64_t node_count;
};

struct access_latency {
  enum access_class class_;
  uint32_t documents, accesses;
  /* Percentiles by nearest rank: the smallest latency such that at least p % of the accesses were
   * as fast. Not set where accesses is 0. */
  uint64_t p50_ns, p90_ns, p99_ns, max_ns;
  double mean_ns;
};

/* Allocates everything the mix needs from `heap` and touches it, so that running it
 * takes no memory of the harness's. Faults: EXIT_CODE_SYSTEM. */
bool access_mix_new(struct access_mix *mix, uint64_t seed, uint32_t document_count, struct stage_heap *heap,
                    struct fault *fault);
void access_mix_free(struct access_mix *mix, struct stage_heap *heap);

/* Runs the accesses. A store that keeps nothing has no documents: each access then
 * ends where it cannot open one. */
bool access_mix_run(struct access_mix *mix, struct store *store, struct fault *fault);

/* The figures of each class; sorts the latencies. */
void access_mix_latency(struct access_mix *mix, struct access_latency latency[ACCESS_CLASS_COUNT]);

#endif
