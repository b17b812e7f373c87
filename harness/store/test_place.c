/* SPDX-License-Identifier: MIT
 *
 * Where a store's stages keep their files, and how their options are set. */
#include "base/count.h"
#include "testing/modules.h"

#define OPTIONS                                                                                              \
  "-DFLAGS=STAGE_USES_DISK '-DWRECK=static const struct stage_option o[]={{\"some_bytes\",\"s\",5,1,4096}};" \
  "ops.options=o;ops.option_count=1'"

static struct store *open_at(const struct store_place *place, struct fault *fault) {
  struct combination combination;
  char text[512];
  struct store *store = NULL;
  snprintf(text, sizeof text, "%s/disk.so", folder);
  if (!combination_parse(text, &combination, fault)) fail_msg("%s", fault->message);
  *fault = (struct fault){0};
  return store_open(&combination, place, &store, fault) ? store : NULL;
}

static bool is_there(const char *path) { return access(path, F_OK) == 0; }

static void stages_get_a_folder_of_their_own(void **state) {
  (void)state;
  struct fault fault = {0};
  struct store_place place = {0};
  build("disk", OPTIONS);
  char kept[600];
  char *before = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
  assert_int_equal(chdir(folder), 0);
  setenv("TMPDIR", ".", 1); /* stages are told an absolute path all the same */
  struct store *store = open_at(NULL, &fault);
  if (!store) fail_msg("%s", fault.message);
  snprintf(kept, sizeof kept, "%s", store_directory(store));
  assert_true(kept[0] == '/' && is_there(kept));
  assert_string_equal(context_of("disk")->directory, kept);
  assert_false(context_of("disk")->is_reopened);
  assert_int_equal(context_of("disk")->options[0], 5);
  shell("mkdir '%s/below' && echo x > '%s/below/file' && ln -s '%s' '%s/link'", kept, kept, folder, kept);
  store_close(store);
  assert_false(is_there(kept));
  assert_true(is_there("disk.so")); /* where the link led to */
  setenv("TMPDIR", "/no/such/folder", 1);
  assert_null(open_at(NULL, &fault));
  assert_int_equal(fault.code, EXIT_CODE_SYSTEM);
  assert_non_null(strstr(fault.message, "/no/such/folder: cannot make a folder for the stages' files"));
  if (before) setenv("TMPDIR", before, 1);
  else unsetenv("TMPDIR");
  free(before);

  char path[512];
  snprintf(path, sizeof path, "%s/place", folder);
  place.directory = path;
  store = open_at(&place, &fault);
  if (!store) fail_msg("%s", fault.message);
  store_close(store);
  assert_true(is_there(place.directory)); /* whoever gave it removes it */
  place.is_reopened = true;
  store = open_at(&place, &fault);
  if (!store) fail_msg("%s", fault.message);
  assert_true(context_of("disk")->is_reopened);
  store_close(store);
  write_file("place/file", "x", 1);
  place.is_reopened = false;
  assert_null(open_at(&place, &fault));
  assert_non_null(strstr(fault.message, "place: holds 'file'; expected an empty folder"));
  strcat(path, "/file");
  assert_null(open_at(&place, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  assert_non_null(strstr(fault.message, "is not a folder"));
  place.is_reopened = true;
  snprintf(path, sizeof path, "%s/nothing", folder);
  assert_null(open_at(&place, &fault));
  assert_false(is_there(place.directory)); /* none is made for a store that is said to be there */
  place.directory = NULL;
  assert_null(open_at(&place, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INTERNAL);
}

static void refused_setting(const char *text, const char *part) {
  struct fault fault = {0};
  struct store_place place = {0};
  assert_false(store_setting_add(&place, text, &fault) && store_settings_check(&place, NULL, 0, &fault));
  assert_int_equal(fault.code, EXIT_CODE_USAGE);
  if (!strstr(fault.message, part)) fail_msg("expected '%s' in: %s", part, fault.message);
}

static void options_are_set(void **state) {
  (void)state;
  struct fault fault = {0};
  struct store_place place = {0};
  static const char *const bad[] = {"",
                                    "a",
                                    "a.b",
                                    ".b=1",
                                    "a.=1",
                                    "a.b=",
                                    "a.b=x",
                                    "a.b=-1",
                                    "a.b=1k",
                                    "a.b= 1",
                                    "a.b=9007199254740992",
                                    "a.b=99999999999999999999",
                                    "a.b=8388608GiB",
                                    "abcdefghijklmnop.b=1"};
  build("disk", OPTIONS);
  for (size_t i = 0; i < COUNT(bad); i++) refused_setting(bad[i], "expected STAGE.OPTION=NUMBER");
  refused_setting("nowhere.x=1", "there is no stage 'nowhere'");
  refused_setting("p4b.maps=1KiB", "--set p4b.maps: is a count, not bytes: expected 1 to 1024");
  refused_setting("p4b.pinned_bytes=1K", "--set p4b.pinned_bytes=1KiB: expected 4KiB to 1TiB");
  refused_setting("skeleton.x=1", "the stage 'skeleton' has no options");
  assert_true(store_setting_add(&place, "disk.some_bytes=7", &fault));
  assert_true(store_setting_add(&place, "other.thing=1GiB", &fault));     /* not of this combination */
  assert_true(store_setting_add(&place, "disk.some_bytes=4KiB", &fault)); /* the last one wins */
  assert_int_equal(place.setting_count, 2);
  struct store *store = open_at(&place, &fault);
  if (!store) fail_msg("%s", fault.message);
  assert_int_equal(context_of("disk")->options[0], 4096);
  store_close(store);
  assert_true(store_setting_add(&place, "disk.some_bytes=4097", &fault));
  assert_null(open_at(&place, &fault));
  assert_int_equal(fault.code, EXIT_CODE_USAGE);
  assert_non_null(strstr(fault.message, "--set disk.some_bytes=4097: expected 1 to 4KiB"));
  /* A stage that a combination names by its path counts, too. */
  struct combination combination;
  char text[512];
  fault = (struct fault){0};
  snprintf(text, sizeof text, "%s/disk.so", folder);
  assert_true(combination_parse(text, &combination, &fault));
  struct store_place one = {0};
  assert_true(store_setting_add(&one, "disk.some_bytes=4096", &fault));
  assert_true(store_settings_check(&one, &combination, 1, &fault));
  assert_false(store_settings_check(&one, NULL, 0, &fault));
  fault = (struct fault){0};
  assert_true(store_setting_add(&one, "disk.other=1", &fault));
  assert_false(store_settings_check(&one, &combination, 1, &fault));
  assert_non_null(strstr(fault.message, "has no such option; its options: some_bytes"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(stages_get_a_folder_of_their_own),
                                     cmocka_unit_test(options_are_set)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
