/* SPDX-License-Identifier: MIT
 *
 * test_archive.h - for tests of archive files: a folder of their own, documents to compare with. */
#ifndef PHASEBENCH_KIT_TEST_ARCHIVE_H
#define PHASEBENCH_KIT_TEST_ARCHIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive.h"
#include "kit/testing/test_ctx.h"
#include "kit/testing/test_random.h"

#define DOCUMENTS_MAX 1024u

/* Small frames: many of them without much data. */
static const struct archive_settings small_settings = {
    .kinds = 1u << STAGE_SOURCE | 1u << STAGE_TREE, .frame_bytes = {8192, 4096}, .level = {3, 3}};

struct bench {
  char folder[256];
  struct stage_ctx ctx;
  const struct archive_settings *settings;
  struct archive *archive;
};

static inline void bench_folder(struct bench *b) {
  const char *base = getenv("TMPDIR");
  snprintf(b->folder, sizeof b->folder, "%s/test_archive.XXXXXX", base && base[0] ? base : "/var/tmp");
  assert_non_null(mkdtemp(b->folder));
}

/* The file's path; of the caller until the next call. */
static inline const char *bench_path(const struct bench *b, const char *ending) {
  static char path[512];
  snprintf(path, sizeof path, "%s/f%s", b->folder, ending);
  return path;
}

static inline void bench_open(struct bench *b, const struct archive_settings *settings) {
  bench_folder(b);
  b->ctx = test_ctx();
  b->ctx.directory = b->folder;
  b->settings = settings;
  assert_int_equal(archive_open(&b->ctx, "f", settings, &b->archive), STAGE_OK);
}

static inline void bench_reopen(struct bench *b) {
  archive_close(b->archive);
  assert_int_equal(test_ctx_live, 0);
  b->ctx.is_reopened = true;
  assert_int_equal(archive_open(&b->ctx, "f", b->settings, &b->archive), STAGE_OK);
}

static inline void bench_close(struct bench *b) {
  archive_close(b->archive);
  assert_int_equal(test_ctx_live, 0);
  unlink(bench_path(b, ""));
  assert_int_equal(rmdir(b->folder), 0); /* and nothing else is there */
}

/* ---- documents ---- */

struct document {
  uint8_t *bytes; /* NULL: there is none */
  uint32_t kept, length;
};

struct documents {
  struct document table[STAGE_KIND_COUNT][DOCUMENTS_MAX];
};

static inline void documents_drop(struct documents *documents, enum stage_kind kind, uint32_t id) {
  free(documents->table[kind][id].bytes);
  documents->table[kind][id] = (struct document){0};
}

static inline void documents_put(struct documents *documents, enum stage_kind kind, uint32_t id, const void *bytes,
                                 uint32_t kept, uint32_t length) {
  documents_drop(documents, kind, id);
  uint8_t *copy = malloc(kept ? kept : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, kept);
  documents->table[kind][id] = (struct document){copy, kept, length};
}

/* Words: compresses, but not to nothing. */
static inline void documents_set(struct documents *documents, enum stage_kind kind, uint32_t id, uint32_t length,
                                 uint64_t *seed) {
  static const char *const words[] = {"int ", "return ", "struct ", "(void)", ";\n",
                                      "{\n",  "}\n",     "= ",      "error",  "if ("};
  uint8_t *bytes = malloc(length + 16);
  assert_non_null(bytes);
  for (uint32_t at = 0; at < length;) {
    uint32_t word = test_random(seed, 14);
    if (word < 10) at += (uint32_t)sprintf((char *)bytes + at, "%s", words[word]);
    else bytes[at++] = (uint8_t)test_random(seed, 256);
  }
  documents_put(documents, kind, id, bytes, length, length + test_random(seed, 100));
  free(bytes);
}

/* Ids from ... to - 1 of both kinds, of every sort: empty, of one byte, small, larger than frames. */
static inline void documents_fill(struct documents *documents, uint64_t seed, uint32_t from, uint32_t to) {
  for (uint32_t id = from; id < to; id++) {
    for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
      uint32_t sort = test_random(&seed, 20), length = test_random(&seed, 3000);
      if (sort < 2) length = sort;
      if (sort == 2) length = 12000 + test_random(&seed, 9000);
      documents_set(documents, (enum stage_kind)kind, id, length, &seed);
    }
  }
}

static inline void documents_free(struct documents *documents) {
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = 0; id < DOCUMENTS_MAX; id++) documents_drop(documents, (enum stage_kind)kind, id);
  }
}

static inline void documents_add(const struct documents *documents, struct archive *archive) {
  for (uint32_t id = 0; id < DOCUMENTS_MAX; id++) {
    for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
      const struct document *d = &documents->table[kind][id];
      if (!d->bytes) continue;
      assert_int_equal(archive_add(archive, (enum stage_kind)kind, id, d->bytes, d->kept, d->length), STAGE_OK);
    }
  }
}

/* One document: STAGE_OK, an error, or -1 where other bytes than `d`'s came. */
static inline int document_compare(const struct document *d, struct archive *archive, enum stage_kind kind,
                                   uint32_t id) {
  struct archive_row row;
  int error = archive_find(archive, kind, id, &row);
  if (error == STAGE_NO_DOCUMENT) return d->bytes ? -1 : STAGE_OK;
  if (error) return error;
  if (!d->bytes) return -1;
  uint8_t *bytes = malloc(row.kept ? row.kept : 1);
  assert_non_null(bytes);
  error = archive_read(archive, kind, id, &row, bytes);
  if (!error && (row.kept != d->kept || row.length != d->length || memcmp(bytes, d->bytes, d->kept) != 0)) error = -1;
  free(bytes);
  return error;
}

/* The first that is not STAGE_OK, of all documents. */
static inline int documents_compare(const struct documents *documents, struct archive *archive) {
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    if (archive_id_end(archive, (enum stage_kind)kind) > DOCUMENTS_MAX) return -1;
    for (uint32_t id = 0; id < DOCUMENTS_MAX; id++) {
      int error = document_compare(&documents->table[kind][id], archive, (enum stage_kind)kind, id);
      if (error) return error;
    }
  }
  return STAGE_OK;
}

static inline void documents_check(const struct documents *documents, struct archive *archive) {
  int error = documents_compare(documents, archive);
  if (error) fail_msg("%d: %s", error, test_ctx_message);
}

static inline void documents_check_at_random(const struct documents *documents, struct archive *archive,
                                             uint64_t seed) {
  for (int i = 0; i < 1000; i++) {
    enum stage_kind kind = (enum stage_kind)test_random(&seed, STAGE_KIND_COUNT);
    uint32_t id = test_random(&seed, DOCUMENTS_MAX);
    assert_int_equal(document_compare(&documents->table[kind][id], archive, kind, id), STAGE_OK);
  }
}

/* ---- the file ---- */

/* begin, every document, finish, commit. */
static inline int bench_write_try(struct bench *b, const struct documents *documents, const char *catalogue) {
  int error = archive_begin(b->archive);
  for (uint32_t id = 0; id < DOCUMENTS_MAX && !error; id++) {
    for (unsigned kind = 0; kind < STAGE_KIND_COUNT && !error; kind++) {
      const struct document *d = &documents->table[kind][id];
      if (d->bytes) error = archive_add(b->archive, (enum stage_kind)kind, id, d->bytes, d->kept, d->length);
    }
  }
  if (!error) error = archive_finish(b->archive);
  if (!error) error = archive_commit(b->archive, catalogue, strlen(catalogue));
  return error;
}

static inline void bench_write(struct bench *b, const struct documents *documents, const char *catalogue) {
  int error = bench_write_try(b, documents, catalogue);
  if (error) fail_msg("%d: %s", error, test_ctx_message);
}

static inline void bench_check_catalogue(struct bench *b, const char *want) {
  char text[64] = {0};
  assert_int_equal(archive_catalogue_bytes(b->archive), strlen(want));
  assert_int_equal(archive_catalogue(b->archive, (uint8_t *)text), STAGE_OK);
  assert_string_equal(text, want);
}

static inline uint64_t bench_file_bytes(const struct bench *b) {
  struct stat facts;
  assert_int_equal(stat(bench_path(b, ""), &facts), 0);
  return (uint64_t)facts.st_size;
}

/* The whole file; the caller frees. */
static inline uint8_t *bench_file(const struct bench *b, size_t *bytes) {
  *bytes = (size_t)bench_file_bytes(b);
  uint8_t *p = malloc(*bytes);
  FILE *file = fopen(bench_path(b, ""), "rb");
  assert_true(p && file && fread(p, 1, *bytes, file) == *bytes);
  fclose(file);
  return p;
}

static inline void bench_file_write(const struct bench *b, const char *how, const void *bytes, size_t length) {
  FILE *file = fopen(bench_path(b, ""), how);
  assert_true(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static inline void bench_append(const struct bench *b, const void *bytes, size_t length) {
  bench_file_write(b, "ab", bytes, length);
}

#endif
