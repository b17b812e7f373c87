/* SPDX-License-Identifier: MIT
 *
 * A frozen file, changed in places: opening, reading everything and appending give the right bytes
 * or an error, without a read or write out of bounds (the address sanitizer watches).
 *
 * The input: a byte, then records of 4 bytes: what to do, u16 where, with which byte. An odd first
 * byte gives everything its right hash again, so that what lies behind the hashes is tried, too;
 * bytes then need not be the old ones. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "kit/frozen/internal.h"
#include "kit/testing/test_ctx.h"
#include "kit/testing/test_random.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())
#define DOCUMENTS 24u
#define DOCUMENT_BYTES_MAX 2600u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct frozen_settings settings = {.kinds = 1u << STAGE_SOURCE | 1u << STAGE_TREE,
                                                .frame_bytes = {1024, 1024},
                                                .dictionary_bytes = {2048, 0},
                                                .level = {3, 3}};

static struct {
  int fd; /* of a file without a name */
  char name[16];
  uint8_t *bytes;
  size_t length;
  struct frozen_state state;
  struct frozen_frame frames[STAGE_KIND_COUNT][64];
  struct {
    uint8_t bytes[DOCUMENT_BYTES_MAX];
    uint32_t length;
  } documents[STAGE_KIND_COUNT][DOCUMENTS];
} base;

/* The stage's reasons are not printed: most inputs are refused. */
static void quiet(const struct stage_ctx *ctx, const char *file, int line, const char *format, ...) {
  (void)ctx, (void)file, (void)line, (void)format;
}

static struct stage_ctx context(void) {
  struct stage_ctx ctx = test_ctx();
  ctx.fail = quiet;
  ctx.directory = "/proc/self/fd";
  ctx.is_reopened = true;
  return ctx;
}

/* ---- the file ---- */

static void documents_make(void) {
  static const char *const words[] = {"int ", "return ", "struct ", "(void)", ";\n", "{\n", "= ", "if ("};
  uint64_t seed = 1;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = 0; id < DOCUMENTS; id++) {
      uint32_t want = id == 5 ? 2500 : id == 6 ? 0 : test_random(&seed, 300), at = 0;
      uint8_t *bytes = base.documents[kind][id].bytes;
      while (at < want) at += (uint32_t)sprintf((char *)bytes + at, "%s", words[test_random(&seed, 8)]);
      base.documents[kind][id].length = at;
    }
  }
}

/* Samples of which each has the same text. */
static void learn(struct frozen *frozen) {
  static uint8_t samples[64 * 128];
  size_t sizes[64];
  uint64_t seed = 2;
  for (uint32_t i = 0; i < 64; i++) {
    for (uint32_t j = 0; j < 128; j++) samples[i * 128 + j] = (uint8_t)test_random(&seed, 256);
    memcpy(samples + i * 128, "a text that all of the samples have, of which it pays to take note", 66);
    sizes[i] = 128;
  }
  frozen_expect(frozen, STAGE_SOURCE, 1u << 20);
  CHECK(frozen_learn(frozen, STAGE_SOURCE, samples, sizes, 64) == STAGE_OK);
}

static void add(struct frozen *frozen, uint32_t from, uint32_t to) {
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = from; id < to; id++) {
      uint32_t length = base.documents[kind][id].length;
      CHECK(frozen_add(frozen, (enum stage_kind)kind, id, base.documents[kind][id].bytes, length, length) == STAGE_OK);
    }
  }
}

/* Built in a folder, since a build is renamed; appended to once. */
static void base_build(void) {
  const char *parent = getenv("TMPDIR");
  char folder[512], path[520];
  snprintf(folder, sizeof folder, "%s/fuzz_frozen.XXXXXX", parent && parent[0] ? parent : "/var/tmp");
  CHECK(mkdtemp(folder));
  struct stage_ctx ctx = context();
  struct frozen *frozen;
  ctx.directory = folder;
  ctx.is_reopened = false;
  documents_make();
  CHECK(frozen_open(&ctx, "f", &settings, &frozen) == STAGE_OK && frozen_begin(frozen) == STAGE_OK);
  learn(frozen);
  add(frozen, 0, 20);
  CHECK(frozen_finish(frozen) == STAGE_OK && frozen_commit(frozen, "old", 3) == STAGE_OK);
  CHECK(frozen_begin(frozen) == STAGE_OK);
  add(frozen, 20, DOCUMENTS);
  CHECK(frozen_finish(frozen) == STAGE_OK && frozen_commit(frozen, "catalogue", 9) == STAGE_OK);
  base.state = frozen->state;
  CHECK(base.state.sections[STAGE_SOURCE].dictionary_plain > 0);
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    CHECK(base.state.sections[kind].frame_count <= 64);
    for (uint32_t n = 0; n < base.state.sections[kind].frame_count; n++)
      CHECK(frozen_frame_find(frozen, (enum stage_kind)kind, n, &base.frames[kind][n]) == STAGE_OK);
  }
  base.length = base.state.head.file_bytes;
  base.bytes = malloc(base.length);
  CHECK(base.bytes && base.length <= 65536 && frozen_pread(frozen, 0, base.bytes, base.length) == STAGE_OK);
  frozen_close(frozen);
  snprintf(path, sizeof path, "%s/f", folder);
  CHECK(unlink(path) == 0 && rmdir(folder) == 0);
  base.fd = memfd_create("fuzz_frozen", MFD_CLOEXEC);
  CHECK(base.fd >= 0);
  snprintf(base.name, sizeof base.name, "%d", base.fd);
}

/* ---- changing it ---- */

static size_t change(uint8_t *file, size_t length, const uint8_t *records, size_t size) {
  for (size_t i = 0; i + 4 <= size; i += 4) {
    size_t at = (size_t)records[i + 1] | (size_t)records[i + 2] << 8;
    uint8_t value = records[i + 3];
    if (records[i] % 4 == 3 && at < length) length = at;
    if (at + 4 > length) continue;
    if (records[i] % 4 == 0) file[at] = value;
    if (records[i] % 4 == 1) file[at] ^= value;
    if (records[i] % 4 == 2) frozen_put32(file + at, (uint32_t)(int32_t)(int8_t)value);
  }
  return length;
}

static void seal_rows(uint8_t *file, uint64_t offset, uint32_t count) {
  for (uint64_t page = offset; page < offset + frozen_pages(count) * FROZEN_PAGE_BYTES; page += FROZEN_PAGE_BYTES)
    frozen_put64(file + page + FROZEN_PAGE_BYTES - 8, frozen_page_hash(file + page, page));
}

/* Where things are is what it was in the base; what they say is as it was changed. */
static void seal_kind(uint8_t *file, unsigned kind) {
  const struct frozen_section *section = &base.state.sections[kind];
  for (uint32_t n = 0; n < section->frame_count; n++) {
    const struct frozen_frame *frame = &base.frames[kind][n];
    uint8_t *row = file + section->frames_offset + n / FROZEN_PAGE_ROWS * FROZEN_PAGE_BYTES +
                   n % FROZEN_PAGE_ROWS * FROZEN_ROW_BYTES;
    uint32_t bytes = frozen_get32(base.bytes + frame->segment + 4);
    frozen_put32(row + 20, (uint32_t)XXH3_64bits(file + frame->offset, frame->packed));
    frozen_put64(file + frame->segment + 16, frozen_segment_hash(file + frame->segment, bytes, frame->segment));
  }
  seal_rows(file, section->frames_offset, section->frame_count);
  seal_rows(file, section->documents_offset, section->id_end);
  if (section->dictionary_plain == 0) return;
  frozen_put64(
      file + base.state.head.index_offset + 8 + kind * FROZEN_SECTION_BYTES + 40,
      XXH3_64bits_withSeed(file + section->dictionary_offset, section->dictionary_packed, section->dictionary_offset));
}

static void seal(uint8_t *file) {
  uint64_t index = base.state.head.index_offset;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) seal_kind(file, kind);
  frozen_put64(file + index + FROZEN_INDEX_HEAD_BYTES - 8, frozen_index_hash(file + index, index));
  for (unsigned slot = 0; slot < 2; slot++) {
    uint8_t *head = file + slot * FROZEN_HEAD_DISTANCE;
    frozen_put64(head + FROZEN_HEAD_BYTES - 8, frozen_head_hash(head, slot));
  }
}

/* ---- reading it ---- */

static void read_documents(struct frozen *frozen, bool is_sealed) {
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = 0; id < frozen_id_end(frozen, (enum stage_kind)kind); id++) {
      struct frozen_row row;
      if (frozen_find(frozen, (enum stage_kind)kind, id, &row) != STAGE_OK || row.kept > 1u << 24) continue;
      uint8_t *bytes = malloc(row.kept ? row.kept : 1); /* exact, so that a write past the end is seen */
      CHECK(bytes);
      int error = frozen_read(frozen, (enum stage_kind)kind, id, &row, bytes);
      if (!error && !is_sealed) {
        CHECK(id < DOCUMENTS && row.kept == base.documents[kind][id].length);
        CHECK(memcmp(bytes, base.documents[kind][id].bytes, row.kept) == 0);
      }
      free(bytes);
    }
  }
}

/* What is appended to a file that may be spoiled is read back. */
static void append(struct frozen *frozen) {
  struct frozen_row row;
  uint8_t bytes[5];
  if (frozen_begin(frozen) != STAGE_OK) return;
  if (frozen_add(frozen, STAGE_SOURCE, 3, (const uint8_t *)"added", 5, 5) != STAGE_OK) return;
  if (frozen_finish(frozen) != STAGE_OK || frozen_commit(frozen, "", 0) != STAGE_OK) return;
  CHECK(frozen_find(frozen, STAGE_SOURCE, 3, &row) == STAGE_OK && row.kept == 5);
  if (frozen_read(frozen, STAGE_SOURCE, 3, &row, bytes) == STAGE_OK) CHECK(memcmp(bytes, "added", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!base.bytes) base_build();
  if (size == 0) return 0;
  bool is_sealed = data[0] & 1;
  uint8_t *file = malloc(base.length);
  CHECK(file);
  memcpy(file, base.bytes, base.length);
  size_t length = change(file, base.length, data + 1, size - 1);
  if (is_sealed) seal(file);
  CHECK(ftruncate(base.fd, 0) == 0 && pwrite(base.fd, file, length, 0) == (ssize_t)length);
  free(file);
  struct stage_ctx ctx = context();
  struct frozen *frozen;
  if (frozen_open(&ctx, base.name, &settings, &frozen) == STAGE_OK) {
    read_documents(frozen, is_sealed);
    frozen_verify(frozen);
    uint8_t *catalogue = malloc(frozen_catalogue_bytes(frozen) + 1);
    CHECK(catalogue);
    if (frozen_catalogue(frozen, catalogue) == STAGE_OK && !is_sealed) CHECK(memcmp(catalogue, "catalogue", 9) == 0);
    free(catalogue);
    append(frozen);
    frozen_close(frozen);
  }
  CHECK(test_ctx_live == 0);
  return 0;
}
