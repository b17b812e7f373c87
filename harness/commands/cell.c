/* SPDX-License-Identifier: MIT
 *
 * cell.c - `phasebench cell SPEC.json OUT.json`: one cell in this process. Not for
 * people: `phasebench run` writes the specification, starts the cell, and reads OUT.json.
 *
 * OUT.json is written whenever the cell began, with its status; the exit code is that of
 * fault.h. Where there is no OUT.json, the message on stderr says why. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json_out.h"
#include "cell/cell.h"
#include "cell/json.h"
#include "commands.h"
#include "store/files.h"
#include "system/confine.h"

static const char help[] =
    "usage: phasebench cell SPEC.json OUT.json\n\n"
    "Measures one cell (a corpus through one combination of stages) in this process and writes\n"
    "what it found to OUT.json. `phasebench run` writes the specification and calls this; to measure,\n"
    "use `phasebench run`.\n\n"
    "example:\n"
    "  phasebench cell results/quick.json.cells/0003.spec.json cell.json\n";

static int tell(const struct fault *fault) {
  fault_print(fault, "cell");
  return (int)fault->code;
}

int command_cell(int argc, char **argv) {
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(help, stdout);
    return EXIT_CODE_OK;
  }
  if (argc != 3) {
    fputs(help, stderr);
    return EXIT_CODE_USAGE;
  }
  static struct cell cell; /* too large for the stack */
  static struct cell_spec spec;
  struct fault fault = {0}, write_fault = {0};
  if (!cell_spec_read(argv[1], &spec, &fault)) return tell(&fault);
  bool makes_folder = spec.place.directory && access(spec.place.directory, F_OK) != 0;
  const char *unconfined = confine_to_one_process();
  if (unconfined) fprintf(stderr, "note: stages could start processes, which nothing would count: %s\n", unconfined);
  cell_run(&cell, &spec, &fault);
  cJSON *json = cell_json(&cell, &fault);
  cell_close(&cell);
  /* If the stages filled the disk, there is room for OUT.json only after their files are removed. */
  if (makes_folder) store_directory_remove(spec.place.directory);
  bool written = json_write_file(argv[2], json, &write_fault);
  cJSON_Delete(json);
  cell_spec_free(&spec);
  if (fault.code != EXIT_CODE_OK) return tell(&fault);
  return written ? EXIT_CODE_OK : tell(&write_fault);
}
