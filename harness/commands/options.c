/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

bool option_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value,
                   struct fault *fault) {
  if (number_parse(text, least, most, value)) return true;
  return fault_set(fault, EXIT_CODE_USAGE, "%s '%s': expected a whole number from %" PRIu64 " to %" PRIu64, option,
                   text, least, most);
}

bool option_seconds(const char *option, const char *text, double least, double most, double *value,
                    struct fault *fault) {
  char *end;
  double number = strtod(text, &end);
  if (end != text && !*end && number >= least && number <= most) {
    *value = number;
    return true;
  }
  return fault_set(fault, EXIT_CODE_USAGE, "%s '%s': expected seconds, from %.10g to %.10g", option, text, least, most);
}

#define EXCLUDES_MAX 256
static const char *excludes[EXCLUDES_MAX + 1];

const char *const *option_excludes(void) { return excludes; }

bool option_exclude(const char *pattern, struct fault *fault) {
  size_t count = 0;
  while (excludes[count]) count++;
  if (count == EXCLUDES_MAX) return fault_set(fault, EXIT_CODE_USAGE, "--exclude: more than %d patterns", EXCLUDES_MAX);
  excludes[count] = pattern;
  return true;
}

bool option_corpus(const char *name, const char *directory, struct corpus **corpus, struct fault *fault) {
  *corpus = NULL;
  if (name && directory) return fault_set(fault, EXIT_CODE_USAGE, "--corpus and --dir exclude each other");
  const struct corpus_options options = {.excludes = excludes};
  if (directory) return corpus_open_directory(directory, &options, corpus, fault);
  return corpus_open(name ? name : "quick", &options, corpus, fault);
}

bool option_writable(const char *path, struct fault *fault) {
  FILE *file = fopen(path, "w");
  if (!file) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
  fclose(file);
  return true;
}
