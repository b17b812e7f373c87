/* SPDX-License-Identifier: MIT
 *
 * corpus_verify.c - `phasebench corpus verify`: is a corpus what its manifest expects? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "corpus.h"
#include "corpus/corpus.h"
#include "corpus/fetch.h"
#include "corpus/manifest.h"

const char corpus_verify_help[] =
    "usage: phasebench corpus verify NAME...\n\n"
    "Reads corpora and compares their fingerprints with those that the manifests expect. Says what\n"
    "differs and ends with exit code 3 when anything does.\n\n"
    "example:\n"
    "  phasebench corpus verify " CORPUS_DEFAULT "\n";

static bool differs(const char *name, const char *what, uint64_t expected, uint64_t found) {
  if (expected == found) return false;
  printf("corpus %s: %s: expected %" PRIu64 ", found %" PRIu64 "\n", name, what, expected, found);
  return true;
}

/* The usual reason of a difference: Debian has a newer version of a package. */
static void report_versions(const struct manifest *manifest) {
  for (size_t i = 0; i < manifest->package_count; i++) {
    const struct manifest_package *package = &manifest->packages[i];
    char version[256];
    bool known = corpus_fetched_version(manifest, package->name, version, sizeof version);
    if (known && strcmp(version, package->version) == 0) continue;
    printf("corpus %s: the package %s: expected version %s, fetched %s\n", manifest->name, package->name,
           package->version, known ? version : "an unknown one");
  }
}

static bool compare(const struct manifest *manifest, const struct corpus *corpus) {
  const struct manifest_fingerprint *expected = &manifest->expected;
  if (!expected->known) {
    printf("corpus %s: the manifest expects no fingerprint; found\n  \"expected\": {\"files\": %zu, \"lines\": %" PRIu64
           ", \"bytes\": %" PRIu64 ", \"content_hash\": \"%s\"}\n",
           manifest->name, corpus->file_count, corpus->lines, corpus->bytes, corpus->content_hash);
    return false;
  }
  bool files = differs(manifest->name, "files", expected->files, corpus->file_count);
  bool lines = differs(manifest->name, "lines", expected->lines, corpus->lines);
  bool bytes = differs(manifest->name, "bytes", expected->bytes, corpus->bytes);
  bool hash = strcmp(expected->content_hash, corpus->content_hash) != 0;
  if (hash) {
    printf("corpus %s: content_hash: expected %s, found %s\n", manifest->name, expected->content_hash,
           corpus->content_hash);
  }
  if (files || lines || bytes || hash) return false;
  printf("corpus %s: as expected: %zu file%s, %" PRIu64 " line%s, %" PRIu64 " bytes, %s\n", manifest->name,
         corpus->file_count, plural(corpus->file_count), corpus->lines, plural(corpus->lines), corpus->bytes,
         corpus->content_hash);
  return true;
}

static void report_target(const struct manifest *manifest, const struct corpus *corpus) {
  if (!manifest->target_lines) return;
  printf("corpus %s: aimed at ", manifest->name);
  if (manifest->target_files) printf("%" PRIu64 " file%s and ", manifest->target_files, plural(manifest->target_files));
  printf("%" PRIu64 " lines; it has %zu file%s and %" PRIu64 " lines (%+" PRId64 ")\n", manifest->target_lines,
         corpus->file_count, plural(corpus->file_count), corpus->lines,
         (int64_t)corpus->lines - (int64_t)manifest->target_lines);
}

int corpus_command_verify(char *const *names) {
  int code = EXIT_CODE_OK;
  for (; *names; names++) {
    struct fault fault = {0};
    struct manifest manifest;
    struct corpus *corpus = NULL;
    if (manifest_read(*names, &manifest, &fault) && corpus_open(*names, NULL, &corpus, &fault)) {
      report_versions(&manifest);
      if (!compare(&manifest, corpus)) code = EXIT_CODE_INPUT;
      report_target(&manifest, corpus);
    }
    corpus_close(corpus);
    manifest_free(&manifest);
    if (fault.code != EXIT_CODE_OK) code = corpus_report(&fault);
  }
  return corpus_finish_output(code);
}
