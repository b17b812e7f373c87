/* SPDX-License-Identifier: MIT
 *
 * result.c - a result file as C structs. What the JSON Schema says of a file is
 * checked here too as far as it is read, since `metrics` and `report` must not need
 * a validator; and what a schema cannot say (each planned cell is there, none twice)
 * is checked here only. */
#include "result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"

#define WHERE_BYTES 700

struct reader {
  struct result *result;
  struct fault *fault;
  char where[WHERE_BYTES]; /* file and place, for messages */
};

const char *result_checkpoint_name(enum result_checkpoint_id checkpoint) {
  static const char *const names[] = {
#define X(name, text) text,
      RESULT_CHECKPOINTS(X)
#undef X
  };
  return names[checkpoint];
}

const char *result_latency_class_name(enum result_latency_class latency_class) {
  static const char *const names[] = {
#define X(name, text) text,
      RESULT_LATENCY_CLASSES(X)
#undef X
  };
  return names[latency_class];
}

/* ---- values ---- */

static void *zeroed(size_t count, size_t bytes, struct reader *reader) {
  void *p = calloc(count ? count : 1, bytes);
  if (!p) fault_set(reader->fault, EXIT_CODE_SYSTEM, "%s: out of memory", reader->result->path);
  return p;
}

static bool wrong(struct reader *reader, const char *key, const char *expected) {
  return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: \"%s\" is not %s", reader->where, key, expected);
}

static bool read_text(struct reader *reader, const cJSON *object, const char *key, const char **text) {
  return json_get_text(object, key, reader->where, text, reader->fault);
}

/* Text or null. */
static bool read_text_or_null(struct reader *reader, const cJSON *object, const char *key, const char **text) {
  *text = NULL;
  if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, key))) return true;
  return read_text(reader, object, key, text);
}

/* A number that is exact: doubles count whole numbers up to 2^53. */
static bool read_number(struct reader *reader, const cJSON *object, const char *key, double *value) {
  if (!json_get_double(object, key, reader->where, value, reader->fault)) return false;
  if (!isfinite(*value) || fabs(*value) > (double)JSON_INTEGER_MAX) {
    return wrong(reader, key, "a number below 2^53, beyond which it would not be exact");
  }
  return true;
}

static bool read_count(struct reader *reader, const cJSON *object, const char *key, double *value) {
  if (!read_number(reader, object, key, value)) return false;
  return *value >= 0 && *value == floor(*value) ? true : wrong(reader, key, "a whole number that is not negative");
}

static bool read_unsigned(struct reader *reader, const cJSON *object, const char *key, unsigned *value) {
  double number;
  if (!read_count(reader, object, key, &number)) return false;
  if (number > 1000000000) return wrong(reader, key, "a number below 1,000,000,000");
  *value = (unsigned)number;
  return true;
}

/* Why `key` of this object is null; a fault when nothing says why. */
static bool read_reason(struct reader *reader, const cJSON *object, const char *key, const char **reason) {
  const cJSON *missing = cJSON_GetObjectItemCaseSensitive(object, "missing");
  const cJSON *text = cJSON_GetObjectItemCaseSensitive(missing, key);
  if (!cJSON_IsString(text) || !text->valuestring[0]) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: \"%s\" is null and \"missing\" does not say why",
                     reader->where, key);
  }
  *reason = text->valuestring;
  return true;
}

static bool read_figure(struct reader *reader, const cJSON *object, const char *key, bool may_be_negative,
                        struct figure *figure) {
  *figure = (struct figure){0};
  if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, key))) {
    return read_reason(reader, object, key, &figure->missing);
  }
  if (!read_number(reader, object, key, &figure->value)) return false;
  return may_be_negative || figure->value >= 0 ? true : wrong(reader, key, "a number that is not negative");
}

static void place(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void place(struct reader *reader, const char *format, ...) {
  int used = snprintf(reader->where, sizeof reader->where, "%.400s: ", reader->result->path);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reader->where + used, sizeof reader->where - (size_t)used, format, arguments);
  va_end(arguments);
}

/* ---- a cell ---- */

static bool read_heaps(struct reader *reader, const cJSON *object, struct result_checkpoint *checkpoint) {
  const cJSON *heaps = cJSON_GetObjectItemCaseSensitive(object, "heaps");
  if (cJSON_IsNull(heaps)) return read_reason(reader, object, "heaps", &checkpoint->heaps_missing);
  if (!cJSON_IsArray(heaps)) return wrong(reader, "heaps", "an array or null");
  checkpoint->heaps = zeroed((size_t)cJSON_GetArraySize(heaps), sizeof *checkpoint->heaps, reader);
  if (!checkpoint->heaps) return false;
  const cJSON *heap;
  cJSON_ArrayForEach(heap, heaps) {
    struct result_heap *into = &checkpoint->heaps[checkpoint->heap_count];
    if (!read_text(reader, heap, "owner", &into->owner)) return false;
    unsigned i = 0;
#define X(key) \
  if (!read_count(reader, heap, #key, &into->value[i++])) return false;
    RESULT_HEAP_KEYS(X)
#undef X
    checkpoint->heap_count++;
  }
  return true;
}

static bool read_jemalloc(struct reader *reader, const cJSON *object, struct result_checkpoint *checkpoint) {
  const cJSON *jemalloc = cJSON_GetObjectItemCaseSensitive(object, "jemalloc");
  const char *reason = NULL;
  if (cJSON_IsNull(jemalloc)) {
    if (!read_reason(reader, object, "jemalloc", &reason)) return false;
  } else if (!cJSON_IsObject(jemalloc)) {
    return wrong(reader, "jemalloc", "an object or null");
  }
  unsigned i = 0;
#define X(key)                                                                                     \
  checkpoint->jemalloc[i].missing = reason;                                                        \
  if (!reason && !read_figure(reader, jemalloc, #key, false, &checkpoint->jemalloc[i])) return false; \
  i++;
  RESULT_JEMALLOC_KEYS(X)
#undef X
  return true;
}

static bool read_mappings(struct reader *reader, const cJSON *object, struct result_checkpoint *checkpoint) {
  const cJSON *mappings = cJSON_GetObjectItemCaseSensitive(object, "mappings");
  const char *reason = NULL;
  if (cJSON_IsNull(mappings)) {
    if (!read_reason(reader, object, "mappings", &reason)) return false;
  } else if (!cJSON_IsArray(mappings)) {
    return wrong(reader, "mappings", "an array or null");
  }
  for (unsigned o = 0; o < PROBE_OWNER_COUNT; o++) checkpoint->mapping_rss_bytes[o].missing = reason;
  if (reason) return true;
  const cJSON *mapping;
  cJSON_ArrayForEach(mapping, mappings) {
    const char *owner;
    double rss_bytes;
    if (!read_text(reader, mapping, "owner", &owner) || !read_count(reader, mapping, "rss_bytes", &rss_bytes)) {
      return false;
    }
    unsigned o = 0;
    while (o < PROBE_OWNER_COUNT && strcmp(owner, probe_owner_name((enum probe_owner)o)) != 0) o++;
    if (o == PROBE_OWNER_COUNT) return wrong(reader, "mappings[].owner", "an owner this version knows");
    checkpoint->mapping_rss_bytes[o].value += rss_bytes;
  }
  return true;
}

static bool read_checkpoint(struct reader *reader, const cJSON *object, enum result_checkpoint_id id,
                            struct result_checkpoint *checkpoint) {
  const char *name;
  if (!read_text(reader, object, "name", &name)) return false;
  if (strcmp(name, result_checkpoint_name(id)) != 0) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the checkpoint here is '%.40s', expected '%s'", reader->where,
                     name, result_checkpoint_name(id));
  }
  if (!read_count(reader, object, "elapsed_ns", &checkpoint->elapsed_ns)) return false;
#define X(figure, key, source) \
  if (!read_figure(reader, object, key, false, &checkpoint->probe[PROBE_##figure])) return false;
  PROBE_FIGURES(X)
#undef X
  return read_figure(reader, object, "disk_bytes", false, &checkpoint->disk_bytes) &&
         read_figure(reader, object, "unexplained_bytes", true, &checkpoint->unexplained_bytes) &&
         read_jemalloc(reader, object, checkpoint) && read_mappings(reader, object, checkpoint) &&
         read_heaps(reader, object, checkpoint);
}

static bool read_checkpoints(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  const cJSON *list;
  if (!json_get_array(object, "checkpoints", reader->where, &list, reader->fault)) return false;
  if (cJSON_GetArraySize(list) != RESULT_CHECKPOINT_COUNT) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: an ok cell has %d checkpoints; this one has %d",
                     reader->where, RESULT_CHECKPOINT_COUNT, cJSON_GetArraySize(list));
  }
  unsigned id = 0;
  const cJSON *checkpoint;
  cJSON_ArrayForEach(checkpoint, list) {
    place(reader, "cells[%u].checkpoints[%u]", i, id);
    if (!read_checkpoint(reader, checkpoint, (enum result_checkpoint_id)id, &cell->checkpoints[id])) return false;
    id++;
  }
  return true;
}

static bool read_latency(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u].latency", i);
  const cJSON *entry;
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(object, "latency")) {
    const char *name;
    if (!read_text(reader, entry, "class", &name)) return false;
    unsigned c = 0;
    while (c < RESULT_LATENCY_CLASS_COUNT && strcmp(name, result_latency_class_name((enum result_latency_class)c))) c++;
    if (c == RESULT_LATENCY_CLASS_COUNT) return wrong(reader, "class", "hot, warm, cold or frozen");
    struct result_latency *latency = &cell->latency[c];
    if (latency->present) return wrong(reader, "class", "named once");
    latency->present = true;
    if (!read_count(reader, entry, "documents", &latency->documents) ||
        !read_count(reader, entry, "accesses", &latency->accesses)) {
      return false;
    }
    unsigned f = 0;
#define X(key) \
  if (!read_figure(reader, entry, #key, false, &latency->value[f++])) return false;
    RESULT_LATENCY_KEYS(X)
#undef X
  }
  return true;
}

/* The object `key`, or null with its reason. */
static bool read_object(struct reader *reader, const cJSON *object, const char *key, const cJSON **member,
                        const char **missing) {
  *missing = NULL;
  *member = cJSON_GetObjectItemCaseSensitive(object, key);
  if (cJSON_IsNull(*member)) return read_reason(reader, object, key, missing);
  return cJSON_IsObject(*member) ? true : wrong(reader, key, "an object or null");
}

static bool read_thaw_latency(struct reader *reader, const cJSON *thaw, const char *key, struct figure *figures) {
  const cJSON *object;
  const char *missing;
  if (!read_object(reader, thaw, key, &object, &missing)) return false;
#define X(name)                                                                            \
  *figures = (struct figure){.missing = missing};                                          \
  if (!missing && !read_figure(reader, object, #name, false, figures)) return false;       \
  figures++;
  RESULT_LATENCY_KEYS(X)
#undef X
  return true;
}

static bool read_thaw_ratio(struct reader *reader, const cJSON *thaw, const char *key, struct figure *figures) {
  const cJSON *object;
  const char *missing;
  if (!read_object(reader, thaw, key, &object, &missing)) return false;
#define X(name, unit)                                                                      \
  *figures = (struct figure){.missing = missing};                                          \
  if (!missing && !read_figure(reader, object, #name, false, figures)) return false;       \
  figures++;
  RESULT_THAW_RATIO_KEYS(X)
#undef X
  return true;
}

static bool read_thaw(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u]", i);
  const cJSON *thaw;
  struct result_thaw *into = &cell->thaw;
  if (cell->instrument) return true;
  if (!json_get_object(object, "thaw", reader->where, &thaw, reader->fault)) return false;
  place(reader, "cells[%u].thaw", i);
  if (!read_count(reader, thaw, "documents", &into->documents.value) ||
      !read_count(reader, thaw, "cold_documents", &into->cold_documents.value)) return false;
  unsigned t = 0;
#define X(key) \
  if (!read_thaw_latency(reader, thaw, #key, into->value[t++])) return false;
  RESULT_THAWS(X)
#undef X
  t = 0;
#define X(key) \
  if (!read_thaw_ratio(reader, thaw, #key, into->ratio[t++])) return false;
  RESULT_THAW_RATIOS(X)
#undef X
  return true;
}

static bool read_stats(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u].stage_stats", i);
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "stage_stats");
  cell->stats = zeroed((size_t)cJSON_GetArraySize(list), sizeof *cell->stats, reader);
  if (!cell->stats) return false;
  const cJSON *entry;
  cJSON_ArrayForEach(entry, list) {
    struct result_stat *stat = &cell->stats[cell->stat_count];
    if (!read_text(reader, entry, "stage", &stat->stage) || !read_text(reader, entry, "name", &stat->name) ||
        !read_text(reader, entry, "unit", &stat->unit) || !read_figure(reader, entry, "value", true, &stat->value)) {
      return false;
    }
    cell->stat_count++;
  }
  return true;
}

static bool read_timings(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u].timings", i);
  unsigned t = 0;
#define X(key, unit) \
  if (!read_figure(reader, object, #key, false, &cell->timings[t++])) return false;
  RESULT_TIMING_KEYS(X)
#undef X
  return true;
}

static bool read_proof(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  const cJSON *proof = cJSON_GetObjectItemCaseSensitive(object, "proof");
  if (!proof || cJSON_IsNull(proof)) return true;
  place(reader, "cells[%u].proof", i);
  struct result_proof *into = &cell->proof;
  into->present = true;
  return read_text(reader, proof, "status", &into->status) &&
         read_text_or_null(reader, proof, "reason", &into->reason) &&
         read_count(reader, proof, "documents_compared", &into->documents_compared) &&
         read_count(reader, proof, "nodes_compared", &into->nodes_compared) &&
         read_count(reader, proof, "source_bytes_compared", &into->source_bytes_compared) &&
         read_count(reader, proof, "moves_compared", &into->moves_compared) &&
         read_count(reader, proof, "mismatches", &into->mismatches);
}

/* No number without proof: an "ok" that its proof does not bear out is refused. */
static bool check_proof(struct reader *reader, const struct result_cell *cell) {
  const char *expected = cell->instrument ? "not_applicable" : "passed";
  if (!cell->proof.present || strcmp(cell->proof.status, expected) != 0) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the cell is \"ok\", but its proof is \"%s\", expected \"%s\"",
                     reader->where, cell->proof.present ? cell->proof.status : "absent", expected);
  }
  if (!cell->instrument && (cell->proof.mismatches > 0 || cell->proof.nodes_compared < 1)) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the proof passed with %.0f mismatches in %.0f nodes",
                     reader->where, cell->proof.mismatches, cell->proof.nodes_compared);
  }
  return true;
}

static bool read_trees(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u].trees", i);
  const cJSON *trees = cJSON_GetObjectItemCaseSensitive(object, "trees");
  if (!cJSON_IsObject(trees) && cell->instrument) {
    cell->nodes.missing = cell->tree_bytes.missing = cell->source_bytes.missing = "the cell keeps no trees";
    return true;
  }
  return read_figure(reader, trees, "nodes", false, &cell->nodes) &&
         read_figure(reader, trees, "tree_bytes", false, &cell->tree_bytes) &&
         read_figure(reader, trees, "source_bytes", false, &cell->source_bytes);
}

static bool read_edits(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  place(reader, "cells[%u]", i);
  const cJSON *edits;
  if (!json_get_object(object, "edits", reader->where, &edits, reader->fault)) return false;
  place(reader, "cells[%u].edits", i);
  if (!read_text(reader, edits, "source", &cell->edit_source)) return false;
  if (strcmp(cell->edit_source, "versions") != 0 && strcmp(cell->edit_source, "seeded") != 0)
    return wrong(reader, "source", "versions or seeded");
  unsigned f = 0;
  bool is_growth;
#define X(key, unit)                                                                              \
  is_growth = strncmp(#key, "heap_", 5) == 0 || strncmp(#key, "journal_", 8) == 0;                  \
  if (!read_figure(reader, edits, #key, is_growth, &cell->edits[f++])) return false;
  RESULT_EDIT_KEYS(X)
#undef X
  return true;
}

static bool read_figures(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  const cJSON *timings;
  return read_text_or_null(reader, object, "allocator_options", &cell->allocator_options) &&
         json_get_object(object, "timings", reader->where, &timings, reader->fault) &&
         read_checkpoints(reader, object, i, cell) && read_trees(reader, object, i, cell) &&
         read_edits(reader, object, i, cell) && read_timings(reader, timings, i, cell) &&
         read_latency(reader, object, i, cell) && read_thaw(reader, object, i, cell) &&
         read_stats(reader, object, i, cell) && read_proof(reader, object, i, cell) && check_proof(reader, cell);
}

static bool read_bad_cell(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  static const char *const figures[] = {"checkpoints", "trees", "edits", "timings", "latency", "thaw", "stage_stats"};
  if (!cell->reason || !cell->reason[0]) return wrong(reader, "reason", "a text, and the cell did not end well");
  for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, figures[f]);
    if (value && !cJSON_IsNull(value) && cJSON_GetArraySize(value) > 0) {
      return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: the cell is \"%s\" and yet has figures (\"%s\")",
                       reader->where, cell->status, figures[f]);
    }
  }
  return read_proof(reader, object, i, cell);
}

static bool read_cell(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell) {
  static const char *const statuses[] = {"ok", "failed", "crashed", "timeout", "memory_limit"};
  const char *kind;
  place(reader, "cells[%u]", i);
  if (!read_text(reader, object, "combination", &cell->combination) ||
      !read_text(reader, object, "profile", &cell->profile) || !read_text(reader, object, "kind", &kind) ||
      !read_unsigned(reader, object, "repetition", &cell->repetition) ||
      !read_count(reader, object, "wall_ns", &cell->wall_ns) ||
      !read_text(reader, object, "status", &cell->status) ||
      !read_text_or_null(reader, object, "reason", &cell->reason)) {
    return false;
  }
  cell->instrument = strcmp(kind, "instrument") == 0;
  if (!cell->instrument && strcmp(kind, "measured") != 0) {
    return wrong(reader, "kind", "\"measured\" or \"instrument\"");
  }
  unsigned s = 0;
  while (s < sizeof statuses / sizeof statuses[0] && strcmp(cell->status, statuses[s]) != 0) s++;
  if (s == sizeof statuses / sizeof statuses[0]) {
    return wrong(reader, "status", "ok, failed, crashed, timeout or memory_limit");
  }
  cell->ok = s == 0;
  return cell->ok ? read_figures(reader, object, i, cell) : read_bad_cell(reader, object, i, cell);
}

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
         read_unsigned(reader, settings, "repetitions", &result->repetitions) &&
         read_notes(reader, settings);
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
  place(reader, "environment");
  return json_get_object(r->root, "environment", reader->where, &environment, reader->fault) &&
         read_text_or_null(reader, environment, "kernel", &r->kernel) &&
         read_text_or_null(reader, environment, "cpu_model", &r->cpu_model) &&
         read_text_or_null(reader, environment, "compiler", &r->compiler) &&
         read_text_or_null(reader, environment, "compiler_flags", &r->compiler_flags) &&
         read_text_or_null(reader, environment, "allocator_version", &r->allocator_version) &&
         read_text_or_null(reader, environment, "tree_sitter_version", &r->tree_sitter_version) &&
         read_figure(reader, environment, "cpu_count", false, &r->cpu_count) &&
         read_figure(reader, environment, "memory_bytes", false, &r->memory_bytes);
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
    if (!read_cell(reader, item, i, &result->cells[i])) return false;
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
      if (!group->cells) return false;
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

static bool read_head(struct reader *reader) {
  struct result *result = reader->result;
  const char *schema;
  bool complete;
  place(reader, "top level");
  if (!cJSON_IsObject((const cJSON *)result->root)) return wrong(reader, "the file", "a JSON object");
  if (!read_text(reader, result->root, "schema", &schema)) return false;
  if (strcmp(schema, RESULT_SCHEMA) != 0) {
    return fault_set(reader->fault, EXIT_CODE_INPUT,
                     "%s: the schema is '%.60s'; this version of phasebench reads '%s': use the version that wrote it",
                     result->path, schema, RESULT_SCHEMA);
  }
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
  if (!json_read_file(path, &root, fault)) goto close_result;
  result->root = root;
  if (!read_head(&reader) || !read_environment(&reader) || !read_corpus(&reader) || !read_settings(&reader) ||
      !read_cells(&reader) || !make_groups(&reader) || !result_check(result, fault)) {
    goto close_result;
  }
  *out = result;
  return true;
close_result:
  result_close(result);
  return false;
}

void result_close(struct result *result) {
  if (!result) return;
  for (unsigned g = 0; g < result->group_count; g++) free(result->groups[g].cells);
  for (unsigned i = 0; i < result->cell_count; i++) {
    for (unsigned c = 0; c < RESULT_CHECKPOINT_COUNT; c++) free(result->cells[i].checkpoints[c].heaps);
    free(result->cells[i].stats);
  }
  free(result->groups);
  free(result->cells);
  free(result->languages);
  free(result->combinations);
  free(result->profiles);
  free(result->notes);
  cJSON_Delete(result->root);
  free((char *)result->path);
  free(result);
}

const struct result_group *result_group(const struct result *result, const char *combination, const char *profile) {
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (strcmp(group->combination, combination) == 0 && strcmp(group->profile, profile) == 0) return group;
  }
  return NULL;
}

const char *result_profile(const struct result *result, const char *wanted, struct fault *fault) {
  const char *name = wanted ? wanted : "strict";
  for (unsigned p = 0; p < result->profile_count; p++) {
    if (strcmp(result->profiles[p], name) == 0) return result->profiles[p];
  }
  if (!wanted) return result->profiles[0];
  fault_set(fault, EXIT_CODE_INPUT, "%s: there is no profile '%s' in it; its first is '%s'", result->path, wanted,
            result->profiles[0]);
  return NULL;
}
