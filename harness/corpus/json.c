/* SPDX-License-Identifier: MIT
 *
 * json.c - a corpus as the "corpus" object of a result. Results and `corpus
 * show` write the same members, so that they cannot differ. */
#include "base/json_out.h"
#include "corpus.h"

void corpus_add_json(const struct corpus *corpus, cJSON *object) {
  json_add_text(object, "name", corpus->name);
  json_add_text(object, "title", corpus->title);
  json_add_u64(object, "files", corpus->file_count);
  json_add_u64(object, "lines", corpus->lines);
  json_add_u64(object, "bytes", corpus->bytes);
  json_add_text(object, "content_hash", corpus->content_hash);
  json_add_u64(object, "empty_files", corpus->empty_files);
  json_add_u64(object, "non_utf8_files", corpus->non_utf8_files);
  if (corpus->has_versions) json_add_u64(object, "changed_files", corpus->edit_count);
  if (corpus->sample.of) {
    cJSON *sample = json_add_object(object, "sample");
    json_add_text(sample, "of", corpus->sample.of);
    json_add_u64(sample, "max_lines", corpus->sample.max_lines);
    json_add_u64(sample, "seed", corpus->sample.seed);
    json_add_u64(sample, "all_files", corpus->sample.all_files);
    json_add_u64(sample, "all_lines", corpus->sample.all_lines);
  }
  cJSON *skipped = json_add_object(object, "skipped");
  for (int why = 0; why < CORPUS_SKIP_COUNT; why++) json_add_u64(skipped, corpus_skip_name(why), corpus->skipped[why]);
  cJSON *languages = json_add_array(object, "languages");
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
}
