/* SPDX-License-Identifier: MIT
 *
 * access.c - see access.h. Every store gets the same draws: classes and documents do not depend on what
 * a stage answers, and a byte is drawn as a fraction of the document's length. */
#include "access.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/percentile.h"
#include "base/random.h"
#include "system/heap.h"

/* Class sizes: rounded shares, but one document at least as long as there are enough;
 * the last class takes what is left. */
static void divide(struct access_mix *mix) {
  uint32_t left = mix->document_count;
  mix->first[0] = 0;
  for (int c = 0; c < ACCESS_CLASS_COUNT; c++) {
    uint32_t share = (uint32_t)(((uint64_t)mix->document_count * access_classes[c].document_pct + 50) / 100);
    uint32_t later = ACCESS_CLASS_COUNT - 1 - (uint32_t)c; /* classes that want a document, too */
    if (share == 0) share = 1;
    if (left > later && share > left - later) share = left - later;
    if (share > left || c == ACCESS_CLASS_COUNT - 1) share = left;
    if (left <= later && left > 0) share = 1;
    mix->first[c + 1] = mix->first[c] + share;
    left -= share;
  }
}

bool access_mix_new(struct access_mix *mix, uint64_t seed, uint32_t document_count, struct stage_heap *heap,
                    struct fault *fault) {
  *mix = (struct access_mix){.seed = seed, .document_count = document_count};
  size_t order_bytes = ((size_t)document_count + 1) * sizeof *mix->order,
         latency_bytes = ACCESS_COUNT * sizeof(uint64_t);
  mix->order = heap_allocate(heap, order_bytes);
  bool good = mix->order != NULL;
  for (int c = 0; c < ACCESS_CLASS_COUNT; c++) {
    mix->latency_ns[c] = heap_allocate(heap, latency_bytes);
    good = good && mix->latency_ns[c];
  }
  if (!good) {
    access_mix_free(mix, heap);
    return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the access mix of %u documents", document_count);
  }
  for (int c = 0; c < ACCESS_CLASS_COUNT; c++) memset(mix->latency_ns[c], 0xff, latency_bytes);
  for (uint32_t i = 0; i < document_count; i++) mix->order[i] = i;
  struct random_stream stream = random_stream_for(seed, RANDOM_CLASSES, 0);
  random_shuffle(&stream, mix->order, document_count);
  divide(mix);
  return true;
}

void access_mix_free(struct access_mix *mix, struct stage_heap *heap) {
  heap_release(heap, mix->order);
  for (int c = 0; c < ACCESS_CLASS_COUNT; c++) heap_release(heap, mix->latency_ns[c]);
  *mix = (struct access_mix){.order = NULL};
}

static int draw_class(struct random_stream *stream, const struct access_mix *mix) {
  uint32_t ticket = (uint32_t)random_below(stream, 100);
  int c = 0;
  while (ticket >= access_classes[c].access_pct) ticket -= access_classes[c++].access_pct;
  while (c > 0 && mix->first[c] == mix->first[c + 1]) c--;
  return c;
}

/* ---- one access ---- */

struct visit {
  const struct stage_ops *codec;
  struct stage_cursor *cursor;
  struct stage_pin pin;
  uint64_t text_sum;
  uint32_t node_count;
  int error;
};

static void read_leaf(struct visit *visit) {
  struct stage_extent extent;
  visit->error = visit->codec->extent(visit->cursor, &extent);
  if (visit->error) return;
  if (extent.end_byte > visit->pin.length || extent.end_byte < visit->cursor->head.start_byte) {
    visit->error = STAGE_OUT_OF_RANGE;
    return;
  }
  for (uint32_t i = visit->cursor->head.start_byte; i < extent.end_byte; i++) visit->text_sum += visit->pin.bytes[i];
}

/* To the first node in preorder after the current subtree. */
static bool past_subtree(const struct visit *visit) {
  while (!visit->codec->goto_next_sibling(visit->cursor)) {
    if (visit->cursor->error || !visit->codec->goto_parent(visit->cursor)) return false;
  }
  return true;
}

static void walk(struct visit *visit) {
  while (visit->node_count < ACCESS_NODES_MAX) {
    visit->node_count++;
    if (visit->codec->goto_first_child(visit->cursor)) continue;
    if (visit->cursor->error) return;
    if (visit->cursor->head.flags & STAGE_NODE_NAMED) read_leaf(visit);
    if (visit->error || !past_subtree(visit)) return;
  }
}

static void look_around(struct visit *visit, uint64_t place) {
  const struct stage_ops *codec = visit->codec;
  uint32_t length = (uint32_t)visit->pin.length;
  if (length > 0) {
    uint32_t byte = (uint32_t)random_reduce(place, length);
    /* A byte in the white space around the root is in no node: then the cursor stays at the root. */
    codec->goto_descendant_for_bytes(visit->cursor, byte, byte + 1);
  }
  for (uint32_t i = 0; i < ACCESS_PARENTS_MAX && !visit->cursor->error; i++) {
    if (!codec->goto_parent(visit->cursor)) break;
  }
  if (!visit->cursor->error) walk(visit);
  if (!visit->error) visit->error = visit->cursor->error;
}

static bool access_document(struct access_mix *mix, struct store *store, struct stage_cursor *cursor, uint32_t id,
                            uint64_t place, struct fault *fault) {
  struct visit visit = {.codec = store_codec(store, NULL), .cursor = cursor};
  if (store_keeps_nothing(store)) {
    int error = visit.codec->cursor_open(cursor, id);
    return error == STAGE_NO_DOCUMENT ||
           store_fault(store, visit.codec, "cursor_open of a document that is not kept", error, fault);
  }
  if (!store_pin_source(store, id, &visit.pin, fault)) return false;
  bool good = store_cursor_open(store, cursor, id, fault);
  if (good) {
    look_around(&visit, place);
    store_cursor_close(store, cursor);
    good = visit.error == STAGE_OK ||
           store_fault(store, visit.codec, "a move or extent in the access mix", visit.error, fault);
  }
  if (!store_unpin_source(store, &visit.pin, fault)) good = false;
  mix->text_sum += visit.text_sum;
  mix->node_count += visit.node_count;
  return good;
}

static void record(struct access_mix *mix, int c, uint64_t took_ns) {
  mix->latency_ns[c][mix->access_count[c]++] = took_ns;
  mix->sum_ns[c] += took_ns;
}

bool access_mix_run(struct access_mix *mix, struct store *store, struct fault *fault) {
  struct random_stream stream = random_stream_for(mix->seed, RANDOM_ACCESSES, 0);
  struct stage_cursor *cursor;
  if (mix->document_count == 0) return true;
  if (!store_cursor_new(store, &cursor, fault)) return false;
  bool good = true;
  for (uint32_t i = 0; good && i < ACCESS_COUNT; i++) {
    int c = draw_class(&stream, mix);
    uint32_t id = mix->order[mix->first[c] + random_below(&stream, mix->first[c + 1] - mix->first[c])];
    uint64_t place = random_next(&stream), began_ns = clock_ns();
    good = access_document(mix, store, cursor, id, place, fault);
    record(mix, c, clock_ns() - began_ns);
  }
  store_cursor_delete(store, cursor);
  return good;
}

/* ---- figures ---- */

void access_mix_latency(struct access_mix *mix, struct access_latency latency[ACCESS_CLASS_COUNT]) {
  for (int c = 0; c < ACCESS_CLASS_COUNT; c++) {
    uint32_t count = mix->access_count[c];
    latency[c] = (struct access_latency){
        .class_ = (enum access_class)c, .documents = mix->first[c + 1] - mix->first[c], .accesses = count};
    if (count == 0) continue;
    qsort(mix->latency_ns[c], count, sizeof *mix->latency_ns[c], compare_u64);
    latency[c].p50_ns = mix->latency_ns[c][percentile_index(count, 50)];
    latency[c].p90_ns = mix->latency_ns[c][percentile_index(count, 90)];
    latency[c].p99_ns = mix->latency_ns[c][percentile_index(count, 99)];
    latency[c].max_ns = mix->latency_ns[c][count - 1];
    latency[c].mean_ns = (double)mix->sum_ns[c] / count;
  }
}
