/* SPDX-License-Identifier: MIT
 *
 * figures.c - the lists of figures.h as tables. */
#include "figures.h"

#include <string.h>

#define X(id, key, unit, flags, meaning) {#key, unit, flags, meaning},
const struct figure_row probe_figures[] = {PROBE_FIGURES(X)};
const struct figure_row checkpoint_figures[] = {CHECKPOINT_FIGURES(X)};
const struct figure_row jemalloc_figures[] = {JEMALLOC_FIGURES(X)};
const struct figure_row heap_figures[] = {HEAP_FIGURES(X)};
const struct figure_row tree_figures[] = {TREE_FIGURES(X)};
const struct figure_row timing_figures[] = {TIMING_FIGURES(X)};
const struct figure_row edit_figures[] = {EDIT_FIGURES(X)};
const struct figure_row latency_figures[] = {LATENCY_FIGURES(X)};
const struct figure_row ratio_figures[] = {RATIO_FIGURES(X)};
#undef X

#define X(id, text, meaning) {text, meaning},
const struct name_row checkpoint_names[] = {CHECKPOINTS(X)};
const struct name_row cold_open_names[] = {COLD_OPENS(X)};
const struct name_row probe_owner_names[] = {PROBE_OWNERS(X)};
#undef X

#define X(id, text, document_pct, access_pct) {text, document_pct, access_pct},
const struct access_class_row access_classes[] = {ACCESS_CLASSES(X)};
#undef X

#define X(id, text, of, meaning) {text, COLD_OPEN_##of, meaning},
const struct cold_open_ratio_row cold_open_ratios[] = {COLD_OPEN_RATIOS(X)};
#undef X

#define X(key) key,
const char *const cell_parts[] = {CELL_PARTS(X)};
#undef X

const char *checkpoint_text(enum checkpoint_name name) { return checkpoint_names[name].text; }
const char *access_class_name(enum access_class access_class) { return access_classes[access_class].text; }
const char *cold_open_name(enum cold_open what) { return cold_open_names[what].text; }
const char *probe_owner_name(enum probe_owner owner) { return probe_owner_names[owner].text; }

enum checkpoint_name checkpoint_named(const char *text) {
  unsigned name = 0;
  while (name < CHECKPOINT_COUNT && strcmp(text, checkpoint_names[name].text) != 0) name++;
  return (enum checkpoint_name)name;
}

enum access_class access_class_named(const char *text) {
  unsigned access_class = 0;
  while (access_class < ACCESS_CLASS_COUNT && strcmp(text, access_classes[access_class].text) != 0) access_class++;
  return (enum access_class)access_class;
}

enum probe_owner probe_owner_named(const char *text) {
  unsigned owner = 0;
  while (owner < PROBE_OWNER_COUNT && strcmp(text, probe_owner_names[owner].text) != 0) owner++;
  return (enum probe_owner)owner;
}
