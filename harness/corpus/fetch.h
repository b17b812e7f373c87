/* SPDX-License-Identifier: MIT
 *
 * fetch.h - corpora/fetch.sh and what it leaves in the cache. */
#ifndef PHASEBENCH_CORPUS_FETCH_H
#define PHASEBENCH_CORPUS_FETCH_H

#include "manifest.h"

/* Makes sure that the manifest's files are in the cache. What is there already is not fetched again,
 * unless `again`. Ctrl-C: EXIT_CODE_INTERRUPTED, and nothing half-done is left. */
bool corpus_fetch(const struct manifest *manifest, bool again, struct fault *fault);

/* The version of a package that was fetched, as fetch.sh wrote it down. Returns false
 * when it is not known. */
bool corpus_fetched_version(const struct manifest *manifest, const char *package, char *version, size_t version_bytes);

#endif
