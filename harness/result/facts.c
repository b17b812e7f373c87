/* SPDX-License-Identifier: MIT
 *
 * facts.c - what a result says of its run: options, and every member and every reason as text, for those who
 * show or compare them. */
#include "base/count.h"
#include "base/json_flat.h"
#include "read.h"

static const char *const heads[] = {"corpus", "phasebench", "environment", "settings"};
enum { HEAD_COUNT = COUNT(heads) };

/* One more element at the end of a list, zeroed; NULL when out of memory. The room is the next power of two. */
static void *grow(void **list, unsigned *count, size_t bytes) {
  bool is_full = (*count & (*count - 1)) == 0; /* 0, 1, 2, 4 ... */
  if (is_full) {
    void *more = realloc(*list, (*count ? 2 * (size_t)*count : 1) * bytes);
    if (!more) return NULL;
    *list = more;
  }
  return memset((char *)*list + (size_t)(*count)++ * bytes, 0, bytes);
}

struct taking {
  struct result *result;
  const char *head;
  const struct result_cell *cell;
  bool failed; /* out of memory */
};

static void take_fact(void *sink, const char *path, const char *text) {
  struct taking *taking = sink;
  void *list = taking->result->facts;
  struct result_fact *fact = grow(&list, &taking->result->fact_count, sizeof *fact);
  taking->result->facts = list;
  size_t bytes = strlen(taking->head) + strlen(path) + 2;
  if (fact && (fact->path = malloc(bytes))) {
    snprintf(fact->path, bytes, "%s.%s", taking->head, path);
    fact->text = strdup(text);
  }
  taking->failed = taking->failed || !fact || !fact->path || !fact->text;
}

static void take_reason(void *sink, const char *path, const char *text) {
  struct taking *taking = sink;
  void *list = taking->result->reasons;
  struct result_reason *reason = grow(&list, &taking->result->reason_count, sizeof *reason);
  taking->result->reasons = list;
  if (reason) {
    *reason = (struct result_reason){.cell = taking->cell, .path = strdup(path), .reason = strdup(text)};
  }
  taking->failed = taking->failed || !reason || !reason->path || !reason->reason;
}

static bool read_texts(struct reader *reader) {
  struct result *result = reader->result;
  struct taking taking = {.result = result};
  for (unsigned i = 0; i < HEAD_COUNT; i++) {
    const cJSON *head = cJSON_GetObjectItemCaseSensitive(result->root, heads[i]);
    taking.head = heads[i];
    json_flat(head, take_fact, &taking);
    json_reasons(head, take_reason, &taking);
  }
  unsigned i = 0;
  const cJSON *cell;
  cJSON_ArrayForEach(cell, cJSON_GetObjectItemCaseSensitive(result->root, "cells")) {
    taking.cell = &result->cells[i++];
    json_reasons(cell, take_reason, &taking);
  }
  if (!taking.failed) return true;
  return fault_set(reader->fault, EXIT_CODE_SYSTEM, "%s: out of memory", result->path);
}

static bool read_options(struct reader *reader, const cJSON *settings) {
  struct result *result = reader->result;
  const cJSON *combination, *option;
  place(reader, "settings.options");
  cJSON_ArrayForEach(combination, cJSON_GetObjectItemCaseSensitive(settings, "options")) {
    cJSON_ArrayForEach(option, combination) {
      void *list = result->options;
      struct result_option *into = grow(&list, &result->option_count, sizeof *into);
      result->options = list;
      if (!into) return fault_set(reader->fault, EXIT_CODE_SYSTEM, "%s: out of memory", result->path);
      into->combination = combination->string;
      into->name = option->string;
      if (!read_count(reader, combination, option->string, &into->value)) return false;
    }
  }
  return true;
}

static bool read_malloc_conf(struct reader *reader, const cJSON *settings) {
  struct result *result = reader->result;
  const cJSON *profile, *list = cJSON_GetObjectItemCaseSensitive(settings, "malloc_conf");
  place(reader, "settings.malloc_conf");
  result->malloc_confs = zeroed((size_t)cJSON_GetArraySize(list), sizeof *result->malloc_confs, reader);
  if (!result->malloc_confs) return false;
  cJSON_ArrayForEach(profile, list) {
    struct result_malloc_conf *into = &result->malloc_confs[result->malloc_conf_count++];
    into->profile = profile->string;
    if (!read_text(reader, list, profile->string, &into->options)) return false;
  }
  return true;
}

bool result_read_facts(struct reader *reader) {
  const cJSON *settings = cJSON_GetObjectItemCaseSensitive(reader->result->root, "settings");
  reader->result->allow_unfit_build = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(settings, "allow_unfit_build"));
  return read_options(reader, settings) && read_malloc_conf(reader, settings) && read_texts(reader);
}

const char *result_fact(const struct result *result, const char *path) {
  for (unsigned i = 0; i < result->fact_count; i++) {
    if (strcmp(result->facts[i].path, path) == 0) return result->facts[i].text;
  }
  return NULL;
}

void result_free_facts(struct result *result) {
  for (unsigned i = 0; i < result->fact_count; i++) {
    free(result->facts[i].path);
    free(result->facts[i].text);
  }
  for (unsigned i = 0; i < result->reason_count; i++) {
    free(result->reasons[i].path);
    free(result->reasons[i].reason);
  }
  free(result->facts);
  free(result->reasons);
  free(result->options);
  free(result->malloc_confs);
}
