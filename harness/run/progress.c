/* SPDX-License-Identifier: MIT
 *
 * progress.c - progress and the closing table. The table takes each figure from
 * metrics.h, as `phasebench metrics` does, so that the two cannot differ. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "cell_outcome.h"
#include "result/metrics.h"
#include "result/result.h"
#include "base/text.h"

/* ---- progress ---- */

void run_progress_begin(struct run_progress *progress, bool quiet, unsigned kept, unsigned total) {
  memset(progress, 0, sizeof *progress);
  progress->quiet = quiet;
  progress->terminal = isatty(STDERR_FILENO) == 1;
  progress->done = kept;
  progress->total = total;
}

static void clear_line(const struct run_progress *progress) {
  if (progress->terminal && !progress->quiet) fputs("\r\033[K", stderr);
}

static void print_duration(uint64_t ns) {
  uint64_t s = (ns + 999999999) / 1000000000;
  if (s >= 3600) fprintf(stderr, "%u h %u min", (unsigned)(s / 3600), (unsigned)(s / 60 % 60));
  else if (s >= 60) fprintf(stderr, "%u min %u s", (unsigned)(s / 60), (unsigned)(s % 60));
  else fprintf(stderr, "%u s", (unsigned)s);
}

static void print_cell(const struct run_progress *progress, const struct plan *plan, const struct plan_cell *cell,
                       unsigned number) {
  fprintf(stderr, "[%u/%u] %s, %s, repetition %u", number, progress->total,
          plan->combinations[cell->combination].combination.name, plan->profiles[cell->profile], cell->repetition + 1);
}

void run_progress_start(struct run_progress *progress, const struct plan *plan, const struct plan_cell *cell) {
  if (progress->quiet || !progress->terminal) return;
  clear_line(progress);
  print_cell(progress, plan, cell, progress->done + 1);
  if (progress->ran > 0) {
    fputs(", about ", stderr);
    print_duration(progress->ran_ns / progress->ran * (progress->total - progress->done));
    fputs(" left", stderr);
  }
  fflush(stderr);
}

void run_progress_end(struct run_progress *progress, const struct plan *plan, const struct plan_cell *cell,
                      const cJSON *object, uint64_t wall_ns) {
  progress->done++;
  progress->ran++;
  progress->ran_ns += wall_ns;
  bool ok = cell_outcome_ok(object);
  if (ok && (progress->quiet || progress->terminal)) return;
  clear_line(progress);
  print_cell(progress, plan, cell, progress->done);
  if (ok) {
    fprintf(stderr, ": ok, %.1f s\n", (double)wall_ns / 1e9);
  } else {
    fprintf(stderr, ": %s: ", cJSON_GetObjectItemCaseSensitive(object, "status")->valuestring);
    text_print(stderr, cJSON_GetObjectItemCaseSensitive(object, "reason")->valuestring); /* a stage may have said it */
    fputc('\n', stderr);
  }
}

void run_progress_finish(struct run_progress *progress) { clear_line(progress); }

/* ---- the table ---- */

#define FIGURE_TEXT_BYTES 32

/* A column of the table. */
struct shown {
  const char *metric, *checkpoint;
  double scale;
  int decimals;
  const char *unit; /* behind the figure */
};
static const struct shown memory_shown = {"rss_above_start_bytes", "purged", 1048576, 2, ""},
                          purged_shown = {"lines_per_mib", "purged", 1, 0, ""},
                          served_shown = {"lines_per_mib", "served", 1, 0, ""},
                          reduction_shown = {"reduction_pct", "purged", 1, 1, " %"};

static void figure_text(const struct result *result, const struct result_group *group, const struct shown *shown,
                        char text[FIGURE_TEXT_BYTES]) {
  struct summary summary = metrics_find(result, group, shown->metric, shown->checkpoint, NULL);
  if (summary.missing) snprintf(text, FIGURE_TEXT_BYTES, "-");
  else snprintf(text, FIGURE_TEXT_BYTES, "%.*f%s", shown->decimals, summary.median / shown->scale, shown->unit);
}

static void print_row(const struct result *result, const struct result_group *group) {
  char mib[FIGURE_TEXT_BYTES], purged[FIGURE_TEXT_BYTES], served[FIGURE_TEXT_BYTES], reduction[FIGURE_TEXT_BYTES];
  if (!group->ok) {
    printf("%-24s %-7s FAILED: %s\n", group->combination, group->profile, group->reason);
    return;
  }
  figure_text(result, group, &memory_shown, mib);
  if (group->instrument) {
    struct figure purged_rss = group->cells[0]->checkpoints[CHECKPOINT_PURGED].probe[PROBE_RSS];
    struct figure start_rss = group->cells[0]->checkpoints[CHECKPOINT_START].probe[PROBE_RSS];
    if (!purged_rss.missing && !start_rss.missing) {
      snprintf(mib, sizeof mib, "%.2f", (purged_rss.value - start_rss.value) / MIB);
    }
    printf("%-24s %-7s %12s  the instrument's own cost: nothing is kept\n", group->combination, group->profile, mib);
    return;
  }
  figure_text(result, group, &purged_shown, purged);
  figure_text(result, group, &served_shown, served);
  figure_text(result, group, &reduction_shown, reduction);
  printf("%-24s %-7s %12s %14s %14s %11s  %s\n", group->combination, group->profile, mib, purged, served, reduction,
         group->cells[0]->proof.status);
}

void run_table_print(const char *output, const struct result *result) {
  printf("%s: lines %.0f, files %.0f, source %.2f MiB; medians of %u repetition%s\n\n", result->corpus, result->lines,
         result->files, result->bytes / MIB, result->repetitions, result->repetitions == 1 ? "" : "s");
  printf("%-24s %-7s %12s %14s %14s %11s\n", "", "", "RSS above", "lines/MiB", "lines/MiB", "RSS below");
  printf("%-24s %-7s %12s %14s %14s %11s  %s\n", "combination", "profile", "start, MiB", "at rest", "in service",
         "baseline", "proof");
  for (unsigned g = 0; g < result->group_count; g++) print_row(result, &result->groups[g]);
  printf("\nat rest: checkpoint purged; in service: checkpoint served. More: phasebench metrics %s\n", output);
}
