/* SPDX-License-Identifier: MIT
 *
 * result.c - a result file as C structs. What the JSON Schema says of a file is
 * checked here too as far as it is read, since `metrics` and `report` must not need
 * a validator; and what a schema cannot say (each planned cell is there, none twice)
 * is checked here only. */
#include "metrics.h"
#include "read.h"
#include "base/text.h"

const char result_not_written[] = "the version that wrote this result did not measure it";

/* ---- the rest of the file ---- */

static bool read_names(struct reader *reader, const cJSON *settings, const char *key, const char ***names,
                       unsigned *count) {
  const cJSON *list, *item;
  if (!json_get_array(settings, key, reader->where, &list, reader->fault)) return false;
  *names = zeroed((size_t)cJSON_GetArraySize(list), sizeof **names, reader);
  if (!*names) return false;
  cJSON_ArrayForEach(item, list) {
    if (!cJSON_IsString(item) || !item->valuestring[0]) return wrong(reader, key, "a list of names");
    for (unsigned i = 0; i < *count; i++) {
      if (strcmp((*names)[i], item->valuestring) == 0) return wrong(reader, key, "a list without repeats");
    }
    (*names)[(*count)++] = item->valuestring;
  }
  return true;
}

static bool read_some_names(struct reader *reader, const cJSON *settings, const char *key, const char ***names,
                            unsigned *count) {
  if (!read_names(reader, settings, key, names, count)) return false;
  return *count > 0 ? true : wrong(reader, key, "a list of at least one name");
}

static bool read_notes(struct reader *reader, const cJSON *settings) {
  if (!cJSON_GetObjectItemCaseSensitive(settings, "notes")) return true;
  return read_names(reader, settings, "notes", &reader->result->notes, &reader->result->note_count);
}

static bool read_settings(struct reader *reader) {
  const cJSON *settings;
  struct result *result = reader->result;
  place(reader, "settings");
  return json_get_object(result->root, "settings", reader->where, &settings, reader->fault) &&
         read_some_names(reader, settings, "combinations", &result->combinations, &result->combination_count) &&
         read_some_names(reader, settings, "profiles", &result->profiles, &result->profile_count) &&
         read_unsigned(reader, settings, "repetitions", &result->repetitions) && read_notes(reader, settings);
}

static bool read_languages(struct reader *reader, const cJSON *corpus) {
  const cJSON *list, *item;
  struct result *result = reader->result;
  if (!json_get_array(corpus, "languages", reader->where, &list, reader->fault)) return false;
  result->languages = zeroed((size_t)cJSON_GetArraySize(list), sizeof *result->languages, reader);
  if (!result->languages) return false;
  cJSON_ArrayForEach(item, list) {
    struct result_language *language = &result->languages[result->language_count];
    place(reader, "corpus.languages[%u]", result->language_count);
    if (!read_text(reader, item, "name", &language->name) ||
        !read_text(reader, item, "grammar_package", &language->grammar_package) ||
        !read_text(reader, item, "grammar_version", &language->grammar_version) ||
        !read_count(reader, item, "files", &language->files) || !read_count(reader, item, "lines", &language->lines) ||
        !read_count(reader, item, "bytes", &language->bytes)) {
      return false;
    }
    result->language_count++;
  }
  return true;
}

static bool read_corpus(struct reader *reader) {
  const cJSON *corpus;
  struct result *result = reader->result;
  place(reader, "corpus");
  if (!json_get_object(result->root, "corpus", reader->where, &corpus, reader->fault) ||
      !read_text(reader, corpus, "name", &result->corpus) ||
      !read_text(reader, corpus, "title", &result->corpus_title) ||
      !read_text(reader, corpus, "content_hash", &result->content_hash) ||
      !read_count(reader, corpus, "files", &result->files) || !read_count(reader, corpus, "lines", &result->lines) ||
      !read_count(reader, corpus, "bytes", &result->bytes)) {
    return false;
  }
  if (!result->corpus[0]) return wrong(reader, "name", "a name");
  const cJSON *sample = cJSON_GetObjectItemCaseSensitive(corpus, "sample");
  if (sample && !read_text(reader, sample, "of", &result->sample_of)) return false;
  if (result->lines < 1) return wrong(reader, "lines", "at least 1: nothing can be said per line of it");
  return read_languages(reader, corpus);
}

static bool read_environment(struct reader *reader) {
  const cJSON *environment, *build;
  struct result *r = reader->result;
  place(reader, "phasebench");
  if (!json_get_object(r->root, "phasebench", reader->where, &build, reader->fault) ||
      !read_text(reader, build, "version", &r->version) || !read_text_or_null(reader, build, "commit", &r->commit) ||
      !read_text(reader, build, "build_type", &r->build_type) ||
      !read_text(reader, build, "sanitizers", &r->sanitizers)) {
    return false;
  }
  static const struct figure_row cpu_count = {"cpu_count", "processors", FIGURE_COUNT_OR_NULL, ""},
                                 memory_bytes = {"memory_bytes", "bytes", FIGURE_COUNT_OR_NULL, ""};
  place(reader, "environment");
  return json_get_object(r->root, "environment", reader->where, &environment, reader->fault) &&
         read_text_or_null(reader, environment, "kernel", &r->kernel) &&
         read_text_or_null(reader, environment, "cpu_model", &r->cpu_model) &&
         read_text_or_null(reader, environment, "compiler", &r->compiler) &&
         read_text_or_null(reader, environment, "compiler_flags", &r->compiler_flags) &&
         read_text_or_null(reader, environment, "allocator_version", &r->allocator_version) &&
         read_text_or_null(reader, environment, "tree_sitter_version", &r->tree_sitter_version) &&
         read_figure(reader, environment, &cpu_count, &r->cpu_count) &&
         read_figure(reader, environment, &memory_bytes, &r->memory_bytes);
}

static bool read_cells(struct reader *reader) {
  const cJSON *list, *item;
  struct result *result = reader->result;
  place(reader, "cells");
  if (!json_get_array(result->root, "cells", reader->where, &list, reader->fault)) return false;
  if (cJSON_GetArraySize(list) == 0) return wrong(reader, "cells", "a list of at least one cell");
  result->cells = zeroed((size_t)cJSON_GetArraySize(list), sizeof *result->cells, reader);
  if (!result->cells) return false;
  cJSON_ArrayForEach(item, list) {
    unsigned i = result->cell_count++;
    if (!result_read_cell(reader, item, i, &result->cells[i])) return false;
  }
  return true;
}

/* ---- groups ---- */

static struct result_group *find_group(struct result *result, const struct result_cell *cell) {
  for (unsigned g = 0; g < result->group_count; g++) {
    struct result_group *group = &result->groups[g];
    if (strcmp(group->combination, cell->combination) == 0 && strcmp(group->profile, cell->profile) == 0) return group;
  }
  return NULL;
}

static bool place_cell(struct reader *reader, unsigned i) {
  struct result_cell *cell = &reader->result->cells[i];
  struct result_group *group = find_group(reader->result, cell);
  place(reader, "cells[%u]", i);
  if (!group || cell->repetition >= reader->result->repetitions) {
    return fault_set(reader->fault, EXIT_CODE_INPUT,
                     "%s: the settings do not ask for a cell '%s', profile '%s', repetition %u (counted from 0)",
                     reader->where, cell->combination, cell->profile, cell->repetition);
  }
  if (group->cells[cell->repetition]) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: cell '%s', profile '%s', repetition %u is there twice",
                     reader->where, cell->combination, cell->profile, cell->repetition);
  }
  group->cells[cell->repetition] = cell;
  group->instrument = group->instrument || cell->instrument;
  return true;
}

/* Every cell that the settings ask for is there. Of an instrument, `run` may measure
 * fewer repetitions (the harness's own cost is no result): its first ones, none left out. */
static bool is_complete(struct reader *reader, struct result_group *group) {
  while (group->instrument && group->cell_count > 1 && !group->cells[group->cell_count - 1]) group->cell_count--;
  for (unsigned i = 0; i < group->cell_count; i++) {
    if (group->cells[i]) continue;
    place(reader, "cells");
    return fault_set(reader->fault, EXIT_CODE_INPUT,
                     "%s: %u are there, but not '%s', profile '%s', repetition %u (counted from 0), which the settings "
                     "ask for (%u combinations, %u profiles, %u repetitions)",
                     reader->where, reader->result->cell_count, group->combination, group->profile, i,
                     reader->result->combination_count, reader->result->profile_count, reader->result->repetitions);
  }
  return true;
}

/* A combination has figures when each of its repetitions has; one bad cell is the
 * combination's result, since the others may differ from it by luck only. */
static void judge_group(struct result_group *group) {
  unsigned bad = 0;
  for (unsigned i = 0; i < group->cell_count; i++) {
    const struct result_cell *cell = group->cells[i];
    if (cell->ok || bad++) continue;
    snprintf(group->reason, sizeof group->reason, "repetition %u of %u %s: %.300s", i + 1, group->cell_count,
             cell->status, cell->reason);
  }
  group->ok = bad == 0;
  if (bad > 1) {
    size_t used = strlen(group->reason);
    snprintf(group->reason + used, sizeof group->reason - used, " (and %u more)", bad - 1);
  }
}

static bool make_groups(struct reader *reader) {
  struct result *result = reader->result;
  result->groups = zeroed((size_t)result->profile_count * result->combination_count, sizeof *result->groups, reader);
  if (!result->groups) return false;
  for (unsigned p = 0; p < result->profile_count; p++) {
    for (unsigned c = 0; c < result->combination_count; c++) {
      struct result_group *group = &result->groups[result->group_count++];
      group->combination = result->combinations[c];
      group->profile = result->profiles[p];
      group->cell_count = result->repetitions;
      group->cells = zeroed(result->repetitions, sizeof *group->cells, reader);
      group->metrics = zeroed(1, sizeof *group->metrics, reader);
      if (!group->cells || !group->metrics) return false;
    }
  }
  for (unsigned i = 0; i < result->cell_count; i++) {
    if (!place_cell(reader, i)) return false;
  }
  for (unsigned g = 0; g < result->group_count; g++) {
    if (!is_complete(reader, &result->groups[g])) return false;
    judge_group(&result->groups[g]);
  }
  return true;
}

/* ---- interface ---- */

/* Says what to do with a file of another schema: it may be a result of another version, the papers' extract of a result
 * (scripts/measured.py), or no result at all. */
static bool refuse_schema(struct reader *reader, const char *schema) {
  const char *path = reader->result->path;
  if (strncmp(schema, "phasebench-measured-", strlen("phasebench-measured-")) == 0)
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: this is an extract for the papers, not a result", path);
  if (strncmp(schema, "phasebench-result-", strlen("phasebench-result-")) != 0) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: this is not a result: its schema is '%.60s', expected '%s'",
                     path, schema, RESULT_SCHEMA);
  }
  return fault_set(reader->fault, EXIT_CODE_INPUT,
                   "%s: it was written by another version of phasebench (%.60s; this one reads %s): measure again with "
                   "`phasebench run`, or use that version",
                   path, schema, RESULT_SCHEMA);
}

static bool read_head(struct reader *reader) {
  struct result *result = reader->result;
  const char *schema;
  bool complete;
  place(reader, "top level");
  if (!cJSON_IsObject((const cJSON *)result->root)) return wrong(reader, "the file", "a JSON object");
  if (!read_text(reader, result->root, "schema", &schema)) return false;
  if (strcmp(schema, RESULT_SCHEMA) != 0) return refuse_schema(reader, schema);
  if (!read_text(reader, result->root, "created_utc", &result->created_utc) ||
      !json_get_bool(result->root, "complete", reader->where, &complete, reader->fault)) {
    return false;
  }
  if (!complete) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the run did not finish; `phasebench run --resume` goes on",
                     result->path);
  }
  return true;
}

bool result_open(const char *path, struct result **out, struct fault *fault) {
  *out = NULL;
  struct result *result = calloc(1, sizeof *result);
  if (!result) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", path);
  struct reader reader = {.result = result, .fault = fault};
  cJSON *root = NULL;
  result->path = strdup(path);
  if (!result->path) {
    fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", path);
    goto close_result;
  }
  text_make_printable((char *)result->path); /* it is shown */
  if (!json_read_file(path, &root, fault)) goto close_result;
  result->root = root;
  json_make_printable(root);
  if (!read_head(&reader) || !read_environment(&reader) || !read_corpus(&reader) || !read_settings(&reader) ||
      !read_cells(&reader) || !make_groups(&reader) || !result_read_facts(&reader) || !result_check(result, fault)) {
    goto close_result;
  }
  *out = result;
  return true;
close_result:
  result_close(result);
  return false;
}

bool result_paths_differ(char *const *paths, unsigned count, struct fault *fault) {
  for (unsigned i = 0; i < count; i++) {
    for (unsigned j = 0; j < i; j++) {
      if (strcmp(paths[i], paths[j]) == 0)
        return fault_set(fault, EXIT_CODE_USAGE, "%s: is given twice; name each result once", paths[i]);
    }
  }
  return true;
}

void result_close(struct result *result) {
  if (!result) return;
  for (unsigned g = 0; g < result->group_count; g++) {
    free(result->groups[g].cells);
    metrics_free(result->groups[g].metrics);
  }
  for (unsigned i = 0; i < result->cell_count; i++) {
    for (unsigned c = 0; c < CHECKPOINT_COUNT; c++) free(result->cells[i].checkpoints[c].heaps);
    free(result->cells[i].stats);
  }
  free(result->groups);
  free(result->cells);
  free(result->languages);
  free(result->combinations);
  free(result->profiles);
  free(result->notes);
  result_free_facts(result);
  cJSON_Delete(result->root);
  free((char *)result->path);
  free(result);
}
