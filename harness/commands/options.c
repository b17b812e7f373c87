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

bool option_corpus(const char *name, const char *directory, struct corpus **corpus, struct fault *fault) {
  *corpus = NULL;
  if (name && directory) return fault_set(fault, EXIT_CODE_USAGE, "--corpus and --dir exclude each other");
  if (directory) return corpus_open_directory(directory, NULL, corpus, fault);
  return corpus_open(name ? name : "quick", NULL, corpus, fault);
}

bool option_writable(const char *path, struct fault *fault) {
  FILE *file = fopen(path, "w");
  if (!file) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
  fclose(file);
  return true;
}
