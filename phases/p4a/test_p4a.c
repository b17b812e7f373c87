/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage_check.h"
#include "kit/testing/test_ctx.h"
#include "kit/testing/test_random.h"
#include "tier.h"

enum { HOT, SHARE, WARM, COLD, OPTIONS };

struct fixture {
  char directory[256];
  uint64_t options[OPTIONS];
  struct stage_ctx ctx;
  struct check_blob_store below;
  const struct stage_ops *ops;
  void *store;
};

static void store_open(struct fixture *f, bool is_reopened) {
  f->ops = phasebench_stage();
  f->ctx = test_ctx();
  f->ctx.directory = f->directory;
  f->ctx.options = f->options;
  f->ctx.is_reopened = is_reopened;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++)
    f->ctx.below[kind] = (struct stage_link){check_blob_store_ops(), &f->below};
  assert_int_equal(f->ops->open(&f->ctx, &f->store), STAGE_OK);
}

static void fixture_open(struct fixture *f) {
  const char *parent = getenv("TMPDIR");
  memset(f, 0, sizeof *f);
  test_ctx_live = 0;
  test_ctx_grants = -1;
  snprintf(f->directory, sizeof f->directory, "%s/test_p4a.XXXXXX", parent && parent[0] ? parent : "/var/tmp");
  assert_non_null(mkdtemp(f->directory));
  for (uint32_t o = 0; o < OPTIONS; o++) f->options[o] = phasebench_stage()->options[o].value;
  f->options[SHARE] = 1;
  store_open(f, false);
}

static void below_forget(struct fixture *f) {
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = 0; id < CHECK_DOCUMENTS_MAX; id++) {
      free(f->below.kept[kind][id].p);
      f->below.kept[kind][id] = (struct check_bytes){NULL, 0};
    }
  }
}

static void fixture_close(struct fixture *f) {
  char path[512];
  f->ops->close(f->store);
  assert_int_equal(test_ctx_live, 0);
  assert_int_equal(f->below.pins, 0);
  below_forget(f);
  snprintf(path, sizeof path, "%s/p4a.frames", f->directory);
  unlink(path);
  assert_int_equal(rmdir(f->directory), 0); /* nothing else is left */
}

/* A process that ends and another that begins. */
static void fixture_reopen(struct fixture *f) {
  f->ops->close(f->store);
  assert_int_equal(test_ctx_live, 0);
  below_forget(f);
  store_open(f, true);
}

static void put(struct fixture *f, enum stage_kind kind, uint32_t id, const void *bytes, size_t length) {
  assert_int_equal(f->ops->put(f->store, kind, id, bytes, length, NULL), STAGE_OK);
}

static void check_is(struct fixture *f, enum stage_kind kind, uint32_t id, const void *bytes, size_t length) {
  struct stage_pin pin;
  uint64_t is;
  assert_int_equal(f->ops->length(f->store, kind, id, &is), STAGE_OK);
  assert_int_equal(is, length);
  assert_int_equal(f->ops->pin(f->store, kind, id, 0, length, &pin), STAGE_OK);
  assert_int_equal(pin.length, length);
  if (length > 0) assert_memory_equal(pin.bytes, bytes, length);
  assert_int_equal(f->ops->unpin(f->store, kind, &pin), STAGE_OK);
}

static void check_is_gone(struct fixture *f, enum stage_kind kind, uint32_t id) {
  struct stage_pin pin;
  uint64_t length;
  assert_int_equal(f->ops->length(f->store, kind, id, &length), STAGE_NO_DOCUMENT);
  assert_int_equal(f->ops->pin(f->store, kind, id, 0, 0, &pin), STAGE_NO_DOCUMENT);
  assert_int_equal(f->ops->drop(f->store, kind, id), STAGE_NO_DOCUMENT);
}

static struct found {
  double value;
  bool is_there;
} found;
static const char *wanted;

static void find_stat(void *sink, const char *name, const char *unit, double value) {
  (void)sink, (void)unit;
  if (strcmp(name, wanted) == 0) found = (struct found){value, true};
}

static double stat_of(struct fixture *f, const char *name) {
  wanted = name;
  found = (struct found){0};
  f->ops->stats(f->store, find_stat, NULL);
  assert_true(found.is_there);
  return found.value;
}

/* ---- a model: documents as they should be, and random steps ---- */

enum { DOCUMENTS = 40, BYTES_MAX = 150000 };

struct model {
  uint8_t *bytes[STAGE_KIND_COUNT][DOCUMENTS];
  uint32_t length[STAGE_KIND_COUNT][DOCUMENTS];
};

static void model_put(struct fixture *f, struct model *model, uint64_t *random) {
  int kind = (int)test_random(random, STAGE_KIND_COUNT);
  uint32_t id = test_random(random, DOCUMENTS);
  uint32_t length = test_random(random, test_random(random, 8) == 0 ? BYTES_MAX : 3000);
  uint8_t *bytes = malloc(length + 1), seed = (uint8_t)test_random(random, 256);
  for (uint32_t i = 0; i < length; i++) bytes[i] = (uint8_t)(i % 61 == 0 ? test_random(random, 256) : seed + i % 7);
  put(f, (enum stage_kind)kind, id, bytes, length);
  free(model->bytes[kind][id]);
  model->bytes[kind][id] = bytes;
  model->length[kind][id] = length;
}

static void model_check(struct fixture *f, const struct model *model, int kind, uint32_t id) {
  if (model->bytes[kind][id]) check_is(f, (enum stage_kind)kind, id, model->bytes[kind][id], model->length[kind][id]);
  else check_is_gone(f, (enum stage_kind)kind, id);
}

static void model_drop(struct fixture *f, struct model *model, int kind, uint32_t id) {
  int expected = model->bytes[kind][id] ? STAGE_OK : STAGE_NO_DOCUMENT;
  assert_int_equal(f->ops->drop(f->store, (enum stage_kind)kind, id), expected);
  free(model->bytes[kind][id]);
  model->bytes[kind][id] = NULL;
}

static void model_check_all(struct fixture *f, const struct model *model) {
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = 0; id < DOCUMENTS; id++) model_check(f, model, kind, id);
  }
}

static void model_free(struct model *model) {
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (uint32_t id = 0; id < DOCUMENTS; id++) free(model->bytes[kind][id]);
  }
}

/* A pinned string stays what it was, whatever happens meanwhile. */
struct held {
  struct stage_pin pin;
  int kind;
  uint8_t *copy;
};

static void held_take(struct fixture *f, const struct model *model, struct held *held, int kind, uint32_t id) {
  if (held->copy || !model->bytes[kind][id]) return;
  uint32_t length = model->length[kind][id];
  assert_int_equal(f->ops->pin(f->store, (enum stage_kind)kind, id, length / 3, length - length / 3, &held->pin),
                   STAGE_OK);
  held->copy = malloc(held->pin.length + 1);
  memcpy(held->copy, held->pin.bytes, held->pin.length);
  held->kind = kind;
}

static void held_let_go(struct fixture *f, struct held *held) {
  if (!held->copy) return;
  assert_memory_equal(held->pin.bytes, held->copy, held->pin.length);
  f->ops->unpin(f->store, (enum stage_kind)held->kind, &held->pin);
  free(held->copy);
  held->copy = NULL;
}

static void random_steps_give_what_was_put(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 6; seed++) {
    struct fixture f;
    struct model model = {0};
    struct held held = {0};
    uint64_t random = seed * 0x9e3779b97f4a7c15ull;
    fixture_open(&f);
    f.options[HOT] = seed % 2 ? 20000 : 0;
    f.options[WARM] = seed % 3 ? 50000 : 0;
    f.ops->close(f.store);
    store_open(&f, false);
    for (int step = 0; step < 3000; step++) {
      int kind = (int)test_random(&random, STAGE_KIND_COUNT);
      uint32_t id = test_random(&random, DOCUMENTS);
      switch (test_random(&random, 64)) {
        case 0:
          assert_int_equal(f.ops->finalize(f.store), STAGE_OK);
          break;
        case 1:
          f.ops->evict(f.store);
          break;
        case 2:
        case 3:
          model_drop(&f, &model, kind, id);
          break;
        case 4:
        case 5:
        case 6:
        case 7:
          model_put(&f, &model, &random);
          break;
        case 8:
          held_take(&f, &model, &held, kind, id);
          break;
        case 9:
          held_let_go(&f, &held);
          break;
        case 10:
          if (test_random(&random, 4) != 0) break;
          held_let_go(&f, &held);
          assert_int_equal(f.ops->finalize(f.store), STAGE_OK);
          assert_int_equal(f.ops->commit(f.store, "catalogue", 9), STAGE_OK);
          fixture_reopen(&f);
          break;
        default:
          model_check(&f, &model, kind, id % (test_random(&random, 2) ? 5 : DOCUMENTS));
      }
    }
    held_let_go(&f, &held);
    model_check_all(&f, &model);
    model_free(&model);
    fixture_close(&f);
  }
}

/* ---- tiers ---- */

static void documents_cold_open_and_cool(void **state) {
  (void)state;
  enum { BYTES = 10000 };
  struct fixture f;
  static uint8_t bytes[8][BYTES];
  fixture_open(&f);
  f.options[HOT] = 2 * BYTES + 500;
  f.options[WARM] = 3 * BYTES;
  f.ops->close(f.store);
  store_open(&f, false);
  for (uint32_t id = 0; id < 8; id++) {
    for (int i = 0; i < BYTES; i++) bytes[id][i] = (uint8_t)((i * (int)(id + 3)) >> 4);
    put(&f, STAGE_SOURCE, id, bytes[id], BYTES);
  }
  assert_int_equal(f.ops->finalize(f.store), STAGE_OK);
  assert_int_equal(stat_of(&f, "source_archive"), 8);
  for (uint32_t id = 0; id < 8; id++) check_is(&f, STAGE_SOURCE, id, bytes[id], BYTES);
  assert_int_equal(stat_of(&f, "source_cold_opens"), 8);
  assert_int_equal(stat_of(&f, "source_hot_to_cold"), 6); /* one pass warms nothing */
  assert_int_equal(stat_of(&f, "source_hot_to_warm"), 0);
  for (int again = 0; again < 2; again++) check_is(&f, STAGE_SOURCE, 7, bytes[7], BYTES);
  assert_int_equal(stat_of(&f, "source_hot_hits"), 2);
  check_is(&f, STAGE_SOURCE, 0, bytes[0], BYTES);
  check_is(&f, STAGE_SOURCE, 1, bytes[1], BYTES); /* 7 makes room, and was used again: warm */
  assert_int_equal(stat_of(&f, "source_hot_to_warm"), 1);
  assert_int_equal(stat_of(&f, "source_warm_bytes"), BYTES);
  assert_non_null(f.below.kept[STAGE_SOURCE][7].p);
  check_is(&f, STAGE_SOURCE, 7, bytes[7], BYTES);
  assert_int_equal(stat_of(&f, "source_warm_hits"), 1);
  assert_int_equal(stat_of(&f, "source_cold_opens"), 10);
  f.ops->evict(f.store);
  assert_null(f.below.kept[STAGE_SOURCE][7].p);
  assert_int_equal(stat_of(&f, "source_hot_bytes"), 0);
  check_is(&f, STAGE_SOURCE, 7, bytes[7], BYTES);
  fixture_close(&f);
}

/* What was put after finalizing is only below until the next finalizing: no budget drops it. */
static void news_outlive_any_budget(void **state) {
  (void)state;
  struct fixture f;
  char text[64];
  fixture_open(&f);
  for (uint32_t id = 0; id < 20; id++) put(&f, STAGE_TREE, id, "old", 3);
  assert_int_equal(f.ops->finalize(f.store), STAGE_OK);
  for (uint32_t id = 0; id < 20; id++) put(&f, STAGE_TREE, id, text, (size_t)sprintf(text, "new version %u", id));
  f.ops->evict(f.store);
  for (uint32_t id = 0; id < 20; id++) check_is(&f, STAGE_TREE, id, text, (size_t)sprintf(text, "new version %u", id));
  assert_int_equal(f.ops->commit(f.store, "", 0), STAGE_MISUSE);
  assert_int_equal(f.ops->finalize(f.store), STAGE_OK);
  for (uint32_t id = 0; id < 20; id++) {
    assert_null(f.below.kept[STAGE_TREE][id].p);
    check_is(&f, STAGE_TREE, id, text, (size_t)sprintf(text, "new version %u", id));
  }
  fixture_close(&f);
}

/* ---- another process ---- */

static void a_committed_store_is_there_again(void **state) {
  (void)state;
  struct fixture f;
  struct stage_pin pin;
  fixture_open(&f);
  put(&f, STAGE_SOURCE, 0, "int a;\n", 7);
  put(&f, STAGE_SOURCE, 3, "", 0);
  put(&f, STAGE_TREE, 3, "tree", 4);
  assert_int_equal(f.ops->catalogue(f.store, &pin), STAGE_NO_DOCUMENT);
  assert_int_equal(f.ops->finalize(f.store), STAGE_OK);
  assert_int_equal(f.ops->commit(f.store, "names of files", 14), STAGE_OK);
  fixture_reopen(&f);
  assert_int_equal(f.ops->catalogue(f.store, &pin), STAGE_OK);
  assert_int_equal(pin.length, 14);
  assert_memory_equal(pin.bytes, "names of files", 14);
  assert_int_equal(f.ops->unpin(f.store, STAGE_TREE, &pin), STAGE_OK);
  check_is(&f, STAGE_SOURCE, 0, "int a;\n", 7);
  check_is(&f, STAGE_SOURCE, 3, "", 0);
  check_is(&f, STAGE_TREE, 3, "tree", 4);
  check_is_gone(&f, STAGE_TREE, 0);
  assert_int_equal(f.ops->drop(f.store, STAGE_SOURCE, 0), STAGE_OK);
  put(&f, STAGE_SOURCE, 3, "later", 5);
  fixture_reopen(&f); /* not committed: as before */
  check_is(&f, STAGE_SOURCE, 0, "int a;\n", 7);
  check_is(&f, STAGE_SOURCE, 3, "", 0);
  fixture_close(&f);
}

static void nothing_to_reopen_is_said(void **state) {
  (void)state;
  struct fixture f;
  struct stage_ctx ctx;
  void *store;
  fixture_open(&f);
  ctx = f.ctx;
  ctx.is_reopened = true;
  assert_int_equal(f.ops->open(&ctx, &store), STAGE_CORRUPT);
  assert_non_null(strstr(test_ctx_message, "p4a.frames"));
  fixture_close(&f);
}

/* ---- the file ---- */

static void the_cold_budget_is_kept(void **state) {
  (void)state;
  static uint8_t bytes[400000];
  struct fixture f;
  uint64_t random = 5;
  fixture_open(&f);
  f.options[COLD] = 100000;
  f.ops->close(f.store);
  store_open(&f, false);
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)test_random(&random, 256);
  put(&f, STAGE_SOURCE, 0, bytes, sizeof bytes);
  put(&f, STAGE_SOURCE, 1, bytes + 1, sizeof bytes - 1);
  assert_int_equal(f.ops->finalize(f.store), STAGE_LIMIT);
  assert_non_null(strstr(test_ctx_message, "cold_bytes=100000"));
  check_is(&f, STAGE_SOURCE, 0, bytes, sizeof bytes); /* nothing is lost */
  fixture_close(&f);
}

/* A disk that is full: nothing can be written beyond a few KiB. */
static void a_full_disk_is_said_and_nothing_lost(void **state) {
  (void)state;
  static uint8_t bytes[300000];
  struct fixture f;
  struct rlimit limit, small = {16384, RLIM_INFINITY};
  uint64_t random = 9;
  fixture_open(&f);
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)test_random(&random, 256);
  put(&f, STAGE_SOURCE, 0, bytes, 50000);
  getrlimit(RLIMIT_FSIZE, &limit);
  small.rlim_max = limit.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  assert_int_equal(f.ops->finalize(f.store), STAGE_IO);
  assert_non_null(strstr(test_ctx_message, f.directory));
  check_is(&f, STAGE_SOURCE, 0, bytes, 50000);
  assert_int_equal(f.ops->put(f.store, STAGE_SOURCE, 1, bytes, sizeof bytes, NULL), STAGE_IO);
  setrlimit(RLIMIT_FSIZE, &limit);
  check_is(&f, STAGE_SOURCE, 0, bytes, 50000);
  put(&f, STAGE_SOURCE, 1, bytes, sizeof bytes);
  assert_int_equal(f.ops->finalize(f.store), STAGE_OK);
  check_is(&f, STAGE_SOURCE, 0, bytes, 50000);
  check_is(&f, STAGE_SOURCE, 1, bytes, sizeof bytes);
  fixture_close(&f);
}

static void corrupt_frames_are_errors_of_their_documents(void **state) {
  (void)state;
  static uint8_t bytes[2][200000];
  struct fixture f;
  char path[512];
  uint64_t random = 11;
  fixture_open(&f);
  for (int d = 0; d < 2; d++) {
    for (size_t i = 0; i < sizeof bytes[0]; i++) bytes[d][i] = (uint8_t)test_random(&random, 256);
    put(&f, STAGE_SOURCE, (uint32_t)d, bytes[d], sizeof bytes[d]);
  }
  assert_int_equal(f.ops->finalize(f.store), STAGE_OK);
  assert_int_equal(f.ops->commit(f.store, "", 0), STAGE_OK);
  snprintf(path, sizeof path, "%s/p4a.frames", f.directory);
  int file = open(path, O_WRONLY);
  assert_true(file >= 0);
  assert_int_equal(pwrite(file, "corrupt", 7, 8192 + 1000), 7); /* in the first segment */
  close(file);
  struct stage_pin pin;
  f.ops->evict(f.store);
  assert_int_equal(f.ops->pin(f.store, STAGE_SOURCE, 0, 0, 1, &pin), STAGE_CORRUPT);
  assert_non_null(strstr(test_ctx_message, "p4a.frames"));
  check_is(&f, STAGE_SOURCE, 1, bytes[1], sizeof bytes[1]);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_steps_give_what_was_put),
      cmocka_unit_test(documents_cold_open_and_cool),
      cmocka_unit_test(news_outlive_any_budget),
      cmocka_unit_test(a_committed_store_is_there_again),
      cmocka_unit_test(nothing_to_reopen_is_said),
      cmocka_unit_test(the_cold_budget_is_kept),
      cmocka_unit_test(a_full_disk_is_said_and_nothing_lost),
      cmocka_unit_test(corrupt_frames_are_errors_of_their_documents),
  };
  return cmocka_run_group_tests_name("p4a", tests, NULL, NULL);
}
