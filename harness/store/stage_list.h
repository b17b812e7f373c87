/* SPDX-License-Identifier: MIT
 *
 * stage_list.h - what stages there are: their names, roles and options, read from their modules. */
#ifndef PHASEBENCH_STAGE_LIST_H
#define PHASEBENCH_STAGE_LIST_H

#include "base/fault.h"
#include "stage.h"

/* All texts are kept names (name.h): a summary can be copied, and nobody frees it. */
struct stage_option_summary {
  const char *name, *summary;
  uint64_t value, min, max; /* as it comes; its range */
};
struct stage_summary {
  const char *name, *summary;
  const char *path; /* of its module */
  uint32_t order, roles, flags, keeps;
  struct stage_option_summary options[STAGE_OPTIONS_MAX];
  uint32_t option_count;
};

/* Loads a module, reads what it says of itself, and unloads it. Faults: those of stage_module_load, and
 * EXIT_CODE_SYSTEM. */
bool stage_summarize(const char *path, struct stage_summary *summary, struct fault *fault);

/* The stages of the stage folder, sorted by order, then by name. There is exactly one base stage (order 0),
 * and it is the first. A module that is refused ends the listing with a fault that names it. Faults: EXIT_CODE_INPUT
 * (also where there are more than `capacity`), and those of stage_summarize. */
bool stage_list(struct stage_summary *summaries, unsigned capacity, unsigned *count, struct fault *fault);
/* "NAME.so, ...": modules that lay in the folder at the last stage_list and did not count, since the build did not make
 * them: a stage that is no longer in the tree, say. "" where there are none. */
const char *stage_list_strays(void);

#endif
