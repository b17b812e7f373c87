/* SPDX-License-Identifier: MIT
 *
 * corpus_fetch.c - `phasebench corpus fetch`. */
#include <stdio.h>

#include "corpus.h"
#include "corpus/corpus.h"
#include "corpus/fetch.h"
#include "corpus/manifest.h"

const char corpus_fetch_help[] =
    "usage: phasebench corpus fetch [--again] NAME...\n\n"
    "Fetches corpora into the cache (PHASEBENCH_CACHE, else $XDG_CACHE_HOME/phasebench, else\n"
    "~/.cache/phasebench): npm packages by a lock file with hashes, Debian packages by apt-get.\n"
    "What is there already is not fetched again; what is interrupted leaves nothing behind.\n\n"
    "  --again   fetch even what is there\n\n"
    "example:\n"
    "  phasebench corpus fetch " CORPUS_DEFAULT " python-stdlib\n";

int corpus_command_fetch(char *const *names, bool again) {
  for (; *names; names++) {
    struct fault fault = {0};
    struct manifest manifest;
    if (manifest_read(*names, &manifest, &fault)) corpus_fetch(&manifest, again, &fault);
    if (fault.code == EXIT_CODE_OK) {
      printf("corpus %s: %s\n", manifest.name,
             manifest.source == MANIFEST_DIRECTORY ? "comes with the build, nothing to fetch" : "is in the cache");
    }
    manifest_free(&manifest);
    if (fault.code != EXIT_CODE_OK) return corpus_report(&fault);
  }
  return corpus_finish_output(EXIT_CODE_OK);
}
