/* SPDX-License-Identifier: MIT
 *
 * corpus_json.c - a corpus as the "corpus" object of a result. Cells and `corpus
 * show` write the same object, so that they cannot differ. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

#include "corpus.h"

static bool add_number(cJSON *object, const char *key, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool add_language(cJSON *list, const struct corpus_language *language) {
  cJSON *item = cJSON_CreateObject();
  if (!item || !cJSON_AddItemToArray(list, item)) {
    cJSON_Delete(item);
    return false;
  }
  return cJSON_AddStringToObject(item, "name", language->name) && add_number(item, "files", language->files) &&
         add_number(item, "lines", language->lines) && add_number(item, "bytes", language->bytes) &&
         cJSON_AddStringToObject(item, "grammar_package", language->grammar_package) &&
         cJSON_AddStringToObject(item, "grammar_version", language->grammar_version) &&
         add_number(item, "grammar_abi", language->grammar_abi);
}

cJSON *corpus_to_json(const struct corpus *corpus) {
  cJSON *json = cJSON_CreateObject();
  bool ok = json && cJSON_AddStringToObject(json, "name", corpus->name) &&
            cJSON_AddStringToObject(json, "title", corpus->title) && add_number(json, "files", corpus->file_count) &&
            add_number(json, "lines", corpus->lines) && add_number(json, "bytes", corpus->bytes) &&
            cJSON_AddStringToObject(json, "content_hash", corpus->content_hash) &&
            add_number(json, "empty_files", corpus->empty_files) &&
            add_number(json, "non_utf8_files", corpus->non_utf8_files);
  cJSON *skipped = ok ? cJSON_AddObjectToObject(json, "skipped") : NULL;
  for (int why = 0; skipped && why < CORPUS_SKIP_COUNT; why++) {
    ok = ok && add_number(skipped, corpus_skip_name(why), corpus->skipped[why]);
  }
  cJSON *languages = skipped && ok ? cJSON_AddArrayToObject(json, "languages") : NULL;
  ok = ok && languages;
  for (size_t i = 0; ok && i < corpus->language_count; i++) ok = add_language(languages, &corpus->languages[i]);
  if (ok) return json;
  cJSON_Delete(json);
  return NULL;
}
