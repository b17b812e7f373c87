/* SPDX-License-Identifier: MIT */
#include "tables_io.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "kit/support/varint.h"

#define SYMBOL_SLOTS 65538u /* as alphabet.c numbers them: the two built-in ones come first */
#define NAME_BYTES_MAX 65536u

/* ---- writing ---- */

struct tables_writer {
  const struct stage_ctx *ctx;
  stage_write_fn *write;
  void *sink;
  int error;
  XXH3_state_t *hash; /* in room, where it is aligned */
  uint8_t room[sizeof(XXH3_state_t) + 64];
};

struct tables_writer *tables_writer_new(const struct stage_ctx *ctx, const char tag[TABLES_TAG_BYTES], uint8_t version,
                                        stage_write_fn *write, void *sink) {
  struct tables_writer *writer = stage_allocate(ctx, STAGE_TREE, sizeof *writer);
  if (!writer) return NULL;
  *writer = (struct tables_writer){.ctx = ctx, .write = write, .sink = sink};
  writer->hash = (XXH3_state_t *)(((uintptr_t)writer->room + 63) & ~(uintptr_t)63);
  XXH3_64bits_reset(writer->hash);
  tables_write(writer, tag, TABLES_TAG_BYTES);
  tables_write(writer, &version, 1);
  return writer;
}

int tables_writer_end(struct tables_writer *writer) {
  uint64_t check = XXH3_64bits_digest(writer->hash);
  int error = writer->error ? writer->error : writer->write(writer->sink, &check, sizeof check);
  stage_release(writer->ctx, STAGE_TREE, writer);
  return error;
}

void tables_write(struct tables_writer *writer, const void *bytes, size_t length) {
  if (writer->error || length == 0) return;
  XXH3_64bits_update(writer->hash, bytes, length);
  writer->error = writer->write(writer->sink, bytes, length);
}

void tables_write_number(struct tables_writer *writer, uint64_t number) {
  uint8_t bytes[VARINT_BYTES_MAX];
  tables_write(writer, bytes, varint_write(bytes, number));
}

void tables_write_documents(struct tables_writer *writer, const struct tree_documents *documents) {
  tables_write_number(writer, documents->end);
  tables_write_number(writer, documents->count);
  tables_write_number(writer, documents->fresh);
}

/* How many there are; of each the ids that have none before it, its length, and its bytes. */
static void write_names(struct tables_writer *writer, const struct alphabet_names *names) {
  uint32_t count = 0, next = 0;
  for (uint32_t id = 0; id < names->count; id++) count += names->offsets[id] != 0;
  tables_write_number(writer, count);
  for (uint32_t id = 0; id < names->count; id++) {
    if (names->offsets[id] == 0) continue;
    const char *name = names->text + names->offsets[id] - 1;
    size_t length = strlen(name);
    tables_write_number(writer, id - next);
    tables_write_number(writer, length);
    tables_write(writer, name, length);
    next = id + 1;
  }
}

void tables_write_alphabet(struct tables_writer *writer, const struct alphabet *a) {
  tables_write_number(writer, a->kind_count);
  tables_write(writer, a->kinds, a->kind_count * sizeof *a->kinds);
  tables_write_number(writer, a->padding_count);
  tables_write(writer, a->paddings, a->padding_count * sizeof *a->paddings);
  write_names(writer, &a->symbols);
  write_names(writer, &a->fields);
}

/* ---- reading ---- */

bool tables_bad(struct tables_reader *reader, const char *why) {
  if (reader->error) return false;
  reader->error = STAGE_CORRUPT;
  STAGE_FAIL(reader->ctx, "the saved tables, byte %llu: %s; make the store anew",
             (unsigned long long)(reader->at - reader->start), why);
  return false;
}

static bool out_of_memory(struct tables_reader *reader) {
  if (!reader->error) reader->error = STAGE_OUT_OF_MEMORY;
  return false;
}

bool tables_reader_open(struct tables_reader *reader, const struct stage_ctx *ctx, const char tag[TABLES_TAG_BYTES],
                        uint8_t version, const void *bytes, uint64_t length) {
  *reader = (struct tables_reader){.ctx = ctx, .start = bytes, .at = bytes};
  if (length < TABLES_HEAD_BYTES + TABLES_CHECK_BYTES) return tables_bad(reader, "there are too few of them");
  reader->end = reader->start + length - TABLES_CHECK_BYTES;
  if (memcmp(bytes, tag, TABLES_TAG_BYTES) != 0) return tables_bad(reader, "they are not this codec's");
  if (reader->start[TABLES_TAG_BYTES] != version) return tables_bad(reader, "they are of another version");
  uint64_t check;
  memcpy(&check, reader->end, sizeof check);
  if (check != XXH3_64bits(bytes, (size_t)(length - TABLES_CHECK_BYTES)))
    return tables_bad(reader, "their checksum differs");
  reader->at += TABLES_HEAD_BYTES;
  return true;
}

int tables_reader_end(struct tables_reader *reader) {
  if (!reader->error && reader->at != reader->end) tables_bad(reader, "something follows that is not theirs");
  return reader->error;
}

bool tables_read_long(struct tables_reader *reader, uint64_t *number) {
  *number = 0;
  if (reader->error) return false;
  size_t bytes = varint_read(reader->at, reader->end, number);
  if (bytes > 0 && (bytes == 1 || reader->at[bytes - 1] != 0)) {
    reader->at += bytes;
    return true;
  }
  *number = 0;
  return tables_bad(reader, "a number ends early, or is longer than it need be");
}

bool tables_read_number(struct tables_reader *reader, uint64_t most, uint32_t *number) {
  uint64_t value;
  *number = 0;
  if (!tables_read_long(reader, &value)) return false;
  if (value > most || value > UINT32_MAX) return tables_bad(reader, "a number is larger than it can be");
  *number = (uint32_t)value;
  return true;
}

bool tables_read_items(struct tables_reader *reader, uint32_t count, size_t item_bytes, void **items) {
  *items = NULL;
  if (reader->error) return false;
  if (count > (uint64_t)(reader->end - reader->at) / item_bytes) return tables_bad(reader, "a table ends early");
  if (count == 0) return true;
  *items = stage_allocate(reader->ctx, STAGE_TREE, count * item_bytes);
  if (!*items) return out_of_memory(reader);
  memcpy(*items, reader->at, count * item_bytes);
  reader->at += count * item_bytes;
  return true;
}

bool tables_read_documents(struct tables_reader *reader, struct tree_documents *documents) {
  return tables_read_number(reader, UINT32_MAX, &documents->end) &&
         tables_read_number(reader, documents->end, &documents->count) &&
         tables_read_number(reader, UINT32_MAX, &documents->fresh);
}

/* ---- names ---- */

/* Goes over the names; with `names`, whose memory is there, takes them in as well. */
static bool pass_names(struct tables_reader *reader, uint32_t slots, struct alphabet_names *names, uint64_t *text_bytes,
                       uint32_t *id_end) {
  uint32_t count, skipped, length, next = 0, used = 0;
  *text_bytes = 0;
  *id_end = 0;
  if (!tables_read_number(reader, slots, &count)) return false;
  for (uint32_t i = 0; i < count; i++, next++) {
    if (next >= slots || !tables_read_number(reader, slots - 1 - next, &skipped) ||
        !tables_read_number(reader, NAME_BYTES_MAX, &length))
      return tables_bad(reader, "there are more names than ids");
    if (length > (uint64_t)(reader->end - reader->at)) return tables_bad(reader, "a name ends early");
    if (memchr(reader->at, 0, length)) return tables_bad(reader, "a name has a NUL");
    next += skipped;
    if (names) {
      memcpy(names->text + used, reader->at, length);
      names->text[used + length] = '\0';
      names->offsets[next] = used + 1;
      used += length + 1;
    }
    *text_bytes += length + 1;
    reader->at += length;
  }
  *id_end = next;
  return *text_bytes < UINT32_MAX || tables_bad(reader, "the names are too long");
}

static bool read_names(struct tables_reader *reader, uint32_t slots, struct alphabet_names *names) {
  const uint8_t *from = reader->at;
  uint64_t text_bytes;
  uint32_t id_end;
  if (!pass_names(reader, slots, NULL, &text_bytes, &id_end)) return false;
  if (id_end == 0) return true;
  names->offsets = stage_allocate(reader->ctx, STAGE_TREE, id_end * sizeof *names->offsets);
  names->text = stage_allocate(reader->ctx, STAGE_TREE, (size_t)text_bytes);
  if (!names->offsets || !names->text) return out_of_memory(reader);
  memset(names->offsets, 0, id_end * sizeof *names->offsets);
  names->count = id_end;
  names->text_bytes = names->text_capacity = (uint32_t)text_bytes;
  reader->at = from;
  return pass_names(reader, slots, names, &text_bytes, &id_end);
}

/* ---- alphabets ---- */

bool tables_read_alphabet(struct tables_reader *reader, struct alphabet *a) {
  void *items = NULL;
  tables_read_number(reader, UINT16_MAX, &a->kind_count);
  tables_read_items(reader, a->kind_count, sizeof *a->kinds, &items);
  a->kinds = items;
  a->kind_capacity = a->kind_count;
  tables_read_number(reader, ALPHABET_PADDINGS_MAX, &a->padding_count);
  tables_read_items(reader, a->padding_count, sizeof *a->paddings, &items);
  a->paddings = items;
  a->padding_capacity = a->padding_count;
  for (uint32_t i = 0; !reader->error && i < a->padding_count; i++) {
    if (a->paddings[i].reserved != 0) return tables_bad(reader, "a padding has more than it can have");
  }
  return !reader->error && read_names(reader, SYMBOL_SLOTS, &a->symbols) &&
         read_names(reader, UINT16_MAX + 1u, &a->fields);
}
