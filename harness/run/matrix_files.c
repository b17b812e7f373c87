/* SPDX-License-Identifier: MIT
 *
 * matrix_files.c - what lies on disk while a run is not complete, and the result made
 * of it. A result is whole or absent: it is written beside, read back as readers do,
 * and only then put in place of an older one. */
#include "matrix_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/count.h"
#include "base/json_out.h"
#include "cell/spec.h"
#include "cell_outcome.h"
#include "result/result.h"
#include "store/files.h"
#include "system/account.h"
#include "system/allocator.h"
#include "system/confine.h"
#include "system/environment.h"

/* ---- places ---- */

/* "dir:my code" becomes "dir-my-code-HASH"; the hash is of the folder's whole path, since every project has a `src`, and
 * one's result must not take the place of the other's. Manifests have names of their own. */
static void default_name(const struct run_options *options, const struct corpus *corpus, char *name,
                         size_t name_bytes) {
  size_t used = (size_t)snprintf(name, name_bytes, "%.*s", (int)name_bytes - 16, corpus->name);
  for (char *c = name; *c; c++) {
    if ((unsigned char)*c < ' ' || *c == 0x7f || strchr(":/\\ \"'", *c)) *c = '-';
  }
  char path[PATH_MAX];
  if (!options->directory || !realpath(corpus->root, path)) return;
  if (used > name_bytes - 16) used = name_bytes - 16;
  snprintf(name + used, name_bytes - used, "-%08" PRIx32, (uint32_t)XXH3_64bits(path, strlen(path)));
}

/* Makes the folders of a path that ends with a slash. What cannot be made is told by who uses it. */
static void make_folders(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0777);
    *slash = '/';
  }
}

bool matrix_output_path(const struct run_options *options, const struct corpus *corpus, char output[MATRIX_PATH_BYTES],
                        struct fault *fault) {
  char wanted[MATRIX_PATH_BYTES], folder[PATH_MAX];
  if (options->output) {
    if (strlen(options->output) >= sizeof wanted)
      return fault_set(fault, EXIT_CODE_USAGE, "--output: the name is too long");
    strcpy(wanted, options->output);
  } else {
    char name[140];
    default_name(options, corpus, name, sizeof name);
    snprintf(wanted, sizeof wanted, "results/%s.json", name);
  }
  const char *slash = strrchr(wanted, '/');
  char parent[MATRIX_PATH_BYTES];
  snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - wanted) + 1 : 2, slash ? wanted : "./");
  make_folders(parent);
  struct stat status;
  if (!realpath(parent, folder)) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: the folder of --output cannot be made or used: %s", parent,
                     strerror(errno));
  }
  const char *base = slash ? slash + 1 : wanted;
  if (!base[0] || (stat(wanted, &status) == 0 && S_ISDIR(status.st_mode))) {
    return fault_set(fault, EXIT_CODE_USAGE, "--output %s: this is a folder; expected the name of a file in it",
                     wanted);
  }
  int length = snprintf(output, MATRIX_PATH_BYTES, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, base);
  if (length < 0 || length >= MATRIX_PATH_BYTES - 64)
    return fault_set(fault, EXIT_CODE_USAGE, "--output: the path is too long");
  return json_may_replace(output, fault);
}

void matrix_file_path(const struct matrix_folder *folder, const char *name, char path[MATRIX_PATH_BYTES]) {
  /* matrix_output_path left room for every name there is. */
  int length = snprintf(path, MATRIX_PATH_BYTES, "%s/%s", folder->folder, name);
  if (length < 0 || length >= MATRIX_PATH_BYTES) path[0] = 0;
}

void matrix_cell_path(const struct matrix_folder *folder, unsigned position, const char *suffix,
                      char path[MATRIX_PATH_BYTES]) {
  char name[48];
  snprintf(name, sizeof name, "%04u%s", position, suffix);
  matrix_file_path(folder, name, path);
}

bool matrix_cell_is_kept(const struct matrix_folder *folder, unsigned position) {
  char path[MATRIX_PATH_BYTES];
  matrix_cell_path(folder, position, ".json", path);
  return access(path, F_OK) == 0;
}

unsigned matrix_kept_count(const struct matrix_folder *folder, const struct plan *plan) {
  unsigned count = 0;
  for (unsigned i = 0; i < plan->cell_count; i++) count += matrix_cell_is_kept(folder, i);
  return count;
}

/* ---- the folder ---- */

/* Is this a name that a run gives? Nothing else is ever removed. */
static bool is_our_name(const char *name) {
  static const char *const fixed[] = {"plan.json", "files.list", "edits.list", "result.json"};
  static const char *const suffixes[] = {".json", ".spec.json", ".out.json", ".log"};
  char base[256];
  snprintf(base, sizeof base, "%s", name);
  char *temporary = strstr(base, ".tmp-");
  if (temporary) *temporary = 0;
  for (size_t i = 0; i < COUNT(fixed); i++) {
    if (strcmp(base, fixed[i]) == 0) return true;
  }
  size_t digits = strspn(base, "0123456789");
  for (size_t i = 0; digits >= 4 && i < COUNT(suffixes); i++) {
    if (strcmp(base + digits, suffixes[i]) == 0) return true;
  }
  return false;
}

/* "0003.place": the folder that a cell runs in. */
static bool is_our_folder(const char *name) {
  size_t digits = strspn(name, "0123456789");
  return digits >= 4 && strcmp(name + digits, ".place") == 0;
}

/* Removes what a run left, and counts its finished cells before. */
static unsigned look_through(const struct matrix_folder *folder, bool clear) {
  unsigned cells = 0;
  DIR *list = opendir(folder->folder);
  if (!list) return 0;
  for (struct dirent *entry; (entry = readdir(list));) {
    size_t digits = strspn(entry->d_name, "0123456789");
    cells += digits >= 4 && strcmp(entry->d_name + digits, ".json") == 0;
    if (clear && is_our_name(entry->d_name)) unlinkat(dirfd(list), entry->d_name, 0);
    if (clear && is_our_folder(entry->d_name)) {
      char path[MATRIX_PATH_BYTES];
      matrix_file_path(folder, entry->d_name, path);
      store_directory_remove(path);
    }
  }
  closedir(list);
  return cells;
}

static bool take_lock(struct matrix_folder *folder, struct fault *fault) {
  if (mkdir(folder->folder, 0777) != 0 && errno != EEXIST) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made: %s; give another --output", folder->folder,
                     strerror(errno));
  }
  folder->lock_fd = open(folder->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder->lock_fd < 0) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be opened: %s", folder->folder, strerror(errno));
  }
  if (flock(folder->lock_fd, LOCK_EX | LOCK_NB) != 0) {
    return fault_set(fault, EXIT_CODE_USAGE, "another run is measuring into %s; wait for it, or give another --output",
                     folder->output);
  }
  return true;
}

/* What stands at the output's place, as far as --resume is concerned. */
enum found { FOUND_NOTHING, FOUND_THIS, FOUND_OTHER };

/* Is there a finished result, and does it come from this very plan? Whatever is no result counts as nothing. */
static enum found look_at_output(const struct matrix_folder *folder, const struct plan *plan) {
  struct fault ignored = {0};
  cJSON *root = NULL;
  if (access(folder->output, F_OK) != 0 || !json_read_file(folder->output, &root, &ignored)) return FOUND_NOTHING;
  const cJSON *settings = cJSON_GetObjectItemCaseSensitive(root, "settings");
  const cJSON *hash = cJSON_GetObjectItemCaseSensitive(settings, "plan_hash");
  const cJSON *schema = cJSON_GetObjectItemCaseSensitive(root, "schema");
  bool is_result = cJSON_IsString(schema) && strncmp(schema->valuestring, "phasebench-result-", 18) == 0;
  bool is_this = cJSON_IsString(hash) && strcmp(hash->valuestring, plan->hash) == 0;
  enum found found = !is_result ? FOUND_NOTHING : is_this ? FOUND_THIS : FOUND_OTHER;
  cJSON_Delete(root);
  return found;
}

/* Are the kept cells of this plan? A fault tells the first difference. */
static bool is_same_plan(const struct matrix_folder *folder, const struct plan *plan, struct fault *fault) {
  char path[MATRIX_PATH_BYTES], difference[900] = "the plan's format";
  cJSON *kept = NULL;
  const char *hash;
  const cJSON *record;
  matrix_file_path(folder, "plan.json", path);
  bool ok = json_read_file(path, &kept, fault) && json_get_text(kept, "hash", path, &hash, fault) &&
            json_get_object(kept, "record", path, &record, fault);
  if (ok && strcmp(hash, plan->hash) != 0) {
    plan_difference(record, plan->record, difference, sizeof difference);
    ok = fault_set(fault, EXIT_CODE_INPUT,
                   "the cells in %s are of another run: %s. --restart discards them; another --output "
                   "leaves them alone",
                   folder->folder, difference);
  }
  cJSON_Delete(kept);
  return ok;
}

static bool begin_anew(const struct plan *plan, struct matrix_folder *folder, struct fault *fault) {
  char path[MATRIX_PATH_BYTES];
  look_through(folder, true);
  matrix_file_path(folder, "plan.json", path);
  cJSON *kept = json_new_object();
  json_add_text(kept, "hash", plan->hash);
  json_add_item(kept, "record", cJSON_Duplicate(plan->record, true));
  bool ok = json_write_file(path, kept, fault);
  cJSON_Delete(kept);
  return ok;
}

bool matrix_folder_open(const struct run_options *options, const struct plan *plan, struct matrix_folder *folder,
                        enum matrix_state *state, struct fault *fault) {
  snprintf(folder->folder, sizeof folder->folder, "%.*s.cells", MATRIX_PATH_BYTES - 16, folder->output);
  folder->lock_fd = -1;
  if (!take_lock(folder, fault)) return false;
  unsigned cells = look_through(folder, false);
  *state = MATRIX_NEW;
  if (cells > 0 && options->resume) {
    *state = MATRIX_KEPT;
    return is_same_plan(folder, plan, fault);
  }
  if (cells > 0 && !options->restart) {
    return fault_set(fault, EXIT_CODE_USAGE,
                     "%u finished cells of an interrupted run are kept in %s: give --resume to go on "
                     "with that run, or --restart to discard them and begin anew",
                     cells, folder->folder);
  }
  enum found found = options->resume ? look_at_output(folder, plan) : FOUND_NOTHING;
  if (found == FOUND_THIS) {
    *state = MATRIX_COMPLETE;
    return true;
  }
  if (found == FOUND_OTHER) {
    rmdir(folder->folder); /* nothing is in it */
    return fault_set(fault, EXIT_CODE_INPUT,
                     "there is nothing to resume: no cell is kept, and %s is the complete result of another run (other "
                     "combinations, settings, corpus, build or machine). --restart replaces it when the new one is "
                     "complete; another --output leaves it alone",
                     folder->output);
  }
  return begin_anew(plan, folder, fault);
}

void matrix_folder_close(struct matrix_folder *folder, const struct plan *plan, bool remove) {
  if (folder->lock_fd < 0) return;
  if (remove || matrix_kept_count(folder, plan) == 0) {
    look_through(folder, true);
    rmdir(folder->folder);
  }
  close(folder->lock_fd);
  folder->lock_fd = -1;
}

/* ---- the result ---- */

static void add_time(cJSON *root) {
  char text[32];
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  json_add_text(root, "created_utc", text);
}

/* What happened in some cell: the errno of a refusal, 0 for none. */
struct refusals {
  int aslr, huge_pages, cpu;
  double steal_ns, wall_ns; /* sums over cells: what the host took of their CPU, of how long */
};

bool matrix_keep_cell(const struct matrix_folder *folder, const struct plan *plan, unsigned position,
                      const struct supervise_outcome *end, const cJSON *cell, struct fault *fault) {
  char path[MATRIX_PATH_BYTES], *text = NULL;
  cJSON *record = json_new_object();
  json_add_text(record, "plan_hash", plan->hash);
  json_add_i64(record, "aslr_error", end->aslr_error);
  json_add_i64(record, "huge_pages_error", end->huge_pages_error);
  json_add_i64(record, "cpu_error", end->cpu_error);
  json_add_u64(record, "steal_ns", end->steal_ns);
  json_add_u64(record, "wall_ns", end->wall_ns);
  char *line = cJSON_PrintUnformatted(record), *object = cJSON_Print(cell);
  int length = line && object ? asprintf(&text, "%s\n%s\n", line, object) : -1;
  matrix_cell_path(folder, position, ".json", path);
  bool ok = length > 0 ? json_write_bytes(path, text, (size_t)length, fault)
                       : fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while printing JSON", path);
  free(length > 0 ? text : NULL);
  cJSON_free(line);
  cJSON_free(object);
  cJSON_Delete(record);
  return ok;
}

/* The whole of a text file; the caller frees it. */
static char *read_text(const char *path, struct fault *fault) {
  char *text = NULL;
  size_t room = 0;
  FILE *in = fopen(path, "r");
  /* No byte of JSON is 0, so this is all of it. */
  ssize_t length = in ? getdelim(&text, &room, '\0', in) : -1;
  if (length <= 0) {
    fault_set(fault, EXIT_CODE_INPUT, "%s: cannot be read: %s", path,
              in ? "it is empty, or reading failed" : strerror(errno));
    free(text);
    text = NULL;
  }
  if (in) fclose(in);
  return text;
}

static void take_errno(const cJSON *record, const char *key, int *error) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
  if (cJSON_IsNumber(item) && item->valueint) *error = item->valueint;
}

static void take_sum(const cJSON *record, const char *key, double *sum) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
  if (cJSON_IsNumber(item)) *sum += item->valuedouble;
}

/* Reads what is known of a cell beside its object. */
static bool take_record(const char *path, const char *line, const struct plan *plan, struct refusals *refusals,
                        struct fault *fault) {
  const char *hash;
  cJSON *record = cJSON_Parse(line);
  bool ok = record ? json_get_text(record, "plan_hash", path, &hash, fault)
                   : fault_set(fault, EXIT_CODE_INPUT, "%s: its first line is not JSON", path);
  if (ok && strcmp(hash, plan->hash) != 0) ok = fault_set(fault, EXIT_CODE_INPUT, "%s: a cell of another run", path);
  take_errno(record, "aslr_error", &refusals->aslr);
  take_errno(record, "huge_pages_error", &refusals->huge_pages);
  take_errno(record, "cpu_error", &refusals->cpu);
  take_sum(record, "steal_ns", &refusals->steal_ns);
  take_sum(record, "wall_ns", &refusals->wall_ns);
  cJSON_Delete(record);
  return ok;
}

/* One kept cell: its first line is parsed, its object is taken as it is. */
static bool add_cell(const char *path, const struct plan *plan, cJSON *cells, struct refusals *refusals,
                     struct fault *fault) {
  char *text = read_text(path, fault);
  if (!text) return false;
  size_t length = strlen(text), line = strcspn(text, "\n");
  bool ok = line + 2 < length;
  if (ok) {
    text[line] = text[length - 1] = '\0'; /* the last is a newline, too */
    ok = take_record(path, text, plan, refusals, fault);
  } else {
    fault_set(fault, EXIT_CODE_INPUT, "%s: a kept cell has two lines at least", path);
  }
  if (ok) json_add_item(cells, NULL, cJSON_CreateRaw(text + line + 1));
  free(text);
  return ok;
}

static bool add_cells(const struct plan *plan, const struct matrix_folder *folder, cJSON *cells,
                      struct refusals *refusals, struct fault *fault) {
  char path[MATRIX_PATH_BYTES];
  for (unsigned i = 0; i < plan->cell_count; i++) {
    matrix_cell_path(folder, i, ".json", path);
    if (!add_cell(path, plan, cells, refusals, fault)) return false;
  }
  return true;
}

static void add_note(cJSON *notes, const char *what, const char *detail) {
  char text[4400];
  const cJSON *note;
  snprintf(text, sizeof text, "%s%s", what, detail);
  cJSON_ArrayForEach(note, notes) {
    if (strcmp(note->valuestring, text) == 0) return; /* two combinations may have one stage */
  }
  json_add_text(notes, NULL, text);
}

/* Of the time that cells ran, above which what the host took of their CPU is told. */
#define STEAL_TOLD_PCT 1.0

/* What makes times worth less than they look. */
static void add_disturbances(const struct matrix_facts *facts, const struct refusals *refusals, cJSON *notes) {
  char text[64];
  const char *unconfined = confine_refusal();
  if (unconfined) add_note(notes, "stages could start processes, whose memory is not counted: ", unconfined);
  if (facts->claim.is_shared) add_note(notes, "another run of phasebench measured on the same CPU", "");
  double pct = refusals->wall_ns > 0 ? 100 * refusals->steal_ns / refusals->wall_ns : 0;
  snprintf(text, sizeof text, "%.1f %%", pct);
  if (pct > STEAL_TOLD_PCT) add_note(notes, "the host took the cells' CPU for so much of the time: ", text);
}

static void add_notes(const struct matrix_parts *parts, const struct refusals *refusals, cJSON *settings) {
  const struct run_options *options = parts->options;
  const struct plan *plan = parts->plan;
  cJSON *notes = json_add_array(settings, "notes");
  add_disturbances(parts->facts, refusals, notes);
  if (refusals->aslr) add_note(notes, "address randomisation could not be turned off: ", strerror(refusals->aslr));
  if (refusals->huge_pages)
    add_note(notes, "transparent huge pages could not be turned off: ", strerror(refusals->huge_pages));
  if (refusals->cpu) add_note(notes, "cells could not be bound to one CPU: ", strerror(refusals->cpu));
  if (environment_unfit_build())
    add_note(notes, "measured with a build that is not fit for results: ", environment_unfit_build());
  const char *cell_program = getenv("PHASEBENCH_CELL_PROGRAM");
  if (cell_program) add_note(notes, "cells were run by another program: ", cell_program);
  for (unsigned i = 0; i < options->place.setting_count; i++) {
    char text[STORE_SETTING_BYTES];
    store_setting_text(&options->place.settings[i], text);
    add_note(notes, "set by the user: ", text);
  }
  for (unsigned c = 0; c < plan->combination_count; c++) {
    const struct combination *combination = &plan->combinations[c].combination;
    for (unsigned s = 0; s < combination->stage_count; s++) {
      if (strchr(combination->stages[s], '/')) add_note(notes, "a stage was loaded from ", combination->stages[s]);
    }
  }
}

static void add_settings(const struct matrix_parts *parts, const struct refusals *refusals, cJSON *settings) {
  const struct run_options *options = parts->options;
  const struct plan *plan = parts->plan;
  const struct matrix_facts *facts = parts->facts;
  cJSON *combinations = json_add_array(settings, "combinations"), *profiles = json_add_array(settings, "profiles");
  for (unsigned c = 0; c < plan->combination_count; c++)
    json_add_text(combinations, NULL, plan->combinations[c].combination.name);
  for (unsigned p = 0; p < plan->profile_count; p++) json_add_text(profiles, NULL, plan->profiles[p]);
  json_add_u64(settings, "repetitions", options->repetitions);
  json_add_u64(settings, "seed", options->seed);
  json_add_double(settings, "cell_timeout_s", (double)options->timeout_ms / 1000);
  json_add_u64(settings, "cell_memory_limit_bytes", options->memory_limit_bytes);
  json_add_text(settings, "unexplained_limit", ACCOUNT_UNEXPLAINED_LIMIT_TEXT);
  cJSON *conf = json_add_object(settings, "malloc_conf"), *excludes = json_add_array(settings, "excludes");
  for (unsigned p = 0; p < plan->profile_count; p++)
    json_add_text(conf, plan->profiles[p], allocator_profile_conf(plan->profiles[p]));
  for (unsigned i = 0; options->excludes && options->excludes[i]; i++)
    json_add_text(excludes, NULL, options->excludes[i]);
  json_add_text(settings, "aslr", refusals->aslr ? "on" : "off");
  json_add_text(settings, "huge_pages", refusals->huge_pages ? "on" : "off");
  if (facts->claim.cpu < 0) json_add_missing(settings, "cpu", facts->cpu_why);
  else if (refusals->cpu) json_add_missing(settings, "cpu", strerror(refusals->cpu));
  else json_add_i64(settings, "cpu", facts->claim.cpu);
  json_add_bool(settings, "allow_unfit_build", options->allow_unfit_build);
  json_add_text(settings, "plan_hash", plan->hash);
  json_add_item(settings, "options", plan_options(plan, &options->place));
  add_notes(parts, refusals, settings);
}

/* A rename is on disk when its folder is. Filesystems that cannot sync a folder say EINVAL. */
static bool put_in_place(const char *path, const char *output, struct fault *fault) {
  char folder[MATRIX_PATH_BYTES];
  const char *slash = strrchr(output, '/');
  if (!json_may_replace(output, fault)) return false;
  if (rename(path, output) != 0)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be put in place: %s", output, strerror(errno));
  snprintf(folder, sizeof folder, "%.*s", slash == output ? 1 : (int)(slash - output), output);
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool ok = fd < 0 ? errno == EACCES : fsync(fd) == 0 || errno == EINVAL;
  if (!ok)
    fault_set(fault, EXIT_CODE_SYSTEM, "%s: written, but its folder cannot be synced to disk: %s", output,
              strerror(errno));
  if (fd >= 0) close(fd);
  return ok;
}

/* Writes a result into the folder, and reads it as everybody will. */
static bool write_and_read(const struct matrix_folder *folder, const cJSON *root, const char *what,
                           struct result **result, struct fault *fault) {
  char path[MATRIX_PATH_BYTES];
  struct fault unreadable = {0};
  matrix_file_path(folder, "result.json", path);
  if (!json_write_file(path, root, fault)) return false;
  if (result_open(path, result, &unreadable)) return true;
  if (unreadable.code == EXIT_CODE_SYSTEM) return fault_set(fault, unreadable.code, "%s", unreadable.message);
  return fault_set(fault, EXIT_CODE_INTERNAL, "%s: %.700s", what, unreadable.message);
}

/* What was measured must be readable before it replaces what is there. */
static bool finish(const struct matrix_folder *folder, const cJSON *root, struct result **result, struct fault *fault) {
  char path[MATRIX_PATH_BYTES];
  matrix_file_path(folder, "result.json", path);
  if (!write_and_read(folder, root, "the cells, which are kept, do not make a valid result", result, fault))
    return false;
  if (put_in_place(path, folder->output, fault)) return true;
  result_close(*result);
  *result = NULL;
  return false;
}

/* The result of these cells, which it takes. The caller deletes it. */
static cJSON *make_result(const struct matrix_parts *parts, const struct refusals *refusals, cJSON *cells) {
  cJSON *root = json_new_object();
  json_add_text(root, "schema", RESULT_SCHEMA);
  add_time(root);
  json_add_item(root, "phasebench", environment_build());
  json_add_item(root, "environment", environment_record());
  corpus_add_json(parts->corpus, json_add_object(root, "corpus"));
  add_settings(parts, refusals, json_add_object(root, "settings"));
  json_add_item(root, "cells", cells);
  json_add_bool(root, "complete", true);
  return root;
}

bool matrix_check_plan(const struct matrix_parts *parts, struct fault *fault) {
  const struct refusals refusals = {.aslr = EPERM, .huge_pages = EPERM, .cpu = EPERM}; /* as much as can be said */
  const struct plan *plan = parts->plan;
  struct result *result = NULL;
  cJSON *cells = json_new_array();
  for (unsigned i = 0; i < plan->cell_count; i++) {
    const struct plan_cell *cell = &plan->cells[i];
    json_add_item(cells, NULL,
                  cell_outcome_planned(&plan->combinations[cell->combination], plan->profiles[cell->profile],
                                       cell->repetition, i));
  }
  cJSON *root = make_result(parts, &refusals, cells);
  bool ok = write_and_read(parts->folder, root, "the cells would not make a valid result, and none was measured",
                           &result, fault);
  if (ok) result_close(result);
  cJSON_Delete(root);
  return ok;
}

bool matrix_write_result(const struct matrix_parts *parts, struct result **result, struct fault *fault) {
  struct refusals refusals = {0};
  cJSON *cells = json_new_array();
  bool ok = add_cells(parts->plan, parts->folder, cells, &refusals, fault);
  cJSON *root = make_result(parts, &refusals, cells);
  ok = ok && finish(parts->folder, root, result, fault);
  cJSON_Delete(root);
  return ok;
}
