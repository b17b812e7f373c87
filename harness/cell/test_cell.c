/* SPDX-License-Identifier: MIT
 *
 * Cells, run as `phasebench run` runs them: a specification, a fresh process, a file that
 * comes out.
 *
 * With arguments this program makes a specification and nothing else, for scripts:
 *   test_cell_cell spec FOLDER COMBINATION SPEC.json   (writes SPEC.json and SPEC.json.list) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/count.h"
#include "base/json_out.h"
#include "corpus/corpus.h"
#include "stage_check.h"
#include "spec.h"
#include "system/allocator.h"
#include "store/stage_list.h"

static bool write_spec(const char *folder, const char *combination, const char *path, struct fault *fault) {
  static struct cell_spec spec;
  struct corpus *corpus;
  memset(&spec, 0, sizeof spec);
  if (!combination_parse(combination, &spec.combination, fault)) return false;
  if (!corpus_open_directory(folder, NULL, &corpus, fault)) return false;
  char list_path[4096];
  snprintf(list_path, sizeof list_path, "%.4000s.list", path);
  spec.corpus_name = corpus->name;
  spec.corpus_root = corpus->root;
  spec.corpus_hash = corpus->content_hash;
  spec.list_path = list_path;
  spec.profile = "strict";
  spec.corpus_lines = corpus->lines;
  spec.corpus_bytes = corpus->bytes;
  spec.file_count = corpus->file_count;
  spec.language_count = corpus->language_count;
  spec.languages = calloc(corpus->language_count + 1, sizeof *spec.languages);
  for (size_t i = 0; i < corpus->language_count; i++) spec.languages[i] = corpus->languages[i].name;
  spec.seed = 1;
  bool good =
      cell_spec_write_list(spec.list_path, corpus, spec.list_hash, fault) && cell_spec_write(path, &spec, fault);
  free(spec.languages);
  corpus_close(corpus);
  return good;
}

static int make_spec(char **argv) {
  struct fault fault = {0};
  if (write_spec(argv[2], argv[3], argv[4], &fault)) return 0;
  fprintf(stderr, "%s\n", fault.message);
  return (int)fault.code;
}

/* ---- running a cell ---- */

static char folder[256];

static void put_file(const char *name, const char *text, size_t bytes) {
  char path[512];
  snprintf(path, sizeof path, "%s/corpus/%s", folder, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, bytes, file), bytes);
  assert_int_equal(fclose(file), 0);
}

/* The texts that stages are tested with, an empty file, a deep and a wide one. */
static int make_corpus(void **state) {
  (void)state;
  static const struct {
    const char *language, *ending;
  } endings[] = {{"c", "c"},       {"python", "py"},     {"javascript", "js"}, {"rust", "rs"}, {"go", "go"},
                 {"java", "java"}, {"typescript", "ts"}, {"tsx", "tsx"},       {"cpp", "cpp"}};
  char path[512];
  snprintf(folder, sizeof folder, "%s/phasebench-cell-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/corpus", folder);
  if (mkdir(path, 0700)) return -1;
  for (unsigned i = 0; i < COUNT(check_texts); i++) {
    unsigned e = 0;
    while (strcmp(endings[e].language, check_texts[i].language) != 0) e++;
    snprintf(path, sizeof path, "text%u.%s", i, endings[e].ending);
    put_file(path, check_texts[i].text, strlen(check_texts[i].text));
  }
  size_t bytes;
  char *text = check_deep_text(5000, &bytes);
  put_file("deep.js", text, bytes);
  free(text);
  text = check_wide_text(3000, &bytes);
  put_file("wide.js", text, bytes);
  free(text);
  return 0;
}

static int remove_corpus(void **state) {
  (void)state;
  char command[512];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void specify(const char *combination) {
  char corpus[512], spec[512];
  struct fault fault = {0};
  snprintf(corpus, sizeof corpus, "%s/corpus", folder);
  snprintf(spec, sizeof spec, "%s/spec.json", folder);
  if (!write_spec(corpus, combination, spec, &fault)) fail_msg("%s", fault.message);
}

/* Runs the cell that spec.json tells of; gives its exit code, and what it wrote (NULL: nothing). */
static int run_cell(cJSON **out) {
  char spec[512], path[512];
  const char *program = getenv("PHASEBENCH");
  assert_non_null(program);
  snprintf(spec, sizeof spec, "%s/spec.json", folder);
  snprintf(path, sizeof path, "%s/out.json", folder);
  unlink(path);
  pid_t child = fork();
  if (child == 0) {
    setenv("MALLOC_CONF", allocator_profile_conf("strict"), 1);
    execl(program, program, "cell", spec, path, (char *)NULL);
    _exit(127);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFEXITED(status)) fail_msg("the cell ended by signal %d", WTERMSIG(status));
  struct fault fault = {0};
  *out = NULL;
  if (access(path, F_OK) == 0 && !json_read_file(path, out, &fault)) fail_msg("%s", fault.message);
  return WEXITSTATUS(status);
}

static uint64_t number(const cJSON *object, const char *key) {
  struct fault fault = {0};
  uint64_t value = 0;
  if (!json_get_u64(object, key, "the cell", &value, &fault)) fail_msg("%s", fault.message);
  return value;
}

static const char *text_of(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  if (!cJSON_IsString(item)) fail_msg("'%s' is no text", key);
  return item->valuestring;
}

static const cJSON *member(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  if (!item) fail_msg("'%s' is missing", key);
  return item;
}

/* ---- tests ---- */

static bool is_sanitized(void) {
  const char *text = getenv("PHASEBENCH_SANITIZED");
  return text && strcmp(text, "1") == 0;
}

/* What is true of every good cell. */
static void check_good_cell(const cJSON *cell, bool instrument, bool uses_disk) {
  static const char *const names[] = {"start",  "ingested", "finalized", "purged",
                                      "walked", "served",   "edited",    "drained"};
  assert_string_equal(text_of(cell, "status"), "ok");
  assert_string_equal(text_of(cell, "kind"), instrument ? "instrument" : "measured");
  const cJSON *checkpoints = member(cell, "checkpoints");
  assert_int_equal(cJSON_GetArraySize(checkpoints), 8);
  for (int i = 0; i < 8; i++) {
    const cJSON *checkpoint = cJSON_GetArrayItem(checkpoints, i);
    assert_string_equal(text_of(checkpoint, "name"), names[i]);
    assert_true(number(checkpoint, "rss_bytes") > 1000000);
    if (!uses_disk) assert_int_equal(number(checkpoint, "disk_bytes"), 0);
    if (uses_disk && i >= 2 && i < 7)
      assert_true(number(checkpoint, "disk_bytes") > 0); /* finalized, and not drained */
    if (i > 0)
      assert_true(number(checkpoint, "elapsed_ns") > number(cJSON_GetArrayItem(checkpoints, i - 1), "elapsed_ns"));
  }
  assert_string_equal(text_of(member(cell, "proof"), "status"), instrument ? "not_applicable" : "passed");
  uint64_t accesses = 0, documents = 0;
  const cJSON *latency;
  cJSON_ArrayForEach(latency, member(cell, "latency")) {
    accesses += number(latency, "accesses");
    documents += number(latency, "documents");
  }
  assert_int_equal(accesses, 10000);
  assert_int_equal(documents, COUNT(check_texts) + 2);
}

static void check_proved(const cJSON *cell) {
  const cJSON *proof = member(cell, "proof");
  uint64_t documents = COUNT(check_texts) + 2, nodes = number(member(cell, "trees"), "nodes");
  assert_int_equal(number(member(cell, "timings"), "walked_nodes"), nodes);
  assert_true(nodes > 15000); /* the deep text alone has them */
  /* All are edited, and each is proved before and after its edit. */
  assert_int_equal(number(proof, "documents_compared"), 2 * documents);
  assert_true(number(proof, "nodes_compared") > nodes); /* as parsed, and as edited */
  assert_true(number(proof, "moves_compared") > number(proof, "nodes_compared"));
  assert_true(number(proof, "source_bytes_compared") > 50000);
  assert_int_equal(number(proof, "mismatches"), 0);
  assert_true(cJSON_IsNull(member(proof, "first_mismatch")));
}

/* The memory of every page is accounted for, and all of it comes back. */
static void check_accounts(const cJSON *cell) {
  if (is_sanitized()) return;
  const cJSON *checkpoint, *part;
  cJSON_ArrayForEach(checkpoint, member(cell, "checkpoints")) {
    double sum =
        member(checkpoint, "unexplained_bytes")->valuedouble - member(checkpoint, "untouched_bytes")->valuedouble;
    double heaps = 0;
    cJSON_ArrayForEach(part, member(checkpoint, "mappings")) {
      const char *owner = text_of(part, "owner");
      if (strcmp(owner, "anonymous") != 0 && strcmp(owner, "other") != 0) sum += (double)number(part, "rss_bytes");
    }
    cJSON_ArrayForEach(part, member(checkpoint, "heaps")) heaps += (double)number(part, "resident_bytes");
    sum += (double)number(member(checkpoint, "jemalloc"), "resident_bytes");
    assert_true(sum == (double)number(checkpoint, "rss_bytes"));
    assert_true(heaps == (double)number(member(checkpoint, "jemalloc"), "resident_bytes"));
    assert_true(member(checkpoint, "untouched_bytes")->valuedouble >= 0);
  }
  const cJSON *last = cJSON_GetArrayItem(member(cell, "checkpoints"), 7);
  cJSON_ArrayForEach(part, member(last, "heaps")) {
    const char *owner = text_of(part, "owner");
    if (strcmp(owner, "tree-sitter") == 0 || strcmp(owner, "planted") == 0)
      assert_int_equal(number(part, "allocated_bytes"), 0);
    if (strstr(owner, ".source")) assert_true(number(part, "allocated_bytes") < 10000); /* an empty table */
  }
  assert_string_equal(text_of(member(cell, "self_test"), "status"), "passed");
}

static void every_stage_passes(void **state) {
  (void)state;
  static struct stage_summary stages[32];
  struct fault fault = {0};
  unsigned count;
  assert_true(stage_list(stages, 32, &count, &fault));
  for (unsigned i = 0; i < count; i++) {
    print_message("cell: %s\n", stages[i].name);
    cJSON *cell;
    specify(stages[i].name);
    assert_int_equal(run_cell(&cell), 0);
    assert_non_null(cell);
    bool instrument = stages[i].flags & STAGE_KEEPS_NOTHING;
    check_good_cell(cell, instrument, stages[i].flags & STAGE_USES_DISK);
    if (!instrument) check_proved(cell);
    check_accounts(cell);
    cJSON_Delete(cell);
  }
}

static void check_bad_cell(int code, int expected_code, const cJSON *cell, const char *part) {
  assert_int_equal(code, expected_code);
  assert_non_null(cell);
  assert_string_equal(text_of(cell, "status"), "failed");
  if (!strstr(text_of(cell, "reason"), part)) fail_msg("expected '%s' in: %s", part, text_of(cell, "reason"));
  static const char *const figures[] = {"checkpoints", "trees",     "edits",      "timings",
                                        "latency",     "cold_open", "stage_stats"};
  for (int i = 0; i < 7; i++) assert_null(cJSON_GetObjectItemCaseSensitive(cell, figures[i]));
}

static void a_changed_file_fails_the_cell(void **state) {
  (void)state;
  cJSON *cell;
  specify("baseline");
  put_file("text3.c", "int main(void) { return 0; }\n", 29);
  int code = run_cell(&cell);
  check_bad_cell(code, EXIT_CODE_INPUT, cell, "text3.c: is shorter");
  cJSON_Delete(cell);
  put_file("text3.c", check_texts[3].text, strlen(check_texts[3].text));
  specify("baseline");
  /* A file that only grew was measured as if it had not, while a stage that maps it would have seen
   * what was added. */
  char *longer = NULL;
  assert_true(asprintf(&longer, "%s\n", check_texts[3].text) > 0);
  put_file("text3.c", longer, strlen(longer));
  free(longer);
  code = run_cell(&cell);
  check_bad_cell(code, EXIT_CODE_INPUT, cell, "text3.c: is longer");
  cJSON_Delete(cell);
  put_file("text3.c", check_texts[3].text, strlen(check_texts[3].text));
  specify("baseline");
  char *other = strdup(check_texts[3].text);
  other[0] ^= 1; /* of the same length */
  put_file("text3.c", other, strlen(other));
  free(other);
  code = run_cell(&cell);
  check_bad_cell(code, EXIT_CODE_INPUT, cell, "XXH3 differs");
  cJSON_Delete(cell);
  put_file("text3.c", check_texts[3].text, strlen(check_texts[3].text));
}

/* liar.so (testing/liar.c) does what LIAR says. */
static cJSON *run_liar(const char *lie, int *code) {
  char module[4096];
  cJSON *cell;
  snprintf(module, sizeof module, "%s/test_stages/liar.so", getenv("PHASEBENCH_BUILD_DIR"));
  specify(module);
  assert_int_equal(setenv("LIAR", lie, 1), 0);
  *code = run_cell(&cell);
  unsetenv("LIAR");
  return cell;
}

static void a_wrong_answer_fails_the_cell_and_publishes_nothing(void **state) {
  (void)state;
  int code;
  cJSON *cell = run_liar("walk: field", &code);
  check_bad_cell(code, EXIT_CODE_CELL_FAILED, cell, "proof failed");
  const cJSON *proof = member(cell, "proof");
  assert_string_equal(text_of(proof, "status"), "failed");
  assert_string_equal(text_of(member(proof, "first_mismatch"), "fact"), "walk: field");
  assert_true(number(proof, "mismatches") > 0);
  cJSON_Delete(cell);

  cell = run_liar("walk: a node less", &code);
  check_bad_cell(code, EXIT_CODE_CELL_FAILED, cell, "the batch walk gave");
  cJSON_Delete(cell);
  cell = run_liar("source: byte", &code);
  check_bad_cell(code, EXIT_CODE_CELL_FAILED, cell, "but other ones (XXH3 differs)");
  cJSON_Delete(cell);
  cell = run_liar("put: error", &code);
  check_bad_cell(code, EXIT_CODE_SYSTEM, cell, "a limit was exceeded: there is no room for document");
  cJSON_Delete(cell);
}

static void memory_without_an_owner_fails_the_cell(void **state) {
  (void)state;
  if (is_sanitized()) skip();
  int code;
  cJSON *cell = run_liar("memory: mapped", &code);
  check_bad_cell(code, EXIT_CODE_CELL_FAILED, cell, "bytes of memory have no owner");
  assert_non_null(strstr(text_of(cell, "reason"), "checkpoint 'start'"));
  cJSON_Delete(cell);
  cell = run_liar("memory: shared", &code);
  check_bad_cell(code, EXIT_CODE_CELL_FAILED, cell, "bytes of memory have no owner");
  cJSON_Delete(cell);
  cell = run_liar("nothing", &code); /* the module itself is sound */
  assert_int_equal(code, 0);
  cJSON_Delete(cell);
}

static void bytes_on_disk_are_counted(void **state) {
  (void)state;
  int code;
  cJSON *cell = run_liar("disk: a file", &code);
  assert_int_equal(code, 0);
  const cJSON *checkpoint;
  cJSON_ArrayForEach(checkpoint, member(cell, "checkpoints")) {
    uint64_t bytes = number(checkpoint, "disk_bytes"); /* a file system may need a block or two of its own */
    assert_in_range(bytes, 1 << 20, (1 << 20) + 65536);
  }
  cJSON_Delete(cell);
}

/* All that lies in the folder of the stages' files counts, once. The folder is gone afterwards. */
static void files_in_the_folder_are_counted(void **state) {
  (void)state;
  static const char *const lies[] = {"folder: closed", "folder: open", "folder: linked", "folder: below",
                                     "folder: mapped"};
  char place[512];
  snprintf(place, sizeof place, "%s/place", folder);
  assert_int_equal(mkdir(place, 0700), 0);
  char *before = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
  assert_int_equal(setenv("TMPDIR", place, 1), 0);
  for (size_t i = 0; i < COUNT(lies); i++) {
    int code;
    cJSON *cell = run_liar(lies[i], &code);
    if (code != 0) fail_msg("%s: %s", lies[i], text_of(cell, "reason"));
    const cJSON *checkpoint;
    cJSON_ArrayForEach(checkpoint, member(cell, "checkpoints")) {
      assert_in_range(number(checkpoint, "disk_bytes"), 1 << 20, (1 << 20) + 65536);
      const cJSON *mapping;
      cJSON_ArrayForEach(mapping, member(checkpoint, "mappings")) {
        bool is_files = strcmp(text_of(mapping, "owner"), "corpus") == 0;
        uint64_t expected = is_files && strcmp(lies[i], "folder: mapped") == 0 ? 1 << 20 : 0;
        if (is_files) assert_int_equal(number(mapping, "rss_bytes"), expected);
      }
    }
    cJSON_Delete(cell);
  }
  assert_int_equal(rmdir(place), 0); /* empty, or it fails */
  if (before) setenv("TMPDIR", before, 1);
  else unsetenv("TMPDIR");
  free(before);
}

static int64_t signed_number(const cJSON *object, const char *key) {
  const cJSON *item = member(object, key);
  if (!cJSON_IsNumber(item)) fail_msg("'%s' is no number", key);
  return (int64_t)item->valuedouble;
}

/* The k-th put of this stage costs its journal k bytes. */
static void journals_are_counted_by_document(void **state) {
  (void)state;
  int code;
  int64_t documents = COUNT(check_texts) + 2, sum = 0;
  for (int64_t k = 1; k <= documents; k++) sum += documents + k;
  cJSON *cell = run_liar("journal: counts", &code);
  assert_int_equal(code, 0);
  const cJSON *edits = member(cell, "edits");
  assert_string_equal(text_of(edits, "source"), "seeded");
  assert_int_equal(number(edits, "documents"), documents);
  assert_in_range(number(edits, "hunks"), documents, 3 * documents);
  assert_true(number(edits, "inserted_lines") > 0);
  assert_int_equal(signed_number(edits, "journal_source_bytes"), sum);
  assert_int_equal(signed_number(edits, "journal_source_p50_bytes"), documents + (documents + 1) / 2);
  assert_int_equal(signed_number(edits, "journal_source_p90_bytes"), documents + (9 * documents + 9) / 10);
  assert_int_equal(signed_number(edits, "journal_source_max_bytes"), 2 * documents);
  assert_true(cJSON_IsNull(member(edits, "journal_tree_bytes")));
  assert_non_null(strstr(text_of(member(edits, "missing"), "journal_tree_p50_bytes"), "journal_tree_bytes"));
  if (!is_sanitized()) assert_true(signed_number(edits, "heap_source_bytes") > -100000);
  cJSON_Delete(cell);
}

/* Such a stage's counters were asked for twice an edit; p3's are found by a look at all trees, which took a minute
 * above p2 for 200 edits in 400,000 lines. */
static void a_stage_without_a_journal_is_not_asked_at_each_edit(void **state) {
  (void)state;
  int code;
  cJSON *cell = run_liar("counters: asked", &code);
  assert_int_equal(code, 0);
  assert_true(number(member(cell, "edits"), "documents") > 1);
  const cJSON *stat, *found = NULL;
  cJSON_ArrayForEach(stat, member(cell, "stage_stats")) {
    if (strcmp(text_of(stat, "name"), "times_asked") == 0) found = stat;
  }
  assert_non_null(found);
  assert_int_equal(number(found, "value"), 2); /* whether it has a journal, and at the end */
  cJSON_Delete(cell);
}

static void a_bad_specification_is_refused(void **state) {
  (void)state;
  cJSON *cell;
  char path[512];
  specify("baseline");
  snprintf(path, sizeof path, "%s/spec.json", folder);
  assert_int_equal(truncate(path, 20), 0);
  assert_int_equal(run_cell(&cell), EXIT_CODE_INPUT);
  assert_null(cell);
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "spec") == 0) return make_spec(argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_stage_passes),
      cmocka_unit_test(a_changed_file_fails_the_cell),
      cmocka_unit_test(a_wrong_answer_fails_the_cell_and_publishes_nothing),
      cmocka_unit_test(memory_without_an_owner_fails_the_cell),
      cmocka_unit_test(journals_are_counted_by_document),
      cmocka_unit_test(a_stage_without_a_journal_is_not_asked_at_each_edit),
      cmocka_unit_test(bytes_on_disk_are_counted),
      cmocka_unit_test(files_in_the_folder_are_counted),
      cmocka_unit_test(a_bad_specification_is_refused),
  };
  return cmocka_run_group_tests(tests, make_corpus, remove_corpus);
}
