/* SPDX-License-Identifier: MIT
 *
 * vault.c - a stage for tests of stores on disk: the skeleton's codec, with save and load, and a
 * blob store of sources and trees that commits all it has to one file. The environment variable VAULT
 * makes it lack or do something: "no commit", "no save", "commit: killed", "commit: full",
 * "put: slow"; with "codec only" it is no blob store.
 *
 * The file vault.data, in the machine's byte order: "VAULT001"; u64 number of documents; for each, for
 * sources then trees: u64 length (UINT64_MAX: none), u64 FNV-1a of the bytes, the bytes; then u64 length, FNV-1a and
 * bytes of the catalogue. Sums of documents are looked at when they are pinned, as in any blob store. */
const struct stage_ops *vault_skeleton_stage(void);
#define phasebench_stage vault_skeleton_stage
#include "skeleton/cursor.c"
#include "skeleton/records.c"
#include "skeleton/skeleton.c"
#undef phasebench_stage

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

STAGE_EXPORT const struct stage_ops *phasebench_stage(void); /* stage.h's declaration was renamed above */

struct entry {
  uint8_t *bytes; /* never NULL where is_there */
  uint64_t length, sum;
  bool is_there;
};

static const struct stage_ops *codec;
static struct stage_ops vault;
static const struct stage_ctx *context;
static struct entry *entries[STAGE_KIND_COUNT];
static uint64_t entry_count; /* of both kinds */
static struct entry kept_catalogue;

static bool wants(const char *text) { return getenv("VAULT") && strcmp(getenv("VAULT"), text) == 0; }

static uint64_t sum_of(const uint8_t *bytes, uint64_t length) {
  uint64_t sum = UINT64_C(0xcbf29ce484222325);
  for (uint64_t i = 0; i < length; i++) sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
  return sum;
}

/* ---- documents ---- */

static int grow(uint64_t count) {
  if (count <= entry_count) return STAGE_OK;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    struct entry *grown = stage_resize(context, (enum stage_kind)kind, entries[kind], count * sizeof *grown);
    if (!grown) return STAGE_OUT_OF_MEMORY;
    memset(grown + entry_count, 0, (count - entry_count) * sizeof *grown);
    entries[kind] = grown;
  }
  entry_count = count;
  return STAGE_OK;
}

static int set(struct entry *entry, enum stage_kind kind, const void *bytes, uint64_t length, uint64_t sum) {
  uint8_t *copy = stage_allocate(context, kind, (size_t)length + 1);
  if (!copy) return STAGE_OUT_OF_MEMORY;
  if (length > 0) memcpy(copy, bytes, (size_t)length);
  stage_release(context, kind, entry->bytes);
  *entry = (struct entry){copy, length, sum, true};
  return STAGE_OK;
}

static int put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  (void)store;
  (void)path;
  if (wants("put: slow")) usleep(100000);
  int error = grow((uint64_t)id + 1);
  return error ? error : set(&entries[kind][id], kind, bytes, length, sum_of(bytes, length));
}

static struct entry *find(enum stage_kind kind, uint32_t id) {
  return id < entry_count && entries[kind][id].is_there ? &entries[kind][id] : NULL;
}

static int length_of(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  (void)store;
  const struct entry *entry = find(kind, id);
  if (!entry) return STAGE_NO_DOCUMENT;
  *length = entry->length;
  return STAGE_OK;
}

static int pin_entry(const struct entry *entry, uint64_t offset, uint64_t length, struct stage_pin *pin) {
  if (offset > entry->length || length > entry->length - offset) return STAGE_OUT_OF_RANGE;
  if (sum_of(entry->bytes, entry->length) != entry->sum) {
    STAGE_FAIL(context, "the sum of %llu bytes is not what it was", (unsigned long long)entry->length);
    return STAGE_CORRUPT;
  }
  *pin = (struct stage_pin){entry->bytes + offset, length, NULL};
  return STAGE_OK;
}

static int pin(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *to) {
  (void)store;
  const struct entry *entry = find(kind, id);
  return entry ? pin_entry(entry, offset, length, to) : STAGE_NO_DOCUMENT;
}

static int unpin(void *store, enum stage_kind kind, struct stage_pin *from) {
  (void)store;
  (void)kind;
  (void)from;
  return STAGE_OK;
}

static int drop(void *store, enum stage_kind kind, uint32_t id) {
  (void)store;
  struct entry *entry = find(kind, id);
  if (!entry) return STAGE_NO_DOCUMENT;
  stage_release(context, kind, entry->bytes);
  *entry = (struct entry){NULL, 0, 0, false};
  return STAGE_OK;
}

/* ---- the file ---- */

static void write_entry(FILE *out, const struct entry *entry) {
  uint64_t length = entry->is_there ? entry->length : UINT64_MAX;
  fwrite(&length, 1, 8, out);
  if (!entry->is_there) return;
  fwrite(&entry->sum, 1, 8, out);
  fwrite(entry->bytes, 1, (size_t)entry->length, out);
}

static int commit(void *store, const void *catalogue, uint64_t length) {
  (void)store;
  char name[4200], new_name[4200];
  snprintf(name, sizeof name, "%s/vault.data", context->directory);
  snprintf(new_name, sizeof new_name, "%s/vault.data.new", context->directory);
  int error = set(&kept_catalogue, STAGE_TREE, catalogue, length, sum_of(catalogue, length));
  if (error) return error;
  FILE *out = fopen(new_name, "wb");
  if (!out) {
    STAGE_FAIL(context, "%s: %s", new_name, strerror(errno));
    return STAGE_IO;
  }
  fwrite("VAULT001", 1, 8, out);
  fwrite(&entry_count, 1, 8, out);
  for (uint64_t i = 0; i < entry_count; i++) {
    for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) write_entry(out, &entries[kind][i]);
  }
  write_entry(out, &kept_catalogue);
  bool good = !ferror(out) && fflush(out) == 0 && fsync(fileno(out)) == 0;
  if (fclose(out) != 0) good = false;
  if (wants("commit: killed")) raise(SIGKILL);
  if (good && !wants("commit: full")) return rename(new_name, name) == 0 ? STAGE_OK : STAGE_IO;
  STAGE_FAIL(context, "%s: %s", new_name, good ? "as if the disk were full" : strerror(errno));
  return STAGE_IO;
}

static int read_entry(FILE *in, uint64_t left, struct entry *entry, enum stage_kind kind) {
  uint64_t length, sum;
  if (fread(&length, 1, 8, in) != 8) return STAGE_CORRUPT;
  if (length == UINT64_MAX) return STAGE_OK;
  if (length > left || fread(&sum, 1, 8, in) != 8) return STAGE_CORRUPT;
  uint8_t *bytes = stage_allocate(context, kind, (size_t)length + 1);
  if (!bytes) return STAGE_OUT_OF_MEMORY;
  *entry = (struct entry){bytes, length, sum, true};
  return fread(bytes, 1, (size_t)length, in) == length ? STAGE_OK : STAGE_CORRUPT;
}

static int read_all(FILE *in, uint64_t file_bytes) {
  char magic[8];
  uint64_t count;
  if (fread(magic, 1, 8, in) != 8 || memcmp(magic, "VAULT001", 8) != 0) return STAGE_CORRUPT;
  if (fread(&count, 1, 8, in) != 8 || count > file_bytes / 16) return STAGE_CORRUPT;
  int error = grow(count);
  for (uint64_t i = 0; !error && i < count; i++) {
    for (int kind = 0; !error && kind < STAGE_KIND_COUNT; kind++)
      error = read_entry(in, file_bytes, &entries[kind][i], (enum stage_kind)kind);
  }
  return error ? error : read_entry(in, file_bytes, &kept_catalogue, STAGE_TREE);
}

static int reopen(void) {
  char name[4200];
  struct stat status;
  snprintf(name, sizeof name, "%s/vault.data", context->directory);
  FILE *in = fopen(name, "rb");
  if (!in || fstat(fileno(in), &status) < 0) {
    STAGE_FAIL(context, "%s: %s", name, strerror(errno));
    if (in) fclose(in);
    return STAGE_IO;
  }
  int error = read_all(in, (uint64_t)status.st_size);
  fclose(in);
  if (error) STAGE_FAIL(context, "%s: is not what a vault wrote", name);
  return error;
}

static int catalogue_of(void *store, struct stage_pin *to) {
  (void)store;
  if (!kept_catalogue.is_there) return STAGE_CORRUPT;
  return pin_entry(&kept_catalogue, 0, kept_catalogue.length, to);
}

/* ---- the codec's tables ---- */

static int save_text(stage_write_fn *write, void *sink, const char *text) {
  uint32_t length = text ? (uint32_t)strlen(text) : UINT32_MAX;
  int error = write(sink, &length, 4);
  return error || !text ? error : write(sink, text, length);
}

static int save(void *store, stage_write_fn *write, void *sink) {
  const struct skeleton *self = store;
  int error = write(sink, &self->language_count, 4);
  for (uint32_t l = 0; !error && l < self->language_count; l++) {
    const struct names *names = &self->languages[l];
    error = write(sink, &names->symbol_count, 4);
    if (!error) error = write(sink, &names->field_count, 4);
    for (uint32_t i = 0; !error && i < names->symbol_count; i++) error = save_text(write, sink, names->symbols[i]);
    for (uint32_t i = 0; !error && i <= names->field_count; i++) error = save_text(write, sink, names->fields[i]);
  }
  return error;
}

struct tables {
  const uint8_t *at, *end;
};

static int load_u32(struct tables *from, uint32_t *value) {
  if (from->end - from->at < 4) return STAGE_CORRUPT;
  memcpy(value, from->at, 4);
  from->at += 4;
  return STAGE_OK;
}

static int load_texts(struct tables *from, uint32_t count, const char ***texts) {
  if (count > (size_t)(from->end - from->at) / 4) return STAGE_CORRUPT;
  size_t bytes = ((size_t)count + 1) * sizeof **texts;
  *texts = stage_allocate(context, STAGE_TREE, bytes);
  if (!*texts) return STAGE_OUT_OF_MEMORY;
  memset(*texts, 0, bytes);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t length;
    int error = load_u32(from, &length);
    if (error) return error;
    if (length == UINT32_MAX) continue;
    if (length > (size_t)(from->end - from->at)) return STAGE_CORRUPT;
    char *text = stage_allocate(context, STAGE_TREE, (size_t)length + 1);
    if (!text) return STAGE_OUT_OF_MEMORY;
    memcpy(text, from->at, length);
    text[length] = '\0';
    (*texts)[i] = text;
    from->at += length;
  }
  return STAGE_OK;
}

static int load(void *store, const void *bytes, uint64_t length) {
  struct skeleton *self = store;
  struct tables from = {bytes, (const uint8_t *)bytes + length};
  uint32_t count;
  int error = load_u32(&from, &count);
  if (error || count > 1000) return STAGE_CORRUPT;
  self->languages = stage_allocate(context, STAGE_TREE, ((size_t)count + 1) * sizeof *self->languages);
  if (!self->languages) return STAGE_OUT_OF_MEMORY;
  memset(self->languages, 0, ((size_t)count + 1) * sizeof *self->languages);
  for (uint32_t l = 0; !error && l < count; l++) {
    struct names *names = &self->languages[l];
    uint32_t symbols, fields;
    error = load_u32(&from, &symbols);
    if (!error) error = load_u32(&from, &fields);
    if (!error && fields == UINT32_MAX) error = STAGE_CORRUPT;
    self->language_count = l + 1;
    if (!error) error = load_texts(&from, symbols, &names->symbols);
    if (!error) names->symbol_count = symbols;
    if (!error) error = load_texts(&from, fields + 1, &names->fields);
    if (!error) names->field_count = fields;
  }
  return error ? error : from.at == from.end ? STAGE_OK : STAGE_CORRUPT;
}

/* ---- life ---- */

static void forget(void) {
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint64_t i = 0; i < entry_count; i++) stage_release(context, (enum stage_kind)kind, entries[kind][i].bytes);
    stage_release(context, (enum stage_kind)kind, entries[kind]);
    entries[kind] = NULL;
  }
  entry_count = 0;
  stage_release(context, STAGE_TREE, kept_catalogue.bytes);
  kept_catalogue = (struct entry){NULL, 0, 0, false};
}

static int vault_open(const struct stage_ctx *ctx, void **store) {
  context = ctx;
  int error = ctx->is_reopened ? reopen() : STAGE_OK;
  if (!error) error = codec->open(ctx, store);
  if (error) forget();
  return error;
}

static int codec_open(const struct stage_ctx *ctx, void **store) {
  context = ctx;
  return codec->open(ctx, store);
}

static void vault_close(void *store) {
  codec->close(store);
  forget();
}

static const struct stage_option vault_options[] = {{"spare_bytes", "does nothing", 4096, 0, 65536}};

/* A codec that can save, above any blob store. */
static void be_codec(void) {
  vault.roles = STAGE_TREE_CODEC;
  vault.flags = STAGE_NOT_STANDARD;
  vault.keeps = 0;
  vault.open = codec_open;
  vault.put = NULL;
  vault.length = NULL;
  vault.pin = NULL;
  vault.unpin = NULL;
  vault.drop = NULL;
  vault.commit = NULL;
  vault.catalogue = NULL;
}

const struct stage_ops *phasebench_stage(void) {
  codec = vault_skeleton_stage();
  vault = *codec;
  vault.name = "vault";
  vault.summary = "a codec and blob store that commits to one file";
  vault.order = 601;
  vault.roles = STAGE_TREE_CODEC | STAGE_BLOB_STORE;
  vault.flags = STAGE_NOT_STANDARD | STAGE_USES_DISK;
  vault.keeps = 1u << STAGE_SOURCE | 1u << STAGE_TREE;
  vault.options = vault_options;
  vault.option_count = 1;
  vault.open = vault_open;
  vault.close = vault_close;
  vault.put = put;
  vault.length = length_of;
  vault.pin = pin;
  vault.unpin = unpin;
  vault.drop = drop;
  if (!wants("no commit")) {
    vault.commit = commit;
    vault.catalogue = catalogue_of;
  }
  if (!wants("no save")) {
    vault.save = save;
    vault.load = load;
  }
  if (wants("codec only")) be_codec();
  return &vault;
}
