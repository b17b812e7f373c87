/* SPDX-License-Identifier: MIT
 *
 * baselines.c - see baselines.h. */
#include "baselines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_out.h"

bool baselines_path(const char *directory, const char *name, char path[BASELINES_PATH_BYTES], struct fault *fault) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  size_t length = strlen(name);
  bool good = length > 0 && length <= 100 && strchr(letters, name[0]);
  for (size_t i = 0; good && i < length; i++) good = strchr(letters, name[i]) || strchr("._-", name[i]);
  if (!good) {
    return fault_set(fault, EXIT_CODE_USAGE,
                     "'%.120s' is no name of a baseline: expected at most 100 letters, digits, '.', '_', '-', the "
                     "first a letter or digit",
                     name);
  }
  int used = snprintf(path, BASELINES_PATH_BYTES, "%s/%s.json", directory, name);
  if (used > 0 && used < BASELINES_PATH_BYTES) return true;
  return fault_set(fault, EXIT_CODE_USAGE, "the path of the folder of baselines is too long");
}

bool baselines_find(const char *directory, const char *name_or_path, char path[BASELINES_PATH_BYTES],
                    struct fault *fault) {
  size_t length = strlen(name_or_path);
  bool is_path = strchr(name_or_path, '/') || (length > 5 && strcmp(name_or_path + length - 5, ".json") == 0);
  if (!is_path) {
    if (!baselines_path(directory, name_or_path, path, fault)) return false;
    if (access(path, F_OK) == 0) return true;
    if (exit_code_of_errno(errno) != EXIT_CODE_INPUT)
      return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be looked at: %s", path, strerror(errno));
    return fault_set(fault, EXIT_CODE_INPUT,
                     "there is no baseline '%s': %s does not exist; `phasebench baseline list` shows those that do, "
                     "and a path is told by a '/' or .json",
                     name_or_path, path);
  }
  if (length < BASELINES_PATH_BYTES) {
    memcpy(path, name_or_path, length + 1);
    return true;
  }
  return fault_set(fault, EXIT_CODE_USAGE, "the path of a result is too long");
}

/* ---- save ---- */

static bool is_sound(const struct result *result, struct fault *fault) {
  if (result->sanitizers[0]) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: measured by a build with sanitizers (%s): no baseline; use the release build", result->path,
                     result->sanitizers);
  }
  if (result->allow_unfit_build) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: measured with --allow-unfit-build: no baseline; use the release build", result->path);
  }
  for (unsigned g = 0; g < result->group_count; g++) {
    const struct result_group *group = &result->groups[g];
    if (group->ok) continue;
    return fault_set(fault, EXIT_CODE_INPUT, "%s: %.200s, %.40s failed (%.300s): a baseline needs all of its cells",
                     result->path, group->combination, group->profile, group->reason);
  }
  return true;
}

/* Every folder of the path, as `mkdir -p`. */
static bool make_folders(const char *directory, struct fault *fault) {
  char path[BASELINES_PATH_BYTES];
  snprintf(path, sizeof path, "%s", directory);
  for (char *slash = path + 1;; slash++) {
    if (*slash && *slash != '/') continue;
    char kept = *slash;
    *slash = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
      return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made: %s", path, strerror(errno));
    }
    if (!kept) return true;
    *slash = kept;
  }
}

static bool write_compact(const struct result *result, const char *path, struct fault *fault) {
  json_make_exact(result->root);
  char *text = cJSON_PrintUnformatted(result->root);
  if (!text) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", path);
  size_t length = strlen(text);
  text[length] = '\n'; /* in place of the final NUL */
  bool ok = json_write_bytes(path, text, length + 1, fault);
  cJSON_free(text);
  return ok;
}

bool baselines_save(const char *result_path, const char *directory, const char *name, bool replace,
                    char path[BASELINES_PATH_BYTES], struct fault *fault) {
  struct result *result;
  if (!baselines_path(directory, name, path, fault) || !result_open(result_path, &result, fault)) return false;
  bool ok = is_sound(result, fault) && make_folders(directory, fault);
  if (ok && !replace && access(path, F_OK) == 0) {
    ok = fault_set(fault, EXIT_CODE_USAGE, "%s: there is a baseline of this name; --replace replaces it", path);
  }
  ok = ok && write_compact(result, path, fault);
  result_close(result);
  return ok;
}
