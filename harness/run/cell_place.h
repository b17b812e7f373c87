/* SPDX-License-Identifier: MIT
 *
 * cell_place.h - where a cell runs: a folder of its own, in which every path has the same length
 * wherever it lies.
 *
 * Paths are memory: stages keep those of their files and of documents, the C library those of modules,
 * the kernel puts arguments and environment on the stack. A result whose name is one letter longer
 * crossed a size class, and a gate turned red. So the cell's working folder is its place, it is given
 * nothing but paths through /proc/self/cwd, which the kernel resolves to it, and its environment is
 * filled up to a fixed size.
 *
 *   spec.json out.json            what it is told, and what it says
 *   store/                        the stages' files
 *   corpus files.list edits.list  links to what is measured
 *   phasebench stages grammars    links to what it is measured with */
#ifndef PHASEBENCH_CELL_PLACE_H
#define PHASEBENCH_CELL_PLACE_H

#include "base/fault.h"

#define CELL_PLACE "/proc/self/cwd/"
#define CELL_PLACE_SPEC CELL_PLACE "spec.json"
#define CELL_PLACE_OUT CELL_PLACE "out.json"
#define CELL_PLACE_STORE CELL_PLACE "store"
#define CELL_PLACE_CORPUS CELL_PLACE "corpus"
#define CELL_PLACE_FILES CELL_PLACE "files.list"
#define CELL_PLACE_EDITS CELL_PLACE "edits.list"
#define CELL_PLACE_PROGRAM CELL_PLACE "phasebench"

/* What the links lead to, absolute; NULL: there is no such thing. */
struct cell_place_links {
  const char *corpus, *files, *edits, *program;
};

/* Makes the folder, in place of one that an earlier try left. Faults: EXIT_CODE_SYSTEM. */
bool cell_place_make(const char *folder, const struct cell_place_links *links, struct fault *fault);

/* This process's variables that cells get (where things are, and what sanitizers and tests want), with
 * `malloc_conf` ("MALLOC_CONF=..."), filled up to a multiple of 16 KiB. The caller frees the array,
 * which is one block. NULL: a fault was set. */
const char **cell_place_environment(const char *malloc_conf, struct fault *fault);

#endif
