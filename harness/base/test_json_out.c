/* SPDX-License-Identifier: MIT
 *
 * test_json_out.c - numbers come back as they were, or are refused; files are whole or absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "count.h"
#include "json_out.h"

#include "count.h"

static cJSON *reparsed(cJSON *object) {
  char *text = cJSON_Print(object);
  cJSON_Delete(object);
  object = cJSON_Parse(text);
  cJSON_free(text);
  assert_non_null(object);
  return object;
}

static void integers_are_written_digit_by_digit(void **state) {
  (void)state;
  cJSON *object = json_new_object();
  json_add_u64(object, "u", UINT64_MAX);
  json_add_i64(object, "i", INT64_MIN);
  json_add_hash(object, "h", 0xfe);
  char *text = cJSON_PrintUnformatted(object);
  assert_string_equal(text, "{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"h\":\"00000000000000fe\"}");
  cJSON_free(text);
  cJSON_Delete(object);
}

static void integers_beyond_2_53_are_refused(void **state) {
  (void)state;
  static const struct {
    uint64_t value;
    bool good;
  } cases[] = {{0, true},
               {1, true},
               {JSON_INTEGER_MAX - 1, true},
               {JSON_INTEGER_MAX, false},
               {JSON_INTEGER_MAX + 1, false},
               {UINT64_MAX, false}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    cJSON *object = json_new_object();
    json_add_u64(object, "n", cases[i].value);
    object = reparsed(object);
    uint64_t value = 7;
    struct fault fault = {0};
    assert_int_equal(json_get_u64(object, "n", "file", &value, &fault), cases[i].good);
    if (cases[i].good) assert_true(value == cases[i].value);
    else assert_int_equal(fault.code, EXIT_CODE_INPUT);
    cJSON_Delete(object);
  }
  static const char *const bad[] = {"{\"n\":-1}", "{\"n\":1.5}", "{\"n\":\"1\"}", "{\"n\":null}", "{}"};
  for (size_t i = 0; i < COUNT(bad); i++) {
    cJSON *object = cJSON_Parse(bad[i]);
    uint64_t value;
    struct fault fault = {0};
    assert_false(json_get_u64(object, "n", "file", &value, &fault));
    assert_non_null(strstr(fault.message, "file"));
    cJSON_Delete(object);
  }
}

static const double doubles[] = {0.1,    1.0 / 3, 123456789.123456789, 1e300,
                                 5e-324, -2.5,    9007199254740991.0,  4503599627370495.5};

static void doubles_come_back(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(doubles); i++) {
    cJSON *object = json_new_object();
    json_add_double(object, "d", doubles[i]);
    object = reparsed(object);
    double value;
    struct fault fault = {0};
    assert_true(json_get_double(object, "d", "file", &value, &fault));
    assert_true(value == doubles[i]);
    cJSON_Delete(object);
  }
}

/* Without json_make_exact cJSON gave 9007199254740990 for 9007199254740991. */
static void read_and_written_again_is_the_same(void **state) {
  (void)state;
  cJSON *object = json_new_object();
  cJSON *array = json_add_array(json_add_object(object, "deep"), "numbers");
  for (size_t i = 0; i < COUNT(doubles); i++) json_add_double(array, NULL, doubles[i]);
  json_add_u64(object, "n", JSON_INTEGER_MAX - 1);
  json_add_text(object, "t", "1.5");
  char *before = cJSON_Print(object);
  object = reparsed(object);
  json_make_exact(object);
  char *after = cJSON_Print(object);
  assert_string_equal(before, after);
  cJSON_free(before);
  cJSON_free(after);
  cJSON_Delete(object);
}

static void bytes_that_are_not_utf8_are_replaced(void **state) {
  (void)state;
  static const struct {
    const char *in, *out;
  } cases[] = {{"plain", "plain"},
               {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
               {"a\xff"
                "b",
                "a\xef\xbf\xbd"
                "b"},
               {"\xc3", "\xef\xbf\xbd"},
               {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
               {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
               {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    cJSON *object = json_new_object();
    json_add_text(object, "t", cases[i].in);
    assert_string_equal(cJSON_GetObjectItem(object, "t")->valuestring, cases[i].out);
    cJSON_Delete(object);
  }
}

static void missing_figures_have_reasons(void **state) {
  (void)state;
  cJSON *object = json_new_object();
  json_add_missing(object, "a", "because");
  json_add_missing(object, "b", "also");
  char *text = cJSON_PrintUnformatted(object);
  assert_string_equal(text, "{\"a\":null,\"missing\":{\"a\":\"because\",\"b\":\"also\"},\"b\":null}");
  cJSON_free(text);
  cJSON_Delete(object);
}

/* ---- files ---- */

static char folder[64];

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "phasebench-json-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/x.json", folder);
  unlink(path);
  return rmdir(folder); /* fails when a temporary file is left */
}

static void file_comes_back(void **state) {
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/x.json", folder);
  cJSON *object = json_new_object(), *read;
  json_add_u64(object, "n", 5);
  struct fault fault = {0};
  assert_true(json_write_file(path, object, &fault));
  assert_true(json_read_file(path, &read, &fault));
  assert_int_equal(cJSON_GetObjectItem(read, "n")->valueint, 5);
  cJSON_Delete(read);
  cJSON_Delete(object);
}

static void damaged_files_are_refused(void **state) {
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/x.json", folder);
  static const char *const texts[] = {"", "{", "{\"a\": 1}\n{\"b\": 2}", "nonsense", "{\"a\":\n1"};
  for (size_t i = 0; i < COUNT(texts); i++) {
    struct fault fault = {0};
    cJSON *root;
    assert_true(json_write_bytes(path, texts[i], strlen(texts[i]), &fault));
    assert_false(json_read_file(path, &root, &fault));
    assert_int_equal(fault.code, EXIT_CODE_INPUT);
    assert_non_null(strstr(fault.message, path));
    assert_null(root);
  }
  struct fault fault = {0};
  cJSON *root;
  assert_false(json_read_file("there/is/no/such.json", &root, &fault));
  assert_non_null(strstr(fault.message, "No such file"));
}

/* A disk that is full: the old file stays, and nothing else is left (tear_down). */
static void failed_write_leaves_the_old_file(void **state) {
  (void)state;
  char path[128], buffer[8] = "";
  snprintf(path, sizeof path, "%s/x.json", folder);
  struct fault fault = {0};
  assert_true(json_write_bytes(path, "old", 3, &fault));
  struct rlimit limit, small;
  getrlimit(RLIMIT_FSIZE, &limit);
  small = limit;
  small.rlim_cur = 1 << 16;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  char *big = calloc(1, 1 << 20);
  bool ok = json_write_bytes(path, big, 1 << 20, &fault);
  setrlimit(RLIMIT_FSIZE, &limit);
  free(big);
  assert_false(ok);
  assert_int_equal(fault.code, EXIT_CODE_SYSTEM);
  assert_non_null(strstr(fault.message, path));
  FILE *in = fopen(path, "r");
  assert_non_null(fgets(buffer, sizeof buffer, in));
  fclose(in);
  assert_string_equal(buffer, "old");
}

static void full_disk_says_what_to_do(void **state) {
  (void)state;
  struct fault fault = {0};
  if (access("/dev/full", W_OK) != 0) skip();
  /* The temporary file's name is the path's and more, so that /dev/full stands in its place as a link. */
  char path[128], temporary[192];
  snprintf(path, sizeof path, "%s/x.json", folder);
  snprintf(temporary, sizeof temporary, "%s.tmp-%ld", path, (long)getpid());
  assert_int_equal(symlink("/dev/full", temporary), 0);
  assert_false(json_write_bytes(path, "text", 4, &fault));
  assert_non_null(strstr(fault.message, "No space left on device; free some disk space"));
  assert_int_not_equal(access(path, F_OK), 0);
}

/* As root even devices were replaced by files: a rename asks nobody. */
static void only_files_are_replaced(void **state) {
  (void)state;
  char path[128];
  struct stat status;
  snprintf(path, sizeof path, "%s/pipe", folder);
  assert_int_equal(mkfifo(path, 0600), 0);
  struct fault fault = {0};
  assert_false(json_write_bytes(path, "text", 4, &fault));
  assert_int_equal(fault.code, EXIT_CODE_USAGE);
  assert_non_null(strstr(fault.message, path));
  assert_int_equal(lstat(path, &status), 0);
  assert_true(S_ISFIFO(status.st_mode));
  unlink(path);
  snprintf(path, sizeof path, "%s/link", folder);
  assert_int_equal(symlink("nowhere", path), 0);
  fault = (struct fault){0};
  assert_false(json_may_replace(path, &fault));
  assert_non_null(strstr(fault.message, "this is a link"));
  unlink(path);
  fault = (struct fault){0};
  assert_false(json_may_replace(folder, &fault));
  assert_int_equal(fault.code, EXIT_CODE_USAGE);
  snprintf(path, sizeof path, "%s/new", folder);
  fault = (struct fault){0};
  assert_true(json_may_replace(path, &fault));
}

static void folder_that_is_not_there(void **state) {
  (void)state;
  struct fault fault = {0};
  assert_false(json_write_bytes("no-such-folder/x.json", "text", 4, &fault));
  assert_int_equal(fault.code, EXIT_CODE_SYSTEM);
  assert_non_null(strstr(fault.message, "No such file or directory"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_are_written_digit_by_digit),
      cmocka_unit_test(integers_beyond_2_53_are_refused),
      cmocka_unit_test(doubles_come_back),
      cmocka_unit_test(read_and_written_again_is_the_same),
      cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
      cmocka_unit_test(missing_figures_have_reasons),
      cmocka_unit_test_setup_teardown(file_comes_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(damaged_files_are_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(failed_write_leaves_the_old_file, set_up, tear_down),
      cmocka_unit_test_setup_teardown(full_disk_says_what_to_do, set_up, tear_down),
      cmocka_unit_test_setup_teardown(only_files_are_replaced, set_up, tear_down),
      cmocka_unit_test(folder_that_is_not_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
