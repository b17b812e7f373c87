/* SPDX-License-Identifier: MIT
 *
 * fixture.h - for the tests: p4b over a blob store that lies in plain memory, and real files in a
 * folder of their own. */
#ifndef PHASEBENCH_P4B_FIXTURE_H
#define PHASEBENCH_P4B_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage_check.h"
#include "kit/testing/test_ctx.h"
#include "maps.h"

struct fixture {
  struct stage_ctx ctx;
  struct check_blob_store blob_store;
  uint64_t options[MAPS_OPTION_COUNT];
  void *store;
};

static char fixture_folder[1024];

static inline int fixture_folder_make(void **state) {
  (void)state;
  const char *parent = getenv("TMPDIR");
  snprintf(fixture_folder, sizeof fixture_folder, "%.900s/p4b-test-XXXXXX", parent && parent[0] ? parent : "/var/tmp");
  return mkdtemp(fixture_folder) ? 0 : -1;
}

static inline int fixture_folder_remove(void **state) {
  (void)state;
  char command[1100];
  snprintf(command, sizeof command, "rm -r '%s'", fixture_folder);
  return system(command);
}

/* ---- files ---- */

/* The path of a file of the folder; valid until the eighth call from now. */
static inline const char *file_path(const char *name) {
  static char paths[8][1200];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", fixture_folder, name);
  return path;
}

/* Writes over the file that is there: the same inode. */
static inline const char *file_write(const char *name, const void *bytes, size_t length) {
  const char *path = file_path(name);
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(file >= 0);
  assert_int_equal(write(file, bytes, length), (ssize_t)length);
  close(file);
  return path;
}

/* Lines of numbers, another text for each seed. The caller frees. */
static inline char *text_make(unsigned seed, size_t length) {
  char *text = malloc(length + 32);
  assert_non_null(text);
  for (size_t at = 0; at < length;) at += (size_t)sprintf(text + at, "int n%x = %u;\n", seed, (unsigned)at * 7 + seed);
  return text;
}

static inline void file_set_modified(const char *path, time_t seconds) {
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};
  assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* ---- the store ---- */

static inline void fixture_open_over(struct fixture *f, const struct stage_ops *ops, void *store) {
  const struct stage_ops *p4b = phasebench_stage();
  memset(f, 0, sizeof *f);
  f->ctx = test_ctx();
  for (uint32_t i = 0; i < p4b->option_count; i++) f->options[i] = p4b->options[i].value;
  f->ctx.options = f->options;
  f->ctx.below[STAGE_SOURCE] =
      ops ? (struct stage_link){ops, store} : (struct stage_link){check_blob_store_ops(), &f->blob_store};
  assert_int_equal(p4b->open(&f->ctx, &f->store), STAGE_OK);
}

static inline void fixture_open(struct fixture *f) { fixture_open_over(f, NULL, NULL); }

static inline void fixture_close(struct fixture *f) {
  phasebench_stage()->close(f->store);
  assert_int_equal(f->blob_store.pins, 0);
  for (int i = 0; i < CHECK_DOCUMENTS_MAX; i++) free(f->blob_store.kept[STAGE_SOURCE][i].p);
}

static inline void put(struct fixture *f, uint32_t id, const char *text, size_t length, const char *path) {
  assert_int_equal(phasebench_stage()->put(f->store, STAGE_SOURCE, id, text, length, path), STAGE_OK);
}

static inline int pin(struct fixture *f, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *out) {
  test_ctx_message[0] = '\0';
  return phasebench_stage()->pin(f->store, STAGE_SOURCE, id, offset, length, out);
}

static inline int unpin(struct fixture *f, struct stage_pin *out) {
  test_ctx_message[0] = '\0';
  return phasebench_stage()->unpin(f->store, STAGE_SOURCE, out);
}

static inline void evict(struct fixture *f) { phasebench_stage()->evict(f->store); }

/* The document comes back, byte for byte. */
static inline void check_is(struct fixture *f, uint32_t id, const char *text, size_t length) {
  uint64_t got;
  struct stage_pin p;
  assert_int_equal(phasebench_stage()->length(f->store, STAGE_SOURCE, id, &got), STAGE_OK);
  assert_int_equal(got, length);
  int error = pin(f, id, 0, length, &p);
  if (error) fail_msg("document %u: error %d: %s", id, error, test_ctx_message);
  assert_int_equal(p.length, length);
  assert_true(length == 0 || memcmp(p.bytes, text, length) == 0);
  assert_int_equal(unpin(f, &p), STAGE_OK);
}

/* A pin fails so, and the message has the words. */
static inline void check_refused(struct fixture *f, uint32_t id, uint64_t length, int error, const char *words) {
  struct stage_pin p;
  int got = pin(f, id, 0, length, &p);
  if (got != error || !strstr(test_ctx_message, words))
    fail_msg("document %u: error %d, expected %d; '%s', expected '%s'", id, got, error, test_ctx_message, words);
}

struct fixture_stat {
  const char *name;
  double value;
};

static inline void fixture_take_stat(void *sink, const char *name, const char *unit, double value) {
  struct fixture_stat *stat = sink;
  (void)unit;
  if (strcmp(name, stat->name) == 0) stat->value = value;
}

static inline unsigned stat_of(struct fixture *f, const char *name) {
  struct fixture_stat stat = {name, -1};
  phasebench_stage()->stats(f->store, fixture_take_stat, &stat);
  if (stat.value < 0) fail_msg("there is no counter '%s'", name);
  return (unsigned)stat.value;
}

#endif
