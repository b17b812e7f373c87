/* SPDX-License-Identifier: MIT
 *
 * Files that do not stay what they were: each is an error of its document, tells the file and
 * what to do, and leaves the others alone. */
#include "fixture.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { BYTES = 50000, LONG_AGO = 1000000000 };

static char *text, *other;
static struct fixture f;

/* Document 0, whose file the test corrupts; 1, whose file stays. */
static const char *begin(void) {
  fixture_open(&f);
  put(&f, 1, other, BYTES, file_write("stays", other, BYTES));
  const char *path = file_write("file", text, BYTES);
  put(&f, 0, text, BYTES, path);
  assert_int_equal(stat_of(&f, "records"), 2);
  return path;
}

static void end(void) {
  check_is(&f, 1, other, BYTES);
  fixture_close(&f);
  assert_int_equal(test_ctx_live, 0);
}

/* Refused, with the file's name and what to do; good again when the file is. */
static void check_corrupt(int error, const char *words) {
  check_refused(&f, 0, BYTES, error, words);
  check_refused(&f, 0, BYTES, error, "/file: ");
  check_refused(&f, 0, BYTES, error, "restore the file, or put the document again");
  check_is(&f, 1, other, BYTES);
}

static void check_restored(void) {
  file_write("file", text, BYTES);
  check_is(&f, 0, text, BYTES);
}

static void replace(const char *path, const char *bytes, size_t length) {
  const char *fresh = file_write("fresh", bytes, length);
  assert_int_equal(rename(fresh, path), 0);
}

/* ---- before it is pinned ---- */

/* Once with nothing mapped, once with an idle map. */
static void changed_files_are_refused(void **state) {
  (void)state;
  for (int is_mapped = 0; is_mapped < 2; is_mapped++) {
    const char *path = begin();
    if (is_mapped) check_is(&f, 0, text, BYTES);
    file_write("file", other, BYTES); /* as long, but other contents */
    check_corrupt(STAGE_CORRUPT, "has other contents than those put as document 0");
    check_restored();
    assert_int_equal(truncate(path, BYTES - 1), 0);
    check_corrupt(STAGE_CORRUPT, "has 49999 bytes, and had 50000");
    check_restored();
    assert_int_equal(truncate(path, BYTES + 1), 0);
    check_corrupt(STAGE_CORRUPT, "has 50001 bytes, and had 50000");
    check_restored();
    assert_int_equal(truncate(path, 0), 0);
    check_corrupt(STAGE_CORRUPT, "has 0 bytes, and had 50000");
    put(&f, 0, other, BYTES, NULL);
    check_is(&f, 0, other, BYTES);
    end();
  }
}

static void files_that_are_gone_are_refused(void **state) {
  (void)state;
  const char *path = begin();
  assert_int_equal(unlink(path), 0);
  check_corrupt(STAGE_IO, "cannot be opened: No such file");
  assert_int_equal(mkdir(path, 0700), 0);
  check_corrupt(STAGE_IO, "is no regular file any more");
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  check_corrupt(STAGE_IO, "is no regular file any more");
  assert_int_equal(unlink(path), 0);
  assert_int_equal(symlink(path, path), 0);
  check_corrupt(STAGE_IO, "cannot be opened: ");
  assert_int_equal(unlink(path), 0);
  check_restored();
  if (geteuid() != 0) { /* root reads everything */
    evict(&f);
    assert_int_equal(chmod(path, 0), 0);
    check_corrupt(STAGE_IO, "cannot be opened: Permission denied");
    assert_int_equal(chmod(path, 0600), 0);
  }
  check_is(&f, 0, text, BYTES);
  end();
}

/* The contents decide: touched, checked out again, or behind a symbolic link, the file is the same. */
static void the_same_contents_are_the_same_file(void **state) {
  (void)state;
  const char *path = begin();
  check_is(&f, 0, text, BYTES);
  file_set_modified(path, LONG_AGO);
  check_is(&f, 0, text, BYTES);
  assert_int_equal(stat_of(&f, "maps_made"), 1); /* hashed again, where it is */
  evict(&f);
  file_set_modified(path, LONG_AGO + 1);
  check_is(&f, 0, text, BYTES);
  replace(path, text, BYTES);
  check_is(&f, 0, text, BYTES);
  evict(&f);
  check_is(&f, 0, text, BYTES);
  const char *moved = file_path("moved");
  assert_int_equal(rename(path, moved), 0);
  assert_int_equal(symlink(moved, path), 0);
  evict(&f);
  check_is(&f, 0, text, BYTES);
  assert_int_equal(unlink(path), 0);
  end();
}

/* An idle map of a file that was put aside still shows what was put; a new one is not made. */
static void replaced_files_stay_as_long_as_they_are_mapped(void **state) {
  (void)state;
  struct stage_pin p;
  const char *path = begin();
  assert_int_equal(pin(&f, 0, 0, BYTES, &p), STAGE_OK);
  replace(path, other, BYTES);
  assert_memory_equal(p.bytes, text, BYTES);
  assert_int_equal(unpin(&f, &p), STAGE_OK);
  check_is(&f, 0, text, BYTES);
  evict(&f);
  check_corrupt(STAGE_CORRUPT, "has other contents");
  end();
}

/* ---- while it is pinned ---- */

static void check_void(struct stage_pin *p) {
  assert_int_equal(unpin(&f, p), STAGE_IO);
  if (!strstr(test_ctx_message, "/file: was changed or cut short while document 0 was read"))
    fail_msg("%s", test_ctx_message);
}

static void changes_under_a_pin_void_it(void **state) {
  (void)state;
  struct stage_pin p, q;
  const char *path = begin();
  assert_int_equal(pin(&f, 0, 0, BYTES, &p), STAGE_OK);
  file_write("file", other, BYTES);
  check_corrupt(STAGE_CORRUPT, "has other contents");
  check_void(&p);
  check_restored();
  assert_int_equal(pin(&f, 0, 0, BYTES, &p), STAGE_OK);
  assert_int_equal(pin(&f, 0, 10, 10, &q), STAGE_OK);
  file_write("file", other, BYTES); /* and back, but who read meanwhile read something else */
  file_write("file", text, BYTES);
  file_set_modified(path, LONG_AGO);
  check_is(&f, 0, text, BYTES); /* a pin of its own */
  check_void(&p);
  check_void(&q);
  check_is(&f, 0, text, BYTES);
  /* The time of change set back, as tar does: the time of the inode's change tells. */
  file_set_modified(path, LONG_AGO);
  assert_int_equal(pin(&f, 0, 0, BYTES, &p), STAGE_OK);
  file_write("file", other, BYTES);
  file_set_modified(path, LONG_AGO);
  check_void(&p);
  check_restored();
  end();
}

/* Every page is read, those that the file has lost, too. */
static void a_file_cut_short_under_a_pin_is_an_error(void **state) {
  (void)state;
  static const off_t lengths[] = {0, 1, 4096, 20000, BYTES - 1};
  struct stage_pin p, whole;
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    for (int is_kept = 0; is_kept < 2; is_kept++) {
      const char *path = begin();
      assert_int_equal(pin(&f, 0, 0, BYTES, &p), STAGE_OK);
      assert_int_equal(pin(&f, 1, 0, BYTES, &whole), STAGE_OK);
      assert_int_equal(truncate(path, lengths[i]), 0);
      unsigned sum = 0;
      for (size_t at = BYTES; at-- > 0;) sum += p.bytes[at];
      assert_true(sum > 0 || lengths[i] < 4096);
      assert_memory_equal(p.bytes, text, (size_t)lengths[i]);
      if (is_kept) file_write("file", text, BYTES); /* whole again, but what was read is void */
      check_void(&p);
      assert_memory_equal(whole.bytes, other, BYTES);
      assert_int_equal(unpin(&f, &whole), STAGE_OK);
      assert_true(stat_of(&f, "maps_corrupt") == 1);
      if (!is_kept) check_corrupt(STAGE_CORRUPT, "and had 50000");
      check_restored();
      end();
    }
  }
}

/* Without a signal nobody reads past the end: unpin tells all the same. */
static void a_file_cut_short_unread_is_an_error(void **state) {
  (void)state;
  struct stage_pin p;
  const char *path = begin();
  assert_int_equal(pin(&f, 0, 0, BYTES, &p), STAGE_OK);
  assert_int_equal(truncate(path, 100), 0);
  check_void(&p);
  check_corrupt(STAGE_CORRUPT, "has 100 bytes");
  end();
}

/* ---- stamps ---- */

/* An old stamp proves the bytes; each change after it is seen. */
static void old_stamps_save_hashing(void **state) {
  (void)state;
  struct stage_pin p;
  const char *path = begin();
  check_is(&f, 0, text, BYTES);
  assert_true(stat_of(&f, "maps_rehashed") >= 1); /* the file is new */
  struct timespec pause = {.tv_sec = MAP_STAMP_NS / 1000000000, .tv_nsec = 100000000};
  assert_int_equal(nanosleep(&pause, NULL), 0);
  check_is(&f, 0, text, BYTES);
  unsigned hashed = stat_of(&f, "maps_rehashed");
  for (int i = 0; i < 10; i++) check_is(&f, 0, text, BYTES);
  assert_int_equal(stat_of(&f, "maps_rehashed"), hashed);
  assert_int_equal(chmod(path, 0400), 0);
  check_is(&f, 0, text, BYTES);
  assert_true(stat_of(&f, "maps_rehashed") > hashed);
  assert_int_equal(pin(&f, 0, 0, BYTES, &p), STAGE_OK);
  assert_int_equal(chmod(path, 0600), 0); /* does not touch the contents */
  assert_int_equal(unpin(&f, &p), STAGE_OK);
  assert_int_equal(stat_of(&f, "maps_made"), 1);
  file_write("file", other, BYTES);
  check_corrupt(STAGE_CORRUPT, "has other contents");
  end();
}

/* ---- the signal ---- */

static sigjmp_buf back;
static volatile sig_atomic_t caught;

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)number, (void)info, (void)context;
  caught++;
  siglongjmp(back, 1);
}

static volatile uint8_t sink;

/* A map that is not p4b's, of a file that was cut short. */
static volatile uint8_t *foreign_map(void) {
  const char *path = file_write("foreign", text, 8192);
  int file = open(path, O_RDONLY);
  assert_true(file >= 0);
  void *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, file, 0);
  assert_true(at != MAP_FAILED);
  close(file);
  assert_int_equal(truncate(path, 0), 0);
  return at;
}

static void signals_of_others_go_to_their_handler(void **state) {
  (void)state;
  struct sigaction mine = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO}, before, now;
  struct fixture second;
  assert_int_equal(sigaction(SIGBUS, &mine, &before), 0);
  begin();
  assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
  assert_ptr_equal(now.sa_sigaction, on_signal); /* nothing is mapped yet */
  check_is(&f, 0, text, BYTES);
  assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
  assert_ptr_not_equal(now.sa_sigaction, on_signal);
  volatile uint8_t *foreign = foreign_map();
  caught = 0;
  if (sigsetjmp(back, 1) == 0) sink = foreign[100];
  assert_int_equal(caught, 1);
  fixture_open(&second); /* the handler stays until the last store that has mapped */
  put(&second, 0, text, BYTES, file_path("file"));
  check_is(&second, 0, text, BYTES);
  fixture_close(&f);
  assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
  assert_ptr_not_equal(now.sa_sigaction, on_signal);
  fixture_close(&second);
  assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
  assert_ptr_equal(now.sa_sigaction, on_signal);
  assert_int_equal(sigaction(SIGBUS, &before, NULL), 0);
  munmap((void *)(uintptr_t)foreign, 8192);
}

/* Ends by `act`, or exits with 7. */
static int outcome_of_child(void (*act)(void)) {
  int status;
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    signal(SIGBUS, SIG_DFL);
    begin();
    check_is(&f, 0, text, BYTES);
    act();
    _exit(7);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static void read_foreign(void) { sink = foreign_map()[100]; }
static void send_signal(void) { kill(getpid(), SIGBUS); }

static void signals_of_others_end_the_process_as_ever(void **state) {
  (void)state;
  assert_int_equal(outcome_of_child(read_foreign), SIGBUS);
  assert_int_equal(outcome_of_child(send_signal), SIGBUS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(changed_files_are_refused),
      cmocka_unit_test(files_that_are_gone_are_refused),
      cmocka_unit_test(the_same_contents_are_the_same_file),
      cmocka_unit_test(replaced_files_stay_as_long_as_they_are_mapped),
      cmocka_unit_test(changes_under_a_pin_void_it),
      cmocka_unit_test(a_file_cut_short_under_a_pin_is_an_error),
      cmocka_unit_test(a_file_cut_short_unread_is_an_error),
      cmocka_unit_test(old_stamps_save_hashing),
      cmocka_unit_test(signals_of_others_go_to_their_handler),
      cmocka_unit_test(signals_of_others_end_the_process_as_ever),
  };
  text = text_make(1, BYTES);
  other = text_make(2, BYTES);
  int failed = cmocka_run_group_tests(tests, fixture_folder_make, fixture_folder_remove);
  free(text);
  free(other);
  return failed;
}
