/* SPDX-License-Identifier: MIT
 *
 * The committed JSON Schemas say what figures.h says. After a change of figures.h write them anew:
 *
 *   PHASEBENCH_WRITE_SCHEMA=1 ctest --preset release -R schema.json_schema
 *
 * which replaces the part of results/result.schema.json that follows from it; nothing else in the file is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "figures.h"
#include "json_schema.h"

static void path_of(const char *name, char path[4096]) {
  const char *source = getenv("PHASEBENCH_SOURCE_DIR");
  assert_non_null(source);
  snprintf(path, 4096, "%s/results/%s", source, name);
}

static char *read_file(const char *name) {
  char path[4096];
  path_of(name, path);
  FILE *in = fopen(path, "r");
  if (!in) fail_msg("%s cannot be read", path);
  char *text = calloc(1, 1 << 20);
  assert_non_null(text);
  size_t got = fread(text, 1, (1 << 20) - 1, in);
  assert_true(got > 0 && got < (1 << 20) - 1);
  fclose(in);
  return text;
}

static char *written(void (*write)(FILE *)) {
  char *text = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&text, &bytes);
  assert_non_null(out);
  write(out);
  assert_int_equal(fclose(out), 0);
  return text;
}

static void replace(const char *text, const char *from, const char *to, const char *part) {
  char path[4096];
  path_of("result.schema.json", path);
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  fwrite(text, 1, (size_t)(from - text), out);
  fputs(part, out);
  fputs(to, out);
  assert_int_equal(fclose(out), 0);
}

static void the_committed_schema_is_the_table(void **state) {
  (void)state;
  char *text = read_file("result.schema.json"), *part = written(json_schema_write);
  const char *from = strstr(text, JSON_SCHEMA_FIRST), *to = strstr(text, JSON_SCHEMA_PAST);
  assert_true(from && to && from < to);
  if (getenv("PHASEBENCH_WRITE_SCHEMA")) {
    replace(text, from, to, part);
  } else if (strlen(part) != (size_t)(to - from) || memcmp(part, from, strlen(part)) != 0) {
    size_t same = 0;
    while (part[same] && part[same] == from[same]) same++;
    while (same > 0 && part[same - 1] != '\n') same--;
    fail_msg(
        "results/result.schema.json is not what figures.h says: from here on\n%.300s\nexpected\n%.300s\n"
        "To write it anew: PHASEBENCH_WRITE_SCHEMA=1 ctest --preset release -R schema.json_schema",
        from + same, part + same);
  }
  free(part);
  free(text);
}

/* Where other schemas list the checkpoints. */
static void the_other_schemas_know_the_checkpoints(void **state) {
  (void)state;
  static const char *const files[] = {"metrics.schema.json", "gate.schema.json"};
  char *names = written(json_schema_write_checkpoints);
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char *text = read_file(files[i]);
    if (!strstr(text, names)) fail_msg("results/%s does not list %s", files[i], names);
    free(text);
  }
  free(names);
}

/* They are printed into JSON as they are. */
static void meanings_need_no_escapes(void **state) {
  (void)state;
  char *part = written(json_schema_write);
  for (const char *c = part; *c; c++) assert_true((*c >= ' ' && *c < 127) || *c == '\n');
  free(part);
  const struct {
    const struct figure_row *rows;
    unsigned count;
  } tables[] = {{probe_figures, PROBE_FIGURE_COUNT},       {checkpoint_figures, CHECKPOINT_FIGURE_COUNT},
                {jemalloc_figures, JEMALLOC_FIGURE_COUNT}, {heap_figures, HEAP_FIGURE_COUNT},
                {tree_figures, TREE_FIGURE_COUNT},         {timing_figures, TIMING_FIGURE_COUNT},
                {edit_figures, EDIT_FIGURE_COUNT},         {latency_figures, LATENCY_FIGURE_COUNT},
                {ratio_figures, RATIO_FIGURE_COUNT}};
  for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
    for (unsigned i = 0; i < tables[t].count; i++) {
      if (strpbrk(tables[t].rows[i].meaning, "\"\\")) fail_msg("%s: its meaning needs escapes", tables[t].rows[i].key);
    }
  }
}

static void names_are_found(void **state) {
  (void)state;
  for (unsigned i = 0; i < CHECKPOINT_COUNT; i++) assert_int_equal(checkpoint_named(checkpoint_names[i].text), i);
  for (unsigned i = 0; i < ACCESS_CLASS_COUNT; i++) assert_int_equal(access_class_named(access_classes[i].text), i);
  for (unsigned i = 0; i < PROBE_OWNER_COUNT; i++) assert_int_equal(probe_owner_named(probe_owner_names[i].text), i);
  assert_int_equal(checkpoint_named("thawed"), CHECKPOINT_COUNT);
  assert_int_equal(access_class_named(""), ACCESS_CLASS_COUNT);
  assert_int_equal(probe_owner_named("nobody"), PROBE_OWNER_COUNT);
  assert_int_equal(checkpoint_named("purged"), CHECKPOINT_PURGED);
  unsigned documents_pct = 0, accesses_pct = 0;
  for (unsigned i = 0; i < ACCESS_CLASS_COUNT; i++) {
    documents_pct += access_classes[i].document_pct;
    accesses_pct += access_classes[i].access_pct;
  }
  assert_true(documents_pct == 100 && accesses_pct == 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_committed_schema_is_the_table),
      cmocka_unit_test(the_other_schemas_know_the_checkpoints),
      cmocka_unit_test(meanings_need_no_escapes),
      cmocka_unit_test(names_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
