/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

bool option_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value,
                   struct fault *fault) {
  char *end;
  errno = 0;
  unsigned long long number = strtoull(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end || errno || number < least || number > most) {
    return fault_set(fault, EXIT_CODE_USAGE, "%s: '%s' is not a whole number from %llu to %llu", option, text,
                     (unsigned long long)least, (unsigned long long)most);
  }
  *value = number;
  return true;
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
