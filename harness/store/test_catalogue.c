/* SPDX-License-Identifier: MIT
 *
 * A catalogue comes back as it was written; anything else is refused, also where its hash is right, and
 * never read past its end (the sanitizers look on: it lies at the end of its allocation). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/count.h"
#include "base/random.h"
#include "catalogue.h"

static struct store_language languages[] = {{"c", "tree-sitter-c", "0.24.1", 15},
                                            {"python", "tree-sitter-python", "0.25.0", 15}};
static struct store_document documents[] = {{"a.c", 0, 7, 12, 1, 0x0123456789abcdef},
                                            {"deep/b c\n.py", 1, 1, 0, 0, 0xffffffffffffffff},
                                            {"..c", 0, 3, 4294967295u, 9, 0}};
static const struct store_catalogue example = {.stage_abi = 4,
                                               .combination = "p1+p2",
                                               .corpus = "quick",
                                               .content_hash = "0123",
                                               .languages = languages,
                                               .language_count = 2,
                                               .documents = documents,
                                               .document_count = 3,
                                               .tables = "tables\0!",
                                               .table_bytes = 8};

static uint8_t *written(size_t *length) {
  struct fault fault = {0};
  void *bytes;
  if (!store_catalogue_write(&example, &bytes, length, &fault)) fail_msg("%s", fault.message);
  return bytes;
}

static bool reads(const uint8_t *bytes, size_t length, struct fault *fault) {
  struct store_catalogue read;
  uint8_t *exact = malloc(length ? length : 1); /* nothing behind it may be read */
  memcpy(exact, bytes, length);
  *fault = (struct fault){0};
  bool good = store_catalogue_read(exact, length, "it", &read, fault);
  free(exact);
  if (good) store_catalogue_free(&read);
  return good;
}

static void set_hash(uint8_t *bytes, size_t length) {
  uint64_t hash = XXH3_64bits(bytes, length - 8);
  for (int i = 0; i < 8; i++) bytes[length - 8 + (size_t)i] = (uint8_t)(hash >> (8 * i));
}

static void comes_back_as_written(void **state) {
  (void)state;
  size_t length;
  struct fault fault = {0};
  struct store_catalogue read;
  uint8_t *bytes = written(&length);
  if (!store_catalogue_read(bytes, length, "it", &read, &fault)) fail_msg("%s", fault.message);
  memset(bytes, 0, length); /* it has a copy of its own */
  free(bytes);
  assert_int_equal(read.stage_abi, 4);
  assert_string_equal(read.combination, "p1+p2");
  assert_string_equal(read.corpus, "quick");
  assert_string_equal(read.content_hash, "0123");
  assert_int_equal(read.language_count, 2);
  assert_string_equal(read.languages[1].package, "tree-sitter-python");
  assert_string_equal(read.languages[1].version, "0.25.0");
  assert_int_equal(read.languages[1].abi, 15);
  assert_int_equal(read.document_count, 3);
  for (int i = 0; i < 3; i++) {
    assert_string_equal(read.documents[i].path, documents[i].path);
    assert_int_equal(read.documents[i].language, documents[i].language);
    assert_int_equal(read.documents[i].nodes, documents[i].nodes);
    assert_true(read.documents[i].bytes == documents[i].bytes && read.documents[i].hash == documents[i].hash);
    assert_int_equal(read.documents[i].lines, documents[i].lines);
  }
  assert_int_equal(read.table_bytes, 8);
  assert_memory_equal(read.tables, "tables\0!", 8);
  store_catalogue_free(&read);
}

static void paths_lead_nowhere_else(void **state) {
  (void)state;
  static const char *const inside[] = {"a", "a/b", "...", "..a/.b", "a/b..", "a b/\n\xff"};
  static const char *const outside[] = {"", "/", "/a", "..", "../a", "a/..", "a/../b", ".", "./a", "a/.", "a//b", "a/"};
  for (size_t i = 0; i < COUNT(inside); i++) assert_true(store_path_is_inside(inside[i]));
  for (size_t i = 0; i < COUNT(outside); i++) {
    assert_false(store_path_is_inside(outside[i]));
    struct store_document document = {outside[i], 0, 1, 1, 1, 1};
    struct store_catalogue catalogue = example;
    catalogue.documents = &document;
    catalogue.document_count = 1;
    void *bytes;
    size_t length;
    struct fault fault = {0};
    assert_false(store_catalogue_write(&catalogue, &bytes, &length, &fault));
    assert_int_equal(fault.code, EXIT_CODE_INPUT);
  }
  /* One that somebody else wrote, with a right hash. */
  size_t length;
  struct fault fault;
  uint8_t *bytes = written(&length);
  uint8_t *path = memmem(bytes, length, "deep/b", 6);
  assert_non_null(path);
  memcpy(path, "../../", 6);
  set_hash(bytes, length);
  assert_false(reads(bytes, length, &fault));
  assert_int_equal(fault.code, EXIT_CODE_CORRUPT);
  assert_non_null(strstr(fault.message, "a path that leads outside"));
  free(bytes);
}

/* Both would be one file where they are exported. */
static void no_path_is_there_twice(void **state) {
  (void)state;
  static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 2, 0}};
  static const char *const paths[] = {"a.c", "a.c", "b.c"};
  for (size_t o = 0; o < sizeof orders / sizeof orders[0]; o++) {
    struct store_document twice[3];
    for (int i = 0; i < 3; i++) twice[i] = (struct store_document){paths[orders[o][i]], 0, 1, 1, 1, 1};
    struct store_catalogue catalogue = example;
    catalogue.documents = twice;
    void *bytes;
    size_t length;
    struct fault fault = {0};
    assert_false(store_catalogue_write(&catalogue, &bytes, &length, &fault));
    assert_int_equal(fault.code, EXIT_CODE_INPUT);
    assert_non_null(strstr(fault.message, "a.c: two documents have this path"));
  }
  /* One that somebody else wrote, with a right hash. */
  size_t length;
  struct fault fault;
  uint8_t *bytes = written(&length);
  uint8_t *path = memmem(bytes, length, "..c", 4);
  assert_non_null(path);
  memcpy(path, "a.c", 3);
  set_hash(bytes, length);
  assert_false(reads(bytes, length, &fault));
  assert_int_equal(fault.code, EXIT_CODE_CORRUPT);
  assert_non_null(strstr(fault.message, "two documents of one path"));
  free(bytes);
}

static void every_damage_is_found(void **state) {
  (void)state;
  size_t length;
  struct fault fault;
  uint8_t *bytes = written(&length);
  assert_true(reads(bytes, length, &fault));
  for (size_t i = 0; i < length; i++) {
    assert_false(reads(bytes, i, &fault)); /* cut short */
    for (int bit = 0; bit < 8; bit++) {
      bytes[i] ^= (uint8_t)(1 << bit);
      if (reads(bytes, length, &fault)) fail_msg("bit %d of byte %zu may be changed", bit, i);
      assert_true(fault.code == EXIT_CODE_CORRUPT || fault.code == EXIT_CODE_INPUT);
      bytes[i] ^= (uint8_t)(1 << bit);
    }
  }
  bytes[8] = 2; /* another version */
  set_hash(bytes, length);
  assert_false(reads(bytes, length, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  free(bytes);
}

/* With a right hash, anything may come: it is refused, or is a catalogue; nothing is read past its end. */
static void anything_may_come(void **state) {
  (void)state;
  size_t length;
  struct fault fault;
  uint8_t *bytes = written(&length), *copy = malloc(length);
  struct random_stream stream = random_stream_for(1, 2, 3);
  unsigned refused = 0;
  for (int round = 0; round < 20000; round++) {
    memcpy(copy, bytes, length);
    for (uint64_t changes = 1 + random_below(&stream, 4); changes > 0; changes--) {
      size_t at = 24 + (size_t)random_below(&stream, length - 32);
      copy[at] = random_below(&stream, 2) ? (uint8_t)random_next(&stream) : random_below(&stream, 2) ? 0xff : 0;
    }
    set_hash(copy, length);
    refused += !reads(copy, length, &fault);
  }
  assert_true(refused > 5000);
  free(copy);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back_as_written), cmocka_unit_test(paths_lead_nowhere_else),
                                     cmocka_unit_test(no_path_is_there_twice), cmocka_unit_test(every_damage_is_found),
                                     cmocka_unit_test(anything_may_come)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
