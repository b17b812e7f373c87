/* SPDX-License-Identifier: MIT
 *
 * Archive files where memory or disk run out, where others hold or change the file, and where
 * nothing may be written. Whatever fails, what was committed stays. */
#include "test_archive.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- memory ---- */

/* Every allocation fails once, of a build, an append, and reading. */
static void test_out_of_memory(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents old = {0}, documents = {0};
  documents_fill(&old, 1, 0, 20);
  documents_fill(&documents, 2, 10, 30);
  int error = STAGE_OUT_OF_MEMORY, failures = 0;
  for (long grants = 0; error == STAGE_OUT_OF_MEMORY; grants++, failures++) {
    test_ctx_grants = grants;
    error = bench_write_try(&b, &old, "old");
    test_ctx_grants = -1;
  }
  assert_int_equal(error, STAGE_OK);
  bench_reopen(&b);
  error = STAGE_OUT_OF_MEMORY;
  for (long grants = 0; error == STAGE_OUT_OF_MEMORY; grants++, failures++) {
    test_ctx_grants = grants;
    error = bench_write_try(&b, &documents, "new");
    test_ctx_grants = -1;
    if (error) documents_check(&old, b.archive);
  }
  assert_int_equal(error, STAGE_OK);
  for (uint32_t id = 10; id < 30; id++) {
    for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
      struct document *d = &documents.table[kind][id];
      documents_put(&old, (enum stage_kind)kind, id, d->bytes, d->kept, d->length);
    }
  }
  for (int opened = 0; opened < 2; opened++) {
    error = STAGE_OUT_OF_MEMORY;
    for (long grants = 0; error == STAGE_OUT_OF_MEMORY; grants++, failures++) {
      archive_rest(b.archive);
      test_ctx_grants = grants;
      error = opened ? archive_verify(b.archive) : documents_compare(&old, b.archive);
      test_ctx_grants = -1;
    }
    assert_int_equal(error, STAGE_OK);
  }
  archive_close(b.archive);
  b.ctx.is_reopened = true;
  error = STAGE_OUT_OF_MEMORY;
  for (long grants = 0; error == STAGE_OUT_OF_MEMORY; grants++, failures++) {
    test_ctx_grants = grants;
    error = archive_open(&b.ctx, "f", b.settings, &b.archive);
    test_ctx_grants = -1;
  }
  assert_int_equal(error, STAGE_OK);
  assert_true(failures > 30);
  documents_check(&old, b.archive);
  documents_free(&old);
  documents_free(&documents);
  bench_close(&b);
}

/* ---- disk ---- */

static void file_limit(uint64_t bytes) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes == 0 ? limit.rlim_max : (rlim_t)bytes;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Wherever in a build or an append the disk is full. */
static void test_disk_full(void **state) {
  (void)state;
  signal(SIGXFSZ, SIG_IGN);
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents old = {0}, documents = {0};
  documents_fill(&old, 3, 0, 60);
  documents_fill(&documents, 4, 0, 60);
  int error = STAGE_IO, failures = 0;
  for (uint64_t limit = 100; error == STAGE_IO; limit += 2999, failures++) {
    test_ctx_message[0] = 0;
    file_limit(limit);
    error = bench_write_try(&b, &old, "old");
    file_limit(0);
    if (error) assert_non_null(strstr(test_ctx_message, "f.new: writing"));
    if (error) assert_non_null(strstr(test_ctx_message, "limit for files"));
  }
  assert_int_equal(error, STAGE_OK);
  error = STAGE_IO;
  for (uint64_t limit = bench_file_bytes(&b); error == STAGE_IO; limit += 2999, failures++) {
    file_limit(limit);
    error = bench_write_try(&b, &documents, "new");
    file_limit(0);
    if (error && failures % 2 == 0) bench_reopen(&b);
    if (!error) break;
    int is_finished = documents_compare(&documents, b.archive) == STAGE_OK; /* only the commit failed */
    if (!is_finished) documents_check(&old, b.archive);
    if (is_finished) assert_int_equal(failures % 2, 1);
    if (is_finished) bench_reopen(&b);
    documents_check(&old, b.archive);
    bench_check_catalogue(&b, "old");
  }
  assert_int_equal(error, STAGE_OK);
  assert_true(failures > 20);
  bench_reopen(&b);
  documents_check(&documents, b.archive);
  assert_int_equal(archive_verify(b.archive), STAGE_OK);
  documents_free(&old);
  documents_free(&documents);
  bench_close(&b);
}

/* A commit that failed for want of disk can be tried again. */
static void test_commit_again(void **state) {
  (void)state;
  signal(SIGXFSZ, SIG_IGN);
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents documents = {0};
  documents_fill(&documents, 5, 0, 30);
  for (int round = 0; round < 3; round++) {
    assert_int_equal(archive_begin(b.archive), STAGE_OK);
    documents_add(&documents, b.archive);
    assert_int_equal(archive_finish(b.archive), STAGE_OK);
    file_limit(archive_usage(b.archive).file_bytes + 4);
    assert_int_equal(archive_commit(b.archive, "catalogue", 9), STAGE_IO);
    file_limit(0);
    documents_check(&documents, b.archive);
    assert_int_equal(archive_commit(b.archive, "catalogue", 9), STAGE_OK);
    if (round == 1) bench_reopen(&b);
    assert_int_equal(archive_verify(b.archive), STAGE_OK);
    bench_check_catalogue(&b, "catalogue");
  }
  documents_free(&documents);
  bench_close(&b);
}

/* ---- others ---- */

static void test_two_builders(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct archive *other;
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &other), STAGE_OK);
  assert_int_equal(archive_begin(other), STAGE_IO);
  assert_non_null(strstr(test_ctx_message, "f.new: another process is writing it"));
  archive_close(other); /* leaves the other's file alone */
  assert_int_equal(access(bench_path(&b, ".new"), F_OK), 0);
  archive_close(b.archive);
  assert_int_equal(access(bench_path(&b, ".new"), F_OK), -1);
  FILE *stale = fopen(bench_path(&b, ".new"), "wb"); /* of a builder that died */
  assert_true(stale && fputs("PBFROZEN, or nearly so", stale) >= 0 && fclose(stale) == 0);
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &b.archive), STAGE_OK);
  struct documents documents = {0};
  documents_fill(&documents, 6, 0, 10);
  bench_write(&b, &documents, "");
  assert_int_equal(access(bench_path(&b, ".new"), F_OK), -1);
  bench_reopen(&b);
  documents_check(&documents, b.archive);
  assert_int_equal(archive_verify(b.archive), STAGE_OK);
  documents_free(&documents);
  bench_close(&b);
}

static void test_two_writers(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents old = {0}, documents = {0};
  documents_fill(&old, 7, 0, 40);
  documents_fill(&documents, 8, 0, 40);
  bench_write(&b, &old, "old");
  bench_reopen(&b);
  struct archive *other, *late;
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &other), STAGE_OK);
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &late), STAGE_OK);
  documents_check(&old, other);
  assert_int_equal(archive_begin(b.archive), STAGE_OK);
  test_ctx_message[0] = 0;
  assert_int_equal(archive_begin(other), STAGE_IO);
  assert_non_null(strstr(test_ctx_message, "another process is writing it"));
  archive_abandon(b.archive);
  bench_write(&b, &documents, "new"); /* beginning again is fine */
  documents_check(&old, other);       /* readers keep what they opened */
  test_ctx_message[0] = 0;
  assert_int_equal(archive_begin(other), STAGE_IO);
  assert_non_null(strstr(test_ctx_message, "was changed by another process"));
  assert_int_equal(archive_commit(late, "late", 4), STAGE_IO);
  archive_close(late);
  archive_close(other);
  b.ctx.is_reopened = false; /* a build in place of the file */
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &other), STAGE_OK);
  struct bench anew = {.archive = other};
  bench_write(&anew, &old, "anew");
  test_ctx_message[0] = 0;
  assert_int_equal(archive_begin(b.archive), STAGE_IO); /* would append to a file without a name */
  assert_non_null(strstr(test_ctx_message, "was changed by another process"));
  documents_check(&documents, b.archive);
  archive_close(other);
  bench_reopen(&b);
  documents_check(&old, b.archive);
  documents_free(&old);
  documents_free(&documents);
  bench_close(&b);
}

/* In a process of its own: without root's rights the folder is read-only. */
static int read_only_child(struct bench *b, const struct documents *documents) {
  if (geteuid() == 0 && seteuid(65534) != 0) return 2;
  b->ctx.is_reopened = true;
  if (archive_open(&b->ctx, "f", b->settings, &b->archive) != STAGE_OK) return 3;
  if (documents_compare(documents, b->archive) != STAGE_OK || archive_verify(b->archive) != STAGE_OK) return 4;
  if (archive_begin(b->archive) != STAGE_IO || !strstr(test_ctx_message, "writable")) return 5;
  if (documents_compare(documents, b->archive) != STAGE_OK) return 6;
  archive_close(b->archive);
  test_ctx_message[0] = 0;
  b->ctx.is_reopened = false;
  if (archive_open(&b->ctx, "g", b->settings, &b->archive) != STAGE_OK) return 7;
  if (archive_begin(b->archive) != STAGE_IO || !strstr(test_ctx_message, "g.new: cannot open")) return 8;
  archive_close(b->archive);
  return test_ctx_live == 0 ? 0 : 9;
}

static void test_read_only(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct documents documents = {0};
  documents_fill(&documents, 9, 0, 40);
  bench_write(&b, &documents, "");
  archive_close(b.archive);
  assert_int_equal(chmod(bench_path(&b, ""), 0444), 0);
  assert_int_equal(chmod(b.folder, 0555), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(read_only_child(&b, &documents));
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  assert_int_equal(chmod(b.folder, 0755), 0);
  b.archive = NULL;
  documents_free(&documents);
  bench_close(&b);
}

static void test_refused(void **state) {
  (void)state;
  struct bench b;
  bench_open(&b, &small_settings);
  struct archive *archive;
  struct archive_settings settings = small_settings;
  assert_int_equal(archive_open(&b.ctx, "a/b", &settings, &archive), STAGE_MISUSE);
  assert_int_equal(archive_open(&b.ctx, "", &settings, &archive), STAGE_MISUSE);
  settings.level[1] = 99;
  assert_int_equal(archive_open(&b.ctx, "f", &settings, &archive), STAGE_MISUSE);
  settings = small_settings;
  settings.frame_bytes[0] = 0;
  assert_int_equal(archive_open(&b.ctx, "f", &settings, &archive), STAGE_MISUSE);
  b.ctx.is_reopened = true;
  test_ctx_message[0] = 0;
  assert_int_equal(archive_open(&b.ctx, "f", b.settings, &archive), STAGE_CORRUPT);
  assert_non_null(strstr(test_ctx_message, "/f: is missing"));
  struct documents documents = {0};
  documents_fill(&documents, 10, 0, 5);
  bench_write(&b, &documents, "");
  settings = small_settings;
  settings.kinds = 1u << STAGE_TREE;
  test_ctx_message[0] = 0;
  assert_int_equal(archive_open(&b.ctx, "f", &settings, &archive), STAGE_UNSUPPORTED);
  assert_non_null(strstr(test_ctx_message, "kinds"));
  documents_free(&documents);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_disk_full),   cmocka_unit_test(test_commit_again),
      cmocka_unit_test(test_two_builders),  cmocka_unit_test(test_two_writers), cmocka_unit_test(test_read_only),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
