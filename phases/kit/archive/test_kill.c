/* SPDX-License-Identifier: MIT
 *
 * A process that builds, appends to and commits an archive file over and over is killed at random
 * moments; each time the file has exactly the documents of one commit: the last one that the
 * process told of, or the one after that. */
#include "test_archive.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define KILLS 120
#define IDS 40u

/* What generation h does with a document: nothing, drop it, or give it new bytes. */
enum deed { DEED_NONE, DEED_DROP, DEED_SET };

static enum deed deed_of(uint32_t id, uint32_t generation, uint64_t *seed) {
  *seed = ((uint64_t)id << 32 | generation) * 2 + 1;
  if (test_random(seed, 3) > 0) return DEED_NONE;
  return test_random(seed, 5) == 0 ? DEED_DROP : DEED_SET;
}

static void deed_do(struct documents *documents, uint32_t id, uint32_t generation) {
  uint64_t seed;
  enum deed deed = deed_of(id, generation, &seed);
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    if (deed == DEED_SET) documents_set(documents, (enum stage_kind)kind, id, test_random(&seed, 6000), &seed);
    if (deed == DEED_DROP) documents_drop(documents, (enum stage_kind)kind, id);
  }
}

/* As it is after a generation. */
static void documents_of(struct documents *documents, uint32_t generation) {
  documents_free(documents);
  for (uint32_t id = 0; id < IDS; id++) {
    uint64_t seed;
    uint32_t last = generation;
    while (last > 0 && deed_of(id, last, &seed) == DEED_NONE) last--;
    if (last > 0) deed_do(documents, id, last);
  }
}

static int generation_append(struct bench *b, struct documents *documents, uint32_t generation) {
  int error = archive_begin(b->archive);
  for (uint32_t id = 0; id < IDS && !error; id++) {
    uint64_t seed;
    enum deed deed = deed_of(id, generation, &seed);
    deed_do(documents, id, generation);
    for (unsigned kind = 0; kind < STAGE_KIND_COUNT && !error; kind++) {
      const struct document *d = &documents->table[kind][id];
      if (deed == DEED_SET) error = archive_add(b->archive, (enum stage_kind)kind, id, d->bytes, d->kept, d->length);
      if (deed == DEED_DROP) error = archive_drop(b->archive, (enum stage_kind)kind, id);
      if (error == STAGE_NO_DOCUMENT) error = STAGE_OK;
    }
  }
  if (!error) error = archive_finish(b->archive);
  if (!error) error = archive_commit(b->archive, &generation, sizeof generation);
  return error;
}

/* Builds anew or appends, from `generation` on, until it is killed; tells of each commit. */
static void writer(struct bench *b, uint32_t generation, bool is_anew, int pipe_end) {
  static struct documents documents;
  b->ctx.is_reopened = !is_anew;
  if (archive_open(&b->ctx, "f", b->settings, &b->archive) != STAGE_OK) _exit(3);
  documents_of(&documents, generation);
  if (is_anew) { /* of everything before and of this one */
    int error = archive_begin(b->archive);
    for (uint32_t id = 0; id < IDS && !error; id++) {
      for (unsigned kind = 0; kind < STAGE_KIND_COUNT && !error; kind++) {
        const struct document *d = &documents.table[kind][id];
        if (d->bytes) error = archive_add(b->archive, (enum stage_kind)kind, id, d->bytes, d->kept, d->length);
      }
    }
    if (!error) error = archive_finish(b->archive);
    if (!error) error = archive_commit(b->archive, &generation, sizeof generation);
    if (error) _exit(4);
  } else if (generation_append(b, &documents, generation) != STAGE_OK) {
    _exit(5);
  }
  for (;; generation++) {
    if (write(pipe_end, &generation, sizeof generation) != sizeof generation) _exit(6);
    if (generation_append(b, &documents, generation + 1) != STAGE_OK) _exit(7);
  }
}

/* Runs a writer for some time; the last generation that it told of, or `told`. */
static uint32_t run_and_kill(struct bench *b, uint32_t told, bool is_anew, uint32_t microseconds) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    close(ends[0]);
    writer(b, told + 1, is_anew, ends[1]);
  }
  close(ends[1]);
  nanosleep(&(struct timespec){.tv_nsec = (long)microseconds * 1000}, NULL);
  kill(child, SIGKILL);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFSIGNALED(status)) fail_msg("the writer failed: %d", WIFEXITED(status) ? WEXITSTATUS(status) : status);
  for (uint32_t generation; read(ends[0], &generation, sizeof generation) == sizeof generation;) told = generation;
  close(ends[0]);
  return told;
}

/* The generation that the file has; everything of it is right. */
static uint32_t generation_check(struct bench *b, struct documents *documents) {
  uint32_t generation;
  b->ctx.is_reopened = true;
  test_ctx_message[0] = 0;
  if (archive_open(&b->ctx, "f", b->settings, &b->archive) != STAGE_OK) fail_msg("%s", test_ctx_message);
  assert_int_equal(archive_catalogue_bytes(b->archive), sizeof generation);
  assert_int_equal(archive_catalogue(b->archive, (uint8_t *)&generation), STAGE_OK);
  documents_of(documents, generation);
  documents_check(documents, b->archive);
  /* A head that was being written is the only thing that may be corrupt: the other one counts. */
  if (archive_verify(b->archive) != STAGE_OK) assert_non_null(strstr(test_ctx_message, "head"));
  archive_close(b->archive);
  b->archive = NULL;
  return generation;
}

static void test_kill(void **state) {
  (void)state;
  struct bench b;
  static struct documents documents;
  uint64_t seed = 1;
  uint32_t told = 0, kills_before = 0, kills_after = 0, kills_building = 0;
  bench_open(&b, &small_settings);
  archive_close(b.archive);
  b.archive = NULL;
  for (int i = 0; i < KILLS; i++) {
    bool has_file = access(bench_path(&b, ""), F_OK) == 0, is_anew = !has_file || i % 4 == 0;
    uint32_t before = told;
    told = run_and_kill(&b, told, is_anew, test_random(&seed, 40000));
    if (access(bench_path(&b, ""), F_OK) != 0) {
      assert_int_equal(told, 0); /* never committed */
      continue;
    }
    uint32_t found = generation_check(&b, &documents);
    if (found != told) assert_int_equal(found, told + 1); /* committed, and killed before it told */
    if (found != told) kills_after++;
    else if (found == before) kills_building += is_anew, kills_before++;
    told = found;
  }
  print_message(
      "%u commits; killed before the first of a run %u times, of these %u in a build; between a commit and "
      "telling %u times\n",
      told, kills_before, kills_building, kills_after);
  assert_true(told > 0 && kills_before > 0);
  unlink(bench_path(&b, ".new")); /* of a builder that was killed */
  documents_free(&documents);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
