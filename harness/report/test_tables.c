/* SPDX-License-Identifier: MIT
 *
 * Every column of every table names a metric that a result has, at a checkpoint that there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report.h"

#include "base/count.h"

static struct result *result;

/* An invented result, of two combinations that have all figures but the baseline's uncached opens. */
static int open_sample(void **state) {
  (void)state;
  char path[] = "/tmp/phasebench-tables-XXXXXX", command[4600];
  const char *source = getenv("PHASEBENCH_SOURCE_DIR");
  struct fault fault = {0};
  int fd = mkstemp(path);
  if (!source || fd < 0) return -1;
  close(fd);
  snprintf(command, sizeof command, "/usr/bin/python3 -B '%.4000s/scripts/sample_result.py' %s", source, path);
  bool ok = system(command) == 0 && result_open(path, &result, &fault);
  if (!ok) fprintf(stderr, "%s\n", fault.message);
  unlink(path);
  return ok ? 0 : -1;
}

static int close_sample(void **state) {
  (void)state;
  result_close(result);
  return 0;
}

static bool names_no_metric(const struct table_cell *cell) {
  return cell->missing && strstr(cell->missing, "no metric of that name");
}

typedef bool table_fn(const struct result *result, const char *profile, struct table *table, struct fault *fault);

static void every_column_is_a_metric(void **state) {
  (void)state;
  table_fn *const tables[] = {report_memory,  report_lines,     report_trade,     report_trust, report_speed,
                              report_latency, report_quantiles, report_cold_open, report_plane, report_checkpoints};
  for (size_t t = 0; t < COUNT(tables); t++) {
    struct table table;
    struct fault fault = {0};
    assert_true(tables[t](result, "strict", &table, &fault));
    assert_true(table.row_count > 0 && table.column_count > 0);
    for (unsigned r = 0; r < table.row_count; r++) {
      for (unsigned c = 0; c < table.column_count; c++) {
        if (names_no_metric(table_at(&table, r, c))) fail_msg("%s: there is no %s", table.title, table.columns[c].key);
      }
    }
    table_free(&table);
  }
}

static void a_column_that_is_none_is_found(void **state) {
  (void)state;
  static const struct report_column column = {"lines_per_mib", "thawed", "", "", "", 1, 0, REPORT_MEDIAN};
  static const struct report_wish wish = {.title = "", .columns = &column, .column_count = 1};
  struct table table;
  struct fault fault = {0};
  assert_true(report_table(result, "strict", &wish, &table, &fault));
  assert_true(names_no_metric(table_at(&table, 0, 0)));
  table_free(&table);
}

static void parts_and_ranges(void **state) {
  (void)state;
  static const struct report_column columns[] = {
      {"rss_above_start_bytes", "purged", "", "least", "", 1, 0, REPORT_LEAST},
      {"rss_above_start_bytes", "purged", "", "most", "", 1, 0, REPORT_MOST},
      {"rss_above_start_bytes", "purged", "", "median", "", 1, 0, REPORT_MEDIAN}};
  static const struct report_wish wish = {.title = "", .columns = columns, .column_count = 3, .with_range = true};
  struct table table;
  struct fault fault = {0};
  assert_true(report_table(result, "strict", &wish, &table, &fault));
  assert_int_equal(table.column_count, 9);
  double least = table_at(&table, 0, 0)->value, most = table_at(&table, 0, 3)->value;
  double median = table_at(&table, 0, 6)->value;
  assert_true(least < median && median < most);
  assert_true(table_at(&table, 0, 7)->value == least && table_at(&table, 0, 8)->value == most);
  assert_string_equal(table.columns[0].key, "rss_above_start_bytes@purged.min");
  assert_string_equal(table.columns[8].key, "rss_above_start_bytes@purged.max");
  table_free(&table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_column_is_a_metric),
      cmocka_unit_test(a_column_that_is_none_is_found),
      cmocka_unit_test(parts_and_ranges),
  };
  return cmocka_run_group_tests(tests, open_sample, close_sample);
}
