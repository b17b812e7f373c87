/* SPDX-License-Identifier: MIT
 *
 * doctor_program.c - see doctor_checks.h: what the installation consists of, and the places that are written to. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/size.h"
#include "corpus/grammar.h"
#include "corpus/manifest.h"
#include "doctor_checks.h"
#include "store/store.h"
#include "system/environment.h"

#define STAGES_MAX 64

static void check_build(struct doctor *doctor) {
  static const char why[] = "a build for tests takes other memory and other times than one for use";
  const char *unfit = environment_unfit_build();
  if (unfit) doctor_add(doctor, "build", DOCTOR_FAIL, why, "scripts/build.sh release", "%s", unfit);
  else doctor_add(doctor, "build", DOCTOR_OK, why, "", "may produce results");
}

static void check_stages(struct doctor *doctor) {
  static const char why[] = "combinations are made of them";
  struct fault fault = {0};
  struct stage_summary *stages = calloc(STAGES_MAX, sizeof *stages);
  unsigned count = 0;
  if (!stages) fault_set(&fault, EXIT_CODE_SYSTEM, "out of memory for the list of stages");
  else stage_list(stages, STAGES_MAX, &count, &fault);
  if (fault.code != EXIT_CODE_OK)
    doctor_add(doctor, "stages", DOCTOR_FAIL, why, "build or install again, or set PHASEBENCH_STAGE_DIR", "%.400s",
               fault.message);
  else if (count == 0)
    doctor_add(doctor, "stages", DOCTOR_FAIL, why, "build or install again, or set PHASEBENCH_STAGE_DIR",
               "none in %.400s", paths_stage_dir());
  else doctor_add(doctor, "stages", DOCTOR_OK, why, "", "%u in %.400s", count, paths_stage_dir());
  free(stages);
}

static void check_grammars(struct doctor *doctor) {
  static const char why[] = "files are parsed with them";
  static const char todo[] = "build or install again, or set PHASEBENCH_GRAMMAR_DIR";
  DIR *folder = opendir(paths_grammar_dir());
  struct fault fault = {0};
  unsigned count = 0;
  if (!folder) fault_set(&fault, EXIT_CODE_SYSTEM, "%.400s: %s", paths_grammar_dir(), strerror(errno));
  for (const struct dirent *entry; folder && fault.code == EXIT_CODE_OK && (entry = readdir(folder));) {
    size_t length = strlen(entry->d_name);
    if (length <= 5 || length > 36 || strcmp(entry->d_name + length - 5, ".json") != 0) continue;
    char language[32];
    struct grammar_info info;
    snprintf(language, sizeof language, "%.*s", (int)length - 5, entry->d_name);
    count += grammar_describe(language, &info, &fault);
  }
  if (folder) closedir(folder);
  if (fault.code == EXIT_CODE_OK && count)
    doctor_add(doctor, "grammars", DOCTOR_OK, why, "", "%u in %.400s", count, paths_grammar_dir());
  else if (fault.code == EXIT_CODE_OK)
    doctor_add(doctor, "grammars", DOCTOR_FAIL, why, todo, "none in %.400s", paths_grammar_dir());
  else doctor_add(doctor, "grammars", DOCTOR_FAIL, why, todo, "%.500s", fault.message);
}

struct corpora {
  unsigned count, fetched;
  char missing[300];
};

static bool look_at_corpus(const char *name, struct corpora *corpora, struct fault *fault) {
  struct manifest manifest;
  char root[PATH_MAX];
  bool fetched = false;
  if (!manifest_read(name, &manifest, fault)) return false;
  bool ok = manifest_root(&manifest, root, &fetched, fault);
  manifest_free(&manifest);
  size_t used = strlen(corpora->missing);
  corpora->count++;
  corpora->fetched += fetched;
  if (ok && !fetched) snprintf(corpora->missing + used, sizeof corpora->missing - used, "%s%s", used ? " " : "", name);
  return ok;
}

static void check_corpora(struct doctor *doctor) {
  static const char why[] = "published figures are of them; --dir PATH measures any code";
  static const char todo[] = "install again, or set PHASEBENCH_CORPORA_DIR";
  struct fault fault = {0};
  struct corpora corpora = {0};
  char **names = NULL;
  size_t count = 0;
  bool ok = manifest_list(&names, &count, &fault);
  for (size_t i = 0; i < count; i++) {
    if (ok) ok = look_at_corpus(names[i], &corpora, &fault);
    free(names[i]);
  }
  free(names);
  if (!ok) doctor_add(doctor, "corpora", DOCTOR_FAIL, why, todo, "%.500s", fault.message);
  else if (!count) doctor_add(doctor, "corpora", DOCTOR_FAIL, why, todo, "no manifest in %.400s", paths_corpora_dir());
  else if (corpora.missing[0]) {
    struct doctor_check *check = doctor_add(doctor, "corpora", DOCTOR_WARN, why, "", "%u of %u fetched; not: %s",
                                            corpora.fetched, corpora.count, corpora.missing);
    snprintf(check->todo, sizeof check->todo, "phasebench corpus fetch %s", corpora.missing);
  } else doctor_add(doctor, "corpora", DOCTOR_OK, why, "", "all %u fetched", corpora.count);
}

static void check_gnuplot(struct doctor *doctor) {
  static const char why[] = "`phasebench report` draws with it; nothing else needs it";
  const char *folders = getenv("PATH");
  char path[PATH_MAX];
  for (const char *at = folders ? folders : ""; *at; at += strcspn(at, ":"), at += *at == ':') {
    int length = (int)strcspn(at, ":");
    if (snprintf(path, sizeof path, "%.*s/gnuplot", length, at) >= (int)sizeof path) continue;
    if (access(path, X_OK) != 0) continue;
    doctor_add(doctor, "gnuplot", DOCTOR_OK, why, "", "%.400s", path);
    return;
  }
  doctor_add(doctor, "gnuplot", DOCTOR_WARN, why, "install gnuplot (Debian: gnuplot-nox)", "not in PATH");
}

void doctor_program(struct doctor *doctor) {
  check_build(doctor);
  check_stages(doctor);
  check_grammars(doctor);
  check_corpora(doctor);
  check_gnuplot(doctor);
}

/* ---- places ---- */

/* The nearest folder that exists: what is to be made is made on the same file system. */
static bool stat_nearest(const char *path, char nearest[PATH_MAX], struct statfs *status) {
  snprintf(nearest, PATH_MAX, "%s", path);
  while (statfs(nearest, status) != 0) {
    char *slash = strrchr(nearest, '/');
    if (errno != ENOENT) return false;
    if (!slash) snprintf(nearest, PATH_MAX, ".");
    else if (slash == nearest) nearest[1] = '\0';
    else *slash = '\0';
  }
  return true;
}

static void check_place(struct doctor *doctor, const char *name, const char *path, bool stages_write) {
  static const char why_results[] =
      "results and what stages write to disk go there; on a file system in memory, what "
      "a stage keeps on disk is kept in memory, and counted by nobody";
  static const char why_cache[] = "fetched corpora go there; all of them take 1.5 GiB";
  const char *why = stages_write ? why_results : why_cache;
  uint64_t wanted = (stages_write ? 1 : 2) * 1024 * MIB_BYTES;
  struct statfs status;
  char nearest[PATH_MAX];
  if (!stat_nearest(path, nearest, &status)) {
    doctor_add(doctor, name, DOCTOR_FAIL, why, "take another place", "%.300s: %s", nearest, strerror(errno));
    return;
  }
  uint64_t free_bytes = (uint64_t)status.f_bavail * (uint64_t)status.f_bsize;
  bool in_memory = status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
  const char *what = in_memory ? "a file system in memory" : "a file system on disk";
  struct doctor_check *check;
  if (access(nearest, W_OK) != 0)
    check = doctor_add(doctor, name, DOCTOR_FAIL, why, "", "%.300s cannot be written to: %s", nearest, strerror(errno));
  else if (free_bytes < 64 * MIB_BYTES)
    check = doctor_add(doctor, name, DOCTOR_FAIL, why, "", "%.300s: %.0f MiB left", nearest, (double)free_bytes / MIB);
  else
    check = doctor_add(doctor, name, (in_memory && stages_write) || free_bytes < wanted ? DOCTOR_WARN : DOCTOR_OK, why,
                       "", "%.300s: %s, %.0f MiB left", nearest, what, (double)free_bytes / MIB);
  if (check->state != DOCTOR_OK)
    snprintf(check->todo, sizeof check->todo, "%s",
             stages_write ? "phasebench run --output FILE on another disk" : "set PHASEBENCH_CACHE to another disk");
}

void doctor_places(struct doctor *doctor, const char *results_dir) {
  check_place(doctor, "results", results_dir, true);
  check_place(doctor, "cache", paths_cache_dir(), false);
}
