/* SPDX-License-Identifier: MIT
 *
 * corpus_json.c - a corpus as the "corpus" object of a result. Results and `corpus
 * show` write the same object, so that they cannot differ. */
#include "corpus.h"
#include "json_out.h"

cJSON *corpus_to_json(const struct corpus *corpus) {
  cJSON *json = json_new_object();
  json_add_text(json, "name", corpus->name);
  json_add_text(json, "title", corpus->title);
  json_add_u64(json, "files", corpus->file_count);
  json_add_u64(json, "lines", corpus->lines);
  json_add_u64(json, "bytes", corpus->bytes);
  json_add_text(json, "content_hash", corpus->content_hash);
  json_add_u64(json, "empty_files", corpus->empty_files);
  json_add_u64(json, "non_utf8_files", corpus->non_utf8_files);
  if (corpus->has_versions) json_add_u64(json, "changed_files", corpus->edit_count);
  if (corpus->sample.of) {
    cJSON *sample = json_add_object(json, "sample");
    json_add_text(sample, "of", corpus->sample.of);
    json_add_u64(sample, "max_lines", corpus->sample.max_lines);
    json_add_u64(sample, "seed", corpus->sample.seed);
    json_add_u64(sample, "all_files", corpus->sample.all_files);
    json_add_u64(sample, "all_lines", corpus->sample.all_lines);
  }
  cJSON *skipped = json_add_object(json, "skipped");
  for (int why = 0; why < CORPUS_SKIP_COUNT; why++) json_add_u64(skipped, corpus_skip_name(why), corpus->skipped[why]);
  cJSON *languages = json_add_array(json, "languages");
  for (size_t i = 0; i < corpus->language_count; i++) {
    const struct corpus_language *language = &corpus->languages[i];
    cJSON *item = json_add_object(languages, NULL);
    json_add_text(item, "name", language->name);
    json_add_u64(item, "files", language->files);
    json_add_u64(item, "lines", language->lines);
    json_add_u64(item, "bytes", language->bytes);
    json_add_text(item, "grammar_package", language->grammar_package);
    json_add_text(item, "grammar_version", language->grammar_version);
    json_add_u64(item, "grammar_abi", language->grammar_abi);
  }
  return json;
}
