/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a manifest. In a real file: its name must be that which the manifest gives itself, "it". */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "manifest.h"

static char folder[64], path[80];

static void remove_all(void) {
  unlink(path);
  rmdir(folder);
}

static void make_folder(void) {
  snprintf(folder, sizeof folder, "%s/phasebench-fuzz-XXXXXX", P_tmpdir);
  if (!mkdtemp(folder) || atexit(remove_all) != 0) abort();
  snprintf(path, sizeof path, "%s/it.json", folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!folder[0]) make_folder();
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) abort();
  struct fault fault = {0};
  struct manifest manifest;
  char root[PATH_MAX];
  bool is_fetched;
  if (!manifest_read(path, &manifest, &fault)) {
    if (fault.code != EXIT_CODE_INPUT) abort();
    return 0;
  }
  manifest_root(&manifest, root, &is_fetched, &fault);
  manifest_free(&manifest);
  return 0;
}
