/* SPDX-License-Identifier: MIT
 *
 * spec.c - what a cell is told.
 *
 * SPEC.json:
 *   { "schema": "phasebench-cell-1",
 *     "corpus": {"name", "root", "content_hash", "lines", "bytes", "files",
 *                "languages": [names], "list": path, "list_hash": 32 hex digits,
 *                "edits": path, "edits_hash": 32 hex digits (both null where edits are seeded)},
 *     "combination": name, "stages": [names or absolute paths, without the base stage],
 *     "profile": "strict" | "stock", "repetition", "position", "seed",
 *     "store": path of the folder for the stages' files (null: one of the cell's own),
 *     "settings": ["STAGE.OPTION=VALUE" ...] }
 *
 * The list: records that end with NUL, since a path may hold any other byte. First
 *   "phasebench-files-1" NUL
 * then for each file, with single spaces, decimal numbers and a hash of 16 hex digits
 *   HASH BYTES LINES LANGUAGE PATH NUL
 * Why text: `tr '\0' '\n' < files.list` shows it. Why not JSON: cJSON would take about
 * 400 bytes of memory a file. Two files, a.c (language 0) and b/c.py (language 1):
 *   phasebench-files-1\0
 *   2d06800538d394c2 0 0 0 a.c\0
 *   00000000000000ff 12 3 1 b/c.py\0 */
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/json_out.h"
#include "base/open_file.h"
#include "base/text.h"
#include "base/memory_file.h"
#include "store/name.h"
#include "base/number.h"

static const char SPEC_SCHEMA[] = "phasebench-cell-1";
static const char LIST_MAGIC[] = "phasebench-files-1";

static void hash_of(const void *bytes, size_t byte_count, char hex[33]) {
  XXH128_hash_t hash = XXH3_128bits(bytes, byte_count);
  snprintf(hex, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
}

/* ---- the list ---- */

bool cell_spec_write_list(const char *path, const struct corpus *corpus, char list_hash[33], struct fault *fault) {
  static const char what[] = "the list of the corpus's files";
  struct memory_file list;
  if (!memory_file_begin(&list, what, fault)) return false;
  FILE *out = list.out;
  fwrite(LIST_MAGIC, 1, sizeof LIST_MAGIC, out);
  for (size_t i = 0; i < corpus->file_count; i++) {
    const struct corpus_file *file = &corpus->files[i];
    fprintf(out, "%016" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %s", file->hash, file->bytes, file->lines,
            file->language, file->path);
    putc(0, out);
  }
  if (!memory_file_end(&list, what, fault)) return false;
  hash_of(list.bytes, list.byte_count, list_hash);
  bool ok = json_write_bytes(path, list.bytes, list.byte_count, fault);
  memory_file_drop(&list);
  return ok;
}

/* Reads the list's file into one block that ends with a NUL of its own. */
static bool read_list(const char *path, char **block, size_t *block_bytes, struct fault *fault) {
  uint64_t size;
  const char *why;
  int fd = open_file(path, &size, &why);
  if (fd < 0)
    return fault_set(fault, exit_code_of_errno(errno), "%s: the corpus's list cannot be opened: %s", path, why);
  size_t used = 0;
  char *bytes = malloc(size + 1);
  errno = 0; /* the end of the file sets none */
  while (bytes && used < size) {
    ssize_t got = read(fd, bytes + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += (size_t)got;
  }
  int error = bytes && used < size ? errno : 0;
  close(fd);
  if (!bytes) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory (%zu bytes)", path, size);
  if (used != size) {
    free(bytes);
    if (error) return fault_set(fault, exit_code_of_errno(error), "%s: cannot be read: %s", path, strerror(error));
    return fault_set(fault, EXIT_CODE_INPUT, "%s: %zu of %zu bytes could be read", path, used, size);
  }
  bytes[size] = 0;
  *block = bytes;
  *block_bytes = size;
  return true;
}

static bool take_file(char **at, const struct cell_spec *spec, struct cell_spec_file *file) {
  uint64_t language;
  char *start = *at;
  if (!number_take(at, 16, UINT64_MAX, ' ', &file->hash) || *at - start != 17) return false;
  if (!number_take(at, 10, UINT64_MAX, ' ', &file->bytes)) return false;
  if (!number_take(at, 10, UINT64_MAX, ' ', &file->lines)) return false;
  if (!number_take(at, 10, UINT32_MAX, ' ', &language)) return false;
  if (language >= spec->language_count || **at == 0) return false;
  file->language = (uint32_t)language;
  file->path = *at;
  *at += strlen(*at) + 1;
  return true;
}

static bool parse_list(char *block, size_t block_bytes, struct cell_spec *spec, struct fault *fault) {
  char hash[33];
  hash_of(block, block_bytes, hash);
  if (strcmp(hash, spec->list_hash) != 0) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: the list's hash is %s and the cell expects %s: it was changed after the run began",
                     spec->list_path, hash, spec->list_hash);
  }
  char *at = block, *end = block + block_bytes;
  if (block_bytes < sizeof LIST_MAGIC || memcmp(at, LIST_MAGIC, sizeof LIST_MAGIC) != 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: does not begin with \"%s\"", spec->list_path, LIST_MAGIC);
  }
  at += sizeof LIST_MAGIC;
  uint64_t bytes = 0, lines = 0;
  for (size_t i = 0; i < spec->file_count; i++) {
    char *record = at;
    if (at >= end || !take_file(&at, spec, &spec->files[i]) || at > end) {
      return fault_set(fault, EXIT_CODE_INPUT, "%s: record %zu of %zu (byte %zu) is not HASH BYTES LINES LANGUAGE PATH",
                       spec->list_path, i + 1, spec->file_count, (size_t)(record - block));
    }
    bytes += spec->files[i].bytes;
    lines += spec->files[i].lines;
  }
  if (at != end || bytes != spec->corpus_bytes || lines != spec->corpus_lines) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: %" PRIu64 " bytes, %" PRIu64 " lines and %zu bytes of list left over, where %" PRIu64
                     " bytes, %" PRIu64 " lines and none were expected",
                     spec->list_path, bytes, lines, (size_t)(end - at), spec->corpus_bytes, spec->corpus_lines);
  }
  return true;
}

/* ---- SPEC.json ---- */

static void add_settings(cJSON *root, const struct store_place *place) {
  cJSON *settings = json_add_array(root, "settings");
  for (unsigned i = 0; i < place->setting_count; i++) {
    char text[STORE_SETTING_BYTES];
    store_setting_text(&place->settings[i], text);
    json_add_text(settings, NULL, text);
  }
}

bool cell_spec_write(const char *path, const struct cell_spec *spec, struct fault *fault) {
  if (spec->seed >= JSON_INTEGER_MAX || spec->corpus_bytes >= JSON_INTEGER_MAX) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: a seed or size beyond 2^53 - 1 cannot be written exactly", path);
  }
  cJSON *root = json_new_object();
  json_add_text(root, "schema", SPEC_SCHEMA);
  cJSON *corpus = json_add_object(root, "corpus");
  json_add_text(corpus, "name", spec->corpus_name);
  json_add_path(corpus, "root", spec->corpus_root);
  json_add_text(corpus, "content_hash", spec->corpus_hash);
  json_add_u64(corpus, "lines", spec->corpus_lines);
  json_add_u64(corpus, "bytes", spec->corpus_bytes);
  json_add_u64(corpus, "files", spec->file_count);
  cJSON *languages = json_add_array(corpus, "languages");
  for (size_t i = 0; i < spec->language_count; i++) json_add_text(languages, NULL, spec->languages[i]);
  json_add_path(corpus, "list", spec->list_path);
  json_add_text(corpus, "list_hash", spec->list_hash);
  if (spec->edits_path) json_add_path(corpus, "edits", spec->edits_path);
  else json_add_text(corpus, "edits", NULL);
  json_add_text(corpus, "edits_hash", spec->edits_path ? spec->edits_hash : NULL);
  json_add_text(root, "combination", spec->combination.name);
  cJSON *stages = json_add_array(root, "stages");
  for (unsigned i = 0; i < spec->combination.stage_count; i++) json_add_path(stages, NULL, spec->combination.stages[i]);
  json_add_text(root, "profile", spec->profile);
  json_add_u64(root, "repetition", spec->repetition);
  json_add_u64(root, "position", spec->position);
  json_add_u64(root, "seed", spec->seed);
  if (spec->place.directory) json_add_path(root, "store", spec->place.directory);
  else json_add_text(root, "store", NULL);
  add_settings(root, &spec->place);
  bool ok = json_write_file(path, root, fault);
  cJSON_Delete(root);
  return ok;
}

/* A text of the JSON, kept beyond it. */
static bool get_text(const cJSON *object, const char *key, const char *where, const char **to, struct fault *fault) {
  const char *text;
  return json_get_text(object, key, where, &text, fault) && name_keep(text, to, fault);
}

/* The same of a path, which is bytes. */
static bool get_path(const cJSON *object, const char *key, const char *where, const char **to, struct fault *fault) {
  char path[4096];
  return json_get_path(object, key, where, path, sizeof path, fault) && name_keep(path, to, fault);
}

static bool get_hash(const cJSON *object, const char *key, const char *where, char hex[33], struct fault *fault) {
  const char *text;
  if (!json_get_text(object, key, where, &text, fault)) return false;
  if (strlen(text) > 32) return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" is longer than 32 bytes", where, key);
  strcpy(hex, text);
  return true;
}

static bool get_u32(const cJSON *object, const char *key, const char *where, uint32_t *value, struct fault *fault) {
  uint64_t wide;
  if (!json_get_u64(object, key, where, &wide, fault)) return false;
  if (wide > UINT32_MAX) return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" is above 4294967295", where, key);
  *value = (uint32_t)wide;
  return true;
}

/* `texts` has room for all of the array. */
static bool get_texts(const cJSON *array, const char *key, const char *where, const char **texts, struct fault *fault) {
  const cJSON *item;
  cJSON_ArrayForEach(item, array) {
    if (!cJSON_IsString(item))
      return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" is not an array of strings", where, key);
    if (!name_keep(item->valuestring, texts++, fault)) return false;
  }
  return true;
}

/* Both keys are there, both text or both null. */
static bool get_edits(const cJSON *corpus, const char *where, struct cell_spec *spec, struct fault *fault) {
  if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(corpus, "edits")) &&
      cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(corpus, "edits_hash"))) {
    return true;
  }
  if (!get_path(corpus, "edits", where, &spec->edits_path, fault) ||
      !get_hash(corpus, "edits_hash", where, spec->edits_hash, fault)) {
    return false;
  }
  if (!spec->edits_path[0]) return fault_set(fault, EXIT_CODE_INPUT, "%s: \"edits\" is empty", where);
  return true;
}

static bool read_corpus(const cJSON *corpus, const char *where, struct cell_spec *spec, struct fault *fault) {
  const cJSON *languages;
  uint64_t files;
  if (!get_text(corpus, "name", where, &spec->corpus_name, fault) ||
      !get_path(corpus, "root", where, &spec->corpus_root, fault) ||
      !get_text(corpus, "content_hash", where, &spec->corpus_hash, fault) ||
      !get_path(corpus, "list", where, &spec->list_path, fault) ||
      !get_hash(corpus, "list_hash", where, spec->list_hash, fault) || !get_edits(corpus, where, spec, fault) ||
      !json_get_u64(corpus, "lines", where, &spec->corpus_lines, fault) ||
      !json_get_u64(corpus, "bytes", where, &spec->corpus_bytes, fault) ||
      !json_get_u64(corpus, "files", where, &files, fault) ||
      !json_get_array(corpus, "languages", where, &languages, fault)) {
    return false;
  }
  if (files > UINT32_MAX) return fault_set(fault, EXIT_CODE_INPUT, "%s: more than 4294967295 files", where);
  spec->file_count = (size_t)files;
  spec->language_count = (size_t)cJSON_GetArraySize(languages);
  spec->languages = calloc(spec->language_count + 1, sizeof *spec->languages);
  spec->files = calloc(spec->file_count + 1, sizeof *spec->files);
  if (!spec->languages || !spec->files) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", where);
  return get_texts(languages, "languages", where, spec->languages, fault);
}

static bool read_place(const cJSON *root, const char *where, struct store_place *place, struct fault *fault) {
  const cJSON *settings, *item;
  if (!cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(root, "store")) &&
      !get_path(root, "store", where, &place->directory, fault))
    return false;
  if (!json_get_array(root, "settings", where, &settings, fault)) return false;
  cJSON_ArrayForEach(item, settings) {
    if (!cJSON_IsString(item))
      return fault_set(fault, EXIT_CODE_INPUT, "%s: \"settings\" is not an array of strings", where);
    if (!store_setting_add(place, item->valuestring, fault)) return false;
  }
  return true;
}

static bool read_root(const cJSON *root, const char *where, struct cell_spec *spec, struct fault *fault) {
  const cJSON *corpus, *stages;
  const char *schema;
  if (!json_get_text(root, "schema", where, &schema, fault)) return false;
  if (strcmp(schema, SPEC_SCHEMA) != 0) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: the schema is \"%s\" and this program reads \"%s\"", where, schema,
                     SPEC_SCHEMA);
  }
  if (!json_get_object(root, "corpus", where, &corpus, fault) || !read_corpus(corpus, where, spec, fault) ||
      !json_get_array(root, "stages", where, &stages, fault) ||
      !get_text(root, "combination", where, &spec->combination.name, fault) ||
      !get_text(root, "profile", where, &spec->profile, fault) ||
      !get_u32(root, "repetition", where, &spec->repetition, fault) ||
      !get_u32(root, "position", where, &spec->position, fault) ||
      !json_get_u64(root, "seed", where, &spec->seed, fault) || !read_place(root, where, &spec->place, fault)) {
    return false;
  }
  spec->combination.stage_count = (unsigned)cJSON_GetArraySize(stages);
  if (spec->combination.stage_count > COMBINATION_STAGES_MAX) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: more than %d stages beside the baseline", where,
                     COMBINATION_STAGES_MAX);
  }
  /* Names, and paths of stages from elsewhere. */
  for (unsigned i = 0; i < spec->combination.stage_count; i++) {
    char path[4096];
    const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(stages, (int)i));
    if (!text || !path_from_text(text, path, sizeof path))
      return fault_set(fault, EXIT_CODE_INPUT, "%s: \"stages\" is not an array of names and paths", where);
    if (!name_keep(path, &spec->combination.stages[i], fault)) return false;
  }
  return true;
}

bool cell_spec_read(const char *path, struct cell_spec *spec, struct fault *fault) {
  memset(spec, 0, sizeof *spec);
  cJSON *root;
  if (!json_read_file(path, &root, fault)) return false;
  char *block = NULL;
  size_t block_bytes = 0;
  bool ok = read_root(root, path, spec, fault) && read_list(spec->list_path, &block, &block_bytes, fault);
  cJSON_Delete(root);
  spec->block = block;
  ok = ok && parse_list(block, block_bytes, spec, fault);
  if (ok && spec->edits_path)
    ok = edit_list_read(spec->edits_path, spec->edits_hash, spec->file_count, &spec->edits, fault);
  for (size_t i = 0; ok && i < spec->edits.target_count; i++) {
    const struct edit_target *target = &spec->edits.targets[i];
    ok = edit_target_fits(target, spec->files[target->document].bytes, fault);
  }
  if (!ok) cell_spec_free(spec);
  return ok;
}

void cell_spec_free(struct cell_spec *spec) {
  free(spec->languages);
  free(spec->files);
  free(spec->block);
  edit_list_free(&spec->edits);
  spec->languages = NULL;
  spec->files = NULL;
  spec->block = NULL;
}
