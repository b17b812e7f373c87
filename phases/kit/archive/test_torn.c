/* SPDX-License-Identifier: MIT
 *
 * The machine stops at every write, sync or rename of a build and of an append in turn: what was
 * written since the last sync is then there, or not, or in part, at random. What is opened
 * afterwards is the old or the new state, and the new one once commit has said so. The calls of
 * the C library are replaced by ones that remember. */
#include "test_archive.h"

#include <errno.h>
#include <sys/syscall.h>

#define WRITES_MAX 64

static struct {
  bool is_watching;
  long calls_left; /* until the machine stops */
  uint64_t seed;
  uint32_t count; /* of writes since the last sync */
  struct {
    int fd;
    off_t offset;
    size_t length;
    uint8_t *old;
  } writes[WRITES_MAX];
} machine;

/* Whether the machine still runs. */
static bool machine_step(void) {
  if (!machine.is_watching) return true;
  if (machine.calls_left > 0) machine.calls_left--;
  errno = EIO;
  return machine.calls_left > 0;
}

static void machine_synced(void) {
  while (machine.count > 0) free(machine.writes[--machine.count].old);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  if (machine.is_watching && machine.calls_left <= 0) return -1;
  bool runs = machine_step();
  if (machine.is_watching) { /* the write that is under way when the machine stops may be there, too */
    assert_true(machine.count < WRITES_MAX);
    uint8_t *old = calloc(length ? length : 1, 1);
    assert_true(old && pread(fd, old, length, offset) >= 0);
    machine.writes[machine.count].fd = fd;
    machine.writes[machine.count].offset = offset;
    machine.writes[machine.count].length = length;
    machine.writes[machine.count++].old = old;
  }
  ssize_t result = syscall(SYS_pwrite64, fd, bytes, length, offset);
  return runs ? result : -1;
}

int fsync(int fd) {
  (void)fd;
  if (!machine_step()) return -1;
  machine_synced();
  return 0;
}

int rename(const char *from, const char *to) {
  return machine_step() ? (int)syscall(SYS_renameat2, -100 /* AT_FDCWD */, from, -100, to, 0) : -1;
}

int ftruncate(int fd, off_t length) {
  return machine.is_watching && machine.calls_left <= 0 ? 0 : (int)syscall(SYS_ftruncate, fd, length);
}

int unlink(const char *path) {
  return machine.is_watching && machine.calls_left <= 0 ? 0 : (int)syscall(SYS_unlink, path);
}

/* What was not synced goes back: a part from somewhere to the end, of some. */
static void machine_lose(void) {
  while (machine.count > 0) {
    machine.count--;
    size_t length = machine.writes[machine.count].length, from = 0;
    if (test_random(&machine.seed, 3) == 0) from = length;
    else if (test_random(&machine.seed, 2) == 0) from = test_random(&machine.seed, (uint32_t)length + 1);
    if (from < length)
      syscall(SYS_pwrite64, machine.writes[machine.count].fd, machine.writes[machine.count].old + from, length - from,
              machine.writes[machine.count].offset + (off_t)from);
    free(machine.writes[machine.count].old);
  }
}

/* Writes until the machine stops; whether it came to the end. */
static bool write_until(struct bench *b, const struct documents *documents, const char *catalogue, long calls) {
  machine.is_watching = true;
  machine.calls_left = calls;
  bool is_done = bench_write_try(b, documents, catalogue) == STAGE_OK;
  machine_lose();
  machine.calls_left = 0;
  archive_close(b->archive);
  machine.is_watching = false;
  b->archive = NULL;
  return is_done;
}

/* The catalogue tells which state it is. */
static bool check_either(struct bench *b, const struct documents *old, const struct documents *new) {
  b->ctx.is_reopened = true;
  test_ctx_message[0] = 0;
  if (archive_open(&b->ctx, "f", b->settings, &b->archive) != STAGE_OK) fail_msg("%s", test_ctx_message);
  uint8_t catalogue[3];
  assert_int_equal(archive_catalogue_bytes(b->archive), 3);
  assert_int_equal(archive_catalogue(b->archive, catalogue), STAGE_OK);
  bool is_new = memcmp(catalogue, "new", 3) == 0;
  documents_check(is_new ? new : old, b->archive);
  if (archive_verify(b->archive) != STAGE_OK) assert_non_null(strstr(test_ctx_message, "head"));
  return is_new;
}

/* The same file, again and again. */
static void file_restore(struct bench *b, const uint8_t *bytes, size_t length) {
  bench_file_write(b, "wb", bytes, length);
  b->ctx.is_reopened = true;
  assert_int_equal(archive_open(&b->ctx, "f", b->settings, &b->archive), STAGE_OK);
}

static void test_append(void **state) {
  (void)state;
  struct bench b;
  static struct documents old, new;
  documents_fill(&old, 1, 0, 60);
  documents_fill(&new, 2, 0, 60);
  bench_open(&b, &small_settings);
  bench_write(&b, &old, "old");
  archive_close(b.archive);
  size_t bytes;
  uint8_t *file = bench_file(&b, &bytes);
  uint32_t news = 0, olds = 0, ends = 0;
  machine.seed = 3;
  for (long calls = 1; ends < 60; calls++) { /* beyond the last call it comes to the end */
    for (int again = 0; again < 40; again++) {
      file_restore(&b, file, bytes);
      bool is_done = write_until(&b, &new, "new", calls), is_new = check_either(&b, &old, &new);
      if (is_done) assert_true(is_new);
      ends += is_done;
      news += is_new;
      olds += !is_new;
      /* And once more, from the state in which that left the file, often near the same place. */
      long near = calls > 6 && again % 2 ? calls - 6 : 0;
      long until = 1 + near + test_random(&machine.seed, (uint32_t)(calls - near));
      bool is_done_again = write_until(&b, &new, "new", until);
      if (!check_either(&b, &old, &new)) assert_false(is_done_again || is_new);
      archive_close(b.archive);
      b.archive = NULL;
    }
  }
  assert_true(news > ends && olds > 20);
  free(file);
  documents_free(&old);
  documents_free(&new);
  bench_close(&b);
}

static void test_build(void **state) {
  (void)state;
  struct bench b;
  static struct documents old, new;
  documents_fill(&old, 4, 0, 20);
  documents_fill(&new, 5, 0, 20);
  bench_open(&b, &small_settings);
  bench_write(&b, &old, "old");
  archive_close(b.archive);
  uint32_t ends = 0, olds = 0;
  size_t bytes;
  uint8_t *file = bench_file(&b, &bytes);
  for (long calls = 1; ends < 20; calls++) {
    for (int again = 0; again < 10; again++) {
      bench_file_write(&b, "wb", file, bytes);
      b.ctx.is_reopened = false; /* in place of the old file */
      assert_int_equal(archive_open(&b.ctx, "f", b.settings, &b.archive), STAGE_OK);
      bool is_done = write_until(&b, &new, "new", calls), is_new = check_either(&b, &old, &new);
      if (is_done) assert_true(is_new);
      ends += is_done;
      olds += !is_new;
      archive_close(b.archive);
      b.archive = NULL;
    }
  }
  assert_true(olds > 20);
  unlink(bench_path(&b, ".new"));
  free(file);
  documents_free(&old);
  documents_free(&new);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_append), cmocka_unit_test(test_build)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
