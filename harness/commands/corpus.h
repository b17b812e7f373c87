/* SPDX-License-Identifier: MIT
 *
 * corpus.h - the parts of `phasebench corpus`. Each returns an exit code, and has said on standard error
 * what is wrong. */
#ifndef PHASEBENCH_COMMAND_CORPUS_H
#define PHASEBENCH_COMMAND_CORPUS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/fault.h"
#include "corpus/corpus.h"

enum corpus_show_form { CORPUS_SHOW_TEXT, CORPUS_SHOW_JSON, CORPUS_SHOW_FILES };

extern const char corpus_list_help[], corpus_fetch_help[], corpus_show_help[], corpus_verify_help[];

/* names: NULL-terminated. */
int corpus_command_list(bool as_json);
int corpus_command_fetch(char *const *names, bool again);
/* name, or a directory (the other is NULL). */
int corpus_command_show(const char *name, const char *directory, const struct corpus_options *options,
                        enum corpus_show_form form);
int corpus_command_verify(char *const *names);

/* Says what went wrong; returns its exit code. */
int corpus_report(const struct fault *fault);
/* `code`, unless what was printed did not arrive (a full disk behind a pipe). */
int corpus_finish_output(int code);
/* Prints the JSON and frees it. */
int corpus_print_json(cJSON *json, int code);

#endif
