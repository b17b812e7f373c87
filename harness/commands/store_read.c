/* SPDX-License-Identifier: MIT
 *
 * command_store_read.c - `phasebench store info` and `phasebench store open`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/random.h"
#include "base/text.h"
#include "store.h"
#include "system/heap.h"
#include "system/probe.h"

#define SAMPLE_MAX 1000u
#define SAMPLE_PURPOSE 201

/* ---- info ---- */

struct sums {
  uint64_t bytes, lines, nodes;
};

static struct sums sum_all(const struct store_catalogue *catalogue) {
  struct sums sums = {0};
  for (uint64_t i = 0; i < catalogue->document_count; i++) {
    sums.bytes += catalogue->documents[i].bytes;
    sums.lines += catalogue->documents[i].lines;
    sums.nodes += catalogue->documents[i].nodes;
  }
  return sums;
}

/* Of one language. */
static struct sums sum_of(const struct store_catalogue *catalogue, uint32_t language, uint64_t *documents) {
  struct sums sums = {0};
  *documents = 0;
  for (uint64_t i = 0; i < catalogue->document_count; i++) {
    const struct store_document *document = &catalogue->documents[i];
    if (document->language != language) continue;
    ++*documents;
    sums.bytes += document->bytes;
    sums.lines += document->lines;
    sums.nodes += document->nodes;
  }
  return sums;
}

static cJSON *head_json(const char *schema, const struct store_disk *disk, const struct store_disk_size *size) {
  static struct path_shown shown;
  const struct store_catalogue *catalogue = &disk->catalogue;
  struct sums sums = sum_all(catalogue);
  cJSON *root = json_new_object();
  json_add_text(root, "schema", schema);
  json_add_text(root, "store", path_show(disk->path, &shown));
  json_add_text(root, "stages", catalogue->combination);
  json_add_u64(root, "stage_abi", catalogue->stage_abi);
  cJSON *settings = json_add_object(root, "options");
  for (unsigned i = 0; i < disk->place.setting_count; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", disk->place.settings[i].stage, disk->place.settings[i].option);
    json_add_u64(settings, name, disk->place.settings[i].value);
  }
  json_add_text(root, "corpus", catalogue->corpus);
  json_add_text(root, "content_hash", catalogue->content_hash);
  json_add_u64(root, "documents", catalogue->document_count);
  json_add_u64(root, "lines", sums.lines);
  json_add_u64(root, "source_bytes", sums.bytes);
  json_add_u64(root, "nodes", sums.nodes);
  json_add_u64(root, "table_bytes", catalogue->table_bytes);
  json_add_u64(root, "files", size->files);
  json_add_u64(root, "file_bytes", size->bytes);
  json_add_u64(root, "disk_bytes", size->disk_bytes);
  if (sums.lines > 0) json_add_double(root, "disk_bytes_per_line", (double)size->disk_bytes / (double)sums.lines);
  else json_add_missing(root, "disk_bytes_per_line", "there is no line in it");
  return root;
}

static void print_info_json(const struct store_disk *disk, const struct store_disk_size *size, struct fault *fault) {
  cJSON *root = head_json("phasebench-store-info-1", disk, size), *languages = json_add_array(root, "languages");
  for (uint32_t i = 0; i < disk->catalogue.language_count; i++) {
    const struct store_language *language = &disk->catalogue.languages[i];
    uint64_t documents;
    struct sums sums = sum_of(&disk->catalogue, i, &documents);
    cJSON *to = json_add_object(languages, NULL);
    json_add_text(to, "name", language->name);
    json_add_text(to, "grammar_package", language->package);
    json_add_text(to, "grammar_version", language->version);
    json_add_u64(to, "grammar_abi", language->abi);
    json_add_u64(to, "documents", documents);
    json_add_u64(to, "lines", sums.lines);
    json_add_u64(to, "source_bytes", sums.bytes);
    json_add_u64(to, "nodes", sums.nodes);
  }
  json_print(root, fault);
}

static void print_info(const struct store_disk *disk, const struct store_disk_size *size) {
  const struct store_catalogue *catalogue = &disk->catalogue;
  static struct path_shown shown;
  char source[SIZE_TEXT_BYTES], on_disk[SIZE_TEXT_BYTES];
  struct sums sums = sum_all(catalogue);
  printf("store         %s\nstages        %s (stage ABI %u)\n", path_show(disk->path, &shown), catalogue->combination,
         catalogue->stage_abi);
  for (unsigned i = 0; i < disk->place.setting_count; i++) {
    char text[STORE_SETTING_BYTES];
    store_setting_show(&disk->place.settings[i], text);
    printf("option        %s\n", text);
  }
  printf("corpus        ");
  text_print(stdout, catalogue->corpus);
  printf(", content hash %s\n", catalogue->content_hash);
  printf("documents     %" PRIu64 "\nlines         %" PRIu64 "\nsource        %s\nnodes         %" PRIu64 "\n",
         catalogue->document_count, sums.lines, size_text(sums.bytes, source), sums.nodes);
  printf("on disk       %s in %" PRIu64 " file%s", size_text(size->disk_bytes, on_disk), size->files,
         plural(size->files));
  if (sums.lines > 0) printf(", %.2f B/line", (double)size->disk_bytes / (double)sums.lines);
  printf("\n\n%-12s %10s %10s %12s  grammar\n", "language", "documents", "lines", "source");
  for (uint32_t i = 0; i < catalogue->language_count; i++) {
    const struct store_language *language = &catalogue->languages[i];
    uint64_t documents;
    struct sums of = sum_of(catalogue, i, &documents);
    printf("%-12s %10" PRIu64 " %10" PRIu64 " %12s  %s %s, ABI %u\n", language->name, documents, of.lines,
           size_text(of.bytes, source), language->package, language->version, language->abi);
  }
}

bool store_command_info(const struct store_options *options, struct fault *fault) {
  static struct store_disk disk;
  struct store_disk_size size;
  bool good = store_disk_open(options->store, options->stages, NULL, &disk, fault) &&
              store_disk_size(options->store, &size, fault);
  if (good && options->json) print_info_json(&disk, &size, fault);
  if (good && !options->json) print_info(&disk, &size);
  store_disk_close(&disk);
  return good && fault->code == EXIT_CODE_OK;
}

/* ---- open ---- */

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
  bool good = (order && batch) || fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the sample");
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

/* RSS above what it was before; a reason where the kernel does not tell. */
static void add_growth(cJSON *root, const char *key, const struct probe_reading *now,
                       const struct probe_reading *before) {
  if (now->missing[PROBE_RSS]) json_add_missing(root, key, now->missing[PROBE_RSS]);
  else json_add_i64(root, key, (int64_t)now->value[PROBE_RSS] - (int64_t)before->value[PROBE_RSS]);
}

static void print_opening_json(const struct store_disk *disk, const struct opening *opening, struct fault *fault) {
  struct store_disk_size size;
  if (!store_disk_size(disk->path, &size, fault)) return;
  cJSON *root = head_json("phasebench-store-open-1", disk, &size);
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
  else printf("%s %.2f MiB\n", what, ((double)now->value[PROBE_RSS] - (double)before->value[PROBE_RSS]) / 1048576);
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
