/* SPDX-License-Identifier: MIT
 *
 * manifest.h - corpora/NAME.json, read and checked. The format is described in
 * corpora/README.md. For this room and `phasebench corpus`. */
#ifndef PHASEBENCH_CORPUS_MANIFEST_H
#define PHASEBENCH_CORPUS_MANIFEST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

#define MANIFEST_SCHEMA "phasebench-corpus-1"

enum manifest_source {
  MANIFEST_DIRECTORY, /* files that are there anyway */
  MANIFEST_NPM,       /* npm packages, pinned by a lock file */
  MANIFEST_DEB,       /* Debian packages */
};

struct manifest_rule {
  const char *extension; /* with its dot */
  const char *language;
};

struct manifest_package {
  const char *name;
  const char *version; /* the expected one */
};

/* Files and folders below the root: at the checkpoint `edited` a file of `old` becomes what stands
 * at the same place in `new`, which need not be part of the corpus. */
struct manifest_version {
  const char *old;
  const char *new;
};

struct manifest_fingerprint {
  bool known;
  uint64_t files, lines, bytes;
  const char *content_hash;
};

/* Strings belong to `json`; lists are the manifest's own, NULL-terminated where
 * they are of strings. */
struct manifest {
  struct cJSON *json;
  char path[PATH_MAX]; /* of the manifest itself */
  const char *name;
  const char *title;
  enum manifest_source source;
  const char *folder;                /* directory: its root; npm: where the lock file is; below the manifest's folder */
  const char *download;              /* npm, deb: name of the fetched tree in the cache; corpora may share one */
  const char *archive;               /* deb: a tar file inside the package that holds the files; or NULL */
  const char **keep;                 /* deb: file name patterns that are unpacked */
  struct manifest_package *packages; /* deb */
  size_t package_count;
  const char *below;    /* subfolder of the tree that is the corpus's root; or NULL */
  const char **paths;   /* files and folders below the root; NULL: all of it */
  const char **exclude; /* patterns as in .gitignore; or NULL */
  struct manifest_rule *rules;
  size_t rule_count;
  struct manifest_version *versions; /* NULL: edits are seeded small ones */
  size_t version_count;
  struct manifest_fingerprint expected;
  uint64_t target_files, target_lines; /* 0: none stated */
};

/* name: of a manifest in the corpora folder, or, with a '/', a manifest's path. */
bool manifest_read(const char *name, struct manifest *manifest, struct fault *fault);
void manifest_free(struct manifest *manifest);

/* Names of all manifests, sorted; free the array and each name. */
bool manifest_list(char ***names, size_t *count, struct fault *fault);

/* Absolute path of the corpus's root. When it has not been fetched, *fetched is
 * false and root is where it will be. */
bool manifest_root(const struct manifest *manifest, char root[PATH_MAX], bool *fetched, struct fault *fault);

/* npm, deb: the folder in the cache that holds `tree` and `fetched`. */
bool manifest_download_folder(const struct manifest *manifest, char folder[PATH_MAX], struct fault *fault);

/* What extensions mean where no manifest says it. */
extern const struct manifest_rule manifest_default_rules[];
extern const size_t manifest_default_rule_count;

/* True when path is relative, tidy (no empty, "." or ".." part) and not empty. */
bool manifest_path_is_inside(const char *path);

#endif
