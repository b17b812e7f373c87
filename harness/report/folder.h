/* SPDX-License-Identifier: MIT
 *
 * folder.h - a folder of files, whole or not at all: made beside its place and moved there when all
 * of it is there, so that nobody finds half a report. */
#ifndef PHASEBENCH_REPORT_FOLDER_H
#define PHASEBENCH_REPORT_FOLDER_H

#include "base/fault.h"

/* Calls fill(context, made) for a new empty folder; the files it puts there then stand in `directory`, which is made
 * if it does not exist, and whose other files stay. What fill leaves when it returns false is removed. */
typedef bool report_folder_fn(void *context, const char *made, struct fault *fault);
bool report_folder_make(const char *directory, report_folder_fn *fill, void *context, struct fault *fault);

#endif
