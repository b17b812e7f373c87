/* SPDX-License-Identifier: MIT
 *
 * page_attribution.c - which stage a saving is owed to, of a result that holds every subset of its stages. */
#include "page.h"

typedef bool table_fn(const struct result *result, const char *profile, struct table *table, struct fault *fault);

static bool write_table(const struct page *page, table_fn *make, const char *name, const char *const *notes) {
  struct table table;
  if (!make(page->result, page->profile, &table, page->fault)) return false;
  struct page of_stages = *page; /* its rows are stages, not combinations */
  of_stages.leads = NULL;
  of_stages.count = of_stages.lead_count = 0;
  bool ok = page_table(&of_stages, &table, name, "", NULL);
  for (; notes && *notes; notes++) page_say(page, "note", "%s.", *notes);
  table_free(&table);
  return ok;
}

bool page_attribution(const struct page *page) {
  page_section(page, "attribution", "Which stage a saving is owed to");
  bool ok = true;
  if (attribution_is_possible(page->result, page->profile)) {
    ok = write_table(page, report_attribution, "attribution", report_attribution_notes) &&
         write_table(page, report_attribution_served, "attribution_served", NULL) &&
         write_table(page, report_interactions, "interactions", report_interactions_notes) &&
         write_table(page, report_prices, "prices", report_prices_notes);
  } else {
    page_say(page, "note",
             "Not known: that takes every subset of the stages, and this result does not hold them all. "
             "`phasebench "
             "run --combos all` measures them.");
  }
  page_section_end(page);
  return ok;
}
