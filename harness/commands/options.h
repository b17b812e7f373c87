/* SPDX-License-Identifier: MIT
 *
 * options.h - values of command lines. */
#ifndef PHASEBENCH_OPTIONS_H
#define PHASEBENCH_OPTIONS_H

#include <stdint.h>

#include "base/fault.h"
#include "corpus/corpus.h"

/* A whole number from least to most, in decimal digits; else EXIT_CODE_USAGE, naming the option. */
bool option_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value,
                   struct fault *fault);

/* Seconds, perhaps with a fraction, from least to most; else EXIT_CODE_USAGE, naming the option. */
bool option_seconds(const char *option, const char *text, double least, double most, double *value,
                    struct fault *fault);

/* --exclude, which may be given again: patterns as lines of .gitignore. What was given so far: NULL-terminated. */
bool option_exclude(const char *pattern, struct fault *fault);
const char *const *option_excludes(void);

/* Opens what --corpus or --dir (NULL: not given; both: EXIT_CODE_USAGE) names, "quick" without either, without what --exclude
 * leaves out.
 * The caller closes it. */
bool option_corpus(const char *name, const char *directory, struct corpus **corpus, struct fault *fault);

/* Whether a file can be written there; it is left empty. EXIT_CODE_SYSTEM. */
bool option_writable(const char *path, struct fault *fault);

#endif
