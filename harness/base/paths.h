/* SPDX-License-Identifier: MIT
 *
 * paths.h - where things are, from the program's own place: a build folder
 * (build/release/phasebench) or an installed tree. Environment variables of the
 * same meaning win: PHASEBENCH_STAGE_DIR, PHASEBENCH_GRAMMAR_DIR,
 * PHASEBENCH_CORPORA_DIR (manifests), PHASEBENCH_REPORTS_DIR (gnuplot scripts),
 * PHASEBENCH_CACHE (fetched corpora; default: $XDG_CACHE_HOME/phasebench or
 * ~/.cache/phasebench). */
#ifndef PHASEBENCH_PATHS_H
#define PHASEBENCH_PATHS_H

/* Absolute; static storage, found once; never NULL. */
const char *paths_program(void);
const char *paths_stage_dir(void);
const char *paths_grammar_dir(void);
const char *paths_corpora_dir(void);
const char *paths_reports_dir(void);
const char *paths_cache_dir(void);

#endif
