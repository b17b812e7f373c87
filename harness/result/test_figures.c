/* SPDX-License-Identifier: MIT
 *
 * Every figure of schema/figures.h is known to all: a real cell writes it, the reader reads it (and refuses the file
 * where it is no number), metrics name it with its unit, and results/result.schema.json requires it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/json_out.h"
#include "metrics.h"

/* Where figures of a table stand. */
struct place {
  const char *name;       /* for messages */
  const char *in_cell[3]; /* ways down from the cell to the object; "0": an array's first */
  const char *schema;     /* its member of "$defs" */
  const struct figure_row *rows;
  unsigned count;
  const char *prefix;     /* of the metrics */
  const char *checkpoint; /* of the metrics; NULL: of the whole cell */
  bool needs_jemalloc;
};
#define ROWS(table) table, COUNT(table)
static const struct place places[] = {
    {"probe", {"checkpoints", "0"}, "checkpoint", ROWS(probe_figures), "", "start", false},
    {"checkpoint", {"checkpoints", "0"}, "checkpoint", ROWS(checkpoint_figures), "", "start", false},
    {"jemalloc", {"checkpoints", "0", "jemalloc"}, "jemalloc", ROWS(jemalloc_figures), "", "start", true},
    {"trees", {"trees"}, "trees", ROWS(tree_figures), "", NULL, false},
    {"edits", {"edits"}, "edits", ROWS(edit_figures), "edit_", NULL, false},
    {"timings", {"timings"}, "timings", ROWS(timing_figures), "", NULL, false},
    {"latency", {"latency", "0"}, "latency_of_class", ROWS(latency_figures), "latency.hot.", NULL, false},
    {"cold open", {"cold_open", "parse"}, "cold_open_latency", ROWS(latency_figures), "cold_open.parse.", NULL, false},
    {"ratio",
     {"cold_open", "parse_over_tree_cached"},
     "cold_open_ratio",
     ROWS(ratio_figures),
     "cold_open.parse_over_tree_cached.",
     NULL,
     false},
};
enum { PLACE_COUNT = COUNT(places) };

static char folder[] = "/tmp/phasebench-figures-XXXXXX";
static char result_path[256];
static cJSON *root;

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...) {
  char command[2048];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(command, sizeof command, format, arguments);
  va_end(arguments);
  return system(command);
}

/* A corpus of many small files, so that every class has documents and some are not edited. */
static void write_corpus(void) {
  for (int i = 0; i < 240; i++) {
    char path[256];
    snprintf(path, sizeof path, "%s/code/f%d.c", folder, i);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (int line = 0; line < 5; line++) fprintf(out, "int f%d_%d(int a) { return a * %d; }\n", i, line, line);
    assert_int_equal(fclose(out), 0);
  }
}

static int measure(void **state) {
  (void)state;
  const char *program = getenv("PHASEBENCH"), *sanitized = getenv("PHASEBENCH_SANITIZED");
  struct fault fault = {0};
  if (!program || !mkdtemp(folder)) return -1;
  snprintf(result_path, sizeof result_path, "%s/r.json", folder);
  if (run("mkdir %s/code", folder)) return -1;
  write_corpus();
  if (run("'%s' run --dir %s/code --combos baseline,p1 --reps 1 --profile strict --no-instrument --quiet --output %s "
          "%s "
          "> %s/said",
          program, folder, result_path, sanitized && sanitized[0] == '1' ? "--allow-unfit-build" : "", folder))
    return -1;
  return json_read_file(result_path, &root, &fault) ? 0 : -1;
}

static int clean(void **state) {
  (void)state;
  cJSON_Delete(root);
  return run("rm -rf %s", folder);
}

/* ---- the way to an object ---- */

/* Cell 0 is whichever ran first; both are good. */
static cJSON *object_of(const struct place *place) {
  cJSON *at = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "cells"), 0);
  for (size_t i = 0; i < 3 && place->in_cell[i]; i++) {
    at = strcmp(place->in_cell[i], "0") == 0 ? cJSON_GetArrayItem(at, 0)
                                             : cJSON_GetObjectItemCaseSensitive(at, place->in_cell[i]);
  }
  return at;
}

static bool is_here(const struct place *place) { return !place->needs_jemalloc || cJSON_IsObject(object_of(place)); }

static cJSON *first_heap(void) {
  cJSON *checkpoint = object_of(&places[0]);
  return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(checkpoint, "heaps"), 0);
}

/* ---- what each of them knows ---- */

static void check_written(const char *where, const cJSON *object, const struct figure_row *rows, unsigned count) {
  assert_true(cJSON_IsObject(object));
  for (unsigned i = 0; i < count; i++) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, rows[i].key);
    bool good = cJSON_IsNumber(value) || (cJSON_IsNull(value) && (rows[i].flags & FIGURE_OR_NULL));
    if (!good) fail_msg("%s: a real cell does not write %s", where, rows[i].key);
  }
}

static void a_real_cell_writes_them(void **state) {
  (void)state;
  for (size_t p = 0; p < PLACE_COUNT; p++) {
    if (is_here(&places[p])) check_written(places[p].name, object_of(&places[p]), places[p].rows, places[p].count);
  }
  if (first_heap()) check_written("heap", first_heap(), ROWS(heap_figures));
}

/* Whether the result is refused, with words that name the key. */
static bool is_refused(const char *key) {
  char path[300];
  struct fault fault = {0};
  struct result *result;
  snprintf(path, sizeof path, "%s/corrupt.json", folder);
  assert_true(json_write_file(path, root, &fault));
  if (result_open(path, &result, &fault)) {
    result_close(result);
    return false;
  }
  return strstr(fault.message, key) != NULL;
}

static void check_read(const char *where, cJSON *object, const struct figure_row *rows, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    cJSON *value = cJSON_DetachItemFromObjectCaseSensitive(object, rows[i].key);
    cJSON_AddStringToObject(object, rows[i].key, "no number");
    if (!is_refused(rows[i].key)) fail_msg("%s: the reader does not look at %s", where, rows[i].key);
    cJSON_DeleteItemFromObjectCaseSensitive(object, rows[i].key);
    if (!(rows[i].flags & FIGURE_OPTIONAL) && !is_refused(rows[i].key))
      fail_msg("%s: the reader does not miss %s", where, rows[i].key);
    cJSON_AddItemToObject(object, rows[i].key, value);
  }
}

static void the_reader_reads_them(void **state) {
  (void)state;
  json_make_exact(root);
  assert_false(is_refused(""));
  for (size_t p = 0; p < PLACE_COUNT; p++) {
    if (is_here(&places[p])) check_read(places[p].name, object_of(&places[p]), places[p].rows, places[p].count);
  }
  if (first_heap()) check_read("heap", first_heap(), ROWS(heap_figures));
  assert_false(is_refused(""));
}

static void check_metrics(const struct metrics *metrics, const struct place *place) {
  for (unsigned i = 0; i < place->count; i++) {
    char name[METRIC_NAME_BYTES];
    snprintf(name, sizeof name, "%s%s", place->prefix, place->rows[i].key);
    const struct metric *metric = metrics_get(metrics, name, place->checkpoint);
    if (!metric) fail_msg("%s: there is no metric %s", place->name, name);
    assert_string_equal(metric->unit, place->rows[i].unit);
    bool is_absent = metric->summary.missing && !(place->rows[i].flags & FIGURE_OR_NULL);
    if (is_absent) fail_msg("%s: the metric %s has no figure: %s", place->name, name, metric->summary.missing);
  }
}

static void metrics_name_them(void **state) {
  (void)state;
  struct result *result;
  struct fault fault = {0};
  if (!result_open(result_path, &result, &fault)) fail_msg("%s", fault.message);
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct metrics *metrics = metrics_of(result, &result->groups[g]);
    for (size_t p = 0; p < PLACE_COUNT; p++) {
      if (is_here(&places[p])) check_metrics(metrics, &places[p]);
    }
    struct place heap = {"heap", {0}, "heap", ROWS(heap_figures), "heap.tree-sitter.", "purged", true};
    if (first_heap()) check_metrics(metrics, &heap);
    for (unsigned c = 0; c < CHECKPOINT_COUNT; c++)
      assert_non_null(metrics_get(metrics, "rss_bytes", checkpoint_text((enum checkpoint_name)c)));
    for (unsigned o = 0; o < PROBE_OWNER_COUNT; o++) {
      char name[METRIC_NAME_BYTES];
      snprintf(name, sizeof name, "mapping.%s.rss_bytes", probe_owner_name((enum probe_owner)o));
      assert_non_null(metrics_get(metrics, name, "served"));
    }
    assert_null(metrics_get(metrics, "rss_bytes", NULL));
    assert_null(metrics_get(metrics, "walk_ns", "purged"));
    assert_null(metrics_get(metrics, "nothing", NULL));
  }
  result_close(result);
}

/* Looked up and walked through, they are the same. */
static void every_metric_is_found(void **state) {
  (void)state;
  struct result *result;
  struct fault fault = {0};
  if (!result_open(result_path, &result, &fault)) fail_msg("%s", fault.message);
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct metrics *metrics = metrics_of(result, &result->groups[g]);
    assert_true(metrics->count > 300);
    for (unsigned i = 0; i < metrics->count; i++) {
      const struct metric *metric = &metrics->list[i];
      assert_ptr_equal(metrics_get(metrics, metric->name, metric->checkpoint), metric);
    }
  }
  result_close(result);
}

static void check_schema(const cJSON *definitions, const char *name, const struct figure_row *rows, unsigned count) {
  const cJSON *object = cJSON_GetObjectItemCaseSensitive(definitions, name);
  const cJSON *properties = cJSON_GetObjectItemCaseSensitive(object, "properties");
  for (unsigned i = 0; i < count; i++) {
    bool required = false;
    const cJSON *key;
    cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(object, "required")) {
      required = required || strcmp(key->valuestring, rows[i].key) == 0;
    }
    if (!cJSON_GetObjectItemCaseSensitive(properties, rows[i].key)) fail_msg("%s lacks %s", name, rows[i].key);
    if (required == (bool)(rows[i].flags & FIGURE_OPTIONAL))
      fail_msg("%s: %s is required: %d", name, rows[i].key, required);
  }
}

static void the_schema_requires_them(void **state) {
  (void)state;
  char path[4096];
  cJSON *schema;
  struct fault fault = {0};
  snprintf(path, sizeof path, "%s/results/result.schema.json", getenv("PHASEBENCH_SOURCE_DIR"));
  if (!json_read_file(path, &schema, &fault)) fail_msg("%s", fault.message);
  const cJSON *definitions = cJSON_GetObjectItemCaseSensitive(schema, "$defs");
  for (size_t p = 0; p < PLACE_COUNT; p++) check_schema(definitions, places[p].schema, places[p].rows, places[p].count);
  check_schema(definitions, "heap", ROWS(heap_figures));
  cJSON_Delete(schema);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_real_cell_writes_them), cmocka_unit_test(metrics_name_them),
      cmocka_unit_test(every_metric_is_found),   cmocka_unit_test(the_schema_requires_them),
      cmocka_unit_test(the_reader_reads_them),
  };
  return cmocka_run_group_tests(tests, measure, clean);
}
