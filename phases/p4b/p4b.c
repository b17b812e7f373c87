/* SPDX-License-Identifier: MIT
 *
 * p4b.c - the stage "p4b mapped sources": a blob store that does not hold sources. What a
 * file holds is mapped from there while it is read; the blob store below gets a record of where
 * that is (record.h), and holds the bytes themselves only where no file does. p4b has no table
 * of its own: of documents that are not mapped it knows nothing. */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "maps.h"

struct store {
  const struct stage_ctx *ctx;
  struct maps maps;
  struct {
    uint64_t records, record_bytes, unmappable, plain_bytes; /* put since open */
  } counts;
};

/* What stage_pin.keep points at: one of the maps, or a pin of the blob store below. */
struct held {
  struct map *map; /* NULL: below */
  struct stage_pin below;
};

/* ---- the blob store below ---- */

static const struct stage_ops *below(const struct store *s) { return s->ctx->below[STAGE_SOURCE].ops; }
static void *below_store(const struct store *s) { return s->ctx->below[STAGE_SOURCE].store; }

static int corrupt(const struct store *s, uint32_t id, const char *why) {
  STAGE_FAIL(s->ctx, "source of document %u: %s; put the document again", id, why);
  return STAGE_CORRUPT;
}

/* What is below of the document, as long as a record can be; *kept_length is the length of all of it. */
static int look_below(const struct store *s, uint32_t id, struct stage_pin *pin, uint64_t *kept_length) {
  int error = below(s)->length(below_store(s), STAGE_SOURCE, id, kept_length);
  if (error) return error;
  if (*kept_length == 0) return corrupt(s, id, "what is kept of it is empty");
  return below(s)->pin(below_store(s), STAGE_SOURCE, id, 0, *kept_length < RECORD_MAX ? *kept_length : RECORD_MAX, pin);
}

/* The record points into the pin. A record->size of 0: the source itself is below. */
static int read_below(const struct store *s, uint32_t id, struct stage_pin *pin, struct record *record,
                      uint64_t *length) {
  uint64_t kept_length;
  int error = look_below(s, id, pin, &kept_length);
  if (error) return error;
  *record = (struct record){0};
  if (pin->bytes[0] == RECORD_BYTES_TAG) {
    *length = kept_length - 1;
    return STAGE_OK;
  }
  if (record_read(pin->bytes, kept_length <= RECORD_MAX ? kept_length : 0, record)) {
    *length = record->size;
    return STAGE_OK;
  }
  below(s)->unpin(below_store(s), STAGE_SOURCE, pin);
  return corrupt(s, id, "what is kept of it is no record of p4b");
}

/* ---- in ---- */

static int put_plain(struct store *s, uint32_t id, const void *bytes, uint64_t length) {
  if (length > SIZE_MAX - 1) return STAGE_LIMIT;
  uint8_t *tagged = stage_allocate(s->ctx, STAGE_SOURCE, (size_t)length + 1);
  if (!tagged) return STAGE_OUT_OF_MEMORY;
  tagged[0] = RECORD_BYTES_TAG;
  if (length > 0) memcpy(tagged + 1, bytes, (size_t)length);
  int error = below(s)->put(below_store(s), STAGE_SOURCE, id, tagged, length + 1, NULL);
  stage_release(s->ctx, STAGE_SOURCE, tagged);
  if (!error) s->counts.plain_bytes += length;
  return error;
}

/* A source that is no longer than its record is kept itself; so is the empty one, which cannot be mapped. */
static int put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  struct store *s = store;
  uint8_t out[RECORD_MAX];
  (void)kind;
  size_t path_bytes = path ? strlen(path) : 0;
  bool is_mapped = path && length > RECORD_FILE_HEAD_BYTES + path_bytes;
  if (is_mapped && !maps_file_holds(path, bytes, length)) {
    s->counts.unmappable++;
    is_mapped = false;
  }
  int error;
  if (is_mapped) {
    struct record record = {XXH3_64bits(bytes, (size_t)length), length, path, path_bytes};
    size_t record_bytes = record_write(&record, out);
    error = below(s)->put(below_store(s), STAGE_SOURCE, id, out, record_bytes, NULL);
    if (!error) s->counts.record_bytes += record_bytes, s->counts.records++;
  } else {
    error = put_plain(s, id, bytes, length);
  }
  if (!error) maps_forget(&s->maps, id);
  return error;
}

static int drop(void *store, enum stage_kind kind, uint32_t id) {
  struct store *s = store;
  int error = below(s)->drop(below_store(s), kind, id);
  if (!error) maps_forget(&s->maps, id);
  return error;
}

/* ---- out ---- */

static int length_of(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  struct store *s = store;
  struct stage_pin pin;
  struct record record;
  const struct map *map = maps_find(&s->maps, id);
  if (map) {
    *length = map->size;
    return STAGE_OK;
  }
  int error = read_below(s, id, &pin, &record, length);
  return error ? error : below(s)->unpin(below_store(s), kind, &pin);
}

static int pin_plain(struct store *s, uint32_t id, uint64_t offset, uint64_t length, struct held *held,
                     const uint8_t **bytes) {
  int error = below(s)->pin(below_store(s), STAGE_SOURCE, id, offset + 1, length, &held->below);
  if (!error) *bytes = held->below.bytes;
  return error;
}

/* By its record, or itself, from below. */
static int pin_below(struct store *s, uint32_t id, uint64_t offset, uint64_t length, struct held *held,
                     const uint8_t **bytes) {
  struct stage_pin pin;
  struct record record;
  uint64_t size;
  int error = read_below(s, id, &pin, &record, &size);
  if (error) return error;
  if (offset > size || length > size - offset) error = STAGE_OUT_OF_RANGE;
  else if (record.size > 0) error = maps_pin(&s->maps, id, &record, &held->map);
  else error = pin_plain(s, id, offset, length, held, bytes);
  if (!error && held->map) *bytes = held->map->bytes + offset;
  int let_go = below(s)->unpin(below_store(s), STAGE_SOURCE, &pin);
  if (error || !let_go) return error;
  if (held->map) maps_unpin(&s->maps, held->map);
  else below(s)->unpin(below_store(s), STAGE_SOURCE, &held->below);
  return let_go;
}

static int pin_range(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                     struct stage_pin *pin) {
  struct store *s = store;
  const uint8_t *bytes = NULL;
  (void)kind;
  const struct map *there = maps_find(&s->maps, id);
  if (there && (offset > there->size || length > there->size - offset)) return STAGE_OUT_OF_RANGE;
  struct held *held = stage_allocate(s->ctx, STAGE_SOURCE, sizeof *held);
  if (!held) return STAGE_OUT_OF_MEMORY;
  *held = (struct held){0};
  int error = there ? maps_pin(&s->maps, id, NULL, &held->map) : STAGE_OK;
  if (held->map) bytes = held->map->bytes + offset;
  else if (!error) error = pin_below(s, id, offset, length, held, &bytes);
  if (error) {
    stage_release(s->ctx, STAGE_SOURCE, held);
    return error;
  }
  *pin = (struct stage_pin){bytes, length, held};
  return STAGE_OK;
}

static int unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  struct store *s = store;
  struct held *held = pin->keep;
  *pin = (struct stage_pin){0};
  int error = held->map ? maps_unpin(&s->maps, held->map) : below(s)->unpin(below_store(s), kind, &held->below);
  stage_release(s->ctx, STAGE_SOURCE, held);
  return error;
}

static void evict(void *store) {
  struct store *s = store;
  maps_evict(&s->maps);
}

/* ---- life ---- */

static int store_open(const struct stage_ctx *ctx, void **out) {
  struct store *s = stage_allocate(ctx, STAGE_SOURCE, sizeof *s);
  if (!s) return STAGE_OUT_OF_MEMORY;
  *s = (struct store){.ctx = ctx, .maps = {.ctx = ctx}};
  *out = s;
  return STAGE_OK;
}

static void store_close(void *store) {
  struct store *s = store;
  maps_close(&s->maps);
  stage_release(s->ctx, STAGE_SOURCE, s);
}

static void stats(void *store, stage_stat_fn *emit, void *sink) {
  const struct store *s = store;
  const struct {
    const char *name, *unit;
    uint64_t value;
  } rows[] = {
      {"records", "count", s->counts.records},
      {"record_bytes", "bytes", s->counts.record_bytes},
      {"unmappable", "count", s->counts.unmappable},
      {"plain_bytes", "bytes", s->counts.plain_bytes},
      {"maps_made", "count", s->maps.counts.made},
      {"map_hits", "count", s->maps.counts.hits},
      {"map_evictions", "count", s->maps.counts.evictions},
      {"maps_rehashed", "count", s->maps.counts.rehashed},
      {"maps_corrupt", "count", s->maps.counts.corrupt},
      {"map_page_evictions", "count", s->maps.counts.page_evictions},
      {"resident_bytes", "bytes", s->maps.warm_bytes},
      {"resident_peak_bytes", "bytes", s->maps.counts.warm_peak_bytes},
      {"mapped_bytes", "bytes", s->maps.mapped_bytes},
      {"mapped_peak_bytes", "bytes", s->maps.counts.mapped_peak_bytes},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    emit(sink, rows[i].name, rows[i].unit, (double)rows[i].value);
}

static const struct stage_option options[MAPS_OPTION_COUNT] = {
    [MAPS_RESIDENT_BYTES] = {"resident_bytes", "pages of mapped files that stay in memory when nobody reads them",
                             UINT64_C(64) << 10, 0, UINT64_C(1) << 40},
    [MAPS_PINNED_BYTES] = {"pinned_bytes", "files that may be read at a time: past this, a pin fails",
                           UINT64_C(4) << 30, 4096, UINT64_C(1) << 40},
    [MAPS_MAPS] = {"maps", "files mapped at a time, each with an open descriptor: past this, a pin fails", 512, 1,
                   1024},
};

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "p4b",
    .summary = "mapped sources: read from the files they came from, records of which are kept",
    .order = 50,
    .roles = STAGE_BLOB_STORE,
    .keeps = 1u << STAGE_SOURCE,
    .options = options,
    .option_count = MAPS_OPTION_COUNT,
    .open = store_open,
    .close = store_close,
    .stats = stats,
    .put = put,
    .length = length_of,
    .pin = pin_range,
    .unpin = unpin,
    .drop = drop,
    .evict = evict,
};

const struct stage_ops *phasebench_stage(void) { return &ops; }
