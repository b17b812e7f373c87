/* SPDX-License-Identifier: MIT
 *
 * matrix_files.h - the folder of an unfinished run, and the result made of it. */
#ifndef PHASEBENCH_MATRIX_FILES_H
#define PHASEBENCH_MATRIX_FILES_H

#include "plan.h"
#include "result/result.h"
#include "system/supervise.h"

#define MATRIX_PATH_BYTES 4096

struct matrix_folder {
  char output[MATRIX_PATH_BYTES]; /* absolute */
  char folder[MATRIX_PATH_BYTES]; /* OUTPUT.cells */
  int lock_fd;                    /* -1: not open */
};

enum matrix_state {
  MATRIX_NEW,      /* nothing is kept */
  MATRIX_KEPT,     /* finished cells of a run are kept */
  MATRIX_COMPLETE, /* no cells are kept, and the output is the complete result of the same plan */
};

/* Finds the output's absolute path; makes the folders that it lies in. Writes nothing else. */
bool matrix_output_path(const struct run_options *options, const struct corpus *corpus, char output[MATRIX_PATH_BYTES],
                        struct fault *fault);
/* Opens (makes) the folder, takes its lock, and looks at what is there, as --resume and --restart say. */
bool matrix_folder_open(const struct run_options *options, const struct plan *plan, struct matrix_folder *folder,
                        enum matrix_state *state, struct fault *fault);
/* Lets go of the lock; removes the folder when `remove`, or when no finished cell is in it. */
void matrix_folder_close(struct matrix_folder *folder, const struct plan *plan, bool remove);

/* "FOLDER/NNNN<suffix>" of a cell, or "FOLDER/<name>". */
void matrix_cell_path(const struct matrix_folder *folder, unsigned position, const char *suffix,
                      char path[MATRIX_PATH_BYTES]);
void matrix_file_path(const struct matrix_folder *folder, const char *name, char path[MATRIX_PATH_BYTES]);

/* Keeps a finished cell; from here on it need not run again. The file is one line of JSON, what must be known of the
 * cell beside its object ({"plan_hash", "aslr_error", "huge_pages_error", "cpu_error"}), and below it the cell's
 * object as the result will have it: it is not parsed again until the result is checked. */
bool matrix_keep_cell(const struct matrix_folder *folder, const struct plan *plan, unsigned position,
                      const struct supervise_outcome *end, const cJSON *cell, struct fault *fault);
bool matrix_cell_is_kept(const struct matrix_folder *folder, unsigned position);
unsigned matrix_kept_count(const struct matrix_folder *folder, const struct plan *plan);

/* Facts of a run for settings: what the system refused. */
struct matrix_facts {
  struct cpu_claim claim; /* its cpu is -1: none was chosen */
  const char *cpu_why;    /* then: why */
};

/* All that a result is made of. */
struct matrix_parts {
  const struct run_options *options;
  const struct corpus *corpus;
  const struct plan *plan;
  const struct matrix_facts *facts;
  const struct matrix_folder *folder;
};

/* Before the first cell: would the cells of this plan make a result that can be read? */
bool matrix_check_plan(const struct matrix_parts *parts, struct fault *fault);

/* Makes the result of all kept cells and puts it in place; *result is it, opened, and the caller closes it. */
bool matrix_write_result(const struct matrix_parts *parts, struct result **result, struct fault *fault);

#endif
