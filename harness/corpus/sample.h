/* SPDX-License-Identifier: MIT
 *
 * sample.h - whole documents of a corpus, drawn by seed. */
#ifndef PHASEBENCH_SAMPLE_H
#define PHASEBENCH_SAMPLE_H

#include <stdint.h>

#include "base/fault.h"
#include "corpus.h"

/* Draws files until max_bytes of source are full (at least one file; empty ones are left out), in
 * the order of the corpus. *files are indexes into corpus->files; the caller frees them. Faults:
 * EXIT_CODE_INPUT where the corpus has no text, EXIT_CODE_SYSTEM. */
bool sample_draw(const struct corpus *corpus, uint64_t max_bytes, uint64_t seed, uint32_t **files, uint32_t *count,
                 struct fault *fault);

/* Reads a file, which must have the size that it had when the corpus was read; the text is not
 * terminated. The caller frees *path and *source, on failure too. Faults: EXIT_CODE_INPUT,
 * EXIT_CODE_SYSTEM. */
bool sample_read(const struct corpus *corpus, const struct corpus_file *file, char **path, char **source,
                 struct fault *fault);

#endif
