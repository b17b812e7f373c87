/* SPDX-License-Identifier: MIT
 *
 * An archive file, changed in places: opening, reading everything and appending give the right bytes
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

#include "kit/archive/internal.h"
#include "kit/testing/test_ctx.h"
#include "kit/testing/test_random.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())
#define DOCUMENTS 24u
#define DOCUMENT_BYTES_MAX 2600u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct archive_settings settings = {.kinds = 1u << STAGE_SOURCE | 1u << STAGE_TREE,
                                                 .frame_bytes = {1024, 1024},
                                                 .dictionary_bytes = {2048, 0},
                                                 .level = {3, 3}};

static struct {
  int fd; /* of a file without a name */
  char name[16];
  uint8_t *bytes;
  size_t length;
  struct archive_state state;
  struct archive_frame frames[STAGE_KIND_COUNT][64];
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
static void learn(struct archive *archive) {
  static uint8_t samples[64 * 128];
  size_t sizes[64];
  uint64_t seed = 2;
  for (uint32_t i = 0; i < 64; i++) {
    for (uint32_t j = 0; j < 128; j++) samples[i * 128 + j] = (uint8_t)test_random(&seed, 256);
    memcpy(samples + i * 128, "a text that all of the samples have, of which it pays to take note", 66);
    sizes[i] = 128;
  }
  archive_expect(archive, STAGE_SOURCE, 1u << 20);
  CHECK(archive_learn(archive, STAGE_SOURCE, samples, sizes, 64) == STAGE_OK);
}

static void add(struct archive *archive, uint32_t from, uint32_t to) {
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = from; id < to; id++) {
      uint32_t length = base.documents[kind][id].length;
      CHECK(archive_add(archive, (enum stage_kind)kind, id, base.documents[kind][id].bytes, length, length) ==
            STAGE_OK);
    }
  }
}

/* Built in a folder, since a build is renamed; appended to once. */
static void base_build(void) {
  const char *parent = getenv("TMPDIR");
  char folder[512], path[520];
  snprintf(folder, sizeof folder, "%s/fuzz_archive.XXXXXX", parent && parent[0] ? parent : "/var/tmp");
  CHECK(mkdtemp(folder));
  struct stage_ctx ctx = context();
  struct archive *archive;
  ctx.directory = folder;
  ctx.is_reopened = false;
  documents_make();
  CHECK(archive_open(&ctx, "f", &settings, &archive) == STAGE_OK && archive_begin(archive) == STAGE_OK);
  learn(archive);
  add(archive, 0, 20);
  CHECK(archive_finish(archive) == STAGE_OK && archive_commit(archive, "old", 3) == STAGE_OK);
  CHECK(archive_begin(archive) == STAGE_OK);
  add(archive, 20, DOCUMENTS);
  CHECK(archive_finish(archive) == STAGE_OK && archive_commit(archive, "catalogue", 9) == STAGE_OK);
  base.state = archive->state;
  CHECK(base.state.sections[STAGE_SOURCE].dictionary_plain > 0);
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    CHECK(base.state.sections[kind].frame_count <= 64);
    for (uint32_t n = 0; n < base.state.sections[kind].frame_count; n++)
      CHECK(archive_frame_find(archive, (enum stage_kind)kind, n, &base.frames[kind][n]) == STAGE_OK);
  }
  base.length = base.state.head.file_bytes;
  base.bytes = malloc(base.length);
  CHECK(base.bytes && base.length <= 65536 && archive_pread(archive, 0, base.bytes, base.length) == STAGE_OK);
  archive_close(archive);
  snprintf(path, sizeof path, "%s/f", folder);
  CHECK(unlink(path) == 0 && rmdir(folder) == 0);
  base.fd = memfd_create("fuzz_archive", MFD_CLOEXEC);
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
    if (records[i] % 4 == 2) archive_put32(file + at, (uint32_t)(int32_t)(int8_t)value);
  }
  return length;
}

static void seal_rows(uint8_t *file, uint64_t offset, uint32_t count) {
  for (uint64_t page = offset; page < offset + archive_pages(count) * ARCHIVE_PAGE_BYTES; page += ARCHIVE_PAGE_BYTES)
    archive_put64(file + page + ARCHIVE_PAGE_BYTES - 8, archive_page_hash(file + page, page));
}

/* Where things are is what it was in the base; what they say is as it was changed. */
static void seal_kind(uint8_t *file, unsigned kind) {
  const struct archive_section *section = &base.state.sections[kind];
  for (uint32_t n = 0; n < section->frame_count; n++) {
    const struct archive_frame *frame = &base.frames[kind][n];
    uint8_t *row = file + section->frames_offset + n / ARCHIVE_PAGE_ROWS * ARCHIVE_PAGE_BYTES +
                   n % ARCHIVE_PAGE_ROWS * ARCHIVE_ROW_BYTES;
    uint32_t bytes = archive_get32(base.bytes + frame->segment + 4);
    archive_put32(row + 20, (uint32_t)XXH3_64bits(file + frame->offset, frame->compressed));
    archive_put64(file + frame->segment + 16, archive_segment_hash(file + frame->segment, bytes, frame->segment));
  }
  seal_rows(file, section->frames_offset, section->frame_count);
  seal_rows(file, section->documents_offset, section->id_end);
  if (section->dictionary_plain == 0) return;
  archive_put64(file + base.state.head.index_offset + 8 + kind * ARCHIVE_SECTION_BYTES + 40,
                XXH3_64bits_withSeed(file + section->dictionary_offset, section->dictionary_compressed,
                                     section->dictionary_offset));
}

static void seal(uint8_t *file) {
  uint64_t index = base.state.head.index_offset;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) seal_kind(file, kind);
  archive_put64(file + index + ARCHIVE_INDEX_HEAD_BYTES - 8, archive_index_hash(file + index, index));
  for (unsigned slot = 0; slot < 2; slot++) {
    uint8_t *head = file + slot * ARCHIVE_HEAD_DISTANCE;
    archive_put64(head + ARCHIVE_HEAD_BYTES - 8, archive_head_hash(head, slot));
  }
}

/* ---- reading it ---- */

static void read_documents(struct archive *archive, bool is_sealed) {
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = 0; id < archive_id_end(archive, (enum stage_kind)kind); id++) {
      struct archive_row row;
      if (archive_find(archive, (enum stage_kind)kind, id, &row) != STAGE_OK || row.kept > 1u << 24) continue;
      uint8_t *bytes = malloc(row.kept ? row.kept : 1); /* exact, so that a write past the end is seen */
      CHECK(bytes);
      int error = archive_read(archive, (enum stage_kind)kind, id, &row, bytes);
      if (!error && !is_sealed) {
        CHECK(id < DOCUMENTS && row.kept == base.documents[kind][id].length);
        CHECK(memcmp(bytes, base.documents[kind][id].bytes, row.kept) == 0);
      }
      free(bytes);
    }
  }
}

/* What is appended to a file that may be corrupt is read back. */
static void append(struct archive *archive) {
  struct archive_row row;
  uint8_t bytes[5];
  if (archive_begin(archive) != STAGE_OK) return;
  if (archive_add(archive, STAGE_SOURCE, 3, (const uint8_t *)"added", 5, 5) != STAGE_OK) return;
  if (archive_finish(archive) != STAGE_OK || archive_commit(archive, "", 0) != STAGE_OK) return;
  CHECK(archive_find(archive, STAGE_SOURCE, 3, &row) == STAGE_OK && row.kept == 5);
  if (archive_read(archive, STAGE_SOURCE, 3, &row, bytes) == STAGE_OK) CHECK(memcmp(bytes, "added", 5) == 0);
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
  struct archive *archive;
  if (archive_open(&ctx, base.name, &settings, &archive) == STAGE_OK) {
    read_documents(archive, is_sealed);
    archive_verify(archive);
    uint8_t *catalogue = malloc(archive_catalogue_bytes(archive) + 1);
    CHECK(catalogue);
    if (archive_catalogue(archive, catalogue) == STAGE_OK && !is_sealed) CHECK(memcmp(catalogue, "catalogue", 9) == 0);
    free(catalogue);
    append(archive);
    archive_close(archive);
  }
  CHECK(test_ctx_live == 0);
  return 0;
}
