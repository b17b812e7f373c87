/* SPDX-License-Identifier: MIT
 *
 * store_info.c - `phasebench store info`: what a store holds. */
#include <inttypes.h>
#include <stdio.h>

#include "base/json_out.h"
#include "base/size.h"
#include "base/text.h"
#include "store.h"

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

cJSON *store_command_head(const char *schema, const struct store_disk *disk, const struct store_disk_size *size) {
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
  cJSON *root = store_command_head("phasebench-store-info-1", disk, size),
        *languages = json_add_array(root, "languages");
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
