/* SPDX-License-Identifier: MIT
 *
 * store_open.c - `phasebench store open`: opens a store without parsing, and walks a sample of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/random.h"
#include "base/size.h"
#include "base/text.h"
#include "store.h"
#include "system/heap.h"
#include "system/probe.h"

#define SAMPLE_MAX 1000u
#define SAMPLE_PURPOSE 201

struct opening {
  uint64_t open_ns, walk_ns;
  uint64_t documents, nodes;
  struct probe_reading before, open, walked, evicted;
};

static bool walk_sample(struct store_disk *disk, struct opening *opening, struct fault *fault) {
  uint32_t count = (uint32_t)disk->catalogue.document_count;
  uint32_t *order = calloc((size_t)count + 1, sizeof *order);
  struct stage_node *batch = calloc(STORE_BATCH_NODES, sizeof *batch);
  struct stage_cursor *cursor = NULL;
  struct random_stream stream = random_stream_for(1, SAMPLE_PURPOSE, 0);
  bool good = order && batch;
  if (!good) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the sample");
  for (uint32_t i = 0; good && i < count; i++) order[i] = i;
  if (good) random_shuffle(&stream, order, count);
  good = good && store_cursor_new(disk->store, &cursor, fault);
  uint64_t began_ns = clock_ns();
  for (uint32_t i = 0; good && i < count && i < SAMPLE_MAX; i++) {
    const struct store_document *document = &disk->catalogue.documents[order[i]];
    uint64_t nodes;
    good = store_command_walk(disk->store, cursor, order[i], batch, &nodes, fault);
    if (good && nodes != document->nodes)
      good = fault_set(fault, EXIT_CODE_CORRUPT,
                       "%s: its tree has %" PRIu64
                       " nodes, the catalogue says %u; `store "
                       "verify` looks at all",
                       document->path, nodes, document->nodes);
    opening->documents++;
    opening->nodes += nodes;
  }
  opening->walk_ns = clock_ns() - began_ns;
  if (cursor) store_cursor_delete(disk->store, cursor);
  free(batch);
  free(order);
  return good;
}

/* RSS above what it was before, or the reason why the kernel does not tell it. */
static void add_growth(cJSON *root, const char *key, const struct probe_reading *now,
                       const struct probe_reading *before) {
  if (now->missing[PROBE_RSS]) json_add_missing(root, key, now->missing[PROBE_RSS]);
  else json_add_i64(root, key, (int64_t)now->value[PROBE_RSS] - (int64_t)before->value[PROBE_RSS]);
}

static void print_opening_json(const struct store_disk *disk, const struct opening *opening, struct fault *fault) {
  struct store_disk_size size;
  if (!store_disk_size(disk->path, &size, fault)) return;
  cJSON *root = store_command_head("phasebench-store-open-1", disk, &size);
  json_add_u64(root, "open_ns", opening->open_ns);
  json_add_u64(root, "sampled_documents", opening->documents);
  json_add_u64(root, "sampled_nodes", opening->nodes);
  json_add_u64(root, "walk_ns", opening->walk_ns);
  add_growth(root, "rss_open_bytes", &opening->open, &opening->before);
  add_growth(root, "rss_walked_bytes", &opening->walked, &opening->before);
  add_growth(root, "rss_evicted_bytes", &opening->evicted, &opening->before);
  json_print(root, fault);
}

static void print_growth(const char *what, const struct probe_reading *now, const struct probe_reading *before) {
  if (now->missing[PROBE_RSS]) printf("%s not known: %s\n", what, now->missing[PROBE_RSS]);
  else printf("%s %.2f MiB\n", what, ((double)now->value[PROBE_RSS] - (double)before->value[PROBE_RSS]) / MIB);
}

static void print_opening(const struct store_disk *disk, const struct opening *opening) {
  double seconds = (double)opening->walk_ns / 1e9;
  static struct path_shown shown;
  printf("%s: %" PRIu64 " document%s, opened without parsing in %.2f ms\n", path_show(disk->path, &shown),
         disk->catalogue.document_count, plural(disk->catalogue.document_count), (double)opening->open_ns / 1e6);
  if (opening->documents > 0 && seconds > 0) {
    printf("sample        %" PRIu64 " document%s opened and walked: %.0f documents/s, %.1f M nodes/s\n",
           opening->documents, plural(opening->documents), (double)opening->documents / seconds,
           (double)opening->nodes / seconds / 1e6);
  }
  print_growth("RSS above before: open        ", &opening->open, &opening->before);
  print_growth("                  walked      ", &opening->walked, &opening->before);
  print_growth("                  evicted     ", &opening->evicted, &opening->before);
}

bool store_command_open(const struct store_options *options, struct fault *fault) {
  static struct store_disk disk;
  static struct opening opening;
  heap_flush_all();
  probe_prime();
  probe_read(&opening.before);
  uint64_t began_ns = clock_ns();
  bool good = store_disk_open(options->store, options->stages, &options->place, &disk, fault);
  opening.open_ns = clock_ns() - began_ns;
  good = good && store_settings_check(&options->place, &disk.combination, 1, fault);
  heap_purge_all();
  probe_read(&opening.open);
  good = good && walk_sample(&disk, &opening, fault);
  probe_read(&opening.walked);
  if (good) store_evict(disk.store);
  heap_purge_all();
  probe_read(&opening.evicted);
  if (good && options->json) print_opening_json(&disk, &opening, fault);
  if (good && !options->json) print_opening(&disk, &opening);
  store_disk_close(&disk);
  return good && fault->code == EXIT_CODE_OK;
}
