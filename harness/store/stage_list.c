/* SPDX-License-Identifier: MIT
 *
 * stage_list.c - see stage_list.h. */
#include "stage_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "name.h"
#include "stage_module.h"
#include "base/open_file.h"

static int compare_summaries(const void *a, const void *b) {
  const struct stage_summary *x = a, *y = b;
  if (x->order != y->order) return x->order < y->order ? -1 : 1;
  return strcmp(x->name, y->name);
}

static bool summarize_option(const struct stage_option *from, struct stage_option_summary *to, struct fault *fault) {
  *to = (struct stage_option_summary){.value = from->value, .min = from->min, .max = from->max};
  return name_keep(from->name, &to->name, fault) && name_keep(from->summary, &to->summary, fault);
}

static bool summarize(const char *path, const struct stage_ops *ops, struct stage_summary *summary,
                      struct fault *fault) {
  *summary = (struct stage_summary){.order = ops->order,
                                    .roles = ops->roles,
                                    .flags = ops->flags,
                                    .keeps = ops->keeps,
                                    .option_count = ops->option_count};
  bool good = name_keep(ops->name, &summary->name, fault) && name_keep(ops->summary, &summary->summary, fault) &&
              name_keep(path, &summary->path, fault);
  for (uint32_t i = 0; good && i < ops->option_count; i++)
    good = summarize_option(&ops->options[i], &summary->options[i], fault);
  return good;
}

bool stage_summarize(const char *path, struct stage_summary *summary, struct fault *fault) {
  struct stage_module module;
  if (!stage_module_load(path, &module, fault)) return false;
  bool good = summarize(path, module.ops, summary, fault);
  stage_module_unload(&module);
  return good;
}

/* There is one base stage, or no combination can be built. */
static bool check_base_stage(const char *folder, const struct stage_summary *summaries, unsigned count,
                             struct fault *fault) {
  if (count == 0 || summaries[0].order != 0)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: holds no stage of order 0, on which all others stand; build the program's "
                     "own stages or set PHASEBENCH_STAGE_DIR",
                     folder);
  if (count > 1 && summaries[1].order == 0)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: both '%s' and '%s' have order 0; there can be one base stage only",
                     folder, summaries[0].name, summaries[1].name);
  return true;
}

static bool is_module(const char *entry) {
  size_t length = strlen(entry);
  return entry[0] != '.' && length >= 4 && strcmp(entry + length - 3, ".so") == 0;
}

static bool add_entry(const char *folder, const char *entry, struct stage_summary *summary, struct fault *fault) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%s", folder, entry) >= (int)sizeof path)
    return fault_set(fault, EXIT_CODE_INPUT, "%s/%s: the path is too long", folder, entry);
  return stage_summarize(path, summary, fault);
}

/* ---- which modules of the folder count ---- */

static char strays[512];

const char *stage_list_strays(void) { return strays; }

/* The build wrote which modules it made ("NAME.so" a line). Without that file, and where the caller chose the folder
 * (PHASEBENCH_STAGE_DIR), all count. No allocation: cells come here too. */
static bool read_made(const char *folder, char *made, size_t made_bytes) {
  char path[4096];
  const char *given = getenv("PHASEBENCH_STAGE_DIR"), *why;
  if ((given && given[0]) || snprintf(path, sizeof path, "%s/stages.list", folder) >= (int)sizeof path) return false;
  int file = open_file(path, NULL, &why);
  if (file < 0) return false;
  made[0] = '\n';
  ssize_t got = read(file, made + 1, made_bytes - 2);
  close(file);
  made[got > 0 ? got + 1 : 1] = '\0';
  return got > 0;
}

static bool is_made(const char *made, const char *name) {
  char line[300];
  snprintf(line, sizeof line, "\n%s\n", name);
  if (strstr(made, line)) return true;
  size_t used = strlen(strays);
  snprintf(strays + used, sizeof strays - used, "%s%s", used ? ", " : "", name);
  return false;
}

bool stage_list(struct stage_summary *summaries, unsigned capacity, unsigned *count, struct fault *fault) {
  const char *folder = paths_stage_dir();
  *count = 0;
  DIR *stream = opendir(folder);
  if (!stream)
    return fault_set(fault, exit_code_of_errno(errno),
                     "%s: the folder of stages cannot be read: %s; build the program or set "
                     "PHASEBENCH_STAGE_DIR",
                     folder, strerror(errno));
  bool good = true;
  char made[8192];
  bool is_told = read_made(folder, made, sizeof made);
  strays[0] = '\0';
  for (struct dirent *entry; good && (entry = readdir(stream));) {
    if (!is_module(entry->d_name) || (is_told && !is_made(made, entry->d_name))) continue;
    if (*count == capacity) good = fault_set(fault, EXIT_CODE_INPUT, "%s: holds more than %u stages", folder, capacity);
    else good = add_entry(folder, entry->d_name, &summaries[*count], fault);
    if (good) ++*count;
  }
  closedir(stream);
  if (!good) return false;
  qsort(summaries, *count, sizeof *summaries, compare_summaries);
  return check_base_stage(folder, summaries, *count, fault);
}
