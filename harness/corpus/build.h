/* SPDX-License-Identifier: MIT
 *
 * build.h - what the sources of this room share while a corpus is being opened: corpus.c
 * calls the steps in the order in which they stand here. */
#ifndef PHASEBENCH_CORPUS_BUILD_H
#define PHASEBENCH_CORPUS_BUILD_H

#include <obstack.h>

#include "corpus.h"
#include "manifest.h"

/* A file that the walk found and that is to be read. */
struct corpus_candidate {
  const char *path; /* relative to the root */
  uint64_t bytes;   /* as stat told; only for the progress line */
  uint32_t language;
};

struct corpus_build {
  struct corpus *corpus;
  struct obstack *strings; /* is corpus->arena */
  const struct manifest_rule *rules;
  size_t rule_count;
  uint64_t max_file_bytes;
  bool honour_ignore_files;                /* .gitignore and .ignore */
  const char *const *paths;                /* what to walk, below the root; NULL: everything */
  const char *const *excludes[2];          /* each NULL-terminated or NULL */
  const struct manifest_version *versions; /* of the manifest */
  size_t version_count;
  bool partial; /* not all of the manifest's paths were asked for */

  struct corpus_candidate *candidates; /* malloc; sorted by path after the walk */
  size_t candidate_count, candidate_capacity;
  struct corpus_skipped *skipped; /* malloc */
  size_t skipped_count, skipped_capacity;
  const char **languages; /* malloc; distinct languages of the rules, sorted */
  size_t language_count;
};

/* Finds the files: fills candidates and skipped. */
bool corpus_walk(struct corpus_build *build, struct fault *fault);

/* Reads every candidate once: fills corpus->files (malloc), the sums and skipped. */
bool corpus_read(struct corpus_build *build, struct fault *fault);

/* Reads the new versions and pairs them with the corpus's files: fills corpus->edits (malloc).
 * After corpus_read. Faults: a version without a file in common with the corpus. */
bool corpus_read_versions(struct corpus_build *build, struct fault *fault);

/* Keeps a sample of at most options->max_lines lines (0: all), and names the corpus so. After all was
 * read, before languages are summed. Faults: EXIT_CODE_INPUT where no file is so small. */
bool corpus_limit(struct corpus_build *build, const struct corpus_options *options, struct fault *fault);

/* Makes the fingerprint of what the corpus has now. */
bool corpus_hash_contents(struct corpus *corpus, struct fault *fault);

/* Counts, and lists where files of this reason are listed; path is copied. */
bool corpus_skip_file(struct corpus_build *build, const char *path, enum corpus_skip why, struct fault *fault);

#endif
