/* SPDX-License-Identifier: MIT
 *
 * test_spec.c - a spec comes back as it was written, and a damaged one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/count.h"
#include "base/json_out.h"
#include "spec.h"

static char folder[64], list_path[128], spec_path[128], edits_path[128];

static struct corpus_file files[] = {
    {.path = "a.c", .bytes = 0, .lines = 0, .hash = UINT64_C(0x2d06800538d394c2), .language = 0},
    {.path = "b/c d\ne.py", .bytes = 12, .lines = 3, .hash = UINT64_C(0xff), .language = 1},
};
static const struct corpus corpus = {.files = files, .file_count = 2, .lines = 3, .bytes = 12};
static const char *languages[2] = {"c", "python"};

static struct cell_spec *example(void) {
  static struct cell_spec spec;
  memset(&spec, 0, sizeof spec);
  spec.corpus_name = "tiny";
  spec.corpus_root = "/somewhere/with \"quotes\"";
  spec.corpus_hash = "0123456789abcdef0123456789abcdef";
  spec.list_path = list_path;
  spec.corpus_lines = 3;
  spec.corpus_bytes = 12;
  spec.languages = languages;
  spec.language_count = 2;
  spec.file_count = 2;
  spec.combination.name = "p1+mine";
  spec.combination.stages[0] = "p1";
  spec.combination.stages[1] = "/my/mine.so";
  spec.combination.stage_count = 2;
  spec.profile = "strict";
  spec.repetition = 2;
  spec.position = 7;
  spec.seed = JSON_INTEGER_MAX - 1;
  struct fault fault = {0};
  assert_true(cell_spec_write_list(list_path, &corpus, spec.list_hash, &fault));
  return &spec;
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "phasebench-spec-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(list_path, sizeof list_path, "%s/files.list", folder);
  snprintf(spec_path, sizeof spec_path, "%s/spec.json", folder);
  snprintf(edits_path, sizeof edits_path, "%s/edits.list", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unlink(list_path);
  unlink(spec_path);
  unlink(edits_path);
  return rmdir(folder);
}

static void comes_back_as_written(void **state) {
  (void)state;
  struct fault fault = {0};
  struct cell_spec *out = example();
  assert_true(cell_spec_write(spec_path, out, &fault));
  static struct cell_spec in;
  if (!cell_spec_read(spec_path, &in, &fault)) fail_msg("%s", fault.message);
  assert_string_equal(in.corpus_name, out->corpus_name);
  assert_string_equal(in.corpus_root, out->corpus_root);
  assert_string_equal(in.corpus_hash, out->corpus_hash);
  assert_int_equal(in.corpus_lines, 3);
  assert_int_equal(in.corpus_bytes, 12);
  assert_int_equal(in.language_count, 2);
  assert_string_equal(in.languages[1], "python");
  assert_int_equal(in.file_count, 2);
  assert_string_equal(in.files[0].path, "a.c");
  assert_string_equal(in.files[1].path, "b/c d\ne.py");
  assert_true(in.files[0].hash == files[0].hash && in.files[1].hash == 0xff);
  assert_int_equal(in.files[1].bytes, 12);
  assert_int_equal(in.files[1].lines, 3);
  assert_int_equal(in.files[1].language, 1);
  assert_string_equal(in.combination.name, "p1+mine");
  assert_int_equal(in.combination.stage_count, 2);
  assert_string_equal(in.combination.stages[1], "/my/mine.so");
  assert_string_equal(in.profile, "strict");
  assert_int_equal(in.repetition, 2);
  assert_int_equal(in.position, 7);
  assert_true(in.seed == out->seed);
  assert_true(!in.edits_path && in.edits.target_count == 0);
  assert_true(!in.place.directory && in.place.setting_count == 0 && !in.place.is_reopened);
  cell_spec_free(&in);
}

static void the_place_comes_back_as_written(void **state) {
  (void)state;
  struct fault fault = {0};
  struct cell_spec *out = example();
  out->place.directory = "/some/0003.store";
  assert_true(store_setting_add(&out->place, "p2.cache_bytes=64KiB", &fault));
  assert_true(store_setting_add(&out->place, "mine.pages=9007199254740991", &fault));
  assert_true(cell_spec_write(spec_path, out, &fault));
  static struct cell_spec in;
  if (!cell_spec_read(spec_path, &in, &fault)) fail_msg("%s", fault.message);
  assert_string_equal(in.place.directory, "/some/0003.store");
  assert_int_equal(in.place.setting_count, 2);
  assert_string_equal(in.place.settings[0].stage, "p2");
  assert_string_equal(in.place.settings[0].option, "cache_bytes");
  assert_int_equal(in.place.settings[0].value, 65536);
  assert_true(in.place.settings[1].value == UINT64_C(9007199254740991));
  cell_spec_free(&in);
}

static struct cell_spec *example_with_list(const char *edits, size_t bytes) {
  struct fault fault = {0};
  struct cell_spec *spec = example();
  assert_true(json_write_bytes(edits_path, edits, bytes, &fault));
  spec->edits_path = edits_path;
  XXH128_hash_t hash = XXH3_128bits(edits, bytes);
  snprintf(spec->edits_hash, sizeof spec->edits_hash, "%016llx%016llx", (unsigned long long)hash.high64,
           (unsigned long long)hash.low64);
  return spec;
}

/* A spec of real edits brings their list along. */
static struct cell_spec *example_with_edits(void) {
  static const char edits[] =
      "phasebench-edits-1 1 1\0"
      "00000000000000ff 13 1 1 new/c d.py\0"
      "9 3 4";
  return example_with_list(edits, sizeof edits);
}

static void real_edits_come_back_as_written(void **state) {
  (void)state;
  struct fault fault = {0};
  static struct cell_spec in;
  assert_true(cell_spec_write(spec_path, example_with_edits(), &fault));
  if (!cell_spec_read(spec_path, &in, &fault)) fail_msg("%s", fault.message);
  assert_string_equal(in.edits_path, edits_path);
  assert_int_equal(in.edits.target_count, 1);
  assert_string_equal(in.edits.targets[0].path, "new/c d.py");
  assert_int_equal(in.edits.targets[0].document, 1);
  assert_int_equal(in.edits.targets[0].hunks[0].new_bytes, 4);
  cell_spec_free(&in);
}

/* The dump in spec.c, byte by byte. */
static void list_is_as_documented(void **state) {
  (void)state;
  struct corpus_file two[] = {files[0], files[1]};
  two[1].path = "b/c.py";
  struct corpus small = corpus;
  small.files = two;
  struct fault fault = {0};
  char hash[33], found[256];
  assert_true(cell_spec_write_list(list_path, &small, hash, &fault));
  static const char expected[] =
      "phasebench-files-1\0"
      "2d06800538d394c2 0 0 0 a.c\0"
      "00000000000000ff 12 3 1 b/c.py";
  FILE *in = fopen(list_path, "rb");
  size_t got = fread(found, 1, sizeof found, in);
  fclose(in);
  assert_int_equal(got, sizeof expected);
  assert_memory_equal(found, expected, sizeof expected);
}

static void expect_refusal(const char *why) {
  static struct cell_spec in;
  struct fault fault = {0};
  assert_false(cell_spec_read(spec_path, &in, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  if (!strstr(fault.message, why)) fail_msg("the message is: %s", fault.message);
  assert_null(in.files);
}

static void changed_list_is_refused(void **state) {
  (void)state;
  struct fault fault = {0};
  assert_true(cell_spec_write(spec_path, example(), &fault));
  FILE *out = fopen(list_path, "r+b");
  fseek(out, -2, SEEK_END);
  putc('z', out);
  fclose(out);
  expect_refusal("it was changed after the run began");
}

static void spec_and_list_must_agree(void **state) {
  (void)state;
  struct fault fault = {0};
  struct cell_spec *spec = example();
  spec->file_count = 3;
  assert_true(cell_spec_write(spec_path, spec, &fault));
  expect_refusal("record 3 of 3");
  spec->file_count = 1;
  assert_true(cell_spec_write(spec_path, spec, &fault));
  expect_refusal("left over");
  spec = example();
  spec->corpus_bytes = 13;
  assert_true(cell_spec_write(spec_path, spec, &fault));
  expect_refusal("13 bytes");
  spec = example();
  spec->language_count = 1;
  assert_true(cell_spec_write(spec_path, spec, &fault));
  expect_refusal("record 2 of 2");
}

/* Document 1 has 12 bytes. What cannot be edits of it ends the cell before it measures anything. */
static void edits_that_do_not_fit_are_refused(void **state) {
  (void)state;
#define EDITS(bytes, count, hunks)                                        \
  {                                                                       \
    "phasebench-edits-1 1 " count                                         \
    "\0"                                                                  \
    "00000000000000ff " bytes " 1 " count " new/x.py\0" hunks,            \
        sizeof("phasebench-edits-1 1 " count                              \
               "\0"                                                       \
               "00000000000000ff " bytes " 1 " count " new/x.py\0" hunks) \
  }
  static const struct {
    struct {
      const char *text;
      size_t bytes;
    } list;
    const char *part; /* NULL: good */
  } cases[] = {
      {EDITS("13", "1", "12 0 1"), NULL}, /* behind the last byte */
      {EDITS("14", "2",
             "3 2 3\0"
             "5 2 3"),
       NULL},
      {EDITS("0", "1", "0 12 0"), NULL},
      {EDITS("13", "1", "13 0 1"), "hunk 1 is of bytes 13 to 13, outside the document, which has 12"},
      {EDITS("13", "1", "10 3 4"), "hunk 1 is of bytes 10 to 13, outside the document"},
      {EDITS("13", "1", "4294967295 4294967295 1"), "hunk 1 is of bytes 4294967295 to 8589934590, outside"},
      {EDITS("14", "2",
             "3 3 4\0"
             "5 2 3"),
       "hunk 2 begins at byte 5 and overlaps the one before it, which ends at 6"},
      {EDITS("14", "2",
             "8 1 2\0"
             "3 1 2"),
       "hunk 2 begins at byte 3 and overlaps the one before it"},
      {EDITS("14", "1", "9 3 4"), "the hunks lead to 13 bytes, and the new text has 14"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    static struct cell_spec in;
    struct fault fault = {0};
    assert_true(cell_spec_write(spec_path, example_with_list(cases[i].list.text, cases[i].list.bytes), &fault));
    if (cases[i].part) expect_refusal(cases[i].part);
    else if (!cell_spec_read(spec_path, &in, &fault)) fail_msg("case %zu: %s", i, fault.message);
    else cell_spec_free(&in);
  }
}

static void damaged_edits_are_refused(void **state) {
  (void)state;
  struct fault fault = {0};
  struct cell_spec *spec = example_with_edits();
  spec->edits_hash[0] = spec->edits_hash[0] == '0' ? '1' : '0';
  assert_true(cell_spec_write(spec_path, spec, &fault));
  expect_refusal("it was changed after the run began");
  spec = example_with_edits();
  assert_true(cell_spec_write(spec_path, spec, &fault));
  unlink(edits_path);
  expect_refusal("cannot be opened");
  cJSON *root;
  assert_true(json_read_file(spec_path, &root, &fault));
  cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "corpus"), "edits");
  assert_true(json_write_file(spec_path, root, &fault));
  cJSON_Delete(root);
  expect_refusal("edits");
}

/* The baseline is not among the stages of a spec: one less than a store holds. With one more, the store wrote behind
 * its members. */
static void a_stage_more_than_a_store_holds_is_refused(void **state) {
  (void)state;
  static struct cell_spec in;
  struct fault fault = {0};
  struct cell_spec *spec = example();
  spec->combination.stage_count = COMBINATION_STAGES_MAX;
  for (unsigned i = 0; i < COMBINATION_STAGES_MAX; i++) spec->combination.stages[i] = "p1";
  assert_true(cell_spec_write(spec_path, spec, &fault));
  assert_true(cell_spec_read(spec_path, &in, &fault));
  cell_spec_free(&in);
  cJSON *root;
  assert_true(json_read_file(spec_path, &root, &fault));
  json_add_text(cJSON_GetObjectItemCaseSensitive(root, "stages"), NULL, "p1");
  assert_true(json_write_file(spec_path, root, &fault));
  cJSON_Delete(root);
  expect_refusal("more than 15 stages");
}

/* It took 85 KB when it held the texts themselves. */
static void a_spec_is_small(void **state) {
  (void)state;
  assert_in_range(sizeof(struct cell_spec), 1, 4096);
}

static void seed_too_large_is_refused(void **state) {
  (void)state;
  struct fault fault = {0};
  struct cell_spec *spec = example();
  spec->seed = JSON_INTEGER_MAX;
  assert_false(cell_spec_write(spec_path, spec, &fault));
}

static void damaged_json_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {
      "", "{", "{\"schema\": \"phasebench-cell-0\"}", "[]", "{\"schema\": 1}", "{\"schema\": \"phasebench-cell-1\"}"};
  for (size_t i = 0; i < COUNT(texts); i++) {
    struct fault fault = {0};
    assert_true(json_write_bytes(spec_path, texts[i], strlen(texts[i]), &fault));
    expect_refusal(spec_path);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(comes_back_as_written, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_place_comes_back_as_written, set_up, tear_down),
      cmocka_unit_test_setup_teardown(list_is_as_documented, set_up, tear_down),
      cmocka_unit_test_setup_teardown(changed_list_is_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(spec_and_list_must_agree, set_up, tear_down),
      cmocka_unit_test_setup_teardown(real_edits_come_back_as_written, set_up, tear_down),
      cmocka_unit_test_setup_teardown(edits_that_do_not_fit_are_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(damaged_edits_are_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_stage_more_than_a_store_holds_is_refused, set_up, tear_down),
      cmocka_unit_test(a_spec_is_small),
      cmocka_unit_test_setup_teardown(seed_too_large_is_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(damaged_json_is_refused, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
