/* SPDX-License-Identifier: MIT
 *
 * diff.h - what differs between two texts, line by line, as GNU diff finds it. */
#ifndef PHASEBENCH_DIFF_H
#define PHASEBENCH_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* Whole lines of the old text replaced by whole lines of the new one; one of the two may be none. The
 * line behind the last newline is a line, too, and differs from the same one with a newline. */
struct diff_hunk {
  uint32_t start;     /* byte in the old text */
  uint32_t old_bytes; /* of the old text from there on, that go */
  uint32_t new_bytes; /* of the new text, that come in their place */
};

struct diff_text {
  const char *path; /* absolute; the file that holds exactly these bytes */
  const char *bytes;
  uint32_t length;
};

/* The hunks in the order of the text, apart from each other by at least a line; none where the texts are
 * equal. Any bytes are texts: '\n' ends a line and nothing else does. The hunks, applied to the old
 * text, are known to give the new one. The caller frees *hunks. Faults: EXIT_CODE_SYSTEM: diff could not
 * be run, out of memory; EXIT_CODE_INPUT: a file is not what `bytes` says it is. */
bool diff_texts(const struct diff_text *old, const struct diff_text *new, struct diff_hunk **hunks, size_t *count,
                struct fault *fault);

/* Is the new text what the hunks make of the old one? */
bool diff_hunks_fit(const struct diff_text *old, const struct diff_text *new, const struct diff_hunk *hunks,
                    size_t count);

#endif
