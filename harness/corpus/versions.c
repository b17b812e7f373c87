/* SPDX-License-Identifier: MIT
 *
 * versions.c - what the corpus's files become: the "versions" of a manifest. The
 * new side is walked and read as the corpus itself is, with the same excludes and
 * languages, but is no part of it: a text that stands in the store already would be
 * found there, and an edit to it would look cheaper than one that somebody types. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

static bool out_of_memory(struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while the corpus's versions were read");
}

static bool holds(const char *path, const char *inner) {
  size_t length = strlen(path);
  return strncmp(path, inner, length) == 0 && (inner[length] == '/' || inner[length] == '\0');
}

static int compare_path(const void *path, const void *file) {
  return strcmp(path, ((const struct corpus_file *)file)->path);
}

/* The file of `side` at the place that `file` has in the old version; NULL: the new version has none.
 * *version is the pair's place in the manifest, or version_count where no version holds the file. */
static const struct corpus_file *counterpart(const struct corpus_build *build, const struct corpus *side,
                                             const char *file, size_t *version) {
  char path[PATH_MAX];
  *version = 0;
  while (*version < build->version_count && !holds(build->versions[*version].old, file)) ++*version;
  if (*version == build->version_count) return NULL;
  const struct manifest_version *pair = &build->versions[*version];
  int length = snprintf(path, sizeof path, "%s%s", pair->new, file + strlen(pair->old));
  if (length >= PATH_MAX) return NULL; /* no such file can have been read */
  return bsearch(path, side->files, side->file_count, sizeof *side->files, compare_path);
}

static bool pair_files(struct corpus_build *build, const struct corpus *side, struct fault *fault) {
  struct corpus *corpus = build->corpus;
  size_t *common = calloc(build->version_count, sizeof *common);
  corpus->edits = calloc(corpus->file_count + 1, sizeof *corpus->edits);
  bool ok = (common && corpus->edits) || out_of_memory(fault);
  for (size_t i = 0; ok && i < corpus->file_count; i++) {
    const struct corpus_file *old = &corpus->files[i];
    size_t version;
    const struct corpus_file *new = counterpart(build, side, old->path, &version);
    if (!new || new->language != old->language) continue;
    common[version]++;
    if (new->bytes == old->bytes &&new->hash == old->hash) continue;
    corpus->edits[corpus->edit_count++] = (struct corpus_edit){(uint32_t)i, new->path, new->bytes, new->hash};
  }
  for (size_t i = 0; ok && !build->partial && i < build->version_count; i++) {
    if (common[i]) continue;
    ok = fault_set(fault, EXIT_CODE_INPUT, "the corpus '%s' names the versions %s and %s, which have no file in common",
                   corpus->name, build->versions[i].old, build->versions[i].new);
  }
  free(common);
  return ok;
}

bool corpus_read_versions(struct corpus_build *build, struct fault *fault) {
  struct corpus *corpus = build->corpus;
  if (!build->version_count) return true;
  corpus->has_versions = true;
  const char **paths = calloc(build->version_count + 1, sizeof *paths);
  if (!paths) return out_of_memory(fault);
  for (size_t i = 0; i < build->version_count; i++) paths[i] = build->versions[i].new;
  struct corpus side = {.name = corpus->name, .root = corpus->root};
  struct corpus_build side_build = *build; /* the same rules, excludes and strings */
  side_build.corpus = &side;
  side_build.paths = paths;
  side_build.candidates = NULL;
  side_build.skipped = NULL;
  side_build.candidate_count = side_build.candidate_capacity = 0;
  side_build.skipped_count = side_build.skipped_capacity = 0;
  bool ok = corpus_walk(&side_build, fault) && corpus_read(&side_build, fault);
  for (size_t i = 0; ok && i < side_build.skipped_count; i++) {
    if (side_build.skipped[i].why != CORPUS_SKIP_UNREADABLE) continue;
    ok = fault_set(fault, EXIT_CODE_INPUT, "the corpus '%s' has a file in a new version that cannot be read: %s",
                   corpus->name, side_build.skipped[i].path);
  }
  ok = ok && pair_files(build, &side, fault);
  free(side.files);
  free(side_build.candidates);
  free(side_build.skipped);
  free(paths);
  return ok;
}
