/* SPDX-License-Identifier: MIT
 *
 * page.h - index.html of a report: one page with everything, its pictures in it. Each section is a
 * picture, what it says, and its table, which is a CSV file beside the page too. */
#ifndef PHASEBENCH_REPORT_PAGE_H
#define PHASEBENCH_REPORT_PAGE_H

#include "report.h"

/* ---- what `phasebench estimate --json` wrote ---- */

struct report_estimate {
  char path[256];
  char content_hash[40];
  char corpus[128];
  double kinds, closes, paddings, lengths, total; /* bits a node */
  double node_count, document_count;
  double max_bytes; /* of the sample; 0: all documents */
};
/* Reads and checks; faults (EXIT_CODE_INPUT) name the file. */
bool report_estimate_open(const char *path, struct report_estimate *estimate, struct fault *fault);

/* ---- a page ---- */

struct page {
  FILE *out;
  const char *directory; /* for the CSV files */
  const char *slug;      /* what the names of this result's files begin with */
  const struct result *result;
  const char *profile;
  const struct claims *claims;
  const struct report_estimate *estimate; /* NULL: none of this corpus was given */
  const struct result_group **groups;     /* no instruments; the rows of all tables are in this order */
  bool *leads;                            /* is shown at once; of many combinations, the others are folded away */
  unsigned count, lead_count;
  unsigned level; /* of the sections' headings */
  struct fault *fault;
};

#define PAGE_ROWS_MAX REPORT_DRAWN_MAX /* of a picture, and of a table that is not folded */

/* A section and its heading; id is unique in the page together with the slug. */
void page_section(const struct page *page, const char *id, const char *title);
void page_section_end(const struct page *page);
/* <p> of text; class NULL: none. */
void page_say(const struct page *page, const char *class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The table as SLUG.name.csv and as a table. Rows that do not lead are in a second table, folded; all of it is folded
 * when `folded` says under which words. picture: "" or the name of gnuplot's picture, linked with the data. */
bool page_table(const struct page *page, const struct table *table, const char *name, const char *picture,
                const char *folded);
/* A table without rows that lead: a sweep, a comparison. */
void page_table_write(FILE *out, const struct table *table, const bool *rows);
/* Makes SLUG.name.csv; the caller closes it with page_csv_close. */
FILE *page_csv(const struct page *page, const char *name);
bool page_csv_close(const struct page *page, FILE *file, const char *name);
void page_csv_link(const struct page *page, const char *name, const char *picture);
/* Swatches and words, ended by NULL: class, words, class, words, ... */
void page_legend(FILE *out, const char *const *entries);

/* The parts, in order (page_*.c). */
bool page_answer(const struct page *page);
bool page_claims(const struct page *page);
bool page_memory(const struct page *page);
bool page_trees(const struct page *page);
bool page_owners(const struct page *page);
bool page_checkpoints(const struct page *page);
bool page_latency(const struct page *page);
bool page_trade(const struct page *page);
bool page_attribution(const struct page *page);
bool page_more(const struct page *page);
bool page_trust(const struct page *page);
bool page_missing(const struct page *page);

/* index.html in `directory`: all results, each with its slug, and the sweeps among them. */
struct report_page_input {
  const struct result *const *results;
  const char *const *profiles, *const *slugs;
  unsigned count;
  const struct claims *claims;
  const struct report_estimate *estimates;
  unsigned estimate_count;
  const char *directory;
};
bool report_page(const struct report_page_input *input, struct fault *fault);

#endif
