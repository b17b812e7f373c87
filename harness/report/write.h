/* SPDX-License-Identifier: MIT
 *
 * write.h - what the parts of `phasebench report` that write files share (text.c, pictures.c,
 * files.c). */
#ifndef PHASEBENCH_REPORT_WRITE_H
#define PHASEBENCH_REPORT_WRITE_H

#include "report.h"

#define REPORT_SLUG_BYTES 64

struct report {
  const struct result *result;
  const char *profile;
  const struct claims *claims;
  const char *directory;        /* where it is being made */
  char slug[REPORT_SLUG_BYTES]; /* of the corpus: the beginning of file names */
  FILE *text, *markdown;
  struct fault *fault;
};

/* A file of the folder; a fault says why not. */
FILE *report_create(const char *directory, const char *name, struct fault *fault);
bool report_close(FILE *file, const char *name, struct fault *fault);
/* A line of report.txt, and a point of a list in report.md. */
void report_line(const struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct report_page_input;
/* Every result's part of report.txt and report.md, its pictures, and then the page of them all. The input's slugs
 * and profiles are set here. (text.c) */
bool report_write_results(struct report *report, struct report_page_input *input, const char *profile);

/* Each writes the data (TSV), draws it, and shows the picture in report.md. */
bool report_draw_lines(const struct report *report, const struct table *memory);
bool report_draw_owners(const struct report *report, const struct table *table);
bool report_draw_checkpoints(const struct report *report, const struct table *checkpoints);
bool report_draw_latency(const struct report *report);
/* Memory against time; no picture where no combination has both figures. */
bool report_draw_plane(const struct report *report);
bool report_draw_sweep(const struct report *report, const struct table *table);

#endif
