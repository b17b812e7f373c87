/* SPDX-License-Identifier: MIT
 *
 * matrix.c - the cells of a run, one after the other. */
#include "matrix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/count.h"
#include "base/interrupt.h"
#include "base/json_out.h"
#include "base/paths.h"
#include "cell/spec.h"
#include "cell_outcome.h"
#include "cell_place.h"
#include "matrix_files.h"
#include "progress.h"
#include "store/files.h"
#include "system/allocator.h"
#include "system/environment.h"
#include "system/supervise.h"
#include "base/text.h"

struct matrix {
  const struct run_options *options;
  struct corpus *corpus;
  struct plan plan;
  struct matrix_folder folder;
  struct matrix_facts facts;
  struct cell_spec spec; /* what all cells have in common; its texts are the corpus's and the next two */
  char list_path[MATRIX_PATH_BYTES], edits_path[MATRIX_PATH_BYTES];
  struct run_progress progress;
  unsigned cells_failed;
};

/* ---- what cells have in common ---- */

static bool make_spec(struct matrix *matrix, struct fault *fault) {
  const struct corpus *corpus = matrix->corpus;
  struct cell_spec *spec = &matrix->spec;
  matrix_file_path(&matrix->folder, "files.list", matrix->list_path);
  matrix_file_path(&matrix->folder, "edits.list", matrix->edits_path);
  *spec = (struct cell_spec){.corpus_name = "", /* its length is nobody's memory */
                             .corpus_root = CELL_PLACE_CORPUS,
                             .corpus_hash = corpus->content_hash,
                             .corpus_lines = corpus->lines,
                             .corpus_bytes = corpus->bytes,
                             .list_path = CELL_PLACE_FILES,
                             .edits_path = corpus->has_versions ? CELL_PLACE_EDITS : NULL,
                             .languages = calloc(corpus->language_count + 1, sizeof *spec->languages),
                             .language_count = corpus->language_count,
                             .file_count = corpus->file_count,
                             .seed = matrix->options->seed};
  if (!spec->languages) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the cells' specification");
  for (size_t i = 0; i < corpus->language_count; i++) spec->languages[i] = corpus->languages[i].name;
  return cell_spec_write_list(matrix->list_path, corpus, spec->list_hash, fault) &&
         (!spec->edits_path || edit_list_write(matrix->edits_path, corpus, spec->seed, spec->edits_hash, fault));
}

/* ---- a cell ---- */

static bool write_spec(struct matrix *matrix, unsigned position, const char *path, struct fault *fault) {
  const struct plan_cell *cell = &matrix->plan.cells[position];
  struct cell_spec *spec = &matrix->spec;
  spec->combination = matrix->plan.combinations[cell->combination].combination;
  spec->profile = matrix->plan.profiles[cell->profile];
  spec->repetition = cell->repetition;
  spec->position = position;
  spec->place = matrix->options->place;
  spec->place.directory = CELL_PLACE_STORE;
  return cell_spec_write(path, spec, fault);
}

/* The files of a cell that runs. */
struct cell_files {
  char place[MATRIX_PATH_BYTES], log[MATRIX_PATH_BYTES];
  char spec[MATRIX_PATH_BYTES + 16], out[MATRIX_PATH_BYTES + 16]; /* in the place */
};

static void name_files(const struct matrix_folder *folder, unsigned position, struct cell_files *files) {
  matrix_cell_path(folder, position, ".place", files->place);
  matrix_cell_path(folder, position, ".log", files->log);
  snprintf(files->spec, sizeof files->spec, "%s/spec.json", files->place);
  snprintf(files->out, sizeof files->out, "%s/out.json", files->place);
}

static bool supervise_cell(struct matrix *matrix, const struct plan_cell *cell, const struct cell_files *files,
                           struct supervise_outcome *end, struct fault *fault) {
  const char *const argv[] = {CELL_PLACE_PROGRAM, "cell", CELL_PLACE_SPEC, CELL_PLACE_OUT, NULL};
  char malloc_conf[256];
  snprintf(malloc_conf, sizeof malloc_conf, "MALLOC_CONF=%s",
           allocator_profile_conf(matrix->plan.profiles[cell->profile]));
  const char **environment = cell_place_environment(malloc_conf, fault);
  if (!environment) return false;
  const struct supervise_request request = {.argv = argv,
                                            .environment = environment,
                                            .directory = files->place,
                                            .log_path = files->log,
                                            .timeout_ms = matrix->options->timeout_ms,
                                            .memory_limit_bytes = matrix->options->memory_limit_bytes,
                                            .cpu = matrix->facts.claim.cpu};
  bool ok = supervise_run(&request, end, fault);
  free(environment);
  return ok;
}

static void tell_refusals(const struct supervise_outcome *end) {
  static bool told;
  if (told || !(end->aslr_error || end->huge_pages_error || end->cpu_error)) return;
  told = true;
  if (end->aslr_error) {
    fprintf(stderr,
            "phasebench run: address randomisation stays on, since the system refuses to turn it off (%s): "
            "repetitions will differ more\n",
            strerror(end->aslr_error));
  }
  if (end->huge_pages_error)
    fprintf(stderr, "phasebench run: huge pages stay on: %s\n", strerror(end->huge_pages_error));
  if (end->cpu_error) fprintf(stderr, "phasebench run: cells are not bound to one CPU: %s\n", strerror(end->cpu_error));
}

static bool make_place(const struct matrix *matrix, const char *place, struct fault *fault) {
  const char *program = getenv("PHASEBENCH_CELL_PROGRAM");
  const struct cell_place_links links = {.corpus = matrix->corpus->root,
                                         .files = matrix->list_path,
                                         .edits = matrix->corpus->has_versions ? matrix->edits_path : NULL,
                                         .program = program ? program : paths_program()};
  return cell_place_make(place, &links, fault);
}

static bool run_cell(struct matrix *matrix, unsigned position, struct fault *fault) {
  struct cell_files files;
  const struct plan_cell *cell = &matrix->plan.cells[position];
  name_files(&matrix->folder, position, &files);
  run_progress_start(&matrix->progress, &matrix->plan, cell);
  struct supervise_outcome end;
  bool ran = make_place(matrix, files.place, fault) && write_spec(matrix, position, files.spec, fault) &&
             supervise_cell(matrix, cell, &files, &end, fault);
  if (!ran || end.end == SUPERVISE_INTERRUPTED) store_directory_remove(files.place);
  if (!ran) return false;
  if (end.end == SUPERVISE_INTERRUPTED) return true; /* the caller asks interrupt_number */
  tell_refusals(&end);
  const struct cell_outcome_facts facts = {.combination = &matrix->plan.combinations[cell->combination],
                                           .profile = matrix->plan.profiles[cell->profile],
                                           .repetition = cell->repetition,
                                           .position = position,
                                           .end = &end,
                                           .timeout_ms = matrix->options->timeout_ms,
                                           .memory_limit_bytes = matrix->options->memory_limit_bytes,
                                           .corpus_root = matrix->corpus->root,
                                           .place = files.place,
                                           .out_path = files.out,
                                           .log_path = files.log};
  cJSON *object = cell_outcome_object(&facts, fault);
  if (!object) return false;
  run_progress_end(&matrix->progress, &matrix->plan, cell, object, end.wall_ns);
  bool kept = matrix_keep_cell(&matrix->folder, &matrix->plan, position, &end, object, fault);
  cJSON_Delete(object);
  if (!kept) return false; /* what the cell left behind may tell why */
  store_directory_remove(files.place);
  unlink(files.log);
  return true;
}

static bool interrupted(const struct matrix *matrix, struct fault *fault) {
  int number = interrupt_number();
  if (!number) return false;
  unsigned kept = matrix_kept_count(&matrix->folder, &matrix->plan);
  const char *abbreviation = sigabbrev_np(number);
  if (kept) {
    fault_set(fault, EXIT_CODE_INTERRUPTED,
              "interrupted by SIG%s; %u of %u cells are finished and kept in %s: the same command "
              "with --resume goes on",
              abbreviation, kept, matrix->plan.cell_count, matrix->folder.folder);
  } else {
    fault_set(fault, EXIT_CODE_INTERRUPTED, "interrupted by SIG%s before the first cell was finished; nothing is kept",
              abbreviation);
  }
  return true;
}

static bool run_cells(struct matrix *matrix, struct fault *fault) {
  const struct plan *plan = &matrix->plan;
  run_progress_begin(&matrix->progress, matrix->options->quiet, matrix_kept_count(&matrix->folder, plan),
                     plan->cell_count);
  bool ok = true;
  for (unsigned i = 0; ok && i < plan->cell_count; i++) {
    if (matrix_cell_is_kept(&matrix->folder, i)) continue;
    ok = !interrupted(matrix, fault) && run_cell(matrix, i, fault) && !interrupted(matrix, fault);
  }
  run_progress_finish(&matrix->progress);
  return ok;
}

/* ---- the run ---- */

static bool open_corpus(struct matrix *matrix, struct fault *fault) {
  const struct run_options *options = matrix->options;
  const struct corpus_options corpus_options = {
      .excludes = options->excludes, .max_lines = options->max_lines, .seed = options->seed};
  bool ok = options->directory ? corpus_open_directory(options->directory, &corpus_options, &matrix->corpus, fault)
                               : corpus_open(options->corpus, &corpus_options, &matrix->corpus, fault);
  if (ok && options->directory && !options->quiet) corpus_tell_left_out("phasebench run", matrix->corpus);
  if (!ok) return false;
  if (!options->quiet) corpus_tell_largest("phasebench run", matrix->corpus);
  if (matrix->corpus->lines == 0) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s holds no line of code in a language phasebench knows; `phasebench corpus show` "
                     "tells what it is made of",
                     matrix->corpus->name);
  }
  return true;
}

/* Cells that failed are finished, too: who wants them measured again must say so. */
static void tell_complete(const struct matrix *matrix, const struct result *result) {
  unsigned failed = result_count_failed(result);
  if (matrix->options->quiet) return;
  fprintf(stderr, "phasebench run: %s is complete already\n", matrix->folder.output);
  if (failed > 0)
    fprintf(stderr,
            "phasebench run: %u of its cells failed, which is their result; --restart in place of --resume "
            "measures all cells again\n",
            failed);
}

static bool measure(struct matrix *matrix, struct result **result, struct fault *fault) {
  enum matrix_state state;
  interrupt_hold(); /* not before: until here there is nothing to keep, and a signal may just end us */
  if (!matrix_folder_open(matrix->options, &matrix->plan, &matrix->folder, &state, fault)) return false;
  if (state == MATRIX_COMPLETE) {
    bool readable = result_open(matrix->folder.output, result, fault);
    if (readable) tell_complete(matrix, *result);
    matrix_folder_close(&matrix->folder, &matrix->plan, true);
    return readable;
  }
  if (matrix->options->resume && !matrix->options->quiet) {
    fprintf(stderr, "phasebench run: %u of %u cells are kept\n", matrix_kept_count(&matrix->folder, &matrix->plan),
            matrix->plan.cell_count);
  }
  matrix->facts.claim = supervise_choose_cpu(&matrix->facts.cpu_why);
  if (matrix->facts.claim.is_shared) {
    fprintf(stderr,
            "phasebench run: another run measures on CPU %d, and there is no other: times of both are worth little\n",
            matrix->facts.claim.cpu);
  }
  const struct matrix_parts parts = {matrix->options, matrix->corpus, &matrix->plan, &matrix->facts, &matrix->folder};
  bool ok = make_spec(matrix, fault) && matrix_check_plan(&parts, fault) && run_cells(matrix, fault) &&
            matrix_write_result(&parts, result, fault);
  cpu_claim_release(&matrix->facts.claim);
  matrix_folder_close(&matrix->folder, &matrix->plan, ok);
  return ok;
}

static bool check_settings(const struct matrix *matrix, struct fault *fault) {
  const struct plan *plan = &matrix->plan;
  struct combination *combinations = calloc(plan->combination_count + 1, sizeof *combinations);
  if (!combinations) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the settings");
  for (unsigned c = 0; c < plan->combination_count; c++) combinations[c] = plan->combinations[c].combination;
  bool good = store_settings_check(&matrix->options->place, combinations, plan->combination_count, fault);
  free(combinations);
  return good;
}

bool matrix_run(const struct run_options *options, char output[4096], struct result **result, struct fault *fault) {
  struct matrix *matrix = calloc(1, sizeof *matrix);
  if (!matrix) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the run");
  matrix->options = options;
  matrix->folder.lock_fd = -1;
  bool ok = true;
  if (environment_unfit_build() && !options->allow_unfit_build) {
    ok = fault_set(fault, EXIT_CODE_USAGE,
                   "this build may not write results: %s. Use build/release/phasebench; for tests, "
                   "--allow-unfit-build measures all the same and says so in the result",
                   environment_unfit_build());
  }
  ok = ok && plan_make(options, &matrix->plan, fault);
  if (stage_list_strays()[0]) {
    fputs("phasebench run: left out, since this build did not make it (remove it, or name it by its path): ", stderr);
    text_print(stderr, stage_list_strays());
    fprintf(stderr, " in %s\n", paths_stage_dir());
  }
  ok = ok && check_settings(matrix, fault) && open_corpus(matrix, fault) &&
       matrix_output_path(options, matrix->corpus, matrix->folder.output, fault) &&
       plan_record(options, matrix->corpus, &matrix->plan, fault) && measure(matrix, result, fault);
  if (ok) snprintf(output, 4096, "%s", matrix->folder.output);
  free(matrix->spec.languages);
  plan_free(&matrix->plan);
  corpus_close(matrix->corpus);
  free(matrix);
  return ok;
}
