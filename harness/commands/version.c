/* SPDX-License-Identifier: MIT
 *
 * version.c - `phasebench version`: which program this is. */
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/version.h"
#include "commands.h"
#include "system/environment.h"

static const char help[] =
    "usage: phasebench version\n\n"
    "Prints the version, the commit that the program is built from ('+': with changes that are not in it), and,\n"
    "where the build may not produce results, why. `phasebench --version` prints the same.\n\n"
    "example: phasebench version\n";

int command_version(int argc, char **argv) {
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(help, stdout);
    return EXIT_CODE_OK;
  }
  if (argc > 1) {
    fprintf(stderr, "phasebench version: '%s': expected nothing; see --help\n", argv[1]);
    return EXIT_CODE_USAGE;
  }
  cJSON *build = environment_build();
  const cJSON *commit = cJSON_GetObjectItemCaseSensitive(build, "commit");
  printf("phasebench %s", phasebench_version());
  if (cJSON_IsString(commit)) {
    printf(" (commit %.12s%s)", commit->valuestring,
           cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(build, "dirty")) ? "+" : "");
  }
  putchar('\n');
  if (environment_unfit_build()) printf("not for results: %s\n", environment_unfit_build());
  cJSON_Delete(build);
  return EXIT_CODE_OK;
}
