/* SPDX-License-Identifier: MIT
 *
 * What is kept below comes back with a flipped bit, cut short, or as anything else: the
 * document is refused, and never read from another file or at another length. */
#include "fixture.h"

#include "kit/testing/test_random.h"
#include "kit/testing/cmocka_report.h"

enum { BYTES = 5000 };

static void check_corrupt(struct fixture *f, const char *what, size_t where) {
  struct stage_pin p;
  uint64_t length;
  test_ctx_message[0] = '\0';
  int error = phasebench_stage()->length(f->store, STAGE_SOURCE, 0, &length);
  if (error != STAGE_CORRUPT || !strstr(test_ctx_message, "source of document 0"))
    fail_msg("%s %zu: length gives %d: '%s'", what, where, error, test_ctx_message);
  error = pin(f, 0, 0, 1, &p);
  if (error != STAGE_CORRUPT || !strstr(test_ctx_message, "source of document 0"))
    fail_msg("%s %zu: pin gives %d: '%s'", what, where, error, test_ctx_message);
}

static void corrupt_records_are_refused(void **state) {
  (void)state;
  struct fixture f;
  char *text = text_make(1, BYTES);
  fixture_open(&f);
  put(&f, 0, text, BYTES, file_write("file", text, BYTES));
  struct check_bytes *kept = &f.blob_store.kept[STAGE_SOURCE][0];
  uint64_t whole = kept->length;
  assert_true(kept->p[0] == RECORD_FILE_TAG && whole < 200);
  for (size_t bit = 0; bit < whole * 8; bit++) {
    kept->p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    check_corrupt(&f, "flipped bit", bit);
    kept->p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
  }
  for (kept->length = 0; kept->length < whole; kept->length++) check_corrupt(&f, "cut to", kept->length);
  check_is(&f, 0, text, BYTES);
  free(text);
  fixture_close(&f);
}

/* No flipped bit of the tag makes a record of a source. */
static void corrupt_tags_of_sources_are_refused(void **state) {
  (void)state;
  struct fixture f;
  char *text = text_make(1, BYTES);
  fixture_open(&f);
  put(&f, 0, text, BYTES, NULL);
  struct check_bytes *kept = &f.blob_store.kept[STAGE_SOURCE][0];
  for (unsigned bit = 0; bit < 8; bit++) {
    kept->p[0] ^= (uint8_t)(1u << bit);
    check_corrupt(&f, "flipped bit", bit);
    kept->p[0] ^= (uint8_t)(1u << bit);
  }
  check_is(&f, 0, text, BYTES);
  free(text);
  fixture_close(&f);
}

static void anything_else_is_refused(void **state) {
  (void)state;
  struct fixture f;
  uint64_t stream = 1;
  char *text = text_make(1, BYTES);
  uint8_t *noise = malloc(2 * RECORD_MAX);
  assert_non_null(noise);
  fixture_open(&f);
  for (unsigned round = 0; round < 2000; round++) {
    uint32_t length = test_random(&stream, round % 10 ? 100 : 2 * RECORD_MAX) + 1;
    for (uint32_t i = 0; i < length; i++) noise[i] = (uint8_t)test_random(&stream, 256);
    noise[0] = RECORD_FILE_TAG;
    check_put(&f.blob_store, STAGE_SOURCE, 0, noise, length, NULL);
    check_corrupt(&f, "noise", round);
  }
  put(&f, 0, text, BYTES, NULL);
  check_is(&f, 0, text, BYTES);
  free(noise);
  free(text);
  fixture_close(&f);
}

int main(void) {
  check_report_to(cmocka_report);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(corrupt_records_are_refused),
      cmocka_unit_test(corrupt_tags_of_sources_are_refused),
      cmocka_unit_test(anything_else_is_refused),
  };
  return cmocka_run_group_tests(tests, fixture_folder_make, fixture_folder_remove);
}
