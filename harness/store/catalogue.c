/* SPDX-License-Identifier: MIT
 *
 * catalogue.c - see catalogue.h. */
#include "catalogue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory_file.h"

static const char MAGIC[8] = "PBSTORE1";
#define HEAD_BYTES 24u /* magic, version, ABI, bytes */

bool store_path_is_inside(const char *path) {
  for (;;) {
    size_t length = strcspn(path, "/");
    bool is_dots = length <= 2 && strspn(path, ".") >= length;
    if (length == 0 || is_dots) return false;
    if (path[length] == '\0') return true;
    path += length + 1;
  }
}

/* ---- paths ---- */

static int compare_paths(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two documents of one path would be one file where they are exported. In the order in which stores are built
 * nothing has to be sorted. */
static bool check_paths(const struct store_document *documents, uint64_t count, const char **twice,
                        struct fault *fault) {
  uint64_t at = 1;
  *twice = NULL;
  while (at < count && strcmp(documents[at - 1].path, documents[at].path) < 0) at++;
  if (at >= count) return true;
  const char **paths = malloc((size_t)count * sizeof *paths);
  if (!paths) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the paths of a catalogue");
  for (uint64_t i = 0; i < count; i++) paths[i] = documents[i].path;
  qsort(paths, (size_t)count, sizeof *paths, compare_paths);
  for (uint64_t i = 1; i < count && !*twice; i++) {
    if (strcmp(paths[i - 1], paths[i]) == 0) *twice = paths[i];
  }
  free(paths);
  return true;
}

/* ---- writing ---- */

static void put_u32(FILE *out, uint32_t value) {
  for (int i = 0; i < 4; i++) putc((int)(value >> (8 * i) & 255), out);
}

static void put_u64(FILE *out, uint64_t value) {
  put_u32(out, (uint32_t)value);
  put_u32(out, (uint32_t)(value >> 32));
}

static void put_text(FILE *out, const char *text) {
  size_t length = strlen(text); /* a caller's path or name: far below 4 GiB, and checked there */
  put_u32(out, (uint32_t)length);
  fwrite(text, 1, length + 1, out);
}

static void put_all(FILE *out, const struct store_catalogue *catalogue) {
  fwrite(MAGIC, 1, sizeof MAGIC, out);
  put_u32(out, STORE_CATALOGUE_VERSION);
  put_u32(out, catalogue->stage_abi);
  put_u64(out, 0); /* written when it is known */
  put_text(out, catalogue->combination);
  put_text(out, catalogue->corpus);
  put_text(out, catalogue->content_hash);
  put_u32(out, catalogue->language_count);
  for (uint32_t i = 0; i < catalogue->language_count; i++) {
    put_text(out, catalogue->languages[i].name);
    put_text(out, catalogue->languages[i].package);
    put_text(out, catalogue->languages[i].version);
    put_u32(out, catalogue->languages[i].abi);
  }
  put_u64(out, catalogue->document_count);
  for (uint64_t i = 0; i < catalogue->document_count; i++) {
    const struct store_document *document = &catalogue->documents[i];
    put_text(out, document->path);
    put_u32(out, document->language);
    put_u32(out, document->nodes);
    put_u64(out, document->bytes);
    put_u64(out, document->lines);
    put_u64(out, document->hash);
  }
  put_u64(out, catalogue->table_bytes);
  fwrite(catalogue->tables, 1, (size_t)catalogue->table_bytes, out);
}

static void store_u64(uint8_t *to, uint64_t value) {
  for (int i = 0; i < 8; i++) to[i] = (uint8_t)(value >> (8 * i));
}

bool store_catalogue_write(const struct store_catalogue *catalogue, void **bytes, size_t *byte_count,
                           struct fault *fault) {
  for (uint64_t i = 0; i < catalogue->document_count; i++) {
    const char *path = catalogue->documents[i].path;
    if (strlen(path) < UINT32_MAX && store_path_is_inside(path)) continue;
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%.500s: leads out of the corpus, or has an empty part; a store takes "
                     "relative paths without . and ..",
                     path);
  }
  const char *twice;
  if (!check_paths(catalogue->documents, catalogue->document_count, &twice, fault)) return false;
  if (twice) return fault_set(fault, EXIT_CODE_INPUT, "%.500s: two documents have this path", twice);
  static const char what[] = "a store's catalogue";
  struct memory_file file;
  if (!memory_file_begin(&file, what, fault)) return false;
  put_all(file.out, catalogue);
  put_u64(file.out, 0); /* room for the hash */
  if (!memory_file_end(&file, what, fault)) return false;
  size_t length = file.byte_count;
  store_u64((uint8_t *)file.bytes + 16, length);
  store_u64((uint8_t *)file.bytes + length - 8, XXH3_64bits(file.bytes, length - 8));
  *bytes = file.bytes;
  *byte_count = length;
  return true;
}

/* ---- reading ---- */

struct reader {
  const uint8_t *bytes;
  size_t at, end; /* `end` is before the hash */
  const char *where;
  struct fault *fault;
};

static bool bad(const struct reader *reader, const char *what) {
  return fault_set(reader->fault, EXIT_CODE_CORRUPT, "%s: catalogue, byte %zu: %s", reader->where, reader->at, what);
}

static uint64_t little(const uint8_t *from, unsigned count) {
  uint64_t value = 0;
  for (unsigned i = 0; i < count; i++) value |= (uint64_t)from[i] << (8 * i);
  return value;
}

static bool take(struct reader *reader, unsigned count, uint64_t *value) {
  *value = 0;
  if (reader->end - reader->at < count) return bad(reader, "it ends here, in the middle of a number");
  *value = little(reader->bytes + reader->at, count);
  reader->at += count;
  return true;
}

static bool take_u32(struct reader *reader, uint32_t *value) {
  uint64_t wide = 0;
  bool good = take(reader, 4, &wide);
  *value = (uint32_t)wide;
  return good;
}

static bool take_text(struct reader *reader, const char **text) {
  uint32_t length = 0;
  if (!take_u32(reader, &length)) return false;
  if (reader->end - reader->at <= length) return bad(reader, "a text that is longer than what is there");
  const char *found = (const char *)reader->bytes + reader->at;
  if (found[length] != '\0' || strlen(found) != length) return bad(reader, "a text whose length is not its own");
  *text = found;
  reader->at += (size_t)length + 1;
  return true;
}

/* Room for `count` things, each of which takes at least `least` bytes of the catalogue. */
static void *room(struct reader *reader, uint64_t count, size_t least, size_t each) {
  if (count > (reader->end - reader->at) / least) {
    bad(reader, "more of them than the rest has room for");
    return NULL;
  }
  void *p = calloc((size_t)count + 1, each);
  if (!p) fault_set(reader->fault, EXIT_CODE_SYSTEM, "%s: out of memory for the catalogue", reader->where);
  return p;
}

static bool take_languages(struct reader *reader, struct store_catalogue *catalogue) {
  uint32_t count = 0;
  if (!take_u32(reader, &count)) return false;
  catalogue->languages = room(reader, count, 19, sizeof *catalogue->languages);
  if (!catalogue->languages) return false;
  catalogue->language_count = count;
  for (uint32_t i = 0; i < count; i++) {
    struct store_language *language = &catalogue->languages[i];
    if (!take_text(reader, &language->name) || !take_text(reader, &language->package) ||
        !take_text(reader, &language->version) || !take_u32(reader, &language->abi))
      return false;
    /* It names a file to be loaded. */
    if (strlen(language->name) > 31 ||
        strspn(language->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(language->name) || !language->name[0])
      return bad(reader, "a language whose name is not 1 to 31 characters of a-z, 0-9 and _");
  }
  return true;
}

static bool take_document(struct reader *reader, const struct store_catalogue *catalogue,
                          struct store_document *document) {
  if (!take_text(reader, &document->path) || !take_u32(reader, &document->language) ||
      !take_u32(reader, &document->nodes) || !take(reader, 8, &document->bytes) || !take(reader, 8, &document->lines) ||
      !take(reader, 8, &document->hash))
    return false;
  if (!store_path_is_inside(document->path)) return bad(reader, "a path that leads outside");
  if (document->language >= catalogue->language_count) return bad(reader, "a document of a language that is not there");
  return document->bytes <= UINT32_MAX || bad(reader, "a document of more than 4 GiB");
}

static bool take_documents(struct reader *reader, struct store_catalogue *catalogue) {
  uint64_t count = 0;
  if (!take(reader, 8, &count)) return false;
  if (count >= UINT32_MAX) return bad(reader, "more documents than ids");
  catalogue->documents = room(reader, count, 37, sizeof *catalogue->documents);
  if (!catalogue->documents) return false;
  catalogue->document_count = count;
  for (uint64_t i = 0; i < count; i++) {
    if (!take_document(reader, catalogue, &catalogue->documents[i])) return false;
  }
  const char *twice;
  if (!check_paths(catalogue->documents, count, &twice, reader->fault)) return false;
  return !twice || bad(reader, "two documents of one path");
}

static bool take_all(struct reader *reader, struct store_catalogue *catalogue) {
  if (!take_text(reader, &catalogue->combination) || !take_text(reader, &catalogue->corpus) ||
      !take_text(reader, &catalogue->content_hash) || !take_languages(reader, catalogue) ||
      !take_documents(reader, catalogue) || !take(reader, 8, &catalogue->table_bytes))
    return false;
  if (catalogue->table_bytes != reader->end - reader->at)
    return bad(reader, "the codec's tables do not end where it does");
  catalogue->tables = reader->bytes + reader->at;
  return true;
}

static bool check_head(struct reader *reader, const uint8_t *bytes, size_t byte_count,
                       struct store_catalogue *catalogue) {
  if (byte_count < HEAD_BYTES + 8 || memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
    return bad(reader, "does not begin with PBSTORE1");
  uint64_t version = little(bytes + 8, 4), length = little(bytes + 16, 8), hash = little(bytes + byte_count - 8, 8);
  if (version != STORE_CATALOGUE_VERSION)
    return fault_set(reader->fault, EXIT_CODE_INPUT,
                     "%s: its catalogue has version %" PRIu64
                     "; this program reads "
                     "version %u: build the store again, or use the program that made it",
                     reader->where, version, STORE_CATALOGUE_VERSION);
  if (length != byte_count) return bad(reader, "it has not as many bytes as it says");
  if (XXH3_64bits(bytes, byte_count - 8) != hash) return bad(reader, "its hash is not that of its bytes");
  catalogue->stage_abi = (uint32_t)little(bytes + 12, 4);
  return true;
}

bool store_catalogue_read(const void *bytes, size_t byte_count, const char *where, struct store_catalogue *catalogue,
                          struct fault *fault) {
  struct reader reader = {.where = where, .fault = fault};
  *catalogue = (struct store_catalogue){0};
  if (!check_head(&reader, bytes, byte_count, catalogue)) return false;
  catalogue->block = malloc(byte_count);
  if (!catalogue->block) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory for the catalogue", where);
  memcpy(catalogue->block, bytes, byte_count);
  reader.bytes = catalogue->block;
  reader.at = HEAD_BYTES;
  reader.end = byte_count - 8;
  if (take_all(&reader, catalogue)) return true;
  store_catalogue_free(catalogue);
  return false;
}

void store_catalogue_free(struct store_catalogue *catalogue) {
  free(catalogue->languages);
  free(catalogue->documents);
  free(catalogue->block);
  *catalogue = (struct store_catalogue){0};
}
